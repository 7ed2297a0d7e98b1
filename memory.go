package reprint

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reprint-go/reprint/internal/tier"
)

// entry is a page in memory, ready to be served.
type entry struct {
	page *Page
	// checked is a position up to which the page is known to be current; it
	// begins at page.Checked and rises. While it equals the ledger's position a
	// hit needs to know nothing else.
	checked atomic.Uint64
	// What a response needs, formatted once.
	etag, length []string
}

func newEntry(p *Page) *entry {
	e := &entry{
		page:   p,
		etag:   []string{p.ETag()},
		length: []string{strconv.Itoa(len(p.Body))},
	}
	e.checked.Store(uint64(max(p.Stamp, p.Checked)))
	return e
}

// raise lifts checked to at least p.
func (e *entry) raise(p Position) {
	for {
		old := e.checked.Load()
		if old >= uint64(p) || e.checked.CompareAndSwap(old, uint64(p)) {
			return
		}
	}
}

// memory is the memory tier: a bounded number of bytes of pages, the most useful
// ones. With an index it also knows which pages carry a tag, and is a store.
type memory struct {
	tier  *tier.Tier[Key, entry]
	index *tagIndex // nil in front of a store, which has its own
}

// perIndexedTag is what a page's tag costs in the index, beyond the page.
const perIndexedTag = 96

func newMemory(limit int64, indexed bool) *memory {
	m := &memory{}
	weigh := func(_ Key, e *entry) uint32 { return clampWeight(e.page.Size()) }
	var gone func(Key, *entry)
	if indexed {
		m.index = newTagIndex()
		weigh = func(_ Key, e *entry) uint32 { return clampWeight(e.page.Size() + perIndexedTag*len(e.page.Tags)) }
		gone = func(_ Key, e *entry) { m.index.remove(e.page) }
	}
	m.tier = tier.New(limit, weigh, gone)
	return m
}

func clampWeight(n int) uint32 { return uint32(min(n, math.MaxUint32)) }

// get returns the entry of key, or nil.
func (m *memory) get(key Key) *entry { return m.tier.Get(key) }

// peek is get for somebody who does not use the page.
func (m *memory) peek(key Key) *entry { return m.tier.Peek(key) }

// put makes p the page of its key unless a page with a higher stamp is there,
// and returns the entry that is there now.
func (m *memory) put(p *Page) (e *entry, stored bool) {
	e = m.tier.Update(p.Key, func(old *entry) *entry {
		if old != nil && (old.page == p || old.page.Stamp > p.Stamp) {
			return old
		}
		if m.index != nil {
			m.index.add(p)
			if old != nil {
				m.index.remove(old.page) // the tier tells of it too, but later
			}
		}
		return newEntry(p)
	})
	return e, e != nil && e.page == p
}

// keep is put for a page that was read from a store, and may have been replaced
// since: any page of its stamp or a higher one stays. wanted is asked at the last
// moment, while nothing else can change the key.
func (m *memory) keep(p *Page, wanted func() bool) *entry {
	return m.tier.Update(p.Key, func(old *entry) *entry {
		if (old != nil && old.page.Stamp >= p.Stamp) || !wanted() {
			return old
		}
		return newEntry(p)
	})
}

// remove drops the page of key if its stamp is below before.
func (m *memory) remove(key Key, before Position) {
	m.tier.Update(key, func(old *entry) *entry {
		if old == nil || old.page.Stamp >= before {
			return old
		}
		if m.index != nil {
			m.index.remove(old.page)
		}
		return nil
	})
}

// tagIndex knows which pages in memory carry a tag.
type tagIndex struct {
	mu    sync.Mutex
	pages map[string]map[Key]*Page // guarded by mu
}

func newTagIndex() *tagIndex { return &tagIndex{pages: make(map[string]map[Key]*Page)} }

func (x *tagIndex) add(p *Page) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, tag := range p.Tags {
		keys := x.pages[tag]
		if keys == nil {
			keys = make(map[Key]*Page)
			x.pages[tag] = keys
		}
		keys[p.Key] = p
	}
}

// remove forgets p, but not a page that has taken its place meanwhile.
func (x *tagIndex) remove(p *Page) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, tag := range p.Tags {
		keys := x.pages[tag]
		if keys[p.Key] != p {
			continue
		}
		delete(keys, p.Key)
		if len(keys) == 0 {
			delete(x.pages, tag)
		}
	}
}

func (x *tagIndex) keys(tag string) []Key {
	x.mu.Lock()
	defer x.mu.Unlock()
	keys := make([]Key, 0, len(x.pages[tag]))
	for k := range x.pages[tag] {
		keys = append(keys, k)
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
	p := e.page
	if checked := Position(e.checked.Load()); checked > max(p.Stamp, p.Checked) {
		raised := *p
		raised.Checked = checked
		p = &raised
	}
	return p, ctx.Err()
}

// Put implements [Store]. A page larger than the whole limit is refused with an
// error that wraps [ErrFull].
func (s *MemoryStore) Put(ctx context.Context, p *Page) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if limit := s.tier.Limit(); int64(p.Size()) > limit {
		return false, fmt.Errorf("page %s takes %d bytes of memory of %d: %w", p.Key, p.Size(), limit, ErrFull)
	}
	_, stored := s.put(p)
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
		if t := e.page.Due; !t.IsZero() && !t.After(until) {
			due = append(due, DuePage{e.page.Key, t})
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
		if l.standing(e.page, Position(e.checked.Load())).current {
			e.raise(upTo)
		}
	}
}
