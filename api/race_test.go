//go:build race

package api_test

// raceDetector makes everything some ten times slower.
const raceDetector = true
