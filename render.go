package reprint

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reprint-go/reprint/internal/field"
	"github.com/reprint-go/reprint/internal/flight"
	"github.com/reprint-go/reprint/internal/gate"
	"github.com/reprint-go/reprint/internal/recorder"
)

// job is what a run of a key's work is for.
type job struct {
	cause  string // see Page.Cause
	force  bool   // render also when there is a fresh page
	class  gate.Class
	ticket *gate.Ticket
	absent absence       // set if there was no page
	pause  time.Duration // before it is begun; see Options.Window
}

func newJob(c gate.Class, cause string) *job {
	return &job{cause: cause, class: c, ticket: gate.NewTicket(c)}
}

// newCall is the job of a revalidation that is waited for.
func (s *Site) newCall(id string) *job {
	j := newJob(gate.Waited, "revalidate "+id)
	j.pause = s.opts.Window
	return j
}

// outcome is what became of a render: exactly one of entry, err and private is
// set.
type outcome struct {
	entry    *entry       // the page, for those who waited since before it began
	stored   bool         // the entry's page is in the store
	changed  bool         // the content is not what it was before; see changedSince
	found    bool         // the page had come by another render
	renewed  bool         // by an answer 304
	storeErr error        // why it is not stored
	err      *RenderError // why there is no page
	private  string       // why the answer is not for everybody; there is no last good page
}

// run is one run of a key's work.
type run = flight.Run[Key, *job, outcome]

// RenderError says why a render gave no page. It wraps the cause.
type RenderError struct {
	Path   string // the key as text
	Status int    // what a visitor is answered when there is no last good page
	Err    error  // one of the errors below, a proof's error, ErrBusy or ErrClosed, with its story
	Stack  []byte // of a panic

	answer *answer  // what the handler said, for visitors
	stamp  Position // of the render
}

// answer is the response of a handler that is shown and not stored.
type answer struct {
	contentType string
	body        []byte
}

// What [RenderError] wraps.
var (
	ErrStatus    = errors.New("the handler answered with a status that is not stored")
	ErrPanic     = errors.New("the handler panicked")
	ErrTimeout   = errors.New("the handler did not finish in time")
	ErrTruncated = errors.New("the handler's answer is not whole")
	ErrTooLarge  = errors.New("the handler's answer is too large")
	ErrPrivate   = errors.New("the handler's answer is not for everybody")
	ErrInvalid   = errors.New("the handler's answer is not valid")
	ErrRefused   = errors.New("the new page was refused")
)

func (e *RenderError) Error() string { return "render " + e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *RenderError) Unwrap() error { return e.Err }

// token is the cause as one token for Cache-Status.
func (e *RenderError) token() string {
	for _, known := range []struct {
		err   error
		token string
	}{
		{ErrStatus, "error-status"}, {ErrPanic, "error-panic"}, {ErrTimeout, "error-timeout"},
		{ErrTruncated, "error-truncated"}, {ErrTooLarge, "error-too-large"}, {ErrPrivate, "error-private"},
		{ErrInvalid, "error-invalid"}, {ErrRefused, "error-refused"}, {ErrBusy, "busy"}, {ErrClosed, "shutdown"},
	} {
		if errors.Is(e.Err, known.err) {
			return known.token
		}
	}
	return "error"
}

// launch starts a run of a key's work.
func (s *Site) launch(r *run) {
	if !s.work.start(func() { s.fly(r) }) {
		s.finish(r, outcome{err: newRenderError(r.Key, ErrClosed)})
	}
}

// finish ends a run and starts the one whose turn it is then.
func (s *Site) finish(r *run, out outcome) {
	if next := s.flights.Finish(r, out); next != nil {
		s.launch(next)
	}
}

// fly waits for the run's turn and renders. Whatever happens the run is finished:
// one that is not would lock its key for ever.
func (s *Site) fly(r *run) {
	var out outcome
	defer func() {
		if p := recover(); p != nil {
			// Not the handler's: a store's, or a fault of this package. It costs the
			// page, not the process.
			out = outcome{err: &RenderError{Path: r.Key.String(), Status: http.StatusInternalServerError,
				Err: fmt.Errorf("%w, or the store did: %v", ErrPanic, p), Stack: debug.Stack()}}
			s.log.Error("panic around a render", "page", r.Key, "err", p, "stack", string(out.err.Stack))
		}
		s.finish(r, out)
	}()
	sleep(s.background, r.Job.pause) // so that others share it
	if err := s.enter(r.Job); err != nil {
		out = outcome{err: newRenderError(r.Key, err)}
		return
	}
	leave := sync.OnceFunc(s.gate.Leave)
	defer leave()
	// The stamp is taken here, when the run can no longer be joined by anybody
	// who needs more than it, and before the handler reads any data.
	stamp := s.flights.Start(r, func() uint64 { return uint64(s.ledger.pos()) })
	out = s.render(r.Key, r.Job.cause, Position(stamp), attempt{leave: leave, absent: r.Job.absent})
}

