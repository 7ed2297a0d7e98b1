package lane

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// bufferSize is the largest head that is looked at. It is no more than what
// net/http takes under the smallest limit that a server can set, so that nothing is
// answered here that net/http would refuse for its length.
const bufferSize = 4096

// conn is a connection as net/http sees it. Between two requests that are for
// net/http it answers the simple ones itself: net/http waits for the next request
// by calling Read, and gets bytes only when there is one for it.
//
// So that it is always known where a request begins, net/http is never given a byte
// beyond the end of the request that it works on. Where an end cannot be told
// without doubt, everything from there on is for net/http.
//
// Read is called by one goroutine at a time, and orders what it does before what the
// next one does: net/http sees to that with a lock of its own.
type conn struct {
	net.Conn
	socket socket // the same one, for what is read and written here
	lane   *Lane

	mode mode
	left int64 // in mode following: bytes of the request that net/http has not been given yet
	buf  []byte
	r, w int // buf[r:w] has been received and not been given to anybody

	state atomic.Int32 // see Close

	post   bool   // the last request that net/http got was a POST
	before string // for net/http before what is in buf

	begun     time.Time     // when net/http got the connection
	late      time.Duration // by how much net/http's next deadline is to be moved
	active    time.Time     // when a request was last answered here
	idle      bool          // the deadline of reading is that of an idle connection
	writeTill time.Time     // the deadline of writing, as far as it is set here

	remote net.Addr // the client's, if Conn may not know it

	rest    [2][]byte // of an answer that was begun before net/http got the connection
	resting bool      // it has been answered before that, and waits for the next request

	home   home // where it came from and may go back to, or nil
	streak int  // how many requests were answered here since net/http last got one

	req    Request
	answer Answer
}

// home is a loop that takes connections back.
type home interface {
	// takeBack takes over what is below a connection that was last used at a time, or
	// reports false.
	takeBack(nc net.Conn, active time.Time) bool
}

// homesick is after how many answers in a row a connection goes back. To come and to go
// costs as much as a few answers.
const homesick = 16

// newConn returns a connection that net/http is about to get.
func newConn(nc net.Conn, l *Lane) *conn {
	c := &conn{Conn: nc, socket: newSocket(nc), lane: l, begun: time.Now()}
	c.answer.to = c
	return c
}

// RemoteAddr is the client's address.
func (c *conn) RemoteAddr() net.Addr {
	if c.remote != nil {
		return c.remote
	}
	return c.Conn.RemoteAddr()
}

// mode is what Read is to do.
type mode uint8

const (
	between   mode = iota // a request begins
	following             // net/http works on a request of which the end is known
	through               // everything is for net/http
)

// The states of a connection that another goroutine may want to close.
const (
	free    int32 = iota
	busy          // an answer is being written
	leaving       // it goes back to its home when it is closed
	closing       // it is closed, or will be as soon as the answer is written
)

// Read gives net/http what is for it.
func (c *conn) Read(p []byte) (int, error) {
	switch c.mode {
	case between:
		return c.serve(p)
	case following:
		if c.left == 0 {
			return c.watch()
		}
		n, err := c.receive(p[:min(int64(len(p)), c.left)])
		c.left -= int64(n)
		return n, err
	}
	return c.receive(p)
}

// receive returns what is in the buffer, or else reads from the connection.
func (c *conn) receive(p []byte) (int, error) {
	if c.before != "" {
		n := copy(p, c.before)
		c.before = c.before[n:]
		return n, nil
	}
	if c.r < c.w {
		n := copy(p, c.buf[c.r:c.w])
		c.r += n
		return n, nil
	}
	if c.mode == through {
		c.buf = nil
	}
	return c.Conn.Read(p)
}

// watch is called while net/http has a whole request and wants to know whether the
// client leaves. What comes is the next request: it is kept, and net/http is given
// nothing, which ends its watch as a byte would.
func (c *conn) watch() (int, error) {
	if c.r < c.w {
		return 0, nil
	}
	c.r, c.w = 0, 0
	n, err := c.Conn.Read(c.buf)
	c.w = n
	if n > 0 {
		return 0, nil
	}
	return 0, err
}

