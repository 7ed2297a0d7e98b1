package main

import (
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

			check := func(deed, title string) { t.Helper(); p.showsOn(deed, title, own, test.on...) }
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
