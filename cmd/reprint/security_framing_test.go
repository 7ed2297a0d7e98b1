package main_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// T-035: a request whose length may have been said twice is the last one on its
// connection.
func TestAConnectionEndsAfterChunks(t *testing.T) {
	o := newStub(t, echo)
	s := serve(t, bothWays(o.url))
	const smuggled = "GET /free/smug HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, way := range both {
		for name, request := range map[string]string{
			"both lengths":          "POST " + way + "1 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			"chunks alone":          "POST " + way + "1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
			"both lengths of a GET": "GET " + way + "1 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			"of HTTP/1.0":           "POST " + way + "1 HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		} {
			got := s.talk(request + smuggled)
			if strings.Count(got, "HTTP/1.") != 1 && !strings.Contains(name, "alone") || strings.Contains(got, "/free/smug") {
				t.Errorf("%s under %s: %q, want one answer", name, way, got)
			}
		}
		if a := s.learned(way + "1"); strings.Contains(a.body, "smug") {
			t.Errorf("the page is %s", a.body)
		}
	}
	if o.saw("/free/smug") {
		t.Error("the smuggled request has reached the origin")
	}
}

// T-036, T-038: lengths and encodings that cannot be believed end the connection.
func TestLengthsThatCannotBeBelieved(t *testing.T) {
	o := newStub(t, echo)
	s := serve(t, bothWays(o.url))
	for _, way := range both {
		for name, head := range map[string]string{
			"two lengths": "Content-Length: 1\r\nContent-Length: 2", "a list of lengths": "Content-Length: 1, 2", "a sign": "Content-Length: +2", "a negative one": "Content-Length: -1", "hexadecimal": "Content-Length: 0x2",
			"too large": "Content-Length: 99999999999999999999", "an odd encoding": "Transfer-Encoding: xchunked", "a vertical tab": "Transfer-Encoding: \x0bchunked", "two encodings": "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
			"chunked and more": "Transfer-Encoding: chunked, identity", "gzip": "Transfer-Encoding: gzip, chunked", "two hosts": "Host: y\r\nContent-Length: 38", "a space before the colon": "Content-Length : 2", "a bare CR": "X-A: a\rContent-Length: 2",
			"a NUL": "X-A: \x00", "a name with a space": "X A: 1",
		} {
			got := s.talk("POST " + way + "1 HTTP/1.1\r\nHost: x\r\n" + head + "\r\n\r\nGET /free/smug HTTP/1.1\r\nHost: x\r\n\r\n")
			if line := statusLine(got); !strings.Contains(line, " 400 ") && !strings.Contains(line, " 501 ") || strings.Count(got, "HTTP/1.1 ") != 1 {
				t.Errorf("%s under %s: %q", name, way, got)
			}
		}
	}
	if asked := o.requests(); len(asked) > 0 {
		t.Errorf("the origin was asked %q", asked)
	}
}

// T-037: a body that breaks off is a whole body for nobody.
func TestBodiesThatBreakOff(t *testing.T) {
	var wholeBodies atomic.Int64
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			wholeBodies.Add(1)
		}
	})
	s := serve(t, bothWays(o.url))
	for _, way := range both {
		for name, body := range map[string]string{
			"a bare LF":                   "2\nhi\n0\n\n",
			"a chunk without its end":     "2\r\nhi0\r\n\r\n",
			"a chunk that is none":        "2\r\nhi\r\nzz\r\n",
			"a negative chunk":            "2\r\nhi\r\n-1\r\n\r\n",
			"a chunk too large":           "fffffffffffffffff\r\nhi\r\n0\r\n\r\n",
			"a megabyte of extensions":    "2" + strings.Repeat(";x=y", 1<<18) + "\r\nhi\r\n0\r\n\r\n",
			"extensions of tiny chunks":   strings.Repeat("1;"+strings.Repeat("x", 2000)+"\r\nh\r\n", 200) + "0\r\n\r\n",
			"a trailer that is no header": "2\r\nhi\r\n0\r\n\x00bad\r\n\r\n",
		} {
			got := s.talk("POST " + way + "1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body + "GET /free/smug HTTP/1.1\r\nHost: x\r\n\r\n")
			if strings.HasPrefix(got, "HTTP/1.1 2") || strings.Count(got, "HTTP/1.1 ") > 1 {
				t.Errorf("%s under %s: %q", name, way, got)
			}
		}
	}
	if n := wholeBodies.Load(); n > 0 || o.saw("/free/smug") {
		t.Errorf("the origin got %d whole bodies of %q", n, o.requests())
	}
}

