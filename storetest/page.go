package storetest

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/reprint-go/reprint"
)

var pageTests = []test{
	{"a page that was never put is nil, without error", func(s *suite) {
		s.wantAbsent(key("/nothing"))
	}},
	{"a page comes back as it was put, in every field", roundTrip},
	{"a page without anything but key and status comes back", func(s *suite) {
		p := withBody(&reprint.Page{Key: key("/"), Status: http.StatusOK}, nil)
		s.put(p)
		s.wantPage(p)
	}},
	{"bodies come back byte for byte", bodies},
	{"times come back to the microsecond", times},
	{"a lifetime comes back to the nanosecond, and none is not one of zeros", lifetimes},
	{"header values keep their bytes and their order", headers},
	{"a thousand tags come back", func(s *suite) {
		var tags []string
		for i := range 1000 {
			tags = append(tags, fmt.Sprintf("tag:%04d", i))
		}
		p := page(key("/many"), 1, tags...)
		s.put(p)
		s.wantPage(p)
		s.wantTagged("tag:0999", "/many")
	}},
	{"keys that differ in any part are different pages", differentKeys},
	{"a page read before stays as it was when another takes its place", func(s *suite) {
		first := page(key("/a"), 1, "x")
		s.put(first)
		read := s.page(first.Key)
		s.put(page(first.Key, 2, "y"))
		if diff := pageDiff(read, first); diff != "" {
			s.Fatal(diff)
		}
	}},
	{"a page is whole while others take its place", wholePages},
}

func roundTrip(s *suite) {
	p := fullPage()
	for i, v := 0, reflect.ValueOf(*p); i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			s.Fatalf("the suite's full page has no %s; give it one", v.Type().Field(i).Name)
		}
	}
	s.put(p)
	s.wantPage(p)
	p.Overtaken, p.Pinned, p.Lifetime, p.Due, p.Status = false, false, nil, time.Time{}, http.StatusOK
	p = withBody(p, []byte("other"))
	s.put(p)
	s.wantPage(p)
}

// someLifetimes are nil, zeros, and each field alone.
func someLifetimes() []*reprint.Lifetime {
	return []*reprint.Lifetime{
		nil,
		{},
		{Fresh: 1},
		{Age: time.Second + 1},
		{WhileRevalidate: 7 * time.Minute},
		{IfError: math.MaxInt64},
		fullLifetime(),
	}
}

func lifetimes(s *suite) {
	for i, l := range someLifetimes() {
		p := page(key(fmt.Sprintf("/lifetime/%d", i)), 1)
		p.Lifetime = l
		s.put(p)
		s.wantPage(p)
	}
	for i, l := range someLifetimes() { // each in the place of another
		p := page(key("/lifetime"), reprint.Position(i))
		p.Lifetime = l
		s.put(p)
		s.wantPage(p)
	}
}

func bodies(s *suite) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for name, body := range map[string][]byte{
		"nil": nil, "empty": {}, "zero": {0}, "every": all, "text": []byte("Grüße, 世界"), "mebibyte": bytes.Repeat(all, 4096),
	} {
		p := withBody(page(key("/body/"+name), 1), body)
		s.put(p)
		s.wantPage(p)
	}
}

func times(s *suite) {
	for i, t := range []time.Time{
		{},
		time.Unix(0, 0),
		time.Date(1969, time.July, 20, 20, 17, 40, 0, time.UTC),
		time.Date(2024, time.March, 31, 2, 30, 0, 123_456_789, time.FixedZone("", -5*3600)),
		time.Date(2199, time.December, 31, 23, 59, 59, 999_999_999, time.UTC),
	} {
		p := page(key(fmt.Sprintf("/time/%d", i)), 1)
		p.RenderedAt, p.ModifiedAt, p.Due = t, t, t
		s.put(p)
		s.wantPage(p)
	}
}

func headers(s *suite) {
	p := page(key("/header"), 1)
	p.Header = http.Header{
		"Link":                {"</z>", "</a>", "</m>", "</a>"},
		"X-Empty":             {""},
		"X-Some-Empty":        {"", "a", ""},
		"X-Spaces":            {"a: b:  c", "tab\there"},
		"X-Long":              {strings.Repeat("v", 8<<10)},
		"Content-Disposition": {"attachment; filename=\"caf\xe9.txt\""}, // ISO 8859-1
		"Etag":                {`W/"x"`},
		"x-lower":             {"kept as it is"},
	}
	s.put(p)
	s.wantPage(p)
}

func differentKeys(s *suite) {
	keys := []reprint.Key{
		{Path: "/"},
		{Path: "/a"},
		{Path: "/a/"},
		{Path: "/A"},
		{Path: "/a", Query: "b"},
		{Path: "/a", Query: "b="},
		{Path: "/a", Variant: "b"},
		{Path: "/a", Query: "b", Variant: "b"},
		{Path: "/a%3Fb"},
		{Path: "/a%20b"},
		{Path: "/a%2520b"},
		{Host: "a", Path: "/"},
		{Host: "a", Path: "/a"},
		{Host: "a.a", Path: "/a"},
		{Host: "a", Path: "/a", Query: "b", Variant: "b"},
	}
	for i, k := range keys {
		s.put(page(k, reprint.Position(i+1), fmt.Sprintf("only:%d", i)))
	}
	for i, k := range keys {
		s.wantPage(page(k, reprint.Position(i+1), fmt.Sprintf("only:%d", i)))
		s.wantTagged(fmt.Sprintf("only:%d", i), k.String())
	}
}

// wholePages has one page replaced over and over, by versions of which each
// names itself in every part, while readers compare the parts.
func wholePages(s *suite) {
	const versions = 300
	k := key("/whole")
	version := func(n int) *reprint.Page {
		p := page(k, reprint.Position(n), "always", fmt.Sprintf("version:%d", n%7))
		p.Status = 200 + n%2*204
		p.Header = http.Header{"X-Version": {fmt.Sprint(n)}}
		return withBody(p, bytes.Repeat(fmt.Appendf(nil, "%d ", n), 100+n%5*1000))
	}
	s.put(version(1))
	writing := s.begin(func() error {
		for n := 2; n <= versions; n++ {
			if _, err := s.Store.Put(s.Context(), version(n)); err != nil {
				return err
			}
		}
		return nil
	})
	for last := 0; !writing.over(); {
		p := s.page(k)
		if p == nil {
			s.Fatal("the page was not there for a moment")
		}
		n := int(p.Stamp)
		if diff := pageDiff(p, version(n)); diff != "" {
			s.Fatalf("the page at %d is not one version: %s", n, diff)
		}
		if n < last {
			s.Fatalf("read stamp %d after %d", n, last)
		}
		last = n
		s.wantTagged("always", k.String())
	}
	s.must(writing.err)
	s.wantPage(version(versions))
	s.wantTagged(fmt.Sprintf("version:%d", versions%7), k.String())
	s.wantTagged(fmt.Sprintf("version:%d", (versions-1)%7))
}
