package reprint

import (
	"cmp"
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/reprint-go/reprint/internal/gate"
	"github.com/reprint-go/reprint/internal/pace"
)

// Refill is how far the rendering behind a [Revalidation] with Refill has come.
type Refill struct {
	ID   string // of the revalidation and its receipt
	By   string
	At   time.Time
	Mode Mode

	Listed bool // how many pages there are is known
	Total  int  // pages that it named
	Done   int  // of which so many are rendered, or given up
	Failed int  // given up

	Paused  bool
	Resting bool          // nothing begins for a while, because everything failed of late
	Limit   int           // renders that all refills may have under way, now
	Rate    float64       // pages a second, of late; 0: not known
	Left    time.Duration // until it is done, at that rate; 0: not known
}

// Refills returns the refills that are not done, the oldest first.
func (s *Site) Refills() []Refill {
	running := s.refills.all()
	list := make([]Refill, 0, len(running))
	for _, f := range running {
		list = append(list, f.status())
	}
	return list
}

// PauseRefill has a refill begin no more renders, also after a restart, until
// [Site.ResumeRefill]. The error wraps [ErrNoRefill], or is the journal's.
func (s *Site) PauseRefill(ctx context.Context, id string) error { return s.setPaused(ctx, id, true) }

// ResumeRefill lets a refill go on. The error is as for [Site.PauseRefill].
func (s *Site) ResumeRefill(ctx context.Context, id string) error { return s.setPaused(ctx, id, false) }

func (s *Site) setPaused(ctx context.Context, id string, paused bool) error {
	f := s.refills.get(id)
	if f == nil {
		return fmt.Errorf("reprint: %w: %s", ErrNoRefill, id)
	}
	if err := f.pause(ctx, paused); err != nil {
		return fmt.Errorf("reprint: refill %s: %w", id, err)
	}
	return nil
}

// CancelRefill ends a refill. The pages that are left stay as the revalidation has made
// them, and are rendered at their next visits; its receipt counts them as skipped. The
// error is as for [Site.PauseRefill].
func (s *Site) CancelRefill(ctx context.Context, id string) error {
	f := s.refills.get(id)
	if f == nil {
		return fmt.Errorf("reprint: %w: %s", ErrNoRefill, id)
	}
	if err := s.journal.DeleteRecord(ctx, recordRefill, id); err != nil {
		return fmt.Errorf("reprint: refill %s: %w", id, err)
	}
	f.cancel(errCancelled)
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

var errCancelled = errors.New("the refill was cancelled")

const (
	maxRefills     = 100     // under way at once
	maxRefillBatch = 100_000 // pages that a refill holds in memory; it lists those that are left again after them
	refillTries    = 5       // of a page that fails

	recordRefill = "refill"
)

// refills are those that are under way.
type refills struct {
	limiter *pace.Limiter

	mu      sync.Mutex
	running []*refill // the oldest first; guarded by mu
}

func (r *refills) get(id string) *refill {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.running {
		if f.id == id {
			return f
		}
	}
	return nil
}

func (r *refills) add(f *refill) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.running) >= maxRefills {
		return false
	}
	r.running = append(r.running, f)
	// One that an earlier process left may be older than those that have begun here.
	slices.SortStableFunc(r.running, func(a, b *refill) int { return a.at.Compare(b.at) })
	return true
}

func (r *refills) remove(f *refill) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running = slices.DeleteFunc(r.running, func(other *refill) bool { return other == f })
}

// refillPlan is what must be known of a refill to take it up again. What it names is in
// the journal; what it has done is in the pages.
type refillPlan struct {
	Receipt Receipt  `json:"receipt"`         // as the call got it, without a position
	After   Position `json:"after"`           // the journal's before its first entry
	Paths   []string `json:"paths,omitempty"` // keys of pages that are rendered even if there are none yet
	Total   int      `json:"total,omitempty"` // pages named; 0: not counted yet
	Paused  bool     `json:"paused,omitempty"`
}

// refill renders the pages that a revalidation named.
type refill struct {
	site *Site
	tags []string

	ctx    context.Context
	cancel context.CancelCauseFunc
	done   chan struct{} // closed when it has ended

	id     string
	at     time.Time  // when it was asked for
	need   Position   // that of the revalidation
	saving sync.Mutex // held while the plan is saved

	mu      sync.Mutex
	plan    refillPlan      // guarded by mu, as is all below
	receipt Receipt         // so far
	resumed chan struct{}   // closed when it is not paused any more; nil: it is not
	listed  bool            // the first list is whole
	tries   map[Key]int     // of pages that failed
	given   map[uint64]bool // pages that are done, but look as if they were not
	again   laterPages      // pages that failed, to be tried again
	rate    meter
}

