package reprint

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Mode is how a revalidation makes pages current again.
type Mode int

const (
	// Regenerate renders the pages now; visitors get the old ones meanwhile; the
	// call returns when the new ones are served.
	Regenerate Mode = iota
	// Stale returns at once. A page is rendered at its next visit, behind; that
	// visitor still gets the old one.
	Stale
	// Expire returns at once. The next visitor waits for the render and gets the
	// old page only when that fails.
	Expire
	// Delete returns at once. The page is gone, also as a last good page; the
	// next visitor waits for a render.
	Delete
)

var modeNames = [...]string{"regenerate", "stale", "expire", "delete"}

func (m Mode) String() string {
	if m < 0 || int(m) >= len(modeNames) {
		return fmt.Sprintf("Mode(%d)", int(m))
	}
	return modeNames[m]
}

// MarshalText writes the mode as its lower-case name.
func (m Mode) MarshalText() ([]byte, error) {
	if m < 0 || int(m) >= len(modeNames) {
		return nil, fmt.Errorf("reprint: unknown mode %d", int(m))
	}
	return []byte(modeNames[m]), nil
}

// UnmarshalText reads the name of a mode; its error lists the names there are.
func (m *Mode) UnmarshalText(text []byte) error {
	for i, name := range modeNames {
		if string(text) == name {
			*m = Mode(i)
			return nil
		}
	}
	return fmt.Errorf("reprint: unknown mode %q; there are regenerate, stale, expire and delete", text)
}

// Revalidation is what [Site.Apply] is asked to do. At least one of Paths, Tags,
// Prefixes, Patterns and All names a target: nothing never means everything.
type Revalidation struct {
	// Paths name pages: "/posts/42", or "/posts?page=2" for one query of a path.
	// A path without a query stands for all its queries and variants. In mode
	// Regenerate a path that has no page yet gets one.
	Paths []string
	// Tags name things that pages depend on, as given to [Tag]: pages that carry any
	// of them, or with EveryTag those that carry each of them.
	Tags     []string
	EveryTag bool
	// Prefixes name parts of the site: "/posts/" is /posts/ and all below it,
	// not /posts-2. Each begins and ends with a slash.
	Prefixes []string
	// Patterns name routes, as given to [Site.Handle]: "/posts/{id}" is all pages that
	// the route has rendered.
	Patterns []string
	// All is the whole site.
	All bool
	// Host narrows what is named to one of [Options.Hosts]. Empty: all.
	Host string
	// Only narrows what is named to stored pages in a state.
	Only Only

	// Mode is what to do. Zero: Regenerate.
	Mode Mode
	// Expect is what the new pages must satisfy before they are stored. Mode Regenerate
	// only. Zero: nothing.
	Expect Expect
	// OnlyGenerated leaves alone what has no stored page: such a path is
	// reported as skipped. It is unstable_onlyGenerated of Next.js.
	OnlyGenerated bool
	// DryRun changes nothing: the receipt says which pages are meant, and what it would
	// mean to render them in its Estimate. It has no ID and no position, and is not
	// stored.
	DryRun bool
	// NoWait returns as soon as the revalidation is in force, with a receipt whose
	// Running is true; [Site.Receipt] tells the rest when it is done, or that it was
	// Interrupted by the end of the process. In the modes Stale and Expire that is also
	// so without it when more than 100 pages are meant: to list them takes longer than to
	// make them stale.
	NoWait bool
	// Refill renders the pages that are stored behind the answer, those first that are
	// visited most, under a limit that adapts to how the handlers bear it and leaves half
	// of [Options.Renders] to others; see [Site.Refills]. It goes on after a restart.
	// NoWait is implied. Not in mode Delete, and not with Expect.
	Refill bool
	// Confirm lets the revalidation mean more than the brake lets through: [Options.Brake],
	// or Brake where it is not nil.
	Confirm bool
	Brake   *Brake
	// By says who asked, for receipts and explanations.
	By string
	// From says where the call came from, as its server knows it, for receipts: the
	// address of a client.
	From string
}

