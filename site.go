package reprint

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"github.com/reprint-go/reprint/internal/backoff"
	"github.com/reprint-go/reprint/internal/coding"
	"github.com/reprint-go/reprint/internal/due"
	"github.com/reprint-go/reprint/internal/flight"
	"github.com/reprint-go/reprint/internal/gate"
	"github.com/reprint-go/reprint/internal/lane"
	"github.com/reprint-go/reprint/internal/pace"
)

// Options configures a [Site]. The zero Options is a site that keeps its pages
// in memory.
type Options struct {
	// Store keeps pages beyond the life of the process. Nil: memory only. The
	// site does not close it: close it after [Site.Shutdown].
	Store Store

	// Journal keeps revalidations and receipts. Nil: Store, if it is a Journal
	// too, as sqlite.Store is; New returns an error if it is not. It must be the
	// one with which the pages in Store were stored: with another one, positions
	// mean nothing.
	Journal Journal

	// Hosts are the names that the site answers for, without port, each with
	// pages of its own; a request for any other name is answered 421. Empty: any
	// name reaches the same pages, and renders see the host "localhost".
	Hosts []string

	// Memory is the limit in bytes on pages kept in memory, with headers, content
	// codings and bookkeeping. Zero: 256 MiB. It is never more than half of the Go
	// runtime's own limit ([debug.SetMemoryLimit], GOMEMLIMIT), so that the collector
	// has room to work in.
	Memory int64

	// MaxPage is the largest body in bytes that is stored. A render that writes
	// more fails. Zero: 16 MiB.
	MaxPage int64

	// Renders is how many renders run at once. Zero: 16. What has been rendered and is
	// being stored does not count, up to 32 MiB. A handler that does not
	// stop at its deadline is not waited for; as many such may linger again
	// before further renders are refused.
	Renders int

	// Queue is how many renders may wait for their turn. Beyond that visitors of
	// pages that are not there get 503 with Retry-After, and background work is
	// left for the next visit. Zero: 10,000.
	Queue int

	// Calls is how many revalidations may be under way at once, those that nobody waits
	// for among them; further ones get [ErrBusy] before anything is done. Zero: 1,000.
	Calls int

	// Window is for how long a revalidation that renders a page waits for others that name
	// the same one, which then share its render. Each of them is as true as by itself.
	// Zero: not at all; those that come while a render is under way share the next one
	// anyway.
	Window time.Duration

	// Brake is how much a revalidation may mean that was not confirmed; see
	// [Revalidation.Confirm]. The zero Brake: everything.
	Brake Brake

	// RenderTimeout is the longest a render may take, and the longest it may
	// wait for its turn. Zero: 30 s.
	RenderTimeout time.Duration

	// DataMemory is how many bytes of values that pages share are kept; see [Cached]. A
	// text and a []byte count their length, what has a method Size() int what that
	// says, and anything else 1 KiB. Zero: 32 MiB.
	DataMemory int64

	// DraftSecret signs the cookies of draft mode, at least 16 bytes. Nil: there
	// is no draft mode.
	DraftSecret []byte

	// NotFound answers paths that Fallback NotFound refuses. Nil: http.NotFound.
	// It sees the visitor's own request; what it answers is never stored.
	NotFound http.Handler

	// Codings are the content codings that pages are offered in, of "gzip", "br" and
	// "zstd": each page is coded once, when it is first asked for that way. Nil: all
	// of them. Empty and not nil: none.
	Codings []string

	// Trace observes the site. The zero Trace: nobody does.
	Trace Trace

	// Log receives what an operator should know. Nil: slog.Default().
	Log *slog.Logger
}

// Defaults and bounds of Options.
const (
	defaultMemory        = 256 << 20
	defaultMaxPage       = 16 << 20
	defaultDataMemory    = 32 << 20
	defaultRenders       = 16
	defaultQueue         = 10_000
	defaultCalls         = 1_000
	defaultRenderTimeout = 30 * time.Second

	minDraftSecret = 16
	maxWindow      = 10 * time.Second
)

// Bounds that are not options: what the site remembers beside its pages.
const (
	maxFailures = 10_000  // keys whose last render failed
	maxPrivate  = 10_000  // keys whose answers are not for everybody
	maxDue      = 100_000 // moments kept in memory
	maxMarks    = 100_000 // tags in the ledger before it is compacted

	// maxStoring is how many bytes of rendered pages wait for the store without a
	// place among the running renders, and storingAhead how many pages of one call: a
	// store that writes many of them at a time takes less for each.
	maxStoring   = 32 << 20
	storingAhead = 256
)

