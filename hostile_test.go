package reprint_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/internal/logtest"
	"github.com/reprint-go/reprint/sqlite"
)

// What a hostile reader of the engine has thought of, each as a test.

// compact makes the ledger so large that it is compacted, and waits for that.
func compact(t *testing.T, site *reprint.Site, journal reprint.Journal) {
	t.Helper()
	tags := make([]string, 100_001)
	for i := range tags {
		tags[i] = fmt.Sprintf("filler:%d", i)
	}
	if _, err := site.Apply(t.Context(), reprint.Revalidation{Tags: tags, Mode: reprint.Stale}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the journal is compacted", func() bool {
		s, err := journal.Summary(t.Context())
		return err == nil && s.Floor > 0
	})
}

func TestExpireAndDeleteOutliveCompaction(t *testing.T) {
	store := reprint.NewMemoryStore(0)
	p := newPress(0)
	p.began = make(chan string, 10)
	site := newSite(t, reprint.Options{Store: store})
	handle(t, site, "/{id}", p.ServeHTTP, reprint.Policy{})
	apply := func(path string, mode reprint.Mode) {
		if _, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{path}, Mode: mode}); err != nil {
			t.Fatal(err)
		}
	}
	get(site, "/expired")
	get(site, "/deleted")
	<-p.began
	<-p.began
	// A render of what is then deleted is under way, and ends after that.
	release := p.hang("/deleted")
	late := make(chan error)
	go func() { late <- site.Revalidate(t.Context(), "/deleted") }()
	<-p.began
	apply("/deleted", reprint.Delete)
	release()
	if err := <-late; err != nil {
		t.Error(err)
	}
	apply("/expired", reprint.Expire)
	p.set("/expired", 1)
	p.breakWith("/deleted", status(503))
	compact(t, site, store)
	wantBody(t, get(site, "/expired"), 200, "/expired v1")
	if r := get(site, "/deleted"); r.StatusCode != 503 {
		t.Errorf("deleted content is served again: %d %q", r.StatusCode, text(r))
	}
}

func TestAReceiptKeepsNoAnswers(t *testing.T) {
	site := newSite(t, reprint.Options{})
	handle(t, site, "/a", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		w.Write(make([]byte, 1<<20))
	}, reprint.Policy{})
	before := heap()
	for range 100 {
		if err := site.Revalidate(t.Context(), "/a"); !errors.Is(err, reprint.ErrStatus) {
			t.Fatal(err)
		}
	}
	if grown := heap() - before; grown > 20<<20 {
		t.Errorf("a hundred receipts of a page with an error of 1 MiB keep %d MiB", grown>>20)
	}
}

func TestADraftIsForNobodyElseHoweverItIsWritten(t *testing.T) {
	for name, write := range map[string]func(w http.ResponseWriter){
		"plain":   func(w http.ResponseWriter) { fmt.Fprint(w, "draft") },
		"flushed": func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush(); fmt.Fprint(w, "draft") },
		"empty":   func(http.ResponseWriter) {},
		"for a CDN": func(w http.ResponseWriter) {
			w.Header().Set("CDN-Cache-Control", "max-age=3600")
			fmt.Fprint(w, "draft")
		},
	} {
		site := newSite(t, reprint.Options{DraftSecret: []byte("0123456789abcdef")})
		handle(t, site, "/a", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "public, max-age=3600")
			write(w)
		}, reprint.Policy{})
		r := get(site, "/a", "Cookie", draftCookie(t, site, time.Hour))
		if cc := r.Header.Get("Cache-Control"); !contains(cc, "no-store") || r.Header.Get("CDN-Cache-Control") != "" {
			t.Errorf("%s: %v", name, r.Header)
		}
	}
}