// serve answers simple requests until there is one for net/http, and gives it that.
func (c *conn) serve(p []byte) (int, error) {
	if len(c.rest[0])+len(c.rest[1]) > 0 {
		if err := c.goOn(); err != nil {
			return 0, err
		}
		c.streak = homesick
	}
	if c.resting {
		c.resting = false
		c.restUntilIdle(c.begun)
	}
	for {
		if c.streak >= homesick && c.home != nil && c.r == c.w && !c.lane.stopping.Load() {
			if !c.state.CompareAndSwap(free, leaving) {
				return 0, net.ErrClosed
			}
			return 0, io.EOF // net/http takes it for the client's leaving, and calls Close
		}
		end, err := c.head()
		if err != nil {
			if c.r == c.w || errors.Is(err, os.ErrDeadlineExceeded) {
				return 0, err
			}
			end = 0 // net/http is to say what it thinks of half a head
		}
		if end == 0 {
			c.handOver(head{}, 0)
			return c.receive(p)
		}
		h := c.req.parse(c.buf[c.r : c.r+end])
		if h.simple && !c.lane.stopping.Load() {
			switch done, err := c.respond(); {
			case err != nil:
				return 0, err
			case done:
				c.r += end
				continue
			}
		}
		c.handOver(h, end)
		return c.Read(p)
	}
}

// handOver leaves the request at the beginning of the buffer to net/http.
func (c *conn) handOver(h head, end int) {
	switch h.framing {
	case unknown:
		c.mode = through
	case bodiless:
		c.mode, c.left = following, int64(end)
	case counted:
		c.mode, c.left = following, int64(end)+h.length
	}
	if waiting := c.buf[c.r:c.w]; len(waiting) > 0 {
		if c.post && c.streak > 0 && (waiting[0] == '\r' || waiting[0] == '\n') {
			// After a POST net/http passes over up to four line ends, as some browsers once
			// sent them. It does not know that others have been answered since.
			c.before = "\r\n\r\n"
		}
		c.post = bytes.HasPrefix(waiting, []byte("POST "))
	}
	if !c.writeTill.IsZero() {
		_ = c.Conn.SetWriteDeadline(time.Time{})
		c.writeTill = time.Time{}
	}
	if c.streak > 0 && !c.begun.IsZero() {
		// net/http believes that this request has been on its way since the connection
		// came.
		c.late = time.Since(c.begun)
	}
	c.begun, c.streak = time.Time{}, 0
}

// head waits until the buffer holds a whole head and returns where it ends; 0 when
// it does not fit.
func (c *conn) head() (end int, err error) {
	if c.buf == nil {
		c.buf = make([]byte, bufferSize)
	}
	partial := false // some of a head has come, and there is a deadline for the rest
	for searched := c.r; ; {
		if i := bytes.Index(c.buf[searched:c.w], []byte("\r\n\r\n")); i >= 0 {
			if partial && c.streak > 0 {
				c.restUntilIdle(time.Now())
			}
			return searched + i + 4 - c.r, nil
		}
		searched = max(c.r, c.w-3)
		if c.r > 0 {
			copy(c.buf, c.buf[c.r:c.w])
			searched, c.w, c.r = searched-c.r, c.w-c.r, 0
		}
		if c.w == len(c.buf) {
			return 0, nil
		}
		if c.w > 0 && !partial {
			partial = true
			c.expectRest()
		}
		n, err := c.socket.Read(c.buf[c.w:])
		c.w += n
		if n == 0 && err != nil {
			if c.w == 0 && errors.Is(err, os.ErrDeadlineExceeded) && c.stillActive() {
				continue
			}
			return 0, err
		}
	}
}

// restUntilIdle sets the deadline for the next request.
func (c *conn) restUntilIdle(now time.Time) {
	var t time.Time
	if d := c.lane.idleTimeout; d > 0 {
		t = now.Add(d)
	}
	c.idle = true
	_ = c.Conn.SetReadDeadline(t)
}

// expectRest sets the deadline for the rest of a head of which some has come. For
// the first one on a connection net/http has set it.
func (c *conn) expectRest() {
	if c.begun.IsZero() || c.streak > 0 {
		var t time.Time
		if d := c.lane.headerTimeout; d > 0 {
			t = time.Now().Add(d)
		}
		c.idle = false
		_ = c.Conn.SetReadDeadline(t)
	}
}

