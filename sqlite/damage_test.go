package sqlite_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

func TestDamageIsFound(t *testing.T) {
	tests := map[string]string{
		"status":       `UPDATE pages SET status = 404 WHERE key = '/a'`,
		"header":       `UPDATE pages SET header = 'X: y' WHERE key = '/a'`,
		"header form":  `UPDATE pages SET header = 'nonsense' WHERE key = '/a'`,
		"route":        `UPDATE pages SET route = '/b' WHERE key = '/a'`,
		"tags":         `UPDATE pages SET tags = '["other"]' WHERE key = '/a'`,
		"tags form":    `UPDATE pages SET tags = '["t' WHERE key = '/a'`,
		"stamp":        `UPDATE pages SET stamp = 6 WHERE key = '/a'`,
		"checked":      `UPDATE pages SET checked = 900 WHERE key = '/a'`,
		"overtaken":    `UPDATE pages SET overtaken = 1 WHERE key = '/a'`,
		"pinned":       `UPDATE pages SET pinned = 1 WHERE key = '/a'`,
		"rendered_at":  `UPDATE pages SET rendered_at = NULL WHERE key = '/a'`,
		"render_took":  `UPDATE pages SET render_took = 1 WHERE key = '/a'`,
		"modified_at":  `UPDATE pages SET modified_at = 0 WHERE key = '/a'`,
		"due":          `UPDATE pages SET due = 0 WHERE key = '/a'`,
		"no lifetime":  `UPDATE pages SET lifetime_fresh = NULL, lifetime_age = NULL, lifetime_while_revalidate = NULL, lifetime_if_error = NULL WHERE key = '/a'`,
		"fresh":        `UPDATE pages SET lifetime_fresh = lifetime_fresh + 1 WHERE key = '/a'`,
		"age":          `UPDATE pages SET lifetime_age = 0 WHERE key = '/a'`,
		"revalidate":   `UPDATE pages SET lifetime_while_revalidate = lifetime_fresh WHERE key = '/a'`,
		"if error":     `UPDATE pages SET lifetime_if_error = NULL WHERE key = '/a'`, // it is zero
		"cause":        `UPDATE pages SET cause = '' WHERE key = '/a'`,
		"checksum":     `UPDATE pages SET checksum = 0 WHERE key = '/a'`,
		"another body": `UPDATE pages SET body = (SELECT body FROM pages WHERE key = '/b') WHERE key = '/a'`,
		"body":         `UPDATE bodies SET bytes = x'00' WHERE sha256 = (SELECT body FROM pages WHERE key = '/a')`,
		"no body":      `DELETE FROM bodies WHERE sha256 = (SELECT body FROM pages WHERE key = '/a')`,
		"key":          `UPDATE pages SET key = '/c' WHERE key = '/a'`,
	}
	for name, damage := range tests {
		t.Run(name, func(t *testing.T) {
			path := storePath(t)
			s := open(t, path, sqlite.Options{})
			a := page("/a", 5, "body of a", "t")
			a.Lifetime = &reprint.Lifetime{Fresh: 3, Age: 2, WhileRevalidate: 1}
			put(t, s, a)
			put(t, s, page("/b", 5, "body of b", "t"))
			if err := execRaw(t.Context(), t, path, damage); err != nil {
				t.Fatal(err)
			}
			if name == "body" { // which a list does not read
				wantListed(t, s, "t", "/a", "/b")
			} else {
				wantListed(t, s, "t", "/b")
			}
			if name == "key" {
				wantDamaged(t, s, "/c")
			} else {
				wantDamaged(t, s, "/a")
			}
			closeStore(t, s)
			if name != "another body" { // the first one is nobody's then
				wantIntact(t, path)
			}
		})
	}
}

// wantDamaged reads the one damaged page and checks that /b alone is left.
func wantDamaged(t *testing.T, s *sqlite.Store, path string) {
	t.Helper()
	_, err := s.Page(t.Context(), key(path))
	if !errors.Is(err, reprint.ErrDamaged) || !strings.Contains(err.Error(), path) {
		t.Fatalf("Page: error %v, want ErrDamaged and the key", err)
	}
	left := []string{"/b"}
	if got := there(t, s, "/a", "/b", "/c"); !slices.Equal(got, left) {
		t.Errorf("there are %q, want %q", got, left)
	}
	if got := tagged(t, s, "t"); !slices.Equal(got, left) {
		t.Errorf("tagged are %q, want %q", got, left)
	}
	if got := s.Stats(); got.Damaged != 1 || got.Pages != 1 {
		t.Errorf("Stats says %+v", got)
	}
}

func TestALifetimeOfZerosThatComesIsDamage(t *testing.T) {
	path := storePath(t)
	s := open(t, path, sqlite.Options{})
	put(t, s, page("/a", 5, "a", "t"))
	put(t, s, page("/b", 5, "b", "t"))
	const damage = `UPDATE pages SET lifetime_fresh = 0, lifetime_age = 0, lifetime_while_revalidate = 0, lifetime_if_error = 0 WHERE key = '/a'`
	if err := execRaw(t.Context(), t, path, damage); err != nil {
		t.Fatal(err)
	}
	wantDamaged(t, s, "/a")
}

