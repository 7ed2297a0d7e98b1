package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/reprint-go/reprint"
)

var visitTests = []test{
	{"visits are taken of pages that are there, that are not, and of one more than once", func(s *suite) {
		store := s.visitStore()
		p := page(key("/a"), 1, "x")
		s.put(p)
		list := []reprint.Visit{{Key: p.Key, Count: 1}, {Key: key("/none"), Count: 7}, {Key: p.Key, Count: 1 << 30}}
		s.must(store.Visited(s.Context(), list))
		s.must(store.Visited(s.Context(), nil))
		s.wantPage(p)
		s.wantAbsent(key("/none"))
	}},
	{"a page that is visited stays when others go, also after a restart", visitedStay},
	{"visits under a context that has ended return its error", func(s *suite) {
		store := s.visitStore()
		ended, cancel := context.WithCancel(s.Context())
		cancel()
		err := store.Visited(ended, []reprint.Visit{{Key: key("/a"), Count: 1}})
		if !errors.Is(err, context.Canceled) {
			s.Fatalf("got error %v, want %v", err, context.Canceled)
		}
	}},
}

// visitStore is the store, or skips the test where it does not count visits.
func (s *suite) visitStore() reprint.VisitStore {
	store, ok := s.Store.(reprint.VisitStore)
	if !ok {
		s.Skip("this store is not a reprint.VisitStore")
	}
	return store
}

func visitedStay(s *suite) {
	store := s.visitStore()
	if s.MaxPages == 0 {
		s.Skip("this backend's MaxPages is not known")
	}
	// Some are the first that come, so that they would be the first to go.
	const n = 300
	var visits []reprint.Visit
	for i := range n {
		p := page(key(fmt.Sprintf("/visited/%d", i)), 1, "visited")
		s.put(p)
		visits = append(visits, reprint.Visit{Key: p.Key, Count: 100})
	}
	s.must(store.Visited(s.Context(), visits))
	clear(visits) // it is the caller's again
	flood := func(name string) {
		for i := range s.MaxPages {
			s.put(page(key(fmt.Sprintf("/%s/%d", name, i)), 1, name))
		}
		if got := len(s.tagged("visited")); got != n {
			s.Fatalf("%d of %d pages that were visited are left", got, n)
		}
	}
	flood("before")
	if s.Reopen != nil {
		s.reopen()
		flood("after")
	}
}
