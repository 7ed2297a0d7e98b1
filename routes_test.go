package reprint_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
)

func TestRoutesAreReplacedInOneStepAndPagesStay(t *testing.T) {
	p := newPress(0)
	site := newSite(t, reprint.Options{})
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{})
	handle(t, site, "/old", p.ServeHTTP, reprint.Policy{})
	wantBody(t, get(site, "/posts/1"), 200, "/posts/1 v0")
	wantBody(t, get(site, "/old"), 200, "/old v0")

	err := site.SetRoutes([]reprint.Route{
		{Pattern: "/posts/{id}", Handler: p},
		{Pattern: "/posts/{name}", Handler: p},
		{Pattern: "/x", Handler: p, Policy: reprint.Policy{Revalidate: -1}},
		{Pattern: "/y"},
	})
	for _, part := range []string{"/posts/{name}", "Revalidate is negative", "route /y: the handler is nil"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Fatalf("the error does not tell of %q: %v", part, err)
		}
	}
	wantCacheStatus(t, get(site, "/old"), "hit") // nothing has changed

	if err := site.SetRoutes([]reprint.Route{
		{Pattern: "/posts/{id}", Handler: p, Policy: reprint.Policy{CacheControl: "public, max-age=1"}},
		{Pattern: "/new", Handler: p},
	}); err != nil {
		t.Fatal(err)
	}
	r := get(site, "/posts/1")
	wantCacheStatus(t, r, "hit")
	if got := r.Header.Get("Cache-Control"); got != "public, max-age=1" {
		t.Errorf("the stored page is not under the new policy: %q", got)
	}
	wantBody(t, get(site, "/old"), 404, "404 page not found\n")
	wantBody(t, get(site, "/new"), 200, "/new v0")
	if err := site.Revalidate(t.Context(), "/old"); !errors.Is(err, reprint.ErrNoRoute) {
		t.Errorf("a route that is gone: %v", err)
	}
}

// A reload while the origin is down must not make pages unknown that were listed.
func TestAListingCountsUntilItIsReadAgainUnderNewRoutes(t *testing.T) {
	p := newPress(0)
	site := newSite(t, reprint.Options{})
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{Fallback: reprint.NotFound, Prerender: list("/posts/1")})
	wantBody(t, get(site, "/posts/1"), 200, "/posts/1 v0")
	down := func(context.Context) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) { yield("", errBroken) }
	}
	set := func(listing func(context.Context) iter.Seq2[string, error]) {
		t.Helper()
		if err := site.SetRoutes([]reprint.Route{{Pattern: "/posts/{id}", Handler: p, Policy: reprint.Policy{Fallback: reprint.NotFound, Prerender: listing}}}); err != nil {
			t.Fatal(err)
		}
	}
	set(down)
	wantCacheStatus(t, get(site, "/posts/1"), "hit")
	set(list("/posts/2"))
	waitFor(t, "the new listing", func() bool { return get(site, "/posts/2").StatusCode == 200 && get(site, "/posts/1").StatusCode == 404 })
}

