//go:build unix

package processortest

import (
	"syscall"
	"time"
)

// Time is what this process has used: what others do at the same time is
// none of it.
func Time() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
