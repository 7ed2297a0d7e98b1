package main

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint/admin"
)

// TestRefillLines: a line for each refill every few seconds, and none for what is short.
func TestRefillLines(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	var out strings.Builder
	g := testGlobal(io.Discard, &out)
	g.now = func() time.Time { return now }
	p := g.newRefillProgress(true)
	for i := range 8 {
		p.show([]admin.Refill{
			{ID: "A", Listed: true, Total: 100, Done: i, Failed: i / 4, Rate: 1.04, LeftSeconds: 100 - i},
			{ID: "B", Done: i, Paused: i > 4, Resting: i < 4},
		})
		now = now.Add(time.Second)
	}
	p.end()
	want := `refill A: 3 of 100 pages, 1.0 pages/s, 1 minute left
refill B: 3 pages so far, resting
refill A: 6 of 100 pages, 1.0 pages/s, 1 minute left, 1 failed
refill B: 6 pages so far, paused
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}
