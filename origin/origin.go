// Package origin stands for an HTTP origin: a server of any kind that makes the
// pages of a site. Its [Handler] is the handler of a route of [reprint.Site].
//
//	h, err := origin.New(origin.Options{URL: "http://127.0.0.1:3000"})
//	site.Handle("/posts/{id}", h, reprint.Policy{Revalidate: time.Hour})
//
// # A render
//
// The origin is asked with what is in the key of the page and what is configured,
// and nothing else: the path, the kept query, the declared request headers, the
// configured ones, "Accept-Encoding: identity", a User-Agent, X-Forwarded-Host and
// X-Forwarded-Proto. No redirect is followed: it is the page. The answer is
// recorded whole or not at all.
//
// # What passes through
//
// All other requests reach the origin as they are, and its answers reach the
// client as they are, streamed in both directions. What belongs to one connection
// is left out, and headers that only a framework's own server may set are not
// taken from clients; see [Options.ClientHeaders].
//
// # What an origin says of its pages
//
// Beside the caching headers of HTTP, which are the site's to read, an origin may
// send these with a page. No client gets to see them.
//
//	Cache-Tag: post:42, type:post           tags, separated by commas
//	Surrogate-Key: post:42 type:post        tags, separated by spaces
//	xkey: post:42                           as Surrogate-Key
//	Reprint-Revalidate-At: 2030-01-02T15:04:05Z   see [reprint.RevalidateAt]
//
// Each may stand on several lines, and they add up. A byte that a tag cannot hold
// ([reprint.ValidTag]: white space, comma, control character, what is not UTF-8)
// becomes its percent-encoding with capital digits: the tag "summer sale" of a
// Cache-Tag is "summer%20sale" in a revalidation. Tags over a limit fail the render
// with an error that names the tag: without it the page would never change.
//
// Reprint-Revalidate-At is a time of RFC 3339, an HTTP date or a number of Unix
// seconds; of several the earliest counts. One that had passed when the origin was
// asked says nothing of the future and is left out.
package origin

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/reprint-go/reprint"
)

// Handler is an origin. It is safe for concurrent use. The one of [New] does not
// let requests switch to another protocol; see [Handler.WebSocket].
type Handler struct {
	opts   Options
	origin *url.URL    // scheme and host
	names  []authority // under which the origin names itself
	sites  []string    // the names of the site, lower case, without port
	header http.Header // the configured one
	from   clients     // what of a client reaches the origin
	log    *slog.Logger

	transport *http.Transport
	trip      http.RoundTripper // transport, as it was wrapped
	garbage   *seldom           // to log what cannot be read
	websocket bool
}

// New returns the handler of an origin. It reports every fault of opts at once and
// connects to nobody.
func New(opts Options) (*Handler, error) {
	opts = opts.withDefaults()
	u, err := parseURL(opts.URL)
	if err := errors.Join(err, opts.validate()); err != nil {
		return nil, fmt.Errorf("origin: %w", err)
	}
	h := &Handler{
		opts:    opts,
		origin:  u,
		names:   ownNames(u, opts.Host),
		sites:   hostNames(opts.SiteHosts),
		header:  configured(opts.Headers),
		from:    clients{allowed: patterns(opts.ClientHeaders), trusted: opts.TrustedProxies},
		log:     opts.Log,
		garbage: &seldom{every: time.Minute},
	}
	h.transport = newTransport(opts, u)
	h.trip = lending{h.transport}
	if opts.RoundTripper != nil {
		if h.trip = opts.RoundTripper(h.trip); h.trip == nil {
			return nil, errors.New("origin: RoundTripper returned nil; return what it was given to change nothing")
		}
	}
	return h, nil
}

// ServeHTTP renders a page when it is called inside a render of a site
// ([reprint.InRender]), and passes the request through otherwise.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if reprint.InRender(r.Context()) {
		h.render(w, r)
		return
	}
	h.pass(w, r)
}

// WebSocket returns the same origin, with its connections, for routes on which a
// client may switch to the WebSocket protocol (RFC 6455). No other protocol can be
// switched to.
func (h *Handler) WebSocket() http.Handler {
	view := *h
	view.websocket = true
	return &view
}

// Close closes the connections to the origin that are idle. Those in use go on to
// their end; the handler stays usable.
func (h *Handler) Close() { h.transport.CloseIdleConnections() }