// Revalidate renders the pages of path again and returns nil when every request
// that begins from now on is answered from a render that began after this call
// did. It is [Site.Apply] for one path in mode Regenerate; what it returns
// otherwise says why, and visitors keep the last good page. Of a page that is held the
// error wraps [ErrHeld].
func (s *Site) Revalidate(ctx context.Context, path string) error {
	receipt, err := s.Apply(ctx, Revalidation{Paths: []string{path}})
	if err == nil && slices.ContainsFunc(receipt.Pages, func(p PageResult) bool { return p.held }) {
		err = fmt.Errorf("reprint: %w: %s", ErrHeld, path)
	}
	return err
}

// Apply is the general verb: it makes the pages that r names current again, in
// the way of r.Mode, and says what it did.
//
// First the revalidation is appended to the journal. From the moment that this
// is durable, it is in force, whatever else happens: to this call, its context
// or the process. In mode Regenerate Apply then renders each page, never joining
// a render that began before, and returns when all are done. In the other modes
// it returns at once.
//
// The receipt is stored behind the answer: a crash right after it can lose the
// receipt, but not the revalidation nor its pages.
//
// The receipt is nil when nothing was done: the error is then a *BadPathError,
// or wraps [ErrNoTarget], [ErrUnknownHost], [ErrNoRoute], [ErrUnlisted], [ErrUnconfirmed],
// [ErrBusy], [ErrInRender] or [ErrClosed], or is the journal's. With a receipt, the error tells that pages
// could not be rendered (it wraps the first one's *RenderError) or that ctx ended
// before all were: those renders go on.
func (s *Site) Apply(ctx context.Context, r Revalidation) (*Receipt, error) {
	begin := time.Now()
	if err := s.beginCall(ctx); err != nil {
		return nil, err
	}
	defer s.work.end()
	aims, err := s.aim(ctx, r)
	if err != nil {
		return nil, err
	}
	return s.applyTo(ctx, r, aims, begin)
}

// beginCall lets a call begin that renders or changes pages, unless it comes from a render,
// or the site is being shut down. Without an error the caller ends it with s.work.end.
func (s *Site) beginCall(ctx context.Context) error {
	if renderFrom(ctx) != nil {
		return fmt.Errorf("reprint: %w", ErrInRender)
	}
	if !s.work.begin() {
		return fmt.Errorf("reprint: %w", ErrClosed)
	}
	return nil
}

// applyTo is Apply for pages that are known.
func (s *Site) applyTo(ctx context.Context, r Revalidation, aims aims, begin time.Time) (*Receipt, error) {
	if r.DryRun {
		return s.rehearse(ctx, r, aims)
	}
	if err := s.brake(ctx, r, aims); err != nil {
		return nil, err
	}
	if !s.calls.TryAcquire(1) {
		return nil, fmt.Errorf("reprint: %w: %d revalidations are under way", ErrBusy, s.opts.Calls)
	}
	receipt := newReceipt(r, begin)
	receipt.ID = rand.Text()[:16]
	if r.Refill && len(aims.tags) > 0 {
		defer s.calls.Release(1)
		return s.applyRefill(ctx, r, aims, receipt)
	}
	return s.apply(ctx, r, aims, receipt, begin)
}

// apply brings a revalidation into force and does what it asks for. It ends the call.
func (s *Site) apply(ctx context.Context, r Revalidation, aims aims, receipt *Receipt, begin time.Time) (*Receipt, error) {
	behind := false
	defer func() {
		if !behind {
			s.calls.Release(1)
		}
	}()
	if len(aims.tags) == 0 { // and so no pages
		receipt.Position = s.ledger.pos()
	} else if err := s.enact(ctx, receipt, aims.tags); err != nil {
		return nil, fmt.Errorf("reprint: append to the journal: %w", err)
	}
	if err := s.endHolding(aims.held); err != nil {
		return receipt, fmt.Errorf("reprint: revalidation %s is in force, but pages are still held: %w", receipt.ID, err)
	}
	if !r.NoWait && !s.namesMany(ctx, r, aims) {
		return receipt, s.complete(ctx, r, aims, &tally{receipt: receipt}, begin)
	}
	receipt.Running = true
	running := receipt.clone()
	written := &tally{receipt: receipt}
	done := s.receipts.follow(written)
	s.keepReceipt(running, false)()
	behind = s.work.start(func() {
		defer s.calls.Release(1)
		defer done()
		_ = s.complete(s.ctx, r, aims, written, begin) // the receipt tells how it went
	})
	if !behind {
		done()
		running.Running = false
		return running, fmt.Errorf("reprint: revalidation %s is in force, but its pages are left to their next visitors: %w", receipt.ID, ErrClosed)
	}
	return running, nil
}

