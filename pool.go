package reprint

import "sync"

// pool runs one function for many things, a bounded number at once.
type pool[T any] struct {
	things chan T
	wg     sync.WaitGroup
}

// newPool starts n workers that call f for each thing given.
func newPool[T any](n int, f func(T)) *pool[T] {
	p := &pool[T]{things: make(chan T)}
	for range n {
		p.wg.Go(func() {
			for t := range p.things {
				f(t)
			}
		})
	}
	return p
}

// give hands a thing to a worker; it waits while all are busy.
func (p *pool[T]) give(t T) { p.things <- t }

// wait returns when everything given is done. Nothing may be given after it.
func (p *pool[T]) wait() {
	close(p.things)
	p.wg.Wait()
}
