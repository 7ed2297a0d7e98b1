package reprint

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// heldForGood is the HeldUntil of a page that is held until it is released. A moment after
// it counts as never: JSON has no years above 9999.
var heldForGood = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

func (e *entry) heldAt(now time.Time) bool {
	return e.life.held() && now.Before(e.life.heldUntil())
}

// heldText says why a page that is held is not rendered.
func heldText(e *entry) string {
	if until := e.life.heldUntil(); until.Before(heldForGood) {
		return "it was restored, and is held until " + until.Format(time.RFC3339)
	}
	return "it was restored, and is held until it is released"
}

// versionStore returns the store as one that keeps versions.
func (s *Site) versionStore() (VersionStore, error) {
	if s.versions == nil {
		return nil, fmt.Errorf("reprint: %w", ErrNoHistory)
	}
	return s.versions, nil
}

// Versions returns the earlier versions of the pages of a path, in all hosts, queries and
// variants that its pages have, without bodies: what was refused first, then what was
// served, the newest first. The error wraps [ErrNoHistory], is as for [Site.Explain], or
// is the store's.
func (s *Site) Versions(ctx context.Context, path string) ([]Version, error) {
	store, err := s.versionStore()
	if err != nil {
		return nil, err
	}
	keys, err := s.keysOf(ctx, store, path)
	if err != nil {
		return nil, err
	}
	var list []Version
	for _, k := range keys {
		some, err := store.Versions(ctx, k)
		if err != nil {
			return nil, fmt.Errorf("reprint: %w", err)
		}
		list = append(list, some...)
	}
	slices.SortStableFunc(list, func(a, b Version) int {
		switch aside := a.Refused != ""; {
		case aside == (b.Refused != ""):
			return b.Replaced.Compare(a.Replaced)
		case aside:
			return -1
		}
		return 1
	})
	return list, nil
}

// Version returns a version with its body, or nil and no error when it is not kept. The
// error wraps [ErrNoHistory] or is the store's.
func (s *Site) Version(ctx context.Context, id int64) (*Version, error) {
	store, err := s.versionStore()
	if err != nil {
		return nil, err
	}
	v, err := store.Version(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("reprint: %w", err)
	}
	return v, nil
}

// DeleteVersion forgets a version, be it one that was served or one that is kept aside.
// One that is not kept is no error; otherwise it is as for [Site.Version].
func (s *Site) DeleteVersion(ctx context.Context, id int64) error {
	store, err := s.versionStore()
	if err != nil {
		return err
	}
	if err := store.DeleteVersion(ctx, id); err != nil {
		return fmt.Errorf("reprint: %w", err)
	}
	s.asides.removeID(id)
	return nil
}

// Aside returns the new pages that a proof refused and that are kept until they are
// accepted or dropped, or until a render is not refused, in the order in which they came:
// those with an ID above after, at most limit of them. The error is as for
// [Site.Version].
func (s *Site) Aside(ctx context.Context, after int64, limit int) ([]Version, error) {
	store, err := s.versionStore()
	if err != nil {
		return nil, err
	}
	list, err := store.Aside(ctx, after, limit)
	if err != nil {
		return nil, fmt.Errorf("reprint: %w", err)
	}
	return list, nil
}

// asides are the pages of which something is kept aside.
type asides struct {
	mu  sync.Mutex
	ids map[Key]int64 // guarded by mu; 0: not known
}

func (a *asides) add(k Key, id int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ids == nil {
		a.ids = make(map[Key]int64)
	}
	a.ids[k] = id
}

// take forgets a page, and reports whether something was kept aside of it.
func (a *asides) take(k Key) (id int64, known bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id, known = a.ids[k]
	delete(a.ids, k)
	return id, known
}

func (a *asides) removeID(id int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for k, other := range a.ids {
		if other == id {
			delete(a.ids, k)
		}
	}
}

