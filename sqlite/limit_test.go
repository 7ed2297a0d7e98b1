package sqlite_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

// clock is a time that a test sets.
type clock struct{ minutes int }

func (c *clock) now() time.Time { return epoch.Add(time.Duration(c.minutes) * time.Minute) }

func TestPagesGoInOrder(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{MaxPages: 6})
	var c clock
	s.SetNow(c.now)
	for i, path := range []string{"/1", "/2", "/3"} {
		c.minutes = i
		put(t, s, page(path, 1, path, "t"))
	}
	for i, path := range []string{"/404-late", "/404-early"} {
		p := page(path, 1, path, "t")
		p.Status, p.RenderedAt = http.StatusNotFound, epoch.Add(-time.Duration(i)*time.Hour)
		put(t, s, p)
	}
	put(t, s, page("/4", 1, "4", "t"))
	c.minutes = 10
	read(t, s, "/1")
	want := []string{"/1", "/2", "/3", "/404-late", "/404-early", "/4"}
	for i, goes := range []string{"/404-early", "/404-late", "/2", "/3", "/4", "/new/0"} {
		c.minutes = 60 + 60*i // so that a longer path does not count
		comes := fmt.Sprintf("/new/%d", i)
		put(t, s, page(comes, 1, comes, "t"))
		want = append(slices.DeleteFunc(want, func(p string) bool { return p == goes }), comes)
		slices.Sort(want)
		if got := tagged(t, s, "t"); !slices.Equal(got, want) {
			t.Fatalf("after %s: there are %q, want %q", comes, got, want)
		}
	}
	if got := s.Stats(); got.Pages != 6 || got.Evicted != 6 {
		t.Errorf("Stats says %+v", got)
	}
}

func TestAPageThatIsReplacedTakesNoRoom(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{MaxPages: 2})
	put(t, s, page("/a", 1, "a"))
	put(t, s, page("/b", 1, "b"))
	for stamp := range reprint.Position(20) {
		put(t, s, page("/a", stamp+2, fmt.Sprint(stamp)))
	}
	if got := there(t, s, "/a", "/b"); len(got) != 2 {
		t.Errorf("there are %q", got)
	}
}

func TestAPageThatGrowsIsNotDroppedForItself(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{MaxBytes: 1 << 20})
	list := paths("/%d", 60)
	for _, path := range list {
		put(t, s, page(path, 1, random(20<<10)))
	}
	left := there(t, s, list...)
	if len(left) == len(list) || len(left) < 2 {
		t.Fatalf("%d of %d pages are there: the limit is not reached", len(left), len(list))
	}
	grown := page(left[0], 2, random(200<<10)) // the one that would go next
	put(t, s, grown)
	if p := read(t, s, left[0]); p == nil || p.Stamp != 2 {
		t.Errorf("the page is %v", p)
	}
}

func TestReadingCountsAcrossARestart(t *testing.T) {
	path := storePath(t)
	s := open(t, path, sqlite.Options{})
	c := clock{minutes: 1}
	s.SetNow(c.now)
	put(t, s, page("/1", 1, "x"))
	put(t, s, page("/2", 1, "y"))
	c.minutes = 2
	read(t, s, "/1")
	closeStore(t, s)
	s = open(t, path, sqlite.Options{MaxPages: 2})
	put(t, s, page("/3", 1, "z"))
	if got := there(t, s, "/1", "/2", "/3"); !slices.Equal(got, []string{"/1", "/3"}) {
		t.Errorf("there are %q", got)
	}
}

func TestTheCountOutlivesARestart(t *testing.T) {
	path := storePath(t)
	s := open(t, path, sqlite.Options{MaxPages: 3})
	for i := range 3 {
		put(t, s, page(fmt.Sprintf("/%d", i), 1, "x"))
	}
	closeStore(t, s)
	s = open(t, path, sqlite.Options{MaxPages: 3})
	put(t, s, page("/3", 1, "x"))
	if got := s.Stats(); got.Pages != 3 || got.Evicted != 1 {
		t.Errorf("Stats says %+v", got)
	}
}

func TestTheFileStaysWithinTheLimit(t *testing.T) {
	const limit = 4 << 20
	path := storePath(t)
	s := open(t, path, sqlite.Options{MaxBytes: limit})
	for _, e := range []string{"kept:1", "kept:2"} {
		if _, err := s.Append(t.Context(), entry(e)); err != nil {
			t.Fatal(err)
		}
	}
	var most int64
	for i := range 1000 {
		p := page(fmt.Sprintf("/%d", i), 1, random(20<<10), "t", fmt.Sprintf("n:%d", i))
		put(t, s, p)
		if read(t, s, p.Key.Path) == nil {
			t.Fatalf("%s was not kept", p.Key)
		}
		most = max(most, sizeOnDisk(t, path))
	}
	if most > limit {
		t.Errorf("the files took %d bytes, and the limit is %d", most, limit)
	}
	if n := s.Stats().Pages; n < 100 {
		t.Errorf("%d pages of 20 KiB are kept in %d bytes", n, limit)
	}
	if sum, err := s.Summary(t.Context()); err != nil || len(sum.Marks) != 2 {
		t.Errorf("the ledger is %+v, error %v", sum, err)
	}
	closeStore(t, s)
	wantIntact(t, path)
}

