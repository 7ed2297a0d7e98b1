package reprint

import "sync"

// pool is a number of goroutines that work off what they are given. Its methods are
// for one goroutine.
type pool[T any] struct {
	crew   *crew
	f      func(T)
	things chan T
	most   int
	n      int // started so far
	wg     sync.WaitGroup
}

// newPool returns a pool of at most n workers of a crew, taken as they are needed,
// that call f for each thing given.
func newPool[T any](c *crew, n int, f func(T)) *pool[T] {
	return &pool[T]{crew: c, f: f, things: make(chan T), most: n}
}

// give hands a thing to a worker; it waits while all are busy.
func (p *pool[T]) give(t T) {
	if p.n < p.most {
		select {
		case p.things <- t:
		default:
			p.n++
			p.wg.Add(1)
			p.crew.do(func() { p.work(t) })
		}
		return
	}
	p.things <- t
}

func (p *pool[T]) work(first T) {
	defer p.wg.Done()
	p.f(first)
	for t := range p.things {
		p.f(t)
	}
}

// wait returns when everything given is done. Nothing may be given after it.
func (p *pool[T]) wait() {
	close(p.things)
	p.wg.Wait()
}
