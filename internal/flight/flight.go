// Package flight lets many callers who want the same work share few runs of it,
// without any of them getting a run that began too early for it.
//
// Each run has a stamp, taken when it starts. A caller names the stamp that it
// needs: it may join a running run only if that run's stamp reaches the need;
// otherwise it shares the one run that has not started yet. Of each key at most
// two runs are under way, so that a caller does not wait behind one old run that
// hangs, though it does behind two, and at most one waits to start.
//
// The package has no clock and starts no goroutine: it says which run to launch,
// and the caller launches it.
package flight

import "sync"

// maxRunning is how many runs of one key may be under way.
const maxRunning = 2

// Run is one run of a key's work: waiting to start, under way or done.
type Run[K comparable, J, V any] struct {
	Key K
	Job J // given by the caller whose Join made the run

	stamp uint64 // guarded by Group.mu; set by Start
	done  chan struct{}
	value V // set before done is closed
}

// Done returns a channel that is closed when the run has finished.
func (r *Run[K, J, V]) Done() <-chan struct{} { return r.done }

// Value returns what the run was finished with, and the stamp it started with.
// It may be called once Done is closed.
func (r *Run[K, J, V]) Value() (V, uint64) { return r.value, r.stamp }

// line is the runs of one key.
type line[K comparable, J, V any] struct {
	running  []*Run[K, J, V]
	next     *Run[K, J, V]
	launched bool // somebody was told to launch next
}

// Group holds the runs of all keys. The zero Group is ready to use. Its methods
// are safe for concurrent use.
type Group[K comparable, J, V any] struct {
	mu    sync.Mutex
	lines map[K]*line[K, J, V] // guarded by mu; no empty lines
}

// Join returns a run of key that is new enough for need: the oldest one under
// way whose stamp reaches it, else the one that has not started, else a new one
// with job. launch is true when the caller must launch the run: have Start and
// Finish, or Finish alone, called for it.
func (g *Group[K, J, V]) Join(key K, need uint64, job J) (run *Run[K, J, V], launch bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.lines[key]
	if l == nil {
		l = &line[K, J, V]{}
		if g.lines == nil {
			g.lines = make(map[K]*line[K, J, V])
		}
		g.lines[key] = l
	}
	for _, r := range l.running {
		if r.stamp >= need {
			return r, false
		}
	}
	if l.next == nil {
		l.next = &Run[K, J, V]{Key: key, Job: job, done: make(chan struct{})}
		l.launched = len(l.running) < maxRunning
		return l.next, l.launched
	}
	return l.next, false
}

// Start moves a launched run to those under way. The stamp is taken inside, so
// that whoever joins sees either a run that has not started or its stamp.
func (g *Group[K, J, V]) Start(run *Run[K, J, V], stamp func() uint64) uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.lines[run.Key]
	run.stamp = stamp()
	l.running = append(l.running, run)
	l.next, l.launched = nil, false
	return run.stamp
}

// Finish ends a run, started or not, with its value, and wakes who waits for it.
// When it returns a run, that one's turn has come and the caller must launch it.
func (g *Group[K, J, V]) Finish(run *Run[K, J, V], value V) (launch *Run[K, J, V]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	run.value = value
	close(run.done)
	l := g.lines[run.Key]
	if l.next == run {
		l.next, l.launched = nil, false
	}
	for i, r := range l.running {
		if r == run {
			l.running = append(l.running[:i:i], l.running[i+1:]...)
			break
		}
	}
	switch {
	case l.next != nil && !l.launched:
		l.launched = true
		return l.next
	case l.next == nil && len(l.running) == 0:
		delete(g.lines, run.Key)
	}
	return nil
}

// Len returns how many keys have runs.
func (g *Group[K, J, V]) Len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.lines)
}
