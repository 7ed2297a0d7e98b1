package reprint_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
)

// followed is the policy of a route whose answers decide.
var followed = reprint.Policy{Freshness: reprint.FromHeaders, Query: []string{"*"}, Invalidate: true}

// An origin that compresses for browsers says nothing about what a render gets.
func TestWhatACompressedAnswerTeaches(t *testing.T) {
	site := newSite(t, reprint.Options{})
	handle(t, site, "/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=600")
		w.Header().Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			fmt.Fprint(w, "compressed")
			return
		}
		fmt.Fprint(w, "plain")
	}, followed)
	wantBody(t, get(site, "/a", "Accept-Encoding", "gzip"), 200, "compressed")
	waitFor(t, "the page", func() bool {
		return strings.HasPrefix(get(site, "/a", "Accept-Encoding", "gzip").Header.Get("Cache-Status"), "reprint; hit")
	})
	wantBody(t, get(site, "/a", "Accept-Encoding", "gzip"), 200, "plain")
}

// Whoever says last that a page is private is right: an older render that says
// otherwise and ends later is not stored.
func TestAnOlderPublicRenderDoesNotFollowAPrivateOne(t *testing.T) {
	site := newSite(t, reprint.Options{})
	var state atomic.Int32
	began, hold := make(chan struct{}, 8), make(chan struct{})
	handle(t, site, "/", func(w http.ResponseWriter, r *http.Request) {
		now := state.Load()
		if !reprint.InRender(r.Context()) {
			fmt.Fprint(w, "for one visitor")
			return
		}
		began <- struct{}{}
		w.Header().Set("Cache-Control", "public, max-age=600")
		switch now {
		case 0:
			reprint.Tag(r.Context(), "t")
			fmt.Fprint(w, "first")
		case 1:
			<-hold
			fmt.Fprint(w, "older, public")
		case 2:
			w.Header().Set("Cache-Control", "private")
		}
	}, reprint.Policy{Freshness: reprint.FromHeaders})
	if err := site.Revalidate(t.Context(), "/a"); err != nil {
		t.Fatal(err)
	}
	<-began
	if _, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/a"}, Mode: reprint.Stale}); err != nil {
		t.Fatal(err)
	}
	state.Store(1)
	wantBody(t, get(site, "/a"), 200, "first") // and the older render begins behind
	<-began
	state.Store(2)
	if _, err := site.Apply(t.Context(), reprint.Revalidation{Tags: []string{"t"}}); err != nil {
		t.Fatal(err)
	}
	close(hold)
	waitFor(t, "the older render", func() bool { return site.Status().RendersRunning == 0 })
	wantBody(t, get(site, "/a"), 200, "for one visitor")
	if keys := keysOf(t, site); len(keys) != 0 {
		t.Errorf("stored: %v", keys)
	}
}

// What was deleted does not stay because the answer that says so may not be stored,
// as that of many frameworks may not.
func TestAPageThatIsGoneDoesNotStay(t *testing.T) {
	for _, status := range []int{404, 410} {
		site := newSite(t, reprint.Options{})
		var deleted atomic.Bool
		handle(t, site, "/posts/{id}", func(w http.ResponseWriter, _ *http.Request) {
			if deleted.Load() {
				w.Header().Set("Cache-Control", "no-cache, private")
				w.WriteHeader(status)
			}
			fmt.Fprint(w, deleted.Load())
		}, reprint.Policy{})
		wantBody(t, get(site, "/posts/1"), 200, "false")
		deleted.Store(true)
		if err := site.Revalidate(t.Context(), "/posts/1"); err != nil {
			t.Errorf("%d: %v", status, err)
		}
		wantBody(t, get(site, "/posts/1"), status, "true")
		if keys := keysOf(t, site); len(keys) != 0 {
			t.Errorf("%d: stored: %v", status, keys)
		}
		deleted.Store(false)
		if err := site.Revalidate(t.Context(), "/posts/1"); err != nil {
			t.Error(err)
		}
		wantCacheStatus(t, get(site, "/posts/1"), "hit")
	}
}

