//go:build race

package api_test

// raceDetector makes everything some ten times slower.
const raceDetector = true

// heldEvery is which answers are held against the description: that is done by
// one goroutine, of which the detector sees nothing.
const heldEvery = 8
