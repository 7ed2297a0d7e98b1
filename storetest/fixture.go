package storetest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/reprint-go/reprint"
)

// epoch is the moment around which things happen in the suite.
var epoch = time.Date(2024, time.February, 29, 23, 59, 59, 999_999_000, time.UTC)

func key(path string) reprint.Key { return reprint.Key{Path: path} }

// page returns an ordinary page with a body of its own.
func page(k reprint.Key, stamp reprint.Position, tags ...string) *reprint.Page {
	slices.Sort(tags)
	p := &reprint.Page{
		Key:        k,
		Route:      "/{path...}",
		Status:     http.StatusOK,
		Header:     http.Header{"Content-Type": {"text/html; charset=utf-8"}},
		Tags:       tags,
		Stamp:      stamp,
		Checked:    stamp,
		RenderedAt: epoch.Add(time.Duration(stamp) * time.Second),
		ModifiedAt: epoch,
		Cause:      "visit",
	}
	return withBody(p, fmt.Appendf(nil, "%s at %d", k, stamp))
}

func withBody(p *reprint.Page, body []byte) *reprint.Page {
	p.Body, p.Sum = body, sha256.Sum256(body)
	return p
}

// fullPage returns a page of which no field is zero.
func fullPage() *reprint.Page {
	return withBody(&reprint.Page{
		Key:        reprint.Key{Host: "example.com", Path: "/caf%C3%A9/1", Query: "page=2&q=a+b", Variant: "Accept-Language=de"},
		Route:      "GET /café/{id}",
		Status:     http.StatusNotFound,
		Header:     http.Header{"Content-Type": {"text/html"}, "Link": {"</b>; rel=next", "</a>; rel=prev"}},
		Tags:       []string{"path /café/1", "post:42", "日本:語"},
		Stamp:      1 << 40,
		Checked:    1<<40 + 7,
		Overtaken:  true,
		Pinned:     true,
		History:    3,
		HeldUntil:  epoch.Add(time.Hour),
		RenderedAt: epoch,
		RenderTook: 1234567 * time.Nanosecond,
		ModifiedAt: epoch.Add(-time.Hour),
		Lifetime:   fullLifetime(),
		Due:        epoch.Add(time.Hour),
		Cause:      "revalidate 01J",
	}, []byte("<!doctype html>"))
}

// fullLifetime returns one of which no field is zero.
func fullLifetime() *reprint.Lifetime {
	return &reprint.Lifetime{Fresh: time.Hour + 1, Age: 1, WhileRevalidate: math.MaxInt64, IfError: 365 * 24 * time.Hour}
}

// pageDiff returns the name and the two values of the first field in which the
// pages differ, or nothing. Times count to the microsecond and whatever their
// zone; nil and empty are the same.
func pageDiff(got, want *reprint.Page) string {
	if got == nil || want == nil {
		if got == want {
			return ""
		}
		return fmt.Sprintf("got %v, want %v", got, want)
	}
	g, w := reflect.ValueOf(*got), reflect.ValueOf(*want)
	for i := range g.NumField() {
		if a, b := g.Field(i).Interface(), w.Field(i).Interface(); !sameValue(a, b) {
			return fmt.Sprintf("%s: got %.200v, want %.200v", g.Type().Field(i).Name, a, b)
		}
	}
	return ""
}

func sameValue(a, b any) bool {
	if t, ok := a.(time.Time); ok {
		u := b.(time.Time)
		return t.IsZero() == u.IsZero() && t.Truncate(time.Microsecond).Equal(u.Truncate(time.Microsecond))
	}
	v, w := reflect.ValueOf(a), reflect.ValueOf(b)
	if k := v.Kind(); (k == reflect.Slice || k == reflect.Map) && v.Len() == 0 {
		return w.Len() == 0
	}
	return reflect.DeepEqual(a, b)
}

// entry returns one that names tags.
func entry(mode reprint.Mode, tags ...string) reprint.Entry {
	slices.Sort(tags)
	return reprint.Entry{ID: "r-" + tags[0], Time: epoch, Mode: mode, Tags: tags, By: "editor"}
}

// must ends the test on an error.
func (s *suite) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// put stores p, which must be stored.
func (s *suite) put(p *reprint.Page) {
	s.Helper()
	stored, err := s.Store.Put(s.Context(), p)
	if err != nil || !stored {
		s.Fatalf("Put %s at %d: stored %v, error %v; want it stored", p.Key, p.Stamp, stored, err)
	}
}

// page returns what is stored under k.
func (s *suite) page(k reprint.Key) *reprint.Page {
	s.Helper()
	p, err := s.Store.Page(s.Context(), k)
	if err != nil {
		s.Fatalf("Page %s: %v", k, err)
	}
	return p
}

// wantPage checks what is stored under the key of want.
func (s *suite) wantPage(want *reprint.Page) {
	s.Helper()
	if diff := pageDiff(s.page(want.Key), want); diff != "" {
		s.Fatalf("page %s: %s", want.Key, diff)
	}
}

// wantAbsent checks that nothing is stored under k.
func (s *suite) wantAbsent(k reprint.Key) {
	s.Helper()
	if p := s.page(k); p != nil {
		s.Fatalf("page %s is there, at %d; want none", k, p.Stamp)
	}
}

// tagged returns the keys that carry tag, as text, sorted.
func (s *suite) tagged(tag string) []string {
	s.Helper()
	keys := []string{}
	for k, err := range s.Store.Tagged(s.Context(), tag) {
		if err != nil {
			s.Fatalf("Tagged %q: %v", tag, err)
		}
		keys = append(keys, k.String())
	}
	slices.Sort(keys)
	return keys
}

func (s *suite) wantTagged(tag string, want ...string) {
	s.Helper()
	slices.Sort(want)
	if got := s.tagged(tag); !slices.Equal(got, want) {
		s.Fatalf("tagged %q: got %q, want %q", tag, got, want)
	}
}

// append adds an entry and returns it with its position.
func (s *suite) append(mode reprint.Mode, tags ...string) reprint.Entry {
	s.Helper()
	e := entry(mode, tags...)
	at, err := s.Journal.Append(s.Context(), e)
	if err != nil {
		s.Fatalf("Append: %v", err)
	}
	e.Position = at
	return e
}

func (s *suite) entries(after reprint.Position) []reprint.Entry {
	s.Helper()
	var entries []reprint.Entry
	for e, err := range s.Journal.Entries(s.Context(), after) {
		if err != nil {
			s.Fatalf("Entries after %d: %v", after, err)
		}
		entries = append(entries, e)
	}
	return entries
}

func (s *suite) summary() reprint.Summary {
	s.Helper()
	summary, err := s.Journal.Summary(s.Context())
	if err != nil {
		s.Fatalf("Summary: %v", err)
	}
	return summary
}

// current reports whether the journal's summary finds the page current, by the
// rule that the engine goes by.
func current(p *reprint.Page, s reprint.Summary) bool {
	checked := max(p.Stamp, p.Checked)
	if checked < s.Floor {
		return false
	}
	for tag, mark := range s.Marks {
		if mark.Any > checked && names(tag, p) {
			return false
		}
	}
	return true
}

// names reports whether a tag of an entry names a page.
func names(tag string, p *reprint.Page) bool {
	text, compound := strings.CutPrefix(tag, "all ")
	members := []string{tag}
	if compound {
		if err := json.Unmarshal([]byte(text), &members); err != nil {
			panic(err)
		}
	}
	return !slices.ContainsFunc(members, func(tag string) bool { return !slices.Contains(p.Tags, tag) })
}
