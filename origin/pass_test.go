package origin_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/internal/logtest"
	"github.com/reprint-go/reprint/origin"
)

// echo answers with what it was asked.
func echo(t testing.TB) *raw {
	t.Helper()
	return newRawFunc(t, func(request string) string { return ok(request) })
}

func TestTargetPassesAsItIs(t *testing.T) {
	h := serve(t, newHandler(t, origin.Options{URL: echo(t).url}))
	for _, target := range []string{
		"/", "/a/b", "/a%2Fb", "/a%2fb", "//a", "/a//b", "/a/../b", "/%e2%82%ac", "/a;b", "/a?", "/a?b=c", "/?a=1;b=2&c=3", "/?a=%zz", "/?%", "/?a=b=c&&", "/a+b", "/%41",
		"/?" + strings.Repeat("a&", 11_000),
	} {
		got := talk(t, h, "GET "+target+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if _, body, _ := strings.Cut(got, "\r\n\r\n"); !strings.HasPrefix(body, "GET "+target+" HTTP/1.1\r\n") {
			t.Errorf("%.50s arrives as %.100q", target, body)
		}
	}
}

// T-039, T-040: what is not asked for with a method and a path as usual does not
// reach the origin.
func TestOddRequestsDoNotReachTheOrigin(t *testing.T) {
	o := echo(t)
	h := newHandler(t, origin.Options{URL: o.url})
	plain, sockets := serve(t, h), serve(t, h.WebSocket())
	const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	for _, test := range []struct{ name, request, status string }{
		{"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n", "405"},
		{"TRACE", "TRACE / HTTP/1.1\r\nHost: x\r\n", "405"},
		{"lower case", "get / HTTP/1.1\r\nHost: x\r\n", "405"},
		{"unknown", "FOO / HTTP/1.1\r\nHost: x\r\n", "405"},
		{"a star", "GET * HTTP/1.1\r\nHost: x\r\n", "400"},
		{"opaque", "GET http:evil HTTP/1.1\r\nHost: x\r\n", "400"},
		{"upgrade with a URL", "GET http://169.254.169.254/ HTTP/1.1\r\nHost: x\r\n" + upgrade, "400"},
		{"expectation", "GET / HTTP/1.1\r\nHost: x\r\nExpect: foo\r\n", "417"},
		{"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n", "400"},
		{"a length with a sign", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n", "400"},
		{"two hosts", "POST / HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: 20\r\n\r\nGET /smug HTTP/1.1\r\n", "400"},
		{"an odd encoding", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n", "501"},
		{"two encodings", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "501"},
	} {
		for _, server := range []string{plain, sockets} {
			got := talk(t, server, test.request+"Connection: close\r\n\r\n")
			if !strings.HasPrefix(got, "HTTP/1.1 "+test.status) {
				t.Errorf("%s: %.100q, want %s", test.name, got, test.status)
			}
			if test.status == "405" && !strings.Contains(got, "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n") {
				t.Errorf("%s: no Allow in %q", test.name, got)
			}
		}
	}
	if asked := o.asked(); len(asked) != 0 {
		t.Errorf("the origin was asked %q", asked)
	}
}

func TestMethodsPass(t *testing.T) {
	o := newRaw(t, lines("HTTP/1.1 204 No Content", "", ""))
	h := serve(t, newHandler(t, origin.Options{URL: o.url}))
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		if res := do(t, method, h+"/x", nil); res.StatusCode != 204 {
			t.Errorf("%s: %d", method, res.StatusCode)
		}
	}
	for i, request := range o.asked() {
		if want := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}[i]; !strings.HasPrefix(request, want+" /x ") {
			t.Errorf("%d: %q, want %s", i, request, want)
		}
	}
}

// T-013: what only a framework's own server may say is not taken from clients.
func TestInternalHeadersOfClients(t *testing.T) {
	o := echo(t)
	names := strings.Fields(`X-Middleware-Subrequest x-middleware-prefetch X-Middleware-Rewrite X-Prerender-Revalidate X-Prerender-Revalidate-If-Generated
		X-Now-Route-Matches X-Matched-Path X-Invoke-Path X-Invoke-Status X-Invoke-Query Next-Resume X-Nextjs-Data Rsc RSC Next-Router-State-Tree
		Next-Router-Prefetch Next-Url Next-Action X-React-Router-SPA-Mode X-React-Router-Prerender-Data X-Astro-Path X-Astro-Locals X-Original-URL
		X-Rewrite-URL X-HTTP-Method-Override X-Method-Override X-HTTP-Method X_Middleware_Subrequest X_Original_URL x-middleware_subrequest
		Surrogate-Key Surrogate-Control Surrogate-Capability Cache-Tag xkey Reprint-Revalidate-At X-Reprint-Anything HTTP2-Settings
		Forwarded X-Forwarded X-Forwarded-Port X-Forwarded-Prefix X-Forwarded-Scheme X-Forwarded-Server X-Forwarded-Ssl X-Real-IP X-Host
		X-Original-Host X-HTTP-Host-Override X_Forwarded_For X_Forwarded_Host X-Forwarded_Proto X_Real_IP`)
	h := newHandler(t, origin.Options{URL: o.url})
	for name, server := range map[string]string{"plain": serve(t, h), "sockets": serve(t, h.WebSocket())} {
		for _, header := range names {
			if body := text(t, get(t, server, header+": zz-evil")); strings.Contains(body, "zz-evil") {
				t.Errorf("%s: %s reaches the origin", name, header)
			}
		}
	}
	declared := serve(t, newHandler(t, origin.Options{URL: o.url, ClientHeaders: []string{"rsc", "Next-Router-*", "x_nextjs_data"}}))
	for header, passes := range map[string]bool{
		"RSC": true, "Next-Router-Prefetch": true, "X-Nextjs-Data": true, "Next-Url": false, "X-Middleware-Subrequest": false, "Next-Router": true, "RSCX": true,
	} {
		if body := text(t, get(t, declared, header+": zz-mine")); strings.Contains(body, "zz-mine") != passes {
			t.Errorf("%s passes: %t, want %t", header, !passes, passes)
		}
	}
}

func TestOtherHeadersPass(t *testing.T) {
	h := serve(t, newHandler(t, origin.Options{URL: echo(t).url}))
	given := []string{"Accept: a", "Accept-Encoding: br", "Accept-Language: de", "Authorization: Basic eA==", "Cookie: a=b; c=d", "If-Match: \"x\"", "If-None-Match: \"y\"",
		"If-Modified-Since: z", "If-Range: \"r\"", "Range: bytes=0-1", "Origin: http://a", "Referer: http://b", "Sec-Fetch-Mode: cors", "User-Agent: me", "X_Mine: 1", "X-Csrf-Token: t"}
	body := text(t, get(t, h, given...))
	for _, line := range given {
		if !strings.Contains(strings.ToLower(body), strings.ToLower(line)+"\r\n") {
			t.Errorf("%s does not arrive: %q", line, body)
		}
	}
	if body := talk(t, h, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); strings.Contains(body, "User-Agent") || strings.Contains(body, "Accept") {
		t.Errorf("headers are made up: %q", body)
	}
}

// T-002: forwarding headers are those of proxies that are trusted.
func TestForwarding(t *testing.T) {
	o := echo(t)
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	given := []string{"Host: www.example.org", "X-Forwarded-For: 192.0.2.1, 192.0.2.2", "X-Forwarded-For: 192.0.2.3", "X-Forwarded-Host: shop.example.org",
		"X-Forwarded-Proto: HTTPS", "Forwarded: for=192.0.2.9"}
	for _, test := range []struct {
		name string
		opts origin.Options
		want []string
	}{
		{"of nobody", origin.Options{}, []string{"X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: www.example.org", "X-Forwarded-Proto: http"}},
		{"of a stranger", origin.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Proto: "https"},
			[]string{"X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: www.example.org", "X-Forwarded-Proto: https"}},
		{"of a proxy", origin.Options{TrustedProxies: loopback},
			[]string{"X-Forwarded-For: 192.0.2.1, 192.0.2.2, 192.0.2.3, 127.0.0.1", "X-Forwarded-Host: shop.example.org", "X-Forwarded-Proto: https"}},
		{"of the site", origin.Options{TrustedProxies: loopback, SiteHosts: []string{"Shop.example.org"}},
			[]string{"X-Forwarded-For: 192.0.2.1, 192.0.2.2, 192.0.2.3, 127.0.0.1", "X-Forwarded-Host: shop.example.org", "X-Forwarded-Proto: https"}},
		{"of the configuration", origin.Options{Headers: [][2]string{{"X-Forwarded-For", "hidden"}}},
			[]string{"X-Forwarded-For: hidden", "X-Forwarded-Host: www.example.org", "X-Forwarded-Proto: http"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.opts.URL = o.url
			body := text(t, get(t, serve(t, newHandler(t, test.opts)), given...))
			got := slices.DeleteFunc(sentHeader(body), func(line string) bool { return !strings.Contains(strings.ToLower(line), "forward") })
			if !slices.Equal(got, test.want) {
				t.Errorf("sent %q, want %q", got, test.want)
			}
		})
	}
	n := len(o.asked())
	for _, host := range []string{"evil.test", "shop.example.org.evil.test", "shop.example.org/x", "u@shop.example.org"} {
		h := serve(t, newHandler(t, origin.Options{URL: o.url, TrustedProxies: loopback, SiteHosts: []string{"shop.example.org"}}))
		if res := get(t, h, "X-Forwarded-Host: "+host); res.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("%s: status %d, want 421", host, res.StatusCode)
		}
	}
	if len(o.asked()) != n {
		t.Error("the origin was asked for a host that is not the site's")
	}
}

