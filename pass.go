package reprint

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/reprint-go/reprint/internal/field"
	"github.com/reprint-go/reprint/internal/gate"
)

// pass hands a request to the handler as it is; nothing of the answer is stored.
// key is the page that it would be, as far as that is known.
func (s *Site) pass(w http.ResponseWriter, r *http.Request, rt *route, key Key, why string) {
	s.traced(r, rt, VerdictPass, why)
	p := &passing{ResponseWriter: w, cacheStatus: "reprint; fwd=bypass; detail=" + why}
	switch {
	case why == "method":
		p.cacheStatus = "reprint; fwd=method"
		if rt.policy.Invalidate && !isSafe(r.Method) {
			p.then = func(status int, h http.Header) { s.invalidate(r, key, status, h) }
		}
	case why == "draft":
		p.unstorable = true
		r = inDraft(r)
	}
	s.handOver(p, r)
}

// WithPass returns a context whose request passes through a [Site] to its handler,
// whatever the route's policy says: for middleware that knows of a reason that no
// policy can express.
func WithPass(ctx context.Context) context.Context { return context.WithValue(ctx, passKey{}, true) }

type passKey struct{}

// handOver lets the handler answer.
func (s *Site) handOver(p *passing, r *http.Request) {
	setCacheStatus(p.ResponseWriter, p.cacheStatus)
	s.table.Load().mux.ServeHTTP(p, r)
	p.end()
}

// forwarded answers a visitor of a route with FromHeaders for whom there is no
// page that may be served, and reports whether it did. Where nothing is known of
// the path the visitor is passed through: the request may have an effect, or an
// answer that is for them alone. What the answer says decides whether a page is
// rendered, from the key, behind. page is one that is stored, or nil.
func (s *Site) forwarded(w http.ResponseWriter, r *http.Request, rt *route, key Key, page *life) bool {
	switch {
	case field.Has(r.Header, "only-if-cached"):
		s.traced(r, rt, VerdictMiss, "only-if-cached")
		setCacheStatus(w, "reprint; detail=only-if-cached")
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, "no stored page, and the request allows nothing else", http.StatusGatewayTimeout)
	case field.Has(r.Header, "no-store"):
		s.pass(w, r, rt, key, "no-store")
	case page == nil:
		s.traced(r, rt, VerdictPass, "unknown")
		p := &passing{ResponseWriter: w, cacheStatus: "reprint; fwd=uri-miss"}
		if r.Method == http.MethodGet {
			p.then = func(status int, h http.Header) { s.learn(r, rt, key, status, h) }
		}
		s.handOver(p, r)
	default:
		return false
	}
	return true
}

// learn has a page rendered when the answer to a visitor says that it may be
// shared. The answer itself was made from the visitor's own request.
func (s *Site) learn(r *http.Request, rt *route, key Key, status int, h http.Header) {
	now := time.Now()
	if len(r.Header["Accept-Encoding"]) > 0 && len(h["Content-Encoding"]) > 0 {
		// The visitor asked for that; a render does not.
		h = h.Clone()
		h.Del("Content-Encoding")
	}
	if !storable(status) || notForEverybody(h, rt) != "" || lifetime(h, now) == nil {
		return
	}
	if n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64); err == nil && n > s.opts.MaxPage {
		return
	}
	tags := rt.tags(key)
	if _, resting := s.private.Resting(key, now); resting {
		return
	}
	if _, resting := s.resting(key, tags, now); resting {
		return
	}
	s.behind(key, tags, newJob(gate.Visited, "visit"))
}

// lifetime returns what a header says of an answer's life, or nil when it does not
// say that a shared cache may use the answer again.
func lifetime(h http.Header, now time.Time) *Lifetime {
	l, explicit := field.Life(h, now)
	if !explicit || (l.Fresh <= l.Age && l.WhileRevalidate == 0) {
		return nil
	}
	return &Lifetime{Fresh: l.Fresh, Age: l.Age, WhileRevalidate: l.WhileRevalidate, IfError: l.IfError}
}

