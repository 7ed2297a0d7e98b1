package origin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const userAgent = "reprint"

// unfinished takes the place of a length that cannot be known: the site compares
// it with what was written, finds that the answer is not whole, and says so.
const unfinished = "unknown, the last chunk is missing"

// render answers for a render of the site.
func (h *Handler) render(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeoutCause(r.Context(), h.opts.Timeout, errTimeout)
	defer cancel()
	start := time.Now()
	header := make(http.Header)
	for name, values := range r.Header {
		if canonical := http.CanonicalHeaderKey(name); canonical != "Cookie" && canonical != "Authorization" && !slices.Contains(perMessage, canonical) {
			header[canonical] = values
		}
	}
	res, err := h.ask(ctx, r.URL, r.Host, header)
	if err != nil {
		h.fail(ctx, w, r.URL.Path, err)
		return
	}
	defer res.Body.Close()
	body := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(body)
	body.Reset()
	declared, err := h.read(ctx, res, body)
	if err != nil {
		h.fail(ctx, w, r.URL.Path, err)
		return
	}
	h.hear(r.Context(), r.URL.Path, res.Header, time.Since(start))
	dropHops(res.Header)
	h.relocate(res.Header, h.proto(), r.Host)
	maps.Copy(w.Header(), res.Header)
	if res.StatusCode != http.StatusNotModified && res.StatusCode != http.StatusNoContent {
		w.Header().Set("Content-Length", declared)
	}
	w.WriteHeader(res.StatusCode)
	if body.Len() > 0 {
		_, _ = w.Write(body.Bytes()) // the site knows what it did not take
	}
}

// bodies keeps buffers for the bodies of renders, which the site copies.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// ask sends a GET of u's path and query to the origin, with the given header and
// what is sent with every request that no client made.
func (h *Handler) ask(ctx context.Context, u *url.URL, host string, header http.Header) (*http.Response, error) {
	if h.opts.Host == "" || len(h.opts.SiteHosts) > 0 {
		header.Set("X-Forwarded-Host", host) // else the site has no name that was agreed on
	}
	header.Set("X-Forwarded-Proto", h.proto())
	if _, ok := header["User-Agent"]; !ok {
		header.Set("User-Agent", userAgent)
	}
	for name, values := range h.header {
		header[name] = slices.Clip(values)
	}
	header.Set("Accept-Encoding", "identity")
	if h.opts.Host != "" {
		host = h.opts.Host
	}
	out := &http.Request{
		Method: http.MethodGet, URL: h.at(u), Host: host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	res, err := h.trip.RoundTrip(out.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	if res.StatusCode < 200 || res.StatusCode > 599 {
		_ = res.Body.Close() // nothing of it is wanted
		return nil, badGateway("the origin answered with the status %d", res.StatusCode)
	}
	return res, nil
}

// at returns the URL at the origin of u's path and query.
func (h *Handler) at(u *url.URL) *url.URL {
	return &url.URL{
		Scheme: h.origin.Scheme, Host: h.origin.Host,
		Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery, ForceQuery: u.ForceQuery,
	}
}

// proto is what clients speak with the site.
func (h *Handler) proto() string {
	if h.opts.Proto == "" {
		return "http"
	}
	return h.opts.Proto
}

// read reads the body of a page and returns the length to declare: the one that it
// has when it is whole, and another one when it is cut. All other errors are
// returned.
func (h *Handler) read(ctx context.Context, res *http.Response, body *bytes.Buffer) (declared string, err error) {
	undelimited := res.ContentLength < 0 && !slices.Contains(res.TransferEncoding, "chunked")
	switch limit := h.opts.MaxBody; {
	case res.ContentLength > limit:
		return "", badGateway("the origin's answer has %d bytes, more than the %d that a page may have", res.ContentLength, limit)
	case undelimited && !h.opts.AllowUndelimited:
		return "", badGateway("the origin's answer has neither a length nor chunks: it cannot be known to be whole")
	case res.ContentLength > 0:
		body.Grow(int(res.ContentLength) + bytes.MinRead)
	}
	_, err = body.ReadFrom(io.LimitReader(res.Body, h.opts.MaxBody+1))
	switch {
	case int64(body.Len()) > h.opts.MaxBody:
		return "", badGateway("the origin's answer has more than the %d bytes that a page may have", h.opts.MaxBody)
	case err == nil:
		return strconv.Itoa(body.Len()), nil
	case ctx.Err() != nil, failed(err).status == http.StatusGatewayTimeout:
		return "", err
	}
	h.log.WarnContext(ctx, "origin: the answer broke off", "path", res.Request.URL.Path, "bytes", body.Len(), "err", err)
	if res.ContentLength >= 0 {
		return strconv.FormatInt(res.ContentLength, 10), nil
	}
	return unfinished, nil
}

// fail answers a render that has no page. Of one that the site has given up,
// nobody wants to know.
func (h *Handler) fail(ctx context.Context, w http.ResponseWriter, path string, err error) {
	if over := ctx.Err(); over != nil {
		err = fmt.Errorf("%w: %w", over, context.Cause(ctx))
	}
	f := failed(err)
	if !errors.Is(err, context.Canceled) {
		h.log.ErrorContext(ctx, "origin: no page", "origin", h.origin.String(), "path", path, "status", f.status, "err", f.Error())
	}
	f.write(w)
}

// hops are the headers of an answer that are about one connection (RFC 9110,
// section 7.6.1) or about how the body is framed, which is said anew.
var hops = []string{
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	"Content-Length",
}

// dropHops removes them, and what Connection lists.
func dropHops(h http.Header) {
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range hops {
		h.Del(name)
	}
}
