package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

func TestCallersShareACommit(t *testing.T) {
	const callers = 300
	s := open(t, storePath(t), sqlite.Options{})
	release := s.Hold()
	before := s.Stats()
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			if _, err := s.Put(t.Context(), page(fmt.Sprintf("/%d", i), 1, "x", "all")); err != nil {
				t.Error(err)
			}
		})
	}
	release()
	wg.Wait()
	after := s.Stats()
	commits, operations := after.Commits-before.Commits, after.Operations-before.Operations
	// Those who waited are in one; the others as they came.
	if operations < callers || commits >= callers/2 {
		t.Errorf("%d commits for %d operations", commits, operations)
	}
	if after.Pages != callers {
		t.Errorf("Stats says there are %d pages", after.Pages)
	}
}

func TestCallersAreToldOneAfterAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, storePath(t), sqlite.Options{})
		defer closeStore(t, s)
		var counts []int32
		count := func(told func() int32) error {
			return s.Do(t.Context(), func() { counts = append(counts, told()) })
		}
		outcome, told := afterAFullBatch(t, s, count, count, count)
		if err := errors.Join(outcome...); err != nil {
			t.Error(err)
		}
		if !slices.Equal(counts, []int32{0, 1, 2}) { // Hold's is told first
			t.Errorf("%d callers know when each operation of the next batch runs", counts)
		}
		if told != batchCallers {
			t.Errorf("%d callers know in the end", told)
		}
	})
}

func TestCallersAreToldBeforeABatchRunsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, storePath(t), sqlite.Options{})
		defer closeStore(t, s)
		var last int32
		afterAFullBatch(t, s,
			func(told func() int32) error { return s.Do(t.Context(), func() { last = told() }) },
			func(func() int32) error { return s.Fail(t.Context(), "failed", errors.New("refused")) },
		)
		if last != batchCallers {
			t.Errorf("%d callers know when the next batch runs again", last)
		}
	})
}

// batchCallers fill a batch, with the one of Hold.
const batchCallers = sqlite.MaxBatchOps - 1

// afterAFullBatch runs operations in the batch that follows a full one. It returns how
// all ended, and how many callers of the full one know by then; told is how many know
// meanwhile. It is for a synctest bubble.
func afterAFullBatch(t *testing.T, s *sqlite.Store, operations ...func(told func() int32) error) (outcome []error, knowing int32) {
	var known atomic.Int32
	first := func() error {
		defer known.Add(1)
		return s.Do(t.Context(), func() {})
	}
	all := slices.Repeat([]func() error{first}, batchCallers)
	for _, run := range operations {
		all = append(all, func() error {
			return run(func() int32 {
				synctest.Wait()
				return known.Load()
			})
		})
	}
	return inOneBatch(s, all...), known.Load()
}

func TestAnIdleStoreHoldsNoPages(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{})
	defer closeStore(t, s)
	freed := make(chan struct{})
	func() {
		p := page("/big", 1, strings.Repeat("x", 1<<20))
		runtime.AddCleanup(&p.Body[0], func(c chan struct{}) { close(c) }, freed)
		put(t, s, p)
	}()
	for deadline := time.Now().Add(10 * time.Second); ; {
		runtime.GC()
		select {
		case <-freed:
			return
		case <-time.After(10 * time.Millisecond):
			if time.Now().After(deadline) {
				t.Fatal("the body of the last page is still in memory")
			}
		}
	}
}

