package reprint_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint"
)

// lagging is a content system whose own API serves a change some time after it was made.
type lagging struct {
	version atomic.Int64
	renders atomic.Int64
}

func (l *lagging) editIn(d time.Duration) { time.AfterFunc(d, func() { l.version.Add(1) }) }

func (l *lagging) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.renders.Add(1)
	v := l.version.Load()
	reprint.Tag(r.Context(), fmt.Sprintf("version:%d", v), "version:x")
	w.Header().Set("X-Version", fmt.Sprint(v))
	fmt.Fprintf(w, "text %d", v)
}

// expecting runs f in fake time with a site whose page /a comes from a lagging origin
// and is stored.
func expecting(t *testing.T, f func(t *testing.T, site *reprint.Site, l *lagging)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		site, err := reprint.New(reprint.Options{Log: quiet()})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = site.Shutdown(context.Background()) }()
		l := &lagging{}
		handle(t, site, "/{id}", l.ServeHTTP, reprint.Policy{})
		wantBody(t, get(site, "/a"), 200, "text 0")
		f(t, site, l)
	})
}

// P5: a receipt keeps what each page lacks, and who calls has it say as much as it likes.
func TestWhatAPageLacksIsSaidInShort(t *testing.T) {
	expecting(t, func(t *testing.T, site *reprint.Site, _ *lagging) {
		x := reprint.Expect{Header: map[string]string{"X-Version": strings.Repeat("1", 1<<16)}, Timeout: time.Second}
		for i := range 1000 {
			x.Contains = append(x.Contains, strings.Repeat("a", 1<<10)+fmt.Sprint(i))
		}
		receipt, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/a"}, Expect: x})
		if !errors.Is(err, reprint.ErrUnexpected) || len(receipt.Pages[0].Error) > 2000 || !strings.Contains(receipt.Pages[0].Error, "and 991 more") {
			t.Errorf("error %v, receipt %+v", err, receipt)
		}
	})
}

// An origin serves the old content for 3 s after the call. Without Expect the old page is
// stored again; with it the new page is up when the call returns, which says after how
// many renders, and visitors see the old one until then.
func TestACallWaitsUntilTheContentIsNew(t *testing.T) {
	expecting(t, func(t *testing.T, site *reprint.Site, l *lagging) {
		l.editIn(3 * time.Second)
		if err := site.Revalidate(t.Context(), "/a"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		wantBody(t, get(site, "/a"), 200, "text 0")
	})
	for name, x := range map[string]reprint.Expect{
		"header":   {Header: map[string]string{"x-version": "1"}},
		"text":     {Contains: []string{"text", "1"}},
		"changed":  {Changed: true},
		"version":  {Version: 1},
		"together": {Version: 1, Changed: true, Contains: []string{"text 1"}, Timeout: 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			expecting(t, func(t *testing.T, site *reprint.Site, l *lagging) {
				l.editIn(3 * time.Second)
				begin := time.Now()
				seen := make(chan string)
				go func() {
					time.Sleep(2900 * time.Millisecond)
					seen <- text(get(site, "/a"))
				}()
				done := make(chan *reprint.Receipt)
				go func() {
					receipt, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/a"}, Expect: x})
					if err != nil {
						t.Error(err)
					}
					done <- receipt
				}()
				if body := <-seen; body != "text 0" {
					t.Errorf("meanwhile a visitor is shown %q", body)
				}
				receipt := <-done
				took := time.Since(begin)
				if took < 3*time.Second || took > 5*time.Second {
					t.Errorf("it took %v", took)
				}
				if p := receipt.Pages[0]; p.Result != reprint.ResultRegenerated || p.Tries < 4 || p.Tries > 8 {
					t.Errorf("%+v", p)
				}
				wantBody(t, get(site, "/a"), 200, "text 1")
				wantCacheStatus(t, get(site, "/a"), "hit")
			})
		})
	}
}

// When the time is over the call says what was missing, and the last good page stays.
func TestAnExpectationThatIsNotMet(t *testing.T) {
	expecting(t, func(t *testing.T, site *reprint.Site, l *lagging) {
		begin := time.Now()
		receipt, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/a"}, Expect: reprint.Expect{
			Header: map[string]string{"X-Version": "2"}, Contains: []string{"text 2"}, Changed: true, Version: 2}})
		if !errors.Is(err, reprint.ErrUnexpected) || time.Since(begin) != 10*time.Second {
			t.Fatalf("%v after %v", err, time.Since(begin))
		}
		for _, part := range []string{"times in 10s", `header X-Version is "0", not "2"`, `does not contain "text 2"`, "has not changed", "version 0, not 2"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q does not say %q", err, part)
			}
		}
		if p := receipt.Pages[0]; receipt.Failed != 1 || p.Tries < 5 || p.Tries > 12 || p.Error == "" {
			t.Errorf("%+v", receipt)
		}
		wantBody(t, get(site, "/a"), 200, "text 0")
	})
}

