package reprint_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

func moment(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestDailyTimesAreThoseOfTheClockOnTheWall(t *testing.T) {
	for _, tt := range []struct{ daily, after, next string }{
		{"06:00 UTC", "2026-05-04T05:59:59Z", "2026-05-04T06:00:00Z"},
		{"06:00 UTC", "2026-05-04T06:00:00Z", "2026-05-05T06:00:00Z"},
		{"06:00:30 UTC", "2026-05-04T06:00:00Z", "2026-05-04T06:00:30Z"},
		{"06:00 Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T04:00:00Z"}, // summer time has begun in the night
		{"06:00 Europe/Berlin", "2026-03-27T12:00:00Z", "2026-03-28T05:00:00Z"},
		{"06:00 Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T05:00:00Z"}, // and has ended
		// 02:30 is leapt over: it comes when the clock leaps, at 01:00 UTC.
		{"02:30 Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"},
		{"02:30 Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"},
		// It comes twice: the first time counts.
		{"02:30 Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"},
		{"02:30 Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"},
		{"02:00 America/New_York", "2026-03-08T05:00:00Z", "2026-03-08T07:00:00Z"},
		{"01:30 America/New_York", "2026-11-01T04:00:00Z", "2026-11-01T05:30:00Z"},
		{"01:30 America/New_York", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"},
		// Half an hour of summer time, and a whole day that was left out.
		{"02:15 Australia/Lord_Howe", "2026-10-03T00:00:00Z", "2026-10-03T15:30:00Z"},
		{"12:00 Pacific/Apia", "2011-12-29T23:00:00Z", "2011-12-30T10:00:00Z"},
		{"00:00 Africa/Cairo", "2026-04-23T12:00:00Z", "2026-04-23T22:00:00Z"}, // midnight is leapt over
	} {
		d, err := reprint.ParseDaily(tt.daily)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Next(moment(t, tt.after)).UTC().Format(time.RFC3339); got != tt.next {
			t.Errorf("%s after %s is %s, want %s", tt.daily, tt.after, got, tt.next)
		}
	}
}

// Whatever the zone: once a day, in order, at the right time unless there is none.
func TestDailyTimesComeOnceADay(t *testing.T) {
	zones := []string{"Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Gaza", "America/Havana", "UTC"}
	rapid.Check(t, func(t *rapid.T) {
		text := fmt.Sprintf("%02d:%02d:%02d %s", rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute"),
			rapid.SampledFrom([]int{0, 30}).Draw(t, "second"), rapid.SampledFrom(zones).Draw(t, "zone"))
		d, err := reprint.ParseDaily(text)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := reprint.ParseDaily(d.String()); err != nil || back.String() != d.String() {
			t.Fatalf("%s came back as %v, %v", text, back, err)
		}
		at := time.Unix(rapid.Int64Range(1_600_000_000, 1_900_000_000).Draw(t, "after"), 0)
		days := make(map[string]bool)
		for range 400 {
			next := d.Next(at).In(d.Zone)
			if !next.After(at) || next.Sub(at) > 49*time.Hour {
				t.Fatalf("%s after %v is %v", text, at.In(d.Zone), next)
			}
			if day := next.Format(time.DateOnly); days[day] {
				t.Fatalf("%s comes twice on %s", text, day)
			} else {
				days[day] = true
			}
			if clock := next.Format(time.TimeOnly); clock != text[:8] {
				if start, _ := next.ZoneBounds(); !start.Equal(next) {
					t.Fatalf("%s comes at %v", text, next)
				}
			}
			at = next
		}
	})
}

func TestParseDailySaysWhatIsWrong(t *testing.T) {
	for s, want := range map[string]string{
		"":                "no time of day",
		"25:00 UTC":       "no time of day",
		"6 Europe/Berlin": "no time of day",
		"06:00":           "does not say where",
		"06:00 Local":     "does not say where",
		"06:00 Berlin":    "unknown time zone",
		"06:00 ../passwd": "unknown time zone",
	} {
		if _, err := reprint.ParseDaily(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", s, err, want)
		}
	}
}

// clockSite shows the time at which it was rendered.
func clockSite(t testing.TB, opts reprint.Options) *reprint.Site {
	opts.Log = quiet()
	site, err := reprint.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	handle(t, site, "/{id}", func(w http.ResponseWriter, r *http.Request) {
		reprint.Tag(r.Context(), "sale")
		fmt.Fprint(w, time.Now().UTC().Format(time.RFC3339))
	}, reprint.Policy{})
	return site
}

func TestAPlanIsCarriedOutToTheSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := clockSite(t, reprint.Options{})
		get(site, "/a")
		start := time.Now().UTC()
		at := start.Add(36*time.Hour + 17*time.Second)
		plan, err := site.Schedule(t.Context(), reprint.Revalidation{Tags: []string{"sale"}, By: "editor"}, at)
		if err != nil {
			t.Fatal(err)
		}
		if plans := site.Plans(); len(plans) != 1 || plans[0].ID != plan.ID || !plans[0].Next.Equal(at) || plans[0].By != "editor" {
			t.Errorf("plans: %+v", plans)
		}
		time.Sleep(36*time.Hour + 16*time.Second)
		wantBody(t, get(site, "/a"), http.StatusOK, start.Format(time.RFC3339))
		time.Sleep(time.Second)
		synctest.Wait()
		wantBody(t, get(site, "/a"), http.StatusOK, at.Format(time.RFC3339))
		if plans := site.Plans(); len(plans) != 0 {
			t.Errorf("plans when it is done: %+v", plans)
		}
		stop(t, site)
	})
}

