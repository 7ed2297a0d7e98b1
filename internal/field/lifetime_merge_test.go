package field_test

import (
	"net/http"
	"reflect"
	"testing"

	"github.com/reprint-go/reprint/internal/field"
)

// RFC 9111, section 3.2.
func TestMerge(t *testing.T) {
	for _, tt := range []struct {
		name                string
		stored, fresh, want http.Header
	}{
		{"nothing", nil, nil, http.Header{}},
		{"nothing new", header("A: 1"), nil, header("A: 1")},
		{"a new field", header("A: 1"), header("B: 2"), header("A: 1", "B: 2")},
		{"another value", header("A: 1"), header("A: 2"), header("A: 2")},
		{"all lines take the place of all lines", header("A: 1", "A: 2"), header("A: 3", "A: 4", "A: 5"), header("A: 3", "A: 4", "A: 5")},
		{"in another case", http.Header{"x-a": {"1"}}, http.Header{"X-a": {"2"}}, header("X-A: 2")},
		{"Content fields too", header("Content-Type: text/plain", "Content-Language: de"), header("Content-Type: text/html", "Content-Security-Policy: x", "Content-Location: /a"),
			header("Content-Type: text/html", "Content-Language: de", "Content-Security-Policy: x", "Content-Location: /a")},
		{"but not how the body was sent", header("Content-Length: 10", "Content-Encoding: identity"), header("Content-Length: 0", "Content-Encoding: gzip", "Content-Range: bytes 0-1/2"),
			header("Content-Length: 10", "Content-Encoding: identity")},
		{"nor how this one was sent", header("A: 1"),
			header("Connection: close, x-hop", "X-Hop: 1", "Keep-Alive: 5", "Te: a", "Trailer: b", "Transfer-Encoding: chunked", "Upgrade: c", "Proxy-Connection: d",
				"Proxy-Authenticate: e", "Proxy-Authentication-Info: f", "Proxy-Authorization: g", "A: 2"),
			header("A: 2")},
		{"nor what a stored field had to do with it", header("X-Hop: 1"), header("Connection: x-hop", "X-Hop: 2"), header("X-Hop: 1")},
		{"nothing when it cannot be known", header("A: 1"), header(`Connection: x, "`, "A: 2", "X: 3"), header("A: 1")},
		{"freshness", header("Cache-Control: max-age=1", "Expires: 0"), header("Cache-Control: max-age=60"), header("Cache-Control: max-age=60", "Expires: 0")},
		{"validators", header(`Etag: "a"`, "Last-Modified: "+at(0)), header(`Etag: W/"a"`), header(`Etag: W/"a"`, "Last-Modified: "+at(0))},
		{"when it was made", header("Date: "+at(0), "Age: 50"), header("Date: " + at(second)), header("Date: " + at(second))},
		{"when it was made, unsaid", header("Date: "+at(0), "Age: 50", "A: 1"), header("B: 1"), header("A: 1", "B: 1")},
		{"a cookie, to be judged by others", header("A: 1"), header("Set-Cookie: a=b"), header("A: 1", "Set-Cookie: a=b")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stored, fresh := clone(tt.stored), clone(tt.fresh)
			got := field.Merge(stored, fresh)
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("Merge(%q, %q) = %q, want %q", stored, fresh, got, tt.want)
			}
			if !reflect.DeepEqual(stored, tt.stored) || !reflect.DeepEqual(fresh, tt.fresh) {
				t.Errorf("Merge changed what it was given: %q, %q", stored, fresh)
			}
			before := clone(got)
			for _, h := range []http.Header{stored, fresh} {
				for _, values := range h {
					values[0] = "changed"
				}
			}
			if !reflect.DeepEqual(got, before) {
				t.Errorf("the result shares memory with what it was made of: %q", got)
			}
		})
	}
}
