package reprint

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/reprint-go/reprint/internal/tier"
)

// Cached returns the value of key, which pages share: it calls load when there is no
// value that is current, and keeps what load returns for the other renders that need
// it. Renders that need it at the same time share one call.
//
// The value depends on tags, and on what load names with [Tag], [RevalidateAt] and
// Cached itself; every page that uses it depends on the same. So a revalidation of a
// tag ends the value and makes those pages stale, and their renders load it anew. A page
// that is revalidated by its path, or with a prefix, a route or the site, loads anew what
// it uses, too: as in Next.js, where revalidatePath ends the data of the path. A page is
// never stored as current with a value that was loaded before a revalidation of one of
// the value's tags, or of the page.
//
// Values are kept in memory (see [Options.DataMemory]) until they are revalidated or
// give way to others; they end with the process. They are shared: whoever changes what
// one points to changes it for all. Values of different types are different, whatever
// their key.
//
// The context of load ends with the site or after [Options.RenderTimeout], not with the
// render that happened to be first. An error is not kept; those who waited for the same
// call get it too. When load panics, so does Cached, for each of them. Outside a render
// nothing is kept or shared: Cached calls load with ctx.
func Cached[T any](ctx context.Context, key string, load func(context.Context) (T, error), tags ...string) (T, error) {
	return CachedFor(ctx, key, 0, load, tags...)
}

// CachedFor is [Cached] for a value with a life of its own: life after its load began,
// renders load it anew, and a page that used it is stale by time, if it is not before.
// Zero: until it is revalidated. A negative life is an error.
func CachedFor[T any](ctx context.Context, key string, life time.Duration, load func(context.Context) (T, error), tags ...string) (T, error) {
	var none T
	if life < 0 {
		return none, fmt.Errorf("reprint: the life of %q is negative: %v", key, life)
	}
	r := renderFrom(ctx)
	if r == nil {
		return load(ctx)
	}
	r.tag(tags) // also if the load fails: a page that shows the failure changes with them
	id := dataKey{reflect.TypeFor[T](), key}
	v, err := r.site.data.get(ctx, r, id, life, func(ctx context.Context) (any, error) { return load(ctx) }, tags)
	if err != nil {
		return none, err
	}
	r.use(v)
	value, _ := v.value.(T) // T may be an interface, and the value nil
	return value, nil
}

type dataKey struct {
	kind reflect.Type
	key  string
}

// datum is a value that pages share. It does not change.
type datum struct {
	value any
	size  int
	stamp Position  // of the journal, before it was loaded
	begun time.Time // when its load began
	tags  []string  // what it depends on, sorted
	due   time.Time
	until time.Time // zero: no such moment
}

// dataLoad is a call of a load function that has not returned.
type dataLoad struct {
	stamp  Position
	begun  time.Time
	done   chan struct{}
	datum  *datum // these are set when done is closed; neither: it panicked
	err    error
	panicV any
	stack  []byte
}

// data keeps the values that pages share.
type data struct {
	site *Site
	tier *tier.Tier[dataKey, datum]

	mu    sync.Mutex
	loads map[dataKey]*dataLoad // the last one that began, of each; guarded by mu
}

func newData(s *Site, limit int64) *data {
	weigh := func(k dataKey, d *datum) uint32 { return uint32(min(d.size+len(k.key), 1<<31)) }
	return &data{site: s, tier: tier.New[dataKey](limit, weigh, nil), loads: make(map[dataKey]*dataLoad)}
}

// sufficient reports whether a render may use what was loaded at stamp: no entry of the
// journal that the render is to know of names one of its tags since, or the page itself.
// Of entries after the render's own stamp it is for the fence to know: see Site.fence.
func (d *data) sufficient(tags []string, stamp Position, begun time.Time, r *render) bool {
	if begun.Before(r.since) {
		return false
	}
	l := d.site.ledger
	return stamp >= r.stamp || l.standing(packTags(tags), 0, stamp).current && l.standing(r.page(), 0, stamp).current
}

