package config

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// defaultNegative is that of a route that is not revalidated sooner.
const defaultNegative = 30 * time.Second

// routes builds the routes of a site.
func (c *checker) routes(site reader, s *Site) ([]Route, *patterns) {
	var all []Route
	patterns := newPatterns()
	readers := site.mappings("routes")
	for _, r := range readers {
		rt := c.route(r, site, s)
		all = append(all, rt)
		if v := r.given("path"); v != nil {
			c.pattern(v, rt.Bypass, patterns, s.TrailingSlash)
		}
	}
	for i, r := range readers {
		c.checkListed(r, &all[i], patterns)
	}
	return all, patterns
}

// route builds one route without regard to the others.
func (c *checker) route(r, site reader, s *Site) Route {
	rt := Route{
		Path:          r.text("path"),
		Bypass:        r.flag("bypass"),
		WebSocket:     r.flag("websocket"),
		FollowHeaders: r.text("freshness") == "headers",
		Revalidate:    r.duration("revalidate"),
		Expire:        r.duration("expire"),
		Negative:      r.duration("negative"),
		Timeout:       r.duration("timeout"),
		Query:         c.query(r, s),
		Vary:          c.vary(r, site),
		Tags:          c.tags(r),
		CacheControl:  c.cacheControl(r),
		BypassHeaders: c.headerNames(r),
		BypassCookies: c.patterns(r, "bypassCookies", httpguts.ValidHeaderFieldName, false),
		Ignore:        r.texts("ignore"),
		Invalidate:    r.flag("invalidate"),
		Pin:           r.flag("pin"),
		Volatile:      c.expressions(r, "volatile"),
		History:       int(r.value("history").size),
		Proof:         c.proof(r),
		Prerender:     c.prerender(r, site, s),
	}
	if v := r.given("path"); v != nil {
		rt.Pos = v.at
	}
	c.unique(r, "ignore", asIs)
	rt.Fallback, rt.Shell = c.fallback(r)
	if rt.Timeout == 0 {
		rt.Timeout = s.Origin.Timeout
	}
	if rt.Negative == 0 && !rt.FollowHeaders {
		rt.Negative = defaultNegative
		if rt.Revalidate > 0 {
			rt.Negative = min(rt.Negative, rt.Revalidate)
		}
	}
	c.checkEffect(r, rt)
	return rt
}

// checkEffect reports keys that say nothing because of another.
func (c *checker) checkEffect(r reader, rt Route) {
	if rt.Bypass {
		stays := []string{"path", "bypass", "websocket", "invalidate"}
		for i := range routeKeys {
			if name := routeKeys[i].name; r.has(name) && !slices.Contains(stays, name) {
				c.add(r.pos(name), r.path(name), "has no effect with bypass: true, which stores nothing; leave one of them out")
			}
		}
		return
	}
	if !rt.FollowHeaders {
		return
	}
	for _, name := range []string{"revalidate", "negative", "cacheControl"} {
		if r.has(name) {
			c.add(r.pos(name), r.path(name), "has no effect with freshness: headers, where the origin decides; leave one of them out")
		}
	}
	if v := r.given("fallback"); v != nil && rt.Fallback != "blocking" {
		c.add(v.at, v.path, "%s does not go with freshness: headers, where any path may be a page; leave one of them out", v.show())
	}
}

// query checks the parameters of the key.
func (c *checker) query(r reader, s *Site) []string {
	c.unique(r, "query", asIs)
	list := r.list("query")
	for _, v := range list {
		switch {
		case v.text == "*" && len(list) > 1:
			c.add(v.at, v.path, "\"*\" is all parameters; write it alone, or leave it out")
		case v.text != "*" && strings.Contains(v.text, "*"):
			c.add(v.at, v.path, "%s has a \"*\"; write each name in full, or [\"*\"] for all", v.show())
		case !isParameter(v.text):
			c.add(v.at, v.path, "%s is not the name of a parameter; write the name alone, such as page", v.show())
		case v.text != "*" && matchesName(s.Drop, v.text):
			c.add(v.at, v.path, "%s is also dropped by dropQuery; leave it out here, or list dropQuery without it", v.show())
		}
	}
	return r.texts("query")
}

// neverVary are headers that cannot make variants of a page that everybody
// shares, with the reason.
var neverVary = map[string]string{
	"Cookie":            "is different for each visitor; use bypassCookies for visitors who are known",
	"Authorization":     "is different for each visitor; requests with it always pass through",
	"Host":              "is part of the key anyway; list the names under hosts",
	"Accept-Encoding":   "makes no variants: pages are stored as they are, and what stands in front compresses them",
	"Range":             "is answered from the whole page",
	"If-None-Match":     "is answered from the page",
	"Connection":        "belongs to one connection",
	"Transfer-Encoding": "belongs to one connection",
	"Content-Length":    "belongs to one message",
}