// newRefill returns the refill of a revalidation at a position, which names tags.
func (s *Site) newRefill(plan refillPlan, tags []string) *refill {
	f := &refill{
		site: s, id: plan.Receipt.ID, at: plan.Receipt.At, plan: plan, tags: tags, done: make(chan struct{}),
		receipt: plan.Receipt, tries: make(map[Key]int), given: make(map[uint64]bool),
	}
	if plan.Paused {
		f.resumed = make(chan struct{})
	}
	f.ctx, f.cancel = context.WithCancelCause(s.background)
	return f
}

// applyRefill is Apply for a revalidation with Refill. What is to be done is kept before
// it comes into force, so that it is done.
func (s *Site) applyRefill(ctx context.Context, r Revalidation, a aims, receipt *Receipt) (*Receipt, error) {
	receipt.Running = true
	plan := refillPlan{Receipt: *receipt.clone(), After: s.ledger.pos()}
	if r.Mode == Regenerate && !r.OnlyGenerated && !a.only {
		for _, k := range a.keys {
			plan.Paths = append(plan.Paths, k.String())
		}
	}
	f := s.newRefill(plan, a.tags)
	if !s.refills.add(f) {
		return nil, fmt.Errorf("reprint: %w: %d refills are under way", ErrBusy, maxRefills)
	}
	if err := f.save(ctx); err != nil {
		s.refills.remove(f)
		return nil, fmt.Errorf("reprint: keep the refill: %w", err)
	}
	if err := s.enact(ctx, receipt, a.tags); err != nil {
		s.refills.remove(f)
		_ = s.journal.DeleteRecord(s.ctx, recordRefill, f.id) // else the next start finds that there is nothing to it
		return nil, fmt.Errorf("reprint: append to the journal: %w", err)
	}
	f.begin(receipt.Position)
	held := s.endHolding(a.held)
	if !s.work.start(f.run) {
		s.refills.remove(f)
		return receipt, fmt.Errorf("reprint: revalidation %s is in force, and its pages are rendered after the next start: %w", receipt.ID, ErrClosed)
	}
	if held != nil {
		return receipt, fmt.Errorf("reprint: revalidation %s is in force, but pages are still held: %w", receipt.ID, held)
	}
	return receipt, nil
}

// begin notes where the revalidation is in the journal.
func (f *refill) begin(position Position) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.need, f.receipt.Position = position, position
}

// resumeRefills takes up what an earlier process left.
func (s *Site) resumeRefills(ctx context.Context) {
	records, err := s.journal.Records(ctx, recordRefill)
	if err != nil && ctx.Err() == nil {
		s.log.Error("refills that an earlier process left cannot be read; their pages are rendered at their next visits", "err", err)
	}
	for _, r := range records {
		if s.refills.get(r.ID) != nil {
			continue // it began in this process
		}
		if err := s.resumeRefill(ctx, r); err != nil && ctx.Err() == nil {
			s.log.Error("refill is not taken up; its pages are rendered at their next visits", "refill", r.ID, "err", err)
			_ = s.journal.DeleteRecord(ctx, recordRefill, r.ID) // else it is tried again at the next start
		}
	}
}

func (s *Site) resumeRefill(ctx context.Context, r Record) error {
	var plan refillPlan
	if err := json.Unmarshal(r.Value, &plan); err != nil {
		return err
	}
	done, err := s.journal.Receipt(ctx, r.ID)
	if err != nil {
		return err
	}
	var tags []string
	var position Position
	for e, err := range s.journal.Entries(ctx, plan.After) {
		if err != nil {
			return err
		}
		if e.ID == r.ID {
			position, tags = e.Position, append(tags, e.Tags...)
		}
	}
	if done != nil || len(tags) == 0 { // or it never came into force
		return s.journal.DeleteRecord(ctx, recordRefill, r.ID)
	}
	f := s.newRefill(plan, tags)
	f.begin(position)
	if s.refills.add(f) && !s.work.start(f.run) {
		s.refills.remove(f)
	}
	return nil
}

// pause sets whether the refill waits, and keeps that.
func (f *refill) pause(ctx context.Context, paused bool) error {
	f.mu.Lock()
	switch {
	case paused && f.resumed == nil:
		f.resumed = make(chan struct{})
	case !paused && f.resumed != nil:
		close(f.resumed)
		f.resumed = nil
	}
	f.plan.Paused = paused
	f.mu.Unlock()
	return f.save(ctx)
}