// namesMany reports whether a revalidation that renders nothing names more pages than
// its answer may take the time to list. It costs the same however many there are.
func (s *Site) namesMany(ctx context.Context, r Revalidation, a aims) bool {
	if r.Mode != Stale && r.Mode != Expire {
		return false
	}
	if a.only {
		return len(a.keys) > maxListedAtOnce
	}
	n := 0
	for _, tag := range a.tags {
		for _, err := range s.tagged(ctx, tag) {
			if n++; err != nil || n > maxListedAtOnce {
				return err == nil
			}
		}
	}
	return false
}

// maxListedAtOnce is how many pages a call lists before it answers.
const maxListedAtOnce = 100

// maxEntryTags is how many tags one entry of the journal names. What names more has
// several entries.
const maxEntryTags = 1000

// enact appends what a receipt is for to the journal, and lets it come into force.
func (s *Site) enact(ctx context.Context, receipt *Receipt, tags []string) error {
	var first Position
	for some := range slices.Chunk(tags, maxEntryTags) {
		position, err := s.append(ctx, Entry{ID: receipt.ID, Time: receipt.At, Mode: receipt.Mode, Tags: some, By: receipt.By})
		if err != nil {
			return err
		}
		if receipt.Position = position; first == 0 {
			first = position
		} else {
			s.gone.join(position, first)
		}
	}
	return nil
}

// complete does what a revalidation that is in force asks for, and keeps its
// receipt.
func (s *Site) complete(ctx context.Context, r Revalidation, a aims, written *tally, begin time.Time) error {
	err := s.carryOut(ctx, r, a, written)
	receipt := written.receipt // which nobody else writes any more
	written.mu.Lock()
	receipt.Took = time.Since(begin).Truncate(time.Microsecond)
	receipt.Running = false
	receipt.finish()
	store := s.keepReceipt(receipt, len(a.tags) > 0)
	written.mu.Unlock()
	store()
	if traced := s.opts.Trace.Revalidated; traced != nil {
		traced(receipt)
	}
	return err
}

