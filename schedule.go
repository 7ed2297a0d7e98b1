package reprint

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Plan is a revalidation that is made at a moment, once or every day.
type Plan struct {
	ID     string    // of the plan; each revalidation has one of its own
	Next   time.Time // when it is made next; zero: not any more, see Error
	Daily  Daily     // zero: once
	By     string    // who asked
	Made   time.Time
	What   Revalidation
	Last   string // the ID of the last revalidation that was made; empty: none
	Error  string // why the last attempt made none
	Failed int    // attempts in a row that made none
}

// Daily is a time of day somewhere. A time that the clock leaps over, when summer time
// begins, comes when it leaps; one that comes twice, when it ends, counts the first time.
type Daily struct {
	Hour, Minute, Second int
	Zone                 *time.Location // nil: there is no such time
}

// ParseDaily reads "06:00 Europe/Berlin" or "06:00:30 UTC".
func ParseDaily(s string) (Daily, error) {
	clock, zone, _ := strings.Cut(s, " ")
	t, err := time.Parse("15:04", clock)
	if err != nil {
		t, err = time.Parse(time.TimeOnly, clock)
	}
	if err != nil {
		return Daily{}, fmt.Errorf("reprint: %q is no time of day; write it like 06:00 Europe/Berlin", s)
	}
	if zone == "" || zone == "Local" {
		return Daily{}, fmt.Errorf("reprint: %q does not say where; write it like 06:00 Europe/Berlin, or 06:00 UTC", s)
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return Daily{}, fmt.Errorf("reprint: %q: unknown time zone %s; write it as the IANA database does, like Europe/Berlin", s, zone)
	}
	return Daily{t.Hour(), t.Minute(), t.Second(), loc}, nil
}

// IsZero reports whether d is no time.
func (d Daily) IsZero() bool { return d.Zone == nil }

func (d Daily) String() string {
	if d.IsZero() {
		return ""
	}
	if d.Second == 0 {
		return fmt.Sprintf("%02d:%02d %s", d.Hour, d.Minute, d.Zone)
	}
	return fmt.Sprintf("%02d:%02d:%02d %s", d.Hour, d.Minute, d.Second, d.Zone)
}

// MarshalText writes d as [ParseDaily] reads it.
func (d Daily) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is [ParseDaily]; the empty text is the zero Daily.
func (d *Daily) UnmarshalText(text []byte) (err error) {
	*d = Daily{}
	if len(text) > 0 {
		*d, err = ParseDaily(string(text))
	}
	return err
}

// Next returns the first moment after t.
func (d Daily) Next(t time.Time) time.Time {
	day := t.In(d.Zone)
	for i := -1; ; i++ {
		if at := d.on(day.Year(), day.Month(), day.Day()+i); at.After(t) {
			return at
		}
	}
}

// on returns the moment of a day.
func (d Daily) on(year int, month time.Month, day int) time.Time {
	clock := time.Date(year, month, day, d.Hour, d.Minute, d.Second, 0, time.UTC)
	// What the clock shows there is ahead of UTC by one of these.
	_, before := clock.Add(-24 * time.Hour).In(d.Zone).Zone()
	_, after := clock.Add(24 * time.Hour).In(d.Zone).Zone()
	early, late := max(before, after), min(before, after)
	for _, offset := range []int{early, late} {
		at := clock.Add(-time.Duration(offset) * time.Second).In(d.Zone)
		if _, is := at.Zone(); is == offset {
			return at
		}
	}
	leapt, _ := clock.Add(-time.Duration(before) * time.Second).In(d.Zone).ZoneBounds()
	return leapt
}

const (
	maxPlans = 10_000
	// planRest is how long after an attempt that failed for a while another is made; it
	// doubles up to maxPlanRest.
	planRest    = time.Second
	maxPlanRest = 5 * time.Minute

	recordPlan = "plan"
)

