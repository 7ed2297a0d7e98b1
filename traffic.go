package reprint

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// traffic is how often pages were visited within about the last hour: in slices, of
// which the oldest is dropped when a new one begins.
type traffic struct {
	mu     sync.Mutex
	since  time.Time                  // when it began to count; guarded by mu, as is all below
	number int64                      // of the newest slice, in slices since 1970
	slices [trafficSlices]trafficPart // by number
}

type trafficPart struct {
	visits map[uint64]uint32 // by hashOf
	total  uint64            // of all pages, also of those that had no place
}

const (
	trafficSlices  = 12
	trafficSlice   = 5 * time.Minute
	maxTrafficKeys = 50_000 // of a slice; visits of further pages count as those of others
)

// advance drops what is older than an hour. mu is held.
func (t *traffic) advance(now time.Time) *trafficPart {
	number := now.UnixNano() / int64(trafficSlice)
	if t.since.IsZero() {
		t.since, t.number = now, number
	}
	for dropped := 0; t.number < number && dropped < trafficSlices; dropped++ {
		t.number++
		t.slices[t.number%trafficSlices] = trafficPart{}
	}
	t.number = max(t.number, number)
	return &t.slices[t.number%trafficSlices]
}

// add notes visits of a page.
func (t *traffic) add(k Key, n uint32, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	part := t.advance(now)
	part.total += uint64(n)
	h := hashOf(k)
	if _, known := part.visits[h]; !known && len(part.visits) >= maxTrafficKeys {
		return
	}
	if part.visits == nil {
		part.visits = make(map[uint64]uint32)
	}
	part.visits[h] += n
}

// of returns how often a page was visited.
func (t *traffic) of(k Key) (n uint64) {
	h := hashOf(k)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.advance(time.Now())
	for i := range t.slices {
		n += uint64(t.slices[i].visits[h])
	}
	return n
}

// all returns how often any page was visited, and since when that counts.
func (t *traffic) all(now time.Time) (n uint64, since time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.advance(now)
	for i := range t.slices {
		n += t.slices[i].total
	}
	since = time.Unix(0, (t.number-trafficSlices+1)*int64(trafficSlice))
	return n, later(since, t.since).UTC().Truncate(time.Second)
}

// Estimate is what a revalidation would mean for visitors and handlers.
type Estimate struct {
	// Traffic is the share of the visits of the last hour that went to its pages, from 0
	// to 1. Visits before the process began do not count, see Since. Where the store is
	// no [VisitStore], a visit counts as of the moment when it is next asked for.
	Traffic float64
	// Since is when that hour began.
	Since time.Time
	// Rendering is how long the last renders of its pages took together. A page that was
	// never rendered is not in it.
	Rendering time.Duration
}

// survey is what a revalidation means, counted page by page.
type survey struct {
	pages  int
	visits uint64
	took   time.Duration
}

// survey calls give for each page that a revalidation names, with the page if it is
// stored, until it returns false.
func (s *Site) survey(ctx context.Context, r Revalidation, a aims, give func(Key, *Page) bool) error {
	seen := make(map[uint64]bool)
	again := func(k Key) bool {
		h := hashOf(k)
		defer func() { seen[h] = true }()
		return seen[h]
	}
	if a.only || (r.Mode == Regenerate && !r.OnlyGenerated) {
		for _, k := range a.keys {
			if again(k) {
				continue
			}
			e, err := s.previous(k)
			if err != nil {
				return err
			}
			var p *Page
			if e != nil {
				p = e.page()
			}
			if !give(k, p) {
				return nil
			}
		}
	}
	if a.only {
		return nil
	}
	for _, tag := range a.tags {
		for l, err := range s.listTagged(ctx, tag) {
			if err != nil {
				return err
			}
			if k := l.Page.Key; !again(k) && !give(k, l.Page) {
				return nil
			}
		}
	}
	return nil
}

// add counts a page; p is nil where there is none yet.
func (v *survey) add(t *traffic, k Key, p *Page) {
	v.pages++
	v.visits += t.of(k)
	if p != nil {
		v.took += p.RenderTook
	}
}

// estimate is what was counted, in terms of all the traffic there was.
func (v *survey) estimate(t *traffic) *Estimate {
	all, since := t.all(time.Now())
	x := &Estimate{Since: since, Rendering: v.took}
	if all > 0 {
		x.Traffic = float64(v.visits) / float64(all)
	}
	return x
}

// Brake is how much a revalidation may mean that was not confirmed.
type Brake struct {
	// Pages is how many pages it may mean. Zero: any number.
	Pages int
	// Traffic is the largest share of the last hour's visits that may have gone to its
	// pages, from 0 to 1; see [Estimate]. Zero: any.
	Traffic float64
}

// IsZero reports whether b lets everything through.
func (b Brake) IsZero() bool { return b == Brake{} }

// Validate returns nil when b can be used, and what is wrong otherwise.
func (b Brake) Validate() error {
	var errs []error
	if b.Pages < 0 {
		errs = append(errs, fmt.Errorf("reprint: brake: %d pages are less than none; zero means any number", b.Pages))
	}
	if b.Traffic < 0 || b.Traffic > 1 || b.Traffic != b.Traffic {
		errs = append(errs, fmt.Errorf("reprint: brake: the share of traffic is %v and must be between 0 and 1; zero means any", b.Traffic))
	}
	return errors.Join(errs...)
}

// UnconfirmedError says that a revalidation means more than its [Brake] lets through.
// Nothing was done. It wraps [ErrUnconfirmed].
type UnconfirmedError struct {
	Brake   Brake
	Pages   int     // that it means, counted up to one more than the brake lets through
	Traffic float64 // the share of those pages, where the brake is about it
}

func (e *UnconfirmedError) Error() string {
	if e.Brake.Pages > 0 && e.Pages > e.Brake.Pages {
		pages := "pages"
		if e.Brake.Pages == 1 {
			pages = "page"
		}
		return fmt.Sprintf("reprint: %v: it means more than %d %s", ErrUnconfirmed, e.Brake.Pages, pages)
	}
	return fmt.Sprintf("reprint: %v: its pages have %.0f %% of the last hour's visits, and %.0f %% are let through", ErrUnconfirmed, 100*e.Traffic, 100*e.Brake.Traffic)
}

// Unwrap makes errors.Is(err, ErrUnconfirmed) true.
func (e *UnconfirmedError) Unwrap() error { return ErrUnconfirmed }

// brake returns an *UnconfirmedError for a revalidation that must be confirmed.
func (s *Site) brake(ctx context.Context, r Revalidation, a aims) error {
	b := s.opts.Brake
	if r.Brake != nil {
		b = *r.Brake
	}
	if r.Confirm || r.DryRun || b.IsZero() {
		return nil
	}
	if b.Traffic > 0 {
		s.countVisits()
	}
	var found survey
	tooMany := func() bool { return b.Pages > 0 && found.pages > b.Pages }
	err := s.survey(ctx, r, a, func(k Key, p *Page) bool {
		found.add(&s.traffic, k, p)
		return !tooMany()
	})
	if err != nil {
		return fmt.Errorf("reprint: list the pages that are meant: %w", err)
	}
	share := found.estimate(&s.traffic).Traffic
	if tooMany() || (b.Traffic > 0 && share > b.Traffic) {
		return &UnconfirmedError{Brake: b, Pages: found.pages, Traffic: share}
	}
	return nil
}