// rehearse says which pages a revalidation means.
func (s *Site) rehearse(ctx context.Context, r Revalidation, a aims) (*Receipt, error) {
	receipt := newReceipt(r, time.Now())
	s.countVisits()
	var found survey
	seen := make(map[Key]bool)
	err := s.survey(ctx, r, a, func(k Key, p *Page) bool {
		if r.OnlyGenerated {
			seen[k] = true
		}
		found.add(&s.traffic, k, p)
		receipt.add(PageResult{Path: k.String(), Result: ResultMatched})
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("reprint: list the pages that are meant: %w", err)
	}
	if r.OnlyGenerated && !a.only {
		skipUngenerated(a.keys, seen, receipt.add)
	}
	receipt.Estimate = found.estimate(&s.traffic)
	receipt.Took = time.Since(receipt.At).Truncate(time.Microsecond)
	receipt.finish()
	return receipt, nil
}

// aims is what a revalidation names, in the journal's terms.
type aims struct {
	tags []string // sorted, without duplicates
	keys []Key    // pages that were named by path: they are rendered even if there is none yet
	only bool     // keys are all the pages there are to it, and none is new
	held []Key    // pages whose holding ends with it
}

// add names a page by its key and its own tag.
func (a *aims) add(p *Page) {
	a.keys = append(a.keys, p.Key)
	a.tags = append(a.tags, ownTagOf(p))
}

// sort puts the tags into the form that they must have.
func (a *aims) sort() {
	slices.Sort(a.tags)
	a.tags = slices.Compact(a.tags)
}

// aim checks what a revalidation names, and finds the pages where it is narrowed.
func (s *Site) aim(ctx context.Context, r Revalidation) (aims, error) {
	a, err := s.aimAt(ctx, r)
	if err != nil || r.Only.IsZero() {
		return a, err
	}
	if a, err = s.narrow(ctx, r, a); err != nil {
		return aims{}, fmt.Errorf("reprint: list the pages that are meant: %w", err)
	}
	return a, nil
}

// aimAt checks what a revalidation names. It reports every fault at once.
func (s *Site) aimAt(ctx context.Context, r Revalidation) (aims, error) {
	var a aims
	var errs []error
	if r.Mode < Regenerate || r.Mode > Delete {
		errs = append(errs, fmt.Errorf("reprint: unknown mode %d", int(r.Mode)))
	}
	if len(r.Paths)+len(r.Tags)+len(r.Prefixes)+len(r.Patterns) == 0 && !r.All {
		errs = append(errs, fmt.Errorf("reprint: %w", ErrNoTarget))
	}
	if r.Host != "" && !slices.Contains(s.opts.Hosts, r.Host) {
		errs = append(errs, fmt.Errorf("reprint: %w: %q", ErrUnknownHost, r.Host))
	}
	for _, path := range r.Paths {
		errs = append(errs, s.aimPath(ctx, &a, r.Host, path))
	}
	errs = append(errs, a.aimTags(r), s.aimPatterns(&a, r), r.Only.Validate(), r.Expect.Validate())
	if !r.Expect.IsZero() && r.Mode != Regenerate {
		errs = append(errs, fmt.Errorf("reprint: expect: mode %v renders nothing that could be waited for; use %v", r.Mode, Regenerate))
	}
	if r.Refill && (r.Mode == Delete || !r.Expect.IsZero()) {
		errs = append(errs, errors.New("reprint: a refill renders what stays, and does not wait for it: it goes neither with mode delete nor with expect"))
	}
	for _, prefix := range r.Prefixes {
		canonical, err := CanonicalPath(prefix)
		if err == nil && !strings.HasSuffix(canonical, "/") {
			err = &BadPathError{Path: prefix, Reason: `a prefix ends with "/", like /posts/; to name one page use a path`}
		}
		errs = append(errs, err)
		a.tags = append(a.tags, prefixTag(r.Host, canonical))
	}
	if r.All {
		a.tags = append(a.tags, prefixTag(r.Host, "/"))
	}
	a.sort()
	return a, errors.Join(errs...)
}

// aimTags adds the tags of a revalidation.
func (a *aims) aimTags(r Revalidation) error {
	var errs []error
	for _, tag := range r.Tags {
		errs = append(errs, ValidTag(tag))
	}
	if r.EveryTag {
		if len(r.Tags) == 0 {
			errs = append(errs, errors.New("reprint: every tag is asked for, and none is named"))
		} else {
			a.tags = append(a.tags, everyTag(r.Host, r.Tags...))
		}
		return errors.Join(errs...)
	}
	for _, tag := range r.Tags {
		a.tags = append(a.tags, everyTag(r.Host, tag))
	}
	return errors.Join(errs...)
}

// everyTag names the pages, of a host if there is one, that carry each of tags.
func everyTag(host string, tags ...string) string {
	tags = slices.Compact(slices.Sorted(slices.Values(tags)))
	if host != "" {
		tags = append(tags, prefixTag(host, "/"))
	}
	if len(tags) == 1 {
		return tags[0]
	}
	return compoundTag(tags)
}

// aimPatterns adds routes.
func (s *Site) aimPatterns(a *aims, r Revalidation) error {
	var errs []error
	for _, pattern := range r.Patterns {
		if s.table.Load().of(pattern) == nil {
			errs = append(errs, fmt.Errorf("reprint: %w: no route has the pattern %q", ErrNoRoute, pattern))
		}
		a.tags = append(a.tags, everyTag(r.Host, routeTag(pattern)))
	}
	return errors.Join(errs...)
}

// aimPath adds a path to what is named, for one host or for all that have a route
// for it.
func (s *Site) aimPath(ctx context.Context, a *aims, host, path string) error {
	hosts := s.hosts()
	if host != "" {
		hosts = []string{host}
	}
	var unreachable error
	aimed := false
	for _, h := range hosts {
		t, err := s.resolve(h, path)
		if err == nil {
			err = s.admit(ctx, t)
		}
		switch {
		case errors.Is(err, ErrNoRoute), errors.Is(err, ErrUnlisted):
			unreachable = cmp.Or(unreachable, err)
			continue
		case err != nil:
			return err
		}
		aimed = true
		a.keys = append(a.keys, t.key)
		a.tags = append(a.tags, pathTag(host, t.key.target()))
	}
	if aimed {
		return nil
	}
	return unreachable
}

// admit returns an error for a path that its route does not list and that
// therefore no visitor can reach. A listing that lacks it is read again first:
// what is revalidated may have been made a moment ago.
func (s *Site) admit(ctx context.Context, t target) error {
	l := t.route.listing
	if t.route.policy.Fallback != NotFound || l.holds(t.key) {
		return nil
	}
	if err := s.readListing(ctx, t.route); err != nil {
		return fmt.Errorf("reprint: %w", err)
	}
	if !l.holds(t.key) {
		return fmt.Errorf("reprint: %w: %s is not listed by %s", ErrUnlisted, t.key.target(), t.route.pattern)
	}
	return nil
}

// append makes an entry durable and lets it come into force.
func (s *Site) append(ctx context.Context, e Entry) (Position, error) {
	position, err := s.journal.Append(ctx, e)
	if err != nil {
		return 0, err
	}
	e.Position = position
	defer s.compactIfLarge()
	return position, s.comeIntoForce(e)
}

// arrivals are entries that calls have appended to the journal and that have not come
// into force yet. Many calls at once come into force together: for each time commits
// have to pause.
type arrivals struct {
	mu      sync.Mutex
	entries map[Position]Entry // guarded by mu
}

func (a *arrivals) add(e Entry) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.entries == nil {
		a.entries = make(map[Position]Entry)
	}
	a.entries[e.Position] = e
}

