package storetest

import (
	"fmt"
	"slices"
	"time"
)

var dueTests = []test{
	{"pages that are due come soonest first", func(s *suite) {
		for _, minutes := range []int{30, 10, 50, 20, 40} {
			s.putDue(minutes)
		}
		s.wantDue(epoch.Add(45*time.Minute), 10, "/due/10", "/due/20", "/due/30", "/due/40")
	}},
	{"the moment itself counts, the microsecond before does not", func(s *suite) {
		s.putDue(10)
		s.wantDue(epoch.Add(10*time.Minute-time.Microsecond), 10)
		s.wantDue(epoch.Add(10*time.Minute), 10, "/due/10")
	}},
	{"at most limit are returned, the soonest", func(s *suite) {
		for minutes := range 20 {
			s.putDue(minutes)
		}
		s.wantDue(epoch.Add(time.Hour), 3, "/due/0", "/due/1", "/due/2")
	}},
	{"a page without a due time is never due", func(s *suite) {
		s.put(page(key("/a"), 1))
		s.wantDue(epoch.AddDate(100, 0, 0), 10)
	}},
	{"the due time comes back, with the whole key", func(s *suite) {
		p := fullPage()
		s.put(p)
		due, err := s.Store.Due(s.Context(), p.Due, 1)
		s.must(err)
		if len(due) != 1 || due[0].Key != p.Key || !due[0].Due.Equal(p.Due) {
			s.Fatalf("got %+v, want %s at %s", due, p.Key, p.Due)
		}
	}},
	{"a page that is put again is due at its new time", func(s *suite) {
		s.putDue(10)
		p := page(key("/due/10"), 2)
		p.Due = epoch.Add(20 * time.Minute)
		s.put(p)
		s.wantDue(epoch.Add(19*time.Minute), 10)
		s.wantDue(epoch.Add(20*time.Minute), 10, "/due/10")
	}},
}

// putDue stores a page that is due minutes after epoch.
func (s *suite) putDue(minutes int) {
	s.Helper()
	p := page(key(fmt.Sprintf("/due/%d", minutes)), 1)
	p.Due = epoch.Add(time.Duration(minutes) * time.Minute)
	s.put(p)
}

func (s *suite) wantDue(until time.Time, limit int, want ...string) {
	s.Helper()
	due, err := s.Store.Due(s.Context(), until, limit)
	if err != nil {
		s.Fatalf("Due: %v", err)
	}
	var got []string
	for _, d := range due {
		got = append(got, d.Key.String())
	}
	if !slices.Equal(got, want) {
		s.Fatalf("due until %s: got %q, want %q", until, got, want)
	}
}
