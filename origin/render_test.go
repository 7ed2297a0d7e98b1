package origin_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/internal/logtest"
	"github.com/reprint-go/reprint/origin"
)

// sentHeader returns the header lines of a request, sorted.
func sentHeader(request string) []string {
	l := strings.Split(strings.TrimSuffix(request, "\r\n"), "\r\n")[1:]
	slices.Sort(l)
	return l
}

func TestRenderAsksWithTheKeyAlone(t *testing.T) {
	o := newRaw(t, ok("page"))
	_, site := newSite(t, newHandler(t, origin.Options{URL: o.url, Proto: "https"}), reprint.Policy{
		Query: []string{"page"}, Vary: []reprint.Vary{{Header: "Accept-Language", Values: []string{"en", "de"}}},
	})
	res := do(t, "GET", site+"/caf%C3%A9?utm_source=x&page=2", strings.NewReader(""), "Cookie: a=b", "Accept-Language: de-AT", "Accept: x", "Range: bytes=0-1",
		"User-Agent: visitor", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-Host: evil.test", "If-None-Match: x", "X-HTTP-Method-Override: DELETE", "Expect: 100-continue")
	if res.StatusCode != http.StatusPartialContent { // of the whole page
		t.Errorf("status %d, want 206", res.StatusCode)
	}
	asked := o.asked()
	if len(asked) != 1 || !strings.HasPrefix(asked[0], "GET /caf%C3%A9?page=2 HTTP/1.1\r\n") {
		t.Fatalf("the origin was asked %q", asked)
	}
	want := []string{
		"Accept-Encoding: identity", "Accept-Language: de", "Host: localhost", "User-Agent: reprint",
		"X-Forwarded-Host: localhost", "X-Forwarded-Proto: https",
	}
	if got := sentHeader(asked[0]); !slices.Equal(got, want) {
		t.Errorf("header %q, want %q", got, want)
	}
}

// T-001: whatever header a visitor sends, the origin sees none of it.
func TestRenderSeesNoHeaderOfAVisitor(t *testing.T) {
	o := newRawFunc(t, func(request string) string { return ok(request) })
	_, site := newSite(t, newHandler(t, origin.Options{URL: o.url}), reprint.Policy{Query: []string{"i"}})
	names := strings.Fields(`Accept Accept-Charset Accept-Language Accept-Datetime Access-Control-Request-Method Cache-Control CF-Connecting-IP
		Client-IP Content-Security-Policy Content-Type Cookie2 DNT Forwarded From Front-End-Https If-Match If-None-Match If-Modified-Since If-Range If-Unmodified-Since
		Max-Forwards Next-Action Next-Resume Next-Router-Prefetch Next-Router-State-Tree Next-Url Origin Pragma Prefer Priority Purpose Range Referer Rsc
		Save-Data Sec-Fetch-Dest Sec-Purpose Surrogate-Capability Te True-Client-Ip Upgrade-Insecure-Requests User-Agent Via Warning X-Api-Version X-Astro-Path
		X-Client-Ip X-Correlation-Id X-Csrf-Token X-Forwarded X-Forwarded-By X-Forwarded-For X-Forwarded-Host X-Forwarded-Path X-Forwarded-Port X-Forwarded-Prefix
		X-Forwarded-Proto X-Forwarded-Scheme X-Forwarded-Server X-Forwarded-Ssl X-Host X-Http-Host-Override X-Http-Method-Override X-Invoke-Path X-Invoke-Status
		X-Matched-Path X-Method-Override X-Middleware-Prefetch X-Middleware-Subrequest X-Nextjs-Data X-Now-Route-Matches X-Original-Host X-Original-Url
		X-Prerender-Revalidate X-React-Router-Spa-Mode X-Real-Ip X-Requested-With X-Rewrite-Url X-Scheme X-Url-Scheme X-Wap-Profile`)
	for i, name := range names {
		url := fmt.Sprintf("%s/p?i=%d", site, i)
		get(t, url, name+": zz-evil")
		if body := text(t, get(t, url)); strings.Contains(body, "zz-evil") {
			t.Errorf("%s reached the page: %s", name, body)
		}
	}
	for _, request := range o.asked() {
		if strings.Contains(request, "zz-evil") {
			t.Errorf("the origin saw %q", request)
		}
	}
}

func TestRenderWithConfiguredHeaders(t *testing.T) {
	o := newRaw(t, ok("page"))
	h := newHandler(t, origin.Options{URL: o.url, Host: "www.example.org", Headers: [][2]string{
		{"authorization", "Basic eA=="}, {"Cookie", "gate=open"}, {"User-Agent", "mine"}, {"X-Forwarded-Proto", "https"}, {"X-Many", "1"}, {"X-Many", "2"},
	}})
	_, site := newSite(t, h, reprint.Policy{})
	want(t, get(t, site+"/"), 200, "page")
	wanted := []string{
		"Accept-Encoding: identity", "Authorization: Basic eA==", "Cookie: gate=open", "Host: www.example.org", "User-Agent: mine",
		"X-Forwarded-Proto: https", "X-Many: 1", "X-Many: 2",
	}
	if got := sentHeader(o.asked()[0]); !slices.Equal(got, wanted) {
		t.Errorf("header %q, want %q", got, wanted)
	}
}

// inRender calls f inside a render of a site, with the writer of the render.
func inRender(t *testing.T, f http.HandlerFunc) {
	t.Helper()
	called := false
	site, _ := newSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f(w, r)
		called = true
	}), reprint.Policy{})
	if err := site.Revalidate(t.Context(), "/p"); err != nil || !called {
		t.Fatalf("rendered: %t, %v", called, err)
	}
}

