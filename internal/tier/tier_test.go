package tier_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/reprint-go/reprint/internal/tier"
)

// value is as heavy as it says.
type value struct {
	key    string
	weight uint32
}

func weigh(_ string, v *value) uint32 { return v.weight }

// departures notes the values that have gone.
type departures struct {
	mu   sync.Mutex
	gone map[*value]int // guarded by mu
	keys map[*value]string
}

func (d *departures) note(key string, v *value) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone == nil {
		d.gone, d.keys = map[*value]int{}, map[*value]string{}
	}
	d.gone[v]++
	d.keys[v] = key
}

// of returns how often v has gone. It is for use in a synctest bubble.
func (d *departures) of(v *value) int {
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.gone[v]
}

func put(t *tier.Tier[string, value], v *value) *value {
	return t.Update(v.key, func(*value) *value { return v })
}

// content returns what All yields, and fails when it yields a key twice.
func content(t *testing.T, tr *tier.Tier[string, value]) map[string]*value {
	t.Helper()
	all := map[string]*value{}
	for key, v := range tr.All() {
		if all[key] != nil {
			t.Errorf("All yields %s twice", key)
		}
		all[key] = v
	}
	return all
}

func TestEmptyTier(t *testing.T) {
	tr := tier.New(100, weigh, nil)
	if v := tr.Get("k"); v != nil {
		t.Errorf("Get = %v, want nil", v)
	}
	if tr.Limit() != 100 || tr.Weight() != 0 || tr.Len() != 0 || len(content(t, tr)) != 0 {
		t.Errorf("limit %d, weight %d, %d values, want 100, 0 and 0", tr.Limit(), tr.Weight(), tr.Len())
	}
}

func TestUpdate(t *testing.T) {
	a, b := &value{"k", 1}, &value{"k", 2}
	for _, tt := range []struct {
		name     string
		old, new *value
		gone     bool // the old one
	}{
		{"nothing stays nothing", nil, nil, false},
		{"a first value", nil, a, false},
		{"another value", a, b, true},
		{"the same value", a, a, false},
		{"no value any more", a, nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var d departures
				tr := tier.New(100, weigh, d.note)
				if tt.old != nil {
					put(tr, tt.old)
				}
				calls := 0
				got := tr.Update("k", func(old *value) *value {
					calls++
					if old != tt.old {
						t.Errorf("change was given %v, want %v", old, tt.old)
					}
					return tt.new
				})
				if got != tt.new || tr.Get("k") != tt.new || calls != 1 {
					t.Errorf("Update = %v, Get = %v, %d calls, want %v and one call", got, tr.Get("k"), calls, tt.new)
				}
				want, weight := 0, int64(0)
				if tt.new != nil {
					want, weight = 1, int64(tt.new.weight)
				}
				if tr.Weight() != weight || len(content(t, tr)) != want || tr.Len() != want {
					t.Errorf("weight %d, %d values, want %d and %d", tr.Weight(), tr.Len(), weight, want)
				}
				if n := d.of(tt.old); n == 1 != tt.gone || n > 1 {
					t.Errorf("gone was called %d times for the old value, want it called = %v", n, tt.gone)
				}
				if tt.new != nil && d.of(tt.new) != 0 {
					t.Error("gone was called for the new value")
				}
			})
		})
	}
}

func TestWeightStaysWithinTheLimit(t *testing.T) {
	const limit = 10_000
	for _, weights := range [][]uint32{{100}, {1, 10, 100, 1000}, {limit}, {limit / 2, limit/2 + 1}, {7}} {
		t.Run(fmt.Sprint(weights), func(t *testing.T) {
			tr := tier.New(limit, weigh, nil)
			for i := range 3000 {
				put(tr, &value{fmt.Sprint(i), weights[i%len(weights)]})
				if i%100 == 0 && tr.Weight() > limit {
					t.Fatalf("weight %d after %d puts, the limit is %d", tr.Weight(), i+1, limit)
				}
			}
			weight := tr.Weight() // what is in the tier is settled from here on
			sum := int64(0)
			for _, v := range content(t, tr) {
				sum += int64(v.weight)
			}
			if weight > limit || weight != sum {
				t.Errorf("weight %d, the values weigh %d, the limit is %d", weight, sum, limit)
			}
			if weight < limit/3 {
				t.Errorf("weight %d: most of the limit of %d is not used", weight, limit)
			}
		})
	}
}

func TestWeightFollowsReplacedValues(t *testing.T) {
	tr := tier.New(1000, weigh, nil)
	for _, w := range []uint32{10, 500, 20} {
		put(tr, &value{"a", w})
		put(tr, &value{"b", w})
		if tr.Weight() != 2*int64(w) || tr.Len() != 2 {
			t.Errorf("weight %d of %d values, want %d of 2", tr.Weight(), tr.Len(), 2*w)
		}
	}
}

