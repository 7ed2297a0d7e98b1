package lane_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/reprint-go/reprint/internal/lane"
)

// serveLoops is a server that keeps its connections in loops.
func serveLoops(t *testing.T, configure func(*http.Server), handler http.HandlerFunc) *served {
	t.Helper()
	return serveOn(t, func(l net.Listener) net.Listener { return l }, configure, handler)
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serveLane serves with a lane of the test's own until end, which waits for the server.
func serveLane(t *testing.T, server *http.Server, ln *lane.Lane, l net.Listener) (s *served, end func()) {
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ln.Listener(l)) }()
	return &served{addr: l.Addr().String()}, func() {
		t.Helper()
		_ = server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}
}

// More connections than a loop looks at in one go get their answers, and none has a
// goroutine of its own.
func TestThousandsOfConnectionsNeedNoGoroutines(t *testing.T) {
	s := serveLoops(t, nil, nil)
	before := runtime.NumGoroutine()
	clients := make([]*client, connectionsAtMost(t, 5000))
	for i := range clients {
		clients[i] = s.dial(t)
	}
	for round := range 5 {
		if round == 1 {
			// All of them have something for the loops when those come back.
			for range runtime.NumCPU() {
				c := s.dial(t)
				c.send(get("/fast/hold"))
				defer c.want("lane /fast/hold")
			}
		}
		for i, c := range clients {
			c.send(get(fmt.Sprintf("/fast/%d/%d", round, i)))
		}
		if round == 1 {
			close(s.hold)
		}
		for i, c := range clients {
			c.want(fmt.Sprintf("lane /fast/%d/%d", round, i))
		}
	}
	if n := runtime.NumGoroutine(); n > before+50 {
		t.Errorf("%d goroutines before, %d with %d connections", before, n, len(clients))
	}
}

// connectionsAtMost is n, or how many connections there are descriptors for, both ends
// in this process.
func connectionsAtMost(t *testing.T, n int) int {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	return min(n, (int(min(limit.Cur, 1<<20))-200)/2)
}

// descriptors counts those of this process.
func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// However a connection ends, its descriptor is given back, and nobody else notices.
func TestConnectionsThatEnd(t *testing.T) {
	var logged bytes.Buffer
	s := serveLoops(t, func(hs *http.Server) { hs.ErrorLog = log.New(&logged, "", 0) }, nil)
	other := s.dial(t)
	other.send(get("/fast/other"))
	other.want("lane /fast/other")
	before := descriptors(t)
	large := make([]byte, 8<<20)
	for name, end := range map[string]func(c *client){
		"before a request":   func(*client) {},
		"within a head":      func(c *client) { c.send("GET /fast HTTP/1.1\r\nHo") },
		"after an answer":    func(c *client) { c.send(get("/fast/1")); c.want("lane /fast/1") },
		"after net/http's":   func(c *client) { c.send(get("/slow")); c.want("net/http GET /slow 0 <nil>") },
		"before the answer":  func(c *client) { c.send(get("/fast/1") + get("/fast/2")) },
		"without the answer": func(c *client) { s.body.Store(&large); c.send(get("/fast/1")); <-s.begun; s.body.Store(nil) },
		"with a reset": func(c *client) {
			c.send("GET /fast")
			if err := c.Conn.(*net.TCPConn).SetLinger(0); err != nil {
				t.Error(err)
			}
		},
	} {
		for range 20 {
			c := s.dial(t)
			end(c)
			_ = c.Close()
		}
		other.send(get("/fast/other"))
		other.want("lane /fast/other")
		for deadline := time.Now().Add(10 * time.Second); descriptors(t) > before; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: %d descriptors before, %d after", name, before, descriptors(t))
			}
		}
	}
	if logged.Len() > 0 {
		t.Errorf("logged: %s", &logged)
	}
}

