package reprint_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

// rendered notes which pages were rendered, in order.
type rendered struct {
	mu    sync.Mutex
	paths []string // guarded by mu
}

func (r *rendered) add(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.paths = append(r.paths, path)
}

// take returns what was rendered since it was last called.
func (r *rendered) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	paths := r.paths
	r.paths = nil
	return paths
}

// listRoute adds a route whose pages all carry the tag "list" and show what body says.
func listRoute(t testing.TB, site *reprint.Site, log *rendered, body func(path string) string) {
	handle(t, site, "/p/{id}", func(w http.ResponseWriter, r *http.Request) {
		log.add(r.URL.Path)
		reprint.Tag(r.Context(), "list")
		fmt.Fprint(w, body(r.URL.Path))
	}, reprint.Policy{})
}

func visitAll(t testing.TB, site *reprint.Site, n int) {
	t.Helper()
	for i := range n {
		if r := get(site, fmt.Sprintf("/p/%d", i)); r.StatusCode != http.StatusOK {
			t.Fatalf("page %d: %d", i, r.StatusCode)
		}
	}
}

func startRefill(t testing.TB, site *reprint.Site, mode reprint.Mode) *reprint.Receipt {
	t.Helper()
	receipt, err := site.Apply(t.Context(), reprint.Revalidation{Tags: []string{"list"}, Mode: mode, Refill: true, By: "editor"})
	if err != nil {
		t.Fatal(err)
	}
	if !receipt.Running || receipt.Position == 0 {
		t.Fatalf("the receipt %+v is not of something that goes on", receipt)
	}
	return receipt
}

