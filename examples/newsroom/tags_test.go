package main

import (
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/examples/newsroom/content"
)

var shownTitle = regexp.MustCompile(`A title that is \w+`)

// entriesAfter returns what the journal holds after a position: one entry for each
// call that revalidates.
func (p *press) entriesAfter(position reprint.Position) []reprint.Entry {
	p.t.Helper()
	var entries []reprint.Entry
	for e, err := range p.store.Entries(p.t.Context(), position) {
		if err != nil {
			p.t.Fatal(err)
		}
		entries = append(entries, e)
	}
	return entries
}

// byOneCall does what an editor does and checks that it revalidates with one call
// that names tags and nothing else: the tags of paths, prefixes and routes hold a
// space.
func (p *press) byOneCall(do func()) {
	p.t.Helper()
	before := p.site.Status().Position
	p.called = time.Now()
	do()
	entries := p.entriesAfter(before)
	if len(entries) != 1 {
		p.t.Fatalf("%d calls, want one: %+v", len(entries), entries)
	}
	if slices.ContainsFunc(entries[0].Tags, func(tag string) bool { return strings.Contains(tag, " ") }) {
		p.t.Errorf("the call names %q, want tags only", entries[0].Tags)
	}
}

// TestEveryChangeIsOneCallByTags creates, edits, unpublishes, publishes and deletes
// an item of each kind. After each of these every page says what is so: its own, the
// lists, the front page, the feed and the sitemap.
func TestEveryChangeIsOneCallByTags(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	item := func(topic string) content.Item { return content.Item{Topic: topic, Visible: true} }
	soon := time.Now().Add(90 * time.Minute).Truncate(time.Second)
	tests := []struct {
		record content.Record
		on     []string // pages that show it by its title
	}{
		{&content.Post{Item: item("Town"), AuthorID: 5, Published: time.Now()}, []string{"/", "/posts", "/authors/5", "/feed.xml"}},
		{&content.Product{Item: item("Books"), Price: 100, Stock: 3}, []string{"/", "/products"}},
		{&content.Event{Item: item("Talk"), Place: "The quay", Begins: soon, Ends: soon.Add(time.Hour)}, []string{"/", "/events"}},
	}
	for _, test := range tests {
		kind := test.record.Kind()
		t.Run(string(kind), func(t *testing.T) {
			ids, err := p.db.Everything().IDs(t.Context(), kind)
			if err != nil {
				t.Fatal(err)
			}
			id := slices.Max(ids) + 1
			own, first, second := kind.Path(id), "A title that is new", "A title that is corrected"
			test.record.Common().Title = first
			form := p.form(test.record)
			post := func(path string, form url.Values) func() { return func() { p.edit(http.MethodPost, path, form) } }

			check := func(deed, title string) {
				t.Helper()
				p.showsOn(deed, title, own, test.on...)
				p.mapsOut(deed, own, listPath(kind, 1), title != "")
			}
			if a := p.get(own); a.status != http.StatusNotFound {
				t.Fatalf("%s answers %d before it is written", own, a.status)
			}
			p.byOneCall(post("/admin/items/"+string(kind)+"/new", form))
			check("created", first)
			form.Set("title", second)
			p.byOneCall(post(editPath(kind, id), form))
			check("edited", second)
			form.Del("visible")
			p.byOneCall(post(editPath(kind, id), form))
			check("unpublished", "")
			form.Set("visible", "yes")
			p.byOneCall(post(editPath(kind, id), form))
			check("published", second)
			p.byOneCall(post(editPath(kind, id)+"/delete", nil))
			check("deleted", "")
		})
	}
}

// showsOn checks that visitors find an item by its title on its own page and on others,
// or nowhere when the title is empty. Nobody waits for it: every page is there already.
func (p *press) showsOn(deed, title, own string, on ...string) {
	p.t.Helper()
	for _, path := range append([]string{own}, on...) {
		a := p.get(path)
		if got := a.header.Get("Cache-Status"); !strings.HasPrefix(got, "reprint; hit") {
			p.t.Errorf("%s: %s: Cache-Status %q, want a hit", deed, path, got)
		}
		if got := shownTitle.FindString(a.body); got != title {
			p.t.Errorf("%s: %s shows %q, want %q", deed, path, got, title)
		}
		want := http.StatusOK
		if path == own && title == "" {
			want = http.StatusNotFound
		}
		if a.status != want {
			p.t.Errorf("%s: %s answers %d, want %d", deed, path, a.status, want)
		}
	}
}

// mapsOut checks that the sitemap holds the page of an item, or does not, and that it
// says of the page and of the list that they were changed by the last call.
func (p *press) mapsOut(deed, own, list string, shown bool) {
	p.t.Helper()
	modified := p.sitemapOf()
	if _, on := modified[own]; on != shown {
		p.t.Errorf("%s: the sitemap holds %s: %v", deed, own, on)
	}
	for _, path := range []string{own, list, "/"} {
		if at, on := modified[path]; on && at.Before(p.called.Truncate(time.Second)) {
			p.t.Errorf("%s: by the sitemap %s was changed at %v, and it was after %v", deed, path, at, p.called)
		}
	}
}

// sitemapOf returns what the sitemap holds: paths, and when they were changed.
func (p *press) sitemapOf() map[string]time.Time {
	p.t.Helper()
	a := p.get("/sitemap.xml")
	var set sitemapSet
	if err := xml.Unmarshal([]byte(a.body), &set); err != nil || a.header.Get("Content-Type") != "application/xml; charset=utf-8" {
		p.t.Fatalf("the sitemap is %s: %v", a.header.Get("Content-Type"), err)
	}
	modified := make(map[string]time.Time)
	for _, u := range set.URLs {
		path, whole := strings.CutPrefix(u.Loc, siteAddress)
		at, err := time.Parse(time.RFC3339, u.LastMod)
		if err != nil || !whole || modified[path] != (time.Time{}) {
			p.t.Errorf("the sitemap says of %q that it was changed at %q", u.Loc, u.LastMod)
		}
		modified[path] = at
	}
	return modified
}

// TestSitemapIsWhole: it holds what is printed ahead, but for what is no page of its
// own: the further parts of lists, the feed and itself.
func TestSitemapIsWhole(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	var want []string
	for path := range p.everyPage() {
		if !strings.Contains(path, "?") && !strings.HasSuffix(path, ".xml") {
			want = append(want, path)
		}
	}
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(p.sitemapOf())); !slices.Equal(got, want) {
		t.Errorf("the sitemap holds %v\nand there are    %v", got, want)
	}
}