// next returns the entries that follow a position without a gap, and forgets those
// before it.
func (a *arrivals) next(after Position) (entries []Entry) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for p := after + 1; ; p++ {
		e, ok := a.entries[p]
		if !ok {
			break
		}
		entries = append(entries, e)
	}
	maps.DeleteFunc(a.entries, func(p Position, _ Entry) bool { return p <= after+Position(len(entries)) })
	return entries
}

// comeIntoForce brings the ledger to e's position at least. Entries before it that are
// not in force yet, because another process appended them, or another call that has
// not come as far as here, are read from the journal first.
func (s *Site) comeIntoForce(e Entry) error {
	defer s.news.tell()
	s.arrivals.add(e)
	s.applying.Lock()
	defer s.applying.Unlock()
	if e.Position <= s.ledger.pos() || s.applyArrivals(e.Position) {
		return nil
	}
	var entries []Entry
	for missed, err := range s.journal.Entries(s.ctx, s.ledger.pos()) {
		if err != nil {
			return s.catchUp()
		}
		entries = append(entries, missed)
	}
	s.commits.Lock()
	defer s.commits.Unlock()
	s.ledger.apply(entries...)
	return nil
}

// applyArrivals brings the ledger as far as entries have arrived, and reports whether
// that is up to a position. Those that arrive while commits end are among them. See
// Site.commits.
func (s *Site) applyArrivals(upTo Position) bool {
	s.commits.Lock()
	defer s.commits.Unlock()
	s.ledger.apply(s.arrivals.next(s.ledger.pos())...)
	return s.ledger.pos() >= upTo
}

// catchUp brings the ledger to where the journal is when entries in between are
// not kept any more.
func (s *Site) catchUp() error {
	summary, err := s.journal.Summary(s.ctx)
	if err != nil {
		return err
	}
	s.commits.Lock()
	defer s.commits.Unlock()
	s.ledger.reload(summary)
	return nil
}