// finished waits for the receipt of a refill that is done.
func finished(t testing.TB, site *reprint.Site, id string) *reprint.Receipt {
	t.Helper()
	var receipt *reprint.Receipt
	waitFor(t, "the refill is done", func() bool {
		r, err := site.Receipt(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		receipt = r
		return r != nil && !r.Running && len(site.Refills()) == 0
	})
	return receipt
}

func wantCounts(t testing.TB, r *reprint.Receipt, matched, regenerated, unchanged, failed, skipped int) {
	t.Helper()
	got := [...]int{r.Matched, r.Regenerated, r.Unchanged, r.Failed, r.Skipped}
	if want := [...]int{matched, regenerated, unchanged, failed, skipped}; got != want {
		t.Errorf("matched, regenerated, unchanged, failed, skipped are %v, want %v", got, want)
	}
}

func TestRefillRendersWhatIsVisitedMostFirst(t *testing.T) {
	for _, mode := range []reprint.Mode{reprint.Regenerate, reprint.Stale, reprint.Expire} {
		t.Run(mode.String(), func(t *testing.T) {
			site := newSite(t, reprint.Options{Renders: 2}) // of which a refill has one
			var log rendered
			var version atomic.Int64
			listRoute(t, site, &log, func(string) string { return fmt.Sprint(version.Load()) })
			for i := range 6 {
				for range 10 * ((i * 5) % 6) {
					get(site, fmt.Sprintf("/p/%d", i))
				}
				get(site, fmt.Sprintf("/p/%d", i))
			}
			log.take()
			version.Add(1)
			receipt := finished(t, site, startRefill(t, site, mode).ID)
			want := "/p/1 /p/2 /p/3 /p/4 /p/5 /p/0"
			if got := strings.Join(log.take(), " "); got != want {
				t.Errorf("rendered %s, want %s", got, want)
			}
			wantCounts(t, receipt, 6, 6, 0, 0, 0)
			if receipt.By != "editor" || receipt.Mode != mode {
				t.Errorf("the receipt is by %q in mode %v", receipt.By, receipt.Mode)
			}
			for i := range 6 {
				r := get(site, fmt.Sprintf("/p/%d", i))
				wantCacheStatus(t, r, "hit")
				wantBody(t, r, http.StatusOK, "1")
			}
		})
	}
}

func TestRefillOfPathsRendersPagesThatAreNotThereYet(t *testing.T) {
	site := newSite(t, reprint.Options{})
	var log rendered
	listRoute(t, site, &log, func(string) string { return "x" })
	visitAll(t, site, 1)
	log.take()
	receipt, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/p/0", "/p/1"}, Refill: true})
	if err != nil {
		t.Fatal(err)
	}
	wantCounts(t, finished(t, site, receipt.ID), 2, 1, 1, 0, 0)
	if got := log.take(); len(got) != 2 {
		t.Errorf("rendered %v", got)
	}
	receipt, err = site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/p/1", "/p/2"}, Refill: true, OnlyGenerated: true})
	if err != nil {
		t.Fatal(err)
	}
	wantCounts(t, finished(t, site, receipt.ID), 1, 0, 1, 0, 0)
}

func TestRefillCanBePausedResumedAndCancelled(t *testing.T) {
	site := newSite(t, reprint.Options{Renders: 2})
	var log rendered
	step := make(chan struct{})
	var stepping atomic.Bool
	listRoute(t, site, &log, func(string) string {
		if stepping.Load() {
			<-step
		}
		return "x"
	})
	visitAll(t, site, 5)
	log.take()
	stepping.Store(true)
	id := startRefill(t, site, reprint.Stale).ID
	step <- struct{}{}
	if err := site.PauseRefill(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	close(step) // what runs may end
	waitFor(t, "the renders have ended", func() bool { return site.Status().RendersRunning == 0 })
	paused := site.Refills()[0]
	if !paused.Paused || paused.Total != 5 || paused.Done >= 5 || paused.ID != id {
		t.Errorf("status while paused: %+v", paused)
	}
	if r, err := site.Receipt(t.Context(), id); err != nil || !r.Running || r.Matched != paused.Done {
		t.Errorf("receipt while paused: %+v, %v", r, err)
	}
	if err := site.ResumeRefill(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	wantCounts(t, finished(t, site, id), 5, 0, 5, 0, 0)

	step = make(chan struct{})
	id = startRefill(t, site, reprint.Stale).ID
	step <- struct{}{}
	close(step)
	if err := site.PauseRefill(t.Context(), id); err == nil {
		if err := site.CancelRefill(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		r := finished(t, site, id)
		if r.Matched != 5 || r.Skipped == 0 || r.Unchanged+r.Skipped != 5 {
			t.Errorf("receipt after it was cancelled: %+v", r)
		}
	}
	for _, err := range []error{site.PauseRefill(t.Context(), id), site.ResumeRefill(t.Context(), id), site.CancelRefill(t.Context(), "none")} {
		if !errors.Is(err, reprint.ErrNoRefill) {
			t.Errorf("error %v, want ErrNoRefill", err)
		}
	}
}

// The page that is restored while a refill renders it is not the refill's.
func TestRefillSkipsAPageThatIsRestoredMeanwhile(t *testing.T) {
	site := newSite(t, reprint.Options{Store: openStore(t, filepath.Join(t.TempDir(), "pages.db"))})
	p := newPress(0)
	p.tag("/p/1", "list")
	handle(t, site, "/p/{id}", p.ServeHTTP, reprint.Policy{})
	get(site, "/p/1")
	p.set("/p/1", 1)
	if err := site.Revalidate(t.Context(), "/p/1"); err != nil {
		t.Fatal(err)
	}
	versions, err := site.Versions(t.Context(), "/p/1")
	if err != nil || len(versions) != 1 {
		t.Fatalf("versions %v, %v", versions, err)
	}
	p.set("/p/1", 2)
	p.began = make(chan string, 1)
	release := p.hang("/p/1")
	receipt := startRefill(t, site, reprint.Stale)
	<-p.began
	_, err = site.Restore(t.Context(), reprint.Restoration{Version: versions[0].ID})
	release()
	if err != nil {
		t.Fatal(err)
	}
	done := finished(t, site, receipt.ID)
	wantCounts(t, done, 1, 0, 0, 0, 1)
	if !contains(done.Pages[0].Error, "held until it is released") {
		t.Errorf("the page is %+v", done.Pages[0])
	}
	wantBody(t, get(site, "/p/1"), http.StatusOK, "/p/1 v0")
}

// pageReads counts how often pages are read.
type pageReads struct {
	*reprint.MemoryStore
	n atomic.Int64
}

func (s *pageReads) Page(ctx context.Context, k reprint.Key) (*reprint.Page, error) {
	s.n.Add(1)
	return s.MemoryStore.Page(ctx, k)
}

// Handlers that never return leave no place for renders: a refill waits for one, and does
// not go round its pages as fast as it can.
func TestRefillWaitsWhileThereIsNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &pageReads{MemoryStore: reprint.NewMemoryStore(0)}
		site, err := reprint.New(reprint.Options{Store: store, Memory: 1, Renders: 2, RenderTimeout: time.Second, Log: quiet()})
		if err != nil {
			t.Fatal(err)
		}
		var hang atomic.Bool
		back := make(chan struct{})
		handle(t, site, "/p/{id}", func(w http.ResponseWriter, r *http.Request) {
			if hang.Load() {
				<-back
			}
			reprint.Tag(r.Context(), "list")
			fmt.Fprint(w, "x")
		}, reprint.Policy{})
		const pages, seconds = 500, 60
		visitAll(t, site, pages)
		hang.Store(true)
		receipt := startRefill(t, site, reprint.Stale)
		time.Sleep(10 * time.Second)
		before := store.n.Load()
		time.Sleep(seconds * time.Second)
		if n := store.n.Load() - before; n > 10*seconds {
			t.Errorf("pages were looked at %d times in %d seconds in which none could be rendered", n, seconds)
		}
		hang.Store(false)
		close(back)
		wantCounts(t, finished(t, site, receipt.ID), pages, 0, pages, 0, 0)
		stop(t, site)
	})
}

func TestRefillIsRefusedWhereItMeansNothing(t *testing.T) {
	site := newSite(t, reprint.Options{})
	listRoute(t, site, new(rendered), func(string) string { return "x" })
	for _, r := range []reprint.Revalidation{
		{Tags: []string{"list"}, Refill: true, Mode: reprint.Delete},
		{Tags: []string{"list"}, Refill: true, Expect: reprint.Expect{Changed: true}},
	} {
		if _, err := site.Apply(t.Context(), r); err == nil || site.Status().Position != 0 {
			t.Errorf("%+v: error %v, position %d", r, err, site.Status().Position)
		}
	}
}

func TestRefillGoesOnAfterARestart(t *testing.T) {
	const pages = 100
	file := filepath.Join(t.TempDir(), "pages.db")
	var log rendered
	var version atomic.Int64
	open := func() (*reprint.Site, func()) {
		site, end := openSite(t, file, reprint.Options{Renders: 4})
		listRoute(t, site, &log, func(path string) string {
			if strings.HasSuffix(path, "7") {
				return "same"
			}
			return fmt.Sprint(version.Load())
		})
		return site, end
	}
	site, end := open()
	visitAll(t, site, pages)
	log.take()
	filled := time.Now().Unix()
	waitFor(t, "the next second, for that is how exactly it is told when a page changed", func() bool { return time.Now().Unix() > filled })
	version.Add(1)
	id := startRefill(t, site, reprint.Stale).ID
	waitFor(t, "some are rendered", func() bool { return len(site.Refills()) == 1 && site.Refills()[0].Done >= pages/4 })
	if err := site.PauseRefill(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	end()
	site, end = open()
	waitFor(t, "it is taken up", func() bool { return len(site.Refills()) == 1 && site.Refills()[0].Listed })
	st := site.Refills()[0]
	if !st.Paused || st.Total != pages || st.Done < pages/4 {
		t.Errorf("after the restart it is %+v", st)
	}
	if err := site.ResumeRefill(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	receipt := finished(t, site, id)
	wantCounts(t, receipt, pages, pages-pages/10, pages/10, 0, 0)
	if receipt.By != "editor" || len(receipt.Pages) != pages {
		t.Errorf("the receipt is by %q and lists %d pages", receipt.By, len(receipt.Pages))
	}
	if got := log.take(); len(got) != pages {
		t.Errorf("%d renders of %d pages", len(got), pages)
	}
	end()
	site, end = open()
	defer end()
	if r, err := site.Receipt(t.Context(), id); err != nil || r.Running || r.Matched != pages {
		t.Errorf("after another restart the receipt is %+v, %v", r, err)
	}
}

func stop(t testing.TB, site *reprint.Site) {
	t.Helper()
	if err := site.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// The list has the oldest first, also after a restart: they are kept under random IDs.
func TestRefillsAreListedInTheirOrderAfterARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pages.db")
	var failing atomic.Bool
	open := func() (*reprint.Site, func()) {
		site, end := openSite(t, file, reprint.Options{})
		handle(t, site, "/a", func(w http.ResponseWriter, _ *http.Request) {
			if failing.Load() { // so that no refill comes to its end
				w.WriteHeader(http.StatusInternalServerError)
			}
			fmt.Fprint(w, "a")
		}, reprint.Policy{})
		return site, end
	}
	site, end := open()
	get(site, "/a")
	failing.Store(true)
	var want []string
	for range 6 {
		receipt, err := site.Apply(t.Context(), reprint.Revalidation{All: true, Mode: reprint.Stale, Refill: true})
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, receipt.ID)
	}
	end()
	site, end = open()
	defer end()
	waitFor(t, "they are taken up", func() bool { return len(site.Refills()) == len(want) })
	var got []string
	for _, f := range site.Refills() {
		got = append(got, f.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("refills %q, want %q", got, want)
	}
}

// An origin that fails half of the time, and one that becomes slow when more than
// three renders are under way.
func TestRefillBacksOffAndFinishes(t *testing.T) {
	const pages = 200
	for _, tt := range []struct {
		name   string
		fails  func(n int64) bool
		bears  int64
		failed int // at most
	}{
		{"it fails half of the time", func(n int64) bool { return n%2 == 0 }, 100, pages / 10},
		{"it slows down", func(int64) bool { return false }, 3, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				site, err := reprint.New(reprint.Options{Renders: 16, Log: quiet()})
				if err != nil {
					t.Fatal(err)
				}
				var o struct {
					n, inside, most, slow atomic.Int64
					troubled              atomic.Bool
				}
				handle(t, site, "/p/{id}", func(w http.ResponseWriter, r *http.Request) {
					inside := o.inside.Add(1)
					defer o.inside.Add(-1)
					reprint.Tag(r.Context(), "list")
					if o.troubled.Load() {
						o.most.Store(max(o.most.Load(), inside))
						if inside > tt.bears {
							o.slow.Add(1)
							time.Sleep(2 * time.Second)
						}
						if tt.fails(o.n.Add(1)) {
							http.Error(w, "no", http.StatusInternalServerError)
							return
						}
					}
					time.Sleep(20 * time.Millisecond)
					fmt.Fprintf(w, "page %t", o.troubled.Load())
				}, reprint.Policy{})
				visitAll(t, site, pages)
				o.troubled.Store(true)
				id := startRefill(t, site, reprint.Expire).ID
				done := false
				for i := 0; !done; i++ {
					// Visitors come meanwhile, and wait where they must.
					if r := get(site, fmt.Sprintf("/p/%d", i%pages)); r.StatusCode != http.StatusOK {
						t.Fatalf("a visitor gets %d (%s)", r.StatusCode, r.Header.Get("Cache-Status"))
					}
					time.Sleep(100 * time.Millisecond)
					done = len(site.Refills()) == 0
				}
				receipt, err := site.Receipt(t.Context(), id)
				if err != nil || receipt.Running {
					t.Fatalf("receipt %+v, %v", receipt, err)
				}
				if receipt.Matched != pages || receipt.Failed > tt.failed || receipt.Regenerated+receipt.Failed != pages {
					t.Errorf("receipt: %d matched, %d regenerated, %d failed", receipt.Matched, receipt.Regenerated, receipt.Failed)
				}
				if most := o.most.Load(); most > 8+1 { // and one visitor
					t.Errorf("%d renders at once, the limit of a refill is 8", most)
				}
				if slow := o.slow.Load(); slow > pages/4 {
					t.Errorf("%d of %d renders were slow: it did not back off", slow, pages)
				}
				t.Logf("%d renders, %d at once at most, %d slow, %d failed for good", o.n.Load(), o.most.Load(), o.slow.Load(), receipt.Failed)
				stop(t, site)
			})
		})
	}
}

