package sqlite

import (
	"math"
	"time"
)

// Pages are dropped in the order of what they are worth: visits per byte, where a
// visit counts for half after a day.
//
// Visits per byte is the measure of GreedyDual-Size-Frequency (Cherkasova,
// "Improving WWW Proxies Performance with Greedy-Dual-Size-Frequency Caching
// Policy", 1998) where every miss costs the same: somebody waits for a render. How
// that policy makes pages older is not taken from it. There only what is dropped
// does, so that a store which had room for a year keeps what was read a year ago
// and drops what is read today. Here visits decay by time, as in LRFU (Lee et al.,
// "LRFU: A Spectrum of Policies that Subsumes the Least Recently Used and Least
// Frequently Used Policies", 2001).
//
// They do it forward (Cormode et al., "Forward Decay: A Practical Time Decay Model
// for Streaming Systems", 2009): no count is ever halved, but a visit counts twice
// as much as one a day before. So what a page is worth changes when it is visited
// and not while it is not, and the order is an index.
//
// A page's size is that of its row, its body, which counts whole for each that
// shares it, and the encodings of that. Visits and worth are kept as logarithms:
// what a page is worth is then its visits less its size, and rises as they do.

// halfLife is a day because visits come by day: with less, the night would decide
// what is worth keeping for the morning.
const halfLife = 24 * time.Hour

// visits is the logarithm to base 2 of a page's visits, each of which counts 2^t
// when it comes t half-lives after the store was made. The sum itself would leave
// every range within three years.
type visits float64

// visit is one visit of a page, t half-lives after the store was made.
func visit(t float64) visits { return visits(t) }

// plus adds n visits.
func (v visits) plus(n int, t float64) visits {
	more := t + math.Log2(float64(n))
	high, low := max(float64(v), more), min(float64(v), more)
	return visits(high + math.Log2(1+math.Exp2(low-high)))
}

// aged is how long a store has been open since it was made. A wall clock would
// not do: pages that were visited while it was wrong by a year could not be
// dropped for a year, or would be at once.
type aged struct {
	now  func() time.Time
	age  time.Duration
	seen time.Time // when age was that
}

// at returns the age in half-lives, as of now.
func (a *aged) at() float64 {
	now := a.now()
	a.age += max(0, now.Sub(a.seen))
	a.seen = now
	return float64(a.age) / float64(halfLife)
}

// minutes is the age as it is kept.
func (a *aged) minutes() int64 { return int64(a.age / time.Minute) }
