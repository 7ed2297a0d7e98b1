package storetest

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/reprint-go/reprint"
)

var putTests = []test{
	{"a newer page takes the place of an older one, with its tags and its due time", func(s *suite) {
		old := page(key("/a"), 1, "both", "old")
		old.Due = epoch
		s.put(old)
		s.put(page(key("/a"), 2, "both", "new"))
		s.wantPage(page(key("/a"), 2, "both", "new"))
		s.wantTagged("old")
		s.wantTagged("new", "/a")
		s.wantTagged("both", "/a")
		s.wantDue(epoch, 10)
	}},
	{"an older page is not stored and changes nothing", func(s *suite) {
		newer := page(key("/a"), 2, "new")
		s.put(newer)
		older := page(key("/a"), 1, "old")
		older.Due = epoch
		if stored, err := s.Store.Put(s.Context(), older); stored || err != nil {
			s.Fatalf("Put: stored %v, error %v; want false and none", stored, err)
		}
		s.wantPage(newer)
		s.wantTagged("old")
		s.wantTagged("new", "/a")
		s.wantDue(epoch, 10)
	}},
	{"a page that is held gives its place to another that is, to itself, and to one that began after", func(s *suite) {
		at := func(stamp reprint.Position, began, held time.Duration) *reprint.Page {
			p := withBody(page(key("/a"), stamp), fmt.Append(nil, stamp, began, held))
			p.RenderedAt = epoch.Add(began)
			if held != 0 {
				p.HeldUntil = epoch.Add(held)
			}
			return p
		}
		s.put(at(1, 0, time.Hour))
		if stored, err := s.Store.Put(s.Context(), at(2, time.Minute, 0)); stored || err != nil {
			s.Fatalf("a render that began meanwhile: stored %v, error %v; want false and none", stored, err)
		}
		s.wantPage(at(1, 0, time.Hour))
		s.put(at(2, time.Minute, 2*time.Hour))
		s.wantPage(at(2, time.Minute, 2*time.Hour))
		s.put(at(2, time.Minute, 0))
		s.wantPage(at(2, time.Minute, 0))
		s.put(at(2, time.Minute, 2*time.Hour))
		s.put(at(3, 2*time.Hour, 0))
		s.wantPage(at(3, 2*time.Hour, 0))
	}},
	{"a page with the same stamp takes the place", func(s *suite) {
		s.put(page(key("/a"), 3, "x"))
		other := withBody(page(key("/a"), 3, "y"), []byte("other"))
		s.put(other)
		s.wantPage(other)
		s.wantTagged("x")
		s.wantTagged("y", "/a")
	}},
	{"stamps are compared, not Checked nor times", func(s *suite) {
		seen := page(key("/a"), 5)
		seen.Checked, seen.RenderedAt = 900, epoch.AddDate(1, 0, 0)
		s.put(seen)
		s.put(page(key("/a"), 6))
		s.wantPage(page(key("/a"), 6))
	}},
	{"a page may come back with a lower stamp after it was deleted", func(s *suite) {
		s.put(page(key("/a"), 9, "x"))
		s.must(s.Store.Delete(s.Context(), key("/a"), 10))
		s.put(page(key("/a"), 1, "y"))
		s.wantPage(page(key("/a"), 1, "y"))
		s.wantTagged("x")
	}},
	{"the same body again leaves a whole page", func(s *suite) {
		s.put(withBody(page(key("/a"), 1, "x"), []byte("same")))
		again := withBody(page(key("/a"), 2, "x"), []byte("same"))
		s.put(again)
		s.wantPage(again)
	}},
	{"pages with equal bodies live and go independently", equalBodies},
	{"of many pages put at once under one key the newest stays", manyAtOnce},
	{"pages put at once under many keys are all there", func(s *suite) {
		const n = 200
		s.must(together(n, func(i int) error {
			_, err := s.Store.Put(s.Context(), page(key(fmt.Sprintf("/%d", i)), 1, "all", fmt.Sprintf("n:%d", i)))
			return err
		}))
		for i := range n {
			s.wantPage(page(key(fmt.Sprintf("/%d", i)), 1, "all", fmt.Sprintf("n:%d", i)))
		}
		if got := len(s.tagged("all")); got != n {
			s.Fatalf("%d pages are tagged, want %d", got, n)
		}
	}},
}

func equalBodies(s *suite) {
	body := []byte("the same on every page")
	pages := make(map[string]*reprint.Page)
	for _, path := range []string{"/a", "/b", "/c"} {
		pages[path] = withBody(page(key(path), 1), body)
		s.put(pages[path])
	}
	s.must(s.Store.Delete(s.Context(), key("/a"), 2))
	s.put(page(key("/b"), 2))
	s.wantAbsent(key("/a"))
	s.wantPage(page(key("/b"), 2))
	s.wantPage(pages["/c"])
	s.put(pages["/a"])
	s.must(s.Store.Delete(s.Context(), key("/c"), 2))
	s.wantPage(pages["/a"])
}

// manyAtOnce also counts who was told that it was stored: the newest at least,
// and whoever was first.
func manyAtOnce(s *suite) {
	const n = 100
	k := key("/contended")
	order := rand.Perm(n)
	var newestStored atomic.Bool
	s.must(together(n, func(i int) error {
		stamp := reprint.Position(order[i] + 1)
		stored, err := s.Store.Put(s.Context(), page(k, stamp, fmt.Sprintf("stamp:%d", stamp)))
		if stamp == n {
			newestStored.Store(stored)
		}
		return err
	}))
	if !newestStored.Load() {
		s.Error("the newest page was reported as not stored")
	}
	s.wantPage(page(k, n, fmt.Sprintf("stamp:%d", n)))
	for stamp := 1; stamp < n; stamp++ {
		s.wantTagged(fmt.Sprintf("stamp:%d", stamp))
	}
	s.wantTagged(fmt.Sprintf("stamp:%d", n), k.String())
}