// putAside keeps a page that was refused, for somebody to look at. Of one that would have
// taken no page's place nothing is kept.
func (s *Site) putAside(page *Page, old *entry, failure *RenderError) {
	if s.versions == nil || old == nil {
		return
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.opts.RenderTimeout)
	defer cancel()
	if err := s.versions.PutAside(ctx, page, failure.Err.Error()); err != nil {
		s.log.Warn("page that was refused is not kept", "page", page.Key, "err", err)
		return
	}
	s.asides.add(page.Key, 0)
}

// forgetAside drops what was kept aside of a page that was rendered well since.
func (s *Site) forgetAside(k Key) {
	id, known := s.asides.take(k)
	if !known {
		return
	}
	if id == 0 {
		list, err := s.versions.Versions(s.ctx, k)
		if err != nil || len(list) == 0 || list[0].Refused == "" {
			return
		}
		id = list[0].ID
	}
	if err := s.versions.DeleteVersion(s.ctx, id); err != nil {
		s.log.Warn("page that was refused is still kept, though a newer one was not", "page", k, "err", err)
	}
}

// loadAsides finds out what an earlier process has kept aside.
func (s *Site) loadAsides(ctx context.Context) {
	if s.versions == nil {
		return
	}
	const batch = 1000
	for after := int64(0); ; {
		list, err := s.versions.Aside(ctx, after, batch)
		if err != nil && ctx.Err() == nil {
			s.log.Error("pages that were refused cannot be listed", "err", err)
		}
		for _, v := range list {
			s.asides.add(v.Page.Key, v.ID)
			after = v.ID
		}
		if len(list) < batch {
			return
		}
	}
}

// Restoration is what [Site.Restore] is asked to do.
type Restoration struct {
	// Version is the ID of a version that takes the place of its page: one that was
	// served, or one that was refused. Zero: Of and AsOf say which.
	Version int64
	// Of names pages, as for [Site.Apply]: its targets, Host and Only; Confirm and Brake
	// count as there, for the pages that would be restored. Each gets back the content
	// that it had at AsOf. A page that has that content now is left alone; one whose
	// versions do not reach so far back is, too.
	Of   Revalidation
	AsOf time.Time
	// Until is the moment until which the pages are held: no render takes their place,
	// whatever is revalidated but in mode Delete. Zero: until [Site.Release].
	Until time.Time
	// Unheld lets the next render take their place. Under [FromHeaders] they live as long
	// again as their answers said.
	Unheld bool
	// DryRun changes nothing: the receipt says what would be restored.
	DryRun bool
	// By and From say who asks, and from where, for the receipt.
	By, From string
}

// Restore puts earlier versions of pages in the place of those that there are. It returns
// when every visitor gets them, with a receipt. The error wraps [ErrNoHistory] or
// [ErrNoVersion], or is as for [Site.Apply]; with a receipt it says that some could not
// be restored.
func (s *Site) Restore(ctx context.Context, r Restoration) (*Receipt, error) {
	begin := time.Now()
	store, err := s.versionStore()
	if err != nil {
		return nil, err
	}
	if err := s.beginCall(ctx); err != nil {
		return nil, err
	}
	defer s.work.end()
	if err := r.validate(begin); err != nil {
		return nil, err
	}
	asked := r.Of
	asked.By, asked.From = r.By, r.From
	receipt := newReceipt(asked, begin)
	receipt.Mode = Regenerate
	chosen, err := s.chosen(ctx, store, r, receipt)
	if err != nil {
		return nil, err
	}
	if r.Version != 0 {
		asked.Paths, asked.Host = []string{chosen[0].Page.Key.Path}, chosen[0].Page.Key.Host
		receipt.Targets = newTargets(asked)
	}
	if !r.DryRun {
		if err := s.brake(ctx, asked, aimsOf(chosen)); err != nil {
			return nil, err
		}
		receipt.ID = rand.Text()[:16]
		err = s.restoreAll(ctx, store, r, chosen, receipt)
		if receipt.Position == 0 && err != nil {
			return nil, err
		}
	} else {
		for _, v := range chosen {
			receipt.add(PageResult{Path: v.Page.Key.String(), Result: ResultMatched, Status: v.Page.Status, ETag: v.Page.ETag()})
		}
	}
	receipt.Took = time.Since(begin).Truncate(time.Microsecond)
	receipt.finish()
	if !r.DryRun {
		s.keepReceipt(receipt, len(chosen) > 0)()
	}
	return receipt, err
}

