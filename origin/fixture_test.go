package origin_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/origin"
)

// Nothing that a test starts may outlive the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newHandler returns the handler of an origin, which is closed when the test ends.
func newHandler(t testing.TB, opts origin.Options) *origin.Handler {
	t.Helper()
	if opts.Log == nil {
		opts.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	h, err := origin.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

// serve returns the URL of a server of h.
func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(t.Output(), nil), slog.LevelDebug)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// newSite returns the URL of a site with h under every path.
func newSite(t testing.TB, h http.Handler, p reprint.Policy) (*reprint.Site, string) {
	t.Helper()
	site, err := reprint.New(reprint.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := site.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
	if err := site.Handle("/", h, p); err != nil {
		t.Fatal(err)
	}
	return site, serve(t, site)
}

// client keeps no connection and follows nothing.
var client = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// do sends a request. Headers are lines like "Name: value"; "Host" is the Host.
func do(t testing.TB, method, url string, body io.Reader, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Add(name, value)
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func get(t testing.TB, url string, headers ...string) *http.Response {
	t.Helper()
	return do(t, http.MethodGet, url, nil, headers...)
}

// text reads the body of a response.
func text(t testing.TB, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("read the body: %v", err)
	}
	return string(b)
}

// want ends the test unless the response has that status and body.
func want(t testing.TB, res *http.Response, status int, body string) {
	t.Helper()
	if got := text(t, res); res.StatusCode != status || got != body {
		t.Fatalf("got %d %.200q, want %d %.200q (%v)", res.StatusCode, got, status, body, res.Header)
	}
}

// raw is an origin that answers with bytes, whatever it is asked.
type raw struct {
	url    string
	answer func(request string) string // a connection ends after "close"

	mu       sync.Mutex
	requests []string // guarded by mu; the header of each
}

const closing = "\x00close"

// newRaw returns an origin that answers every request with the same bytes. Those
// that end in closing are the last on their connection.
func newRaw(t testing.TB, answer string) *raw {
	t.Helper()
	return newRawFunc(t, func(string) string { return answer })
}

func newRawFunc(t testing.TB, answer func(request string) string) *raw {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &raw{url: "http://" + l.Addr().String(), answer: answer}
	var accepting, wg sync.WaitGroup
	var conns []net.Conn
	accepting.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns = append(conns, c)
			wg.Go(func() { o.converse(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		accepting.Wait()
		for _, c := range conns {
			_ = c.Close()
		}
		wg.Wait()
	})
	return o
}

func (o *raw) converse(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		var request strings.Builder
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if line == "\r\n" {
				break
			}
			request.WriteString(line)
		}
		o.mu.Lock()
		o.requests = append(o.requests, request.String())
		o.mu.Unlock()
		answer, last := strings.CutSuffix(o.answer(request.String()), closing)
		if _, err := io.WriteString(c, answer); err != nil || last {
			return
		}
	}
}

// asked returns the headers of the requests so far.
func (o *raw) asked() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.requests...)
}

// lines joins lines as HTTP does.
func lines(l ...string) string { return strings.Join(l, "\r\n") }

// ok is a whole answer of status 200 with further header lines.
func ok(body string, headers ...string) string {
	return lines(append(append([]string{"HTTP/1.1 200 OK", fmt.Sprintf("Content-Length: %d", len(body))}, headers...), "", body)...)
}

// talk sends bytes on a connection of its own and returns all that comes back
// until the other side closes.
func talk(t testing.TB, url, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatalf("%v after %q", err, b)
	}
	return string(b)
}

func quietLog() *log.Logger { return slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) }
