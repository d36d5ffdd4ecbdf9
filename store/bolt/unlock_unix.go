//go:build unix && !aix && !solaris

package bolt

import (
	"os"
	"syscall"
)

// unlock gives up the lock of a file that bbolt does not: while it is mapped into
// memory, closing it is not enough.
func unlock(file *os.File) error { return syscall.Flock(int(file.Fd()), syscall.LOCK_UN) }
