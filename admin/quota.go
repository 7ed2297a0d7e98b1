package admin

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Quota is how often a token may revalidate, restore, release, prerender and decide on what
// is kept aside: Calls at once, and after that one more whenever Per, divided by Calls, has
// passed. What was refused for what it named, and a dry run, count too. The zero Quota is
// none.
type Quota struct {
	Calls int
	Per   time.Duration
}

func (q Quota) fault() error {
	if q != (Quota{}) && (q.Calls < 1 || q.Per < 1) {
		return errors.New("Quota must have Calls and Per, both above zero, or neither")
	}
	return nil
}

// String writes the quota as people say it: "600 calls an hour".
func (q Quota) String() string {
	calls := "calls"
	if q.Calls == 1 {
		calls = "call"
	}
	switch q.Per {
	case time.Second:
		return fmt.Sprintf("%d %s a second", q.Calls, calls)
	case time.Minute:
		return fmt.Sprintf("%d %s a minute", q.Calls, calls)
	case time.Hour:
		return fmt.Sprintf("%d %s an hour", q.Calls, calls)
	}
	return fmt.Sprintf("%d %s in %v", q.Calls, calls, q.Per)
}

// Quotas remember how much of their quotas tokens have used. The zero Quotas is ready to
// use, by several handlers too.
type Quotas struct {
	mu       sync.Mutex
	limiters map[quotaKey]*rate.Limiter // guarded by mu
}

// quotaKey is a token as far as its quota goes: one with another quota begins anew.
type quotaKey struct {
	token string
	quota Quota
}

// of returns what limits a token; nil: nothing does.
func (q *Quotas) of(t Token) *rate.Limiter {
	if t.Quota == (Quota{}) {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	key := quotaKey{t.Name, t.Quota}
	limiter := q.limiters[key]
	if limiter == nil {
		if q.limiters == nil {
			q.limiters = make(map[quotaKey]*rate.Limiter)
		}
		limiter = rate.NewLimiter(rate.Limit(float64(t.Quota.Calls)/t.Quota.Per.Seconds()), t.Quota.Calls)
		q.limiters[key] = limiter
	}
	return limiter
}

// spend counts a call, or says when there is room for it.
func (c *caller) spend(now time.Time) error {
	if c.limiter == nil {
		return nil
	}
	reserved := c.limiter.ReserveN(now, 1)
	wait := reserved.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	reserved.CancelAt(now)
	return &problem{
		status: http.StatusTooManyRequests, retryAfter: wait,
		told: Error{
			Message: fmt.Sprintf("token %q has used up its quota of %v", c.name, c.quota),
			Fix:     "nothing was done; try again in " + seconds(wait) + " s, name more in one call, or have its quota changed in the configuration",
		},
	}
}

// spend counts a call that changes something, before anything is done for it.
func (h *handler) spend(c *call) error {
	err := c.who.spend(time.Now())
	if err != nil {
		h.logCall(c, "admin: quota", []slog.Attr{slog.String("by", c.who.by), slog.String("path", c.r.URL.Path)}, err)
	}
	return err
}
