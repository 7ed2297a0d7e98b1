package reprint_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

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

// Who watches a call that nobody waits for sees it come along, also while no receipt can
// be stored.
func TestARunningReceiptCounts(t *testing.T) {
	store := &slowReceipts{reprint.NewMemoryStore(0), make(chan struct{})}
	site := newSite(t, reprint.Options{Renders: 1, Store: store, Journal: store})
	t.Cleanup(func() { close(store.let) })
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
			list, err := site.Receipts(t.Context(), "", 1)
			if err != nil || len(list) != 1 || list[0].ID != receipt.ID {
				t.Fatalf("the list is %v, %v", list, err)
			}
			return r.Matched == n+1 && r.Running == (n < 4) && list[0].Matched == r.Matched && list[0].Running == r.Running
		})
	}
}

// Whom Trace.Revalidated tells that a revalidation is done reads so in its receipt.
func TestAReceiptIsNotRunningWhenItsEndIsTold(t *testing.T) {
	for name, r := range map[string]reprint.Revalidation{
		"waited for": {Tags: []string{"list"}},
		"behind":     {Tags: []string{"list"}, NoWait: true},
		"a refill":   {Tags: []string{"list"}, Refill: true},
	} {
		t.Run(name, func(t *testing.T) {
			var site *reprint.Site
			read := make(chan *reprint.Receipt, 2)
			ask := func(id string) {
				r, err := site.Receipt(context.Background(), id)
				if err != nil {
					t.Error(err)
				}
				read <- r
			}
			site = newSite(t, reprint.Options{Trace: reprint.Trace{Revalidated: func(r *reprint.Receipt) { ask(r.ID) }}})
			listRoute(t, site, new(rendered), func(path string) string { return path })
			visitAll(t, site, 3)
			receipt, err := site.Apply(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if got := <-read; got == nil || got.ID != receipt.ID || got.Running || got.Matched != 3 {
				t.Errorf("the receipt is %+v", got)
			}
		})
	}
}