// What the engine asks by itself is what reaches the origin, and a 304 comes back.
func TestRenderIsConditional(t *testing.T) {
	o := newRaw(t, lines("HTTP/1.1 304 Not Modified", `ETag: "a"`, "Cache-Tag: t", "Content-Length: 1000", "", ""))
	h := newHandler(t, origin.Options{URL: o.url})
	inRender(t, func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("If-None-Match", `"a"`)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if res := rec.Result(); res.StatusCode != 304 || res.Header.Get("Etag") != `"a"` || len(res.Header) != 1 || rec.Body.Len() != 0 {
			t.Errorf("answer %d %v", res.StatusCode, res.Header)
		}
	})
	if !strings.Contains(o.asked()[0], "If-None-Match: \"a\"\r\n") {
		t.Errorf("asked %q", o.asked()[0])
	}
}

func TestRenderUsesNoProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	o := newRaw(t, ok("page"))
	_, site := newSite(t, newHandler(t, origin.Options{URL: o.url, Host: "proxied.test"}), reprint.Policy{})
	want(t, get(t, site+"/"), 200, "page")
}

func TestRenderFollowsNoRedirect(t *testing.T) {
	o := newRaw(t, lines("HTTP/1.1 302 Found", "Location: /elsewhere", "Content-Length: 0", "", ""))
	_, site := newSite(t, newHandler(t, origin.Options{URL: o.url}), reprint.Policy{})
	if res := get(t, site+"/"); res.StatusCode != 302 || res.Header.Get("Location") != "/elsewhere" {
		t.Errorf("answer %d %v", res.StatusCode, res.Header)
	}
	if len(o.asked()) != 1 {
		t.Errorf("asked %q", o.asked())
	}
}

// An origin that does not heed Accept-Encoding is not decompressed for: what it
// sends is refused by the site.
func TestRenderDecompressesNothing(t *testing.T) {
	o := newRaw(t, ok("\x1f\x8bgzip", "Content-Encoding: gzip"))
	h := newHandler(t, origin.Options{URL: o.url})
	inRender(t, func(_ http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Header().Get("Content-Encoding") != "gzip" || rec.Body.String() != "\x1f\x8bgzip" {
			t.Errorf("answer %v %q", rec.Header(), rec.Body)
		}
	})
}