// A render that began before the page was as expected does not take its place when it
// ends later, although both saw the same journal.
func TestAnOlderRenderDoesNotTakeThePlaceOfAnExpectedPage(t *testing.T) {
	expecting(t, func(t *testing.T, site *reprint.Site, l *lagging) {
		var slow atomic.Bool
		handle(t, site, "/slow/{id}", func(w http.ResponseWriter, r *http.Request) {
			v := l.version.Load()
			if slow.CompareAndSwap(true, false) {
				time.Sleep(time.Second)
			}
			fmt.Fprintf(w, "text %d", v)
		}, reprint.Policy{})
		get(site, "/slow/1")
		applied := make(chan error)
		go func() {
			_, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/slow/1"}, Expect: reprint.Expect{Contains: []string{"text 1"}}})
			applied <- err
		}()
		time.Sleep(50 * time.Millisecond)
		// The first try is over. A visitor has the page rendered behind, of what there
		// is now.
		slow.Store(true)
		wantBody(t, get(site, "/slow/1"), 200, "text 0")
		synctest.Wait()
		if slow.Load() || site.Status().RendersRunning != 1 {
			t.Fatal("the visitor's render does not run")
		}
		l.version.Store(1)
		if err := <-applied; err != nil {
			t.Fatal(err)
		}
		if site.Status().RendersRunning != 1 {
			t.Fatal("the visitor's render does not run any more")
		}
		time.Sleep(2 * time.Second)
		wantBody(t, get(site, "/slow/1"), 200, "text 1")
		wantCacheStatus(t, get(site, "/slow/1"), "hit")
	})
}

// A render that fails is repeated too, a page that is not there yet is waited for, and
// values that pages share are loaded anew for each try.
func TestWhatIsRepeatedUntilItIsAsExpected(t *testing.T) {
	expecting(t, func(t *testing.T, site *reprint.Site, l *lagging) {
		var broken atomic.Bool
		broken.Store(true)
		time.AfterFunc(time.Second, func() { broken.Store(false) })
		handle(t, site, "/new/{id}", func(w http.ResponseWriter, r *http.Request) {
			if broken.Load() {
				http.Error(w, "not yet", http.StatusServiceUnavailable)
				return
			}
			v, err := reprint.Cached(r.Context(), "version", func(context.Context) (int64, error) { return l.version.Load(), nil }, "thing")
			fmt.Fprint(w, "value ", v, " ", err)
		}, reprint.Policy{})
		l.editIn(2 * time.Second)
		receipt, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/new/1"}, Tags: []string{"thing"}, Expect: reprint.Expect{Contains: []string{"value 1"}}})
		if err != nil || receipt.Pages[0].Tries < 3 {
			t.Fatalf("%+v, %v", receipt, err)
		}
		wantBody(t, get(site, "/new/1"), 200, "value 1 <nil>")
	})
}

func TestExpectationsThatAreRefused(t *testing.T) {
	expecting(t, func(t *testing.T, site *reprint.Site, _ *lagging) {
		for want, r := range map[string]reprint.Revalidation{
			"renders nothing":        {Paths: []string{"/a"}, Mode: reprint.Stale, Expect: reprint.Expect{Changed: true}},
			`"a b" is not a header`:  {Paths: []string{"/a"}, Expect: reprint.Expect{Header: map[string]string{"a b": "c"}}},
			"contains the empty":     {Paths: []string{"/a"}, Expect: reprint.Expect{Contains: []string{""}}},
			"version -1 is negative": {Paths: []string{"/a"}, Expect: reprint.Expect{Version: -1}},
			"nothing to wait for":    {Paths: []string{"/a"}, Expect: reprint.Expect{Timeout: time.Second}},
			"at most 5m0s":           {Paths: []string{"/a"}, Expect: reprint.Expect{Changed: true, Timeout: time.Hour}},
			"is negative (-1ns)":     {Paths: []string{"/a"}, Expect: reprint.Expect{Changed: true, Timeout: -1}},
		} {
			if receipt, err := site.Apply(t.Context(), r); receipt != nil || err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, %v; want it to say %q", receipt, err, want)
			}
		}
	})
}
