package origin

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// Options configures a [Handler]. Only URL is required.
type Options struct {
	// URL is where the origin listens: scheme, host and port, such as
	// "http://127.0.0.1:3000". It has no path, no query and no user. Over https its
	// certificate is checked against the host, or against Host if the URL has an IP
	// address and Host is a name.
	URL string

	// Host is the Host that the origin is asked for, with a port if it needs one.
	// Empty: that of the request, which in a render is the site's.
	Host string

	// SiteHosts are the names of the site, without port. They say which entries of
	// a sitemap are the site's, and which X-Forwarded-Host of a trusted proxy is
	// believed; a request with another is answered 421. Empty: any name.
	SiteHosts []string

	// Proto is what clients speak with the site, "https" or "http". Empty: "http",
	// and "https" for what passes through from a TLS connection.
	Proto string

	// Headers are added to every request as name and value; they replace what is
	// there under that name. A name may come several times. A Cookie that passes
	// through keeps what the client sent and gets the configured one behind it.
	Headers [][2]string

	// Timeout is the longest that the origin may take for a render, from the
	// connection to the last byte. Zero: 30 s. The site's own deadline counts too.
	// What passes through may take as long as it goes on.
	Timeout time.Duration

	// HeaderTimeout is how long a connection is waited for, and again how long the
	// header of the answer once the request is sent. Zero: 60 s.
	HeaderTimeout time.Duration

	// MaxBody is the largest body in bytes that a render takes. Zero: 16 MiB. What
	// passes through has no limit.
	MaxBody int64

	// MaxConnections is how many connections to the origin there may be at once,
	// those of streams and WebSockets included. Zero: no limit.
	MaxConnections int

	// AllowUndelimited lets a render take a body that ends with its connection and
	// has neither a length nor chunks. Nobody can tell whether such a body is whole.
	AllowUndelimited bool

	// Insecure takes any certificate of an https origin.
	Insecure bool

	// ClientHeaders names request headers of clients that may reach the origin
	// although they are those of a framework's own server or override the method or
	// path: "rsc", "next-router-*". A name may end in "*". Renders have no client.
	ClientHeaders []string

	// TrustedProxies are the networks of the peers whose X-Forwarded-For,
	// X-Forwarded-Host and X-Forwarded-Proto are believed. Empty: nobody's are.
	TrustedProxies []netip.Prefix

	// RoundTripper, if not nil, wraps the transport, to trace requests for
	// instance. It is called once.
	RoundTripper func(http.RoundTripper) http.RoundTripper

	// Log receives why the origin could not be had, with its address, which
	// visitors are not told. Nil: slog.Default().
	Log *slog.Logger
}

// Defaults of Options.
const (
	defaultTimeout       = 30 * time.Second
	defaultHeaderTimeout = 60 * time.Second
	defaultMaxBody       = 16 << 20
)

func (o Options) withDefaults() Options {
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.HeaderTimeout == 0 {
		o.HeaderTimeout = defaultHeaderTimeout
	}
	if o.MaxBody == 0 {
		o.MaxBody = defaultMaxBody
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	o.Headers, o.SiteHosts = slices.Clone(o.Headers), slices.Clone(o.SiteHosts)
	o.ClientHeaders, o.TrustedProxies = slices.Clone(o.ClientHeaders), slices.Clone(o.TrustedProxies)
	return o
}

// parseURL returns the scheme and host of an origin's URL.
func parseURL(raw string) (*url.URL, error) {
	const like = `; write scheme, host and port, like "http://127.0.0.1:3000"`
	if raw == "" {
		return nil, errors.New("URL is empty" + like)
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil && strings.Contains(raw, "@"):
		return nil, errors.New("URL cannot be parsed" + like) // it may hold a password
	case err != nil, u.Scheme != "http" && u.Scheme != "https" && !strings.Contains(raw, "://"):
		return nil, fmt.Errorf("URL %q is none"+like, raw)
	}
	var errs []error
	fault := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("URL %s "+format, append([]any{u.Redacted()}, args...)...))
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		fault("has the scheme %q; only http and https are spoken", u.Scheme)
	}
	if u.Hostname() == "" {
		fault("has no host" + like)
	}
	if u.User != nil {
		fault("holds a user; send it as a header: Authorization: Basic ...")
	}
	if u.Path != "" && u.Path != "/" {
		fault("has the path %s; an origin is asked for the site's own paths, put a prefix into its own configuration", u.Path)
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		fault("has a query or a fragment" + like)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, errors.Join(errs...)
}

