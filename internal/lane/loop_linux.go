package lane

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// loop waits for connections together and answers what comes. All but add and stop is
// done by its one goroutine.
type loop struct {
	listener *loopListener
	poll     *poll
	tick     time.Duration // between two looks for what has taken too long; 0: nothing does
	ended    chan struct{}

	stopping atomic.Bool
	mu       sync.Mutex
	conns    []*looped // by slot; nil where a slot is free
	free     []int32   // slots
	ticking  bool      // there is a next look

	batch []*looped // what there are events for
	ends  []bool    // which of them nothing more comes from

	to     *looped // whom the answer is for
	buf    []byte
	req    Request
	answer Answer
	out    [2][]byte // what is still to be written of the answer
	budget int       // how much more may be sent to this connection
}

// looped is a connection in a loop.
type looped struct {
	fd   int
	slot int32
	addr net.Addr // the client's

	partial  []byte    // of a head
	answered bool      // a request
	since    time.Time // when the connection, its last answer or a later head was begun
}

const (
	// eventsAtOnce is how many connections are looked at before other goroutines get
	// their turn.
	eventsAtOnce = 128
	// readsAtOnce is how often one connection is read from while it fills the buffer,
	// and bytesAtOnce about how much is sent to it, before others get their turn.
	readsAtOnce = 16
	bytesAtOnce = 1 << 20
	// newFor is how long net/http waits at its shutdown for the first request of a
	// connection.
	newFor = 5 * time.Second
)

func newLoop(ll *loopListener) (*loop, error) {
	lp := &loop{listener: ll, ended: make(chan struct{}), buf: make([]byte, bufferSize)}
	for _, d := range []time.Duration{ll.lane.headerTimeout, ll.lane.idleTimeout} {
		if d <= 0 {
			continue
		}
		if d = min(max(d/8, time.Millisecond), time.Second); lp.tick == 0 || d < lp.tick {
			lp.tick = d
		}
	}
	lp.answer.to = lp
	var err error
	lp.poll, err = newPoll(lp.work)
	return lp, err
}

// add begins to wait for a connection.
func (lp *loop) add(c *looped) {
	lp.mu.Lock()
	defer lp.mu.Unlock()
	if lp.stopping.Load() {
		if h := c.conn(lp.listener.lane, func() bool { return false }); h != nil {
			lp.listener.leave(h)
		}
		return
	}
	if n := len(lp.free); n > 0 {
		c.slot, lp.free = lp.free[n-1], lp.free[:n-1]
		lp.conns[c.slot] = c
	} else {
		c.slot = int32(len(lp.conns))
		lp.conns = append(lp.conns, c)
	}
	if !lp.ticking && lp.tick > 0 {
		lp.ticking = true
		lp.poll.until(time.Now().Add(lp.tick))
	}
	if lp.poll.add(c.fd, c.slot) != nil {
		lp.release(c)
		_ = syscall.Close(c.fd)
	}
}

// release gives the slot of a connection back. mu is held.
func (lp *loop) release(c *looped) {
	lp.conns[c.slot] = nil
	lp.free = append(lp.free, c.slot)
}

// stop has run end soon.
func (lp *loop) stop() {
	lp.mu.Lock()
	defer lp.mu.Unlock()
	lp.stopping.Store(true)
	lp.poll.until(time.Unix(1, 0))
}

// run answers until stop is called.
func (lp *loop) run() {
	stopped := false
	defer func() {
		if stopped {
			close(lp.ended)
		} else {
			go lp.run() // a handler has ended the goroutine, which should cost its own connection only
		}
	}()
	lp.workOff()
	for {
		err := lp.poll.wait()
		switch {
		case lp.stopping.Load():
			lp.empty(time.Now())
			lp.poll.close()
			stopped = true
			return
		case errors.Is(err, os.ErrDeadlineExceeded):
			lp.look(time.Now())
		}
	}
}

// work looks at connections on which something has come.
func (lp *loop) work(events []syscall.EpollEvent) {
	lp.batch, lp.ends = lp.batch[:0], lp.ends[:0]
	lp.mu.Lock()
	for i := range events {
		e := &events[i]
		lp.batch = append(lp.batch, lp.conns[e.Fd])
		lp.ends = append(lp.ends, e.Events&(syscall.EPOLLRDHUP|syscall.EPOLLHUP|syscall.EPOLLERR|syscall.EPOLLPRI) != 0)
	}
	lp.mu.Unlock()
	lp.workOff()
}