// T-028, T-046: what belongs to a connection and to framing is not the page's.
func TestRenderDropsWhatBelongsToTheConnection(t *testing.T) {
	o := newRaw(t, lines("HTTP/1.1 103 Early Hints", "Link: </a>", "", "HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Connection: x-hop, keep-alive", "X-Hop: 1",
		"Keep-Alive: timeout=5", "Proxy-Connection: x", "Upgrade: h2c", "Trailer: X-Sum, Set-Cookie", "X-Mine: 1", "", "4", "page", "0", "X-Sum: 1", "Set-Cookie: a=b", "", ""))
	h := newHandler(t, origin.Options{URL: o.url})
	inRender(t, func(_ http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if res := rec.Result(); rec.Body.String() != "page" || len(res.Header) != 2 || res.Header.Get("X-Mine") != "1" || res.Header.Get("Content-Length") != "4" {
			t.Errorf("answer %v %q, want X-Mine and the length", res.Header, rec.Body)
		}
	})
}

// failures are answers that make no page.
var failures = []struct {
	name   string
	answer string
	status int
	err    error
	body   string // part of what a visitor is told
}{
	{"cut by length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ncut" + closing, 502, reprint.ErrTruncated, ""},
	{"cut between chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ncut\r\n" + closing, 502, reprint.ErrTruncated, ""},
	{"cut in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n30\r\ncut" + closing, 502, reprint.ErrTruncated, ""},
	{"a chunk that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\ncut" + closing, 502, reprint.ErrTruncated, ""},
	{"without an end", "HTTP/1.1 200 OK\r\n\r\npage" + closing, 502, reprint.ErrStatus, "cannot be known to be whole"},
	{"of HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\npage" + closing, 502, reprint.ErrStatus, "cannot be known to be whole"},
	{"too large", "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + strings.Repeat("x", 2000), 502, reprint.ErrStatus, "2000 bytes"},
	{"too large in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + strings.Repeat("x", 2000) + "\r\n0\r\n\r\n", 502, reprint.ErrStatus, "more than the 1000 bytes"},
	{"status 099", "HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n", 502, reprint.ErrStatus, "status 99"},
	{"status 600", "HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n", 502, reprint.ErrStatus, "status 600"},
	{"status 999", "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", 502, reprint.ErrStatus, "status 999"},
	{"101 unasked", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n" + closing, 502, reprint.ErrStatus, "status 101"},
	{"101 to nothing", "HTTP/1.1 101 Switching Protocols\r\n\r\n" + closing, 502, reprint.ErrStatus, "status 101"},
	{"no answer", closing, 502, reprint.ErrStatus, "closed the connection"},
	{"no HTTP", "hello\r\n\r\n" + closing, 502, reprint.ErrStatus, "no valid answer"},
	{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab" + closing, 502, reprint.ErrStatus, "no valid answer"},
	{"an encoding of transfer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" + closing, 502, reprint.ErrStatus, "no valid answer"},
	{"a header without end", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 2<<20) + closing, 502, reprint.ErrStatus, "no valid answer"},
	{"informational answers without end", strings.Repeat("HTTP/1.1 103 Early Hints\r\nX: "+strings.Repeat("x", 1000)+"\r\n\r\n", 2000) + closing, 502, reprint.ErrStatus, "no valid answer"},
	{"an error of its own", "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops", 500, reprint.ErrStatus, "oops"},
	{"its own 502", "HTTP/1.1 502 Oops\r\nContent-Length: 4\r\n\r\noops", 502, reprint.ErrStatus, "oops"},
}

// T-026, T-027, T-029: what is not whole or not valid never becomes a page, and the
// last good one stays.
func TestRenderFails(t *testing.T) {
	for _, test := range failures {
		t.Run(test.name, func(t *testing.T) {
			var broken atomic.Bool
			broken.Store(true)
			o := newRawFunc(t, func(string) string {
				if broken.Load() {
					return test.answer
				}
				return ok("good")
			})
			var log logtest.Buffer
			site, url := newSite(t, newHandler(t, origin.Options{URL: o.url, MaxBody: 1000, Log: log.Logger()}), reprint.Policy{})
			err := site.Revalidate(t.Context(), "/p")
			failure, _ := errors.AsType[*reprint.RenderError](err)
			if failure == nil || failure.Status != test.status || !errors.Is(err, test.err) {
				t.Fatalf("error %v (%+v), want %v with status %d", err, failure, test.err, test.status)
			}
			res := get(t, url+"/p")
			body := text(t, res)
			if res.StatusCode != test.status || !strings.Contains(body, test.body) || res.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("a visitor gets %d %q %v", res.StatusCode, body, res.Header)
			}
			address := strings.TrimPrefix(o.url, "http://")
			if strings.Contains(body, address) || strings.Contains(fmt.Sprint(res.Header), address) || strings.Contains(body, "cut") {
				t.Errorf("a visitor is told %q", body)
			}
			if test.body != "oops" && log.String() == "" {
				t.Error("the log says nothing")
			}

			broken.Store(false)
			if err := site.Revalidate(t.Context(), "/p"); err != nil {
				t.Fatal(err)
			}
			broken.Store(true)
			if err := site.Revalidate(t.Context(), "/p"); err == nil {
				t.Error("the broken answer counts as rendered")
			}
			want(t, get(t, url+"/p"), 200, "good")
		})
	}
}

func TestRenderTakesUndelimitedWhenAllowed(t *testing.T) {
	o := newRaw(t, "HTTP/1.1 200 OK\r\n\r\npage"+closing)
	_, site := newSite(t, newHandler(t, origin.Options{URL: o.url, AllowUndelimited: true}), reprint.Policy{})
	want(t, get(t, site+"/"), 200, "page")
}

// deaf is an origin that takes connections and requests, begins an answer, and never
// ends it.
func deaf(t testing.TB, begins string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.Map
	var accepting, wg sync.WaitGroup
	accepting.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Store(c, nil)
			wg.Go(func() {
				_, _ = c.Read(make([]byte, 4096)) // what is asked
				_, _ = c.Write([]byte(begins))
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		accepting.Wait()
		for c := range conns.Range {
			_ = c.(net.Conn).Close()
		}
		wg.Wait()
	})
	return "http://" + l.Addr().String()
}

func closedPort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

func TestRenderOfADeadOrigin(t *testing.T) {
	tests := []struct {
		name   string
		opts   origin.Options
		status int
		want   string
	}{
		{"refused", origin.Options{URL: closedPort(t)}, 502, "refused the connection"},
		{"no header in time", origin.Options{URL: deaf(t, ""), HeaderTimeout: 50 * time.Millisecond}, 504, "did not answer in time"},
		{"no answer in time", origin.Options{URL: deaf(t, ""), Timeout: 50 * time.Millisecond}, 504, "did not answer in time"},
		{"no body in time", origin.Options{URL: deaf(t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ncut"), Timeout: 50 * time.Millisecond}, 504, "did not answer in time"},
		{"no such name", origin.Options{URL: "http://origin.invalid"}, 502, "cannot be resolved"},
		{"no TLS", origin.Options{URL: strings.Replace(deaf(t, "HTTP/1.1 400 Bad Request\r\n\r\n"), "http:", "https:", 1)}, 502, "does not speak TLS"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var log logtest.Buffer
			test.opts.Log = log.Logger()
			_, site := newSite(t, newHandler(t, test.opts), reprint.Policy{})
			res := get(t, site+"/p")
			if body := text(t, res); res.StatusCode != test.status || !strings.Contains(body, test.want) || strings.Contains(body, "127.0.0.1") {
				t.Errorf("a visitor gets %d %q, want %d %q", res.StatusCode, body, test.status, test.want)
			}
			if !strings.Contains(log.String(), test.opts.URL) || !strings.Contains(log.String(), test.want) {
				t.Errorf("the log %q does not say who failed and why", log.String())
			}
		})
	}
}

// A site that ends a render is not told that the origin failed.
func TestRenderThatIsGivenUp(t *testing.T) {
	var log logtest.Buffer
	h := newHandler(t, origin.Options{URL: deaf(t, ""), Log: log.Logger()})
	inRender(t, func(_ http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		cancel()
		h.ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
	})
	if log.String() != "" {
		t.Errorf("log %q", log.String())
	}
}

// T-045: bytes after an answer are nobody's, whether the transport has them already
// or they come when the connection is idle.
func TestBytesAfterAnAnswerReachNobody(t *testing.T) {
	var n atomic.Int64
	o := newRawFunc(t, func(string) string { return ok(fmt.Sprintf("page %d", n.Add(1))) + ok("smuggled") })
	h := newHandler(t, origin.Options{URL: o.url, MaxConnections: 1})
	_, site := newSite(t, h, reprint.Policy{Query: []string{"i"}})
	var wg sync.WaitGroup
	for client := range 4 {
		wg.Go(func() {
			for i := range 50 {
				for _, url := range []string{fmt.Sprintf("%s/?i=%d-%d", site, client, i), site + "/"} {
					method := http.MethodGet
					if strings.HasSuffix(url, "/") {
						method = http.MethodDelete // passes through
					}
					if body := text(t, do(t, method, url, nil)); strings.Contains(body, "smuggled") {
						t.Errorf("%s %s: %q", method, url, body)
					}
				}
			}
		})
	}
	wg.Wait()
}

// A connection that was well used is used again.
func TestConnectionIsUsedAgain(t *testing.T) {
	for name, start := range map[string]func(*httptest.Server){"http": (*httptest.Server).Start, "https": (*httptest.Server).StartTLS} {
		t.Run(name, func(t *testing.T) {
			var conns atomic.Int64
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Method) }))
			server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
				if s == http.StateNew {
					conns.Add(1)
				}
			}
			start(server)
			t.Cleanup(server.Close)
			h := serve(t, newHandler(t, origin.Options{URL: server.URL, Insecure: true}))
			for range 50 {
				want(t, do(t, "POST", h, nil), 200, "POST") // without a body: see TestABodyIsNobodysRequest
			}
			if conns.Load() != 1 {
				t.Errorf("%d connections for requests one after the other", conns.Load())
			}
		})
	}
}

