//go:build unix

package main

import "syscall"

// keepMemory keeps the memory of this process out of core dumps: private keys
// and tokens are in it. That it may be refused is no reason not to run.
func keepMemory() {
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
	undumpable()
}
