package reprint_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint"
)

func contextWithCancel(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

// list is a listing of those paths.
func list(paths ...string) func(context.Context) iter.Seq2[string, error] {
	return func(context.Context) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for _, p := range paths {
				if !yield(p, nil) {
					return
				}
			}
		}
	}
}

func TestPagesThatWereRenderedTogetherDoNotExpireTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(0)
		site := newSite(t, reprint.Options{})
		handle(t, site, "/{id}", p.ServeHTTP, reprint.Policy{Revalidate: 100 * time.Minute})
		const pages = 1000
		for i := range pages {
			get(site, fmt.Sprintf("/%d", i))
		}
		time.Sleep(89 * time.Minute)
		stale := 0
		for minute := range 12 { // from 89 to 100
			before := stale
			stale = 0
			for i := range pages {
				x, err := site.Explain(t.Context(), fmt.Sprintf("/%d", i))
				if err != nil {
					t.Fatal(err)
				}
				if x[0].State == reprint.StateStale {
					stale++
				}
			}
			if minute > 0 && stale-before > pages/5 {
				t.Errorf("%d of %d pages expired within a minute", stale-before, pages)
			}
			if minute == 0 && stale > 0 {
				t.Errorf("%d pages expired before nine tenths of their time", stale)
			}
			time.Sleep(time.Minute)
		}
		if stale != pages {
			t.Errorf("%d of %d pages expired in time", stale, pages)
		}
	})
}

func TestAPageThatKnowsWhenItChangesIsRenderedAtThatMomentWithoutVisitors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(0)
		site := newSite(t, reprint.Options{})
		begin := time.Now()
		opens, closes := begin.Add(time.Hour), begin.Add(3*time.Hour)
		handle(t, site, "/event", func(w http.ResponseWriter, r *http.Request) {
			p.renders.Add(1)
			switch now := time.Now(); {
			case now.Before(opens):
				reprint.RevalidateAt(r.Context(), closes) // the earlier one counts
				reprint.RevalidateAt(r.Context(), opens)
				io.WriteString(w, "soon")
			case now.Before(closes):
				reprint.RevalidateAt(r.Context(), closes)
				io.WriteString(w, "open")
			default:
				io.WriteString(w, "over")
			}
		}, reprint.Policy{})
		get(site, "/event")
		time.Sleep(time.Hour - time.Second)
		synctest.Wait()
		r := get(site, "/event")
		wantCacheStatus(t, r, "hit", "ttl=1")
		wantBody(t, r, 200, "soon")
		time.Sleep(time.Second)
		synctest.Wait()
		wantBody(t, get(site, "/event"), 200, "open")
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		wantBody(t, get(site, "/event"), 200, "over")
		time.Sleep(1000 * time.Hour)
		if n := p.renders.Load(); n != 3 {
			t.Errorf("%d renders", n)
		}
	})
}

func TestADueMomentInThePastDoesNotRenderWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(0)
		p.due["/a"] = time.Now().Add(-time.Hour)
		site := newSite(t, reprint.Options{})
		handle(t, site, "/a", p.ServeHTTP, reprint.Policy{})
		get(site, "/a")
		time.Sleep(10*time.Second + 500*time.Millisecond)
		if n := p.renders.Load(); n < 8 || n > 12 {
			t.Errorf("%d renders in 10 s, want about one a second", n)
		}
		p.mu.Lock()
		delete(p.due, "/a")
		p.mu.Unlock()
		time.Sleep(5 * time.Second)
	})
}

func TestADueMomentThatNeverComesIsNone(t *testing.T) {
	p := newPress(0)
	p.due["/a"] = year10000
	site := newSite(t, reprint.Options{})
	handle(t, site, "/a", p.ServeHTTP, reprint.Policy{})
	get(site, "/a")
	all, err := site.Explain(t.Context(), "/a")
	if err != nil || !all[0].Next.IsZero() || !all[0].FreshUntil.IsZero() {
		t.Errorf("explanation %+v, %v", all, err)
	}
}

func TestModes(t *testing.T) {
	for _, mode := range []reprint.Mode{reprint.Regenerate, reprint.Stale, reprint.Expire, reprint.Delete} {
		for _, target := range []struct {
			name string
			r    reprint.Revalidation
		}{
			{"path", reprint.Revalidation{Paths: []string{"/posts/1"}}},
			{"tag", reprint.Revalidation{Tags: []string{"post:1"}}},
			{"prefix", reprint.Revalidation{Prefixes: []string{"/posts/"}}},
			{"site", reprint.Revalidation{All: true}},
		} {
			t.Run(fmt.Sprint(mode, " by ", target.name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { testMode(t, mode, target.r) })
			})
		}
	}
}

