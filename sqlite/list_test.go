package sqlite_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

// listed returns the keys of a list.
func listed(t *testing.T, s *sqlite.Store, q reprint.ListQuery) []string {
	t.Helper()
	list, err := s.List(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, l := range list {
		keys = append(keys, l.Page.Key.String())
	}
	return keys
}

// wantListed checks which pages are listed, of all and of those with tag.
func wantListed(t *testing.T, s *sqlite.Store, tag string, want ...string) {
	t.Helper()
	for _, q := range []reprint.ListQuery{{Limit: 100}, {Tag: tag, Limit: 100}} {
		if got := listed(t, s, q); !slices.Equal(got, want) {
			t.Errorf("List %+v: got %q, want %q", q, got, want)
		}
	}
}

// TestAListGoesByAnIndex has SQLite say how it would read. What it reads before
// the pages are picked, and what it sorts then, decides on the costs.
func TestAListGoesByAnIndex(t *testing.T) {
	path := storePath(t)
	closeStore(t, open(t, path, sqlite.Options{}))
	const picked = " / SCAN picked / SEARCH p USING INTEGER PRIMARY KEY (rowid=?)" +
		" / SEARCH b USING INDEX sqlite_autoindex_bodies_1 (sha256=?) LEFT-JOIN / USE TEMP B-TREE FOR ORDER BY"
	for name, want := range map[string]string{
		"all": "MATERIALIZE picked / SEARCH pages USING COVERING INDEX sqlite_autoindex_pages_1 (key>?)",
		"walk": "MATERIALIZE picked / SEARCH k USING COVERING INDEX sqlite_autoindex_pages_1 (key>?)" +
			" / SEARCH t USING PRIMARY KEY (tag=? AND page=?)",
		"sort": "MATERIALIZE picked / SEARCH t USING PRIMARY KEY (tag=?)" +
			" / SEARCH k USING INTEGER PRIMARY KEY (rowid=?) / USE TEMP B-TREE FOR ORDER BY",
	} {
		if got := plan(t, path, sqlite.ListQueries[name]); got != want+picked {
			t.Errorf("%s: the plan is\n%s\nwant\n%s", name, got, want+picked)
		}
	}
}

// plan returns the steps in which SQLite would run a query.
func plan(t *testing.T, path, query string) string {
	t.Helper()
	db := raw(t, path)
	defer db.Close()
	args := []any{"/after", 100, "tag"}[:strings.Count(query, "?")]
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(steps, " / ")
}

// TestAListOfATagTakesTheShorterWay has 900 pages: for a list of one page the two
// ways are equal when 30 carry the tag.
func TestAListOfATagTakesTheShorterWay(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{})
	for i := range 900 {
		var tags []string
		for _, n := range []int{29, 30, 31, 900} {
			if i < n {
				tags = append(tags, fmt.Sprint(n))
			}
		}
		put(t, s, page(fmt.Sprintf("/%03d", i), 1, "x", tags...))
	}
	for _, tt := range []struct {
		q    reprint.ListQuery
		want string
	}{
		{reprint.ListQuery{Limit: 1}, "all"},
		{reprint.ListQuery{Tag: "none", Limit: 1}, "sort"},
		{reprint.ListQuery{Tag: "29", Limit: 1}, "sort"},
		{reprint.ListQuery{Tag: "30", Limit: 1}, "sort"},
		{reprint.ListQuery{Tag: "31", Limit: 1}, "walk"},
		{reprint.ListQuery{Tag: "31", Limit: 4}, "sort"},
		{reprint.ListQuery{Tag: "900", Limit: 1}, "walk"},
		{reprint.ListQuery{Tag: "900", Limit: 1000}, "sort"}, // all of them are wanted
	} {
		if got, err := s.ListQuery(t.Context(), tt.q); err != nil || got != sqlite.ListQueries[tt.want] {
			t.Errorf("%+v: error %v, the query is\n%s\nwant %s", tt.q, err, got, tt.want)
		}
	}
}

// TestAListGoesOnAfterDamage has more damaged pages in a row than are read at a
// time.
func TestAListGoesOnAfterDamage(t *testing.T) {
	path := storePath(t)
	s := open(t, path, sqlite.Options{})
	for _, p := range paths("/%02d", 40) {
		put(t, s, page(p, 1, p, "t"))
	}
	const damage = `UPDATE pages SET status = 404 WHERE key < '/05' OR key > '/10' AND key < '/20'`
	if err := execRaw(t.Context(), t, path, damage); err != nil {
		t.Fatal(err)
	}
	want := []string{"/05", "/06", "/07", "/08", "/09", "/10", "/20", "/21"}
	for _, tag := range []string{"", "t"} {
		for n := range len(want) {
			if got := listed(t, s, reprint.ListQuery{Tag: tag, Limit: n + 1}); !slices.Equal(got, want[:n+1]) {
				t.Errorf("tag %q, limit %d: got %q, want %q", tag, n+1, got, want[:n+1])
			}
		}
	}
	if got := s.Stats(); got.Damaged != 0 || got.Pages != 40 {
		t.Errorf("a list has dropped pages: Stats says %+v", got)
	}
}

func TestAListAndTheWriterDoNotWaitForEachOther(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{})
	put(t, s, page("/a", 1, "x", "t"))
	release := s.Hold()
	wantListed(t, s, "t", "/a")
	release()
	put(t, s, page("/b", 1, "x", "t"))
	wantListed(t, s, "t", "/a", "/b")
}

func TestBeingListedIsNoUse(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{MaxPages: 2})
	var c clock
	s.SetNow(c.now)
	put(t, s, page("/1", 1, "x", "t"))
	c.minutes = 1
	put(t, s, page("/2", 1, "x", "t"))
	c.minutes = 2
	if got := listed(t, s, reprint.ListQuery{Tag: "t", Limit: 1}); !slices.Equal(got, []string{"/1"}) {
		t.Fatalf("got %q", got)
	}
	if _, err := s.Append(t.Context(), entry("x")); err != nil { // writes what was used
		t.Fatal(err)
	}
	put(t, s, page("/3", 1, "x", "t"))
	wantListed(t, s, "t", "/2", "/3")
}
