// Package tier keeps the most useful values in a bounded number of bytes.
package tier

import (
	"iter"

	"github.com/maypok86/otter/v2"
)

// Tier is a map that drops what is least likely to be asked for again once its
// weight passes the limit (W-TinyLFU). Make one with New. Its methods are safe
// for concurrent use; Get takes no lock.
type Tier[K comparable, V any] struct {
	cache *otter.Cache[K, *V]
}

// New returns an empty tier for values of at most limit bytes in all, as weigh
// counts them. gone, if not nil, is called after a value has left the tier or
// was replaced, at some later moment, from another goroutine; of a value that was
// weighed again it may be called twice.
func New[K comparable, V any](limit int64, weigh func(K, *V) uint32, gone func(K, *V)) *Tier[K, V] {
	t := &Tier[K, V]{}
	o := &otter.Options[K, *V]{MaximumWeight: uint64(limit), Weigher: weigh}
	if gone != nil {
		o.OnDeletion = func(e otter.DeletionEvent[K, *V]) {
			// A value that was weighed again has taken its own place.
			if e.Cause != otter.CauseReplacement || t.Peek(e.Key) != e.Value {
				gone(e.Key, e.Value)
			}
		}
	}
	t.cache = otter.Must(o)
	return t
}

// Get returns the value of key, or nil.
func (t *Tier[K, V]) Get(key K) *V {
	v, _ := t.cache.GetIfPresent(key)
	return v
}

// Peek is Get without counting as a use.
func (t *Tier[K, V]) Peek(key K) *V {
	e, ok := t.cache.GetEntryQuietly(key)
	if !ok {
		return nil
	}
	return e.Value
}

// Update replaces the value of key by what change returns for the old one, nil
// for none in both directions, and returns it. No other change of the key comes
// between; change must not use the tier.
func (t *Tier[K, V]) Update(key K, change func(old *V) *V) *V {
	v, _ := t.cache.Compute(key, func(old *V, found bool) (*V, otter.ComputeOp) {
		v := change(old)
		switch {
		case v == old:
			return old, otter.CancelOp
		case v == nil:
			return nil, otter.InvalidateOp
		}
		return v, otter.WriteOp
	})
	// Without this, eviction would come when somebody finds the time: hundreds
	// of values later in a burst, each of any size.
	t.cache.CleanUp()
	return v
}

// Reweigh weighs the value of key anew, if it is still v.
func (t *Tier[K, V]) Reweigh(key K, v *V) {
	t.cache.Compute(key, func(old *V, found bool) (*V, otter.ComputeOp) {
		if !found || old != v {
			return old, otter.CancelOp
		}
		return v, otter.WriteOp
	})
	t.cache.CleanUp()
}

// All yields what is in the tier, in no order.
func (t *Tier[K, V]) All() iter.Seq2[K, *V] { return t.cache.All() }

// Limit returns the limit given to New.
func (t *Tier[K, V]) Limit() int64 { return int64(t.cache.GetMaximum()) }

// Weight returns how many bytes are in the tier.
func (t *Tier[K, V]) Weight() int64 {
	t.cache.CleanUp()
	return int64(t.cache.WeightedSize())
}

// Len returns about how many values are in the tier.
func (t *Tier[K, V]) Len() int { return t.cache.EstimatedSize() }
