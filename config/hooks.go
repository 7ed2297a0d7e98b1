package config

import (
	"net/url"
	"slices"
	"strings"
)

// hooks builds the hooks of a site, whose routes have these patterns.
func (c *checker) hooks(site reader, patterns *patterns) []Hook {
	var all []Hook
	at := make(map[string]Pos)
	for _, r := range site.mappings("hooks") {
		h := Hook{
			Path: r.text("path"), Secrets: c.secrets(r), Param: r.text("param"),
			Missing: r.text("missing"), Paths: r.texts("paths"), Name: r.text("name"),
		}
		if v := r.given("path"); v != nil {
			h.Pos = v.at
			c.hookPath(v, at, patterns)
		}
		if v := r.given("param"); v != nil {
			c.param(v)
		}
		c.hookPages(r, h.Param, patterns)
		all = append(all, h)
	}
	return all
}

// hookPath checks the path that is called. A hook is answered before any route,
// so a route for that path alone would never be reached.
func (c *checker) hookPath(v *value, at map[string]Pos, patterns *patterns) {
	if fault := pathFault(v.text); fault != "" {
		c.refuse(v, fault)
		return
	}
	decoded, _ := url.PathUnescape(v.text) // pathFault has looked at it
	if before, twice := at[decoded]; twice {
		c.add(v.at, v.path, "%s is also the path of the hook in line %d; give each a path of its own", v.show(), before.Line)
		return
	}
	at[decoded] = v.at
	for _, p := range patterns.all {
		literal, err := url.PathUnescape(strings.TrimSuffix(p.text, "{$}"))
		subtree := strings.HasSuffix(p.text, "/")
		if err == nil && literal == decoded && !subtree {
			c.add(v.at, v.path, "%s is also the path of the route in line %d, which would never be reached: hooks go first; change one of them", v.show(), p.value.at.Line)
		}
	}
}

// param checks the query parameter that says what changed.
func (c *checker) param(v *value) {
	switch {
	case v.text == "secret":
		c.add(v.at, v.path, "%s is the parameter that holds the secret; write another name, such as id", v.show())
	case !isParameter(v.text) || strings.ContainsAny(v.text, "{}/"):
		c.add(v.at, v.path, "%s cannot be the name of a parameter; write one like id", v.show())
	}
}

// hookPages checks the pages that a call revalidates.
func (c *checker) hookPages(r reader, param string, patterns *patterns) {
	c.unique(r, "paths", asIs)
	place := "{" + param + "}"
	shown := place
	if v := r.given("param"); v != nil && v.expanded {
		shown = "{...}"
	}
	list := r.list("paths")
	named := false
	for _, v := range list {
		segments := strings.Split(v.text, "/")
		named = named || slices.Contains(segments, place)
		if fault := templateFault(segments, place, shown); fault != "" {
			c.refuse(v, fault)
			continue
		}
		// Any value will do that is no path of another route by chance.
		sample := strings.ReplaceAll(v.text, place, "reprint-sample")
		if fault := pathFault(sample); fault != "" {
			c.refuse(v, fault)
			continue
		}
		if p := patterns.match(sample); p != nil && p.bypass {
			c.add(v.at, v.path, "%s is under the route %s, of which nothing is stored; remove bypass there, or the path here", v.show(), p.show())
		}
	}
	if v := r.given("paths"); v != nil && !named && len(list) == len(v.items) {
		c.add(v.at, v.path, "no path has the segment %s: a call could not say what changed; write one like /posts/%s", shown, shown)
	}
}

// templateFault says what is wrong with the braces of a path whose parameter is
// still to be filled in, and with its beginning, or "". shown is the place of the
// parameter as a message may name it.
func templateFault(segments []string, place, shown string) string {
	if segments[0] != "" {
		return "does not begin with a slash; write /" + shorten(strings.Join(segments, "/"))
	}
	for _, s := range segments {
		if s != place && strings.ContainsAny(s, "{}") {
			return "has braces around something else; a whole segment can be " + shown + ", which stands for what the call says"
		}
	}
	return ""
}
