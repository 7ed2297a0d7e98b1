package reprint_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint"
)

// faults are the ways in which a handler can fail to give a page.
var faults = []struct {
	name  string
	cause error
	serve http.HandlerFunc
}{
	{"status 500", reprint.ErrStatus, status(500)},
	{"status 503", reprint.ErrStatus, status(503)},
	{"status 401", reprint.ErrStatus, status(401)},
	{"status 204", reprint.ErrStatus, status(204)},
	{"status 304", reprint.ErrStatus, status(304)},
	{"status 999", reprint.ErrInvalid, status(999)},
	{"status 0", reprint.ErrInvalid, status(0)},
	{"panic", reprint.ErrPanic, func(http.ResponseWriter, *http.Request) { panic("printer on fire") }},
	{"panic after bytes", reprint.ErrPanic, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "half of a")
		panic(http.ErrAbortHandler)
	}},
	{"hangs and heeds its context", reprint.ErrTimeout, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
	{"cut short", reprint.ErrTruncated, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, "half of a")
	}},
	{"100 MB", reprint.ErrTooLarge, func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 1<<20)
		for range 100 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}},
	{"empty", reprint.ErrRefused, status(200)},
	{"a cookie", reprint.ErrPrivate, func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
		io.WriteString(w, "for you")
	}},
	{"a header that cannot be sent", reprint.ErrInvalid, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["X-Title"] = []string{"two\r\nlines"}
		io.WriteString(w, "page")
	}},
	{"a tag that does not fit", reprint.ErrInvalid, func(w http.ResponseWriter, r *http.Request) {
		reprint.Tag(r.Context(), strings.Repeat("x", 257))
		io.WriteString(w, "page")
	}},
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func TestP2TheLastGoodPageStays(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPress(0)
				site := newSite(t, reprint.Options{RenderTimeout: time.Second})
				handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{Revalidate: time.Minute})
				wantBody(t, get(site, "/posts/1"), 200, "/posts/1 v0")

				p.breakWith("/posts/1", f.serve)
				p.set("/posts/1", 1)
				err := site.Revalidate(t.Context(), "/posts/1")
				if !errors.Is(err, f.cause) {
					t.Errorf("the caller is told %v, want %v", err, f.cause)
				}
				var failure *reprint.RenderError
				if !errors.As(err, &failure) || failure.Path != "/posts/1" {
					t.Errorf("error %v does not name the page", err)
				}
				wantCacheStatus(t, get(site, "/posts/1"), "hit", "detail=error")
				for range 3 { // the page is served through all of it, also when its time has run out
					r := get(site, "/posts/1")
					wantCacheStatus(t, r, "hit")
					wantBody(t, r, 200, "/posts/1 v0")
					time.Sleep(2 * time.Minute)
				}
				x, err := site.Explain(t.Context(), "/posts/1")
				if err != nil || x[0].Failures < 2 || x[0].LastError == "" {
					t.Errorf("explained as %+v, %v; want the failures", x, err)
				}

				// Healed, it is rendered again by itself: nobody visits or calls.
				p.breakWith("/posts/1", nil)
				time.Sleep(10 * time.Minute)
				x, err = site.Explain(t.Context(), "/posts/1")
				if err != nil || x[0].Failures != 0 || string(x[0].Page.Body) != "/posts/1 v1" {
					t.Errorf("explained as %+v, %v; want the new page", x, err)
				}
				get(site, "/posts/1")
				synctest.Wait()
				wantBody(t, get(site, "/posts/1"), 200, "/posts/1 v1")
			})
		})
	}
}

