package flight_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/reprint-go/reprint/internal/flight"
)

// A caller who appends and asks while a run takes its stamp must not be given that
// run: its stamp may be from before. The caller has to wait for Start instead.
func TestNobodyJoinsARunThatTakesItsStamp(t *testing.T) {
	var g group
	var joined *run
	var asking, asked sync.WaitGroup
	r, _ := g.Join("k", 0, 0)
	stamp := g.Start(r, func() uint64 {
		asking.Add(1)
		asked.Go(func() {
			asking.Done()
			joined, _ = g.Join("k", 2, 1)
		})
		asking.Wait()
		for range 1000 {
			runtime.Gosched() // time enough for a Join that nothing holds up
		}
		return 1
	})
	asked.Wait()
	if joined == r {
		t.Errorf("a caller who needs 2 joined a run with stamp %d", stamp)
	}
}

// Callers at once, each of whom needs what it has just appended. This is the use
// that the package is for; the race detector watches.
func TestNobodyGetsARunThatBeganBeforeItsNeed(t *testing.T) {
	const callers, rounds = 16, 200
	var (
		g        flight.Group[string, *atomic.Int32, uint64]
		position atomic.Uint64
		underWay atomic.Int32
		wg       sync.WaitGroup
	)
	var fly func(r *flight.Run[string, *atomic.Int32, uint64])
	fly = func(r *flight.Run[string, *atomic.Int32, uint64]) {
		if n := r.Job.Add(1); n != 1 {
			t.Errorf("a run was launched %d times", n)
		}
		stamp := g.Start(r, func() uint64 {
			if n := underWay.Add(1); n > 2 {
				t.Errorf("%d runs under way", n)
			}
			return position.Load()
		})
		runtime.Gosched() // others find this run under way
		underWay.Add(-1)
		if next := g.Finish(r, stamp); next != nil {
			wg.Go(func() { fly(next) })
		}
	}
	for range callers {
		wg.Go(func() {
			for range rounds {
				need := position.Add(1)
				r, launch := g.Join("k", need, new(atomic.Int32))
				if launch {
					wg.Go(func() { fly(r) })
				}
				<-r.Done()
				if value, stamp := r.Value(); stamp < need || value != stamp {
					t.Errorf("stamp %d, value %d, need %d", stamp, value, need)
				}
			}
		})
	}
	wg.Wait()
	if g.Len() != 0 {
		t.Errorf("Len = %d after everything finished, want 0", g.Len())
	}
}