// workOff looks at what is left of the batch.
func (lp *loop) workOff() {
	for i, c := range lp.batch {
		if c == nil {
			continue // dropped, but a child that has not come to its exec yet holds the file
		}
		lp.batch[i] = nil
		lp.attend(c, lp.ends[i])
	}
}

// attend answers what has come on a connection. ends says that it may not be told of
// what is left.
func (lp *loop) attend(c *looped, ends bool) {
	returned := false
	defer func() {
		if !returned {
			lp.panicked(c, recover())
		}
	}()
	lp.readAndAnswer(c, ends)
	returned = true
}

func (lp *loop) readAndAnswer(c *looped, ends bool) {
	lp.budget = bytesAtOnce
	for range readsAtOnce {
		at := copy(lp.buf, c.partial)
		n, errno := rawRead(uintptr(c.fd), lp.buf[at:])
		switch {
		case errno == syscall.EAGAIN:
			return
		case errno != 0 || n == 0 && at == 0:
			lp.drop(c)
			return
		case n == 0:
			lp.handOver(c, lp.buf[:at], nothing) // net/http is to say what it thinks of half a head
			return
		}
		if !lp.answerAll(c, lp.buf[:at+n]) {
			return
		}
		// What is said once is said again when more comes, but not when more is left.
		if at+n < len(lp.buf) && !ends {
			return
		}
	}
	// Others have waited for long enough.
	lp.handOver(c, c.partial, nothing)
}

// answerAll answers the requests in b, and reports whether the connection is still
// the loop's.
func (lp *loop) answerAll(c *looped, b []byte) bool {
	whole := len(b) == len(lp.buf)
	for {
		i := bytes.Index(b, []byte("\r\n\r\n"))
		if i < 0 {
			break
		}
		end := i + 4
		if h := lp.req.parse(b[:end]); !h.simple || lp.listener.lane.stopping.Load() || !lp.respond(c) {
			lp.handOver(c, b, nothing)
			return false
		}
		b, whole = b[end:], false
		c.answered, c.since, c.partial = true, lp.answer.now, c.partial[:0]
		switch {
		case lp.answer.err != nil:
			lp.drop(c)
			return false
		case len(lp.out[0])+len(lp.out[1]) > 0:
			lp.handOver(c, b, lp.out)
			return false
		case lp.budget <= 0 && len(b) > 0:
			lp.handOver(c, b, nothing)
			return false
		}
	}
	switch {
	case whole:
		lp.handOver(c, b, nothing)
		return false
	case len(b) == 0:
		c.partial = nil
	default:
		if len(c.partial) == 0 && c.answered {
			c.since = time.Now()
		}
		c.partial = append(c.partial[:0], b...)
	}
	return true
}

// respond lets the lane's handler answer the request, and reports whether it did.
func (lp *loop) respond(c *looped) bool {
	lp.to, lp.answer.err, lp.out = c, nil, nothing
	return lp.listener.lane.handler(&lp.req, &lp.answer)
}

// RemoteAddr is the address of the client that is being answered.
func (lp *loop) RemoteAddr() net.Addr { return lp.to.addr }

// transmit writes what there is room for, and leaves the rest in out.
func (lp *loop) transmit(_ time.Time, head, body []byte) error {
	for {
		chunk := body[:min(len(body), maxChunk)]
		lp.out = [2][]byte{head, chunk}
		errno := rawWrite(uintptr(lp.to.fd), &lp.out)
		switch {
		case errno == syscall.EAGAIN:
			lp.out[1] = body[len(chunk)-len(lp.out[1]):]
			return nil
		case errno != 0:
			return os.NewSyscallError("writev", errno)
		}
		lp.budget -= len(head) + len(chunk)
		if head, body = nil, body[len(chunk):]; len(body) == 0 {
			return nil
		}
		if lp.budget <= 0 {
			lp.out[1] = body
			return nil
		}
	}
}