// A failure neither shortens nor lengthens a page's life for good (Next.js turns
// a page that never expires into one that does).
func TestAFailureDoesNotChangeAPagesLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(0)
		site := newSite(t, reprint.Options{})
		handle(t, site, "/forever", p.ServeHTTP, reprint.Policy{})
		wantBody(t, get(site, "/forever"), 200, "/forever v0")
		p.breakWith("/forever", status(500))
		if err := site.Revalidate(t.Context(), "/forever"); err == nil {
			t.Fatal("the call succeeded")
		}
		p.breakWith("/forever", nil)
		if err := site.Revalidate(t.Context(), "/forever"); err != nil {
			t.Fatal(err)
		}
		renders := p.renders.Load()
		time.Sleep(300 * 24 * time.Hour)
		wantCacheStatus(t, get(site, "/forever"), "hit")
		synctest.Wait()
		if n := p.renders.Load(); n != renders {
			t.Errorf("it was rendered %d times more", n-renders)
		}
	})
}

func TestExpireBoundsHowLongAStalePageIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(0)
		site := newSite(t, reprint.Options{})
		handle(t, site, "/a", p.ServeHTTP, reprint.Policy{Revalidate: time.Hour, Expire: time.Hour})
		get(site, "/a")
		p.breakWith("/a", status(500))
		time.Sleep(90 * time.Minute)
		wantCacheStatus(t, get(site, "/a"), "hit", "stale-time")
		time.Sleep(31 * time.Minute)
		// It is expired: the visitor waits for a render. That fails, and the last
		// good page is better than an error.
		r := get(site, "/a")
		wantCacheStatus(t, r, "hit", "error-status")
		wantBody(t, r, 200, "/a v0")
		p.breakWith("/a", nil)
		p.set("/a", 1)
		time.Sleep(10 * time.Minute)
		wantBody(t, get(site, "/a"), 200, "/a v1")
	})
}

func TestAColdPageThatKeepsFailingIsNotRenderedOncePerVisitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(0)
		site := newSite(t, reprint.Options{})
		handle(t, site, "/a", p.ServeHTTP, reprint.Policy{})
		p.breakWith("/a", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "sorry", http.StatusBadGateway)
		})
		for range 1000 {
			r := get(site, "/a")
			if r.Header.Get("Retry-After") == "" || r.Header.Get("Cache-Control") != "no-store" {
				t.Fatalf("headers %v", r.Header)
			}
			wantBody(t, r, 502, "sorry\n")
			time.Sleep(time.Second)
		}
		// 1, 2, 4 ... seconds up to five minutes, shortened by up to a quarter.
		if n := p.renders.Load(); n < 9 || n > 16 {
			t.Errorf("%d renders in 1,000 s, want about 11", n)
		}
		p.breakWith("/a", nil)
		if err := site.Revalidate(t.Context(), "/a"); err != nil {
			t.Fatal(err) // a call does not wait for the back-off
		}
		wantBody(t, get(site, "/a"), 200, "/a v0")
	})
}

// A revalidation in a mode that does not render ends the rest after a failure:
// what was wrong may be right now.
func TestARevalidationEndsTheRestAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(0)
		site := newSite(t, reprint.Options{})
		handle(t, site, "/a", p.ServeHTTP, reprint.Policy{})
		get(site, "/a")
		p.breakWith("/a", status(500))
		for range 6 {
			_ = site.Revalidate(t.Context(), "/a")
		}
		p.breakWith("/a", nil)
		p.set("/a", 1)
		wantBody(t, get(site, "/a"), 200, "/a v0") // it rests
		if _, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/a"}, Mode: reprint.Expire}); err != nil {
			t.Fatal(err)
		}
		wantBody(t, get(site, "/a"), 200, "/a v1")
	})
}

