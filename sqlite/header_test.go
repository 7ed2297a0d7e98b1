package sqlite_test

import (
	"net/http"
	"reflect"
	"testing"

	"github.com/reprint-go/reprint/sqlite"
)

func TestHeaderForm(t *testing.T) {
	h := http.Header{"X-B": {"2", "1"}, "Content-Type": {"text/html"}, "X-Empty": {""}}
	const want = "Content-Type: text/html\nX-B: 2\nX-B: 1\nX-Empty: \n"
	if got, err := sqlite.EncodeHeader(h); err != nil || got != want {
		t.Errorf("got %q, error %v; want %q", got, err, want)
	}
}

// FuzzHeader checks that what is written comes back, and that nothing else does:
// no value makes another header.
func FuzzHeader(f *testing.F) {
	f.Add("Content-Type", "text/html", "a: b")
	f.Add("x", "", "\t ")
	f.Add("X-A", "a\nSet-Cookie: b", "")
	f.Add("X-A: b\nX", "a", "\xff")
	f.Fuzz(func(t *testing.T, name, first, second string) {
		h := http.Header{name: {first, second}, "Z-Last": {second}}
		text, err := sqlite.EncodeHeader(h)
		if err != nil {
			t.Skip("refused")
		}
		back, err := sqlite.DecodeHeader(text)
		if err != nil || !reflect.DeepEqual(back, h) {
			t.Fatalf("%q came back as %q, error %v", h, back, err)
		}
	})
}
