package reprint_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dunglas/httpsfv"

	"github.com/reprint-go/reprint"
)

func TestAStoredPageIsServedAsHTTPHasIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newSite(t, reprint.Options{})
		handle(t, site, "/a", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Extra", "kept")
			w.Header().Set("Connection", "X-Hop")
			w.Header().Set("X-Hop", "dropped")
			w.Header().Set("Transfer-Encoding", "gzip, chunked")
			w.Header().Set("Age", "1000")
			w.Header().Set("Etag", `"mine"`)
			io.WriteString(w, "0123456789")
		}, reprint.Policy{Revalidate: time.Hour})
		first := get(site, "/a")
		wantCacheStatus(t, first, "fwd=miss", "fwd-status=200", "stored")
		wantBody(t, first, 200, "0123456789")
		time.Sleep(90 * time.Second)

		r := get(site, "/a")
		for name, want := range map[string]string{
			"Age": "90", "Content-Length": "10", "X-Extra": "kept", "X-Hop": "", "Connection": "", "Transfer-Encoding": "",
			"Cache-Control": "public, max-age=0, must-revalidate", "Accept-Ranges": "bytes",
			"Content-Type": "text/plain; charset=utf-8", "Etag": first.Header.Get("Etag"),
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		tag := r.Header.Get("Etag")
		if tag == `"mine"` || !strings.HasPrefix(tag, `"`) {
			t.Errorf("ETag %s", tag)
		}
		wantBody(t, r, 200, "0123456789")

		head := ask(site, "HEAD", "/a")
		if head.Header.Get("Content-Length") != "10" || head.Header.Get("Etag") != tag {
			t.Errorf("HEAD: %v", head.Header)
		}
		wantBody(t, head, 200, "")
		wantBody(t, get(site, "/a", "If-None-Match", `"x", W/`+tag), 304, "")
		wantBody(t, get(site, "/a", "If-None-Match", `"x"`), 200, "0123456789")
		wantBody(t, get(site, "/a", "If-Modified-Since", r.Header.Get("Last-Modified")), 304, "")
		part := get(site, "/a", "Range", "bytes=2-4")
		if part.Header.Get("Content-Range") != "bytes 2-4/10" {
			t.Errorf("Content-Range %q", part.Header.Get("Content-Range"))
		}
		wantBody(t, part, 206, "234")
		wantBody(t, get(site, "/a", "Range", "bytes=2-4", "If-Range", `"x"`), 200, "0123456789")
		if got := get(site, "/a", "Range", "bytes=50-"); got.StatusCode != 416 {
			t.Errorf("a range beyond the page: %d", got.StatusCode)
		}
		wantBody(t, get(site, "/a", "If-Match", `"x"`), 412, "")
		// Only GET knows ranges (RFC 9110, section 14.2).
		if head := ask(site, "HEAD", "/a", "Range", "bytes=2-4"); head.StatusCode != 200 || head.Header.Get("Content-Length") != "10" {
			t.Errorf("HEAD with a range: %d %v", head.StatusCode, head.Header)
		}
	})
}

// A cold page is asked for in part, conditionally or without its body: what is
// stored is the whole page.
func TestAConditionalOrPartialFirstRequestDoesNotSpoilThePage(t *testing.T) {
	for name, headers := range map[string][]string{
		"range": {"Range", "bytes=0-1"}, "if-none-match": {"If-None-Match", "*"}, "if-match": {"If-Match", `"x"`},
		"encoding": {"Accept-Encoding", "br"},
	} {
		site := newSite(t, reprint.Options{})
		handle(t, site, "/a", func(w http.ResponseWriter, r *http.Request) {
			if len(r.Header) > 0 {
				t.Errorf("%s: the render sees %v", name, r.Header)
			}
			io.WriteString(w, "0123456789")
		}, reprint.Policy{})
		get(site, "/a", headers...)
		wantBody(t, get(site, "/a"), 200, "0123456789")
	}
	site := newSite(t, reprint.Options{})
	handle(t, site, "/a", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Method) }, reprint.Policy{})
	wantBody(t, ask(site, "HEAD", "/a"), 200, "")
	wantBody(t, get(site, "/a"), 200, "GET")
}

func TestOtherMethodsPassThrough(t *testing.T) {
	site := newSite(t, reprint.Options{})
	handle(t, site, "/a/{id}", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s", r.Method, r.PathValue("id"), r.Header.Get("X-Own"), body)
	}, reprint.Policy{})
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		r := ask(site, method, "/a/1", "X-Own", "mine")
		wantCacheStatus(t, r, "fwd=method")
		wantBody(t, r, 200, method+" 1 mine ")
	}
	handle(t, site, "GET /get-only", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }, reprint.Policy{})
	if r := ask(site, "POST", "/get-only"); r.StatusCode != 405 || !contains(r.Header.Get("Allow"), "GET") {
		t.Errorf("POST on a pattern for GET: %d %v", r.StatusCode, r.Header)
	}
	wantBody(t, get(site, "/get-only"), 200, "ok")
}

