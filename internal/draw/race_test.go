//go:build race

package draw

// slower is how many times the race detector may slow the program down.
const slower = 4

// previewed is for how many of the people previews are compared, which one goroutine
// does: the detector sees nothing of it.
const previewed = 2
