package reprint_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
)

// The bytes on the wire, on loopback: what a response with its own framing is
// after it was stored, and that each response ends where it says.
func TestRFCOverSockets(t *testing.T) {
	for _, c := range rfcSockets {
		t.Run(c.name, func(t *testing.T) {
			listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			c.run(newRFCCache(t, listener, reprint.Options{}, nil))
		})
	}
}

// onTheWire is one connection to the cache.
type onTheWire struct {
	*rfcCache
	conn net.Conn
	r    *bufio.Reader
}

func (c *rfcCache) connect() *onTheWire {
	c.Helper()
	conn, err := c.dial(c.Context(), "tcp", "")
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		c.Fatal(err)
	}
	return &onTheWire{c, conn, bufio.NewReader(conn)}
}

// send writes a request of these lines.
func (w *onTheWire) send(lines ...string) {
	w.Helper()
	if _, err := io.WriteString(w.conn, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		w.Fatal(err)
	}
}

// head reads a status line and the lines of a header.
func (w *onTheWire) head() (status string, header []string) {
	w.Helper()
	for {
		line, err := w.r.ReadString('\n')
		if err != nil {
			w.Fatalf("after %q %q: %v", status, header, err)
		}
		switch line = strings.TrimSuffix(line, "\r\n"); {
		case line == "":
			return status, header
		case status == "":
			status = line
		default:
			header = append(header, line)
		}
	}
}

// field returns the values of all lines of a field.
func field(header []string, name string) (values []string) {
	for _, line := range header {
		if n, value, _ := strings.Cut(line, ":"); strings.EqualFold(n, name) {
			values = append(values, strings.TrimSpace(value))
		}
	}
	return values
}

// take reads n bytes of a body.
func (w *onTheWire) take(n int) string {
	w.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(w.r, b); err != nil {
		w.Fatal(err)
	}
	return string(b)
}

// warmed asks for a path until its page is stored.
func (c *rfcCache) warmed(path string) {
	c.Helper()
	c.do("GET", path)
	waitFor(c.T, "a page of "+path, func() bool {
		x, err := c.site.Explain(c.Context(), path)
		return err == nil && len(x) == 1 && x[0].State == reprint.StateFresh
	})
}

