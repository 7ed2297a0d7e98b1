package reprint_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

// listAll pages through all receipts.
func listAll(t *testing.T, site *reprint.Site, limit int) (ids []string) {
	t.Helper()
	for before := ""; ; {
		list, err := site.Receipts(t.Context(), before, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			if len(r.Pages) > 0 {
				t.Errorf("receipt %s has pages", r.ID)
			}
			ids = append(ids, r.ID)
		}
		if len(list) < limit {
			return ids
		}
		before = list[len(list)-1].ID
	}
}

// The newest first and each once, whether they are stored or still wait for that.
func TestReceiptsAreListed(t *testing.T) {
	store := &slowReceipts{reprint.NewMemoryStore(0), make(chan struct{})}
	site := newSite(t, reprint.Options{Store: store, Journal: store})
	p := newPress(0)
	gate := make(chan struct{})
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{})
	handle(t, site, "/slow", func(w http.ResponseWriter, r *http.Request) { <-gate; p.ServeHTTP(w, r) }, reprint.Policy{})
	apply := func(r reprint.Revalidation) *reprint.Receipt {
		t.Helper()
		receipt, err := site.Apply(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return receipt
	}
	want := []string{apply(reprint.Revalidation{Paths: []string{"/slow"}, NoWait: true}).ID}
	for i := range 30 {
		want = append(want, apply(reprint.Revalidation{Paths: []string{fmt.Sprintf("/posts/%d", i)}}).ID)
	}
	slices.Reverse(want)
	check := func(when string, want []string) {
		t.Helper()
		for _, limit := range []int{7, 1, 1000} {
			if got := listAll(t, site, limit); !slices.Equal(got, want) {
				t.Errorf("%s, %d at a time:\n got %v\nwant %v", when, limit, got, want)
			}
		}
	}
	check("while none is stored", want)
	for range 12 { // the running one and some others
		store.let <- struct{}{}
	}
	check("while some are stored", want)
	close(store.let)
	waitFor(t, "all to be stored", func() bool {
		list, err := store.Receipts(t.Context(), "", 1000)
		return err == nil && len(list) == len(want)
	})
	check("when all are stored", want)
	close(gate)
	waitFor(t, "the one that was not waited for", func() bool {
		list, err := site.Receipts(t.Context(), "", 1000)
		return err == nil && !list[len(list)-1].Running && list[len(list)-1].Regenerated == 1
	})
	check("when it is done", want)
	for _, limit := range []int{0, 1001, -1} {
		if _, err := site.Receipts(t.Context(), "", limit); err == nil {
			t.Errorf("a limit of %d is no error", limit)
		}
	}
	if list, err := site.Receipts(t.Context(), "nothing", 9); err != nil || len(list) != 0 {
		t.Errorf("before one that there is not: %v, %v", list, err)
	}
}

// Lists that are asked for while calls come miss none of those that were there, in a
// store that takes several receipts at once.
func TestReceiptsAreListedWhileTheyAreStored(t *testing.T) {
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "s.db"), sqlite.Options{Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	site := newSite(t, reprint.Options{Store: store})
	handle(t, site, "/posts/{id}", newPress(0).ServeHTTP, reprint.Policy{})
	var done []string
	var calls sync.WaitGroup
	next := make(chan string, 200)
	calls.Go(func() {
		defer close(next)
		for i := range 200 {
			receipt, err := site.Apply(context.Background(), reprint.Revalidation{Paths: []string{fmt.Sprintf("/posts/%d", i%7)}, Mode: reprint.Stale})
			if err != nil {
				t.Error(err)
				return
			}
			next <- receipt.ID
		}
	})
	for id := range next {
		done = append(done, id)
		if len(done)%10 != 0 {
			continue
		}
		got := listAll(t, site, 3)
		for len(got) > len(done) { // those that have come meanwhile
			got = got[1:]
		}
		slices.Reverse(got)
		if !slices.Equal(got, done) {
			t.Fatalf("after %d calls the list is\n%v, want\n%v", len(done), got, done)
		}
	}
	calls.Wait()
}

// What a process was doing when it was killed, the next one does not call running.
func TestAReceiptWhoseProcessEndedIsInterrupted(t *testing.T) {
	store := reprint.NewMemoryStore(0)
	ctx := t.Context()
	if err := store.SaveReceipt(ctx, &reprint.Receipt{ID: "A", Running: true, Matched: 2, Pages: []reprint.PageResult{}}); err != nil {
		t.Fatal(err)
	}
	site := newSite(t, reprint.Options{Store: store})
	gate := make(chan struct{})
	handle(t, site, "/a", func(w http.ResponseWriter, r *http.Request) { <-gate; newPress(0).ServeHTTP(w, r) }, reprint.Policy{})
	b, err := site.Apply(ctx, reprint.Revalidation{Paths: []string{"/a"}, NoWait: true})
	if err != nil {
		t.Fatal(err)
	}
	check := func(when, id string, running, interrupted bool) {
		t.Helper()
		r, err := site.Receipt(ctx, id)
		if err != nil || r.Running != running || r.Interrupted != interrupted {
			t.Errorf("%s, %s is %+v, %v", when, id, r, err)
		}
		list, err := site.Receipts(ctx, "", 10)
		if i := slices.IndexFunc(list, func(r *reprint.Receipt) bool { return r.ID == id }); err != nil || i < 0 ||
			list[i].Running != running || list[i].Interrupted != interrupted {
			t.Errorf("%s, %s is listed in %+v, %v", when, id, list, err)
		}
	}
	waitFor(t, "the running one to be stored", func() bool {
		r, err := store.Receipt(ctx, b.ID)
		return r != nil && err == nil
	})
	check("while one runs", "A", false, true)
	check("while one runs", b.ID, true, false)
	close(gate)
	waitFor(t, "the end", func() bool {
		r, err := site.Receipt(ctx, b.ID)
		return err == nil && !r.Running
	})
	check("at the end", b.ID, false, false)
	if r, err := store.Receipt(ctx, "A"); err != nil || r.Interrupted || !r.Running {
		t.Errorf("what is stored was changed: %+v, %v", r, err)
	}
}

// A refill is there from its beginning.
func TestARefillIsListedWhileItRuns(t *testing.T) {
	store := reprint.NewMemoryStore(0)
	site := newSite(t, reprint.Options{Store: store})
	p := newPress(0)
	gate := make(chan struct{})
	first := true
	var mu sync.Mutex
	handle(t, site, "/a", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		wait := !first
		first = false
		mu.Unlock()
		if wait {
			<-gate
		}
		p.ServeHTTP(w, r)
	}, reprint.Policy{})
	handle(t, site, "/b", p.ServeHTTP, reprint.Policy{})
	get(site, "/a")
	refill, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/a"}, Refill: true})
	if err != nil {
		t.Fatal(err)
	}
	other, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/b"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := listAll(t, site, 1), []string{refill.ID, other.ID}; !slices.Equal(got, want) {
		t.Errorf("while it runs: %v, want %v", got, want)
	}
	waitFor(t, "the other's receipt", func() bool {
		r, err := store.Receipt(t.Context(), other.ID)
		return r != nil && err == nil
	})
	close(gate)
	waitFor(t, "the refill", func() bool { return len(site.Refills()) == 0 })
	if got, want := listAll(t, site, 1), []string{refill.ID, other.ID}; !slices.Equal(got, want) {
		t.Errorf("when it is done: %v, want %v", got, want)
	}
}