// Two renders of a page: the older one ends last, well or badly. The moment that
// the newer one has named stays.
func TestARenderThatLostDoesNotTouchTheWinnersMoment(t *testing.T) {
	for _, fails := range []bool{false, true} {
		p := newPress(0)
		p.began = make(chan string, 10)
		site := newSite(t, reprint.Options{})
		handle(t, site, "/a", p.ServeHTTP, reprint.Policy{})
		if fails {
			p.breakWith("/a", status(500))
		}
		release := p.hang("/a")
		visitor := make(chan string)
		go func() { visitor <- text(get(site, "/a")) }()
		<-p.began
		p.breakWith("/a", nil)
		p.mu.Lock()
		p.due["/a"] = time.Now().Add(10 * time.Minute)
		p.mu.Unlock()
		if err := site.Revalidate(t.Context(), "/a"); err != nil {
			t.Fatal(err)
		}
		release()
		<-visitor
		x, err := site.Explain(t.Context(), "/a")
		if err != nil || x[0].Failures != 0 || !x[0].Next.Equal(x[0].Page.Due) || x[0].Next.IsZero() {
			t.Errorf("the older fails: %v; explained as next %v, due %v, %d failures, %v", fails, x[0].Next, x[0].Page.Due, x[0].Failures, err)
		}
	}
}

func TestHeadersOfMiddlewareAndPagesDoNotMix(t *testing.T) {
	site := newSite(t, reprint.Options{})
	handle(t, site, "/a", func(w http.ResponseWriter, _ *http.Request) {
		for i := range 3 {
			w.Header().Add("Link", fmt.Sprintf("<%d>", i))
		}
		fmt.Fprint(w, "x")
	}, reprint.Policy{Vary: []reprint.Vary{
		{Header: "X-A", Values: []string{"1", "2"}}, {Header: "X-B", Values: []string{"1", "2"}}, {Header: "X-C", Values: []string{"1", "2"}},
	}})
	get(site, "/a")
	visit := func(who string) http.Header {
		w := httptest.NewRecorder()
		w.Header().Add("Vary", "Origin") // as CORS middleware does before
		site.ServeHTTP(adder{w, who}, httptest.NewRequest("GET", "/a", nil))
		return w.Header()
	}
	one := visit("<one>")
	visit("<two>")
	if got := fmt.Sprint(one["Link"]); got != "[<0> <1> <2> <one>]" {
		t.Errorf("Link of the first visitor: %s", got)
	}
	if got := fmt.Sprint(one["Vary"]); got != "[Origin X-A X-B X-C <one>]" {
		t.Errorf("Vary of the first visitor: %s", got)
	}
}

// adder is middleware that adds to headers at the last moment.
type adder struct {
	http.ResponseWriter
	value string
}

func (a adder) WriteHeader(status int) {
	a.Header().Add("Link", a.value)
	a.Header().Add("Vary", a.value)
	a.ResponseWriter.WriteHeader(status)
}

func TestTheRouteIsChosenByTheHostInTheKey(t *testing.T) {
	site := newSite(t, reprint.Options{Hosts: []string{"a.test"}})
	p := newPress(0)
	handle(t, site, "/{rest...}", p.ServeHTTP, reprint.Policy{Query: []string{"q"}})
	handle(t, site, "a.test/p/{id}", p.ServeHTTP, reprint.Policy{Fallback: reprint.NotFound, Prerender: list("/p/1")})
	for _, host := range []string{"a.test", "A.test", "a.test.", "a.test:80", "A.TEST.:80"} {
		if r := get(site, "/p/2?q=1", "Host", host); r.StatusCode != 404 {
			t.Errorf("host %s: %d", host, r.StatusCode)
		}
	}
	if err := site.Handle("other.test/x", p, reprint.Policy{}); err == nil {
		t.Error("a pattern of a host that the site does not answer for was registered")
	}
}

// unreadable is a store whose pages cannot be read while broken is set.
type unreadable struct {
	*reprint.MemoryStore
	broken atomic.Bool
}

func (u *unreadable) Page(ctx context.Context, k reprint.Key) (*reprint.Page, error) {
	if u.broken.Load() {
		return nil, errBroken
	}
	return u.MemoryStore.Page(ctx, k)
}

// A page that cannot be read is not a page that is not there.
func TestAStoreThatCannotBeReadLosesNoGoodPage(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"private": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "private")
			fmt.Fprint(w, "for you")
		},
		"empty": status(200),
		"good":  func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "new") },
	} {
		store := &unreadable{MemoryStore: reprint.NewMemoryStore(0)}
		p := newPress(0)
		site := newSite(t, reprint.Options{Store: store, Memory: 1})
		handle(t, site, "/a", p.ServeHTTP, reprint.Policy{})
		get(site, "/a")
		p.breakWith("/a", answer)
		store.broken.Store(true)
		if err := site.Revalidate(t.Context(), "/a"); err == nil {
			t.Errorf("%s: the call succeeded", name)
		}
		if r := get(site, "/a"); name == "good" {
			wantBody(t, r, 200, "new") // visitors are served what there is
		}
		store.broken.Store(false)
		if page, err := store.Page(t.Context(), reprint.Key{Path: "/a"}); err != nil || string(page.Body) != "/a v0" {
			t.Errorf("%s: the good page was replaced by %q, %v", name, page.Body, err)
		}
	}
}

