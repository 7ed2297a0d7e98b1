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

// route is a pattern, the handler that renders it, and its policy.
type route struct {
	pattern string
	handler http.Handler
	policy  Policy
	variant *variant
	listing listing
}

func newRoute(pattern string, h http.Handler, p Policy) *route {
	return &route{pattern: pattern, handler: h, policy: p, variant: newVariant(p.Vary)}
}

// ServeHTTP runs the handler. The site's mux calls it, for a render and for a
// request that passes through, so that path values are set in both.
func (rt *route) ServeHTTP(w http.ResponseWriter, r *http.Request) { rt.handler.ServeHTTP(w, r) }

// routes are the routes of a site in the order in which they were added.
type routes struct {
	mu  sync.RWMutex
	all []*route // guarded by mu; a slice that was read stays as it is
}

func (rs *routes) add(rt *route) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.all = append(slices.Clip(rs.all), rt)
}

func (rs *routes) list() []*route {
	rs.mu.RLock()
	defer rs.mu.RUnlock()
	return rs.all
}

// register turns the panic with which ServeMux refuses a pattern into an error.
func register(mux *http.ServeMux, pattern string, h http.Handler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	mux.Handle(pattern, h)
	return nil
}

// patternHost returns the host of a pattern like "GET example.org/posts/{id}".
func patternHost(pattern string) string {
	if _, rest, ok := strings.Cut(pattern, " "); ok {
		pattern = strings.TrimLeft(rest, " \t")
	}
	host, _, _ := strings.Cut(pattern, "/")
	return host
}

// match returns the route of a request, or nil when there is none: then the mux
// itself has an answer, such as 404, 405 or a redirect to add a slash.
func (s *Site) match(r *http.Request) *route {
	h, _ := s.mux.Handler(r)
	rt, _ := h.(*route)
	return rt
}

// routeOf returns the route that renders key, or nil.
func (s *Site) routeOf(key Key) *route {
	return s.match(&http.Request{Method: http.MethodGet, Host: key.Host, URL: keyURL(key)})
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
	// People write paths as they read them; what a URL must encode is encoded
	// here. What is encoded already stays.
	escaped := raw
	if u, err := url.Parse(raw); err == nil && u.Scheme == "" && u.Host == "" && u.Fragment == "" && strings.HasPrefix(raw, "/") {
		escaped = u.EscapedPath()
	}
	canonical, err := canonicalPath(escaped)
	if err != nil {
		return target{}, err
	}
	key := Key{Host: host, Path: canonical}
	rt := s.routeOf(key)
	if rt == nil {
		return target{}, &NoRouteError{Path: path, Nearest: s.nearest(canonical)}
	}
	if key.Query, err = keptQuery(query, rt.policy.Query); err != nil {
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
	for _, rt := range s.routes.list() {
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
func refuse(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	var bad *BadPathError
	switch {
	case errors.As(err, &bad) && bad.TooLong:
		status = http.StatusRequestURITooLong
	case errors.Is(err, errHost):
		status = http.StatusMisdirectedRequest
	}
	setCacheStatus(w, "reprint; fwd=bypass; detail=refused")
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, strings.TrimPrefix(err.Error(), "reprint: "), status)
}
