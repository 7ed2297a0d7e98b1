package slow_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint/internal/slow"
)

func right() bool { return true }
func wrong() bool { return false }

// took returns what became of an attempt and how long it took on the clock of the
// bubble.
func took(t *testing.T, throttle *slow.Throttle, address string, check func() bool) (slow.Outcome, time.Duration) {
	t.Helper()
	begin := time.Now()
	outcome, _ := throttle.Try(t.Context(), address, check)
	return outcome, time.Since(begin)
}

// fail makes n failed attempts, one after the other.
func fail(t *testing.T, throttle *slow.Throttle, address string, n int) {
	t.Helper()
	for range n {
		if outcome, _ := took(t, throttle, address, wrong); outcome != slow.Invalid {
			t.Fatalf("outcome %d, want invalid", outcome)
		}
	}
}

// waitersAt starts n attempts that fail and wait, and returns once they do. The
// address must have failed so often that the next delay is the longest.
func waitersAt(t *testing.T, throttle *slow.Throttle, address string, n int) *sync.WaitGroup {
	t.Helper()
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			if outcome, _ := throttle.Try(t.Context(), address, wrong); outcome != slow.Invalid {
				t.Errorf("outcome %d of one that waits, want invalid", outcome)
			}
		})
	}
	synctest.Wait()
	return &all
}

func TestDelayGrowsAndIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var throttle slow.Throttle
		want := []time.Duration{0, 0, 0, 0, 0, 100, 200, 400, 800, 1600, 2000, 2000, 2000}
		for i, ms := range want {
			outcome, delay := took(t, &throttle, "192.0.2.1", wrong)
			if outcome != slow.Invalid || delay != ms*time.Millisecond {
				t.Errorf("failure %d: outcome %d after %v, want invalid after %v", i+1, outcome, delay, ms*time.Millisecond)
			}
		}
		time.Sleep(61 * time.Second) // two are forgotten
		if _, delay := took(t, &throttle, "192.0.2.1", wrong); delay != 1600*time.Millisecond {
			t.Errorf("a minute later the delay is %v, want 1.6s", delay)
		}
		time.Sleep(10 * time.Minute)
		if _, delay := took(t, &throttle, "192.0.2.1", wrong); delay != 0 {
			t.Errorf("ten minutes later the delay is %v, want none", delay)
		}
	})
}

// One mistake now and then never adds up.
func TestRareFailuresCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var throttle slow.Throttle
		for range 100 {
			if _, delay := took(t, &throttle, "192.0.2.1", wrong); delay != 0 {
				t.Fatalf("delay %v, want none", delay)
			}
			time.Sleep(30 * time.Second)
		}
	})
}

func TestValidCredentialsDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var throttle slow.Throttle
		fail(t, &throttle, "192.0.2.1", 12)
		all := waitersAt(t, &throttle, "192.0.2.1", 7)
		for _, address := range []string{"192.0.2.1", "192.0.2.2", "2001:db8::1"} {
			if outcome, delay := took(t, &throttle, address, right); outcome != slow.Valid || delay != 0 {
				t.Errorf("from %s: outcome %d after %v, want valid at once", address, outcome, delay)
			}
		}
		all.Wait()
	})
}

func TestAddressWithTooManyWaitingIsRefusedUnchecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var throttle slow.Throttle
		fail(t, &throttle, "192.0.2.1", 12)
		all := waitersAt(t, &throttle, "192.0.2.1", 8)
		begin := time.Now()
		outcome, retry := throttle.Try(t.Context(), "192.0.2.1", func() bool {
			t.Error("the credential was checked")
			return true
		})
		if outcome != slow.Refused || time.Since(begin) != 0 {
			t.Errorf("outcome %d after %v, want refused at once", outcome, time.Since(begin))
		}
		if retry != 2*time.Second {
			t.Errorf("to come back in %v, want 2s", retry)
		}
		if outcome, delay := took(t, &throttle, "192.0.2.2", right); outcome != slow.Valid || delay != 0 {
			t.Errorf("from another address: outcome %d after %v, want valid at once", outcome, delay)
		}
		all.Wait()
		if outcome, delay := took(t, &throttle, "192.0.2.1", right); outcome != slow.Valid || delay != 0 {
			t.Errorf("after the delays: outcome %d after %v, want valid at once", outcome, delay)
		}
	})
}

