package main

import "syscall"

// room is how many bytes are left for this process on the disk of a folder, and
// how many there are.
func room(folder string) (free, size uint64, ok bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return 0, 0, false
	}
	return s.Bavail * uint64(s.Bsize), s.Blocks * uint64(s.Bsize), true
}