// T-041: a client that lists headers in Connection removes its own, not ours.
func TestConnectionCannotRemoveWhatIsSet(t *testing.T) {
	h := serve(t, newHandler(t, origin.Options{URL: echo(t).url, Host: "app.internal", Headers: [][2]string{{"X-Secret", "1"}}}))
	body := text(t, do(t, "POST", h, strings.NewReader("body"), "Connection: x-forwarded-for, x-forwarded-host, x-forwarded-proto, host, content-length, x-secret, x-mine", "X-Mine: 1", "X-Secret: 2"))
	for _, line := range []string{"X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: http", "X-Secret: 1", "Content-Length: 4", "Host: app.internal"} {
		if !strings.Contains(body, line+"\r\n") {
			t.Errorf("%s is not in %q", line, body)
		}
	}
	if strings.Contains(body, "X-Mine") || strings.Contains(body, "X-Secret: 2") {
		t.Errorf("sent %q", body)
	}
}

func TestConfiguredCookieJoinsTheClients(t *testing.T) {
	h := serve(t, newHandler(t, origin.Options{URL: echo(t).url, Headers: [][2]string{{"Cookie", "gate=open"}}}))
	for given, want := range map[string]string{"a=b; c=d": "a=b; c=d; gate=open", "": "gate=open"} {
		var headers []string
		if given != "" {
			headers = []string{"Cookie: " + given}
		}
		if body := text(t, get(t, h, headers...)); !strings.Contains(body, "Cookie: "+want+"\r\n") {
			t.Errorf("sent %q, want %q", body, want)
		}
	}
}