// A connection that has been given to net/http comes back when there is nothing but
// simple requests on it again.
func TestAConnectionComesBack(t *testing.T) {
	var mu sync.Mutex
	states := map[http.ConnState]int{}
	s := serveLoops(t, func(hs *http.Server) {
		hs.IdleTimeout = time.Minute
		hs.ConnState = func(_ net.Conn, state http.ConnState) {
			mu.Lock()
			defer mu.Unlock()
			states[state]++
		}
	}, nil)
	c := s.dial(t)
	for round := range 3 {
		c.send(get("/slow") + get("/fast/piped"))
		c.want("net/http GET /slow 0 <nil>")
		c.want("lane /fast/piped")
		for i := range 100 {
			path := fmt.Sprintf("/fast/%d", i)
			if i%7 == 0 {
				path = "/fast/" + strings.Repeat("x", 3000)
				c.send(get(path)[:1500])
				c.send(get(path)[1500:])
			} else {
				c.send(get(path))
			}
			c.want("lane " + path)
		}
		mu.Lock()
		if states[http.StateNew] != round+1 || states[http.StateClosed] != round+1 {
			t.Errorf("round %d: net/http has seen %v", round, states)
		}
		mu.Unlock()
	}
	body := make([]byte, 8<<20)
	s.body.Store(&body)
	for range 10 { // it leaves by its large answers, too
		c.send(get("/fast"))
		c.want(string(body))
	}
}

// While connections come and go, a shutdown loses nobody's answer and no descriptor.
func TestAShutdownWhileConnectionsComeAndGo(t *testing.T) {
	before := descriptors(t)
	for range 20 {
		t.Run("", func(t *testing.T) {
			s := serveLoops(t, nil, nil)
			var wg sync.WaitGroup
			var answered atomic.Int64
			for range 32 {
				conn, err := net.Dial("tcp", s.addr)
				if err != nil {
					t.Fatal(err)
				}
				wg.Go(func() {
					defer conn.Close()
					_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
					r := bufio.NewReader(conn)
					for i := 0; ; i++ {
						path, want := "/fast/1", "lane /fast/1"
						if i%20 == 0 {
							path, want = "/slow", "net/http GET /slow 0 <nil>"
						}
						if _, err := io.WriteString(conn, get(path)); err != nil {
							return
						}
						resp, err := http.ReadResponse(r, nil)
						if err != nil {
							return
						}
						if got, err := io.ReadAll(resp.Body); err != nil || string(got) != want {
							t.Errorf("%s: %q, %v", path, got, err)
							return
						}
						answered.Add(1)
					}
				})
			}
			for answered.Load() < 2000 {
				runtime.Gosched()
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			if err := errors.Join(s.server.Shutdown(ctx), s.lane.Finish(ctx)); err != nil {
				t.Error(err)
			}
			wg.Wait()
		})
	}
	for deadline := time.Now().Add(10 * time.Second); descriptors(t) > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d descriptors before, %d after", before, descriptors(t))
		}
	}
}

// A client that has said all that it wants to say still gets the answers.
func TestAClientThatClosesItsSideGetsItsAnswers(t *testing.T) {
	s := serveLoops(t, nil, nil)
	for last, want := range map[string]string{"/fast/2": "lane /fast/2", "/slow": "net/http GET /slow 0 <nil>"} {
		c := s.dial(t)
		c.send(get("/fast/1") + get(last))
		if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		c.want("lane /fast/1")
		c.want(want)
		c.wantEnd()
	}
}

// Half a head is judged by net/http.
func TestHalfAHeadIsForNetHTTP(t *testing.T) {
	s := serveLoops(t, nil, nil)
	c := s.dial(t)
	c.send(get("/fast/1") + "GET /fast HTTP/1.1\r\nHost: a\r\nnonsense\r\n")
	if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	c.want("lane /fast/1")
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil || resp.StatusCode != http.StatusBadRequest {
		t.Errorf("%+v, %v; want 400", resp, err)
	}
}

// One that sends without end and takes what it gets holds up nobody.
func TestAnEndlessPipelineHoldsUpNobody(t *testing.T) {
	s := serveLoops(t, nil, nil)
	var wg sync.WaitGroup
	defer wg.Wait()
	flood := s.dial(t)
	defer flood.Close()
	wg.Go(func() {
		many := strings.Repeat(get("/fast/flood"), 1000)
		for {
			if _, err := io.WriteString(flood, many); err != nil {
				return
			}
		}
	})
	wg.Go(func() { _, _ = io.Copy(io.Discard, flood.r) })
	for i := range 200 {
		c := s.dial(t)
		c.send(get(fmt.Sprintf("/fast/%d", i)))
		c.want(fmt.Sprintf("lane /fast/%d", i))
		_ = c.Close()
	}
	_ = s.server.Close()
}

