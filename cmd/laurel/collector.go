package main

import (
	"os"
	"runtime/debug"
)

const (
	// heapGrowth is by how many hundredths the heap may grow before the garbage
	// collector runs. A service at work keeps some fifteen megabytes alive; at Go's
	// hundred it would collect many times a second.
	heapGrowth = 400
	// heapBound is from how many bytes on that counts for more than heapGrowth, so
	// that many large requests at once take no more memory than they would without.
	heapBound = 256 << 20
)

// collectSeldom is for the beginning of the program. What GOGC and GOMEMLIMIT say
// goes before.
func collectSeldom() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(heapGrowth)
	debug.SetMemoryLimit(heapBound)
}
