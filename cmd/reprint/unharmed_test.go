package main_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// What passes through the server comes out as it went in, at any size, and nobody
// waits for anybody else.

// stream is so many bytes that nobody holds, the same ones each time.
func stream(size int64) io.Reader { return io.LimitReader(&repeating{}, size) }

// repeating repeats random bytes without end; a prime number of them, so that
// pieces of the usual sizes differ.
type repeating struct{ at int }

var piece = sync.OnceValue(func() []byte {
	b := make([]byte, 1_000_003)
	_, _ = rand.Read(b) // never fails
	return b
})

func (r *repeating) Read(p []byte) (int, error) {
	n := copy(p, piece()[r.at:])
	r.at = (r.at + n) % len(piece())
	return n, nil
}

// digest counts and sums what is written to it.
type digest struct {
	hash.Hash
	n int64
}

func newDigest() *digest { return &digest{Hash: sha256.New()} }

func (d *digest) Write(p []byte) (int, error) {
	d.n += int64(len(p))
	return d.Hash.Write(p)
}

func (d *digest) String() string { return fmt.Sprint(d.n, " ", hex.EncodeToString(d.Sum(nil))) }

func TestTwoGigabytesPassInFlatMemory(t *testing.T) {
	size := int64(2 << 30)
	if testing.Short() || raceDetector {
		size = 64 << 20
	}
	limit := int64(150 << 20)
	if raceDetector {
		limit *= 3
	}
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			d := newDigest()
			_, err := io.Copy(d, r.Body)
			fmt.Fprint(w, d, " ", err)
			return
		}
		w.Header().Set("Cache-Control", "max-age=600") // even so
		w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
		_, _ = io.Copy(w, stream(size)) // the client counts
	})
	sent := newDigest()
	_, _ = io.Copy(sent, stream(size)) // into memory
	s := serve(t, "origin: {url: \""+o.url+"\"}\nroutes:\n  - {path: /bypass/, bypass: true}\n")
	for _, path := range []string{"/free/file", "/bypass/file"} {
		if path == "/bypass/file" {
			// The second way is the same but for the route: a part will do.
			if size = min(size, 256<<20); size < 2<<30 {
				sent = newDigest()
				_, _ = io.Copy(sent, stream(size)) // as above
			}
		}
		if a := s.do("PUT", path, stream(size)); a.StatusCode != 200 || a.body != fmt.Sprint(sent, " <nil>") {
			t.Errorf("PUT %s: %d %s, want %s", path, a.StatusCode, a.body, sent)
		}
		r, err := s.request(s.public, "GET", path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := oneConnection.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got := newDigest()
		_, err = io.Copy(got, res.Body)
		_ = res.Body.Close() // it was read to its end
		if err != nil || got.String() != sent.String() || res.ContentLength != size {
			t.Errorf("GET %s: %s of %d, %v, want %s", path, got, res.ContentLength, err, sent)
		}
	}
	if peak := s.memory("VmHWM"); peak > limit {
		t.Errorf("the process took %d MiB", peak>>20)
	} else {
		t.Logf("%d MiB at most", peak>>20)
	}
	s.wantStored()
}

// The next event is sent when the client has the last one, and the origin is told
// when the client leaves.
func TestEventsComeOneByOne(t *testing.T) {
	next, left := make(chan int), make(chan struct{}, 1)
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		defer func() { left <- struct{}{} }()
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-cache")
		for {
			_ = http.NewResponseController(w).Flush() // the client sees whether it comes
			select {
			case i := <-next:
				fmt.Fprintf(w, "data: %d\n\n", i)
			case <-r.Context().Done():
				return
			}
		}
	})
	s, pool := serveTLS(t, "origin: {url: \""+o.url+"\"}\nroutes:\n  - {path: /bypass/, bypass: true}\n")
	plain := serve(t, "origin: {url: \""+o.url+"\"}\nroutes:\n  - {path: /bypass/, bypass: true}\n")
	for _, path := range []string{"/events", "/bypass/events"} {
		for name, open := range map[string]func() (*http.Response, error){
			"HTTP/1.1": func() (*http.Response, error) {
				r, err := plain.request(plain.public, "GET", path, nil, "Accept: text/event-stream")
				if err != nil {
					return nil, err
				}
				return oneConnection.Do(r)
			},
			"HTTP/2.0": func() (*http.Response, error) {
				return overHTTP2(t, s, pool).Get("https://good.test" + path)
			},
		} {
			res, err := open() // returns before there is an event
			if err != nil || res.Proto != name {
				t.Fatalf("%s: %+v, %v", name, res, err)
			}
			for i := range 5 {
				next <- i
				want := fmt.Sprintf("data: %d\n\n", i)
				got := make([]byte, len(want))
				if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != want {
					t.Fatalf("%s over %s: %q, %v", path, name, got, err)
				}
			}
			_ = res.Body.Close() // the client leaves in the middle
			select {
			case <-left: // or the next event might be for nobody
			case <-time.After(20 * time.Second):
				t.Fatalf("%s over %s: the origin does not know that the client has left", path, name)
			}
		}
	}
}

