package reprint

import (
	"bytes"
	"hash/maphash"
	"math/bits"
	"strings"
	"sync/atomic"
	"time"

	"github.com/reprint-go/reprint/internal/coding"
)

// hotPages is where pages were found that the fast lane was asked for lately, by
// target, with the answers that it gives in the present second. It stands before the
// memory tier, which takes longer because it notes each use; of the uses seen here it
// is told of one in eight. A page has two slots to choose from, so that thousands of
// them get along.
type hotPages []atomic.Pointer[hotPage]

// hotPage is a page that was asked for lately. What a hit needs of it is here and in
// the answer: while other pages have their turn the processor forgets this one, and
// each place in memory that a hit looks at costs more than all that it does there.
type hotPage struct {
	name    [maxHotName]byte // the entry's, which is its host and its target as clients write them
	nameLen uint8
	tags    uint8              // how many the entry has; more than there are places for: not known
	places  [maxHotTags]uint16 // theirs in the ledger
	uses    atomic.Uint32      // hits that were answered from here
	told    atomic.Uint32      // how many of them the entry knows of
	checked atomic.Uint64      // see entry
	made    atomic.Int64       // the last second in which an answer was made, and not kept
	e       *entry
	plain   atomic.Pointer[hotAnswer] // for who accepts no content coding
	coded   atomic.Pointer[hotAnswer] // for who accepts some
}

// maxHotTags is how many tags of a page are known here.
const maxHotTags = 12

// maxHotName is the longest name of a page that is kept here.
const maxHotName = 93

// hotAnswer is the answer to a plain hit in one second. It does not change.
type hotAnswer struct {
	sec      int64
	until    int64 // the page is stale by time from then on
	routing  uint64
	rt       *route
	accepted coding.Accepted // the content codings that the visitor accepts
	all      bool            // or whatever he accepts
	head     bool            // it is good for HEAD too
	status   int
	form     *form
	text     []byte // the head
	body     []byte
}

// newHotPages returns room for pages of a memory tier of limit bytes: what it takes
// itself, some 900 B a page, is not a thirtieth of that.
func newHotPages(limit int64) hotPages {
	const least, most = 1 << 6, 1 << 13
	n := min(max(limit>>15, least), most)
	return make(hotPages, 1<<(bits.Len64(uint64(n))-1))
}

var hotSeed = maphash.MakeSeed()

func (h hotPages) slots(target string) (first, second *atomic.Pointer[hotPage]) {
	sum := maphash.String(hotSeed, target)
	last := uint64(len(h) - 1)
	return &h[sum&last], &h[sum>>32&last]
}

// find returns the page of a target, or nil.
func (h hotPages) find(host, target string) *hotPage {
	first, second := h.slots(target)
	if hp := first.Load(); hp.is(host, target) {
		return hp
	}
	if hp := second.Load(); hp.is(host, target) {
		return hp
	}
	return nil
}

func (hp *hotPage) is(host, target string) bool {
	if hp == nil || int(hp.nameLen) != len(host)+len(target) {
		return false
	}
	return string(hp.name[len(host):hp.nameLen]) == target && string(hp.name[:len(host)]) == host
}

// keepHot notes that a target leads to an entry, which was found in the tier, or
// returns nil where others have its slots: it takes one of them at times only, for
// where more pages are hot than there are slots they would else change all the time.
// If the entry has been replaced meanwhile, who did that may have looked for it here
// before it was noted: so it is looked up once more.
func (m *memory) keepHot(host string, e *entry, l *ledger) *hotPage {
	name := e.name()
	if len(name) > maxHotName {
		return nil
	}
	slot, second := m.hot.slots(name[len(host):])
	if slot.Load() != nil {
		if second.Load() == nil {
			slot = second
		} else if e.visits.Load()%8 != 0 {
			return nil
		}
	}
	hp := &hotPage{e: e, nameLen: uint8(len(name))}
	copy(hp.name[:], name)
	for tag, rest := "", e.tags(); rest != "" && hp.tags <= maxHotTags; hp.tags++ {
		tag, rest = rest.next()
		if hp.tags < maxHotTags {
			hp.places[hp.tags] = l.placeOf(tag)
		}
	}
	slot.Store(hp)
	if m.tier.Peek(name) != e {
		slot.CompareAndSwap(hp, nil)
	}
	return hp
}

// forget is called when name has another entry in the tier than before, or none, or
// one of its forms was dropped.
func (h hotPages) forget(name string) {
	slash := strings.IndexByte(name, '/')
	if slash < 0 {
		return
	}
	first, second := h.slots(name[slash:])
	for _, slot := range [...]*atomic.Pointer[hotPage]{first, second} {
		if hp := slot.Load(); hp != nil && hp.e.name() == name {
			slot.CompareAndSwap(hp, nil)
		}
	}
}

// count tells the entries of their visits.
func (h hotPages) count() {
	for i := range h {
		if hp := h[i].Load(); hp != nil {
			hp.count()
		}
	}
}

// count tells the entry what became known here.
func (hp *hotPage) count() {
	hp.e.raise(Position(hp.checked.Load()))
	uses := hp.uses.Load()
	hp.e.visits.Add(uses - hp.told.Swap(uses))
}

// used notes a hit.
func (hp *hotPage) used(m *memory) {
	if hp.uses.Add(1)%8 == 0 {
		hp.count()
		m.tier.Get(hp.e.name()) // it is in use
	}
}

// answer returns the answer for who accepts what c says, as it was given before, if
// it still is what the site would answer now.
func (hp *hotPage) answer(s *Site, c *fastConn, encoding string, now time.Time) *hotAnswer {
	an := hp.plain.Load()
	if encoding != "" && (an == nil || !an.all) {
		an = hp.coded.Load()
		if an == nil || an.accepted != c.accepts(encoding) {
			return nil
		}
	}
	if an == nil || an.sec != now.Unix() || an.routing != s.routing.Load() || now.UnixMicro() >= an.until {
		return nil
	}
	if !hp.current(s) {
		return nil
	}
	return an
}

// current reports whether the page is current.
func (hp *hotPage) current(s *Site) bool {
	position, checked := s.ledger.pos(), Position(hp.checked.Load())
	switch {
	case checked >= position:
		return true
	case checked > 0 && hp.tags <= maxHotTags && s.ledger.untouched(hp.places[:hp.tags], checked):
		hp.checked.Store(uint64(position))
		return true
	case s.standing(hp.e).current:
		hp.checked.Store(uint64(hp.e.isChecked()))
		return true
	}
	return false
}

// keep keeps an answer for the rest of its second, if there was one in the second
// before it or this is the second that is made in it: for pages that are asked for less
// often that would be a waste.
func (hp *hotPage) keep(c *fastConn, encoding string, rd *ready, x *rendition, text []byte) {
	place, all := &hp.coded, !x.codes || !x.e.compressible
	if all || encoding == "" {
		place = &hp.plain
	}
	before := place.Load()
	if hp.made.Swap(x.sec) != x.sec && (before == nil || before.sec != x.sec-1) {
		return
	}
	an := &hotAnswer{
		sec: x.sec, until: rd.until, routing: rd.routing, rt: rd.route, all: all, head: rd.head,
		status: x.e.status(), form: x.form, text: bytes.Clone(text), body: x.body(),
	}
	if place == &hp.coded {
		an.accepted = c.accepts(encoding)
	}
	place.Store(an)
}
