package hook

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/internal/peer"
	"github.com/reprint-go/reprint/internal/secret"
	"github.com/reprint-go/reprint/internal/slow"
)

// handler is what New returns. Nothing in it changes after that but throttle.
type handler struct {
	site    Site
	secrets secret.Set
	param   string
	missing answer
	paths   []template
	by      string
	address func(*http.Request) string
	log     *slog.Logger

	throttle slow.Throttle
}

// ServeHTTP answers a call. Contrary to the rule for handlers it changes the
// request: whoever logs it afterwards, on the way out, must not find the secret.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	presented := credential(r.Header, query)
	hide(r)
	h.answer(r, query, presented).write(w)
}

func (h *handler) answer(r *http.Request, query url.Values, presented string) answer {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		return notAllowed
	case isPrefetch(r.Header):
		return noPrefetch
	}
	if refusal, ok := h.authorise(r, presented); !ok {
		return refusal
	}
	value := query.Get(h.param)
	if err := checkValue(value); err != nil {
		h.log.WarnContext(r.Context(), "hook: call with an unusable parameter", "by", h.by, "from", r.RemoteAddr, "param", h.param, "err", err)
		return h.missing
	}
	if !h.revalidate(r.Context(), value, peer.From(r, h.address(r))) {
		return errorRevalidating
	}
	return revalidated
}

// authorise reports whether a call presents a valid secret, and what to answer if
// not. It takes its time for that; see package slow.
func (h *handler) authorise(r *http.Request, presented string) (refusal answer, ok bool) {
	// No secret at all is no guess at one.
	outcome, retryAfter := slow.Invalid, time.Duration(0)
	if presented != "" {
		outcome, retryAfter = h.throttle.Try(r.Context(), h.address(r), func() bool { return h.secrets.Holds(presented) })
	}
	switch outcome {
	case slow.Valid:
		return answer{}, true
	case slow.Refused:
		return tooManyAttempts.after(retryAfter), false
	}
	h.log.WarnContext(r.Context(), "hook: call without a valid secret", "by", h.by, "from", r.RemoteAddr)
	return invalidToken, false
}

// revalidate renders the pages that value names and reports whether visitors
// now get all of them anew. The caller is told no more than that; the log is.
func (h *handler) revalidate(ctx context.Context, value, from string) bool {
	paths := make([]string, len(h.paths))
	for i, t := range h.paths {
		paths[i] = t.fill(value)
	}
	receipt, err := h.site.Apply(ctx, reprint.Revalidation{Paths: paths, Mode: reprint.Regenerate, By: h.by, From: from})
	if err == nil {
		return true
	}
	id := "" // of the receipt, which lists the pages that were not rendered
	if receipt != nil {
		id = receipt.ID
	}
	h.log.ErrorContext(ctx, "hook: revalidation failed", "by", h.by, "paths", paths, "receipt", id, "err", err)
	return false
}

// isPrefetch reports whether a browser asks ahead of a person, who may never
// follow. It must not change anything.
func isPrefetch(h http.Header) bool {
	return strings.Contains(h.Get("Sec-Purpose"), "prefetch") || strings.Contains(h.Get("Purpose"), "prefetch")
}