func TestConnectionsAreKeptAndLimited(t *testing.T) {
	var conns, now, most atomic.Int64
	inside := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		defer now.Add(-1)
		for n := now.Add(1); ; {
			m := most.Load()
			if n <= m || most.CompareAndSwap(m, n) {
				return
			}
		}
	})
	server := httptest.NewUnstartedServer(inside)
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	_, site := newSite(t, newHandler(t, origin.Options{URL: server.URL, MaxConnections: 2}), reprint.Policy{Query: []string{"i"}})
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() { get(t, fmt.Sprintf("%s/?i=%d", site, i)) })
	}
	wg.Wait()
	if conns.Load() > 2 || most.Load() > 2 {
		t.Errorf("%d connections, %d requests at once, want at most 2 of each", conns.Load(), most.Load())
	}
}

type counting struct {
	next http.RoundTripper
	n    *atomic.Int64
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n.Add(1)
	return c.next.RoundTrip(r)
}

func TestRoundTripperSeesAll(t *testing.T) {
	o := newRaw(t, ok("page"))
	var n atomic.Int64
	h := newHandler(t, origin.Options{URL: o.url, RoundTripper: func(next http.RoundTripper) http.RoundTripper { return counting{next, &n} }})
	_, site := newSite(t, h, reprint.Policy{})
	want(t, get(t, site+"/"), 200, "page")
	want(t, do(t, "POST", site+"/", nil), 200, "page")
	if n.Load() != 2 {
		t.Errorf("it saw %d requests, want 2", n.Load())
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Proto, " ", r.TLS.ServerName)
	}))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = quietLog()
	server.StartTLS()
	t.Cleanup(server.Close)
	for _, test := range []struct {
		name   string
		opts   origin.Options
		status int
		want   string
	}{
		{"not trusted", origin.Options{URL: server.URL}, 502, "certificate of the origin is not valid"},
		{"taken as it is", origin.Options{URL: server.URL, Insecure: true}, 200, "HTTP/1.1 "},
		{"by an address and a name", origin.Options{URL: server.URL, Insecure: true, Host: "www.example.org:443"}, 200, "HTTP/1.1 www.example.org"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, site := newSite(t, newHandler(t, test.opts), reprint.Policy{})
			res := get(t, site+"/")
			if body := text(t, res); res.StatusCode != test.status || !strings.Contains(body, test.want) {
				t.Errorf("got %d %q", res.StatusCode, body)
			}
		})
	}
}