func (o Options) withDefaults() Options {
	def := func(v *int64, d int64) {
		if *v == 0 {
			*v = d
		}
	}
	def(&o.Memory, defaultMemory)
	o.Memory = min(o.Memory, debug.SetMemoryLimit(-1)/2)
	def(&o.MaxPage, defaultMaxPage)
	def(&o.DataMemory, defaultDataMemory)
	if o.Renders == 0 {
		o.Renders = defaultRenders
	}
	if o.Queue == 0 {
		o.Queue = defaultQueue
	}
	if o.Calls == 0 {
		o.Calls = defaultCalls
	}
	if o.RenderTimeout == 0 {
		o.RenderTimeout = defaultRenderTimeout
	}
	if o.NotFound == nil {
		o.NotFound = http.HandlerFunc(http.NotFound)
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	o.Hosts = slices.Clone(o.Hosts)
	for i, h := range o.Hosts {
		o.Hosts[i] = strings.TrimSuffix(strings.ToLower(h), ".")
	}
	return o
}

func (o Options) validate() error {
	var errs []error
	fault := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("reprint: Options."+format, args...))
	}
	for name, v := range map[string]int64{
		"Memory": o.Memory, "MaxPage": o.MaxPage, "DataMemory": o.DataMemory, "Renders": int64(o.Renders),
		"Queue": int64(o.Queue), "Calls": int64(o.Calls), "Window": int64(o.Window), "RenderTimeout": int64(o.RenderTimeout),
	} {
		if v < 0 {
			fault("%s is negative; zero means the default", name)
		}
	}
	for _, h := range o.Hosts {
		if h == "" || strings.ContainsAny(h, "/:?# ") {
			fault("Hosts has %q; write a bare name like example.org, without scheme and port", h)
		}
	}
	for _, name := range o.Codings {
		if c, ok := coding.Parse(name); !ok || c == coding.Identity {
			fault("Codings has %q; there are gzip, br and zstd", name)
		}
	}
	if o.DraftSecret != nil && len(o.DraftSecret) < minDraftSecret {
		fault("DraftSecret has %d bytes, at least %d are needed", len(o.DraftSecret), minDraftSecret)
	}
	if o.Window > maxWindow {
		fault("Window is %v; every call would wait so long: at most %v", o.Window, maxWindow)
	}
	if err := o.Brake.Validate(); err != nil {
		errs = append(errs, err)
	}
	if _, ok := o.Store.(Journal); o.Store != nil && o.Journal == nil && !ok {
		fault("Journal is nil and the Store (%T) is none", o.Store)
	}
	return errors.Join(errs...)
}

// codings is the set of Codings, which are valid.
func (o Options) codings() coding.Set {
	if o.Codings == nil {
		return coding.All
	}
	var set coding.Set
	for _, name := range o.Codings {
		c, _ := coding.Parse(name)
		set = set.With(c)
	}
	return set
}

// Site is the http.Handler that holds routes and serves their pages. Its methods
// are safe for concurrent use, Handle too, but a route must be there before its
// requests come.
type Site struct {
	opts    Options
	log     *slog.Logger
	table   atomic.Pointer[table]
	memory  *memory
	data    *data
	store   Store
	journal Journal
	ledger  *ledger

	flights  flight.Group[Key, *job, outcome]
	gate     *gate.Gate
	storing  *semaphore.Weighted // bytes of rendered pages that wait for the store; see renderPage
	loads    singleflight.Group  // of pages from the store
	failed   *backoff.Book[Key, *RenderError]
	private  *backoff.Book[Key, Position] // with the stamp of the render that said so
	unkept   *backoff.Book[Key, struct{}] // pages that the store did not take
	due      *due.Queue[Key]
	duePlans *due.Queue[string] // by their IDs
	lost     lost               // handlers that did not stop

	routing   atomic.Uint64 // rises when routes have changed; see ready
	printer   printer
	codings   coding.Set    // that pages are offered in
	encodings EncodingStore // nil: forms are not kept
	versions  VersionStore  // nil: versions are not kept
	asides    asides
	gone      goneCounts
	strong    chan strongWork // forms to be made smaller
	lanes     []*lane.Lane    // guarded by work.mu

	// commits lets many commits run at once, but none while journal entries
	// come into force. So every page is either stored before an entry is in
	// force, and then found by the call that made the entry, or it is checked
	// against the entry when it is stored. See commit.
	commits sync.RWMutex

	// keys lets one render of a key be committed at a time: see commit.
	keys keyLocks

	rerouting  sync.Mutex // held while routes are replaced
	arrivals   arrivals   // entries that have not come into force yet
	receipts   receipts   // those that are being stored
	news       news       // for those who follow the events of the site
	refills    refills    // that are under way
	traffic    traffic
	schedule   schedule
	calls      *semaphore.Weighted // revalidations that are not done
	expected   expected            // pages that calls have waited for
	applying   sync.Mutex          // held while entries come into force, in order
	compacting atomic.Bool         // the journal is being compacted
	complain   throttle            // of a store that takes no pages

	ctx        context.Context // ends when running renders are to be cut
	cancel     context.CancelCauseFunc
	stop       func()          // ends the background work
	background context.Context // ends with it
	opening    opening
	work       work // everything that Shutdown waits for
}

