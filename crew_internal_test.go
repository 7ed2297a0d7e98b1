package reprint

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// All that a crew is given runs at once, however many rest; it keeps no more than it
// may, takes one of those for what comes next, and lets them go at its end.
func TestCrew(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	c := newCrew()
	resting := func() int {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.resting
	}
	wait := func(until func() bool) {
		t.Helper()
		for begin := time.Now(); !until(); runtime.Gosched() {
			if time.Since(begin) > 20*time.Second {
				t.Fatalf("%d rest", resting())
			}
		}
	}
	c.do(func() {})
	wait(func() bool { return resting() == 1 })
	inside, goOn := make(chan struct{}), make(chan struct{})
	c.do(func() {
		close(inside)
		<-goOn
	})
	<-inside
	wait(func() bool { return resting() == 0 }) // it was taken again
	for range 3 {
		var all sync.WaitGroup
		all.Add(3 * maxResting)
		for range 3 * maxResting {
			c.do(func() {
				all.Done()
				all.Wait() // for all the others, which therefore run at the same time
			})
		}
		all.Wait()
	}
	wait(func() bool { n := resting(); return 0 < n && n <= maxResting })
	close(goOn)
	c.end()
	c.end()
	ran := make(chan struct{})
	c.do(func() { close(ran) })
	<-ran
	c.do(func() { runtime.Goexit() })
}
