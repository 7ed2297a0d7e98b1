package reprint

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"
)

// draftCookie holds when a draft session ends, signed.
const draftCookie = "__reprint_draft"

// SetDraft puts the visitor of r into draft mode for life: with the cookie that
// it sets, every page is rendered for them alone, from their own request, neither
// read from the store nor written to it, until life is over or [Site.ClearDraft].
// Who may do that is for the caller to decide. The cookie is HttpOnly and
// SameSite=Lax, and Secure unless r is plain HTTP for localhost or a loopback
// address. It returns an error when the site has no [Options.DraftSecret] or life
// is not positive.
func (s *Site) SetDraft(w http.ResponseWriter, r *http.Request, life time.Duration) error {
	switch {
	case s.opts.DraftSecret == nil:
		return errors.New("reprint: draft mode needs Options.DraftSecret")
	case life <= 0:
		return errors.New("reprint: draft mode needs a positive life")
	}
	c := newDraftCookie(r, s.draftToken(time.Now().Add(life)))
	c.MaxAge = max(1, int(life/time.Second))
	http.SetCookie(w, c)
	return nil
}

// ClearDraft ends draft mode for the visitor of r.
func (s *Site) ClearDraft(w http.ResponseWriter, r *http.Request) {
	c := newDraftCookie(r, "")
	c.MaxAge = -1
	http.SetCookie(w, c)
}

func newDraftCookie(r *http.Request, value string) *http.Cookie {
	// What the browser has in its address bar counts, not the peer: behind a proxy
	// that ends TLS on the same machine the peer is loopback too.
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	local := r.TLS == nil && (host == "localhost" || net.ParseIP(strings.Trim(host, "[]")).IsLoopback())
	return &http.Cookie{Name: draftCookie, Value: value, Path: "/", HttpOnly: true, Secure: !local, SameSite: http.SameSiteLaxMode}
}

// IsDraft reports whether a handler runs for a visitor in draft mode. A render
// is never in draft mode.
func IsDraft(ctx context.Context) bool {
	on, _ := ctx.Value(draftKey{}).(bool)
	return on
}

type draftKey struct{}

// drafting reports whether r carries a valid draft cookie. One that is forged or
// over counts for nothing.
func (s *Site) drafting(r *http.Request) bool {
	if s.opts.DraftSecret == nil || len(r.Header["Cookie"]) == 0 {
		return false
	}
	c, err := r.Cookie(draftCookie)
	return err == nil && s.validDraft(c.Value, time.Now())
}

// inDraft returns r for the handler of a visitor in draft mode.
func inDraft(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), draftKey{}, true))
}

// draftToken is the end of a session and its HMAC.
func (s *Site) draftToken(end time.Time) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(end.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(b, s.signDraft(b)...))
}

func (s *Site) validDraft(token string, now time.Time) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) != 8+sha256.Size || !hmac.Equal(b[8:], s.signDraft(b[:8])) {
		return false
	}
	return now.Unix() < int64(binary.BigEndian.Uint64(b))
}

func (s *Site) signDraft(b []byte) []byte {
	m := hmac.New(sha256.New, s.opts.DraftSecret)
	m.Write([]byte("reprint draft 1\x00"))
	m.Write(b)
	return m.Sum(nil)
}
