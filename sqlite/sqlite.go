// Package sqlite is the embedded store: pages, their versions and tags, the journal and
// the receipts in one SQLite file that the sqlite3 tool can open, query and back up.
//
//	store, err := sqlite.Open(ctx, "data/reprint.db", sqlite.Options{})
//	defer store.Close()
//	site, err := reprint.New(reprint.Options{Store: store})
//
// # Durability
//
// One goroutine writes. It takes the operations that wait, runs them in one
// transaction, in which a failure is its own, syncs once and answers all of them. What
// was answered without error is on disk; what was not is there whole or not at
// all. A damaged page is found by its checksum when it is read.
//
// # The file
//
// schema.sql holds the tables with a comment on each column. The format has a
// number: a file of an older format is migrated when it is opened, a newer one is
// refused. One process uses a file at a time; reading it with other tools
// meanwhile is fine, and so are sqlite3's .backup and VACUUM INTO.
//
// # Reading order
//
// sqlite.go and schema.sql, then write.go (the queue), commit.go (a batch),
// put.go, page.go, lookup.go, missed.go, encoding.go, version.go, list.go, journal.go
// and compact.go. The limits are in room.go, worth.go (who goes first) and visited.go,
// opening in file.go, lock.go and migrate.go.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/reprint-go/reprint"
)

var (
	_ reprint.VisitStore    = (*Store)(nil)
	_ reprint.EncodingStore = (*Store)(nil)
	_ reprint.VersionStore  = (*Store)(nil)
	_ reprint.Journal       = (*Store)(nil)
)

// ErrClosed is in the error of every method that is called after [Store.Close].
var ErrClosed = errors.New("store is closed")

// Store is a [reprint.Store] and a [reprint.Journal] in one SQLite file. Its
// methods are safe for concurrent use.
type Store struct {
	path   string // absolute, without symbolic links
	log    *slog.Logger
	now    func() time.Time
	lock   *lock
	writer *writer
	reads  *reads
	missed *missed
	counts *counts

	mu      sync.RWMutex // held for reading by every read, so that close can wait for them
	readers *pool        // guarded by mu; nil once closed
	lookups *lookups

	closing  sync.Once
	closeErr error
}

// Open opens the store in the file path and creates it, with its directory, if
// it is not there. The directory gets mode 0700 and the file 0600. Beside the
// file lie, while it is open, those of SQLite (-wal, -shm) and one that marks it
// as in use (.lock).
//
// It refuses, and leaves as it is, a file that is not a store, one of a newer
// format, and one that is in use (an error that wraps [ErrInUse]). The error
// says what to do.
//
// ctx bounds the opening alone.
func Open(ctx context.Context, path string, opts Options) (*Store, error) {
	s, err := open(ctx, path, opts)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	return s, nil
}

func open(ctx context.Context, path string, opts Options) (_ *Store, err error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	opts = opts.withDefaults()
	path, err = locate(path)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, log: opts.Log, now: time.Now, reads: newReads(), missed: newMissed(), counts: new(counts)}
	if s.lock, err = acquire(path); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.release())
		}
	}()
	if err := ensureFile(ctx, path); err != nil {
		return nil, err
	}
	if s.writer, err = newWriter(ctx, s, opts); err != nil {
		return nil, err
	}
	if s.lookups, err = openLookups(ctx, path); err != nil {
		return nil, err
	}
	if s.readers, err = openPool(ctx, path, maxReaders); err != nil {
		return nil, err
	}
	go s.writer.loop()
	return s, nil
}

// Close waits for what was begun, moves the log into the file and lets another
// process have it. Calls after the first return what the first did.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.writer.stop()
		if err := s.release(); err != nil {
			s.closeErr = fmt.Errorf("close store %s: %w", s.path, err)
		}
	})
	return s.closeErr
}

// release gives up what open has acquired so far. The writer's connection goes
// after the readers': the last one that closes checkpoints the log.
func (s *Store) release() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	if s.readers != nil {
		errs = append(errs, s.readers.close())
		s.readers = nil
	}
	if s.lookups != nil {
		errs = append(errs, s.lookups.close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.db.close())
	}
	return errors.Join(append(errs, s.lock.release())...)
}

// reading returns the readers, and keeps Close waiting until done is called.
func (s *Store) reading() (readers *pool, done func(), err error) {
	s.mu.RLock()
	if s.readers == nil {
		s.mu.RUnlock()
		return nil, nil, ErrClosed
	}
	return s.readers, s.mu.RUnlock, nil
}
