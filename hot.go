package reprint

import (
	"bytes"
	"hash/maphash"
	"strings"
	"sync/atomic"

	"github.com/reprint-go/reprint/internal/coding"
)

// hotPages is where pages were found that the fast lane was asked for lately, by
// target, with the heads that it sent in the present second. It stands before the
// memory tier, which takes longer because it notes each use; of the uses seen here it
// is told of one in eight. Targets that share a slot take turns.
type hotPages [2048]atomic.Pointer[hotPage]

// hotPage is a page that was asked for lately. It does not change but for its heads.
type hotPage struct {
	host, target string // as the client wrote them; together they are the entry's name
	e            *entry
	heads        [coding.Count]atomic.Pointer[hotHead]
}

// hotHead is the head of a plain hit in one coding.
type hotHead struct {
	sec     int64
	rt      *route
	formSum [4]byte
	text    []byte
}

var hotSeed = maphash.MakeSeed()

func (h *hotPages) slot(target string) *atomic.Pointer[hotPage] {
	return &h[maphash.String(hotSeed, target)%uint64(len(h))]
}

// find returns the page of a target, or nil.
func (h *hotPages) find(host, target string) *hotPage {
	if hp := h.slot(target).Load(); hp != nil && hp.target == target && hp.host == host {
		return hp
	}
	return nil
}

// keepHot notes that a target leads to an entry, which was found in the tier. If the
// entry has been replaced meanwhile, who did that may have looked for it here before
// it was noted: so it is looked up once more.
func (m *memory) keepHot(host, target string, e *entry) *hotPage {
	hp := &hotPage{host: strings.Clone(host), target: strings.Clone(target), e: e}
	slot := m.hot.slot(target)
	slot.Store(hp)
	if m.tier.Peek(e.name()) != e {
		slot.CompareAndSwap(hp, nil)
	}
	return hp
}

// forget is called when name has another entry in the tier than before, or none.
func (h *hotPages) forget(name string) {
	slash := strings.IndexByte(name, '/')
	if slash < 0 {
		return
	}
	slot := h.slot(name[slash:])
	if hp := slot.Load(); hp != nil && hp.e.name() == name {
		slot.CompareAndSwap(hp, nil)
	}
}

// head returns the head of a plain hit, for reading. It may be made in buf.
func (hp *hotPage) head(x *rendition, status int, buf []byte) []byte {
	c, sum := coding.Identity, [4]byte{}
	if x.form != nil {
		c, sum = x.form.coding, x.form.sum
	}
	if h := hp.heads[c].Load(); h != nil && h.sec == x.sec && h.rt == x.rt && h.formSum == sum {
		return h.text
	}
	buf = x.appendHead(buf, status)
	hp.heads[c].Store(&hotHead{x.sec, x.rt, sum, bytes.Clone(buf)})
	return buf
}
