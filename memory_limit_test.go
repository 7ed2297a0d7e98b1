package reprint_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
)

// bottomless is a store that keeps no page, so that what a site holds is in memory.
type bottomless struct{ *reprint.MemoryStore }

func (bottomless) Put(context.Context, *reprint.Page) (bool, error)         { return true, nil }
func (bottomless) Page(context.Context, reprint.Key) (*reprint.Page, error) { return nil, nil }

// Whatever pages there are, and in whatever codings they are asked for: what memory
// holds of them is what the limit says.
func TestTheMemoryLimitHoldsUnderAnyMix(t *testing.T) {
	const limit = 64 << 20
	big := prose(1 << 20)
	for name, mix := range map[string]struct {
		pages int
		size  func() int
		lines int
		tags  int
		coded bool
	}{
		"small pages":          {120_000, func() int { return rand.IntN(400) }, 1, 1, false},
		"many tags and fields": {15_000, func() int { return 1000 }, 20, 100, false},
		"pages of 17 kB coded": {5_000, func() int { return 17_000 }, 2, 2, true},
		"of every size":        {2_000, func() int { return 1 << (6 + rand.IntN(15)) }, 3, 3, true},
	} {
		t.Run(name, func(t *testing.T) {
			pages := mix.pages
			if underRace {
				pages = min(pages, 300) // .ci/run tries the full size without it
			}
			before := heap()
			site := newSite(t, reprint.Options{Store: bottomless{reprint.NewMemoryStore(1)}, Memory: limit})
			handle(t, site, "/{id}", func(w http.ResponseWriter, r *http.Request) {
				for i := range mix.tags {
					reprint.Tag(r.Context(), fmt.Sprintf("tag:%s:%d", r.PathValue("id"), i))
				}
				for i := range mix.lines {
					w.Header().Set(fmt.Sprintf("X-Field-%d", i), strings.Repeat("v", 20))
				}
				w.Header().Set("Content-Type", "text/html")
				n := mix.size()
				from := rand.IntN(len(big) - n + 1)
				fmt.Fprint(w, big[from:from+n])
			}, reprint.Policy{})
			for i := range pages {
				path := fmt.Sprintf("/%d", i)
				get(site, path)
				if mix.coded {
					get(site, path, "Accept-Encoding", []string{"gzip", "zstd"}[i%2])
				}
			}
			if err := site.Shutdown(t.Context()); err != nil { // what codes behind has memory of its own
				t.Fatal(err)
			}
			st := site.Status()
			grown := heap() - before
			t.Logf("%d pages, %.1f MiB counted, the heap grew by %.1f MiB", st.MemoryPages, float64(st.MemoryBytes)/(1<<20), float64(grown)/(1<<20))
			if st.MemoryBytes > limit {
				t.Errorf("%d bytes are counted, the limit is %d", st.MemoryBytes, limit)
			}
			if grown > limit*105/100 {
				t.Errorf("the heap grew by %d bytes; the limit is %d", grown, limit)
			}
			if pages == mix.pages && grown < limit*75/100 {
				t.Errorf("the heap grew by %d bytes only; the limit is %d", grown, limit)
			}
			runtime.KeepAlive(site)
		})
	}
}

