package reprint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reprint-go/reprint/internal/coding"
)

// laneSite is a site with pages of every kind, all of them rendered.
func laneSite(t testing.TB, hosts ...string) *Site {
	s, err := New(Options{Hosts: hosts, Log: slog.New(slog.DiscardHandler), DraftSecret: []byte("0123456789abcdef")})
	if err != nil {
		t.Fatal(err)
	}
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.PathValue("id") {
		case "gone":
			http.NotFound(w, r)
			return
		case "moved":
			http.Redirect(w, r, "/page/1", http.StatusMovedPermanently)
			return
		case "empty":
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h["Link"] = []string{"</a>; rel=preload", "</b>; rel=preload"}
		h.Set("Apple", "sorts before all of ours")
		h.Set("X-Last", "sorts after them")
		fmt.Fprintf(w, "<!doctype html><title>%s?%s</title>%s", r.URL.Path, r.URL.RawQuery, strings.Repeat("<p>some text that becomes smaller", 100))
	})
	headers := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "public, max-age=86400")
		h.Set("Etag", `"theirs"`)
		h.Set("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")
		h.Set("Date", "Sun, 01 Mar 2026 00:00:00 GMT")
		h.Set("Vary", "Accept-Encoding")
		page.ServeHTTP(w, r)
	})
	var later atomic.Bool
	lasting := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if later.Load() && renderFrom(r.Context()) != nil { // visitors have the stale page meanwhile
			<-r.Context().Done()
			return
		}
		page.ServeHTTP(w, r)
	})
	for _, r := range []Route{
		{"/page/{id}", page, Policy{Negative: time.Hour}},
		{"/stale/{id}", lasting, Policy{Timeout: time.Hour}},
		{"/expired/{id}", lasting, Policy{Timeout: time.Hour, Revalidate: time.Nanosecond, Expire: time.Hour}},
		{"/query/{id}", page, Policy{Query: []string{"page"}}},
		{"/all/{id}", page, Policy{Query: []string{"*"}, Drop: []string{"utm_*"}}},
		{"/cached/{id}", page, Policy{CacheControl: "public, max-age=60"}},
		{"/cookie/{id}", page, Policy{BypassCookies: []string{"*_session"}}},
		{"/header/{id}", page, Policy{BypassHeaders: []string{"X-Preview"}}},
		{"/vary/{id}", page, Policy{Vary: []Vary{{Header: "Accept-Language", Values: []string{"", "de"}}}}},
		{"/bypass/{id}", page, Policy{Bypass: true}},
		{"GET /get/{id}", page, Policy{}},
		{"HEAD /get/1", headers, Policy{}},
		{"/headers/{id}", headers, Policy{Freshness: FromHeaders}},
	} {
		if err := s.Handle(r.Pattern, r.Handler, r.Policy); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{
		"/page/1", "/page/caf%C3%A9", "/page/gone", "/page/moved", "/page/empty", "/query/1", "/query/1?page=2", "/all/1", "/all/1?a=1&b=2",
		"/cached/1", "/cookie/1", "/header/1", "/vary/1", "/get/1", "/headers/1", "/stale/1", "/expired/1",
	} {
		if err := s.Revalidate(t.Context(), path); err != nil {
			t.Fatal(path, err)
		}
	}
	later.Store(true)
	if _, err := s.Apply(t.Context(), Revalidation{Paths: []string{"/stale/1"}, Mode: Stale}); err != nil {
		t.Fatal(err)
	}
	for _, e := range s.memory.tier.All() {
		for _, c := range []coding.Coding{coding.Gzip, coding.Brotli, coding.Zstd} {
			if e.compressible {
				s.keepForm(e, encode(e, c, coding.Strong))
			}
		}
	}
	return s
}

// lanePair is servers of the same pages, with a fast lane and without one.
type lanePair struct {
	fast     string       // address of the one with the fast lane
	through  string       // of one whose connections are net/http's from their beginning
	plain    string       // of the one without
	site     *Site        // of fast
	answered atomic.Int64 // requests, by the lane of fast
}

