package main

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/config"
	"github.com/reprint-go/reprint/proof"
)

func TestTheClientIsWhoTheTrustedProxiesSay(t *testing.T) {
	s := &server{}
	s.clients.Store(&clients{trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}})
	for _, c := range []struct{ peer, forwarded, want string }{
		{"203.0.113.5:1234", "", "203.0.113.5"},
		{"203.0.113.5:1234", "198.51.100.1", "203.0.113.5"}, // nobody that we trust says so
		{"10.0.0.1:1234", "198.51.100.1", "198.51.100.1"},
		{"[::ffff:10.0.0.1]:1234", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:1234", "6.6.6.6, 198.51.100.1, 10.0.0.2", "198.51.100.1"},
		{"10.0.0.1:1234", "6.6.6.6, unknown", "10.0.0.1"},
		{"10.0.0.1:1234", "", "10.0.0.1"},
		{"[::1]:1234", "2001:db8::1", "2001:db8::1"},
		{"odd", "", "odd"},
	} {
		r := &http.Request{RemoteAddr: c.peer, Header: http.Header{}}
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := s.clientAddress(r); got != c.want {
			t.Errorf("%s, forwarded for %q: %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
}

func TestTrailingSlashes(t *testing.T) {
	for _, c := range []struct{ rule, method, target, want string }{
		{"keep", "GET", "/a/", ""},
		{"remove", "GET", "/a/?x=1", "/a?x=1"},
		{"remove", "HEAD", "/a%20b/", "/a%20b"},
		{"remove", "GET", "/", ""},
		{"remove", "POST", "/a/", ""},
		{"remove", "GET", "//evil.example/", ""},
		{"remove", "GET", "/a//", ""},
		{"add", "GET", "/a", "/a/"},
		{"add", "GET", "/a/", ""},
		{"add", "GET", "/a/logo.svg", ""},
		{"add", "GET", "/v1.2/a", "/v1.2/a/"},
	} {
		r := httptest.NewRequest(c.method, "http://x.example"+c.target, nil)
		if got := (&frontSite{slash: c.rule}).redirect(r.Method, r.URL.EscapedPath(), r.URL.RawQuery); got != c.want {
			t.Errorf("%s %s %s leads to %q, want %q", c.rule, c.method, c.target, got, c.want)
		}
	}
}

func TestDataOfNextJS(t *testing.T) {
	for page, want := range map[string]string{
		"/posts/{id}": "/_next/data/{reprintBuild}/posts/{id}", "/posts": "/_next/data/{reprintBuild}/posts.json",
		"/{$}": "/_next/data/{reprintBuild}/index.json", "/docs/{path...}": "/_next/data/{reprintBuild}/docs/{path...}",
		"/blog/": "/_next/data/{reprintBuild}/blog/",
	} {
		if got := dataPattern(page); got != want {
			t.Errorf("the data of %s is %s, want %s", page, got, want)
		}
		http.NewServeMux().Handle(dataPattern(page), http.NotFoundHandler()) // it is a pattern
	}
	for path, want := range map[string]string{
		"/_next/data/b1/posts/1.json": "/posts/1", "/_next/data/b1/index.json": "/", "/_next/data/b1/posts/caf%C3%A9.json": "/posts/caf%C3%A9",
		"/_next/data/b1/posts/1": "", "/_next/data/b1": "", "/posts/1.json": "",
	} {
		if got := pageOfData(path); got != want {
			t.Errorf("%s is the data of %q, want %q", path, got, want)
		}
	}
	for page, want := range map[string][2]string{
		"/posts/{id}": {"/_next/data/{reprintBuild}/posts/{id}", "/posts/1"}, "/posts/{id}/{$}": {"/_next/data/{reprintBuild}/posts/{id}", "/posts/1/"},
	} {
		r := (&routing{}).dataRoute(config.Route{Path: page})
		if of := r.Policy.Of("/_next/data/b/posts/1.json"); r.Pattern != want[0] || of != want[1] {
			t.Errorf("the data of %s is %s, of the page %s", page, r.Pattern, of)
		}
	}
	// As Next.js computes it, of "1,0,0,0".
	if got := nextRSCHash("1"); got != "HEAvJdHAQJrUAe2K" {
		t.Errorf("_rsc=%s", got)
	}
}

// No path that the origin should answer is redirected by the routes.
func TestRoutesDoNotRedirect(t *testing.T) {
	cfg := &config.Config{Sites: []config.Site{{Origin: config.Origin{URL: "http://127.0.0.1:1"}, Routes: []config.Route{
		{Path: "/account/", Bypass: true}, {Path: "/docs/{path...}"}, {Path: "/{page}"}, {Path: "/blog/"}, {Path: "/a/{b}/c/"}, {Path: "/a/x/{y}"}, {Path: "/d/e/{$}"}, {Path: "/{$}"},
	}}}}
	s := &server{log: slog.New(slog.DiscardHandler)}
	origins, err := s.newOrigins(cfg)
	if err != nil {
		t.Fatal(err)
	}
	site, err := reprint.New(reprint.Options{Log: s.log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = site.Shutdown(context.Background()) })
	routes := siteRoutes(cfg, origins, site)
	mux := muxOf(routes)
	for path, want := range map[string]string{
		"/account": "/account", "/account/": "/account/", "/docs": "/{page}", "/docs/x": "/docs/{path...}", "/blog": "/{page}", "/x": "/{page}",
		"/a/x/c": "/a/x/{y}", "/d/e": "/d/e", "/d/e/": "/d/e/{$}", "/": "/{$}", "/other/thing": "/",
	} {
		if got := servedBy(mux, path); got != want {
			t.Errorf("%s is served by %q, want %q", path, got, want)
		}
	}
	if i := slices.IndexFunc(routes, func(r reprint.Route) bool { return r.Pattern == "/account" }); i < 0 || !routes[i].Policy.Bypass {
		t.Error("/account is not bypassed as /account/ is")
	}
	if err := site.SetRoutes(routes); err != nil {
		t.Error(err)
	}
}

// Each render is a span, and the origin is told of it.
func TestTraces(t *testing.T) {
	var mu sync.Mutex
	var sent strings.Builder
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			body, _ = gzip.NewReader(r.Body)
		}
		_, _ = io.Copy(&sent, body)
	}))
	defer collector.Close()
	parents := make(chan string, 2)
	origin := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { parents <- r.Header.Get("Traceparent") }))
	defer origin.Close()

	ts, err := newTraces(t.Context(), config.Tracing{Endpoint: collector.URL + "/v1/traces", Sample: 1})
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: ts.transport()(http.DefaultTransport)}
	trace := ts.join(reprint.Trace{RenderDone: func(context.Context, reprint.RenderInfo) {}})
	ctx := trace.RenderStart(t.Context(), reprint.RenderInfo{Route: "/posts/{id}", Key: reprint.Key{Path: "/posts/42"}, Cause: "visit"})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, origin.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	trace.RenderDone(ctx, reprint.RenderInfo{Status: 200, Took: time.Millisecond})
	ts.close()
	if parent := <-parents; !strings.HasPrefix(parent, "00-") || strings.HasPrefix(parent, "00-0000000000000000") {
		t.Errorf("the origin is told %q", parent)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, part := range []string{"render /posts/{id}", "/posts/42", "reprint.cause"} {
		if !strings.Contains(sent.String(), part) {
			t.Errorf("the collector did not get %q: %q", part, sent.String())
		}
	}
	if none, err := newTraces(t.Context(), config.Tracing{}); none != nil || err != nil {
		t.Errorf("traces without a collector: %v, %v", none, err)
	}
}

