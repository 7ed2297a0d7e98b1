package storetest

import "math"

var deleteTests = []test{
	{"a page with a stamp below before goes, with its tags and its due time", func(s *suite) {
		p := page(key("/a"), 4, "x")
		p.Due = epoch
		s.put(p)
		s.put(page(key("/b"), 4, "x"))
		s.must(s.Store.Delete(s.Context(), key("/a"), 5))
		s.wantAbsent(key("/a"))
		s.wantTagged("x", "/b")
		s.wantDue(epoch, 10)
	}},
	{"a page with a stamp at before or above stays", func(s *suite) {
		s.put(page(key("/a"), 5, "x"))
		s.must(s.Store.Delete(s.Context(), key("/a"), 5))
		s.must(s.Store.Delete(s.Context(), key("/a"), 0))
		s.wantPage(page(key("/a"), 5, "x"))
		s.wantTagged("x", "/a")
	}},
	{"the highest position deletes any page", func(s *suite) {
		s.put(page(key("/a"), 1<<50))
		s.must(s.Store.Delete(s.Context(), key("/a"), math.MaxUint64))
		s.wantAbsent(key("/a"))
	}},
	{"deleting what is not there is no error", func(s *suite) {
		s.must(s.Store.Delete(s.Context(), key("/nothing"), 5))
	}},
}