func newLanePair(t testing.TB, hosts ...string) *lanePair {
	p := &lanePair{}
	for _, addr := range []*string{&p.fast, &p.through, &p.plain} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		*addr = l.Addr().String()
		site := laneSite(t, hosts...)
		if p.site == nil {
			p.site = site
		}
		server := &http.Server{Handler: site, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			switch addr {
			case &p.fast:
				_ = site.Serve(server, l, FastLane{Served: func(*FastRequest, FastServed) { p.answered.Add(1) }})
			case &p.through:
				_ = site.Serve(server, struct{ net.Listener }{l}, FastLane{})
			default:
				_ = server.Serve(l)
			}
		}()
		t.Cleanup(func() {
			_ = server.Close()
			<-ended
			cut, cancel := context.WithCancel(context.Background())
			cancel() // renders of /stale/1 last
			_ = site.Shutdown(cut)
		})
	}
	return p
}

// laneEnd ends a connection, if what was sent before it leaves that to say. Only
// then, or when the server is silent, is the connection closed: a client that closes
// it earlier has left, for net/http, and may get no answer.
const laneEnd = "GET /page/1 HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n"

// exchange sends bytes on a connection of its own and returns all that comes back.
func exchange(t testing.TB, addr string, data []byte) []byte {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Write(append(slices.Clip(data), laneEnd...)); err != nil {
		return nil // refused while it was sent
	}
	var got bytes.Buffer
	for {
		_ = conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		n, err := io.Copy(&got, conn)
		switch {
		case err == nil:
			return got.Bytes()
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return nil // a reset; what was sent before it may be lost
		case n == 0:
			_ = conn.(*net.TCPConn).CloseWrite()
		}
	}
}

// timeless removes from answers what differs from one moment to the next.
func timeless(answers []byte) []byte {
	var kept []byte
	for line := range bytes.Lines(answers) {
		name, _, _ := bytes.Cut(line, []byte(":"))
		switch string(name) {
		case "Date", "Age", "Last-Modified":
			kept = append(append(kept, name...), '\n')
			continue
		case "Cache-Status":
			if before, after, ok := bytes.Cut(line, []byte("; ttl=")); ok {
				kept = append(kept, before...)
				line = bytes.TrimLeft(after, "-0123456789")
			}
		}
		kept = append(kept, line...)
	}
	return kept
}

func (p *lanePair) compare(t testing.TB, data []byte) {
	t.Helper()
	var got [3][]byte
	// A second may begin between two answers, or between the renders of two servers: until
	// it is over the page of one has no Last-Modified yet.
	for range 3 {
		var wg sync.WaitGroup
		for i, addr := range [...]string{p.plain, p.fast, p.through} {
			wg.Go(func() { got[i] = timeless(exchange(t, addr, data)) })
		}
		wg.Wait()
		alike := true
		for _, g := range got[1:] {
			alike = alike && (bytes.Equal(g, got[0]) || g == nil || got[0] == nil)
		}
		if alike {
			return
		}
		time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
	}
	t.Fatalf("for\n%q\nnet/http answers\n%q\nthe fast lane\n%q\nand on connections that are net/http's\n%q", data, got[0], got[1], got[2])
}