// T-035: after a request whose length may have been said twice, its connection ends.
func TestConnectionEndsAfterChunks(t *testing.T) {
	o := newRawFunc(t, func(string) string { return ok("x") })
	h := serve(t, newHandler(t, origin.Options{URL: o.url}))
	got := talk(t, h, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smug HTTP/1.1\r\nHost: x\r\n\r\n")
	if strings.Count(got, "HTTP/1.1 ") != 1 || !strings.Contains(got, "Connection: close\r\n") {
		t.Errorf("got %q, want one answer", got)
	}
	for _, request := range o.asked() {
		if strings.Contains(request, "/smug") {
			t.Errorf("the origin was asked %q", request)
		}
	}
}

// T-037: a body that breaks off is no whole body at the origin.
func TestBodyThatBreaksOff(t *testing.T) {
	type read struct {
		n   int64
		err error
	}
	reads := make(chan read, 1)
	o := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		reads <- read{n, err}
	}))
	t.Cleanup(o.Close)
	var log logtest.Buffer
	h := serve(t, newHandler(t, origin.Options{URL: o.URL, Log: log.Logger()}))
	for name, body := range map[string]string{
		"a chunk that is none":    "2\r\nhi\r\nzz\r\n",
		"a chunk without its end": "2\r\nhi0\r\n\r\n",
	} {
		got := talk(t, h, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"+body)
		if !strings.HasPrefix(got, "HTTP/1.1 400 ") {
			t.Errorf("%s: %q, want 400", name, got)
		}
		if r := <-reads; r.err == nil {
			t.Errorf("%s: the origin got a whole body of %d bytes", name, r.n)
		}
	}
	if strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("a fault of a client is logged as an error: %s", log.String())
	}
}

