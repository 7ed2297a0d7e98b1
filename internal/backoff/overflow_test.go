package backoff_test

import (
	"testing"
	"time"

	"github.com/reprint-go/reprint/internal/backoff"
)

// Doubled often enough, a rest is more than a Duration holds.
func TestRestNeverOverflows(t *testing.T) {
	const longest = 24 * time.Hour
	for _, first := range []time.Duration{1, time.Second, 10 * time.Second, time.Minute, longest} {
		b := backoff.New[string, string](first, longest, 10)
		for n := 1; n <= 200; n++ {
			want := first
			for i := 1; i < n && want < longest; i++ {
				want *= 2
			}
			if r := b.Fail("k", now, ""); !about(rest(r), min(want, longest)) {
				t.Fatalf("first %v: rest after failure %d is %v, want about %v", first, n, rest(r), min(want, longest))
			}
		}
	}
}
