//go:build race

package draw

// slower is how many times the race detector may slow the program down.
const slower = 4
