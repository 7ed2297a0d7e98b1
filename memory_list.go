package reprint

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// listEntry is an entry that may be part of a list.
type listEntry struct {
	key   string
	entry *entry
}

// List implements [Store]. It looks at every page in memory, keeps the ones with
// the lowest keys and takes no lock. The index of tags is left alone: it may be
// a moment behind the pages, and who reads it keeps writers waiting.
func (s *MemoryStore) List(ctx context.Context, q ListQuery) ([]Listed, error) {
	if q.Limit < 1 {
		return nil, fmt.Errorf("list pages: limit is %d; it must be at least 1", q.Limit)
	}
	lowest, err := s.lowest(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list pages: %w", err)
	}
	list := make([]Listed, len(lowest))
	for i, l := range lowest {
		list[i] = l.entry.listed()
	}
	return list, nil
}

// lowest returns the entries of a list, in order. It never holds more than twice
// the limit: then it sorts, and what is above the limit is out.
func (m *memory) lowest(ctx context.Context, q ListQuery) ([]listEntry, error) {
	const perCheck = 1024 // entries between two looks at ctx
	var lowest []listEntry
	cut := func() {
		slices.SortFunc(lowest, func(a, b listEntry) int { return strings.Compare(a.key, b.key) })
		lowest = lowest[:min(len(lowest), q.Limit)]
	}
	highest, seen := "", 0 // highest: no key above it is wanted; empty: not known yet
	for key, e := range m.tier.All() {
		if seen++; seen%perCheck == 0 && ctx.Err() != nil {
			break
		}
		if q.Tag != "" && !e.tags().contains(q.Tag) {
			continue
		}
		if key <= q.After || (highest != "" && key > highest) {
			continue
		}
		if lowest = append(lowest, listEntry{key, e}); len(lowest)/2 >= q.Limit {
			cut()
			highest = lowest[len(lowest)-1].key
		}
	}
	cut()
	return lowest, ctx.Err()
}

// listed returns the entry's page as a list has it.
func (e *entry) listed() Listed {
	p := e.page()
	p.Body = nil
	return Listed{Page: p, Size: int64(len(e.body)), Visits: float64(e.visits.Load())}
}

// Count returns about how many pages are stored. It costs nothing.
func (s *MemoryStore) Count() int64 { return int64(s.tier.Len()) }
