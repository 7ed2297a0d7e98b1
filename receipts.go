package reprint

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// receipts are those of calls that have their answer, until they are stored. A call
// does not wait for that: what its receipt tells of is on disk already.
type receipts struct {
	mu      sync.Mutex
	written map[string]*tally // of calls that nobody waits for; guarded by mu, as is all below
	unsaved map[string]*Receipt
	own     map[string]*Receipt // that their callers store themselves
	order   []string            // those of unsaved that the journal has no earlier form of, the oldest first
	running map[string]bool     // those that the journal has as running
	saving  bool                // somebody stores them
	begun   int                 // how often somebody began to store some
}

const (
	// maxUnsaved is how many receipts may wait to be stored; whoever has one more stores
	// it himself.
	maxUnsaved = 1000
	// receiptsLag is how long receipts are collected, so that they share a commit.
	receiptsLag = 10 * time.Millisecond
	// maxReceiptsAtOnce is how many are stored in one step.
	maxReceiptsAtOnce = 64
)

// tally is a receipt that is being written.
type tally struct {
	mu      sync.Mutex
	receipt *Receipt // guarded by mu
}

func (t *tally) add(p PageResult) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.receipt.add(p)
}

// soFar returns the receipt as it is now.
func (t *tally) soFar() *Receipt {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.receipt.soFar()
}

// follow lets a receipt be read while it is written, until the function that it returns
// is called.
func (u *receipts) follow(t *tally) (done func()) {
	id := t.receipt.ID
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.written == nil {
		u.written = make(map[string]*tally)
	}
	u.written[id] = t
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		delete(u.written, id)
	}
}

// now returns a receipt that is being written, or waits to be stored; nil: there is none.
func (u *receipts) now(id string) *Receipt {
	u.mu.Lock()
	t, r := u.written[id], cmp.Or(u.unsaved[id], u.own[id])
	u.mu.Unlock()
	if t != nil {
		return t.soFar()
	}
	return r
}

// add keeps a receipt for who asks for it before it is stored, and calls a function in
// the same moment. It reports whether there are so many that the caller must store it,
// or whether somebody must be found to store them.
func (u *receipts) add(r *Receipt, also func()) (many, alone bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	also()
	if u.unsaved == nil {
		u.unsaved, u.own, u.running = make(map[string]*Receipt), make(map[string]*Receipt), make(map[string]bool)
	}
	_, earlier := u.unsaved[r.ID]
	if !earlier && len(u.unsaved) >= maxUnsaved {
		u.own[r.ID] = r
		return true, false
	}
	if !earlier && !u.running[r.ID] {
		u.order = append(u.order, r.ID)
	}
	u.unsaved[r.ID] = r
	alone = !u.saving
	u.saving = true
	return false, alone
}

// next returns the receipts that are to be stored, in their order. When there are none,
// whoever stores them is done.
func (u *receipts) next() []*Receipt {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.saving = len(u.unsaved) > 0
	list := make([]*Receipt, 0, len(u.unsaved))
	first := make(map[string]bool, len(u.order))
	for _, id := range u.order {
		list, first[id] = append(list, u.unsaved[id]), true
	}
	for id, r := range u.unsaved {
		if !first[id] { // it keeps its place
			list = append(list, r)
		}
	}
	return list
}

// remove notes that receipts are stored. A later one with the ID of one is not.
func (u *receipts) remove(stored ...*Receipt) {
	u.mu.Lock()
	defer u.mu.Unlock()
	gone := make(map[string]bool, len(stored))
	for _, r := range stored {
		gone[r.ID] = true
		if u.unsaved[r.ID] == r {
			delete(u.unsaved, r.ID)
		}
		if u.own[r.ID] == r {
			delete(u.own, r.ID)
		}
		if delete(u.running, r.ID); r.Running && u.running != nil {
			u.running[r.ID] = true
		}
	}
	u.order = slices.DeleteFunc(u.order, func(id string) bool { return gone[id] })
}

// begin notes that receipts are about to be stored.
func (u *receipts) begin() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.begun++
}

// begins returns how often receipts began to be stored.
func (u *receipts) begins() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.begun
}

// waiting returns the receipts that the journal has in no form, the newest first.
func (u *receipts) waiting() (list []*Receipt) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, id := range slices.Backward(u.order) {
		list = append(list, u.unsaved[id])
	}
	return list
}

// keepReceipt lets a receipt be found. If it is the end of a call that followers know of,
// they are told in the same moment: one who comes finds it or is told. The function that
// it returns stores the receipt at some moment before Shutdown returns.
func (s *Site) keepReceipt(receipt *Receipt, known bool) (store func()) {
	kept := receipt.clone() // the caller's is the caller's
	many, alone := s.receipts.add(kept, func() {
		if known {
			s.news.finish(kept)
		}
	})
	return func() {
		switch {
		case many:
			s.saveReceipt(kept)
			s.receipts.remove(kept)
		case alone && !s.work.start(s.saveReceipts):
			s.saveReceipts()
		}
	}
}

// saveReceipts stores receipts until there are none.
func (s *Site) saveReceipts() {
	for {
		time.Sleep(receiptsLag)
		all := s.receipts.next()
		if len(all) == 0 {
			return
		}
		for some := range slices.Chunk(all, maxReceiptsAtOnce) {
			s.saveInOrder(some)
		}
	}
}

// saveInOrder stores receipts, so that they are listed in their order.
func (s *Site) saveInOrder(some []*Receipt) {
	s.receipts.begin()
	if journal, ok := s.journal.(ReceiptJournal); ok && journal.SaveReceipts(s.ctx, some) == nil {
		s.receipts.remove(some...)
		return
	}
	for _, r := range some {
		s.saveReceipt(r) // which says what is wrong
		s.receipts.remove(r)
	}
}

// saveReceipt stores a receipt, which must not change any more.
func (s *Site) saveReceipt(receipt *Receipt) {
	s.receipts.begin()
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
	if r := s.receipts.now(id); r != nil {
		return r.clone(), nil
	}
	r, err := s.journal.Receipt(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("reprint: receipt %s: %w", id, err)
	}
	if r == nil {
		return nil, nil
	}
	return r.settled(), nil
}