// The status of an origin that is too busy to answer says nothing of the page.
func TestAnOriginThatAsksForPatienceCostsNoPage(t *testing.T) {
	for _, code := range []int{408, 425, 429} {
		site := newSite(t, reprint.Options{})
		var status atomic.Int64
		handle(t, site, "/", func(w http.ResponseWriter, _ *http.Request) {
			if s := status.Load(); s != 0 {
				w.WriteHeader(int(s))
				return
			}
			w.Header().Set("Cache-Control", "max-age=600")
			fmt.Fprint(w, "good")
		}, followed)
		if err := site.Revalidate(t.Context(), "/a"); err != nil {
			t.Fatal(err)
		}
		status.Store(int64(code))
		if err := site.Revalidate(t.Context(), "/a"); !errors.Is(err, reprint.ErrStatus) {
			t.Errorf("%d: %v", code, err)
		}
		wantBody(t, get(site, "/a"), 200, "good")
	}
}

// A page that is only in memory, because the store is full, is invalidated too.
func TestInvalidationOfAPageThatTheStoreDidNotTake(t *testing.T) {
	store := &failing{MemoryStore: reprint.NewMemoryStore(0)}
	site := newSite(t, reprint.Options{Store: store})
	var version atomic.Int64
	handle(t, site, "/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			version.Add(1)
			return
		}
		w.Header().Set("Cache-Control", "max-age=600")
		fmt.Fprintf(w, "v%d", version.Load())
	}, followed)
	store.set(fmt.Errorf("disk: %w", reprint.ErrFull))
	get(site, "/a")
	waitFor(t, "the page", func() bool { return strings.Contains(get(site, "/a").Header.Get("Cache-Status"), "hit") })
	ask(site, http.MethodPost, "/a")
	wantBody(t, get(site, "/a"), 200, "v1")
}

// Cookies are found as an origin may find them, whether or not they are valid.
func TestBypassCookiesHoweverTheyAreWritten(t *testing.T) {
	site := newSite(t, reprint.Options{})
	handle(t, site, "/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "page") },
		reprint.Policy{BypassCookies: []string{"sid", "cart[*"}})
	for _, cookie := range []string{"sid=1", `sid={"id":1}`, "sid=größe", `sid=a\b`, "cart[1]=2", " sid =1", "sid", "a=b;sid=1", strings.Repeat("a=1; ", 3001) + "sid=1"} {
		if got := get(site, "/", "Cookie", cookie).Header.Get("Cache-Status"); !strings.Contains(got, "detail=cookie") {
			t.Errorf("%.40q: %s", cookie, got)
		}
	}
	wantCacheStatus(t, get(site, "/", "Cookie", "aid=sid; xsid=1"), "fwd=miss")
}

// New routes are in force before their listings are read.
func TestNewListingsAreReadUnderTheNewRoutes(t *testing.T) {
	const n = 30
	p := newPress(0)
	site := newSite(t, reprint.Options{})
	set := func(ids ...int) {
		t.Helper()
		var routes []reprint.Route
		for i := range n {
			var paths []string
			for _, id := range ids {
				paths = append(paths, fmt.Sprintf("/r%d/%d", i, id))
			}
			routes = append(routes, reprint.Route{Pattern: fmt.Sprintf("/r%d/{id}", i), Handler: p,
				Policy: reprint.Policy{Fallback: reprint.NotFound, Prerender: list(paths...)}})
		}
		if err := site.SetRoutes(routes); err != nil {
			t.Fatal(err)
		}
	}
	set(1)
	for i := range n {
		get(site, fmt.Sprintf("/r%d/1", i)) // reads the listing
	}
	set(1, 2)
	for i := range n {
		path := fmt.Sprintf("/r%d/2", i)
		waitFor(t, path, func() bool { return get(site, path).StatusCode == 200 })
	}
}

func TestPrerenderGoesOnWhileRoutesAreReplaced(t *testing.T) {
	p := newPress(0)
	site := newSite(t, reprint.Options{})
	midway, goOn := make(chan struct{}), make(chan struct{})
	once := sync.OnceFunc(func() { close(midway); <-goOn })
	slow := func(context.Context) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for i := range 20 {
				if i == 10 {
					once()
				}
				if !yield(fmt.Sprintf("/a/%d", i), nil) {
					return
				}
			}
		}
	}
	routes := []reprint.Route{{Pattern: "/a/{id}", Handler: p, Policy: reprint.Policy{Prerender: slow}}}
	if err := site.SetRoutes(routes); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- site.Prerender(t.Context(), nil) }()
	<-midway
	if err := site.SetRoutes(routes); err != nil {
		t.Fatal(err)
	}
	close(goOn)
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it does not end")
	}
	if n := p.renders.Load(); n != 20 {
		t.Errorf("%d renders", n)
	}
}
