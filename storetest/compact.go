package storetest

import (
	"fmt"

	"github.com/reprint-go/reprint"
)

var compactTests = []test{
	{"marks up to the position are forgotten, later ones stay", func(s *suite) {
		s.append(reprint.Delete, "old", "both")
		cut := s.append(reprint.Expire, "cut")
		s.append(reprint.Stale, "new", "both")
		want := s.summary()
		delete(want.Marks, "old")
		delete(want.Marks, "cut")
		want.Floor = cut.Position
		s.must(s.Journal.Compact(s.Context(), cut.Position))
		s.wantSummary(want)
	}},
	{"the floor never sinks", func(s *suite) {
		s.append(reprint.Stale, "a")
		s.append(reprint.Stale, "b")
		s.must(s.Journal.Compact(s.Context(), 2))
		s.must(s.Journal.Compact(s.Context(), 1))
		if got := s.summary().Floor; got != 2 {
			s.Fatalf("floor is %d, want 2", got)
		}
	}},
	{"positions go on from where they were", func(s *suite) {
		e := s.append(reprint.Stale, "a")
		s.must(s.Journal.Compact(s.Context(), e.Position))
		if next := s.append(reprint.Stale, "a"); next.Position <= e.Position {
			s.Fatalf("got %d after %d", next.Position, e.Position)
		}
	}},
	{"pages that are current stay so: Checked is raised, nothing else", compactKeepsCurrent},
	{"a page that is not current does not become so", compactRaisesNoOther},
	{"a compound tag names the pages that carry each of its members", compactHeedsCompounds},
	{"a page under an earlier floor does not become current", func(s *suite) {
		s.needJoint()
		s.put(page(key("/a"), 1, "x"))
		s.append(reprint.Stale, "other")
		s.append(reprint.Stale, "x")
		s.must(s.Journal.Compact(s.Context(), 2))
		s.must(s.Store.Delete(s.Context(), key("/a"), 100))
		s.put(page(key("/a"), 1, "x")) // an old render comes late
		s.append(reprint.Stale, "other")
		s.must(s.Journal.Compact(s.Context(), 3))
		s.wantCurrent(key("/a"), false)
	}},
	{"all of many pages are raised", func(s *suite) {
		s.needJoint()
		keys := s.putMany(several, "all")
		s.append(reprint.Stale, "other")
		s.append(reprint.Stale, "other")
		s.must(s.Journal.Compact(s.Context(), 2))
		sum := s.summary()
		for _, k := range keys {
			if p := s.page(key(k)); !current(p, sum) {
				s.Fatalf("page %s, checked at %d, is not current, the floor is %d", k, p.Checked, sum.Floor)
			}
		}
	}},
	{"pages that are stored meanwhile are not raised past an entry that names them", compactWhilePutting},
}

// needJoint skips a test of what only a journal that is also the store does.
func (s *suite) needJoint() {
	s.Helper()
	if any(s.Store) != any(s.Journal) {
		s.Skip("this backend's journal is not the store")
	}
}

func (s *suite) wantCurrent(k reprint.Key, want bool) {
	s.Helper()
	p := s.page(k)
	if p == nil {
		s.Fatalf("page %s is not there", k)
	}
	if sum := s.summary(); current(p, sum) != want {
		s.Fatalf("page %s, at %d, checked at %d, floor %d, marks %+v: current %v, want %v", k, p.Stamp, p.Checked, sum.Floor, sum.Marks, !want, want)
	}
}

func compactKeepsCurrent(s *suite) {
	s.needJoint()
	p := fullPage()
	p.Stamp, p.Checked, p.Overtaken = 1, 1, false
	s.put(p)
	s.put(page(key("/later"), 9, "y"))
	for range 4 {
		s.append(reprint.Delete, "other")
	}
	s.must(s.Journal.Compact(s.Context(), 3))
	want := *p
	want.Checked = 3
	s.wantPage(&want)
	s.wantPage(page(key("/later"), 9, "y"))
	s.wantCurrent(p.Key, true)
	// Again, from what the first time has left.
	s.must(s.Journal.Compact(s.Context(), 4))
	want.Checked = 4
	s.wantPage(&want)
}

func compactRaisesNoOther(s *suite) {
	s.put(page(key("/stale"), 1, "x", "z"))
	s.put(page(key("/checked"), 1, "x"))
	s.append(reprint.Stale, "other")
	s.append(reprint.Stale, "x")
	newer := page(key("/rendered-since"), 2, "x")
	s.put(newer)
	s.append(reprint.Stale, "other")
	s.must(s.Journal.Compact(s.Context(), 3))
	s.wantCurrent(key("/stale"), false)
	s.wantCurrent(key("/checked"), false)
	if any(s.Store) == any(s.Journal) {
		s.wantCurrent(newer.Key, true)
	}
	s.append(reprint.Stale, "other")
	s.must(s.Journal.Compact(s.Context(), 4))
	s.wantCurrent(key("/stale"), false)
	s.wantCurrent(key("/checked"), false)
}

func compactHeedsCompounds(s *suite) {
	s.needJoint()
	s.put(page(key("/both"), 1, "x", "a", "b \"quoted\"", "c"))
	s.put(page(key("/one"), 1, "x", "a", "c"))
	s.put(page(key("/other"), 1, "x", "b \"quoted\""))
	s.append(reprint.Stale, "other")
	s.append(reprint.Stale, `all ["a","b \"quoted\""]`)
	s.append(reprint.Stale, "other")
	s.must(s.Journal.Compact(s.Context(), 3))
	s.wantCurrent(key("/both"), false)
	s.wantCurrent(key("/one"), true)
	s.wantCurrent(key("/other"), true)
}

// compactWhilePutting renders pages that an entry overtakes before they are
// stored, while the journal is compacted over and over.
func compactWhilePutting(s *suite) {
	const rounds = 200
	stop := make(chan struct{})
	compacting := s.begin(func() error {
		for {
			select {
			case <-stop:
				return nil
			default:
			}
			sum, err := s.Journal.Summary(s.Context())
			if err != nil {
				return err
			}
			if err := s.Journal.Compact(s.Context(), sum.Position); err != nil {
				return err
			}
		}
	})
	for i := range rounds {
		tag := fmt.Sprintf("n:%d", i)
		before := s.append(reprint.Stale, "other")
		s.append(reprint.Stale, tag)
		s.put(page(key(fmt.Sprintf("/%d", i)), before.Position, tag))
	}
	close(stop)
	<-compacting.done
	s.must(compacting.err)
	for i := range rounds {
		s.wantCurrent(key(fmt.Sprintf("/%d", i)), false)
	}
}
