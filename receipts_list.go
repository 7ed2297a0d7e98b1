package reprint

import (
	"context"
	"fmt"
	"slices"
)

// maxReceiptsListed is how many receipts a call of Receipts returns.
const maxReceiptsListed = 1000

// Receipts returns receipts without their Pages, the newest first, at most limit of
// them, from 1 to 1,000: those of refills that are under way, then the others, the one
// first that was finished last, or begun last if it is running. before is the ID of the
// last one of an earlier list; empty: from the newest. One that is not kept any more ends
// the list.
func (s *Site) Receipts(ctx context.Context, before string, limit int) ([]*Receipt, error) {
	if limit < 1 || limit > maxReceiptsListed {
		return nil, fmt.Errorf("reprint: limit %d is not between 1 and 1,000", limit)
	}
	refills, waiting, waits := s.unstoredReceipts(before)
	from := before
	if waits {
		from = ""
	}
	stored, err := s.journal.Receipts(ctx, from, limit)
	if err == nil && waits && holdsReceipt(stored, before) {
		// It has been stored meanwhile, and what stands below it, too.
		refills, waiting = nil, nil
		stored, err = s.journal.Receipts(ctx, before, limit)
	}
	if err != nil {
		return nil, fmt.Errorf("reprint: %w", err)
	}
	return s.inOneList(refills, waiting, stored, limit), nil
}

// unstoredReceipts returns the receipts that the journal has in no form, those older than before
// if it is one of them, and whether it is.
func (s *Site) unstoredReceipts(before string) (refills, waiting []*Receipt, waits bool) {
	waiting, waits = s.receipts.waiting(before)
	if waits {
		return nil, waiting, true
	}
	for _, f := range slices.Backward(s.refills.all()) {
		if f.id == before {
			refills, waits = nil, true
			continue
		}
		refills = append(refills, f.soFar())
	}
	if before != "" && !waits {
		return nil, nil, false
	}
	return refills, waiting, waits
}

// inOneList puts receipts that were not stored a moment ago before those that are, each
// once and as it is now.
func (s *Site) inOneList(refills, waiting, stored []*Receipt, limit int) []*Receipt {
	known := make(map[string]bool, len(stored))
	for _, r := range stored {
		known[r.ID] = true
	}
	// They are stored in their order: with one of them, those that waited before it are
	// stored too, and stand below.
	if i := slices.IndexFunc(waiting, func(r *Receipt) bool { return known[r.ID] }); i >= 0 {
		waiting = waiting[:i]
	}
	var list []*Receipt
	for _, r := range slices.Concat(refills, waiting) {
		if !known[r.ID] {
			list = append(list, r.withoutPages())
		}
	}
	for _, r := range stored {
		if final := s.receipts.now(r.ID); final != nil {
			r = final.withoutPages()
		}
		list = append(list, r)
	}
	return list[:min(limit, len(list))]
}

func holdsReceipt(list []*Receipt, id string) bool {
	return slices.ContainsFunc(list, func(r *Receipt) bool { return r.ID == id })
}

// all returns the refills that are under way, the oldest first.
func (r *refills) all() []*refill {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.running)
}
