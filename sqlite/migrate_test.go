package sqlite_test

import (
	"encoding/json"
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

// What testdata/v1.sqlite holds: a store that was written when the format was 1, with
// one page more whose row was damaged afterwards.
func v1Pages() []*reprint.Page {
	post := page("/posts/42", 3, "<h1>Hello</h1>", "path /posts/42", "post:42", "site *")
	post.Key = reprint.Key{Host: "example.com", Path: "/posts/42", Query: "page=2", Variant: "Accept-Language=de"}
	post.Header = http.Header{"Content-Type": {"text/html; charset=utf-8"}, "Link": {"</b>; rel=next", "</a>; rel=prev"}}
	event := page("/events/1", 0, "soon", "event:1", "site *")
	event.Due, event.RenderTook, event.Cause = epoch.Add(time.Hour), 25*time.Millisecond, "prerender"
	gone := page("/posts/7", 4, "not here", "post:7", "site *")
	gone.Status, gone.Cause = http.StatusNotFound, "revalidate r-2"
	copied := page("/posts/8", 2, "not here", "post:8", "site *")
	empty := page("/empty", 1, "")
	return []*reprint.Page{post, event, gone, copied, empty}
}

func v1Entries() []reprint.Entry {
	var entries []reprint.Entry
	for i, mode := range []reprint.Mode{reprint.Regenerate, reprint.Stale, reprint.Expire, reprint.Delete, reprint.Stale} {
		e := entry("post:42", "type:post")
		e.ID, e.Mode, e.By = "r-"+mode.String(), mode, "editor"
		e.Time = epoch.Add(time.Duration(i) * time.Minute)
		entries = append(entries, e)
	}
	return entries
}

func v1Receipt() *reprint.Receipt {
	return &reprint.Receipt{
		ID: "r-stale", Position: 5, Mode: reprint.Stale, By: "editor", At: epoch, Matched: 1, Took: time.Millisecond,
		Pages: []reprint.PageResult{{Path: "/posts/42", Result: reprint.ResultStale}},
	}
}

// v2Pages are those of testdata/v2.sqlite, which has what v1.sqlite has and was
// written when the format was 2.
func v2Pages() []*reprint.Page {
	pages := v1Pages()
	pages[0].Checked = 5
	pages[2].Overtaken = true
	return pages
}

// v3Pages are those of testdata/v3.sqlite, of which one says how long it lives.
func v3Pages() []*reprint.Page {
	pages := v2Pages()
	pages[1].Lifetime = &reprint.Lifetime{Fresh: 3, WhileRevalidate: 1}
	return pages
}

// v4Pages are those of testdata/v4.sqlite, of which one is pinned. The first has an
// encoding.
func v4Pages() []*reprint.Page {
	pages := v3Pages()
	pages[1].Pinned = true
	return pages
}

// fewerVisits is how many visits one page in a file has fewer than another: the one of
// a page in v3.sqlite was a day before, and in v4.sqlite a page has two.
var fewerVisits = map[int]float64{1: 0, 2: 0, 3: 0.5, 4: 1}

func TestMigrate(t *testing.T) {
	for from, pages := range map[int][]*reprint.Page{1: v1Pages(), 2: v2Pages(), 3: v3Pages(), 4: v4Pages()} {
		t.Run(fmt.Sprintf("from format %d", from), func(t *testing.T) {
			path := storePath(t)
			old, err := os.ReadFile(fmt.Sprintf("testdata/v%d.sqlite", from))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, old, 0o600); err != nil {
				t.Fatal(err)
			}
			if got := one[int](t, path, "PRAGMA user_version"); got != from {
				t.Fatalf("the file has format %d", got)
			}
			s := open(t, path, sqlite.Options{})
			wantMigrated(t, s, pages)
			closeStore(t, s)
			if got := one[int](t, path, "PRAGMA user_version"); got != sqlite.FormatVersion {
				t.Errorf("the file has format %d after the migration", got)
			}
			const apart = "SELECT round(pow(2, max(visits)) - pow(2, min(visits)), 3) FROM pages"
			if got := one[float64](t, path, apart); got != fewerVisits[from] {
				t.Errorf("one page has %v visits fewer than another, want %v", got, fewerVisits[from])
			}
			if got := one[int64](t, path, "SELECT saved_at FROM receipts"); got != epoch.Truncate(time.Second).UnixMicro() {
				t.Errorf("the receipt was saved at %d", got)
			}
			wantIntact(t, path)
			wantSameTables(t, path)
			wantWritable(t, path)
		})
	}
}