// laneRequests are requests that each way must answer alike.
func laneRequests() []string {
	var all []string
	add := func(line string, fields ...string) {
		all = append(all, line+" HTTP/1.1\r\nHost: example.org\r\n"+strings.Join(append(fields, "\r\n"), "\r\n"))
	}
	for _, path := range []string{
		"/page/1", "/page/caf%C3%A9", "/page/caf%c3%a9", "/page/gone", "/page/moved", "/page/empty", "/page/1?utm_source=x", "/page/1?", "/page/1#x",
		"/query/1", "/query/1?page=2", "/query/1?page=2&x=1", "/query/1?x=1", "/all/1", "/all/1?a=1&b=2", "/all/1?b=2&a=1", "/all/1?utm_x=1",
		"/cached/1", "/cookie/1", "/header/1", "/vary/1", "/get/1", "/headers/1", "/bypass/1", "/stale/1", "/expired/1", "/none", "/page//1", "/page/./1", "/page/%2e", "/page/%31", "/", "*",
		"http://example.org/page/1",
	} {
		for _, method := range []string{"GET ", "HEAD ", "POST "} {
			add(method + path)
		}
		add("GET "+path, "Accept-Encoding: gzip, deflate, br, zstd")
		add("GET "+path, "If-None-Match: *")
	}
	for _, path := range []string{"/page/1", "/headers/1", "/cached/1", "/stale/1"} {
		for _, field := range []string{
			"Accept-Encoding: gzip", "Accept-Encoding: br;q=0.5, gzip;q=0.1", "Accept-Encoding: zstd", "Accept-Encoding: *;q=0", "Accept-Encoding: identity;q=0", "Accept-Encoding: gzip\r\nAccept-Encoding: br", "Accept-Encoding:",
			"Range: bytes=0-9", "Range: bytes=0-9\r\nAccept-Encoding: gzip", "If-Range: \"x\"", "If-Modified-Since: Mon, 02 Jan 2106 15:04:05 GMT", "If-Modified-Since: Mon, 02 Jan 1996 15:04:05 GMT",
			"If-None-Match: \"theirs\"", "If-None-Match: W/\"theirs\"", "If-None-Match: \"x\", W/\"theirs\"", "If-None-Match: garbage", "If-None-Match:", "If-None-Match: \"theirs\"\r\nIf-Modified-Since: Mon, 02 Jan 1996 15:04:05 GMT",
			"If-None-Match: \"theirs\"\r\nAccept-Encoding: br", "If-Match: *", "If-Unmodified-Since: x",
			"Authorization: Basic x", "Cookie: a=b; my_session=1", "Cookie: " + draftCookie + "=x", "X-Preview: 1", "Cache-Control: no-cache", "Pragma: no-cache", "Cache-Control: only-if-cached",
			"Connection: close", "Connection: Keep-Alive", "Connection: x", "Expect: 100-continue", "Expect: x", "Upgrade: h2c", "Content-Length: 0", "Content-Length: 1", "Transfer-Encoding: chunked",
			"Host: other", "X-\x01: y", "X: \x01", "X : y", " folded", "X: " + strings.Repeat("x", 5000), "TE: trailers", "Trailer: x", "Accept-Language: de",
		} {
			add("GET "+path, field)
		}
	}
	add("GET /cookie/1", "Cookie: a=b; my_session=1")
	add("GET /cookie/1", "Cookie: a=b")
	add("GET /header/1", "X-Preview: 1")
	add("GET /vary/1", "Accept-Language: de")
	return append(all,
		"GET /page/1 HTTP/1.0\r\n\r\n", "GET /page/1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET /page/1 HTTP/1.1\r\n\r\n", "GET /page/1\r\n\r\n", "\r\nGET /page/1 HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /page/1 HTTP/1.1\nHost: a\n\n", "GET /page/1 HTTP/1.1\r\nHost: EXAMPLE.org.\r\n\r\n", "GET /page/1 HTTP/1.1\r\nHost: example.org:8080\r\n\r\n", "GET /page/1 HTTP/1.1\r\nHost: a b\r\n\r\n",
		"GET  /page/1 HTTP/1.1\r\nHost: a\r\n\r\n", "get /page/1 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /page/1 HTTP/1.1\r\nHost: a", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /page/1 HTTP/1.2\r\nHost: a\r\n\r\n",
	)
}

// answers returns how many answers are kept.
func (h hotPages) answers() (n int) {
	for i := range h {
		if hp := h[i].Load(); hp != nil && hp.plain.Load() != nil {
			n++
		}
		if hp := h[i].Load(); hp != nil && hp.coded.Load() != nil {
			n++
		}
	}
	return n
}

// The fast lane and net/http with the engine give the same answer to the same bytes,
// alone and one after the other on a connection.
func TestTheFastLaneAnswersAsNetHTTPDoes(t *testing.T) {
	for _, hosts := range [][]string{nil, {"example.org", "www.example.org"}} {
		p := newLanePair(t, hosts...)
		all := laneRequests()
		for _, r := range all {
			p.compare(t, []byte(r))
		}
		if p.answered.Load() < 100 {
			t.Errorf("the fast lane has answered %d of %d requests", p.answered.Load(), len(all))
		}
		ok := "GET /page/1 HTTP/1.1\r\nHost: example.org\r\nAccept-Encoding: gzip\r\n\r\n"
		for i := range all {
			again := strings.Repeat(all[i], 4) // from the second on, answers are kept for the rest of the second
			p.compare(t, []byte(ok+again+ok+all[(i*7+3)%len(all)]+ok))
		}
		if n := p.site.memory.hot.answers(); n < 10 {
			t.Errorf("%d answers were kept", n)
		}
	}
}