func testMode(t *testing.T, mode reprint.Mode, r reprint.Revalidation) {
	p := newPress(0)
	p.tag("/posts/1", "post:1")
	site := newSite(t, reprint.Options{})
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{})
	handle(t, site, "/posts-2", p.ServeHTTP, reprint.Policy{})
	get(site, "/posts/1")
	get(site, "/posts-2")
	p.set("/posts/1", 1)
	before := p.renders.Load()
	r.Mode, r.By = mode, "tester"
	receipt, err := site.Apply(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	wantMatched := 1
	if r.All {
		wantMatched = 2
	}
	if receipt.Matched != wantMatched || receipt.Position != 1 || receipt.By != "tester" || receipt.Mode != mode {
		t.Errorf("receipt %+v", receipt)
	}
	kept, err := site.Receipt(t.Context(), receipt.ID)
	if err != nil || kept == nil || kept.Matched != wantMatched {
		t.Errorf("the kept receipt is %+v, %v", kept, err)
	}
	if mode != reprint.Regenerate && p.renders.Load() != before {
		t.Errorf("it rendered %d pages", p.renders.Load()-before)
	}
	first := get(site, "/posts/1")
	switch mode {
	case reprint.Regenerate:
		wantCacheStatus(t, first, "hit")
		wantBody(t, first, 200, "/posts/1 v1")
	case reprint.Stale:
		wantCacheStatus(t, first, "hit", "stale-revalidated")
		wantBody(t, first, 200, "/posts/1 v0")
	case reprint.Expire:
		wantCacheStatus(t, first, "fwd=stale", "stored")
		wantBody(t, first, 200, "/posts/1 v1")
	case reprint.Delete:
		wantCacheStatus(t, first, "fwd=miss", "stored")
		wantBody(t, first, 200, "/posts/1 v1")
	}
	synctest.Wait()
	wantBody(t, get(site, "/posts/1"), 200, "/posts/1 v1")
	if other := get(site, "/posts-2"); !r.All {
		wantCacheStatus(t, other, "hit")
		if other.Header.Get("Cache-Status") != "reprint; hit" {
			t.Errorf("a page that was not named: %s", other.Header.Get("Cache-Status"))
		}
	}
}

// The last good page backs up an expired one, and never a deleted one.
func TestAFailedRenderAfterExpireAndDelete(t *testing.T) {
	for mode, want := range map[reprint.Mode]int{reprint.Expire: 200, reprint.Delete: 500} {
		p := newPress(0)
		site := newSite(t, reprint.Options{})
		handle(t, site, "/a", p.ServeHTTP, reprint.Policy{})
		get(site, "/a")
		p.breakWith("/a", status(500))
		if _, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/a"}, Mode: mode}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if r := get(site, "/a"); r.StatusCode != want {
				t.Errorf("after %v: %d, want %d", mode, r.StatusCode, want)
			}
		}
	}
}

func TestOnlyGenerated(t *testing.T) {
	p := newPress(0)
	site := newSite(t, reprint.Options{})
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{})
	apply := func() *reprint.Receipt {
		receipt, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/posts/1"}, OnlyGenerated: true})
		if err != nil {
			t.Fatal(err)
		}
		return receipt
	}
	if r := apply(); r.Skipped != 1 || r.Matched != 1 || p.renders.Load() != 0 {
		t.Errorf("never generated: receipt %+v, %d renders", r, p.renders.Load())
	}
	get(site, "/posts/1")
	p.set("/posts/1", 1)
	if r := apply(); r.Regenerated != 1 || r.Skipped != 0 {
		t.Errorf("generated: receipt %+v", r)
	}
	wantBody(t, get(site, "/posts/1"), 200, "/posts/1 v1")
}

func TestAnUnchangedRenderKeepsETagAndLastModified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(0)
		site := newSite(t, reprint.Options{})
		handle(t, site, "/a", p.ServeHTTP, reprint.Policy{})
		get(site, "/a")
		time.Sleep(time.Second) // of its own second nothing is told yet
		first := get(site, "/a")
		time.Sleep(time.Hour)
		receipt, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/a"}})
		if err != nil || receipt.Unchanged != 1 || receipt.Regenerated != 0 {
			t.Errorf("receipt %+v, %v", receipt, err)
		}
		second := get(site, "/a")
		for _, name := range []string{"Etag", "Last-Modified"} {
			if a, b := first.Header.Get(name), second.Header.Get(name); a != b || a == "" {
				t.Errorf("%s was %q and is %q", name, a, b)
			}
		}
		if second.Header.Get("Age") != "0" {
			t.Errorf("Age is %s, it was rendered just now", second.Header.Get("Age"))
		}
		wantBody(t, get(site, "/a", "If-None-Match", first.Header.Get("Etag")), 304, "")
		p.set("/a", 1)
		time.Sleep(time.Hour)
		if err := site.Revalidate(t.Context(), "/a"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		third := get(site, "/a")
		if lm := third.Header.Get("Last-Modified"); lm == "" {
			t.Error("a changed page has no Last-Modified")
		}
		if third.Header.Get("Etag") == first.Header.Get("Etag") || third.Header.Get("Last-Modified") == first.Header.Get("Last-Modified") {
			t.Error("a changed page kept its validators")
		}
	})
}