// Visitors, renders and revalidations go on while routes are replaced.
func TestRoutesAreReplacedUnderLoad(t *testing.T) {
	p := newPress(0)
	site := newSite(t, reprint.Options{})
	routes := []reprint.Route{{Pattern: "/posts/{id}", Handler: p}}
	if err := site.SetRoutes(routes); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				path := fmt.Sprintf("/posts/%d", i)
				if r := get(site, path); r.StatusCode != 200 {
					t.Errorf("%s: %d", path, r.StatusCode)
					return
				}
				if err := site.Revalidate(t.Context(), path); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 200 {
		if err := site.SetRoutes(routes); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	wg.Wait()
}

func TestWhatPassesThroughByThePolicy(t *testing.T) {
	for _, c := range []struct {
		name    string
		policy  reprint.Policy
		headers []string
		detail  string // empty: answered from a page
	}{
		{"bypass", reprint.Policy{Bypass: true}, nil, "bypass"},
		{"a header", reprint.Policy{BypassHeaders: []string{"x-preview"}}, []string{"X-Preview", "1"}, "header"},
		{"without the header", reprint.Policy{BypassHeaders: []string{"X-Preview"}}, nil, ""},
		{"a cookie", reprint.Policy{BypassCookies: []string{"session"}}, []string{"Cookie", "a=b; session=x"}, "cookie"},
		{"a cookie by its beginning", reprint.Policy{BypassCookies: []string{"wordpress_logged_in_*"}}, []string{"Cookie", "wordpress_logged_in_12=x"}, "cookie"},
		{"a cookie by its end", reprint.Policy{BypassCookies: []string{"*_session"}}, []string{"Cookie", "_shop_session=x"}, "cookie"},
		{"another cookie", reprint.Policy{BypassCookies: []string{"session", "wp_*"}}, []string{"Cookie", "sessions=x; xwp_=1"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			site := newSite(t, reprint.Options{})
			handle(t, site, "/", func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprintf(w, "%t %s", reprint.InRender(r.Context()), r.Header.Get("Cookie"))
			}, c.policy)
			r := get(site, "/p", c.headers...)
			if c.detail == "" {
				wantBody(t, r, 200, "true ")
				return
			}
			wantCacheStatus(t, r, "fwd=bypass", "detail="+c.detail)
			if !strings.HasPrefix(text(r), "false") {
				t.Error("it is a render")
			}
			if list, _ := site.Pages(t.Context(), reprint.PageQuery{}); len(list.Pages) > 0 {
				t.Errorf("stored: %v", list.Pages[0].Page.Key)
			}
		})
	}
}

// A page with Vary on a header of BypassHeaders is that of those without it.
func TestABypassHeaderMayBeInVary(t *testing.T) {
	site := newSite(t, reprint.Options{})
	handle(t, site, "/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "X-Preview")
		fmt.Fprintf(w, "preview %q", r.Header.Get("X-Preview"))
	}, reprint.Policy{BypassHeaders: []string{"X-Preview"}})
	wantBody(t, get(site, "/p"), 200, `preview ""`)
	r := get(site, "/p")
	wantCacheStatus(t, r, "hit")
	if got := r.Header.Values("Vary"); len(got) != 1 || got[0] != "X-Preview" {
		t.Errorf("Vary: %q", got)
	}
	wantBody(t, get(site, "/p", "X-Preview", "1"), 200, `preview "1"`)
}

// A variant without the header is one of its own, and renders do not get it.
func TestAVariantMayBeTheAbsenceOfAHeader(t *testing.T) {
	site := newSite(t, reprint.Options{})
	handle(t, site, "/", func(w http.ResponseWriter, r *http.Request) {
		_, there := r.Header["Rsc"]
		fmt.Fprintf(w, "%t %t", there, len(r.Header["Next-Url"]) > 0)
	}, reprint.Policy{Vary: []reprint.Vary{{Header: "RSC", Values: []string{"", "1"}}, {Header: "Next-Url", Values: []string{""}}}})
	wantBody(t, get(site, "/p", "RSC", "1", "Next-Url", "/a"), 200, "true false")
	wantBody(t, get(site, "/p"), 200, "false false")
	wantBody(t, get(site, "/p", "RSC", "2"), 200, "false false") // what matches none gets the first
	keys := keysOf(t, site)
	if fmt.Sprint(keys) != "[/p /p Rsc=1]" {
		t.Errorf("keys %v", keys)
	}
	if _, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/p"}}); err != nil {
		t.Fatal(err)
	}
	for _, rsc := range []string{"1", ""} {
		wantCacheStatus(t, get(site, "/p", "RSC", rsc), "hit")
	}
}

