package gate_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/reprint-go/reprint/internal/gate"
)

// visitor is one goroutine that wants in.
type visitor struct {
	name   string
	ticket *gate.Ticket
	cancel context.CancelCauseFunc
	result chan error
}

var errLeft = errors.New("the visitor left")

// enter has a visitor ask for a place and returns once it is in, waits or was
// turned away. It is for use in a synctest bubble.
func enter(g *gate.Gate, name string, ticket *gate.Ticket) *visitor {
	ctx, cancel := context.WithCancelCause(context.Background())
	v := &visitor{name: name, ticket: ticket, cancel: cancel, result: make(chan error, 1)}
	go func() { v.result <- g.Enter(ctx, ticket) }()
	synctest.Wait()
	return v
}

// answer returns what Enter returned to v. answered is false while v waits.
func (v *visitor) answer() (answered bool, err error) {
	select {
	case err := <-v.result:
		return true, err
	default:
		return false, nil
	}
}

func (v *visitor) mustBeIn(t *testing.T) {
	t.Helper()
	if answered, err := v.answer(); !answered || err != nil {
		t.Fatalf("%s: answered = %v, error = %v, want in", v.name, answered, err)
	}
}

func (v *visitor) mustWait(t *testing.T) {
	t.Helper()
	if answered, err := v.answer(); answered {
		t.Fatalf("%s: Enter returned %v, want it to wait", v.name, err)
	}
}

func (v *visitor) mustGet(t *testing.T, want error) {
	t.Helper()
	if answered, err := v.answer(); !answered || !errors.Is(err, want) {
		t.Fatalf("%s: answered = %v, error = %v, want %v", v.name, answered, err, want)
	}
}

var classes = map[byte]gate.Class{'w': gate.Waited, 'v': gate.Visited, 'b': gate.Background}

// arrive lets the named ones ask for a place, in order. A name begins with the
// letter of its class.
func arrive(g *gate.Gate, names string) map[string]*visitor {
	all := map[string]*visitor{}
	for name := range strings.FieldsSeq(names) {
		all[name] = enter(g, name, gate.NewTicket(classes[name[0]]))
	}
	return all
}

// closed returns a gate with one place, which is taken.
func closed(t *testing.T, limit int) *gate.Gate {
	t.Helper()
	g := gate.New(1, limit)
	enter(g, "the one inside", gate.NewTicket(gate.Background)).mustBeIn(t)
	return g
}

// inOrder gives the places away until nobody waits any more and returns who got
// one, in order.
func inOrder(g *gate.Gate, all map[string]*visitor) string {
	var order []string
	for range all {
		g.Leave()
		synctest.Wait()
		for name, v := range all {
			if answered, err := v.answer(); answered && err == nil {
				order = append(order, name)
			}
		}
	}
	return strings.Join(order, " ")
}

func TestAtMostNAreIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const places = 3
		g := gate.New(places, 10)
		var all []*visitor
		for _, name := range []string{"v1", "v2", "v3", "v4", "v5", "v6"} {
			all = append(all, enter(g, name, gate.NewTicket(gate.Visited)))
		}
		for i, v := range all {
			if i < places {
				v.mustBeIn(t)
			} else {
				v.mustWait(t)
			}
		}
		for waiting := len(all) - places; waiting > 0; waiting-- {
			if got := g.Waiting(); got != waiting {
				t.Fatalf("Waiting = %d, want %d", got, waiting)
			}
			g.Leave()
			synctest.Wait()
			next := all[len(all)-waiting]
			next.mustBeIn(t)
		}
	})
}

func TestPlacesThatWereLeftCanBeTakenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate.New(2, 0)
		for range 10 {
			enter(g, "a", gate.NewTicket(gate.Visited)).mustBeIn(t)
			enter(g, "b", gate.NewTicket(gate.Visited)).mustBeIn(t)
			enter(g, "c", gate.NewTicket(gate.Visited)).mustGet(t, gate.ErrFull)
			g.Leave()
			g.Leave()
		}
	})
}

