package reprint_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint"
)

// What users of Next.js rely on, by the identifiers of the checklist that
// docs/nextjs.md goes through line by line. Each runs in fake time on a site of
// its own.
func TestNextJS(t *testing.T) {
	for _, c := range nextjs {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := &nextSite{press: newPress(0), store: reprint.NewMemoryStore(0)}
				n.site = newSite(t, reprint.Options{Store: n.store, DraftSecret: []byte("0123456789abcdef")})
				c.run(t, n)
			})
		})
	}
}

// nextSite is a site with a press, in the words of the checklist.
type nextSite struct {
	*press
	site  *reprint.Site
	store *reprint.MemoryStore
}

func (n *nextSite) route(t *testing.T, pattern string, p reprint.Policy) {
	handle(t, n.site, pattern, n.ServeHTTP, p)
}

func (n *nextSite) get(t *testing.T, path string, status int, body string, cacheStatus ...string) {
	t.Helper()
	r := get(n.site, path)
	wantCacheStatus(t, r, cacheStatus...)
	if body == "" {
		if r.StatusCode != status {
			t.Fatalf("%s: %d, want %d", path, r.StatusCode, status)
		}
		return
	}
	wantBody(t, r, status, body)
}

func (n *nextSite) revalidate(t *testing.T, path string) {
	t.Helper()
	if err := n.site.Revalidate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
}

func (n *nextSite) wantRenders(t *testing.T, want int64) {
	t.Helper()
	synctest.Wait()
	if got := n.renders.Load(); got != want {
		t.Fatalf("%d renders, want %d", got, want)
	}
}

var closed = reprint.Policy{Fallback: reprint.NotFound, Prerender: list("/blog/1", "/blog/2")}

