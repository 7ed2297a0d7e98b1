package reprint

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// What is allocated for a text is all that it takes.
func TestTextSizeIsThatOfTheText(t *testing.T) {
	for _, p := range []*Page{
		{Key: Key{Path: "/"}},
		{Key: Key{Host: "a.example", Path: "/posts/1", Query: "page=2", Variant: "de"}, Route: "/posts/{id}", Cause: "visit"},
		{Key: Key{Path: "/a"}, Tags: []string{"t", strings.Repeat("u", 127), strings.Repeat("v", 128), strings.Repeat("w", 20_000)}, ModifiedAt: time.Now()},
		{Key: Key{Path: "/a"}, Header: http.Header{"Content-Type": {"text/html"}, "Link": {"</a>", "</b>"}}},
	} {
		if got, want := textSize(p), len(newEntry(p).text); got != want {
			t.Errorf("%s: %d, the text has %d bytes", p.Key, got, want)
		}
	}
}