// save keeps the plan.
func (f *refill) save(ctx context.Context) error {
	f.saving.Lock()
	defer f.saving.Unlock()
	f.mu.Lock()
	value, err := json.Marshal(f.plan)
	f.mu.Unlock()
	if err != nil {
		return err
	}
	return f.site.journal.PutRecord(ctx, Record{Kind: recordRefill, ID: f.id, Value: value})
}

// run renders until nothing is left, and says in the receipt how it went. When the site
// is shut down, the next one goes on.
func (f *refill) run() {
	defer close(f.done)
	defer f.site.refills.remove(f)
	defer f.cancel(nil)
	err := f.renderAll()
	if err != nil && !errors.Is(err, errCancelled) {
		if !errors.Is(err, ErrClosed) && f.site.background.Err() == nil {
			f.site.log.Error("refill has ended; what is left is rendered at its next visit", "refill", f.id, "err", err)
		} else {
			return
		}
	}
	receipt := f.end()
	f.site.saveReceipt(receipt)
	if err := f.site.journal.DeleteRecord(f.site.ctx, recordRefill, f.id); err != nil {
		f.site.log.Error("refill is done, and is looked at again at the next start", "refill", f.id, "err", err)
	}
	if traced := f.site.opts.Trace.Revalidated; traced != nil {
		traced(receipt)
	}
}

// soFar returns the receipt as it is now.
func (f *refill) soFar() *Receipt {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.receipt.soFar()
}

// end notes that the refill is done, and returns the receipt as it stays. Followers are
// told in the moment from which it can be read there, see news.finish.
func (f *refill) end() *Receipt {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.receipt.soFar()
	r.Running = false
	if left := f.plan.Total - r.Matched; left > 0 {
		// Cancelled, gone meanwhile, or not named any more.
		r.Matched += left
		r.Skipped += left
	}
	f.site.news.finish(r)
	f.receipt = *r.clone()
	return r
}

// status returns how far it has come.
func (f *refill) status() Refill {
	limiter := f.site.refills.limiter
	f.mu.Lock()
	defer f.mu.Unlock()
	r := Refill{
		ID: f.id, By: f.receipt.By, At: f.receipt.At, Mode: f.receipt.Mode,
		Listed: f.listed, Total: max(f.plan.Total, f.receipt.Matched), Done: f.receipt.Matched, Failed: f.receipt.Failed,
		Paused: f.plan.Paused, Resting: limiter.Resting(), Limit: limiter.Limit(), Rate: f.rate.perSecond(time.Now()),
	}
	if left := r.Total - r.Done; r.Rate > 0 && left > 0 && !r.Paused {
		r.Left = time.Duration(float64(left) / r.Rate * float64(time.Second)).Round(time.Second)
	}
	return r
}

// renderAll lists pages and renders them, until a list has none that is left.
func (f *refill) renderAll() error {
	for first := true; ; first = false {
		pages, err := f.list(first)
		if err != nil {
			return err
		}
		if len(pages) == 0 {
			return nil
		}
		if err := f.renderSome(pages); err != nil {
			return err
		}
	}
}

// renderSome renders pages, and those of them that fail again after a while.
func (f *refill) renderSome(pages []Key) error {
	var rendering sync.WaitGroup
	defer rendering.Wait()
	for _, k := range pages {
		if err := f.start(k, &rendering); err != nil {
			return err
		}
	}
	for {
		rendering.Wait()
		k, at, ok := f.nextAgain()
		if !ok {
			return nil
		}
		timer := time.NewTimer(time.Until(at))
		select {
		case <-timer.C:
		case <-f.ctx.Done():
			timer.Stop()
			return context.Cause(f.ctx)
		}
		// Others may be due as well by now: they are rendered beside it.
		for now := time.Now(); ok; k, ok = f.dueAgain(now) {
			if err := f.start(k, &rendering); err != nil {
				return err
			}
		}
	}
}

// start renders a page, as soon as the limit lets it.
func (f *refill) start(k Key, rendering *sync.WaitGroup) error {
	if err := f.waitResumed(); err != nil {
		return err
	}
	if f.settled(k) {
		return nil
	}
	window, err := f.site.refills.limiter.Begin(f.ctx)
	if err != nil {
		return err
	}
	rendering.Add(1)
	f.site.work.crew.do(func() {
		defer rendering.Done()
		f.render(k, window)
	})
	return nil
}

