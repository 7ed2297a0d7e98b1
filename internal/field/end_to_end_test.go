package field_test

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"testing"

	"github.com/reprint-go/reprint/internal/field"
)

// dropped are the fields that no page keeps, written down a second time.
var dropped = []string{
	"Accept-Ranges", "Age", "Cache-Status", "Connection", "Content-Length", "Content-Range", "Date", "Etag",
	"Keep-Alive", "Last-Modified", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
	"Proxy-Connection", "Set-Cookie", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Vary",
}

func TestEndToEndKeeps(t *testing.T) {
	for _, tt := range []struct {
		name string
		h    http.Header
		want http.Header
	}{
		{"nothing", http.Header{}, http.Header{}},
		{"nothing of nil", nil, http.Header{}},
		{"fields of the page",
			http.Header{"Content-Type": {"text/html"}, "Link": {"</a>; rel=preload", "</b>; rel=preload"}, "X-Empty": {""}},
			http.Header{"Content-Type": {"text/html"}, "Link": {"</a>; rel=preload", "</b>; rel=preload"}, "X-Empty": {""}}},
		{"all but what Connection lists",
			http.Header{"Connection": {"close, x-Hop"}, "X-Hop": {"1"}, "X-Hopper": {"2"}},
			http.Header{"X-Hopper": {"2"}}},
		{"all but what Connection lists on several lines",
			http.Header{"Connection": {"X-One", "x-two ,, X-Three"}, "X-One": {"1"}, "X-Two": {"2"}, "X-Three": {"3"}, "X-Four": {"4"}},
			http.Header{"X-Four": {"4"}}},
		{"all but what Connection lists, under any name",
			http.Header{"Connection": {"x-hop"}, "x-hop": {"1"}, "X-HOP": {"2"}, "X-Hop": {"3"}},
			http.Header{}},
		{"names in their canonical form",
			http.Header{"content-type": {"text/html"}, "x-MINE": {"1"}},
			http.Header{"Content-Type": {"text/html"}, "X-Mine": {"1"}}},
		{"no names that cannot be sent",
			http.Header{"": {"1"}, "X Mine": {"1"}, "X:Mine": {"1"}, "X-Mine\r\nX-Other": {"1"}, "X-Größe": {"1"}, "X-Mine": {"2"}},
			http.Header{"X-Mine": {"2"}}},
		{"no trailers",
			http.Header{http.TrailerPrefix + "X-Sum": {"1"}, "Trailer": {"X-Sum"}, "X-Mine": {"2"}},
			http.Header{"X-Mine": {"2"}}},
		{"values that cannot be sent in a field that is dropped anyway",
			http.Header{"Set-Cookie": {"a\r\nb"}, "X Mine": {"a\nb"}, "Connection": {"x-hop"}, "X-Hop": {"a\nb"}, "X-Mine": {"2"}},
			http.Header{"X-Mine": {"2"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, bad := field.EndToEnd(tt.h)
			if bad != "" || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("EndToEnd(%q) = %q, %q, want %q", tt.h, got, bad, tt.want)
			}
		})
	}
}

func TestEndToEndDrops(t *testing.T) {
	for _, canonical := range dropped {
		for _, name := range []string{canonical, lower(canonical), upper(canonical)} {
			h := http.Header{name: {"1"}, "X-Mine": {"2"}}
			if got, _ := field.EndToEnd(h); len(got) != 1 || got.Get("X-Mine") != "2" {
				t.Errorf("%s was kept: %q", name, got)
			}
		}
	}
}

func TestEndToEndMergesNamesThatAreOneField(t *testing.T) {
	h := http.Header{"X-Mine": {"1", "2"}, "x-mine": {"3"}, "X-MINE": {"4"}}
	got, bad := field.EndToEnd(h)
	values := slices.Sorted(slices.Values(got["X-Mine"])) // which name comes first is not said
	if bad != "" || len(got) != 1 || !slices.Equal(values, []string{"1", "2", "3", "4"}) {
		t.Errorf("EndToEnd(%q) = %q, %q, want all four values under X-Mine", h, got, bad)
	}
}

func TestEndToEndNamesAFieldThatCannotBeSent(t *testing.T) {
	for _, value := range []string{"a\nb", "a\rb", "a\r\nSet-Cookie: b=c", "a\r\n b", "a\x00", "\x7f"} {
		h := http.Header{"X-Good": {"1"}, "X-Bad": {"good", value, "good"}}
		if got, bad := field.EndToEnd(h); bad != "X-Bad" || got != nil {
			t.Errorf("value %q: EndToEnd = %q, %q, want nothing and X-Bad", value, got, bad)
		}
	}
}

func TestEndToEndSharesNoMemory(t *testing.T) {
	roomy := append(make([]string, 0, 10), "1", "2")
	h := http.Header{"X-One": roomy, "x-two": roomy, "X-Two": {"3"}}
	got, _ := field.EndToEnd(h)
	before := clone(got)

	for _, values := range h { // the handler goes on with its header
		values[0] = "changed"
		_ = append(values, "appended")
	}
	if !reflect.DeepEqual(got, before) {
		t.Errorf("a change of the original changed the copy to %q", got)
	}
	for name, values := range got { // two readers of the page append to it
		first, second := append(values, "first"), append(values, "second")
		if first[len(values)] != "first" || second[len(values)] != "second" {
			t.Errorf("%s: what was appended to the kept values met there", name)
		}
	}
	if roomy[:3][2] != "appended" {
		t.Error("appending to the copy wrote into the original")
	}
}

func clone(h http.Header) http.Header {
	c := maps.Clone(h)
	for name, values := range c {
		c[name] = slices.Clone(values)
	}
	return c
}

// lower and upper leave alone what is not ASCII, as header fields do.
func lower(s string) string { return mapASCII(s, 'A', 'Z', 'a'-'A') }
func upper(s string) string { return mapASCII(s, 'a', 'z', 'A'-'a') }

func mapASCII(s string, from, to byte, by int) string {
	b := []byte(s)
	for i, c := range b {
		if from <= c && c <= to {
			b[i] = byte(int(c) + by)
		}
	}
	return string(b)
}
