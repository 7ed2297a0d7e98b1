package storetest

import (
	"errors"
	"sync"
)

// background is work beside the test, which ends with it.
type background struct {
	done chan struct{}
	err  error // valid once done is closed
}

// begin runs f beside the test.
func (s *suite) begin(f func() error) *background {
	b := &background{done: make(chan struct{})}
	go func() {
		defer close(b.done)
		b.err = f()
	}()
	s.Cleanup(func() { <-b.done })
	return b
}

// over reports whether the work has ended. Then err is its error.
func (b *background) over() bool {
	select {
	case <-b.done:
		return true
	default:
		return false
	}
}

// together runs f n times at once, with 0 to n-1, and returns their errors.
func together(n int, f func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	wg.Wait()
	return errors.Join(errs...)
}
