package config

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// patterns are the paths of the routes of one site, in a mux that matches as the
// site's own does.
type patterns struct {
	mux    *http.ServeMux
	all    []*pattern
	byPath map[string]*pattern
}

// pattern is the path of one route. It is the handler that the mux returns for a
// path that it matches.
type pattern struct {
	value  *value // in the file
	text   string
	bypass bool
}

// show names the pattern in a message, with where it is.
func (p *pattern) show() string { return fmt.Sprintf("%s in line %d", p.value.show(), p.value.at.Line) }

// ServeHTTP makes a pattern a handler; it is never called.
func (*pattern) ServeHTTP(http.ResponseWriter, *http.Request) {}

func newPatterns() *patterns {
	return &patterns{mux: http.NewServeMux(), byPath: make(map[string]*pattern)}
}

// match returns the pattern whose route serves a path, or nil.
func (ps *patterns) match(path string) *pattern {
	u, err := url.Parse(path)
	if err != nil {
		return nil
	}
	h, _ := ps.mux.Handler(&http.Request{Method: http.MethodGet, URL: u, Host: "localhost"})
	p, _ := h.(*pattern)
	return p
}

// register turns the panic with which a mux refuses a pattern into an error.
func register(mux *http.ServeMux, p *pattern) (err error) {
	defer func() {
		if refused := recover(); refused != nil {
			err = fmt.Errorf("%v", refused)
		}
	}()
	mux.Handle(p.text, p)
	return nil
}

// pattern checks the path of a route and adds it to those of its site.
func (c *checker) pattern(v *value, bypass bool, ps *patterns, trailingSlash string) {
	if fault := patternFault(v.text); fault != "" {
		c.refuse(v, fault)
		return
	}
	p := &pattern{value: v, text: v.text, bypass: bypass}
	if err := register(http.NewServeMux(), p); err != nil {
		c.refuse(v, "is not a pattern; "+muxReason(err))
		return
	}
	if fault := unreachable(v.text, trailingSlash); fault != "" {
		c.refuse(v, fault)
	}
	if register(ps.mux, p) != nil {
		c.conflict(v, p, ps)
		return
	}
	ps.all = append(ps.all, p)
	ps.byPath[p.text] = p
}

// conflict reports the routes with which one cannot be together.
func (c *checker) conflict(v *value, p *pattern, ps *patterns) {
	for _, other := range ps.all {
		mux := http.NewServeMux()
		if register(mux, other) != nil {
			continue
		}
		err := register(mux, p)
		switch {
		case err == nil:
		case strings.Contains(err.Error(), "matches the same requests"):
			c.add(v.at, v.path, "%s matches the same paths as %s; put both routes in one", v.show(), other.show())
		default:
			c.add(v.at, v.path, "%s and %s shadow each other%s; make one of them more specific", v.show(), other.show(), example(err, p, other))
		}
	}
}

var bothMatch = regexp.MustCompile(`both match some paths, like "([^"]+)"`)

// example returns a path that two patterns match, where the mux names one.
func example(err error, a, b *pattern) string {
	if m := bothMatch.FindStringSubmatch(err.Error()); m != nil && !a.value.expanded && !b.value.expanded {
		return ": both match " + m[1] + ", and neither is more specific"
	}
	return ": there are paths that both match, and neither is more specific"
}

var (
	methodBefore = regexp.MustCompile(`^([A-Z]+)[ \t]`)
	parsing      = regexp.MustCompile(`(?s)^parsing ".*": (?:at offset \d+: )?(.*)$`)
	expressParam = regexp.MustCompile(`(^|/):([A-Za-z_][A-Za-z0-9_]*)`)
	nextParam    = regexp.MustCompile(`\[(\.\.\.)?([A-Za-z_][A-Za-z0-9_]*)\]`)
)

