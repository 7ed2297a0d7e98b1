package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// op is an operation that waits for the writer.
type op struct {
	abandoned func() error        // why nobody waits for it any more, or nil: the caller's ctx.Err
	size      int64               // about how many bytes it writes
	run       func(*writer) error // may run again after the transaction was undone
	err       error               // what run returned
	done      chan error          // has room for the one answer
}

// left reports whether nobody waits for the operation any more, and keeps why.
func (o *op) left() bool {
	o.err = o.abandoned()
	return o.err != nil
}

// change has the writer run an operation of about size bytes and returns when it
// is on disk. When ctx ends before the operation has begun it is not run; when
// ctx ends later, it is run or rolled back as if nobody had left.
//
// run must not touch anything that the caller uses after an error; see ask.
func (s *Store) change(ctx context.Context, size int64, run func(*writer) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o := &op{abandoned: ctx.Err, size: size, run: run, done: make(chan error, 1)}
	select {
	case s.writer.queue <- o:
	case <-s.writer.closing:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-o.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask is change for an operation with a result. The result has a variable of its
// own: after an error the writer may still be writing to it.
func ask[T any](ctx context.Context, s *Store, size int64, run func(*writer) (T, error)) (T, error) {
	var got, none T
	err := s.change(ctx, size, func(w *writer) (err error) {
		got, err = run(w)
		return err
	})
	if err != nil {
		return none, err
	}
	return got, nil
}

// A batch is one transaction: it is bounded so that its callers do not wait for
// long and its pages fit the log.
const (
	maxBatchOps   = 256
	maxBatchBytes = 32 << 20
)

// writer owns the one connection that writes. Its fields but the channels are
// touched by its goroutine alone.
type writer struct {
	queue   chan *op // without room: who waits can still leave
	closing chan struct{}
	stopped chan struct{}

	db         *conn
	state      state
	limits     limits
	pageBytes  int64 // of a page of the file
	fileBytes  int64 // of the file when it was last measured, with free pages
	written    int64 // about how many bytes since then
	batchBytes int64
	failing    bool  // the last commit failed; for the log
	untold     []*op // of the last commit, whose callers do not know it yet

	longLog      bool      // the log was above its limit when that was last looked at
	checkpointed time.Time // when the log was last shortened, or that was tried

	aged       aged
	ageSaved   int64 // minutes, in the table
	readsSaved int64 // when reads were last written, in minutes of the age

	path   string
	log    *slog.Logger
	reads  *reads
	missed *missed
	counts *counts
}

// limits are the Options in the writer's terms.
type limits struct {
	file       int64 // bytes
	log        int64 // bytes
	pages      int64
	receipts   int64
	receiptAge time.Duration
	entries    int64
}

// state is what the writer remembers of the tables. It is rolled back with them.
type state struct {
	pages    int64 // rows in pages
	versions int64 // rows in versions
	position int64 // of the last entry
	lastPage int64 // at least the highest id in pages
	used     int64 // bytes of the file in use; an upper bound within a transaction
	evicted  int64 // pages dropped for want of room, since Open
	damaged  int64 // pages and versions dropped because they were not what was stored, since Open
}

func newWriter(ctx context.Context, s *Store, opts Options) (_ *writer, err error) {
	db, err := dial(ctx, source(s.path, "rw",
		"journal_mode(WAL)",
		"synchronous(FULL)", "fullfsync(1)", "checkpoint_fullfsync(1)", // acknowledged is on disk
		"temp_store(MEMORY)", // savepoints
		"cache_size(-16384)",
		fmt.Sprintf("wal_autocheckpoint(%d)", min(4096, opts.logBytes()/4/4096)), // pages of 4 KiB
		fmt.Sprintf("journal_size_limit(%d)", opts.logBytes()),
	))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.close())
		}
	}()
	if err := migrate(ctx, db, s.log); err != nil {
		return nil, err
	}
	w := &writer{
		queue:      make(chan *op),
		closing:    make(chan struct{}),
		stopped:    make(chan struct{}),
		db:         db,
		batchBytes: min(maxBatchBytes, opts.logBytes()/2),
		limits: limits{
			file:       opts.fileBytes(),
			log:        opts.logBytes(),
			pages:      int64(opts.MaxPages),
			receipts:   int64(opts.MaxReceipts),
			receiptAge: opts.KeepReceipts,
			entries:    keptEntries,
		},
		aged:   aged{now: func() time.Time { return s.now() }, seen: s.now()},
		path:   s.path,
		log:    s.log,
		reads:  s.reads,
		missed: s.missed,
		counts: s.counts,
	}
	if err := w.load(ctx); err != nil {
		return nil, err
	}
	return w, nil
}

// load reads what the writer remembers of the tables.
func (w *writer) load(ctx context.Context) error {
	const query = `SELECT (SELECT value FROM meta WHERE name = 'pages'), (SELECT value FROM meta WHERE name = 'position'),
		(SELECT value FROM meta WHERE name = 'age'), (SELECT value FROM meta WHERE name = 'versions'),
		(SELECT coalesce(max(id), 0) FROM pages)`
	if err := w.db.scan(ctx, query, nil, &w.state.pages, &w.state.position, &w.ageSaved, &w.state.versions, &w.state.lastPage); err != nil {
		return fmt.Errorf("read the state: %w", err)
	}
	w.aged.age, w.readsSaved = time.Duration(w.ageSaved)*time.Minute, w.ageSaved
	err := w.db.scan(ctx, "PRAGMA page_size", nil, &w.pageBytes)
	if err == nil {
		err = w.measure()
	}
	if err != nil {
		return fmt.Errorf("read the state: %w", err)
	}
	w.counts.publish(w.state)
	return nil
}

// loop runs until stop.
func (w *writer) loop() {
	defer close(w.stopped)
	for {
		first := w.next()
		if first == nil {
			w.commit(w.lastOp())
			w.tellAll()
			return
		}
		w.commit(first)
		w.tidy()
	}
}

// next returns the operation to begin a transaction with, nil when the store closes.
func (w *writer) next() *op {
	select {
	case o := <-w.queue:
		return o
	default:
	}
	w.tellAll()
	select {
	case o := <-w.queue:
		return o
	case <-w.closing:
		return nil
	}
}

// lastOp writes what is kept in memory alone. Nobody waits for it.
func (w *writer) lastOp() *op {
	run := func(w *writer) error {
		_, err := w.takeReads(maxReads)
		return err
	}
	return &op{abandoned: func() error { return nil }, run: run, done: make(chan error, 1)}
}

// stop ends the loop and returns when nothing is being written any more.
func (w *writer) stop() {
	close(w.closing)
	<-w.stopped
}

// exec runs a query of the current transaction. It is not bounded by a context:
// the transaction belongs to many callers.
func (w *writer) exec(query string, args ...any) (sql.Result, error) {
	result, err := w.db.exec(context.Background(), query, args...)
	return result, named(err)
}

// scan reads the one row that a query returns.
func (w *writer) scan(query string, args []any, dest ...any) error {
	return named(w.db.scan(context.Background(), query, args, dest...))
}