const (
	refillFile = "REPRINT_REFILL_FILE"
)

// refillPages takes a minute with the race detector where it is 10,000.
var refillPages = map[bool]int{false: 10_000, true: 2_000}[underRace]

// refillChild refills until it is killed, and prints each page that it renders. The
// first one stores the pages before.
func refillChild(file string) {
	store, err := sqlite.Open(context.Background(), file, sqlite.Options{Log: quiet()})
	must(err)
	site, err := reprint.New(reprint.Options{Store: store, Log: quiet()})
	must(err)
	var filling atomic.Bool
	var mu sync.Mutex
	must(site.Handle("/p/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reprint.Tag(r.Context(), "list")
		if filling.Load() {
			fmt.Fprint(w, "before")
			return
		}
		mu.Lock()
		fmt.Fprintln(os.Stdout, "render", r.PathValue("id"))
		mu.Unlock()
		fmt.Fprint(w, "after")
	}), reprint.Policy{}))
	if site.Status().Pages == 0 {
		filling.Store(true)
		must(site.PrerenderPaths(context.Background(), func(yield func(string, error) bool) {
			for i := range refillPages {
				if !yield(fmt.Sprintf("/p/%d", i), nil) {
					return
				}
			}
		}, nil, nil))
		filling.Store(false)
		receipt, err := site.Apply(context.Background(), reprint.Revalidation{Tags: []string{"list"}, Mode: reprint.Stale, Refill: true, By: "editor"})
		must(err)
		fmt.Fprintln(os.Stdout, "receipt", receipt.ID)
	}
	time.Sleep(time.Second)
	for len(site.Refills()) > 0 {
		time.Sleep(10 * time.Millisecond)
	}
	fmt.Fprintln(os.Stdout, "done")
	select {}
}

