package reprint

import "sync"

// pool runs one function for many keys, a bounded number at once.
type pool struct {
	keys chan Key
	wg   sync.WaitGroup
}

// newPool starts n workers that call f for each key given.
func newPool(n int, f func(Key)) *pool {
	p := &pool{keys: make(chan Key)}
	for range n {
		p.wg.Go(func() {
			for k := range p.keys {
				f(k)
			}
		})
	}
	return p
}

// give hands a key to a worker; it waits while all are busy.
func (p *pool) give(k Key) { p.keys <- k }

// wait returns when every key given is done. Nothing may be given after it.
func (p *pool) wait() {
	close(p.keys)
	p.wg.Wait()
}
