// Package gate limits how many pieces of work run at once and decides who is
// next: by class first, then in order of arrival.
package gate

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"sync"
)

// ErrFull is returned by Enter when the queue is full of tickets that come first.
var ErrFull = errors.New("queue is full")

// Class is how urgent a ticket is; lower goes first.
type Class int

// The classes.
const (
	Waited     Class = iota // somebody waits for the result
	Visited                 // somebody was just served an old result
	Background              // nobody is there
)

// Ticket is a place in the queue. A ticket is used for one Enter; the zero
// Ticket is of class Waited.
type Ticket struct {
	class Class // guarded by Gate.mu from Enter on

	seq   uint64 // guarded by Gate.mu, as are the next two
	index int    // in the queue, -1 when not in it
	err   error
	ready chan struct{}
}

// NewTicket returns a ticket of a class.
func NewTicket(c Class) *Ticket { return &Ticket{class: c, index: -1} }

// Gate lets a fixed number of tickets in. Its methods are safe for concurrent use.
type Gate struct {
	mu     sync.Mutex
	places int
	free   int
	limit  int // of the queue
	seq    uint64
	queue  queue
}

// New returns a gate for n at once, with at most limit waiting.
func New(n, limit int) *Gate { return &Gate{places: n, free: n, limit: limit} }

// Enter waits for t's turn. It returns nil when t is in, and then Leave must be
// called; ErrFull when there is no room to wait, which can also come later, when
// a more urgent ticket takes the place; or the cause of ctx's end.
func (g *Gate) Enter(ctx context.Context, t *Ticket) error {
	if !g.enqueue(t) {
		return t.err
	}
	select {
	case <-t.ready:
		return t.err
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if t.index < 0 { // it was let in, or thrown out, at the same moment
		if t.err == nil {
			g.leaveLocked()
		}
	} else {
		heap.Remove(&g.queue, t.index)
	}
	return context.Cause(ctx)
}

// enqueue lets t in, or makes it wait, or sets its error. It reports whether
// there is something to wait for.
func (g *Gate) enqueue(t *Ticket) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	t.ready = make(chan struct{})
	g.seq++
	t.seq, t.index = g.seq, -1
	switch {
	case g.free > 0:
		g.free--
		close(t.ready)
		return true
	case len(g.queue) >= g.limit && !g.throwOutLocked(t.class):
		t.err = ErrFull
		return false
	}
	heap.Push(&g.queue, t)
	return true
}

// throwOutLocked makes room by turning away the last ticket of a class below c.
func (g *Gate) throwOutLocked(c Class) bool {
	var last *Ticket
	for _, t := range g.queue {
		if t.class > c && (last == nil || before(last, t)) {
			last = t
		}
	}
	if last == nil {
		return false
	}
	heap.Remove(&g.queue, last.index)
	last.err = ErrFull
	close(last.ready)
	return true
}

// Promote raises t to class c if it is lower, whether it waits already or not.
func (g *Gate) Promote(t *Ticket, c Class) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t.class <= c {
		return
	}
	t.class = c
	if t.index >= 0 {
		heap.Fix(&g.queue, t.index)
	}
}

// Leave gives the place of a ticket that is in to the next.
func (g *Gate) Leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.leaveLocked()
}

func (g *Gate) leaveLocked() {
	if len(g.queue) == 0 {
		g.free++
		return
	}
	t := heap.Pop(&g.queue).(*Ticket)
	close(t.ready)
}

// Inside returns how many tickets are in.
func (g *Gate) Inside() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.places - g.free
}

// Waiting returns how many tickets wait.
func (g *Gate) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.queue)
}

func before(a, b *Ticket) bool {
	return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.seq, b.seq)) < 0
}

// queue is a heap of tickets, the most urgent first.
type queue []*Ticket

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return before(q[i], q[j]) }
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}
func (q *queue) Push(x any) {
	t := x.(*Ticket)
	t.index = len(*q)
	*q = append(*q, t)
}
func (q *queue) Pop() any {
	old := *q
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	t.index = -1
	return t
}