func TestBodyOverALimitOfTheServer(t *testing.T) {
	o := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	t.Cleanup(o.Close)
	h := newHandler(t, origin.Options{URL: o.URL})
	limited := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 10)
		h.ServeHTTP(w, r)
	}))
	if res := do(t, "POST", limited, strings.NewReader(strings.Repeat("x", 100))); res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d, want 413", res.StatusCode)
	}
}

// The headers of the site stand below those of the origin.
func TestCacheStatusOfTheOriginComesFirst(t *testing.T) {
	o := newRaw(t, lines("HTTP/1.1 103 Early Hints", "Link: </a>", "", ok("x", "Cache-Status: inner; hit", "Cache-Status: middle; fwd=miss")))
	_, site := newSite(t, newHandler(t, origin.Options{URL: o.url}), reprint.Policy{})
	res := do(t, "POST", site, nil)
	want(t, res, 200, "x")
	if got := strings.Join(res.Header["Cache-Status"], ", "); got != "inner; hit, middle; fwd=miss, reprint; fwd=method" {
		t.Errorf("Cache-Status %q", got)
	}
}

func TestFailuresOfWhatPassesThrough(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer string
		status int
		text   string
	}{
		{"status 099", "HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n", 502, "status 99"},
		{"status 999", "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", 502, "status 999"},
		{"101 unasked", "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n" + closing, 502, "status 101"},
		{"101 to nothing", "HTTP/1.1 101 Switching\r\n\r\n" + closing, 502, "status 101"},
		{"no answer", closing, 502, "closed the connection"},
		{"no HTTP", "hello\r\n\r\n" + closing, 502, "no valid answer"},
		{"too many hints", strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 50) + ok("late"), 502, "without end"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log logtest.Buffer
			o := newRaw(t, test.answer)
			res := do(t, "POST", serve(t, newHandler(t, origin.Options{URL: o.url, Log: log.Logger()})), nil)
			checkFailure(t, res, test.status, test.text, &log)
			if strings.Contains(res.Header.Get("Link"), "a") {
				t.Error("the failure has headers of hints")
			}
		})
	}
	t.Run("refused", func(t *testing.T) {
		var log logtest.Buffer
		res := get(t, serve(t, newHandler(t, origin.Options{URL: closedPort(t), Log: log.Logger()})))
		checkFailure(t, res, 502, "refused", &log)
	})
	t.Run("no header in time", func(t *testing.T) {
		var log logtest.Buffer
		res := get(t, serve(t, newHandler(t, origin.Options{URL: deaf(t, ""), HeaderTimeout: 50 * time.Millisecond, Log: log.Logger()})))
		checkFailure(t, res, 504, "in time", &log)
	})
	t.Run("nothing after hints", func(t *testing.T) {
		o := deaf(t, strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 10))
		var log logtest.Buffer
		res := get(t, serve(t, newHandler(t, origin.Options{URL: o, HeaderTimeout: 100 * time.Millisecond, Log: log.Logger()})))
		checkFailure(t, res, 504, "in time", &log)
	})
}

// checkFailure wants a clear answer that does not tell where the origin is, and the
// reason in the log.
func checkFailure(t *testing.T, res *http.Response, status int, part string, log *logtest.Buffer) {
	t.Helper()
	body := text(t, res)
	if res.StatusCode != status || !strings.Contains(body, part) {
		t.Errorf("got %d %q, want %d %q", res.StatusCode, body, status, part)
	}
	if res.Header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("header %v", res.Header)
	}
	if strings.Contains(body, "127.0.0.1") {
		t.Errorf("the client is told where the origin is: %q", body)
	}
	if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "127.0.0.1") || !strings.Contains(log.String(), part) {
		t.Errorf("log %q", log.String())
	}
}