func TestALowerLimitShrinksTheFile(t *testing.T) {
	path := storePath(t)
	s := open(t, path, sqlite.Options{MaxBytes: 64 << 20})
	for i := range 800 {
		put(t, s, page(fmt.Sprintf("/%d", i), 1, random(20<<10)))
	}
	closeStore(t, s)
	before := sizeOnDisk(t, path)
	const limit = 4 << 20
	s = open(t, path, sqlite.Options{MaxBytes: limit})
	for i := range 200 {
		p := page(fmt.Sprintf("/new/%d", i), 1, random(10<<10))
		put(t, s, p)
		if read(t, s, p.Key.Path) == nil {
			t.Fatalf("%s was not kept", p.Key)
		}
		if i == 0 && s.Stats().Evicted > 100 {
			t.Errorf("the first page that came dropped %d", s.Stats().Evicted)
		}
	}
	closeStore(t, s)
	if after := sizeOnDisk(t, path); after > limit {
		t.Errorf("the file takes %d bytes, %d before, and the limit is %d", after, before, limit)
	}
	wantIntact(t, path)
}

func TestAPageLargerThanTheLimitIsRefused(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{MaxBytes: 1 << 20})
	put(t, s, page("/a", 1, "a"))
	_, err := s.Put(t.Context(), page("/b", 1, random(1<<20)))
	if !errors.Is(err, reprint.ErrFull) {
		t.Errorf("error %v, want ErrFull", err)
	}
	if got := there(t, s, "/a", "/b"); !slices.Equal(got, []string{"/a"}) {
		t.Errorf("there are %q", got)
	}
}

func TestPinnedPagesAreNotDroppedForBytes(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{MaxBytes: 1 << 20})
	list := paths("/pinned/%d", 10)
	for _, path := range list {
		p := page(path, 1, random(20<<10))
		p.Pinned = true
		put(t, s, p)
	}
	for _, path := range paths("/other/%d", 100) {
		put(t, s, page(path, 1, random(20<<10)))
	}
	if got := there(t, s, list...); len(got) != len(list) {
		t.Fatalf("%d of %d pinned pages are left", len(got), len(list))
	}
	huge := page("/huge", 1, random(700<<10))
	if _, err := s.Put(t.Context(), huge); !errors.Is(err, reprint.ErrFull) {
		t.Errorf("error %v, want ErrFull", err)
	}
	if got := there(t, s, list...); len(got) != len(list) {
		t.Errorf("%d of %d pinned pages are left", len(got), len(list))
	}
	if len(there(t, s, paths("/other/%d", 100)...)) == 0 {
		t.Error("a refused page has dropped others")
	}
}

func TestJournalAndReceiptsAreNotDroppedForAPage(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{MaxBytes: 1 << 20})
	r := &reprint.Receipt{ID: "r", By: random(600 << 10)}
	if err := s.SaveReceipt(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	put(t, s, page("/small", 1, "x"))
	if _, err := s.Put(t.Context(), page("/b", 1, random(200<<10))); !errors.Is(err, reprint.ErrFull) {
		t.Errorf("error %v, want ErrFull", err)
	}
	if got, err := s.Receipt(t.Context(), "r"); err != nil || got == nil {
		t.Errorf("the receipt is %v, error %v", got, err)
	}
	if got := there(t, s, "/small", "/b"); !slices.Equal(got, []string{"/small"}) {
		t.Errorf("there are %q: a refused page has dropped others", got)
	}
}

func TestTheLogIsBounded(t *testing.T) {
	const limit = 8 << 20
	path := storePath(t)
	s := open(t, path, sqlite.Options{MaxBytes: limit})
	var most int64
	for i := range 400 {
		put(t, s, page("/a", reprint.Position(i), random(100<<10)))
		if info, err := os.Stat(path + "-wal"); err == nil {
			most = max(most, info.Size())
		}
	}
	if most > limit/4 {
		t.Errorf("the log took %d bytes of %d", most, limit)
	}
}

// random returns text that does not compress and is unlike any other.
func random(n int) string {
	b := make([]byte, (n+1)/2)
	_, _ = rand.Read(b)
	return fmt.Sprintf("%x", b)[:n]
}

func sizeOnDisk(t *testing.T, path string) (n int64) {
	t.Helper()
	for _, name := range []string{path, path + "-wal"} {
		if info, err := os.Stat(name); err == nil {
			n += info.Size()
		}
	}
	return n
}
