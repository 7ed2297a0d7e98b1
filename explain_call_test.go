package reprint_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint"
)

// P7: from a page back to the call that it was rendered for, whoever rendered it.
func TestP7APageLeadsBackToTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(0)
		p.tag("/a", "author:7")
		store := reprint.NewMemoryStore(0)
		site := newSite(t, reprint.Options{Store: store})
		handle(t, site, "/{id}", p.ServeHTTP, reprint.Policy{})
		explain := func() reprint.Explanation {
			t.Helper()
			x, err := site.Explain(t.Context(), "/a")
			if err != nil || len(x) != 1 {
				t.Fatal(x, err)
			}
			return x[0]
		}
		apply := func(tag string, mode reprint.Mode) *reprint.Receipt {
			t.Helper()
			receipt, err := site.Apply(t.Context(), reprint.Revalidation{Tags: []string{tag}, Mode: mode, By: "alice", From: "10.0.0.5:1234"})
			if err != nil {
				t.Fatal(err)
			}
			return receipt
		}
		wantCall := func(when, cause string, receipt *reprint.Receipt, caused bool) {
			t.Helper()
			x := explain()
			if x.Call == nil || x.Page.Cause != cause || x.Call.ID != receipt.ID || x.Call.By != "alice" || x.From != "10.0.0.5:1234" || x.Caused() != caused {
				t.Errorf("%s: rendered for %q by %+v from %q, caused %v; want %q by %s, %v", when, x.Page.Cause, x.Call, x.From, x.Call != nil && x.Caused(), cause, receipt.ID, caused)
			}
		}
		get(site, "/a")
		if x := explain(); x.Call != nil || x.From != "" {
			t.Errorf("before any call: %+v", x)
		}
		apply("other", reprint.Stale)
		if x := explain(); x.Call != nil {
			t.Errorf("a call for something else: %+v", x.Call)
		}
		time.Sleep(time.Second)
		stale := apply("author:7", reprint.Stale)
		if x := explain(); x.Call != nil {
			t.Errorf("a call that it was not rendered for yet: %+v", x.Call)
		}
		get(site, "/a")
		synctest.Wait()
		wantCall("at a visit", "stale", stale, true)
		// A later call for the same tag takes nothing of it away.
		later := apply("author:7", reprint.Stale)
		wantCall("while a later one waits", "stale", stale, true)
		get(site, "/a")
		synctest.Wait()
		wantCall("when that is rendered", "stale", later, true)
		expired := apply("author:7", reprint.Expire)
		get(site, "/a")
		wantCall("of a visitor who waited", "visit", expired, true)
		direct := apply("author:7", reprint.Regenerate)
		wantCall("of a call that rendered", "revalidate "+direct.ID, direct, true)
		if x := explain(); x.By != "alice" {
			t.Errorf("by %q", x.By)
		}
		// What the journal has forgotten is not made up.
		apply("author:7", reprint.Stale)
		get(site, "/a")
		synctest.Wait()
		for range 25_000 {
			if _, err := store.Append(t.Context(), reprint.Entry{ID: "r", Time: time.Now(), Mode: reprint.Stale, Tags: []string{"x"}}); err != nil {
				t.Fatal(err)
			}
		}
		apply("x", reprint.Stale)
		if x := explain(); x.Call != nil || x.From != "" || x.Page.Cause != "stale" {
			t.Errorf("the entry is gone: %+v", x.Call)
		}
	})
}

// A page that is rendered again because its time has run out is not said to be by a call
// that an earlier render knew of.
func TestATimeThatRunsOutIsNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newSite(t, reprint.Options{})
		n := 0
		handle(t, site, "/a", func(w http.ResponseWriter, _ *http.Request) { n++; fmt.Fprint(w, n) }, reprint.Policy{Revalidate: time.Minute})
		get(site, "/a")
		if _, err := site.Apply(context.Background(), reprint.Revalidation{Paths: []string{"/a"}, Mode: reprint.Stale}); err != nil {
			t.Fatal(err)
		}
		for i, caused := range []bool{true, false, false} {
			get(site, "/a")
			synctest.Wait()
			x, err := site.Explain(t.Context(), "/a")
			if err != nil || x[0].Call == nil || x[0].Page.Cause != "stale" || x[0].Caused() != caused {
				t.Errorf("render %d: %+v, %v, want caused %v", i, x, err, caused)
			}
			time.Sleep(61 * time.Second)
		}
	})
}
