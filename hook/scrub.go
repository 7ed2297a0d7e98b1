package hook

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/reprint-go/reprint/internal/secret"
)

const redacted = "[redacted]"

// Scrub returns the request target of u, path and query, with the value of every
// parameter that may hold a secret replaced by [redacted]: those with "secret" or
// "token" in their name, and those whose name cannot be read. Use it wherever the
// targets of requests are written down: access logs, traces, error reports.
//
// The handler of [New] also takes the secret out of the request that it is
// given, out of its URL, RequestURI and Authorization, before it does anything
// else. That covers middleware around it that logs on the way out; what logs on
// the way in, or keeps a copy of the request, needs Scrub.
func Scrub(u *url.URL) string {
	c := *u
	c.RawQuery = scrubQuery(c.RawQuery)
	return c.RequestURI()
}

// hide takes the secret out of r wherever a caller may have put it.
func hide(r *http.Request) {
	r.URL.RawQuery = scrubQuery(r.URL.RawQuery)
	if path, query, ok := strings.Cut(r.RequestURI, "?"); ok {
		r.RequestURI = path + "?" + scrubQuery(query)
	}
	if _, ok := secret.Bearer(r.Header); ok {
		r.Header.Set("Authorization", "Bearer "+redacted)
	}
}

func scrubQuery(raw string) string {
	pairs := strings.Split(raw, "&")
	for i, pair := range pairs {
		pairs[i] = scrubPair(pair)
	}
	return strings.Join(pairs, "&")
}

// scrubPair replaces the value of a name=value pair of a raw query. net/http
// takes no semicolon for a separator and other parsers do, so a name may begin
// after one; what follows it in the pair is redacted whole, since a semicolon
// may as well be part of the secret.
func scrubPair(pair string) string {
	begin := 0
	for part := range strings.SplitSeq(pair, ";") {
		name, _, ok := strings.Cut(part, "=")
		if ok && mayNameSecret(name) {
			return pair[:begin+len(name)] + "=" + redacted
		}
		begin += len(part) + len(";")
	}
	return pair
}

func mayNameSecret(name string) bool {
	decoded, err := url.QueryUnescape(name)
	decoded = strings.ToLower(decoded)
	return err != nil || strings.Contains(decoded, secretParam) || strings.Contains(decoded, "token")
}
