package storetest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/reprint-go/reprint"
)

var appendTests = []test{
	{"the first position is above zero", func(s *suite) {
		if e := s.append(reprint.Stale, "x"); e.Position == 0 {
			s.Fatal("got position 0")
		}
	}},
	{"every position is above all that were returned before", func(s *suite) {
		var last reprint.Position
		for range 50 {
			e := s.append(reprint.Stale, "x")
			if e.Position <= last {
				s.Fatalf("got %d after %d", e.Position, last)
			}
			last = e.Position
		}
	}},
	{"callers at once get different positions, each rising", appendTogether},
	{"an entry is in every later Summary and Entries", func(s *suite) {
		for range 20 {
			e := s.append(reprint.Expire, "x")
			if got := s.summary(); got.Position != e.Position || got.Marks["x"].Any != e.Position {
				s.Fatalf("summary at %d marks x %+v, after an entry at %d", got.Position, got.Marks["x"], e.Position)
			}
			if got := s.entries(e.Position - 1); len(got) != 1 || got[0].Position != e.Position {
				s.Fatalf("entries after %d: got %+v", e.Position-1, got)
			}
		}
	}},
}

func appendTogether(s *suite) {
	const callers, each = 20, 20
	var mu sync.Mutex
	at := make(map[reprint.Position]string)
	s.must(together(callers, func(i int) error {
		var last reprint.Position
		for range each {
			e := entry(reprint.Stale, fmt.Sprintf("caller:%d", i))
			p, err := s.Journal.Append(s.Context(), e)
			if err != nil {
				return err
			}
			if p <= last {
				return fmt.Errorf("got %d after %d", p, last)
			}
			last = p
			mu.Lock()
			other, taken := at[p]
			at[p] = e.Tags[0]
			mu.Unlock()
			if taken {
				return fmt.Errorf("position %d for both %s and %s", p, other, e.Tags[0])
			}
		}
		return nil
	}))
	entries := s.entries(0)
	if len(entries) != callers*each {
		s.Fatalf("%d entries, want %d", len(entries), callers*each)
	}
	for _, e := range entries {
		if at[e.Position] != e.Tags[0] {
			s.Fatalf("entry %d names %q, and the caller who got that position named %q", e.Position, e.Tags[0], at[e.Position])
		}
	}
}

var entriesTests = []test{
	{"an empty journal yields nothing", func(s *suite) {
		if got := s.entries(0); len(got) != 0 {
			s.Fatalf("got %+v", got)
		}
	}},
	{"an entry comes back as it was appended, in every field", func(s *suite) {
		var want []reprint.Entry
		for i, mode := range []reprint.Mode{reprint.Regenerate, reprint.Stale, reprint.Expire, reprint.Delete} {
			e := reprint.Entry{
				ID:   fmt.Sprintf("id-%d", i),
				Time: epoch.Add(time.Duration(i) * time.Microsecond),
				Mode: mode,
				Tags: []string{"path /a b", "post:42", "日本:語"},
				By:   "Zoë",
			}
			p, err := s.Journal.Append(s.Context(), e)
			s.must(err)
			e.Position = p
			want = append(want, e)
		}
		s.wantEntries(0, want)
	}},
	{"entries come in order of position, those after the given one", func(s *suite) {
		var want []reprint.Entry
		for i := range 30 {
			want = append(want, s.append(reprint.Mode(i%4), "x", fmt.Sprintf("n:%d", i)))
		}
		s.wantEntries(0, want)
		s.wantEntries(want[9].Position, want[10:])
		s.wantEntries(want[29].Position, nil)
		s.wantEntries(want[29].Position+1000, nil)
	}},
	{"more than a thousand entries are yielded, each once", func(s *suite) {
		const n = several
		s.must(together(50, func(int) error {
			for range n / 50 {
				if _, err := s.Journal.Append(s.Context(), entry(reprint.Stale, "x")); err != nil {
					return err
				}
			}
			return nil
		}))
		got := s.entries(0)
		rising := slices.IsSortedFunc(got, func(a, b reprint.Entry) int { return int(a.Position) - int(b.Position) })
		if len(got) != n || !rising {
			s.Fatalf("%d entries, rising %v; want %d, rising", len(got), rising, n)
		}
	}},
	{"an iteration can be left early, and appends go on", func(s *suite) {
		first := s.append(reprint.Stale, "x")
		s.append(reprint.Stale, "y")
		for e, err := range s.Journal.Entries(s.Context(), 0) {
			s.must(err)
			if e.Position != first.Position {
				s.Fatalf("got %d first, want %d", e.Position, first.Position)
			}
			break
		}
		s.append(reprint.Stale, "z")
	}},
	{"entries that are no longer kept are an error", func(s *suite) {
		if s.MaxEntries == 0 {
			s.Skip("this backend's MaxEntries is not known")
		}
		var all []reprint.Entry
		for range s.MaxEntries + 10 {
			all = append(all, s.append(reprint.Stale, "x"))
		}
		if err := lastError(s.Journal.Entries(s.Context(), 0)); err == nil {
			s.Fatalf("read %d entries from the begin, of which %d are kept, without error", len(all), s.MaxEntries)
		}
		half := all[len(all)-s.MaxEntries/2:]
		s.wantEntries(half[0].Position-1, half)
		if got := s.summary(); got.Position != all[len(all)-1].Position || got.Marks["x"].Any != got.Position {
			s.Fatalf("the summary does not tell where things stand: %+v", got)
		}
	}},
}

