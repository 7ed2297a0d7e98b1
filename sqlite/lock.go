package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// ErrInUse is in the error of [Open] when the file is open already, in another
// process or in this one. Who starts before a predecessor has ended may try
// again.
var ErrInUse = errors.New("store is in use")

// lock marks a store as in use. The system releases it when the process ends,
// however that happens. It is on a file of its own: a lock on the database would
// be in the way of SQLite's, and closing any descriptor of that file would
// release those.
type lock struct{ file *os.File }

func acquire(path string) (*lock, error) {
	file, err := openLockFile(path + ".lock")
	if err != nil {
		return nil, err
	}
	if err := tryLock(file); err != nil {
		defer file.Close()
		if errors.Is(err, errLocked) {
			return nil, inUse(holder(file))
		}
		return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
	}
	// For people and for the message of inUse. The lock is the system's, so it is
	// no error when a full disk has no room for a number.
	_ = writeHolder(file)
	return &lock{file}, nil
}

// release lets others have the store. The file stays: who removes it could
// remove one that another process has just locked.
func (l *lock) release() error { return l.file.Close() }

// inUse is the error for a store that process pid holds; zero: not known who.
func inUse(pid int) error {
	switch pid {
	case 0:
		return fmt.Errorf("%w by another process: stop that one, or use another file", ErrInUse)
	case os.Getpid():
		return fmt.Errorf("%w by this process: open it once and share the Store", ErrInUse)
	}
	return fmt.Errorf("%w by process %d: stop that one, or use another file", ErrInUse, pid)
}

func writeHolder(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// holder returns the process id that the holder of the lock wrote, zero if it
// has not yet.
func holder(file *os.File) int {
	text, err := io.ReadAll(io.LimitReader(file, 32))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return pid
}