// get returns the value of a key for a render.
func (d *data) get(ctx context.Context, r *render, key dataKey, life time.Duration, load func(context.Context) (any, error), tags []string) (*datum, error) {
	if slices.Contains(r.loading, key) {
		return nil, fmt.Errorf("reprint: the value %q needs itself", key.key)
	}
	for {
		if v := d.kept(key, r); v != nil {
			return v, nil
		}
		v, l, run := d.join(ctx, r, key, life, load, tags)
		if v != nil {
			return v, nil
		}
		if run != nil && !d.site.work.start(run) {
			run() // the site is being shut down, and renders that run are finished
		}
		select {
		case <-l.done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		switch {
		case l.panicV != nil:
			panic(fmt.Sprintf("%v\n\nin the load of %q:\n%s", l.panicV, key.key, l.stack))
		case l.err != nil:
			return nil, l.err
		case d.sufficient(l.datum.tags, l.stamp, l.begun, r):
			return l.datum, nil
		}
		// It depends on more than was known when it began. The next one begins after
		// this render.
	}
}

// kept returns the value of a key that was loaded before, or nil if there is none that a
// render may use.
func (d *data) kept(key dataKey, r *render) *datum {
	v := d.tier.Get(key)
	if v == nil || (!v.until.IsZero() && !time.Now().Before(v.until)) || !d.sufficient(v.tags, v.stamp, v.begun, r) {
		return nil
	}
	return v
}

// join returns a load of a key whose value a render may use as far as is known. If that
// has not begun, it is to be run. It returns the value instead if a load has kept it
// meanwhile: a load is there until then.
func (d *data) join(ctx context.Context, r *render, key dataKey, life time.Duration, load func(context.Context) (any, error), tags []string) (v *datum, l *dataLoad, run func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l := d.loads[key]; l != nil && d.sufficient(tags, l.stamp, l.begun, r) {
		return nil, l, nil
	}
	if v := d.kept(key, r); v != nil {
		return v, nil, nil
	}
	l = &dataLoad{stamp: d.site.ledger.pos(), begun: time.Now(), done: make(chan struct{})}
	d.loads[key] = l
	within := &render{site: d.site, stamp: l.stamp, since: r.since, page: r.page, loading: append(slices.Clone(r.loading), key)}
	ctx = context.WithValue(context.WithoutCancel(ctx), renderKey{}, within)
	return nil, l, func() { d.run(ctx, l, within, key, life, load, tags) }
}

// run calls a load function and keeps what it returns.
func (d *data) run(ctx context.Context, l *dataLoad, r *render, key dataKey, life time.Duration, load func(context.Context) (any, error), tags []string) {
	timeout := d.site.opts.RenderTimeout
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, timeoutError(timeout))
	defer cancel()
	defer context.AfterFunc(d.site.ctx, cancel)()
	returned := false
	defer func() {
		if !returned {
			if l.panicV, l.stack = recover(), debug.Stack(); l.panicV == nil {
				l.panicV = "the goroutine was ended" // by runtime.Goexit
			}
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.loads[key] == l {
			delete(d.loads, key)
		}
		close(l.done)
	}()
	r.tag(tags)
	value, err := load(ctx)
	returned = true
	said := r.seal()
	if err = errors.Join(err, said.err); err != nil {
		l.err = err
		return
	}
	v := &datum{value: value, stamp: l.stamp, begun: l.begun, tags: sealTags(said.tags, nil), due: said.due, until: said.until}
	if life > 0 {
		v.until = earliest(v.until, l.begun.Add(life))
	}
	v.size = sizeOf(value) + len(packTags(v.tags)) + perDatum
	l.datum = v
	d.tier.Update(key, func(old *datum) *datum {
		if old != nil && old.stamp > v.stamp {
			return old
		}
		return v
	})
}

const perDatum = 256 // bytes of bookkeeping

// sizeOf returns how many bytes a value counts.
func sizeOf(value any) int {
	switch v := value.(type) {
	case interface{ Size() int }:
		return max(v.Size(), 0)
	case string:
		return len(v)
	case []byte:
		return len(v)
	}
	return 1 << 10
}

// earliest returns the earlier of two moments; a zero one is none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// use has the page that is rendered depend on what a value depends on.
func (r *render) use(v *datum) {
	r.tag(v.tags)
	r.revalidateAt(v.due)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.until = earliest(r.until, v.until)
}