// T-039: methods that do something to a connection reach no origin, and nobody
// gets another's answer.
func TestMethodsThatReachNoOrigin(t *testing.T) {
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=600")
		fmt.Fprint(w, r.URL.Path)
	})
	s := serve(t, bothWays(o.url, "hooks: [{path: /api/revalidate, secret: 0b9d8c7e6f5a4b3c2d1e0f9a8b7c6d5e, paths: [\"/p/{id}\"]}]"))
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			for _, way := range both {
				path := fmt.Sprintf("%svictim-%d", way, i)
				if a, err := s.try("GET", path, nil); err != nil || a.body != path {
					t.Errorf("%s: %q, %v", path, a.body, err)
				}
			}
		})
	}
	for _, line := range []string{
		"CONNECT a:80", "CONNECT /p/odd", "TRACE /p/odd", "TRACE /free/odd", "get /p/odd", "get /free/odd", "FOO /free/odd", "PURGE /p/odd", "BAN /", "PROPFIND /free/odd", "TRACK /free/odd",
		"DEBUG /free/odd", "PURGE /api/revalidate", "GETT /p/odd",
	} {
		got := s.talk(line + " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		if !strings.Contains(statusLine(got), " 405 ") || !strings.Contains(got, "\r\nAllow: ") {
			t.Errorf("%s: %q, want 405", line, got)
		}
	}
	for _, request := range []string{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /p/odd HTTP/3.0\r\nHost: x\r\n\r\n", "GET /p/odd\r\n\r\n", "GET\r\n\r\n"} {
		if got := s.talk(request); !strings.HasPrefix(got, "HTTP/1.1 4") && !strings.HasPrefix(got, "HTTP/1.1 505") {
			t.Errorf("%q: %q", request, got)
		}
	}
	wg.Wait()
	if o.saw("odd") || o.saw("CONNECT") || o.saw("BAN") {
		t.Error("the origin was asked")
	}
}

// T-040: no protocol is switched to but WebSocket, where the file allows it.
func TestUpgradesThatTheFileDoesNotAllow(t *testing.T) {
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade")+r.Header.Get("Connection")+r.Header.Get("Http2-Settings") != "" {
			w.WriteHeader(http.StatusTeapot)
		}
	})
	s := serve(t, "origin: {url: \""+o.url+"\"}\nroutes:\n  - {path: \"/p/{id}\"}\n  - {path: /socket, bypass: true, websocket: true}\n  - {path: /bypass, bypass: true}\n")
	const key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	for _, request := range []string{
		"GET /p/1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n" + key,
		"GET /free/1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n" + key,
		"GET /bypass HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n" + key,
		"GET /free/1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
		"GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
		"GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket, h2c\r\n" + key,
		"POST /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nContent-Length: 0\r\nUpgrade: websocket\r\n" + key,
	} {
		if got := s.talk(request + "\r\n"); !strings.Contains(statusLine(got), " 200 ") {
			t.Errorf("%q: %q, want 200", request, got)
		}
	}
}

// A WebSocket goes through where the file says so, on a route that passes through
// and on one whose other requests are answered from pages.
func TestAWebSocketEchoes(t *testing.T) {
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			io.WriteString(w, "page")
			return
		}
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = c.CloseNow() }()
		for {
			kind, message, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), kind, message) != nil {
				return
			}
		}
	})
	s := serve(t, "origin: {url: \""+o.url+"\"}\nroutes:\n  - {path: /socket, bypass: true, websocket: true}\n  - {path: /chat, websocket: true}\n  - {path: /plain, bypass: true}\n")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for _, path := range []string{"/socket", "/chat"} {
		t.Run(path, func(t *testing.T) {
			c, res, err := websocket.Dial(ctx, "ws://"+s.public+path, nil)
			if err != nil {
				t.Fatalf("%v (%+v)", err, res)
			}
			defer func() { _ = c.CloseNow() }()
			for _, message := range []string{"hello", "", strings.Repeat("long ", 6000)} {
				if err := c.Write(ctx, websocket.MessageText, []byte(message)); err != nil {
					t.Fatal(err)
				}
				if _, got, err := c.Read(ctx); err != nil || string(got) != message {
					t.Fatalf("%.20q comes back as %.20q, %v", message, got, err)
				}
			}
			_ = c.Close(websocket.StatusNormalClosure, "") // the origin does not say goodbye
			s.in(t).waitForLog("it is in the access log as what it was", func(line map[string]any) bool {
				return line["msg"] == "request" && line["target"] == path && line["status"] == 101.0
			})
		})
	}
	for _, path := range []string{"/plain", "/free"} {
		if _, res, err := websocket.Dial(ctx, "ws://"+s.public+path, nil); err == nil || res == nil || res.StatusCode != 200 {
			t.Errorf("%s: %+v, %v", path, res, err)
		}
	}
	if a := s.get("/chat"); a.StatusCode != 200 || a.body != "page" {
		t.Errorf("the page of /chat: %d %s", a.StatusCode, a.body)
	}
}

