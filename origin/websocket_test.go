package origin_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/origin"
)

// echoServer is an origin that says back what it is told over a WebSocket, and
// answers 426 to those who do not ask for one.
func echoServer(t *testing.T) string {
	t.Helper()
	o := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			w.WriteHeader(http.StatusUpgradeRequired)
			return
		}
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = c.CloseNow() }()
		c.SetReadLimit(1 << 20)
		for {
			kind, message, err := c.Read(r.Context())
			if err != nil {
				return
			}
			if err := c.Write(r.Context(), kind, message); err != nil {
				return
			}
		}
	}))
	t.Cleanup(o.Close)
	return o.URL
}

func TestWebSocket(t *testing.T) {
	h := newHandler(t, origin.Options{URL: echoServer(t), HeaderTimeout: time.Second})
	_, site := newSite(t, h.WebSocket(), reprint.Policy{Bypass: true})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, site, &websocket.DialOptions{HTTPClient: client})
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadLimit(1 << 20)
	for _, message := range []string{"hello", "", strings.Repeat("long ", 100_000)} {
		if err := c.Write(ctx, websocket.MessageText, []byte(message)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := c.Read(ctx); err != nil || string(got) != message {
			t.Fatalf("%.20q comes back as %.20q, %v", message, got, err)
		}
	}
	if err := c.Close(websocket.StatusNormalClosure, "done"); err != nil && !errors.As(err, new(websocket.CloseError)) {
		t.Logf("close: %v", err) // the origin does not say goodbye
	}
}

// T-040: without being told so, no protocol is switched to; h2c never is.
func TestUpgradesThatAreNotTaken(t *testing.T) {
	o := echo(t)
	h := newHandler(t, origin.Options{URL: o.url})
	plain, sockets := serve(t, h), serve(t, h.WebSocket())
	for _, test := range []struct {
		name, server, request string
	}{
		{"no route for it", plain, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n"},
		{"h2c", plain, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n"},
		{"h2c on a route for WebSockets", sockets, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n"},
		{"one of two", sockets, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket, h2c\r\n\r\n"},
		{"with a POST", sockets, "POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n"},
		{"without Connection", sockets, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUpgrade: websocket\r\n\r\n"},
	} {
		got := talk(t, test.server, test.request)
		_, body, _ := strings.Cut(got, "\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 200 ") || strings.Contains(body, "Upgrade") || strings.Contains(body, "Http2-Settings") {
			t.Errorf("%s: %q", test.name, got)
		}
	}
}

// An origin that switches to something else than was asked for.
func TestUpgradeToAnotherProtocol(t *testing.T) {
	o := newRaw(t, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"+closing)
	h := serve(t, newHandler(t, origin.Options{URL: o.url}).WebSocket())
	got := talk(t, h, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nGET / HTTP/1.0\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 502 ") {
		t.Errorf("got %q, want 502", got)
	}
}

func TestUpgradeThatTheOriginRefuses(t *testing.T) {
	o := newRaw(t, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
	h := serve(t, newHandler(t, origin.Options{URL: o.url}).WebSocket())
	got := talk(t, h, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 403 ") || !strings.HasSuffix(got, "no") {
		t.Errorf("got %q, want 403", got)
	}
	if !strings.Contains(o.asked()[0], "Upgrade: websocket\r\n") {
		t.Errorf("the origin was asked %q", o.asked()[0])
	}
}
