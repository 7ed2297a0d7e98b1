package lane_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/reprint-go/reprint/internal/lane"
)

// heldFile holds the file of the server's end of a connection, as a child does
// between fork and exec, and returns the descriptor.
func heldFile(t *testing.T, c *client) int {
	t.Helper()
	port := c.LocalAddr().(*net.TCPAddr).Port
	for fd := 3; fd < 10_000; fd++ {
		if peer, err := syscall.Getpeername(fd); err == nil {
			if p, ok := peer.(*syscall.SockaddrInet4); ok && p.Port == port {
				held, err := syscall.Dup(fd)
				if err != nil {
					t.Fatal(err)
				}
				return held
			}
		}
	}
	t.Fatal("the server has no such connection")
	return -1
}

// What is told of a connection that was closed, because a child still holds its
// file, is for nobody.
func TestAClosedFileThatAChildHolds(t *testing.T) {
	s := serveLoops(t, nil, nil)
	c := s.dial(t)
	c.send(get("/fast/1"))
	c.want("lane /fast/1")
	held := heldFile(t, c)
	defer func() { _ = syscall.Close(held) }()
	conn := c.Conn.(*net.TCPConn)
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	for closed := false; !closed; { // until the server has, too: only held is left
		sa, err := syscall.Getpeername(held)
		if err != nil {
			break
		}
		others := 0
		for fd := 3; fd < 1000; fd++ {
			if peer, err := syscall.Getpeername(fd); err == nil && fd != held && fmt.Sprint(peer) == fmt.Sprint(sa) {
				others++
			}
		}
		closed = others == 0
	}
	_ = conn.SetLinger(0)
	_ = conn.Close() // a reset: an event for what is still registered
	for range 3 {
		other := s.dial(t)
		other.send(get("/fast/2"))
		other.want("lane /fast/2")
	}
}

// A byte of urgent data ends a read, and what follows is not told of.
func TestUrgentDataWithinAHead(t *testing.T) {
	l := listen(t)
	c := (&served{addr: l.Addr().String()}).dial(t)
	raw, err := c.Conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	// All of it is there before the server looks.
	c.send("GET /fast/1 HTTP/1.1\r\nHo")
	if err := raw.Control(func(fd uintptr) { err = syscall.Sendto(int(fd), []byte("!"), syscall.MSG_OOB, nil) }); err != nil {
		t.Fatal(err)
	}
	c.send("st: a\r\n\r\n")
	server := &http.Server{}
	ln := lane.New(server, time.Minute, func(_ *lane.Request, a *lane.Answer) bool {
		a.Send(time.Now(), append(a.Buffer(), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"...), nil)
		return true
	})
	_, end := serveLane(t, server, ln, l)
	c.want("ok")
	end()
}

// Handlers that panic on a connection of net/http's, or close the server, keep
// nobody from the end.
func TestHandlersThatEndThings(t *testing.T) {
	var logged bytes.Buffer
	server := &http.Server{ErrorLog: log.New(&logged, "", 0), Handler: http.NotFoundHandler()}
	closed := make(chan struct{})
	ln := lane.New(server, time.Minute, func(r *lane.Request, a *lane.Answer) bool {
		switch r.Target {
		case "/panic":
			panic("oh")
		case "/close":
			_ = server.Close()
			close(closed)
		}
		return false
	})
	s, end := serveLane(t, server, ln, listen(t))
	c := s.dial(t)
	c.send(get("/slow"))
	c.want("404 page not found\n")
	c.send(get("/panic"))
	c.wantEnd()
	s.dial(t).send(get("/close"))
	<-closed
	end()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := ln.Finish(ctx); err != nil {
		t.Error(err)
	}
	if !strings.Contains(logged.String(), "oh") {
		t.Errorf("logged %q", &logged)
	}
}

// Who was there before there were no more descriptors is answered.
func TestWithoutDescriptors(t *testing.T) {
	var limit, low syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	s := serveLoops(t, nil, nil)
	c := s.dial(t)
	c.send(get("/fast/1"))
	c.want("lane /fast/1")
	low = limit
	low.Cur = min(limit.Cur, 256)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	var all []int
	free := func() {
		for _, fd := range all {
			_ = syscall.Close(fd)
		}
		all = nil
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	}
	defer free()
	for {
		fd, err := syscall.Dup(0)
		if err != nil {
			break
		}
		all = append(all, fd)
	}
	_, _ = io.WriteString(c, "POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
	c.want("net/http POST /slow 2 <nil>")
	free()
	other := s.dial(t)
	other.send(get("/fast/2"))
	other.want("lane /fast/2")
}
