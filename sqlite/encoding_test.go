package sqlite_test

import (
	"strings"
	"testing"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

func putEncoding(t *testing.T, s *sqlite.Store, p *reprint.Page, coding, body string) {
	t.Helper()
	if err := s.PutEncoding(t.Context(), p.Sum, reprint.Encoding{Coding: coding, Body: []byte(body)}); err != nil {
		t.Fatal(err)
	}
}

// codings returns those of a page's encodings.
func codings(t *testing.T, s *sqlite.Store, p *reprint.Page) string {
	t.Helper()
	list, err := s.Encodings(t.Context(), p.Sum)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Coding)
	}
	return strings.Join(names, " ")
}

func TestEncodingsCountAgainstTheLimit(t *testing.T) {
	const limit = 4 << 20
	path := storePath(t)
	s := open(t, path, sqlite.Options{MaxBytes: limit})
	kept := 0
	for _, name := range paths("/%d", 100) {
		p := page(name, 1, random(10<<10))
		put(t, s, p)
		before := s.Stats().Evicted
		putEncoding(t, s, p, "gzip", random(50<<10))
		if n := s.Stats().Evicted - before; n != 0 {
			t.Fatalf("an encoding has dropped %d pages", n)
		}
		if codings(t, s, p) != "" {
			kept++
		}
		if n := sizeOnDisk(t, path); n > limit {
			t.Fatalf("the files take %d bytes, and the limit is %d", n, limit)
		}
	}
	if kept < 30 || kept == 100 {
		t.Errorf("%d encodings were kept of 100", kept)
	}
	for _, name := range paths("/more/%d", 100) { // pages make room, and take theirs from encodings
		put(t, s, page(name, 1, random(50<<10)))
	}
	if n := sizeOnDisk(t, path); n > limit {
		t.Errorf("the files take %d bytes, and the limit is %d", n, limit)
	}
	closeStore(t, s)
	wantIntact(t, path)
}

func TestEncodingsCountForTheSizeOfAPage(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{MaxPages: 2})
	var c clock
	s.SetNow(c.now)
	encoded := page("/encoded", 1, "x")
	put(t, s, encoded)
	put(t, s, page("/plain", 1, "y"))
	visit(t, s, 2, "/encoded")
	putEncoding(t, s, encoded, "gzip", random(10<<10))
	put(t, s, page("/encoded", 2, "x")) // and still counts
	put(t, s, page("/new", 1, "z"))
	if got := strings.Join(there(t, s, "/encoded", "/plain", "/new"), " "); got != "/plain /new" {
		t.Errorf("there are %q", got)
	}
}

func TestADamagedEncodingIsFound(t *testing.T) {
	for name, damage := range map[string]string{
		"bytes":    `UPDATE encodings SET bytes = x'00' WHERE coding = 'gzip'`,
		"checksum": `UPDATE encodings SET checksum = checksum + 1 WHERE coding = 'gzip'`,
		"coding":   `UPDATE encodings SET coding = 'zstd' WHERE coding = 'gzip'`,
		"body":     `UPDATE encodings SET sha256 = (SELECT body FROM pages WHERE key = '/a') WHERE coding = 'gzip'`,
	} {
		t.Run(name, func(t *testing.T) {
			path := storePath(t)
			s := open(t, path, sqlite.Options{})
			a, b := page("/a", 1, "a"), page("/b", 1, "b")
			put(t, s, a)
			put(t, s, b)
			putEncoding(t, s, b, "br", "whole")
			putEncoding(t, s, b, "gzip", "damaged")
			if err := execRaw(t.Context(), t, path, damage); err != nil {
				t.Fatal(err)
			}
			if got := codings(t, s, a) + codings(t, s, b); got != "br" {
				t.Errorf("there are %q", got)
			}
			closeStore(t, s)
			if n := one[int](t, path, `SELECT count(*) FROM encodings`); n != 1 {
				t.Errorf("%d encodings are stored", n)
			}
			wantIntact(t, path)
		})
	}
}

func TestPutEncodingRefusesWhatIsNoCoding(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{})
	p := page("/a", 1, "x")
	put(t, s, p)
	for _, coding := range []string{"", "gzip, br", "\xff"} {
		if err := s.PutEncoding(t.Context(), p.Sum, reprint.Encoding{Coding: coding}); err == nil {
			t.Errorf("%q was taken", coding)
		}
	}
}
