package origin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"
	"time"
)

// methods are the ones that reach an origin.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// pass hands a request to the origin and its answer to the client.
func (h *Handler) pass(w http.ResponseWriter, r *http.Request) {
	from := h.forwardedOf(r)
	switch {
	case !slices.Contains(methods, r.Method):
		w.Header().Set("Allow", strings.Join(methods, ", "))
		refuse(w, http.StatusMethodNotAllowed, "")
		return
	case r.URL.Opaque != "", r.URL.Path != "" && r.URL.Path[0] != '/':
		refuse(w, http.StatusBadRequest, "the target is not a path")
		return
	case len(r.Header["Upgrade"]) > 0 && r.URL.Host != "":
		refuse(w, http.StatusBadRequest, "an upgrade is asked for with a path, not with a whole URL")
		return
	case h.foreign(from, r):
		refuse(w, http.StatusMisdirectedRequest, "this site does not answer for that host")
		return
	}
	newPassage(h, w, r, from).serve(r)
}

// refuse answers a request that does not reach the origin.
func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Cache-Control", "no-store")
	text := fmt.Sprintf("%d %s", status, http.StatusText(status))
	if why != "" {
		text += ": " + why
	}
	http.Error(w, text, status)
}

// passage is one request on its way through.
type passage struct {
	h       *Handler
	w       *passWriter
	client  context.Context // ends when the client has left
	cancel  context.CancelCauseFunc
	host    string // that the client asked for
	from    forwarded
	upgrade bool  // the client may switch the protocol
	body    *body // of the request; nil: there is none
}

func newPassage(h *Handler, w http.ResponseWriter, r *http.Request, from forwarded) *passage {
	p := &passage{h: h, client: r.Context(), host: r.Host, from: from}
	p.upgrade = h.websocket && r.Method == http.MethodGet && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
	p.w = newPassWriter(w, r, func() { p.cancel(errHints) })
	return p
}

func (p *passage) serve(r *http.Request) {
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	p.cancel = cancel
	// When there is a limit on connections, their turn may not come.
	waiting := time.AfterFunc(p.h.opts.HeaderTimeout, func() { cancel(errNoConnection) })
	defer waiting.Stop()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { waiting.Stop() }})
	proxy := httputil.ReverseProxy{
		Rewrite:        p.rewrite,
		Transport:      p.h.trip,
		FlushInterval:  -1,
		BufferPool:     buffers,
		ModifyResponse: p.modify,
		ErrorHandler:   p.fail,
		ErrorLog:       slog.NewLogLogger(p.h.log.Handler(), slog.LevelWarn),
	}
	if r.ProtoMajor == 1 && r.Body != nil && r.Body != http.NoBody {
		// An origin may answer before it has read all, and a client may wait for that.
		_ = http.NewResponseController(p.w).EnableFullDuplex()
	}
	proxy.ServeHTTP(p.w, r.WithContext(ctx))
	p.w.end()
}

// rewrite makes the request to the origin. Headers that belong to one connection,
// and those that Connection lists, are gone already: what is set here stays.
func (p *passage) rewrite(pr *httputil.ProxyRequest) {
	out := pr.Out
	out.URL = p.h.at(pr.In.URL) // with the query as it came
	if p.h.opts.Host != "" {
		out.Host = p.h.opts.Host
	}
	p.h.from.scrub(out.Header)
	p.from.set(out.Header)
	for name, values := range p.h.header {
		if name == "Cookie" {
			values = []string{strings.Join(slices.Concat(out.Header[name], values), "; ")}
		}
		out.Header[name] = slices.Clip(values)
	}
	if !p.upgrade {
		out.Header.Del("Connection")
		out.Header.Del("Upgrade")
	}
	if out.Body != nil {
		p.body = newBody(out.Body, pr.In)
		out.Body, out.Trailer = p.body, p.body.trailer
	}
}

// modify makes the answer of the origin the client's, or refuses it.
func (p *passage) modify(res *http.Response) error {
	if p.w.hints > maxHints {
		return errHints // it came before the cancelling could end it
	}
	switching := res.StatusCode == http.StatusSwitchingProtocols && p.upgrade
	if !switching && (res.StatusCode < 200 || res.StatusCode > 599) {
		return badGateway("the origin answered with the status %d", res.StatusCode)
	}
	strip(res.Header)
	p.h.relocate(res.Header, p.from.proto, p.host)
	return nil
}

// fail answers when the origin gave no answer, or one that cannot be handed on.
func (p *passage) fail(_ http.ResponseWriter, out *http.Request, err error) {
	switch {
	case p.client.Err() != nil:
		p.w.gone()
		return
	case p.body.failed() != nil:
		p.failBody(p.body.failed())
		return
	}
	if over := out.Context().Err(); over != nil {
		err = context.Cause(out.Context())
	}
	f := failed(err)
	p.h.log.ErrorContext(p.client, "origin: request not answered", "origin", p.h.origin.String(), "method", out.Method,
		"path", out.URL.Path, "status", f.status, "err", f.Error())
	if !p.w.hijacked {
		f.write(p.w)
	}
}

// failBody answers when the body of the request could not be read to its end.
func (p *passage) failBody(err error) {
	p.h.log.DebugContext(p.client, "origin: the body of a request broke off", "err", err)
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		refuse(p.w, http.StatusRequestEntityTooLarge, fmt.Sprintf("more than %d bytes", large.Limit))
		return
	}
	refuse(p.w, http.StatusBadRequest, "the body cannot be read")
}

// strip removes what is not for clients. Surrogate-Control is left to the site,
// which reads and removes it.
func strip(h http.Header) {
	for _, name := range notForClients {
		h.Del(name)
	}
}

// bufferPool keeps the buffers through which bodies are copied.
type bufferPool struct{ pool sync.Pool }

const bufferSize = 32 << 10

var buffers = &bufferPool{sync.Pool{New: func() any { return new([bufferSize]byte) }}}

// Get returns a buffer.
func (b *bufferPool) Get() []byte { return b.pool.Get().(*[bufferSize]byte)[:] }

// Put takes it back.
func (b *bufferPool) Put(buf []byte) { b.pool.Put((*[bufferSize]byte)(buf)) }
