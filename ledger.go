package reprint

import (
	"cmp"
	"hash/maphash"
	"iter"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// ledger is the journal compacted, in memory: the last position of each tag. It
// answers whether a page is current. Readers that see no new position since
// they last looked need no lock.
type ledger struct {
	// position is the last entry that the table below contains. It is published
	// after the table has changed, never before: who reads a position and then
	// the table sees at least that position's entries. The other order would let
	// a page be found current at a position whose entry was not looked at.
	position atomic.Uint64

	// named is the last position at which a tag was named, or any other of the same
	// place: see places. It has changed before the position is published.
	named [1 << 12]atomic.Uint64

	mu        sync.RWMutex
	floor     Position              // guarded by mu
	marks     map[string]Mark       // guarded by mu
	compounds map[string][]compound // by one of their tags; guarded by mu
}

// compound is a compound tag that has a mark.
type compound struct {
	tag    string
	others []string // what it is made of, but for that one
}

var placeSeed = maphash.MakeSeed()

// placeOf is where a tag's last position is noted.
func (l *ledger) placeOf(tag string) uint16 {
	return uint16(maphash.String(placeSeed, tag) % uint64(len(l.named)))
}

// untouched reports whether no entry above since names one of the tags with these
// places, as of a position that was read before. It says so or does not know.
func (l *ledger) untouched(places []uint16, since Position) bool {
	for _, p := range places {
		if l.named[p].Load() > uint64(since) {
			return false
		}
	}
	return true
}

func newLedger(s Summary) *ledger {
	l := &ledger{}
	l.adopt(s)
	l.position.Store(uint64(s.Position))
	return l
}

// adopt takes over the table of a summary. mu is held.
func (l *ledger) adopt(s Summary) {
	l.floor, l.marks, l.compounds = s.Floor, s.Marks, make(map[string][]compound)
	if l.marks == nil {
		l.marks = make(map[string]Mark)
	}
	for tag := range l.marks {
		l.note(tag)
	}
}

// note finds out what a tag is made of, if it is a compound one. It is called before the
// tag gets its first mark. mu is held.
func (l *ledger) note(tag string) {
	members := compoundOf(tag)
	if len(members) == 0 {
		return
	}
	// Any of them will do, for who is named carries all; that of the fewest, so that a
	// page whose author is part of thousands need not look at these.
	rarest := slices.MinFunc(members, func(a, b string) int { return cmp.Compare(len(l.compounds[a]), len(l.compounds[b])) })
	others := slices.DeleteFunc(members, func(m string) bool { return m == rarest })
	l.compounds[rarest] = append(l.compounds[rarest], compound{tag, others})
}

// pos returns the position that a render starting now may take as its stamp.
func (l *ledger) pos() Position { return Position(l.position.Load()) }

// apply adds entries that follow the current position, in order.
func (l *ledger) apply(entries ...Entry) {
	if len(entries) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Summary{Marks: l.marks}
	for _, e := range entries {
		for _, tag := range e.Tags {
			if _, known := l.marks[tag]; !known {
				l.note(tag)
			}
			if members := compoundOf(tag); len(members) > 0 {
				tag = members[0] // which all pages in question carry
			}
			l.named[l.placeOf(tag)].Store(uint64(e.Position))
		}
		s.Add(e)
	}
	l.position.Store(uint64(s.Position))
}

// size returns how many tags are remembered.
func (l *ledger) size() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return len(l.marks)
}

// compact forgets the marks at or below upTo; pages whose Checked is under it
// are not current any more.
func (l *ledger) compact(upTo Position) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.marks, func(_ string, m Mark) bool { return m.Any <= upTo })
	l.adopt(Summary{Floor: max(l.floor, upTo), Marks: l.marks})
}

// standing is what the journal says of a page.
type standing struct {
	current bool      // no entry above the page's stamp names one of its tags
	expired bool      // one of mode Expire or Delete does
	deleted bool      // one of mode Delete does
	since   time.Time // when the last of them was appended; set unless current
}

// standing looks every tag of a page up, as seen from the position checked, which
// is at or above the page's stamp. renderedAt is when the page's render began; see
// fromMicros.
func (l *ledger) standing(tags tagList, renderedAt int64, checked Position) standing {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s := standing{current: true}
	for tag, rest := "", tags; rest != ""; {
		tag, rest = rest.next()
		if m, ok := l.marks[tag]; ok && m.Any > checked {
			s.add(m, checked)
		}
		for _, j := range l.compounds[tag] {
			if m := l.marks[j.tag]; m.Any > checked && tags.containsAll(j.others) {
				s.add(m, checked)
			}
		}
	}
	if s.current && checked < l.floor {
		// What the entries between said is forgotten; that there may be one is not,
		// and it may have been of mode Expire.
		s.current, s.expired, s.since = false, true, fromMicros(renderedAt)
	}
	return s
}

// add adds what a mark above checked says.
func (s *standing) add(m Mark, checked Position) {
	s.current = false
	s.expired = s.expired || m.Expire > checked
	s.deleted = s.deleted || m.Delete > checked
	if m.At.After(s.since) {
		s.since = m.At
	}
}

// of yields the marks of a page's tags, those of compound tags included, each
// with the tags that it takes. mu is held.
func (l *ledger) of(tags []string) iter.Seq2[Mark, []string] {
	return func(yield func(Mark, []string) bool) {
		var carried tagList
		if len(l.compounds) > 0 {
			carried = packTags(tags)
		}
		for i, tag := range tags {
			if m, ok := l.marks[tag]; ok && !yield(m, tags[i:i+1]) {
				return
			}
			for _, j := range l.compounds[tag] {
				if carried.containsAll(j.others) && !yield(l.marks[j.tag], append([]string{tag}, j.others...)) {
					return
				}
			}
		}
	}
}

// above returns the positions above checked that the journal last named one of tags
// at, in order.
func (l *ledger) above(tags []string, checked Position) []Position {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var found []Position
	for m := range l.of(tags) {
		if m.Any > checked {
			found = append(found, m.Any)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// upTo returns the highest position at or below stamp that the journal last named one of
// tags at, and whether one of them was named above stamp: what was said of that one before
// is not known any more.
func (l *ledger) upTo(tags []string, stamp Position) (last Position, hidden bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for m := range l.of(tags) {
		if m.Any > stamp {
			hidden = true
		} else {
			last = max(last, m.Any)
		}
	}
	return last, hidden
}

// need returns the highest position at which one of tags was named: a render
// that began there or later is new enough for who arrives now.
func (l *ledger) need(tags []string) Position {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var highest Position
	for m := range l.of(tags) {
		highest = max(highest, m.Any)
	}
	return highest
}

// overtakes reports whether an entry above stamp names one of tags which the page
// before did not carry. carried are its tags, none if there was no such page.
func (l *ledger) overtakes(stamp Position, tags []string, carried tagList) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if stamp < l.floor {
		return true
	}
	for m, named := range l.of(tags) {
		if m.Any > stamp && !carried.containsAll(named) {
			return true
		}
	}
	return false
}

// reload replaces the table by a summary, if that is further on.
func (l *ledger) reload(s Summary) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.Position <= l.pos() {
		return
	}
	l.adopt(s)
	for i := range l.named {
		l.named[i].Store(uint64(s.Position)) // any tag may have been named
	}
	l.position.Store(uint64(s.Position))
}
