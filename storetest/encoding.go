package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/reprint-go/reprint"
)

var encodingTests = []test{
	{"a body that no page has has no encodings, and none is kept for it", func(s *suite) {
		sum := sha256.Sum256([]byte("nobody's"))
		s.wantEncodings(sum)
		s.putEncoding(sum, "gzip", "x")
		s.wantEncodings(sum)
	}},
	{"encodings come back byte for byte, one for each coding, to the body that they are of", func(s *suite) {
		a, b := page(key("/a"), 1), page(key("/b"), 1)
		s.put(a)
		s.put(b)
		every := make([]byte, 1<<16)
		for i := range every {
			every[i] = byte(i)
		}
		s.putEncoding(a.Sum, "gzip", string(every))
		s.putEncoding(a.Sum, "br", "")
		s.putEncoding(b.Sum, "gzip", "of b")
		s.wantEncodings(a.Sum, "gzip "+string(every), "br ")
		s.wantEncodings(b.Sum, "gzip of b")
	}},
	{"an encoding takes the place of another in its coding", func(s *suite) {
		p := page(key("/a"), 1)
		s.put(p)
		s.putEncoding(p.Sum, "gzip", "first and longer")
		s.putEncoding(p.Sum, "zstd", "other")
		s.putEncoding(p.Sum, "gzip", "second")
		s.wantEncodings(p.Sum, "gzip second", "zstd other")
	}},
	{"encodings stay as long as a page has the body, and go with the last", encodingsGo},
	{"encodings go with pages that are dropped for want of room", func(s *suite) {
		if s.MaxPages == 0 {
			s.Skip("this backend's MaxPages is not known")
		}
		var pages []*reprint.Page
		for i := range s.MaxPages + 20 {
			p := page(key(fmt.Sprintf("/%d", i)), 1)
			s.put(p)
			s.putEncoding(p.Sum, "gzip", p.Key.Path)
			pages = append(pages, p)
		}
		for _, p := range pages {
			if s.page(p.Key) == nil {
				s.wantEncodings(p.Sum)
			} else {
				s.wantEncodings(p.Sum, "gzip "+p.Key.Path)
			}
		}
	}},
	{"an encoding that is damaged is left out and dropped, the others stay", damagedEncoding},
	{"encodings of a body that is damaged go with it", func(s *suite) {
		s.encodingStore()
		if s.Damage == nil {
			s.Skip("this backend has no Damage")
		}
		p := page(key("/a"), 1)
		s.put(p)
		s.putEncoding(p.Sum, "gzip", "x")
		s.must(s.Damage(p.Key))
		if _, err := s.Store.Page(s.Context(), p.Key); !errors.Is(err, reprint.ErrDamaged) {
			s.Fatalf("Page: error %v, want ErrDamaged", err)
		}
		s.wantEncodings(p.Sum)
		s.put(p)
		s.wantEncodings(p.Sum)
	}},
	{"where there is no room an encoding is not kept, without error and without dropping pages", func(s *suite) {
		s.encodingStore()
		if s.Fill == nil {
			s.Skip("this backend has no Fill")
		}
		p := page(key("/a"), 1)
		s.put(p)
		free, err := s.Fill()
		s.must(err)
		s.putEncoding(p.Sum, "gzip", strings.Repeat("x", 1<<20))
		s.wantEncodings(p.Sum)
		s.wantPage(p)
		s.must(free())
		s.putEncoding(p.Sum, "gzip", "y")
		s.wantEncodings(p.Sum, "gzip y")
	}},
	{"encodings outlive a restart", func(s *suite) {
		p := page(key("/a"), 1)
		s.put(p)
		s.putEncoding(p.Sum, "gzip", "x")
		s.reopen()
		s.wantEncodings(p.Sum, "gzip x")
	}},
	{"encodings put while bodies come and go leave none behind", encodingsMeanwhile},
	{"encodings under a context that has ended return its error", func(s *suite) {
		store := s.encodingStore()
		p := page(key("/a"), 1)
		s.put(p)
		ended, cancel := context.WithCancel(s.Context())
		cancel()
		if _, err := store.Encodings(ended, p.Sum); !errors.Is(err, context.Canceled) {
			s.Errorf("Encodings: got error %v, want %v", err, context.Canceled)
		}
		if err := store.PutEncoding(ended, p.Sum, reprint.Encoding{Coding: "gzip"}); !errors.Is(err, context.Canceled) {
			s.Errorf("PutEncoding: got error %v, want %v", err, context.Canceled)
		}
		s.wantEncodings(p.Sum)
	}},
}

