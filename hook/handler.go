package hook

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/reprint-go/reprint"
)

// handler is what New returns. Nothing in it changes after that.
type handler struct {
	site    Site
	secrets secrets
	param   string
	missing answer
	paths   []template
	by      string
	log     *slog.Logger
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
	case !h.secrets.hold(presented):
		h.log.WarnContext(r.Context(), "hook: call without a valid secret", "by", h.by, "from", r.RemoteAddr)
		return invalidToken
	}
	value := query.Get(h.param)
	if err := checkValue(value); err != nil {
		h.log.WarnContext(r.Context(), "hook: call with an unusable parameter", "by", h.by, "from", r.RemoteAddr, "param", h.param, "err", err)
		return h.missing
	}
	if !h.revalidate(r.Context(), value) {
		return errorRevalidating
	}
	return revalidated
}

// revalidate renders the pages that value names and reports whether visitors
// now get all of them anew. The caller is told no more than that; the log is.
func (h *handler) revalidate(ctx context.Context, value string) bool {
	paths := make([]string, len(h.paths))
	for i, t := range h.paths {
		paths[i] = t.fill(value)
	}
	receipt, err := h.site.Apply(ctx, reprint.Revalidation{Paths: paths, Mode: reprint.Regenerate, By: h.by})
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
