package storetest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/reprint-go/reprint"
)

var taggedTests = []test{
	{"a tag that no page carries yields nothing", func(s *suite) {
		s.put(page(key("/a"), 1, "x"))
		s.wantTagged("y")
		s.wantTagged("")
	}},
	{"tags match exactly", func(s *suite) {
		tags := []string{"post:4", "post:42", "Post:4", "post:%", "post:_", "post:*", "path /post:4", "prefix /", "prefix /posts/", "日本"}
		for i, tag := range tags {
			s.put(page(key(fmt.Sprintf("/%d", i)), 1, tag))
		}
		for i, tag := range tags {
			s.wantTagged(tag, fmt.Sprintf("/%d", i))
		}
	}},
	{"keys come back whole, with host, query and variant", func(s *suite) {
		p := fullPage()
		s.put(p)
		for k, err := range s.Store.Tagged(s.Context(), "post:42") {
			s.must(err)
			if k != p.Key {
				s.Fatalf("got %#v, want %#v", k, p.Key)
			}
		}
	}},
	{"more than a thousand pages are yielded, each once", func(s *suite) {
		want := s.putMany(several, "all")
		s.wantTagged("all", want...)
		s.wantTagged("all", want...)
	}},
	{"an iteration can be left early, and writes go on", func(s *suite) {
		s.putMany(50, "all")
		n := 0
		for _, err := range s.Store.Tagged(s.Context(), "all") {
			s.must(err)
			if n++; n == 3 {
				break
			}
		}
		if n != 3 {
			s.Fatalf("yielded %d, want 3", n)
		}
		s.put(page(key("/after"), 1))
	}},
	{"a page can be put and deleted inside the iteration", writesInside},
	{"what stays is yielded while others come and go", staysWhileOthersGo},
	{"a page that goes and comes back meanwhile is yielded at most once", func(s *suite) {
		keys := s.putMany(several, "all")
		seen := make(map[reprint.Key]bool)
		for k, err := range s.Store.Tagged(s.Context(), "all") {
			s.must(err)
			if seen[k] {
				s.Fatalf("%s was yielded twice", k)
			}
			if seen[k] = true; len(seen) > 1 {
				continue
			}
			for _, path := range keys {
				s.must(s.Store.Delete(s.Context(), key(path), 100))
			}
			for _, path := range slices.Backward(keys) {
				s.put(page(key(path), 1, "all"))
			}
		}
	}},
}

// several is more than a store reads in one go.
const several = 1200

// putMany stores n pages that carry tag and returns their keys as text.
func (s *suite) putMany(n int, tag string) []string {
	s.Helper()
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("/many/%04d", i)
	}
	s.must(together(50, func(worker int) error {
		for i := worker; i < n; i += 50 {
			if _, err := s.Store.Put(s.Context(), page(key(keys[i]), 1, tag)); err != nil {
				return err
			}
		}
		return nil
	}))
	return keys
}

func writesInside(s *suite) {
	s.putMany(several, "all")
	i := 0
	for k, err := range s.Store.Tagged(s.Context(), "all") {
		s.must(err)
		if i++; i%20 != 0 {
			continue
		}
		// A write that waits for the iteration would wait for ever.
		inTime(s, func() error {
			if _, err := s.Store.Put(s.Context(), page(k, 2, "all")); err != nil {
				return err
			}
			return s.Store.Delete(s.Context(), key("/nothing"), 1)
		})
	}
	if i != several {
		s.Fatalf("yielded %d keys, want %d", i, several)
	}
}

// inTime fails the test when f does not return.
func inTime(s *suite, f func() error) {
	s.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		s.must(err)
	case <-time.After(30 * time.Second):
		s.Fatal("a write waits for the iteration")
	}
}

func staysWhileOthersGo(s *suite) {
	staying := s.putMany(several, "all")
	stop := s.comeAndGo(staying, "all")
	for range 5 {
		seen := make(map[string]bool)
		for k, err := range s.Store.Tagged(s.Context(), "all") {
			s.must(err)
			if seen[k.String()] {
				s.Fatalf("%s was yielded twice", k)
			}
			seen[k.String()] = true
		}
		for _, k := range staying {
			if !seen[k] {
				s.Fatalf("%s stayed and was not yielded", k)
			}
		}
	}
	stop()
}

// comeAndGo puts and deletes a page beside each of the paths that stay, and puts
// those again, over and over until stop is called. All of them carry tag.
func (s *suite) comeAndGo(staying []string, tag string) (stop func()) {
	end := make(chan struct{})
	writing := s.begin(func() error {
		for n := 0; ; n++ {
			select {
			case <-end:
				return nil
			default:
			}
			stays := staying[n%len(staying)]
			comes := key(stays + "-b")
			if _, err := s.Store.Put(s.Context(), page(comes, 1, tag)); err != nil {
				return err
			}
			if _, err := s.Store.Put(s.Context(), page(key(stays), reprint.Position(n+2), tag)); err != nil {
				return err
			}
			if err := s.Store.Delete(s.Context(), comes, 2); err != nil {
				return err
			}
		}
	})
	stopOnce := sync.OnceFunc(func() { close(end) })
	s.Cleanup(stopOnce) // where the test ends early
	return func() {
		s.Helper()
		stopOnce()
		<-writing.done
		s.must(writing.err)
	}
}