// vary checks the headers that make variants.
func (c *checker) vary(r, site reader) []Vary {
	var all []Vary
	seen := make(map[string]bool)
	for _, v := range r.list("vary") {
		header, long := v, reader{v.key.keys, v.section, r.top}
		if v.section != nil {
			header = long.given("header")
		}
		if header == nil {
			continue
		}
		name := http.CanonicalHeaderKey(header.text)
		one := Vary{Header: name, Values: long.texts("values")}
		switch reason, never := neverVary[name]; {
		case !httpguts.ValidHeaderFieldName(header.text):
			c.add(header.at, header.path, "%s is not the name of a header; write one like Accept-Language", header.show())
		case never:
			c.add(header.at, header.path, "%s cannot make variants: it %s", name, reason)
		case seen[name]:
			c.add(header.at, header.path, "%s is listed twice; put all its values in one", header.show())
		case v.section == nil:
			one.Values = c.offered(v, name, site)
		default:
			c.varyValues(name, long.list("values"))
		}
		seen[name] = true
		all = append(all, one)
	}
	return all
}

// offered returns the values of a header that is named alone.
func (c *checker) offered(v *value, name string, site reader) []string {
	switch {
	case name != "Accept-Language":
		c.add(v.at, v.path, "which values of %s make a difference? Write {header: %s, values: [\"\", \"1\"]}, the default first; \"\" is that the header is not there", v.show(), v.raw)
		return nil
	case site.has("languages"):
		return site.texts("languages")
	}
	return slices.Clone(defaultLanguages)
}

func (c *checker) varyValues(header string, values []*value) {
	c.uniqueValues(values, strings.ToLower)
	for i, v := range values {
		switch {
		case v.text == "" && i > 0:
			c.add(v.at, v.path, "an empty value is that the header is not there; it can only be the first, the default")
		case !httpguts.ValidHeaderFieldValue(v.text), strings.TrimSpace(v.text) != v.text:
			c.add(v.at, v.path, "%s cannot be the value of a header; write it without control characters and spaces around it", v.show())
		case header == "Accept-Language" && v.text != "":
			c.language(v)
		}
	}
}