// When there is no room, forms that nobody asks for go, and pages stay.
func TestFormsGoBeforePagesDo(t *testing.T) {
	const limit, pages = 8 << 20, 250 // of 20 kB, with a form of 6 kB each: they do not all fit
	site := newSite(t, reprint.Options{Store: bottomless{reprint.NewMemoryStore(1)}, Memory: limit})
	body := prose(20_000)
	handle(t, site, "/{id}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path, body) }, reprint.Policy{})
	for i := range pages {
		get(site, fmt.Sprintf("/%d", i))
		get(site, fmt.Sprintf("/%d", i), "Accept-Encoding", "gzip")
	}
	full := site.Status()
	if full.MemoryPages != pages {
		t.Fatalf("%d of %d pages are in memory", full.MemoryPages, pages)
	}
	if full.MemoryBytes < pages*24_000 {
		t.Errorf("%d bytes are counted for %d pages of 20 kB with forms: forms count for nothing", full.MemoryBytes, pages)
	}
	// Further pages come, of which some are asked for in a coding again and again.
	for i := range 100 {
		get(site, fmt.Sprintf("/new-%d", i))
		get(site, "/0", "Accept-Encoding", "gzip")
	}
	st := site.Status()
	t.Logf("before %d pages in %d bytes, then %d in %d", full.MemoryPages, full.MemoryBytes, st.MemoryPages, st.MemoryBytes)
	if st.MemoryPages < pages+90 {
		t.Errorf("%d pages are in memory, of %d that would fit without forms", st.MemoryPages, pages+100)
	}
	if st.MemoryBytes > limit {
		t.Errorf("%d bytes are counted, the limit is %d", st.MemoryBytes, limit)
	}
	if r := get(site, "/0", "Accept-Encoding", "gzip"); r.Header.Get("Content-Encoding") != "gzip" {
		t.Error("the form that is asked for has gone")
	}
}

func TestMemoryLeavesRoomForTheCollector(t *testing.T) {
	old := debug.SetMemoryLimit(100 << 20)
	defer debug.SetMemoryLimit(old)
	site := newSite(t, reprint.Options{Memory: 1 << 30})
	if got := site.Status().MemoryLimit; got != 50<<20 {
		t.Errorf("with a limit of 100 MiB for the whole program pages may take %d MiB, want 50", got>>20)
	}
}

// visited is a store that notes what it is told of visits.
type visited struct {
	*reprint.MemoryStore
	told chan []reprint.Visit
}

func (v visited) Visited(_ context.Context, visits []reprint.Visit) error {
	v.told <- visits
	return nil
}

func TestTheStoreIsToldOfVisitsThatMemoryAnswered(t *testing.T) {
	store := visited{reprint.NewMemoryStore(0), make(chan []reprint.Visit, 10)}
	site, err := reprint.New(reprint.Options{Store: store, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	handle(t, site, "/{id}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) }, reprint.Policy{})
	for range 5 {
		get(site, "/a")
	}
	get(site, "/b")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := site.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, v := range <-store.told {
		got[v.Key.Path] += v.Count
	}
	if got["/a"] != 5 || got["/b"] != 1 || len(got) != 2 {
		t.Errorf("the store was told %v", got)
	}
}

// slowStore is a store whose reads wait.
type slowStore struct {
	*reprint.MemoryStore
	reading chan struct{} // told of each read
	wait    chan struct{}
}

func (s slowStore) Page(ctx context.Context, key reprint.Key) (*reprint.Page, error) {
	if key.Path == "/hot" {
		return s.MemoryStore.Page(ctx, key)
	}
	s.reading <- struct{}{}
	select {
	case <-s.wait:
	case <-ctx.Done():
	}
	return nil, ctx.Err()
}

// However many visitors wait for pages that are on a slow disk: pages in memory are
// served meanwhile.
func TestHitsDoNotWaitForReads(t *testing.T) {
	const waiting = 500
	store := slowStore{reprint.NewMemoryStore(0), make(chan struct{}, 10*waiting), make(chan struct{})}
	site := newSite(t, reprint.Options{Store: store})
	handle(t, site, "/{id}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) }, reprint.Policy{})
	get(site, "/hot")
	cold := make(chan *http.Response, waiting)
	for i := range waiting {
		go func() { cold <- get(site, fmt.Sprintf("/%d", i)) }()
	}
	for range waiting {
		<-store.reading
	}
	for range 1000 {
		r := get(site, "/hot")
		wantBody(t, r, 200, "/hot")
		wantCacheStatus(t, r, "reprint; hit")
	}
	select {
	case r := <-cold:
		t.Errorf("a page that is still being read was answered %d", r.StatusCode)
	default:
	}
	close(store.wait)
	for range waiting {
		if r := <-cold; r.StatusCode != 200 {
			t.Errorf("a page from the slow store: %d", r.StatusCode)
		}
	}
}