var rfcSockets = []rfcCase{
	{"9111-4 a stored page has one framing, whatever the origin's was", func(c *rfcCache) {
		c.origin.answer(func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("Cache-Control", "max-age=60")
			w.Header().Set("Etag", `"a"`)
			w.Header().Set("Age", "5")
			io.WriteString(w, "01234")
			_ = http.NewResponseController(w).Flush() // in chunks
			io.WriteString(w, "56789")
		})
		c.warmed("/a")
		w := c.connect()
		w.send("GET /a HTTP/1.1", "Host: cache.test")
		status, header := w.head()
		if status != "HTTP/1.1 200 OK" || len(field(header, "Transfer-Encoding")) > 0 {
			c.Errorf("%s %q", status, header)
		}
		for _, name := range []string{"Content-Length", "Date", "Age", "Etag", "Cache-Status", "Cache-Control", "Content-Type"} {
			if got := field(header, name); len(got) != 1 {
				c.Errorf("%s: %q, want one line", name, got)
			}
		}
		if body := w.take(10); body != "0123456789" {
			c.Errorf("body %q", body)
		}
	}},
	{"9111-4.3.5 what has no body has none", func(c *rfcCache) {
		c.say(200, "0123456789", "Cache-Control: max-age=60", `Etag: "a"`)
		c.warmed("/a")
		w := c.connect() // one connection: a byte too many would spoil the next response
		for range 2 {
			w.send("HEAD /a HTTP/1.1", "Host: cache.test")
			if status, header := w.head(); status != "HTTP/1.1 200 OK" || len(field(header, "Content-Length")) != 1 || field(header, "Content-Length")[0] != "10" {
				c.Errorf("HEAD: %s %q", status, header)
			}
			w.send("GET /a HTTP/1.1", "Host: cache.test", `If-None-Match: "a"`)
			if status, header := w.head(); status != "HTTP/1.1 304 Not Modified" || len(field(header, "Content-Length")) > 0 || len(field(header, "Transfer-Encoding")) > 0 {
				c.Errorf("304: %s %q", status, header)
			}
			w.send("GET /a HTTP/1.1", "Host: cache.test", "Range: bytes=2-4")
			if status, header := w.head(); status != "HTTP/1.1 206 Partial Content" || field(header, "Content-Range")[0] != "bytes 2-4/10" {
				c.Errorf("206: %s %q", status, header)
			}
			if body := w.take(3); body != "234" {
				c.Errorf("part %q", body)
			}
		}
	}},
	{"9110-14 several parts", func(c *rfcCache) {
		c.say(200, "0123456789", "Cache-Control: max-age=60", "Content-Type: text/plain")
		c.warmed("/a")
		r := c.do("GET", "/a", "Range", "bytes=0-1, 8-9")
		if r.StatusCode != 206 || !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/byteranges") ||
			!strings.Contains(r.body, "bytes 0-1/10") || !strings.Contains(r.body, "bytes 8-9/10") {
			c.Errorf("%d %q %q", r.StatusCode, r.Header, r.body)
		}
	}},
	{"9110-14.2 a range in an unknown unit is not there", func(c *rfcCache) {
		c.say(200, "0123456789", "Cache-Control: max-age=60")
		c.warmed("/a")
		c.wantBody(c.do("GET", "/a", "Range", "lines=1-2"), 200, "0123456789")
		if r := c.do("GET", "/a", "Range", "bytes=50-"); r.StatusCode != 416 || r.Header.Get("Content-Range") != "bytes */10" {
			c.Errorf("beyond the end: %d %q", r.StatusCode, r.Header)
		}
	}},
	{"9110-3.2 a target in absolute form is the same page", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=60")
		c.warmed("/a")
		w := c.connect()
		w.send("GET http://cache.test/a HTTP/1.1", "Host: cache.test")
		_, header := w.head()
		if got := field(header, "Cache-Status"); len(got) != 1 || !strings.HasPrefix(got[0], "reprint; hit") {
			c.Errorf("Cache-Status %q", got)
		}
	}},
	{"9112-2.3 a client of HTTP/1.0", func(c *rfcCache) {
		c.say(200, "0123456789", "Cache-Control: max-age=60")
		c.warmed("/a")
		w := c.connect()
		w.send("GET /a HTTP/1.0")
		_, header := w.head()
		if got := field(header, "Content-Length"); len(got) != 1 || got[0] != "10" {
			c.Errorf("%q", header)
		}
		if rest, err := io.ReadAll(w.r); string(rest) != "0123456789" || err != nil {
			c.Errorf("%q, %v", rest, err)
		}
	}},
	{"9111-3.3 a visitor sees that a response is not whole", func(c *rfcCache) {
		for name, answer := range map[string]func(http.ResponseWriter){
			"with a length": func(w http.ResponseWriter) {
				w.Header().Set("Content-Length", "100")
				io.WriteString(w, "half")
			},
			"in chunks": func(w http.ResponseWriter) {
				io.WriteString(w, "half")
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			},
		} {
			c.origin.answer(func(w http.ResponseWriter, _ *http.Request, _ int) {
				w.Header().Set("Cache-Control", "max-age=60")
				answer(w)
			})
			path := "/" + strings.ReplaceAll(name, " ", "-")
			r, err := http.NewRequestWithContext(c.Context(), "GET", c.base+path, nil)
			if err != nil {
				c.Fatal(err)
			}
			resp, err := c.client.Do(r)
			if err != nil {
				continue // it may not even begin
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err == nil {
				c.Errorf("%s: %q looks whole", name, body)
			}
			x, err := c.site.Explain(c.Context(), path)
			if err != nil || len(x) != 1 || x[0].Page != nil {
				c.Errorf("%s: it is stored: %+v, %v", name, x, err)
			}
		}
	}},
	{"9111-3 pages pass through while the origin still writes", func(c *rfcCache) {
		more := make(chan struct{})
		c.origin.answer(func(w http.ResponseWriter, _ *http.Request, _ int) {
			io.WriteString(w, "first")
			_ = http.NewResponseController(w).Flush()
			<-more
			io.WriteString(w, "second")
		})
		w := c.connect()
		w.send("GET /a HTTP/1.1", "Host: cache.test", "Connection: close")
		if _, header := w.head(); len(field(header, "Transfer-Encoding")) != 1 {
			c.Errorf("%q", header)
		}
		if got := w.take(len("5\r\nfirst\r\n")); got != "5\r\nfirst\r\n" {
			c.Errorf("%q", got)
		}
		close(more) // the first part was here before the second was written
		if rest, err := io.ReadAll(w.r); string(rest) != "6\r\nsecond\r\n0\r\n\r\n" || err != nil {
			c.Errorf("%q, %v", rest, err)
		}
	}},
	{"9111-2 a body of a request reaches the origin", func(c *rfcCache) {
		c.origin.answer(func(w http.ResponseWriter, r *http.Request, _ int) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				c.Error(err)
			}
			w.Header().Set("Cache-Control", "max-age=60")
			w.Write(body)
		})
		w := c.connect()
		for range 2 {
			w.send("POST /a HTTP/1.1", "Host: cache.test", "Transfer-Encoding: chunked", "", "3", "abc", "0")
			if status, header := w.head(); status != "HTTP/1.1 200 OK" || w.take(3) != "abc" || !strings.HasPrefix(field(header, "Cache-Status")[0], "reprint; fwd=method") {
				c.Errorf("%s %q", status, header)
			}
		}
	}},
}