// A client that does not wait for the answer is not told it sooner, and gains
// nothing: its failures count for as long as their delays.
func TestLeavingEndsTheWaitAndNotTheDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var throttle slow.Throttle
		fail(t, &throttle, "192.0.2.1", 12)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		begin := time.Now()
		for range 8 {
			all.Go(func() { throttle.Try(ctx, "192.0.2.1", wrong) })
		}
		synctest.Wait()
		cancel()
		all.Wait()
		if d := time.Since(begin); d != 0 {
			t.Errorf("they waited %v although nobody was there", d)
		}
		if outcome, _ := took(t, &throttle, "192.0.2.1", wrong); outcome != slow.Refused {
			t.Errorf("outcome %d right after leaving, want refused", outcome)
		}
		time.Sleep(2 * time.Second)
		if outcome, _ := took(t, &throttle, "192.0.2.1", right); outcome != slow.Valid {
			t.Errorf("outcome %d after the delay, want valid", outcome)
		}
	})
}

func TestAllPlacesTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var throttle slow.Throttle
		address := func(i int) string { return fmt.Sprintf("198.51.100.%d", i) }
		const addresses = 512 / 8
		var ready sync.WaitGroup
		for i := range addresses + 1 { // one more, for later
			ready.Go(func() { fail(t, &throttle, address(i), 12) })
		}
		ready.Wait()
		var all []*sync.WaitGroup
		for i := range addresses {
			all = append(all, waitersAt(t, &throttle, address(i), 8))
		}
		for range 8 {
			if outcome, delay := took(t, &throttle, address(addresses), wrong); outcome != slow.Refused || delay != 0 {
				t.Errorf("failure without a place: outcome %d after %v, want refused at once", outcome, delay)
			}
		}
		// Nor may it guess on while the places are taken.
		if outcome, _ := took(t, &throttle, address(addresses), right); outcome != slow.Refused {
			t.Errorf("outcome %d of the one that was refused, want refused unchecked", outcome)
		}
		if outcome, delay := took(t, &throttle, "192.0.2.9", right); outcome != slow.Valid || delay != 0 {
			t.Errorf("from another address: outcome %d after %v, want valid at once", outcome, delay)
		}
		for _, waiting := range all {
			waiting.Wait()
		}
		if outcome, _ := took(t, &throttle, address(addresses), wrong); outcome != slow.Invalid {
			t.Errorf("outcome %d when there is room again, want invalid", outcome)
		}
	})
}

func TestWhatIsOneAddress(t *testing.T) {
	tests := []struct {
		name string
		a, b string
		one  bool
	}{
		{"ports", "192.0.2.1:1000", "192.0.2.1:2000", true},
		{"with and without a port", "192.0.2.1", "192.0.2.1:2000", true},
		{"IPv4 neighbours", "192.0.2.1", "192.0.2.2", false},
		{"IPv4 in IPv6", "::ffff:192.0.2.1", "192.0.2.1", true},
		{"one IPv6 network", "2001:db8:1:2::1", "[2001:db8:1:2:ffff::2]:443", true},
		{"two IPv6 networks", "2001:db8:1:2::1", "2001:db8:1:3::1", false},
		{"zones", "fe80::1%a", "fe80::1%b", true},
		{"names", "a", "b", false},
		{"empty", "", "", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var throttle slow.Throttle
				fail(t, &throttle, test.a, 6)
				_, delay := took(t, &throttle, test.b, wrong)
				if one := delay > 0; one != test.one {
					t.Errorf("%s and %s are one: %v, want %v", test.a, test.b, one, test.one)
				}
			})
		})
	}
}

// What is remembered is bounded: addresses beyond the limit push out the one that
// failed longest ago.
func TestAddressesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var throttle slow.Throttle
		fail(t, &throttle, "192.0.2.1", 6)
		for i := range 10_000 {
			fail(t, &throttle, fmt.Sprintf("10.0.%d.%d", i/256, i%256), 1)
		}
		if n := throttle.Len(); n > 10_000 {
			t.Errorf("%d addresses are remembered", n)
		}
		if _, delay := took(t, &throttle, "192.0.2.1", wrong); delay != 0 {
			t.Errorf("the first is still remembered: delay %v", delay)
		}
		time.Sleep(time.Hour)
		fail(t, &throttle, "192.0.2.1", 1)
		if n := throttle.Len(); n != 1 {
			t.Errorf("%d addresses are remembered after an hour, want one", n)
		}
	})
}

// However the attempts come, one address gets few answers to its guesses.
func TestGuessesOfOneAddressAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var throttle slow.Throttle
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var mu sync.Mutex
		guesses := 0
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				for ctx.Err() == nil {
					// Nobody waits for the answer longer than a right one takes.
					attempt, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
					throttle.Try(attempt, "192.0.2.1", func() bool {
						mu.Lock()
						defer mu.Unlock()
						guesses++
						return false
					})
					<-attempt.Done()
					cancel()
				}
			})
		}
		all.Wait()
		// 60 s / 2 s of delay * 8 at once, and the first ones; of 300,000 attempts.
		if guesses > 400 {
			t.Errorf("%d guesses in a minute", guesses)
		}
	})
}
