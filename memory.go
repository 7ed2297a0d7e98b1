package reprint

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/reprint-go/reprint/internal/tier"
)

// memory is the memory tier: a bounded number of bytes of pages, the most useful
// ones. With an index it also knows which pages carry a tag, and is a store.
type memory struct {
	tier  *tier.Tier[string, entry] // by Key.String()
	index *tagIndex                 // nil in front of a store, which has its own
	shelf shelf
	hot   hotPages
}

// perIndexedTag is what a page's tag costs in the index, beyond the page.
const perIndexedTag = 96

func newMemory(limit int64, indexed bool) *memory {
	m := &memory{hot: newHotPages(limit)}
	weigh := func(_ string, e *entry) uint32 { return clampWeight(e.size()) }
	if indexed {
		m.index = newTagIndex()
		weigh = func(_ string, e *entry) uint32 { return clampWeight(e.size() + perIndexedTag*e.tags().len()) }
	}
	m.tier = tier.New(limit, weigh, func(name string, e *entry) {
		m.replaced(e, nil)
		m.hot.forget(name) // its page may be large
	})
	return m
}

func clampWeight(n int) uint32 { return uint32(min(n, math.MaxUint32)) }

// get returns the entry of key, or nil.
func (m *memory) get(key Key) *entry { return m.tier.Get(key.String()) }

// peek is get for somebody who does not use the page.
func (m *memory) peek(key Key) *entry { return m.tier.Peek(key.String()) }

// put makes made the page of its key unless a page with a higher stamp is there,
// and returns the entry that is there now.
func (m *memory) put(made *entry) (e *entry, stored bool) {
	m.makeRoom(made.size())
	e = m.tier.Update(made.name(), func(old *entry) *entry {
		if old != nil && (old.stamp > made.stamp || old.holds(made)) {
			return old
		}
		m.replaced(old, made)
		return made
	})
	m.hot.forget(made.name())
	return e, e == made
}

// keep is put for a page that was read from a store, and may have been replaced
// since: any page of its stamp or a higher one stays. wanted is asked at the last
// moment, while nothing else can change the key.
func (m *memory) keep(made *entry, wanted func() bool) *entry {
	m.makeRoom(made.size())
	e := m.tier.Update(made.name(), func(old *entry) *entry {
		if (old != nil && old.stamp >= made.stamp) || !wanted() {
			return old
		}
		m.replaced(old, made)
		return made
	})
	m.hot.forget(made.name())
	return e
}

// remove drops the page of key if its stamp is below before.
func (m *memory) remove(key Key, before Position) {
	m.tier.Update(key.String(), func(old *entry) *entry {
		if old == nil || old.stamp >= before {
			return old
		}
		m.replaced(old, nil)
		return nil
	})
	m.hot.forget(key.String())
}

// replaced brings what is known of the entries up to date. Either may be nil. Of the
// same content the forms are taken over.
func (m *memory) replaced(old, made *entry) {
	if old != nil && made != nil {
		made.visits.Add(old.visits.Swap(0))
	}
	if old != nil && made != nil && old.sum == made.sum && made.compressible {
		if fs := old.forms.Load(); fs != nil {
			made.forms.Store(fs)
			m.shelf.add(made)
		}
	}
	if old != nil {
		m.shelf.remove(old)
	}
	if m.index == nil {
		return
	}
	if made != nil {
		m.index.add(made)
	}
	if old != nil {
		m.index.remove(old)
	}
}

// shelve is called when an entry has got a form.
func (m *memory) shelve(e *entry) {
	m.makeRoom(0)
	m.shelf.add(e)
	m.tier.Reweigh(e.name(), e)
	if m.tier.Peek(e.name()) != e {
		m.shelf.remove(e) // it has gone meanwhile
	}
}

// makeRoom sees to it that forms that nobody asks for go before pages do, when n
// bytes more would not fit.
func (m *memory) makeRoom(n int) {
	if m.shelf.n.Load() == 0 || m.tier.Weight()+int64(n) <= m.tier.Limit() {
		return
	}
	for _, e := range m.shelf.unasked() {
		m.hot.forget(e.name()) // it holds what was dropped
		m.tier.Reweigh(e.name(), e)
	}
}

// tagIndex knows which pages in memory carry a tag.
type tagIndex struct {
	mu    sync.Mutex
	pages map[string]map[string]*entry // by tag, then by Key.String(); guarded by mu
}

