//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lockFolder keeps other processes out until unlock is called, or the process is no
// more: the kernel gives the lock back, whatever has ended it.
func lockFolder(root *os.Root) (unlock func() error, err error) {
	f, err := root.OpenFile("lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	lock := func(how int) error { return syscall.Flock(int(f.Fd()), how) }
	if err := lock(syscall.LOCK_EX | syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s is in use: %w", root.Name(), err), f.Close())
	}
	// To close it is not enough: a child process that is just being started has the
	// file open as well, for a moment.
	return func() error { return errors.Join(lock(syscall.LOCK_UN), f.Close()) }, nil
}

// syncFolder waits until renames are on the disk.
func syncFolder(root *os.Root) error {
	d, err := root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
