package reprint

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Route is a pattern, the handler that renders it, and its policy; see
// [Site.Handle].
type Route struct {
	Pattern string
	Handler http.Handler
	Policy  Policy
}

// route is a Route in use.
type route struct {
	pattern   string
	handler   http.Handler
	policy    Policy
	variant   *variant
	vary      []string // the field of that name of its pages
	bypassing []string // Policy.BypassHeaders in lower case
	known     []string // what a handler's own Vary may name: also headers that renders never have
	listing   *listing
}

func newRoute(pattern string, h http.Handler, p Policy) *route {
	rt := &route{pattern: pattern, handler: h, policy: p, variant: newVariant(p.Vary), listing: &listing{}}
	rt.known = slices.Concat(rt.variant.headers, p.BypassHeaders)
	for i, name := range rt.variant.headers {
		if len(rt.variant.values[i]) > 1 {
			rt.vary = append(rt.vary, name)
		}
	}
	rt.vary = append(rt.vary, p.BypassHeaders...)
	for _, name := range p.BypassHeaders {
		rt.bypassing = append(rt.bypassing, strings.ToLower(name))
	}
	return rt
}

// ServeHTTP runs the handler. The site's mux calls it, for a render and for a
// request that passes through, so that path values are set in both.
func (rt *route) ServeHTTP(w http.ResponseWriter, r *http.Request) { rt.handler.ServeHTTP(w, r) }

// tags are the implicit tags of the route's page of key: its own, and those of the
// page of which it is another representation.
func (rt *route) tags(key Key) []string {
	tags := implicitTags(key, rt.pattern)
	if rt.policy.Of == nil {
		return tags
	}
	of, err := canonicalPath(rt.policy.Of(key.Path))
	if err != nil {
		return tags
	}
	return append(tags, implicitTags(Key{Host: key.Host, Path: of, Query: key.Query}, rt.pattern)...)
}

// table is the routes of a site at a moment.
type table struct {
	mux *http.ServeMux
	mu  sync.RWMutex
	all []*route // guarded by mu, in the order in which they were added; a slice that was read stays as it is
}

func newTable() *table { return &table{mux: http.NewServeMux()} }

func (t *table) add(rt *route) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := register(t.mux, rt.pattern, rt); err != nil {
		return err
	}
	t.all = append(slices.Clip(t.all), rt)
	return nil
}

func (t *table) list() []*route {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.all
}

// of returns the route with that pattern, or nil.
func (t *table) of(pattern string) *route {
	for _, rt := range t.list() {
		if rt.pattern == pattern {
			return rt
		}
	}
	return nil
}

// Handle makes the pages of pattern, in the syntax of [http.ServeMux], static
// under policy: GET and HEAD requests are answered from pages that h rendered,
// all other methods pass through to h. It returns an error, and registers
// nothing, when the policy is faulty, the pattern conflicts with another or names
// a host that is none of [Options.Hosts].
//
// h renders from the key alone: the request it sees has the method GET, the
// path, the kept query, the declared headers and nothing else of any visitor's.
// Its context carries the render for [Tag] and [RevalidateAt] and ends at the
// render's deadline. Nothing that h writes reaches a visitor before it returns.
func (s *Site) Handle(pattern string, h http.Handler, policy Policy) error {
	defer s.opening.routeAdded()
	return s.addRoute(s.table.Load(), Route{pattern, h, policy})
}

// SetRoutes puts routes in place of all that there are, in one step: a request
// sees the old ones or the new ones. Stored pages stay; those that no route
// serves any more are not served. What a route with the same pattern listed before
// counts until it has been listed again, which begins at once. SetRoutes reports
// every fault at once and changes nothing then.
func (s *Site) SetRoutes(routes []Route) error {
	s.rerouting.Lock()
	defer s.rerouting.Unlock()
	old, next := s.table.Load(), newTable()
	var errs []error
	for _, r := range routes {
		errs = append(errs, s.addRoute(next, r))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	var adopted []*route
	for _, rt := range next.list() {
		before := old.of(rt.pattern)
		if before == nil || rt.policy.Prerender == nil || !before.listing.complete() {
			continue
		}
		rt.listing.adopt(before.listing)
		adopted = append(adopted, rt)
	}
	s.table.Store(next)
	s.routing.Add(1)
	s.opening.end()
	for _, rt := range adopted {
		s.work.start(func() {
			if err := s.readListing(s.ctx, rt); err != nil {
				s.log.Error("listing cannot be read; the one before counts", "route", rt.pattern, "err", err)
			}
		})
	}
	return nil
}

func (s *Site) addRoute(t *table, r Route) error {
	if r.Handler == nil {
		return fmt.Errorf("reprint: route %s: the handler is nil", r.Pattern)
	}
	if err := r.Policy.validate(); err != nil {
		return fmt.Errorf("reprint: route %s: %w", r.Pattern, err)
	}
	switch host, slash := patternHost(r.Pattern); {
	case !slash:
		return fmt.Errorf("reprint: route %s: a pattern is a path that begins with a slash, after a method or a host if there is one: \"GET /posts/{id}\"", r.Pattern)
	case host != "" && !slices.Contains(s.opts.Hosts, host):
		return fmt.Errorf("reprint: route %s: %q is none of Options.Hosts: its pages would be everybody's", r.Pattern, host)
	}
	defer s.routing.Add(1)
	if err := t.add(newRoute(r.Pattern, r.Handler, r.Policy.withDefaults())); err != nil {
		return fmt.Errorf("reprint: route %s: %w", r.Pattern, err)
	}
	return nil
}

// register turns the panic with which ServeMux refuses a pattern into an error.
func register(mux *http.ServeMux, pattern string, h http.Handler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			text := fmt.Sprint(p)
			for { // the place that it names is the line below
				before, rest, found := strings.Cut(text, " (registered at ")
				_, after, whole := strings.Cut(rest, ")")
				if !found || !whole {
					break
				}
				text = before + after
			}
			err = errors.New(text)
		}
	}()
	mux.Handle(pattern, h)
	return nil
}

