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

// write is the one place that answers with a page through an http.ResponseWriter.
// What the fast lane writes itself is the same: see appendFields.
func (s *Site) write(w http.ResponseWriter, r *http.Request, rt *route, e *entry, now time.Time, why reason) {
	s.traced(r, rt, why.verdict(), why.detail)
	e.visits.Add(1)
	x := rendition{e: e, rt: rt, sec: now.Unix(), why: why, codes: s.codings != 0}
	h := w.Header()
	if e.status() == http.StatusOK && partial(r) {
		setFields(h, s.printer.fields(&x))
		delete(h, "Accept-Ranges")
		delete(h, "Content-Length")
		http.ServeContent(w, x.asked(r), "", lastModified(h), bytes.NewReader(e.body))
		return
	}
	x.form = s.formFor(r.Header, e)
	if e.status() == http.StatusOK && x.revalidate(r) {
		setFields(h, s.printer.fields(&x))
		w.WriteHeader(http.StatusNotModified)
		return
	}
	setFields(h, s.printer.fields(&x))
	w.WriteHeader(e.status())
	if r.Method != http.MethodHead {
		_, _ = w.Write(x.body()) // the visitor may have left; there is nothing to do about it
	}
}

// setFields sets the fields of an answer. To what middleware says of Vary they are
// added.
func setFields(h http.Header, fields []printedField) {
	for i := range fields {
		f := &fields[i]
		if f.name == "Vary" && len(h["Vary"]) > 0 {
			h["Vary"] = slices.Concat(h["Vary"], f.values)
			continue
		}
		h[f.name] = f.values
	}
}

// lastModified returns when an answer says that its content became what it is; the
// zero time when it does not.
func lastModified(h http.Header) time.Time {
	t, _ := http.ParseTime(h.Get("Last-Modified"))
	return t
}

// partial reports whether a request is for a part of the page, or makes a condition
// that has to do with parts. It is answered from the page as it is: a part of a
// content coding is of no use to anybody.
func partial(r *http.Request) bool {
	for _, name := range [...]string{"Range", "If-Match", "If-Unmodified-Since", "If-Range"} {
		if _, ok := r.Header[name]; ok {
			return true
		}
	}
	return false
}

// revalidate reports whether the visitor has the content already, and makes x the
// answer that says so (RFC 9110, section 13.2.2).
func (x *rendition) revalidate(r *http.Request) bool {
	if tags, ok := r.Header["If-None-Match"]; ok {
		if x.tag = x.matching(strings.Join(tags, ", ")); x.tag != "" {
			x.notModified = true
		}
		return x.notModified
	}
	condition := r.Header["If-Modified-Since"]
	if len(condition) == 0 {
		return false
	}
	since, err := http.ParseTime(condition[0])
	if err != nil {
		return false
	}
	modified, told := fromMicros(x.e.modified), x.e.dated(x.sec)
	if x.rt.policy.Freshness == FromHeaders {
		modified, err = http.ParseTime(x.e.lines().value("Last-Modified"))
		told = err == nil && modified.Unix() <= x.sec
	}
	x.notModified = told && !modified.After(since)
	return x.notModified
}

// asked returns a partial request as package http answers it right. That knows one
// entity tag of a content, takes a Range of HEAD for one of GET, and wants the name of
// the only unit that there is in lower case (RFC 9110, sections 13.1.1, 14.1 and 14.2).
func (x *rendition) asked(r *http.Request) *http.Request {
	known := *r
	known.Header = r.Header.Clone()
	unit, set, _ := strings.Cut(r.Header.Get("Range"), "=")
	if strings.EqualFold(unit, "bytes") && r.Method != http.MethodHead {
		known.Header.Set("Range", "bytes="+set)
		return &known // a part goes with the tag of the whole as it is, and no other
	}
	known.Header.Del("Range")
	if x.matches(strings.Join(r.Header["If-Match"], ", ")) {
		known.Header.Del("If-Match")
		known.Header.Del("If-Unmodified-Since") // which counts only where there is no other
	}
	return &known
}

func setCacheStatus(w http.ResponseWriter, value string) {
	w.Header()["Cache-Status"] = []string{value}
}

// serveAfterRender answers a visitor for whom a page must be rendered first.
// last is the last good page, nil if there is none; stale says that there was one,
// good or not; visit is the job of the render.
func (s *Site) serveAfterRender(w http.ResponseWriter, r *http.Request, rt *route, key Key, last *entry, stale bool, visit *job, arrival Position) {
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
	out, collapsed, err := s.await(ctx, key, s.ledger.need(tags), arrival, visit)
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
		return last.tags().list()
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
func (s *Site) refreshBehind(e *entry, st standing, now time.Time) reason {
	why := reason{hit: true, detail: "stale-time"}
	if !st.current {
		why.detail = "stale-revalidated"
	}
	key, tags := e.key(), e.tags().list()
	if failure, resting := s.resting(key, tags, now); resting {
		why.detail = failure.Value.token()
		return why
	}
	s.behind(key, tags, newJob(gate.Visited, "stale"))
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
		s.finish(r, outcome{entry: e, stored: true, found: true})
		return
	}
	s.launch(r)
}

// renewed returns the page of key from memory if it is fresh, stored, and from a
// render that began at need or later.
func (s *Site) renewed(key Key, need Position) *entry {
	e := s.memory.get(key)
	if e == nil || e.life.overtaken || e.stamp < need {
		return nil
	}
	rt := s.routeOf(key)
	if rt == nil || decide(time.Now(), &e.life, s.standing(e), &rt.policy) != serve {
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
		if out.entry == nil || out.entry.stamp >= arrival || s.standing(out.entry).current {
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