func keysOf(t testing.TB, site *reprint.Site) []string {
	t.Helper()
	list, err := site.Pages(t.Context(), reprint.PageQuery{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, p := range list.Pages {
		keys = append(keys, p.Page.Key.String())
	}
	return keys
}

// What names a page names its other representations too.
func TestAnotherRepresentationIsRevalidatedWithItsPage(t *testing.T) {
	p := newPress(0)
	site := newSite(t, reprint.Options{Hosts: []string{"a.example", "b.example"}})
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{})
	handle(t, site, "/data/{id}", p.ServeHTTP, reprint.Policy{Of: func(path string) string {
		return "/posts/" + strings.TrimPrefix(path, "/data/")
	}})
	for _, r := range []reprint.Revalidation{
		{Paths: []string{"/posts/1"}, Host: "a.example"},
		{Paths: []string{"/posts/1"}},
		{Prefixes: []string{"/posts/"}},
	} {
		version := 1
		for _, path := range []string{"/posts/1", "/data/1", "/data/2"} {
			p.set(path, 0)
			if err := site.Revalidate(t.Context(), path); err != nil {
				t.Fatal(err)
			}
			p.set(path, version)
		}
		receipt, err := site.Apply(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		wantBody(t, get(site, "/data/1", "Host", "a.example"), 200, "/data/1 v1")
		other := "/data/2 v0"
		if len(r.Prefixes) > 0 {
			other = "/data/2 v1"
		}
		wantBody(t, get(site, "/data/2", "Host", "a.example"), 200, other)
		if receipt.Failed != 0 {
			t.Errorf("%+v", receipt)
		}
	}
}

func TestWhatThePolicyIgnores(t *testing.T) {
	site := newSite(t, reprint.Options{})
	handle(t, site, "/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private, no-cache, no-store, max-age=0")
		w.Header().Set("Set-Cookie", "sid=A")
		w.Header().Set("Expires", "0")
		fmt.Fprint(w, "page")
	}, reprint.Policy{Ignore: []string{"private", "no-cache", "no-store", "set-cookie"}})
	for range 2 {
		r := get(site, "/p")
		if c := r.Header.Get("Set-Cookie") + r.Header.Get("Expires"); c != "" {
			t.Errorf("what is ignored is sent: %q", c)
		}
		if got := r.Header.Get("Cache-Control"); got != "public, max-age=0, must-revalidate" {
			t.Errorf("Cache-Control: %q", got)
		}
		wantBody(t, r, 200, "page")
	}
	wantCacheStatus(t, get(site, "/p"), "hit")
	err := site.Handle("/x", http.NotFoundHandler(), reprint.Policy{Ignore: []string{"vary"}})
	if err == nil || !strings.Contains(err.Error(), `"vary" is none of`) {
		t.Errorf("%v", err)
	}
}