func TestOrder(t *testing.T) {
	for _, tt := range []struct {
		name    string
		arrive  string
		promote string // pairs of a name and a class
		want    string
	}{
		{"of arrival", "v1 v2 v3 v4", "", "v1 v2 v3 v4"},
		{"of class", "b1 v1 w1", "", "w1 v1 b1"},
		{"of class, then of arrival", "b1 v1 w1 b2 v2 w2", "", "w1 w2 v1 v2 b1 b2"},
		{"a promoted one", "v1 b1 v2", "b1:w", "b1 v1 v2"},
		{"a promoted one, by its arrival", "w1 b1 w2", "b1:w", "w1 b1 w2"},
		{"a promoted one, by one class", "w1 v1 b1 v2", "b1:v", "w1 v1 b1 v2"},
		{"the last one promoted", "v1 v2 v3 b1", "b1:w", "b1 v1 v2 v3"},
		{"promoted to its own class", "v1 v2", "v2:v", "v1 v2"},
		{"never demoted", "w1 v1", "w1:b", "w1 v1"},
		{"several promoted", "b1 b2 b3 b4", "b4:w b2:v b3:w", "b3 b4 b2 b1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := closed(t, 10)
				all := arrive(g, tt.arrive)
				for pair := range strings.FieldsSeq(tt.promote) {
					name, class, _ := strings.Cut(pair, ":")
					g.Promote(all[name].ticket, classes[class[0]])
				}
				if got := inOrder(g, all); got != tt.want {
					t.Errorf("order %s, want %s", got, tt.want)
				}
			})
		})
	}
}

func TestTicketIsPromotedBeforeItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := closed(t, 10)
		all := arrive(g, "v1 v2")
		ticket := gate.NewTicket(gate.Background)
		g.Promote(ticket, gate.Waited)
		all["promoted"] = enter(g, "promoted", ticket)
		if got, want := inOrder(g, all), "promoted v1 v2"; got != want {
			t.Errorf("order %s, want %s", got, want)
		}
	})
}

func TestTicketIsPromotedAfterItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := closed(t, 1)
		all := arrive(g, "v1 v2") // v2 finds no room
		g.Promote(all["v2"].ticket, gate.Waited)
		g.Leave()
		synctest.Wait()
		g.Promote(all["v1"].ticket, gate.Waited)
		all["v1"].mustBeIn(t)
		all["v2"].mustGet(t, gate.ErrFull)
		if g.Waiting() != 0 {
			t.Errorf("Waiting = %d, want 0", g.Waiting())
		}
	})
}

func TestZeroTicketIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := closed(t, 10)
		all := arrive(g, "v1 w1 v2")
		zero := new(gate.Ticket)
		g.Promote(zero, gate.Waited) // it does not wait yet; the queue is not touched
		all["zero"] = enter(g, "zero", zero)
		if got, want := inOrder(g, all), "w1 zero v1 v2"; got != want {
			t.Errorf("order %s, want %s", got, want)
		}
	})
}

func TestFullQueue(t *testing.T) {
	for _, tt := range []struct {
		name   string
		limit  int
		arrive string
		full   string // who gets ErrFull, sorted
		order  string // who gets in, in order
	}{
		{"no queue at all", 0, "w1 v1", "v1 w1", ""},
		{"of the same class", 2, "v1 v2 v3", "v3", "v1 v2"},
		{"of more urgent ones", 2, "w1 w2 b1 v1", "b1 v1", "w1 w2"},
		{"exactly as long as the limit", 3, "b1 b2 b3", "", "b1 b2 b3"},
		{"with a less urgent one", 2, "w1 b1 v1", "b1", "w1 v1"},
		{"the last of the less urgent ones goes", 3, "b1 b2 b3 w1", "b3", "w1 b1 b2"},
		{"the least urgent one goes, not the last", 3, "b1 v1 v2 w1", "b1", "w1 v1 v2"},
		{"one goes for each that comes", 3, "b1 b2 b3 w1 w2 w3 w4", "b1 b2 b3 w4", "w1 w2 w3"},
		{"of all classes", 3, "w1 v1 b1 v2 w2", "b1 v2", "w1 w2 v1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := closed(t, tt.limit)
				all := arrive(g, tt.arrive)
				var full []string
				for name, v := range all {
					if answered, err := v.answer(); answered {
						if !errors.Is(err, gate.ErrFull) {
							t.Errorf("%s: error %v, want ErrFull", name, err)
						}
						full = append(full, name)
						delete(all, name)
					}
				}
				slices.Sort(full)
				if got := strings.Join(full, " "); got != tt.full {
					t.Errorf("turned away: %s, want %s", got, tt.full)
				}
				if got := inOrder(g, all); got != tt.order {
					t.Errorf("order %s, want %s", got, tt.order)
				}
			})
		})
	}
}

func TestPromotedTicketIsNotThrownOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := closed(t, 2)
		all := arrive(g, "b1 b2")
		g.Promote(all["b2"].ticket, gate.Waited)
		enter(g, "w1", gate.NewTicket(gate.Waited)).mustWait(t)
		all["b1"].mustGet(t, gate.ErrFull)
		all["b2"].mustWait(t)
		g.Leave()
		g.Leave()
	})
}
