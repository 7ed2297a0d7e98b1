package main

import (
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

var (
	links    = regexp.MustCompile(`(?:href|src)="([^"]+)"`)
	headings = regexp.MustCompile(`<h1[^>]*>[^<]+</h1>`)
)

// TestEveryLinkLeadsSomewhere walks the whole site as a crawler does.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	seen, queue := map[string]bool{"/": true}, []string{"/"}
	pages := 0
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		a := p.get(path)
		if a.status != http.StatusOK {
			t.Errorf("%s is linked and answers %d", path, a.status)
			continue
		}
		if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			continue
		}
		pages++
		if !headings.MatchString(a.body) {
			t.Errorf("%s has no heading", path)
		}
		for _, link := range links.FindAllStringSubmatch(a.body, -1) {
			to, _, _ := strings.Cut(strings.ReplaceAll(link[1], "&amp;", "&"), "#")
			switch {
			case to == "" || strings.HasPrefix(to, "/admin/"):
			case !strings.HasPrefix(to, "/"):
				t.Errorf("%s links to %s, which is not on this site", path, to)
			case !seen[to]:
				seen[to] = true
				queue = append(queue, to)
			}
		}
	}
	if pages < 250 {
		t.Errorf("a walk from the front page finds %d pages, want a few hundred", pages)
	}
}

func TestPagesArePrintedAheadAndStay(t *testing.T) {
	noLeaks(t)
	p := start(t, filepath.Join(t.TempDir(), "made", "at", "start"))
	for _, path := range []string{"/", "/posts", "/posts?page=2", "/posts/42", "/products", "/products/9", "/events", "/events/40", "/authors/3", "/feed.xml", "/sitemap.xml"} {
		first, second := p.get(path), p.get(path)
		if got := first.header.Get("Cache-Status"); !strings.HasPrefix(got, "reprint; hit") {
			t.Errorf("first visit of %s: Cache-Status %q, want a hit", path, got)
		}
		if first.header.Get(printedHeader) != second.header.Get(printedHeader) || first.body != second.body {
			t.Errorf("%s changed between two visits", path)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"} {
			if got := first.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		if csp := first.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("%s: Content-Security-Policy is %q", path, csp)
		}
	}
}

// TestPrintAgainKeepsETag shows why the time of printing is not in the page.
func TestPrintAgainKeepsETag(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	before := p.get("/posts/42")
	eventually(t, 5*time.Second, "a new print", func() bool {
		if err := p.site.Revalidate(t.Context(), "/posts/42"); err != nil {
			t.Fatal(err)
		}
		return p.get("/posts/42").header.Get(printedHeader) != before.header.Get(printedHeader)
	})
	if after := p.get("/posts/42"); after.header.Get("Etag") != before.header.Get("Etag") {
		t.Errorf("ETag %s became %s although nothing was changed", before.header.Get("Etag"), after.header.Get("Etag"))
	}
}

func TestWhatDoesNotExist(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	for _, path := range []string{"/posts/9999", "/posts/042", "/posts/+42", "/posts/x", "/products/0", "/events/-1", "/authors/99", "/posts?page=0", "/posts?page=99", "/products?page=02", "/nowhere", "/posts/42/more"} {
		if a := p.get(path); a.status != http.StatusNotFound || !strings.Contains(a.body, "Not in this edition") {
			t.Errorf("%s answers %d, want a 404 that looks like the site", path, a.status)
		}
	}
	for _, path := range []string{"/assets/none.css", "/assets/../main.go", "/assets/art/Harbour.svg", "/assets/art/Secret-1.svg", "/assets/art/"} {
		if a := p.get(path); a.status != http.StatusNotFound {
			t.Errorf("%s answers %d, want 404", path, a.status)
		}
	}
}

func TestPagesCanOnlyBeRead(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		a := p.do(p.client, p.request(method, "/posts/42", nil))
		if a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s answers %d, Allow %q; want 405, \"GET, HEAD\"", method, a.status, a.header.Get("Allow"))
		}
	}
}

func TestSlowDataIsWaitedForOnce(t *testing.T) {
	noLeaks(t)
	const slow = 20 * time.Millisecond
	p := start(t, t.TempDir(), func(c *config) { c.slow = slow })
	page := p.stored("/posts/42")
	if page.RenderTook < slow {
		t.Errorf("the page was printed in %v, and its data alone takes %v", page.RenderTook, slow)
	}
	for range 50 {
		p.get("/posts/42")
	}
	if after := p.stored("/posts/42"); after.RenderedAt != page.RenderedAt {
		t.Error("the page was printed again for its visitors")
	}
}

// TestPagesCarryTheTagsOfWhatTheyShow: also the page of a post that is not there
// carries its tag, so that it is put right when there is one.
func TestPagesCarryTheTagsOfWhatTheyShow(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	p.get("/posts/9999")
	p.get("/products?page=9")
	for path, want := range map[string][]string{
		"/":                {"type:post", "type:product", "type:event", "post:110", "author:8", "product:86"},
		"/posts":           {"type:post", "post:110", "author:8"},
		"/posts?page=2":    {"type:post"},
		"/posts/110":       {"post:110", "author:8"},
		"/posts/9999":      {"post:9999"},
		"/authors/8":       {"author:8", "posts-by:8", "post:110"},
		"/feed.xml":        {"type:post", "post:110"},
		"/sitemap.xml":     {"sitemap"},
		"/products":        {"type:product", "product:86"},
		"/products/86":     {"product:86"},
		"/products?page=9": {"type:product"},
		"/events":          {"type:event", "event:7"},
		"/events/7":        {"event:7"},
	} {
		tags := p.stored(path).Tags
		for _, tag := range want {
			if !slices.Contains(tags, tag) {
				t.Errorf("%s does not carry %s, but %v", path, tag, tags)
			}
		}
	}
}
