package reprint_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

// newSite returns a site that is shut down, and has left no goroutine behind,
// when the test ends. Its log goes to the test's.
func newSite(t testing.TB, opts reprint.Options) *reprint.Site {
	t.Helper()
	if opts.Log == nil {
		opts.Log = quiet()
	}
	before := goleak.IgnoreCurrent()
	site, err := reprint.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := site.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if _, ok := t.(*testing.T); ok {
			goleak.VerifyNone(t, before, goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"),
				goleak.IgnoreTopFunction("internal/poll.runtime_pollWait"))
		}
	})
	return site
}

// openSite opens a site on a file, for as long as a test wants.
func openSite(t testing.TB, file string, opts reprint.Options) (site *reprint.Site, end func()) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), file, sqlite.Options{Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	opts.Store = store
	site = newSite(t, opts)
	return site, func() {
		t.Helper()
		stop(t, site)
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// handle adds a route or ends the test.
func handle(t testing.TB, site *reprint.Site, pattern string, h http.HandlerFunc, p reprint.Policy) {
	t.Helper()
	if err := site.Handle(pattern, h, p); err != nil {
		t.Fatal(err)
	}
}

// get asks the site as a visitor does, without a socket. Headers come in pairs.
func get(site http.Handler, path string, headers ...string) *http.Response {
	return ask(site, http.MethodGet, path, headers...)
}

func ask(site http.Handler, method, path string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	return w.Result()
}

// text reads a response's body.
func text(r *http.Response) string {
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return "cannot be read: " + err.Error()
	}
	return string(b)
}

// wantBody fails the test unless the response has that status and body.
func wantBody(t testing.TB, r *http.Response, status int, body string) {
	t.Helper()
	if got := text(r); r.StatusCode != status || got != body {
		t.Fatalf("got %d %.100q (Cache-Status: %s), want %d %q", r.StatusCode, got, r.Header.Get("Cache-Status"), status, body)
	}
}

// wantStatus fails the test unless Cache-Status holds every part.
func wantCacheStatus(t testing.TB, r *http.Response, parts ...string) {
	t.Helper()
	got := r.Header.Get("Cache-Status")
	for _, part := range parts {
		if !strings.Contains(got, part) {
			t.Fatalf("Cache-Status is %q, want it to hold %q", got, part)
		}
	}
}

// press is a data source with a handler that prints it: one version per path.
// A render reads its data first and takes its time after that, as slow data
// sources do; that is what makes revalidation hard.
type press struct {
	delay   time.Duration
	renders atomic.Int64

	mu       sync.Mutex
	versions map[string]int              // guarded by mu; 0 is a path's first
	tags     map[string][]string         // guarded by mu; what a render names
	fail     map[string]http.HandlerFunc // guarded by mu; instead of the page
	perPath  map[string]int              // guarded by mu; renders
	due      map[string]time.Time        // guarded by mu
	hold     map[string]chan struct{}    // guarded by mu; the next render waits for it after reading
	began    chan string                 // if not nil, gets the path of each render that has read its data
	seen     func(r *http.Request)       // if not nil, is shown each render's request
}

func newPress(delay time.Duration) *press {
	return &press{
		delay: delay, versions: map[string]int{}, tags: map[string][]string{}, fail: map[string]http.HandlerFunc{},
		perPath: map[string]int{}, due: map[string]time.Time{}, hold: map[string]chan struct{}{},
	}
}

func (p *press) set(path string, version int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.versions[path] = version
}

func (p *press) tag(path string, tags ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tags[path] = tags
}

// breakWith answers for path with h from now on; nil heals it.
func (p *press) breakWith(path string, h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail[path] = h
}

// hang makes the next render of path wait, after it has read its data, until the
// returned function is called.
func (p *press) hang(path string) (release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ch := make(chan struct{})
	p.hold[path] = ch
	return sync.OnceFunc(func() { close(ch) })
}

func (p *press) rendersOf(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.perPath[path]
}

func (p *press) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.renders.Add(1)
	path := r.URL.Path
	p.mu.Lock()
	p.perPath[path]++
	version, tags, fail, due, hold := p.versions[path], p.tags[path], p.fail[path], p.due[path], p.hold[path]
	delete(p.hold, path)
	p.mu.Unlock()
	if p.seen != nil {
		p.seen(r)
	}
	if p.began != nil {
		p.began <- path
	}
	if hold != nil {
		<-hold
	}
	if p.delay > 0 {
		time.Sleep(p.delay)
	}
	if fail != nil {
		fail(w, r)
		return
	}
	reprint.Tag(r.Context(), tags...)
	if !due.IsZero() {
		reprint.RevalidateAt(r.Context(), due)
	}
	fmt.Fprintf(w, "%s v%d", path, version)
}

// versionOf reads the version out of a page that a press has printed.
func versionOf(body string) (int, error) {
	_, v, ok := strings.Cut(body, " v")
	if !ok {
		return 0, fmt.Errorf("page %q has no version", body)
	}
	return strconv.Atoi(v)
}

// failing is a store whose writes fail while err is set.
type failing struct {
	*reprint.MemoryStore
	mu  sync.Mutex
	err error // guarded by mu
}

func (f *failing) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *failing) Put(ctx context.Context, p *reprint.Page) (bool, error) {
	f.mu.Lock()
	err := f.err
	f.mu.Unlock()
	if err != nil {
		return false, err
	}
	return f.MemoryStore.Put(ctx, p)
}

var errBroken = errors.New("broken")

func contains(s, part string) bool { return strings.Contains(s, part) }

func askRaw(site http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	return w.Result()
}
