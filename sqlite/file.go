package sqlite

import (
	"context"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// applicationID is what PRAGMA application_id says of a store: "RPRT".
const applicationID = 0x52505254

//go:embed schema.sql
var schema string

// locate returns the absolute path of the store's file without symbolic links,
// so that one file has one lock, and makes its directory.
func locate(path string) (string, error) {
	if path == "" {
		return "", errors.New("the path is empty")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if err := makeDir(filepath.Dir(path)); err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		return real, nil
	}
	if _, lerr := os.Lstat(path); lerr == nil {
		return "", err // a link to nothing: what it should name is not known
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, filepath.Base(path)), nil
}

// makeDir makes dir and those above it, each of them durable.
func makeDir(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return fmt.Errorf("%s is not a directory", dir)
	}
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(dir)
	if err := makeDir(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(parent)
}

// ensureFile checks that path is a store that this program can use, or creates
// it. An empty file counts as absent.
func ensureFile(ctx context.Context, path string) error {
	h, err := readHeader(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, io.EOF) {
		return create(ctx, path)
	}
	if err != nil {
		return err
	}
	return h.check(ctx, path)
}

// create makes a new store under another name and renames it: under its own name
// a store is complete or not there.
func create(ctx context.Context, path string) error {
	unfinished := path + ".new"
	for _, name := range []string{unfinished, unfinished + "-journal", unfinished + "-wal", unfinished + "-shm"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	file, err := os.OpenFile(unfinished, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := initialise(ctx, unfinished); err != nil {
		return fmt.Errorf("create: %w", named(err))
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := os.Rename(unfinished, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// initialise writes the tables into an empty file.
func initialise(ctx context.Context, path string) error {
	c, err := dial(ctx, source(path, "rw", "auto_vacuum(INCREMENTAL)", "synchronous(FULL)"))
	if err != nil {
		return err
	}
	script := fmt.Sprintf("BEGIN; PRAGMA application_id = %d; PRAGMA user_version = %d; %s; COMMIT; PRAGMA journal_mode = WAL",
		applicationID, formatVersion, schema)
	_, err = c.only.ExecContext(ctx, script)
	return errors.Join(err, c.close())
}

// header is what the first bytes of an SQLite file say of it.
type header struct {
	application uint32
	version     uint32
}

// readHeader reads it without SQLite, which could not be kept from touching
// another program's file.
func readHeader(path string) (header, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return header{}, errors.New("not a regular file; give the path of one")
	}
	file, err := os.Open(path)
	if err != nil {
		return header{}, err
	}
	defer file.Close()
	var b [100]byte
	_, err = io.ReadFull(file, b[:])
	switch {
	case errors.Is(err, io.EOF):
		return header{}, err
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return header{}, err
	case string(b[:16]) != "SQLite format 3\x00":
		return header{}, errors.New("not an SQLite file; it is left as it is, use another path")
	}
	return header{
		version:     binary.BigEndian.Uint32(b[60:]),
		application: binary.BigEndian.Uint32(b[68:]),
	}, nil
}

// check returns why the file with this header cannot be used, or nil.
func (h header) check(ctx context.Context, path string) error {
	if h.application != applicationID {
		return errors.New("the SQLite database of another program; it is left as it is, use another path")
	}
	version := int(h.version)
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		// A newer version may be in the log alone, after a crash.
		if version, err = loggedVersion(ctx, path); err != nil {
			return err
		}
	}
	switch {
	case version > formatVersion:
		return fmt.Errorf("the file has format %d, and this program knows formats up to %d; it is left as it is, use the newer program or another path", version, formatVersion)
	case version < 1:
		return fmt.Errorf("the file has format %d, which never was; it is damaged: restore it from a copy, or move it away to begin anew", version)
	}
	return nil
}

// loggedVersion reads the version through the log without changing the file.
func loggedVersion(ctx context.Context, path string) (version int, err error) {
	c, err := dial(ctx, source(path, "ro"))
	if err != nil {
		return 0, err
	}
	err = c.scan(ctx, "PRAGMA user_version", nil, &version)
	return version, errors.Join(err, c.close())
}