// panicked does what net/http does when a handler panics, with v, or calls
// runtime.Goexit, when v is nil.
func (lp *loop) panicked(c *looped, v any) {
	if err, ok := v.(error); v != nil && (!ok || !errors.Is(err, http.ErrAbortHandler)) {
		lp.listener.lane.logf("http: panic serving %v: %v\n%s", c.addr, v, debug.Stack())
	}
	lp.drop(c)
}

// drop closes a connection.
func (lp *loop) drop(c *looped) {
	lp.mu.Lock()
	defer lp.mu.Unlock()
	if lp.conns[c.slot] != c {
		return // it is not the loop's any more
	}
	lp.release(c)
	lp.poll.remove(c.fd) // epoll forgets it by itself only if no child holds the file
	_ = syscall.Close(c.fd)
}

// nothing is the rest of an answer that is whole, or was not begun.
var nothing [2][]byte

// handOver gives a connection to net/http. got has come on it; rest is to be written
// first.
func (lp *loop) handOver(c *looped, got []byte, rest [2][]byte) {
	lp.mu.Lock()
	lp.release(c)
	lp.mu.Unlock()
	lp.poll.remove(c.fd)
	h := c.conn(lp.listener.lane, lp.poll.giveSpare)
	lp.poll.keepSpare()
	if h == nil {
		return
	}
	h.buf = make([]byte, bufferSize)
	h.w = copy(h.buf, got)
	if len(c.partial) > 0 {
		h.late = c.since.Sub(h.begun)
	}
	h.home, h.resting = lp, c.answered && len(got) == 0
	h.rest = [2][]byte{bytes.Clone(rest[0]), rest[1]} // the first is in room of the loop's
	lp.listener.leave(h)
}

// conn returns the connection in the form that net/http needs, on another descriptor.
// Where there is none left, and spare gives none, the connection is closed and conn
// returns nil.
func (c *looped) conn(l *Lane, spare func() bool) *conn {
	f := os.NewFile(uintptr(c.fd), "")
	defer f.Close()
	nc, err := net.FileConn(f)
	if err != nil && spare() {
		nc, err = net.FileConn(f)
	}
	if err != nil {
		l.logf("http: connection from %v is closed: %v", c.addr, err)
		return nil
	}
	h := newConn(nc, l)
	h.remote = c.addr // a socket that was reset does not know it any more
	return h
}

// takeBack adds a connection that net/http does not need any more.
func (lp *loop) takeBack(nc net.Conn, active time.Time) bool {
	if lp.stopping.Load() {
		return false
	}
	c, err := detach(nc.(*net.TCPConn)) // handOver made it
	if err != nil {
		return false
	}
	c.answered, c.since = true, active
	lp.add(c)
	return true
}

// connections returns those that are the loop's now.
func (lp *loop) connections() []*looped {
	lp.mu.Lock()
	defer lp.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(lp.conns), func(c *looped) bool { return c == nil })
}

// look closes what has taken too long.
func (lp *loop) look(now time.Time) {
	left := false
	for _, c := range lp.connections() {
		limit := lp.listener.lane.headerTimeout
		if c.answered && len(c.partial) == 0 {
			limit = lp.listener.lane.idleTimeout
		}
		if limit > 0 && now.Sub(c.since) >= limit {
			lp.drop(c)
			continue
		}
		left = true
	}
	lp.mu.Lock()
	defer lp.mu.Unlock()
	if lp.stopping.Load() {
		return
	}
	// One may have been added meanwhile.
	lp.ticking = left || len(lp.conns) > len(lp.free)
	if lp.ticking {
		lp.poll.until(time.Now().Add(lp.tick))
	} else {
		lp.poll.until(time.Time{})
	}
}

// empty gives net/http what it would still answer at its shutdown, and closes the
// rest.
func (lp *loop) empty(now time.Time) {
	for _, c := range lp.connections() {
		at := copy(lp.buf, c.partial)
		n, _ := rawRead(uintptr(c.fd), lp.buf[at:])
		if at+n > 0 || !c.answered && now.Sub(c.since) < newFor {
			lp.handOver(c, lp.buf[:at+n], nothing)
		} else {
			lp.drop(c)
		}
	}
}
