package reprint

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reprint-go/reprint/internal/gate"
)

// reason is why an answer is what it is, for Cache-Status (RFC 9211).
type reason struct {
	hit       bool   // answered from a page that was there
	fwd       string // else why not: "miss", "stale"
	renewed   bool   // by a 304
	stored    bool
	collapsed bool   // shared a render with others
	detail    string // one token; see docs/http.md
}

// verdict is the reason in one word.
func (why reason) verdict() Verdict {
	switch {
	case !why.hit:
		return VerdictMiss
	case why.detail == "":
		return VerdictHit
	case why.detail == "stale-time", why.detail == "stale-revalidated":
		return VerdictStale
	}
	return VerdictError
}

// write is the one place that answers with a page.
func (s *Site) write(w http.ResponseWriter, r *http.Request, rt *route, e *entry, now time.Time, why reason) {
	s.traced(r, rt, why.verdict(), why.detail)
	p := e.page
	h := w.Header()
	for name, values := range p.Header {
		if name == "Vary" {
			values = slices.Concat(h["Vary"], values) // middleware's too
		}
		h[name] = slices.Clip(values) // who appends to it must not reach the page
	}
	modified := s.ownHeader(h, rt, e, now, why)
	if len(rt.vary) > 0 {
		h["Vary"] = slices.Concat(h["Vary"], rt.vary)
	}
	setCacheStatus(w, why.cacheStatus(p, rt, now))
	switch {
	case p.Status == http.StatusOK && conditional(r):
		http.ServeContent(w, withKnownRange(r), "", modified, bytes.NewReader(p.Body))
		return
	case p.Status == http.StatusOK:
		h["Accept-Ranges"] = acceptRanges
		if !modified.IsZero() {
			h["Last-Modified"] = []string{modified.UTC().Format(http.TimeFormat)}
		}
	}
	h["Content-Length"] = e.length
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(p.Body) // the visitor may have left; there is nothing to do about it
	}
}

// ownHeader sets what the site says of a page itself, and returns when it was
// last modified; the zero time when that is not said. Under FromHeaders the
// handler's word stands, and a weak ETag is compared weakly.
func (s *Site) ownHeader(h http.Header, rt *route, e *entry, now time.Time, why reason) time.Time {
	p := e.page
	age := now.Sub(p.RenderedAt)
	delete(h, "Surrogate-Control") // it was for us
	if rt.policy.Freshness == FromHeaders {
		h.Set("Age", strconv.Itoa(max(0, int((age+lifetimeOf(p).Age)/time.Second))))
		if len(h["Etag"]) == 0 {
			h["Etag"] = e.etag
		}
		modified, _ := http.ParseTime(h.Get("Last-Modified"))
		return modified
	}
	delete(h, "Date")
	delete(h, "Last-Modified")
	h["Etag"] = e.etag
	h.Set("Age", strconv.Itoa(max(0, int(age/time.Second))))
	h.Set("Cache-Control", cacheControl(rt, p, why))
	return lastModified(p, now)
}

// lastModified returns when the content became what it is; the zero time, which
// is not sent and not compared with, while that is in the future (RFC 9110,
// section 8.8.2.1): two changes within one second are told apart that way.
func lastModified(p *Page, now time.Time) time.Time {
	if p.ModifiedAt.After(now) {
		return time.Time{}
	}
	return p.ModifiedAt
}

var acceptRanges = []string{"bytes"}

// conditional reports whether a request asks for less than the page: a range, or
// nothing if it has not changed.
func conditional(r *http.Request) bool {
	for _, name := range [...]string{"Range", "If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range"} {
		if _, ok := r.Header[name]; ok {
			return true
		}
	}
	return false
}

// withKnownRange returns r without a Range in a unit that nobody knows, which
// counts for nothing, and with the name of the one that there is as package http
// wants it: it has no case (RFC 9110, sections 14.1 and 14.2).
func withKnownRange(r *http.Request) *http.Request {
	unit, set, _ := strings.Cut(r.Header.Get("Range"), "=")
	if unit == "" || unit == "bytes" {
		return r
	}
	known := *r
	known.Header = r.Header.Clone()
	known.Header.Del("Range")
	if strings.EqualFold(unit, "bytes") {
		known.Header.Set("Range", "bytes="+set)
	}
	return &known
}