func lastError(entries func(func(reprint.Entry, error) bool)) (last error) {
	for _, err := range entries {
		last = err
	}
	return last
}

func (s *suite) wantEntries(after reprint.Position, want []reprint.Entry) {
	s.Helper()
	got := s.entries(after)
	if len(got) != len(want) {
		s.Fatalf("entries after %d: got %d, want %d", after, len(got), len(want))
	}
	for i, g := range got {
		w := want[i]
		if g.Position != w.Position || g.ID != w.ID || !g.Time.Equal(w.Time) || g.Mode != w.Mode || g.By != w.By || !slices.Equal(g.Tags, w.Tags) {
			s.Fatalf("entries after %d: got %+v, want %+v", after, g, w)
		}
	}
}

var summaryTests = []test{
	{"an empty journal is at zero, with a map that can be written", func(s *suite) {
		got := s.summary()
		if got.Position != 0 || got.Floor != 0 || len(got.Marks) != 0 {
			s.Fatalf("got %+v", got)
		}
		got.Marks["x"] = reprint.Mark{}
	}},
	{"the summary is what the entries add up to", func(s *suite) {
		for i := range 60 {
			s.append(reprint.Mode(i*7%4), fmt.Sprintf("a:%d", i%5), fmt.Sprintf("b:%d", i%7))
		}
		s.wantSummary(replay(s.entries(0)))
	}},
	{"the summary is the caller's: what it does to the map is not seen", func(s *suite) {
		s.append(reprint.Delete, "x")
		before := s.summary()
		delete(before.Marks, "x")
		before.Marks["y"] = reprint.Mark{Any: 99}
		s.wantSummary(replay(s.entries(0)))
	}},
	{"a summary stays as it was when entries follow", func(s *suite) {
		s.append(reprint.Stale, "x")
		before := s.summary()
		s.append(reprint.Delete, "x", "y")
		if len(before.Marks) != 1 || before.Marks["x"].Delete != 0 {
			s.Fatalf("got %+v", before)
		}
	}},
	{"position and marks belong together while others append", func(s *suite) {
		s.append(reprint.Stale, "x")
		writing := s.begin(func() error {
			for range 200 {
				if _, err := s.Journal.Append(s.Context(), entry(reprint.Stale, "x")); err != nil {
					return err
				}
			}
			return nil
		})
		for !writing.over() {
			if got := s.summary(); got.Marks["x"].Any != got.Position {
				s.Fatalf("the summary is at %d and the only tag at %d", got.Position, got.Marks["x"].Any)
			}
		}
		s.must(writing.err)
	}},
}

// replay is the summary that entries add up to.
func replay(entries []reprint.Entry) reprint.Summary {
	sum := reprint.Summary{Marks: make(map[string]reprint.Mark)}
	for _, e := range entries {
		sum.Add(e)
	}
	return sum
}

func (s *suite) wantSummary(want reprint.Summary) {
	s.Helper()
	if diff := summaryDiff(s.summary(), want); diff != "" {
		s.Fatal(diff)
	}
}

func summaryDiff(got, want reprint.Summary) string {
	if got.Position != want.Position || got.Floor != want.Floor || len(got.Marks) != len(want.Marks) {
		return fmt.Sprintf("summary: got position %d, floor %d, %d marks; want %d, %d, %d",
			got.Position, got.Floor, len(got.Marks), want.Position, want.Floor, len(want.Marks))
	}
	for tag, w := range want.Marks {
		if g := got.Marks[tag]; g.Any != w.Any || g.Expire != w.Expire || g.Delete != w.Delete || !g.At.Equal(w.At) {
			return fmt.Sprintf("summary: mark of %q: got %+v, want %+v", tag, g, w)
		}
	}
	return ""
}
