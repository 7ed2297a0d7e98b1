package reprint_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

func TestP5RandomPathsAndQueriesStayWithinTheLimits(t *testing.T) {
	const memory, disk = 32 << 20, 48 << 20
	requests := 100_000
	if underRace {
		requests = 4_000
	}
	// What the site and the store may hold besides pages in memory: SQLite's page
	// caches, the due-time queue, failures, the ledger.
	const besides = 24 << 20
	file := filepath.Join(t.TempDir(), "pages.db")
	store, err := sqlite.Open(t.Context(), file, sqlite.Options{MaxBytes: disk, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	site := newSite(t, reprint.Options{Store: store, Memory: memory, Renders: 64})
	filler := strings.Repeat("x", 1500)
	handle(t, site, "/posts/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" {
			t.Errorf("a query reached the render: %s", r.URL.RawQuery)
		}
		fmt.Fprint(w, r.URL.Path, filler)
	}, reprint.Policy{})
	before := heap()
	var all sync.WaitGroup
	for worker := range 64 {
		all.Go(func() {
			for i := worker; i < requests; i += 64 {
				path := fmt.Sprintf("/posts/%d?%d=%d", rand.Uint64(), rand.Uint64(), rand.Uint64())
				if (i/64)%2 == 0 {
					path = fmt.Sprintf("/posts/hot?%d=%d", rand.Uint64(), rand.Uint64())
				}
				if r := get(site, path); r.StatusCode != 200 {
					t.Errorf("%s: %d", path, r.StatusCode)
					return
				}
			}
		})
	}
	all.Wait()
	if grown := heap() - before; grown > memory+besides {
		t.Errorf("the heap grew by %d MiB, allowed are %d", grown>>20, (memory+besides)>>20)
	} else {
		t.Logf("the heap grew by %d MiB", grown>>20)
	}
	var size int64
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(file + suffix); err == nil {
			size += info.Size()
		}
	}
	if size > disk {
		t.Errorf("the file has %d MiB, allowed are %d", size>>20, disk>>20)
	} else {
		t.Logf("the file has %d MiB", size>>20)
	}
	wantCacheStatus(t, get(site, "/posts/hot"), "hit") // the flood has not driven it out
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestAPageThatIsTooLargeForMemoryDoesNotLeaveTheOldOneThere(t *testing.T) {
	site := newSite(t, reprint.Options{Store: reprint.NewMemoryStore(0), Memory: 64 << 10})
	body := "small"
	handle(t, site, "/a", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }, reprint.Policy{})
	wantBody(t, get(site, "/a"), 200, "small")
	body = strings.Repeat("large", 100_000)
	if err := site.Revalidate(t.Context(), "/a"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		wantBody(t, get(site, "/a"), 200, body)
	}
}

func TestTagsHaveLimitsThatAreNeverPassedInSilence(t *testing.T) {
	var tags []string
	site := newSite(t, reprint.Options{})
	handle(t, site, "/{id}", func(w http.ResponseWriter, r *http.Request) {
		for range 3 { // naming a tag again costs nothing
			reprint.Tag(r.Context(), tags...)
		}
		fmt.Fprint(w, "ok")
	}, reprint.Policy{})
	for i := range 1000 {
		tags = append(tags, fmt.Sprintf("t:%d", i))
	}
	wantBody(t, get(site, "/1"), 200, "ok")
	tags = append(tags, "one:too-many")
	err := site.Revalidate(t.Context(), "/2")
	if err == nil || !contains(err.Error(), "one:too-many") {
		t.Errorf("error %v does not name the tag", err)
	}
	for _, tag := range []string{"", "a b", "a,b", "a\n", strings.Repeat("x", 257), "\xff"} {
		if reprint.ValidTag(tag) == nil {
			t.Errorf("tag %q is valid", tag)
		}
	}
	for _, tag := range []string{"post:42", "Ü", "a/b", "A", strings.Repeat("x", 256)} {
		if err := reprint.ValidTag(tag); err != nil {
			t.Error(err)
		}
	}
}
