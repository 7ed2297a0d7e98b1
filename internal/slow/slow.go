// Package slow makes guessing a credential slow without making anybody else wait.
//
// Who fails often from one address gets the answer later and later, and at last
// none at all until earlier answers are due. Valid credentials are not delayed,
// and nothing that happens at one address concerns another.
package slow

import (
	"container/list"
	"context"
	"net/netip"
	"sync"
	"time"
)

// The limits. After maxFailures the delay grows no more: 2 s.
const (
	freeFailures = 5                      // in a row that cost nothing: a person's mistakes
	firstDelay   = 100 * time.Millisecond // of the failure after those; each further one doubles it
	longestDelay = 2 * time.Second
	maxFailures  = freeFailures + 6
	forgetOne    = 30 * time.Second // one failure is forgotten each time

	maxDelayed    = 8      // failures of one address that are delayed at once
	maxDelayedAll = 512    // of all addresses
	maxAddresses  = 10_000 // that are remembered; the one that failed longest ago goes first
)

// Outcome is what became of an attempt.
type Outcome int

// The outcomes. The zero one lets nobody in.
const (
	Invalid Outcome = iota // the credential is wrong, and the delay is over
	Valid                  // it is right; there was no delay
	Refused                // too many failures wait already; whether it is right is not said
)

// Throttle slows failed attempts down. The zero Throttle is ready for use, by any
// number of goroutines. It must not be copied.
type Throttle struct {
	mu      sync.Mutex
	known   map[string]*list.Element // guarded by mu; of *record
	order   list.List                // guarded by mu; who failed longest ago first
	delayed int                      // guarded by mu; goroutines that wait now
}

// record is what is remembered of an address.
type record struct {
	address  string
	failures int       // not forgotten yet, at the time of since
	since    time.Time // up to when forgetting is reckoned
	// due holds when the answers of failures are due that were delayed. Whether
	// the client still waits for one does not matter: who hangs up after a moment
	// knows as well that the guess was wrong, and must not be faster for it.
	due []time.Time
}

// Try calls check, which says whether a credential that came from address is
// right, and waits when it is not. The wait ends early with ctx. For Refused it
// also returns after which time another attempt is worth it; check was not called
// then, unless all the places where a failure can wait are taken.
//
// Address is an IP address, with or without a port; anything else is taken as it
// is. Addresses of one IPv6 network of 64 bits are one: they are one customer's.
func (t *Throttle) Try(ctx context.Context, address string, check func() bool) (Outcome, time.Duration) {
	key := network(address)
	if wait := t.full(key, time.Now()); wait > 0 {
		return Refused, wait
	}
	if check() {
		return Valid, 0
	}
	delay, admitted := t.fail(key, time.Now())
	switch {
	case !admitted:
		return Refused, delay
	case delay > 0:
		t.wait(ctx, delay)
	}
	return Invalid, 0
}

// Len returns how many addresses are remembered.
func (t *Throttle) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.known)
}

// full returns how long an address must wait because as many of its failures are
// delayed as may be; zero when it need not.
func (t *Throttle) full(key string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, ok := t.known[key]
	if !ok {
		return 0
	}
	return e.Value.(*record).full(now)
}

func (r *record) full(now time.Time) time.Duration {
	for len(r.due) > 0 && !r.due[0].After(now) {
		r.due = r.due[1:]
	}
	if len(r.due) < maxDelayed {
		return 0
	}
	return r.due[0].Sub(now)
}

// fail notes a failure and returns how long its answer is delayed. When it is not
// admitted, there is no place for it to wait, and the address is refused for as
// long; when it is, and the delay is not zero, the caller must call wait.
func (t *Throttle) fail(key string, now time.Time) (delay time.Duration, admitted bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.recordLocked(key, now)
	if wait := r.full(now); wait > 0 {
		return wait, false // others were faster since it was looked at
	}
	r.forget(now)
	r.failures = min(r.failures+1, maxFailures)
	if r.failures <= freeFailures {
		return 0, true
	}
	delay = min(firstDelay<<(r.failures-freeFailures-1), longestDelay)
	due := now.Add(delay)
	if n := len(r.due); n > 0 && r.due[n-1].After(due) {
		due = r.due[n-1] // in order, although a delay may be shorter than the one before
	}
	r.due = append(r.due, due)
	if t.delayed >= maxDelayedAll {
		return delay, false
	}
	t.delayed++
	return delay, true
}

// forget takes away what the time since the last failure has earned.
func (r *record) forget(now time.Time) {
	earned := int(now.Sub(r.since) / forgetOne)
	r.failures = max(0, r.failures-earned)
	r.since = r.since.Add(time.Duration(earned) * forgetOne)
	if r.failures == 0 {
		r.since = now
	}
}

// recordLocked returns the record of an address, as the last one to have failed.
func (t *Throttle) recordLocked(key string, now time.Time) *record {
	if t.known == nil {
		t.known = make(map[string]*list.Element)
	}
	// Who failed so long ago that all is forgotten goes.
	for e := t.order.Front(); e != nil && now.Sub(e.Value.(*record).since) >= maxFailures*forgetOne; e = t.order.Front() {
		t.dropLocked(e)
	}
	if e, ok := t.known[key]; ok {
		t.order.MoveToBack(e)
		return e.Value.(*record)
	}
	if len(t.known) >= maxAddresses {
		t.dropLocked(t.order.Front())
	}
	r := &record{address: key, since: now}
	t.known[key] = t.order.PushBack(r)
	return r
}

func (t *Throttle) dropLocked(e *list.Element) {
	t.order.Remove(e)
	delete(t.known, e.Value.(*record).address)
}

// wait waits for a delay, or for ctx to end.
func (t *Throttle) wait(ctx context.Context, delay time.Duration) {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.delayed--
}

// network returns what tells one client from another: an IPv4 address, the first
// 64 bits of an IPv6 address, or the text itself.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		withPort, err := netip.ParseAddrPort(address)
		if err != nil {
			return address[:min(len(address), 64)]
		}
		ip = withPort.Addr()
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	return netip.PrefixFrom(ip, 64).Masked().String()
}