// What panics ends its own connection, and is logged as net/http does it.
func TestAPanicEndsItsConnectionOnly(t *testing.T) {
	var logged bytes.Buffer
	server := &http.Server{ErrorLog: log.New(&logged, "", 0)}
	ln := lane.New(server, time.Minute, func(r *lane.Request, a *lane.Answer) bool {
		switch r.Target {
		case "/panic":
			panic("oh " + a.RemoteAddr().String())
		case "/abort":
			panic(http.ErrAbortHandler)
		}
		a.Send(time.Now(), append(a.Buffer(), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"...), nil)
		return true
	})
	s, end := serveLane(t, server, ln, listen(t))
	other, broken, aborted := s.dial(t), s.dial(t), s.dial(t)
	broken.send(get("/panic"))
	broken.wantEnd()
	aborted.send(get("/abort"))
	aborted.wantEnd()
	other.send(get("/"))
	other.want("ok")
	end()
	if got, want := logged.String(), "http: panic serving "+broken.LocalAddr().String()+": oh "+broken.LocalAddr().String()+"\ngoroutine "; !strings.HasPrefix(got, want) || strings.Contains(got, "abort") {
		t.Errorf("logged %q, want %q", got, want)
	}
}

// A handler that ends its goroutine, as a failing test does, ends its own connection
// only: what came with it is answered, and what comes later.
func TestGoexitEndsItsConnectionOnly(t *testing.T) {
	held, goOn := make(chan struct{}), make(chan struct{})
	server := &http.Server{}
	ln := lane.New(server, time.Minute, func(r *lane.Request, a *lane.Answer) bool {
		switch r.Target {
		case "/hold":
			held <- struct{}{}
			<-goOn
		case "/exit":
			runtime.Goexit()
		}
		a.Send(time.Now(), append(a.Buffer(), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"...), nil)
		return true
	})
	s, end := serveLane(t, server, ln, listen(t))
	loops := min(runtime.GOMAXPROCS(0), runtime.NumCPU())
	var holding, exiting, others []*client
	dial := func(clients *[]*client, n int) {
		for range n {
			*clients = append(*clients, s.dial(t))
		}
	}
	dial(&holding, loops) // loops take connections in turn
	dial(&exiting, loops)
	dial(&others, 10*loops)
	for _, c := range holding {
		c.send(get("/hold"))
	}
	for range loops {
		<-held
	}
	// What is sent now is one batch for each loop.
	for _, c := range exiting {
		c.send(get("/exit"))
	}
	for _, c := range others {
		c.send(get("/"))
	}
	close(goOn)
	for _, c := range exiting {
		c.wantEnd()
	}
	for _, c := range append(others, holding...) {
		c.want("ok")
	}
	for _, c := range others {
		c.send(get("/"))
		c.want("ok")
	}
	end()
}

// A shutdown answers what has been asked and closes what rests; a listener that is
// closed by somebody else ends the server as it does without a lane.
func TestTheEndOfTheLoops(t *testing.T) {
	entered, goOn := make(chan struct{}), make(chan struct{})
	s := serveLoops(t, nil, func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-goOn
		fmt.Fprint(w, "late")
	})
	running, resting, half := s.dial(t), s.dial(t), s.dial(t)
	running.send(get("/slow"))
	<-entered
	resting.send(get("/fast/1"))
	resting.want("lane /fast/1")
	half.send(get("/fast/2") + "GET /fast/3 HTTP/1.1\r\n")
	half.want("lane /fast/2")
	down := make(chan error, 1)
	go func() { down <- s.server.Shutdown(t.Context()) }()
	resting.wantEnd()
	select {
	case err := <-down:
		t.Errorf("it did not wait: %v", err)
	default:
	}
	close(goOn)
	running.want("late")
	_ = half.Close()
	if err := <-down; err != nil {
		t.Error(err)
	}

	server := &http.Server{}
	ln := lane.New(server, time.Minute, func(*lane.Request, *lane.Answer) bool { return false })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ln.Listener(l)) }()
	_ = (&served{addr: l.Addr().String()}).dial(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve returned %v", err)
	}
}
