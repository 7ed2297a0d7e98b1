package storetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/reprint-go/reprint"
)

var listTests = []test{
	{"a store without pages has an empty list", func(s *suite) {
		s.wantList(reprint.ListQuery{Limit: 10})
		s.wantList(reprint.ListQuery{Tag: "x", Limit: 10})
	}},
	{"pages come in the order of their keys as text, byte by byte", func(s *suite) {
		want := s.putInAnyOrder()
		s.wantList(reprint.ListQuery{Limit: 100}, want...)
		s.wantList(reprint.ListQuery{Tag: "all", Limit: 100}, want...)
	}},
	{"After is excluded, and need not be a page's key", listAfter},
	{"at most Limit are returned, the lowest; fewer when there are no more", func(s *suite) {
		want := s.putInAnyOrder()
		for n := 1; n <= len(want); n++ {
			s.wantList(reprint.ListQuery{Limit: n}, want[:n]...)
			s.wantList(reprint.ListQuery{Tag: "all", Limit: n}, want[:n]...)
		}
		s.wantList(reprint.ListQuery{Limit: math.MaxInt}, want...)
		s.wantList(reprint.ListQuery{Tag: "all", Limit: math.MaxInt}, want...)
	}},
	{"a limit below 1 is an error", func(s *suite) {
		s.put(page(key("/a"), 1, "x"))
		for _, q := range []reprint.ListQuery{{}, {Limit: -1}, {Tag: "x"}, {Tag: "x", Limit: math.MinInt}} {
			if list, err := s.Store.List(s.Context(), q); err == nil {
				s.Errorf("List %+v: got %d pages, want an error", q, len(list))
			}
		}
	}},
	{"more than a thousand pages come in one list, and so do the last of them", func(s *suite) {
		want := s.putMany(several, "all")
		for _, tag := range []string{"", "all"} {
			s.wantList(reprint.ListQuery{Tag: tag, Limit: several}, want...)
			s.wantList(reprint.ListQuery{Tag: tag, Limit: several - 1}, want[:several-1]...)
			s.wantList(reprint.ListQuery{Tag: tag, After: want[several-3], Limit: several}, want[several-2:]...)
			s.wantList(reprint.ListQuery{Tag: tag, After: want[several-1], Limit: several})
		}
	}},
	{"pages that carry the tag, few or many, and no others", listTagged},
	{"a tag matches exactly", func(s *suite) {
		tags := []string{"post:4", "post:42", "Post:4", "post:%", "post:_", "post:*", "path /post:4", "prefix /", "prefix /posts/", "日本"}
		for i, tag := range tags {
			s.put(page(key(fmt.Sprintf("/%d", i)), 1, tag))
		}
		for i, tag := range tags {
			s.wantList(reprint.ListQuery{Tag: tag, Limit: 10}, fmt.Sprintf("/%d", i))
		}
		s.wantList(reprint.ListQuery{Tag: "post:", Limit: 10})
	}},
	{"a page is listed as it was put, without its body, with the body's size", listFields},
	{"a page that has taken the place of another is listed, the other is not", func(s *suite) {
		old := page(key("/a"), 1, "both", "old")
		s.put(old)
		newer := withBody(page(key("/a"), 2, "both", "new"), []byte("longer than before"))
		s.put(newer)
		s.wantList(reprint.ListQuery{Tag: "old", Limit: 10})
		for _, tag := range []string{"", "both", "new"} {
			s.wantListed(s.wantList(reprint.ListQuery{Tag: tag, Limit: 10}, "/a")[0], newer)
		}
	}},
	{"a page that was deleted is not listed", func(s *suite) {
		s.put(page(key("/a"), 1, "x"))
		s.put(page(key("/b"), 1, "x"))
		s.must(s.Store.Delete(s.Context(), key("/a"), 2))
		s.wantList(reprint.ListQuery{Limit: 10}, "/b")
		s.wantList(reprint.ListQuery{Tag: "x", Limit: 10}, "/b")
	}},
	{"a page whose Checked was raised is listed so", func(s *suite) {
		s.needJoint()
		s.put(page(key("/a"), 0, "x"))
		s.append(reprint.Stale, "other")
		s.must(s.Journal.Compact(s.Context(), 1))
		for _, tag := range []string{"", "x"} {
			if p := s.wantList(reprint.ListQuery{Tag: tag, Limit: 1}, "/a")[0].Page; !current(p, s.summary()) {
				s.Errorf("it is listed as checked at %d, and is current at 1", p.Checked)
			}
		}
	}},
	{"the store keeps the body of a page that was listed", func(s *suite) {
		p := page(key("/a"), 1, "x")
		s.put(p)
		s.wantList(reprint.ListQuery{Limit: 1}, "/a")
		s.wantPage(p)
	}},
	{"what stays is listed exactly once while others come and go", func(s *suite) { listWhileOthersGo(s, "") }},
	{"what stays is listed exactly once by its tag while others come and go", func(s *suite) { listWhileOthersGo(s, "all") }},
	{"a store that counts says how many pages there are", func(s *suite) {
		counter, ok := s.Store.(interface{ Count() int64 })
		if !ok {
			s.Skip("this backend does not count")
		}
		for n := range int64(5) {
			if got := counter.Count(); got != n {
				s.Fatalf("Count is %d, want %d", got, n)
			}
			s.put(page(key(fmt.Sprintf("/%d", n)), 1))
			s.put(page(key(fmt.Sprintf("/%d", n)), 2))
		}
		s.must(s.Store.Delete(s.Context(), key("/3"), 9))
		if got := counter.Count(); got != 4 {
			s.Fatalf("Count is %d after a delete, want 4", got)
		}
	}},
}

