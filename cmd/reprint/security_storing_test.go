package main_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// T-019, T-020, T-021, T-022, T-032: what says that it is for one visitor, or does
// not say that it is for all, is stored for nobody.
func TestWhatIsNotForEverybodyIsNotStored(t *testing.T) {
	for _, test := range []struct {
		name     string
		header   []string
		request  string
		bypasses bool // the request says it; under the route it is the page that is not asked for
		free     bool // only under no route
	}{
		{name: "a cookie is set", header: []string{"Cache-Control: max-age=600", "Set-Cookie: sid=#"}},
		{name: "a cookie is set, in lower case", header: []string{"cache-control: max-age=600", "set-cookie: sid=#"}},
		{name: "private", header: []string{"Cache-Control: PRIVATE"}},
		{name: "a second line", header: []string{"Cache-Control: max-age=60", "Cache-Control: no-store"}},
		{name: "private with names", header: []string{`Cache-Control: max-age=60, private="x"`}},
		{name: "no-cache with names", header: []string{`Cache-Control: max-age=60, no-cache="set-cookie"`}},
		{name: "a quote that is not closed", header: []string{`Cache-Control: max-age=60, "no-store`}},
		{name: "s-maxage and private", header: []string{"Cache-Control: s-maxage=60, private"}},
		{name: "the CDN may not", header: []string{"Cache-Control: max-age=60", "CDN-Cache-Control: no-store"}},
		{name: "Authorization", header: []string{"Cache-Control: max-age=600"}, request: "Authorization: Bearer #", bypasses: true},
		{name: "Authorization, although it may be shared", header: []string{"Cache-Control: public, s-maxage=600"}, request: "Authorization: Bearer #", bypasses: true},
		{name: "a cookie of a session", header: []string{"Cache-Control: public, max-age=600"}, request: "Cookie: a=b; PHPSESSID=#", bypasses: true, free: true},
		{name: "nothing is said", header: []string{"X-Nothing: said"}, free: true},
		{name: "only a date is said", header: []string{"Last-Modified: Fri, 01 Jan 1999 00:00:00 GMT"}, free: true},
		{name: "it has expired", header: []string{"Expires: 0"}, free: true},
		{name: "max-age is not a number", header: []string{"Cache-Control: max-age=6e2"}, free: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var n atomic.Int64
			o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
				i := fmt.Sprint("zz", n.Add(1))
				if r.URL.Path == "/free/end" {
					w.Header().Set("Cache-Control", "max-age=600")
					return
				}
				for _, line := range test.header {
					name, value, _ := strings.Cut(line, ": ")
					w.Header()[name] = append(w.Header()[name], strings.ReplaceAll(value, "#", i))
				}
				fmt.Fprintf(w, "answer %s for %s%s", i, r.Header.Get("Authorization"), r.Header.Get("Cookie"))
			})
			s := serve(t, bothWays(o.url, "store: {path: pages.db}"))
			ways := both
			if test.free {
				ways = both[1:]
			}
			for _, way := range ways {
				answers := map[string]bool{}
				for i := range 6 {
					var headers []string
					if test.request != "" {
						headers = []string{strings.ReplaceAll(test.request, "#", fmt.Sprint("zzuser", i))}
					}
					a := s.get(way+"1", headers...)
					answers[a.body] = true
					if a.hit() || test.bypasses && !strings.Contains(a.body, fmt.Sprint("zzuser", i)) {
						t.Errorf("%s for visitor %d: %s (%s)", way, i, a.body, a.Header.Get("Cache-Status"))
					}
				}
				if len(answers) != 6 {
					t.Errorf("%s: %d different answers for 6 visitors", way, len(answers))
				}
			}
			s.settle("/free/end")
			s.wantStored("/free/end")
			s.stop()
			for _, file := range []string{"pages.db", "pages.db-wal"} {
				if b, err := os.ReadFile(filepath.Join(s.dir, file)); err == nil && strings.Contains(string(b), "zz") {
					t.Errorf("%s holds something of an answer", file)
				}
			}
		})
	}
}

