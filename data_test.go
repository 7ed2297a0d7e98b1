package reprint_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/reprint-go/reprint"
)

// A value is loaded once for all pages that use it, and a revalidation of one of its
// tags renews the value and each of these pages, with one call.
func TestPagesShareAValue(t *testing.T) {
	var loads, version atomic.Int64
	site := newSite(t, reprint.Options{})
	handle(t, site, "/posts/{id}", func(w http.ResponseWriter, r *http.Request) {
		name, err := reprint.Cached(r.Context(), "author:7", func(context.Context) (string, error) {
			loads.Add(1)
			return fmt.Sprintf("Ada %d", version.Load()), nil
		}, "author:7")
		fmt.Fprint(w, name, " ", err)
	}, reprint.Policy{})
	for i := range 10 {
		wantBody(t, get(site, fmt.Sprintf("/posts/%d", i)), 200, "Ada 0 <nil>")
	}
	if n := loads.Load(); n != 1 {
		t.Errorf("loaded %d times for ten pages", n)
	}
	version.Store(1)
	receipt, err := site.Apply(t.Context(), reprint.Revalidation{Tags: []string{"author:7"}})
	if err != nil || receipt.Regenerated != 10 {
		t.Fatalf("%+v, %v", receipt, err)
	}
	for i := range 10 {
		wantBody(t, get(site, fmt.Sprintf("/posts/%d", i)), 200, "Ada 1 <nil>")
	}
	if n := loads.Load(); n != 2 {
		t.Errorf("loaded %d times in all", n)
	}
	// Who names a page wants it as it is now, with all that it shows.
	version.Store(2)
	if err := site.Revalidate(t.Context(), "/posts/3"); err != nil {
		t.Fatal(err)
	}
	wantBody(t, get(site, "/posts/3"), 200, "Ada 2 <nil>")
	wantBody(t, get(site, "/posts/4"), 200, "Ada 1 <nil>")
	receipt, err = site.Apply(t.Context(), reprint.Revalidation{Prefixes: []string{"/posts/"}})
	if err != nil || receipt.Regenerated != 9 || receipt.Unchanged != 1 {
		t.Fatalf("%+v, %v", receipt, err)
	}
	if n := loads.Load(); n != 4 {
		t.Errorf("loaded %d times in all", n)
	}
}

// What a load names, and what it takes from other values, is what the page depends on.
func TestAValueMayDependOnOthers(t *testing.T) {
	var names sync.Map
	loads := map[string]*atomic.Int64{"post": {}, "author": {}}
	names.Store("author", "Ada")
	site := newSite(t, reprint.Options{})
	author := func(ctx context.Context) (string, error) {
		loads["author"].Add(1)
		reprint.Tag(ctx, "author:7")
		name, _ := names.Load("author")
		return name.(string), nil
	}
	post := func(ctx context.Context) (string, error) {
		loads["post"].Add(1)
		name, err := reprint.Cached(ctx, "author:7", author)
		return "by " + name, err
	}
	page := func(w http.ResponseWriter, r *http.Request) {
		text, err := reprint.Cached(r.Context(), "post:1", post, "post:1")
		fmt.Fprint(w, text, " ", err)
	}
	handle(t, site, "/a", page, reprint.Policy{})
	handle(t, site, "/b", page, reprint.Policy{})
	get(site, "/a")
	get(site, "/b")
	names.Store("author", "Grace")
	receipt, err := site.Apply(t.Context(), reprint.Revalidation{Tags: []string{"author:7"}, Mode: reprint.Expire})
	if err != nil || receipt.Matched != 2 {
		t.Fatalf("%+v, %v", receipt, err)
	}
	wantBody(t, get(site, "/a"), 200, "by Grace <nil>")
	wantBody(t, get(site, "/b"), 200, "by Grace <nil>")
	if _, err := site.Apply(t.Context(), reprint.Revalidation{Tags: []string{"post:1"}}); err != nil {
		t.Fatal(err)
	}
	if p, a := loads["post"].Load(), loads["author"].Load(); p != 3 || a != 2 {
		t.Errorf("the post was loaded %d times, its author %d times", p, a)
	}
}