func TestAListingThatPanicsOrHangsHarmsOneVisitorForATime(t *testing.T) {
	forever := make(chan struct{})
	defer close(forever)
	for name, listing := range map[string]func(context.Context) iter.Seq2[string, error]{
		"panics at once": func(context.Context) iter.Seq2[string, error] { panic("listing on fire") },
		"panics later": func(context.Context) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) { yield("/a", nil); panic("listing on fire") }
		},
		"hangs": func(context.Context) iter.Seq2[string, error] {
			return func(func(string, error) bool) { <-forever }
		},
	} {
		site, err := reprint.New(reprint.Options{RenderTimeout: 50 * time.Millisecond, Log: quiet()})
		if err != nil {
			t.Fatal(err)
		}
		handle(t, site, "/a", newPress(0).ServeHTTP, reprint.Policy{Fallback: reprint.NotFound, Prerender: listing})
		if r := get(site, "/a"); r.StatusCode != 503 {
			t.Errorf("%s: %d", name, r.StatusCode)
		}
		if name != "hangs" {
			if err := site.Prerender(t.Context(), nil); !errors.Is(err, reprint.ErrPanic) {
				t.Errorf("%s: prerender: %v", name, err)
			}
		}
		if err := site.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestTwoContentsOfOneSecondHaveNotOneLastModified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(0)
		site := newSite(t, reprint.Options{})
		handle(t, site, "/a", p.ServeHTTP, reprint.Policy{})
		first := get(site, "/a").Header.Get("Last-Modified")
		p.set("/a", 1)
		if err := site.Revalidate(t.Context(), "/a"); err != nil {
			t.Fatal(err)
		}
		r := get(site, "/a", "If-Modified-Since", first)
		if lm := r.Header.Get("Last-Modified"); lm != "" {
			t.Errorf("Last-Modified %s is in the future", lm)
		}
		wantBody(t, r, 200, "/a v1")
		time.Sleep(2 * time.Second)
		r = get(site, "/a", "If-Modified-Since", first)
		second := r.Header.Get("Last-Modified")
		wantBody(t, r, 200, "/a v1")
		wantBody(t, get(site, "/a", "If-Modified-Since", second), 304, "")

		// Many in a row do not run ahead of the clock, and no two are one to a visitor.
		told := map[string]string{second: "/a v1"}
		tell := func() (modified string) {
			r := get(site, "/a")
			modified, body := r.Header.Get("Last-Modified"), text(r)
			if other := told[modified]; modified != "" && other != "" && other != body {
				t.Errorf("%s and %s have one Last-Modified, %s", other, body, modified)
			}
			told[modified] = body
			return modified
		}
		for v := range 60 {
			time.Sleep(time.Duration(v%7) * 50 * time.Millisecond)
			tell()
			p.set("/a", 2+v)
			if err := site.Revalidate(t.Context(), "/a"); err != nil {
				t.Fatal(err)
			}
			tell()
			list, err := site.Pages(t.Context(), reprint.PageQuery{})
			if err != nil || len(list.Pages) != 1 {
				t.Fatalf("pages %+v, %v", list, err)
			}
			if ahead := time.Until(list.Pages[0].Page.ModifiedAt); ahead > 10*time.Second+time.Millisecond {
				t.Fatalf("v%d is modified in %v", 2+v, ahead)
			}
		}
		time.Sleep(12 * time.Second)
		tell()
		p.set("/a", 100)
		if err := site.Revalidate(t.Context(), "/a"); err != nil {
			t.Fatal(err)
		}
		if time.Sleep(time.Second); tell() == "" {
			t.Error("a content that comes alone has no Last-Modified")
		}
	})
}

// lateStore takes its time for a page.
type lateStore struct {
	*reprint.MemoryStore
	late atomic.Int64 // nanoseconds, for the next one
}

