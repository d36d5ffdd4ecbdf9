//go:build race

package canon_test

// few is how many of n to try: the race detector makes each slow.
func few(n uint64) uint64 { return max(n/8, 1) }