// isSafe reports whether a method changes nothing (RFC 9110, section 9.2.1).
func isSafe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// invalidate makes the pages expire that an unsafe method which succeeded names
// (RFC 9111, section 4.4). A failure is the operator's to know: the method has had
// its effect.
func (s *Site) invalidate(r *http.Request, key Key, status int, h http.Header) {
	if status < 200 || status >= 400 {
		return
	}
	paths := []string{key.Path}
	for _, name := range [...]string{"Location", "Content-Location"} {
		if path := sameOrigin(r, h.Get(name)); path != "" && !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), s.opts.RenderTimeout)
	defer cancel()
	for _, path := range paths {
		t, err := s.resolve(key.Host, path)
		if err != nil || !s.mayBeStored(ctx, t) {
			continue
		}
		if _, err := s.Apply(ctx, Revalidation{Paths: []string{path}, Host: key.Host, Mode: Expire, Confirm: true, By: r.Method + " " + key.Path}); err != nil {
			s.log.Error("page is not invalidated after an unsafe method", "method", r.Method, "page", t.key, "err", err)
		}
	}
}

// sameOrigin returns the path of a reference in an answer to r if it leads to the
// same host, else "".
func sameOrigin(r *http.Request, reference string) string {
	if reference == "" {
		return ""
	}
	u, err := (&url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath}).Parse(reference)
	if err != nil || u.Host != r.Host {
		return ""
	}
	return u.EscapedPath()
}

// mayBeStored reports whether a page of the target's path is stored or about to
// be, or in memory although the store did not take it. When in doubt it may.
func (s *Site) mayBeStored(ctx context.Context, t target) bool {
	if s.flights.Len() > 0 || s.unkept.Len() > 0 {
		return true
	}
	stored := false
	for _, err := range s.store.Tagged(ctx, pathTag(t.key.Host, t.key.Path)) {
		stored = stored || err == nil || ctx.Err() == nil
		break
	}
	return stored
}

const noStore = "private, no-cache, no-store, max-age=0, must-revalidate"

// passing is the writer of a handler that answers a visitor itself.
type passing struct {
	http.ResponseWriter
	cacheStatus string
	unstorable  bool                            // nobody may store the answer, whatever the handler says
	then        func(status int, h http.Header) // told of the answer before it is sent; may be nil

	wrote bool
}

// header completes the header at the last moment.
func (p *passing) header(status int) {
	h := p.Header()
	// Those of caches nearer to the origin come first (RFC 9211, section 2).
	others := slices.DeleteFunc(slices.Clone(h["Cache-Status"]), func(v string) bool { return v == p.cacheStatus })
	h["Cache-Status"] = append(others, p.cacheStatus)
	if p.unstorable {
		// CDN-Cache-Control (RFC 9213) and Surrogate-Control would be obeyed before
		// Cache-Control.
		h.Set("Cache-Control", noStore)
		for _, name := range [...]string{"Cdn-Cache-Control", "Surrogate-Control", "Expires"} {
			h.Del(name)
		}
	}
	if p.then != nil {
		p.then(status, h)
	}
	h.Del("Surrogate-Control") // it was for us
}

// WriteHeader lets informational answers through as they are.
func (p *passing) WriteHeader(status int) {
	if !p.wrote && (status >= 200 || status == http.StatusSwitchingProtocols) {
		p.wrote = true
		p.header(status)
	}
	p.ResponseWriter.WriteHeader(status)
}

// FlushError sends the header too.
func (p *passing) FlushError() error {
	if !p.wrote {
		p.WriteHeader(http.StatusOK)
	}
	return http.NewResponseController(p.ResponseWriter).Flush()
}

// Flush is FlushError for handlers that ask for an http.Flusher.
func (p *passing) Flush() { _ = p.FlushError() }

// end is for a handler that has written nothing: net/http answers for it.
func (p *passing) end() {
	if !p.wrote {
		p.wrote = true
		p.header(http.StatusOK)
	}
}

func (p *passing) Write(b []byte) (int, error) {
	if !p.wrote {
		p.WriteHeader(http.StatusOK)
	}
	return p.ResponseWriter.Write(b)
}

// Unwrap serves http.ResponseController.
func (p *passing) Unwrap() http.ResponseWriter { return p.ResponseWriter }
