package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/reprint-go/reprint"
)

var contextTests = []test{
	{"every method returns the error of a context that has ended", endedContext},
	{"a write under a context that has ended does nothing", func(s *suite) {
		ended, cancel := context.WithCancel(s.Context())
		cancel()
		s.put(page(key("/there"), 1, "x"))
		_, _ = s.Store.Put(ended, page(key("/a"), 1, "x"))
		_, _ = s.Store.Put(ended, page(key("/there"), 2, "y"))
		_ = s.Store.Delete(ended, key("/there"), 9)
		_, _ = s.Journal.Append(ended, entry(reprint.Stale, "x"))
		_ = s.Journal.SaveReceipt(ended, receipt("r"))
		s.wantAbsent(key("/a"))
		s.wantPage(page(key("/there"), 1, "x"))
		s.wantTagged("x", "/there")
		s.wantSummary(reprint.Summary{})
		s.wantReceipt("r", nil)
	}},
	{"an iteration ends with the context's error when it ends meanwhile", func(s *suite) {
		s.putMany(several, "all")
		ctx, cancel := context.WithCancel(s.Context())
		defer cancel()
		var last error
		n := 0
		for _, err := range s.Store.Tagged(ctx, "all") {
			cancel()
			last = err
			n++
		}
		if n < several && !errors.Is(last, context.Canceled) {
			s.Fatalf("ended after %d of %d keys with error %v", n, several, last)
		}
	}},
	{"a write that is cancelled leaves everything or nothing", cancelledWrites},
}

func endedContext(s *suite) {
	s.put(page(key("/a"), 1, "x"))
	s.append(reprint.Stale, "x")
	ended, cancel := context.WithCancel(s.Context())
	cancel()
	for name, call := range map[string]func() error{
		"Page":   func() error { _, err := s.Store.Page(ended, key("/a")); return err },
		"Put":    func() error { _, err := s.Store.Put(ended, page(key("/a"), 2)); return err },
		"Delete": func() error { return s.Store.Delete(ended, key("/a"), 9) },
		"Tagged": func() (err error) {
			for _, err = range s.Store.Tagged(ended, "x") {
			}
			return err
		},
		"List": func() error { _, err := s.Store.List(ended, reprint.ListQuery{Limit: 1}); return err },
		"List with a tag": func() error {
			_, err := s.Store.List(ended, reprint.ListQuery{Tag: "x", Limit: 1})
			return err
		},
		"Due":     func() error { _, err := s.Store.Due(ended, epoch, 1); return err },
		"Append":  func() error { _, err := s.Journal.Append(ended, entry(reprint.Stale, "x")); return err },
		"Entries": func() error { return lastError(s.Journal.Entries(ended, 0)) },
		"Summary": func() error { _, err := s.Journal.Summary(ended); return err },
		"Compact": func() error { return s.Journal.Compact(ended, 1) },
		"SaveReceipt": func() error {
			return s.Journal.SaveReceipt(ended, receipt("r"))
		},
		"Receipt": func() error { _, err := s.Journal.Receipt(ended, "r"); return err },
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			s.Errorf("%s: got error %v, want %v", name, err, context.Canceled)
		}
	}
}

// cancelledWrites stores pages and entries under contexts that end at any moment
// of it.
func cancelledWrites(s *suite) {
	const n = 200
	write := func(i int) *reprint.Page {
		return withBody(page(key(fmt.Sprintf("/%d", i)), 1, "all", fmt.Sprintf("n:%d", i)), bytes.Repeat([]byte{byte(i)}, 4<<10))
	}
	stored := make([]bool, n)
	at := make([]reprint.Position, n)
	s.must(together(n, func(i int) error {
		ctx, cancel := context.WithTimeout(s.Context(), time.Duration(i)*20*time.Microsecond)
		defer cancel()
		var errPut, errAppend error
		stored[i], errPut = s.Store.Put(ctx, write(i))
		at[i], errAppend = s.Journal.Append(ctx, entry(reprint.Stale, fmt.Sprintf("n:%d", i)))
		for _, err := range []error{errPut, errAppend} {
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
		}
		return nil
	}))
	// A write that was left may still come, at any moment from here on.
	for i := range n {
		want, tag := write(i), fmt.Sprintf("n:%d", i)
		got, keys := s.page(want.Key), s.tagged(tag)
		if got == nil && len(keys) > 0 {
			if got = s.page(want.Key); got == nil { // else it came between the two
				s.Errorf("page %d is not there, and its tag is", i)
			}
		}
		if got == nil && stored[i] {
			s.Errorf("page %d was stored and is not there", i)
		}
		if got != nil {
			s.wantPage(want)
			s.wantTagged(tag, want.Key.String())
		}
	}
	sum := s.summary()
	for i := range n {
		if tag := fmt.Sprintf("n:%d", i); at[i] != 0 && sum.Marks[tag].Any != at[i] {
			s.Errorf("entry %d was appended at %d, and its tag is at %d", i, at[i], sum.Marks[tag].Any)
		}
	}
	later := func(e reprint.Entry) bool { return e.Position > sum.Position }
	if diff := summaryDiff(sum, replay(slices.DeleteFunc(s.entries(0), later))); diff != "" {
		s.Fatal(diff)
	}
}