// enter waits for a place among the running renders.
func (s *Site) enter(j *job) error {
	ctx := s.ctx
	if j.class != gate.Background {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, s.opts.RenderTimeout, ErrBusy)
		defer cancel()
	}
	err := s.gate.Enter(ctx, j.ticket)
	switch {
	case errors.Is(err, gate.ErrFull):
		return ErrBusy
	case err != nil:
		return err
	case s.lost.count() >= s.opts.Renders:
		s.gate.Leave()
		return fmt.Errorf("%w: %d handlers still run long after their deadline", ErrBusy, s.opts.Renders)
	}
	return nil
}

// attempt is how a render is done.
type attempt struct {
	leave  func()            // to be called, perhaps twice, when its place among the running renders is not needed any more
	accept func(*Page) error // if not nil, is asked whether the page may be stored; its error is an ErrUnexpected
	since  time.Time         // shared values must have been loaded since; see Cached
	absent absence           // see job
}

// render runs the handler of key once and commits what it answered.
func (s *Site) render(key Key, cause string, stamp Position, a attempt) outcome {
	rt := s.routeOf(key)
	if rt == nil {
		return outcome{err: &RenderError{Path: key.String(), Status: http.StatusNotFound, Err: &NoRouteError{Path: key.target()}}}
	}
	page := &Page{Key: key, Route: rt.pattern, Stamp: stamp, Pinned: rt.policy.Pin, History: rt.policy.History, Cause: cause, RenderedAt: time.Now().UTC().Truncate(time.Microsecond)}
	ctx := s.traceStart(page)
	out := s.renderPage(ctx, rt, page, a)
	s.traceDone(ctx, page, out)
	return out
}

// renderPage runs the handler for page and commits what it answered; see render.
func (s *Site) renderPage(ctx context.Context, rt *route, page *Page, a attempt) outcome {
	key, stamp := page.Key, page.Stamp
	renewed, failure := s.record(ctx, rt, page, s.renewable(rt, key, a.absent), a.since)
	stored := s.keys.of(key).stored.Load() // before it is looked for
	old, unread := s.replaced(key, a.absent)
	if failure == nil {
		if failure = refused(rt, old, unread, page); failure == nil {
			failure = s.tooManyGone(rt, old, page)
		}
		if failure != nil {
			s.putAside(page, old, failure)
		}
	}
	if failure == nil {
		page.settle(old, rt.policy.Volatile)
	}
	if failure == nil && a.accept != nil {
		if err := a.accept(page); err != nil {
			return outcome{err: &RenderError{Path: key.String(), Status: http.StatusBadGateway, Err: err}}
		}
	}
	switch {
	case failure == nil && unread != nil:
		return s.uncommitted(page, unread)
	case failure == nil:
		s.failed.Forget(key)
		// While this page is stored another one can be rendered, as long as those that
		// wait for the store are not too much to hold: then the store sets the pace.
		if size := int64(page.Size()); s.storing.TryAcquire(size) {
			defer s.storing.Release(size)
			a.leave()
		}
		out := s.commit(page, old, stored)
		out.renewed = renewed
		if out.stored {
			s.forgetAside(key)
		}
		return out
	case errors.Is(failure, ErrPrivate) && unread == nil && (old == nil || rt.policy.Freshness == FromHeaders || gone(page.Status)):
		s.forsake(key, old, stamp)
		return outcome{private: failure.Err.Error()}
	case old != nil && old.stamp > stamp:
		return outcome{err: failure} // a newer render has succeeded meanwhile
	}
	failure.stamp = stamp
	s.fail(key, failure, old)
	return outcome{err: failure}
}

// gone reports whether a status says that there is no such page any more. Also where
// that answer itself may not be stored, the page may not stay.
func gone(status int) bool { return status == http.StatusNotFound || status == http.StatusGone }

