package due_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint/internal/due"
)

// firing is a key and when it came, from the start of the test.
type firing struct {
	key   string
	after time.Duration
}

// bench runs a queue in a synctest bubble and notes what it fires.
type bench struct {
	*due.Queue[string]
	start time.Time
	stop  context.CancelFunc
	ended chan struct{}

	mu    sync.Mutex
	fired []firing // guarded by mu
}

func (b *bench) fire(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fired = append(b.fired, firing{key, time.Since(b.start)})
}

// firedSoFar lets d pass and returns what was fired since the start.
func (b *bench) firedSoFar(d time.Duration) []firing {
	time.Sleep(d)
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.fired)
}

// idle returns a queue that does not run yet.
func idle(limit int) *bench {
	return &bench{Queue: due.New[string](limit), start: time.Now(), ended: make(chan struct{})}
}

// run starts b. It ends with the test.
func (b *bench) run(t *testing.T) *bench {
	var ctx context.Context
	ctx, b.stop = context.WithCancel(t.Context())
	go func() {
		defer close(b.ended)
		b.Run(ctx, b.fire)
	}()
	synctest.Wait()
	return b
}

func running(t *testing.T, limit int) *bench {
	t.Helper()
	return idle(limit).run(t)
}

// in is Set with a moment counted from the start of the test.
func (b *bench) in(t *testing.T, key string, after time.Duration) {
	t.Helper()
	if !b.Set(key, b.start.Add(after)) {
		t.Errorf("Set(%s): no room", key)
	}
}

// wantFired lets d pass and compares what was fired since the start.
func (b *bench) wantFired(t *testing.T, d time.Duration, want ...firing) {
	t.Helper()
	if got := b.firedSoFar(d); !slices.Equal(got, want) {
		t.Errorf("after %v fired %v, want %v", time.Since(b.start), got, want)
	}
}

func TestFiresAtTheExactMomentInOrder(t *testing.T) {
	moments := map[string]time.Duration{
		"c": 3 * time.Hour, "a": time.Nanosecond, "d": 30 * 24 * time.Hour, "b": time.Minute + time.Nanosecond,
	}
	want := []firing{{"a", moments["a"]}, {"b", moments["b"]}, {"c", moments["c"]}, {"d", moments["d"]}}
	t.Run("set before it runs", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := idle(10)
			for key, after := range moments {
				b.in(t, key, after)
			}
			b.run(t).wantFired(t, moments["d"], want...)
		})
	})
	t.Run("set while it runs", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := running(t, 10)
			for key, after := range moments {
				b.in(t, key, after)
			}
			b.wantFired(t, moments["d"]-1, want[:3]...)
			b.wantFired(t, 1, want...)
			if b.Len() != 0 {
				t.Errorf("Len = %d, want 0", b.Len())
			}
		})
	})
	t.Run("without a monotonic clock reading", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := running(t, 10)
			for key, after := range moments {
				b.Set(key, b.start.Add(after).UTC().Round(0)) // as if it came from a store
			}
			b.wantFired(t, moments["d"], want...)
		})
	})
}

func TestMomentsThatHavePassedFireAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := running(t, 10)
		b.in(t, "past", -time.Hour)
		b.wantFired(t, 0, firing{"past", 0})
		b.Set("zero", time.Time{})
		b.wantFired(t, 0, firing{"past", 0}, firing{"zero", 0})
		b.in(t, "now", 0)
		b.wantFired(t, 0, firing{"past", 0}, firing{"zero", 0}, firing{"now", 0})
	})
}

func TestMomentBeyondAnyTimerBlocksNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := running(t, 10)
		b.Set("far", time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)) // more than a Duration holds
		b.wantFired(t, time.Hour)
		b.in(t, "near", 2*time.Hour)
		b.wantFired(t, 10*time.Hour, firing{"near", 2 * time.Hour})
	})
}

