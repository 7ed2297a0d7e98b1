package main

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
)

// rename saves an author under another name, as the form does, and returns the receipt
// when every page is printed.
func (p *press) rename(id int64, name string) *reprint.Receipt {
	p.t.Helper()
	a, err := p.db.Public().Author(p.t.Context(), id)
	if err != nil {
		p.t.Fatal(err)
	}
	p.byOneCall(func() {
		p.edit(http.MethodPost, "/admin/authors/"+itoa(id), url.Values{"name": {name}, "role": {a.Role}, "bio": {a.Bio}})
	})
	var receipt *reprint.Receipt
	eventually(p.t, 20*time.Second, "every page is printed", func() bool {
		_, receipt = p.lastChange()
		return receipt != nil && !receipt.Running
	})
	return receipt
}

// TestRenamedAuthorIsOnEveryPageAndReadOnce: pages share what they show of an author.
func TestRenamedAuthorIsOnEveryPageAndReadOnce(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	const first, second = "Olwen Pascoe", "Olwen Pascoe-Rhys"
	p.rename(8, first) // the other authors of those pages are read, too
	before, reads := p.everyPage(), p.authorReads.Load()
	receipt := p.rename(8, second)
	if n := p.authorReads.Load() - reads; n != 1 {
		t.Errorf("authors were read %d times, want once", n)
	}
	after := p.everyPage()

	var named []string
	for path, a := range before {
		if strings.Contains(a.body, first) {
			named = append(named, path)
		}
		if had, has := strings.Count(a.body, first), strings.Count(after[path].body, second); had != has {
			t.Errorf("%s named the author %d times and now does %d times", path, had, has)
		}
	}
	slices.Sort(named)
	for _, path := range []string{"/", "/posts", "/posts/110", "/authors/8", "/feed.xml"} {
		if !slices.Contains(named, path) {
			t.Errorf("%s does not name the author: this test shows less than it should", path)
		}
	}
	named = append(named, "/sitemap.xml")
	if got := pagesOf(receipt, reprint.ResultRegenerated, reprint.ResultUnchanged); !slices.Equal(got, named) {
		t.Errorf("printed again:    %v\nname the author: %v", got, named)
	}
	if changed := differing(before, after); receipt.Regenerated != len(changed) || receipt.Failed != 0 || receipt.Matched != len(named) {
		t.Errorf("the receipt counts %d of %d, %d failed; %d pages differ", receipt.Regenerated, receipt.Matched, receipt.Failed, len(changed))
	}
}

// TestReceiptCountsWhileItRuns asks for it as the editor's browser does, each time that
// the answer says so.
func TestReceiptCountsWhileItRuns(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t), func(c *config) { c.slow = 100 * time.Millisecond })
	a := p.edit(http.MethodPost, "/admin/authors/8", url.Values{"name": {"Olwen Pascoe"}})
	change, receipt := p.lastChange()
	if receipt == nil || !receipt.Running || !strings.Contains(a.body, "Being printed") {
		t.Fatalf("at once the receipt is %+v, on a page that says %s", receipt, a.body)
	}
	counts := make(map[int]bool)
	for a.header.Get("Refresh") != "" {
		_, r := p.lastChange()
		counts[r.Matched] = true
		time.Sleep(10 * time.Millisecond)
		a = p.edit(http.MethodGet, "/admin/changes/"+itoa(change.ID), nil)
	}
	if len(counts) < 3 {
		t.Errorf("while it ran it counted %v", slices.Sorted(maps.Keys(counts)))
	}
	if !strings.Contains(a.body, "Every visitor gets it now.") {
		t.Errorf("at last the receipt says %s", a.body)
	}
}

func TestAuthorFormThatIsWrongSavesNothing(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	for _, name := range []string{"  ", strings.Repeat("x", 101)} {
		if a := p.edit(http.MethodPost, "/admin/authors/8", url.Values{"name": {name}}); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "Not saved") {
			t.Errorf("a name of %d bytes answers %d, want 422", len(name), a.status)
		}
	}
	if a := p.edit(http.MethodPost, "/admin/authors/99", url.Values{"name": {"Nobody"}}); a.status != http.StatusNotFound {
		t.Errorf("an author who is not there answers %d, want 404", a.status)
	}
	if changes, err := p.db.Pending(t.Context()); err != nil || len(changes) > 0 {
		t.Errorf("saved: %v (%v)", changes, err)
	}
}