// More plans of one moment than calls may be under way wait for their turn.
func TestManyPlansOfOneMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const plans = 40
		site, err := reprint.New(reprint.Options{Log: quiet(), Calls: 1})
		if err != nil {
			t.Fatal(err)
		}
		p := newPress(100 * time.Millisecond)
		handle(t, site, "/p/{id}", p.ServeHTTP, reprint.Policy{})
		at := time.Now().Add(time.Hour)
		for i := range plans {
			if _, err := site.Schedule(t.Context(), reprint.Revalidation{Paths: []string{fmt.Sprintf("/p/%d", i)}}, at); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour + 100*time.Millisecond + plans*time.Second)
		synctest.Wait()
		if left := site.Plans(); len(left) != 0 || p.renders.Load() != plans {
			t.Errorf("%d renders, %d plans left", p.renders.Load(), len(left))
		}
		stop(t, site)
	})
}

func TestADailyPlanIsCarriedOutEveryDayUntilItIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where it is the year 2000
		site := clockSite(t, reprint.Options{})
		get(site, "/a")
		six, err := reprint.ParseDaily("06:00 Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		plan, err := site.ScheduleDaily(t.Context(), reprint.Revalidation{All: true}, six)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		wantBody(t, get(site, "/a"), http.StatusOK, "2000-01-01T05:00:00Z")
		time.Sleep(3 * 24 * time.Hour)
		wantBody(t, get(site, "/a"), http.StatusOK, "2000-01-04T05:00:00Z")
		if p := site.Plans()[0]; p.Last == "" || p.Error != "" || time.Until(p.Next) > 24*time.Hour {
			t.Errorf("the plan is %+v", p)
		}
		if err := site.Unschedule(t.Context(), plan.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(48 * time.Hour)
		wantBody(t, get(site, "/a"), http.StatusOK, "2000-01-04T05:00:00Z")
		if err := site.Unschedule(t.Context(), plan.ID); !errors.Is(err, reprint.ErrNoPlan) {
			t.Errorf("error %v, want ErrNoPlan", err)
		}
		stop(t, site)
	})
}

// year10000 is written with a year that JSON has, and is in one that it has not.
var year10000 = time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -12*3600))