// carryOut does what the mode says to every page that is named, and fills in the
// receipt.
func (s *Site) carryOut(ctx context.Context, r Revalidation, a aims, written *tally) error {
	receipt := written.receipt // its ID, position and mode do not change any more
	var mu sync.Mutex          // guards failure
	var failure error
	pool := newPool(s.work.crew, s.opts.Renders+storingAhead, func(k Key) {
		result := s.carryOutOne(ctx, k, r, receipt)
		written.add(result)
		mu.Lock()
		defer mu.Unlock()
		if result.err != nil && failure == nil {
			failure = result.err
		}
	})
	seen, listErr := s.named(ctx, r, a, pool.give)
	pool.wait()
	if r.OnlyGenerated && !a.only {
		skipUngenerated(a.keys, seen, written.add)
	}
	switch {
	case failure != nil && ctx.Err() != nil:
		return fmt.Errorf("reprint: revalidation %s is in force, but not all its pages were waited for: %w", receipt.ID, context.Cause(ctx))
	case failure != nil && receipt.Failed > 1:
		return fmt.Errorf("reprint: %d of %d pages could not be renewed, the first: %w", receipt.Failed, receipt.Matched, failure)
	case failure != nil:
		return fmt.Errorf("reprint: %w", failure)
	case listErr != nil:
		return fmt.Errorf("reprint: revalidation %s is in force, but its pages cannot be listed: %w", receipt.ID, listErr)
	}
	return nil
}

// carryOutOne does what the mode says to one page. The ID, position and mode of
// the receipt do not change any more.
func (s *Site) carryOutOne(ctx context.Context, key Key, r Revalidation, receipt *Receipt) PageResult {
	switch receipt.Mode {
	case Stale:
		return PageResult{Path: key.String(), Result: ResultStale}
	case Expire:
		return PageResult{Path: key.String(), Result: ResultExpired}
	case Delete:
		return s.remove(ctx, key, receipt.Position)
	}
	return s.regenerate(ctx, key, r, receipt)
}

// named calls give once for each page that the revalidation names: those in the
// store that carry a tag of it, and in mode Regenerate the paths themselves. It
// returns the pages given.
func (s *Site) named(ctx context.Context, r Revalidation, a aims, give func(Key)) (map[Key]bool, error) {
	seen := make(map[Key]bool)
	once := func(k Key) {
		if !seen[k] {
			seen[k] = true
			give(k)
		}
	}
	if a.only || !r.OnlyGenerated && r.Mode == Regenerate {
		for _, k := range a.keys {
			once(k)
		}
	}
	if a.only {
		return seen, nil
	}
	for _, tag := range a.tags {
		for k, err := range s.tagged(ctx, tag) {
			if err != nil {
				return seen, err
			}
			once(k)
		}
	}
	return seen, nil
}

// tagged yields the key of every stored page that a tag of the journal names.
func (s *Site) tagged(ctx context.Context, tag string) iter.Seq2[Key, error] {
	members := compoundOf(tag)
	if len(members) == 0 {
		return s.store.Tagged(ctx, tag)
	}
	return func(yield func(Key, error) bool) {
		carried := make(map[Key]int) // how many of the members before
		for i, member := range members {
			for k, err := range s.store.Tagged(ctx, member) {
				switch {
				case err != nil:
					yield(Key{}, err)
					return
				case carried[k] != i:
				case i == len(members)-1:
					if !yield(k, nil) {
						return
					}
				default:
					carried[k] = i + 1
				}
			}
		}
	}
}

// skipUngenerated notes the paths of which no page, in no variant, is stored.
func skipUngenerated(named []Key, seen map[Key]bool, add func(PageResult)) {
	generated := make(map[Key]bool, len(seen))
	for k := range seen {
		generated[Key{Host: k.Host, Path: k.Path}] = true
		generated[Key{Host: k.Host, Path: k.Path, Query: k.Query}] = true
	}
	for _, k := range named {
		if !generated[Key{Host: k.Host, Path: k.Path, Query: k.Query}] {
			add(PageResult{Path: k.String(), Result: ResultSkipped})
		}
	}
}