var nextjs = []struct {
	name string
	run  func(t *testing.T, n *nextSite)
}{
	{"C-11 a listed path is a full page", func(t *testing.T, n *nextSite) {
		n.route(t, "/blog/{id}", closed)
		n.get(t, "/blog/1", 200, "/blog/1 v0")
	}},
	{"C-12 an unseen path of fallback blocking is a full page, never a shell", func(t *testing.T, n *nextSite) {
		n.route(t, "/blog/{id}", reprint.Policy{})
		n.get(t, "/blog/new", 200, "/blog/new v0", "fwd=miss", "stored")
		n.get(t, "/blog/new", 200, "/blog/new v0", "hit")
	}},
	{"C-14 an unknown query is not part of a page", func(t *testing.T, n *nextSite) {
		n.route(t, "/something", reprint.Policy{})
		n.get(t, "/something?hello=world", 200, "/something v0")
		n.get(t, "/something", 200, "/something v0", "hit")
		n.wantRenders(t, 1)
	}},
	{"C-16 C-17 an unlisted path of fallback false is 404 each time and never generated", func(t *testing.T, n *nextSite) {
		n.route(t, "/blog/{id}", closed)
		for range 3 {
			n.get(t, "/blog/9", 404, "")
			time.Sleep(500 * time.Millisecond)
		}
		n.wantRenders(t, 0)
	}},
	{"C-18 no page, no route", func(t *testing.T, n *nextSite) { n.get(t, "/_next/data/build", 404, "") }},
	{"C-21 a listed path of fallback shell is a full page", func(t *testing.T, n *nextSite) {
		n.route(t, "/blog/{id}", reprint.Policy{Fallback: reprint.Shell, Shell: http.HandlerFunc(shell), Prerender: list("/blog/1")})
		n.get(t, "/blog/1", 200, "/blog/1 v0")
	}},
	{"C-22 an unseen path of fallback shell is a shell that nobody stores, then a full page", func(t *testing.T, n *nextSite) {
		n.route(t, "/blog/{id}", reprint.Policy{Fallback: reprint.Shell, Shell: http.HandlerFunc(shell)})
		r := get(n.site, "/blog/3")
		if cc := r.Header.Get("Cache-Control"); cc != "private, no-cache, no-store, max-age=0, must-revalidate" {
			t.Errorf("Cache-Control %q", cc)
		}
		wantBody(t, r, 200, "shell")
		synctest.Wait()
		n.get(t, "/blog/3", 200, "/blog/3 v0", "hit")
	}},
	{"C-20 C-23 browsers ask again for a page that this site answers for", func(t *testing.T, n *nextSite) {
		n.route(t, "/a", reprint.Policy{Revalidate: 2 * time.Second})
		if cc := get(n.site, "/a").Header.Get("Cache-Control"); cc != "public, max-age=0, must-revalidate" {
			t.Errorf("Cache-Control %q", cc)
		}
	}},
	{"C-25 a page without revalidate keeps identical bytes", func(t *testing.T, n *nextSite) {
		n.route(t, "/once/{id}", reprint.Policy{})
		n.get(t, "/once/1", 200, "/once/1 v0")
		n.set("/once/1", 1)
		for range 10 {
			n.get(t, "/once/1", 200, "/once/1 v0", "hit")
			time.Sleep(24 * time.Hour)
		}
		n.wantRenders(t, 1)
	}},
	{"C-26 a deep catch-all path has its values", func(t *testing.T, n *nextSite) {
		handle(t, n.site, "/catchall/{slug...}", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, r.PathValue("slug"))
		}, reprint.Policy{})
		n.get(t, "/catchall/first/second/third", 200, "first/second/third")
	}},
	{"C-30 a page is the same within its time and another some time after", func(t *testing.T, n *nextSite) {
		n.route(t, "/a", reprint.Policy{Revalidate: 2 * time.Second})
		n.get(t, "/a", 200, "/a v0")
		n.set("/a", 1)
		time.Sleep(1700 * time.Millisecond)
		n.get(t, "/a", 200, "/a v0", "hit")
		time.Sleep(400 * time.Millisecond)
		n.get(t, "/a", 200, "/a v0", "hit", "stale-time")
		synctest.Wait()
		n.get(t, "/a", 200, "/a v1", "hit")
	}},
	{"C-31 C-33 C-35 a 404 heals by itself when the source has the page", func(t *testing.T, n *nextSite) {
		n.route(t, "/blog/{id}", reprint.Policy{Revalidate: time.Second})
		n.breakWith("/blog/1", http.NotFound)
		n.get(t, "/blog/1", 404, "")
		n.get(t, "/blog/1", 404, "", "hit")
		n.breakWith("/blog/1", nil)
		time.Sleep(1500 * time.Millisecond)
		n.get(t, "/blog/1", 404, "", "stale-time")
		synctest.Wait()
		n.get(t, "/blog/1", 200, "/blog/1 v0", "hit")
	}},
	{"C-36 C-75 renders that fail keep the old page, with status 200", func(t *testing.T, n *nextSite) {
		n.route(t, "/a", reprint.Policy{Revalidate: time.Second})
		n.get(t, "/a", 200, "/a v0")
		n.breakWith("/a", status(500))
		for range 3 {
			time.Sleep(3 * time.Second)
			n.get(t, "/a", 200, "/a v0", "hit")
		}
	}},
	{"C-40 a revalidation of a page that is not stored succeeds and says that it did nothing", func(t *testing.T, n *nextSite) {
		handle(t, n.site, "/ssr", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			io.WriteString(w, "for you")
		}, reprint.Policy{})
		r, err := n.site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/ssr"}})
		if err != nil || r.Skipped != 1 || r.Regenerated != 0 {
			t.Errorf("receipt %+v, %v", r, err)
		}
	}},
	{"C-41 a revalidation called in draft mode stores no draft", func(t *testing.T, n *nextSite) {
		handle(t, n.site, "/a", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "draft %v", reprint.IsDraft(r.Context()))
		}, reprint.Policy{})
		mux := http.NewServeMux()
		mux.Handle("/", n.site)
		handle(t, n.site, "/api/revalidate", func(w http.ResponseWriter, r *http.Request) {
			// The API's own request is in draft mode; its context is what it calls with.
			if !reprint.IsDraft(r.Context()) {
				t.Error("the call is not in draft mode")
			}
			if err := n.site.Revalidate(r.Context(), "/a"); err != nil {
				t.Error(err)
			}
		}, reprint.Policy{})
		get(n.site, "/api/revalidate", "Cookie", draftCookie(t, n.site, time.Hour))
		n.get(t, "/a", 200, "draft false", "hit")
	}},
	{"C-42 after a revalidation the very next visitor gets the new page", func(t *testing.T, n *nextSite) {
		n.route(t, "/blog/{id}", reprint.Policy{})
		n.get(t, "/blog/1", 200, "/blog/1 v0", "fwd=miss")
		n.get(t, "/blog/1", 200, "/blog/1 v0", "hit")
		n.set("/blog/1", 1)
		n.revalidate(t, "/blog/1")
		n.get(t, "/blog/1", 200, "/blog/1 v1", "reprint; hit")
	}},
	{"C-43 C-44 only-if-generated renders what there is and nothing else", func(t *testing.T, n *nextSite) {
		n.route(t, "/blog/{id}", reprint.Policy{})
		only := reprint.Revalidation{Paths: []string{"/blog/1"}, OnlyGenerated: true}
		if _, err := n.site.Apply(t.Context(), only); err != nil {
			t.Fatal(err)
		}
		n.wantRenders(t, 0)
		n.get(t, "/blog/1", 200, "/blog/1 v0", "fwd=miss")
		n.set("/blog/1", 1)
		if _, err := n.site.Apply(t.Context(), only); err != nil {
			t.Fatal(err)
		}
		n.get(t, "/blog/1", 200, "/blog/1 v1", "hit")
	}},
	{"C-45 C-76 a closed path is not admitted by a revalidation, a listed one is renewed", func(t *testing.T, n *nextSite) {
		n.route(t, "/blog/{id}", closed)
		n.get(t, "/blog/9", 404, "")
		if err := n.site.Revalidate(t.Context(), "/blog/9"); !errors.Is(err, reprint.ErrUnlisted) {
			t.Errorf("error %v", err)
		}
		n.get(t, "/blog/9", 404, "")
		n.wantRenders(t, 0)
		n.get(t, "/blog/1", 200, "/blog/1 v0")
		n.set("/blog/1", 1)
		n.revalidate(t, "/blog/1")
		n.get(t, "/blog/1", 200, "/blog/1 v1", "hit")
	}},
	{"C-48 a page knows why it was rendered", func(t *testing.T, n *nextSite) {
		n.route(t, "/a", reprint.Policy{Revalidate: time.Minute, Prerender: list("/a")})
		cause := func() string {
			x, err := n.site.Explain(t.Context(), "/a")
			if err != nil {
				t.Fatal(err)
			}
			return x[0].Page.Cause
		}
		if err := n.site.Prerender(t.Context(), nil); err != nil || cause() != "prerender" {
			t.Errorf("cause %q, %v", cause(), err)
		}
		r, err := n.site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/a"}})
		if err != nil || cause() != "revalidate "+r.ID {
			t.Errorf("cause %q, %v", cause(), err)
		}
		time.Sleep(2 * time.Minute)
		n.get(t, "/a", 200, "")
		synctest.Wait()
		if cause() != "stale" {
			t.Errorf("cause %q", cause())
		}
	}},
	{"C-65 a 404 without a time of its own has a short life", func(t *testing.T, n *nextSite) {
		n.route(t, "/a", reprint.Policy{})
		n.breakWith("/a", http.NotFound)
		n.get(t, "/a", 404, "")
		n.get(t, "/a", 404, "", "hit", "ttl=")
	}},
	{"C-70 a tag renews every page that used it", func(t *testing.T, n *nextSite) {
		n.route(t, "/{name}", reprint.Policy{})
		for _, path := range []string{"/page", "/feed", "/other"} {
			if path != "/other" {
				n.tag(path, "thing:1")
			}
			n.get(t, path, 200, "")
			n.set(path, 1)
		}
		if _, err := n.site.Apply(t.Context(), reprint.Revalidation{Tags: []string{"thing:1"}, Mode: reprint.Expire}); err != nil {
			t.Fatal(err)
		}
		n.get(t, "/page", 200, "/page v1", "fwd=stale")
		n.get(t, "/feed", 200, "/feed v1", "fwd=stale")
		n.get(t, "/other", 200, "/other v0", "hit")
	}},
	{"C-71 a path in mode expire is renewed at its next visit", func(t *testing.T, n *nextSite) {
		n.route(t, "/a", reprint.Policy{Revalidate: time.Hour})
		n.get(t, "/a", 200, "/a v0")
		n.set("/a", 1)
		if _, err := n.site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/a"}, Mode: reprint.Expire}); err != nil {
			t.Fatal(err)
		}
		n.get(t, "/a", 200, "/a v1", "fwd=stale")
	}},
	{"C-72 an admitted path is renewed again and again, and static in between", func(t *testing.T, n *nextSite) {
		n.route(t, "/blog/{id}", closed)
		n.route(t, "/all/{rest...}", reprint.Policy{})
		for _, path := range []string{"/blog/1", "/all/a/b", "/all/"} {
			for v := range 3 {
				n.set(path, v)
				n.revalidate(t, path)
				want := fmt.Sprintf("%s v%d", path, v)
				n.get(t, path, 200, want, "hit")
				n.get(t, path, 200, want, "hit")
			}
		}
	}},
	{"C-79 C-80 C-103 an unlisted path is 404 before any look-up, also when an old page is stored", func(t *testing.T, n *nextSite) {
		n.route(t, "/blog/{id}", closed)
		page := &reprint.Page{Key: reprint.Key{Path: "/blog/9"}, Status: 200, Body: []byte("old")}
		if _, err := n.store.Put(t.Context(), page); err != nil {
			t.Fatal(err)
		}
		n.get(t, "/blog/9", 404, "")
		if kept, _ := n.store.Page(t.Context(), page.Key); kept == nil || string(kept.Body) != "old" || kept.Cause != page.Cause {
			t.Error("the stored page was touched")
		}
	}},
	{"C-81 nothing of a request but its key reaches a render", func(t *testing.T, n *nextSite) {
		handle(t, n.site, "/a", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, len(r.Header), len(r.Cookies()), r.URL.RawQuery)
		}, reprint.Policy{})
		wantBody(t, get(n.site, "/a?q=1", "Cookie", "a=b", "X-Y", "z"), 200, "0 0")
		n.get(t, "/a", 200, "0 0", "hit")
	}},
	{"C-84 an answer that is no page is not stored", func(t *testing.T, n *nextSite) {
		n.route(t, "/a", reprint.Policy{})
		n.breakWith("/a", status(418))
		n.get(t, "/a", 418, "", "fwd=miss", "error-status")
		if page, _ := n.store.Page(t.Context(), reprint.Key{Path: "/a"}); page != nil {
			t.Error("it was stored")
		}
	}},
	{"C-90 a conditional request for a stale page renews it and harms nothing", func(t *testing.T, n *nextSite) {
		n.route(t, "/a", reprint.Policy{Revalidate: time.Minute})
		tag := get(n.site, "/a").Header.Get("Etag")
		n.set("/a", 1)
		time.Sleep(2 * time.Minute)
		wantBody(t, get(n.site, "/a", "If-None-Match", tag), 304, "")
		synctest.Wait()
		n.get(t, "/a", 200, "/a v1", "hit")
	}},
	{"C-93 a revalidation needs no request and passes no middleware", func(t *testing.T, n *nextSite) {
		n.route(t, "/a", reprint.Policy{})
		n.seen = func(r *http.Request) {
			if len(r.Header) != 0 {
				t.Errorf("the render sees %v", r.Header)
			}
		}
		n.revalidate(t, "/a")
		n.get(t, "/a", 200, "/a v0", "hit")
	}},
	{"C-62 no request header makes a visitor's request a revalidation", func(t *testing.T, n *nextSite) {
		n.route(t, "/a", reprint.Policy{})
		n.get(t, "/a", 200, "/a v0")
		n.set("/a", 1)
		wantBody(t, get(n.site, "/a", "X-Prerender-Revalidate", "secret", "Cache-Control", "no-cache", "Pragma", "no-cache"), 200, "/a v0")
		n.wantRenders(t, 1)
	}},
	{"C-94 tags do not leave the site", func(t *testing.T, n *nextSite) {
		n.route(t, "/a", reprint.Policy{})
		n.tag("/a", "secret-tag")
		if h := fmt.Sprint(get(n.site, "/a").Header); contains(h, "secret-tag") {
			t.Errorf("headers %s", h)
		}
	}},
	{"C-95 a page that gains a tag is found by it", func(t *testing.T, n *nextSite) {
		n.route(t, "/a", reprint.Policy{})
		n.tag("/a", "old")
		n.get(t, "/a", 200, "/a v0")
		n.tag("/a", "new")
		n.revalidate(t, "/a")
		for tag, want := range map[string]int{"old": 0, "new": 1} {
			r, err := n.site.Apply(t.Context(), reprint.Revalidation{Tags: []string{tag}, Mode: reprint.Stale})
			if err != nil || r.Matched != want {
				t.Errorf("%s: receipt %+v, %v", tag, r, err)
			}
		}
	}},
	{"C-96 a revalidation inside a render is an error", func(t *testing.T, n *nextSite) {
		handle(t, n.site, "/a", func(w http.ResponseWriter, r *http.Request) {
			if _, err := n.site.Apply(r.Context(), reprint.Revalidation{All: true}); !errors.Is(err, reprint.ErrInRender) {
				t.Errorf("error %v", err)
			}
			io.WriteString(w, "x")
		}, reprint.Policy{})
		n.get(t, "/a", 200, "x")
	}},
	{"C-97 a stale page is served without waiting, and rendered once for many visitors", func(t *testing.T, n *nextSite) {
		n.delay = time.Second
		n.route(t, "/a", reprint.Policy{Revalidate: time.Minute})
		n.get(t, "/a", 200, "/a v0")
		n.set("/a", 1)
		time.Sleep(2 * time.Minute)
		begin := time.Now()
		for range 3 {
			n.get(t, "/a", 200, "/a v0", "stale-time")
		}
		if time.Since(begin) != 0 {
			t.Error("a visitor waited")
		}
		time.Sleep(2 * time.Second)
		n.get(t, "/a", 200, "/a v1", "reprint; hit; ttl")
		n.wantRenders(t, 2)
	}},
	{"C-99 a store sees every tag, and a page is found by its path", func(t *testing.T, n *nextSite) {
		n.route(t, "/a/{id}", reprint.Policy{})
		n.tag("/a/1", "explicit-tag")
		n.get(t, "/a/1", 200, "")
		page, err := n.store.Page(t.Context(), reprint.Key{Path: "/a/1"})
		want := "[explicit-tag no query path /a/1 prefix / prefix /a/ route /a/{id}]"
		if err != nil || fmt.Sprint(page.Tags) != want {
			t.Errorf("tags %v, want %s", page.Tags, want)
		}
	}},
	{"C-102 a valid path is 200, an invalid one 404, an unseen one of an open route 200", func(t *testing.T, n *nextSite) {
		n.route(t, "/blog/{id}", closed)
		n.route(t, "/open/{id}", reprint.Policy{})
		n.get(t, "/blog/1", 200, "")
		n.get(t, "/blog/invalid", 404, "")
		n.get(t, "/open/unseen", 200, "")
	}},
	{"C-104 draft mode renders each time, everybody else gets the stored page", func(t *testing.T, n *nextSite) {
		n.route(t, "/a", reprint.Policy{})
		cookie := draftCookie(t, n.site, time.Hour)
		for v := range 2 {
			n.set("/a", v)
			wantBody(t, get(n.site, "/a", "Cookie", cookie), 200, fmt.Sprintf("/a v%d", v))
			n.get(t, "/a", 200, "/a v0")
		}
	}},
	{"T17 a path value is the decoded segment, whatever its encoding", func(t *testing.T, n *nextSite) {
		handle(t, n.site, "/slug/{slug}", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, r.PathValue("slug"))
		}, reprint.Policy{})
		for _, slug := range []string{"a b", "caf%C3%A9", "%E4%B8%AD%E6%96%87", "a+b", "a%26b", "a%3Fb", "a%23b", "100%25", "%2525", "a;b", "$&,:@", "'quoted'"} {
			u := url.URL{Path: "/"}
			want, err := url.PathUnescape(slug)
			if err != nil {
				t.Fatal(err)
			}
			u.Path, u.RawPath = "/slug/"+want, "/slug/"+slug
			n.get(t, u.EscapedPath(), 200, want)
			n.revalidate(t, u.EscapedPath())
			n.get(t, u.EscapedPath(), 200, want, "hit")
		}
	}},
}

func shell(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "shell") }
