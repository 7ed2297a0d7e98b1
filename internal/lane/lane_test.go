package lane_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/reprint-go/reprint/internal/lane"
)

// served is a server whose lane answers every path below /fast.
type served struct {
	server *http.Server
	lane   *lane.Lane
	addr   string
	ended  chan error
	body   atomic.Pointer[[]byte] // of the lane's answers; nil: "lane"
	begun  chan struct{}          // told of each answer of the lane, while it has room
	hold   chan struct{}          // for which answers to /fast/hold wait
}

// starter starts a server.
type starter func(t *testing.T, configure func(*http.Server), handler http.HandlerFunc) *served

// eachWay runs a test with connections that are kept in loops, where there are any,
// and with connections that are net/http's from their beginning.
func eachWay(t *testing.T, test func(t *testing.T, serve starter)) {
	for name, wrap := range map[string]func(net.Listener) net.Listener{
		"by itself":        func(l net.Listener) net.Listener { return l },
		"through net/http": func(l net.Listener) net.Listener { return struct{ net.Listener }{l} },
	} {
		t.Run(name, func(t *testing.T) {
			test(t, func(t *testing.T, configure func(*http.Server), handler http.HandlerFunc) *served {
				t.Helper()
				return serveOn(t, wrap, configure, handler)
			})
		})
	}
}