func TestAFailureIsNotTheNeighbours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, storePath(t), sqlite.Options{})
		defer closeStore(t, s)
		before := s.Stats()
		refused := errors.New("refused")
		outcome := inOneBatch(s,
			func() error { _, err := s.Put(t.Context(), page("/before", 1, "x")); return err },
			func() error { return s.Fail(t.Context(), "failed", refused) },
			func() error { _, err := s.Append(t.Context(), entry("x")); return err },
		)
		if outcome[0] != nil || !errors.Is(outcome[1], refused) || outcome[2] != nil {
			t.Errorf("they ended with %v", outcome)
		}
		if commits := s.Stats().Commits - before.Commits; commits != 1 {
			t.Errorf("%d commits: it was not one batch", commits)
		}
		if sum, err := s.Summary(t.Context()); err != nil || sum.Position != 1 {
			t.Errorf("the journal is at %d, error %v; want 1", sum.Position, err)
		}
		if r, err := s.Receipt(t.Context(), "failed"); err != nil || r != nil {
			t.Errorf("what failed has left %v, error %v", r, err)
		}
		if read(t, s, "/before") == nil {
			t.Error("the page is not there")
		}
	})
}

func TestALargePageDoesNotTakeTheRoomOfAnEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, storePath(t), sqlite.Options{})
		defer closeStore(t, s)
		if err := s.LimitFile(); err != nil {
			t.Fatal(err)
		}
		outcome := inOneBatch(s,
			func() error { _, err := s.Append(t.Context(), entry("x")); return err },
			func() error { _, err := s.Put(t.Context(), page("/big", 1, string(make([]byte, 1<<20)))); return err },
			func() error { _, err := s.Append(t.Context(), entry("y")); return err },
		)
		if outcome[0] != nil || !errors.Is(outcome[1], reprint.ErrFull) || outcome[2] != nil {
			t.Errorf("they ended with %v", outcome)
		}
		if sum, err := s.Summary(t.Context()); err != nil || sum.Position != 2 {
			t.Errorf("the journal is at %d, error %v; want 2", sum.Position, err)
		}
	})
}

// inOneBatch runs operations in one transaction, or in the next where they are too many,
// in this order, and returns how each ended. It is for a synctest bubble.
func inOneBatch(s *sqlite.Store, operations ...func() error) []error {
	outcome := make([]error, len(operations))
	release := s.Hold()
	var wg sync.WaitGroup
	for i, run := range operations {
		wg.Go(func() { outcome[i] = run() })
		synctest.Wait() // it waits for the writer now
	}
	release()
	wg.Wait()
	return outcome
}

func TestAnOperationThatIsLeftBeforeItBeginsIsNotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, storePath(t), sqlite.Options{})
		defer closeStore(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		var err error
		inOneBatch(s,
			func() error { return s.Do(t.Context(), cancel) }, // runs when Put is in the batch
			func() error { _, err = s.Put(ctx, page("/left", 1, "x")); return err },
		)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Put: %v", err)
		}
		if read(t, s, "/left") != nil {
			t.Error("the page is there")
		}
	})
}

func TestAfterClose(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{})
	put(t, s, page("/a", 1, "x", "t"))
	closeStore(t, s)
	closeStore(t, s)
	for name, call := range map[string]func() error{
		"Page":        func() error { _, err := s.Page(t.Context(), key("/a")); return err },
		"Put":         func() error { _, err := s.Put(t.Context(), page("/b", 1, "x")); return err },
		"Delete":      func() error { return s.Delete(t.Context(), key("/a"), 9) },
		"Tagged":      func() error { return iterationError(s.Tagged(t.Context(), "t")) },
		"List":        func() error { _, err := s.List(t.Context(), reprint.ListQuery{Limit: 1}); return err },
		"tagged List": func() error { _, err := s.List(t.Context(), reprint.ListQuery{Tag: "t", Limit: 1}); return err },
		"Due":         func() error { _, err := s.Due(t.Context(), epoch, 1); return err },
		"Append":      func() error { _, err := s.Append(t.Context(), entry("t")); return err },
		"Entries":     func() error { return iterationError(s.Entries(t.Context(), 0)) },
		"Summary":     func() error { _, err := s.Summary(t.Context()); return err },
		"Compact":     func() error { return s.Compact(t.Context(), 0) },
		"SaveReceipt": func() error { return s.SaveReceipt(t.Context(), &reprint.Receipt{ID: "r"}) },
		"Visited": func() error {
			return s.Visited(t.Context(), []reprint.Visit{{Key: key("/a"), Count: 1}})
		},
		"Encodings":   func() error { _, err := s.Encodings(t.Context(), [32]byte{}); return err },
		"PutEncoding": func() error { return s.PutEncoding(t.Context(), [32]byte{}, reprint.Encoding{Coding: "gzip"}) },
		"PutAside":    func() error { return s.PutAside(t.Context(), page("/b", 1, "x"), "no") },
		"Versions":    func() error { _, err := s.Versions(t.Context(), key("/a")); return err },
		"Aside":       func() error { _, err := s.Aside(t.Context(), 0, 1); return err },
		"Version":     func() error { _, err := s.Version(t.Context(), 1); return err },
		"DeleteVersion": func() error {
			return s.DeleteVersion(t.Context(), 1)
		},
		"Receipt": func() error { _, err := s.Receipt(t.Context(), "r"); return err },
	} {
		if err := call(); !errors.Is(err, sqlite.ErrClosed) {
			t.Errorf("%s: error %v, want ErrClosed", name, err)
		}
	}
}