func TestProofRefusesANewPage(t *testing.T) {
	p := newPress(0)
	site := newSite(t, reprint.Options{})
	var olds []string
	handle(t, site, "/a", p.ServeHTTP, reprint.Policy{Proof: func(old, page *reprint.Page) error {
		if old == nil {
			olds = append(olds, "none")
			return nil
		}
		olds = append(olds, string(old.Body))
		if strings.HasSuffix(string(page.Body), "v2") {
			return errors.New("the price is missing")
		}
		if strings.HasSuffix(string(page.Body), "v3") {
			panic("proof on fire")
		}
		return nil
	}})
	get(site, "/a")
	p.set("/a", 1)
	if err := site.Revalidate(t.Context(), "/a"); err != nil {
		t.Fatal(err)
	}
	for _, v := range []int{2, 3} {
		p.set("/a", v)
		if err := site.Revalidate(t.Context(), "/a"); !errors.Is(err, reprint.ErrRefused) {
			t.Fatalf("version %d: error %v", v, err)
		}
		wantBody(t, get(site, "/a"), 200, "/a v1")
	}
	if got := fmt.Sprint(olds); got != "[none /a v0 /a v1 /a v1]" {
		t.Errorf("the proof compared with %s", got)
	}
}

// Handlers that do not heed their deadline are left behind, a bounded number.
func TestAHandlerThatNeverReturnsHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(0)
		forever := make(chan struct{})
		defer close(forever)
		site := newSite(t, reprint.Options{Renders: 2, RenderTimeout: time.Second})
		handle(t, site, "/hangs/{id}", func(http.ResponseWriter, *http.Request) { <-forever }, reprint.Policy{})
		handle(t, site, "/ok/{id}", p.ServeHTTP, reprint.Policy{})
		r := get(site, "/hangs/1")
		wantCacheStatus(t, r, "error-timeout")
		wantBody(t, r, 504, "Gateway Timeout\n")
		wantBody(t, get(site, "/ok/1"), 200, "/ok/1 v0")
		get(site, "/hangs/2")
		// Two of two linger. Rendering more would be without bound.
		wantBody(t, get(site, "/ok/2"), 503, "Service Unavailable\n")
		wantBody(t, get(site, "/ok/1"), 200, "/ok/1 v0")
	})
}

// The store is full: pages are served, not stored, calls are told, and it heals.
func TestAFullStoreServesAndSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &failing{MemoryStore: reprint.NewMemoryStore(0)}
		p := newPress(0)
		site := newSite(t, reprint.Options{Store: store})
		handle(t, site, "/a", p.ServeHTTP, reprint.Policy{})
		store.set(fmt.Errorf("disk: %w", reprint.ErrFull))
		wantBody(t, get(site, "/a"), 200, "/a v0")
		r := get(site, "/a")
		wantCacheStatus(t, r, "hit")
		p.set("/a", 1)
		if err := site.Revalidate(t.Context(), "/a"); !errors.Is(err, reprint.ErrFull) {
			t.Errorf("the call is told %v", err)
		}
		wantBody(t, get(site, "/a"), 200, "/a v1")
		if page, _ := store.Page(context.Background(), reprint.Key{Path: "/a"}); page != nil {
			t.Fatal("it was stored")
		}
		store.set(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if page, _ := store.Page(context.Background(), reprint.Key{Path: "/a"}); page == nil || string(page.Body) != "/a v1" {
			t.Errorf("it was not stored when there was room again: %v", page)
		}
	})
}

// A store that panics costs the page, not the process, and locks no key.
func TestAStoreThatPanicsLocksNoKey(t *testing.T) {
	store := &panicking{MemoryStore: reprint.NewMemoryStore(0)}
	p := newPress(0)
	site := newSite(t, reprint.Options{Store: store})
	handle(t, site, "/a", p.ServeHTTP, reprint.Policy{})
	store.on.Store(true)
	wantBody(t, get(site, "/a"), 500, "Internal Server Error\n")
	store.on.Store(false)
	wantBody(t, get(site, "/a"), 200, "/a v0")
}

type panicking struct {
	*reprint.MemoryStore
	on atomic.Bool
}

func (s *panicking) Put(ctx context.Context, p *reprint.Page) (bool, error) {
	if s.on.Load() {
		panic("store on fire")
	}
	return s.MemoryStore.Put(ctx, p)
}