// wantMigrated checks that everything of the old file is there.
func wantMigrated(t *testing.T, s *sqlite.Store, pages []*reprint.Page) {
	t.Helper()
	list, err := s.List(t.Context(), reprint.ListQuery{Limit: 100})
	if err != nil || len(list) != len(pages) {
		t.Errorf("%d pages are listed, error %v; want %d", len(list), err, len(pages))
	}
	for _, want := range pages {
		got, err := s.Page(t.Context(), want.Key)
		if err != nil || got == nil {
			t.Fatalf("page %s: %v, error %v", want.Key, got, err)
		}
		if want.Body = got.Body; got.Sum != want.Sum { // Sum was checked against Body
			t.Errorf("page %s has another body", want.Key)
		}
		if len(want.Tags) == 0 {
			want.Tags = got.Tags[:0]
		}
		wantJSON(t, got, want)
	}
	if _, err := s.Page(t.Context(), key("/damaged")); !errors.Is(err, reprint.ErrDamaged) {
		t.Errorf("a page that was damaged before the migration: error %v; want ErrDamaged", err)
	}
	want := reprint.Summary{Marks: map[string]reprint.Mark{}}
	i := 0
	for e, err := range s.Entries(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		w := v1Entries()[i]
		i++
		w.Position = reprint.Position(i)
		wantJSON(t, e, w)
		want.Add(w)
	}
	got, err := s.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantJSON(t, got, want)
	r, err := s.Receipt(t.Context(), "r-stale")
	if err != nil {
		t.Fatal(err)
	}
	wantJSON(t, r, v1Receipt())
	if got := tagged(t, s, "post:42"); !slices.Equal(got, []string{v1Pages()[0].Key.String()}) {
		t.Errorf("tagged post:42: %q", got)
	}
	if due, err := s.Due(t.Context(), epoch.Add(time.Hour), 9); err != nil || len(due) != 1 {
		t.Errorf("due: %v, error %v", due, err)
	}
}

// wantWritable opens the migrated file once more and writes to it.
func wantWritable(t *testing.T, path string) {
	t.Helper()
	s := open(t, path, sqlite.Options{})
	p := page("/posts/7", 5, "back", "post:7")
	p.Overtaken, p.Pinned, p.Checked, p.Lifetime = true, true, 6, &reprint.Lifetime{Age: 1}
	put(t, s, p)
	wantJSON(t, read(t, s, "/posts/7"), p)
	if at, err := s.Append(t.Context(), entry("post:7")); err != nil || at != 6 {
		t.Errorf("appended at %d, error %v; want 6", at, err)
	}
}

// wantSameTables compares a migrated file with a new one.
func wantSameTables(t *testing.T, migrated string) {
	t.Helper()
	fresh := storePath(t)
	closeStore(t, open(t, fresh, sqlite.Options{}))
	const columns = `SELECT group_concat(m.name || '.' || c.name || ' ' || c.type || c."notnull" || c.pk || coalesce(c.dflt_value, ''), char(10))
		FROM (SELECT * FROM sqlite_schema ORDER BY name) AS m, pragma_table_info(m.name) AS c`
	if got, want := one[string](t, migrated, columns), one[string](t, fresh, columns); got != want {
		t.Errorf("the migrated file has\n%s\na new one has\n%s", got, want)
	}
	const indexes = `SELECT group_concat(sql, char(10)) FROM (SELECT sql FROM sqlite_schema WHERE type IN ('index', 'trigger') ORDER BY name)`
	if got, want := one[string](t, migrated, indexes), one[string](t, fresh, indexes); got != want {
		t.Errorf("the migrated file has\n%s\na new one has\n%s", got, want)
	}
}

func wantJSON(t *testing.T, got, want any) {
	t.Helper()
	g, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	w, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if string(g) != string(w) {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
}
