package reprint

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/reprint-go/reprint/internal/gate"
)

// Progress is how far [Site.Prerender] has come.
type Progress struct {
	Listed   int // paths that were listed so far
	Rendered int // rendered and stored
	Skipped  int // current already, or not to be stored
	Failed   int // could not be rendered

	Path string // the page that was done last; empty when a listing failed
	Err  error  // why it failed; nil if it did not
}

// Done is how many paths are done with.
func (p Progress) Done() int { return p.Rendered + p.Skipped + p.Failed }

// Prerender renders the paths that the routes list, under the limit on renders
// and after visitors' own, and returns when all are done. Pages that are fresh
// are skipped, so that a run that was interrupted goes on where it stopped.
// Listings are read as they are rendered: their length does not matter.
//
// progress, if not nil, is called after each path, by one goroutine at a time.
// The error says that paths could not be rendered, or that a listing failed: what
// a route listed before is rendered, and what is stored stays. It wraps each
// listing's error and ctx's.
func (s *Site) Prerender(ctx context.Context, progress func(Progress)) error {
	if renderFrom(ctx) != nil {
		return fmt.Errorf("reprint: %w", ErrInRender)
	}
	if !s.work.begin() {
		return fmt.Errorf("reprint: %w", ErrClosed)
	}
	defer s.work.end()
	run := &prerender{report: progress}
	pool := newPool(2*s.opts.Renders, func(k Key) { run.done(k, s.prerenderOne(ctx, k)) })
	var errs []error
	for _, rt := range s.routes.list() {
		if rt.policy.Prerender == nil {
			continue
		}
		if err := s.prerenderRoute(ctx, rt, run, pool); err != nil {
			run.done(Key{}, prerendered{err: err})
			errs = append(errs, fmt.Errorf("reprint: %w", err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	pool.wait()
	if run.state.Failed > 0 {
		errs = append(errs, fmt.Errorf("reprint: %d of %d listed paths could not be rendered", run.state.Failed, run.state.Listed))
	}
	return errors.Join(errs...)
}

// prerenderRoute gives the pages that a route lists to the pool, for each host.
func (s *Site) prerenderRoute(ctx context.Context, rt *route, run *prerender, pool *pool) error {
	for t, err := range s.list(ctx, rt) {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		for _, host := range s.hosts() {
			k := t.key
			k.Host = host
			run.listed()
			pool.give(k)
		}
	}
	return nil
}

// prerendered is what became of one path.
type prerendered struct {
	skipped bool
	err     error
}

// prerenderOne renders a page unless it is fresh.
func (s *Site) prerenderOne(ctx context.Context, key Key) prerendered {
	rt := s.routeOf(key)
	e, st, err := s.lookup(ctx, key)
	if err != nil {
		return prerendered{err: err}
	}
	if e != nil && rt != nil && decide(time.Now(), e.page, st, &rt.policy) == serve {
		return prerendered{skipped: true}
	}
	arrival := s.ledger.pos()
	out, _, err := s.await(ctx, key, 0, arrival, newJob(gate.Background, "prerender"))
	switch {
	case err != nil:
		return prerendered{err: err}
	case out.err != nil:
		return prerendered{err: out.err}
	case out.storeErr != nil:
		return prerendered{err: fmt.Errorf("%s is rendered, but could not be stored: %w", key, out.storeErr)}
	}
	return prerendered{skipped: out.private != ""}
}

// prerender is one run of Prerender.
type prerender struct {
	report func(Progress)
	mu     sync.Mutex
	state  Progress // guarded by mu
}

func (p *prerender) listed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.Listed++
}

// done counts a path. Without a key it tells of a listing that failed.
func (p *prerender) done(key Key, result prerendered) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.Path, p.state.Err = "", result.err
	if key != (Key{}) {
		p.state.Path = key.String()
		switch {
		case result.err != nil:
			p.state.Failed++
		case result.skipped:
			p.state.Skipped++
		default:
			p.state.Rendered++
		}
	}
	if p.report != nil {
		p.report(p.state)
	}
}
