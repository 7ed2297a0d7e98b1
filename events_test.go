package reprint_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
)

// following is a follower of a site's events, in a goroutine of its own.
type following struct {
	events chan reprint.Event
	errs   chan error // one, when it has ended
	leave  context.CancelFunc
}

// followSite follows until the test ends. Nothing is received but by the test.
func followSite(t *testing.T, site *reprint.Site, after reprint.Position) *following {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	f := &following{make(chan reprint.Event), make(chan error, 1), cancel}
	var ended sync.WaitGroup
	ended.Go(func() {
		var last error
		for e, err := range site.Events(ctx, after) {
			if last = err; err != nil {
				continue
			}
			select {
			case f.events <- e:
			case <-ctx.Done():
			}
		}
		f.errs <- last
	})
	t.Cleanup(func() { cancel(); ended.Wait() })
	return f
}

func (f *following) next(t *testing.T) reprint.Event {
	t.Helper()
	select {
	case e := <-f.events:
		return e
	case err := <-f.errs:
		t.Fatalf("it has ended: %v", err)
	case <-time.After(20 * time.Second):
		t.Fatal("nothing comes")
	}
	return reprint.Event{}
}

func (f *following) wantEnd(t *testing.T) {
	t.Helper()
	select {
	case e := <-f.events:
		t.Fatalf("event %+v, want the end", e)
	case err := <-f.errs:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it does not end")
	}
}

// heard is what must hold of all events that a follower gets: entries once and in
// order, the end of a call once and after its last entry.
type heard struct {
	last    reprint.Position
	entries map[string]reprint.Position // by receipt
	done    map[string]*reprint.Receipt
}

func newHeard(after reprint.Position) *heard {
	return &heard{after, make(map[string]reprint.Position), make(map[string]*reprint.Receipt)}
}

func (h *heard) hear(t *testing.T, e reprint.Event) {
	t.Helper()
	switch e.Kind {
	case reprint.EventRevalidated:
		if e.Position != h.last+1 {
			t.Fatalf("entry %d comes after %d", e.Position, h.last)
		}
		if h.last = e.Position; h.done[e.ID] != nil {
			t.Fatalf("entry %d of %s comes after its end", e.Position, e.ID)
		}
		h.entries[e.ID] = e.Position
	case reprint.EventDone:
		if h.done[e.ID] != nil || e.Receipt == nil || e.Receipt.ID != e.ID || e.Receipt.Running || len(e.Receipt.Pages) > 0 {
			t.Fatalf("end %+v with %+v, before %+v", e, e.Receipt, h.done[e.ID])
		}
		if p, ok := h.entries[e.ID]; ok && p != e.Position {
			t.Fatalf("the end of %s is at %d, its last entry at %d", e.ID, e.Position, p)
		}
		h.done[e.ID] = e.Receipt
	default:
		t.Fatalf("event %+v", e)
	}
}

func TestEventsTellWhatHappens(t *testing.T) {
	site := newSite(t, reprint.Options{})
	p := newPress(0)
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{})
	f := followSite(t, site, 0)
	receipt, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/posts/1"}, Tags: []string{"a"}, By: "alice", From: "here"})
	if err != nil {
		t.Fatal(err)
	}
	e := f.next(t)
	if e.Kind != reprint.EventRevalidated || e.Position != 1 || e.ID != receipt.ID || e.By != "alice" || !e.Time.Equal(receipt.At) || e.Mode != reprint.Regenerate || !slices.Equal(e.Tags, []string{"a", "path /posts/1"}) {
		t.Errorf("event %+v", e)
	}
	e = f.next(t)
	if e.Kind != reprint.EventDone || e.Position != 1 || e.ID != receipt.ID || e.Receipt == nil || e.Receipt.Regenerated != 1 || e.Receipt.From != "here" || e.Time.Before(receipt.At) {
		t.Errorf("event %+v with %+v", e, e.Receipt)
	}
	// What fails is done, too; a dry run is nothing, and so is a call that names nothing.
	p.breakWith("/posts/1", status(500))
	if _, err := site.Apply(t.Context(), reprint.Revalidation{All: true, DryRun: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := site.Apply(t.Context(), reprint.Revalidation{All: true, Only: reprint.Only{Statuses: []int{404}}}); err != nil {
		t.Fatal(err)
	}
	if err := site.Revalidate(t.Context(), "/posts/1"); err == nil {
		t.Fatal("no error")
	}
	if e = f.next(t); e.Kind != reprint.EventRevalidated || e.Position != 2 {
		t.Errorf("event %+v", e)
	}
	if e = f.next(t); e.Kind != reprint.EventDone || e.Receipt.Failed != 1 {
		t.Errorf("event %+v", e)
	}
	if _, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/posts/2"}, Mode: reprint.Stale, Refill: true}); err != nil {
		t.Fatal(err)
	}
	if e = f.next(t); e.Kind != reprint.EventRevalidated || e.Position != 3 {
		t.Errorf("event %+v", e)
	}
	if e = f.next(t); e.Kind != reprint.EventDone || e.Receipt.Running {
		t.Errorf("the end of a refill is %+v", e)
	}
}

