package reprint_test

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint"
)

// busySite has pages /p/0 to /p/9, of which page i was visited i+1 times.
func busySite(t testing.TB, opts reprint.Options) *reprint.Site {
	site := newSite(t, opts)
	handle(t, site, "/p/{id}", func(w http.ResponseWriter, r *http.Request) {
		reprint.Tag(r.Context(), "list", "page:"+r.PathValue("id"))
		time.Sleep(2 * time.Millisecond)
		fmt.Fprint(w, "x")
	}, reprint.Policy{})
	for i := range 10 {
		for range i + 1 {
			get(site, fmt.Sprintf("/p/%d", i))
		}
	}
	return site
}

func TestADryRunSaysWhatItWouldMean(t *testing.T) {
	for _, stored := range []bool{false, true} {
		t.Run(fmt.Sprintf("stored %t", stored), func(t *testing.T) {
			var opts reprint.Options
			if stored {
				opts.Store = openStore(t, t.TempDir()+"/pages.db")
			}
			site := busySite(t, opts)
			for _, tt := range []struct {
				r       reprint.Revalidation
				matched int
				traffic float64
			}{
				{reprint.Revalidation{Tags: []string{"list"}}, 10, 1},
				{reprint.Revalidation{Tags: []string{"page:9", "page:4"}}, 2, 15.0 / 55},
				{reprint.Revalidation{Tags: []string{"page:9", "list"}, EveryTag: true}, 1, 10.0 / 55},
				{reprint.Revalidation{Paths: []string{"/p/8", "/p/10"}}, 2, 9.0 / 55},
				{reprint.Revalidation{Tags: []string{"none"}}, 0, 0},
			} {
				tt.r.DryRun = true
				receipt, err := site.Apply(t.Context(), tt.r)
				if err != nil {
					t.Fatal(err)
				}
				x := receipt.Estimate
				if receipt.Matched != tt.matched || math.Abs(x.Traffic-tt.traffic) > 1e-9 {
					t.Errorf("%v %v: %d pages with %v of the traffic, want %d with %v", tt.r.Tags, tt.r.Paths, receipt.Matched, x.Traffic, tt.matched, tt.traffic)
				}
				known := min(tt.matched, 10)
				if tt.r.Paths != nil {
					known = 1 // the other one was never rendered
				}
				if least := time.Duration(known) * 2 * time.Millisecond; x.Rendering < least || x.Rendering > 100*least {
					t.Errorf("%v %v: %v of rendering, want some more than %v", tt.r.Tags, tt.r.Paths, x.Rendering, least)
				}
			}
			if site.Status().Position != 0 {
				t.Error("something was done")
			}
		})
	}
}

func TestTrafficIsThatOfTheLastHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := busySite(t, reprint.Options{})
		share := func(path string) float64 {
			receipt, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{path}, DryRun: true})
			if err != nil {
				t.Fatal(err)
			}
			return receipt.Estimate.Traffic
		}
		begin := time.Now()
		if got := share("/p/9"); math.Abs(got-10.0/55) > 1e-9 {
			t.Errorf("share %v", got)
		}
		time.Sleep(50 * time.Minute)
		for range 45 {
			get(site, "/p/9")
		}
		if got := share("/p/9"); math.Abs(got-55.0/100) > 1e-9 {
			t.Errorf("share %v", got)
		}
		time.Sleep(15 * time.Minute)
		if got := share("/p/9"); got != 1 {
			t.Errorf("share %v when all others are longer ago than an hour", got)
		}
		receipt, err := site.Apply(t.Context(), reprint.Revalidation{All: true, DryRun: true})
		if err != nil {
			t.Fatal(err)
		}
		if since := receipt.Estimate.Since; since.Before(begin) || time.Since(since) > time.Hour {
			t.Errorf("it counts since %v, and it is %v", since, time.Now())
		}
	})
}

