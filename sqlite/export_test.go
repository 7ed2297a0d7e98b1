package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"

	"github.com/reprint-go/reprint"
)

// FormatVersion and ApplicationID are what a store's header says.
const (
	FormatVersion = formatVersion
	ApplicationID = applicationID
)

// MaxBatchOps is how many operations a batch has at most.
const MaxBatchOps = maxBatchOps

// Hold keeps the writer busy until release is called, so that what is asked of
// it meanwhile becomes one batch.
func (s *Store) Hold() (release func()) {
	began, end := make(chan struct{}), make(chan struct{})
	first := sync.OnceFunc(func() { close(began) })
	go func() {
		_ = s.change(context.Background(), 0, func(*writer) error {
			first()
			<-end
			return nil
		})
	}()
	<-began
	return func() { close(end) }
}

// HoldReaders keeps all connections that read busy until release is called.
func (s *Store) HoldReaders() (release func(), err error) {
	var held []*sql.Conn
	for _, p := range []*pool{s.readers, s.lookups.pool} {
		for range p.db.Stats().MaxOpenConnections {
			c, err := p.db.Conn(context.Background())
			if err != nil {
				return nil, err
			}
			held = append(held, c)
		}
	}
	return func() {
		for _, c := range held {
			_ = c.Close()
		}
	}, nil
}

// Miss has the store believe that there is no page under key.
func (s *Store) Miss(key reprint.Key) { s.missed.add(key.String()) }

// Do has the writer run f as an operation.
func (s *Store) Do(ctx context.Context, f func()) error {
	return s.change(ctx, 0, func(*writer) error {
		f()
		return nil
	})
}

// Fail has the writer run an operation that writes a receipt and a position, and
// then fails with err.
func (s *Store) Fail(ctx context.Context, id string, err error) error {
	return s.change(ctx, 0, func(w *writer) error {
		w.state.position += 100
		if err := w.saveReceipt(id, []byte("{}")); err != nil {
			return err
		}
		return err
	})
}

// KeepEntries changes how many entries the journal keeps.
func (s *Store) KeepEntries(n int) error {
	return s.change(context.Background(), 0, func(w *writer) error {
		w.limits.entries = int64(n)
		return nil
	})
}

// LimitFile makes SQLite find the disk full when the file would grow.
func (s *Store) LimitFile() error { return s.setLimit(1) } // at least what it has

// UnlimitFile takes that back.
func (s *Store) UnlimitFile() error { return s.setLimit(1 << 31) }

func (s *Store) setLimit(pages int64) error {
	return s.change(context.Background(), 0, func(w *writer) error {
		var is int64
		return w.db.only.QueryRowContext(context.Background(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)).Scan(&is)
	})
}

// SetNow gives the store another clock. Nothing else may use the store yet.
func (s *Store) SetNow(now func() time.Time) { s.now = now }

// Pragma returns a setting of the connection that writes.
func (s *Store) Pragma(name string) (string, error) {
	return ask(context.Background(), s, 0, func(w *writer) (value string, err error) {
		err = w.db.only.QueryRowContext(context.Background(), "PRAGMA "+name).Scan(&value)
		return value, err
	})
}

// ListQueries are the ways to read a list, by name.
var ListQueries = map[string]string{"all": listAll, "walk": listWalk, "sort": listSort}

// ListQuery returns the way that is taken.
func (s *Store) ListQuery(ctx context.Context, q reprint.ListQuery) (string, error) {
	query, _, err := s.listQuery(ctx, q)
	return query, err
}

// VictimQueries find what is dropped next.
var VictimQueries = []string{leastNegative, leastWorth}

// VersionQueries find versions, each by the way that it says.
var VersionQueries = map[string]string{
	versionsOfKey:   "SEARCH p USING INDEX versions_key (key=?)",
	versionsAside:   "SEARCH p USING INDEX versions_aside (id>?)",
	versionsInPlace: "SEARCH versions USING COVERING INDEX versions_key (key=? AND refused>?)",
	versionsBeyond:  "SEARCH versions USING COVERING INDEX versions_key (key=? AND refused=?)",
}

// EncodeHeader and DecodeHeader are the form of headers in the table.
var (
	EncodeHeader = encodeHeader
	DecodeHeader = decodeHeader
)