// patternHost returns the host of a pattern like "GET example.org/posts/{id}", and
// whether it has a path.
func patternHost(pattern string) (host string, slash bool) {
	if _, rest, ok := strings.Cut(pattern, " "); ok {
		pattern = strings.TrimLeft(rest, " \t")
	}
	host, _, slash = strings.Cut(pattern, "/")
	return host, slash
}

// match returns the route of a request, or nil when there is none: then the mux
// itself has an answer, such as 404, 405 or a redirect to add a slash.
func (s *Site) match(r *http.Request) *route {
	h, _ := s.table.Load().mux.Handler(r)
	rt, _ := h.(*route)
	return rt
}

// routeOf returns the route that renders key, or nil.
func (s *Site) routeOf(key Key) *route {
	return s.match(&http.Request{Method: http.MethodGet, Host: key.Host, URL: keyURL(key)})
}

// storingRoute returns the route that renders key and stores it, or nil.
func (s *Site) storingRoute(key Key) *route {
	if rt := s.routeOf(key); rt != nil && !rt.policy.Bypass {
		return rt
	}
	return nil
}

// keyURL is the URL that a render of key sees.
func keyURL(key Key) *url.URL {
	u := &url.URL{RawQuery: key.Query}
	// The path is canonical: it is valid and EscapedPath gives it back.
	u.Path, _ = url.PathUnescape(key.Path)
	if u.EscapedPath() != key.Path {
		u.RawPath = key.Path
	}
	return u
}

// target is a path that a caller named, with the route that serves it.
type target struct {
	key   Key // the page of a request without variant headers
	route *route
}

// resolve reads a path as a caller writes it, "/posts/42" or "/posts?page=2",
// for one host. The error is a *BadPathError or wraps ErrNoRoute.
func (s *Site) resolve(host, path string) (target, error) {
	raw, query, _ := strings.Cut(path, "?")
	canonical, err := CanonicalPath(raw)
	if err != nil {
		return target{}, err
	}
	key := Key{Host: host, Path: canonical}
	rt := s.routeOf(key)
	if rt == nil {
		return target{}, &NoRouteError{Path: path, Nearest: s.nearest(canonical)}
	}
	if key.Query, err = keptQuery(query, &rt.policy); err != nil {
		return target{}, &BadPathError{Path: path, Reason: err.Error()}
	}
	key.Variant = rt.variant.of(nil)
	return target{key, rt}, nil
}

// NoRouteError says that no route can serve a path. It wraps [ErrNoRoute].
type NoRouteError struct {
	Path    string
	Nearest string // the pattern that is most like it; empty when there is no route
}

func (e *NoRouteError) Error() string {
	msg := fmt.Sprintf("reprint: %v: %s", ErrNoRoute, e.Path)
	if e.Nearest != "" {
		msg += "; the nearest route is " + e.Nearest
	}
	return msg
}

// Unwrap makes errors.Is(err, ErrNoRoute) true.
func (e *NoRouteError) Unwrap() error { return ErrNoRoute }

// nearest returns the pattern that shares the most leading segments with path,
// the shortest of those.
func (s *Site) nearest(path string) string {
	best, bestScore := "", -1
	for _, rt := range s.table.Load().list() {
		score := 2*sharedSegments(rt.pattern, path) - strings.Count(rt.pattern, "/")
		if score > bestScore || best == "" {
			best, bestScore = rt.pattern, score
		}
	}
	return best
}

// sharedSegments counts the leading segments of path that a pattern could match.
func sharedSegments(pattern, path string) int {
	_, pattern, _ = strings.Cut(pattern, "/")
	n := 0
	have := strings.Split(path[1:], "/")
	for i, segment := range strings.Split(pattern, "/") {
		if i >= len(have) || (segment != have[i] && !strings.HasPrefix(segment, "{")) {
			break
		}
		n++
	}
	return n
}

// refuse answers a request that has no key.
func (s *Site) refuse(w http.ResponseWriter, r *http.Request, rt *route, err error) {
	s.traced(r, rt, VerdictRefuse, "refused")
	status := http.StatusBadRequest
	var bad *BadPathError
	switch {
	case errors.As(err, &bad) && bad.TooLong:
		status = http.StatusRequestURITooLong
	case errors.Is(err, errHost):
		status = http.StatusMisdirectedRequest
	case errors.Is(err, errBody):
		w.Header().Set("Connection", "close")
	}
	setCacheStatus(w, "reprint; fwd=bypass; detail=refused")
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, strings.TrimPrefix(err.Error(), "reprint: "), status)
}