// aimsOf returns the pages of versions.
func aimsOf(versions []Version) aims {
	a := aims{only: true}
	for _, v := range versions {
		a.add(v.Page)
	}
	a.sort()
	return a
}

func (r Restoration) validate(now time.Time) error {
	var errs []error
	switch {
	case r.Version == 0 && r.AsOf.IsZero():
		errs = append(errs, errors.New("reprint: restore: neither a version nor a moment is named"))
	case r.Version != 0 && !r.AsOf.IsZero():
		errs = append(errs, errors.New("reprint: restore: a version and a moment are named; one of them says which content it is"))
	case r.AsOf.After(now):
		errs = append(errs, fmt.Errorf("reprint: restore: %s is in the future", r.AsOf.Format(time.RFC3339)))
	}
	if !r.Until.IsZero() && (r.Unheld || !r.Until.After(now)) {
		errs = append(errs, errors.New("reprint: restore: pages cannot be held until a moment that is past, nor if they are not held"))
	}
	return errors.Join(errs...)
}

// chosen returns the versions that a restoration means, and notes the pages for which
// there is nothing to do.
func (s *Site) chosen(ctx context.Context, store VersionStore, r Restoration, receipt *Receipt) ([]Version, error) {
	if r.Version != 0 {
		v, err := store.Version(ctx, r.Version)
		switch {
		case err != nil:
			return nil, fmt.Errorf("reprint: %w", err)
		case v == nil:
			return nil, fmt.Errorf("reprint: %w: %d", ErrNoVersion, r.Version)
		}
		v.Page.Body = nil // it is read again when its turn comes
		return []Version{*v}, nil
	}
	what := r.Of
	what.Mode = Regenerate
	a, err := s.aim(ctx, what)
	if err != nil {
		return nil, err
	}
	if !a.only { // pages that were deleted, too, which are in no state
		for _, k := range a.keys {
			more, err := versioned(ctx, store, k)
			if err != nil {
				return nil, fmt.Errorf("reprint: %w", err)
			}
			a.keys = append(a.keys, more...)
		}
	}
	var chosen []Version
	var failure error
	err = s.survey(ctx, what, a, func(k Key, now *Page) bool {
		var v *Version
		if v, failure = s.asOf(ctx, store, k, now, r.AsOf, receipt); v != nil {
			chosen = append(chosen, *v)
		}
		return failure == nil
	})
	if err = errors.Join(err, failure); err != nil {
		return nil, fmt.Errorf("reprint: list the pages that are meant: %w", err)
	}
	return chosen, nil
}

// asOf returns the version of a page that it had at a moment, or nil.
func (s *Site) asOf(ctx context.Context, store VersionStore, k Key, now *Page, at time.Time, receipt *Receipt) (*Version, error) {
	versions, err := store.Versions(ctx, k)
	if err != nil {
		return nil, err
	}
	versions = slices.DeleteFunc(versions, func(v Version) bool { return v.Refused != "" })
	before := func(i int) *Version { // the content that a version took the place of, nil if it is not kept
		if i++; i < len(versions) {
			return &versions[i]
		}
		return nil
	}
	result := PageResult{Path: k.String(), Result: ResultSkipped, Error: "no version of it is kept that is as old"}
	if now != nil && !began(now, before(-1)).After(at) {
		result = PageResult{Path: result.Path, Result: ResultUnchanged, Status: now.Status, ETag: now.ETag()}
		receipt.add(result)
		return nil, nil
	}
	for i := range versions {
		v := &versions[i]
		if began(v.Page, before(i)).After(at) {
			continue
		}
		if v.Replaced.After(at) {
			return v, nil
		}
		result.Error = "what it was then is not kept"
		break
	}
	receipt.add(result)
	return nil, nil
}