// Entries once and in order, and each call's end once, to those who follow from the
// beginning and to those who come in the middle, while many call.
func TestEventsComeOnceAndInOrder(t *testing.T) {
	site := newSite(t, reprint.Options{})
	handle(t, site, "/posts/{id}", newPress(0).ServeHTTP, reprint.Policy{})
	const callers, calls = 8, 40
	var calling sync.WaitGroup
	for i := range callers {
		calling.Go(func() {
			for j := range calls {
				r := reprint.Revalidation{Paths: []string{fmt.Sprintf("/posts/%d", i)}, NoWait: j%2 == 0}
				for n := range 1001 * (j % 5 / 4) { // of two entries
					r.Tags = append(r.Tags, fmt.Sprintf("tag:%d", n))
				}
				if _, err := site.Apply(context.Background(), r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	const entries = callers * (calls + calls/5)
	for _, after := range []reprint.Position{0, 10, 100, 300} {
		waitFor(t, "a position", func() bool { return site.Status().Position >= after })
		f, h := followSite(t, site, after), newHeard(after)
		for h.last < entries || len(h.done) < len(h.entries) {
			h.hear(t, f.next(t))
		}
		f.leave()
	}
	calling.Wait()
	for after := range reprint.Position(entries) {
		if after%37 != 0 {
			continue
		}
		f, h := followSite(t, site, after), newHeard(after)
		for h.last < entries || len(h.done) < len(h.entries) {
			h.hear(t, f.next(t))
		}
		f.leave()
	}
}

// What another process appends is told when it comes into force here, in its order.
func TestEventsOfAnotherProcess(t *testing.T) {
	store := reprint.NewMemoryStore(0)
	here := newSite(t, reprint.Options{Store: store})
	there, err := reprint.New(reprint.Options{Store: store, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := there.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	for _, site := range []*reprint.Site{here, there} {
		handle(t, site, "/posts/{id}", newPress(0).ServeHTTP, reprint.Policy{})
	}
	f, h := followSite(t, here, 0), newHeard(0)
	for i := range 5 {
		for _, site := range []*reprint.Site{there, there, here} {
			if _, err := site.Apply(t.Context(), reprint.Revalidation{Tags: []string{fmt.Sprintf("tag:%d", i)}, Mode: reprint.Stale}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for h.last < 15 {
		h.hear(t, f.next(t))
	}
	// A follower who has been told more there than is in force here is told the rest.
	if _, err := there.Apply(t.Context(), reprint.Revalidation{All: true, Mode: reprint.Stale}); err != nil {
		t.Fatal(err)
	}
	ahead := followSite(t, here, 16)
	if _, err := here.Apply(t.Context(), reprint.Revalidation{All: true, Mode: reprint.Stale}); err != nil {
		t.Fatal(err)
	}
	if e := ahead.next(t); e.Kind != reprint.EventRevalidated || e.Position != 17 {
		t.Errorf("event %+v, want entry 17", e)
	}
}

// What is not kept any more is not left out in silence.
func TestEventsSayWhatIsMissing(t *testing.T) {
	store := reprint.NewMemoryStore(0)
	const entries = 25_000
	for range entries {
		if _, err := store.Append(t.Context(), reprint.Entry{ID: "r", Time: time.Now(), Mode: reprint.Stale, Tags: []string{"a"}}); err != nil {
			t.Fatal(err)
		}
	}
	site := newSite(t, reprint.Options{Store: store})
	f := followSite(t, site, 7)
	e := f.next(t)
	if e.Kind != reprint.EventGap || e.Position < 5_000 || e.Position > 15_000 {
		t.Fatalf("event %+v, want a gap", e)
	}
	gap := e.Position
	for p := gap + 1; p <= entries; p++ {
		if e := f.next(t); e.Kind != reprint.EventRevalidated || e.Position != p {
			t.Fatalf("event %+v, want entry %d", e, p)
		}
	}
	for _, err := range store.Entries(t.Context(), gap-1) {
		if err == nil {
			t.Errorf("the entry %d is kept, and was not told", gap)
		}
		break
	}
	// A position that the journal has not reached is that of another one.
	if e := followSite(t, site, entries+1).next(t); e.Kind != reprint.EventGap || e.Position != entries {
		t.Errorf("event %+v, want a gap at %d", e, entries)
	}
}

// P5: who does not listen holds up nobody, and is told all that is kept in the end.
func TestASlowFollowerHoldsUpNobody(t *testing.T) {
	site := newSite(t, reprint.Options{})
	handle(t, site, "/posts/{id}", newPress(0).ServeHTTP, reprint.Policy{})
	slow, quick := followSite(t, site, 0), followSite(t, site, 0)
	if err := site.Revalidate(t.Context(), "/posts/1"); err != nil {
		t.Fatal(err)
	}
	atSlow, atQuick := newHeard(0), newHeard(0)
	atSlow.hear(t, slow.next(t)) // not its end
	const calls = 600            // more than are kept for those who follow
	for range calls - 1 {
		if err := site.Revalidate(t.Context(), "/posts/1"); err != nil {
			t.Fatal(err)
		}
		for len(atQuick.done) < len(atQuick.entries) || len(atQuick.done) == 0 {
			atQuick.hear(t, quick.next(t))
		}
	}
	for len(atSlow.done) < calls {
		atSlow.hear(t, slow.next(t))
	}
}

func TestFollowersEndWithTheSite(t *testing.T) {
	site := newSite(t, reprint.Options{})
	handle(t, site, "/posts/{id}", newPress(0).ServeHTTP, reprint.Policy{})
	if err := site.Revalidate(t.Context(), "/posts/1"); err != nil {
		t.Fatal(err)
	}
	idle, left, deaf := followSite(t, site, 1), followSite(t, site, 1), followSite(t, site, 0)
	left.leave()
	left.wantEnd(t)
	deaf.next(t)
	// One that is being told something at the moment is not waited for.
	if err := site.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	idle.wantEnd(t)
	select {
	case <-deaf.events: // what was on its way
	case err := <-deaf.errs:
		deaf.errs <- err
	}
	deaf.wantEnd(t)
	followSite(t, site, 0).wantEnd(t)
}
