package reprint

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// receipts are those of calls that have their answer, until they are stored. A call
// does not wait for that: what its receipt tells of is on disk already.
type receipts struct {
	mu      sync.Mutex
	unsaved map[string]*Receipt // guarded by mu, as is all below
	saving  bool                // somebody stores them
}

const (
	// maxUnsaved is how many receipts may wait to be stored; whoever has one more waits
	// for his.
	maxUnsaved = 1000
	// receiptsLag is how long receipts are collected, so that they share a commit.
	receiptsLag = 10 * time.Millisecond
)

// add keeps a receipt, if there is room, for who asks for it before it is stored. It
// reports whether somebody must be found to store it.
func (u *receipts) add(r *Receipt) (added, alone bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, earlier := u.unsaved[r.ID]; !earlier && len(u.unsaved) >= maxUnsaved {
		return false, false
	}
	if u.unsaved == nil {
		u.unsaved = make(map[string]*Receipt)
	}
	u.unsaved[r.ID] = r
	alone = !u.saving
	u.saving = true
	return true, alone
}

// next returns the receipts that are to be stored. When there are none, whoever stores
// them is done.
func (u *receipts) next() []*Receipt {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.saving = len(u.unsaved) > 0
	return slices.Collect(maps.Values(u.unsaved))
}

// remove notes that a receipt is stored. A later one with its ID is not.
func (u *receipts) remove(r *Receipt) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.unsaved[r.ID] == r {
		delete(u.unsaved, r.ID)
	}
}

func (u *receipts) get(id string) *Receipt {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.unsaved[id]
}

// saveReceiptBehind stores a receipt at some moment before Shutdown returns.
func (s *Site) saveReceiptBehind(receipt *Receipt) {
	kept := receipt.clone() // the caller's is the caller's
	added, alone := s.receipts.add(kept)
	switch {
	case !added:
		s.saveReceipt(kept)
	case alone && !s.work.start(s.saveReceipts):
		s.saveReceipts()
	}
}

// saveReceipts stores receipts until there are none.
func (s *Site) saveReceipts() {
	for {
		time.Sleep(receiptsLag)
		some := s.receipts.next()
		if len(some) == 0 {
			return
		}
		pool := newPool(s.work.crew, 64, func(r *Receipt) {
			s.saveReceipt(r)
			s.receipts.remove(r)
		})
		for _, r := range some {
			pool.give(r)
		}
		pool.wait()
	}
}

// saveReceipt stores a receipt, which must not change any more.
func (s *Site) saveReceipt(receipt *Receipt) {
	if err := s.journal.SaveReceipt(s.ctx, receipt); err != nil {
		s.log.Error("receipt is not stored", "receipt", receipt.ID, "err", err)
	}
}

// Receipt returns the receipt with that ID, or nil and no error when it is not
// kept any more.
func (s *Site) Receipt(ctx context.Context, id string) (*Receipt, error) {
	if f := s.refills.get(id); f != nil {
		return f.soFar(), nil
	}
	if r := s.receipts.get(id); r != nil {
		return r.clone(), nil
	}
	r, err := s.journal.Receipt(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("reprint: receipt %s: %w", id, err)
	}
	return r, nil
}