func newTagIndex() *tagIndex { return &tagIndex{pages: make(map[string]map[string]*entry)} }

func (x *tagIndex) add(e *entry) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for tag, rest := "", e.tags(); rest != ""; {
		tag, rest = rest.next()
		carriers := x.pages[tag]
		if carriers == nil {
			carriers = make(map[string]*entry)
			x.pages[strings.Clone(tag)] = carriers // the entry's whole text would stay with it
		}
		delete(carriers, e.name()) // the key that stays in the map is to be this entry's text
		carriers[e.name()] = e
	}
}

// remove forgets e, but not an entry that has taken its place meanwhile.
func (x *tagIndex) remove(e *entry) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for tag, rest := "", e.tags(); rest != ""; {
		tag, rest = rest.next()
		carriers := x.pages[tag]
		if carriers[e.name()] != e {
			continue
		}
		delete(carriers, e.name())
		if len(carriers) == 0 {
			delete(x.pages, tag)
		}
	}
}

func (x *tagIndex) keys(tag string) []Key {
	x.mu.Lock()
	defer x.mu.Unlock()
	keys := make([]Key, 0, len(x.pages[tag]))
	for _, e := range x.pages[tag] {
		keys = append(keys, e.key())
	}
	return keys
}

// MemoryStore is a [Store] and [Journal] that lives as long as the process. Its
// pages are bounded in bytes; the most useful ones stay. It is what a [Site]
// without a store uses.
type MemoryStore struct {
	*memory
	memoryJournal
}

// NewMemoryStore returns an empty store for at most limit bytes of pages, with
// headers, tags and bookkeeping. Zero: 256 MiB.
func NewMemoryStore(limit int64) *MemoryStore {
	if limit <= 0 {
		limit = defaultMemory
	}
	return &MemoryStore{memory: newMemory(limit, true), memoryJournal: newMemoryJournal()}
}

// Page implements [Store].
func (s *MemoryStore) Page(ctx context.Context, key Key) (*Page, error) {
	e := s.get(key)
	if e == nil {
		return nil, ctx.Err()
	}
	return e.page(), ctx.Err()
}

// Put implements [Store]. A page larger than the whole limit is refused with an
// error that wraps [ErrFull]; one that could not be read back as it is, with a key
// that is not canonical or a header that HTTP could not carry, with another.
func (s *MemoryStore) Put(ctx context.Context, p *Page) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if err := packable(p); err != nil {
		return false, fmt.Errorf("store page %s: %w", p.Key, err)
	}
	if limit := s.tier.Limit(); int64(p.Size()) > limit {
		return false, fmt.Errorf("page %s takes %d bytes of memory of %d: %w", p.Key, p.Size(), limit, ErrFull)
	}
	_, stored := s.put(newEntry(p))
	return stored, nil
}

// Delete implements [Store].
func (s *MemoryStore) Delete(ctx context.Context, key Key, before Position) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.remove(key, before)
	return nil
}

// Tagged implements [Store].
func (s *MemoryStore) Tagged(ctx context.Context, tag string) iter.Seq2[Key, error] {
	return func(yield func(Key, error) bool) {
		for _, k := range s.index.keys(tag) {
			if err := ctx.Err(); err != nil {
				yield(Key{}, err)
				return
			}
			if !yield(k, nil) {
				return
			}
		}
	}
}

// Due implements [Store].
func (s *MemoryStore) Due(ctx context.Context, until time.Time, limit int) ([]DuePage, error) {
	var due []DuePage
	for _, e := range s.tier.All() {
		if t := e.life.due(); !t.IsZero() && !t.After(until) {
			due = append(due, DuePage{e.key(), t})
		}
	}
	slices.SortFunc(due, func(a, b DuePage) int { return a.Due.Compare(b.Due) })
	return due[:min(limit, len(due))], ctx.Err()
}

// Compact implements [Journal].
func (s *MemoryStore) Compact(ctx context.Context, upTo Position) error {
	return s.compact(ctx, upTo, func(l *ledger) { raiseChecked(s.memory, l, upTo) })
}

// raiseChecked lets every page in memory that is current take upTo as the
// position where it was checked.
func raiseChecked(m *memory, l *ledger, upTo Position) {
	for _, e := range m.tier.All() {
		if l.standing(e.tags(), e.life.renderedAt, e.isChecked()).current {
			e.raise(upTo)
		}
	}
}
