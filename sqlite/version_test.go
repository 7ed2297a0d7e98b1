package sqlite_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

// content returns the nth content of a page, of which history earlier ones are kept.
func content(path string, n, history int, body string) *reprint.Page {
	p := page(path, reprint.Position(n), body)
	p.ModifiedAt = epoch.Add(time.Duration(n) * time.Second)
	p.History = history
	return p
}

func putAside(t *testing.T, s *sqlite.Store, p *reprint.Page) {
	t.Helper()
	if err := s.PutAside(t.Context(), p, "no"); err != nil {
		t.Fatal(err)
	}
}

func versions(t *testing.T, s *sqlite.Store, path string) []reprint.Version {
	t.Helper()
	list, err := s.Versions(t.Context(), key(path))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// bodies returns those of a page's versions, the newest first, with commas.
func bodies(t *testing.T, s *sqlite.Store, path string) string {
	t.Helper()
	var all []string
	for _, listed := range versions(t, s, path) {
		v, err := s.Version(t.Context(), listed.ID)
		if err != nil || v == nil {
			t.Fatalf("version %d: %v, error %v", listed.ID, v, err)
		}
		all = append(all, string(v.Page.Body))
	}
	return strings.Join(all, ",")
}

func TestNoPageGoesWhileThereAreVersions(t *testing.T) {
	const limit = 4 << 20
	path := storePath(t)
	s := open(t, path, sqlite.Options{MaxBytes: limit})
	list := paths("/%d", 10)
	for n := range 8 {
		for _, path := range list {
			put(t, s, content(path, n, 5, random(10<<10)))
		}
	}
	putAside(t, s, content("/refused", 0, 0, random(10<<10))) // the newest of all
	made := s.Stats().Versions
	if made != 51 {
		t.Fatalf("%d versions are kept", made)
	}
	for i := range 400 {
		put(t, s, page(fmt.Sprintf("/new/%d", i), 1, random(20<<10)))
		stats := s.Stats()
		if stats.Evicted > 0 && stats.Versions > 0 {
			t.Fatalf("%d pages were dropped while there are %d versions", stats.Evicted, stats.Versions)
		}
		if aside := versions(t, s, "/refused"); stats.Versions > 0 && len(aside) == 0 {
			t.Fatal("the newest version is gone, and older ones are not")
		}
		if n := sizeOnDisk(t, path); n > limit {
			t.Fatalf("the files take %d bytes, and the limit is %d", n, limit)
		}
	}
	if s.Stats().Evicted == 0 {
		t.Error("no page was dropped: the test does not test")
	}
	closeStore(t, s)
	wantIntact(t, path)
}

func TestVersionsCountAgainstTheLimit(t *testing.T) {
	const limit = 4 << 20
	path := storePath(t)
	s := open(t, path, sqlite.Options{MaxBytes: limit})
	put(t, s, page("/other", 1, "x"))
	for n := range 500 {
		put(t, s, content("/a", n, 1000, random(20<<10)))
		if n := sizeOnDisk(t, path); n > limit {
			t.Fatalf("the files take %d bytes, and the limit is %d", n, limit)
		}
	}
	for i := range 500 {
		putAside(t, s, content(fmt.Sprintf("/refused/%d", i), 0, 0, random(20<<10)))
		if n := sizeOnDisk(t, path); n > limit {
			t.Fatalf("the files take %d bytes, and the limit is %d", n, limit)
		}
	}
	if stats := s.Stats(); stats.Versions < 100 || stats.Evicted > 0 || stats.Pages != 2 {
		t.Errorf("Stats says %+v", stats)
	}
	closeStore(t, s)
	wantIntact(t, path)
}

func TestNoVersionIsMadeWhereAPageHadToGo(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{MaxBytes: 1 << 20})
	for _, path := range paths("/%d", 60) {
		put(t, s, content(path, 1, 5, random(20<<10)))
	}
	kept := there(t, s, paths("/%d", 60)...)
	evicted := s.Stats().Evicted
	put(t, s, content(kept[len(kept)-1], 2, 5, random(100<<10)))
	stats := s.Stats()
	if stats.Evicted == evicted {
		t.Fatal("no page was dropped: the test does not test")
	}
	if stats.Versions != 0 {
		t.Errorf("%d versions were made", stats.Versions)
	}
}

func TestARefusedPageDropsNone(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{MaxBytes: 1 << 20})
	for _, path := range paths("/%d", 60) {
		put(t, s, page(path, 1, random(20<<10)))
	}
	before := s.Stats()
	for _, size := range []int{100 << 10, 1 << 20} {
		err := s.PutAside(t.Context(), content("/a", 0, 0, random(size)), "no")
		if !errors.Is(err, reprint.ErrFull) {
			t.Errorf("%d bytes: error %v, want ErrFull", size, err)
		}
	}
	if after := s.Stats(); after.Evicted != before.Evicted || after.Versions != 0 || after.Pages != before.Pages {
		t.Errorf("Stats says %+v, before %+v", after, before)
	}
}

