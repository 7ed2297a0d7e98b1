// Package due calls a function for each key at its moment, from memory.
package due

import (
	"container/heap"
	"context"
	"math"
	"sync"
	"time"
)

// Queue holds keys and the moments when they are due. Make one with New. Its
// methods are safe for concurrent use.
type Queue[K comparable] struct {
	limit int
	wake  chan struct{} // has room for one; Run looks again

	mu    sync.Mutex
	items map[K]*item[K] // guarded by mu
	order order[K]       // guarded by mu
}

type item[K comparable] struct {
	key   K
	at    time.Time
	index int
}

// New returns an empty queue that holds at most limit keys.
func New[K comparable](limit int) *Queue[K] {
	return &Queue[K]{limit: limit, wake: make(chan struct{}, 1), items: make(map[K]*item[K])}
}

// Set makes key due at t, in place of any other moment it had. When the queue is
// full and key is new, it reports false and leaves it out.
func (q *Queue[K]) Set(key K, t time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.setLocked(key, t)
}

func (q *Queue[K]) setLocked(key K, t time.Time) bool {
	if it := q.items[key]; it != nil {
		it.at = t
		heap.Fix(&q.order, it.index)
	} else {
		if len(q.items) >= q.limit {
			return false
		}
		it = &item[K]{key: key, at: t}
		q.items[key] = it
		heap.Push(&q.order, it)
	}
	if q.order[0].key == key {
		select {
		case q.wake <- struct{}{}:
		default:
		}
	}
	return true
}

// SetEarlier is Set, but keeps an earlier moment that the key already has.
func (q *Queue[K]) SetEarlier(key K, t time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if it := q.items[key]; it != nil && !t.Before(it.at) {
		return true
	}
	return q.setLocked(key, t)
}

// Remove takes key out of the queue.
func (q *Queue[K]) Remove(key K) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if it := q.items[key]; it != nil {
		heap.Remove(&q.order, it.index)
		delete(q.items, key)
	}
}

// At returns the moment when key is due, if it is in the queue.
func (q *Queue[K]) At(key K) (time.Time, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if it := q.items[key]; it != nil {
		return it.at, true
	}
	return time.Time{}, false
}

// Len returns how many keys are in the queue.
func (q *Queue[K]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items)
}

// Run takes each key out at its moment and calls fire with it, one at a time,
// until ctx ends.
func (q *Queue[K]) Run(ctx context.Context, fire func(K)) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		key, ok, wait := q.pop(time.Now())
		if ok {
			fire(key)
			continue
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-q.wake:
		case <-timer.C:
		}
	}
}

// pop takes out the first key if it is due at now; otherwise it says how long
// that is away.
func (q *Queue[K]) pop(now time.Time) (key K, ok bool, wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.order) == 0 {
		return key, false, math.MaxInt64 // Set wakes Run
	}
	if first := q.order[0]; first.at.After(now) {
		return key, false, first.at.Sub(now)
	}
	it := heap.Pop(&q.order).(*item[K])
	delete(q.items, it.key)
	return it.key, true, 0
}

// order is a heap of items, the soonest first.
type order[K comparable] []*item[K]

func (o order[K]) Len() int           { return len(o) }
func (o order[K]) Less(i, j int) bool { return o[i].at.Before(o[j].at) }
func (o order[K]) Swap(i, j int) {
	o[i], o[j] = o[j], o[i]
	o[i].index, o[j].index = i, j
}
func (o *order[K]) Push(x any) {
	it := x.(*item[K])
	it.index = len(*o)
	*o = append(*o, it)
}
func (o *order[K]) Pop() any {
	old := *o
	it := old[len(old)-1]
	old[len(old)-1] = nil
	*o = old[:len(old)-1]
	return it
}
