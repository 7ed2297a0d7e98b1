package reprint

import (
	"context"
	"time"

	"github.com/reprint-go/reprint/internal/gate"
)

// horizon is how far ahead moments are kept in memory; the store is asked for
// further ones twice in that time.
const horizon = time.Hour

// startBackground starts what goes on without visitors: pages that are due, and
// retries. stop ends both before running renders are waited for.
func (s *Site) startBackground() {
	ctx, stop := context.WithCancel(s.ctx)
	s.stop = stop
	s.work.start(func() { s.due.Run(ctx, s.fire) })
	s.work.start(func() { s.watchHorizon(ctx) })
}

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

// schedule notes when a page that was just stored asked to be rendered again. A
// moment that an earlier failure or page set is void.
func (s *Site) schedule(p *Page) {
	switch {
	case p.Due.IsZero(), p.Due.After(time.Now().Add(horizon)):
		s.due.Remove(p.Key)
	default:
		s.due.Set(p.Key, p.Due)
	}
}

// fire renders a page whose moment has come, unless that is not needed any more.
func (s *Site) fire(key Key) {
	rt := s.routeOf(key)
	if rt == nil {
		return // the route was taken away; the page is not served either
	}
	e, st, err := s.lookup(s.ctx, key)
	if e == nil || err != nil {
		return
	}
	now := time.Now()
	if decide(now, e.page, st, &rt.policy) == serve && !e.page.Overtaken {
		s.schedule(e.page) // a retry may have taken the place of its own moment
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
	s.behind(key, e.page.Tags, newJob(gate.Background, cause))
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
