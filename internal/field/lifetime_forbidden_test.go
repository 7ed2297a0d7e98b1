package field_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/reprint-go/reprint/internal/field"
)

// RFC 9213, section 2.2: one field decides, and the others are not looked at.
func TestForbidden(t *testing.T) {
	unread := []string{"no-store", "private", "no-cache"} // what may be hidden in what cannot be read
	for _, tt := range []struct {
		name string
		h    http.Header
		want []string
	}{
		{"nothing", nil, nil},
		{"Cache-Control", header("Cache-Control: private, max-age=60, no-store"), []string{"private", "no-store"}},
		{"all three", header("Cache-Control: no-cache", "Cache-Control: NO-STORE, Private"), []string{"no-cache", "no-store", "private"}},
		{"each once", header(`Cache-Control: private, private="a", PRIVATE`), []string{"private"}},
		{"what cannot be read", header("Cache-Control: max age"), unread},
		{"what cannot be read after what can", header("Cache-Control: private, max age"), []string{"private", "no-store", "no-cache"}},
		{"what cannot be read before what can", header("Cache-Control: max age, private"), unread},
		{"an open quote", header(`Cache-Control: no-cache, x="`), unread},

		// The point of a targeted field: it tells caches in front of the origin
		// something else than browsers.
		{"CDN-Cache-Control allows", header("CDN-Cache-Control: max-age=60", "Cache-Control: private, no-store"), nil},
		{"CDN-Cache-Control allows by being there", header("CDN-Cache-Control: public", "Cache-Control: no-store"), nil},
		{"CDN-Cache-Control does not mind what cannot be read", header("CDN-Cache-Control: max-age=60", "Cache-Control: max age"), nil},
		{"CDN-Cache-Control before Surrogate-Control", header("CDN-Cache-Control: max-age=60", "Surrogate-Control: no-store"), nil},
		{"CDN-Cache-Control forbids", header("CDN-Cache-Control: no-store", "Cache-Control: max-age=60", "Surrogate-Control: max-age=60"), []string{"no-store"}},
		{"CDN-Cache-Control forbids several", header("CDN-Cache-Control: private, no-cache"), []string{"private", "no-cache"}},
		{"CDN-Cache-Control forbids for some fields", header(`CDN-Cache-Control: max-age=60, no-cache="set-cookie"`), []string{"no-cache"}},
		{"CDN-Cache-Control forbids with a strange value", header("CDN-Cache-Control: private=?0"), []string{"private"}},
		{"CDN-Cache-Control forbids with parameters", header("CDN-Cache-Control: no-store;a=1"), []string{"no-store"}},
		{"CDN-Cache-Control on two lines", header("CDN-Cache-Control: max-age=60", "CDN-Cache-Control: no-store"), []string{"no-store"}},
		{"within a string it is text", header(`CDN-Cache-Control: x="private, no-store"`), nil},

		// Section 2.1: empty or malformed, it is not there.
		{"CDN-Cache-Control is empty", header("CDN-Cache-Control: ", "Cache-Control: private"), []string{"private"}},
		{"CDN-Cache-Control is empty and alone", header("CDN-Cache-Control: "), nil},
		{"CDN-Cache-Control is malformed", header("CDN-Cache-Control: max-age=60, &", "Cache-Control: private"), []string{"private"}},
		{"CDN-Cache-Control is malformed and forbids", header("CDN-Cache-Control: no-store, &", "Cache-Control: max-age=60"), nil},
		{"CDN-Cache-Control in capitals is malformed", header("CDN-Cache-Control: NO-STORE", "Cache-Control: private"), []string{"private"}},
		{"CDN-Cache-Control is malformed, then Surrogate-Control", header("CDN-Cache-Control: ,", "Surrogate-Control: max-age=1", "Cache-Control: private"), nil},

		{"Surrogate-Control allows", header("Surrogate-Control: max-age=60", "Cache-Control: private"), nil},
		{"Surrogate-Control forbids", header("Surrogate-Control: no-store", "Cache-Control: max-age=60"), []string{"no-store"}},
		{"Surrogate-Control forbids in words of today", header("Surrogate-Control: Private", "Cache-Control: max-age=60"), []string{"private"}},
		{"Surrogate-Control says nothing of it", header(`Surrogate-Control: content="ESI/1.0"`, "Cache-Control: private"), []string{"private"}},
		{"Surrogate-Control for others", header("Surrogate-Control: no-store-remote", "Cache-Control: private"), []string{"private"}},
		{"Surrogate-Control is empty", header("Surrogate-Control: ", "Cache-Control: private"), []string{"private"}},
		{"Surrogate-Control cannot be read", header("Surrogate-Control: max-age=60;abc", "Cache-Control: max-age=60"), unread},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := field.Forbidden(tt.h)
			if !slices.Equal(got, tt.want) {
				t.Errorf("Forbidden(%q) = %q, want %q", tt.h, got, tt.want)
			}
			one := ""
			if len(tt.want) > 0 {
				one = tt.want[0]
			}
			if got := field.Forbids(tt.h); got != one {
				t.Errorf("Forbids(%q) = %q, want %q", tt.h, got, one)
			}
		})
	}
}