// New returns a site without routes. It reads the journal's summary and starts
// the site's background work, which [Site.Shutdown] ends. It reports every fault
// of opts at once.
func New(opts Options) (*Site, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	s := &Site{
		opts:     opts,
		log:      opts.Log,
		gate:     gate.New(opts.Renders, opts.Queue),
		calls:    semaphore.NewWeighted(int64(opts.Calls)),
		storing:  semaphore.NewWeighted(maxStoring),
		work:     work{crew: newCrew()},
		failed:   backoff.New[Key, *RenderError](time.Second, 5*time.Minute, maxFailures),
		private:  backoff.New[Key, Position](10*time.Second, 2*time.Minute, maxPrivate),
		unkept:   backoff.New[Key, struct{}](10*time.Second, 5*time.Minute, maxFailures),
		due:      due.New[Key](maxDue),
		duePlans: due.New[string](maxPlans),
		schedule: schedule{plans: make(map[string]*Plan)},
		refills:  refills{limiter: pace.NewLimiter(max(1, opts.Renders/2))},
	}
	s.opening.done = make(chan struct{})
	s.codings = opts.codings()
	s.strong = make(chan strongWork, maxStrong)
	s.table.Store(newTable())
	s.openStore()
	s.encodings, _ = s.store.(EncodingStore)
	s.versions, _ = s.store.(VersionStore)
	summary, err := s.journal.Summary(context.Background())
	if err != nil {
		return nil, fmt.Errorf("reprint: read the journal: %w", err)
	}
	s.ledger = newLedger(summary)
	s.data = newData(s, opts.DataMemory)
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.startBackground()
	return s, nil
}

// openStore sets the memory tier, the store and the journal. Without a store the
// memory tier is the store.
func (s *Site) openStore() {
	s.store, s.journal = s.opts.Store, s.opts.Journal
	if s.store == nil {
		m := NewMemoryStore(s.opts.Memory)
		s.memory, s.store = m.memory, m
	} else {
		s.memory = newMemory(s.opts.Memory, false)
	}
	if s.journal == nil {
		s.journal = s.store.(Journal)
	}
}

// ServeHTTP answers from stored pages where a route says so.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The arrival is fixed before anything is read: whatever was in force then,
	// the answer must know of it.
	arrival := s.ledger.pos()
	host, path, err := s.canonical(r)
	if err != nil {
		if rt := s.match(r); rt != nil && rt.policy.Bypass && !errors.Is(err, errHost) && isPassable(r.URL.EscapedPath()) {
			s.pass(w, r, rt, Key{Host: host}, "bypass")
			return
		}
		s.refuse(w, r, nil, err)
		return
	}
	if r.URL.Path == "" && r.Method != http.MethodConnect {
		home := *r
		home.URL = &url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host, Path: "/", RawQuery: r.URL.RawQuery}
		r = &home
	}
	if host != "" && stripPort(r.Host) != host {
		// The route is chosen by the name that is in the key, and not by another
		// spelling of it.
		canonical := *r
		canonical.Host = host
		r = &canonical
	}
	key := Key{Host: host, Path: path}
	e, rt := s.routed(r, key)
	if why := s.passes(r, rt); why != "" {
		s.pass(w, r, rt, key, why)
		return
	}
	if r.ContentLength != 0 {
		// No render sees the body, and who reads it could answer otherwise.
		if rt.policy.Freshness == FromHeaders {
			s.pass(w, r, rt, key, "body")
			return
		}
		s.refuse(w, r, rt, errBody)
		return
	}
	if rt.policy.Fallback == NotFound && !s.listed(w, r, rt, path) {
		return
	}
	key.Query, err = keptQuery(r.URL.RawQuery, &rt.policy)
	switch {
	case err != nil && rt.policy.Freshness == FromHeaders:
		// There is no key, and nothing says that there must be one.
		s.pass(w, r, rt, key, "query")
		return
	case err != nil:
		s.refuse(w, r, rt, err)
		return
	}
	if key.Variant = rt.variant.of(r.Header); key.Query != "" || key.Variant != "" {
		e = nil
	}
	s.servePage(w, r, rt, key, e, arrival)
}