// encodingStore is the store, or skips the test where it keeps no encodings.
func (s *suite) encodingStore() reprint.EncodingStore {
	store, ok := s.Store.(reprint.EncodingStore)
	if !ok {
		s.Skip("this store is not a reprint.EncodingStore")
	}
	return store
}

func (s *suite) putEncoding(sum [sha256.Size]byte, coding, body string) {
	s.Helper()
	if err := s.encodingStore().PutEncoding(s.Context(), sum, reprint.Encoding{Coding: coding, Body: []byte(body)}); err != nil {
		s.Fatalf("PutEncoding %s: %v", coding, err)
	}
}

// wantEncodings checks the encodings of a body, each written as coding, space,
// bytes.
func (s *suite) wantEncodings(sum [sha256.Size]byte, want ...string) {
	s.Helper()
	list, err := s.encodingStore().Encodings(s.Context(), sum)
	if err != nil {
		s.Fatalf("Encodings: %v", err)
	}
	var got []string
	for _, e := range list {
		got = append(got, e.Coding+" "+string(e.Body))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		s.Fatalf("the encodings are %.200q, want %.200q", got, want)
	}
}

func encodingsGo(s *suite) {
	shared := func(path string, stamp reprint.Position) *reprint.Page {
		return withBody(page(key(path), stamp), []byte("the same on every page"))
	}
	sum := shared("/a", 1).Sum
	for _, path := range []string{"/a", "/b", "/c"} {
		s.put(shared(path, 1))
	}
	s.putEncoding(sum, "gzip", "x")
	s.put(shared("/a", 2)) // rendered again, unchanged
	s.must(s.Store.Delete(s.Context(), key("/b"), 2))
	s.put(page(key("/c"), 2))
	s.wantEncodings(sum, "gzip x")
	s.put(page(key("/a"), 3))
	s.wantEncodings(sum)
	s.put(shared("/a", 4)) // the body is back; what was made of it is not
	s.wantEncodings(sum)
	s.putEncoding(sum, "gzip", "y")
	s.must(s.Store.Delete(s.Context(), key("/a"), 5))
	s.wantEncodings(sum)
}

func damagedEncoding(s *suite) {
	s.encodingStore()
	if s.DamageEncoding == nil {
		s.Skip("this backend has no DamageEncoding")
	}
	p := page(key("/a"), 1)
	s.put(p)
	s.putEncoding(p.Sum, "br", "whole")
	s.putEncoding(p.Sum, "gzip", "damaged")
	s.must(s.DamageEncoding(p.Sum, "gzip"))
	s.wantEncodings(p.Sum, "br whole")
	s.wantEncodings(p.Sum, "br whole")
	s.putEncoding(p.Sum, "gzip", "again")
	s.wantEncodings(p.Sum, "br whole", "gzip again")
	s.wantPage(p)
}

// encodingsMeanwhile has each of some pages take bodies in turn, while encodings
// are put of all of these.
func encodingsMeanwhile(s *suite) {
	store := s.encodingStore()
	const rounds, bodies = 100, 4
	version := func(path string, i int) *reprint.Page {
		return withBody(page(key(path), reprint.Position(i)), bytes.Repeat([]byte{'a' + byte(i%bodies)}, 100))
	}
	s.must(together(4, func(i int) error {
		path := fmt.Sprintf("/%d", i%2)
		for n := range rounds {
			if i < 2 {
				if _, err := s.Store.Put(s.Context(), version(path, n)); err != nil {
					return err
				}
				continue
			}
			e := reprint.Encoding{Coding: "gzip", Body: version(path, n).Body[:n]}
			if err := store.PutEncoding(s.Context(), version(path, n+i).Sum, e); err != nil {
				return err
			}
		}
		return nil
	}))
	for _, path := range []string{"/0", "/1"} {
		s.must(s.Store.Delete(s.Context(), key(path), rounds))
	}
	for i := range bodies {
		s.wantEncodings(version("", i).Sum)
	}
}