// A client that stops reading, and one that stops sending, hold up nobody, and
// when they leave the origin's connections are given back.
func TestClientsThatStopHoldUpNobody(t *testing.T) {
	var inside atomic.Int64
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		inside.Add(1)
		defer inside.Add(-1)
		switch {
		case strings.HasSuffix(r.URL.Path, "/large"):
			w.Header().Set("Cache-Control", "no-store")
			_, _ = io.Copy(w, stream(1<<30)) // until nobody takes it
		default:
			_, _ = io.Copy(io.Discard, r.Body) // until nothing comes
			io.WriteString(w, "page")
		}
	})
	s := serve(t, "origin: {url: \""+o.url+"\", maxConnections: 20}\nroutes:\n  - {path: \"/p/{id}\"}\n  - {path: /bypass/, bypass: true}\n")
	s.get("/p/warm")
	var stopped []net.Conn
	for i := range 16 {
		c := dial(t, s.public)
		fmt.Fprint(c, []string{
			"GET /free/large HTTP/1.1\r\nHost: x\r\n\r\n", "GET /bypass/large HTTP/1.1\r\nHost: x\r\n\r\n", "POST /free/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nbegin",
			"PUT /bypass/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n",
		}[i%4])
		stopped = append(stopped, c)
	}
	waitFor(t, "all of them are at the origin", func() bool { return inside.Load() == 16 })
	for i := range 20 {
		for _, path := range []string{"/p/warm", fmt.Sprint("/p/", i), "/free/other"} {
			if a := s.get(path); a.StatusCode != 200 || a.body != "page" {
				t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
			}
		}
	}
	if n := inside.Load(); n != 16 {
		t.Errorf("%d of 16 are left at the origin while nothing has happened", n)
	}
	for _, c := range stopped {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	waitFor(t, "the origin is left alone", func() bool { return inside.Load() == 0 })
	for _, got := range s.together(20, func(i int) string { return s.do("POST", fmt.Sprint("/free/", i), strings.NewReader("body")).body }) {
		if got != "page" {
			t.Errorf("afterwards: %s", got)
		}
	}
}

