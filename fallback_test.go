package reprint_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint"
)

func TestFallbackNotFoundAnswersBeforeAnyLookUpOrRender(t *testing.T) {
	store := reprint.NewMemoryStore(0)
	// An old page of a path that is listed no longer.
	if _, err := store.Put(t.Context(), &reprint.Page{Key: reprint.Key{Path: "/posts/9"}, Status: 200, Body: []byte("old")}); err != nil {
		t.Fatal(err)
	}
	counted := &counting{Store: store}
	p := newPress(0)
	site := newSite(t, reprint.Options{Store: counted, Journal: store})
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{Fallback: reprint.NotFound, Prerender: list("/posts/1", "/posts/caf é")})
	for range 3 {
		r := get(site, "/posts/9")
		wantCacheStatus(t, r, "unlisted")
		wantBody(t, r, 404, "404 page not found\n")
	}
	if n := counted.pages.Load() + p.renders.Load(); n != 0 {
		t.Errorf("%d look-ups and renders", n)
	}
	wantBody(t, get(site, "/posts/1"), 200, "/posts/1 v0")
	wantBody(t, get(site, "/posts/caf%20%C3%A9"), 200, "/posts/caf é v0")
	if err := site.Revalidate(t.Context(), "/posts/9"); !errors.Is(err, reprint.ErrUnlisted) {
		t.Errorf("a revalidation admits an unlisted path: %v", err)
	}
	if page, _ := store.Page(t.Context(), reprint.Key{Path: "/posts/9"}); page == nil {
		t.Error("the old page was touched")
	}
}

// counting counts look-ups.
type counting struct {
	reprint.Store
	pages atomic.Int64
}

func (c *counting) Page(ctx context.Context, k reprint.Key) (*reprint.Page, error) {
	c.pages.Add(1)
	return c.Store.Page(ctx, k)
}

// A listing that fails is not a listing that is empty.
func TestAListingThatFailsKeepsTheLastOne(t *testing.T) {
	var fail atomic.Bool
	fail.Store(true)
	var third atomic.Bool
	listing := func(context.Context) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			if !yield("/posts/1", nil) {
				return
			}
			if fail.Load() {
				yield("", errBroken)
				return
			}
			if !yield("/posts/2", nil) {
				return
			}
			if third.Load() {
				yield("/posts/3", nil)
			}
		}
	}
	p := newPress(0)
	site := newSite(t, reprint.Options{})
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{Fallback: reprint.NotFound, Prerender: listing})
	// Nothing is known yet: that is no 404.
	if r := get(site, "/posts/1"); r.StatusCode != 503 {
		t.Errorf("%d", r.StatusCode)
	}
	fail.Store(false)
	wantBody(t, get(site, "/posts/2"), 200, "/posts/2 v0")
	fail.Store(true)
	if err := site.Prerender(t.Context(), nil); !errors.Is(err, errBroken) {
		t.Errorf("prerender: %v", err)
	}
	wantBody(t, get(site, "/posts/2"), 200, "/posts/2 v0")
	fail.Store(false)
	third.Store(true)
	if r := get(site, "/posts/3"); r.StatusCode != 404 {
		t.Errorf("%d", r.StatusCode)
	}
	// A new path is admitted by its revalidation, which reads the listing again.
	if err := site.Revalidate(t.Context(), "/posts/3"); err != nil {
		t.Fatal(err)
	}
	wantBody(t, get(site, "/posts/3"), 200, "/posts/3 v0")
}

func TestFallbackShell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := reprint.NewMemoryStore(0)
		p := newPress(time.Second)
		site := newSite(t, reprint.Options{Store: store})
		handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{
			Fallback: reprint.Shell, Prerender: list("/posts/1"),
			Shell: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Cache-Control", "public, max-age=600")
				fmt.Fprintf(w, "loading %s %d", r.URL.Path, len(r.Header))
			}),
		})
		begin := time.Now()
		for range 3 {
			r := get(site, "/posts/2", "Cookie", "a=b")
			wantCacheStatus(t, r, "fwd=miss", "detail=shell")
			if cc := r.Header.Get("Cache-Control"); !contains(cc, "no-store") {
				t.Errorf("a shell is sent with %q", cc)
			}
			wantBody(t, r, 200, "loading /posts/2 0")
		}
		if waited := time.Since(begin); waited != 0 {
			t.Errorf("the visitor waited %v", waited)
		}
		if page, _ := store.Page(t.Context(), reprint.Key{Path: "/posts/2"}); page != nil {
			t.Error("the shell was stored")
		}
		time.Sleep(2 * time.Second)
		wantBody(t, get(site, "/posts/2"), 200, "/posts/2 v0")
		if n := p.renders.Load(); n != 1 {
			t.Errorf("%d renders", n)
		}
		// A path without a page yet: a revalidation renders it and waits.
		if err := site.Revalidate(t.Context(), "/posts/3"); err != nil {
			t.Fatal(err)
		}
		wantBody(t, get(site, "/posts/3"), 200, "/posts/3 v0")
	})
}

