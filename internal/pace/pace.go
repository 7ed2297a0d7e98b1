// Package pace decides how much work may be under way at once when nobody knows how
// much what does it can bear: it raises the number while all goes well and lowers it
// when work becomes slow or fails. That is additive increase and multiplicative
// decrease, as of a TCP connection (RFC 5681), by latency as well as by loss.
package pace

import "time"

const (
	leastWindow = 4  // pieces of work that are judged together, at least
	tolerable   = 10 // one failure in so many is no sign
	tooSlow     = 2  // times as slow as at the best of times
	maxPatience = 32 // windows without trouble before the number is raised again

	firstPause = time.Second
	maxPause   = 30 * time.Second

	// drift is by how much the measure of the best of times is raised with each window:
	// work that is slow for good is not slow.
	drift = 1.05
)

// Pace is the state of the decision. It has no clock and no lock.
type Pace struct {
	most    int
	limit   int
	lowered bool // once; until then it is doubled

	best     float64 // slowness at the best of times; 0: not known
	patience int     // windows without trouble that it takes to raise the limit
	calm     int     // of which there have been so many
	raised   bool    // the limit was raised, and no window has ended since
	pause    time.Duration

	// The window: the next pieces of work that begin after the one before it was judged.
	// Not the next that end, for those are the quick ones.
	window                   int // its number
	members, ended, failures int
	slowness                 float64
}

// New returns a pace that begins with one piece of work and ends at most.
func New(most int) Pace { return Pace{most: max(1, most), limit: 1, patience: 1, window: 1} }

// Limit is how many pieces of work may be under way.
func (p *Pace) Limit() int { return p.limit }

// Pause is how long to wait before anything else is begun; 0 while anything succeeds.
func (p *Pace) Pause() time.Duration { return p.pause }

// Begin notes a piece of work that begins, and returns the number to end it with.
func (p *Pace) Begin() (window int) {
	if p.members == p.size() {
		return 0
	}
	p.members++
	return p.window
}

func (p *Pace) size() int { return max(leastWindow, p.limit) }

// Succeeded notes the end of a piece of work, and how slow it was: how long it took in
// terms of what was to be expected.
func (p *Pace) Succeeded(window int, slowness float64) {
	p.pause = 0
	if window == p.window {
		p.slowness += slowness
		p.ended++
		p.judge()
	}
}

// Failed notes the end of a piece of work that failed.
func (p *Pace) Failed(window int) {
	if window == p.window {
		p.failures++
		p.ended++
		p.judge()
	}
}

// Left notes the end of a piece of work that says nothing of how well things go.
func (p *Pace) Left(window int) {
	if window == p.window {
		p.members--
	}
}

// judge ends the window, if all its work has ended.
func (p *Pace) judge() {
	if p.ended < p.size() {
		return
	}
	succeeded := p.ended - p.failures
	if succeeded == 0 {
		p.pause = min(max(2*p.pause, firstPause), maxPause)
	}
	switch {
	case p.failures*tolerable > p.ended:
		p.lower(p.limit / 2)
	case p.slow(p.slowness / float64(succeeded)):
		p.lower(p.limit * 3 / 4)
	default:
		p.well()
	}
	p.window++
	p.members, p.ended, p.failures, p.slowness = 0, 0, 0, 0
}

// slow reports whether work has become too slow, and learns how fast it can be.
func (p *Pace) slow(slowness float64) bool {
	slow := p.best > 0 && slowness > tooSlow*p.best
	if p.best *= drift; p.best == 0 || slowness < p.best {
		p.best = slowness
	}
	return slow
}

func (p *Pace) lower(to int) {
	p.patience, p.calm, p.lowered, p.raised = min(2*p.patience, maxPatience), 0, true, false
	p.set(to)
}

// well notes a window without trouble.
func (p *Pace) well() {
	if p.raised {
		p.patience, p.raised = max(1, p.patience/2), false // more can be borne than before
	}
	if p.calm++; p.calm < p.patience {
		return
	}
	p.calm = 0
	if !p.lowered {
		p.set(2 * p.limit)
		return
	}
	p.raised = true
	p.set(p.limit + 1)
}

func (p *Pace) set(limit int) { p.limit = min(max(limit, 1), p.most) }