func TestTheBrake(t *testing.T) {
	of := func(r reprint.Revalidation, own *reprint.Brake, confirm bool) reprint.Revalidation {
		r.Brake, r.Confirm = own, confirm
		return r
	}
	list := reprint.Revalidation{Tags: []string{"list"}, Mode: reprint.Stale}
	busy := reprint.Revalidation{Tags: []string{"page:9"}, Mode: reprint.Stale}
	for _, tt := range []struct {
		name  string
		brake reprint.Brake
		r     reprint.Revalidation
		why   string // empty: it goes through
	}{
		{"there is none", reprint.Brake{}, list, ""},
		{"as many pages as there may be", reprint.Brake{Pages: 10}, list, ""},
		{"too many pages", reprint.Brake{Pages: 9}, list, "it means more than 9 pages"},
		{"too many pages, and confirmed", reprint.Brake{Pages: 9}, of(list, nil, true), ""},
		{"too many paths that are not there yet", reprint.Brake{Pages: 1}, reprint.Revalidation{Paths: []string{"/p/11", "/p/12"}}, "more than 1 page"},
		{"little traffic", reprint.Brake{Traffic: 0.2}, busy, ""},
		{"too much traffic", reprint.Brake{Traffic: 0.1}, busy, "18 % of the last hour's visits, and 10 % are let through"},
		{"its own brake is tighter", reprint.Brake{Pages: 100}, of(list, &reprint.Brake{Pages: 2}, false), "more than 2 pages"},
		{"its own brake is none", reprint.Brake{Pages: 2}, of(list, &reprint.Brake{}, false), ""},
		{"a refill", reprint.Brake{Pages: 2}, reprint.Revalidation{All: true, Refill: true}, "more than 2 pages"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			site := busySite(t, reprint.Options{Brake: tt.brake})
			receipt, err := site.Apply(t.Context(), tt.r)
			if tt.why == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, reprint.ErrUnconfirmed) || !strings.Contains(err.Error(), tt.why) || receipt != nil {
				t.Errorf("error %v, want %q", err, tt.why)
			}
			if site.Status().Position != 0 {
				t.Error("something was done")
			}
		})
	}
}

// What comes within the window is one render, and each caller gets one that began after
// its call did.
func TestCallsWithinTheWindowShareARender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site, err := reprint.New(reprint.Options{Window: time.Second, Log: quiet()})
		if err != nil {
			t.Fatal(err)
		}
		var version, renders atomic.Int64
		handle(t, site, "/", func(w http.ResponseWriter, _ *http.Request) {
			renders.Add(1)
			fmt.Fprint(w, version.Load())
		}, reprint.Policy{})
		get(site, "/")
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 90 * time.Millisecond)
				mine := version.Add(1)
				if err := site.Revalidate(t.Context(), "/"); err != nil {
					t.Error(err)
				}
				var got int64
				if _, err := fmt.Sscan(text(get(site, "/")), &got); err != nil || got < mine {
					t.Errorf("after version %d was saved the page is of version %d (%v)", mine, got, err)
				}
			})
		}
		wg.Wait()
		if n := renders.Load(); n != 2 {
			t.Errorf("%d renders, want the first and one for ten calls", n)
		}
		stop(t, site)
	})
}

func TestNoMoreCallsThanTheBound(t *testing.T) {
	site := newSite(t, reprint.Options{Calls: 2})
	release := make(chan struct{})
	handle(t, site, "/{id}", func(w http.ResponseWriter, _ *http.Request) {
		<-release
		fmt.Fprint(w, "x")
	}, reprint.Policy{})
	var wg sync.WaitGroup
	for i := range 2 {
		receipt, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{fmt.Sprintf("/%d", i)}, NoWait: true})
		if err != nil || !receipt.Running {
			t.Fatalf("%+v, %v", receipt, err)
		}
	}
	position := site.Status().Position
	if receipt, err := site.Apply(t.Context(), reprint.Revalidation{All: true, Mode: reprint.Stale}); !errors.Is(err, reprint.ErrBusy) || receipt != nil {
		t.Errorf("receipt %v, error %v, want ErrBusy", receipt, err)
	}
	if site.Status().Position != position {
		t.Error("something was done")
	}
	close(release)
	wg.Wait()
	waitFor(t, "the calls are done", func() bool {
		_, err := site.Apply(t.Context(), reprint.Revalidation{All: true, Mode: reprint.Stale})
		return err == nil
	})
}
