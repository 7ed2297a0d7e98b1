package reprint

import (
	"context"
	"sync"
	"time"

	"github.com/reprint-go/reprint/internal/gate"
)

// horizon is how far ahead moments are kept in memory; the store is asked for
// further ones twice in that time.
const horizon = time.Hour

// startBackground starts what goes on without visitors: pages that are due, and
// retries. stop ends both before running renders are waited for.
func (s *Site) startBackground() {
	ctx, stop := context.WithCancelCause(s.ctx)
	s.background, s.stop = ctx, func() { stop(ErrClosed) }
	s.whenRouted(func() { s.due.Run(ctx, s.fire) })
	s.whenRouted(func() { s.watchHorizon(ctx) })
	s.whenRouted(func() { s.resumeRefills(ctx) })
	s.work.start(func() { s.loadAsides(ctx) })
	s.whenRouted(func() {
		s.resumePlans(ctx)
		s.duePlans.Run(ctx, s.firePlan)
	})
	s.work.start(func() { s.makeStrong(ctx) })
	if _, told := s.store.(VisitStore); told {
		s.work.start(func() { s.watchVisits(ctx) })
	}
}

// whenRouted starts what needs the routes, once they are there.
func (s *Site) whenRouted(f func()) {
	s.work.start(func() {
		select {
		case <-s.opening.done:
			f()
		case <-s.background.Done():
		}
	})
}

// routesPause is how long after a route was added no other has come when all are there.
const routesPause = 100 * time.Millisecond

// opening is over when a site that was just made has its routes: what an earlier process
// has left to do would otherwise find none.
type opening struct {
	done chan struct{}
	once sync.Once

	mu    sync.Mutex
	timer *time.Timer // guarded by mu
}

// routeAdded has it go on until no other is added for a while.
func (o *opening) routeAdded() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.timer == nil {
		o.timer = time.AfterFunc(routesPause, o.end)
		return
	}
	o.timer.Reset(routesPause)
}

func (o *opening) end() { o.once.Do(func() { close(o.done) }) }

// watchHorizon puts the pages that are due within the horizon into the queue,
// now and from time to time.
func (s *Site) watchHorizon(ctx context.Context) {
	tick := time.NewTicker(horizon / 2)
	defer tick.Stop()
	for {
		pages, err := s.store.Due(ctx, time.Now().Add(horizon), maxDue)
		if err != nil && ctx.Err() == nil {
			s.log.Error("pages that are due cannot be listed; their visitors will refresh them", "err", err)
		}
		for _, p := range pages {
			s.due.SetEarlier(p.Key, p.Due)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// visitsEvery is how often visits are counted where the store wants to know of them.
const visitsEvery = time.Minute

// watchVisits counts visits from time to time, and when ctx ends.
func (s *Site) watchVisits(ctx context.Context) {
	tick := time.NewTicker(visitsEvery)
	defer tick.Stop()
	for ended := false; !ended; {
		select {
		case <-ctx.Done():
			ended = true
		case <-tick.C:
		}
		s.countVisits()
	}
}

// countVisits takes account of the visits since it was last called, and tells the store
// of them.
func (s *Site) countVisits() {
	store, told := s.store.(VisitStore)
	const batch = 1000
	var visits []Visit
	var err error
	tell := func() {
		ctx, cancel := context.WithTimeout(s.ctx, s.opts.RenderTimeout)
		defer cancel()
		if err == nil && len(visits) > 0 {
			err = store.Visited(ctx, visits)
		}
		visits = nil // the store may have kept them
	}
	now := time.Now()
	s.memory.hot.count()
	for _, e := range s.memory.tier.All() {
		n := e.visits.Swap(0)
		if n == 0 {
			continue
		}
		key := e.key()
		s.traffic.add(key, n, now)
		if !told {
			continue
		}
		if visits = append(visits, Visit{key, int(n)}); len(visits) == batch {
			tell()
		}
	}
	tell()
	if err != nil && s.ctx.Err() == nil && s.complain.due(now) {
		s.log.Warn("visits are not noted; which pages are dropped for want of room is decided without them", "err", err)
	}
}

// schedulePage notes when a page that was just stored asked to be rendered again. A
// moment that an earlier failure or page set is void.
func (s *Site) schedulePage(e *entry) {
	switch due := e.life.due(); {
	case due.IsZero(), due.After(time.Now().Add(horizon)):
		s.due.Remove(e.key())
	default:
		s.due.Set(e.key(), due)
	}
}

// fire renders a page whose moment has come, unless that is not needed any more.
func (s *Site) fire(key Key) {
	rt := s.storingRoute(key)
	if rt == nil {
		return // the route was taken away, or is no longer stored; the page is not served either
	}
	e, st, err := s.lookup(s.ctx, key)
	if e == nil || err != nil {
		return
	}
	now := time.Now()
	if decide(now, &e.life, st, &rt.policy) == serve && !e.life.overtaken {
		s.schedulePage(e) // a retry may have taken the place of its own moment
		return
	}
	cause := "due"
	if failure, known := s.failed.Last(key); known {
		if now.Before(failure.Until) {
			s.due.Set(key, failure.Until)
			return
		}
		cause = "retry"
	}
	s.behind(key, e.tags().list(), newJob(gate.Background, cause))
}

// compactIfLarge bounds the ledger. Pages that are current keep being so; what
// is under the floor afterwards is rendered again at its next visit.
func (s *Site) compactIfLarge() {
	if s.ledger.size() <= maxMarks || !s.compacting.CompareAndSwap(false, true) {
		return
	}
	started := s.work.start(func() {
		defer s.compacting.Store(false)
		upTo := s.ledger.pos()
		if err := s.journal.Compact(s.ctx, upTo); err != nil {
			s.log.Error("journal cannot be compacted", "err", err)
			return
		}
		raiseChecked(s.memory, s.ledger, upTo)
		s.ledger.compact(upTo)
	})
	if !started {
		s.compacting.Store(false)
	}
}
