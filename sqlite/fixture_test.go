package sqlite_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

// quiet is a log for tests that provoke what is logged.
var quiet = slog.New(slog.DiscardHandler)

var epoch = time.Date(2024, time.May, 1, 12, 0, 0, 123_456_000, time.UTC)

func key(path string) reprint.Key { return reprint.Key{Path: path} }

// page returns an ordinary page.
func page(path string, stamp reprint.Position, body string, tags ...string) *reprint.Page {
	slices.Sort(tags)
	return &reprint.Page{
		Key: key(path), Route: "/{path...}", Status: http.StatusOK,
		Header: http.Header{"Content-Type": {"text/html"}},
		Body:   []byte(body), Sum: sha256.Sum256([]byte(body)),
		Tags: tags, Stamp: stamp, Checked: stamp,
		RenderedAt: epoch, RenderTook: time.Millisecond, ModifiedAt: epoch, Cause: "visit",
	}
}

func storePath(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "store.db")
}

// open opens a store that is closed at the end of the test.
func open(t *testing.T, path string, opts sqlite.Options) *sqlite.Store {
	t.Helper()
	if opts.Log == nil {
		opts.Log = quiet
	}
	s, err := sqlite.Open(t.Context(), path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeStore(t, s) })
	return s
}

func closeStore(t *testing.T, s *sqlite.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func put(t *testing.T, s *sqlite.Store, p *reprint.Page) {
	t.Helper()
	if stored, err := s.Put(t.Context(), p); err != nil || !stored {
		t.Fatalf("Put %s: stored %v, error %v", p.Key, stored, err)
	}
}

func read(t *testing.T, s *sqlite.Store, path string) *reprint.Page {
	t.Helper()
	p, err := s.Page(t.Context(), key(path))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// there returns which of the paths have a page.
func there(t *testing.T, s *sqlite.Store, paths ...string) []string {
	t.Helper()
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return read(t, s, path) == nil })
}

func tagged(t *testing.T, s *sqlite.Store, tag string) []string {
	t.Helper()
	var keys []string
	for k, err := range s.Tagged(t.Context(), tag) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k.String())
	}
	slices.Sort(keys)
	return keys
}

func entry(tags ...string) reprint.Entry {
	return reprint.Entry{ID: "id", Time: epoch, Mode: reprint.Stale, Tags: tags}
}

// raw opens a file as the sqlite3 tool would, without the store.
func raw(t testing.TB, path string) *sql.DB {
	t.Helper()
	u := url.URL{Scheme: "file", Path: path, RawQuery: "_pragma=busy_timeout(5000)"}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	return db
}

// execRaw runs SQL on a file behind the store's back.
func execRaw(ctx context.Context, t *testing.T, path, query string, args ...any) error {
	t.Helper()
	db := raw(t, path)
	defer db.Close()
	_, err := db.ExecContext(ctx, query, args...)
	return err
}

// one reads one value from a file.
func one[T any](t *testing.T, path, query string, args ...any) (v T) {
	t.Helper()
	db := raw(t, path)
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), query, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// wantIntact has SQLite check every page and index of a file.
func wantIntact(t *testing.T, path string) {
	t.Helper()
	if got := one[string](t, path, "PRAGMA integrity_check"); got != "ok" {
		t.Fatalf("integrity_check: %s", got)
	}
	const orphans = `SELECT (SELECT count(*) FROM page_tags WHERE page NOT IN (SELECT id FROM pages))
		+ (SELECT count(*) FROM bodies WHERE sha256 NOT IN (SELECT body FROM pages UNION SELECT body FROM versions))
		+ (SELECT count(*) FROM encodings WHERE sha256 NOT IN (SELECT sha256 FROM bodies) OR sha256 NOT IN (SELECT body FROM pages))
		+ (SELECT count(*) FROM pages WHERE body NOT IN (SELECT sha256 FROM bodies))
		+ (SELECT count(*) FROM versions WHERE body NOT IN (SELECT sha256 FROM bodies))
		+ (SELECT count(*) FROM pages, json_each(pages.tags) AS t WHERE NOT EXISTS (SELECT 1 FROM page_tags WHERE tag = t.value AND page = pages.id))`
	for _, table := range []string{"pages", "versions"} {
		miscounted := fmt.Sprintf(`SELECT value - (SELECT count(*) FROM %s) FROM meta WHERE name = '%[1]s'`, table)
		if n := one[int](t, path, miscounted); n != 0 {
			t.Fatalf("%d %s are counted that are not there", n, table)
		}
	}
	if n := one[int](t, path, orphans); n != 0 {
		t.Fatalf("%d tags, bodies or encodings do not belong to a page or a version, or one lacks its own", n)
	}
}

func paths(format string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(format, i)
	}
	return list
}