// schedule is the plans of a site.
type schedule struct {
	mu    sync.Mutex
	plans map[string]*Plan // guarded by mu
}

// Schedule has r made at a moment, also after a restart; if that is past when the site
// runs again, at once. The error is as for [Site.Apply]: what r names is checked now, and
// so is its brake.
func (s *Site) Schedule(ctx context.Context, r Revalidation, at time.Time) (Plan, error) {
	if time.Since(at) > time.Minute {
		return Plan{}, fmt.Errorf("reprint: %s is past", at.Format(time.RFC3339))
	}
	if !at.Before(heldForGood) {
		return Plan{}, fmt.Errorf("reprint: %s never comes", at.Format(time.RFC3339))
	}
	return s.plan(ctx, Plan{What: r, Next: at.UTC().Truncate(time.Microsecond)})
}

// ScheduleDaily has r made every day, until [Site.Unschedule]. The zone must be one of
// the IANA database, by its name there: [time.Local] is another one elsewhere.
func (s *Site) ScheduleDaily(ctx context.Context, r Revalidation, at Daily) (Plan, error) {
	if at.IsZero() {
		return Plan{}, errors.New("reprint: the time of day is zero")
	}
	// It is kept as a text: what could not be read at the next start is no time of day.
	at, err := ParseDaily(at.String())
	if err != nil {
		return Plan{}, err
	}
	return s.plan(ctx, Plan{What: r, Daily: at, Next: at.Next(time.Now()).UTC()})
}

func (s *Site) plan(ctx context.Context, p Plan) (Plan, error) {
	if !s.work.begin() {
		return Plan{}, fmt.Errorf("reprint: %w", ErrClosed)
	}
	defer s.work.end()
	if p.What.DryRun {
		return Plan{}, errors.New("reprint: a dry run says what is now; it cannot be planned")
	}
	a, err := s.aimAt(ctx, p.What) // who can say which of them will be old then?
	if err == nil {
		err = s.brake(ctx, p.What, a)
	}
	if err != nil {
		return Plan{}, err
	}
	p.ID, p.By, p.Made = rand.Text()[:16], p.What.By, time.Now().UTC().Truncate(time.Microsecond)
	p.What.Confirm = true // nobody can be asked then
	if err := s.addPlan(&p); err != nil {
		return Plan{}, err
	}
	if err := s.keepPlan(ctx, p); err != nil {
		s.dropPlan(p.ID)
		_ = s.journal.DeleteRecord(s.ctx, recordPlan, p.ID) // it may have been kept all the same
		return Plan{}, fmt.Errorf("reprint: keep the plan: %w", err)
	}
	s.duePlans.Set(p.ID, p.Next)
	return p, nil
}

func (s *Site) addPlan(p *Plan) error {
	s.schedule.mu.Lock()
	defer s.schedule.mu.Unlock()
	if len(s.schedule.plans) >= maxPlans {
		return fmt.Errorf("reprint: %w: there are %d plans", ErrBusy, maxPlans)
	}
	kept := *p
	s.schedule.plans[p.ID] = &kept
	return nil
}

// dropPlan forgets a plan, but for what is kept of it, and reports whether there was one.
func (s *Site) dropPlan(id string) bool {
	s.schedule.mu.Lock()
	defer s.schedule.mu.Unlock()
	_, known := s.schedule.plans[id]
	delete(s.schedule.plans, id)
	s.duePlans.Remove(id)
	return known
}

// keepPlan keeps what there is to a plan, unless it was cancelled.
func (s *Site) keepPlan(ctx context.Context, p Plan) error {
	value, err := json.Marshal(p)
	if err != nil {
		return err
	}
	err = s.journal.PutRecord(ctx, Record{Kind: recordPlan, ID: p.ID, Value: value})
	if err == nil && !s.isPlanned(p.ID) {
		// Who cancelled it meanwhile may have found nothing to forget.
		err = s.journal.DeleteRecord(s.ctx, recordPlan, p.ID)
	}
	return err
}