// Renders at the same time share one load. One that a revalidation has overtaken is
// not for who came after it.
func TestALoadIsSharedAndNotWithWhoComesLater(t *testing.T) {
	site := newSite(t, reprint.Options{})
	var loads, version atomic.Int64
	begun, goOn := make(chan int64, 10), make(chan struct{})
	handle(t, site, "/{id}", func(w http.ResponseWriter, r *http.Request) {
		v, err := reprint.Cached(r.Context(), "v", func(context.Context) (int64, error) {
			v := version.Load()
			begun <- loads.Add(1)
			<-goOn
			return v, nil
		}, "thing")
		fmt.Fprint(w, v, " ", err)
	}, reprint.Policy{})
	answers := make(chan string, 10)
	for i := range 5 {
		go func() { answers <- text(get(site, fmt.Sprintf("/%d", i))) }()
	}
	if n := <-begun; n != 1 {
		t.Fatal(n)
	}
	version.Store(1)
	if _, err := site.Apply(t.Context(), reprint.Revalidation{Tags: []string{"thing"}, Mode: reprint.Stale}); err != nil {
		t.Fatal(err)
	}
	late := make(chan string)
	go func() { late <- text(get(site, "/late")) }()
	if n := <-begun; n != 2 {
		t.Fatal(n)
	}
	close(goOn)
	if got := <-late; got != "1 <nil>" {
		t.Errorf("who came later is shown %q", got)
	}
	for range 5 {
		if got := <-answers; got != "0 <nil>" && got != "1 <nil>" {
			t.Errorf("who came before is shown %q", got)
		}
	}
	for i := range 5 {
		wantBody(t, get(site, fmt.Sprintf("/%d", i)), 200, "1 <nil>")
	}
	if n := loads.Load(); n != 2 {
		t.Errorf("loaded %d times", n)
	}
}

// An error is for those who waited for it, and the next render tries again; a panic
// and the end of the goroutine are those of each render that waited.
func TestLoadsThatFail(t *testing.T) {
	for name, test := range map[string]struct {
		load func() (string, error)
		says string
	}{
		"error":  {func() (string, error) { return "", errBroken }, "failed: broken"},
		"panic":  {func() (string, error) { panic("oh") }, ""},
		"goexit": {func() (string, error) { runtime.Goexit(); return "", nil }, ""},
		"tag":    {nil, `failed: reprint: tag "a b" holds a space`},
	} {
		t.Run(name, func(t *testing.T) {
			var fail atomic.Bool
			fail.Store(true)
			site := newSite(t, reprint.Options{})
			handle(t, site, "/{id}", func(w http.ResponseWriter, r *http.Request) {
				v, err := reprint.Cached(r.Context(), "v", func(ctx context.Context) (string, error) {
					switch {
					case fail.Load() && test.load == nil:
						reprint.Tag(ctx, "a b")
					case fail.Load():
						return test.load()
					}
					return "good", nil
				})
				if err != nil {
					http.Error(w, "failed: "+err.Error(), http.StatusBadGateway)
					return
				}
				fmt.Fprint(w, v)
			}, reprint.Policy{})
			r := get(site, "/1")
			if body := text(r); r.StatusCode < 500 || !strings.Contains(body, test.says) {
				t.Errorf("%d %q", r.StatusCode, body)
			}
			fail.Store(false)
			wantBody(t, get(site, "/2"), 200, "good")
		})
	}
}

