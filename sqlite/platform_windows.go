package sqlite

import (
	"os"

	"golang.org/x/sys/windows"
)

var errLocked error = windows.ERROR_LOCK_VIOLATION

func openLockFile(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
}

// tryLock takes an exclusive lock that ends with the open file, or returns
// errLocked. It locks one byte far behind the text, because here nobody else
// could read what is locked.
func tryLock(file *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(file.Fd()), flags, 0, 1, 0, &windows.Overlapped{Offset: 1 << 30})
}

// syncDir has nothing to do: names are durable with their files.
func syncDir(string) error { return nil }