func (s *Site) isPlanned(id string) bool {
	s.schedule.mu.Lock()
	defer s.schedule.mu.Unlock()
	return s.schedule.plans[id] != nil
}

// Plans returns what is planned, the soonest first.
func (s *Site) Plans() []Plan {
	s.schedule.mu.Lock()
	defer s.schedule.mu.Unlock()
	list := make([]Plan, 0, len(s.schedule.plans))
	for _, p := range s.schedule.plans {
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b Plan) int { return cmp.Or(a.Next.Compare(b.Next), cmp.Compare(a.ID, b.ID)) })
	return list
}

// Unschedule cancels a plan. The error wraps [ErrNoPlan], or is the journal's. What the
// plan has begun goes on.
func (s *Site) Unschedule(ctx context.Context, id string) error {
	if !s.dropPlan(id) {
		return fmt.Errorf("reprint: %w: %s", ErrNoPlan, id)
	}
	if err := s.journal.DeleteRecord(ctx, recordPlan, id); err != nil {
		return fmt.Errorf("reprint: the plan is cancelled until the next start: %w", err)
	}
	return nil
}

// resumePlans takes up what an earlier process has planned.
func (s *Site) resumePlans(ctx context.Context) {
	records, err := s.journal.Records(ctx, recordPlan)
	if err != nil && ctx.Err() == nil {
		s.log.Error("plans that an earlier process made cannot be read", "err", err)
	}
	for _, r := range records {
		var p Plan
		if err := json.Unmarshal(r.Value, &p); err != nil {
			s.log.Error("plan cannot be read; it is left alone", "plan", r.ID, "err", err)
			continue
		}
		if s.addPlan(&p) == nil && !p.Next.IsZero() {
			s.duePlans.SetEarlier(p.ID, p.Next)
		}
	}
}

// firePlan makes the revalidation of a plan whose moment has come.
func (s *Site) firePlan(id string) {
	s.work.start(func() {
		s.schedule.mu.Lock()
		known := s.schedule.plans[id]
		var p Plan
		if known != nil {
			p = *known
		}
		s.schedule.mu.Unlock()
		if known == nil {
			return
		}
		r := p.What
		r.NoWait = true
		receipt, err := s.Apply(s.ctx, r)
		if s.background.Err() != nil && receipt == nil {
			return // the next start finds it due
		}
		s.planned(p, receipt, err)
	})
}

// planned notes what came of a plan. Until that is kept a crash has it made once more.
func (s *Site) planned(p Plan, receipt *Receipt, err error) {
	if receipt == nil && errors.Is(err, ErrBusy) {
		s.planWaits(p.ID, err)
		return
	}
	now := time.Now()
	switch {
	case receipt != nil:
		p.Last, p.Error, p.Failed, p.Next = receipt.ID, "", 0, time.Time{}
		if !p.Daily.IsZero() {
			p.Next = p.Daily.Next(now).UTC()
		}
	case passes(err):
		p.Error, p.Failed, p.Next = err.Error(), p.Failed+1, now.Add(min(planRest<<min(p.Failed, 10), maxPlanRest)).UTC()
	default:
		p.Error, p.Failed, p.Next = err.Error(), p.Failed+1, time.Time{}
		if !p.Daily.IsZero() {
			p.Next = p.Daily.Next(now).UTC()
		}
	}
	if err != nil && receipt == nil {
		s.log.Error("planned revalidation was not made", "plan", p.ID, "err", err, "next", p.Next)
	}
	if p.Next.IsZero() && p.Error == "" {
		if err := s.Unschedule(s.ctx, p.ID); err != nil && !errors.Is(err, ErrNoPlan) {
			s.log.Error("plan is carried out, and is so again at the next start", "plan", p.ID, "err", err)
		}
		return
	}
	s.schedule.mu.Lock()
	known := s.schedule.plans[p.ID]
	if known != nil {
		*known = p
	}
	s.schedule.mu.Unlock()
	if known == nil {
		return // it was cancelled meanwhile
	}
	if !p.Next.IsZero() {
		s.duePlans.Set(p.ID, p.Next)
	}
	if err := s.keepPlan(s.ctx, p); err != nil {
		s.log.Error("what came of a plan is not kept", "plan", p.ID, "err", err)
	}
}

