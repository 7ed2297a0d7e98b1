package origin

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// clients says what of a client's header reaches the origin.
type clients struct {
	allowed []string       // patterns of names that may although they are in internal
	trusted []netip.Prefix // peers whose forwarding headers are believed
}

// internal are patterns of request headers that mean something between the parts
// of a framework, or between a cache and its origin. From a client they make an
// origin answer with something else than the page that was asked for: another
// path, another method, half of a page, without its access checks.
var internal = []string{
	// Next.js
	"x-middleware-*", "x-prerender-revalidate*", "x-now-route-matches", "x-matched-path", "x-invoke-*",
	"x-nextjs-*", "x-next-*", "next-resume", "next-router-*", "next-url", "next-action", "next-hmr-*", "rsc",
	// others
	"x-react-router-*", "x-astro-*",
	// path and method
	"x-original-url", "x-rewrite-url", "x-original-uri", "x-http-method-override", "x-http-method", "x-method-override",
	// what programs that get headers as variables (CGI) take for their HTTP_PROXY
	"proxy",
	// between a cache and its origin
	"surrogate-*", "cache-tag", "xkey", "reprint-*", "x-reprint-*", "http2-settings",
}

// forwarding are patterns of request headers with which a proxy says where a
// request came from. Anybody else who sends them lies.
var forwarding = []string{
	"forwarded", "x-forwarded-*", "x-forwarded", "x-real-ip", "x-client-ip", "x-cluster-client-ip",
	"x-host", "x-original-host", "x-http-host-override", "x-original-forwarded-for",
}

// scrub removes from a client's header what must not reach the origin.
func (c clients) scrub(h http.Header) {
	for name := range h {
		plain := plainName(name)
		switch {
		case matches(forwarding, plain), matches(internal, plain) && !matches(c.allowed, plain):
			delete(h, name)
		}
	}
}

// trusts reports whether a peer is a proxy whose forwarding headers are believed.
func (c clients) trusts(peer netip.Addr) bool {
	return slices.ContainsFunc(c.trusted, func(p netip.Prefix) bool { return p.Contains(peer) })
}

// plainName is a name as it is compared. Servers that hand headers to programs as
// variables, as CGI does, take an underscore for a hyphen.
func plainName(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "_", "-")
}

// patterns returns patterns as they are compared with names.
func patterns(given []string) []string {
	plain := make([]string, len(given))
	for i, p := range given {
		plain[i] = plainName(p)
	}
	return plain
}

// matches reports whether one of the patterns, which may end in "*", is that of a
// name.
func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		prefix, open := strings.CutSuffix(p, "*")
		return p == name || open && strings.HasPrefix(name, prefix)
	})
}

// validatePatterns reports every pattern of client headers that cannot be one.
func validatePatterns(given []string) error {
	var errs []error
	for _, p := range given {
		name, _ := strings.CutSuffix(p, "*")
		plain := plainName(name)
		switch {
		case p == "*":
			errs = append(errs, errors.New(`ClientHeaders: "*" alone would let every client steer the origin; name the headers`))
		case strings.Contains(name, "*"), !httpguts.ValidHeaderFieldName(name):
			errs = append(errs, fmt.Errorf(`ClientHeaders: %q is not a header name; only its end may be "*"`, p))
		case matches(forwarding, plain), strings.HasPrefix("x-forwarded-", plain):
			errs = append(errs, fmt.Errorf("ClientHeaders: %q is believed from proxies only; list them as TrustedProxies", p))
		}
	}
	return errors.Join(errs...)
}
