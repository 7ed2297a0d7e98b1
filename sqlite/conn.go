package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"sync"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// preparer is what statements are prepared on: a pool or one connection.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// statements prepares each query when it is first used and keeps it, so that the
// text of a query stands where it is used. Queries are constants: their number
// is that of the places.
type statements struct {
	on preparer

	mu   sync.RWMutex
	kept map[string]*sql.Stmt // guarded by mu
}

func newStatements(on preparer) statements {
	return statements{on: on, kept: make(map[string]*sql.Stmt)}
}

func (s *statements) of(ctx context.Context, query string) (*sql.Stmt, error) {
	s.mu.RLock()
	stmt := s.kept[query]
	s.mu.RUnlock()
	if stmt != nil {
		return stmt, nil
	}
	// Without the lock: it may wait for a connection, as long as ctx allows.
	stmt, err := s.on.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.keep(query, stmt)
}

// keep returns the statement to use for a query, which is another one where that
// was prepared meanwhile.
func (s *statements) keep(query string, stmt *sql.Stmt) (*sql.Stmt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.kept[query]; other != nil {
		return other, stmt.Close()
	}
	s.kept[query] = stmt
	return stmt, nil
}

// exec runs a query that returns no rows.
func (s *statements) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, err := s.of(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

// query runs one that returns rows, which the caller closes.
func (s *statements) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := s.of(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

// scan reads the one row that a query returns, sql.ErrNoRows if there is none.
func (s *statements) scan(ctx context.Context, query string, args []any, dest ...any) error {
	stmt, err := s.of(ctx, query)
	if err != nil {
		return err
	}
	return stmt.QueryRowContext(ctx, args...).Scan(dest...)
}

func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, stmt := range s.kept {
		errs = append(errs, stmt.Close())
	}
	clear(s.kept)
	return errors.Join(errs...)
}

// source names the file to the driver, in SQLite's URI form so that no byte of
// the path has a meaning. The pragmas are set on every connection.
func source(path, mode string, pragmas ...string) string {
	params := url.Values{
		"mode":       {mode},
		"_defensive": {"1"},
		"_dqs":       {"0"},
		"_error_rc":  {"1"},
		// Waits for another program, such as the sqlite3 tool, that writes.
		"_pragma": append([]string{"busy_timeout(5000)", "trusted_schema(0)", "cell_size_check(1)"}, pragmas...),
	}
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/data
	}
	return (&url.URL{Scheme: "file", Path: slashed, RawQuery: params.Encode()}).String()
}

// conn is a single connection with its statements.
type conn struct {
	statements
	db   *sql.DB
	only *sql.Conn
}

func dial(ctx context.Context, source string) (*conn, error) {
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return nil, err
	}
	only, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &conn{statements: newStatements(only), db: db, only: only}, nil
}

func (c *conn) close() error {
	return errors.Join(c.statements.close(), c.only.Close(), c.db.Close())
}

// The connections that read at once are bounded, each with a cache of up to 4 MiB.
// Some are for pages by their key alone: a visitor does not wait for lists.
const (
	maxReaders = 4
	maxLookups = 4
)

// pool is connections that read. They see what was committed before a query
// begins and never wait for the writer.
type pool struct {
	statements
	db *sql.DB
}

func openPool(ctx context.Context, path string, most int) (*pool, error) {
	db, err := sql.Open("sqlite", source(path, "rw", "query_only(1)", "cache_size(-4096)"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &pool{statements: newStatements(db), db: db}, nil
}

func (p *pool) close() error {
	return errors.Join(p.statements.close(), p.db.Close())
}