func TestADamagedBodyHealsWithTheNextPageThatHasIt(t *testing.T) {
	path := storePath(t)
	s := open(t, path, sqlite.Options{})
	for _, p := range []string{"/a", "/b", "/c"} {
		put(t, s, page(p, 1, "the same", "t"))
	}
	if err := execRaw(t.Context(), t, path, `UPDATE bodies SET bytes = x'00'`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Page(t.Context(), key("/a")); !errors.Is(err, reprint.ErrDamaged) {
		t.Fatalf("Page: error %v, want ErrDamaged", err)
	}
	put(t, s, page("/b", 2, "the same", "t")) // the body that it has is not there any more
	if got := there(t, s, "/a", "/b", "/c"); !slices.Equal(got, []string{"/b", "/c"}) {
		t.Errorf("there are %q", got)
	}
	closeStore(t, s)
	wantIntact(t, path)
}

// A strict table takes no text for a number: damage does.
func TestAPageWhoseRowCannotBeReadHealsWithTheNextPut(t *testing.T) {
	path := storePath(t)
	s := open(t, path, sqlite.Options{})
	old := page("/a", 1, "old", "t")
	old.ModifiedAt, old.History = epoch, 3
	put(t, s, old)
	closeStore(t, s)
	for _, query := range []string{
		`PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ')') WHERE name = 'pages'`,
		`UPDATE pages SET status = 'x'`,
		`PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || ' STRICT' WHERE name = 'pages'`,
	} {
		if err := execRaw(t.Context(), t, path, query); err != nil {
			t.Fatal(err)
		}
	}
	s = open(t, path, sqlite.Options{})
	p := page("/a", 2, "new", "t")
	p.ModifiedAt, p.History = epoch.Add(time.Hour), 3
	put(t, s, p)
	if got := read(t, s, "/a"); got == nil || string(got.Body) != "new" {
		t.Fatalf("page %v, want the new one", got)
	}
	if versions, err := s.Versions(t.Context(), p.Key); err != nil || len(versions) != 0 {
		t.Fatalf("%d versions, %v; what is damaged becomes none", len(versions), err)
	}
	closeStore(t, s)
	wantIntact(t, path)
}

func TestCompactPassesOverDamage(t *testing.T) {
	path := storePath(t)
	s := open(t, path, sqlite.Options{})
	put(t, s, page("/a", 0, "a", "t"))
	put(t, s, page("/b", 0, "b", "t"))
	put(t, s, page("/c", 0, "c", "t"))
	if err := execRaw(t.Context(), t, path, `UPDATE pages SET tags = '["t' WHERE key = '/a'; UPDATE pages SET status = 404 WHERE key = '/b'`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), entry("other")); err != nil {
		t.Fatal(err)
	}
	if err := s.Compact(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"/a", "/b"} {
		if _, err := s.Page(t.Context(), key(p)); !errors.Is(err, reprint.ErrDamaged) {
			t.Errorf("Page %s: error %v, want ErrDamaged", p, err)
		}
	}
	if p := read(t, s, "/c"); p == nil || p.Checked != 1 {
		t.Errorf("Page /c: %+v", p)
	}
}

// TestAMalformedFileIsAnError overwrites parts of the file as a failing disk
// would. What is read is either right or an error.
func TestAMalformedFileIsAnError(t *testing.T) {
	path := storePath(t)
	s := open(t, path, sqlite.Options{})
	list := paths("/page/%d", 100)
	for i, p := range list {
		put(t, s, page(p, 1, fmt.Sprintf("%d%01000d", i, i), "all", fmt.Sprintf("n:%d", i)))
	}
	closeStore(t, s)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	faults := 0
	for seed := range uint64(20) {
		broken := overwrite(whole, rand.New(rand.NewPCG(seed, 7)))
		if err := os.WriteFile(path, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		faults += readAll(t, path, list)
	}
	if faults == 0 {
		t.Error("no damage was found: the test does not test")
	}
}

// overwrite fills some stretches of the file with other bytes, not its header.
func overwrite(whole []byte, r *rand.Rand) []byte {
	broken := slices.Clone(whole)
	for range 4 {
		at := 100 + r.IntN(len(broken)-300)
		for i := range 1 + r.IntN(200) {
			broken[at+i] = byte(r.Uint32())
		}
	}
	return broken
}

// readAll returns how many errors there were; none may panic, and no page may
// be another than the one that was put.
func readAll(t *testing.T, path string, list []string) (faults int) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{Log: quiet})
	if err != nil {
		return 1
	}
	defer s.Close()
	for i, p := range list {
		got, err := s.Page(t.Context(), key(p))
		switch {
		case err != nil:
			faults++
		case got != nil && string(got.Body) != fmt.Sprintf("%d%01000d", i, i):
			t.Fatalf("page %s is %q", p, got.Body[:10])
		}
	}
	for _, p := range list[:10] {
		if _, err := s.Put(t.Context(), page(p, 2, "new", "all")); err != nil {
			faults++
		}
	}
	if iterationError(s.Tagged(t.Context(), "all")) != nil {
		faults++
	}
	for _, tag := range []string{"", "all"} {
		if _, err := s.List(t.Context(), reprint.ListQuery{Tag: tag, Limit: len(list) / 3}); err != nil {
			faults++
		}
	}
	if _, err := s.Summary(t.Context()); err != nil {
		faults++
	}
	return faults
}
