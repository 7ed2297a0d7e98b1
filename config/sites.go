package config

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/text/language"

	"github.com/reprint-go/reprint"
)

// sites builds the sites that are listed, or the one whose keys are at the top.
func (c *checker) sites(top reader) []Site {
	if !top.has("sites") {
		if !top.has("origin") {
			c.add(top.in.at, "", "%q is missing; write %s", "origin", find(siteKeys, "origin").sample())
		}
		return []Site{c.site(reader{siteKeys, top.in, top.in})}
	}
	for i := range siteKeys {
		if name := siteKeys[i].name; top.has(name) {
			c.add(top.in.values[name].keyAt, name, "stands at the top and so do several sites; move it into the site in \"sites\" that it is for")
		}
	}
	var all []Site
	readers := top.mappings("sites")
	owner := make(map[string]int)
	for i, r := range readers {
		site := c.site(r)
		if len(readers) > 1 && !r.has("hosts") {
			c.add(r.in.at, strings.TrimSuffix(r.in.path, "."), "\"hosts\" is missing; with several sites each lists its names: hosts: [example.org]")
		}
		for _, v := range r.list("hosts") {
			name := canonicalHost(v.text)
			if first, taken := owner[name]; taken && first != i {
				c.add(v.at, v.path, "%s is also a name of sites[%d]; a name belongs to one site", v.show(), first)
			} else {
				owner[name] = i
			}
		}
		all = append(all, site)
	}
	return all
}

func (c *checker) site(r reader) Site {
	s := Site{
		Hosts:         c.hostNames(r, "hosts"),
		Origin:        c.origin(r.mapping("origin")),
		TrailingSlash: r.text("trailingSlash"),
		Drop:          withDefault(c.patterns(r, "dropQuery", isParameter, false), defaultDrop),
		SessionCookie: withDefault(c.patterns(r, "sessionCookies", httpguts.ValidHeaderFieldName, true), defaultSession),
	}
	c.languages(r)
	routes, patterns := c.routes(r, &s)
	s.Routes = routes
	s.Hooks = c.hooks(r, patterns)
	return s
}

// languages checks the names of languages.
func (c *checker) languages(r reader) {
	c.unique(r, "languages", strings.ToLower)
	for _, v := range r.list("languages") {
		c.language(v)
	}
}

func (c *checker) language(v *value) {
	if _, err := language.Parse(v.text); err != nil || strings.ContainsAny(v.text, "_*") {
		c.add(v.at, v.path, "%s is not a language; write its BCP 47 tag, such as en, de-CH or zh-Hant", v.show())
	}
}

// unique reports texts that are in a list twice; fold makes alike what is the same.
func (c *checker) unique(r reader, name string, fold func(string) string) {
	c.uniqueValues(r.list(name), fold)
}

func (c *checker) uniqueValues(list []*value, fold func(string) string) {
	seen := make(map[string]bool)
	for _, v := range list {
		text := fold(v.text)
		if seen[text] {
			c.add(v.at, v.path, "%s is listed twice; leave it out here", v.show())
		}
		seen[text] = true
	}
}

func asIs(s string) string { return s }

// patterns checks names of which each may end in "*", or begin with it too if
// both is true.
func (c *checker) patterns(r reader, name string, valid func(string) bool, both bool) []string {
	c.unique(r, name, asIs)
	where := "at its end"
	if both {
		where = "at its beginning or end"
	}
	for _, v := range r.list(name) {
		bare := strings.TrimSuffix(v.text, "*")
		if bare == v.text && both {
			bare = strings.TrimPrefix(v.text, "*")
		}
		switch {
		case bare == "":
			c.add(v.at, v.path, "%s is every name there is; list those that are meant", v.show())
		case strings.Contains(bare, "*"):
			c.add(v.at, v.path, "%s has a \"*\" in the wrong place; it can stand once, %s", v.show(), where)
		case !valid(bare):
			c.add(v.at, v.path, "%s cannot be a name; write it without spaces and punctuation", v.show())
		}
	}
	return r.texts(name)
}

// isParameter reports whether s can be the name of a query parameter as it is
// written in a file: decoded, and nothing that was meant as more than a name.
func isParameter(s string) bool { return !strings.ContainsAny(s, "&=?#; ") }

// hostNames checks names of hosts and returns them as they are compared.
func (c *checker) hostNames(r reader, name string) []string {
	c.unique(r, name, canonicalHost)
	var all []string
	for _, v := range r.list(name) {
		if fault := hostFault(v.text); fault != "" {
			c.refuse(v, fault)
			continue
		}
		all = append(all, canonicalHost(v.text))
	}
	return all
}

