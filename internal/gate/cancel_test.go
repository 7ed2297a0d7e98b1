package gate_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/reprint-go/reprint/internal/gate"
)

func TestWaitingEndsWithTheCauseOfTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := closed(t, 10)
		all := arrive(g, "w1 v1 v2 b1")
		all["v1"].cancel(errLeft)
		synctest.Wait()
		all["v1"].mustGet(t, errLeft)
		if g.Waiting() != 3 {
			t.Errorf("Waiting = %d, want 3", g.Waiting())
		}
		if got, want := inOrder(g, all), "w1 v2 b1"; got != want {
			t.Errorf("order %s, want %s", got, want)
		}
	})
}

func TestRoomOfOneWhoLeftIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := closed(t, 1)
		first := enter(g, "first", gate.NewTicket(gate.Visited))
		first.cancel(errLeft)
		synctest.Wait()
		enter(g, "second", gate.NewTicket(gate.Visited)).mustWait(t)
		g.Leave()
	})
}

// Both answers are right for a context that has ended before a free place is
// asked for. Neither may cost the place. As select chooses at random, a few
// rounds see both.
func TestEndedContextAndFreePlace(t *testing.T) {
	g := gate.New(1, 0)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errLeft)
	seen := map[error]int{}
	for range 200 {
		err := g.Enter(ctx, gate.NewTicket(gate.Waited))
		switch {
		case err == nil:
			g.Leave()
		case !errors.Is(err, errLeft):
			t.Fatalf("error %v: the place of the one before is lost", err)
		}
		seen[err]++
	}
	if len(seen) != 2 {
		t.Errorf("saw the results %v, want both", seen)
	}
}

// A place and the end of the context come at the same moment: whichever is first
// decides, and the place is either taken or goes on to the next.
func TestPlaceIsGivenToOneWhoIsLeaving(t *testing.T) {
	for _, tt := range []struct {
		name  string
		first func(g *gate.Gate, leaving *visitor)
		taken bool
	}{
		{"it has left", func(g *gate.Gate, v *visitor) { v.cancel(errLeft); g.Leave() }, false},
		{"it was let in", func(g *gate.Gate, v *visitor) { g.Leave(); v.cancel(errLeft) }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := closed(t, 10)
				leaving := enter(g, "leaving", gate.NewTicket(gate.Visited))
				next := enter(g, "next", gate.NewTicket(gate.Visited))
				tt.first(g, leaving)
				synctest.Wait()
				if tt.taken {
					leaving.mustBeIn(t)
					next.mustWait(t)
					g.Leave()
					synctest.Wait()
				} else {
					leaving.mustGet(t, errLeft)
				}
				next.mustBeIn(t)
				g.Leave()
				enter(g, "last", gate.NewTicket(gate.Visited)).mustBeIn(t)
			})
		})
	}
}

// One who is thrown out while its context ends had no place, so none is given
// on. Who is first is up to the scheduler; a few rounds see both.
func TestOneWhoIsLeavingIsThrownOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 200 {
			g := closed(t, 1)
			leaving := enter(g, "leaving", gate.NewTicket(gate.Background))
			ended, cancel := context.WithCancelCause(t.Context())
			cancel(errLeft)
			leaving.cancel(errLeft)
			if err := g.Enter(ended, gate.NewTicket(gate.Waited)); !errors.Is(err, errLeft) {
				t.Fatalf("error %v, want it to leave: there is no free place", err)
			}
			synctest.Wait()
			leaving.mustGet(t, errLeft)
			mustHaveFree(t, g, 0)
		}
	})
}

// Everything at once, without a bubble, so that the goroutines really run beside
// each other and the race detector sees them.
func TestPlacesAreNeitherLostNorMadeUnderLoad(t *testing.T) {
	const places, limit, visitors, rounds = 4, 8, 32, 300
	g := gate.New(places, limit)
	var in, entered, left, full atomic.Int64
	visit := func(rnd *rand.Rand) {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		ticket := gate.NewTicket(gate.Class(rnd.IntN(3)))
		switch rnd.IntN(3) {
		case 0:
			go cancel(errLeft)
		case 1:
			go g.Promote(ticket, gate.Waited)
		}
		switch err := g.Enter(ctx, ticket); {
		case err == nil:
			if n := in.Add(1); n > places {
				t.Errorf("%d are in, the gate has %d places", n, places)
			}
			entered.Add(1)
			in.Add(-1)
			g.Leave()
		case errors.Is(err, gate.ErrFull):
			full.Add(1)
		case errors.Is(err, errLeft):
			left.Add(1)
		default:
			t.Errorf("Enter: %v", err)
		}
		if n := g.Waiting(); n > limit {
			t.Errorf("%d wait, the limit is %d", n, limit)
		}
	}
	var wg sync.WaitGroup
	for i := range visitors {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(1, uint64(i)))
			for range rounds {
				visit(rnd)
			}
		})
	}
	wg.Wait()
	t.Logf("%d got in, %d left, %d found no room", entered.Load(), left.Load(), full.Load())
	synctest.Test(t, func(t *testing.T) { mustHaveFree(t, g, places) })
}

// mustHaveFree checks that exactly n places are free and nobody waits. It is for
// use in a synctest bubble.
func mustHaveFree(t *testing.T, g *gate.Gate, n int) {
	t.Helper()
	if g.Waiting() != 0 {
		t.Errorf("Waiting = %d, want 0", g.Waiting())
	}
	for range n {
		enter(g, "one for a free place", gate.NewTicket(gate.Waited)).mustBeIn(t)
	}
	tooMany := enter(g, "one too many", gate.NewTicket(gate.Waited))
	tooMany.mustWait(t)
	tooMany.cancel(errLeft)
	synctest.Wait()
	for range n {
		g.Leave()
	}
}
