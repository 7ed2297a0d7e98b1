package due_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint/internal/due"
)

func TestWakesForAnEarlierKey(t *testing.T) {
	t.Run("than the one it waits for", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := running(t, 10)
			b.in(t, "late", 24*time.Hour)
			time.Sleep(time.Minute)
			b.in(t, "early", 2*time.Minute)
			b.wantFired(t, time.Minute, firing{"early", 2 * time.Minute})
		})
	})
	t.Run("when it waits for none", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := running(t, 10)
			time.Sleep(7 * time.Hour)
			b.in(t, "k", 7*time.Hour+time.Minute)
			b.wantFired(t, time.Minute, firing{"k", 7*time.Hour + time.Minute})
		})
	})
	t.Run("when its first one was taken out", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := running(t, 10)
			b.in(t, "gone", time.Minute)
			b.in(t, "late", 24*time.Hour)
			synctest.Wait()
			b.Remove("gone")
			b.in(t, "early", 2*time.Minute)
			b.wantFired(t, time.Hour, firing{"early", 2 * time.Minute})
		})
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Run("while it waits", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := running(t, 10)
			b.in(t, "k", time.Hour)
			b.stop()
			<-b.ended
			b.wantFired(t, 10*time.Hour)
			if b.Len() != 1 {
				t.Errorf("Len = %d, want the key to be kept", b.Len())
			}
		})
	})
	t.Run("while it is empty", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := running(t, 10)
			b.stop()
			<-b.ended
			if time.Since(b.start) != 0 {
				t.Errorf("it ended %v after its context", time.Since(b.start))
			}
		})
	})
	t.Run("between two keys of one moment", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			q := due.New[int](10)
			q.Set(1, time.Now())
			q.Set(2, time.Now())
			ctx, cancel := context.WithCancel(t.Context())
			fired := 0
			q.Run(ctx, func(int) { fired++; cancel() })
			if fired != 1 || q.Len() != 1 {
				t.Errorf("fired %d, left %d, want 1 and 1", fired, q.Len())
			}
		})
	})
	t.Run("that had ended before", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			q := due.New[int](10)
			q.Set(1, time.Now())
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			q.Run(ctx, func(int) { t.Error("fired") })
		})
	})
}

func TestRunGoesOnWhereAnotherStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := running(t, 10)
		b.in(t, "k", time.Hour)
		b.stop()
		<-b.ended
		b.ended = make(chan struct{})
		b.run(t).wantFired(t, time.Hour, firing{"k", time.Hour})
	})
}

func TestFiredKeySetsItselfAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := due.New[string](1) // its own place is free again while it fires
		start := time.Now()
		q.Set("k", start.Add(time.Hour))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var fired []time.Duration
		go q.Run(ctx, func(key string) {
			fired = append(fired, time.Since(start))
			if !q.Set(key, time.Now().Add(time.Hour)) {
				t.Error("no room")
			}
		})
		time.Sleep(3*time.Hour + time.Minute)
		synctest.Wait()
		if len(fired) != 3 || fired[2] != 3*time.Hour {
			t.Errorf("fired after %v, want each hour", fired)
		}
	})
}

func TestKeysFireOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := due.New[string](10)
		start := time.Now()
		for _, key := range []string{"a", "b", "c"} {
			q.Set(key, start.Add(time.Minute))
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var began []time.Duration
		go q.Run(ctx, func(string) {
			began = append(began, time.Since(start))
			time.Sleep(time.Hour)
		})
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		for i, after := range began {
			if want := time.Minute + time.Duration(i)*time.Hour; after != want {
				t.Errorf("firing %d began after %v, want %v", i, after, want)
			}
		}
		if len(began) != 3 {
			t.Errorf("%d fired, want 3", len(began))
		}
	})
}

// The methods from many goroutines while Run fires, for the race detector. Each
// key is fired or left over, and none twice.
func TestQueueIsUsedByManyAtOnce(t *testing.T) {
	const writers, keys = 8, 500
	q := due.New[int](writers * keys)
	ctx, cancel := context.WithCancel(t.Context())
	fired := map[int]int{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		q.Run(ctx, func(key int) {
			fired[key]++
			if len(fired) == writers*keys {
				cancel()
			}
		})
	}()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for key := w * keys; key < (w+1)*keys; key++ {
				other := (key + keys) % (writers * keys)
				q.At(other)
				q.Len()
				q.SetEarlier(key, time.Now().Add(time.Hour))
				q.Set(key, time.Now())
			}
		})
	}
	wg.Wait()
	<-ended
	for key, n := range fired {
		if n != 1 {
			t.Errorf("key %d fired %d times", key, n)
		}
	}
}
