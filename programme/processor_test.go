//go:build unix

package programme_test

import (
	"syscall"
	"testing"
	"time"
)

// processorTime is what this process has used so far. Where a machine is full of
// other work it says more than the time that passes.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