// forsake notes that the handler, asked at stamp, does not want the page of key to
// be shared, and drops the one that is stored. A failure to do so is mended by the
// next render of it. An older render that is still under way is not stored any
// more: see fence.
func (s *Site) forsake(key Key, old *entry, stamp Position) {
	lock := s.keys.of(key)
	lock.Lock()
	defer lock.Unlock()
	s.private.Fail(key, time.Now(), stamp)
	if old == nil {
		return
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.opts.RenderTimeout)
	defer cancel()
	if err := s.store.Delete(ctx, key, stamp+1); err != nil {
		s.log.Error("page that must not be shared any more is not deleted", "page", key, "err", err)
	}
	lock.stored.Add(1)
	s.memory.remove(key, stamp+1)
	if s.memory.peek(key) == nil {
		s.due.Remove(key)
	}
}

// renewable returns the page that a render of key may renew instead of replacing
// it, or nil.
func (s *Site) renewable(rt *route, key Key, known absence) *Page {
	if !rt.policy.Conditional {
		return nil
	}
	e, err := s.replaced(key, known)
	if err != nil || e == nil || e.status() != http.StatusOK {
		return nil
	}
	old := e.page()
	if len(validators(old)) == 0 {
		return nil
	}
	return old
}

// validators are the request headers that ask whether a page has changed. A
// Last-Modified is used only where it cannot be that the content changed twice
// within its second (RFC 9110, section 8.8.2.2).
func validators(p *Page) http.Header {
	h := make(http.Header)
	etag, modified := field.Validators(p.Header)
	if etag != "" {
		h.Set("If-None-Match", etag)
	}
	if modified != "" && field.StrongDate(modified, p.Header.Get("Date")) {
		h.Set("If-Modified-Since", modified)
	}
	return h
}

// record runs the handler and fills page with its answer. old is the page that an
// answer 304 renews; nil: the handler is not asked that way. since is attempt's.
func (s *Site) record(ctx context.Context, rt *route, page, old *Page, since time.Time) (renewed bool, failure *RenderError) {
	timeout := rt.policy.Timeout
	if timeout == 0 {
		timeout = s.opts.RenderTimeout
	}
	state := &render{site: s, stamp: page.Stamp, since: since, page: func() tagList { return packTags(rt.tags(page.Key)) }}
	ctx, cancel := context.WithTimeoutCause(context.WithValue(ctx, renderKey{}, state), timeout, timeoutError(timeout))
	defer cancel()
	rec := recorder.New(s.opts.MaxPage)
	r := keyRequest(ctx, page.Key)
	if old != nil {
		maps.Copy(r.Header, validators(old))
	}
	if failure := s.runHandler(rec, r, page.Key); failure != nil {
		state.seal() // what it said so far counts for nothing
		return false, failure
	}
	page.RenderTook = time.Since(page.RenderedAt).Truncate(time.Microsecond)
	status, header, body, err := rec.Result()
	defer rec.Release() // what is kept of the body is a copy
	switch {
	case err == nil && status == http.StatusNotModified && old != nil && confirms(header, old):
		page.renew(header, old)
		return true, page.seal(state, rt)
	case err == nil && status == http.StatusNotModified && old != nil:
		// It is about something else that the handler has (RFC 9111, section 4.3.4).
		return s.record(ctx, rt, page, nil, since)
	}
	if failure := page.fill(rt, status, header, body, err); failure != nil {
		return false, failure
	}
	return false, page.seal(state, rt)
}

// timeoutError is an [ErrTimeout] that says how long that was.
type timeoutError time.Duration

func (t timeoutError) Error() string { return fmt.Sprintf("%v: %v", ErrTimeout, time.Duration(t)) }
func (timeoutError) Unwrap() error   { return ErrTimeout }

// confirms reports whether the header of a 304 is about the page that was asked
// for: it names its ETag, or none.
func confirms(header http.Header, old *Page) bool {
	asked, _ := field.Validators(old.Header)
	got := header.Get("Etag")
	return got == "" || asked == "" || strings.TrimPrefix(got, "W/") == strings.TrimPrefix(asked, "W/")
}