func iterationError[T any](seq func(func(T, error) bool)) (last error) {
	for _, err := range seq {
		last = err
	}
	return last
}

func TestCloseWaitsForWhatWasBegun(t *testing.T) {
	path := storePath(t)
	s := open(t, path, sqlite.Options{})
	var wg sync.WaitGroup
	stored := make([]bool, 200)
	for i := range stored {
		wg.Go(func() {
			ok, err := s.Put(t.Context(), page(fmt.Sprintf("/%d", i), 1, "x"))
			if err != nil && !errors.Is(err, sqlite.ErrClosed) {
				t.Error(err)
			}
			stored[i] = ok
		})
	}
	closeStore(t, s)
	wg.Wait()
	s = open(t, path, sqlite.Options{})
	for i, ok := range stored {
		if p := read(t, s, fmt.Sprintf("/%d", i)); (p != nil) != ok {
			t.Errorf("page %d: stored %v, there %v", i, ok, p != nil)
		}
	}
}

func TestAKeyThatIsNotCanonicalIsNobodys(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{})
	p := page("/a", 1, "x")
	p.Key.Query = "b"
	put(t, s, p)
	alias := key("/a?b")
	if got, err := s.Page(t.Context(), alias); got != nil || err != nil {
		t.Errorf("Page: %v, error %v", got, err)
	}
	if err := s.Delete(t.Context(), alias, 9); err != nil {
		t.Error(err)
	}
	if got, err := s.Page(t.Context(), p.Key); got == nil || err != nil {
		t.Errorf("Page: %v, error %v; it was deleted under another name", got, err)
	}
}

func TestPutRefuses(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{})
	for name, change := range map[string]func(*reprint.Page){
		"a key that is another's":       func(p *reprint.Page) { p.Key.Path = "/a?b" },
		"a key without a path":          func(p *reprint.Page) { p.Key.Path = "" },
		"a sum that is not the body's":  func(p *reprint.Page) { p.Body = []byte("other") },
		"a line break in a header":      func(p *reprint.Page) { p.Header.Set("X-A", "b\r\nSet-Cookie: c") },
		"a header name that is not one": func(p *reprint.Page) { p.Header["X A"] = []string{"b"} },
		"a tag that is not UTF-8":       func(p *reprint.Page) { p.Tags = []string{"\xff"} },
		"a stamp out of range":          func(p *reprint.Page) { p.Stamp = 1 << 63 },
	} {
		p := page("/a", 1, "x")
		change(p)
		if stored, err := s.Put(t.Context(), p); stored || err == nil {
			t.Errorf("%s: stored %v, error %v", name, stored, err)
		}
	}
	if n := s.Stats().Pages; n != 0 {
		t.Errorf("%d pages are stored", n)
	}
}
