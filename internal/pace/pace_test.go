package pace_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/reprint-go/reprint/internal/pace"
)

// window gives a pace one window of work, each piece as slow as that, of which so many
// fail.
func window(p *pace.Pace, slowness float64, failures int) {
	for i := range max(4, p.Limit()) {
		if w := p.Begin(); i < failures {
			p.Failed(w)
		} else {
			p.Succeeded(w, slowness)
		}
	}
}

func wantLimit(t *testing.T, p *pace.Pace, want int) {
	t.Helper()
	if got := p.Limit(); got != want {
		t.Fatalf("the limit is %d, want %d", got, want)
	}
}

func TestWhatGoesWellIsDoubledUpToTheMost(t *testing.T) {
	p := pace.New(10)
	for _, want := range []int{1, 2, 4, 8, 10, 10} {
		wantLimit(t, &p, want)
		window(&p, 1, 0)
	}
}

func TestFailuresHalveTheLimit(t *testing.T) {
	p := pace.New(16)
	for range 4 {
		window(&p, 1, 0)
	}
	wantLimit(t, &p, 16)
	window(&p, 1, 1) // one of sixteen is no sign
	wantLimit(t, &p, 16)
	window(&p, 1, 2)
	wantLimit(t, &p, 8)
	window(&p, 1, 4)
	wantLimit(t, &p, 4)
}

func TestSlownessLowersTheLimit(t *testing.T) {
	p := pace.New(16)
	for range 4 {
		window(&p, 1, 0)
	}
	window(&p, 1.9, 0)
	wantLimit(t, &p, 16)
	window(&p, 3, 0)
	wantLimit(t, &p, 12)
}

// What is slow for good is not slow.
func TestTheLimitRecoversWhereWorkStaysSlow(t *testing.T) {
	p := pace.New(8)
	for range 3 {
		window(&p, 1, 0)
	}
	for range 300 {
		window(&p, 5, 0)
	}
	wantLimit(t, &p, 8)
}

func TestNothingSucceeding(t *testing.T) {
	p := pace.New(8)
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		window(&p, 1, 4)
		if got := p.Pause(); got != want*time.Second {
			t.Fatalf("the pause is %v, want %v", got, want*time.Second)
		}
	}
	p.Succeeded(p.Begin(), 1)
	if got := p.Pause(); got != 0 {
		t.Fatalf("the pause is %v after a success", got)
	}
}

// Work is judged in the order in which it began: of what began together the quick ones
// end first.
func TestNothingIsJudgedBeforeItsSlowestHasEnded(t *testing.T) {
	p := pace.New(8)
	for range 2 {
		window(&p, 1, 0)
	}
	wantLimit(t, &p, 4)
	slow := p.Begin()
	for range 50 {
		p.Succeeded(p.Begin(), 1)
	}
	wantLimit(t, &p, 4)
	p.Succeeded(slow, 100)
	wantLimit(t, &p, 3)
}

func TestWhatSaysNothingIsReplaced(t *testing.T) {
	p := pace.New(8)
	left := p.Begin()
	for range 3 {
		p.Succeeded(p.Begin(), 1)
	}
	p.Left(left)
	wantLimit(t, &p, 1)
	p.Succeeded(p.Begin(), 1)
	wantLimit(t, &p, 2)
	p.Left(left) // it is of another window
	window(&p, 1, 0)
	wantLimit(t, &p, 4)
}

// An origin bears so much at once and becomes slow beyond. The pace finds that out, and
// is seldom above it.
func TestTheLimitFindsWhatIsBearable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bearable := rapid.IntRange(1, 30).Draw(t, "bearable")
		slow := rapid.Float64Range(4, 1000).Draw(t, "slow")
		p := pace.New(32)
		over, windows := 0, 1000
		sum := 0
		for range windows {
			if p.Limit() < 1 || p.Limit() > 32 {
				t.Fatalf("limit %d", p.Limit())
			}
			sum += p.Limit()
			if p.Limit() > bearable {
				over++
				window(&p, slow, 0)
			} else {
				window(&p, 1, 0)
			}
		}
		if over > windows/4 {
			t.Errorf("%d of %d windows were over what is bearable", over, windows)
		}
		if mean := float64(sum) / float64(windows); mean < float64(bearable)/2 {
			t.Errorf("the limit is %.1f on average, and %d is bearable", mean, bearable)
		}
	})
}

func TestLimiterNeverLetsInMoreThanTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := pace.NewLimiter(8)
		var mu sync.Mutex
		inside, most := 0, 0
		var wg sync.WaitGroup
		for i := range 500 {
			wg.Go(func() {
				window, err := l.Begin(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				inside++
				most = max(most, inside)
				mu.Unlock()
				time.Sleep(time.Millisecond)
				mu.Lock()
				inside--
				mu.Unlock()
				if i%50 == 49 {
					l.Left(window)
					return
				}
				l.Succeeded(window, 1)
			})
		}
		wg.Wait()
		if most != 8 {
			t.Errorf("%d at once at most, want 8", most)
		}
	})
}

func TestLimiterRestsWhenAllFailsAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := pace.NewLimiter(8)
		begin := time.Now()
		for range 4 {
			window, _ := l.Begin(t.Context())
			l.Failed(window)
		}
		if !l.Resting() {
			t.Fatal("it does not rest")
		}
		window, err := l.Begin(t.Context())
		if err != nil || time.Since(begin) != time.Second {
			t.Fatalf("%v after %v, want to begin after a second", err, time.Since(begin))
		}
		l.Succeeded(window, 1)
		if l.Resting() {
			t.Error("it rests after a success")
		}
	})
}

func TestWhoLeavesTheQueueTakesNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := pace.NewLimiter(1)
		first, _ := l.Begin(t.Context())
		left := errors.New("left")
		ctx, cancel := context.WithCancelCause(t.Context())
		result := make(chan error)
		go func() {
			_, err := l.Begin(ctx)
			result <- err
		}()
		synctest.Wait()
		cancel(left)
		if err := <-result; !errors.Is(err, left) {
			t.Fatalf("error %v, want the cause", err)
		}
		l.Succeeded(first, 1)
		window, err := l.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		l.Left(window)
	})
}