// T-020, T-021: a visitor who is known gets no page that is stored, and leaves
// none.
func TestWhoIsKnownGetsTheirOwnAnswer(t *testing.T) {
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=600")
		fmt.Fprint(w, "for ", r.Header.Get("Authorization"), r.Header.Get("Cookie"))
	})
	s := serve(t, "origin: {url: \""+o.url+"\"}\nroutes:\n  - {path: \"/p/{id}\", bypassCookies: [my_login]}\n")
	for _, way := range both {
		for range 2 {
			if a := s.get(way+"1", "Authorization: Basic zz"); a.body != "for Basic zz" || a.hit() {
				t.Errorf("%s with Authorization: %s", way, a.body)
			}
			cookie := map[string]string{"/p/": "my_login=zz", "/free/": "session=zz"}[way]
			if a := s.get(way+"1", "Cookie: x=y; "+cookie); a.body != "for x=y; "+cookie || a.hit() {
				t.Errorf("%s with a session: %s", way, a.body)
			}
			if a := s.learned(way + "1"); a.body != "for " {
				t.Errorf("%s: the page is %s", way, a.body)
			}
		}
		// A cookie that says nothing of a session gets the page of all.
		if a := s.get(way+"1", "Cookie: theme=dark"); !a.hit() || a.body != "for " {
			t.Errorf("%s with some cookie: %s", way, a.body)
		}
	}
}

// T-023: of all statuses few are stored, and an error does not stay.
func TestErrorsAreNotStored(t *testing.T) {
	var status atomic.Int64
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=600")
		if r.URL.Path == "/free/end" {
			return
		}
		if n := int(status.Load()); n != 200 {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(n)
			return
		}
		io.WriteString(w, "good")
	})
	s := serve(t, bothWays(o.url))
	mayBeStored := map[int]bool{301: true, 302: true, 303: true, 307: true, 308: true, 404: true, 410: true}
	for n := 201; n < 600; n++ {
		if n > 310 && n < 400 || n > 431 && n < 500 && n != 451 || n > 511 && n != 599 || n > 226 && n < 300 || mayBeStored[n] {
			continue
		}
		status.Store(int64(n))
		for _, way := range both {
			if a := s.get(fmt.Sprint(way, n)); a.StatusCode != n && n != 304 && n != 206 && n != 204 {
				t.Errorf("%s%d is answered %d", way, n, a.StatusCode)
			}
		}
	}
	s.settle("/free/end")
	s.wantStored("/free/end")
	status.Store(200)
	for _, n := range []int{204, 206, 400, 403, 405, 412, 429, 431, 500, 503} {
		if a := s.learned(fmt.Sprint("/free/", n)); a.StatusCode != 200 || a.body != "good" {
			t.Errorf("after a %d: %d %s", n, a.StatusCode, a.body)
		}
		s.revalidate(fmt.Sprintf(`{"paths":["/p/%d"]}`, n))
		if a := s.get(fmt.Sprint("/p/", n)); a.StatusCode != 200 || a.body != "good" {
			t.Errorf("after a %d and a revalidation: %d %s", n, a.StatusCode, a.body)
		}
	}
}

// T-024: whatever a render ends with, the last good page stays, and the origin is
// not asked once per visitor.
func TestTheLastGoodPageStays(t *testing.T) {
	good := whole("good", "Cache-Control: max-age=600")
	var bad atomic.Pointer[string]
	var asked atomic.Int64
	origin := wireOrigin(t, func(string) string {
		asked.Add(1)
		if b := bad.Load(); b != nil {
			return *b
		}
		return good
	})
	s := serve(t, bothWays(origin))
	for name, answer := range map[string]string{
		"500": "HTTP/1.1 500 Broken\r\nContent-Length: 3\r\n\r\nbad", "204": "HTTP/1.1 204 None\r\n\r\n", "empty": whole("", "Cache-Control: max-age=600"), "099": "HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n",
		"cut": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nba" + closing, "no HTTP": "bad\r\n\r\n" + closing, "nothing": closing,
		"101": "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n" + closing, "without end": "HTTP/1.1 200 OK\r\n\r\nbad" + closing,
	} {
		for _, way := range both {
			if name == "204" && way == "/free/" {
				continue // its origin says by its own headers that there is no page any more
			}
			path := way + strings.ReplaceAll(name, " ", "-")
			bad.Store(nil)
			s.get(path)
			if a := s.learned(path); a.body != "good" {
				t.Fatalf("%s: %d %s", path, a.StatusCode, a.body)
			}
			bad.Store(&answer)
			if a := s.call("POST", "/v1/revalidate", `{"paths":["`+path+`"]}`); a.StatusCode != 502 {
				t.Errorf("%s: revalidated: %d %s", path, a.StatusCode, a.body)
			}
			before := asked.Load()
			for range 20 {
				if a := s.get(path); a.StatusCode != 200 || a.body != "good" || !a.hit() {
					t.Errorf("%s: %d %q (%s)", path, a.StatusCode, a.body, a.Header.Get("Cache-Status"))
				}
			}
			// A fault that was seen rests for a second at first; on a slow machine that is over meanwhile.
			if n := asked.Load() - before; n > 10 {
				t.Errorf("%s: the origin was asked %d times for 20 visitors", path, n)
			}
		}
	}
}

