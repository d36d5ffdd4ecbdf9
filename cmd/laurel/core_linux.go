package main

import "syscall"

// undumpable covers what the limit does not: dumps that the kernel hands to a
// program (core(5)), and other processes of the same user that look into this
// one (prctl(2), PR_SET_DUMPABLE).
func undumpable() {
	_, _, _ = syscall.Syscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0)
}
