package reprint_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
)

// slowReceipts is a store that keeps receipts only when it is let.
type slowReceipts struct {
	*reprint.MemoryStore
	let chan struct{}
}

func (s *slowReceipts) SaveReceipt(ctx context.Context, r *reprint.Receipt) error {
	select {
	case <-s.let:
		return s.MemoryStore.SaveReceipt(ctx, r)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A call does not wait for its receipt to be stored; who asks for it finds it at any
// time; and Shutdown waits for it.
func TestReceiptsAreStoredBehind(t *testing.T) {
	store := &slowReceipts{reprint.NewMemoryStore(0), make(chan struct{})}
	site, err := reprint.New(reprint.Options{Store: store, Journal: store, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	p := newPress(0)
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{})
	var ids []string
	for i := range 1000 { // as many as may wait
		receipt, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{fmt.Sprintf("/posts/%d", i%10)}})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, receipt.ID)
	}
	more := make(chan string)
	go func() {
		receipt, err := site.Apply(context.Background(), reprint.Revalidation{Paths: []string{"/posts/1"}})
		if err != nil {
			t.Error(err)
		}
		more <- receipt.ID
	}()
	missing := func(ask func(context.Context, string) (*reprint.Receipt, error)) (n int) {
		t.Helper()
		for _, id := range ids {
			r, err := ask(t.Context(), id)
			if r == nil && err == nil {
				n++
				continue
			}
			if err != nil || r.ID != id || len(r.Pages) != 1 {
				t.Fatalf("the receipt %s is %+v, %v", id, r, err)
			}
		}
		return n
	}
	if n := missing(site.Receipt); n != 0 {
		t.Fatalf("before they are stored, %d receipts are not found", n)
	}
	if n := missing(store.Receipt); n != len(ids) {
		t.Fatalf("of %d receipts, %d are not stored yet", len(ids), n)
	}
	waitFor(t, "the last call's render", func() bool { return p.rendersOf("/posts/1") == 101 })
	select {
	case <-more:
		t.Error("one more is not waited for")
	default:
	}
	close(store.let)
	<-more
	if err := site.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := missing(store.Receipt); n > 1 { // a memory store keeps a thousand
		t.Fatalf("%d receipts are not stored", n)
	}
}

// Who watches a call that nobody waits for sees it come along.
// Nobody is at the pages of a call whose process has ended without its end.
func TestAReceiptThatACrashLeftRunningIsInterrupted(t *testing.T) {
	store := reprint.NewMemoryStore(0)
	left := &reprint.Receipt{ID: "LEFT", Position: 1, At: time.Now().Add(-time.Minute).UTC(), Running: true}
	done := &reprint.Receipt{ID: "DONE", Position: 2, At: left.At, Matched: 1}
	for _, r := range []*reprint.Receipt{left, done} {
		if err := store.SaveReceipt(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	site := newSite(t, reprint.Options{Store: store, Journal: store})
	waitFor(t, "the receipt is no more running", func() bool {
		r, err := site.Receipt(t.Context(), "LEFT")
		return err == nil && !r.Running && r.Interrupted && r.Position == 1
	})
	list, err := site.Receipts(t.Context(), "", 10)
	if err != nil || len(list) != 2 || list[0].Interrupted || !list[1].Interrupted {
		t.Errorf("receipts %+v, %v", list, err)
	}
}

func TestARunningReceiptCounts(t *testing.T) {
	site := newSite(t, reprint.Options{Renders: 1})
	step := make(chan struct{})
	var stepping atomic.Bool
	handle(t, site, "/{id}", func(w http.ResponseWriter, r *http.Request) {
		reprint.Tag(r.Context(), "author:7")
		if stepping.Load() {
			<-step
		}
		fmt.Fprint(w, "x")
	}, reprint.Policy{})
	for i := range 5 {
		get(site, fmt.Sprintf("/%d", i))
	}
	stepping.Store(true)
	receipt, err := site.Apply(t.Context(), reprint.Revalidation{Tags: []string{"author:7"}, NoWait: true})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 5 {
		step <- struct{}{}
		waitFor(t, "the receipt counts", func() bool {
			r, err := site.Receipt(t.Context(), receipt.ID)
			if err != nil {
				t.Fatal(err)
			}
			return r.Matched == n+1 && r.Running == (n < 4)
		})
	}
}