func (s *lateStore) Put(ctx context.Context, p *reprint.Page) (bool, error) {
	time.Sleep(time.Duration(s.late.Swap(0)))
	return s.MemoryStore.Put(ctx, p)
}

// However long a page takes to be stored, what is told of the one before it meanwhile is
// not told of it.
func TestAContentThatIsStoredLateHasADateOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &lateStore{MemoryStore: reprint.NewMemoryStore(0)}
		p := newPress(0)
		site := newSite(t, reprint.Options{Store: store})
		handle(t, site, "/a", p.ServeHTTP, reprint.Policy{})
		get(site, "/a")
		edit := func(v int) {
			p.set("/a", v)
			if err := site.Revalidate(t.Context(), "/a"); err != nil {
				t.Error(err)
			}
		}
		for v := range 10 {
			edit(v + 1) // each is dated a second later
		}
		store.late.Store(int64(15 * time.Second))
		go edit(11)
		time.Sleep(12 * time.Second)
		r := get(site, "/a")
		told := r.Header.Get("Last-Modified")
		wantBody(t, r, 200, "/a v10")
		if told == "" {
			t.Error("nothing is told of v10")
		}
		time.Sleep(5 * time.Second)
		r = get(site, "/a", "If-Modified-Since", told)
		if r.Header.Get("Last-Modified") == told {
			t.Errorf("v10 and v11 have one Last-Modified, %s", told)
		}
		wantBody(t, r, 200, "/a v11")
	})
}

// A page that is deleted leaves nothing by which the next one could be dated.
func TestAContentThatTakesThePlaceOfADeletedOneHasADateOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(0)
		site := newSite(t, reprint.Options{})
		handle(t, site, "/a", p.ServeHTTP, reprint.Policy{})
		first := get(site, "/a").Header.Get("Last-Modified")
		if _, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/a"}, Mode: reprint.Delete}); err != nil {
			t.Fatal(err)
		}
		p.set("/a", 1)
		get(site, "/a")
		time.Sleep(2 * time.Second)
		if second := get(site, "/a").Header.Get("Last-Modified"); second == "" || second == first {
			t.Errorf("the page before has %q, the one after %q", first, second)
		}
	})
}

func TestARedirectThatLeadsElsewhereHasChanged(t *testing.T) {
	site := newSite(t, reprint.Options{})
	to := "/b"
	handle(t, site, "/a", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusMovedPermanently)
	}, reprint.Policy{})
	get(site, "/a")
	to = "/c"
	r, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/a"}})
	if err != nil || r.Regenerated != 1 {
		t.Errorf("receipt %+v, %v", r, err)
	}
}

// slow is a store whose reads take their time, and counts how many run at once.
type slow struct {
	*reprint.MemoryStore
	now, most atomic.Int64
}

func (s *slow) Page(ctx context.Context, k reprint.Key) (*reprint.Page, error) {
	for n, most := s.now.Add(1), s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); {
		most = s.most.Load()
	}
	defer s.now.Add(-1)
	time.Sleep(10 * time.Millisecond)
	return s.MemoryStore.Page(ctx, k)
}

// The origin is down after a restart: visitors of a stale page share its reads.
func TestAPageThatCannotBeRenewedIsNotReadOncePerVisitor(t *testing.T) {
	store := &slow{MemoryStore: reprint.NewMemoryStore(0)}
	p := newPress(0)
	site := newSite(t, reprint.Options{Store: store, Memory: 1})
	handle(t, site, "/a", p.ServeHTTP, reprint.Policy{})
	get(site, "/a")
	p.breakWith("/a", status(500))
	if err := site.Revalidate(t.Context(), "/a"); err == nil {
		t.Fatal("no error")
	}
	store.most.Store(0)
	var all sync.WaitGroup
	for range 300 {
		all.Go(func() {
			if body := text(get(site, "/a")); body != "/a v0" {
				t.Errorf("%q", body)
			}
		})
	}
	all.Wait()
	if n := store.most.Load(); n > 5 {
		t.Errorf("%d reads at once", n)
	}
}

// hanging is a store that answers nothing until its context ends.
type hanging struct {
	*reprint.MemoryStore
	on atomic.Bool
}