func TestSetAgain(t *testing.T) {
	for _, tt := range []struct {
		name  string
		again time.Duration
		want  []firing
	}{
		{"earlier", time.Minute, []firing{{"k", time.Minute}, {"other", 2 * time.Hour}}},
		{"later, and still first", 90 * time.Minute, []firing{{"k", 90 * time.Minute}, {"other", 2 * time.Hour}}},
		{"later, and last", 3 * time.Hour, []firing{{"other", 2 * time.Hour}, {"k", 3 * time.Hour}}},
		{"at the same moment", time.Hour, []firing{{"k", time.Hour}, {"other", 2 * time.Hour}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := running(t, 10)
				b.in(t, "k", time.Hour)
				b.in(t, "other", 2*time.Hour)
				synctest.Wait()
				b.in(t, "k", tt.again)
				if b.Len() != 2 {
					t.Errorf("Len = %d, want 2", b.Len())
				}
				b.wantFired(t, 10*time.Hour, tt.want...)
			})
		})
	}
}

func TestSetEarlier(t *testing.T) {
	for _, tt := range []struct {
		name  string
		set   []time.Duration
		fires time.Duration
	}{
		{"of a new key", []time.Duration{2}, 2},
		{"with an earlier moment", []time.Duration{2, 1}, 1},
		{"with a later moment", []time.Duration{1, 2}, 1},
		{"with the same moment", []time.Duration{1, 1}, 1},
		{"several times", []time.Duration{4, 2, 3, 1, 5}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := running(t, 10)
				for _, hours := range tt.set {
					if !b.SetEarlier("k", b.start.Add(hours*time.Hour)) {
						t.Error("SetEarlier: no room")
					}
				}
				b.wantFired(t, 10*time.Hour, firing{"k", tt.fires * time.Hour})
			})
		})
	}
}

func TestRemove(t *testing.T) {
	keys := []string{"a", "b", "c", "d", "e"} // due after 1, 2, 3, 4 and 5 hours
	for _, key := range append(keys, "none") {
		t.Run(key, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := running(t, 10)
				var want []firing
				for i, k := range keys {
					after := time.Duration(i+1) * time.Hour
					b.in(t, k, after)
					if k != key {
						want = append(want, firing{k, after})
					}
				}
				b.Remove(key)
				b.Remove(key)
				if _, ok := b.At(key); ok || b.Len() != len(want) {
					t.Errorf("At(%s) = %v, Len = %d, want false and %d", key, ok, b.Len(), len(want))
				}
				b.wantFired(t, 10*time.Hour, want...)
			})
		})
	}
}

func TestAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := running(t, 10)
		if at, ok := b.At("k"); ok || !at.IsZero() {
			t.Errorf("At of an unknown key = %v, %v, want the zero time and false", at, ok)
		}
		b.in(t, "k", time.Hour)
		b.in(t, "k", 2*time.Hour)
		if at, ok := b.At("k"); !ok || at.Sub(b.start) != 2*time.Hour {
			t.Errorf("At = %v after the start, %v, want 2h and true", at.Sub(b.start), ok)
		}
		b.wantFired(t, 2*time.Hour, firing{"k", 2 * time.Hour})
		if _, ok := b.At("k"); ok {
			t.Error("At knows a key that was fired")
		}
	})
}

func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := running(t, 2)
		b.in(t, "a", time.Hour)
		b.in(t, "b", 2*time.Hour)
		noRoom := func(key string) {
			t.Helper()
			if b.Set(key, b.start.Add(time.Minute)) || b.SetEarlier(key, b.start.Add(time.Minute)) {
				t.Errorf("a third key %s was taken", key)
			}
		}
		noRoom("c")
		b.in(t, "b", 3*time.Hour) // known keys may move
		b.wantFired(t, time.Hour, firing{"a", time.Hour})
		b.in(t, "c", 2*time.Hour)
		noRoom("d")
		b.Remove("c")
		b.in(t, "d", 4*time.Hour)
		b.wantFired(t, 10*time.Hour, firing{"a", time.Hour}, firing{"b", 3 * time.Hour}, firing{"d", 4 * time.Hour})
	})
}

func TestManyAtTheSameMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const keys = 1000
		b := running(t, keys)
		for i := range keys {
			b.in(t, fmt.Sprint(i), time.Hour)
		}
		b.wantFired(t, time.Hour-1)
		seen := map[string]bool{}
		for _, f := range b.firedSoFar(1) {
			if f.after != time.Hour || seen[f.key] {
				t.Errorf("%s fired after %v, again = %v, want once after 1h", f.key, f.after, seen[f.key])
			}
			seen[f.key] = true
		}
		if len(seen) != keys || b.Len() != 0 {
			t.Errorf("%d keys fired, %d left, want %d and 0", len(seen), b.Len(), keys)
		}
	})
}
