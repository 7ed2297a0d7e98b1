package reprint

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/reprint-go/reprint/internal/gate"
)

// A visitor looked for the page before another's render had stored it, and asks
// for a render after that one has ended.
func TestWhoComesAMomentTooLateDoesNotRenderAgain(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Shutdown(t.Context()) }()
	var renders atomic.Int64
	if err := s.Handle("/a", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, renders.Add(1))
	}), Policy{}); err != nil {
		t.Fatal(err)
	}
	key := Key{Path: "/a"}
	for range 2 {
		out, _, err := s.await(t.Context(), key, 0, 0, newJob(gate.Waited, "visit"))
		if err != nil || out.entry == nil || string(out.entry.body) != "1" {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	s.behind(key, nil, newJob(gate.Visited, "stale"))
	if err := s.Revalidate(t.Context(), "/a"); err != nil { // it needs more, and gets it
		t.Fatal(err)
	}
	if n := renders.Load(); n != 2 {
		t.Errorf("%d renders, want the first visitor's and the call's", n)
	}
}