// A share of the requests is logged, and all that failed.
func TestWhichRequestsAreLogged(t *testing.T) {
	o := &observer{}
	for _, c := range []struct {
		share  float64
		status int
		want   int // of 1,000; -1: some
	}{{0, 200, 0}, {0, 500, 0}, {1, 200, 1000}, {0.5, 200, -1}, {0.5, 503, 1000}} {
		o.access.Store(&c.share)
		n := 0
		for range 1000 {
			if o.samples(&seen{status: c.status}) {
				n++
			}
		}
		if c.want >= 0 && n != c.want || c.want < 0 && (n < 300 || n > 700) {
			t.Errorf("share %v, status %d: %d of 1,000", c.share, c.status, n)
		}
	}
}

// A file is refused for the checks that cannot be made, and for no others.
func TestFilesAreRefusedForWhatProofsRefuse(t *testing.T) {
	for _, p := range []config.Proof{
		{Size: 0.5},
		{Size: 1},
		{Size: 1.5},
		{Contains: []string{"a"}, Excludes: []string{"b"}},
		{Contains: []string{"abc"}, Excludes: []string{"b"}},
		{Excludes: []string{""}},
		{Selectors: []string{"main article > p + p ~ p, h1"}},
		{Selectors: []string{"a:has(b):not(.c)[d='e, f']"}},
		{Selectors: []string{"a", "b >"}},
		{Selectors: []string{"a:hover"}},
		{Selectors: []string{"a..b"}},
		{Selectors: []string{strings.Repeat("a ", 40)}},
		{Index: true},
	} {
		file := fmt.Sprintf("origin: {url: 'http://127.0.0.1:3000'}\nroutes: [{path: /a, proof: {index: %t", p.Index)
		if p.Size > 0 {
			file += fmt.Sprintf(", size: %v%%", 100*p.Size)
		}
		for name, texts := range map[string][]string{"contains": p.Contains, "excludes": p.Excludes, "selectors": p.Selectors} {
			if texts != nil {
				file += fmt.Sprintf(", %s: [%q]", name, strings.Join(texts, `", "`))
			}
		}
		file = strings.ReplaceAll(file, `\"`, `"`) + "}}]\n"
		_, err := config.Parse("f", []byte(file), func(string) (string, bool) { return "", false })
		_, refused := proof.Checks{MinSize: p.Size, Contains: p.Contains, Excludes: p.Excludes, Selectors: p.Selectors, Index: p.Index}.Compile()
		if (err == nil) != (refused == nil) {
			t.Errorf("%s: the file is taken: %v, the proof: %v", file, err, refused)
		}
	}
}