// A value has a life of its own, and a page that used it is not fresh for longer. It is
// not rendered before somebody asks for it.
func TestAValueWithALife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site, err := reprint.New(reprint.Options{Log: quiet()})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = site.Shutdown(context.Background()) }()
		var loads, renders atomic.Int64
		page := func(w http.ResponseWriter, r *http.Request) {
			renders.Add(1)
			n, err := reprint.CachedFor(r.Context(), "price", time.Minute, func(context.Context) (int64, error) { return loads.Add(1), nil })
			fmt.Fprint(w, n, err)
		}
		handle(t, site, "/hour", page, reprint.Policy{Revalidate: time.Hour})
		handle(t, site, "/ever", page, reprint.Policy{})
		paths := []string{"/hour", "/ever"}
		for _, path := range paths {
			wantBody(t, get(site, path), 200, "1 <nil>")
		}
		time.Sleep(59 * time.Second)
		for _, path := range paths {
			wantCacheStatus(t, get(site, path), "hit")
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := renders.Load(); n != 2 {
			t.Errorf("%d renders, without anybody asking", n)
		}
		for _, path := range paths {
			wantBody(t, get(site, path), 200, "1 <nil>")
			synctest.Wait()
			wantBody(t, get(site, path), 200, "2 <nil>")
		}
		if n := loads.Load(); n != 2 {
			t.Errorf("loaded %d times", n)
		}
		if _, err := reprint.CachedFor(t.Context(), "x", -1, func(context.Context) (int, error) { return 0, nil }); err == nil {
			t.Error("a negative life is taken")
		}
	})
}

// Values of other types are other values, one may be nil, and outside a render each
// call is a load.
func TestKeysAndTypesOfValues(t *testing.T) {
	site := newSite(t, reprint.Options{})
	handle(t, site, "/", func(w http.ResponseWriter, r *http.Request) {
		n, _ := reprint.Cached(r.Context(), "k", func(context.Context) (int, error) { return 7, nil })
		s, _ := reprint.Cached(r.Context(), "k", func(context.Context) (string, error) { return "seven", nil })
		e, err := reprint.Cached(r.Context(), "k", func(context.Context) (error, error) { return nil, nil })
		_, self := reprint.Cached(r.Context(), "self", func(ctx context.Context) (int, error) {
			return reprint.Cached(ctx, "self", func(context.Context) (int, error) { return 1, nil })
		})
		fmt.Fprint(w, n, " ", s, " ", e, " ", err, " ", self)
	}, reprint.Policy{})
	wantBody(t, get(site, "/"), 200, `7 seven <nil> <nil> reprint: the value "self" needs itself`)
	for want := range 3 {
		got, err := reprint.Cached(t.Context(), "n", func(context.Context) (int, error) { return want, nil }, "tag")
		if err != nil || got != want {
			t.Errorf("%d, %v; want %d", got, err, want)
		}
	}
}

// Values give way to others: their memory is bounded.
func TestValuesAreBounded(t *testing.T) {
	site := newSite(t, reprint.Options{DataMemory: 1 << 20})
	var loads atomic.Int64
	handle(t, site, "/{id}", func(w http.ResponseWriter, r *http.Request) {
		for i := range 100 {
			_, _ = reprint.Cached(r.Context(), fmt.Sprint(r.URL.Path, i), func(context.Context) ([]byte, error) {
				loads.Add(1)
				return make([]byte, 64<<10), nil
			})
		}
	}, reprint.Policy{})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 20 {
		get(site, fmt.Sprintf("/%d", i))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("%d values of 64 KiB take %d bytes", loads.Load(), grown)
	}
}

// Who waits for a load that hangs goes when its own time is over, and the load ends
// with the site.
func TestALoadThatHangs(t *testing.T) {
	site := newSite(t, reprint.Options{})
	ended := make(chan error, 1)
	handle(t, site, "/{id}", func(w http.ResponseWriter, r *http.Request) {
		_, err := reprint.Cached(r.Context(), "v", func(ctx context.Context) (int, error) {
			<-ctx.Done()
			ended <- ctx.Err()
			return 0, ctx.Err()
		})
		http.Error(w, err.Error(), http.StatusBadGateway)
	}, reprint.Policy{Timeout: 50 * time.Millisecond})
	if r := get(site, "/1"); r.StatusCode != http.StatusGatewayTimeout {
		t.Errorf("%d %s", r.StatusCode, text(r))
	}
	select {
	case err := <-ended:
		t.Errorf("the load ended with its render: %v", err)
	default:
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := site.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("shutdown: %v", err)
	}
	if err := <-ended; err == nil {
		t.Error("the load was not told")
	}
}

