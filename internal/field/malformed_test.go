package field_test

import (
	"net/http"
	"testing"

	"github.com/reprint-go/reprint/internal/field"
)

// What is not a directive of RFC 9111 counts as no-store: it may hide one.
func TestForbidsWhatIsNotADirective(t *testing.T) {
	for _, line := range []string{
		"max-age=0; private", // a semicolon where a comma belongs
		"max-age=60 private", // a comma forgotten
		"max-age=60 s-maxage=60",
		`ext="a" private`,
		`ext="a"private`,
		`ext=a"b, private, c"`,
		"max-age=",
		"max-age==1",
		"ext=a/b",
		"ext=a\x00",
		"ext=\"a\x00\"",
	} {
		if got := forbids(line); got != "no-store" {
			t.Errorf("Forbids(%q) = %q, want no-store", line, got)
		}
	}
	for _, line := range []string{"max-age=60", `ext="a b; c, d"`, `ext=""`, `ext="\""`, "ext = a", `ext="größe"`} {
		if got := forbids(line); got != "" {
			t.Errorf("Forbids(%q) = %q, want nothing", line, got)
		}
	}
}

// Which fields belong to one connection cannot be known then.
func TestEndToEndRefusesAConnectionThatCannotBeRead(t *testing.T) {
	h := http.Header{"Connection": {`x-hop, "`}, "X-Hop": {"1"}}
	if kept, bad := field.EndToEnd(h); bad != "Connection" || kept != nil {
		t.Errorf("EndToEnd(%q) = %q, %q, want nothing and Connection", h, kept, bad)
	}
}