// T-026, T-027: an answer that is cut, or of which nobody knows whether it is, is
// not stored, and its client sees it.
func TestAnswersThatAreNotWhole(t *testing.T) {
	const free = "Cache-Control: max-age=600\r\n"
	for name, answer := range map[string]string{
		"length":             "HTTP/1.1 200 OK\r\n" + free + "Content-Length: 10\r\n\r\nabc" + closing,
		"chunks":             "HTTP/1.1 200 OK\r\n" + free + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" + closing,
		"within a chunk":     "HTTP/1.1 200 OK\r\n" + free + "Transfer-Encoding: chunked\r\n\r\n9\r\nabc" + closing,
		"until the end":      "HTTP/1.1 200 OK\r\n" + free + "\r\nabc" + closing,
		"until the end, 1.0": "HTTP/1.0 200 OK\r\n" + free + "\r\nabc" + closing,
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, bothWays(wireOrigin(t, func(target string) string {
				if target == "/free/end" {
					return whole("x", "Cache-Control: max-age=600")
				}
				return answer
			})))
			for range 2 {
				if a, err := s.try("GET", "/p/1", nil); err != nil || a.StatusCode != 502 || strings.Contains(a.body, "abc") {
					t.Errorf("under the route: %+v, %v", a.body, err)
				}
				a, err := s.try("GET", "/free/1", nil)
				if undelimited := strings.HasPrefix(name, "until"); undelimited != (err == nil) || undelimited && a.body != "abc" {
					t.Errorf("passed through: %q, %v", a.body, err)
				}
			}
			s.settle("/free/end")
			s.wantStored("/free/end")
		})
	}
}

// T-028: a stored page is framed anew: one length, nothing of the origin's own
// connection.
func TestPagesAreFramedAnew(t *testing.T) {
	for name, answer := range map[string]string{
		"hops":              whole("page", "Cache-Control: max-age=600", "Connection: X-Foo, keep-alive", "X-Foo: 1", "Keep-Alive: timeout=5", "Proxy-Connection: x", "Te: x", "Upgrade: h2c"),
		"chunks, trailers":  "HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nTrailer: X-Foo\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npage\r\n0\r\nX-Foo: 1\r\n\r\n",
		"chunks and length": "HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npage\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, bothWays(wireOrigin(t, func(string) string { return answer })))
			for _, way := range both {
				s.get(way + "1")
				s.learned(way + "1")
				c := dial(t, s.public)
				r := bufio.NewReader(c)
				for _, method := range []string{"GET", "HEAD", "GET"} {
					fmt.Fprintf(c, "%s %s1 HTTP/1.1\r\nHost: x\r\n\r\n", method, way)
					head := readHead(t, r)
					if got := strings.Count(head, "Content-Length: 4\r\n"); got != 1 || strings.Contains(strings.ToLower(head), "transfer-encoding") {
						t.Errorf("%s %s: %q", method, way, head)
					}
					for _, name := range []string{"X-Foo", "Keep-Alive", "Proxy-Connection", "Upgrade", "Te:", "Trailer", "\r\nConnection"} {
						if strings.Contains(head, name) {
							t.Errorf("%s %s has %s: %q", method, way, name, head)
						}
					}
					if method == "GET" {
						body := make([]byte, 4)
						if _, err := io.ReadFull(r, body); err != nil || string(body) != "page" {
							t.Errorf("%s: body %q, %v", way, body, err)
						}
					}
				}
				if r.Buffered() > 0 {
					t.Errorf("%s: more came than was asked for", way)
				}
			}
		})
	}
}

