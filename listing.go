package reprint

import (
	"context"
	"fmt"
	"hash/maphash"
	"iter"
	"net/http"
	"sync"

	"golang.org/x/sync/singleflight"
)

// listing is the set of pages that a route lists. It keeps a 64-bit hash of each
// key under a seed that nobody outside can know, so that a million paths take a
// few bytes each.
type listing struct {
	mu    sync.RWMutex
	known map[uint64]struct{} // guarded by mu; nil until a listing was complete
	reads singleflight.Group
}

var listingSeed = maphash.MakeSeed()

func listingHash(k Key) uint64 {
	k.Host, k.Variant = "", "" // a listing names paths, for all hosts and variants
	return maphash.Comparable(listingSeed, k)
}

// adopt takes over what another listing knows.
func (l *listing) adopt(other *listing) {
	other.mu.RLock()
	defer other.mu.RUnlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known = other.known
}

// complete reports whether a listing has ever been read to its end.
func (l *listing) complete() bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.known != nil
}

// holds reports whether the last complete listing names the page.
func (l *listing) holds(k Key) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	_, ok := l.known[listingHash(k)]
	return ok
}

// listed answers 404 for a path that its route does not list, and reports
// whether the request may go on. It reads the listing when there is none yet.
func (s *Site) listed(w http.ResponseWriter, r *http.Request, rt *route, path string) bool {
	query, _ := keptQuery(r.URL.RawQuery, &rt.policy)
	key := Key{Path: path, Query: query}
	if !rt.listing.complete() {
		if err := s.readListing(r.Context(), rt); err != nil {
			// An unread listing is not an empty one: nothing is known.
			s.log.Error("listing cannot be read", "route", rt.pattern, "err", err)
			s.traced(r, rt, VerdictError, "listing")
			setCacheStatus(w, "reprint; fwd=bypass; detail=listing")
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Retry-After", "5")
			http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
			return false
		}
	}
	if rt.listing.holds(key) {
		return true
	}
	s.traced(r, rt, VerdictRefuse, "unlisted")
	setCacheStatus(w, "reprint; fwd=bypass; detail=unlisted")
	w.Header().Set("Cache-Control", DefaultCacheControl)
	s.opts.NotFound.ServeHTTP(w, r)
	return false
}

// lists reports whether a route is known to list the page. It reads the listing
// when there is none yet.
func (s *Site) lists(ctx context.Context, rt *route, key Key) bool {
	if rt.policy.Prerender == nil {
		return false
	}
	if !rt.listing.complete() {
		if err := s.readListing(ctx, rt); err != nil {
			s.log.Error("listing cannot be read", "route", rt.pattern, "err", err)
		}
	}
	return rt.listing.holds(key)
}

// readListing reads the whole listing of a route, once for all who ask at the
// same time.
func (s *Site) readListing(ctx context.Context, rt *route) error {
	done := rt.listing.reads.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(s.ctx, s.opts.RenderTimeout)
		defer cancel()
		for _, err := range s.list(ctx, rt) {
			if err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	// A listing that hangs holds nobody for longer than a render that does.
	ctx, cancel := context.WithTimeoutCause(ctx, s.opts.RenderTimeout, ErrBusy)
	defer cancel()
	select {
	case r := <-done:
		return r.Err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// listedPath is a path as a route lists it, with what it leads to.
type listedPath struct {
	path   string
	target target
}

// list yields the pages that a route lists, as it lists them. Once it has come
// to the end without an error, that is the route's listing.
func (s *Site) list(ctx context.Context, rt *route) iter.Seq2[listedPath, error] {
	return func(yield func(listedPath, error) bool) {
		known := make(map[uint64]struct{})
		for path, err := range guarded(ctx, rt.policy.Prerender) {
			var t target
			if err == nil {
				t, err = s.resolve(rt.hosts(s)[0], path)
			} else {
				err = fmt.Errorf("list the paths of %s: %w", rt.pattern, err)
			}
			if err == nil && t.route.pattern != rt.pattern {
				err = fmt.Errorf("list the paths of %s: %s is served by %s", rt.pattern, path, t.route.pattern)
			}
			if err != nil {
				yield(listedPath{}, err)
				return
			}
			known[listingHash(t.key)] = struct{}{}
			if !yield(listedPath{path, t}, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(listedPath{}, err)
			return
		}
		rt.listing.mu.Lock()
		defer rt.listing.mu.Unlock()
		rt.listing.known = known
	}
}

// guarded is the sequence of a listing, in which a panic of the listing, and not
// of who reads it, is an error.
func guarded(ctx context.Context, listing func(context.Context) iter.Seq2[string, error]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		reading := false
		err := func() (err error) {
			defer func() {
				if !reading {
					if p := recover(); p != nil {
						err = fmt.Errorf("%w: %v", ErrPanic, p)
					}
				}
			}()
			for path, err := range listing(ctx) {
				reading = true
				if !yield(path, err) {
					return nil
				}
				reading = false
			}
			return nil
		}()
		if err != nil {
			yield("", err)
		}
	}
}

// hosts returns the hosts that a call without one means: all of them.
func (s *Site) hosts() []string {
	if len(s.opts.Hosts) == 0 {
		return []string{""}
	}
	return s.opts.Hosts
}

// hosts returns the hosts that the route serves: that of its pattern, or all.
func (rt *route) hosts(s *Site) []string {
	if host, _ := patternHost(rt.pattern); host != "" {
		return []string{host}
	}
	return s.hosts()
}
