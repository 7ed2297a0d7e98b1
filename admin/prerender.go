package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/reprint-go/reprint"
)

// maxRuns is how many calls may prerender at once.
const maxRuns = 8

// ndjson is the type of a stream of lines of JSON.
const ndjson = "application/x-ndjson"

func (h *handler) prerender(c *call) (answer, error) {
	if err := h.spend(c); err != nil {
		return answer{}, err
	}
	b, paths, changedAt, err := h.readPrerender(c)
	if err != nil {
		return answer{}, err
	}
	run := h.runs.begin()
	if run == nil {
		return answer{}, &problem{
			status: http.StatusServiceUnavailable, retryAfter: retryLater,
			told: Error{Message: fmt.Sprintf("%d calls prerender already", maxRuns), Fix: "try again when one has ended"},
		}
	}
	defer h.runs.end()
	// Who leaves ends the run; so does who reads no more.
	ctx, cancel := context.WithCancelCause(c.ctx())
	defer cancel(nil)
	s := &stream{w: c.w, run: run, fail: cancel}
	if paths == nil {
		err = h.site.Prerender(ctx, s.progress)
	} else {
		err = h.site.PrerenderPaths(ctx, paths(ctx), changedAt, s.progress)
	}
	attrs := some("paths", b.Paths)
	for name, source := range map[string]string{"sitemap": b.Sitemap, "url": b.URL} {
		if source != "" {
			attrs = append(attrs, slog.String(name, source))
		}
	}
	attrs = append(attrs, slog.String("by", c.who.by),
		slog.Int("rendered", s.last.Rendered), slog.Int("skipped", s.last.Skipped), slog.Int("failed", s.last.Failed))
	h.logCall(c, "admin: prerender", attrs, err)
	if err != nil && !s.begun {
		if p := problemOf(err); p.status != http.StatusInternalServerError {
			run.finish(err)
			return answer{}, p
		}
	}
	s.finish(err)
	return answer{}, nil
}

// readPrerender says what to render; no paths: what the routes list.
func (h *handler) readPrerender(c *call) (b PrerenderRequest, paths func(context.Context) iter.Seq2[string, error], changedAt func(string) time.Time, err error) {
	err = c.readObject([]member{
		{"paths", "a list of strings", &b.Paths}, {"sitemap", "a string", &b.Sitemap}, {"url", "a string", &b.URL},
	}, true)
	if err != nil {
		return b, nil, nil, err
	}
	named := 0
	for _, is := range []bool{len(b.Paths) > 0, b.Sitemap != "", b.URL != ""} {
		if is {
			named++
		}
	}
	switch {
	case named > 1:
		err = badRequest("more than one of paths, sitemap and url is there", "name one in each call")
	case len(b.Paths) > maxTargets:
		err = badRequest(fmt.Sprintf("%d paths are too many; at most %d in one call", len(b.Paths), maxTargets), "use a sitemap, or make several calls")
	case c.who.hosts != nil:
		err = c.who.forbid("may not prerender", "it is limited to hosts, and pages are prerendered for all hosts")
	case c.who.limited() && len(b.Paths) == 0:
		err = c.who.forbid("may prerender only paths that it names", c.who.limits())
	case b.Sitemap != "":
		paths, changedAt, err = h.list("sitemap", b.Sitemap)
	case b.URL != "":
		paths, changedAt, err = h.list("url", b.URL)
	case len(b.Paths) > 0:
		paths, err = c.who.allPaths(b.Paths)
	}
	return b, paths, changedAt, err
}

func (h *handler) list(kind, url string) (paths func(context.Context) iter.Seq2[string, error], changedAt func(string) time.Time, err error) {
	if h.opts.Lists == nil {
		return nil, nil, badRequest("this server reads no lists", "name the paths")
	}
	if paths, changedAt, err = h.opts.Lists(kind, url); err != nil {
		return nil, nil, badRequest(kind+": "+text(err), "")
	}
	return paths, changedAt, nil
}

// allPaths returns the paths that a caller names, if it may.
func (c *caller) allPaths(named []string) (func(context.Context) iter.Seq2[string, error], error) {
	var errs []error
	paths := make([]string, len(named))
	for i, path := range named {
		var err error
		paths[i], err = c.path(path)
		errs = append(errs, err)
	}
	return func(context.Context) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for _, path := range paths {
				if !yield(path, nil) {
					return
				}
			}
		}
	}, errors.Join(errs...)
}

// stream writes the lines of one run. Its methods are called by one goroutine at
// a time.
type stream struct {
	w     http.ResponseWriter
	run   *run
	fail  func(error)
	begun bool
	gone  bool
	last  PrerenderProgress
}

func (s *stream) progress(p reprint.Progress) {
	s.last = PrerenderProgress{Listed: p.Listed, Rendered: p.Rendered, Skipped: p.Skipped, Failed: p.Failed, Path: p.Path}
	if p.Err != nil {
		s.last.Error = text(p.Err)
	}
	s.line()
}

func (s *stream) finish(err error) {
	s.last.Path, s.last.Error, s.last.Finished = "", "", true
	if err != nil {
		s.last.Error = text(err)
	}
	s.line()
}

// line writes where the run is now, at once: somebody watches. A client that does
// not read holds the run for as long as one may, then it is taken to be gone.
func (s *stream) line() {
	s.run.set(s.last)
	if s.gone {
		return
	}
	if !s.begun {
		s.begun = true
		s.w.Header().Set("Content-Type", ndjson)
		s.w.WriteHeader(http.StatusOK)
	}
	control := http.NewResponseController(s.w)
	_ = control.SetWriteDeadline(time.Now().Add(writeTimeout)) // where it is not supported, the server's own must do
	err := json.NewEncoder(s.w).Encode(s.last)
	if err == nil {
		err = control.Flush()
	}
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		s.gone = true
		s.fail(fmt.Errorf("the caller reads no more: %w", err))
	}
}

// runs counts the runs that are under way and remembers the latest.
type runs struct {
	mu     sync.Mutex
	count  int  // guarded by mu
	latest *run // guarded by mu
}

// run is one run, for the status.
type run struct {
	mu    sync.Mutex
	state PrerenderProgress // guarded by mu
}

// begin returns a new run, or nil when there are too many.
func (r *runs) begin() *run {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count >= maxRuns {
		return nil
	}
	r.count++
	r.latest = &run{}
	return r.latest
}

func (r *runs) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count--
}

// last returns where the latest run is; nil when there was none.
func (r *runs) last() *PrerenderProgress {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.latest == nil {
		return nil
	}
	r.latest.mu.Lock()
	defer r.latest.mu.Unlock()
	state := r.latest.state
	return &state
}

func (r *run) set(p PrerenderProgress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state = p
}

// finish notes that a run ended before it began.
func (r *run) finish(err error) { r.set(PrerenderProgress{Error: text(err), Finished: true}) }
