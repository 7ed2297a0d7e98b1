package admin

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/reprint-go/reprint"
)

// pattern is one of the names of a scope.
type pattern struct {
	stem string
	open bool // anything may follow the stem
}

// matches reports whether a name is one of the pattern.
func (p pattern) matches(name string) bool {
	if p.open {
		return strings.HasPrefix(name, p.stem)
	}
	return name == p.stem
}

// covers reports whether every name that begins with prefix is one of the
// pattern.
func (p pattern) covers(prefix string) bool { return p.open && strings.HasPrefix(prefix, p.stem) }

func (p pattern) String() string {
	if p.open {
		return p.stem + "*"
	}
	return p.stem
}

func parsePathPattern(s string) (pattern, error) {
	stem, open := strings.CutSuffix(s, "*")
	canonical, err := reprint.CanonicalPath(stem)
	if err != nil {
		return pattern{}, fmt.Errorf("path pattern %q: %w", shorten(s), err)
	}
	if strings.Contains(stem, "*") {
		return pattern{}, fmt.Errorf("path pattern %q: a * can only be its end, like /posts/*", shorten(s))
	}
	return pattern{canonical, open}, nil
}

func parseTagPattern(s string) (pattern, error) {
	stem, open := strings.CutSuffix(s, "*")
	if stem == "" && open {
		return pattern{open: true}, nil
	}
	if err := reprint.ValidTag(stem); err != nil {
		return pattern{}, fmt.Errorf("tag pattern %q: %w", shorten(s), err)
	}
	if strings.Contains(stem, "*") {
		return pattern{}, fmt.Errorf("tag pattern %q: a * can only be its end, like post:*", shorten(s))
	}
	return pattern{stem, open}, nil
}

// may returns nil when the caller may do an action at all.
func (c *caller) may(action string) error {
	if len(c.actions) == 0 || slices.Contains(c.actions, action) {
		return nil
	}
	return c.forbid("may not "+action, "its actions are "+list(c.actions))
}

// limited reports whether the caller may do things to a part of the site only.
func (c *caller) limited() bool { return len(c.paths)+len(c.tags) > 0 }

func (c *caller) forbid(what, fix string) *problem {
	return &problem{
		status: http.StatusForbidden,
		told:   Error{Message: fmt.Sprintf("token %q %s", c.name, what), Fix: fix},
		header: map[string]string{"WWW-Authenticate": `Bearer realm="reprint", error="insufficient_scope"`},
	}
}

// aim returns r with its targets in canonical form, and an error unless the
// caller may name them all.
func (c *caller) aim(r reprint.Revalidation) (reprint.Revalidation, error) {
	given := r
	r.Host = hostName(r.Host)
	errs := []error{c.mayHost(r.Host)}
	if c.limited() {
		r.Paths, r.Prefixes = slices.Clone(r.Paths), slices.Clone(r.Prefixes)
		for i := range r.Paths {
			var err error
			r.Paths[i], err = c.path(r.Paths[i])
			errs = append(errs, err)
		}
		for i := range r.Prefixes {
			var err error
			r.Prefixes[i], err = c.prefix(r.Prefixes[i])
			errs = append(errs, err)
		}
		for _, pattern := range r.Patterns {
			errs = append(errs, c.mayPattern(pattern))
		}
		if r.All {
			errs = append(errs, c.forbid("may not name the whole site", c.limits()))
		}
	}
	for _, tag := range r.Tags {
		errs = append(errs, c.mayTag(tag))
	}
	if err := errors.Join(errs...); err != nil {
		return given, err
	}
	return r, nil
}

// path returns a path with its query in canonical form. The error says that the
// caller may not name it.
func (c *caller) path(path string) (string, error) {
	if !c.limited() {
		return path, nil
	}
	path, query, hasQuery := strings.Cut(path, "?")
	canonical, err := reprint.CanonicalPath(path)
	if err != nil {
		return "", problemOf(err)
	}
	if !slices.ContainsFunc(c.paths, func(p pattern) bool { return p.matches(canonical) }) {
		return "", c.forbid("may not name the path "+shorten(canonical), c.limits())
	}
	if hasQuery {
		canonical += "?" + query
	}
	return canonical, nil
}

// prefix is path for a prefix: all that begins with it must be allowed.
func (c *caller) prefix(prefix string) (string, error) {
	if !c.limited() {
		return prefix, nil
	}
	canonical, err := reprint.CanonicalPath(prefix)
	if err != nil {
		return "", problemOf(err)
	}
	if !slices.ContainsFunc(c.paths, func(p pattern) bool { return p.covers(canonical) }) {
		return "", c.forbid("may not name the prefix "+shorten(canonical), c.limits())
	}
	return canonical, nil
}

// mayPattern returns nil when the caller may name all paths that a route can have.
func (c *caller) mayPattern(route string) error {
	if _, rest, ok := strings.Cut(route, " "); ok {
		route = rest // a method before it
	}
	path := route[max(0, strings.IndexByte(route, '/')):]
	stem, _, wild := strings.Cut(path, "{")
	canonical, err := reprint.CanonicalPath(stem)
	if err == nil && slices.ContainsFunc(c.paths, func(p pattern) bool {
		if wild || strings.HasSuffix(stem, "/") {
			return p.covers(canonical)
		}
		return p.matches(canonical)
	}) {
		return nil
	}
	return c.forbid("may not name the pattern "+shorten(route), c.limits())
}

func (c *caller) mayTag(tag string) error {
	if !c.limited() {
		return nil
	}
	if slices.ContainsFunc(c.tags, func(p pattern) bool { return p.matches(tag) }) {
		return nil
	}
	return c.forbid("may not name the tag "+shorten(tag), c.limits())
}

func (c *caller) mayHost(host string) error {
	switch {
	case c.hosts == nil || slices.Contains(c.hosts, host):
		return nil
	case host == "":
		return c.forbid("may not do that for all hosts", "name the host: it may "+list(c.hosts))
	}
	return c.forbid("may not name the host "+shorten(host), c.limits())
}

// sees reports whether the page of k is one whose path and host the caller may name.
func (c *caller) sees(k reprint.Key) bool {
	if _, err := c.path(k.Path); err != nil {
		return false
	}
	return c.mayHost(k.Host) == nil
}

// limits says what the caller may name.
func (c *caller) limits() string {
	var parts []string
	add := func(what string, names []string) {
		if len(names) > 0 {
			parts = append(parts, what+" "+list(names))
		}
	}
	add("the paths", texts(c.paths))
	add("the tags", texts(c.tags))
	add("the hosts", c.hosts)
	return "it is limited to " + list(parts) + "; use another token, or have its limits changed in the configuration"
}

func texts(patterns []pattern) []string {
	all := make([]string, len(patterns))
	for i, p := range patterns {
		all[i] = p.String()
	}
	return all
}
