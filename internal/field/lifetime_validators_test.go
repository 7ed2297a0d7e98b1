package field_test

import (
	"net/http"
	"testing"

	"github.com/reprint-go/reprint/internal/field"
)

// RFC 9110, section 8.8.3.
func TestValidatorsETag(t *testing.T) {
	for _, good := range []string{`"a"`, `W/"a"`, `""`, `W/""`, `"a,b;c\"`, `"W/a"`, "\"\x80\xff\"", `"!#~"`} {
		if got, _ := field.Validators(http.Header{"Etag": {good}}); got != good {
			t.Errorf("%q: %q", good, got)
		}
	}
	for _, bad := range []string{``, `a`, `"`, `"a`, `a"`, `w/"a"`, `W/a`, `W/`, `"a b"`, `"a"b"`, `"a", "b"`, `*`, "\"a\x7f\"", "\"a\n\"", `'a'`, `""a""`} {
		if got, _ := field.Validators(http.Header{"Etag": {bad}}); got != "" {
			t.Errorf("%q: %q, want nothing", bad, got)
		}
	}
	if got, _ := field.Validators(http.Header{"Etag": {`"a"`, `"b"`}}); got != "" {
		t.Errorf("of two entity tags %q was taken", got)
	}
	if etag, date := field.Validators(nil); etag != "" || date != "" {
		t.Errorf("of nothing: %q, %q", etag, date)
	}
}

// RFC 9110, sections 5.6.7 and 8.8.2.
func TestValidatorsLastModified(t *testing.T) {
	for _, good := range []string{"Sat, 14 Mar 2026 12:00:00 GMT", "Saturday, 14-Mar-26 12:00:00 GMT", "Sat Mar 14 12:00:00 2026"} {
		if _, got := field.Validators(http.Header{"Last-Modified": {good}}); got != good {
			t.Errorf("%q: %q", good, got)
		}
	}
	for _, bad := range []string{"", "0", "Sat, 14 Mar 2026 12:00:00 UTC", "sat, 14 mar 2026 12:00:00 gmt", "Sun, 14 Mar 2026 12:00:00 GMT", "2026-03-14"} {
		if _, got := field.Validators(http.Header{"Last-Modified": {bad}}); got != "" {
			t.Errorf("%q: %q, want nothing", bad, got)
		}
	}
	if _, got := field.Validators(http.Header{"Last-Modified": {at(0), at(0)}}); got != "" {
		t.Errorf("of two dates %q was taken", got)
	}
}

// RFC 9110, section 8.8.2.2.
func TestStrongDate(t *testing.T) {
	for _, tt := range []struct {
		modified, date string
		want           bool
	}{
		{at(-1 * second), at(0), true},
		{at(-60 * second), at(0), true},
		{at(0), at(0), false},
		{at(second), at(0), false},
		{"", at(0), false},
		{at(-second), "", false},
		{"0", "0", false},
	} {
		if got := field.StrongDate(tt.modified, tt.date); got != tt.want {
			t.Errorf("StrongDate(%q, %q) = %v, want %v", tt.modified, tt.date, got, tt.want)
		}
	}
}