// putInAnyOrder stores pages whose keys sort differently by part, by letter case
// or by a locale, and returns the keys in order.
func (s *suite) putInAnyOrder() []string {
	s.Helper()
	keys := []reprint.Key{
		key("/"), key("/a"), key("/a/"), key("/a/b"), key("/a-b"), key("/a.b"), key("/a_b"), key("/ab"), key("/B"), key("/b"), key("/10"), key("/9"),
		key("/%C3%A9"), key("/e"), key("/f"), key("/~"),
		{Path: "/a", Query: "q=1"}, {Path: "/a", Query: "q=10"}, {Path: "/a", Query: "q=2"}, {Path: "/a/b", Query: "Q=1"},
		{Path: "/a", Variant: "V=1"}, {Path: "/a", Query: "q=1", Variant: "V=1"},
		{Host: "a.example", Path: "/a"}, {Host: "a.example", Path: "/z"}, {Host: "a.example.org", Path: "/"}, {Host: "b.example", Path: "/a", Query: "q=1", Variant: "V=1"},
	}
	rand.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	var want []string
	for _, k := range keys {
		s.put(page(k, 1, "all"))
		want = append(want, k.String())
	}
	slices.Sort(want)
	return want
}

func listAfter(s *suite) {
	all := s.putInAnyOrder()
	after := []string{"/a/a", "/a ", "/a?", "/zz", "a", "a.example", "a.example/b", "b.example/a?q=1 V=2", "no key at all", "\x00", "\xff"}
	for _, a := range append(after, all...) {
		i, found := slices.BinarySearch(all, a)
		if found {
			i++
		}
		s.wantList(reprint.ListQuery{After: a, Limit: 100}, all[i:]...)
		s.wantList(reprint.ListQuery{After: a, Limit: 2}, all[i:min(i+2, len(all))]...)
		s.wantList(reprint.ListQuery{Tag: "all", After: a, Limit: 2}, all[i:min(i+2, len(all))]...)
	}
}

// listTagged has tags on every page, on some and on one, and where many carry a
// tag, also those that all come late.
func listTagged(s *suite) {
	const n = 300
	carriers := make(map[string][]string)
	for i := range n {
		tags := []string{"all"}
		for tag, has := range map[string]bool{"even": i%2 == 0, "tenth": i%10 == 3, "last": i >= n-100, "one": i == 200} {
			if has {
				tags = append(tags, tag)
			}
		}
		p := page(key(fmt.Sprintf("/%03d", i)), 1, tags...)
		s.put(p)
		for _, tag := range tags {
			carriers[tag] = append(carriers[tag], p.Key.String())
		}
	}
	for tag, want := range carriers {
		for _, limit := range []int{1, 7, n} {
			s.wantPassed(tag, limit, want)
		}
	}
	s.wantList(reprint.ListQuery{Tag: "none", Limit: n})
}