func TestPatternsThatCannotBe(t *testing.T) {
	site := newSite(t, reprint.Options{Hosts: []string{"a.example"}})
	handle(t, site, "/a/{x}", http.NotFound, reprint.Policy{})
	for pattern, want := range map[string]string{
		"a":          "a pattern is a path that begins with a slash",
		"":           "a pattern is a path that begins with a slash",
		"GET a":      "a pattern is a path that begins with a slash",
		"b.example/": `"b.example" is none of Options.Hosts`,
		"/a/{x":      "bad wildcard segment",
		"/{y}/b":     `"/{y}/b" conflicts with pattern "/a/{x}":`,
		"/a/{y}":     `"/a/{y}" conflicts with pattern "/a/{x}":`,
	} {
		if err := site.Handle(pattern, http.NotFoundHandler(), reprint.Policy{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", pattern, err, want)
		}
	}
}

// Whatever is called for, nothing of a route that lets every request pass is stored, nor
// what was stored before said to be served.
func TestNothingOfARouteThatLetsAllPassIsStored(t *testing.T) {
	s := openPress(t, filepath.Join(t.TempDir(), "pages.db"), reprint.Policy{})
	defer s.end()
	s.want("/p/1", "/p/1 v0")
	s.print(1)
	versions, err := s.Versions(t.Context(), "/p/1")
	if err != nil || len(versions) != 1 {
		t.Fatalf("versions %v, %v", versions, err)
	}
	var renders atomic.Int64
	var failing atomic.Bool
	due := time.Now().Add(time.Hour)
	routes := func(bypass bool) {
		t.Helper()
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if reprint.InRender(r.Context()) {
				renders.Add(1)
				reprint.Tag(r.Context(), "list")
				reprint.RevalidateAt(r.Context(), due)
			}
			if failing.Load() {
				http.Error(w, "failing", http.StatusInternalServerError)
				return
			}
			fmt.Fprintf(w, "%s v%d", r.URL.Path, s.version.Load())
		})
		if err := s.SetRoutes([]reprint.Route{{Pattern: "/p/{id}", Handler: h, Policy: reprint.Policy{Bypass: bypass}}}); err != nil {
			t.Fatal(err)
		}
	}
	routes(false)
	s.want("/p/held", "/p/held v1")
	due = time.Now().Add(1100 * time.Millisecond)
	s.want("/p/due", "/p/due v1")
	s.print(2)
	held, err := s.Versions(t.Context(), "/p/held")
	if err != nil || len(held) != 1 {
		t.Fatalf("versions %v, %v", held, err)
	}
	if _, err := s.Restore(t.Context(), reprint.Restoration{Version: held[0].ID}); err != nil {
		t.Fatal(err)
	}
	s.print(1)
	routes(true)
	renders.Store(0)
	if list, err := s.Pages(t.Context(), reprint.PageQuery{}); err != nil || len(list.Pages) != 3 || list.Pages[0].State != reprint.StateAbsent {
		t.Errorf("pages %+v, %v", list, err)
	}
	s.version.Store(2)
	for _, path := range []string{"/p/1", "/p/2"} {
		for _, r := range []reprint.Revalidation{{Paths: []string{path}}, {Paths: []string{path}, Refill: true}, {All: true}} {
			receipt, err := s.Apply(t.Context(), r)
			if err != nil || receipt.Regenerated+receipt.Unchanged+receipt.Failed != 0 {
				t.Errorf("%+v: receipt %+v, %v", r, receipt, err)
			}
		}
		if err := s.PrerenderPaths(t.Context(), func(yield func(string, error) bool) { yield(path, nil) }, nil, nil); err != nil {
			t.Errorf("prerender: %v", err)
		}
		all, err := s.Explain(t.Context(), path)
		if err != nil || len(all) != 1 || all[0].State != reprint.StateAbsent || !all[0].Bypass || all[0].Page != nil {
			t.Errorf("%s is explained as %+v, %v", path, all, err)
		}
		s.want(path, path+" v2")
	}
	if r, err := s.Restore(t.Context(), reprint.Restoration{Version: versions[0].ID}); err == nil || r != nil && r.Regenerated != 0 {
		t.Errorf("a version was restored: %+v, %v", r, err)
	}
	waitFor(t, "the moment of /p/due", func() bool { return time.Now().After(due.Add(100 * time.Millisecond)) })
	if renders.Load() != 0 {
		t.Errorf("%d renders", renders.Load())
	}
	// What a call said while all passed stands, and nothing was lost: pages that are held
	// are held, and others are the last good ones.
	failing.Store(true)
	routes(false)
	s.want("/p/1", "/p/1 v1")
	failing.Store(false)
	s.want("/p/held", "/p/held v1")
	if err := s.Revalidate(t.Context(), "/p/1"); err != nil {
		t.Fatal(err)
	}
	s.want("/p/1", "/p/1 v2")
	s.want("/p/due", "/p/due v2") // not as it was before the call
}