// T-041: a client cannot remove what is set for the origin.
func TestConnectionRemovesNothingOfOurs(t *testing.T) {
	o := newStub(t, echo)
	s := serve(t, "origin: {url: \""+o.url+"\", headers: {X-Secret: open}}\nroutes: [{path: \"/p/{id}\"}]\n")
	const list = "Connection: close, x-forwarded-for, x-forwarded-host, x-forwarded-proto, host, content-length, x-secret, cookie, accept-encoding"
	for _, way := range both {
		got := s.talk("GET " + way + "1 HTTP/1.1\r\nHost: x\r\n" + list + "\r\nX-Secret: zz-evil\r\n\r\n")
		if !strings.Contains(got, "X-Secret: open\r\n") || !strings.Contains(got, "X-Forwarded-Proto: http\r\n") || strings.Contains(got, marker) {
			t.Errorf("%s: %q", way, got)
		}
	}
	got := s.talk("POST /free/1 HTTP/1.1\r\nHost: x\r\n" + list + "\r\nContent-Length: 4\r\n\r\nbody")
	if !strings.Contains(got, "X-Forwarded-For: 127.0.0.1\r\n") || !strings.Contains(got, "X-Secret: open\r\n") || !strings.Contains(got, "body") {
		t.Errorf("POST: %q", got)
	}
}

// T-045: what an origin sends beyond its answer reaches nobody.
func TestWhatFollowsAnAnswerReachesNobody(t *testing.T) {
	s := serve(t, bothWays(wireOrigin(t, func(target string) string {
		answer := whole(target, "Cache-Control: max-age=600")
		if strings.Contains(target, "odd") {
			answer += whole(marker, "Cache-Control: max-age=600")
		}
		return answer
	})))
	for i := range 100 {
		for _, way := range both {
			if a := s.get(fmt.Sprintf("%sodd-%d", way, i)); a.body != fmt.Sprintf("%sodd-%d", way, i) {
				t.Errorf("the first client gets %s", a.body)
			}
			path := fmt.Sprintf("%s%d", way, i)
			if a, err := s.try("GET", path, nil); err != nil || a.body != path {
				t.Errorf("%s: a later client gets %d %s, %v", path, a.StatusCode, a.body, err)
			}
		}
	}
}

// T-046: expectations and trailers of clients.
func TestExpectationsAndTrailers(t *testing.T) {
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/free/no" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		echo(w, r)
	})
	s := serve(t, bothWays(o.url))
	for _, way := range both {
		if got := s.talk("GET " + way + "1 HTTP/1.1\r\nHost: x\r\nExpect: foo\r\nConnection: close\r\n\r\n"); !strings.Contains(statusLine(got), " 417 ") {
			t.Errorf("%s with another expectation: %q", way, got)
		}
		got := s.talk("POST " + way + "1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum, Host, Cookie, X-Forwarded-For\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 7\r\nHost: zz-evil\r\nCookie: zz-evil\r\nX-Forwarded-For: zz-evil\r\n\r\n")
		if !strings.Contains(got, "body") || strings.Contains(got, marker) {
			t.Errorf("%s with trailers: %q", way, got)
		}
	}
	if o.saw("foo") {
		t.Error("an expectation has reached the origin")
	}
	// The origin says whether it wants a body.
	if got := s.talk("POST /free/no HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 403 ") {
		t.Errorf("a body that is not wanted: %q", got)
	}
	c := dial(t, s.public)
	r := bufio.NewReader(c)
	for range 2 {
		fmt.Fprint(c, "POST /free/yes HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
		if head := readHead(t, r); !strings.HasPrefix(head, "HTTP/1.1 100 ") {
			t.Fatalf("got %q, want 100", head)
		}
		fmt.Fprint(c, "body")
		res, err := http.ReadResponse(r, nil)
		a, err2 := read(res, err)
		if err2 != nil || a.StatusCode != 200 || !strings.Contains(a.body, "body") {
			t.Fatalf("got %+v, %v", a.body, errors.Join(err, err2))
		}
	}
}