// Who is in draft mode sees the page as it is now, also on a connection with a lane.
func TestTheFastLaneHandsOverDrafts(t *testing.T) {
	p := newLanePair(t)
	r := "GET /page/1 HTTP/1.1\r\nHost: a\r\nCookie: a=b; " + draftCookie + "=" + p.site.draftToken(time.Now().Add(time.Hour)) + "\r\n\r\n"
	if got := exchange(t, p.fast, []byte(r)); !bytes.Contains(got, []byte("Cache-Status: reprint; fwd=bypass; detail=draft")) {
		t.Errorf("who is in draft mode gets\n%s", got)
	}
}

// What was answered a moment ago counts for nothing when the page is not current any
// more. A stale page is the fast lane's to serve while it is rendered behind; a page
// that its visitors must wait for is not.
func TestTheFastLaneKnowsOfRevalidations(t *testing.T) {
	p := newLanePair(t)
	for mode, want := range map[Mode]string{Stale: "hit; detail=stale-revalidated", Expire: "fwd=stale; fwd-status=200; stored", Delete: "fwd=miss; fwd-status=200; stored"} {
		ask := func() string {
			first, _, _ := strings.Cut(string(exchange(t, p.fast, []byte("GET /get/1 HTTP/1.1\r\nHost: a\r\n\r\n"))), "\r\n\r\n")
			return first
		}
		for kept := false; !kept; { // an answer, for the rest of the second
			if got := ask(); !strings.Contains(got, "Cache-Status: reprint; hit\r\n") {
				t.Fatalf("before: %.300s", got)
			}
			hp := p.site.memory.hot.find("", "/get/1")
			kept = hp != nil && hp.plain.Load() != nil && hp.plain.Load().sec == time.Now().Unix()
		}
		answered := p.answered.Load()
		if _, err := p.site.Apply(t.Context(), Revalidation{Prefixes: []string{"/get/"}, Mode: mode}); err != nil {
			t.Fatal(err)
		}
		got := ask()
		if !strings.Contains(got, "Cache-Status: reprint; "+want+"\r\n") || (p.answered.Load() != answered) != (mode == Stale) {
			t.Errorf("after a revalidation in mode %v: %.300s", mode, got)
		}
		if err := p.site.Revalidate(t.Context(), "/get/1"); err != nil {
			t.Fatal(err)
		}
	}
}

// A page that was replaced, and is still found where hot pages are, is not a stale one
// to serve: its successor may have been promised to the visitor.
func TestTheFastLaneServesNoStalePageThatWasReplaced(t *testing.T) {
	p := newLanePair(t)
	old := p.site.memory.tier.Peek("/get/1")
	if _, err := p.site.Apply(t.Context(), Revalidation{Paths: []string{"/get/1"}}); err != nil {
		t.Fatal(err)
	}
	hp := &hotPage{nameLen: uint8(len("/get/1")), e: old}
	copy(hp.name[:], "/get/1")
	first, second := p.site.memory.hot.slots("/get/1")
	for range 10 { // that a page was replaced is noted there at some moment
		first.Store(hp)
		second.Store(hp)
		head, _, _ := bytes.Cut(exchange(t, p.fast, []byte("GET /get/1 HTTP/1.1\r\nHost: a\r\n\r\n")), []byte("\r\n\r\n"))
		if !bytes.Contains(head, []byte("Cache-Status: reprint; hit\r\n")) {
			t.Fatalf("%s", head)
		}
	}
}

func FuzzTheFastLaneAnswersAsNetHTTPDoes(f *testing.F) {
	p := newLanePair(f)
	hosted := newLanePair(f, "example.org")
	for _, r := range laneRequests() {
		f.Add([]byte(r))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p.compare(t, data)
		hosted.compare(t, data)
	})
}
