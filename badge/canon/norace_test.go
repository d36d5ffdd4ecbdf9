//go:build !race

package canon_test

const raceEnabled = false

// few is how many of n to try: all.
func few(n uint64) uint64 { return n }