func (f *refill) waitResumed() error {
	f.mu.Lock()
	resumed := f.resumed
	f.mu.Unlock()
	if resumed == nil {
		if f.ctx.Err() != nil {
			return context.Cause(f.ctx)
		}
		return nil
	}
	select {
	case <-resumed:
		return f.waitResumed()
	case <-f.ctx.Done():
		return context.Cause(f.ctx)
	}
}

// settled notes what has become of a page for which there is nothing to do.
func (f *refill) settled(k Key) bool {
	if left := f.site.leftAlone(f.ctx, k); left != nil {
		f.giveUp(k, *left)
		return true
	}
	e := f.site.memory.peek(k)
	if e == nil || e.stamp < f.need {
		return false
	}
	f.giveUp(k, f.doneAlready(e.page()))
	return true
}

// doneAlready is what became of a page that was rendered since the revalidation.
func (f *refill) doneAlready(p *Page) PageResult {
	result := PageResult{Path: p.Key.String(), Result: ResultUnchanged, Status: p.Status, ETag: p.ETag(), Render: p.RenderTook}
	if modifiedSince(p.ModifiedAt, f.plan.Receipt.At) {
		result.Result = ResultRegenerated
	}
	return result
}

// render renders a page, which holds a place of the limiter.
func (f *refill) render(k Key, window int) {
	s, limiter := f.site, f.site.refills.limiter
	before, _ := s.previous(k) // what cannot be read is found out by the render
	result := PageResult{Path: k.String()}
	out, _, err := s.await(f.ctx, k, f.need, f.need, newJob(gate.Background, "revalidate "+f.id))
	switch {
	case err != nil, out.err != nil && (errors.Is(out.err, ErrBusy) || errors.Is(out.err, ErrClosed)):
		// It was not tried. Its place stays taken for a while: the next page would fare no
		// better, and there may be very many.
		sleep(f.ctx, time.Second)
		limiter.Left(window)
		f.later(k, time.Now())
	case out.private != "":
		limiter.Left(window)
		result.Result, result.Error = ResultSkipped, out.private
		f.giveUp(k, result)
	case out.err != nil:
		limiter.Failed(window)
		f.failed(k, out.err)
	case out.storeErr != nil:
		limiter.Failed(window)
		f.failed(k, fmt.Errorf("%s is rendered, but could not be stored: %w", k, out.storeErr))
	case out.entry.heldAt(time.Now()): // it was restored meanwhile
		limiter.Left(window)
		result.Result, result.Error = ResultSkipped, heldText(out.entry)
		f.giveUp(k, result)
	default:
		limiter.Succeeded(window, slowness(out.entry, before))
		if result = result.rendered(out.entry, out.changedSince(f.plan.Receipt.At)); !out.stored {
			f.giveUp(k, result) // a newer one is there, or none may be
			return
		}
		f.count(result)
	}
}

// slowness is how long a render took in terms of the one before it. What is quick
// anyway is not slow.
func slowness(now, before *entry) float64 {
	const quick = float64(5 * time.Millisecond)
	expected := quick
	if before != nil {
		expected = max(expected, float64(before.took))
	}
	return max(float64(now.took), quick) / expected
}

// failed has a page tried again, unless that was often enough.
func (f *refill) failed(k Key, err error) {
	f.mu.Lock()
	f.tries[k]++
	tries := f.tries[k]
	if tries >= refillTries {
		delete(f.tries, k)
	}
	f.mu.Unlock()
	if tries >= refillTries {
		f.giveUp(k, PageResult{Path: k.String()}.failed(err))
		return
	}
	at := time.Now().Add(time.Second)
	if last, known := f.site.failed.Last(k); known {
		at = last.Until
	}
	f.later(k, at)
}

// later has a page rendered at a moment.
func (f *refill) later(k Key, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	heap.Push(&f.again, laterPage{k, at})
}

func (f *refill) nextAgain() (Key, time.Time, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.again) == 0 {
		return Key{}, time.Time{}, false
	}
	p := heap.Pop(&f.again).(laterPage)
	return p.key, p.at, true
}

// dueAgain is nextAgain for one that is due.
func (f *refill) dueAgain(now time.Time) (Key, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.again) == 0 || f.again[0].at.After(now) {
		return Key{}, false
	}
	return heap.Pop(&f.again).(laterPage).key, true
}

// giveUp notes a page that is done with, although the store may not say so.
func (f *refill) giveUp(k Key, result PageResult) {
	f.mu.Lock()
	f.given[hashOf(k)] = true
	f.mu.Unlock()
	f.count(result)
}

// count notes a page that is done with.
func (f *refill) count(result PageResult) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.receipt.add(result)
	f.rate.add(time.Now())
}

