package sqlite

import (
	"hash/maphash"
	"sync/atomic"
)

// missed remembers keys that were looked for in vain a moment ago. Most pages that
// are new were: a Put of one inserts at once, and looks for a page to replace only
// where that fails. So a key can be forgotten, or taken for another.
type missed struct {
	seed  maphash.Seed
	slots [1 << 12]atomic.Uint64 // hashes of keys; 0: none
}

func newMissed() *missed { return &missed{seed: maphash.MakeSeed()} }

func (m *missed) add(key string) {
	slot, hash := m.slot(key)
	slot.Store(hash)
}

// take reports whether key is remembered, and forgets it.
func (m *missed) take(key string) bool {
	slot, hash := m.slot(key)
	return slot.CompareAndSwap(hash, 0)
}

func (m *missed) slot(key string) (slot *atomic.Uint64, hash uint64) {
	hash = maphash.String(m.seed, key)
	return &m.slots[hash%uint64(len(m.slots))], max(hash, 1)
}
