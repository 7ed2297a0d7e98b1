package flight_test

import (
	"testing"

	"github.com/reprint-go/reprint/internal/flight"
)

// The tests use the number of the caller as the job of a run.
type (
	group = flight.Group[string, int, string]
	run   = flight.Run[string, int, string]
)

// running starts a run of key that has the given stamp. A need above every stamp
// makes sure that it is a new one.
func running(t *testing.T, g *group, key string, stamp uint64) *run {
	t.Helper()
	r, launch := g.Join(key, 1<<62, 0)
	if !launch {
		t.Fatalf("a run of %q with stamp %d could not be launched", key, stamp)
	}
	if got := g.Start(r, func() uint64 { return stamp }); got != stamp {
		t.Fatalf("Start returned %d, want the stamp %d", got, stamp)
	}
	return r
}

func done(r *run) bool {
	select {
	case <-r.Done():
		return true
	default:
		return false
	}
}

func TestJoin(t *testing.T) {
	const fresh, waiting = -1, -2 // which run the caller gets, if not one of those under way
	for _, tt := range []struct {
		name       string
		running    []uint64 // the stamps of those under way, in the order in which they started
		waits      bool     // one more has not started
		need       uint64
		want       int // an index of running, or one of the constants
		wantLaunch bool
	}{
		{"nothing there", nil, false, 0, fresh, true},
		{"one not started", nil, true, 9, waiting, false},
		{"one under way, new enough", []uint64{5}, false, 4, 0, false},
		{"one under way, exactly new enough", []uint64{5}, false, 5, 0, false},
		{"one under way, too old", []uint64{5}, false, 6, fresh, true},
		{"one under way, too old, and one not started", []uint64{5}, true, 6, waiting, false},
		{"one under way, new enough, and one not started", []uint64{5}, true, 5, 0, false},
		{"two under way, both new enough: the older is done sooner", []uint64{5, 7}, false, 5, 0, false},
		{"two under way, one new enough", []uint64{5, 7}, false, 6, 1, false},
		{"two under way, none new enough", []uint64{5, 7}, false, 8, fresh, false},
		{"two under way, none new enough, and one not started", []uint64{5, 7}, true, 8, waiting, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var g group
			var runs []*run
			for _, stamp := range tt.running {
				runs = append(runs, running(t, &g, "k", stamp))
			}
			var next *run
			if tt.waits {
				next, _ = g.Join("k", 1<<62, 1)
			}
			got, launch := g.Join("k", tt.need, 2)
			if launch != tt.wantLaunch {
				t.Errorf("launch = %v, want %v", launch, tt.wantLaunch)
			}
			switch tt.want {
			case fresh:
				if got.Job != 2 || got.Key != "k" {
					t.Errorf("got the run of key %q and job %d, want a new one of key k and job 2", got.Key, got.Job)
				}
			case waiting:
				if got != next {
					t.Error("got another run than the one that has not started")
				}
			default:
				if got != runs[tt.want] {
					t.Errorf("got another run than the one with stamp %d", tt.running[tt.want])
				}
			}
		})
	}
}

func TestCallersAfterARunBeganShareOneSuccessorThatStartsAtOnce(t *testing.T) {
	var g group
	hanging := running(t, &g, "k", 1)

	successor, launch := g.Join("k", 2, 0)
	if !launch {
		t.Fatal("the successor was not launched beside a run that hangs")
	}
	for caller := range 99 {
		r, launch := g.Join("k", 2, caller)
		if r != successor || launch {
			t.Fatalf("caller %d: shares = %v, launch = %v, want true and false", caller, r == successor, launch)
		}
	}
	g.Start(successor, func() uint64 { return 2 })
	if next := g.Finish(successor, "new"); next != nil {
		t.Error("a run was to be launched and nobody had asked for one")
	}
	if !done(successor) || done(hanging) {
		t.Fatalf("successor done = %v, hanging one done = %v, want true and false", done(successor), done(hanging))
	}
	if value, stamp := successor.Value(); value != "new" || stamp != 2 {
		t.Errorf("Value = %q, %d, want new, 2", value, stamp)
	}
	if g.Len() != 1 {
		t.Errorf("Len = %d while one run hangs, want 1", g.Len())
	}
}

func TestThirdRunIsLaunchedWhenOneOfTwoFinishes(t *testing.T) {
	for _, tt := range []struct {
		name     string
		finishes int
	}{{"the older", 0}, {"the newer", 1}} {
		t.Run(tt.name, func(t *testing.T) {
			var g group
			two := []*run{running(t, &g, "k", 1), running(t, &g, "k", 2)}
			third, launch := g.Join("k", 3, 0)
			if launch {
				t.Fatal("three runs of one key at once")
			}
			if got := g.Finish(two[tt.finishes], ""); got != third {
				t.Fatalf("Finish returned %v, want the third run", got)
			}
			if got := g.Finish(two[1-tt.finishes], ""); got != nil {
				t.Error("the third run was launched twice")
			}
			g.Start(third, func() uint64 { return 3 })
			g.Finish(third, "")
			if g.Len() != 0 {
				t.Errorf("Len = %d after the last run, want 0", g.Len())
			}
		})
	}
}

func TestRunThatEndsBeforeItStarts(t *testing.T) {
	t.Run("alone", func(t *testing.T) {
		var g group
		r, _ := g.Join("k", 7, 0)
		if next := g.Finish(r, "no room"); next != nil {
			t.Error("Finish returned a run and there is none")
		}
		if value, stamp := r.Value(); !done(r) || value != "no room" || stamp != 0 {
			t.Errorf("done = %v, Value = %q, %d, want true, no room, 0", done(r), value, stamp)
		}
		if g.Len() != 0 {
			t.Errorf("Len = %d, want 0", g.Len())
		}
		if again, launch := g.Join("k", 7, 1); again == r || !launch {
			t.Errorf("joined the ended run = %v, launch = %v, want false and true", again == r, launch)
		}
	})
	t.Run("beside one under way", func(t *testing.T) {
		var g group
		first := running(t, &g, "k", 1)
		second, _ := g.Join("k", 2, 0)
		g.Finish(second, "no room")
		if third, launch := g.Join("k", 2, 1); third == second || !launch {
			t.Errorf("joined the ended run = %v, launch = %v, want false and true", third == second, launch)
		}
		if joined, _ := g.Join("k", 1, 2); joined != first {
			t.Error("the run under way is not joined any more")
		}
	})
}

func TestKeysDoNotWaitForEachOther(t *testing.T) {
	var g group
	running(t, &g, "a", 1)
	running(t, &g, "a", 2)
	b, launch := g.Join("b", 3, 0)
	if !launch || b.Key != "b" {
		t.Errorf("launch = %v, key %q, want true and b", launch, b.Key)
	}
	if g.Len() != 2 {
		t.Errorf("Len = %d, want 2", g.Len())
	}
}

// A run whose start panics must not lock its key: its owner still finishes it.
func TestRunCanBeFinishedAfterItsStartPanicked(t *testing.T) {
	var g group
	r, _ := g.Join("k", 1, 0)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic of stamp did not reach the caller")
			}
		}()
		g.Start(r, func() uint64 { panic("no position") })
	}()
	g.Finish(r, "failed")
	if !done(r) || g.Len() != 0 {
		t.Errorf("done = %v, Len = %d, want true and 0", done(r), g.Len())
	}
}
