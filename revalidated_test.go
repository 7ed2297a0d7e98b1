package reprint_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

// A history for porcupine: what editors and visitors did to one page, and when.
type (
	edit       struct{ version int } // the data source now says version
	revalidate struct{ version int } // began when it said at least that; returned success
	visit      struct{}              // output: the version on the page
	restart    struct{}              // what visitors saw may be lost, what a revalidation promised may not
)

// bounds is the state of a page as promise P1 sees it.
type bounds struct{ promised, oldest, newest int }

// p1 says which histories are right: a visit never sees less than what was there
// when a successful revalidation before it began, nor less than an earlier visit
// saw since the start, nor what nobody wrote yet.
var p1 = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byPage := map[int][]porcupine.Operation{}
		for _, op := range history {
			byPage[op.Metadata.(int)] = append(byPage[op.Metadata.(int)], op)
		}
		var parts [][]porcupine.Operation
		for _, ops := range byPage {
			parts = append(parts, ops)
		}
		return parts
	},
	Init: func() any { return bounds{} },
	Step: func(state, input, output any) (bool, any) {
		b := state.(bounds)
		switch in := input.(type) {
		case edit:
			b.newest = max(b.newest, in.version)
		case revalidate:
			b.promised = max(b.promised, in.version)
			b.oldest = max(b.oldest, in.version)
		case restart:
			b.oldest = b.promised
		case visit:
			v := output.(int)
			if v < b.oldest || v > b.newest {
				return false, b
			}
			b.oldest = v
		}
		return true, b
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%T%v → %v", input, input, output) },
}

// historian records operations from many goroutines.
type historian struct {
	begin time.Time
	mu    sync.Mutex
	ops   []porcupine.Operation // guarded by mu
}

func (h *historian) now() int64 { return time.Since(h.begin).Nanoseconds() }

func (h *historian) note(client, page int, call int64, input, output any) {
	op := porcupine.Operation{ClientId: client, Input: input, Call: call, Output: output, Return: h.now(), Metadata: page}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, op)
}

func TestP1RevalidatedMeansRevalidated(t *testing.T) {
	t.Run("in memory", func(t *testing.T) { checkP1(t, nil, false) })
	t.Run("with the embedded store", func(t *testing.T) { checkP1(t, openStore(t, filepath.Join(t.TempDir(), "pages.db")), false) })
	t.Run("through the fast lane", func(t *testing.T) { checkP1(t, nil, true) })
	t.Run("by all kinds of targets", func(t *testing.T) { checkP1(t, nil, false, named) })
	t.Run("by all kinds of targets, with the embedded store", func(t *testing.T) {
		checkP1(t, openStore(t, filepath.Join(t.TempDir(), "reprint.db")), false, named)
	})
	t.Run("by values that pages share", func(t *testing.T) { checkP1(t, nil, true, named, values) })
}