// readHead reads a status line and header.
func readHead(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	var b strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("after %q: %v", b.String(), err)
		}
		if line == "\r\n" {
			return b.String()
		}
		b.WriteString(line)
	}
}

// T-029, T-046: whatever status line an origin sends, the process lives.
func TestOddStatusesOfAnOrigin(t *testing.T) {
	hint := "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
	for _, test := range []struct {
		name, answer string
		status       int
	}{
		{"099", "HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n", 502},
		{"600", "HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n", 502},
		{"999", "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", 502},
		{"101", "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + closing, 502},
		{"no number", "HTTP/1.1 OK\r\n\r\n" + closing, 502},
		{"a hint", hint + whole("x", "Cache-Control: max-age=600"), 200},
		{"hints without end", strings.Repeat(hint, 50) + whole("x", "Cache-Control: max-age=600"), 502},
		{"a control character", whole("x", "Cache-Control: max-age=600", "X-A: \x01"), 502},
		{"a name with a space", whole("x", "Cache-Control: max-age=600", "Bad Name: 1"), 502},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy" + closing, 502},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t, bothWays(wireOrigin(t, func(string) string { return test.answer })))
			for _, way := range both {
				for range 2 {
					a := s.get(way + "1")
					if a.StatusCode != test.status && (test.name != "hints without end" || way != "/p/") && test.name != "a name with a space" {
						t.Errorf("%s: %d %s, want %d", way, a.StatusCode, a.body, test.status)
					}
					if a.Header["Bad Name"] != nil {
						t.Errorf("%s: %v", way, a.Header)
					}
				}
			}
			s.call("POST", "/v1/revalidate", `{"paths":["/p/1"]}`)
			if a := s.call("GET", "/healthz", ""); a.StatusCode != 200 {
				t.Errorf("health: %d", a.StatusCode)
			}
		})
	}
}

// T-033: what an origin says to Reprint is for nobody else, and nobody else says
// it.
func TestWhatTheOriginSaysToReprintEndsHere(t *testing.T) {
	said := map[string]string{
		"Cache-Tag": "secret-tag", "Surrogate-Key": "secret-key", "xkey": "secret-xkey", "Reprint-Revalidate-At": "2100-01-01T00:00:00Z", "Surrogate-Control": "max-age=600",
	}
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		for name, value := range said {
			w.Header().Set(name, value)
		}
		io.WriteString(w, r.Header.Get("Cache-Tag")+r.Header.Get("Surrogate-Key")+r.Header.Get("Xkey")+"page")
	})
	s := serve(t, bothWays(o.url))
	for _, way := range both {
		for _, headers := range [][]string{{"Cache-Tag: zz-evil", "Surrogate-Key: zz-evil", "Xkey: zz-evil", "Reprint-Revalidate-At: 1"}, nil, nil} {
			for _, method := range []string{"GET", "HEAD", "POST"} {
				a := s.do(method, way+"1", nil, headers...)
				for name := range said {
					if a.Header.Get(name) != "" {
						t.Errorf("%s %s: %s is sent", method, way, name)
					}
				}
				if strings.Contains(a.body, "secret") || strings.Contains(a.body, marker) {
					t.Errorf("%s %s: %s", method, way, a.body)
				}
			}
		}
		s.learned(way + "1")
	}
	if list := s.call("GET", "/v1/pages?tag=secret-tag", "").body; !strings.Contains(list, `"/p/1"`) || !strings.Contains(list, `"/free/1"`) {
		t.Errorf("pages with the tag: %s", list)
	}
	if list := s.call("GET", "/v1/pages?tag=zz-evil", "").body; strings.Contains(list, "/p/1") || strings.Contains(list, "/free/1") {
		t.Errorf("a client has tagged %s", list)
	}
}
