package storetest

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/reprint-go/reprint"
)

var limitTests = []test{
	{"a store that is at its limit drops other pages for the one that comes", func(s *suite) {
		if s.MaxPages == 0 {
			s.Skip("this backend's MaxPages is not known")
		}
		n := s.MaxPages + 20
		for i := range n {
			p := page(key(fmt.Sprintf("/%d", i)), 1, "all", fmt.Sprintf("n:%d", i))
			s.put(p)
			s.wantPage(p)
		}
		kept := len(s.tagged("all"))
		if kept > s.MaxPages {
			s.Fatalf("%d pages are kept, and the limit is %d", kept, s.MaxPages)
		}
		there := 0
		for i := range n {
			if s.page(key(fmt.Sprintf("/%d", i))) != nil {
				there++
			}
		}
		if there != kept {
			s.Fatalf("%d pages can be read and %d keys carry their tag", there, kept)
		}
	}},
	{"a page that is pinned is not dropped, and where all are the next one finds no room", pinnedPages},
	{"a page that is damaged is reported and dropped", damagedPage},
	{"a store that is full says so, keeps what it has, and writes when there is room again", fullStore},
}

// pinnedPages pins all pages but two, of which one says "not here", and then
// these.
func pinnedPages(s *suite) {
	if s.MaxPages == 0 {
		s.Skip("this backend's MaxPages is not known")
	}
	path := func(i int) reprint.Key { return key(fmt.Sprintf("/pinned/%d", i)) }
	pinned := func(k reprint.Key) *reprint.Page {
		p := page(k, 1, "pinned")
		p.Pinned = true
		return p
	}
	s.put(page(key("/first"), 1, "first"))
	for i := range s.MaxPages - 2 {
		p := pinned(path(i))
		p.Status = []int{http.StatusOK, http.StatusNotFound}[i%2]
		s.put(p)
	}
	for i := range 40 {
		s.put(page(key(fmt.Sprintf("/other/%d", i)), 1, "other"))
	}
	if got := len(s.tagged("pinned")); got != s.MaxPages-2 {
		s.Fatalf("%d pinned pages are left of %d", got, s.MaxPages-2)
	}
	for i := range 2 { // in the place of others
		s.put(pinned(path(s.MaxPages - 2 + i)))
	}
	for _, p := range []*reprint.Page{page(key("/none"), 1, "x"), pinned(key("/none"))} {
		if stored, err := s.Store.Put(s.Context(), p); stored || !errors.Is(err, reprint.ErrFull) {
			s.Fatalf("Put: stored %v, error %v; want false and ErrFull", stored, err)
		}
	}
	s.wantAbsent(key("/none"))
	if got := len(s.tagged("pinned")); got != s.MaxPages {
		s.Fatalf("%d pinned pages are left of %d", got, s.MaxPages)
	}
	loose := page(path(0), 2, "loose")
	s.put(loose) // the page that is there needs no room
	s.put(page(key("/some"), 1, "x"))
	s.wantAbsent(loose.Key)
}

func damagedPage(s *suite) {
	if s.Damage == nil {
		s.Skip("this backend has no Damage")
	}
	p := page(key("/damaged"), 5, "x", "y")
	p.Due = epoch
	s.put(p)
	s.put(page(key("/whole"), 5, "x"))
	s.must(s.Damage(p.Key))
	if got, err := s.Store.Page(s.Context(), p.Key); got != nil || !errors.Is(err, reprint.ErrDamaged) {
		s.Fatalf("Page: got %v, error %v; want nil and ErrDamaged", got, err)
	}
	s.wantAbsent(p.Key)
	s.wantTagged("x", "/whole")
	s.wantTagged("y")
	s.wantDue(epoch.Add(time.Hour), 10)
	s.wantPage(page(key("/whole"), 5, "x"))
	s.put(p)
	s.wantPage(p)
}

func fullStore(s *suite) {
	if s.Fill == nil {
		s.Skip("this backend has no Fill")
	}
	kept := page(key("/kept"), 1, "x")
	s.put(kept)
	s.append(reprint.Stale, "before")
	free, err := s.Fill()
	s.must(err)
	before := s.summary()
	big := withBody(page(key("/big"), 1, "y"), make([]byte, 1<<20))
	if stored, err := s.Store.Put(s.Context(), big); stored || !errors.Is(err, reprint.ErrFull) {
		s.Fatalf("Put: stored %v, error %v; want false and ErrFull", stored, err)
	}
	if _, err := s.Journal.Append(s.Context(), bigEntry()); !errors.Is(err, reprint.ErrFull) {
		s.Fatalf("Append: error %v; want ErrFull", err)
	}
	s.wantAbsent(big.Key)
	s.wantTagged("y")
	s.wantPage(kept)
	s.wantSummary(before)
	s.must(free())
	s.put(big)
	s.wantPage(big)
	s.append(reprint.Stale, "x")
	s.wantCurrent(kept.Key, false)
}

// bigEntry takes so much room that it does not fit into what is left over.
func bigEntry() reprint.Entry {
	var tags []string
	for i := range 20_000 {
		tags = append(tags, fmt.Sprintf("a-rather-long-tag-that-takes-some-room:%08d", i))
	}
	return entry(reprint.Stale, tags...)
}

var reopenTests = []test{
	{"pages, tags, due times, journal, floor and receipts outlive a restart", func(s *suite) {
		p := fullPage()
		s.put(p)
		s.append(reprint.Delete, "a")
		s.append(reprint.Expire, "b")
		s.must(s.Journal.Compact(s.Context(), 1))
		s.must(s.Journal.SaveReceipt(s.Context(), receipt("r")))
		entries, summary := s.entries(0), s.summary()
		for range 2 {
			s.reopen()
			s.wantPage(p)
			s.wantTagged("post:42", p.Key.String())
			s.wantDue(p.Due, 10, p.Key.String())
			s.wantEntries(0, entries)
			s.wantSummary(summary)
			s.wantReceipt("r", receipt("r"))
		}
	}},
	{"positions rise across restarts", func(s *suite) {
		var last reprint.Position
		for range 4 {
			for range 3 {
				e := s.append(reprint.Stale, "x")
				if e.Position <= last {
					s.Fatalf("got %d after %d", e.Position, last)
				}
				last = e.Position
			}
			s.reopen()
		}
	}},
	{"a newer page still wins after a restart", func(s *suite) {
		s.put(page(key("/a"), 5, "x"))
		s.reopen()
		if stored, err := s.Store.Put(s.Context(), page(key("/a"), 4)); stored || err != nil {
			s.Fatalf("Put: stored %v, error %v; want false and none", stored, err)
		}
		s.put(page(key("/a"), 6, "y"))
		s.wantTagged("x")
	}},
}