func TestAVersionCopiesNoBody(t *testing.T) {
	path := storePath(t)
	s := open(t, path, sqlite.Options{})
	put(t, s, content("/a", 0, 5, "first"))
	const of = `SELECT group_concat(rowid || ' ' || CAST(bytes AS TEXT), ',') FROM bodies`
	before := one[string](t, path, of)
	put(t, s, content("/a", 1, 5, "second"))
	put(t, s, content("/a", 2, 5, "first"))
	put(t, s, content("/a", 3, 1, "second"))
	if got, want := one[string](t, path, of), before+",2 second"; got != want {
		t.Errorf("the bodies are %q, want %q", got, want)
	}
	if got := bodies(t, s, "/a"); got != "first" {
		t.Errorf("the versions are %q", got)
	}
}

func TestADamagedVersionIsFound(t *testing.T) {
	tests := map[string]string{
		"key":          `UPDATE versions SET key = '/c' WHERE id = 1`,
		"key form":     `UPDATE versions SET key = '' WHERE id = 1`,
		"status":       `UPDATE versions SET status = 404 WHERE id = 1`,
		"header":       `UPDATE versions SET header = 'nonsense' WHERE id = 1`,
		"tags":         `UPDATE versions SET tags = '["t' WHERE id = 1`,
		"stamp":        `UPDATE versions SET stamp = 900 WHERE id = 1`,
		"checked":      `UPDATE versions SET checked = 900 WHERE id = 1`,
		"history":      `UPDATE versions SET history = 0 WHERE id = 1`,
		"held_until":   `UPDATE versions SET held_until = 0 WHERE id = 1`,
		"modified_at":  `UPDATE versions SET modified_at = 0 WHERE id = 1`,
		"lifetime":     `UPDATE versions SET lifetime_age = 1 WHERE id = 1`,
		"checksum":     `UPDATE versions SET checksum = 0 WHERE id = 1`,
		"refused":      `UPDATE versions SET refused = 'no' WHERE id = 1`,
		"another body": `UPDATE versions SET body = (SELECT body FROM versions WHERE id = 2) WHERE id = 1`,
		"body":         `UPDATE bodies SET bytes = x'00' WHERE sha256 = (SELECT body FROM versions WHERE id = 1)`,
		"no body":      `DELETE FROM bodies WHERE sha256 = (SELECT body FROM versions WHERE id = 1)`,
	}
	for name, damage := range tests {
		t.Run(name, func(t *testing.T) {
			path := storePath(t)
			s := open(t, path, sqlite.Options{})
			for n := range 3 {
				put(t, s, content("/a", n, 5, fmt.Sprint("body ", n)))
			}
			if err := execRaw(t.Context(), t, path, damage); err != nil {
				t.Fatal(err)
			}
			if got := len(versions(t, s, "/a")); got != 1 && name != "body" { // which a list does not read
				t.Errorf("%d versions are listed", got)
			}
			if v, err := s.Version(t.Context(), 1); v != nil || !errors.Is(err, reprint.ErrDamaged) {
				t.Fatalf("Version: %v, error %v; want ErrDamaged", v, err)
			}
			if v, err := s.Version(t.Context(), 1); v != nil || err != nil {
				t.Fatalf("Version, once more: %v, error %v; want none", v, err)
			}
			if got := bodies(t, s, "/a"); got != "body 1" {
				t.Errorf("the versions are %q", got)
			}
			if got := s.Stats(); got.Damaged != 1 || got.Versions != 1 || got.Pages != 1 {
				t.Errorf("Stats says %+v", got)
			}
			closeStore(t, s)
			if name != "another body" { // the first one is nobody's then
				wantIntact(t, path)
			}
		})
	}
}

