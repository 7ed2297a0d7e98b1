package origin

import (
	"errors"
	"io"
	"net/http"
	"sync"

	"golang.org/x/net/http/httpguts"
)

// body is the body of a request on its way through. It remembers why it could not
// be read, and takes the client's trailers along when it has come to its end.
type body struct {
	io.ReadCloser
	in      *http.Request
	trailer http.Header // the announced ones that may reach the origin

	mu     sync.Mutex
	closed bool  // guarded by mu
	err    error // guarded by mu
}

func newBody(rc io.ReadCloser, in *http.Request) *body {
	b := &body{ReadCloser: rc, in: in}
	for name := range in.Trailer {
		// Some servers take trailers for headers.
		plain := plainName(name)
		if httpguts.ValidTrailerHeader(name) && !matches(internal, plain) && !matches(forwarding, plain) && plain != "cookie" {
			if b.trailer == nil {
				b.trailer = make(http.Header)
			}
			b.trailer[name] = nil
		}
	}
	return b
}

// Read is called by one goroutine, the one that reads the trailers after it.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		for name := range b.trailer {
			b.trailer[name] = b.in.Trailer[name]
		}
	default:
		b.mu.Lock()
		defer b.mu.Unlock()
		if !b.closed {
			b.err = err
		}
	}
	return n, err
}

// Close ends the reading when the origin is lost: errors after it say nothing of
// the client.
func (b *body) Close() error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	return b.ReadCloser.Close()
}

// failed returns why the body could not be read; nil if it could, or there is
// none.
func (b *body) failed() error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}
