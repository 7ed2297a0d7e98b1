package gate_test

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/reprint-go/reprint/internal/gate"
)

// model says who should be in and who should wait, as a plain sorted list.
type model struct {
	gate          *gate.Gate
	places, limit int
	in            []*modelVisitor
	waiting       []*modelVisitor // sorted: the next one first
	arrived       int
}

type modelVisitor struct {
	*visitor
	class gate.Class
	seq   int
	got   error // what Enter is to have returned, for those who do not wait
	seen  bool  // that it did
}

func (m *model) sort() {
	slices.SortFunc(m.waiting, func(a, b *modelVisitor) int {
		return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.seq, b.seq))
	})
}

func (m *model) enter(t *rapid.T) {
	class := gate.Class(rapid.IntRange(0, 2).Draw(t, "class"))
	m.arrived++
	v := &modelVisitor{class: class, seq: m.arrived}
	var turned []*modelVisitor
	switch {
	case len(m.in) < m.places:
		m.in = append(m.in, v)
	case len(m.waiting) < m.limit:
		m.waiting = append(m.waiting, v)
	case len(m.waiting) > 0 && m.waiting[len(m.waiting)-1].class > class:
		last := len(m.waiting) - 1
		turned = append(turned, m.waiting[last])
		m.waiting[last] = v
	default:
		turned = append(turned, v)
	}
	m.sort()
	v.visitor = enter(m.gate, strconv.Itoa(v.seq), gate.NewTicket(class))
	for _, v := range turned {
		v.got = gate.ErrFull
		m.verify(t, v)
	}
}

func (m *model) leave(t *rapid.T) {
	if len(m.in) == 0 {
		t.Skip("nobody is in")
	}
	m.gate.Leave()
	synctest.Wait()
	m.passOn()
}

// passOn gives the place of one who was in to the next.
func (m *model) passOn() {
	m.in = m.in[1:] // a place has no owner
	if len(m.waiting) > 0 {
		m.in, m.waiting = append(m.in, m.waiting[0]), m.waiting[1:]
	}
}

func (m *model) cancel(t *rapid.T) {
	if len(m.waiting) == 0 {
		t.Skip("nobody waits")
	}
	v := rapid.SampledFrom(m.waiting).Draw(t, "who")
	v.cancel(errLeft)
	synctest.Wait()
	m.drop(v)
	m.verify(t, v)
}

func (m *model) drop(v *modelVisitor) {
	m.waiting = slices.DeleteFunc(m.waiting, func(o *modelVisitor) bool { return o == v })
	v.got = errLeft
}

// cancelAndLeave lets a place become free at the moment when one who waits goes.
// It may have been given the place; then the place goes on.
func (m *model) cancelAndLeave(t *rapid.T) {
	if len(m.waiting) == 0 {
		t.Skip("nobody waits")
	}
	v := rapid.SampledFrom(m.waiting).Draw(t, "who")
	v.cancel(errLeft)
	m.gate.Leave()
	synctest.Wait()
	m.drop(v)
	m.passOn()
	m.verify(t, v)
}

func (m *model) promote(t *rapid.T) {
	if len(m.waiting) == 0 {
		t.Skip("nobody waits")
	}
	v := rapid.SampledFrom(m.waiting).Draw(t, "who")
	class := gate.Class(rapid.IntRange(0, 2).Draw(t, "class"))
	m.gate.Promote(v.ticket, class)
	v.class = min(v.class, class)
	m.sort()
}

// verify checks what Enter returned to v, once.
func (m *model) verify(t *rapid.T, v *modelVisitor) {
	answered, err := v.answer()
	if !answered || !errors.Is(err, v.got) {
		t.Fatalf("visitor %d: answered = %v, error = %v, want %v", v.seq, answered, err, v.got)
	}
	v.seen = true
}

func (m *model) check(t *rapid.T) {
	for _, v := range m.in {
		if !v.seen {
			m.verify(t, v)
		}
	}
	for _, v := range m.waiting {
		if answered, err := v.answer(); answered {
			t.Fatalf("visitor %d: Enter returned %v, want it to wait", v.seq, err)
		}
	}
	if got := m.gate.Waiting(); got != len(m.waiting) {
		t.Fatalf("Waiting = %d, want %d", got, len(m.waiting))
	}
}

// drain lets everybody through, which no lost place and no lost ticket allows.
func (m *model) drain(t *rapid.T) {
	for len(m.in) > 0 {
		m.leave(t)
		m.check(t)
	}
}

func TestGateFollowsTheModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var failure any // rapid reports by panic, which must not cross the bubble
		synctest.Test(t, func(*testing.T) {
			m := &model{places: rapid.IntRange(1, 3).Draw(rt, "places"), limit: rapid.IntRange(0, 4).Draw(rt, "limit")}
			m.gate = gate.New(m.places, m.limit)
			defer func() {
				failure = recover()
				for _, v := range m.waiting {
					v.cancel(errLeft)
				}
			}()
			rt.Repeat(map[string]func(*rapid.T){
				"enter":            m.enter,
				"leave":            m.leave,
				"cancel":           m.cancel,
				"cancel and leave": m.cancelAndLeave,
				"promote":          m.promote,
				"":                 m.check,
			})
			m.drain(rt)
		})
		if failure != nil {
			panic(failure)
		}
	})
}
