package reprint

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"
)

// Event is something that happened to the site; see [Site.Events].
type Event struct {
	Kind EventKind
	// Position is that of the entry, or of the call that is done. Of a gap it is that
	// of the last entry that is missing.
	Position Position
	ID       string // of the receipt; empty for a gap, as is all below
	Time     time.Time
	Mode     Mode
	By       string
	Tags     []string // of the entry, not to be changed
	Receipt  *Receipt // of a call that is done, without pages
}

// EventKind is what happened.
type EventKind string

// The kinds of events.
const (
	// EventRevalidated: an entry of the journal is in force.
	EventRevalidated EventKind = "revalidated"
	// EventDone: the pages of a call are done, one way or another; its Receipt says how.
	EventDone EventKind = "done"
	// EventGap: entries up to its Position are not kept any more, or are not those of the
	// journal that was followed before. It goes on with those above.
	EventGap EventKind = "gap"
)

// Events yields what happens to the site: first what the journal holds above after, then
// what comes, until ctx ends or the site is shut down. An error is the journal's, and the
// last.
//
// Each entry is there once, in the order of positions, also when another process has
// appended it. Each call that ends in this process is done once, after its last entry. Of
// the entries that were in force before Events was called those are followed by their end
// whose receipt is kept and not running.
//
// Who is slow gets everything that is still kept, later, and holds up nobody.
func (s *Site) Events(ctx context.Context, after Position) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		f := &follower{site: s, ctx: ctx, yield: yield, last: after, seen: s.news.join()}
		defer s.news.leave()
		f.old = s.ledger.pos()
		f.follow()
	}
}

const (
	maxNews       = 256       // ends of calls that are kept for followers
	maxOpen       = 1000      // calls of which a follower remembers that it was not told the end
	maxBatchBytes = 256 << 10 // of entries that a follower holds
)

// news tells those who follow the site's events that there is something to tell.
type news struct {
	reading sync.Mutex // held by the follower that reads the journal

	mu        sync.Mutex
	changed   chan struct{} // closed when there is something new; nil: nobody waits; guarded by mu, as is all below
	followers int
	count     uint64     // calls that are done
	done      []*Receipt // the last of them, without pages; none while nobody follows
}

// join notes a follower, and returns how many calls are done.
func (n *news) join() uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.followers++
	return n.count
}

func (n *news) leave() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.followers--; n.followers == 0 {
		n.done = nil
	}
}

// wait returns a channel that is closed when there is something new.
func (n *news) wait() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.changed == nil {
		n.changed = make(chan struct{})
	}
	return n.changed
}

// tell wakes those who wait.
func (n *news) tell() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.changed != nil {
		close(n.changed)
		n.changed = nil
	}
}

// finish notes that a call is done. Its receipt can be found from the same moment on, see
// [Site.keepReceipt].
func (n *news) finish(r *Receipt) {
	defer n.tell()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.count++; n.followers == 0 {
		return
	}
	if n.done = append(n.done, r.withoutPages()); len(n.done) > maxNews {
		n.done = slices.Delete(n.done, 0, 1)
	}
}

// since returns the calls that were done after the first seen of them, how many are done
// now, and whether some of those asked for are not kept any more.
func (n *news) since(seen uint64) (done []*Receipt, count uint64, missed bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	first := n.count - uint64(len(n.done))
	return slices.Clone(n.done[max(seen, first)-first:]), n.count, seen < first
}

// follower is one call of Events.
type follower struct {
	site  *Site
	ctx   context.Context
	yield func(Event, error) bool

	last Position // entries up to here are told
	old  Position // of entries up to here the end may have come before the follower
	seen uint64   // how many ends of calls are told
	open []string // calls that are told, but not their end
}

// follow tells what there is, and what comes.
func (f *follower) follow() {
	if f.over() || !f.begin() {
		return
	}
	for {
		changed := f.site.news.wait()
		if !f.catchUp() {
			return
		}
		select {
		case <-changed:
		case <-f.ctx.Done():
			return
		case <-f.site.work.over():
			return
		}
	}
}

// over returns a channel that is closed when the work is.
func (w *work) over() <-chan struct{} { return w.crew.over }

// over reports whether nothing more is to be told.
func (f *follower) over() bool {
	select {
	case <-f.site.work.over():
		return true
	default:
		return f.ctx.Err() != nil
	}
}

// begin tells of a journal that has not come as far as the follower's.
func (f *follower) begin() bool {
	here := f.site.ledger.pos()
	if f.last <= here {
		return true
	}
	summary, err := f.site.journal.Summary(f.ctx)
	if err != nil {
		return f.fail(err)
	}
	if summary.Position >= f.last {
		return true // another process has appended what is not in force here yet
	}
	f.last = here
	return f.yield(Event{Kind: EventGap, Position: here}, nil)
}

