package main

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/config"
	"github.com/reprint-go/reprint/origin"
	"github.com/reprint-go/reprint/proof"
)

// catchAll is the pattern of the paths under no route.
const catchAll = "/"

// routing makes the routes of one site of the configuration.
type routing struct {
	site   config.Site
	origin *origin.Handler
	engine *reprint.Site
	many   bool // there are other sites
}

// routes returns the site's routes: those of the file, what its framework needs,
// and one for everything else.
func (b *routing) routes() []reprint.Route {
	var all []reprint.Route
	for _, r := range b.site.Routes {
		all = append(all, b.route(r))
		if b.site.Origin.Framework == frameworkNextJS {
			all = append(all, b.dataRoute(r))
		}
	}
	if !slices.ContainsFunc(b.site.Routes, func(r config.Route) bool { return isCatchAll(r.Path) }) {
		all = append(all, reprint.Route{Pattern: catchAll, Handler: b.origin, Policy: b.headersPolicy()})
	}
	all = append(all, b.parents(all)...)
	if b.many {
		all = b.qualify(all)
	}
	return all
}

// isCatchAll reports whether a pattern is for every path: "/" or "/{rest...}".
func isCatchAll(pattern string) bool {
	return pattern == catchAll || strings.HasSuffix(pattern, "...}") && strings.LastIndexByte(pattern, '/') == 0
}

// qualify returns the routes once for each host, because other sites have routes
// too.
func (b *routing) qualify(routes []reprint.Route) []reprint.Route {
	var all []reprint.Route
	for _, host := range b.site.Hosts {
		for _, r := range routes {
			r.Pattern = host + r.Pattern
			all = append(all, r)
		}
	}
	return all
}

// route makes a route of the file.
func (b *routing) route(r config.Route) reprint.Route {
	var h http.Handler = b.origin
	if r.WebSocket {
		h = b.origin.WebSocket()
	}
	if b.site.Origin.Framework == frameworkNextJS {
		h = nextRender(h)
	}
	return reprint.Route{Pattern: r.Path, Handler: tagging(h, r.Tags, false), Policy: b.policy(r)}
}

// policy is the policy of a route of the file.
func (b *routing) policy(r config.Route) reprint.Policy {
	if r.Bypass {
		return reprint.Policy{Bypass: true, Invalidate: r.Invalidate}
	}
	p := reprint.Policy{
		Revalidate: r.Revalidate, Expire: r.Expire, Negative: r.Negative, Timeout: r.Timeout,
		Query: r.Query, CacheControl: r.CacheControl, Ignore: r.Ignore, Invalidate: r.Invalidate, Pin: r.Pin, Volatile: r.Volatile,
		BypassHeaders: r.BypassHeaders, BypassCookies: r.BypassCookies,
		Conditional: b.site.Origin.Conditional,
	}
	if slices.Contains(p.Query, "*") {
		p.Drop = b.site.Drop
	}
	if r.WebSocket {
		p.BypassHeaders = append(slices.Clip(p.BypassHeaders), "Sec-Websocket-Key")
	}
	for _, v := range r.Vary {
		p.Vary = append(p.Vary, reprint.Vary{Header: v.Header, Values: v.Values})
	}
	switch {
	case r.FollowHeaders:
		p.Freshness = reprint.FromHeaders
	case p.CacheControl == "":
		p.CacheControl = reprint.DefaultCacheControl // not what the origin says
	}
	switch r.Fallback {
	case "notfound":
		p.Fallback = reprint.NotFound
	case "shell":
		p.Fallback, p.Shell = reprint.Shell, b.shell(r.Shell)
	}
	if p.History = r.History; r.History == 0 {
		p.History = -1 // which is none
	}
	if r.Proof != nil {
		p.Proof = b.proof(*r.Proof)
		if gone := r.Proof.Gone; gone != nil {
			p.MaxGone = cmp.Or(*gone, -1) // which is none
		}
	}
	if r.Prerender != nil {
		p.Prerender, p.ChangedAt = b.listing(r)
	}
	if b.site.Origin.Framework == frameworkNextJS {
		nextPolicy(&p)
	}
	return p
}

// proof is what the pages of a route of the file must pass.
func (b *routing) proof(p config.Proof) func(old, page *reprint.Page) error {
	checks := proof.Checks{MinSize: p.Size, Contains: p.Contains, Excludes: p.Excludes, Selectors: p.Selectors, Index: p.Index}
	check := compiled(checks)
	if b.site.Origin.Framework == frameworkNextJS {
		checks.Contains = nil
		return nextProof(check, compiled(checks))
	}
	return check
}

// compiled is checks as a proof. The file was refused for checks that cannot be made; one
// that it was not refused for lets no page through.
func compiled(c proof.Checks) func(old, page *reprint.Page) error {
	check, err := c.Compile()
	if err != nil {
		return func(_, _ *reprint.Page) error { return err }
	}
	return check
}

// headersPolicy is the policy of the paths under no route: a shared cache by RFC
// 9111, that leaves alone whoever has a session.
func (b *routing) headersPolicy() reprint.Policy {
	p := reprint.Policy{
		Freshness: reprint.FromHeaders, Timeout: b.site.Origin.Timeout, Query: []string{"*"}, Drop: b.site.Drop,
		BypassCookies: b.site.SessionCookie, Conditional: b.site.Origin.Conditional, Invalidate: true,
	}
	if b.site.Origin.Framework == frameworkNextJS {
		nextPolicy(&p)
	}
	return p
}