// fill makes the recorded answer the page's, if it is whole and one of a page.
// The header is the handler's own still, see seal.
func (p *Page) fill(rt *route, status int, header http.Header, body []byte, err error) *RenderError {
	switch {
	case errors.Is(err, recorder.ErrTooLarge):
		return p.failure(http.StatusInternalServerError, ErrTooLarge, err)
	case errors.Is(err, recorder.ErrTruncated):
		return p.failure(http.StatusBadGateway, ErrTruncated, err)
	case err != nil:
		return p.failure(http.StatusBadGateway, ErrInvalid, err)
	case !storable(status) && rt.policy.Freshness == FromHeaders && status < 500 && !passing4xx(status):
		return p.failure(status, ErrPrivate, fmt.Sprintf("a %d is not stored", status))
	case !storable(status):
		failure := p.failure(status, ErrStatus, story(status, header, body))
		failure.answer = &answer{header.Get("Content-Type"), bytes.Clone(body)}
		return failure
	}
	p.Status, p.Header, p.Body = status, header, bytes.Clone(body)
	p.Sum = sha256.Sum256(body)
	p.ModifiedAt = p.RenderedAt.Truncate(time.Second)
	return nil
}

// passing4xx reports whether a status of the 400s says nothing of the page, but that
// it cannot be had at the moment.
func passing4xx(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusTooEarly || status == http.StatusTooManyRequests
}

// story is what a handler that failed said: its status, and the first line of a
// plain text.
func story(status int, header http.Header, body []byte) string {
	text := strconv.Itoa(status)
	if !strings.HasPrefix(header.Get("Content-Type"), "text/plain") {
		return text
	}
	line, _, _ := strings.Cut(strings.ToValidUTF8(string(body[:min(len(body), maxStory)]), "?"), "\n")
	if line = strings.TrimSpace(line); line != "" {
		text += ", " + line
	}
	return text
}

// maxStory is how many bytes of an error's text are told.
const maxStory = 200

// renew makes p the page that old is, with the header that a 304 has brought up to
// date (RFC 9111, section 4.3.4).
func (p *Page) renew(header http.Header, old *Page) {
	p.Status, p.Header, p.Body, p.Sum = old.Status, field.Merge(old.Header, header), old.Body, old.Sum
	p.ModifiedAt = old.ModifiedAt
	p.Tags = slices.DeleteFunc(slices.Clone(old.Tags), isImplicit)
	if old.Due.After(p.RenderedAt) {
		p.Due = old.Due
	}
}

// seal checks that the answer is for everybody, cleans its header, and adds what
// the handler said of the page by way of its context.
func (p *Page) seal(state *render, rt *route) *RenderError {
	said := state.seal()
	if said.err != nil {
		return p.failure(http.StatusInternalServerError, ErrInvalid, said.err)
	}
	if why := notForEverybody(p.Header, rt); why != "" {
		return p.failure(http.StatusInternalServerError, ErrPrivate, why)
	}
	kept, bad := endToEnd(p.Header, rt)
	if bad != "" {
		return p.failure(http.StatusBadGateway, ErrInvalid, fmt.Sprintf("header %s cannot be sent", bad))
	}
	if kept.Get("Content-Type") == "" && len(p.Body) > 0 {
		kept.Set("Content-Type", http.DetectContentType(p.Body))
	}
	if rt.policy.Freshness == FromHeaders {
		if p.Lifetime = lifetime(p.Header, p.RenderedAt); p.Lifetime == nil {
			return p.failure(http.StatusOK, ErrPrivate, "it has no explicit freshness")
		}
	}
	p.Header = kept
	p.Tags = sealTags(append(said.tags, p.Tags...), rt.tags(p.Key))
	if !said.due.IsZero() {
		// A page that is due at once would be rendered without end.
		p.Due = later(said.due.UTC().Truncate(time.Microsecond), p.RenderedAt.Add(time.Second))
	}
	if !said.until.IsZero() {
		p.endAt(said.until)
	}
	return nil
}

// endAt has the page be stale by time from a moment on, without being rendered then.
func (p *Page) endAt(until time.Time) {
	fresh := max(until.Sub(p.RenderedAt), 0)
	if p.Lifetime == nil {
		p.Lifetime = &Lifetime{Fresh: fresh, IfError: Unsaid}
		return
	}
	p.Lifetime.Fresh = min(p.Lifetime.Fresh, p.Lifetime.Age+fresh)
}

