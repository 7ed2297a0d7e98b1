package reprint_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

// counters is a site of pages that carry the tag "prices" and show how often each was
// rendered.
func counters(opts reprint.Options) *reprint.Site {
	site, err := reprint.New(opts)
	if err != nil {
		panic(err)
	}
	n := 0
	err = site.Handle("/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reprint.Tag(r.Context(), "prices")
		n++
		fmt.Fprint(w, "print ", n)
	}), reprint.Policy{})
	if err != nil {
		panic(err)
	}
	return site
}

// What a call would mean, before it is made.
func ExampleSite_Apply_dryRun() {
	ctx := context.Background()
	site := counters(reprint.Options{})
	show(site, "/a")
	show(site, "/b")
	receipt, err := site.Apply(ctx, reprint.Revalidation{Tags: []string{"prices"}, DryRun: true})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%d pages, %.0f %% of the visits\n", receipt.Matched, 100*receipt.Estimate.Traffic)
	show(site, "/a")

	// Output:
	// 200 print 1
	// 200 print 2
	// 2 pages, 100 % of the visits
	// 200 print 1
}

// Pages are rendered again in the background, the most visited first.
func ExampleSite_Refills() {
	ctx := context.Background()
	site := counters(reprint.Options{})
	show(site, "/a")
	receipt, err := site.Apply(ctx, reprint.Revalidation{Tags: []string{"prices"}, Mode: reprint.Stale, Refill: true})
	if err != nil {
		panic(err)
	}
	for len(site.Refills()) > 0 { // a program would show how far each is
		time.Sleep(time.Millisecond)
	}
	receipt, err = site.Receipt(ctx, receipt.ID)
	if err != nil {
		panic(err)
	}
	fmt.Println(receipt.Regenerated, "of", receipt.Matched)
	show(site, "/a")

	// Output:
	// 200 print 1
	// 1 of 1
	// 200 print 2
}

// A call that means much is to be confirmed.
func ExampleBrake() {
	site := counters(reprint.Options{Brake: reprint.Brake{Pages: 1}})
	show(site, "/a")
	show(site, "/b")
	all := reprint.Revalidation{All: true, Mode: reprint.Stale}
	_, err := site.Apply(context.Background(), all)
	fmt.Println(err)
	all.Confirm = true
	_, err = site.Apply(context.Background(), all)
	fmt.Println(err)

	// Output:
	// 200 print 1
	// 200 print 2
	// reprint: it means much and is not confirmed: it means more than 1 page
	// <nil>
}

// A sale begins at a moment, and its pages change then, whether anybody is there or not.
func ExampleSite_Schedule() {
	site := counters(reprint.Options{})
	begins := time.Now().Add(time.Hour)
	plan, err := site.Schedule(context.Background(), reprint.Revalidation{Tags: []string{"prices"}}, begins)
	if err != nil {
		panic(err)
	}
	fmt.Println(len(site.Plans()), plan.Next.Equal(begins.Truncate(time.Microsecond)))
	fmt.Println(site.Unschedule(context.Background(), plan.ID), len(site.Plans()))

	// Output:
	// 1 true
	// <nil> 0
}

// Each morning at six by the clock in Berlin, in summer and in winter.
func ExampleSite_ScheduleDaily() {
	six, err := reprint.ParseDaily("06:00 Europe/Berlin")
	if err != nil {
		panic(err)
	}
	site := counters(reprint.Options{})
	plan, err := site.ScheduleDaily(context.Background(), reprint.Revalidation{Tags: []string{"prices"}}, six)
	fmt.Println(plan.Daily, err)
	fmt.Println(six.Next(time.Date(2026, 10, 24, 12, 0, 0, 0, time.UTC)).UTC())

	// Output:
	// 06:00 Europe/Berlin <nil>
	// 2026-10-25 05:00:00 +0000 UTC
}

// An earlier version is put back, held whatever is revalidated, and released.
func ExampleSite_Restore() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "reprint")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	store, err := sqlite.Open(ctx, filepath.Join(dir, "pages.db"), sqlite.Options{})
	if err != nil {
		panic(err)
	}
	defer store.Close()
	site := counters(reprint.Options{Store: store})
	defer func() { _ = site.Shutdown(ctx) }()

	show(site, "/a")
	_ = site.Revalidate(ctx, "/a")
	show(site, "/a")

	versions, err := site.Versions(ctx, "/a") // the newest first
	if err != nil {
		panic(err)
	}
	if _, err := site.Restore(ctx, reprint.Restoration{Version: versions[0].ID, By: "ada"}); err != nil {
		panic(err)
	}
	fmt.Println(errors.Is(site.Revalidate(ctx, "/a"), reprint.ErrHeld))
	show(site, "/a")
	if _, err := site.Release(ctx, reprint.Revalidation{Paths: []string{"/a"}}); err != nil {
		panic(err)
	}
	show(site, "/a")

	// Output:
	// 200 print 1
	// 200 print 2
	// true
	// 200 print 1
	// 200 print 3
}

// Everything that happens, from the first entry of the journal on.
func ExampleSite_Events() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	site := counters(reprint.Options{})
	show(site, "/a")
	if _, err := site.Apply(ctx, reprint.Revalidation{Tags: []string{"prices"}, By: "ada"}); err != nil {
		panic(err)
	}
	for event, err := range site.Events(ctx, 0) {
		if err != nil {
			panic(err)
		}
		fmt.Println(event.Kind, event.Position, event.By)
		if event.Kind == reprint.EventDone {
			break // a program would go on
		}
	}

	// Output:
	// 200 print 1
	// revalidated 1 ada
	// done 1 ada
}
