package backoff_test

import (
	"sync"
	"testing"
	"time"

	"github.com/reprint-go/reprint/internal/backoff"
)

var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// rest is how long a record rests from now.
func rest(r backoff.Record[string]) time.Duration { return r.Until.Sub(now) }

// about reports whether d is want, shortened by a quarter at most.
func about(d, want time.Duration) bool { return want-want/4 <= d && d <= want }

func TestRestDoublesUpToTheLongest(t *testing.T) {
	for _, tt := range []struct {
		name           string
		first, longest time.Duration
		want           []time.Duration // about, after each failure
	}{
		{"a second to ten", time.Second, 10 * time.Second, []time.Duration{1e9, 2e9, 4e9, 8e9, 10e9, 10e9, 10e9}},
		{"exactly to the longest", time.Second, 4 * time.Second, []time.Duration{1e9, 2e9, 4e9, 4e9}},
		{"first as long as the longest", time.Minute, time.Minute, []time.Duration{60e9, 60e9}},
		{"first longer than the longest", time.Hour, time.Minute, []time.Duration{60e9, 60e9}},
		{"a nanosecond, too short to be shortened", 1, 3, []time.Duration{1, 2, 3, 3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := backoff.New[string, string](tt.first, tt.longest, 10)
			for i, want := range tt.want {
				r := b.Fail("k", now, "")
				if r.Failures != i+1 {
					t.Errorf("Failures = %d, want %d", r.Failures, i+1)
				}
				if !about(rest(r), want) {
					t.Errorf("rest after failure %d is %v, want about %v", i+1, rest(r), want)
				}
			}
		})
	}
}

// Doubling something ten thousand times does not end well unless it stops in time.
func TestKeyThatAlwaysFailsRestsForTheLongestTime(t *testing.T) {
	const longest = 5 * time.Minute
	b := backoff.New[string, string](time.Second, longest, 10)
	for n := 1; n <= 10_000; n++ {
		if r := b.Fail("k", now, ""); n >= 10 && !about(rest(r), longest) {
			t.Fatalf("rest after failure %d is %v, want about %v", n, rest(r), longest)
		}
	}
}

func TestRestsAreSpreadOverAQuarter(t *testing.T) {
	const first = time.Minute
	b := backoff.New[int, string](first, time.Hour, 1000)
	shortest, longest := time.Hour, time.Duration(0)
	for key := range 1000 {
		d := rest(b.Fail(key, now, ""))
		if !about(d, first) {
			t.Fatalf("rest of %v, want about %v", d, first)
		}
		shortest, longest = min(shortest, d), max(longest, d)
	}
	// A thousand draws miss a whole tenth of the range once in 10^45 runs.
	if shortest > 48*time.Second || longest < 57*time.Second {
		t.Errorf("rests between %v and %v, want them between 45s and 1m", shortest, longest)
	}
}

func TestForgetBeginsAnew(t *testing.T) {
	b := backoff.New[string, string](time.Second, time.Hour, 10)
	for range 5 {
		b.Fail("k", now, "")
	}
	b.Fail("other", now, "")
	b.Forget("k")
	b.Forget("unknown")
	if _, known := b.Last("k"); known || b.Len() != 1 {
		t.Errorf("known = %v, Len = %d, want false and 1", known, b.Len())
	}
	if r := b.Fail("k", now, ""); r.Failures != 1 || !about(rest(r), time.Second) {
		t.Errorf("after Forget: %d failures, rest %v, want 1 and about 1s", r.Failures, rest(r))
	}
}

func TestRestingAndLast(t *testing.T) {
	b := backoff.New[string, string](time.Minute, time.Hour, 10)
	b.Fail("k", now.Add(-time.Hour), "an earlier reason")
	failed := b.Fail("k", now, "the reason")
	for _, tt := range []struct {
		name    string
		key     string
		at      time.Time
		known   bool
		resting bool
	}{
		{"at the moment of the failure", "k", now, true, true},
		{"just before the rest is over", "k", failed.Until.Add(-1), true, true},
		{"when the rest is over", "k", failed.Until, true, false},
		{"long after", "k", now.Add(24 * time.Hour), true, false},
		{"of a key that never failed", "unknown", now, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := backoff.Record[string]{}
			if tt.known {
				want = failed
			}
			if r, known := b.Last(tt.key); known != tt.known || r != want {
				t.Errorf("Last = %+v, %v, want %+v, %v", r, known, want, tt.known)
			}
			if r, resting := b.Resting(tt.key, tt.at); resting != tt.resting || resting && r != want {
				t.Errorf("Resting = %+v, %v, want %+v, %v", r, resting, want, tt.resting)
			}
		})
	}
	if failed.Value != "the reason" || failed.Failures != 2 {
		t.Errorf("record %+v, want the last reason and two failures", failed)
	}
}

func TestNumberOfKeysIsBounded(t *testing.T) {
	const limit = 10
	b := backoff.New[int, string](time.Minute, time.Hour, limit)
	for key := range 1000 {
		b.Fail(key, now, "")
		if b.Len() > limit {
			t.Fatalf("%d keys are remembered, the limit is %d", b.Len(), limit)
		}
		if _, resting := b.Resting(key, now); !resting {
			t.Fatalf("key %d failed just now and may be tried again at once", key)
		}
	}
	if b.Len() != limit {
		t.Errorf("%d keys are remembered, want %d", b.Len(), limit)
	}
}

func TestRoomIsMadeOfThoseWhoseRestIsOver(t *testing.T) {
	b := backoff.New[string, string](time.Minute, time.Hour, 4)
	b.Fail("over 1", now, "")
	b.Fail("over 2", now, "")
	later := now.Add(time.Minute)
	b.Fail("resting 1", later, "")
	b.Fail("resting 2", later, "")
	b.Fail("new", later, "")
	if b.Len() != 3 {
		t.Errorf("Len = %d, want 3", b.Len())
	}
	for _, key := range []string{"resting 1", "resting 2", "new"} {
		if _, resting := b.Resting(key, later); !resting {
			t.Errorf("%s does not rest", key)
		}
	}
}

func TestKeyThatFailsAgainNeedsNoRoom(t *testing.T) {
	b := backoff.New[string, string](time.Second, time.Hour, 2)
	b.Fail("a", now, "")
	b.Fail("b", now, "")
	for range 50 { // which one would be dropped is chosen at random
		b.Fail("a", now, "")
	}
	if r, known := b.Last("b"); !known || r.Failures != 1 {
		t.Errorf("b: %d failures, known = %v, want 1 and true", r.Failures, known)
	}
}

func TestBookIsUsedByManyAtOnce(t *testing.T) {
	const callers, rounds, limit = 8, 200, 50
	b := backoff.New[int, string](time.Minute, time.Hour, limit)
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := range rounds {
				b.Fail(c*rounds+i, now, "")
				b.Resting(i, now)
				b.Forget(c*rounds + i - 1)
				if n := b.Len(); n > limit {
					t.Errorf("%d keys are remembered, the limit is %d", n, limit)
				}
			}
		})
	}
	wg.Wait()
	shared := backoff.New[string, string](time.Nanosecond, time.Nanosecond, limit)
	for range callers {
		wg.Go(func() {
			for range rounds {
				shared.Fail("shared", now, "")
			}
		})
	}
	wg.Wait()
	if r, _ := shared.Last("shared"); r.Failures != callers*rounds {
		t.Errorf("%d failures are counted, want %d", r.Failures, callers*rounds)
	}
}
