//go:build !race

package api_test

// raceDetector makes everything some ten times slower.
const raceDetector = false

// heldEvery is which answers are held against the description: all.
const heldEvery = 1