// An encoded slash passes where nothing is stored, unless it hides something.
func TestEncodedSlashesPassWhereThereAreNoPages(t *testing.T) {
	site := newSite(t, reprint.Options{Hosts: []string{"a.example"}})
	echo := func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.EscapedPath()) }
	handle(t, site, "/api/", echo, reprint.Policy{Bypass: true})
	handle(t, site, "/posts/{id}", echo, reprint.Policy{})
	wantBody(t, get(site, "/api/group%2Fname", "Host", "a.example"), 200, "/api/group%2Fname")
	for _, path := range []string{"/api/..%2Fadmin", "/api/%2e%2e%2Fadmin", "/api/a%2F%2Fb", "/api/a%5Cb", "/posts/a%2Fb", "/api/a%2Fb%00", "/%2Fapi/a"} {
		if r := get(site, path, "Host", "a.example"); r.StatusCode != 400 {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
	if r := get(site, "/api/group%2Fname", "Host", "evil.example"); r.StatusCode != 421 {
		t.Errorf("another host: %d", r.StatusCode)
	}
}

func TestAGetWithABodyIsNotAnsweredFromAPage(t *testing.T) {
	p := newPress(0)
	site := newSite(t, reprint.Options{})
	handle(t, site, "/", p.ServeHTTP, reprint.Policy{})
	r := httptest.NewRequest(http.MethodGet, "/p", strings.NewReader("a=2"))
	got := askRaw(site, r)
	if got.StatusCode != 400 || got.Header.Get("Connection") != "close" || p.renders.Load() != 0 {
		t.Errorf("%d, %v, %d renders", got.StatusCode, got.Header, p.renders.Load())
	}
}

func TestEveryQueryParameterButSome(t *testing.T) {
	p := newPress(0)
	var saw string
	p.seen = func(r *http.Request) { saw = r.URL.RawQuery }
	site := newSite(t, reprint.Options{})
	handle(t, site, "/", p.ServeHTTP, reprint.Policy{Query: []string{"*"}, Drop: []string{"utm_*", "fbclid"}})
	get(site, "/p?b=2&utm_source=x&a=1&fbclid=y&b=1&&c")
	if saw != "a=1&b=2&b=1&c=" {
		t.Errorf("a render sees %q", saw)
	}
	for _, query := range []string{"a=%zz", "%zz=a", "a=1;b=2"} {
		if r := get(site, "/p?"+query); r.StatusCode != 400 {
			t.Errorf("%s: %d", query, r.StatusCode)
		}
	}
	if err := site.Handle("/x", p, reprint.Policy{Query: []string{"*", "a"}}); err == nil {
		t.Error(`"*" with others is allowed`)
	}
}

// An unsafe method that succeeds makes the pages expire that it names.
func TestInvalidationByUnsafeMethods(t *testing.T) {
	var mu sync.Mutex
	versions := map[string]int{}
	site := newSite(t, reprint.Options{})
	handle(t, site, "/", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodGet {
			fmt.Fprint(w, r.URL.Path, " ", versions[r.URL.Path])
			return
		}
		for _, path := range []string{"/a", "/b", "/c", "/d"} {
			versions[path]++
		}
		w.Header().Set("Location", r.Header.Get("Want-Location"))
		w.Header().Set("Content-Location", r.Header.Get("Want-Content-Location"))
		if r.Header.Get("Want-Status") == "500" {
			w.WriteHeader(500)
			return
		}
		w.WriteHeader(303)
	}, reprint.Policy{Invalidate: true})
	version := func(path string) string { return strings.TrimPrefix(text(get(site, path)), path+" ") }
	for _, path := range []string{"/a", "/b", "/c", "/d"} {
		version(path)
	}
	ask(site, http.MethodPost, "/a", "Want-Location", "/b?x=1", "Want-Content-Location", "http://example.com/c")
	for path, want := range map[string]string{"/a": "1", "/b": "1", "/c": "1", "/d": "0"} {
		if got := version(path); got != want {
			t.Errorf("%s is at %s, want %s", path, got, want)
		}
	}
	ask(site, http.MethodPost, "/a", "Want-Status", "500")
	ask(site, http.MethodOptions, "/a")
	ask(site, http.MethodDelete, "/b", "Want-Location", "http://elsewhere.example/d")
	for path, want := range map[string]string{"/a": "1", "/b": "4", "/d": "0"} {
		if got := version(path); got != want {
			t.Errorf("then %s is at %s, want %s", path, got, want)
		}
	}
}