// openStore opens the embedded store for the length of the test.
func openStore(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(context.Background(), path, sqlite.Options{Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// p1Variant is how pages are made and revalidated in checkP1, where it is not by their
// path.
type p1Variant int

const (
	named  p1Variant = iota // by tags, prefixes, routes and states, in turn
	values                  // pages show a value that they share
)

// p1Targets name a page in different ways; some of them name others too.
func p1Targets(page, n int) reprint.Revalidation {
	tag := fmt.Sprintf("post:%d", page)
	return []reprint.Revalidation{
		{Tags: []string{tag}},
		{Tags: []string{"type:post", tag}, EveryTag: true},
		{Tags: []string{tag}, Only: reprint.Only{Statuses: []int{200}}},
		{Patterns: []string{"/posts/{id}"}},
		{Prefixes: []string{"/posts/"}},
		{Tags: []string{tag}, Mode: reprint.Expire},
	}[n%6]
}

func checkP1(t *testing.T, store reprint.Store, fast bool, variants ...p1Variant) {
	const pages, editors, visitors, saves, visits = 4, 8, 4, 30, 510
	p := newPress(25 * time.Millisecond)
	opts := reprint.Options{Store: store, Renders: 64}
	if store != nil {
		opts.Memory = 3000 // too small for the pages: every visit is a race with the store
	}
	site := newSite(t, opts)
	page := p.ServeHTTP
	if slices.Contains(variants, values) {
		page = func(w http.ResponseWriter, r *http.Request) {
			body, err := reprint.Cached(r.Context(), r.URL.Path, func(ctx context.Context) (string, error) {
				load := httptest.NewRecorder()
				p.ServeHTTP(load, r.WithContext(ctx))
				return load.Body.String(), nil
			})
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			_, _ = io.WriteString(w, body)
		}
	}
	handle(t, site, "/posts/{id}", page, reprint.Policy{})
	byName := slices.Contains(variants, named)
	if byName {
		for i := range pages {
			path := fmt.Sprintf("/posts/%d", i)
			p.tag(path, fmt.Sprintf("post:%d", i), "type:post")
			get(site, path) // what is named otherwise than by path must be there
		}
	}
	var saved atomic.Int64
	mux := http.NewServeMux()
	mux.Handle("/", site)
	mux.HandleFunc("POST /save/{id}", func(w http.ResponseWriter, r *http.Request) {
		var err error
		if byName {
			id, _ := strconv.Atoi(r.PathValue("id"))
			_, err = site.Apply(r.Context(), p1Targets(id, int(saved.Add(1))))
		} else {
			err = site.Revalidate(r.Context(), "/posts/"+r.PathValue("id"))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	server := &http.Server{Handler: mux}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var answered atomic.Int64 // by the fast lane
	var serving sync.WaitGroup
	serving.Go(func() {
		if !fast {
			_ = server.Serve(l)
			return
		}
		_ = site.Serve(server, l, reprint.FastLane{Served: func(*reprint.FastRequest, reprint.FastServed) { answered.Add(1) }})
	})
	transport := &http.Transport{MaxIdleConnsPerHost: pages * (editors + visitors), DisableCompression: true}
	client, url := &http.Client{Transport: transport}, "http://"+l.Addr().String()
	defer func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		serving.Wait()
	}()

	h := &historian{begin: time.Now()}
	var all sync.WaitGroup
	for page := range pages {
		path := fmt.Sprintf("/posts/%d", page)
		var version atomic.Int64
		var writing sync.Mutex // the data source takes one edit at a time
		for editor := range editors {
			all.Go(func() {
				for range saves {
					call := h.now()
					writing.Lock()
					v := int(version.Add(1))
					p.set(path, v)
					h.note(page*100+editor, page, call, edit{v}, nil)
					writing.Unlock()
					call = h.now()
					if status, body := request(t, client, url, "POST", fmt.Sprintf("/save/%d", page)); status != http.StatusOK {
						t.Errorf("revalidate: %d %s", status, body)
						return
					}
					h.note(page*100+editor, page, call, revalidate{v}, nil)
				}
			})
		}
		for visitor := range visitors {
			all.Go(func() {
				for range visits {
					call := h.now()
					status, body := request(t, client, url, "GET", path)
					v, err := versionOf(body)
					if status != http.StatusOK || err != nil {
						t.Errorf("visit: %d %q %v", status, body, err)
						return
					}
					h.note(page*100+50+visitor, page, call, visit{}, v)
					time.Sleep(time.Millisecond) // paces the visits over the time of the saves
				}
			})
		}
	}
	all.Wait()
	for page := range pages { // now they are current, and hits
		for range visits / 10 {
			call := h.now()
			_, body := request(t, client, url, "GET", fmt.Sprintf("/posts/%d", page))
			v, err := versionOf(body)
			if err != nil {
				t.Fatalf("visit: %q %v", body, err)
			}
			h.note(page*100+99, page, call, visit{}, v)
		}
	}
	if len(h.ops) < 10_000 {
		t.Fatalf("only %d operations were recorded", len(h.ops))
	}
	if n := answered.Load(); fast && n < pages*visits/10 {
		t.Errorf("only %d visits were answered by the fast lane", n)
	}
	switch porcupine.CheckOperationsTimeout(p1, h.ops, time.Minute) {
	case porcupine.Ok:
		t.Logf("%d operations, %d renders, 0 violations", len(h.ops), p.renders.Load())
	case porcupine.Illegal:
		t.Errorf("P1 is broken: a history of %d operations has no legal order", len(h.ops))
	case porcupine.Unknown:
		t.Error("the history could not be checked in time")
	}
}

// request makes one request over a real socket.
func request(t *testing.T, client *http.Client, url, method, path string) (int, string) {
	r, err := http.NewRequestWithContext(context.Background(), method, url+path, nil)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return resp.StatusCode, string(b)
}

// The checker must be able to fail: this history has the fault that Next.js has.
func TestP1CheckerRefusesALostRevalidation(t *testing.T) {
	op := func(call, ret int64, in, out any) porcupine.Operation {
		return porcupine.Operation{Input: in, Output: out, Call: call, Return: ret, Metadata: 0}
	}
	lost := []porcupine.Operation{
		op(0, 1, edit{1}, nil), op(2, 3, revalidate{1}, nil), op(4, 5, visit{}, 0),
	}
	if porcupine.CheckOperations(p1, lost) {
		t.Error("a visit after a successful revalidation saw the old page, and that was accepted")
	}
	lost[2].Output = 1
	if !porcupine.CheckOperations(p1, lost) {
		t.Error("a right history was refused")
	}
}

func TestARevalidationNeverJoinsARunningRender(t *testing.T) {
	p := newPress(0)
	p.began = make(chan string, 10)
	site := newSite(t, reprint.Options{})
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{})

	release := p.hang("/posts/1")
	visitor := make(chan string)
	go func() { visitor <- text(get(site, "/posts/1")) }()
	<-p.began // it has read version 0
	p.set("/posts/1", 1)
	// The old render hangs: the call neither joins it nor waits for it.
	if err := site.Revalidate(t.Context(), "/posts/1"); err != nil {
		t.Fatal(err)
	}
	wantBody(t, get(site, "/posts/1"), 200, "/posts/1 v1")
	release()
	if got := <-visitor; got != "/posts/1 v1" {
		t.Errorf("the visitor who waited since before got %q, although a newer page was there", got)
	}
	// The old render is over now. It must not have overwritten the new page.
	wantBody(t, get(site, "/posts/1"), 200, "/posts/1 v1")
}

func TestCallersSinceThenShareOneSuccessor(t *testing.T) {
	p := newPress(0)
	p.began = make(chan string, 10)
	site := newSite(t, reprint.Options{})
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{})
	wantBody(t, get(site, "/posts/1"), 200, "/posts/1 v0")
	<-p.began

	// Two renders that hang are under way: a first call's, and a second's, which
	// may not join the first.
	var calls sync.WaitGroup
	call := func() {
		calls.Go(func() {
			if err := site.Revalidate(t.Context(), "/posts/1"); err != nil {
				t.Error(err)
			}
		})
	}
	var release [2]func()
	for i := range release {
		release[i] = p.hang("/posts/1")
		call()
		<-p.began
	}
	p.set("/posts/1", 1)
	for range 100 {
		call()
	}
	waitFor(t, "all calls are in force", func() bool { return position(t, site, "/posts/1") == 102 })
	release[0]()
	<-p.began // the successor
	release[1]()
	calls.Wait()
	if n := p.rendersOf("/posts/1"); n != 4 {
		t.Errorf("%d renders, want 4: the first visit's, two that hung, one for the hundred", n)
	}
	wantBody(t, get(site, "/posts/1"), 200, "/posts/1 v1")
}

// position returns the position of the last entry that names the page of path.
func position(t *testing.T, site *reprint.Site, path string) int {
	x, err := site.Explain(t.Context(), path)
	if err != nil || len(x) != 1 {
		t.Fatal(x, err)
	}
	last := 0
	for _, e := range x[0].StaleBy {
		last = max(last, int(e.Position))
	}
	return last
}

// waitFor polls until ok, for things that no channel tells of.
func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("still waiting: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// What arrives during a render makes its page stale on arrival, for a tag too
// that nobody could know the page to have.
func TestAnEntryDuringARenderMakesItsPageStaleOnArrival(t *testing.T) {
	for _, by := range []struct {
		name string
		r    reprint.Revalidation
	}{
		{"path", reprint.Revalidation{Paths: []string{"/posts/1"}, Mode: reprint.Stale}},
		{"tag", reprint.Revalidation{Tags: []string{"post:1"}, Mode: reprint.Stale}},
		{"tag, rendering what is known", reprint.Revalidation{Tags: []string{"post:1"}}},
		{"prefix", reprint.Revalidation{Prefixes: []string{"/posts/"}, Mode: reprint.Stale}},
		{"site", reprint.Revalidation{All: true, Mode: reprint.Stale}},
	} {
		t.Run(by.name, func(t *testing.T) {
			p := newPress(0)
			p.began = make(chan string, 10)
			p.tag("/posts/1", "post:1")
			site := newSite(t, reprint.Options{})
			handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{})

			release := p.hang("/posts/1")
			visitor := make(chan string)
			go func() { visitor <- text(get(site, "/posts/1")) }()
			<-p.began
			p.set("/posts/1", 1)
			if _, err := site.Apply(t.Context(), by.r); err != nil {
				t.Fatal(err)
			}
			release()
			if got := <-visitor; got != "/posts/1 v0" {
				t.Errorf("who waited since before got %q", got)
			}
			// No page was there before: nobody may be served the overtaken one.
			wantBody(t, get(site, "/posts/1"), 200, "/posts/1 v1")
		})
	}
}

// A list that shows an item for the first time, in a render that the item's
// revalidation overtakes: the call cannot know of the list.
func TestAPageThatGainsATagWhileItIsRenderedIsNotServedOld(t *testing.T) {
	p := newPress(0)
	p.began = make(chan string, 10)
	site := newSite(t, reprint.Options{})
	handle(t, site, "/list", p.ServeHTTP, reprint.Policy{})
	wantBody(t, get(site, "/list"), 200, "/list v0")
	<-p.began

	p.tag("/list", "post:1")
	p.set("/list", 1)
	release := p.hang("/list")
	done := make(chan error)
	go func() { done <- site.Revalidate(t.Context(), "/list") }()
	<-p.began // it has read version 1, and its page will carry post:1
	p.set("/list", 2)
	receipt, err := site.Apply(t.Context(), reprint.Revalidation{Tags: []string{"post:1"}})
	if err != nil || receipt.Matched != 0 {
		t.Fatalf("receipt %+v, error %v; no page carries the tag yet", receipt, err)
	}
	release()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	wantBody(t, get(site, "/list"), 200, "/list v2")
}

// Two renders of a page end at the same moment, and the store drops the newer
// one at once for want of room. The older one must not take its place as a page
// that may be served while it is renewed: its renewal is over.
func TestAnOlderRenderDoesNotTakeThePlaceOfANewerOneThatWasEvicted(t *testing.T) {
	store := &forgetful{MemoryStore: reprint.NewMemoryStore(0), newer: make(chan struct{})}
	p := newPress(0)
	p.began = make(chan string, 10)
	site := newSite(t, reprint.Options{Store: store, Memory: 1})
	handle(t, site, "/a", p.ServeHTTP, reprint.Policy{})
	wantBody(t, get(site, "/a"), 200, "/a v0")
	<-p.began

	release := p.hang("/a")
	older := make(chan error)
	go func() { older <- site.Revalidate(t.Context(), "/a") }()
	<-p.began
	p.set("/a", 1)
	holdNewer := p.hang("/a")
	newer := make(chan error)
	go func() { newer <- site.Revalidate(t.Context(), "/a") }()
	<-p.began
	store.hold.Store(true)
	release()
	waitFor(t, "the older render is being stored", store.holding.Load)
	holdNewer()
	if err := <-older; err != nil {
		t.Error(err)
	}
	if err := <-newer; err != nil {
		t.Error(err)
	}
	wantBody(t, get(site, "/a"), 200, "/a v1")
}

// forgetful is a store that keeps a first Put waiting until a newer page was
// stored, which it forgets at once, or until it is clear that none will come.
type forgetful struct {
	*reprint.MemoryStore
	hold, holding, forgot atomic.Bool
	newer                 chan struct{}
}

func (f *forgetful) Put(ctx context.Context, page *reprint.Page) (bool, error) {
	if f.hold.CompareAndSwap(true, false) {
		f.holding.Store(true)
		select {
		case <-f.newer:
		case <-time.After(100 * time.Millisecond): // commits of one key wait for each other
		}
		return f.MemoryStore.Put(ctx, page)
	}
	stored, err := f.MemoryStore.Put(ctx, page)
	if f.holding.Load() && f.forgot.CompareAndSwap(false, true) {
		_ = f.MemoryStore.Delete(ctx, page.Key, page.Stamp+1)
		close(f.newer)
	}
	return stored, err
}