// fail tells an error, which is the last.
func (f *follower) fail(err error) bool {
	if !f.over() {
		f.yield(Event{}, fmt.Errorf("reprint: follow the journal: %w", err))
	}
	return false
}

// catchUp tells what is in force and done by now, and reports whether to go on.
func (f *follower) catchUp() bool {
	done, count, missed := f.site.news.since(f.seen)
	f.seen = count
	upTo := f.site.ledger.pos() // the entries of those that are done are in force
	if missed {
		f.old = upTo
	}
	for f.last < upTo {
		entries, err := f.read(upTo)
		if err == nil && len(entries) == 0 {
			f.last = upTo
		}
		for _, e := range entries {
			if !f.tell(e, done) {
				return false
			}
		}
		if err != nil && !f.skip(upTo, err) {
			return false
		}
	}
	if missed && !f.tellMissed(done) {
		return false
	}
	for _, r := range done {
		if !f.end(r) {
			return false
		}
	}
	return true
}

// read returns some of the next entries, up to a position. Only one follower reads at a
// time: how much the journal reads ahead is not for many to multiply.
func (f *follower) read(upTo Position) (entries []Entry, err error) {
	f.site.news.reading.Lock()
	defer f.site.news.reading.Unlock()
	size := 0
	for e, err := range f.site.journal.Entries(f.ctx, f.last) {
		if err != nil {
			return entries, err
		}
		if e.Position > upTo {
			break
		}
		entries = append(entries, e)
		for _, tag := range e.Tags {
			size += len(tag)
		}
		if size += 64; size > maxBatchBytes {
			break
		}
	}
	return entries, nil
}

// tell tells an entry, and the end of its call if that came before the follower. Those
// that are done now are told by themselves.
func (f *follower) tell(e Entry, now []*Receipt) bool {
	if f.over() {
		return false
	}
	f.last = e.Position
	f.open = append(f.open, e.ID)
	f.open = f.open[max(0, len(f.open)-maxOpen):]
	ok := f.yield(Event{Kind: EventRevalidated, Position: e.Position, ID: e.ID, Time: e.Time, Mode: e.Mode, By: e.By, Tags: e.Tags}, nil)
	if ok && e.Position <= f.old {
		if r := f.ended(e.ID, now); r != nil && r.Position == e.Position { // else it has further entries
			return f.end(r)
		}
	}
	return ok
}

// ended returns the receipt of a call that is done, unless it is or will be told by
// itself.
func (f *follower) ended(id string, now []*Receipt) *Receipt {
	r, err := f.site.Receipt(f.ctx, id)
	if err != nil || r == nil || r.Running || holdsReceipt(now, id) {
		return nil // who asks for the receipt is told the error
	}
	if later, _, _ := f.site.news.since(f.seen); holdsReceipt(later, id) {
		return nil
	}
	return r.withoutPages()
}

// end tells that a call is done.
func (f *follower) end(r *Receipt) bool {
	f.open = slices.DeleteFunc(f.open, func(id string) bool { return id == r.ID })
	return !f.over() && f.yield(Event{Kind: EventDone, Position: r.Position, ID: r.ID, Time: r.At.Add(r.Took), Mode: r.Mode, By: r.By, Receipt: r}, nil)
}

// tellMissed tells the ends of calls that came while the follower was too slow.
func (f *follower) tellMissed(now []*Receipt) bool {
	for _, id := range slices.Clone(f.open) {
		if !slices.Contains(f.open, id) {
			continue // it has several entries
		}
		if r := f.ended(id, now); r != nil && !f.end(r) {
			return false
		}
	}
	return true
}

// skip goes on behind the entries that are not kept any more, and says so.
func (f *follower) skip(upTo Position, why error) bool {
	kept := func(p Position) error {
		for _, err := range f.site.journal.Entries(f.ctx, p) {
			return err
		}
		return nil
	}
	if err := kept(upTo); err != nil {
		return f.fail(err)
	}
	last, first := f.last, upTo // what follows the one is not kept, what follows the other is
	for first-last > 1 {
		if middle := last + (first-last)/2; kept(middle) == nil {
			first = middle
		} else {
			last = middle
		}
	}
	if f.over() || kept(f.last) == nil {
		return f.fail(why) // it was not that
	}
	f.last = first
	return f.yield(Event{Kind: EventGap, Position: first}, nil)
}