func (h *hanging) Page(ctx context.Context, k reprint.Key) (*reprint.Page, error) {
	if h.on.Load() {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	return h.MemoryStore.Page(ctx, k)
}

func (h *hanging) Put(ctx context.Context, p *reprint.Page) (bool, error) {
	if h.on.Load() {
		<-ctx.Done()
		return false, context.Cause(ctx)
	}
	return h.MemoryStore.Put(ctx, p)
}

func TestAStoreThatHangsHoldsNobodyForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &hanging{MemoryStore: reprint.NewMemoryStore(0)}
		p := newPress(0)
		site := newSite(t, reprint.Options{Store: store, Renders: 2, RenderTimeout: time.Second})
		handle(t, site, "/{id}", p.ServeHTTP, reprint.Policy{})
		get(site, "/in-memory")
		store.on.Store(true)
		begin := time.Now()
		if err := site.Revalidate(t.Context(), "/in-memory"); err == nil {
			t.Error("the call succeeded")
		}
		get(site, "/cold")
		wantBody(t, get(site, "/in-memory"), 200, "/in-memory v0")
		if took := time.Since(begin); took > 15*time.Second {
			t.Errorf("it took %v", took)
		}
		store.on.Store(false)
		if err := site.Revalidate(t.Context(), "/in-memory"); err != nil {
			t.Error(err)
		}
	})
}

// holding is a journal whose next Append waits.
type holding struct {
	*reprint.MemoryStore
	in, hold chan struct{}
}

func (h *holding) Append(ctx context.Context, e reprint.Entry) (reprint.Position, error) {
	close(h.in)
	<-h.hold
	return h.MemoryStore.Append(ctx, e)
}

// After Shutdown what is stored is served on, from the store too, and nobody is told of
// errors that are none.
func TestWhatIsStoredIsServedAfterShutdown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pages.db")
	var log logtest.Buffer
	open := func() (*reprint.Site, *sqlite.Store) {
		store, err := sqlite.Open(t.Context(), file, sqlite.Options{Log: quiet()})
		if err != nil {
			t.Fatal(err)
		}
		site := newSite(t, reprint.Options{Store: store, Log: slog.New(slog.NewTextHandler(&log, nil))})
		handle(t, site, "/{id}", newPress(0).ServeHTTP, reprint.Policy{})
		return site, store
	}
	site, store := open()
	get(site, "/1")
	stop(t, site)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	site, store = open()
	stop(t, site)
	wantBody(t, get(site, "/1"), 200, "/1 v0")
	if r := get(site, "/2"); r.StatusCode != 503 {
		t.Errorf("a page that is not stored: %d", r.StatusCode)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	inMemory := newSite(t, reprint.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	handle(t, inMemory, "/{id}", newPress(0).ServeHTTP, reprint.Policy{})
	stop(t, inMemory)
	if r := get(inMemory, "/2"); r.StatusCode != 503 {
		t.Errorf("a page that is not stored: %d", r.StatusCode)
	}
	if strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("the log says\n%s", log.String())
	}
}

func TestShutdownWaitsForCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &holding{reprint.NewMemoryStore(0), make(chan struct{}), make(chan struct{})}
		site := newSite(t, reprint.Options{Store: store})
		handle(t, site, "/a", newPress(0).ServeHTTP, reprint.Policy{})
		called := make(chan error)
		go func() {
			_, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/a"}, Mode: reprint.Stale})
			called <- err
		}()
		<-store.in
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := site.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown says %v while a call uses the journal", err)
		}
		close(store.hold)
		if err := <-called; err != nil {
			t.Error(err)
		}
	})
}

func TestAPolicyIsCopied(t *testing.T) {
	site := newSite(t, reprint.Options{})
	query := []string{"page"}
	handle(t, site, "/a", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.RawQuery) }, reprint.Policy{Query: query})
	query[0] = "session"
	wantBody(t, get(site, "/a?session=secret"), 200, "")
}

func TestWhatForbidsCDNsToStoreIsNotStored(t *testing.T) {
	for _, name := range []string{"CDN-Cache-Control", "Surrogate-Control"} {
		site := newSite(t, reprint.Options{})
		handle(t, site, "/a", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(name, "no-store")
			fmt.Fprint(w, strings.ToLower(name))
		}, reprint.Policy{})
		for range 2 {
			wantCacheStatus(t, get(site, "/a"), "fwd=bypass", "private")
		}
	}
}
