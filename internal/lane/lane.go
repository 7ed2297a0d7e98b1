// Package lane answers the simplest requests on the connections of an
// [http.Server], before package net/http has anything to do with them. It knows
// HTTP/1.1 and nothing of pages: a handler says what the answer is, byte by byte, or
// that it has none. Whatever is not of the simplest kind, in every detail, is
// net/http's.
package lane

import (
	"context"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// Handler answers a simple request with one call of a's Send and returns true, or
// leaves it to net/http and returns false. It is called by many goroutines at once.
type Handler func(r *Request, a *Answer) bool

// Lane is what answers the simple requests of one server.
type Lane struct {
	handler       Handler
	idleTimeout   time.Duration
	headerTimeout time.Duration
	writeTimeout  time.Duration
	server        *http.Server

	stopping atomic.Bool // all requests are for net/http, which closes the connections

	mu        sync.Mutex
	loops     []<-chan struct{}       // closed when loops have ended; guarded by mu
	finishing map[*conn]chan struct{} // closed when the answer is written; guarded by mu
}

// New returns a lane for a server that does not serve yet, whose ConnState it
// extends. The server's timeouts count for it too. writeTimeout is how long a client
// may take for each 256 KiB of what is sent to it before it is given up; it counts for
// answers of the lane only.
func New(server *http.Server, writeTimeout time.Duration, handler Handler) *Lane {
	l := &Lane{
		handler:       handler,
		idleTimeout:   firstOf(server.IdleTimeout, server.ReadTimeout),
		headerTimeout: firstOf(server.ReadHeaderTimeout, server.ReadTimeout),
		writeTimeout:  writeTimeout,
		server:        server,
		finishing:     make(map[*conn]chan struct{}),
	}
	next := server.ConnState
	server.ConnState = func(nc net.Conn, state http.ConnState) {
		if c, ok := nc.(*conn); ok {
			c.enter(state)
		}
		if next != nil {
			next(nc, state)
		}
	}
	server.RegisterOnShutdown(func() { l.stopping.Store(true) })
	return l
}

// logf writes to the server's log.
func (l *Lane) logf(format string, args ...any) {
	if own := l.server.ErrorLog; own != nil {
		own.Printf(format, args...)
	} else {
		log.Printf(format, args...)
	}
}

// firstOf is how net/http chooses between timeouts.
func firstOf(a, b time.Duration) time.Duration {
	if a != 0 {
		return a
	}
	return b
}

// Listener returns inner with the lane on its connections. Where it can, that keeps
// them to itself while there are only simple requests on them, see loopListener; the
// server's ConnState and ConnContext do not hear of them meanwhile.
func (l *Lane) Listener(inner net.Listener) net.Listener {
	if loops := newLoopListener(inner, l); loops != nil {
		return loops
	}
	return &listener{inner, l}
}

// listener has every connection go through net/http from its beginning.
type listener struct {
	net.Listener
	lane *Lane
}

func (l *listener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return newConn(nc, l.lane), nil
}

// Finish waits for answers on connections that the server has closed, until ctx
// ends. Then it cuts them, and returns ctx's error. The listener must have been closed.
func (l *Lane) Finish(ctx context.Context) error {
	l.stopping.Store(true)
	l.mu.Lock()
	loops := slices.Clone(l.loops)
	l.mu.Unlock()
	for _, ended := range loops {
		select {
		case <-ended:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	for {
		c, finished := l.unfinished()
		if c == nil {
			return nil
		}
		select {
		case <-finished:
		case <-ctx.Done():
			_ = c.Conn.Close() // it was to be closed
			<-finished
			if c, _ := l.unfinished(); c == nil {
				return context.Cause(ctx)
			}
		}
	}
}

// unfinished returns any connection that is to be closed when its answer is written.
func (l *Lane) unfinished() (*conn, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c, finished := range l.finishing {
		return c, finished
	}
	return nil, nil
}

// closeLater has a connection closed when its answer is written, if one is.
func (l *Lane) closeLater(c *conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !c.state.CompareAndSwap(busy, closing) {
		return false
	}
	l.finishing[c] = make(chan struct{})
	return true
}

// finish closes a connection whose answer is written.
func (l *Lane) finish(c *conn) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.finishing[c])
	delete(l.finishing, c)
	return c.Conn.Close()
}

// enter is told by net/http what it does with the connection.
func (c *conn) enter(state http.ConnState) {
	switch {
	case state == http.StateIdle && c.mode == following && c.left == 0:
		c.mode = between
	case state == http.StateHijacked:
		c.mode = through
	}
}

// Answer is where a handler puts its answer.
type Answer struct {
	// State is for the handler: what it wants to remember of a connection.
	State any

	to    destination
	now   time.Time
	err   error
	head  []byte // room for a head
	whole []byte // room for a small answer
	key   []byte
}

// destination is the connection that an answer is for.
type destination interface {
	RemoteAddr() net.Addr
	// transmit writes head and then body.
	transmit(now time.Time, head, body []byte) error
}

// Buffer returns an empty slice with room for a head, to be filled and given to
// Send. It is the same one for each request of a connection.
func (a *Answer) Buffer() []byte {
	if a.head == nil {
		a.head = make([]byte, 0, 1<<10)
	}
	return a.head[:0]
}

// Join returns a followed by b. It is good until it is called again.
func (a *Answer) Join(first, second string) string {
	a.key = append(append(a.key[:0], first...), second...)
	return unsafe.String(unsafe.SliceData(a.key), len(a.key)) //nolint:gosec // see above
}

// RemoteAddr is the client's address.
func (a *Answer) RemoteAddr() net.Addr { return a.to.RemoteAddr() }

// maxCopied is the largest body that is copied behind its head: that costs less than
// telling the kernel of two places.
const maxCopied = 4 << 10

// Send sends a head and a body. The body must not change any more. now is the present.
func (a *Answer) Send(now time.Time, head, body []byte) {
	a.now = now
	if len(body) <= maxCopied {
		a.whole = append(append(a.whole[:0], head...), body...)
		head, body = a.whole, nil
	}
	a.err = a.to.transmit(now, head, body)
}
