package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint/config"
)

// startServer runs a server of that configuration until the test drains it.
func startServer(t *testing.T, text string) (s *server, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "reprint.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	g := testGlobal(io.Discard, io.Discard)
	cfg, err := config.Load(file, g.env)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = newServer(t.Context(), g, cfg); err != nil {
		t.Fatal(err)
	}
	if err := s.listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.start(context.Background())
	return s, file
}

// What goes on when the server is told to end, ends by itself; nobody else is let
// in, and whoever asks is told to go elsewhere.
func TestRunningRequestsEndByThemselves(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-answer
		fmt.Fprint(w, "late")
	}))
	defer origin.Close()
	s, _ := startServer(t, fmt.Sprintf("listen: 127.0.0.1:0\nadmin: {listen: \"127.0.0.1:0\"}\norigin: {url: %q}\n", origin.URL))
	public, adminURL := urlOf(s.listeners[0]), urlOf(s.listeners[1])
	got := make(chan string, 1)
	go func() {
		resp, err := http.Get(public + "/a")
		if err != nil {
			got <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		got <- fmt.Sprint(resp.StatusCode, " ", string(body), " ", err)
	}()
	select {
	case <-asked:
	case answer := <-got:
		t.Fatalf("the origin was not asked: %s", answer)
	}
	// A connection that is there already is still answered.
	keep := &http.Client{Transport: &http.Transport{}}
	ready := func() int {
		resp, err := keep.Get(adminURL + "/readyz")
		if err != nil {
			return 0
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body) // so that the connection is kept
		return resp.StatusCode
	}
	if status := ready(); status != 200 {
		t.Fatalf("readyz: %d", status)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.drain() }()
	deadline := time.Now().Add(10 * time.Second)
	for {
		c, err := net.Dial("tcp", strings.TrimPrefix(public, "http://"))
		if err != nil {
			break
		}
		_ = c.Close()
		if time.Now().After(deadline) {
			t.Fatal("others are still let in")
		}
		time.Sleep(time.Millisecond)
	}
	if s.ready() == nil {
		t.Error("it says that it is ready")
	}
	select {
	case err := <-ended:
		t.Fatalf("it did not wait: %v", err)
	default:
	}
	close(answer)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if answer := <-got; answer != "200 late <nil>" {
		t.Errorf("the running request got %s", answer)
	}
}

func TestSystemdIsTold(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Skipf("no unix datagram sockets here: %v", err)
	}
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	told := func() []string {
		t.Helper()
		if err := l.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 4096)
		n, err := l.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(string(b[:n]), "\n")
	}
	s, _ := startServer(t, "listen: 127.0.0.1:0\nadmin: {listen: none}\norigin: {url: \"http://127.0.0.1:1\"}\n")
	if state := told(); !slices.Contains(state, "READY=1") {
		t.Errorf("at the start: %q", state)
	}
	s.reload()
	if state := told(); state[0] != "RELOADING=1" || !strings.HasPrefix(state[1], "MONOTONIC_USEC=") || len(state[1]) < 20 {
		t.Errorf("at a reload: %q", state)
	}
	if state := told(); !slices.Contains(state, "READY=1") {
		t.Errorf("after a reload: %q", state)
	}
	if err := s.drain(); err != nil {
		t.Error(err)
	}
	if state := told(); !slices.Contains(state, "STOPPING=1") {
		t.Errorf("at the end: %q", state)
	}
}