// patternFault says what is in a pattern that does not belong there, or is written
// as another program writes it; "" if nothing is.
func patternFault(p string) string {
	if methodBefore.MatchString(p) {
		return "names a method; write the path alone: pages are for GET and HEAD, all other methods pass through"
	}
	host, _, slash := strings.Cut(p, "/")
	switch {
	case strings.Contains(p, "://"):
		return "is a URL; write its path alone, and the name of the site under hosts"
	case !slash || host != "" && !strings.Contains(host, ".") && host != "localhost":
		return "does not begin with a slash; write /" + strings.TrimSpace(shorten(p))
	case host != "":
		return "names a host; write the path alone, and the name of the site under hosts"
	case expressParam.MatchString(p):
		return "has a wildcard as other programs write it; write " + expressParam.ReplaceAllString(p, "$1{$2}")
	case nextParam.MatchString(p):
		return "has a wildcard as other programs write it; write " + nextParam.ReplaceAllString(p, "{$2$1}")
	case strings.HasSuffix(p, "/*"), strings.HasSuffix(p, "/**"):
		below := strings.TrimRight(p, "*")
		return "has a \"*\"; write " + below + " for everything below, or " + below + "{name} for one segment"
	case strings.Contains(p, "*"):
		return "has a \"*\"; a wildcard is a whole segment in braces: /posts/{id}"
	case strings.ContainsAny(p, "?#"):
		return "has a query or a fragment; write the path alone, and the parameters that make pages under query"
	}
	literal := wildcard.ReplaceAllString(strings.TrimSuffix(p, "{$}"), "x")
	if strings.ContainsAny(literal, "{}") {
		return "" // the mux says more about it
	}
	return pathFault(literal)
}

// muxReason returns why a mux does not take a pattern, without what only a
// programmer can use.
func muxReason(err error) string {
	reason := err.Error()
	if m := parsing.FindStringSubmatch(reason); m != nil {
		reason = m[1]
	}
	for _, known := range muxReasons {
		if strings.Contains(reason, known.has) {
			return known.write
		}
	}
	return reason
}

// muxReasons says what to write for what a mux says most.
var muxReasons = []struct{ has, write string }{
	{"bad wildcard segment", "a wildcard is a whole segment in braces: /posts/{id}"},
	{"bad wildcard name", "the name of a wildcard has letters, digits and underscores: {post_id}"},
	{"empty wildcard", "a wildcard has a name: {id}"},
	{"wildcard not at end", "the wildcard for all that follows, {name...}, can only be the last segment"},
	{"{$} not at end", "{$} can only be at the end"},
	{"duplicate wildcard name", "each wildcard has a name of its own"},
}

// unreachable says why no request has a path of the pattern, or "".
func unreachable(p, trailingSlash string) string {
	last := p[strings.LastIndexByte(p, '/')+1:]
	switch {
	case trailingSlash == "remove" && last == "{$}" && p != "/{$}":
		return "is never reached: trailingSlash: remove redirects to the path without the slash; write " + strings.TrimSuffix(p, "/{$}")
	case trailingSlash == "add" && last != "" && last != "{$}" && !strings.Contains(last, "."):
		return "is never reached: trailingSlash: add redirects to the path with a slash; write " + p + "/{$}"
	}
	return ""
}

// pathFault says why no page can have a path, or "". The rules are those of the
// site, which answers such requests 400.
func pathFault(p string) string {
	switch {
	case strings.Contains(p, "://"):
		return "is a URL; write its path alone"
	case !strings.HasPrefix(p, "/"):
		return "does not begin with a slash; write /" + shorten(p)
	case strings.ContainsAny(p, "?#"):
		return "has a query or a fragment; write the path alone"
	case strings.ContainsAny(p, "{}"):
		return "has a wildcard; write the path of one page"
	case len(p) > 2<<10:
		return "is longer than 2 KiB"
	case strings.Contains(p, "//"):
		return "has two slashes in a row; write one"
	}
	decoded, err := url.PathUnescape(p)
	if err != nil {
		return "has a broken percent-encoding; write a literal percent sign as %25"
	}
	if strings.ContainsFunc(decoded, unicode.IsControl) {
		return "holds a control character, which no page's path does"
	}
	if strings.Contains(decoded, `\`) || strings.Count(decoded, "/") != strings.Count(p, "/") {
		return "has a backslash or an encoded slash, with which no request is answered; leave it out"
	}
	segments := strings.Split(decoded, "/")
	if len(segments) > 65 {
		return "has more than 64 segments"
	}
	for _, s := range segments {
		if s == "." || s == ".." {
			return "has a segment of dots; write the path that it leads to"
		}
	}
	return ""
}