func TestNoConnectionInTime(t *testing.T) {
	entered, release := make(chan bool), make(chan bool)
	o := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
		entered <- true
		<-release
	}))
	t.Cleanup(o.Close)
	defer close(release)
	h := serve(t, newHandler(t, origin.Options{URL: o.URL, MaxConnections: 1, HeaderTimeout: 100 * time.Millisecond}))
	get(t, h) // a stream, which goes on
	<-entered
	res := get(t, h)
	if body := text(t, res); res.StatusCode != 504 || !strings.Contains(body, "took no connection") {
		t.Errorf("got %d %q", res.StatusCode, body)
	}
}

// T-026: what breaks off at the origin breaks off at the client.
func TestAnswerThatBreaksOff(t *testing.T) {
	for name, answer := range map[string]string{
		"by length": "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ncut" + closing,
		"in chunks": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ncut\r\n" + closing,
	} {
		h := serve(t, newHandler(t, origin.Options{URL: newRaw(t, answer).url}))
		if b, err := io.ReadAll(get(t, h).Body); err == nil {
			t.Errorf("%s: the client got a whole answer of %q", name, b)
		}
	}
}

// T-028, T-045
func TestConnectionOfAClientStaysInStep(t *testing.T) {
	o := newRaw(t, lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Connection: x-hop", "X-Hop: 1", "Keep-Alive: timeout=5", "", "1", "x", "0", "", "")+ok("smuggled"))
	h := serve(t, newHandler(t, origin.Options{URL: o.url}))
	got := talk(t, h, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if strings.Count(got, "HTTP/1.1 200 OK") != 3 || strings.Contains(got, "smuggled") || strings.Contains(got, "X-Hop") || strings.Contains(got, "Keep-Alive") {
		t.Errorf("got %q", got)
	}
	if strings.Count(got, "Transfer-Encoding: chunked") != 3 || strings.Contains(got, "Content-Length") {
		t.Errorf("framing of %q", got)
	}
}

// An origin that does not read bodies takes them for the next request.
func TestABodyIsNobodysRequest(t *testing.T) {
	o := newRawFunc(t, func(request string) string {
		method, rest, _ := strings.Cut(request, " ")
		path, _, _ := strings.Cut(rest, " ")
		if method != http.MethodGet {
			return lines("HTTP/1.1 403 Forbidden", "Content-Length: 0", "", "")
		}
		return ok("this is " + path)
	})
	h := newHandler(t, origin.Options{URL: o.url})
	site, url := newSite(t, h, reprint.Policy{})
	through := serve(t, h)
	const evil = "GET /evil HTTP/1.1\r\nHost: x\r\nX-Ignore: "
	for i, method := range []string{"POST", "DELETE", "PUT", "PATCH", "GET"} {
		for j, body := range []io.Reader{
			strings.NewReader(evil),
			io.MultiReader(strings.NewReader(evil)), // of unknown size
		} {
			do(t, method, through+"/x", body)
			path := fmt.Sprintf("/posts/%d-%d", i, j)
			want(t, get(t, url+path), 200, "this is "+path) // a render
			do(t, method, through+"/x", strings.NewReader(evil))
			want(t, get(t, through+path), 200, "this is "+path) // passes through
			do(t, method, through+"/x", strings.NewReader(evil))
			if err := site.Revalidate(t.Context(), path); err != nil {
				t.Fatal(err)
			}
			want(t, get(t, url+path), 200, "this is "+path)
		}
	}
}

func TestHintsReachClients(t *testing.T) {
	o := newRaw(t, lines("HTTP/1.1 103 Early Hints", "Link: </a.css>; rel=preload", "Cache-Tag: t", "", ok("x")))
	_, site := newSite(t, newHandler(t, origin.Options{URL: o.url}), reprint.Policy{Bypass: true})
	got := talk(t, site, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	hint, answer, _ := strings.Cut(got, "\r\n\r\n")
	if !strings.HasPrefix(hint, "HTTP/1.1 103 ") || !strings.Contains(hint, "Link: </a.css>") || strings.Contains(hint, "Cache-") {
		t.Errorf("hint %q", hint)
	}
	if !strings.HasPrefix(answer, "HTTP/1.1 200 OK") || !strings.Contains(answer, "Cache-Status: reprint") || strings.Contains(answer, "Link") {
		t.Errorf("answer %q", answer)
	}
	if got := talk(t, site, "GET / HTTP/1.0\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.0 200 OK") {
		t.Errorf("HTTP/1.0 gets %q", got)
	}
}

func TestTrailersPass(t *testing.T) {
	seen := make(chan http.Header, 1)
	o := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum, Cache-Tag")
		_, _ = io.Copy(w, r.Body)
		seen <- r.Trailer.Clone()
		w.Header().Set("X-Sum", "out")
		w.Header().Set("Cache-Tag", "secret")
		w.Header().Set(http.TrailerPrefix+"X-Late", "late")
		w.Header().Set(http.TrailerPrefix+"Surrogate-Key", "secret")
	}))
	t.Cleanup(o.Close)
	h := serve(t, newHandler(t, origin.Options{URL: o.URL}))
	r, err := http.NewRequestWithContext(t.Context(), "POST", h, io.MultiReader(strings.NewReader("body")))
	if err != nil {
		t.Fatal(err)
	}
	r.Trailer = http.Header{"X-In": {"in"}, "X-Forwarded-For": {"192.0.2.1"}, "Cookie": {"a=b"}, "Rsc": {"1"}}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	want(t, res, 200, "body")
	if got := <-seen; len(got) != 1 || got.Get("X-In") != "in" {
		t.Errorf("the origin got the trailers %v", got)
	}
	if got := fmt.Sprint(res.Trailer); strings.Contains(got, "secret") || res.Trailer.Get("X-Sum") != "out" || res.Trailer.Get("X-Late") != "late" {
		t.Errorf("the client got the trailers %v", res.Trailer)
	}
}

