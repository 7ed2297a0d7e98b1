package reprint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// State is how a page stands at a moment.
type State string

// The states of a page.
const (
	StateFresh   State = "fresh"   // it is current and its time has not run out
	StateStale   State = "stale"   // it may be served while it is rendered again
	StateExpired State = "expired" // it is served only if it cannot be rendered again
	StateAbsent  State = "absent"  // there is none
)

// Explanation says why a page is what it is.
type Explanation struct {
	Key   Key
	State State
	Page  *Page // nil when absent; not to be changed
	// By is who asked for the revalidation that the page was rendered for; empty
	// when it was rendered for another reason, or nobody said.
	By string
	// Call is the last revalidation before the render that names the page: that of By, or
	// the one that let a visit or the background render it. Nil: there is none, or it is
	// no longer kept. See [Explanation.Caused].
	Call *Entry
	// From is where Call came from, by its receipt; empty when nobody said.
	From string

	// Bypass says that the route of the page stores nothing; see [Policy.Bypass]. Page is
	// nil then, whatever was stored before.
	Bypass bool

	// FreshUntil is when the page becomes stale by time; zero: not by time.
	FreshUntil time.Time
	// Since is when it stopped being current; zero while it is.
	Since time.Time
	// StaleBy are the revalidations that made it stale, for each of its tags the
	// last one, the newest last: who asked, when, and for what. One that is no
	// longer kept in the journal has only a Position.
	StaleBy []Entry

	// Failures counts the renders that failed in a row, LastError is the last
	// one's story, RetryAt the moment before which it is not tried again.
	Failures  int
	LastError string
	RetryAt   time.Time

	// Next is when it will be rendered again by itself; zero: at its next visit
	// if it is not fresh, or when it is revalidated.
	Next time.Time
}

// Explain answers for every page of path, one for each host, query and variant
// that is stored, why it is what it is. A path without a page gives one
// explanation with state absent. The error is as for [Site.Apply].
func (s *Site) Explain(ctx context.Context, path string) ([]Explanation, error) {
	keys := make(map[Key]bool)
	var unreachable error
	for _, host := range s.hosts() {
		t, err := s.resolve(host, path)
		switch {
		case errors.Is(err, ErrNoRoute):
			unreachable = err
			continue
		case err != nil:
			return nil, err
		}
		stored := 0
		for k, err := range s.store.Tagged(ctx, pathTag(host, t.key.target())) {
			if err != nil {
				return nil, fmt.Errorf("reprint: list the pages of %s: %w", path, err)
			}
			keys[k] = true
			stored++
		}
		if stored == 0 {
			keys[t.key] = true
		}
	}
	if len(keys) == 0 {
		return nil, unreachable
	}
	all := make([]Explanation, 0, len(keys))
	for k := range keys {
		e, err := s.explain(ctx, k)
		if err != nil {
			return nil, fmt.Errorf("reprint: explain %s: %w", k, err)
		}
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b Explanation) int { return cmp.Compare(a.Key.String(), b.Key.String()) })
	return all, nil
}

func stateOf(v verdict) State {
	return [...]State{serve: StateFresh, refresh: StateStale, wait: StateExpired, absent: StateAbsent}[v]
}

func (s *Site) explain(ctx context.Context, key Key) (Explanation, error) {
	x := Explanation{Key: key, State: StateAbsent}
	if failure, known := s.failed.Last(key); known {
		x.Failures, x.LastError, x.RetryAt = failure.Failures, failure.Value.Err.Error(), failure.Until
	}
	x.Next, _ = s.due.At(key)
	rt := s.routeOf(key)
	x.Bypass = rt != nil && rt.policy.Bypass
	e, st, err := s.lookup(ctx, key)
	if e == nil || rt == nil || x.Bypass {
		return x, err
	}
	x.Page, x.FreshUntil, x.Since = e.page(), freshUntil(&e.life, &rt.policy), st.since
	x.State = stateOf(decide(time.Now(), &e.life, st, &rt.policy))
	if err := s.explainCall(ctx, &x); err != nil {
		return x, err
	}
	for _, position := range s.ledger.above(x.Page.Tags, e.isChecked()) {
		entry, err := s.entryAt(ctx, position)
		if err != nil {
			return x, err
		}
		x.StaleBy = append(x.StaleBy, entry)
	}
	return x, nil
}

// entryAt reads one entry of the journal. One that is not kept has only its
// position.
func (s *Site) entryAt(ctx context.Context, position Position) (Entry, error) {
	for entry, err := range s.journal.Entries(ctx, position-1) {
		if err != nil {
			break
		}
		return entry, nil
	}
	return Entry{Position: position}, ctx.Err()
}