func TestPrerender(t *testing.T) {
	p := newPress(0)
	store := reprint.NewMemoryStore(0)
	site := newSite(t, reprint.Options{Store: store})
	var paths []string
	for i := range 1000 {
		paths = append(paths, fmt.Sprintf("/posts/%d", i))
	}
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{Prerender: list(paths...)})
	handle(t, site, "/bad", p.ServeHTTP, reprint.Policy{Prerender: func(context.Context) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) { yield("/bad", nil); yield("", errBroken) }
	}})
	handle(t, site, "/unlisted", p.ServeHTTP, reprint.Policy{})
	p.breakWith("/posts/500", status(500))
	get(site, "/posts/1")

	var last reprint.Progress
	failed := map[string]error{}
	calls := 0
	err := site.Prerender(t.Context(), func(progress reprint.Progress) {
		calls++
		if progress.Err != nil {
			failed[progress.Path] = progress.Err
		}
		if progress.Done() < last.Done() || progress.Listed < progress.Done() {
			t.Errorf("progress went from %+v to %+v", last, progress)
		}
		last = progress
	})
	if !errors.Is(err, errBroken) || !contains(err.Error(), "1 of 1001 listed paths could not be rendered") {
		t.Errorf("error %v", err)
	}
	if last.Listed != 1001 || last.Rendered != 999 || last.Skipped != 1 || last.Failed != 1 || calls != 1002 {
		t.Errorf("%d calls, at last %+v", calls, last)
	}
	if !errors.Is(failed["/posts/500"], reprint.ErrStatus) || !errors.Is(failed[""], errBroken) || len(failed) != 2 {
		t.Errorf("failures %v", failed)
	}
	// Again: only what is not current.
	p.breakWith("/posts/500", nil)
	renders := p.renders.Load()
	if err := site.Prerender(t.Context(), nil); !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
	if n := p.renders.Load() - renders; n != 1 {
		t.Errorf("%d renders, want 1: the one that failed", n)
	}
}

func TestPrerenderOfAMillionPathsNeedsNoList(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	listed := 0
	site := newSite(t, reprint.Options{})
	p := newPress(0)
	handle(t, site, "/{id}", p.ServeHTTP, reprint.Policy{Prerender: func(context.Context) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for i := range 1_000_000_000 {
				listed++
				if !yield(fmt.Sprintf("/%d", i), nil) {
					return
				}
			}
		}
	}})
	done := 0
	err := site.Prerender(ctx, func(reprint.Progress) {
		if done++; done == 100 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if listed > 1000 {
		t.Errorf("%d paths were read ahead of 100 renders", listed)
	}
}

func TestShutdownFinishesWhatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := reprint.NewMemoryStore(0)
		p := newPress(time.Second)
		site := newSite(t, reprint.Options{Store: store})
		handle(t, site, "/{id}", p.ServeHTTP, reprint.Policy{})
		get(site, "/stored")
		visitor := make(chan string)
		go func() { visitor <- text(get(site, "/a")) }()
		synctest.Wait()
		if err := site.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if got := <-visitor; got != "/a v0" {
			t.Errorf("the visitor got %q", got)
		}
		if page, _ := store.Page(t.Context(), reprint.Key{Path: "/a"}); page == nil {
			t.Error("the page was not stored")
		}
		wantBody(t, get(site, "/stored"), 200, "/stored v0")
		r := get(site, "/new")
		wantCacheStatus(t, r, "detail=shutdown")
		if r.StatusCode != 503 || p.renders.Load() != 2 {
			t.Errorf("after it: %d, %d renders", r.StatusCode, p.renders.Load())
		}
		if err := site.Revalidate(t.Context(), "/a"); !errors.Is(err, reprint.ErrClosed) {
			t.Errorf("after it a call gets %v", err)
		}
	})
}

func TestShutdownCutsWhatTakesTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := reprint.NewMemoryStore(0)
		site := newSite(t, reprint.Options{Store: store})
		handle(t, site, "/a", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "half")
			<-r.Context().Done()
			io.WriteString(w, " and more")
		}, reprint.Policy{})
		visitor := make(chan int)
		go func() { visitor <- get(site, "/a").StatusCode }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := site.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if got := <-visitor; got != 503 {
			t.Errorf("the visitor got %d", got)
		}
		if page, _ := store.Page(context.Background(), reprint.Key{Path: "/a"}); page != nil {
			t.Errorf("stored: %q", page.Body)
		}
	})
}
