package reprint

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// readJournal is a store that counts how often its journal is read.
type readJournal struct {
	*MemoryStore
	reads atomic.Int64
}

func (j *readJournal) Entries(ctx context.Context, after Position) iter.Seq2[Entry, error] {
	j.reads.Add(1)
	return j.MemoryStore.Entries(ctx, after)
}

// Calls that come while pages are stored come into force together, without the
// journal being read; those of another process are not passed over.
func TestEntriesComeIntoForceInTheirOrder(t *testing.T) {
	journal := &readJournal{MemoryStore: NewMemoryStore(0)}
	s, err := New(Options{Store: journal})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Shutdown(context.Background()) }()
	const calls = 50
	s.commits.RLock() // a page is being stored
	var all sync.WaitGroup
	for i := range calls {
		all.Go(func() {
			if _, err := s.append(t.Context(), Entry{Tags: []string{fmt.Sprint(i)}}); err != nil {
				t.Error(err)
			}
		})
	}
	for arrived := 0; arrived < calls; time.Sleep(time.Millisecond) {
		s.arrivals.mu.Lock()
		arrived = len(s.arrivals.entries)
		s.arrivals.mu.Unlock()
	}
	if at := s.ledger.pos(); at != 0 {
		t.Errorf("position %d is in force while a page is stored", at)
	}
	s.commits.RUnlock()
	all.Wait()
	if at, reads := s.ledger.pos(), journal.reads.Load(); at != calls || reads != 0 {
		t.Errorf("position %d is in force after %d calls, and the journal was read %d times", at, calls, reads)
	}

	if _, err := journal.Append(t.Context(), Entry{Tags: []string{"other"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.append(t.Context(), Entry{Tags: []string{"own"}}); err != nil {
		t.Fatal(err)
	}
	if at := s.ledger.pos(); at != calls+2 {
		t.Errorf("position %d is in force, want %d", at, calls+2)
	}
	for _, tag := range []string{"0", "49", "other", "own"} {
		if s.ledger.standing(packTags([]string{tag}), 0, 0).current {
			t.Errorf("a page with tag %q is current", tag)
		}
	}
	s.arrivals.next(s.ledger.pos())
	if n := len(s.arrivals.entries); n != 0 {
		t.Errorf("%d entries are kept that are in force", n)
	}
}
