package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// T-071: what a connection may do for how long, in fake time, with the server of
// net/http as it is configured for the public listener.

// inMemory serves a handler behind the observer on connections in memory.
func inMemory(t *testing.T, h http.HandlerFunc) (dial func() net.Conn) {
	t.Helper()
	o := newObserver(slog.New(slog.DiscardHandler), &server{})
	share := 0.0
	o.access.Store(&share)
	l := &memoryListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true) // what TLS would negotiate
	server := &http.Server{Handler: o.observe(h), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, Protocols: protocols, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
	return func() net.Conn {
		client, conn := net.Pipe()
		l.conns <- conn
		t.Cleanup(func() { _ = client.Close() })
		return client
	}
}

type memoryListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *memoryListener) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

// Between two events of a stream there may be hours, over either protocol: only a
// client that takes nothing is given up.
func TestAStreamMayRest(t *testing.T) {
	for _, name := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dial := inMemory(t, func(w http.ResponseWriter, r *http.Request) {
					for i := range 3 {
						fmt.Fprintf(w, "data: %d\n\n", i)
						_ = http.NewResponseController(w).Flush() // fails when the client has been given up
						select {
						case <-time.After(time.Hour):
						case <-r.Context().Done():
							return
						}
					}
				})
				protocols := new(http.Protocols)
				protocols.SetHTTP1(name == "HTTP/1.1")
				protocols.SetUnencryptedHTTP2(name != "HTTP/1.1")
				transport := &http.Transport{Protocols: protocols, DialContext: func(context.Context, string, string) (net.Conn, error) { return dial(), nil }}
				defer transport.CloseIdleConnections()
				res, err := (&http.Client{Transport: transport}).Get("http://memory/")
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				got, err := io.ReadAll(res.Body) // the end comes after a rest too
				if err != nil || string(got) != "data: 0\n\ndata: 1\n\ndata: 2\n\n" || res.Proto != name {
					t.Errorf("%s: %q, %v", res.Proto, got, err)
				}
			})
		})
	}
}

// A connection that was used, and rested for less than the two minutes that it
// may, takes a request with an expectation like any other.
func TestAnExpectationOnAConnectionThatRested(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := inMemory(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(w, r.Body) // the client looks at what it got
		})()
		r := bufio.NewReader(c)
		for range 3 {
			fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
			line, err := r.ReadString('\n')
			if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
				t.Fatalf("got %q, %v, want 100", line, err)
			}
			if _, err := r.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(c, "body")
			res, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(res.Body); err != nil || string(body) != "body" {
				t.Errorf("got %q, %v", body, err)
			}
			time.Sleep(90 * time.Second)
		}
	})
}

// A client that announces a body and does not send it, or stops in the middle of
// it, is given up in the end; one that is slow but goes on is not.
func TestABodyThatDoesNotCome(t *testing.T) {
	for _, test := range []struct {
		name string
		read bool // the handler reads the body
		sent string
	}{
		{"nothing, and nobody reads it", false, ""},
		{"a part, and nobody reads it", false, "0123456789"},
		{"nothing", true, ""},
		{"a part", true, "0123456789"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := inMemory(t, func(_ http.ResponseWriter, r *http.Request) {
					if test.read {
						_, _ = io.Copy(io.Discard, r.Body) // it ends with an error
					}
				})()
				begin := time.Now()
				fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"+test.sent)
				if err := c.SetReadDeadline(begin.Add(10 * time.Minute)); err != nil {
					t.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, c); err != nil {
					t.Errorf("after %v the connection is still open: %v", time.Since(begin), err)
				}
			})
		})
	}
	t.Run("slowly", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			got := make(chan int64, 1)
			c := inMemory(t, func(_ http.ResponseWriter, r *http.Request) {
				n, _ := io.Copy(io.Discard, r.Body) // the number says whether it was whole
				got <- n
			})()
			fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n")
			for range 20 {
				time.Sleep(30 * time.Second)
				fmt.Fprint(c, "x")
			}
			if n := <-got; n != 20 {
				t.Errorf("%d bytes of 20 were read", n)
			}
		})
	})
}

// A client that takes nothing is given up after a minute; one that takes slowly
// gets all.
func TestAClientThatTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 8 << 20
		ended := make(chan error, 1)
		dial := inMemory(t, func(w http.ResponseWriter, _ *http.Request) {
			_, err := w.Write(make([]byte, size))
			ended <- err
		})
		begin := time.Now()
		c := dial()
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if err := <-ended; err == nil || time.Since(begin) > 2*time.Minute {
			t.Errorf("it ended with %v after %v", err, time.Since(begin))
		}
		c = dial()
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		total := 0
		for piece := make([]byte, 64<<10); total < size; {
			n, err := res.Body.Read(piece)
			if err != nil {
				t.Fatalf("after %d bytes: %v", total, err)
			}
			total += n
			time.Sleep(time.Second)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