func listFields(s *suite) {
	pages := []*reprint.Page{fullPage(), withBody(page(key("/empty"), 1), nil), withBody(page(key("/large"), 1), make([]byte, 300_000))}
	for i, l := range someLifetimes() {
		p := page(key(fmt.Sprintf("/lifetime/%d", i)), 1)
		p.Lifetime = l
		pages = append(pages, p)
	}
	for _, p := range pages {
		p.Tags = slices.Sorted(slices.Values(append(p.Tags, "all")))
		s.put(p)
	}
	slices.SortFunc(pages, func(a, b *reprint.Page) int { return strings.Compare(a.Key.String(), b.Key.String()) })
	for _, tag := range []string{"", "all"} {
		for i, l := range s.wantList(reprint.ListQuery{Tag: tag, Limit: 100}, keysOf(pages)...) {
			s.wantListed(l, pages[i])
		}
	}
}

// listWhileOthersGo passes through the list while pages between the listed ones
// come and go, and those that stay are put again.
func listWhileOthersGo(s *suite, tag string) {
	staying := s.putMany(several, "all")
	stop := s.comeAndGo(staying, "all")
	for range 3 {
		s.wantAmong(staying, s.pass(tag, 70))
	}
	stop()
	s.wantPassed(tag, 70, staying)
}

// pass returns the keys that a sequence of lists has, each of which begins where
// the one before has ended.
func (s *suite) pass(tag string, limit int) []string {
	s.Helper()
	var keys []string
	q := reprint.ListQuery{Tag: tag, Limit: limit}
	for {
		list, err := s.Store.List(s.Context(), q)
		if err != nil {
			s.Fatalf("List %+v: %v", q, err)
		}
		for _, l := range list {
			keys = append(keys, l.Page.Key.String())
		}
		if len(list) < limit {
			return keys
		}
		q.After = keys[len(keys)-1]
	}
}

func (s *suite) wantPassed(tag string, limit int, want []string) {
	s.Helper()
	if got := s.pass(tag, limit); !slices.Equal(got, want) {
		s.Fatalf("lists of %d pages tagged %q: got %q, want %q", limit, tag, got, want)
	}
}

// wantAmong checks that keys rise and that all that stay are among them.
func (s *suite) wantAmong(staying, keys []string) {
	s.Helper()
	for i := 1; i < len(keys); i++ {
		if keys[i-1] >= keys[i] {
			s.Fatalf("%s comes before %s", keys[i-1], keys[i])
		}
	}
	for _, k := range staying {
		if _, found := slices.BinarySearch(keys, k); !found {
			s.Fatalf("%s stayed and was not listed", k)
		}
	}
}

// wantList checks the keys of a list and returns it.
func (s *suite) wantList(q reprint.ListQuery, want ...string) []reprint.Listed {
	s.Helper()
	list, err := s.Store.List(s.Context(), q)
	if err != nil {
		s.Fatalf("List %+v: %v", q, err)
	}
	var got []string
	for _, l := range list {
		got = append(got, l.Page.Key.String())
	}
	if !slices.Equal(got, want) {
		s.Fatalf("List %+v: got %q, want %q", q, got, want)
	}
	return list
}

// wantListed checks that l is p as a list has it.
func (s *suite) wantListed(l reprint.Listed, p *reprint.Page) {
	s.Helper()
	want := *p
	want.Body = nil
	if diff := pageDiff(l.Page, &want); diff != "" {
		s.Fatalf("page %s in a list: %s", p.Key, diff)
	}
	if l.Size != int64(len(p.Body)) {
		s.Fatalf("page %s in a list: Size is %d, the body has %d bytes", p.Key, l.Size, len(p.Body))
	}
}

func keysOf(pages []*reprint.Page) []string {
	var keys []string
	for _, p := range pages {
		keys = append(keys, p.Key.String())
	}
	return keys
}
