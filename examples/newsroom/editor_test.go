package main

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/examples/newsroom/content"
)

// everyPage returns what visitors get of each page that the site lists, and of
// the paths named in more.
func (p *press) everyPage(more ...string) map[string]answer {
	p.t.Helper()
	pages := make(map[string]answer)
	for _, r := range p.routes() {
		for path, err := range r.policy.Prerender(p.t.Context()) {
			if err != nil {
				p.t.Fatal(err)
			}
			pages[path] = p.get(path)
		}
	}
	for _, path := range more {
		pages[path] = p.get(path)
	}
	return pages
}

// showing returns the pages on which an item is to be seen: its own, and those
// that link to it.
func showing(pages map[string]answer, own string) []string {
	var paths []string
	for path, a := range pages {
		if path == own && a.status == http.StatusOK || strings.Contains(a.body, `href="`+own+`"`) {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

func differing(before, after map[string]answer) []string {
	var paths []string
	for path := range after {
		if before[path].status != after[path].status || before[path].body != after[path].body {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// pagesOf returns the pages of a receipt that have one of the results.
func pagesOf(r *reprint.Receipt, results ...reprint.Result) []string {
	var paths []string
	for _, page := range r.Pages {
		if slices.Contains(results, page.Result) {
			paths = append(paths, page.Path)
		}
	}
	slices.Sort(paths)
	return paths
}

// TestEditsReprintExactlyThePagesThatShowTheItem is the newsroom's main job: for
// each kind of edit the pages that the receipt names are compared with the pages
// on which the item is to be seen, before or after, and those that it calls
// changed with those that did change.
func TestEditsReprintExactlyThePagesThatShowTheItem(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	tests := []struct {
		name string
		kind content.Kind
		id   int64
		edit func(url.Values)
		also []string // pages that are printed although they do not show it
	}{
		{name: "a post's title", kind: content.KindPost, id: 109, edit: func(f url.Values) { f.Set("title", "Eleven years of one wave") }},
		{name: "a post's text", kind: content.KindPost, id: 42, edit: func(f url.Values) { f.Set("body", "Nothing but this.") }},
		{name: "an old post's section", kind: content.KindPost, id: 3, edit: func(f url.Values) { f.Set("topic", "Letters") }},
		{name: "nothing at all", kind: content.KindPost, id: 50, edit: func(url.Values) {}},
		{name: "a product's price", kind: content.KindProduct, id: 86, edit: func(f url.Values) { f.Set("price", "£1.05") }},
		{name: "a product's stock", kind: content.KindProduct, id: 1, edit: func(f url.Values) { f.Set("stock", "0") }},
		{name: "an event's place", kind: content.KindEvent, id: 7, edit: func(f url.Values) { f.Set("place", "In the rain") }},
		{name: "another author", kind: content.KindPost, id: 108, edit: func(f url.Values) { f.Set("author", "10") }},
		{name: "an event is put off", kind: content.KindEvent, id: 7, edit: func(f url.Values) {
			f.Set("begins", time.Now().AddDate(0, 0, 3).Format(momentFormat))
			f.Set("ends", time.Now().AddDate(0, 0, 4).Format(momentFormat))
		}},
		{name: "a product is taken out", kind: content.KindProduct, id: 84, edit: func(f url.Values) { f.Del("visible") },
			also: []string{"/", "/products/84", "/products", "/products?page=2", "/products?page=3", "/products?page=4"}},
		{name: "and put back", kind: content.KindProduct, id: 84, edit: func(f url.Values) { f.Set("visible", "yes") },
			also: []string{"/", "/products/84", "/products", "/products?page=2", "/products?page=3", "/products?page=4"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			own := test.kind.Path(test.id)
			form := p.form(p.record(test.kind, test.id))
			test.edit(form)

			before := p.everyPage(own)
			if a := p.edit(http.MethodPost, editPath(test.kind, test.id), form); a.status != http.StatusOK || !strings.Contains(a.body, "Every visitor gets it now.") {
				t.Fatalf("saving leads to %d %s", a.status, a.body)
			}
			after := p.everyPage(own)

			_, receipt := p.lastChange()
			want := append(showing(before, own), showing(after, own)...)
			want = append(append(want, test.also...), "/sitemap.xml")
			slices.Sort(want)
			want = slices.Compact(want)
			if got := pagesOf(receipt, reprint.ResultRegenerated, reprint.ResultUnchanged); !slices.Equal(got, want) {
				t.Errorf("printed again: %v\nshow the item:  %v", got, want)
			}
			if got, want := pagesOf(receipt, reprint.ResultRegenerated), differing(before, after); !slices.Equal(got, want) {
				t.Errorf("said to have changed: %v\ndid change:           %v", got, want)
			}
		})
	}
}

func TestNewPostIsOnEveryListAtOnce(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	form := p.form(&content.Post{
		Item:     content.Item{Topic: "Town", Title: "Snow on the quay", Summary: "It lay until nine.", Body: "It *did*.", Visible: true},
		AuthorID: 5, Published: time.Now(),
	})
	if a := p.edit(http.MethodPost, "/admin/items/post/new", form); !strings.Contains(a.body, "Every visitor gets it now.") {
		t.Fatalf("saving leads to %d %s", a.status, a.body)
	}
	change, receipt := p.lastChange()
	for _, path := range []string{"/", "/posts", "/authors/5", "/feed.xml"} {
		if a := p.get(path); a.status != http.StatusOK || !strings.Contains(a.body, "Snow on the quay") {
			t.Errorf("%s answers %d without the new post", path, a.status)
		}
		if !slices.Contains(pagesOf(receipt, reprint.ResultRegenerated), path) {
			t.Errorf("%s is not on the receipt", path)
		}
	}
	if a := p.get(change.Path()); a.status != http.StatusOK || !strings.Contains(a.body, "<em>did</em>") {
		t.Errorf("its page answers its first visit %d %s", a.status, a.body)
	}
}

func TestUnpublishedAndDeletedPagesAreGone(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	shown := func(path, title string) bool { return strings.Contains(p.get(path).body, title) }
	rec := p.record(content.KindPost, 107)
	title, form := rec.Common().Title, p.form(rec)

	form.Del("visible")
	p.edit(http.MethodPost, "/admin/items/post/107", form)
	if a := p.get("/posts/107"); a.status != http.StatusNotFound || shown("/", title) || shown("/posts", title) {
		t.Errorf("unpublished: its page answers %d, want 404, and no list may show it", a.status)
	}
	form.Set("visible", "yes")
	p.edit(http.MethodPost, "/admin/items/post/107", form)
	if a := p.get("/posts/107"); a.status != http.StatusOK || !shown("/", title) || !shown("/posts", title) {
		t.Errorf("published again: its page answers %d, want 200, and the lists show it", a.status)
	}
	p.edit(http.MethodPost, "/admin/items/post/107/delete", nil)
	if a := p.get("/posts/107"); a.status != http.StatusNotFound || shown("/", title) || shown("/feed.xml", title) {
		t.Errorf("deleted: its page answers %d, want 404, and no list may show it", a.status)
	}
	if a := p.edit(http.MethodGet, "/admin/items/post/107", nil); a.status != http.StatusNotFound {
		t.Errorf("the form of a deleted post answers %d, want 404", a.status)
	}
}

// TestPageOfAnUnwrittenPostAppears: somebody followed a link too early.
func TestPageOfAnUnwrittenPostAppears(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	ids, err := p.db.Public().IDs(t.Context(), content.KindPost)
	if err != nil {
		t.Fatal(err)
	}
	next := content.KindPost.Path(slices.Max(ids) + 1)
	if a := p.get(next); a.status != http.StatusNotFound {
		t.Fatalf("%s answers %d before it is written", next, a.status)
	}
	p.edit(http.MethodPost, "/admin/items/post/new", p.form(&content.Post{Item: content.Item{Topic: "Town", Title: "Here it is", Visible: true}, AuthorID: 1, Published: time.Now()}))
	if a := p.get(next); a.status != http.StatusOK {
		t.Errorf("%s answers %d after it is written; its 404 stayed", next, a.status)
	}
}

// TestSaveIsFinishedWithoutItsEditor: whoever saves and closes the window at once
// has saved all the same, and the pages are told.
func TestSaveIsFinishedWithoutItsEditor(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t), func(c *config) { c.slow = time.Second })
	form := p.form(p.record(content.KindPost, 42))
	form.Set("title", "Saved on the way out")
	ctx, leave := context.WithCancel(t.Context())
	r := p.request(http.MethodPost, "/admin/items/post/42", strings.NewReader(form.Encode())).WithContext(ctx)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	left := make(chan error, 1)
	go func() {
		response, err := p.client.Do(r)
		if err == nil {
			response.Body.Close()
		}
		left <- err
	}()
	pending := func() bool {
		changes, err := p.db.Pending(t.Context())
		return err == nil && len(changes) == 1
	}
	eventually(t, 5*time.Second, "saved", pending)
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Fatalf("the editor was still there when it was done (%v): this test shows nothing", err)
	}
	eventually(t, 10*time.Second, "the pages are told", func() bool { return !pending() })
	if !strings.Contains(p.get("/posts/42").body, "Saved on the way out") {
		t.Error("the page is old")
	}
}

func TestDraftsPrintNothing(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	form := p.form(&content.Post{Item: content.Item{Topic: "Town", Title: "Not yet"}, AuthorID: 1, Published: time.Now()})
	if a := p.edit(http.MethodPost, "/admin/items/post/new", form); !strings.Contains(a.body, "no page had to be printed") {
		t.Errorf("saving a draft leads to %d %s", a.status, a.body)
	}
	if change, receipt := p.lastChange(); receipt != nil || !change.Done {
		t.Errorf("change %+v, receipt %+v; want done, and none", change, receipt)
	}
}

// TestPreviewIsForTheEditorAlone: what is not published is shown to the browser
// that asked for it, and neither stored nor shown to anybody else.
func TestPreviewIsForTheEditorAlone(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	form := p.form(p.record(content.KindPost, 110))
	form.Del("visible")
	form.Set("title", "A title that is not out yet")
	p.edit(http.MethodPost, "/admin/items/post/110", form)

	a := p.edit(http.MethodPost, "/admin/items/post/110/preview", nil)
	if a.status != http.StatusOK || !strings.Contains(a.body, form.Get("title")) || !strings.Contains(a.body, "Draft preview") {
		t.Fatalf("the preview answers %d %s", a.status, a.body)
	}
	if cc := a.header.Get("Cache-Control"); !strings.Contains(cc, "no-store") {
		t.Errorf("the preview may be stored: Cache-Control %q", cc)
	}
	for _, path := range []string{"/posts/110", "/", "/posts"} {
		if editor := p.edit(http.MethodGet, path, nil); !strings.Contains(editor.body, form.Get("title")) {
			t.Errorf("%s does not show the editor the draft", path)
		}
		if strings.Contains(p.get(path).body, form.Get("title")) {
			t.Errorf("%s shows a visitor the draft", path)
		}
	}
	if page := p.stored("/posts/110"); page == nil || page.Status != http.StatusNotFound {
		t.Errorf("stored is %+v, want the 404", page)
	}
	p.edit(http.MethodPost, "/admin/preview/leave", nil)
	if a := p.edit(http.MethodGet, "/posts/110", nil); a.status != http.StatusNotFound {
		t.Errorf("after the preview its page answers %d, want 404", a.status)
	}
}

func TestFormsThatAreWrongSaveNothing(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	tests := []struct {
		kind         content.Kind
		field, value string
		want         string
	}{
		{content.KindPost, "title", "  ", "is needed"},
		{content.KindPost, "title", strings.Repeat("x", 201), "is longer than 200 bytes"},
		{content.KindPost, "topic", "Gossip", "is none of those offered"},
		{content.KindPost, "author", "x", "is none of those offered"},
		{content.KindPost, "author", "11", "is none of those offered"},
		{content.KindPost, "published", "yesterday", "must be a date"},
		{content.KindProduct, "price", "1,50", "write a price"},
		{content.KindProduct, "stock", "-1", "must be a number from 0"},
		{content.KindEvent, "place", "", "is needed"},
		{content.KindEvent, "ends", "2001-01-01T00:00", "must be after the beginning"},
	}
	for _, test := range tests {
		t.Run(string(test.kind)+" "+test.field, func(t *testing.T) {
			before := p.form(p.record(test.kind, 7))
			form := maps.Clone(before)
			form.Set(test.field, test.value)
			a := p.edit(http.MethodPost, editPath(test.kind, 7), form)
			if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, test.want) {
				t.Errorf("answers %d, want 422 with %q", a.status, test.want)
			}
			if after := p.form(p.record(test.kind, 7)); !maps.EqualFunc(before, after, slices.Equal) {
				t.Errorf("saved %v", after)
			}
		})
	}
}

// TestWhatIsWrittenIsNotHTML: an item may hold anything, and shows as it is.
func TestWhatIsWrittenIsNotHTML(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	const attack = `<script>alert(1)</script><img src=x onerror=alert(1)> "><svg onload=alert(1)> *<i>*`
	form := p.form(p.record(content.KindPost, 110))
	for _, field := range []string{"title", "summary"} {
		form.Set(field, attack)
	}
	form.Set("body", attack+"\n\n## "+attack+"\n\n> "+attack+"\n\n- "+attack)
	receipt := p.edit(http.MethodPost, "/admin/items/post/110", form)
	places := map[string]string{"the receipt": receipt.body, "the form": p.edit(http.MethodGet, "/admin/items/post/110", nil).body, "the editor's list": p.edit(http.MethodGet, "/admin/?q="+url.QueryEscape(attack), nil).body, "the history": p.edit(http.MethodGet, "/admin/changes", nil).body}
	for _, path := range []string{"/posts/110", "/", "/posts", "/authors/8", "/feed.xml"} {
		places[path] = p.get(path).body
	}
	for place, body := range places {
		if !strings.Contains(body, "&lt;script&gt;alert(1)") {
			t.Errorf("%s does not show the text", place)
		}
		for _, live := range []string{"<script>alert", "<img src=x", "<svg onload", "<i>"} {
			if strings.Contains(body, live) {
				t.Errorf("%s holds %s as it is", place, live)
			}
		}
	}
}

func TestSearch(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	form := p.form(p.record(content.KindProduct, 30))
	form.Del("visible")
	form.Set("title", `100% wool_en "socks"`)
	p.edit(http.MethodPost, "/admin/items/product/30", form)
	for query, want := range map[string]bool{
		"?kind=product&q=WOOL":               true,
		"?kind=product&q=%25+wool_en":        true,
		"?kind=product&q=30":                 true,
		"?kind=product&state=hidden":         true,
		"?kind=product&q=wool&state=live":    false,
		"?kind=product&q=w%25l":              false, // a percent sign is one
		"?kind=post&q=wool":                  false,
		"?kind=nonsense&q=wool":              false,
		"?kind=product&q=" + "'%3B+DROP+--+": false,
	} {
		a := p.edit(http.MethodGet, "/admin/"+query, nil)
		if got := strings.Contains(a.body, "100% wool_en &#34;socks&#34;"); a.status != http.StatusOK || got != want {
			t.Errorf("%s: status %d, found %v, want %v", query, a.status, got, want)
		}
	}
}
