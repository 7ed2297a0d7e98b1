package sqlite

import "sync/atomic"

// Stats says what a store holds and what it did since it was opened.
type Stats struct {
	Pages      int64  // stored now
	Versions   int64  // stored now, earlier and refused ones
	Bytes      int64  // of the file in use, without log and free space, to within 1 MiB
	Commits    uint64 // transactions, each with one sync
	Operations uint64 // writes that were part of them
	Evicted    uint64 // pages dropped for want of room
	Damaged    uint64 // pages and versions dropped because they were not what was stored
}

// counts is what the writer publishes of its state, for Stats.
type counts struct {
	pages, versions, bytes, evicted, damaged atomic.Int64
	lastPage                                 atomic.Int64 // at least the highest id in pages
	commits, operations                      atomic.Uint64
}

func (c *counts) publish(s state) {
	c.pages.Store(s.pages)
	c.versions.Store(s.versions)
	c.bytes.Store(s.used)
	c.evicted.Store(s.evicted)
	c.damaged.Store(s.damaged)
	c.lastPage.Store(s.lastPage)
}

// Stats returns them as of the last commit. It costs nothing and works on a
// closed store too.
func (s *Store) Stats() Stats {
	c := s.counts
	return Stats{
		Pages:      c.pages.Load(),
		Versions:   c.versions.Load(),
		Bytes:      c.bytes.Load(),
		Commits:    c.commits.Load(),
		Operations: c.operations.Load(),
		Evicted:    uint64(c.evicted.Load()),
		Damaged:    uint64(c.damaged.Load()),
	}
}

// Count returns how many pages are stored, as of the last commit. It costs
// nothing and works on a closed store too.
func (s *Store) Count() int64 { return s.counts.pages.Load() }