// Weighing a value again changes what it weighs, and nothing else.
func TestReweigh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d departures
		tr := tier.New(100, weigh, d.note)
		v, other := &value{"k", 10}, &value{"k", 1}
		put(tr, v)
		v.weight = 60
		tr.Reweigh("k", v)
		if tr.Weight() != 60 || tr.Get("k") != v || d.of(v) != 0 {
			t.Errorf("weight %d, Get = %v, gone was called %d times; want 60, the value, never", tr.Weight(), tr.Get("k"), d.of(v))
		}
		tr.Reweigh("k", other)
		tr.Reweigh("none", v)
		if tr.Weight() != 60 || tr.Len() != 1 {
			t.Errorf("weight %d of %d values: something else was weighed", tr.Weight(), tr.Len())
		}
		v.weight = 101
		tr.Reweigh("k", v)
		if tr.Weight() != 0 || tr.Get("k") != nil || d.of(v) == 0 {
			t.Errorf("weight %d, Get = %v, gone was called %d times; want it to have gone", tr.Weight(), tr.Get("k"), d.of(v))
		}
	})
}

func TestValueHeavierThanTheLimitDoesNotStay(t *testing.T) {
	for _, tt := range []struct {
		name string
		old  *value
	}{
		{"as a first value", nil},
		{"in place of a light one", &value{"k", 1}},
		{"in place of one as heavy as the limit", &value{"k", 100}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var d departures
				tr := tier.New(100, weigh, d.note)
				if tt.old != nil {
					put(tr, tt.old)
					tr.Weight()
					tr.Get("k") // it is wanted, which must not help it
				}
				heavy := &value{"k", 101}
				put(tr, heavy)
				if tr.Weight() != 0 || tr.Get("k") != nil || len(content(t, tr)) != 0 {
					t.Errorf("weight %d, Get = %v, want nothing", tr.Weight(), tr.Get("k"))
				}
				if d.of(heavy) != 1 || tt.old != nil && d.of(tt.old) != 1 {
					t.Errorf("gone was called %d times for the heavy one, %d times for the old one, want once", d.of(heavy), d.of(tt.old))
				}
				light := &value{"k", 1}
				if put(tr, light) != light || tr.Weight() != 1 || tr.Get("k") != light {
					t.Errorf("weight %d, Get = %v, want the light value that followed", tr.Weight(), tr.Get("k"))
				}
			})
		})
	}
}

// Whatever has been put is in the tier or has gone, once.
func TestGoneIsCalledOnceForEachValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, keys, puts = 1000, 150, 5000
		var d departures
		tr := tier.New(limit, weigh, d.note)
		var all []*value
		for i := range puts {
			v := &value{fmt.Sprint(i * 31 % keys), uint32(10 + i%7)}
			all = append(all, v)
			put(tr, v)
			if i%10 == 0 {
				tr.Update(fmt.Sprint(i%keys), func(*value) *value { return nil })
			}
		}
		tr.Weight()
		synctest.Wait()
		in := content(t, tr)
		for i, v := range all {
			want := 1
			if in[v.key] == v {
				want = 0
			}
			if n := d.of(v); n != want {
				t.Fatalf("gone was called %d times for value %d, want %d", n, i, want)
			}
			if want == 1 && d.keys[v] != v.key {
				t.Fatalf("gone was called with the key %s for a value of %s", d.keys[v], v.key)
			}
		}
		if len(in) == 0 || len(in) == keys {
			t.Errorf("%d of %d keys are in the tier: values were not both kept and evicted", len(in), keys)
		}
	})
}

// Every change sees the one before it: none is lost, however many come at once.
func TestUpdatesOfOneKeyDoNotComeBetweenEachOther(t *testing.T) {
	const callers, rounds = 8, 500
	tr := tier.New(1<<20, weigh, nil)
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range rounds {
				tr.Update("k", func(old *value) *value {
					if old == nil {
						return &value{"k", 1}
					}
					return &value{"k", old.weight + 1}
				})
				tr.Get("k")
				tr.Weight()
			}
		})
	}
	wg.Wait()
	if v := tr.Get("k"); v == nil || v.weight != callers*rounds {
		t.Errorf("the value is %v after %d changes", v, callers*rounds)
	}
	if tr.Weight() != callers*rounds {
		t.Errorf("weight %d, want %d", tr.Weight(), callers*rounds)
	}
}

func TestTierIsUsableAfterAChangePanicked(t *testing.T) {
	tr := tier.New(100, weigh, nil)
	old := put(tr, &value{"k", 1})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic of change did not reach the caller")
			}
		}()
		tr.Update("k", func(*value) *value { panic("in change") })
	}()
	if tr.Get("k") != old {
		t.Errorf("Get = %v, want the old value", tr.Get("k"))
	}
	if v := put(tr, &value{"k", 2}); tr.Get("k") != v {
		t.Errorf("Get = %v, want the new value", tr.Get("k"))
	}
}

// A crawler that asks for every page once does not drive out what people read.
func TestWhatIsAskedForOftenStays(t *testing.T) {
	const slots, popular, rounds = 200, 20, 1000
	tr := tier.New(slots, weigh, nil)
	ask := func(key string) (hit bool) {
		if tr.Get(key) != nil {
			return true
		}
		put(tr, &value{key, 1})
		return false
	}
	hits := 0
	for i := range rounds {
		if ask(fmt.Sprint("popular ", i%popular)) {
			hits++
		}
		// Between two visits of one popular value come twice as many others as
		// there is room for: what kept the latest ones would keep none of them.
		for n := range 20 {
			ask(fmt.Sprint("once ", i*20+n))
		}
	}
	if hits < rounds*3/4 {
		t.Errorf("%d hits in %d visits of popular values", hits, rounds)
	}
}