// A render that runs when the site is shut down may still load what it needs.
func TestARenderThatIsFinishedAtShutdownLoads(t *testing.T) {
	site := newSite(t, reprint.Options{})
	begun, goOn := make(chan struct{}), make(chan struct{})
	handle(t, site, "/", func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		<-goOn
		v, err := reprint.Cached(r.Context(), "v", func(context.Context) (string, error) { return "loaded", nil })
		fmt.Fprint(w, v, err)
	}, reprint.Policy{})
	answer := make(chan string)
	go func() { answer <- text(get(site, "/")) }()
	<-begun
	shut := make(chan error)
	go func() { shut <- site.Shutdown(context.Background()) }()
	waitFor(t, "the shutdown", func() bool { return errors.Is(site.Revalidate(t.Context(), "/"), reprint.ErrClosed) })
	close(goOn)
	if got := <-answer; got != "loaded<nil>" {
		t.Errorf("%q", got)
	}
	if err := <-shut; err != nil {
		t.Error(err)
	}
}

// Whatever is edited, revalidated and visited at once, a page that is visited after the
// revalidation of a thing shows the thing as it was when the call began, or later: also
// where it comes to the page through other values.
func TestP1Values(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) { checkValues(t, rt) })
}

func checkValues(t *testing.T, rt *rapid.T) {
	const things, pages = 3, 5
	var versions [things]atomic.Int64
	site, err := reprint.New(reprint.Options{Log: quiet(), DataMemory: rapid.SampledFrom([]int64{1, 2000, 1 << 20}).Draw(rt, "memory")})
	if err != nil {
		rt.Fatal(err)
	}
	defer func() { _ = site.Shutdown(context.Background()) }()
	thing := func(ctx context.Context, i int) (int64, error) {
		return reprint.Cached(ctx, fmt.Sprint("thing:", i), func(context.Context) (int64, error) {
			v := versions[i].Load()
			runtime.Gosched()
			return v, nil
		}, fmt.Sprint("thing:", i))
	}
	if err := site.Handle("/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sum, err := reprint.Cached(r.Context(), "all", func(ctx context.Context) (all [things]int64, err error) {
			for i := range all {
				if all[i], err = thing(ctx, i); err != nil {
					return all, err
				}
			}
			return all, nil
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		for _, v := range sum {
			fmt.Fprint(w, v, " ")
		}
	}), reprint.Policy{}); err != nil {
		rt.Fatal(err)
	}
	var wg sync.WaitGroup
	var acknowledged [things]atomic.Int64
	for editor := range things {
		wg.Go(func() {
			for range 20 {
				v := versions[editor].Add(1)
				mode := reprint.Mode(v % 3)
				if mode == reprint.Stale {
					mode = reprint.Delete // a stale page may be shown once more
				}
				if _, err := site.Apply(context.Background(), reprint.Revalidation{Tags: []string{fmt.Sprint("thing:", editor)}, Mode: mode}); err != nil {
					t.Error(err)
				}
				acknowledged[editor].Store(v)
			}
		})
	}
	for visitor := range pages {
		wg.Go(func() {
			for range 60 {
				var least [things]int64
				for i := range least {
					least[i] = acknowledged[i].Load()
				}
				var got [things]int64
				body := text(get(site, fmt.Sprint("/", visitor)))
				if _, err := fmt.Sscan(body, &got[0], &got[1], &got[2]); err != nil {
					t.Errorf("%q: %v", body, err)
					return
				}
				for i := range got {
					if got[i] < least[i] {
						t.Errorf("page %d shows version %d of thing %d, and %d was acknowledged before", visitor, got[i], i, least[i])
					}
				}
			}
		})
	}
	wg.Wait()
}