// began returns when a page had its content first, as visitors saw it; before is the
// version before it, nil if none is kept.
func began(p *Page, before *Version) time.Time {
	if before != nil && follows(before, p) {
		return before.Replaced
	}
	return p.ModifiedAt
}

// follows reports whether a content took the place of a version, and none in between:
// one that was deleted with its page, or dropped, is not kept.
func follows(v *Version, next *Page) bool {
	if next == nil {
		return false
	}
	// Two contents of a second do not share it; see commit.
	latest := later(v.Replaced, v.Page.ModifiedAt.Add(time.Second))
	return !next.ModifiedAt.After(latest)
}

// restoreAll puts versions in the place of their pages.
func (s *Site) restoreAll(ctx context.Context, store VersionStore, r Restoration, chosen []Version, receipt *Receipt) error {
	if len(chosen) == 0 {
		receipt.Position = s.ledger.pos()
		return nil
	}
	since := s.ledger.pos()
	// Renders that have begun are older than what is restored.
	if err := s.enact(ctx, receipt, aimsOf(chosen).tags); err != nil {
		return fmt.Errorf("reprint: append to the journal: %w", err)
	}
	var failure error
	for _, v := range chosen {
		result := PageResult{Path: v.Page.Key.String()}
		e, err := s.restore(ctx, store, v.ID, since, r, receipt)
		if err != nil {
			result = result.failed(err)
			failure = fmt.Errorf("reprint: restore %s: %w", result.Path, err)
		} else {
			result.Result, result.Status, result.ETag = ResultRestored, e.status(), e.etag()
		}
		receipt.add(result)
	}
	return failure
}

// restore puts a version in the place of its page, unless that was deleted since a
// position.
func (s *Site) restore(ctx context.Context, store VersionStore, id int64, since Position, r Restoration, receipt *Receipt) (*entry, error) {
	v, err := store.Version(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case v == nil:
		return nil, ErrNoVersion
	}
	rt := s.routeOf(v.Page.Key)
	if rt != nil && rt.policy.Bypass {
		return nil, errBypass
	}
	if rt == nil {
		return nil, &NoRouteError{Path: v.Page.Key.target()}
	}
	p := *v.Page
	p.Tags = sealTags(slices.DeleteFunc(slices.Clone(p.Tags), isImplicit), rt.tags(p.Key))
	p.Overtaken, p.HeldUntil = false, time.Time{} // it may have been held
	p.Pinned, p.History, p.Lifetime, p.Cause = rt.policy.Pin, rt.policy.History, nil, "restore "+receipt.ID
	if !r.Unheld {
		if p.HeldUntil = heldForGood; !r.Until.IsZero() && r.Until.Before(heldForGood) {
			p.HeldUntil = r.Until.UTC().Truncate(time.Microsecond)
		}
	}
	if l := v.Page.Lifetime; r.Unheld && l != nil && rt.policy.Freshness == FromHeaders {
		again := *l // it lives as long again as its answer said; nobody would see it else
		again.Fresh += max(time.Since(p.RenderedAt), 0)
		p.Lifetime = &again
	}
	p.Due = time.Time{}
	if p.HeldUntil.Before(heldForGood) {
		p.Due = p.HeldUntil
	}
	p.ModifiedAt = receipt.At.Truncate(time.Second)
	e, err := s.put(ctx, &p, since)
	if err == nil && v.Refused != "" {
		err = s.DeleteVersion(ctx, id) // it is not kept aside any more
	}
	return e, err
}