// 404, 410 and redirects are pages with a short life of their own.
func TestNegativePages(t *testing.T) {
	for _, code := range []int{404, 410, 301, 302, 303, 307, 308} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPress(0)
				p.breakWith("/a", func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Location", "/b")
					w.WriteHeader(code)
					io.WriteString(w, "gone")
				})
				site := newSite(t, reprint.Options{})
				handle(t, site, "/a", p.ServeHTTP, reprint.Policy{})
				wantBody(t, get(site, "/a"), code, "gone")
				r := get(site, "/a")
				wantCacheStatus(t, r, "hit")
				if r.Header.Get("Location") != "/b" {
					t.Error("no Location")
				}
				wantBody(t, r, code, "gone")
				// Its short life ends, and it heals by itself.
				p.breakWith("/a", nil)
				time.Sleep(31 * time.Second)
				get(site, "/a")
				synctest.Wait()
				wantBody(t, get(site, "/a"), 200, "/a v0")
			})
		})
	}
}

func TestAPageThatTurns404OnRevalidationIsASuccess(t *testing.T) {
	p := newPress(0)
	site := newSite(t, reprint.Options{})
	handle(t, site, "/a", p.ServeHTTP, reprint.Policy{})
	get(site, "/a")
	p.breakWith("/a", http.NotFound)
	if err := site.Revalidate(t.Context(), "/a"); err != nil {
		t.Fatal(err)
	}
	wantBody(t, get(site, "/a"), 404, "404 page not found\n")
	p.breakWith("/a", nil)
	if err := site.Revalidate(t.Context(), "/a"); err != nil { // and a revalidation heals it at once
		t.Fatal(err)
	}
	wantBody(t, get(site, "/a"), 200, "/a v0")
}

func TestWhatCannotBeRevalidatedIsSaidSo(t *testing.T) {
	p := newPress(0)
	site := newSite(t, reprint.Options{})
	handle(t, site, "/posts/{id}", func(w http.ResponseWriter, r *http.Request) {
		if err := site.Revalidate(r.Context(), "/posts/2"); !errors.Is(err, reprint.ErrInRender) {
			t.Errorf("inside a render: %v", err)
		}
		if err := site.Prerender(r.Context(), nil); !errors.Is(err, reprint.ErrInRender) {
			t.Errorf("prerender inside a render: %v", err)
		}
		p.ServeHTTP(w, r)
	}, reprint.Policy{})
	handle(t, site, "/closed/{id}", p.ServeHTTP, reprint.Policy{Fallback: reprint.NotFound, Prerender: list("/closed/1")})
	get(site, "/posts/1")
	for _, c := range []struct {
		name string
		r    reprint.Revalidation
		want string
	}{
		{"nothing", reprint.Revalidation{}, "no path, tag, prefix or pattern is named"},
		{"no route", reprint.Revalidation{Paths: []string{"/post/1"}}, "no route serves the path: /post/1; the nearest route is /posts/{id}"},
		{"unlisted", reprint.Revalidation{Paths: []string{"/closed/2"}}, "/closed/2 is not listed by /closed/{id}"},
		{"no slash", reprint.Revalidation{Paths: []string{"posts/1"}}, `must begin with "/"`},
		{"another site", reprint.Revalidation{Paths: []string{"//evil.test/posts/1"}}, "empty segments"},
		{"URL", reprint.Revalidation{Paths: []string{"https://evil.test/"}}, `must begin with "/"`},
		{"dots", reprint.Revalidation{Paths: []string{"/posts/../admin"}}, "dot segments"},
		{"line break", reprint.Revalidation{Paths: []string{"/posts/1\r\nX: y"}}, "control characters"},
		{"tag with a space", reprint.Revalidation{Tags: []string{"site *"}}, "holds a space"},
		{"empty tag", reprint.Revalidation{Tags: []string{""}}, "is empty"},
		{"prefix", reprint.Revalidation{Prefixes: []string{"/posts"}}, `a prefix ends with "/"`},
		{"host", reprint.Revalidation{All: true, Host: "x.test"}, "does not answer for that host"},
		{"mode", reprint.Revalidation{All: true, Mode: 7}, "unknown mode"},
	} {
		receipt, err := site.Apply(t.Context(), c.r)
		if receipt != nil || err == nil {
			t.Errorf("%s: receipt %v, error %v", c.name, receipt, err)
			continue
		}
		if got := err.Error(); !contains(got, c.want) {
			t.Errorf("%s: error %q, want it to say %q", c.name, got, c.want)
		}
	}
	if n := position(t, site, "/posts/1"); n != 0 {
		t.Errorf("a refused call reached the journal: position %d", n)
	}
}
