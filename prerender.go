package reprint

import (
	"context"
	"errors"
	"fmt"
	"iter"
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
// are skipped, so that a run that was interrupted goes on where it stopped; see
// also [Policy.ChangedAt]. Listings are read as they are rendered: their length
// does not matter.
//
// progress, if not nil, is called after each path, by one goroutine at a time.
// The error says that paths could not be rendered, or that a listing failed: what
// a route listed before is rendered, and what is stored stays. It wraps each
// listing's error and ctx's.
func (s *Site) Prerender(ctx context.Context, progress func(Progress)) error {
	return s.prerender(ctx, progress, func(give func(listedPage)) error {
		var errs []error
		for _, rt := range s.table.Load().list() {
			if rt.policy.Prerender == nil {
				continue
			}
			errs = append(errs, s.giveRoute(ctx, rt, give))
			if ctx.Err() != nil {
				break
			}
		}
		return errors.Join(errs...)
	})
}

// PrerenderPaths is [Site.Prerender] for the given paths, on every host that has a
// route for them, instead of those that the routes list. A path that no route
// serves, or that its route does not list, counts as failed. changedAt may be nil; see [Policy.ChangedAt].
func (s *Site) PrerenderPaths(ctx context.Context, paths iter.Seq2[string, error], changedAt func(path string) time.Time, progress func(Progress)) error {
	return s.prerender(ctx, progress, func(give func(listedPage)) error {
		for path, err := range paths {
			switch {
			case err != nil:
				return fmt.Errorf("reprint: %w", err)
			case ctx.Err() != nil:
				return context.Cause(ctx)
			}
			s.givePath(ctx, path, changed(changedAt, path), give)
		}
		return nil
	})
}

// listedPage is a page to prerender.
type listedPage struct {
	key     Key
	path    string    // as it was listed
	changed time.Time // zero: not known when
	err     error     // why it cannot be rendered
}

func changed(at func(string) time.Time, path string) time.Time {
	if at == nil {
		return time.Time{}
	}
	return at(path)
}

// prerender renders what list gives.
func (s *Site) prerender(ctx context.Context, progress func(Progress), list func(give func(listedPage)) error) error {
	if err := s.beginCall(ctx); err != nil {
		return err
	}
	defer s.work.end()
	run := &prerender{report: progress}
	pool := newPool(s.work.crew, s.opts.Renders+storingAhead, func(p listedPage) { run.done(p.path, s.prerenderOne(ctx, p)) })
	failure := list(func(p listedPage) {
		run.listed()
		pool.give(p)
	})
	pool.wait()
	var errs []error
	if failure != nil {
		run.done("", prerendered{err: failure})
		errs = append(errs, failure)
	}
	if run.state.Failed > 0 {
		errs = append(errs, fmt.Errorf("reprint: %d of %d listed paths could not be rendered", run.state.Failed, run.state.Listed))
	}
	return errors.Join(errs...)
}

// giveRoute gives the pages that a route lists, for each host that it serves.
func (s *Site) giveRoute(ctx context.Context, rt *route, give func(listedPage)) error {
	for l, err := range s.list(ctx, rt) {
		switch {
		case err != nil:
			return fmt.Errorf("reprint: %w", err)
		case ctx.Err() != nil:
			return fmt.Errorf("reprint: %w", context.Cause(ctx))
		}
		for _, host := range rt.hosts(s) {
			k := l.target.key
			k.Host = host
			give(listedPage{key: k, path: k.String(), changed: changed(rt.policy.ChangedAt, l.path)})
		}
	}
	return nil
}

// givePath gives the pages of a path, for each host that has a route for it.
func (s *Site) givePath(ctx context.Context, path string, changed time.Time, give func(listedPage)) {
	var failure error
	given := false
	for _, host := range s.hosts() {
		t, err := s.resolve(host, path)
		if err == nil {
			err = s.admit(ctx, t)
		}
		if err != nil {
			failure = err
			continue
		}
		given = true
		give(listedPage{key: t.key, path: t.key.String(), changed: changed})
	}
	if !given {
		give(listedPage{path: path, err: failure})
	}
}

// prerendered is what became of one path.
type prerendered struct {
	skipped bool
	err     error
}

// prerenderOne renders a page unless it is fresh, or known not to have changed.
func (s *Site) prerenderOne(ctx context.Context, p listedPage) prerendered {
	if p.err != nil {
		return prerendered{err: p.err}
	}
	rt := s.routeOf(p.key)
	if rt != nil && rt.policy.Bypass {
		return prerendered{skipped: true} // nothing of it is stored
	}
	e, st, none, err := s.seek(ctx, p.key)
	if err != nil {
		return prerendered{err: err}
	}
	job := newJob(gate.Background, "prerender")
	job.absent = none
	if e != nil && rt != nil {
		v := decide(time.Now(), &e.life, st, &rt.policy)
		job.force = p.changed.After(fromMicros(e.life.renderedAt))
		if !job.force && (v == serve || (v == refresh && st.current && !p.changed.IsZero())) {
			return prerendered{skipped: true}
		}
	}
	arrival := s.ledger.pos()
	out, _, err := s.await(ctx, p.key, 0, arrival, job)
	switch {
	case err != nil:
		return prerendered{err: err}
	case out.err != nil:
		return prerendered{err: out.err}
	case out.storeErr != nil:
		return prerendered{err: fmt.Errorf("%s is rendered, but could not be stored: %w", p.key, out.storeErr)}
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

// done counts a path. Without one it tells of a listing that failed.
func (p *prerender) done(path string, result prerendered) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.Path, p.state.Err = path, result.err
	if path != "" {
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