// planWaits has a plan attempted again soon, because too much is under way. That is no
// fault of it: plans of one moment that rested longer each time would keep each other
// from their turn for hours. What is kept says that it is due, which it is.
func (s *Site) planWaits(id string, err error) {
	s.schedule.mu.Lock()
	defer s.schedule.mu.Unlock()
	if p := s.schedule.plans[id]; p != nil {
		p.Error = err.Error()
		s.duePlans.Set(id, time.Now().Add(planRest))
	}
}

// passes reports whether another attempt may succeed where one failed: nothing is wrong
// with what was asked for.
func passes(err error) bool {
	_, badPath := errors.AsType[*BadPathError](err)
	for _, lasting := range []error{ErrNoTarget, ErrUnknownHost, ErrNoRoute, ErrUnlisted} {
		badPath = badPath || errors.Is(err, lasting)
	}
	return !badPath
}

// CancelDue takes from the stored pages of a path the moment at which they asked to be
// rendered again, with [RevalidateAt]. The next render may name another one. It returns
// how many had one; the error is as for [Site.Apply].
func (s *Site) CancelDue(ctx context.Context, path string) (int, error) {
	a, err := s.aim(ctx, Revalidation{Paths: []string{path}})
	if err != nil {
		return 0, err
	}
	n := 0
	for _, tag := range a.tags {
		for k, err := range s.tagged(ctx, tag) {
			if err == nil {
				var had bool
				had, err = s.cancelDue(ctx, k)
				if had {
					n++
				}
			}
			if err != nil {
				return n, fmt.Errorf("reprint: %w", err)
			}
		}
	}
	return n, nil
}

func (s *Site) cancelDue(ctx context.Context, k Key) (bool, error) {
	return s.amend(ctx, k, func(p *Page) bool {
		had := !p.Due.IsZero()
		p.Due = time.Time{}
		return had
	})
}

// amend changes a stored page in something that is no content, and reports whether it
// did. No render of it is stored meanwhile.
func (s *Site) amend(ctx context.Context, k Key, change func(*Page) bool) (bool, error) {
	lock := s.keys.of(k)
	lock.Lock()
	defer lock.Unlock()
	s.commits.RLock()
	defer s.commits.RUnlock()
	old, err := s.previous(k)
	if old == nil || err != nil {
		return false, err
	}
	p := old.page()
	if !change(p) {
		return false, nil
	}
	e, err := s.place(ctx, p)
	return e != nil, err
}

// place stores a page that was not rendered now and returns its entry, or nil when a
// newer one is there. The key is locked, and no entry comes into force.
func (s *Site) place(ctx context.Context, p *Page) (*entry, error) {
	stored, err := s.store.Put(ctx, p)
	s.keys.of(p.Key).stored.Add(1)
	if err != nil || !stored {
		return nil, err
	}
	e := newEntry(p)
	if s.opts.Store != nil {
		e, _ = s.memory.put(e)
	}
	s.schedulePage(e)
	return e, nil
}

// DuePages returns stored pages that have asked to be rendered again by a moment, with
// [RevalidateAt], the soonest first, at most limit of them.
func (s *Site) DuePages(ctx context.Context, until time.Time, limit int) ([]DuePage, error) {
	pages, err := s.store.Due(ctx, until, limit)
	if err != nil {
		return nil, fmt.Errorf("reprint: %w", err)
	}
	return pages, nil
}
