package lane

import (
	"cmp"
	"errors"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// loopListener accepts connections and keeps them to itself as long as all that comes
// on them are simple requests with an answer. A few loops, one for each processor,
// wait for all of these connections together: a goroutine for each would cost a tenth
// of a hit to park and to wake, and some kilobytes. With a request of another kind a
// connection is given to net/http, and so is one whose client takes less than there is
// for it; it comes back when there are only simple requests on it again.
type loopListener struct {
	*net.TCPListener
	lane  *Lane
	loops []*loop

	begin sync.Once
	end   sync.Once
	ended chan struct{} // closed when the loops have ended and all is in leaving
	late  chan struct{} // closed when they should have long since

	failures chan error // of accepting

	mu      sync.Mutex
	leaving []*conn       // what Accept is to return
	gone    bool          // nobody calls Accept any more
	more    chan struct{} // told when leaving is not empty
}

// newLoopListener returns a listener that keeps connections in loops, or nil if it
// cannot.
func newLoopListener(inner net.Listener, l *Lane) net.Listener {
	ln, ok := inner.(*net.TCPListener) // not what embeds one: that has its own idea of a connection
	if !ok {
		return nil
	}
	ll := &loopListener{TCPListener: ln, lane: l,
		ended: make(chan struct{}), late: make(chan struct{}), failures: make(chan error), more: make(chan struct{}, 1)}
	for range min(runtime.GOMAXPROCS(0), runtime.NumCPU()) {
		lp, err := newLoop(ll)
		if err != nil {
			for _, lp := range ll.loops {
				lp.poll.close()
			}
			return nil
		}
		ll.loops = append(ll.loops, lp)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loops = append(l.loops, ll.ended)
	return ll
}

// Accept returns the next connection that is for net/http.
func (ll *loopListener) Accept() (net.Conn, error) {
	ll.begin.Do(func() {
		for _, lp := range ll.loops {
			go lp.run()
		}
		go ll.accept()
	})
	for {
		if c := ll.next(); c != nil {
			return c, nil
		}
		select {
		case <-ll.more:
		case err := <-ll.failures:
			return nil, ll.failed(err)
		case <-ll.ended:
			if c := ll.next(); c != nil {
				return c, nil
			}
			return nil, ll.failed(net.ErrClosed)
		case <-ll.late:
			return nil, ll.failed(net.ErrClosed)
		}
	}
}

// next takes a connection out of leaving, or returns nil.
func (ll *loopListener) next() *conn {
	ll.mu.Lock()
	defer ll.mu.Unlock()
	if len(ll.leaving) == 0 {
		return nil
	}
	c := ll.leaving[0]
	ll.leaving[0], ll.leaving = nil, ll.leaving[1:]
	return c
}

// failed returns an error in the form that package net gives it. After one that is
// not temporary net/http does not accept any more.
func (ll *loopListener) failed(err error) error {
	e := &net.OpError{Op: "accept", Net: "tcp", Addr: ll.Addr(), Err: err}
	if inner := (*net.OpError)(nil); errors.As(err, &inner) {
		e.Err = inner.Err
	}
	if !e.Temporary() {
		ll.mu.Lock()
		defer ll.mu.Unlock()
		ll.gone = true
		for _, c := range ll.leaving {
			_ = c.Conn.Close() // nobody will answer it
		}
		ll.leaving = nil
	}
	return e
}

// leave has Accept return a connection.
func (ll *loopListener) leave(c *conn) {
	ll.mu.Lock()
	defer ll.mu.Unlock()
	if ll.gone {
		_ = c.Conn.Close() // nobody would answer it
		return
	}
	ll.leaving = append(ll.leaving, c)
	select {
	case ll.more <- struct{}{}:
	default:
	}
}

// Close closes the listener and the connections that rest between two requests. All
// others are returned by Accept first.
func (ll *loopListener) Close() error {
	err := ll.TCPListener.Close()
	ll.finish()
	return err
}

// patience is how long Accept waits for loops to end whose handlers take long. That
// may be because they wait for the server to be closed.
const patience = time.Second

// finish has the loops end.
func (ll *loopListener) finish() {
	ll.end.Do(func() {
		ll.lane.stopping.Store(true)
		begun := true
		ll.begin.Do(func() { begun = false })
		if !begun {
			for _, lp := range ll.loops {
				lp.poll.close()
			}
			close(ll.ended)
			return
		}
		for _, lp := range ll.loops {
			lp.stop()
		}
		late := time.AfterFunc(patience, func() { close(ll.late) })
		go func() {
			for _, lp := range ll.loops {
				<-lp.ended
			}
			late.Stop()
			close(ll.ended)
		}()
	})
}

// accept gives connections to the loops in turn.
func (ll *loopListener) accept() {
	defer ll.finish()
	for turn := 0; ; turn++ {
		var c *looped
		nc, err := ll.AcceptTCP()
		if err == nil {
			c, err = detach(nc)
		}
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			select {
			case ll.failures <- err:
			case <-ll.ended:
				return
			}
		default:
			c.since = time.Now()
			ll.loops[turn%len(ll.loops)].add(c)
		}
	}
}

// detach takes a connection out of Go's poller, which would be told of all that comes
// on it. It closes nc; the error says that there are no more descriptors.
func detach(nc *net.TCPConn) (*looped, error) {
	defer nc.Close()
	raw, err := nc.SyscallConn()
	if err != nil {
		return nil, err
	}
	c := &looped{addr: nc.RemoteAddr()}
	controlErr := raw.Control(func(fd uintptr) {
		own, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_DUPFD_CLOEXEC, 0)
		c.fd = int(own)
		if errno != 0 {
			err = os.NewSyscallError("fcntl", errno)
		}
	})
	if err = cmp.Or(controlErr, err); err != nil {
		return nil, err
	}
	return c, nil
}