func TestCacheStatusIsAStructuredField(t *testing.T) {
	p := newPress(0)
	site := newSite(t, reprint.Options{})
	handle(t, site, "/a/{id}", p.ServeHTTP, reprint.Policy{Revalidate: time.Hour})
	p.breakWith("/a/3", status(500))
	for _, r := range []*http.Response{
		get(site, "/a/1"), get(site, "/a/1"), get(site, "/a/3"), get(site, "/a/3"), get(site, "/none"),
		get(site, "/a/%2e%2e/b"), ask(site, "POST", "/a/1"), get(site, "/a/1", "Authorization", "x"),
	} {
		list, err := httpsfv.UnmarshalList(r.Header["Cache-Status"])
		if err != nil || len(list) != 1 {
			t.Errorf("%q: %v", r.Header["Cache-Status"], err)
			continue
		}
		item := list[0].(httpsfv.Item)
		_, hit := item.Params.Get("hit")
		_, fwd := item.Params.Get("fwd")
		if item.Value != httpsfv.Token("reprint") || hit == fwd {
			t.Errorf("%q: exactly one of hit and fwd is to be there", r.Header["Cache-Status"])
		}
	}
}

func TestCacheControlTowardsBrowsers(t *testing.T) {
	own := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=7")
		io.WriteString(w, "x")
	}
	for name, c := range map[string]struct {
		policy reprint.Policy
		h      http.HandlerFunc
		want   string
	}{
		"default":                {reprint.Policy{}, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "x") }, "public, max-age=0, must-revalidate"},
		"the handler's":          {reprint.Policy{}, own, "public, max-age=7"},
		"the route's goes first": {reprint.Policy{CacheControl: "public, max-age=9"}, own, "public, max-age=9"},
		"404":                    {reprint.Policy{CacheControl: "public, max-age=9"}, http.NotFound, "public, max-age=0, must-revalidate"},
	} {
		site := newSite(t, reprint.Options{})
		handle(t, site, "/a", c.h, c.policy)
		for range 2 {
			if got := get(site, "/a").Header.Get("Cache-Control"); got != c.want {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
	}
}

func TestVariants(t *testing.T) {
	p := newPress(0)
	p.seen = func(r *http.Request) {
		if len(r.Header) != 2 {
			t.Errorf("the render sees %v", r.Header)
		}
	}
	site := newSite(t, reprint.Options{})
	handle(t, site, "/a", func(w http.ResponseWriter, r *http.Request) {
		p.ServeHTTP(w, r)
		fmt.Fprintf(w, " %s %s", r.Header.Get("Accept-Language"), r.Header.Get("X-Theme"))
	}, reprint.Policy{Vary: []reprint.Vary{
		{Header: "accept-language", Values: []string{"en", "de", "fr-CA"}},
		{Header: "X-Theme", Values: []string{"light", "dark"}},
	}})
	for _, c := range []struct{ language, theme, want string }{
		{"", "", "en light"}, {"de-AT,de;q=0.9,en;q=0.8", "dark", "de dark"}, {"fr", "DARK", "fr-CA dark"},
		{"xx", "neon", "en light"}, {"\x00garbage;q=9", "", "en light"},
	} {
		for range 2 {
			r := get(site, "/a", "Accept-Language", c.language, "X-Theme", c.theme)
			if got := r.Header["Vary"]; fmt.Sprint(got) != "[Accept-Language X-Theme]" {
				t.Errorf("Vary %v", got)
			}
			wantBody(t, r, 200, "/a v0 "+c.want)
		}
	}
	if n := p.renders.Load(); n != 3 {
		t.Errorf("%d renders of 3 variants", n)
	}
	// Variants of one page are revalidated together.
	p.set("/a", 1)
	receipt, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/a"}})
	if err != nil || receipt.Regenerated != 3 {
		t.Errorf("receipt %+v, %v", receipt, err)
	}
	wantBody(t, get(site, "/a", "Accept-Language", "de", "X-Theme", "dark"), 200, "/a v1 de dark")
}

func TestHosts(t *testing.T) {
	p := newPress(0)
	site := newSite(t, reprint.Options{Hosts: []string{"a.test", "B.test"}})
	handle(t, site, "/x", func(w http.ResponseWriter, r *http.Request) {
		p.ServeHTTP(w, r)
		fmt.Fprint(w, " on "+r.Host)
	}, reprint.Policy{})
	for host, want := range map[string]string{"a.test": "a.test", "A.TEST.:80": "a.test", "b.test:8080": "b.test"} {
		wantBody(t, get(site, "/x", "Host", host), 200, "/x v0 on "+want)
	}
	if n := p.renders.Load(); n != 2 {
		t.Errorf("%d renders for two hosts", n)
	}
	for _, host := range []string{"evil.test", "", "a.test.evil.test", "169.254.169.254"} {
		if r := get(site, "/x", "Host", host); r.StatusCode != 421 {
			t.Errorf("host %q: %d", host, r.StatusCode)
		}
	}
	p.set("/x", 1)
	receipt, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/x"}, Host: "a.test"})
	if err != nil || receipt.Matched != 1 {
		t.Errorf("receipt %+v, %v", receipt, err)
	}
	wantBody(t, get(site, "/x", "Host", "a.test"), 200, "/x v1 on a.test")
	wantBody(t, get(site, "/x", "Host", "b.test"), 200, "/x v0 on b.test")
	if err := site.Revalidate(t.Context(), "/x"); err != nil { // both
		t.Fatal(err)
	}
	wantBody(t, get(site, "/x", "Host", "b.test"), 200, "/x v1 on b.test")
}

func TestQueries(t *testing.T) {
	p := newPress(0)
	site := newSite(t, reprint.Options{})
	handle(t, site, "/list", func(w http.ResponseWriter, r *http.Request) {
		p.ServeHTTP(w, r)
		fmt.Fprint(w, " ", r.URL.RawQuery)
	}, reprint.Policy{Query: []string{"page", "sort"}})
	for raw, want := range map[string]string{
		"": "", "page=2": "page=2", "utm_source=x&page=2&fbclid=y": "page=2", "sort=a&page=2": "page=2&sort=a",
		"page=2&sort=a": "page=2&sort=a", "page=1&page=2": "page=1&page=2", "%70age=2": "page=2", "page=a%20b": "page=a+b",
		"x=%zz&page=2": "page=2", "Page=3": "", "page=": "page=", "page": "page=",
	} {
		wantBody(t, get(site, "/list?"+raw), 200, "/list v0 "+want)
	}
	for _, raw := range []string{"page=%zz", "page=1;b=2"} {
		r, _ := http.NewRequest("GET", "/list", nil)
		r.URL.RawQuery = raw
		if resp := askRaw(site, r); resp.StatusCode != 400 {
			t.Errorf("?%s: %d", raw, resp.StatusCode)
		}
	}
	p.set("/list", 1)
	receipt, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/list?page=2"}})
	if err != nil || receipt.Matched != 1 {
		t.Fatalf("receipt %+v, %v", receipt, err)
	}
	wantBody(t, get(site, "/list?page=2"), 200, "/list v1 page=2")
	wantBody(t, get(site, "/list"), 200, "/list v0 ")
	if receipt, err = site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/list"}}); err != nil || receipt.Matched < 5 {
		t.Fatalf("receipt %+v, %v; a path stands for all its queries", receipt, err)
	}
	wantBody(t, get(site, "/list?sort=a&page=2"), 200, "/list v1 page=2&sort=a")
}