// Parts of pages and of files, conditions and HEAD are what they are without the
// server in between.
func TestRangesAndConditions(t *testing.T) {
	const body = "0123456789"
	modified := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"v1"`)
		w.Header().Set("Content-Type", "text/plain")
		http.ServeContent(w, r, "", modified, strings.NewReader(body))
	})
	s := serve(t, "origin: {url: \""+o.url+"\"}\nroutes:\n  - {path: \"/p/{id}\"}\n  - {path: /bypass/, bypass: true}\n")
	for _, path := range []string{"/p/1", "/p/cold", "/free/1", "/bypass/1"} {
		if path == "/p/1" {
			s.get(path)
		}
		etag := s.get(path).Header.Get("Etag")
		for _, test := range []struct {
			method, header string
			status         int
			body, part     string
		}{
			{"GET", "", 200, body, ""}, {"GET", "Range: bytes=2-4", 206, "234", "bytes 2-4/10"}, {"GET", "Range: bytes=-3", 206, "789", "bytes 7-9/10"}, {"GET", "Range: bytes=5-", 206, "56789", "bytes 5-9/10"},
			{"GET", "Range: bytes=20-", 416, "", "bytes */10"}, {"GET", "Range: lines=1-2", 200, body, ""}, {"GET", "If-None-Match: " + etag, 304, "", ""}, {"GET", `If-None-Match: "other"`, 200, body, ""},
			{"HEAD", "", 200, "", ""}, {"HEAD", "If-None-Match: " + etag, 304, "", ""}, {"HEAD", "Range: bytes=2-4", 206, "", "bytes 2-4/10"},
		} {
			var headers []string
			if test.header != "" {
				headers = []string{test.header}
			}
			a := s.do(test.method, path, nil, headers...)
			if test.header == "Range: lines=1-2" && a.StatusCode == 416 && !strings.HasPrefix(path, "/p/") {
				continue // so says this origin
			}
			if test.method == "HEAD" && test.part != "" && strings.HasPrefix(path, "/p/") {
				test.status, test.part = 200, "" // RFC 9110, section 14.2: only GET knows ranges; this origin has them for HEAD too
			}
			if a.StatusCode != test.status || test.status != 416 && a.body != test.body || a.Header.Get("Content-Range") != test.part {
				t.Errorf("%s %s with %q: %d %q %q", test.method, path, test.header, a.StatusCode, a.body, a.Header.Get("Content-Range"))
			}
			if test.method == "HEAD" && test.status == 200 && a.ContentLength != 10 {
				t.Errorf("HEAD %s: length %d", path, a.ContentLength)
			}
		}
		a := s.get(path, "Range: bytes=0-1,5-6")
		if a.StatusCode != 206 || !strings.HasPrefix(a.Header.Get("Content-Type"), "multipart/byteranges") || !strings.Contains(a.body, "\r\n\r\n56\r\n") {
			t.Errorf("two parts of %s: %d %q", path, a.StatusCode, a.body)
		}
	}
}

// Every method of a site reaches the origin as it is, and so does its answer.
func TestMethodsPassAsTheyAre(t *testing.T) {
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what came is sent back
		w.Header().Set("X-Method", r.Method)
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, "%s %s %s", r.Method, r.RequestURI, body)
	})
	s := serve(t, "origin: {url: \""+o.url+"\"}\nroutes:\n  - {path: \"/p/{id}\"}\n  - {path: /bypass/, bypass: true}\n")
	for _, path := range []string{"/p/1", "/free/1", "/bypass/1"} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
			target := path + "?utm_source=a&b=%20c;d"
			a := s.do(method, target, strings.NewReader("body"), "Cookie: s=1", "Authorization: Basic x")
			if a.StatusCode != 202 || a.body != method+" "+target+" body" || len(a.Header["Set-Cookie"]) != 2 {
				t.Errorf("%s %s: %d %q %v", method, path, a.StatusCode, a.body, a.Header)
			}
		}
	}
	if got := s.talk("OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); !strings.Contains(statusLine(got), " 200 ") {
		t.Errorf("OPTIONS *: %s", statusLine(got))
	}
}

// Trailers pass in both directions, and so do hints.
func TestTrailersAndHintsPass(t *testing.T) {
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Trailer", "X-Sum")
		body, _ := io.ReadAll(r.Body) // the trailers come after it
		fmt.Fprintf(w, "%s %s", body, r.Trailer.Get("X-Asked"))
		w.Header().Set("X-Sum", "42")
	})
	s := serve(t, bothWays(o.url))
	for _, way := range both {
		got := s.talk("POST " + way + "1 HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nTrailer: X-Asked\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Asked: yes\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 103 ") || !strings.Contains(got, "\r\nTrailer: X-Sum\r\n") || !strings.Contains(got, "body yes") || !strings.HasSuffix(got, "\r\n0\r\nX-Sum: 42\r\n\r\n") {
			t.Errorf("%s: %q", way, got)
		}
	}
}

// An origin that refuses an upload before it has come is heard.
func TestARefusedUploadIsToldSo(t *testing.T) {
	o := newStub(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		io.WriteString(w, "too large")
	})
	s := serve(t, bothWays(o.url))
	for name, test := range map[string]struct {
		header string
		sent   int64
	}{
		"it asks first": {"Expect: 100-continue", 0}, "it goes on sending": {"X-No: expectation", 1 << 30}, "it waits in the middle": {"X-No: expectation", 100 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, s.public)
			fmt.Fprintf(c, "POST /free/1 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n\r\n", 1<<30, test.header)
			done := make(chan int64, 1)
			go func() {
				n, _ := io.Copy(c, stream(test.sent)) // it is refused meanwhile
				done <- n
			}()
			line, err := bufio.NewReader(c).ReadString('\n')
			if err != nil || !strings.HasPrefix(line, "HTTP/1.1 413 ") {
				t.Errorf("%q, %v, want 413", line, err)
			}
			_ = c.Close() // which ends the sending
			if n := <-done; n == 1<<30 {
				t.Error("all of it was taken")
			}
		})
	}
}

// An origin may answer piece by piece while it is still being told, and so it does
// over either protocol.
func TestAConversationInOneRequest(t *testing.T) {
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		if err := c.EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		said := bufio.NewReader(r.Body)
		for {
			_ = c.Flush() // the client sees whether it comes
			line, err := said.ReadString('\n')
			if err != nil {
				return
			}
			fmt.Fprint(w, "you said ", line)
		}
	})
	const routes = "routes: [{path: \"/p/{id}\"}, {path: /bypass/, bypass: true}]\n"
	s, pool := serveTLS(t, "origin: {url: \""+o.url+"\"}\n"+routes)
	plain := serve(t, "origin: {url: \""+o.url+"\"}\n"+routes)
	for name, client := range map[string]*http.Client{"HTTP/1.1": oneConnection, "HTTP/2.0": overHTTP2(t, s, pool)} {
		for _, path := range []string{"/free/1", "/bypass/1"} {
			t.Run(name+path, func(t *testing.T) {
				url := "https://good.test" + path
				if name == "HTTP/1.1" {
					url = "http://" + plain.public + path
				}
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				body, say := io.Pipe()
				defer say.Close()
				r, err := http.NewRequestWithContext(ctx, "POST", url, body)
				if err != nil {
					t.Fatal(err)
				}
				res, err := client.Do(r) // its header comes before anything is said
				if err != nil || res.Proto != name {
					t.Fatalf("%+v, %v", res, err)
				}
				defer res.Body.Close()
				answers := bufio.NewReader(res.Body)
				for i := range 3 {
					fmt.Fprintln(say, i)
					if line, err := answers.ReadString('\n'); err != nil || line != fmt.Sprintf("you said %d\n", i) {
						t.Fatalf("%q, %v", line, err)
					}
				}
			})
		}
	}
}

// What an origin allows everybody to keep for a year is kept, whoever asks first:
// a browser takes compressed answers, and an origin may give them.
func TestImmutableFilesAreKept(t *testing.T) {
	var asked atomic.Int64
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		h := w.Header()
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Content-Type", "text/javascript")
		if strings.HasPrefix(r.URL.Path, "/packed") {
			h.Set("Vary", "Accept-Encoding")
			if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				h.Set("Content-Encoding", "gzip")
				io.WriteString(w, "packed")
				return
			}
		}
		io.WriteString(w, "plain")
	})
	s := serve(t, bothWays(o.url))
	for _, test := range []struct{ name, path, encoding string }{
		{"plain", "/plain/app.1234.js", ""}, {"plain, for a browser", "/plain/lib.1234.js", "gzip, br"}, {"packed, for a browser", "/packed/app.1234.js", "gzip, br"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := s.in(t)
			headers := []string{"Accept-Encoding: " + test.encoding}
			s.get(test.path, headers...)
			a := s.learned(test.path, headers...)
			if a.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || a.Header.Get("Content-Type") != "text/javascript" {
				t.Errorf("%v", a.Header)
			}
			before := asked.Load()
			for range 10 {
				s.get(test.path, headers...)
			}
			if n := asked.Load() - before; n != 0 {
				t.Errorf("the origin was asked %d times for a file that is kept", n)
			}
		})
	}
}

func TestAThousandClientsOnOneColdPage(t *testing.T) {
	clients := 1000
	if testing.Short() || raceDetector {
		clients = 200
	}
	began, release := make(chan bool, clients), make(chan bool)
	o := newStub(t, func(w http.ResponseWriter, _ *http.Request) {
		began <- true
		<-release
		io.WriteString(w, "page")
	})
	s := serve(t, bothWays(o.url))
	go func() {
		<-began
		close(release)
	}()
	for _, got := range s.together(clients, func(int) string {
		a, err := s.try("GET", "/p/1", nil)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprint(a.StatusCode, a.body)
	}) {
		if got != "200page" {
			t.Fatal(got)
		}
	}
	if n := len(o.requests()); n != 1 {
		t.Errorf("%d renders for %d clients", n, clients)
	}
}

// What was acknowledged is in force after a crash.
func TestAcknowledgedRevalidationsOutliveAKill(t *testing.T) {
	const pages = 4
	var versions [pages]atomic.Int64
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.Atoi(filepath.Base(r.URL.Path))
		if err != nil {
			t.Error(err)
			return
		}
		fmt.Fprintf(w, "%d %s", versions[id].Load(), strings.Repeat("x", 2000))
	})
	s := serve(t, "origin: {url: \""+o.url+"\"}\nstore: {path: pages.db}\nroutes:\n  - {path: \"/p/{id}\", tags: [\"post:{id}\"]}\n")
	var acknowledged [pages]atomic.Int64
	for kill := range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		var total atomic.Int64
		var wg sync.WaitGroup
		for id := range pages {
			wg.Go(func() {
				for ctx.Err() == nil {
					v := versions[id].Add(1)
					body := fmt.Sprintf(`{"paths":["/p/%d"]}`, id)
					if v%3 == 0 {
						body = fmt.Sprintf(`{"tags":["post:%d"],"mode":"expire"}`, id)
					}
					r, err := s.request(s.admin, "POST", "/v1/revalidate", strings.NewReader(body), "Content-Type: application/json")
					if err != nil {
						t.Error(err)
						return
					}
					a, err := read(oneConnection.Do(r))
					if err != nil {
						return // the server was killed
					}
					if a.StatusCode != 200 {
						t.Errorf("%s: %d %s", body, a.StatusCode, a.body)
						return
					}
					acknowledged[id].Store(v)
					total.Add(1)
				}
			})
		}
		waitFor(t, "some are acknowledged", func() bool { return total.Load() >= int64(10*(kill+1)) })
		s.kill()
		cancel()
		wg.Wait()
		s.start()
		for id := range pages {
			a := s.get(fmt.Sprint("/p/", id))
			version, rest, _ := strings.Cut(a.body, " ")
			v, err := strconv.ParseInt(version, 10, 64)
			if err != nil || v < acknowledged[id].Load() || rest != strings.Repeat("x", 2000) {
				t.Errorf("kill %d: /p/%d is version %s (%s), %d was acknowledged; %v", kill+1, id, version, a.Header.Get("Cache-Status"), acknowledged[id].Load(), err)
			}
		}
	}
}

// The other settings of an origin have the effect that the reference says.
func TestTheOriginIsAskedAsTheFileSays(t *testing.T) {
	o := newStub(t, echo)
	s := serve(t, "origin: {url: \""+o.url+"\", proto: https, host: app.internal, headers: {X-Key: open}, clientHeaders: [x-matched-path]}\nroutes:\n  - {path: \"/p/{id}\"}\n")
	for _, way := range both {
		a := s.get(way+"1", "X-Matched-Path: mine")
		for _, line := range []string{" app.internal ", "X-Forwarded-Proto: https\r\n", "X-Key: open\r\n"} {
			if !strings.Contains(a.body, line) {
				t.Errorf("%s: %q is not in %q", way, line, a.body)
			}
		}
		if strings.Contains(a.body, "X-Matched-Path: mine") != (way == "/free/") {
			t.Errorf("%s: %q", way, a.body)
		}
	}
	undelimited := serve(t, "origin: {url: \""+wireOrigin(t, func(string) string { return "HTTP/1.0 200 OK\r\n\r\npage" + closing })+"\", allowUndelimited: true}\nroutes: [{path: \"/p/{id}\"}]\n")
	if a := undelimited.get("/p/1"); a.StatusCode != 200 || a.body != "page" {
		t.Errorf("allowUndelimited: %d %s", a.StatusCode, a.body)
	}
	everything := serve(t, "origin: {url: \""+o.url+"\"}\nroutes:\n  - {path: \"/{path...}\"}\n")
	if a := everything.get("/a/b"); a.StatusCode != 200 || !strings.Contains(a.body, " /a/b") {
		t.Errorf("a route for every path: %d %s", a.StatusCode, a.body)
	}
}
