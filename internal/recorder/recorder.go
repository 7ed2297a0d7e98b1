// Package recorder records what a handler answers, whole or not at all.
package recorder

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
)

// Errors of a recording. A handler sees them from Write; Result returns them.
var (
	ErrTooLarge  = errors.New("answer is too large")
	ErrTruncated = errors.New("answer is shorter or longer than its Content-Length says")
	ErrStatus    = errors.New("answer has no valid status")
)

// Recorder is an http.ResponseWriter that keeps the answer. Until Result it may
// be used as a handler uses its writer; after it, late writes of a handler that
// does not stop get [http.ErrHandlerTimeout] and change nothing.
type Recorder struct {
	limit int64

	mu     sync.Mutex
	header http.Header // the handler's own; guarded by nothing, as the handler's is
	sent   http.Header // as it was at WriteHeader, under canonical names; guarded by mu, as is all below
	status int
	body   []byte
	err    error
	sealed bool
}

// New returns a recorder for a body of at most limit bytes.
func New(limit int64) *Recorder {
	return &Recorder{limit: limit, header: make(http.Header), body: *buffers.Get().(*[]byte)}
}

// buffers are for bodies: answers are about as large as those before them.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// maxBuffer is the largest buffer that is kept.
const maxBuffer = 1 << 20

// Header returns the map that the handler may change until it writes.
func (r *Recorder) Header() http.Header { return r.header }

// WriteHeader records the status and the header as it is now. An informational
// status (1xx) is dropped; a status that HTTP does not have fails the recording
// instead of panicking.
func (r *Recorder) WriteHeader(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writeHeaderLocked(status)
}

func (r *Recorder) writeHeaderLocked(status int) {
	switch {
	case r.sealed || r.status != 0:
	case status >= 100 && status < 200 && status != http.StatusSwitchingProtocols:
	case status < 200 || status > 599:
		r.status = http.StatusInternalServerError
		r.sent = make(http.Header)
		r.err = fmt.Errorf("%w: %d", ErrStatus, status)
	default:
		r.status = status
		r.sent = canonical(r.header)
	}
}

// canonical returns a copy of h whose names have their canonical form, so that
// nobody who reads it misses "cache-control" written past [http.Header.Set].
// Values that come together that way are in the order of the names.
func canonical(h http.Header) http.Header {
	c := make(http.Header, len(h))
	for _, name := range slices.Sorted(maps.Keys(h)) {
		k := http.CanonicalHeaderKey(name)
		c[k] = slices.Concat(c[k], h[name])
	}
	return c
}

// Write records b, or fails when the body would pass the limit.
func (r *Recorder) Write(b []byte) (int, error) { return write(r, b) }

// WriteString is Write without a copy first.
func (r *Recorder) WriteString(s string) (int, error) { return write(r, s) }

func write[T []byte | string](r *Recorder, b T) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sealed {
		return 0, http.ErrHandlerTimeout
	}
	r.writeHeaderLocked(http.StatusOK)
	switch {
	case r.err != nil:
		return 0, r.err
	case len(b) == 0:
		return 0, nil
	case !bodyAllowed(r.status):
		return 0, http.ErrBodyNotAllowed
	case int64(len(r.body))+int64(len(b)) > r.limit:
		r.err = fmt.Errorf("%w: more than %d bytes", ErrTooLarge, r.limit)
		r.body = nil
		return 0, r.err
	}
	r.body = append(r.body, b...)
	return len(b), nil
}

// FlushError makes http.ResponseController.Flush succeed: nothing reaches a
// visitor before the answer is whole, and a handler need not know.
func (r *Recorder) FlushError() error {
	r.WriteHeader(http.StatusOK)
	return nil
}

// Flush is FlushError for handlers that ask for an http.Flusher.
func (r *Recorder) Flush() { _ = r.FlushError() }

// Result seals the recording and returns the answer, or the error that spoils
// it. The names in the header are canonical. With an error the status and header
// may be set; the body is not.
func (r *Recorder) Result() (status int, header http.Header, body []byte, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writeHeaderLocked(http.StatusOK)
	r.sealed = true
	if r.err == nil {
		r.err = r.checkLengthLocked()
	}
	if r.err != nil {
		return r.status, r.sent, nil, r.err
	}
	return r.status, r.sent, r.body, nil
}

// Release gives the buffer of the body back: the body that Result has returned may
// not be used any more.
func (r *Recorder) Release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if body := r.body[:0]; r.sealed && cap(body) > 0 && cap(body) <= maxBuffer {
		buffers.Put(&body)
	}
	r.body = nil
}

// Seal ends the recording of a handler that is not waited for any longer. Result
// returns http.ErrHandlerTimeout then. After Result it does nothing.
func (r *Recorder) Seal() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.sealed {
		r.sealed, r.err, r.body = true, http.ErrHandlerTimeout, nil
	}
}

func (r *Recorder) checkLengthLocked() error {
	declared := r.sent.Get("Content-Length")
	if declared == "" || !bodyAllowed(r.status) {
		return nil
	}
	n, err := strconv.ParseInt(declared, 10, 64)
	if err != nil || n != int64(len(r.body)) {
		return fmt.Errorf("%w: %q for %d bytes", ErrTruncated, declared, len(r.body))
	}
	return nil
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}