func canonicalHost(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }

// hostFault says why a text is not the bare name of a host, or "".
func hostFault(name string) string {
	const like = "; write a bare name like example.org"
	switch {
	case strings.Contains(name, "://"):
		return "is a URL" + like
	case strings.Contains(name, "*"):
		return "has a \"*\"; list each name of the site, such as example.org"
	case strings.ContainsAny(name, "/?#@\\ "):
		return "is not a host name" + like
	case strings.Contains(name, ":") && net.ParseIP(name) == nil:
		return "has a port" + like
	case strings.Contains(name, ":"):
		return "is an IPv6 address" + like
	}
	for _, c := range name {
		if c > 0x7f {
			return "has letters beyond ASCII; write it in its xn-- form, as browsers send it"
		}
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if label == "" || len(label) > 63 || !isLabel(label) {
			return "is not a host name" + like
		}
	}
	if len(name) > 253 {
		return "is longer than a host name can be" + like
	}
	return ""
}

func isLabel(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == "" && s[0] != '-' && s[len(s)-1] != '-'
}

func (c *checker) origin(r reader) Origin {
	o := Origin{
		URL:              c.originURL(r),
		Host:             r.text("host"),
		Proto:            r.text("proto"),
		Timeout:          r.duration("timeout"),
		HeaderTimeout:    r.duration("headerTimeout"),
		Framework:        r.text("framework"),
		Conditional:      r.flag("conditional"),
		MaxConnections:   int(r.count("maxConnections")),
		ClientHeaders:    c.patterns(r, "clientHeaders", httpguts.ValidHeaderFieldName, false),
		AllowInsecure:    r.flag("allowInsecure"),
		AllowUndelimited: r.flag("allowUndelimited"),
	}
	if v := r.given("headers"); v != nil {
		o.Headers = v.headers
	}
	if v := r.given("host"); v != nil {
		name, port, err := net.SplitHostPort(v.text)
		if err != nil {
			name, port = v.text, "0"
		}
		if fault := hostFault(name); fault != "" && net.ParseIP(strings.Trim(name, "[]")) == nil || strings.Trim(port, "0123456789") != "" || port == "" {
			c.add(v.at, v.path, "%s is not a host, with a port or without; write one like www.example.org", v.show())
		}
	}
	if v := r.given("allowInsecure"); v != nil && v.flag && strings.HasPrefix(o.URL, "http:") {
		c.add(v.at, v.path, "has no effect on an origin over plain HTTP; leave it out")
	}
	return o
}

// originURL returns scheme and authority.
func (c *checker) originURL(r reader) string {
	v := r.given("url")
	if v == nil {
		return ""
	}
	u, fault := parseOrigin(v.text)
	if fault != "" {
		c.hide(v)
		c.refuse(v, fault)
		return ""
	}
	return u
}

func parseOrigin(text string) (origin, fault string) {
	const like = "; write scheme, host and port: http://127.0.0.1:3000"
	u, err := url.Parse(text)
	switch {
	case !strings.Contains(text, "://") && err == nil && u.Path == text && strings.HasPrefix(text, "/"):
		return "", "is a path" + like
	case !strings.Contains(text, "://"):
		return "", "has no scheme" + like
	case err != nil:
		return "", "is not a URL" + like
	case u.Scheme != "http" && u.Scheme != "https":
		return "", "has a scheme that is not spoken; write http or https: http://127.0.0.1:3000"
	case u.User != nil:
		return "", "holds a user name or password; send it as a header: origin.headers: {Authorization: \"Basic ${...}\"}"
	case u.Hostname() == "":
		return "", "has no host" + like
	case u.Path != "" && u.Path != "/":
		return "", "has a path: the origin is asked for the paths of the site; leave the path out"
	case u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return "", "has a query or a fragment" + like
	case !validAuthority(u):
		return "", "has a host or port that cannot be" + like
	}
	return u.Scheme + "://" + u.Host, ""
}

func validAuthority(u *url.URL) bool {
	if _, err := netip.ParseAddr(u.Hostname()); err != nil && hostFault(u.Hostname()) != "" {
		return false
	}
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && n > 0
}

// tagFault says why a text cannot be a tag, or "".
func tagFault(tag string) string {
	if reprint.ValidTag(tag) == nil {
		return ""
	}
	return "cannot be a tag; write up to 256 bytes without spaces, commas and control characters, such as post:42"
}