// What happens to requests and renders is told to whoever traces the site.
func TestTrace(t *testing.T) {
	type key struct{}
	var mu sync.Mutex
	var told []string
	note := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, fmt.Sprintf(format, args...))
	}
	p := newPress(0)
	site := newSite(t, reprint.Options{Trace: reprint.Trace{
		Served: func(r *http.Request, s reprint.Served) {
			note("served %s %s %s %s", r.URL.Path, s.Route, s.Verdict, s.Detail)
		},
		RenderStart: func(ctx context.Context, r reprint.RenderInfo) context.Context {
			return context.WithValue(ctx, key{}, r.Cause)
		},
		RenderDone: func(ctx context.Context, r reprint.RenderInfo) {
			cause, _, _ := strings.Cut(ctx.Value(key{}).(string), " ")
			note("rendered %s by %s: %d, failed %t, changed %t", r.Key, cause, r.Status, r.Err != nil, r.Changed)
		},
		Revalidated: func(r *reprint.Receipt) { note("revalidated %d", r.Matched) },
	}})
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{})
	get(site, "/posts/1")
	get(site, "/posts/1")
	ask(site, http.MethodPost, "/posts/1")
	get(site, "/nowhere")
	get(site, "/a%2fb")
	if err := site.Revalidate(t.Context(), "/posts/1"); err != nil {
		t.Fatal(err)
	}
	p.breakWith("/posts/1", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	if err := site.Revalidate(t.Context(), "/posts/1"); err == nil {
		t.Fatal("no error")
	}
	want := []string{
		"rendered /posts/1 by visit: 200, failed false, changed true",
		"served /posts/1 /posts/{id} miss ",
		"served /posts/1 /posts/{id} hit ",
		"served /posts/1 /posts/{id} pass method",
		"served /nowhere  pass no-route",
		"served /a/b  refuse refused",
		"rendered /posts/1 by revalidate: 200, failed false, changed false",
		"revalidated 1",
		"rendered /posts/1 by revalidate: 500, failed true, changed false",
		"revalidated 1",
	}
	mu.Lock()
	defer mu.Unlock()
	if got := strings.Join(told, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("told:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
}

func TestEscapeTag(t *testing.T) {
	for in, want := range map[string]string{
		"post:42": "post:42", "a b": "a%20b", "a,b": "a%2Cb", "50%": "50%", "50% off": "50%%20off", "\xff": "%FF", "café": "café", "": "",
	} {
		if got := reprint.EscapeTag(in); got != want {
			t.Errorf("%q is written %q, want %q", in, got, want)
		}
	}
}

func TestCanonicalPath(t *testing.T) {
	for in, want := range map[string]string{
		"/posts/1": "/posts/1", "/caf\u00e9 au lait": "/caf%C3%A9%20au%20lait", "/caf%c3%a9%20au%20lait": "/caf%C3%A9%20au%20lait", "/a^b": "/a%5Eb",
		"/%41": "/A", "/a%252fb": "/a%252fb",
	} {
		if got, err := reprint.CanonicalPath(in); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "a", "/a//b", "/a/../b", "/a%2fb", "/a%2fb^", "/a%5cb ", "/a\\b", "/a#b", "/%zz", "/a%00", "/a\nb"} {
		if got, err := reprint.CanonicalPath(in); err == nil {
			t.Errorf("%q is taken as %s", in, got)
		}
	}
}

// With several hosts, a path is revalidated where a route serves it.
func TestAPathIsRevalidatedOnTheHostsThatHaveARouteForIt(t *testing.T) {
	p := newPress(0)
	site := newSite(t, reprint.Options{Hosts: []string{"blog.example", "shop.example"}})
	handle(t, site, "blog.example/posts/{id}", p.ServeHTTP, reprint.Policy{Prerender: list("/posts/1")})
	handle(t, site, "shop.example/items/{id}", p.ServeHTTP, reprint.Policy{Prerender: list("/items/1")})
	if err := site.Prerender(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	receipt, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/posts/1", "/items/1"}})
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Matched != 2 || receipt.Failed != 0 {
		t.Errorf("%+v", receipt)
	}
	if _, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/posts/1"}, Host: "shop.example"}); !errors.Is(err, reprint.ErrNoRoute) {
		t.Errorf("%v", err)
	}
	all, err := site.Explain(t.Context(), "/posts/1")
	if err != nil || len(all) != 1 || all[0].Key.Host != "blog.example" {
		t.Errorf("%v, %v", all, err)
	}
	if _, err := site.Explain(t.Context(), "/nowhere"); !errors.Is(err, reprint.ErrNoRoute) {
		t.Errorf("%v", err)
	}
}

func TestADryRunChangesNothing(t *testing.T) {
	p := newPress(0)
	site := newSite(t, reprint.Options{})
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{})
	for id := range 5 {
		get(site, fmt.Sprintf("/posts/%d", id))
	}
	receipt, err := site.Apply(t.Context(), reprint.Revalidation{Prefixes: []string{"/posts/"}, Paths: []string{"/posts/9"}, DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	if receipt.ID != "" || receipt.Position != 0 || receipt.Matched != 6 || receipt.Pages[0].Result != reprint.ResultMatched {
		t.Errorf("%+v", receipt)
	}
	if n := p.renders.Load(); n != 5 || site.Status().Position != 0 {
		t.Errorf("%d renders, journal at %d", n, site.Status().Position)
	}
	wantCacheStatus(t, get(site, "/posts/1"), "hit")
}

// A revalidation that is not waited for is in force when the call returns, and its
// receipt tells the rest.
func TestARevalidationThatIsNotWaitedFor(t *testing.T) {
	p := newPress(0)
	site := newSite(t, reprint.Options{})
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{})
	get(site, "/posts/1")
	release := p.hang("/posts/1")
	defer release()
	p.set("/posts/1", 1)
	receipt, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/posts/1"}, NoWait: true})
	if err != nil || !receipt.Running || receipt.ID == "" {
		t.Fatalf("%+v, %v", receipt, err)
	}
	wantCacheStatus(t, get(site, "/posts/1"), "hit", "stale-revalidated")
	kept, err := site.Receipt(t.Context(), receipt.ID)
	if err != nil || kept == nil || !kept.Running {
		t.Fatalf("%+v, %v", kept, err)
	}
	release()
	waitFor(t, "the receipt", func() bool {
		kept, err = site.Receipt(t.Context(), receipt.ID)
		return err == nil && !kept.Running
	})
	// Unchanged, when the visitor's render was faster.
	if kept.Regenerated+kept.Unchanged != 1 || kept.Matched != 1 {
		t.Errorf("%+v", kept)
	}
	wantBody(t, get(site, "/posts/1"), 200, "/posts/1 v1")
}

func TestPagesAreListed(t *testing.T) {
	p := newPress(0)
	site := newSite(t, reprint.Options{})
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{})
	handle(t, site, "/about", p.ServeHTTP, reprint.Policy{})
	for id := range 7 {
		p.tag(fmt.Sprintf("/posts/%d", id), fmt.Sprintf("odd:%t", id%2 == 1))
		get(site, fmt.Sprintf("/posts/%d", id))
	}
	get(site, "/about")
	if _, err := site.Apply(t.Context(), reprint.Revalidation{Tags: []string{"odd:true"}, Mode: reprint.Stale}); err != nil {
		t.Fatal(err)
	}
	if _, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/about"}, Mode: reprint.Expire}); err != nil {
		t.Fatal(err)
	}
	all := func(q reprint.PageQuery) string {
		t.Helper()
		var paths []string
		for {
			list, err := site.Pages(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range list.Pages {
				paths = append(paths, p.Page.Key.Path)
				if p.Page.Body != nil || p.Size == 0 {
					t.Errorf("%s: body %q, size %d", p.Page.Key, p.Page.Body, p.Size)
				}
			}
			if list.Next == "" {
				return strings.Join(paths, " ")
			}
			q.Cursor = list.Next
		}
	}
	for name, c := range map[string]struct {
		q    reprint.PageQuery
		want string
	}{
		"all":               {reprint.PageQuery{}, "/about /posts/0 /posts/1 /posts/2 /posts/3 /posts/4 /posts/5 /posts/6"},
		"in small parts":    {reprint.PageQuery{Limit: 3}, "/about /posts/0 /posts/1 /posts/2 /posts/3 /posts/4 /posts/5 /posts/6"},
		"a prefix":          {reprint.PageQuery{Prefix: "/posts/"}, "/posts/0 /posts/1 /posts/2 /posts/3 /posts/4 /posts/5 /posts/6"},
		"part of a segment": {reprint.PageQuery{Prefix: "/posts/1"}, "/posts/1"},
		"at the root":       {reprint.PageQuery{Prefix: "/a"}, "/about"},
		"a tag":             {reprint.PageQuery{Tag: "odd:true", Limit: 1}, "/posts/1 /posts/3 /posts/5"},
		"stale":             {reprint.PageQuery{State: reprint.StateStale}, "/posts/1 /posts/3 /posts/5"},
		"fresh with a tag":  {reprint.PageQuery{State: reprint.StateFresh, Tag: "odd:true"}, ""},
		"expired":           {reprint.PageQuery{State: reprint.StateExpired}, "/about"},
	} {
		if got := all(c.q); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	_, err := site.Pages(t.Context(), reprint.PageQuery{Prefix: "posts", Tag: "a b", Host: "x", Limit: -1, State: "old"})
	for _, part := range []string{`begins with "/"`, "tag", "does not answer for that host", "limit -1", `unknown state "old"`} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not tell of %s: %v", part, err)
		}
	}
	st := site.Status()
	if st.Pages != 8 || st.MemoryPages != 8 || st.MemoryBytes == 0 || st.Position != 2 || st.Renders != 16 {
		t.Errorf("%+v", st)
	}
}

