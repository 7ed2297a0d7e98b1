package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/reprint-go/reprint"
)

// leastReceipts is how many receipts every journal keeps.
const leastReceipts = 1000

var receiptTests = []test{
	{"a receipt that was never saved is nil, without error", func(s *suite) {
		s.wantReceipt("nothing", nil)
	}},
	{"a receipt comes back as it was saved", func(s *suite) {
		r := receipt("full")
		s.must(s.Journal.SaveReceipt(s.Context(), r))
		s.wantReceipt("full", receipt("full"))
		s.must(s.Journal.SaveReceipt(s.Context(), &reprint.Receipt{ID: "zero"}))
		s.wantReceipt("zero", &reprint.Receipt{ID: "zero"})
	}},
	{"a receipt takes the place of an earlier one with its id", func(s *suite) {
		s.must(s.Journal.SaveReceipt(s.Context(), &reprint.Receipt{ID: "a", Matched: 1}))
		s.must(s.Journal.SaveReceipt(s.Context(), &reprint.Receipt{ID: "a", Matched: 2}))
		s.wantReceipt("a", &reprint.Receipt{ID: "a", Matched: 2})
	}},
	{"the last thousand receipts are kept", func(s *suite) {
		for i := range leastReceipts {
			s.must(s.Journal.SaveReceipt(s.Context(), &reprint.Receipt{ID: fmt.Sprint(i), Matched: i}))
		}
		for i := range leastReceipts {
			s.wantReceipt(fmt.Sprint(i), &reprint.Receipt{ID: fmt.Sprint(i), Matched: i})
		}
	}},
	{"receipts are listed without pages, the newest first", func(s *suite) {
		for _, id := range []string{"a", "b", "c", "d"} {
			s.must(s.Journal.SaveReceipt(s.Context(), receipt(id)))
		}
		s.must(s.Journal.SaveReceipt(s.Context(), receipt("a"))) // once more: it keeps its place
		s.wantReceipts("", 3, "d", "c", "b")
		s.wantReceipts("b", 3, "a")
		s.wantReceipts("a", 3)
		s.wantReceipts("gone", 3)
		if list, err := s.Journal.Receipts(s.Context(), "", 0); err == nil {
			s.Errorf("a limit of 0 gave %v, want an error", list)
		}
	}},
	{"receipts that are stored together are in their order", func(s *suite) {
		journal, ok := s.Journal.(reprint.ReceiptJournal)
		if !ok {
			s.Skip("this journal is not a reprint.ReceiptJournal")
		}
		s.must(journal.SaveReceipt(s.Context(), receipt("b")))
		s.must(journal.SaveReceipts(s.Context(), []*reprint.Receipt{receipt("a"), receipt("b"), receipt("d"), receipt("c")}))
		s.wantReceipts("", 9, "c", "d", "a", "b")
		s.wantReceipt("a", receipt("a"))
		s.must(journal.SaveReceipts(s.Context(), nil))
	}},
	{"no more receipts are kept than the limit says", func(s *suite) {
		if s.MaxReceipts == 0 {
			s.Skip("this backend's MaxReceipts is not known")
		}
		for i := range s.MaxReceipts + 5 {
			s.must(s.Journal.SaveReceipt(s.Context(), &reprint.Receipt{ID: fmt.Sprint(i)}))
		}
		for i := range 5 {
			s.wantReceipt(fmt.Sprint(i), nil)
		}
		s.wantReceipt("5", &reprint.Receipt{ID: "5"})
		s.wantReceipt(fmt.Sprint(s.MaxReceipts+4), &reprint.Receipt{ID: fmt.Sprint(s.MaxReceipts + 4)})
	}},
}

func receipt(id string) *reprint.Receipt {
	return &reprint.Receipt{
		ID: id, Position: 7, Mode: reprint.Expire, By: "Zoë <z@example.com>", From: "[2001:db8::1]:1234", At: epoch,
		Targets: &reprint.Targets{
			Paths: []string{"/a?b=c", "/b"}, PathsInAll: 7, Tags: []string{"ä", "post:1"}, EveryTag: true, Prefixes: []string{"/p/"}, Patterns: []string{"/b/{id}"},
			All: true, Host: "example.org", Only: reprint.Only{States: []reprint.State{reprint.StateStale}, Statuses: []int{404}, OlderThan: 90 * time.Second},
		},
		Matched: 5, Regenerated: 2, Unchanged: 1, Failed: 1, Skipped: 1, Took: 1234 * time.Microsecond,
		Pages: []reprint.PageResult{
			{Path: "/a?b=c", Result: reprint.ResultFailed, Error: "the handler answered \"500\""},
			{Path: "/b", Result: reprint.ResultRegenerated, Status: 404, ETag: `"x"`, Render: 25 * time.Millisecond},
		},
	}
}

// wantReceipt compares the JSON forms: they hold every field, and are what
// people see.
func (s *suite) wantReceipt(id string, want *reprint.Receipt) {
	s.Helper()
	got, err := s.Journal.Receipt(s.Context(), id)
	if err != nil {
		s.Fatalf("Receipt %s: %v", id, err)
	}
	g, err := json.Marshal(got)
	s.must(err)
	w, err := json.Marshal(want)
	s.must(err)
	if string(g) != string(w) {
		s.Fatalf("receipt %s:\n got %s\nwant %s", id, g, w)
	}
}

func (s *suite) wantReceipts(before string, limit int, want ...string) {
	s.Helper()
	list, err := s.Journal.Receipts(s.Context(), before, limit)
	s.must(err)
	var got []string
	for _, r := range list {
		got = append(got, r.ID)
		whole := receipt(r.ID)
		whole.Pages = nil
		g, err := json.Marshal(r)
		s.must(err)
		w, err := json.Marshal(whole)
		s.must(err)
		if string(g) != string(w) {
			s.Errorf("receipt %s in a list:\n got %s\nwant %s", r.ID, g, w)
		}
	}
	if !slices.Equal(got, want) {
		s.Errorf("receipts before %q: %v, want %v", before, got, want)
	}
}
