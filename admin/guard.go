package admin

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/reprint-go/reprint/internal/secret"
	"github.com/reprint-go/reprint/internal/slow"
)

// admit says who calls, or why the call is refused.
func (h *handler) admit(r *http.Request, action string) (*caller, error) {
	if len(h.tokens) == 0 && !h.isOurName(r.Host) {
		return nil, &problem{status: http.StatusMisdirectedRequest, told: Error{
			Message: "the name " + shorten(r.Host) + " is not known to be this server's",
			Fix:     "use its IP address or localhost; or set tokens, or list the name in admin.hosts",
		}}
	}
	if !h.isOwnOrigin(r) {
		return nil, &problem{status: http.StatusForbidden, told: Error{
			Message: "a browser sent this on behalf of another site",
			Fix:     "call the API from a program, or from a page of the same origin",
		}}
	}
	who, err := h.authenticate(r)
	if err != nil {
		return nil, err
	}
	return who, who.may(action)
}

// isOurName reports whether a Host field names this server for sure. A name that
// somebody else controls may lead here too, and in a browser the pages of that
// name would be of one origin with the API (DNS rebinding).
func (h *handler) isOurName(field string) bool {
	name := hostName(hostOnly(field))
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return name == "localhost" || h.hosts[name]
}

// hostOnly is a Host field without its port and brackets.
func hostOnly(field string) string {
	if host, _, err := net.SplitHostPort(field); err == nil {
		return host
	}
	if n := len(field); n > 2 && field[0] == '[' && field[n-1] == ']' {
		return field[1 : n-1]
	}
	return field
}

// isOwnOrigin reports whether a request is from no browser, or from a page of
// this server. GET is looked at like POST: it changes nothing, but makes work. A
// person may follow a link.
func (h *handler) isOwnOrigin(r *http.Request) bool {
	asPost := *r
	if isRead := r.Method == http.MethodGet || r.Method == http.MethodHead; !isRead || r.Header.Get("Sec-Fetch-Mode") != "navigate" {
		asPost.Method = http.MethodPost
	}
	return h.browsers.Check(&asPost) == nil
}

// authenticate says whose secret a call presents. It takes its time when it is
// nobody's; see package slow.
func (h *handler) authenticate(r *http.Request) (*caller, error) {
	if len(h.tokens) == 0 {
		return anybody, nil
	}
	presented, _ := secret.Bearer(r.Header)
	if presented == "" { // no guess
		return nil, unauthorised(r)
	}
	var who *caller
	outcome, retryAfter := h.throttle.Try(r.Context(), h.opts.Address(r), func() bool {
		for _, t := range h.tokens { // all of them: the time must not tell which
			if t.secrets.Holds(presented) {
				who = t
			}
		}
		return who != nil
	})
	switch outcome {
	case slow.Valid:
		return who, nil
	case slow.Refused:
		return nil, &problem{
			status:     http.StatusTooManyRequests,
			told:       Error{Message: "too many attempts with an invalid token", Fix: "wait, and present a valid one"},
			retryAfter: retryAfter,
		}
	}
	h.log.WarnContext(r.Context(), "admin: call with an invalid token", "method", r.Method, "path", r.URL.Path, "from", r.RemoteAddr)
	return nil, &problem{
		status: http.StatusUnauthorized,
		told:   Error{Message: "invalid token", Fix: "present the secret of one of admin.tokens"},
		header: map[string]string{"WWW-Authenticate": `Bearer realm="reprint", error="invalid_token"`},
	}
}

func unauthorised(r *http.Request) *problem {
	p := &problem{
		status: http.StatusUnauthorized,
		told:   Error{Message: "a token is required", Fix: "send Authorization: Bearer SECRET with the secret of one of admin.tokens"},
		header: map[string]string{"WWW-Authenticate": `Bearer realm="reprint"`},
	}
	if q := r.URL.Query(); q.Has("secret") || q.Has("token") || q.Has("access_token") {
		p.told.Message = "a token is not taken from the query, where others may have read it"
		p.told.Fix = "replace it, and send the new one as Authorization: Bearer SECRET"
	}
	return p
}