// A listing that says when things changed spares renders, and causes them.
func TestPrerenderHeedsWhenAPageChanged(t *testing.T) {
	p := newPress(0)
	changes := map[string]time.Time{}
	site := newSite(t, reprint.Options{})
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{
		Prerender: list("/posts/1", "/posts/2"), ChangedAt: func(path string) time.Time { return changes[path] },
	})
	for range 2 {
		if err := site.Prerender(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := p.renders.Load(); n != 2 {
		t.Fatalf("%d renders", n)
	}
	changes["/posts/2"] = time.Now().Add(time.Second)
	var last reprint.Progress
	if err := site.Prerender(t.Context(), func(p reprint.Progress) { last = p }); err != nil {
		t.Fatal(err)
	}
	if last.Rendered != 1 || last.Skipped != 1 || p.rendersOf("/posts/2") != 2 {
		t.Errorf("%+v", last)
	}
}

func TestPrerenderOfGivenPaths(t *testing.T) {
	p := newPress(0)
	site := newSite(t, reprint.Options{})
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{})
	paths := func(yield func(string, error) bool) {
		_ = yield("/posts/1", nil) && yield("/nowhere", nil) && yield("/posts/a b", nil) && yield("", errBroken) && yield("/posts/3", nil)
	}
	var last reprint.Progress
	err := site.PrerenderPaths(t.Context(), paths, nil, func(p reprint.Progress) { last = p })
	if !errors.Is(err, errBroken) || last.Rendered != 2 || last.Failed != 1 || last.Listed != 3 {
		t.Errorf("%+v, %v", last, err)
	}
}