func TestRangesAndConditionalsPass(t *testing.T) {
	o := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"v1"`)
		http.ServeContent(w, r, "a.txt", time.Time{}, strings.NewReader("0123456789"))
	}))
	t.Cleanup(o.Close)
	h := serve(t, newHandler(t, origin.Options{URL: o.URL}))
	want(t, get(t, h, "Range: bytes=2-4"), 206, "234")
	want(t, get(t, h, `If-None-Match: "v1"`), 304, "")
	res := do(t, "HEAD", h, nil)
	want(t, res, 200, "")
	if res.ContentLength != 10 || res.Header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("HEAD: %d %v", res.ContentLength, res.Header)
	}
}

// The origin decides whether it wants a body.
func TestExpectPasses(t *testing.T) {
	o := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/no" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = io.Copy(w, r.Body)
	}))
	t.Cleanup(o.Close)
	h := serve(t, newHandler(t, origin.Options{URL: o.URL}))
	const rest = " HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
	if got := talk(t, h, "POST /no"+rest); !strings.HasPrefix(got, "HTTP/1.1 403 ") {
		t.Errorf("a body that is not wanted: %q", got)
	}
	c, err := net.Dial("tcp", strings.TrimPrefix(h, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "POST /yes"+rest)
	head := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
	if _, err := io.ReadFull(c, head); err != nil || !strings.HasPrefix(string(head), "HTTP/1.1 100 ") {
		t.Fatalf("got %q, %v, want 100", head, err)
	}
	fmt.Fprint(c, "body")
	if b, err := io.ReadAll(c); err != nil || !strings.HasSuffix(string(b), "\r\n\r\nbody") {
		t.Errorf("got %q, %v", b, err)
	}
}

// pattern is a stream of size bytes that nobody holds in memory.
func pattern(size int64) io.Reader {
	return io.LimitReader(&repeated{piece: bytes.Repeat([]byte("0123456789abcdef"), 4096)}, size)
}

type repeated struct {
	piece []byte
	at    int
}

func (r *repeated) Read(p []byte) (int, error) {
	n := copy(p, r.piece[r.at:])
	r.at = (r.at + n) % len(r.piece)
	return n, nil
}

func TestLargeBodiesAreStreamed(t *testing.T) {
	const size = 64 << 20
	sum := sha256.New()
	_, _ = io.Copy(sum, pattern(size))
	whole := fmt.Sprintf("%x", sum.Sum(nil))
	o := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" {
			_, _ = io.Copy(w, pattern(size))
			return
		}
		sum := sha256.New()
		_, _ = io.Copy(sum, r.Body)
		fmt.Fprintf(w, "%x", sum.Sum(nil))
	}))
	t.Cleanup(o.Close)
	h := serve(t, newHandler(t, origin.Options{URL: o.URL, Timeout: time.Nanosecond, MaxBody: 1}))

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	want(t, do(t, "PUT", h, pattern(size)), 200, whole)
	download := sha256.New()
	n, err := io.Copy(download, get(t, h).Body)
	if err != nil || n != size || fmt.Sprintf("%x", download.Sum(nil)) != whole {
		t.Errorf("downloaded %d bytes, %v", n, err)
	}
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > size/8 {
		t.Errorf("%d bytes of memory for 2 bodies of %d", allocated, size)
	}
}

func TestEventsComeOneByOne(t *testing.T) {
	next := make(chan string)
	o := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_ = http.NewResponseController(w).Flush()
		for {
			select {
			case e, more := <-next:
				if !more {
					return
				}
				fmt.Fprintf(w, "data: %s\n\n", e)
				_ = http.NewResponseController(w).Flush()
			case <-r.Context().Done():
				return
			}
		}
	}))
	t.Cleanup(o.Close)
	_, site := newSite(t, newHandler(t, origin.Options{URL: o.URL}), reprint.Policy{Bypass: true})
	res := get(t, site, "Accept: text/event-stream") // returns before there is an event
	for i := range 5 {
		event := fmt.Sprintf("data: %d\n\n", i)
		next <- fmt.Sprint(i)
		got := make([]byte, len(event)) // the next one is sent when this one is here
		if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != event {
			t.Fatalf("event %q, %v, want %q", got, err, event)
		}
	}
	close(next)
	if rest := text(t, res); rest != "" {
		t.Errorf("rest %q", rest)
	}
}

func TestClientThatLeaves(t *testing.T) {
	for _, stage := range []string{"before an answer", "in the middle of one"} {
		t.Run(stage, func(t *testing.T) {
			entered, left := make(chan bool), make(chan error)
			o := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if stage == "in the middle of one" {
					_ = http.NewResponseController(w).Flush()
				}
				entered <- true
				<-r.Context().Done()
				left <- r.Context().Err()
			}))
			t.Cleanup(o.Close)
			var log logtest.Buffer
			h := newHandler(t, origin.Options{URL: o.URL, Log: log.Logger()})
			done := make(chan bool)
			server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer close(done)
				h.ServeHTTP(w, r)
			}))
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-entered
				cancel()
			}()
			r, err := http.NewRequestWithContext(ctx, "GET", server, nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := client.Do(r)
			if err == nil {
				_, err = io.ReadAll(res.Body)
				_ = res.Body.Close()
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			if err := <-left; !errors.Is(err, context.Canceled) {
				t.Errorf("the origin's request ended with %v", err)
			}
			<-done
			if log.String() != "" {
				t.Errorf("log %q", log.String())
			}
		})
	}
}

// The site itself asks for the placeholder of a page, on behalf of nobody.
func TestRequestOfNoClient(t *testing.T) {
	o := echo(t)
	h := newHandler(t, origin.Options{URL: o.url})
	r := &http.Request{Method: "GET", URL: &url.URL{Path: "/shell"}, Host: "localhost", Header: http.Header{}, Body: http.NoBody, RemoteAddr: "0.0.0.0:0",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r.WithContext(t.Context()))
	if w.Code != 200 || strings.Contains(w.Body.String(), "X-Forwarded-For") {
		t.Errorf("got %d %q", w.Code, w.Body)
	}
}
