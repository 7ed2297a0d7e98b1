package reprint

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/reprint-go/reprint/internal/coding"
)

// A large page is sent as it is until it has been coded behind: once, however many
// ask for it meanwhile.
func TestALargePageIsCodedBehindOnce(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Shutdown(t.Context()) }()
	var body bytes.Buffer
	for i := 0; body.Len() <= maxQuick; i++ {
		fmt.Fprintf(&body, "<p>line %d of a long page\n", i)
	}
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body.Bytes()) })
	if err := s.Handle("/a", page, Policy{}); err != nil {
		t.Fatal(err)
	}
	ask := func() *http.Response {
		r := httptest.NewRequest(http.MethodGet, "/a", nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Result()
	}
	for range 200 {
		if r := ask(); r.Header.Get("Content-Encoding") != "" {
			t.Fatal("a visitor has waited for the form")
		}
	}
	if n := len(s.strong); n > 1 {
		t.Errorf("%d forms are to be made of one", n)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if r := ask(); r.Header.Get("Content-Encoding") == coding.Gzip.String() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the form was not made")
		}
	}
}
