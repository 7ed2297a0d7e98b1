package reprint

import (
	"bytes"
	"hash/maphash"
	"math/bits"
	"strings"
	"sync/atomic"

	"github.com/reprint-go/reprint/internal/coding"
)

// hotPages is where pages were found that the fast lane was asked for lately, by
// target, with the heads that it sent in the present second. It stands before the
// memory tier, which takes longer because it notes each use; of the uses seen here it
// is told of one in eight. A page has two slots to choose from, so that thousands of
// them get along.
type hotPages []atomic.Pointer[hotPage]

// hotPage is a page that was asked for lately. It does not change but for its heads.
type hotPage struct {
	host, target string // as the client wrote them; together they are the entry's name
	e            *entry
	sec          atomic.Int64 // the last second in which a head was asked for
	heads        [coding.Count]atomic.Pointer[hotHead]
}

// hotHead is the head of a plain hit in one coding.
type hotHead struct {
	sec     int64
	rt      *route
	formSum [4]byte
	text    []byte
}

// newHotPages returns room for pages of a memory tier of limit bytes: what it takes
// itself, some 600 B a page, is not a fiftieth of that.
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
	return hp != nil && hp.target == target && hp.host == host
}

// keepHot notes that a target leads to an entry, which was found in the tier, or
// returns nil where others have its slots: it takes one of them at times only, for
// where more pages are hot than there are slots they would else change all the time.
// If the entry has been replaced meanwhile, who did that may have looked for it here
// before it was noted: so it is looked up once more.
func (m *memory) keepHot(host string, e *entry) *hotPage {
	name := e.name()
	target := name[len(host):]
	slot, second := m.hot.slots(target)
	if slot.Load() != nil {
		if second.Load() == nil {
			slot = second
		} else if e.visits.Load()%8 != 0 {
			return nil
		}
	}
	hp := &hotPage{host: name[:len(host)], target: target, e: e}
	slot.Store(hp)
	if m.tier.Peek(name) != e {
		slot.CompareAndSwap(hp, nil)
	}
	return hp
}

// forget is called when name has another entry in the tier than before, or none.
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

// head returns the head of a plain hit, for reading. It may be made in buf. One that
// is asked for once in a second is not kept.
func (hp *hotPage) head(x *rendition, status int, buf []byte) []byte {
	c, sum := coding.Identity, [4]byte{}
	if x.form != nil {
		c, sum = x.form.coding, x.form.sum
	}
	if h := hp.heads[c].Load(); h != nil && h.sec == x.sec && h.rt == x.rt && h.formSum == sum {
		return h.text
	}
	buf = x.appendHead(buf, status)
	if hp.sec.Swap(x.sec) == x.sec {
		hp.heads[c].Store(&hotHead{x.sec, x.rt, sum, bytes.Clone(buf)})
	}
	return buf
}
