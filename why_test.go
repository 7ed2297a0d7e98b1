package reprint_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint"
)

func TestP7EveryPageCanSayWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(10 * time.Millisecond)
		p.tag("/a", "post:1")
		site := newSite(t, reprint.Options{})
		handle(t, site, "/{id}", p.ServeHTTP, reprint.Policy{Revalidate: time.Hour})
		explain := func() reprint.Explanation {
			t.Helper()
			x, err := site.Explain(t.Context(), "/a")
			if err != nil || len(x) != 1 {
				t.Fatal(x, err)
			}
			return x[0]
		}
		if x := explain(); x.State != reprint.StateAbsent || x.Page != nil {
			t.Errorf("before the first visit: %+v", x)
		}
		get(site, "/a")
		x := explain()
		if x.State != reprint.StateFresh || x.Page.Cause != "visit" || x.Page.RenderTook != 10*time.Millisecond ||
			x.FreshUntil.Before(time.Now().Add(50*time.Minute)) || x.Page.Route != "/{id}" {
			t.Errorf("after it: %+v", x)
		}
		for _, by := range []string{"alice", "bob"} {
			if _, err := site.Apply(t.Context(), reprint.Revalidation{Tags: []string{"post:1"}, Mode: reprint.Stale, By: by}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := site.Apply(t.Context(), reprint.Revalidation{Prefixes: []string{"/"}, Mode: reprint.Stale, By: "carol"}); err != nil {
			t.Fatal(err)
		}
		x = explain()
		// Of one tag the last entry is what counts; the prefix has one of its own.
		if x.State != reprint.StateStale || len(x.StaleBy) != 2 || x.StaleBy[0].By != "bob" || x.StaleBy[1].By != "carol" || x.Since.IsZero() {
			t.Errorf("made stale: %+v", x)
		}
		p.breakWith("/a", status(500))
		if err := site.Revalidate(t.Context(), "/a"); err == nil {
			t.Fatal("no error")
		}
		x = explain()
		if x.Failures != 1 || !contains(x.LastError, "500") || x.RetryAt.IsZero() || x.Next.IsZero() {
			t.Errorf("failing: %+v", x)
		}
		if _, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/a"}, Mode: reprint.Expire}); err != nil {
			t.Fatal(err)
		}
		if x = explain(); x.State != reprint.StateExpired {
			t.Errorf("expired: %+v", x)
		}
		if _, err := site.Explain(t.Context(), "/no/route"); !errors.Is(err, reprint.ErrNoRoute) {
			t.Errorf("error %v", err)
		}
	})
}