var (
	wildcard = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_]*)(?:\.\.\.)?\}`)
	inTag    = regexp.MustCompile(`\{([^{}]*)\}`)
)

// tags checks the templates of tags against the wildcards of the path.
func (c *checker) tags(r reader) []string {
	c.unique(r, "tags", asIs)
	var have []string
	for _, m := range wildcard.FindAllStringSubmatch(r.text("path"), -1) {
		have = append(have, m[1])
	}
	for _, v := range r.list("tags") {
		for _, m := range inTag.FindAllStringSubmatch(v.text, -1) {
			if slices.Contains(have, m[1]) || r.given("path") == nil {
				continue
			}
			c.wildcardMissing(v, m[1], have, r.given("path").expanded)
		}
		filled := inTag.ReplaceAllString(v.text, "x")
		if strings.ContainsAny(filled, "{}") {
			c.add(v.at, v.path, "%s has a brace without its other half; a wildcard is written {id}", v.show())
		} else if fault := tagFault(filled); fault != "" {
			c.refuse(v, fault)
		}
	}
	return r.texts("tags")
}

// wildcardMissing reports a wildcard of a tag that is none of those of the path.
func (c *checker) wildcardMissing(v *value, name string, have []string, expanded bool) {
	switch {
	case v.expanded, expanded:
		c.add(v.at, v.path, "%s has a wildcard that the path does not have; write it there, or leave it out here", v.show())
	case len(have) == 0:
		c.add(v.at, v.path, "%s has {%s}, and the path has no wildcard; write it there, such as /posts/{id}, or leave it out here", v.show(), shorten(name))
	default:
		c.add(v.at, v.path, "%s has {%s}, and the path has no such wildcard; it has {%s}", v.show(), shorten(name), strings.Join(have, "}, {"))
	}
}

func (c *checker) cacheControl(r reader) string {
	if v := r.given("cacheControl"); v != nil && !httpguts.ValidHeaderFieldValue(v.text) {
		c.add(v.at, v.path, "%s cannot be the value of a header; write one like \"public, max-age=60\"", v.show())
	}
	return r.text("cacheControl")
}

func (c *checker) headerNames(r reader) []string {
	c.unique(r, "bypassHeaders", strings.ToLower)
	for _, v := range r.list("bypassHeaders") {
		if !httpguts.ValidHeaderFieldName(v.text) || strings.Contains(v.text, "*") {
			c.add(v.at, v.path, "%s is not the name of a header; write one like X-Preview", v.show())
		}
	}
	return r.texts("bypassHeaders")
}

// expressions reads regular expressions of which none matches the empty text.
func (c *checker) expressions(r reader, name string) (all []*regexp.Regexp) {
	c.unique(r, name, asIs)
	for _, v := range r.list(name) {
		e, err := regexp.Compile(v.text)
		switch {
		case err != nil:
			c.add(v.at, v.path, "%s is not a regular expression: %s; see https://golang.org/s/re2syntax", v.show(), strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		case e.MatchString(""):
			c.add(v.at, v.path, "%s matches the empty text, and so every place of a page; write what comes before and after it, like 'nonce=\"[^\"]*\"'", v.show())
		default:
			all = append(all, e)
		}
	}
	return all
}

// fallback reads "blocking", "notfound" or "shell:/path".
func (c *checker) fallback(r reader) (fallback, shell string) {
	v := r.given("fallback")
	if v == nil {
		return r.text("fallback"), ""
	}
	if path, ok := strings.CutPrefix(v.text, "shell:"); ok {
		if fault := pathFault(path); fault != "" {
			c.refuse(v, "has a path that "+fault)
		}
		return "shell", path
	}
	switch v.text {
	case "blocking":
	case "notfound":
		if !r.has("prerender") {
			c.add(v.at, v.path, "%s without prerender: no path would exist; list them: prerender: {sitemap: /sitemap.xml}", v.show())
		}
	case "shell":
		c.add(v.at, v.path, "%s has no path; write the page of the origin that is shown meanwhile: shell:/loading", v.show())
	default:
		c.add(v.at, v.path, "%s is none of blocking, notfound and shell:/path%s", v.show(), didYouMean(v, []string{"blocking", "notfound"}))
	}
	return v.text, ""
}

// prerender builds what a route lists.
func (c *checker) prerender(r, site reader, s *Site) *Prerender {
	if r.given("prerender") == nil {
		return nil
	}
	in := r.mapping("prerender")
	p := &Prerender{
		Sitemap: in.text("sitemap"), Paths: in.texts("paths"), URL: in.text("url"),
		AtStart: in.flag("atStart"),
	}
	c.unique(in, "paths", asIs)
	if !in.has("atStart") {
		p.AtStart = reader{fileKeys, site.top, site.top}.flag("prerender")
	}
	for _, name := range []string{"sitemap", "url"} {
		if v := in.given(name); v != nil {
			c.ofOrigin(v, s.Origin.URL)
		}
	}
	return p
}

// ofOrigin checks a path of the origin, or a URL of it: the server asks nobody
// else.
func (c *checker) ofOrigin(v *value, origin string) {
	if strings.HasPrefix(v.text, "/") {
		path, _, _ := strings.Cut(v.text, "?")
		if fault := pathFault(path); fault != "" {
			c.refuse(v, fault)
		}
		return
	}
	u, err := url.Parse(v.text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		c.hide(v)
		c.add(v.at, v.path, "%s is neither a path nor a URL of the origin; write a path like %s", v.show(), v.key.example)
		return
	}
	if origin != "" && !strings.EqualFold(u.Scheme+"://"+u.Host, origin) {
		c.add(v.at, v.path, "%s is not of the origin, and nobody else is asked; write its path alone", v.show())
	}
}

// checkListed checks that the paths that a route lists are its own.
func (c *checker) checkListed(r reader, rt *Route, patterns *patterns) {
	if rt.Prerender == nil {
		return
	}
	for _, v := range r.mapping("prerender").list("paths") {
		path, _, _ := strings.Cut(v.text, "?")
		if fault := pathFault(path); fault != "" {
			c.refuse(v, fault)
			continue
		}
		own, ok := patterns.byPath[rt.Path]
		if !ok {
			continue // the pattern itself is faulty
		}
		switch of := patterns.match(path); {
		case of == own:
		case of == nil:
			c.add(v.at, v.path, "%s does not match the path of the route, %s; list it under the route that it belongs to", v.show(), own.value.show())
		default:
			c.add(v.at, v.path, "%s belongs to the route %s; list it there", v.show(), of.show())
		}
	}
}

// checkPrerender checks what the file says of the start as a whole.
func (c *checker) checkPrerender(top reader, config *Config) {
	listed, atStart := false, false
	for _, s := range config.Sites {
		for _, rt := range s.Routes {
			if rt.Prerender != nil {
				listed, atStart = true, atStart || rt.Prerender.AtStart
			}
		}
	}
	if v := top.given("prerender"); v != nil && v.flag && !listed {
		c.add(v.at, v.path, "there is nothing to prerender: no route says what there is; write prerender: {sitemap: /sitemap.xml} under a route")
	} else if v := top.given("ready"); v != nil && config.ReadyAfterPrerender && !atStart {
		c.add(v.at, v.path, "nothing is prerendered at the start; write prerender: true at the top, or leave the key out")
	}
}