// regenerate renders one page for a revalidation and waits for it.
func (s *Site) regenerate(ctx context.Context, key Key, r Revalidation, receipt *Receipt) PageResult {
	if left := s.leftAlone(ctx, key); left != nil {
		return *left
	}
	result := PageResult{Path: key.String()}
	var out outcome
	var err error
	if r.Expect.IsZero() {
		// Nobody may be given a render that began before the entry was in force: not
		// this caller, and so no visitor who comes after its success.
		need := receipt.Position
		out, _, err = s.await(ctx, key, need, need, s.newCall(receipt.ID))
	} else {
		out, result.Tries, err = s.expectPage(ctx, key, receipt, r.Expect)
	}
	switch {
	case err != nil:
		return result.failed(err)
	case out.err == nil && out.private == "" && out.entry.heldAt(time.Now()):
		result.Result, result.Error, result.held = ResultSkipped, heldText(out.entry), true
		return result
	case out.private != "":
		// Every visitor is answered by the handler itself: nothing here is old.
		result.Result, result.Error = ResultSkipped, out.private
		return result
	case out.err != nil:
		return result.failed(out.err)
	case out.storeErr != nil:
		return result.failed(fmt.Errorf("%s is rendered, but could not be stored: %w", key, out.storeErr))
	}
	return result.rendered(out.entry, out.changedSince(receipt.At))
}

// leftAlone returns what becomes of a page that a call does not render; nil: it does.
func (s *Site) leftAlone(ctx context.Context, key Key) *PageResult {
	left := PageResult{Path: key.String(), Result: ResultSkipped}
	rt := s.routeOf(key)
	if rt == nil || (rt.policy.Fallback == NotFound && !rt.listing.holds(key)) {
		left.Error = "no visitor can reach it: no route serves or lists it any more"
		return &left
	}
	if e, err := s.previous(key); err == nil && e != nil && e.heldAt(time.Now()) {
		left.Error, left.held = heldText(e), true
		return &left
	}
	if !rt.policy.Bypass {
		return nil
	}
	// If the route stores pages again, this call stands: what is stored from before is
	// only the last good page then.
	if _, err := s.amend(ctx, key, func(p *Page) bool { p.Overtaken = true; return true }); err != nil {
		left = left.failed(fmt.Errorf("note that %s is old: %w", key, err))
		return &left
	}
	left.Error = errBypass.Error()
	return &left
}

// errBypass says that there is no page to do something with.
var errBypass = errors.New("every visitor is answered by the handler: its route stores nothing")

// remove drops one page for a revalidation of mode Delete. The journal already
// keeps it from being served.
func (s *Site) remove(ctx context.Context, key Key, position Position) PageResult {
	result := PageResult{Path: key.String(), Result: ResultDeleted}
	if err := s.store.Delete(ctx, key, position); err != nil {
		return result.failed(fmt.Errorf("delete %s: %w", key, err))
	}
	s.memory.remove(key, position)
	s.due.Remove(key)
	return result
}

// Errors that callers branch on. The text of the returned error says more.
var (
	// ErrNoRoute: no route can serve the path.
	ErrNoRoute = errors.New("no route serves the path")
	// ErrUnlisted: the route has Fallback NotFound and its listing does not hold
	// the path.
	ErrUnlisted = errors.New("the route does not list the path")
	// ErrUnknownHost: the host is none of [Options.Hosts].
	ErrUnknownHost = errors.New("the site does not answer for that host")
	// ErrNoTarget: the revalidation names nothing.
	ErrNoTarget = errors.New("no path, tag, prefix or pattern is named, and not the whole site")
	// ErrUnconfirmed: the revalidation means more than its [Brake] lets through.
	ErrUnconfirmed = errors.New("it means much and is not confirmed")
	// ErrInRender: a render may not revalidate; it could wait for itself.
	ErrInRender = errors.New("revalidation is not allowed inside a render")
	// ErrNoRefill: no refill with that ID is under way.
	ErrNoRefill = errors.New("no such refill is under way")
	// ErrNoPlan: there is no plan with that ID.
	ErrNoPlan = errors.New("there is no such plan")
	// ErrNoHistory: the store is no [VersionStore].
	ErrNoHistory = errors.New("the store keeps no versions of pages; give the site a store on disk")
	// ErrNoVersion: there is no version with that ID.
	ErrNoVersion = errors.New("there is no such version any more")
	// ErrHeld: an earlier version of the page was restored and is held; see [Site.Release].
	ErrHeld = errors.New("the page is held")
	// ErrBusy: a limit on renders or on waiting is reached. Try again later.
	ErrBusy = errors.New("too many renders are waiting")
	// ErrClosed: the site is shut down.
	ErrClosed = errors.New("site is shut down")
)