func TestAPlanIsRefusedWhenItIsMade(t *testing.T) {
	site := newSite(t, reprint.Options{Brake: reprint.Brake{Pages: 1}})
	handle(t, site, "/p/{id}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "x") }, reprint.Policy{})
	get(site, "/p/1")
	get(site, "/p/2")
	soon := time.Now().Add(time.Hour)
	for _, tt := range []struct {
		r    reprint.Revalidation
		at   time.Time
		want error
	}{
		{reprint.Revalidation{}, soon, reprint.ErrNoTarget},
		{reprint.Revalidation{Paths: []string{"/none"}}, soon, reprint.ErrNoRoute},
		{reprint.Revalidation{All: true}, soon, reprint.ErrUnconfirmed},
		{reprint.Revalidation{All: true, Only: reprint.Only{OlderThan: time.Hour}}, soon, reprint.ErrUnconfirmed}, // none now, both then
		{reprint.Revalidation{Paths: []string{"/p/1"}, DryRun: true}, soon, nil},
		{reprint.Revalidation{Paths: []string{"/p/1"}}, time.Now().Add(-time.Hour), nil},
		{reprint.Revalidation{Paths: []string{"/p/1"}}, year10000, nil},
	} {
		if _, err := site.Schedule(t.Context(), tt.r, tt.at); err == nil || (tt.want != nil && !errors.Is(err, tt.want)) {
			t.Errorf("%+v: error %v, want %v", tt.r, err, tt.want)
		}
	}
	if _, err := site.Schedule(t.Context(), reprint.Revalidation{All: true, Confirm: true}, soon); err != nil {
		t.Error(err)
	}
	if n := len(site.Plans()); n != 1 {
		t.Errorf("%d plans", n)
	}
}

// What is kept of a time of day must be one when it is read again.
func TestADailyPlanThatCouldNotBeReadAgainIsRefused(t *testing.T) {
	site := newSite(t, reprint.Options{})
	handle(t, site, "/p/{id}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "x") }, reprint.Policy{})
	for name, daily := range map[string]reprint.Daily{
		"the zone of this machine": {Hour: 6, Zone: time.Local},
		"a zone without a name":    {Hour: 6, Zone: time.FixedZone("", 3600)},
		"a zone of one's own":      {Hour: 6, Zone: time.FixedZone("Newsroom", 3600)},
		"an hour that is none":     {Hour: 25, Zone: time.UTC},
		"a minute that is none":    {Minute: -1, Zone: time.UTC},
	} {
		if plan, err := site.ScheduleDaily(t.Context(), reprint.Revalidation{All: true}, daily); err == nil {
			t.Errorf("%s: there is a plan, %v", name, plan.Daily)
		}
	}
	if n := len(site.Plans()); n != 0 {
		t.Errorf("%d plans", n)
	}
}

func TestPlansLiveThroughARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pages.db")
	var renders atomic.Int64
	open := func() (*reprint.Site, func()) {
		site, end := openSite(t, file, reprint.Options{})
		handle(t, site, "/{id}", func(w http.ResponseWriter, r *http.Request) {
			reprint.Tag(r.Context(), "t")
			fmt.Fprint(w, renders.Add(1))
		}, reprint.Policy{})
		return site, end
	}
	site, end := open()
	get(site, "/a")
	daily, err := reprint.ParseDaily("23:59:59 Asia/Kolkata")
	if err != nil {
		t.Fatal(err)
	}
	missed, err1 := site.Schedule(t.Context(), reprint.Revalidation{Tags: []string{"t"}, By: "token a"}, time.Now().Add(300*time.Millisecond))
	every, err2 := site.ScheduleDaily(t.Context(), reprint.Revalidation{Tags: []string{"t"}, Only: reprint.Only{OlderThan: time.Hour}}, daily)
	cancelled, err3 := site.Schedule(t.Context(), reprint.Revalidation{Tags: []string{"t"}}, time.Now().Add(time.Hour))
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	if err := site.Unschedule(t.Context(), cancelled.ID); err != nil {
		t.Fatal(err)
	}
	end()
	waitFor(t, "the moment passes while nobody is there", func() bool { return time.Now().After(missed.Next) })

	site, end = open()
	defer end()
	waitFor(t, "what was missed is made", func() bool { return renders.Load() == 2 && len(site.Plans()) == 1 })
	p := site.Plans()[0]
	if p.ID != every.ID || !p.Next.Equal(every.Next) || p.Daily.String() != daily.String() || p.What.Only.OlderThan != time.Hour {
		t.Errorf("the daily plan is %+v, and was %+v", p, every)
	}
}

// recordJournal is a store that shows what is about to be kept, and answers after that
// was done with what kept says.
type recordJournal struct {
	*sqlite.Store
	keep func(reprint.Record)
	kept func(error) error
}

func (j *recordJournal) PutRecord(ctx context.Context, r reprint.Record) error {
	if j.keep != nil {
		j.keep(r)
	}
	err := j.Store.PutRecord(ctx, r)
	if j.kept != nil {
		err = j.kept(err)
	}
	return err
}

// recordSite is a site in which plans can be made, with its store.
func recordSite(t *testing.T) (*reprint.Site, *recordJournal) {
	store := &recordJournal{Store: openStore(t, filepath.Join(t.TempDir(), "pages.db"))}
	site := newSite(t, reprint.Options{Store: store})
	handle(t, site, "/{id}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "x") }, reprint.Policy{})
	return site, store
}

func (j *recordJournal) wantNoPlans(t *testing.T) {
	t.Helper()
	if records, err := j.Records(t.Context(), "plan"); err != nil || len(records) != 0 {
		t.Errorf("the next start finds %s, %v", records, err)
	}
}

func TestAPlanThatIsCancelledWhileItIsKeptDoesNotComeBack(t *testing.T) {
	utc := reprint.Daily{Hour: 6, Zone: time.UTC}
	t.Run("when it is made", func(t *testing.T) {
		site, store := recordSite(t)
		store.keep = func(r reprint.Record) {
			if err := site.Unschedule(t.Context(), r.ID); err != nil {
				t.Error(err)
			}
		}
		if _, err := site.ScheduleDaily(t.Context(), reprint.Revalidation{All: true}, utc); err != nil {
			t.Fatal(err)
		}
		store.wantNoPlans(t)
	})
	t.Run("when it was made and failed", func(t *testing.T) {
		site, store := recordSite(t)
		plan, err := site.Schedule(t.Context(), reprint.Revalidation{Paths: []string{"/a"}}, time.Now().Add(200*time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		cancelled := make(chan error, 1)
		store.keep = func(r reprint.Record) { cancelled <- site.Unschedule(t.Context(), plan.ID) }
		if err := site.SetRoutes(nil); err != nil { // nothing serves the path when the moment comes
			t.Fatal(err)
		}
		if err := <-cancelled; err != nil {
			t.Fatal(err)
		}
		stop(t, site)
		store.wantNoPlans(t)
	})
}

func TestAPlanThatWasNotMadeIsNotKept(t *testing.T) {
	site, store := recordSite(t)
	ctx, leave := context.WithCancel(t.Context())
	store.kept = func(error) error { leave(); return ctx.Err() } // the caller left too late
	if plan, err := site.Schedule(ctx, reprint.Revalidation{All: true}, time.Now().Add(time.Hour)); err == nil {
		t.Errorf("there is a plan, %+v", plan)
	}
	store.wantNoPlans(t)
}

func TestTheMomentOfAPageIsListedAndCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site, err := reprint.New(reprint.Options{Log: quiet()})
		if err != nil {
			t.Fatal(err)
		}
		var renders atomic.Int64
		begins := time.Now().Add(time.Hour).UTC()
		handle(t, site, "/{id}", func(w http.ResponseWriter, r *http.Request) {
			if time.Now().Before(begins) {
				reprint.RevalidateAt(r.Context(), begins)
			}
			fmt.Fprint(w, renders.Add(1))
		}, reprint.Policy{})
		get(site, "/a")
		get(site, "/b")
		pages, err := site.DuePages(t.Context(), begins, 10)
		if err != nil || len(pages) != 2 || !pages[0].Due.Equal(begins) {
			t.Fatalf("pages that are due: %+v, %v", pages, err)
		}
		for _, want := range []int{1, 0} {
			if n, err := site.CancelDue(t.Context(), "/a"); err != nil || n != want {
				t.Errorf("cancelled %d, %v; want %d", n, err, want)
			}
		}
		if pages, err = site.DuePages(t.Context(), begins, 10); err != nil || len(pages) != 1 || pages[0].Key.Path != "/b" {
			t.Errorf("pages that are due: %+v, %v", pages, err)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		wantBody(t, get(site, "/a"), http.StatusOK, "1")
		wantBody(t, get(site, "/b"), http.StatusOK, "3")
		stop(t, site)
	})
}