// serveOn starts a server with something between the lane and its listener.
func serveOn(t *testing.T, wrap func(net.Listener) net.Listener, configure func(*http.Server), handler http.HandlerFunc) *served {
	t.Helper()
	t.Cleanup(func() { goleak.VerifyNone(t) })
	s := &served{ended: make(chan error, 1), begun: make(chan struct{}, 1000), hold: make(chan struct{})}
	s.server = &http.Server{Handler: handler}
	if handler == nil {
		s.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			fmt.Fprintf(w, "net/http %s %s %d %v", r.Method, r.RequestURI, len(b), err)
		})
	}
	if configure != nil {
		configure(s.server)
	}
	s.lane = lane.New(s.server, s.server.WriteTimeout, func(r *lane.Request, a *lane.Answer) bool {
		if !strings.HasPrefix(r.Target, "/fast") {
			return false
		}
		body := []byte("lane " + r.Target)
		if b := s.body.Load(); b != nil {
			body = *b
		}
		head := fmt.Appendf(a.Buffer(), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(body))
		select {
		case s.begun <- struct{}{}:
		default:
		}
		if r.Target == "/fast/hold" {
			<-s.hold
		}
		if r.Head {
			body = nil
		}
		a.Send(time.Now(), head, body)
		return true
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	go func() { s.ended <- s.server.Serve(s.lane.Listener(wrap(l))) }()
	t.Cleanup(func() {
		_ = s.server.Close()
		if err := <-s.ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return s
}

// client is a connection to a server.
type client struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func (s *served) dial(t *testing.T) *client {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &client{t, conn, bufio.NewReader(conn)}
}

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatal(err)
	}
}

// want reads an answer and compares its body.
func (c *client) want(body string) {
	c.t.Helper()
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		c.t.Fatalf("no answer, but %v; want %q", err, body)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || string(got) != body {
		c.t.Fatalf("got %.200q (%d bytes), %v; want %.200q (%d)", got, len(got), err, body, len(body))
	}
}

func (c *client) wantEnd() {
	c.t.Helper()
	if b, err := io.ReadAll(c.r); err != nil || len(b) > 0 {
		c.t.Fatalf("got %q, %v; want the end of the connection", b, err)
	}
}

func get(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n" }

// countedListener counts what its connections read and write.
type countedListener struct {
	net.Listener
	read, written atomic.Int64
}

func (l *countedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &countedConn{c.(*net.TCPConn), l}, nil
}

type countedConn struct {
	*net.TCPConn
	l *countedListener
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	c.l.read.Add(int64(n))
	return n, err
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.TCPConn.Write(p)
	c.l.written.Add(int64(n))
	return n, err
}

// A connection that does more than to read and to write is not passed by, although
// the descriptor below it could be had.
func TestAConnectionOfAnotherKindIsAskedItself(t *testing.T) {
	var counted *countedListener
	s := serveOn(t, func(l net.Listener) net.Listener {
		counted = &countedListener{Listener: l}
		return counted
	}, nil, nil)
	large := bytes.Repeat([]byte("x"), 600_000)
	s.body.Store(&large)
	c := s.dial(t)
	request := get("/fast/1")
	c.send(request)
	c.want(string(large))
	small := []byte("small")
	s.body.Store(&small)
	c.send(request)
	c.want("small")
	if r, w := counted.read.Load(), counted.written.Load(); r != int64(2*len(request)) || w < int64(len(large)+len(small)) {
		t.Errorf("%d bytes were read and %d written by the connection itself", r, w)
	}
}

// A connection goes back and forth: what net/http has to answer does not keep the
// lane from answering what comes after it.
func TestEachRequestIsAnsweredByWhomItIsFor(t *testing.T) {
	eachWay(t, func(t *testing.T, serve starter) {
		s := serve(t, nil, nil)
		c := s.dial(t)
		for range 3 {
			c.send(get("/fast/1"))
			c.want("lane /fast/1")
			c.send(get("/slow"))
			c.want("net/http GET /slow 0 <nil>")
			c.send("POST /fast HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
			c.want("net/http POST /fast 5 <nil>")
			c.send("POST /fast HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
			c.want("net/http POST /fast 0 <nil>")
			c.send("DELETE /fast HTTP/1.1\r\nHost: a\r\n\r\n")
			c.want("net/http DELETE /fast 0 <nil>")
		}
		big := strings.Repeat("x", 100_000)
		c.send(fmt.Sprintf("POST /big HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(big), big))
		c.want("net/http POST /big 100000 <nil>")
		c.send(get("/fast/2"))
		c.want("lane /fast/2")
		if n := len(s.begun); n != 4 {
			t.Errorf("the lane has answered %d requests, want 4", n)
		}
	})
}

// After a body whose end is found only by reading it, everything is for net/http.
func TestAChunkedBodyLeavesTheConnectionToNetHTTP(t *testing.T) {
	eachWay(t, func(t *testing.T, serve starter) {
		s := serve(t, nil, nil)
		c := s.dial(t)
		c.send(get("/fast/1"))
		c.want("lane /fast/1")
		c.send("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + get("/fast/2") + get("/fast/3"))
		c.want("net/http POST /x 3 <nil>")
		c.want("net/http GET /fast/2 0 <nil>")
		c.want("net/http GET /fast/3 0 <nil>")
	})
}

func TestPipelinedRequestsAreAnsweredInTheirOrder(t *testing.T) {
	eachWay(t, func(t *testing.T, serve starter) {
		s := serve(t, nil, nil)
		c := s.dial(t)
		var all, want []string
		for i := range 400 {
			switch kind := i % 3; {
			case kind == 0 || i%200 > 100: // many in a row too
				all, want = append(all, get(fmt.Sprintf("/fast/%d", i))), append(want, fmt.Sprintf("lane /fast/%d", i))
			case kind == 1:
				all, want = append(all, get(fmt.Sprintf("/slow/%d", i))), append(want, fmt.Sprintf("net/http GET /slow/%d 0 <nil>", i))
			default:
				all = append(all, fmt.Sprintf("PUT /fast/%d HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", i))
				want = append(want, fmt.Sprintf("net/http PUT /fast/%d 3 <nil>", i))
			}
		}
		go func() { _, _ = io.WriteString(c, strings.Join(all, "")) }()
		for _, w := range want {
			c.want(w)
		}
	})
}

// Whatever comes after what, in whatever pieces, and whoever answers: each request has
// its own answer.
func TestAnyConversation(t *testing.T) {
	eachWay(t, func(t *testing.T, serve starter) {
		s := serve(t, nil, nil)
		seed := uint64(time.Now().UnixNano())
		for n := range uint64(30) {
			r := rand.New(rand.NewPCG(seed, n))
			var all, want []string
			for range 100 {
				path := fmt.Sprintf("/%s/%d", []string{"fast", "fast", "fast", "slow"}[r.IntN(4)], r.IntN(1000))
				if r.IntN(5) == 0 {
					path += strings.Repeat("x", r.IntN(6000)) // some are longer than what a lane looks at
				}
				switch body := strings.Repeat("y", r.IntN(3)*r.IntN(3000)); r.IntN(8) {
				case 0:
					all = append(all, fmt.Sprintf("POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body))
					want = append(want, fmt.Sprintf("net/http POST %s %d <nil>", path, len(body)))
				case 1:
					for range 20 { // enough to go home
						all, want = append(all, get("/fast/many")), append(want, "net/http GET /fast/many 0 <nil>")
					}
				default:
					all, want = append(all, get(path)), append(want, "net/http GET "+path+" 0 <nil>")
				}
			}
			c := s.dial(t)
			var wg sync.WaitGroup
			wg.Go(func() {
				for text := strings.Join(all, ""); text != ""; {
					n := min(len(text), 1+r.IntN(1+r.IntN(5000)))
					if _, err := io.WriteString(c, text[:n]); err != nil {
						t.Error(err)
						return
					}
					text = text[n:]
					if r.IntN(10) == 0 {
						time.Sleep(time.Duration(r.IntN(2000)) * time.Microsecond) // the client's pace
					}
				}
			})
			for i, w := range want {
				resp, err := http.ReadResponse(c.r, nil)
				if err != nil {
					t.Fatalf("seed %d: answer %d of conversation %d: %v; want %.60q", seed, i, n, err, w)
				}
				got, err := io.ReadAll(resp.Body)
				if path, ok := strings.CutPrefix(string(got), "lane "); ok { // it does not matter who
					got = []byte("net/http GET " + path + " 0 <nil>")
				}
				if err != nil || string(got) != w {
					t.Fatalf("seed %d: answer %d of conversation %d is %.60q, %v; want %.60q", seed, i, n, got, err, w)
				}
			}
			wg.Wait()
			_ = c.Close()
		}
	})
}

func TestARequestMayComeByteByByte(t *testing.T) {
	eachWay(t, func(t *testing.T, serve starter) {
		s := serve(t, nil, nil)
		c := s.dial(t)
		for _, b := range []byte(get("/fast/1") + get("/slow") + get("/fast/2")) {
			c.send(string(b))
		}
		c.want("lane /fast/1")
		c.want("net/http GET /slow 0 <nil>")
		c.want("lane /fast/2")
	})
}

// net/http takes line ends before a request after a POST only, whoever has answered
// in between.
func TestLineEndsBeforeARequest(t *testing.T) {
	eachWay(t, func(t *testing.T, serve starter) {
		s := serve(t, nil, nil)
		for _, between := range []string{"", get("/fast/1"), get("/slow")} {
			c := s.dial(t)
			c.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" + between + "\r\n" + get("/fast/2"))
			want := []int{200, 200}
			if between != "" {
				want = append(want, 400)
			}
			for _, status := range want {
				resp, err := http.ReadResponse(c.r, nil)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != status {
					t.Errorf("after %q: %d, %v; want %d", between, resp.StatusCode, err, status)
				}
			}
		}
	})
}

func TestALongHeadIsForNetHTTP(t *testing.T) {
	eachWay(t, func(t *testing.T, serve starter) {
		s := serve(t, nil, nil)
		c := s.dial(t)
		c.send("GET /fast HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 8000) + "\r\n\r\n")
		c.want("net/http GET /fast 0 <nil>")
	})
}

func TestALargeAnswerIsWhole(t *testing.T) {
	eachWay(t, func(t *testing.T, serve starter) {
		s := serve(t, nil, nil)
		for _, n := range []int{0, 1, 4096, 4097, 1 << 20, 3<<20 + 1, 40<<20 + 7} {
			body := bytes.Repeat([]byte("0123456789abcdef"), n/16+1)[:n]
			s.body.Store(&body)
			c := s.dial(t)
			for range 3 {
				c.send(get("/fast"))
				c.want(string(body))
			}
		}
	})
}

// net/http watches whether a client leaves while its handler runs. What the client
// sends meanwhile is the next request.
func TestAClientThatLeavesEndsTheContextOfItsRequest(t *testing.T) {
	eachWay(t, func(t *testing.T, serve starter) {
		entered, left := make(chan struct{}), make(chan struct{})
		s := serve(t, nil, func(w http.ResponseWriter, r *http.Request) {
			close(entered)
			<-r.Context().Done()
			close(left)
		})
		c := s.dial(t)
		c.send(get("/fast/1"))
		c.want("lane /fast/1")
		c.send(get("/slow"))
		<-entered
		_ = c.Close()
		<-left
	})
}

func TestWhatComesWhileAHandlerRunsIsTheNextRequest(t *testing.T) {
	eachWay(t, func(t *testing.T, serve starter) {
		entered, goOn := make(chan struct{}, 1), make(chan struct{})
		s := serve(t, nil, func(w http.ResponseWriter, r *http.Request) {
			entered <- struct{}{}
			<-goOn
			fmt.Fprint(w, "net/http ", r.RequestURI)
		})
		c := s.dial(t)
		c.send(get("/slow/1"))
		<-entered
		c.send(get("/fast/1"))
		c.send(get("/slow/2"))
		goOn <- struct{}{}
		c.want("net/http /slow/1")
		c.want("lane /fast/1")
		<-entered
		goOn <- struct{}{}
		c.want("net/http /slow/2")
	})
}

func TestAHijackedConnectionIsLeftAlone(t *testing.T) {
	eachWay(t, func(t *testing.T, serve starter) {
		s := serve(t, nil, func(w http.ResponseWriter, r *http.Request) {
			conn, rw, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			for {
				line, err := rw.ReadString('\n')
				if err != nil {
					return
				}
				if _, err := io.WriteString(conn, "echo "+line); err != nil {
					return
				}
			}
		})
		c := s.dial(t)
		c.send(get("/fast"))
		c.want("lane /fast")
		c.send("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello\n")
		for _, want := range []string{"echo hello\n", "echo GET /fast HTTP/1.1\r\n"} {
			if got, err := c.r.ReadString('\n'); err != nil || got != want {
				t.Fatalf("got %q, %v; want %q", got, err, want)
			}
			c.send("GET /fast HTTP/1.1\r\n")
		}
		_ = c.Close()
	})
}

// The timeouts of the server hold, whoever answers.
func TestTimeouts(t *testing.T) {
	eachWay(t, func(t *testing.T, serve starter) {
		t.Run("a head that does not end, first", func(t *testing.T) {
			s := serve(t, func(hs *http.Server) { hs.ReadHeaderTimeout = 50 * time.Millisecond }, nil)
			c := s.dial(t)
			c.send("GET /fast HTTP/1.1\r\n")
			c.wantEnd()
		})
		t.Run("a head that does not end, later", func(t *testing.T) {
			s := serve(t, func(hs *http.Server) { hs.ReadHeaderTimeout = 50 * time.Millisecond }, nil)
			for _, before := range []string{"/fast", "/slow"} {
				c := s.dial(t)
				c.send(get(before))
				if _, err := http.ReadResponse(c.r, nil); err != nil {
					t.Fatal(err)
				}
				_, _ = c.r.Discard(c.r.Buffered())
				c.send("GET /fast HTTP/1.1\r\n")
				c.wantEnd()
			}
		})
		t.Run("nothing, after an answer of the lane", func(t *testing.T) {
			s := serve(t, func(hs *http.Server) { hs.IdleTimeout = 50 * time.Millisecond }, nil)
			c := s.dial(t)
			c.send(get("/fast"))
			c.want("lane /fast")
			c.wantEnd()
		})
		t.Run("answers of the lane keep a connection", func(t *testing.T) {
			s := serve(t, func(hs *http.Server) { hs.IdleTimeout = 400 * time.Millisecond }, nil)
			c := s.dial(t)
			for begin := time.Now(); time.Since(begin) < 1500*time.Millisecond; {
				c.send(get("/fast"))
				c.want("lane /fast")
				time.Sleep(20 * time.Millisecond) // the client's pace, not a wait for anything
			}
			c.wantEnd()
		})
		t.Run("a body has its time from when its request came", func(t *testing.T) {
			s := serve(t, func(hs *http.Server) { hs.ReadTimeout = 500 * time.Millisecond; hs.IdleTimeout = time.Minute }, nil)
			c := s.dial(t)
			for begin := time.Now(); time.Since(begin) < 700*time.Millisecond; {
				c.send(get("/fast"))
				c.want("lane /fast")
				time.Sleep(20 * time.Millisecond) // as above
			}
			c.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe")
			time.Sleep(50 * time.Millisecond) // as above
			c.send("llo")
			c.want("net/http POST /x 5 <nil>")
		})
		t.Run("a client that takes nothing", func(t *testing.T) {
			s := serve(t, func(hs *http.Server) { hs.WriteTimeout = 100 * time.Millisecond }, nil)
			body := make([]byte, 64<<20)
			s.body.Store(&body)
			c := s.dial(t)
			c.send(get("/fast"))
			<-s.begun
			time.Sleep(400 * time.Millisecond) // longer than the timeout
			if n, err := io.Copy(io.Discard, c.r); err == nil && n >= int64(len(body)) {
				t.Error("all was sent")
			}
		})
	})
}

// A shutdown closes idle connections at once and lets an answer end that is being
// written.
func TestShutdown(t *testing.T) {
	eachWay(t, func(t *testing.T, serve starter) {
		s := serve(t, nil, nil)
		idle, new := s.dial(t), s.dial(t)
		idle.send(get("/fast"))
		idle.want("lane /fast")
		idle.send(get("/slow"))
		idle.want("net/http GET /slow 0 <nil>")
		_ = new
		body := make([]byte, 32<<20)
		s.body.Store(&body)
		<-s.begun
		busy := s.dial(t)
		busy.send(get("/slow"))
		busy.want("net/http GET /slow 0 <nil>")
		busy.send(get("/fast"))
		<-s.begun
		down := make(chan error, 1)
		go func() { down <- s.server.Shutdown(context.Background()) }()
		idle.wantEnd()
		finished := make(chan error, 1)
		go func() {
			err := <-down
			if err == nil {
				err = s.lane.Finish(context.Background())
			}
			finished <- err
		}()
		resp, err := http.ReadResponse(busy.r, nil)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		if err != nil || n != int64(len(body)) {
			t.Errorf("%d of %d bytes, %v", n, len(body), err)
		}
		busy.wantEnd()
		if err := <-finished; err != nil {
			t.Error(err)
		}
	})
}

func TestFinishCutsWhatDoesNotEnd(t *testing.T) {
	eachWay(t, func(t *testing.T, serve starter) {
		s := serve(t, nil, nil)
		body := make([]byte, 64<<20)
		s.body.Store(&body)
		c := s.dial(t)
		c.send(get("/slow"))
		c.want("net/http GET /slow 0 <nil>")
		c.send(get("/fast"))
		<-s.begun
		if err := s.server.Shutdown(context.Background()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		if err := s.lane.Finish(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want a deadline that was exceeded", err)
		}
	})
}

// BenchmarkAnswer is one request and its answer over loopback.
func BenchmarkAnswer(b *testing.B) {
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 800\r\n\r\n"
	body := make([]byte, 800)
	server := &http.Server{}
	ln := lane.New(server, time.Minute, func(r *lane.Request, a *lane.Answer) bool {
		a.Send(time.Now(), append(a.Buffer(), head...), body)
		return true
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = server.Serve(ln.Listener(l)) }()
	defer server.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	request, answer := []byte(get("/")), make([]byte, len(head)+len(body))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := conn.Write(request); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(conn, answer); err != nil {
			b.Fatal(err)
		}
	}
}