// What Next.js loads in place of HTML need not have its texts, and must pass the rest.
func TestPayloadsOfNextJSAreNotAskedForTextsOfHTML(t *testing.T) {
	b := &routing{site: config.Site{Origin: config.Origin{Framework: frameworkNextJS}}}
	check := b.proof(config.Proof{Contains: []string{"</html>"}, Excludes: []string{"Fatal error"}})
	for _, test := range []struct {
		key  reprint.Key
		body string
		good bool
	}{
		{reprint.Key{Path: "/"}, "<p></html>", true},
		{reprint.Key{Path: "/"}, "<p>", false},
		{reprint.Key{Path: "/", Variant: "Accept-Language=en&Rsc=1"}, "0:{}", true},
		{reprint.Key{Path: "/", Variant: "Rsc=1"}, "0:{Fatal error}", false},
		{reprint.Key{Path: "/", Variant: "Accept-Language=en"}, "<p>", false},
		{reprint.Key{Path: "/_next/data/b1/index.json"}, "{}", true},
	} {
		if err := check(nil, &reprint.Page{Key: test.key, Status: http.StatusOK, Body: []byte(test.body)}); (err == nil) != test.good {
			t.Errorf("%v, %s: %v", test.key, test.body, err)
		}
	}
	if check := b.proof(config.Proof{}); check != nil {
		t.Error("no checks are a proof")
	}
}
