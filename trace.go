package reprint

import (
	"context"
	"net/http"
	"time"
)

// Trace observes a [Site]: for logs, metrics and traces. Any field may be nil. The
// functions are called on the way of visitors and renders, from many goroutines at
// once: they must be quick.
type Trace struct {
	// Served is called once for each request, when it is decided how to answer it
	// and before anything is written. r is the request as ServeHTTP got it.
	Served func(r *http.Request, s Served)

	// RenderStart is called when a render begins. The context that it returns is
	// the one that the handler and RenderDone see; it must be derived from ctx.
	RenderStart func(ctx context.Context, r RenderInfo) context.Context

	// RenderDone is called when a render has ended, well or not.
	RenderDone func(ctx context.Context, r RenderInfo)

	// Revalidated is called when a revalidation is done with, also when it failed.
	Revalidated func(r *Receipt)
}

// Served says how a request is answered.
type Served struct {
	Route   string  // the pattern; empty: none matches
	Verdict Verdict // in one word
	Detail  string  // the detail of Cache-Status; empty: none
}

// Verdict is what became of a request. There are these and no others, so that it
// can be a label of a metric.
type Verdict string

// The verdicts.
const (
	VerdictHit    Verdict = "hit"    // a fresh page
	VerdictStale  Verdict = "stale"  // a stale page, which is rendered again behind
	VerdictMiss   Verdict = "miss"   // waited for a render
	VerdictError  Verdict = "error"  // the last good page, or an error: the render failed
	VerdictPass   Verdict = "pass"   // passed through to the handler
	VerdictRefuse Verdict = "refuse" // answered by the site itself: 400, 404 unlisted, 421 ...
)

// RenderInfo is about one render.
type RenderInfo struct {
	Key   Key
	Route string
	Cause string // as in [Page.Cause]

	// For RenderDone:
	Status  int           // of the answer; what visitors without a page get when it failed
	Size    int           // of the body
	Took    time.Duration // of the whole render, with storing
	Err     error         // nil when there is a page
	Changed bool          // the content is another than before
	Renewed bool          // the handler answered 304
	Private bool          // the answer is not for everybody; Err is nil
}

// traced tells how a request is answered.
func (s *Site) traced(r *http.Request, rt *route, v Verdict, detail string) {
	if s.opts.Trace.Served == nil {
		return
	}
	pattern := ""
	if rt != nil {
		pattern = rt.pattern
	}
	s.opts.Trace.Served(r, Served{Route: pattern, Verdict: v, Detail: detail})
}

// traceStart tells that a render begins, and returns its context.
func (s *Site) traceStart(p *Page) context.Context {
	if s.opts.Trace.RenderStart == nil {
		return s.ctx
	}
	return s.opts.Trace.RenderStart(s.ctx, RenderInfo{Key: p.Key, Route: p.Route, Cause: p.Cause})
}

// traceDone tells what became of a render.
func (s *Site) traceDone(ctx context.Context, p *Page, out outcome) {
	if s.opts.Trace.RenderDone == nil {
		return
	}
	info := RenderInfo{
		Key: p.Key, Route: p.Route, Cause: p.Cause, Status: p.Status, Size: len(p.Body), Took: time.Since(p.RenderedAt),
		Changed: out.changed, Renewed: out.renewed, Private: out.private != "", Err: out.storeErr,
	}
	if out.err != nil {
		info.Err, info.Status = out.err, out.err.Status
	}
	s.opts.Trace.RenderDone(ctx, info)
}
