package admin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/reprint-go/reprint/internal/slow"
	"github.com/reprint-go/reprint/internal/spell"
)

// handler is what New returns.
type handler struct {
	opts      Options
	site      Site
	log       *slog.Logger
	tokens    []*caller
	hosts     map[string]bool
	endpoints []endpoint

	browsers  http.CrossOriginProtection
	throttle  slow.Throttle
	runs      runs
	followers places
}

// endpoint is one method of one path.
type endpoint struct {
	method string // GET also answers HEAD
	path   string // as it is sent; "{id}" at the end is one segment
	action string // what a token must allow; empty: everybody may
	query  []string
	serve  func(h *handler, c *call) (answer, error)
}

// call is one request that may be made.
type call struct {
	w     http.ResponseWriter
	r     *http.Request
	who   *caller
	id    string // what stands for {id}
	query url.Values
}

func (c *call) ctx() context.Context { return c.r.Context() }

func (h *handler) allEndpoints() []endpoint {
	all := []endpoint{
		{http.MethodPost, "/v1/revalidate", actionRevalidate, nil, (*handler).revalidate},
		{http.MethodGet, "/v1/receipts", actionRead, []string{"limit", "cursor"}, (*handler).receipts},
		{http.MethodGet, "/v1/receipts/{id}", actionRead, nil, (*handler).receipt},
		{http.MethodGet, "/v1/events", actionRead, []string{"after"}, (*handler).events},
		{http.MethodGet, "/v1/refills", actionRead, nil, (*handler).refills},
		{http.MethodPost, "/v1/refills/{id}", actionRevalidate, nil, (*handler).changeRefill},
		{http.MethodGet, "/v1/schedule", actionRead, nil, (*handler).schedule},
		{http.MethodDelete, "/v1/schedule", actionRevalidate, []string{"path"}, (*handler).cancelDue},
		{http.MethodDelete, "/v1/schedule/{id}", actionRevalidate, nil, (*handler).cancelPlan},
		{http.MethodGet, "/v1/pages", actionRead, []string{"prefix", "tag", "state", "host", "limit", "cursor"}, (*handler).pages},
		{http.MethodGet, "/v1/pages/explain", actionRead, []string{"path"}, (*handler).explain},
		{http.MethodGet, "/v1/status", actionRead, nil, (*handler).status},
		{http.MethodPost, "/v1/prerender", actionPrerender, nil, (*handler).prerender},
		{http.MethodGet, "/healthz", "", []string{anyQuery}, (*handler).healthz},
		{http.MethodGet, "/readyz", "", []string{anyQuery}, (*handler).readyz},
	}
	all = append(all, historyEndpoints()...)
	if h.opts.Metrics != nil {
		all = append(all, endpoint{http.MethodGet, "/metrics", actionRead, []string{anyQuery}, (*handler).metrics})
	}
	return all
}

// anyQuery stands for parameters that are somebody else's matter.
const anyQuery = "*"

// ServeHTTP answers a request. Whatever it answers is for the caller alone.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	awaitBody(w, r)
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Referrer-Policy", "no-referrer")
	a, err := h.answer(w, r)
	if err != nil {
		p := problemOf(err)
		if p.status == http.StatusInternalServerError && r.Context().Err() == nil { // not that the caller has gone
			h.log.ErrorContext(r.Context(), "admin: call failed", "method", r.Method, "path", r.URL.Path, "err", err)
		}
		a = p.answer()
	}
	a.write(w)
}

func (h *handler) answer(w http.ResponseWriter, r *http.Request) (answer, error) {
	e, id, err := h.find(r)
	if err != nil {
		return answer{}, err
	}
	c := &call{w: w, r: r, id: id}
	if e.action != "" {
		if c.who, err = h.admit(r, e.action); err != nil {
			return answer{}, err
		}
	}
	if c.query, err = e.readQuery(r); err != nil {
		return answer{}, err
	}
	return e.serve(h, c)
}

// find returns the endpoint of a request. Paths are compared as they are sent,
// whole and exactly: an alias that a proxy in front reads otherwise is none.
func (h *handler) find(r *http.Request) (*endpoint, string, error) {
	path := r.URL.EscapedPath()
	var allow []string
	known := slices.ContainsFunc(h.endpoints, func(e endpoint) bool { return e.path == path }) // then it is no ID
	for i := range h.endpoints {
		e := &h.endpoints[i]
		id, ok := e.match(path)
		if !ok || known && e.path != path {
			continue
		}
		if r.Method == e.method || (r.Method == http.MethodHead && e.method == http.MethodGet) {
			return e, id, nil
		}
		allow = append(allow, e.method)
		if e.method == http.MethodGet {
			allow = append(allow, http.MethodHead)
		}
	}
	if len(allow) > 0 {
		list := strings.Join(allow, ", ")
		return nil, "", &problem{
			status: http.StatusMethodNotAllowed,
			told:   Error{Message: "method " + shorten(r.Method) + " is not allowed for " + shorten(path), Fix: "use " + list},
			header: map[string]string{"Allow": list},
		}
	}
	return nil, "", h.noEndpoint(path)
}

func (e *endpoint) match(path string) (id string, ok bool) {
	stem, hasID := strings.CutSuffix(e.path, "{id}")
	if !hasID {
		return "", path == e.path
	}
	id, ok = strings.CutPrefix(path, stem)
	return id, ok && id != "" && !strings.ContainsAny(id, "/%")
}

func (h *handler) noEndpoint(path string) *problem {
	p := &problem{status: http.StatusNotFound, told: Error{Message: "there is no endpoint " + shorten(path)}}
	var paths []string
	for _, e := range h.endpoints {
		p.told.Endpoints = append(p.told.Endpoints, e.method+" "+e.path)
		paths = append(paths, e.path)
	}
	if near := spell.Nearest(path, paths); near != "" {
		p.told.Fix = "did you mean " + near + "?"
	}
	return p
}

// readQuery refuses parameters that are unknown, twice there or unreadable: a
// filter with a slip in its name would otherwise be no filter.
func (e *endpoint) readQuery(r *http.Request) (url.Values, error) {
	if slices.Contains(e.query, anyQuery) {
		return nil, nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badRequest("the query cannot be read", "percent-encode the values, as curl does with -G --data-urlencode")
	}
	var errs []error
	for name, values := range query {
		switch {
		case !slices.Contains(e.query, name):
			errs = append(errs, unknown("parameter", name, e.query))
		case len(values) > 1:
			errs = append(errs, badRequest("parameter "+name+" is there more than once", ""))
		}
	}
	return query, errors.Join(errs...)
}

// shorten keeps what a caller sent from filling an answer or the log.
func shorten(s string) string {
	const enough = 80
	if len(s) > enough {
		return strings.ToValidUTF8(s[:enough], "") + "…"
	}
	return s
}
