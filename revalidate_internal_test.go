package reprint

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
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

// A follower who comes between must not be told the end of a refill twice, see
// news.finish.
func TestTheEndOfARefillIsToldBeforeItIsRead(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Shutdown(context.Background()) }()
	f := s.newRefill(refillPlan{Receipt: Receipt{ID: "R", Running: true}}, []string{"a"})
	s.refills.add(f)
	defer s.refills.remove(f)
	var at sync.WaitGroup
	at.Go(func() {
		for {
			r, err := s.Receipt(context.Background(), "R")
			if err != nil {
				t.Error(err)
				return
			}
			if !r.Running {
				break
			}
		}
		if _, ended, _ := s.news.since(0); ended != 1 {
			t.Errorf("the receipt is not running, and %d ends were told", ended)
		}
	})
	f.end()
	at.Wait()
}

// A follower who comes while a call ends finds its receipt or is told, once, also where
// so many receipts wait that the caller stores it. Who was told finds it.
func TestTheEndOfACallIsToldOnceToWhoComes(t *testing.T) {
	for _, waiting := range []int{0, maxUnsaved} {
		s, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		s.receipts.saving = true // by nobody
		for i := range waiting {
			s.keepReceipt(&Receipt{ID: fmt.Sprint("waiting ", i)}, false)
		}
		s.news.join() // somebody follows all the time
		for i := range 15_000 {
			id, before := strconv.Itoa(i), s.news.count
			var at sync.WaitGroup
			for range 2 {
				at.Go(func() {
					for over := false; !over; {
						f := &follower{site: s, ctx: t.Context(), seen: s.news.join()}
						over = f.seen > before // else he will be told
						if found := f.ended(id, nil) != nil; found != over {
							t.Errorf("%d receipts wait: who came after the end of %s: %t, found it: %t", waiting, id, over, found)
						}
						if told, _, _ := s.news.since(before); len(told) > 0 {
							if r, err := s.Receipt(t.Context(), id); r == nil || err != nil {
								t.Errorf("the end of %s is told, and its receipt is %v, %v", id, r, err)
							}
						}
						s.news.leave()
					}
				})
			}
			s.keepReceipt(&Receipt{ID: id}, true)()
			at.Wait()
			if r := s.receipts.now(id); r != nil { // no other is to be one more
				s.receipts.remove(r)
			}
			if t.Failed() {
				break
			}
		}
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

// slowReceipts is a journal whose disk is slow.
type slowReceipts struct {
	*MemoryStore
	mu      sync.Mutex
	running map[string]bool // guarded by mu; what was stored last of each
}

func (j *slowReceipts) SaveReceipt(ctx context.Context, r *Receipt) error {
	time.Sleep(5 * time.Millisecond)
	return j.SaveReceipts(ctx, []*Receipt{r})
}

func (j *slowReceipts) SaveReceipts(ctx context.Context, list []*Receipt) error {
	time.Sleep(10 * time.Millisecond)
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range list {
		j.running[r.ID] = r.Running
		if err := j.MemoryStore.SaveReceipt(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// Where so many receipts wait that callers store their own, what is stored last of each
// is its end, and those that wait stay in the list.
func TestReceiptsThatTheirCallersStoreStayAsTheyEnd(t *testing.T) {
	j := &slowReceipts{MemoryStore: NewMemoryStore(0), running: make(map[string]bool)}
	s, err := New(Options{Journal: j})
	if err != nil {
		t.Fatal(err)
	}
	var calls sync.WaitGroup
	for range 100 {
		calls.Go(func() {
			for range 60 {
				if _, err := s.Apply(t.Context(), Revalidation{Tags: []string{"a"}, NoWait: true}); err != nil && !errors.Is(err, ErrBusy) {
					t.Error(err)
				}
			}
		})
	}
	calls.Wait()
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(j.running) <= maxUnsaved {
		t.Errorf("%d receipts are too few", len(j.running))
	}
	for id, running := range j.running {
		if running {
			t.Fatalf("%s is stored as running, one of %d", id, len(j.running))
		}
	}
	if n := len(s.receipts.running) + len(s.receipts.own) + len(s.receipts.unsaved); n != 0 {
		t.Errorf("%d receipts are remembered", n)
	}

	s, err = New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.receipts.saving = true // by nobody
	for i := range maxUnsaved + 1 {
		store := s.keepReceipt(&Receipt{ID: strconv.Itoa(i)}, false)
		if i == maxUnsaved {
			store() // the others wait still
		}
	}
	list, err := s.Receipts(t.Context(), "", maxUnsaved)
	if err != nil || len(list) != maxUnsaved {
		t.Errorf("%d are listed, %v", len(list), err)
	}
	if r, err := s.Receipt(t.Context(), strconv.Itoa(maxUnsaved)); r == nil || err != nil {
		t.Errorf("the one that its caller stores is %v, %v", r, err)
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}

// Of two renders under way, each is dated by what was there when it is stored.
func TestAContentIsDatedByTheOneThatItReplaces(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Shutdown(context.Background()) }()
	if err := s.Handle("/{id}", http.NotFoundHandler(), Policy{}); err != nil {
		t.Fatal(err)
	}
	at := time.Now().UTC().Truncate(time.Second)
	page := func(content byte, stamp Position) *Page {
		return &Page{Key: Key{Path: "/a"}, Route: "/{id}", Status: 200, Header: http.Header{}, Body: []byte{content}, Sum: [32]byte{content}, Stamp: stamp, RenderedAt: at, ModifiedAt: at}
	}
	stored := s.keys.of(Key{Path: "/a"}).stored.Load()
	s.commit(page(0, 1), nil, stored)
	old, err := s.previous(Key{Path: "/a"})
	if err != nil || old == nil {
		t.Fatal(old, err)
	}
	stored = s.keys.of(old.key()).stored.Load()
	first, second, third := page(1, 2), page(2, 3), page(2, 4)
	s.commit(first, old, stored)
	s.commit(second, old, stored)
	if !first.ModifiedAt.After(at) || !second.ModifiedAt.After(first.ModifiedAt) {
		t.Errorf("three contents are dated %v, %v and %v", at, first.ModifiedAt, second.ModifiedAt)
	}
	if out := s.commit(third, old, stored); out.changed || !third.ModifiedAt.Equal(second.ModifiedAt) {
		t.Errorf("the same content is another one: %v, dated %v and %v", out.changed, second.ModifiedAt, third.ModifiedAt)
	}
}

// heldJournal is a journal whose Append returns when it is let.
type heldJournal struct {
	Journal
	appended chan string // IDs
	let      chan struct{}
}

func (j *heldJournal) Append(ctx context.Context, e Entry) (Position, error) {
	p, err := j.Journal.Append(ctx, e)
	j.appended <- e.ID
	<-j.let
	return p, err
}

// A call that is in force when the site has been shut down can be read while it says so.
func TestACallThatComesTooLateForItsPagesIsRead(t *testing.T) {
	journal := &heldJournal{NewMemoryStore(0), make(chan string, 1), make(chan struct{})}
	s, err := New(Options{Journal: journal})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		receipt, err := s.Apply(context.Background(), Revalidation{Tags: []string{"a"}, NoWait: true})
		if !errors.Is(err, ErrClosed) || receipt == nil || receipt.Running {
			t.Errorf("receipt %+v, error %v", receipt, err)
		}
	})
	id := <-journal.appended
	all.Go(func() { _ = s.Shutdown(context.Background()) })
	for !s.work.closed() {
		time.Sleep(time.Millisecond)
	}
	ended := make(chan struct{})
	for range 2 {
		all.Go(func() {
			for {
				select {
				case <-ended:
					return
				default:
					_, _ = s.Receipt(context.Background(), id)
				}
			}
		})
	}
	close(journal.let)
	for s.receipts.begins() == 0 {
		time.Sleep(time.Millisecond)
	}
	time.AfterFunc(20*time.Millisecond, func() { close(ended) })
	all.Wait()
}
