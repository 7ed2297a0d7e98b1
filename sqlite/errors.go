package sqlite

import (
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/reprint-go/reprint"
)

// code returns SQLite's result code in err, with its extension; zero if err does
// not come from SQLite.
func code(err error) int {
	if e, ok := errors.AsType[*driver.Error](err); ok {
		return e.Code()
	}
	return 0
}

// named gives err the name that callers branch on, if it has one.
func named(err error) error {
	switch c := code(err); {
	case c&0xff == codes.SQLITE_FULL, c == codes.SQLITE_IOERR_SHMSIZE:
		// The second is a full disk that the index of the log ran into.
		return fmt.Errorf("%w: %w", reprint.ErrFull, err)
	}
	return err
}

// diskFull reports whether SQLite found no room, and not the store itself.
func diskFull(err error) bool {
	return errors.Is(err, reprint.ErrFull) && code(err) != 0
}

// isMalformed reports whether SQLite found the file itself damaged.
func isMalformed(err error) bool {
	c := code(err) & 0xff
	return c == codes.SQLITE_CORRUPT || c == codes.SQLITE_NOTADB
}
