package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/reprint-go/reprint/sqlite"
)

// scalePages names the variable that says how many pages BenchmarkOpen has.
const scalePages = "REPRINT_SQLITE_PAGES"

// BenchmarkOpen opens a store, reads its journal's summary and what is due, as a
// site does when it begins:
//
//	REPRINT_SQLITE_PAGES=1000000 go test -run '^$' -bench Open ./sqlite
func BenchmarkOpen(b *testing.B) {
	n := 10_000
	if text := os.Getenv(scalePages); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatalf("%s: %v", scalePages, err)
		}
	}
	path := filepath.Join(b.TempDir(), "store.db")
	fill(b, path, n)
	for b.Loop() {
		openOnce(b, path, n)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/float64(n), "B/page")
}

func openOnce(b *testing.B, path string, n int) {
	b.Helper()
	s, err := sqlite.Open(b.Context(), path, sqlite.Options{Log: quiet})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if sum, err := s.Summary(b.Context()); err != nil || len(sum.Marks) != n/10 {
		b.Fatalf("%d tags are in the ledger, error %v", len(sum.Marks), err)
	}
	if due, err := s.Due(b.Context(), epoch, 1000); err != nil || len(due) != min(1000, n/10) {
		b.Fatalf("%d pages are due, error %v", len(due), err)
	}
	if got := s.Count(); got != int64(n) {
		b.Fatalf("%d pages are counted of %d", got, n)
	}
}

// fill makes a store of n pages of 1 kB, of which every tenth is due, and a ledger
// of a tenth as many tags. It goes behind the store's back, which takes a tenth of
// the time; the rows have no right checksum.
func fill(b *testing.B, path string, n int) {
	b.Helper()
	s, err := sqlite.Open(b.Context(), path, sqlite.Options{Log: quiet})
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	db := raw(b, path)
	defer db.Close()
	series := fmt.Sprintf(`WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < %d - 1) `, n)
	for _, query := range []string{
		`PRAGMA synchronous = OFF`,
		`INSERT INTO pages (key, route, status, header, body, tags, stamp, rendered_at, render_took, due, cause, checksum, visits, worth) ` + series +
			`SELECT '/posts/' || i, '/posts/{id}', 200, 'Content-Type: text/html', CAST(printf('%032d', i) AS BLOB), '["type:post"]',
				1, i, 0, iif(i % 10 = 0, i, NULL), 'prerender', 0, 0, -i % 1000 FROM n`,
		`INSERT INTO page_tags (tag, page) SELECT 'type:post', id FROM pages`,
		`INSERT INTO bodies (sha256, bytes) SELECT body, randomblob(1000) FROM pages`,
		`INSERT INTO ledger (tag, any_position, expire_position, delete_position, at) ` + series + `SELECT 'post:' || i, i, 0, 0, i FROM n WHERE i % 10 = 0`,
		fmt.Sprintf(`UPDATE meta SET value = %d WHERE name = 'pages'`, n),
		`PRAGMA wal_checkpoint(TRUNCATE)`,
	} {
		if _, err := db.ExecContext(b.Context(), query); err != nil {
			b.Fatal(err)
		}
	}
}
