package origin

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	dialTimeout = 5 * time.Second

	// idleTimeout is below the five seconds after which Node.js and uvicorn close
	// an idle connection. A request that meets the closing is lost; one that may
	// not be sent twice cannot be tried again.
	idleTimeout = 4 * time.Second

	// maxHeader is the largest header of an answer, with the informational ones
	// before it.
	maxHeader = 1 << 20

	// expectTimeout is how long a client that expects a 100 is kept waiting when
	// the origin does not send one.
	expectTimeout = time.Second

	// maxIdle is how many idle connections are kept when their number has no limit.
	maxIdle = 128
)

// newTransport returns the connections to an origin. It speaks HTTP/1.1 alone: one
// request to a connection makes limits and ends easy to reason about.
func newTransport(o Options, u *url.URL) *http.Transport {
	only := new(http.Protocols)
	only.SetHTTP1(true)
	t := &http.Transport{
		Proxy:                  nil, // not even that of the environment
		DialContext:            dialer(u.Scheme == "https"),
		Protocols:              only,
		DisableCompression:     true,
		MaxConnsPerHost:        o.MaxConnections,
		MaxIdleConnsPerHost:    maxIdle,
		IdleConnTimeout:        idleTimeout,
		TLSHandshakeTimeout:    dialTimeout,
		ResponseHeaderTimeout:  o.HeaderTimeout,
		ExpectContinueTimeout:  expectTimeout,
		MaxResponseHeaderBytes: maxHeader,
		TLSClientConfig: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			InsecureSkipVerify: o.Insecure, //nolint:gosec // as configured, by a name that says what it is
		},
	}
	if o.MaxConnections > 0 {
		t.MaxIdleConnsPerHost = o.MaxConnections
	}
	if name := hostName(o.Host); net.ParseIP(u.Hostname()) != nil && name != "" && net.ParseIP(name) == nil {
		t.TLSClientConfig.ServerName = name
	}
	return t
}
