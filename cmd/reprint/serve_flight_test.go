package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// What a payload says of itself counts, whatever its status; what a page says in
// a text does not.
func TestAPayloadHasTheStatusOfItsPage(t *testing.T) {
	const flight = "text/x-component"
	for _, test := range []struct {
		name, kind, body string
		status, want     int
	}{
		{"a page", flight, "1:\"$Sreact.fragment\"\n0:{\"b\":\"build\"}\n", 200, 200},
		{"a render that failed", flight, "0:{\"b\":\"build\"}\n9:E{\"digest\":\"3755034424\"}\n", 200, 500},
		{"in the first row", flight, "9:E{\"digest\":\"3755034424\"}", 200, 500},
		{"in a row without an id", flight, ":HL[\"/a.css\",\"style\"]\n9:E{\"digest\":\"1\"}\n", 200, 500},
		{"a page that is not there", flight, "9:E{\"digest\":\"NEXT_HTTP_ERROR_FALLBACK;404\"}\n", 200, 404},
		{"not there, and failed too", flight, "9:E{\"digest\":\"NEXT_HTTP_ERROR_FALLBACK;404\"}\na:E{\"digest\":\"1\"}\n", 200, 500},
		{"a fallback with no sense", flight, "9:E{\"digest\":\"NEXT_HTTP_ERROR_FALLBACK;200\"}\n", 200, 200},
		{"a redirect", flight, "9:E{\"digest\":\"NEXT_REDIRECT;replace;/to;307;\"}\n", 200, 200},
		{"a text that looks like one", flight, "7:T1c,x\n9:E{\"digest\":\"3755034424\"}8:\"ok\"\n", 200, 200},
		{"one after such a text", flight, "7:T3,x\n98:E{\"digest\":\"1\"}\n", 200, 500},
		{"a text that is cut short", flight, "7:Tff,x\n9:E{\"digest\":\"1\"}\n", 200, 200},
		{"HTML", "text/html", "9:E{\"digest\":\"1\"}\n", 200, 200},
		{"a status that is honest already", flight, "9:E{\"digest\":\"1\"}\n", 404, 404},
		{"nothing", flight, "", 200, 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := honest(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.kind)
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			}))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/shop/1", nil))
			if w.Code != test.want || w.Body.String() != test.body || w.Header().Get("Content-Type") != test.kind {
				t.Errorf("%d %q %s, want %d with the body and type as they were", w.Code, w.Body, w.Header().Get("Content-Type"), test.want)
			}
		})
	}
}
