package origin

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// conn is a connection to the origin on which nobody gets an answer that was sent
// before they had asked.
//
// An origin that sends more than one answer to a request, by mistake or because it
// was made to, must not have the rest of it taken for the answer to the next
// request, which is somebody else's. [http.Transport] closes a connection on which
// there are such bytes, but it lends it again first, and then it depends on the
// scheduler who comes first. So whoever is lent a connection waits here until the
// transport is seen reading from the network: what was buffered has been used up
// by then, or the connection is closed. What comes from there on, before the new
// request is written, ends the connection.
type conn struct {
	net.Conn
	secure bool // TLS is spoken over it, which sends records of its own at any time

	mu      sync.Mutex
	asked   bool          // guarded by mu, as is all below; a request was written since the connection was lent
	reading bool          // the transport waits for the network
	closed  bool          // nothing is read any more
	ended   chan struct{} // closed when the network has nothing more to read
	changed chan struct{} // if not nil, is closed when one of the last two becomes true
}

// dialer returns a function that makes connections.
func dialer(secure bool) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: dialTimeout}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &conn{Conn: c, secure: secure, ended: make(chan struct{})}, nil
	}
}

// Read is called by the transport alone, by one goroutine at a time.
func (c *conn) Read(p []byte) (int, error) {
	c.mu.Lock()
	c.reading = true
	c.wakeLocked()
	c.mu.Unlock()
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reading = false
	if err != nil {
		c.endLocked()
	}
	if n > 0 && !c.asked && !c.secure {
		_ = c.Conn.Close() // there is nobody to tell
		return 0, io.EOF
	}
	return n, err
}

// Write notes that something is asked.
func (c *conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	c.asked = true
	c.mu.Unlock()
	n, err := c.Conn.Write(p)
	if err != nil {
		// An origin may answer and close before it has all of a request. Its answer has
		// come by then, and the transport would take the error for it if that came first.
		select {
		case <-c.ended:
		case <-time.After(lastRead):
		}
	}
	return n, err
}

// lastRead is how long an answer that has come is waited for when no more of its request
// can be sent.
const lastRead = time.Second

// endLocked notes that nothing more will be read.
func (c *conn) endLocked() {
	select {
	case <-c.ended:
	default:
		close(c.ended)
	}
}

// Close lets nobody wait any longer.
func (c *conn) Close() error {
	c.mu.Lock()
	c.closed = true
	c.endLocked()
	c.wakeLocked()
	c.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite ends one direction of a connection that has switched its protocol.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

func (c *conn) wakeLocked() {
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

// lent is called before a request is written on a connection that was used before.
func (c *conn) lent(ctx context.Context) {
	for {
		c.mu.Lock()
		if c.reading || c.closed {
			c.asked = false
			c.mu.Unlock()
			return
		}
		if c.changed == nil {
			c.changed = make(chan struct{})
		}
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return // nothing will be written
		}
	}
}

// lending is a transport that calls lent, and lends no connection again on which the
// origin was sent more than a header.
type lending struct{ *http.Transport }

// RoundTrip sends a request.
func (l lending) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	lent := func(info httptrace.GotConnInfo) {
		under := info.Conn
		if secure, ok := under.(*tls.Conn); ok {
			under = secure.NetConn()
		}
		if c, ok := under.(*conn); ok && info.Reused {
			c.lent(ctx)
		}
	}
	r = r.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: lent}))
	// An origin may answer without reading what a request carries (Python's http.server
	// does), and takes it for the next request on the connection then. So there is none.
	r.Close = r.Body != nil && r.Body != http.NoBody
	return l.Transport.RoundTrip(r)
}
