package main_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// T-072: a header that is larger than the origin might take is refused before it is
// a fault of the origin's, and spoils no page.
func TestLargeHeadersAreRefused(t *testing.T) {
	o := newStub(t, echo)
	s := serve(t, bothWays(o.url, "limits: {maxHeader: 8KiB}"))
	for _, way := range both {
		for name, header := range map[string]string{
			"one field": "X-Large: " + strings.Repeat("zz", 10_000), "many fields": strings.TrimSuffix(strings.Repeat("X-Many: zz-evil\r\n", 2000), "\r\n"),
			"cookies": "Cookie: " + strings.Repeat("c=zz-evil; ", 5000), "a name": strings.Repeat("x", 20_000) + ": 1",
		} {
			if got := s.talk("GET " + way + "1 HTTP/1.1\r\nHost: x\r\n" + header + "\r\n\r\n"); !strings.Contains(statusLine(got), " 431 ") {
				t.Errorf("%s under %s: %s", name, way, statusLine(got))
			}
		}
		if len(o.requests()) > 0 && way == "/p/" {
			t.Error("the origin was asked")
		}
		if a := s.learned(way + "1"); a.StatusCode != 200 || strings.Contains(a.body, marker) {
			t.Errorf("the page of %s: %d %.200s", way, a.StatusCode, a.body)
		}
		if a := s.get(way+"1", "X-Large: "+strings.Repeat("z", 7000)); !a.hit() {
			t.Errorf("%s with a header within the limit: %d", way, a.StatusCode)
		}
	}
}

// T-073: a path or query that is too long is refused before anything is done with
// it.
func TestLongTargetsAreRefused(t *testing.T) {
	o := newStub(t, echo)
	s := serve(t, bothWays(o.url, "limits: {maxHeader: 1MiB}"))
	for _, way := range both {
		for name, target := range map[string]string{
			"dots": way + strings.Repeat("../", 200_000), "a long name": way + strings.Repeat("a", 5000), "segments": way + strings.Repeat("a/", 900), "encoded": way + strings.Repeat("%61", 5000),
		} {
			if got := s.talk("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); !strings.Contains(statusLine(got), " 414 ") {
				t.Errorf("%s under %s: %s", name, way, statusLine(got))
			}
		}
	}
	if got := s.talk("GET /p/1?a=" + strings.Repeat("a", 10_000) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); !strings.Contains(statusLine(got), " 414 ") {
		t.Errorf("a long query: %s", statusLine(got))
	}
	// Under no route that is the origin's to judge; there is no key for it.
	if got := s.talk("GET /free/1?a=" + strings.Repeat("a", 10_000) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); !strings.Contains(statusLine(got), " 200 ") {
		t.Errorf("a long query under no route: %s", statusLine(got))
	}
	s.settle("/free/end")
	s.wantStored("/free/end")
}

// T-071: headers that come slowly, and bodies that do not come, hold up nobody
// else. What becomes of them in the end is in security_deadline_test.go.
func TestSlowClientsHoldUpNobody(t *testing.T) {
	clients := 500
	if testing.Short() || raceDetector {
		clients = 100
	}
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			io.WriteString(w, "page")
		}
	})
	s := serve(t, bothWays(o.url))
	for i := range clients {
		c := dial(t, s.public)
		begin := []string{"GET /p/1 HTTP/1.1\r\nHost: x\r\nX-Slow: ", "POST /free/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nslow", "POST /free/1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsl", "GET /p/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"}[i%4]
		fmt.Fprint(c, begin)
	}
	for i := range 50 {
		for _, way := range both {
			if a := s.get(fmt.Sprint(way, i)); a.StatusCode != 200 || a.body != "page" {
				t.Errorf("%s: %d %s", way, a.StatusCode, a.body)
			}
		}
		if a := s.do("POST", "/free/1", strings.NewReader("body")); a.StatusCode != 200 {
			t.Errorf("POST: %d", a.StatusCode)
		}
	}
	if a := s.call("GET", "/readyz", ""); a.StatusCode != 200 {
		t.Errorf("readiness: %d", a.StatusCode)
	}
}
