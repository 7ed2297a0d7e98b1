package origin

import (
	"bufio"
	"net"
	"net/http"
	"slices"
	"strings"
)

const (
	// maxHints is how many informational answers (1xx) may come before an answer.
	maxHints = 16

	// statusGone is what a log says of a client that has left; nobody receives it.
	statusGone = 499
)

// passWriter is the client's side of a passage. What was in the header before is
// kept out of informational answers, and stands below what the origin sends under
// the same names: in Cache-Status the cache that is closest to the origin comes
// first (RFC 9211, section 2).
type passWriter struct {
	http.ResponseWriter
	before   http.Header
	hints    int
	tooMany  func()
	old      bool // the client speaks HTTP/1.0 and knows no informational answers
	hijacked bool
}

func newPassWriter(w http.ResponseWriter, r *http.Request, tooMany func()) *passWriter {
	p := &passWriter{ResponseWriter: w, before: w.Header().Clone(), tooMany: tooMany, old: !r.ProtoAtLeast(1, 1)}
	clear(w.Header())
	if p.before == nil {
		p.before = make(http.Header)
	}
	if r.ProtoMajor == 1 && len(r.TransferEncoding) > 0 {
		// A request that said two things of its length is read by one of them, and
		// what follows on its connection is not trusted (RFC 9112, section 6.1).
		// The other one cannot be seen here.
		p.before["Connection"] = []string{"close"}
	}
	return p
}

// WriteHeader sends a header, with what was there before if it is the answer's.
func (p *passWriter) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols {
		p.restore()
		p.ResponseWriter.WriteHeader(status)
		return
	}
	switch p.hints++; {
	case p.hints > maxHints:
		p.tooMany()
	case !p.old:
		strip(p.Header())
		p.ResponseWriter.WriteHeader(status)
	}
}

// restore puts back what was in the header.
func (p *passWriter) restore() {
	h := p.Header()
	for name, values := range p.before {
		h[name] = slices.Concat(h[name], values)
	}
	p.before = nil
}

// Hijack hands over the connection when the protocol is switched.
func (p *passWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	p.restore()
	conn, rw, err := http.NewResponseController(p.ResponseWriter).Hijack()
	p.hijacked = err == nil
	return conn, rw, err
}

// Unwrap serves http.ResponseController.
func (p *passWriter) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// gone ends the answer to a client that has left.
func (p *passWriter) gone() {
	if !p.hijacked {
		p.WriteHeader(statusGone)
	}
}

// end removes trailers that are not for clients.
func (p *passWriter) end() {
	for name := range p.Header() {
		if plain := strings.TrimPrefix(name, http.TrailerPrefix); plain == "Surrogate-Control" || slices.Contains(notForClients, plain) {
			delete(p.Header(), name)
		}
	}
}
