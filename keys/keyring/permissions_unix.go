//go:build unix

package keyring

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// closedToOthers asks that only we, or root, can read or write a file. mode is
// what to set it to.
func closedToOthers(info fs.FileInfo, path string, mode fs.FileMode) error {
	if open := info.Mode().Perm(); open&0o077 != 0 {
		return fmt.Errorf("%w: %s has mode %04o; run chmod %o %s", ErrPermissions, path, open, mode, path)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("%w: the owner of %s cannot be told", ErrPermissions, path)
	}
	if me := os.Geteuid(); int(owner.Uid) != me {
		return fmt.Errorf("%w: %s belongs to user %d, this process runs as user %d; run chown %d %s",
			ErrPermissions, path, owner.Uid, me, me, path)
	}
	return nil
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening %s to make it durable: %w", path, err)
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil {
		return fmt.Errorf("making %s durable: %w", path, err)
	}
	return nil
}

// lock keeps other processes from changing the folder until unlock is called.
func (f folder) lock() (unlock func(), err error) {
	root, err := f.open()
	if err != nil {
		return nil, err
	}
	defer root.Close()
	dir, err := root.Open(".")
	if err != nil {
		return nil, fmt.Errorf("locking the folder of keys: %w", err)
	}
	for {
		err = syscall.Flock(int(dir.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		_ = dir.Close()
		return nil, fmt.Errorf("locking %s: %w", f.path, err)
	}
	return func() { _ = dir.Close() }, nil // closing gives the lock back
}
