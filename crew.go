package reprint

import "sync"

// maxResting is how many goroutines a crew keeps that have nothing to do.
const maxResting = 32

// crew runs functions on goroutines that it keeps for those that come later: what
// renders needs a deep stack, and to let a new one grow each time costs a tenth of a
// render. Its methods are safe for concurrent use.
type crew struct {
	next chan func() // received from by who rests
	over chan struct{}

	mu      sync.Mutex
	resting int  // guarded by mu
	ended   bool // guarded by mu
}

func newCrew() *crew { return &crew{next: make(chan func()), over: make(chan struct{})} }

// do runs f, at once, on a goroutine that is no longer this one.
func (c *crew) do(f func()) {
	select {
	case c.next <- f:
	default:
		go c.work(f)
	}
}

func (c *crew) work(f func()) {
	for {
		f()
		if !c.rest() {
			return
		}
		select {
		case f = <-c.next:
			c.rise()
		case <-c.over:
			return
		}
	}
}

// rest reports whether a goroutine may stay.
func (c *crew) rest() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended || c.resting >= maxResting {
		return false
	}
	c.resting++
	return true
}

func (c *crew) rise() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resting--
}

// end lets go those that rest. What is given later runs too.
func (c *crew) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		c.ended = true
		close(c.over)
	}
}