// put stores a page that was not rendered now, as one that is current now, unless it was
// deleted since a position.
func (s *Site) put(ctx context.Context, p *Page, since Position) (*entry, error) {
	lock := s.keys.of(p.Key)
	lock.Lock()
	defer lock.Unlock()
	s.commits.RLock()
	defer s.commits.RUnlock()
	if s.ledger.standing(packTags(p.Tags), p.RenderedAt.UnixMicro(), since).deleted {
		return nil, errors.New("it was deleted meanwhile") // what is unpublished does not come back
	}
	old, err := s.previous(p.Key)
	if err != nil {
		return nil, err
	}
	p.date(old)
	if old != nil && old.life.held() && p.HeldUntil.IsZero() {
		// Nothing that is not held takes the place of a page that is.
		released := old.page()
		released.HeldUntil, released.Due = time.Time{}, time.Time{}
		if _, err := s.place(ctx, released); err != nil {
			return nil, err
		}
	}
	// No entry comes into force meanwhile, so no page has a stamp above it.
	p.Stamp = s.ledger.pos()
	p.Checked = p.Stamp
	e, err := s.place(ctx, p)
	switch {
	case err != nil:
		return nil, err
	case e == nil:
		return nil, errors.New("a newer page is there")
	}
	s.failed.Forget(p.Key)
	return e, nil
}

// Release ends the holding of the pages that r names, as for [Site.Apply], and has them
// rendered again in the way of r. Pages that are not held are left alone. The error is as
// for [Site.Apply].
func (s *Site) Release(ctx context.Context, r Revalidation) (*Receipt, error) {
	begin := time.Now()
	if err := s.beginCall(ctx); err != nil {
		return nil, err
	}
	defer s.work.end()
	a, err := s.aim(ctx, r)
	if err != nil {
		return nil, err
	}
	released := aims{only: true}
	all := r
	all.Mode, all.OnlyGenerated = Regenerate, false
	err = s.survey(ctx, all, a, func(_ Key, p *Page) bool {
		if p != nil && !p.HeldUntil.IsZero() {
			released.add(p)
		}
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("reprint: list the pages that are meant: %w", err)
	}
	released.sort()
	released.held = released.keys
	return s.applyTo(ctx, r, released, begin)
}

// endHolding lets renders take the place of pages. What that makes stale is in force
// already: else one whose holding ended just before a crash would stay what it is, and
// nothing would tell it from others.
func (s *Site) endHolding(held []Key) error {
	for _, k := range held {
		if _, err := s.amend(s.ctx, k, func(p *Page) bool { p.HeldUntil, p.Due = time.Time{}, time.Time{}; return true }); err != nil {
			return fmt.Errorf("release %s: %w", k, err)
		}
	}
	return nil
}

// keysOf returns the keys of the pages of a path that are stored, or have versions.
func (s *Site) keysOf(ctx context.Context, store VersionStore, path string) ([]Key, error) {
	all, err := s.Explain(ctx, path)
	if err != nil {
		return nil, err
	}
	var keys []Key
	for _, x := range all {
		keys = append(keys, x.Key)
	}
	for _, host := range s.hosts() {
		t, err := s.resolve(host, path)
		if err != nil {
			continue // Explain has looked at it
		}
		more, err := versioned(ctx, store, t.key)
		if err != nil {
			return nil, fmt.Errorf("reprint: %w", err)
		}
		keys = append(keys, more...)
	}
	slices.SortFunc(keys, func(a, b Key) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(keys), nil
}

// versioned returns the keys that have versions of what a caller names by a key: of its
// query, or of all where it has none.
func versioned(ctx context.Context, store VersionStore, k Key) ([]Key, error) {
	keys, err := store.Versioned(ctx, k.Host, k.Path)
	return slices.DeleteFunc(keys, func(other Key) bool { return k.Query != "" && other.Query != k.Query }), err
}
