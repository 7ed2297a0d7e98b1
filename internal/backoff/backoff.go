// Package backoff remembers what failed, how often in a row and when it may be
// tried again.
package backoff

import (
	"math/rand/v2"
	"sync"
	"time"
)

// Record is what is known of a key that failed.
type Record[V any] struct {
	Failures int       // in a row
	Until    time.Time // not to be tried again before
	Value    V         // what the caller kept of the last failure
}

// Book holds the records of a bounded number of keys. Make one with New. Its
// methods are safe for concurrent use.
type Book[K comparable, V any] struct {
	first, cap time.Duration
	limit      int

	mu      sync.Mutex
	records map[K]Record[V] // guarded by mu
}

// New returns an empty book of at most limit keys. After a first failure a key
// rests for about the duration first; each further failure in a row doubles
// that, up to about longest. "About": each rest is shortened at random by up to
// a quarter, so that what failed together is not tried together.
func New[K comparable, V any](first, longest time.Duration, limit int) *Book[K, V] {
	return &Book[K, V]{first: first, cap: longest, limit: limit, records: make(map[K]Record[V])}
}

// Fail notes that key failed at now and returns its record.
func (b *Book[K, V]) Fail(key K, now time.Time, value V) Record[V] {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, known := b.records[key]
	if !known && len(b.records) >= b.limit {
		b.makeRoomLocked(now)
	}
	r.Failures++
	r.Value = value
	rest := b.cap
	// Compared the other way round, b.first<<shift could overflow.
	if shift := r.Failures - 1; shift < 63 && b.first <= b.cap>>shift {
		rest = b.first << shift
	}
	r.Until = now.Add(rest - rand.N(rest/4+1))
	b.records[key] = r
	return r
}

// makeRoomLocked drops every record whose rest is over, or failing that any one.
func (b *Book[K, V]) makeRoomLocked(now time.Time) {
	for key, r := range b.records {
		if !now.Before(r.Until) {
			delete(b.records, key)
		}
	}
	for key := range b.records {
		if len(b.records) < b.limit {
			return
		}
		delete(b.records, key)
	}
}

// Resting returns the record of key if it may not be tried at now.
func (b *Book[K, V]) Resting(key K, now time.Time) (Record[V], bool) {
	r, ok := b.Last(key)
	return r, ok && now.Before(r.Until)
}

// Last returns the record of key, whether it rests or not.
func (b *Book[K, V]) Last(key K) (Record[V], bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.records[key]
	return r, ok
}

// Forget drops the record of key: it succeeded.
func (b *Book[K, V]) Forget(key K) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.records, key)
}

// Len returns how many keys are remembered.
func (b *Book[K, V]) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.records)
}