// endToEnd returns what of a header is kept with a page. Validators and, under
// FromHeaders, what else describes the answer itself stay with it.
func endToEnd(h http.Header, rt *route) (kept http.Header, bad string) {
	kept, bad = field.EndToEnd(h)
	if bad != "" {
		return nil, bad
	}
	var stays []string
	if rt.policy.Conditional || rt.policy.Freshness == FromHeaders {
		stays = append(stays, "Etag", "Last-Modified", "Date")
	}
	if rt.policy.Freshness == FromHeaders {
		// Surrogate-Control too, although it is for us: a 304 may leave it out and
		// mean it.
		stays = append(stays, "Vary")
	} else {
		delete(kept, "Surrogate-Control")
		if len(field.Forbidden(h)) > 0 {
			// The policy ignores it; caches downstream are told what it says instead.
			for _, name := range [...]string{"Cache-Control", "Cdn-Cache-Control", "Expires", "Pragma"} {
				delete(kept, name)
			}
		}
	}
	for _, name := range stays {
		for _, v := range h[name] {
			if !field.Valid(v) {
				return nil, name
			}
		}
		if len(h[name]) > 0 {
			kept[name] = slices.Clip(slices.Clone(h[name]))
		}
	}
	return kept, ""
}

func (p *Page) failure(status int, cause error, story any) *RenderError {
	return &RenderError{Path: p.Key.String(), Status: status, Err: fmt.Errorf("%w: %v", cause, story)}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// runHandler runs the handler on its own goroutine until it returns or its
// deadline passes. One that does not stop then is left behind, counted, with a
// recorder that takes nothing any more.
func (s *Site) runHandler(rec *recorder.Recorder, r *http.Request, key Key) *RenderError {
	ctx := r.Context()
	done := make(chan *RenderError, 1)
	var left atomic.Bool // set by whoever comes second
	s.work.crew.do(func() {
		returned := false
		defer func() {
			var failure *RenderError
			if p := recover(); !returned {
				failure = &RenderError{Path: key.String(), Status: http.StatusInternalServerError, Err: errGoexit}
				if p != nil {
					failure.Err, failure.Stack = fmt.Errorf("%w: %v", ErrPanic, p), debug.Stack()
				}
			}
			done <- failure
			if left.Swap(true) {
				s.lost.add(-1)
			}
		}()
		s.table.Load().mux.ServeHTTP(rec, r)
		returned = true
	})
	select {
	case failure := <-done:
		return failure
	case <-ctx.Done():
	}
	s.lost.add(1)
	if left.Swap(true) {
		s.lost.add(-1)
	}
	rec.Seal()
	status := http.StatusGatewayTimeout
	if !errors.Is(context.Cause(ctx), ErrTimeout) {
		status = http.StatusServiceUnavailable
	}
	return &RenderError{Path: key.String(), Status: status, Err: context.Cause(ctx)}
}

var errGoexit = fmt.Errorf("%w: its goroutine ended", ErrPanic)

// keyRequest builds the request that a render sees, from the key and nothing
// else.
func keyRequest(ctx context.Context, key Key) *http.Request {
	host := key.Host
	if host == "" {
		host = "localhost"
	}
	u := keyURL(key)
	r := &http.Request{
		Method: http.MethodGet, URL: u, Host: host, RequestURI: u.RequestURI(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: variantHeader(key.Variant), Body: http.NoBody,
		RemoteAddr: "0.0.0.0:0",
	}
	return r.WithContext(ctx)
}

// storable reports whether an answer of that status is a page.
func storable(status int) bool {
	switch status {
	case http.StatusOK, http.StatusNotFound, http.StatusGone,
		http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// notForEverybody returns what says that an answer must not be shared, or "".
func notForEverybody(h http.Header, rt *route) string {
	if len(h["Set-Cookie"]) > 0 && !slices.Contains(rt.policy.Ignore, "set-cookie") {
		return "it sets a cookie"
	}
	for _, directive := range field.Forbidden(h) {
		if !slices.Contains(rt.policy.Ignore, directive) {
			return "Cache-Control: " + directive
		}
	}
	for _, name := range field.Vary(h) {
		if name != "Accept-Encoding" && !slices.Contains(rt.known, name) {
			return "Vary: " + name + ", which the route's policy does not declare"
		}
	}
	if enc := h.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return "Content-Encoding: " + enc + ", which was not asked for"
	}
	return ""
}

// refused asks the route's proof, and refuses an empty page in place of one that
// was not: that is how a handler looks that swallowed its own error.
func refused(rt *route, old *entry, unread error, page *Page) *RenderError {
	var err error
	switch {
	case unread != nil && rt.policy.Proof != nil:
		err = fmt.Errorf("the page to compare it with cannot be read: %w", unread)
	case old != nil && old.status() == http.StatusOK && page.Status == http.StatusOK && len(old.body) > 0 && len(page.Body) == 0:
		err = errors.New("it is empty and the last good one is not")
	case rt.policy.Proof != nil:
		err = proof(rt.policy.Proof, old, page)
	}
	if err == nil {
		return nil
	}
	return &RenderError{Path: page.Key.String(), Status: http.StatusInternalServerError, Err: fmt.Errorf("%w: %w", ErrRefused, err)}
}

// tooManyGone refuses a page that says that it is gone where too many of the same
// revalidation have said so.
func (s *Site) tooManyGone(rt *route, old *entry, page *Page) *RenderError {
	if rt.policy.MaxGone == 0 || old == nil || old.status() != http.StatusOK || !gone(page.Status) {
		return nil
	}
	by := s.ledger.above(old.tags().list(), old.isChecked())
	if len(by) == 0 || s.gone.another(by[len(by)-1], max(0, rt.policy.MaxGone)) {
		return nil
	}
	err := fmt.Errorf("it is a %d, and already %d pages of the same revalidation are gone", page.Status, max(0, rt.policy.MaxGone))
	return &RenderError{Path: page.Key.String(), Status: http.StatusBadGateway, Err: fmt.Errorf("%w: %w", ErrRefused, err)}
}

// goneCounts is of how many pages that revalidations made stale it was found that they
// are gone.
type goneCounts struct {
	mu     sync.Mutex
	counts map[Position]int      // guarded by mu, as is all below
	first  map[Position]Position // of further entries of a revalidation: where its first one is
}

// join notes that the entry at a position is a further one of a revalidation.
func (g *goneCounts) join(position, first Position) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.first == nil {
		g.first = make(map[Position]Position)
	}
	g.first[position] = first
	if len(g.first) > maxGoneCounts {
		delete(g.first, slices.Min(slices.Collect(maps.Keys(g.first))))
	}
}

// maxGoneCounts is of how many revalidations that is known, the last ones.
const maxGoneCounts = 1000

// another counts a page, and reports whether it is within the limit.
func (g *goneCounts) another(by Position, limit int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if first, further := g.first[by]; further {
		by = first
	}
	if g.counts[by] >= limit {
		return false
	}
	if g.counts == nil {
		g.counts = make(map[Position]int)
	}
	g.counts[by]++
	if len(g.counts) > maxGoneCounts {
		delete(g.counts, slices.Min(slices.Collect(maps.Keys(g.counts))))
	}
	return true
}

// proof calls a route's proof; one that panics refuses.
func proof(f func(old, new *Page) error, old *entry, page *Page) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the proof panicked: %v", p)
		}
	}()
	if old == nil {
		return f(nil, page)
	}
	return f(old.page(), page)
}