// cacheControl is what browsers and caches downstream are told. Only a fresh 200
// may be kept by them: a stale page would else stay there for its whole life
// again.
func cacheControl(rt *route, p *Page, why reason) string {
	stale := why.hit && why.detail != ""
	switch own := p.Header.Get("Cache-Control"); {
	case stale || p.Status != http.StatusOK:
		return DefaultCacheControl
	case rt.policy.CacheControl != "":
		return rt.policy.CacheControl
	case own != "":
		return own
	}
	return DefaultCacheControl
}

// cacheStatus formats the reason. The ttl is left out for a page that stays fresh
// until it is revalidated; it is negative for one that is stale by time.
func (why reason) cacheStatus(p *Page, rt *route, now time.Time) string {
	b := make([]byte, 0, 64)
	b = append(b, "reprint"...)
	if why.hit {
		b = append(b, "; hit"...)
	} else {
		b = append(append(b, "; fwd="...), why.fwd...)
	}
	switch {
	case p != nil && why.renewed:
		b = append(b, "; fwd-status=304"...)
	case p != nil && !why.hit:
		b = strconv.AppendInt(append(b, "; fwd-status="...), int64(p.Status), 10)
	}
	if p != nil && rt != nil {
		if until := freshUntil(p, &rt.policy); !until.IsZero() {
			b = strconv.AppendInt(append(b, "; ttl="...), int64(until.Sub(now)/time.Second), 10)
		}
	}
	if why.stored {
		b = append(b, "; stored"...)
	}
	if why.collapsed {
		b = append(b, "; collapsed"...)
	}
	if why.detail != "" {
		b = append(append(b, "; detail="...), why.detail...)
	}
	return string(b)
}

func setCacheStatus(w http.ResponseWriter, value string) {
	w.Header()["Cache-Status"] = []string{value}
}

// serveAfterRender answers a visitor for whom a page must be rendered first.
// last is the last good page, nil if there is none; stale says that there was one,
// good or not.
func (s *Site) serveAfterRender(w http.ResponseWriter, r *http.Request, rt *route, key Key, last *entry, stale bool, arrival Position) {
	now := time.Now()
	if _, resting := s.private.Resting(key, now); resting && last == nil {
		s.pass(w, r, rt, key, "private")
		return
	}
	tags := knownTags(last, rt, key)
	if failure, resting := s.resting(key, tags, now); resting {
		if last == nil && rt.policy.Freshness == FromHeaders {
			// Without us the visitor would ask the handler too, and perhaps it is well
			// again.
			s.pass(w, r, rt, key, failure.Value.token())
			return
		}
		s.writeFailure(w, r, rt, last, failure.Value, failure.Until)
		return
	}
	if last == nil && rt.policy.Fallback == Shell && !s.lists(r.Context(), rt, key) {
		s.serveShell(w, r, rt, key)
		return
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), 2*s.opts.RenderTimeout, ErrBusy)
	defer cancel()
	out, collapsed, err := s.await(ctx, key, s.ledger.need(tags), arrival, newJob(gate.Waited, "visit"))
	switch {
	case err != nil && r.Context().Err() != nil: // the visitor has left
	case err != nil:
		s.writeFailure(w, r, rt, last, newRenderError(key, err), now.Add(time.Second))
	case out.private != "":
		s.pass(w, r, rt, key, "private")
	case out.err != nil:
		until := now.Add(time.Second)
		if failure, known := s.failed.Last(key); known {
			until = failure.Until
		}
		s.writeFailure(w, r, rt, last, out.err, until)
	default:
		why := reason{fwd: "miss", stored: out.stored, collapsed: collapsed, renewed: out.renewed}
		if stale {
			why.fwd = "stale"
		}
		s.write(w, r, rt, out.entry, time.Now(), why)
	}
}

// knownTags are the tags that a visitor can know its page to have.
func knownTags(last *entry, rt *route, key Key) []string {
	if last != nil {
		return last.page.Tags
	}
	return rt.tags(key)
}

// serveShell answers with the placeholder and has the page rendered behind.
func (s *Site) serveShell(w http.ResponseWriter, r *http.Request, rt *route, key Key) {
	s.behind(key, rt.tags(key), newJob(gate.Visited, "visit"))
	s.traced(r, rt, VerdictMiss, "shell")
	const status = "reprint; fwd=miss; detail=shell"
	setCacheStatus(w, status)
	shell := &passing{ResponseWriter: w, cacheStatus: status, unstorable: true}
	rt.policy.Shell.ServeHTTP(shell, keyRequest(r.Context(), key))
	shell.end()
}