// list returns pages that are left, those first that are visited most. The first list
// counts what there is, and what was done before it.
func (f *refill) list(first bool) ([]Key, error) {
	s := f.site
	s.countVisits()
	var most busiest
	seen := make(map[uint64]bool)
	total := 0
	give := func(k Key, lately, ever float64) {
		total++
		if !f.isGiven(k) {
			most.add(busyPage{k, lately, ever})
		}
	}
	if first {
		for _, path := range f.plan.Paths {
			if k, err := ParseKey(path); err == nil && !f.isStored(k) {
				seen[hashOf(k)] = true
				give(k, math.Inf(1), 0)
			}
		}
	}
	for _, tag := range f.tags {
		for l, err := range s.listTagged(f.ctx, tag) {
			if err != nil {
				return nil, cmp.Or(context.Cause(f.ctx), err)
			}
			k := l.Page.Key
			if h := hashOf(k); seen[h] {
				continue
			} else {
				seen[h] = true
			}
			switch {
			case l.Page.Stamp < f.need:
				give(k, float64(s.traffic.of(k)), l.Visits)
			case first:
				total++
				f.count(f.doneAlready(l.Page))
			}
		}
	}
	if !first {
		return most.sorted(), nil
	}
	f.mu.Lock()
	f.plan.Total, f.listed = max(f.plan.Total, total), true
	f.mu.Unlock()
	return most.sorted(), f.save(f.ctx)
}

func (f *refill) isStored(k Key) bool {
	e, err := f.site.previous(k)
	return e != nil || err != nil
}

func (f *refill) isGiven(k Key) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.given[hashOf(k)]
}

var hashSeed = maphash.MakeSeed()

// hashOf stands for a key where millions of keys would take too much memory. Of two
// with the same hash, which may not happen in ten million years, one counts.
func hashOf(k Key) uint64 { return maphash.Comparable(hashSeed, k) }

// laterPages is a heap of pages, the soonest first.
type laterPages []laterPage

type laterPage struct {
	key Key
	at  time.Time
}

func (l laterPages) Len() int           { return len(l) }
func (l laterPages) Less(i, j int) bool { return l[i].at.Before(l[j].at) }
func (l laterPages) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }
func (l *laterPages) Push(x any)        { *l = append(*l, x.(laterPage)) }
func (l *laterPages) Pop() any {
	old := *l
	last := old[len(old)-1]
	*l = old[:len(old)-1]
	return last
}

// busiest keeps the pages with the most visits, maxRefillBatch of them.
type busiest struct{ pages []busyPage }

type busyPage struct {
	key    Key
	lately float64 // visits in the last hour
	ever   float64 // see Listed.Visits
}

// add keeps a page for now. It never holds more than twice as many as are kept.
func (b *busiest) add(p busyPage) {
	if b.pages = append(b.pages, p); len(b.pages) >= 2*maxRefillBatch {
		b.cut()
	}
}

func (b *busiest) cut() {
	slices.SortFunc(b.pages, func(x, y busyPage) int {
		return cmp.Or(cmp.Compare(y.lately, x.lately), cmp.Compare(y.ever, x.ever), cmp.Compare(x.key.String(), y.key.String()))
	})
	b.pages = b.pages[:min(len(b.pages), maxRefillBatch)]
}

func (b *busiest) sorted() []Key {
	b.cut()
	keys := make([]Key, len(b.pages))
	for i, p := range b.pages {
		keys[i] = p.key
	}
	return keys
}

// meter counts how often something happens, in seconds of the last while.
type meter struct {
	counts [16]int
	second int64 // of the newest count
	begun  int64 // the first second that counts
}

func (m *meter) add(now time.Time) {
	m.advance(now.Unix())
	m.counts[m.second%int64(len(m.counts))]++
}

func (m *meter) advance(second int64) {
	if m.begun == 0 {
		m.begun, m.second = second, second
	}
	for ; m.second < second; m.second++ {
		if second-m.second > int64(len(m.counts)) {
			m.second = second - int64(len(m.counts))
		}
		m.counts[(m.second+1)%int64(len(m.counts))] = 0
	}
}

// perSecond is the mean of the last seconds that are over; 0: there is none.
func (m *meter) perSecond(now time.Time) float64 {
	if m.begun == 0 {
		return 0
	}
	m.advance(now.Unix())
	over := min(m.second-m.begun, int64(len(m.counts))-1)
	if over == 0 {
		return 0
	}
	sum := 0
	for i := range over {
		sum += m.counts[(m.second-1-i)%int64(len(m.counts))]
	}
	return float64(sum) / float64(over)
}