// parents returns routes for the paths that ServeMux would redirect: to
// /account/ from /account, where only the former is a pattern. Whether there is
// such a redirect is for the origin to say. And what is never stored below a path
// is not stored at the path itself either, whatever wider route fits it.
func (b *routing) parents(routes []reprint.Route) []reprint.Route {
	mux := muxOf(routes)
	var all []reprint.Route
	for _, r := range routes {
		parent := strings.TrimSuffix(r.Pattern, "/")
		open := strings.HasSuffix(r.Pattern, "...}") || strings.HasSuffix(r.Pattern, "/{$}")
		if open {
			parent = r.Pattern[:strings.LastIndexByte(r.Pattern, '/')]
		}
		switch {
		case parent == "", parent == r.Pattern, servesItself(mux, parent) && (open || !r.Policy.Bypass), !handles(mux, parent):
			continue
		}
		added := reprint.Route{Pattern: parent, Handler: b.origin, Policy: b.headersPolicy()}
		if !open {
			added.Handler, added.Policy = r.Handler, unlisted(r.Policy)
		}
		all = append(all, added)
	}
	return all
}

// unlisted returns a policy for paths that nobody lists.
func unlisted(p reprint.Policy) reprint.Policy {
	p.Prerender, p.ChangedAt = nil, nil
	p.Fallback, p.Shell = reprint.Blocking, nil
	return p
}

// handles adds a pattern, and reports whether it is new and goes with the others.
func handles(mux *http.ServeMux, p string) (added bool) {
	defer func() {
		if recover() != nil {
			added = false
		}
	}()
	mux.Handle(p, pattern(p))
	return true
}

// pattern is a handler that stands for one.
type pattern string

func (pattern) ServeHTTP(http.ResponseWriter, *http.Request) {}

func muxOf(routes []reprint.Route) *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range routes {
		handles(mux, r.Pattern) // the site says which routes do not go together
	}
	return mux
}

// servesItself reports whether a path that fits the pattern is served by a
// route, and not redirected.
func servesItself(mux *http.ServeMux, p string) bool {
	segments := strings.Split(p, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = "x"
		}
	}
	return servedBy(mux, strings.Join(segments, "/")) != ""
}

// servedBy returns the pattern that serves a path, or "".
func servedBy(mux *http.ServeMux, path string) string {
	u, err := url.Parse(path)
	if err != nil {
		return ""
	}
	h, _ := mux.Handler(&http.Request{Method: http.MethodGet, URL: u})
	p, _ := h.(pattern)
	return string(p)
}

// shell answers with another page of the site.
func (b *routing) shell(path string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		placeholder := r.Clone(r.Context())
		placeholder.URL = &url.URL{Path: path}
		placeholder.RequestURI = path
		b.engine.ServeHTTP(w, placeholder)
	})
}

// tagging names the tags that the file gives the pages of a route.
func tagging(h http.Handler, templates []string, data bool) http.Handler {
	if len(templates) == 0 {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if reprint.InRender(r.Context()) {
			for _, t := range templates {
				reprint.Tag(r.Context(), fillTag(t, r, data))
			}
		}
		h.ServeHTTP(w, r)
	})
}

// fillTag puts the path's values into a tag's braces.
func fillTag(template string, r *http.Request, data bool) string {
	var b strings.Builder
	for {
		before, rest, open := strings.Cut(template, "{")
		b.WriteString(before)
		if !open {
			break
		}
		name, after, _ := strings.Cut(rest, "}")
		value := r.PathValue(strings.TrimSuffix(name, "..."))
		if data {
			value = strings.TrimSuffix(value, dataSuffix)
		}
		b.WriteString(value)
		template = after
	}
	return reprint.EscapeTag(b.String())
}

// listing is what a route prerenders: of what its sources list, the paths that it
// serves.
func (b *routing) listing(r config.Route) (func(context.Context) iter.Seq2[string, error], func(string) time.Time) {
	var sources []list
	if r.Prerender.Sitemap != "" {
		sources = append(sources, b.origin.Sitemap(r.Prerender.Sitemap))
	}
	if r.Prerender.URL != "" {
		sources = append(sources, b.origin.List(r.Prerender.URL))
	}
	if len(sources) == 0 && len(r.Prerender.Paths) == 0 {
		return nil, nil
	}
	mux := http.NewServeMux()
	for _, other := range b.site.Routes {
		handles(mux, other.Path)
	}
	paths := func(ctx context.Context) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for _, path := range r.Prerender.Paths {
				if !yield(path, nil) {
					return
				}
			}
			for _, source := range sources {
				for path, err := range source.Paths(ctx) {
					if err == nil && servedBy(mux, path) != r.Path {
						continue
					}
					if !yield(path, err) || err != nil {
						return
					}
				}
			}
		}
	}
	changedAt := func(path string) time.Time {
		var last time.Time
		for _, source := range sources {
			if t := source.ChangedAt(path); t.After(last) {
				last = t
			}
		}
		return last
	}
	return paths, changedAt
}

// list is what an origin lists.
type list interface {
	Paths(ctx context.Context) iter.Seq2[string, error]
	ChangedAt(path string) time.Time
}

// siteRoutes makes the routes of all sites.
func siteRoutes(c *config.Config, origins []*origin.Handler, engine *reprint.Site) []reprint.Route {
	var all []reprint.Route
	for i, site := range c.Sites {
		b := &routing{site: site, origin: origins[i], engine: engine, many: len(c.Sites) > 1}
		all = append(all, b.routes()...)
	}
	return all
}

// siteName is how a site is called in messages.
func siteName(s config.Site) string {
	if len(s.Hosts) == 0 {
		return "the site"
	}
	return fmt.Sprintf("the site %s", s.Hosts[0])
}