// renderKey finds a render in its context.
type renderKey struct{}

// render is what a handler says of its page by way of the context; or what a load says
// of a value that pages share, see Cached.
type render struct {
	site    *Site
	stamp   Position
	since   time.Time      // values that it uses must have been loaded since
	page    func() tagList // the implicit tags of the page
	loading []dataKey      // the values that are being loaded, one for the other

	mu     sync.Mutex
	tags   []string  // guarded by mu, as is all below
	due    time.Time // zero: none
	until  time.Time // when a value ends that was used; zero: never
	err    error
	sealed bool
}

func renderFrom(ctx context.Context) *render {
	r, _ := ctx.Value(renderKey{}).(*render)
	return r
}

func (r *render) tag(tags []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sealed || r.err != nil {
		return
	}
	for _, t := range tags {
		if r.err = ValidTag(t); r.err != nil {
			return
		}
		r.tags = append(r.tags, t)
	}
	if len(r.tags) > maxTagsPerPage {
		slices.Sort(r.tags)
		r.tags = slices.Compact(r.tags)
	}
	if len(r.tags) > maxTagsPerPage {
		r.err = fmt.Errorf("more than %d tags; %q is one too many", maxTagsPerPage, tags[len(tags)-1])
	}
}

func (r *render) revalidateAt(t time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !t.IsZero() && t.Before(heldForGood) && (r.due.IsZero() || t.Before(r.due)) {
		r.due = t
	}
}

// said is what a render or a load has said.
type said struct {
	tags       []string
	due, until time.Time
	err        error
}

// seal ends what can be said and returns it.
func (r *render) seal() said {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sealed = true
	return said{r.tags, r.due, r.until, r.err}
}