func TestRefillIsKilledAndGoesOn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pages.db")
	renders := make(map[int]int)
	id, kills := "", 0
	for done := false; !done; kills++ {
		if kills > 50 {
			t.Fatal("it does not come to its end")
		}
		done = refillUntilKilled(t, file, refillPages/5, func(what, value string) {
			switch what {
			case "receipt":
				id = value
			case "render":
				n, err := strconv.Atoi(value)
				if err != nil {
					t.Fatal(err)
				}
				renders[n]++
			}
		})
	}
	again := 0
	for i := range refillPages {
		if again += renders[i] - 1; renders[i] == 0 {
			t.Fatalf("page %d was not rendered", i)
		}
	}
	const underWay = 8 // renders of a refill
	if again > underWay*kills {
		t.Errorf("%d renders were done again after %d kills, want at most those under way", again, kills)
	}
	store := openStore(t, file)
	receipt, err := store.Receipt(t.Context(), id)
	if err != nil || receipt == nil || receipt.Running {
		t.Fatalf("receipt %+v, %v", receipt, err)
	}
	wantCounts(t, receipt, refillPages, refillPages, 0, 0, 0)
	if receipt.By != "editor" {
		t.Errorf("the receipt is by %q", receipt.By)
	}
	t.Logf("%d kills, %d of %d pages were rendered again", kills-1, again, refillPages)
}

// refillUntilKilled runs a child until it has rendered so many pages, or has nothing
// left to do, and kills it.
func refillUntilKilled(t *testing.T, file string, after int, line func(what, value string)) (done bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), refillFile+"="+file)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for in := bufio.NewScanner(out); in.Scan(); {
		what, value, _ := strings.Cut(in.Text(), " ")
		line(what, value)
		if done = what == "done"; done {
			_ = cmd.Process.Kill()
		}
		if what == "render" {
			if n++; n == after {
				_ = cmd.Process.Kill()
			}
		}
	}
	_ = cmd.Wait() // it was killed
	if n < after && !done {
		t.Fatal("the child ended by itself")
	}
	return done
}
