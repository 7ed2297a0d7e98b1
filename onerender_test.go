package reprint_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint"
)

func TestP3FiveHundredClientsOnOneColdPageCostOneRender(t *testing.T) {
	p := newPress(25 * time.Millisecond)
	site := newSite(t, reprint.Options{})
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{})
	server := httptest.NewServer(site)
	defer server.Close()
	var all sync.WaitGroup
	start := make(chan struct{})
	for range 500 {
		all.Go(func() {
			<-start
			if status, body := request(t, server.Client(), server.URL, http.MethodGet, "/posts/1"); status != 200 || body != "/posts/1 v0" {
				t.Errorf("%d %q", status, body)
			}
		})
	}
	close(start)
	all.Wait()
	if n := p.renders.Load(); n != 1 {
		t.Errorf("%d renders", n)
	}
}

func TestP3AHundredRevalidationsCostTwoRendersBeyondTheRunningOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(25 * time.Millisecond)
		p.began = make(chan string, 200)
		site := newSite(t, reprint.Options{})
		handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{})
		release := p.hang("/posts/1")
		go get(site, "/posts/1")
		<-p.began // the running one
		var all sync.WaitGroup
		start := make(chan struct{})
		for range 100 {
			all.Go(func() {
				<-start
				if err := site.Revalidate(t.Context(), "/posts/1"); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		all.Wait()
		release()
		waitFor(t, "the running render", func() bool { return position(t, site, "/posts/1") == 0 })
		if n := p.rendersOf("/posts/1"); n > 3 {
			t.Errorf("%d renders, want at most 2 beyond the running one", n)
		}
	})
}

func TestAStalePageIsServedWhileOneRenderRunsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(time.Second)
		site := newSite(t, reprint.Options{})
		handle(t, site, "/a", p.ServeHTTP, reprint.Policy{Revalidate: time.Minute})
		get(site, "/a")
		p.set("/a", 1)
		time.Sleep(2 * time.Minute)
		begin := time.Now()
		for range 100 {
			r := get(site, "/a")
			wantCacheStatus(t, r, "hit", "stale-time", "ttl=-")
			if cc := r.Header.Get("Cache-Control"); cc != "public, max-age=0, must-revalidate" {
				t.Errorf("a stale page is sent with %q", cc)
			}
			wantBody(t, r, 200, "/a v0")
		}
		if waited := time.Since(begin); waited != 0 {
			t.Errorf("visitors waited %v", waited)
		}
		time.Sleep(2 * time.Second)
		wantBody(t, get(site, "/a"), 200, "/a v1")
		if n := p.renders.Load(); n != 2 {
			t.Errorf("%d renders", n)
		}
	})
}

// The first visitor leaves; those who wait with it, and the page, do not suffer.
func TestTheFirstVisitorLeavingDoesNotCancelTheRender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(0)
		site := newSite(t, reprint.Options{})
		handle(t, site, "/a", func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(time.Second):
				p.ServeHTTP(w, r)
			case <-r.Context().Done():
			}
		}, reprint.Policy{})
		first := httptest.NewRequest("GET", "/a", nil)
		ctx, leave := contextWithCancel(t)
		go site.ServeHTTP(httptest.NewRecorder(), first.WithContext(ctx))
		synctest.Wait()
		second := make(chan string)
		go func() { second <- text(get(site, "/a")) }()
		synctest.Wait()
		leave()
		if got := <-second; got != "/a v0" {
			t.Errorf("the second visitor got %q", got)
		}
		if n := p.renders.Load(); n != 1 {
			t.Errorf("%d renders", n)
		}
	})
}

func TestRendersAreLimitedInNumberAndVisitorsGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		running, most := 0, 0
		var order []string
		site := newSite(t, reprint.Options{Renders: 2})
		handle(t, site, "/{id}", func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			running++
			most = max(most, running)
			order = append(order, r.URL.Path)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			running--
			mu.Unlock()
			fmt.Fprint(w, r.URL.Path)
		}, reprint.Policy{Prerender: list("/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8")})
		done := make(chan error)
		go func() { done <- site.Prerender(t.Context(), nil) }()
		synctest.Wait() // two are rendered, two wait
		go get(site, "/visitor")
		synctest.Wait()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if most != 2 {
			t.Errorf("%d renders at once, want 2", most)
		}
		if order[2] != "/visitor" && order[3] != "/visitor" {
			t.Errorf("the visitor's page came in the order %v", order)
		}
	})
}

func TestAFullQueueTurnsVisitorsAwayWithRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(time.Second)
		site := newSite(t, reprint.Options{Renders: 1, Queue: 1})
		handle(t, site, "/{id}", p.ServeHTTP, reprint.Policy{})
		for i := range 2 {
			go get(site, fmt.Sprintf("/%d", i))
		}
		synctest.Wait()
		r := get(site, "/2")
		wantCacheStatus(t, r, "detail=busy")
		if r.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		wantBody(t, r, 503, "Service Unavailable\n")
		time.Sleep(5 * time.Second)
		wantBody(t, get(site, "/2"), 200, "/2 v0")
	})
}

// heldStore is a store whose Put waits.
type heldStore struct {
	*reprint.MemoryStore
	putting chan reprint.Key // told of each Put
	wait    chan struct{}
}

func (s heldStore) Put(ctx context.Context, p *reprint.Page) (bool, error) {
	s.putting <- p.Key
	<-s.wait
	return s.MemoryStore.Put(ctx, p)
}

// While a page is stored others can be rendered, unless too much waits for the
// store: then it keeps its place among the running renders.
func TestAPageThatIsBeingStoredMakesRoomForOthers(t *testing.T) {
	store := heldStore{reprint.NewMemoryStore(0), make(chan reprint.Key, 10), make(chan struct{})}
	site := newSite(t, reprint.Options{Store: store, Renders: 1, MaxPage: 64 << 20})
	handle(t, site, "/{kind}/{id}", func(w http.ResponseWriter, r *http.Request) {
		size := 10
		if r.PathValue("kind") == "large" {
			size = 20 << 20
		}
		_, _ = w.Write(make([]byte, size))
	}, reprint.Policy{})
	var all sync.WaitGroup
	var asked []reprint.Key
	ask := func(kind string) { // for a page that need not wait for another one's lock
		for i := 0; ; i++ {
			key := reprint.Key{Path: fmt.Sprintf("/%s/%d", kind, i)}
			if slices.ContainsFunc(asked, func(k reprint.Key) bool { return reprint.ShareLock(k, key) }) {
				continue
			}
			asked = append(asked, key)
			all.Go(func() { get(site, key.Path) })
			return
		}
	}
	for range 5 {
		ask("small")
	}
	for range 5 { // all of them, one after the other
		<-store.putting
	}
	waitFor(t, "the renders have left their place", func() bool { return site.Status().RendersRunning == 0 })
	ask("large")
	<-store.putting
	if n := site.Status().RendersRunning; n != 0 {
		t.Errorf("%d renders run while pages of 20 MiB wait for the store", n)
	}
	ask("large")
	<-store.putting
	if n := site.Status().RendersRunning; n != 1 {
		t.Errorf("%d renders run while pages of 40 MiB wait for the store, want one that keeps its place", n)
	}
	close(store.wait)
	all.Wait()
}