func TestARefusedPageDoesNotBecomeOneThatWasServed(t *testing.T) {
	path := storePath(t)
	s := open(t, path, sqlite.Options{})
	putAside(t, s, content("/a", 0, 0, "x"))
	if err := execRaw(t.Context(), t, path, `UPDATE versions SET refused = ''`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Version(t.Context(), 1); !errors.Is(err, reprint.ErrDamaged) {
		t.Errorf("Version: error %v, want ErrDamaged", err)
	}
}

func TestADamagedPageMakesNoVersion(t *testing.T) {
	for name, damage := range map[string]string{
		"row":      `UPDATE pages SET status = 404`,
		"tags":     `UPDATE pages SET tags = '["t'`,
		"checksum": `UPDATE pages SET checksum = 0`,
		"no body":  `DELETE FROM bodies`,
	} {
		t.Run(name, func(t *testing.T) {
			path := storePath(t)
			s := open(t, path, sqlite.Options{})
			put(t, s, content("/a", 0, 5, "x"))
			if err := execRaw(t.Context(), t, path, damage); err != nil {
				t.Fatal(err)
			}
			put(t, s, content("/a", 1, 5, "y"))
			if n := s.Stats().Versions; n != 0 {
				t.Errorf("%d versions were made", n)
			}
			if p := read(t, s, "/a"); p == nil || string(p.Body) != "y" {
				t.Errorf("the page is %v", p)
			}
			closeStore(t, s)
			wantIntact(t, path)
		})
	}
}

func TestABodyThatVersionsHaveHealsWithThePage(t *testing.T) {
	path := storePath(t)
	s := open(t, path, sqlite.Options{})
	put(t, s, content("/a", 0, 5, "the same"))
	put(t, s, content("/a", 1, 5, "other"))
	put(t, s, content("/b", 0, 5, "the same"))
	if err := execRaw(t.Context(), t, path, `UPDATE bodies SET bytes = x'00' WHERE bytes = CAST('the same' AS BLOB)`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Page(t.Context(), key("/b")); !errors.Is(err, reprint.ErrDamaged) {
		t.Fatalf("Page: error %v, want ErrDamaged", err)
	}
	if got := versions(t, s, "/a"); len(got) != 0 {
		t.Errorf("%d versions without a body are listed", len(got))
	}
	put(t, s, content("/b", 1, 5, "the same"))
	if got := bodies(t, s, "/a"); got != "the same" {
		t.Errorf("the versions are %q", got)
	}
	closeStore(t, s)
	wantIntact(t, path)
}

func TestADamagedBodyThatAVersionIsReadWithHealsWithThePage(t *testing.T) {
	path := storePath(t)
	s := open(t, path, sqlite.Options{})
	put(t, s, content("/a", 0, 5, "the same"))
	put(t, s, content("/a", 1, 5, "other"))
	put(t, s, content("/b", 0, 5, "the same"))
	if err := execRaw(t.Context(), t, path, `UPDATE bodies SET bytes = x'00' WHERE bytes = CAST('the same' AS BLOB)`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Version(t.Context(), 1); !errors.Is(err, reprint.ErrDamaged) {
		t.Fatalf("Version: error %v, want ErrDamaged", err)
	}
	put(t, s, content("/b", 1, 5, "the same"))
	if p := read(t, s, "/b"); p == nil || string(p.Body) != "the same" {
		t.Errorf("the page is %v", p)
	}
	closeStore(t, s)
	wantIntact(t, path)
}

func TestAFullDiskTakesTheRoomOfVersions(t *testing.T) {
	path := storePath(t)
	s := open(t, path, sqlite.Options{})
	for n := range 5 {
		put(t, s, content("/a", n, 5, random(50<<10)))
	}
	if err := s.LimitFile(); err != nil {
		t.Fatal(err)
	}
	put(t, s, page("/new", 1, random(150<<10)))
	if got := there(t, s, "/a", "/new"); len(got) != 2 {
		t.Errorf("there are %q", got)
	}
	if _, err := s.Put(t.Context(), page("/more", 1, random(1<<20))); !errors.Is(err, reprint.ErrFull) {
		t.Errorf("error %v, want ErrFull", err)
	}
	closeStore(t, s)
	wantIntact(t, path)
}

// TestVersionsAreFoundByAnIndex has SQLite say how it would look for them.
func TestVersionsAreFoundByAnIndex(t *testing.T) {
	path := storePath(t)
	closeStore(t, open(t, path, sqlite.Options{}))
	for query, want := range sqlite.VersionQueries {
		if got := plan(t, path, query); !strings.HasPrefix(got, want) || strings.Contains(got, "SCAN") {
			t.Errorf("the plan of %s is\n%s\nwant\n%s", query, got, want)
		}
	}
}

// TestEachBodyIsSomebodys does at random what brings and removes bodies, and has a file
// checked for such as nobody has or somebody lacks.
func TestEachBodyIsSomebodys(t *testing.T) {
	path := storePath(t)
	s := open(t, path, sqlite.Options{MaxPages: 6})
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)
	for n := range 1500 {
		p := content(fmt.Sprintf("/%d", r.IntN(9)), n, r.IntN(4), fmt.Sprint("body ", r.IntN(6)))
		p.ModifiedAt = epoch.Add(time.Duration(r.IntN(3)) * time.Second)
		switch r.IntN(8) {
		case 0:
			if err := s.Delete(t.Context(), p.Key, 1<<60); err != nil {
				t.Fatal(err)
			}
		case 1:
			putAside(t, s, p)
		case 2:
			if list := versions(t, s, p.Key.Path); len(list) > 0 {
				if err := s.DeleteVersion(t.Context(), list[r.IntN(len(list))].ID); err != nil {
					t.Fatal(err)
				}
			}
		case 3:
			putEncoding(t, s, p, "gzip", "coded")
		default:
			put(t, s, p)
		}
		if n%100 == 0 {
			wantIntact(t, path)
		}
	}
	for _, path := range paths("/%d", 9) {
		bodies(t, s, path) // each can be read
	}
	for _, path := range paths("/%d", 9) {
		if err := s.Delete(t.Context(), key(path), 1<<60); err != nil {
			t.Fatal(err)
		}
		for _, v := range slices.Backward(versions(t, s, path)) {
			if err := s.DeleteVersion(t.Context(), v.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	closeStore(t, s)
	wantIntact(t, path)
	if n := one[int](t, path, `SELECT count(*) FROM bodies`); n != 0 {
		t.Errorf("%d bodies are left of nothing", n)
	}
}