// routed returns the route of a request, and the page in memory that it names if
// neither its query nor its header are part of the key. To know the page is to know
// the route: that is quicker than to match it.
func (s *Site) routed(r *http.Request, key Key) (*entry, *route) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil, s.match(r)
	}
	e := s.memory.get(key)
	if e == nil {
		return nil, s.match(r)
	}
	rd := s.readied(e)
	if rd.route == nil || (r.Method == http.MethodHead && !rd.head) {
		return e, s.match(r)
	}
	return e, rd.route
}

// servePage is the way of a request from its key on: look up, decide, act.
// e is the page in memory, if it was looked up already.
func (s *Site) servePage(w http.ResponseWriter, r *http.Request, rt *route, key Key, e *entry, arrival Position) {
	now := time.Now()
	var standing standing
	var none absence
	if e != nil {
		standing = s.standing(e)
	} else {
		var err error
		e, standing, none, err = s.seek(r.Context(), key)
		if err != nil && r.Context().Err() != nil {
			return // the visitor has left
		}
	}
	var page *life
	if e != nil {
		page = &e.life
	}
	v := decide(now, page, standing, &rt.policy)
	if rt.policy.Freshness == FromHeaders && (v == wait || v == absent) && s.forwarded(w, r, rt, key, page) {
		return
	}
	switch v {
	case serve:
		s.write(w, r, rt, e, now, reason{hit: true})
	case refresh:
		s.write(w, r, rt, e, now, s.refreshBehind(e, standing, now))
	case wait, absent:
		if v == absent {
			e = nil
		}
		visit := newJob(gate.Waited, "visit")
		visit.absent = none
		s.serveAfterRender(w, r, rt, key, e, page != nil && !standing.deleted, visit, arrival)
	}
}

// canonical returns the host and path of a request's key, or why it has none.
func (s *Site) canonical(r *http.Request) (host, path string, err error) {
	if host, err = s.host(r); err != nil {
		return "", "", err
	}
	raw := r.URL.RawPath
	if raw == "" {
		raw = r.URL.EscapedPath()
	}
	if raw == "" {
		raw = "/" // GET http://example.org HTTP/1.1
	}
	path, err = canonicalPath(raw)
	return host, path, err
}

// errBody is answered 400.
var errBody = errors.New("a GET for a page has no body")

// errHost is answered 421: the site does not know the name.
var errHost = errors.New("this site does not answer for that host")

// host returns the host of a request's key.
func (s *Site) host(r *http.Request) (string, error) {
	if len(s.opts.Hosts) == 0 {
		return "", nil
	}
	host := strings.TrimSuffix(strings.ToLower(stripPort(r.Host)), ".")
	if !slices.Contains(s.opts.Hosts, host) {
		return "", errHost
	}
	return host, nil
}

func stripPort(host string) string {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		return host[:i]
	}
	return host
}

// passes returns why a request is not answered from a page, or "".
func (s *Site) passes(r *http.Request, rt *route) string {
	switch {
	case rt == nil:
		return "no-route"
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return "method"
	case len(r.Header["Authorization"]) > 0:
		return "authorization"
	case s.drafting(r):
		return "draft"
	case r.Context().Value(passKey{}) != nil:
		return "bypass"
	}
	return rt.policy.bypasses(r)
}

// bypasses returns why a GET passes by the policy's own word, or "".
func (p *Policy) bypasses(r *http.Request) string {
	if p.Bypass {
		return "bypass"
	}
	for _, name := range p.BypassHeaders {
		if len(r.Header[name]) > 0 {
			return "header"
		}
	}
	if slices.ContainsFunc(r.Header["Cookie"], p.bypassesCookie) {
		return "cookie"
	}
	return ""
}

// bypassesCookie reports whether a line of cookies has one with which requests pass
// through. It does not use package http, which leaves out cookies that other parsers
// take.
func (p *Policy) bypassesCookie(line string) bool {
	if len(p.BypassCookies) == 0 {
		return false
	}
	for pair := range strings.SplitSeq(line, ";") {
		if name, _, _ := strings.Cut(pair, "="); matchesAny(p.BypassCookies, strings.TrimSpace(name)) {
			return true
		}
	}
	return false
}
