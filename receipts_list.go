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
	for {
		begun := s.receipts.begins()
		u := s.unstoredReceipts(before)
		from := before
		if u.hasBefore() {
			from = ""
		}
		stored, err := s.journal.Receipts(ctx, from, limit)
		if err == nil && overlap(stored, u.above) {
			// before has been stored meanwhile, and what stands below it, too.
			u, from = unstored{}, before
			stored, err = s.journal.Receipts(ctx, from, limit)
		}
		if err != nil {
			return nil, fmt.Errorf("reprint: %w", err)
		}
		// All that is in a full list may have been stored since, with the others below it.
		if !u.empty() && len(stored) == limit && s.receipts.begins() != begun && !overlap(stored, u.waiting) {
			continue
		}
		return s.inOneList(ctx, u, stored, limit), nil
	}
}

// unstored are receipts that the journal has in no form, the newest first.
type unstored struct {
	refills []*Receipt // of those that are under way
	waiting []*Receipt // of calls that are done
	above   []*Receipt // where the list begins after one of them: that one and the newer ones
}

func (u unstored) hasBefore() bool { return len(u.above) > 0 }

func (u unstored) empty() bool { return len(u.refills)+len(u.waiting)+len(u.above) == 0 }

// unstoredReceipts returns the receipts that the journal has in no form and a list after
// before shows; empty: all.
func (s *Site) unstoredReceipts(before string) unstored {
	waiting := s.receipts.waiting()
	if i := indexReceipt(waiting, before); i >= 0 {
		return unstored{waiting: waiting[i+1:], above: waiting[:i+1]}
	}
	var refills []*Receipt
	for _, f := range slices.Backward(s.refills.all()) {
		refills = append(refills, f.soFar())
	}
	if i := indexReceipt(refills, before); i >= 0 {
		return unstored{refills: refills[i+1:], waiting: waiting, above: refills[:i+1]}
	}
	if before != "" {
		return unstored{}
	}
	return unstored{refills: refills, waiting: waiting}
}

// inOneList puts receipts that were not stored a moment ago before those that are, each
// once and as it is now.
func (s *Site) inOneList(ctx context.Context, u unstored, stored []*Receipt, limit int) []*Receipt {
	known := make(map[string]bool, len(stored))
	for _, r := range stored {
		known[r.ID] = true
	}
	// They are stored in their order: with one of them, those that waited before it are
	// stored too, and stand below.
	waiting := u.waiting
	if i := slices.IndexFunc(waiting, func(r *Receipt) bool { return known[r.ID] }); i >= 0 {
		waiting = waiting[:i]
	}
	var list []*Receipt
	for _, r := range u.refills {
		if !known[r.ID] {
			list = append(list, r.withoutPages())
		}
	}
	for _, r := range waiting {
		list = append(list, s.asItIsNow(ctx, r.withoutPages()))
	}
	for _, r := range stored {
		list = append(list, s.asItIsNow(ctx, r))
	}
	return list[:min(limit, len(list))]
}

// asItIsNow returns a receipt for a list that the journal had a moment ago, or that
// waited to be stored.
func (s *Site) asItIsNow(ctx context.Context, r *Receipt) *Receipt {
	if now := s.receipts.now(r.ID); now != nil {
		return now.withoutPages()
	}
	if !r.Running {
		return r
	}
	// Nobody writes it now: it ended since, or with its process.
	if now, err := s.journal.Receipt(ctx, r.ID); err == nil && now != nil {
		r = now.withoutPages()
	}
	return r.settled()
}

func indexReceipt(list []*Receipt, id string) int {
	return slices.IndexFunc(list, func(r *Receipt) bool { return r.ID == id })
}

func holdsReceipt(list []*Receipt, id string) bool { return indexReceipt(list, id) >= 0 }

// overlap reports whether two lists have a receipt in common.
func overlap(a, b []*Receipt) bool {
	return slices.ContainsFunc(a, func(r *Receipt) bool { return holdsReceipt(b, r.ID) })
}

// all returns the refills that are under way, the oldest first.
func (r *refills) all() []*refill {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.running)
}