// stillActive is asked when the connection seems to have been idle for too long. The
// deadline is not moved with every answer, which would cost more than all the rest:
// it is moved when it has come and there was one meanwhile.
func (c *conn) stillActive() bool {
	if !c.idle || time.Since(c.active) >= c.lane.idleTimeout {
		return false
	}
	c.restUntilIdle(c.active)
	return true
}

// respond lets the lane's handler answer the request, and reports whether it did.
func (c *conn) respond() (done bool, err error) {
	if !c.state.CompareAndSwap(free, busy) {
		return false, net.ErrClosed
	}
	c.answer.err = nil
	panicked := true
	defer func() {
		if panicked { // net/http recovers, and closes
			_ = c.responded(false)
		}
	}()
	done = c.lane.handler(&c.req, &c.answer)
	panicked = false
	return done, c.responded(done)
}

// goOn sends the rest of an answer.
func (c *conn) goOn() error {
	if !c.state.CompareAndSwap(free, busy) {
		return net.ErrClosed
	}
	c.answer.Send(time.Now(), c.rest[0], c.rest[1])
	c.rest = [2][]byte{}
	return c.responded(true)
}

// responded is called when nothing is being written any more. done says that an
// answer was.
func (c *conn) responded(done bool) error {
	a := &c.answer
	if done && a.err == nil {
		c.active = a.now
		if c.streak++; c.streak == 1 {
			c.restUntilIdle(a.now)
		}
	}
	if !c.state.CompareAndSwap(busy, free) {
		// Somebody wanted to close it meanwhile.
		return errors.Join(net.ErrClosed, c.lane.finish(c))
	}
	return a.err
}

// maxChunk is how much is sent under one deadline.
const maxChunk = 256 << 10

// transmit writes head and body, however long the client takes for all of it.
func (c *conn) transmit(now time.Time, head, body []byte) error {
	for {
		chunk := body[:min(len(body), maxChunk)]
		c.extend(now)
		err := c.socket.Send(head, chunk)
		if head, body = nil, body[len(chunk):]; err != nil || len(body) == 0 {
			if len(chunk) > maxCopied {
				c.answer.now = time.Now() // it may have taken long
			}
			return err
		}
		now = time.Now()
	}
}

// extend sees to it that the client has at least the timeout for what is sent next, and
// not much more. The deadline is moved when half of it has passed: to move it each
// time would cost more than to write.
func (c *conn) extend(now time.Time) {
	timeout := c.lane.writeTimeout
	if timeout <= 0 || c.writeTill.Sub(now) >= timeout {
		return
	}
	c.writeTill = now.Add(timeout + timeout/2)
	_ = c.Conn.SetWriteDeadline(c.writeTill)
}

// Close closes the connection, or has it closed when the answer that is being
// written is. net/http closes connections that it believes to be idle when it is
// shut down. One that is leaving goes home.
func (c *conn) Close() error {
	for {
		switch s := c.state.Load(); s {
		case busy:
			if c.lane.closeLater(c) {
				return nil
			}
		default:
			if !c.state.CompareAndSwap(s, closing) {
				continue
			}
			if s == leaving && c.home.takeBack(c.Conn, c.active) {
				return nil
			}
			return c.Conn.Close()
		}
	}
}

// SetReadDeadline is called by net/http.
func (c *conn) SetReadDeadline(t time.Time) error {
	if c.late != 0 && !t.IsZero() {
		t = t.Add(c.late)
	}
	c.late, c.idle = 0, c.mode == between
	return c.Conn.SetReadDeadline(t)
}

// ReadFrom lets the kernel copy from files and other connections, as it does when
// net/http has the connection itself.
func (c *conn) ReadFrom(r io.Reader) (int64, error) {
	if rf, ok := c.Conn.(io.ReaderFrom); ok {
		return rf.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{c.Conn}, r)
}

// CloseWrite is what net/http ends a connection with on which more may still come.
func (c *conn) CloseWrite() error {
	if cw, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return cw.CloseWrite()
	}
	return nil
}