// writeFailure answers a visitor whose page could not be rendered: with the last
// good page if there is one, else with what went wrong. It may be tried again at
// until.
func (s *Site) writeFailure(w http.ResponseWriter, r *http.Request, rt *route, last *entry, failure *RenderError, until time.Time) {
	now := time.Now()
	if last != nil {
		s.write(w, r, rt, last, now, reason{hit: true, detail: failure.token()})
		return
	}
	s.traced(r, rt, VerdictError, failure.token())
	setCacheStatus(w, "reprint; fwd=miss; fwd-status="+strconv.Itoa(failure.Status)+"; detail="+failure.token())
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if failure.Status >= 500 {
		wait := max(1, int((until.Sub(now)+time.Second-1)/time.Second))
		h.Set("Retry-After", strconv.Itoa(wait))
	}
	if a := failure.answer; a != nil {
		if a.contentType != "" {
			h.Set("Content-Type", a.contentType)
		}
		w.WriteHeader(failure.Status)
		if r.Method != http.MethodHead {
			_, _ = w.Write(a.body)
		}
		return
	}
	http.Error(w, http.StatusText(failure.Status), failure.Status)
}

// refreshBehind has a stale page rendered again, unless it failed just now, and
// says why the visitor gets the stale one.
func (s *Site) refreshBehind(rt *route, e *entry, st standing, now time.Time) reason {
	why := reason{hit: true, detail: "stale-time"}
	if !st.current {
		why.detail = "stale-revalidated"
	}
	if failure, resting := s.resting(e.page.Key, e.page.Tags, now); resting {
		why.detail = failure.Value.token()
		return why
	}
	s.behind(e.page.Key, e.page.Tags, newJob(gate.Visited, "stale"))
	return why
}

// behind makes sure that a render of key, whose page has or may have tags, that
// knows all that is in force now is under way or waits for its turn. Nobody waits
// for it.
func (s *Site) behind(key Key, tags []string, j *job) {
	if s.work.closed() {
		return
	}
	need := s.ledger.need(tags)
	run, launch := s.flights.Join(key, uint64(need), j)
	if launch {
		s.launchIfNeeded(run, need)
		return
	}
	s.gate.Promote(run.Job.ticket, j.class)
}

// launchIfNeeded starts a run, unless the page that it is for has just come: its
// caller may have looked before another run had stored it, and joined after that
// one had ended.
func (s *Site) launchIfNeeded(r *run, need Position) {
	if r.Job.force {
		s.launch(r)
		return
	}
	if e := s.renewed(r.Key, need); e != nil {
		s.finish(r, outcome{entry: e, stored: true})
		return
	}
	s.launch(r)
}

// renewed returns the page of key from memory if it is fresh, stored, and from a
// render that began at need or later.
func (s *Site) renewed(key Key, need Position) *entry {
	e := s.memory.get(key)
	if e == nil || e.page.Overtaken || e.page.Stamp < need {
		return nil
	}
	rt := s.routeOf(key)
	if rt == nil || decide(time.Now(), e.page, s.standing(e), &rt.policy) != serve {
		return nil
	}
	return e
}

// await waits for a render of key whose stamp reaches need and which, seen from
// arrival, is current: nothing that was in force at arrival is unknown to it.
func (s *Site) await(ctx context.Context, key Key, need, arrival Position, j *job) (out outcome, collapsed bool, err error) {
	for {
		run, launch := s.flights.Join(key, uint64(need), j)
		if launch {
			s.launchIfNeeded(run, need)
		} else {
			s.gate.Promote(run.Job.ticket, j.class)
			collapsed = run.Job != j
		}
		select {
		case <-run.Done():
		case <-ctx.Done():
			return out, collapsed, context.Cause(ctx)
		}
		out, _ = run.Value()
		// Which tags a page has is known only now. A render that was joined may
		// have begun before an entry that names one of them.
		if out.entry == nil || out.entry.page.Stamp >= arrival || s.standing(out.entry).current {
			return out, collapsed, nil
		}
		need, j = arrival, newJob(j.class, j.cause)
	}
}

// newRenderError puts an error that has nothing to do with the handler into the
// form that visitors and callers are answered from.
func newRenderError(key Key, err error) *RenderError {
	if re, ok := errors.AsType[*RenderError](err); ok {
		return re
	}
	return &RenderError{Path: key.String(), Status: http.StatusServiceUnavailable, Err: err}
}
