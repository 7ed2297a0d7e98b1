package sqlite_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

// visit has a page visited n times.
func visit(t *testing.T, s *sqlite.Store, n int, paths ...string) {
	t.Helper()
	var list []reprint.Visit
	for _, path := range paths {
		list = append(list, reprint.Visit{Key: key(path), Count: n})
	}
	if err := s.Visited(t.Context(), list); err != nil {
		t.Fatal(err)
	}
}

func TestVisitedPagesSurviveAFlood(t *testing.T) {
	const limit = 4 << 20
	path := storePath(t)
	s := open(t, path, sqlite.Options{MaxBytes: limit})
	hot, pinned := paths("/hot/%d", 300), paths("/pinned/%d", 10)
	for _, path := range hot {
		put(t, s, page(path, 1, random(2<<10)))
	}
	for _, path := range pinned {
		p := page(path, 1, random(20<<10))
		p.Pinned = true
		put(t, s, p)
	}
	visit(t, s, 20, append(hot, "/never")...) // more than are counted in one step
	closeStore(t, s)
	s = open(t, path, sqlite.Options{MaxBytes: limit}) // what they are worth is in the file
	if _, err := s.Append(t.Context(), entry("kept")); err != nil {
		t.Fatal(err)
	}
	cold := paths("/cold/%d", 2000)
	for _, path := range cold {
		put(t, s, page(path, 1, random(4<<10)))
	}
	if n := s.Stats().Evicted; n < 1000 {
		t.Fatalf("%d pages were dropped: the limit is not reached", n)
	}
	if got := there(t, s, hot...); len(got) != len(hot) {
		t.Errorf("%d of %d pages that are visited are left", len(got), len(hot))
	}
	if got := there(t, s, pinned...); len(got) != len(pinned) {
		t.Errorf("%d of %d pages that are pinned are left", len(got), len(pinned))
	}
	if sum, err := s.Summary(t.Context()); err != nil || sum.Position != 1 {
		t.Errorf("the journal is at %d, error %v", sum.Position, err)
	}
	closeStore(t, s)
	wantIntact(t, path)
}

func TestALargePageGoesBeforeASmallOne(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{MaxPages: 3})
	var c clock
	s.SetNow(c.now)
	put(t, s, page("/small", 1, "x"))
	c.minutes = 5
	put(t, s, page("/huge", 1, random(1<<20)))
	put(t, s, page("/large", 1, random(1<<16)))
	visit(t, s, 1, "/small", "/huge")
	visit(t, s, 100, "/large") // 16th of /huge in size
	for i, want := range [][]string{{"/large", "/small"}, {"/large", "/small"}} {
		put(t, s, page(fmt.Sprintf("/new/%d", i), 1, random(2<<10)))
		if got := there(t, s, "/huge", "/large", "/small"); !slices.Equal(got, want) {
			t.Errorf("there are %q, want %q", got, want)
		}
	}
}

func TestVisitsAreForgotten(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{MaxPages: 2})
	var c clock
	s.SetNow(c.now)
	put(t, s, page("/last-week", 1, "x"))
	visit(t, s, 50, "/last-week")
	c.minutes = 6 * day
	put(t, s, page("/today", 1, "x"))
	visit(t, s, 1, "/today") // twice 2^6 against 51
	put(t, s, page("/new", 1, "x"))
	if got := there(t, s, "/last-week", "/today", "/new"); !slices.Equal(got, []string{"/today", "/new"}) {
		t.Errorf("there are %q", got)
	}
}

func TestAWrongClockDoesNotKeepPages(t *testing.T) {
	path := storePath(t)
	s := open(t, path, sqlite.Options{})
	var c clock
	s.SetNow(c.now)
	c.minutes = 1 << 23 // in 16 years
	put(t, s, page("/future", 1, "x"))
	closeStore(t, s)
	s = open(t, path, sqlite.Options{MaxPages: 1})
	put(t, s, page("/a", 1, "x"))
	visit(t, s, 2, "/a")
	c.minutes = 0
	s.SetNow(c.now)
	put(t, s, page("/b", 1, "x"))
	visit(t, s, 2, "/b")
	if got := there(t, s, "/future", "/a", "/b"); !slices.Equal(got, []string{"/b"}) {
		t.Errorf("there are %q", got)
	}
}

func TestVisitsOutliveARender(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{MaxPages: 2})
	put(t, s, page("/visited", 1, "x"))
	visit(t, s, 3, "/visited")
	put(t, s, page("/visited", 2, "y"))
	put(t, s, page("/rendered", 1, "x"))
	for stamp := range reprint.Position(5) {
		put(t, s, page("/rendered", stamp+2, "x"))
	}
	put(t, s, page("/new", 1, "x"))
	if got := there(t, s, "/visited", "/rendered", "/new"); !slices.Equal(got, []string{"/visited", "/new"}) {
		t.Errorf("there are %q", got)
	}
}

func TestVisitedRefusesNone(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{})
	err := s.Visited(t.Context(), []reprint.Visit{{Key: key("/a"), Count: 0}})
	if err == nil || !strings.Contains(err.Error(), "/a") {
		t.Errorf("error %v; want one that names the page", err)
	}
}

// TestWhatGoesNextIsFoundByAnIndex has SQLite say how it would look for it.
func TestWhatGoesNextIsFoundByAnIndex(t *testing.T) {
	path := storePath(t)
	closeStore(t, open(t, path, sqlite.Options{}))
	for query, want := range map[string]string{
		sqlite.VictimQueries[0]: "SCAN pages USING INDEX pages_negative",
		sqlite.VictimQueries[1]: "SCAN pages USING INDEX pages_worth",
	} {
		if got := plan(t, path, query); got != want {
			t.Errorf("the plan of %s is\n%s\nwant\n%s", query, got, want)
		}
	}
}