func TestPathsThatCannotBeCanonicalisedAreRefused(t *testing.T) {
	p := newPress(0)
	site := newSite(t, reprint.Options{})
	handle(t, site, "/", p.ServeHTTP, reprint.Policy{})
	for target, want := range map[string]int{
		"/a/..%2fadmin": 400, "/a/%2e%2e/admin": 400, "/%2e/admin": 400, "/a/../b": 400, "/a/./b": 400, "//evil.test/x": 400,
		"/a//b": 400, "/a%5c..%5cb": 400, "/a%00b": 400, "/a%0d%0ab": 400, "/a%7f": 400, "/a%2Fb": 400,
		"/" + strings.Repeat("a", 3000): 414, "/" + strings.Repeat("a/", 70): 414,
		"/%61bc": 200, "/a.b": 200, "/.well-known/x": 200, "/a..b": 200, "/caf%C3%A9": 200, "/a%20b": 200, "/%2561dmin": 200, "/a;b": 200,
	} {
		if r := get(site, target); r.StatusCode != want {
			t.Errorf("%.60s: %d, want %d", target, r.StatusCode, want)
		}
	}
	// Two spellings of one path are one page; an escaped escape is another.
	before := p.renders.Load()
	get(site, "/abc")
	if p.renders.Load() != before {
		t.Error("/%61bc and /abc are two pages")
	}
	get(site, "/admin")
	if p.renders.Load() != before+1 {
		t.Error("/%2561dmin and /admin are one page")
	}
}

func TestRoutesThatAreNotPagesGoToTheMux(t *testing.T) {
	p := newPress(0)
	site := newSite(t, reprint.Options{})
	handle(t, site, "/dir/", p.ServeHTTP, reprint.Policy{})
	r := get(site, "/dir")
	if r.StatusCode/100 != 3 || r.Header.Get("Location") != "/dir/" {
		t.Errorf("%d %v", r.StatusCode, r.Header)
	}
	if r := get(site, "/none"); r.StatusCode != 404 {
		t.Errorf("%d", r.StatusCode)
	}
	if err := site.Handle("/dir/", http.NotFoundHandler(), reprint.Policy{}); err == nil {
		t.Error("a pattern was registered twice")
	}
	if err := site.Handle("/x", http.NotFoundHandler(), reprint.Policy{Revalidate: -1, Fallback: reprint.Shell}); err == nil ||
		!contains(err.Error(), "Revalidate") || !contains(err.Error(), "Shell is nil") {
		t.Errorf("a faulty policy: %v", err)
	}
}