// validate reports every fault but those of URL.
func (o Options) validate() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, d := range []struct {
		name  string
		value int64
	}{
		{"Timeout", int64(o.Timeout)}, {"HeaderTimeout", int64(o.HeaderTimeout)},
		{"MaxBody", o.MaxBody}, {"MaxConnections", int64(o.MaxConnections)},
	} {
		if d.value < 0 {
			fault("%s is negative; zero means the default", d.name)
		}
	}
	if o.Proto != "" && o.Proto != "http" && o.Proto != "https" {
		fault(`Proto is %q, which is none of "http" and "https"`, o.Proto)
	}
	if o.Host != "" && !validHost(o.Host) {
		fault(`Host %q is not a host, with a port or without, like "www.example.org"`, o.Host)
	}
	for _, name := range o.SiteHosts {
		if !validHost(name) || strings.Contains(name, ":") && net.ParseIP(name) == nil {
			fault(`SiteHosts: %q is not a name without port, like "www.example.org"`, name)
		}
	}
	errs = append(errs, validateHeaders(o.Headers), validatePatterns(o.ClientHeaders))
	for _, p := range o.TrustedProxies {
		if !p.IsValid() {
			fault("TrustedProxies holds a network that is not valid")
		}
	}
	return errors.Join(errs...)
}

// validHost reports whether s can be sent as a Host and means nothing else.
func validHost(s string) bool {
	return httpguts.ValidHostHeader(s) && !strings.ContainsAny(s, "/?#@\\, \t")
}

// validateHeaders reports every configured header that cannot be sent, or that is
// not the configuration's to say.
func validateHeaders(headers [][2]string) error {
	var errs []error
	for _, pair := range headers {
		name, value := pair[0], pair[1]
		canonical := http.CanonicalHeaderKey(name)
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			errs = append(errs, fmt.Errorf("Headers: %q is not a header name", name))
		case !httpguts.ValidHeaderFieldValue(value):
			// The value may be a secret.
			errs = append(errs, fmt.Errorf("Headers: the value of %s holds a line break or another control character", name))
		case canonical == "Host":
			errs = append(errs, errors.New("Headers: Host is not a header here; use the option Host"))
		case canonical == "Accept-Encoding":
			errs = append(errs, errors.New("Headers: Accept-Encoding is always identity in a render and the client's own otherwise; leave it out"))
		case slices.Contains(perMessage, canonical), strings.HasPrefix(canonical, "If-"):
			errs = append(errs, fmt.Errorf("Headers: %s belongs to one message and cannot be sent with all; leave it out", name))
		}
	}
	return errors.Join(errs...)
}

// perMessage are the request headers that are of one connection, one body or one
// client's copy.
var perMessage = []string{
	"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings",
	"Content-Length", "Content-Range", "Content-Encoding", "Content-Type", "Expect", "Range",
}

// configured returns the headers to send.
func configured(headers [][2]string) http.Header {
	h := make(http.Header)
	for _, pair := range headers {
		h.Add(pair[0], pair[1])
	}
	return h
}

// hostNames returns names as they are compared.
func hostNames(names []string) []string {
	lower := make([]string, len(names))
	for i, n := range names {
		lower[i] = hostName(n)
	}
	return lower
}

// hostName returns a host without its port, as it is compared.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
}
