package main_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// unkeyedHeaders are request headers that have made some server answer otherwise,
// and many more like them.
func unkeyedHeaders() []string {
	all := strings.Fields(`
		Accept Accept-Charset Accept-Datetime Accept-Encoding Accept-Language Access-Control-Request-Headers
		Access-Control-Request-Method A-Im Akamai-Origin-Hop Base-Url Cache-Control Cdn-Loop Cf-Connecting-Ip Cf-Ipcountry Cf-Ray
		Cf-Visitor Client-Ip Cluster-Client-Ip Content-Disposition Content-Encoding Content-Language Content-Location Content-Range
		Content-Security-Policy Content-Type Cookie Cookie2 Correlation-Id Destination Device-Memory Dnt Downlink Early-Data Expect-Ct
		Fastly-Client-Ip Fastly-Ff Forwarded Forwarded-For Forwarded-Host Forwarded-Proto From Front-End-Https Host-Name Host-Override If
		If-Match If-Modified-Since If-None-Match If-Range If-Unmodified-Since Incap-Client-Ip Last-Event-Id Lock-Token Max-Forwards
		Next-Action Next-Hmr-Refresh Next-Resume Next-Router-Prefetch Next-Router-Segment-Prefetch Next-Router-State-Tree Next-Url
		Origin Overwrite Path-Info Pragma Prefer Priority Profile Proxy Proxy-Authorization Proxy-Host Proxy-Url Purpose Range Real-Ip
		Redirect Referer Refferer Remote-Addr Remote-User Report-To Request-Id Request-Uri Rsc Save-Data Sec-Ch-Ua Sec-Ch-Ua-Mobile
		Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-Site Sec-Fetch-User Sec-Gpc Sec-Purpose Server-Name Service-Worker Soapaction Surrogate-Capability
		Surrogate-Control Surrogate-Key Timeout Timezone Traceparent Tracestate Translate True-Client-Ip Ua-Color Ua-Os Upgrade-Insecure-Requests
		User-Agent Via Viewport-Width Wap-Profile Warning Width X-Amz-Cf-Id X-Amzn-Trace-Id X-Api-Version X-Appengine-Country X-Arr-Ssl
		X-Astro-Locals X-Astro-Path X-Att-Deviceid X-Backend X-Correlation-Id X-Csrf-Token X-Custom-Ip-Authorization X-Device X-Do-Not-Track
		X-Ec-Custom-Error X-Envoy-Original-Path X-Flash-Version X-From X-Geo-Country X-Gateway-Host X-Http-Host-Override
		X-Http-Method X-Http-Method-Override X-Httpd-Wrapper X-Invoke-Error X-Invoke-Output X-Invoke-Path X-Invoke-Query X-Invoke-Status
		X-Language X-Locale X-Matched-Path X-Method-Override X-Middleware-Invoke X-Middleware-Next X-Middleware-Prefetch X-Middleware-Rewrite
		X-Middleware-Subrequest X-Mobile X-Nextjs-Data X-Nextjs-Request-Id X-Now-Route-Matches X-Oneagent-Js-Injection X-Operamini-Phone
		X-Originating-Ip X-Original-Uri X-Original-Url X-Override-Url X-Pjax X-Prerender-Revalidate X-Prerender-Revalidate-If-Generated
		X-React-Router-Prerender-Data X-React-Router-Spa-Mode X-Real-Hostname X-Real-Ip X-Remote-Addr X-Requested-With X-Rewrite-Url
		X-Sveltekit-Action X-Sveltekit-Invalidated X-Tenant X-Theme X-Turbo-Request-Id X-Uidh X-Unique-Id X-Varnish X-Wap-Profile X-Wp-Nonce
		Cache-Tag Xkey Reprint-Pass Reprint-Revalidate-At X-Reprint-Debug Isr-Revalidate X_Forwarded_Host X_Original_Url Content_Length`)
	for _, prefix := range []string{"X-", "X-Original-", "X-Forwarded-", "X-Rewrite-", "X-Internal-"} {
		for word := range strings.FieldsSeq("Host Path Url Uri Method Scheme Proto Port Prefix Server Ip For User Token Lang Country Cache Key Debug Preview Draft Query Locale") {
			all = append(all, prefix+word)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// T-001: whatever header a visitor sends, nothing of it is in what others get.
func TestNoHeaderOfAVisitorReachesAStoredPage(t *testing.T) {
	names := unkeyedHeaders()
	if len(names) < 300 {
		t.Fatalf("only %d headers", len(names))
	}
	o := newStub(t, echo)
	s := serve(t, bothWays(o.url))
	for i, name := range names {
		dirty := s.get(fmt.Sprintf("/p/%d", i), name+": "+marker)
		if dirty.StatusCode != 200 && name != "If-Match" || strings.Contains(dirty.body, marker) {
			t.Errorf("%s: the page that it was rendered for is %d %.300s", name, dirty.StatusCode, dirty.body)
		}
		s.get(fmt.Sprintf("/free/%d", i), name+": "+marker) // passes through: what it gets is its own
	}
	for i, name := range names {
		if a := s.get(fmt.Sprintf("/p/%d", i)); !a.hit() || strings.Contains(a.body, marker) {
			t.Errorf("%s under a route: %s %.300s", name, a.Header.Get("Cache-Status"), a.body)
		}
		// The page was rendered because of the dirty request, or is now.
		if a := s.learned(fmt.Sprintf("/free/%d", i)); strings.Contains(a.body, marker) || strings.Contains(fmt.Sprint(a.Header), marker) {
			t.Errorf("%s under no route: %.300s", name, a.body)
		}
	}
	for _, request := range o.requests() {
		if strings.Contains(request, " /p/") && strings.Contains(request, marker) {
			t.Errorf("a render has asked %s", request)
		}
	}
	checkRenderHeader(t, o)
}

// checkRenderHeader wants the renders to have asked with these headers alone.
func checkRenderHeader(t *testing.T, o *stub) {
	t.Helper()
	for _, request := range o.requests() {
		if !strings.Contains(request, "User-Agent: reprint\r\n") {
			continue // a visitor's own
		}
		_, header, _ := strings.Cut(request, "\n")
		for line := range strings.Lines(header) {
			if name, _, _ := strings.Cut(line, ":"); !slices.Contains([]string{"Accept-Encoding", "User-Agent", "X-Forwarded-Proto"}, name) {
				t.Errorf("a render has sent %s", line)
				return
			}
		}
	}
}

// T-002, T-003: nobody but a trusted proxy says where a request came from, and
// nobody says that it was for another host, path or method.
func TestForwardingAndOverridesOfClients(t *testing.T) {
	headers := []string{
		"X-Forwarded-Host", "X-Forwarded-Server", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Forwarded-Scheme", "X-Forwarded-Prefix", "Forwarded", "X-Host",
		"X-Original-Host", "X-HTTP-Host-Override", "X_Forwarded_Host", "X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method",
	}
	for name, proxies := range map[string]string{"of a stranger": "trustedProxies: [10.0.0.0/8]", "of a proxy": "trustedProxies: [127.0.0.0/8]"} {
		t.Run(name, func(t *testing.T) {
			o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
				for _, h := range headers {
					if strings.Contains(r.Header.Get(h), marker) {
						w.WriteHeader(http.StatusMethodNotAllowed)
					}
				}
				echo(w, r)
			})
			s := serve(t, bothWays(o.url, "hosts: [good.test]", proxies))
			trusted := name == "of a proxy"
			for _, h := range headers {
				for _, way := range both {
					path := way + strings.ToLower(h)
					value := marker
					if strings.HasSuffix(h, "Host") {
						value = marker + ".test"
					}
					a := s.get(path, "Host: good.test", h+": "+value)
					wanted := 200
					if trusted && h == "X-Forwarded-Host" && way == "/free/" {
						wanted = http.StatusMisdirectedRequest
					}
					if a.StatusCode != wanted || strings.Contains(a.body, marker) && wanted == 200 {
						t.Errorf("%s for %s: %d %.200s", h, path, a.StatusCode, a.body)
					}
					if a := s.learned(path, "Host: good.test"); a.StatusCode != 200 || strings.Contains(a.body, marker) || !strings.Contains(a.body, "good.test") {
						t.Errorf("%s: the page is %d %.200s", h, a.StatusCode, a.body)
					}
				}
			}
			if o.saw(marker) {
				t.Error("the origin has seen the marker")
			}
		})
	}
}

// A program that is called with headers as variables (CGI) takes Proxy for its
// HTTP_PROXY, and asks whom it names (CVE-2016-5385).
func TestTheProxyHeaderOfAClientReachesNoOrigin(t *testing.T) {
	o := newStub(t, echo)
	s := serve(t, bothWays(o.url))
	for _, way := range both {
		for _, method := range []string{"GET", "POST"} {
			s.do(method, way+"1", nil, "Proxy: http://zz-evil.test:80", "proxy: http://zz-evil.test:80")
		}
	}
	if o.saw(marker) {
		t.Errorf("the origin was asked %q", o.requests())
	}
}

// T-004: a name that is not the site's is no key, and nobody renders for it.
func TestHostsThatAreNotTheSites(t *testing.T) {
	o := newStub(t, echo)
	s := serve(t, bothWays(o.url, "hosts: [good.test, www.good.test]"))
	for _, host := range []string{"evil.test", "good.test.evil.test", "evilgood.test", "127.0.0.1", "good.test..", "xn--good.test", "good.test:80@evil.test"} {
		for _, way := range both {
			got := s.talk("GET " + way + "a HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
			if line := statusLine(got); !strings.Contains(line, " 421 ") && !strings.Contains(line, " 400 ") {
				t.Errorf("%s for %s: %s", host, way, line)
			}
		}
		if a := s.do("POST", "/free/a", strings.NewReader("x"), "Host: "+host); a.StatusCode != 421 && a.StatusCode != 400 {
			t.Errorf("POST for %s: %d", host, a.StatusCode)
		}
	}
	if line := statusLine(s.talk("GET /p/a HTTP/1.0\r\n\r\n")); !strings.Contains(line, " 421 ") {
		t.Errorf("without a host: %s", line)
	}
	if n := len(o.requests()); n != 0 {
		t.Errorf("the origin was asked %d times", n)
	}
	s.wantStored()
	for _, host := range []string{"good.test", "GOOD.test.:80", "Good.Test:8080"} {
		if a := s.get("/p/a", "Host: "+host); a.StatusCode != 200 || strings.Contains(a.body, "GOOD") {
			t.Errorf("%s: %d %.200s", host, a.StatusCode, a.body)
		}
	}
	s.wantStored("good.test/p/a")
}

// T-005: a target in absolute form is for the host that it names, which must be the
// site's, whatever the Host field says.
func TestTargetsInAbsoluteForm(t *testing.T) {
	o := newStub(t, echo)
	s := serve(t, bothWays(o.url, "hosts: [good.test, other.test]"))
	const upgrade = "Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	for _, way := range both {
		for name, test := range map[string]struct{ request, status string }{
			"of a stranger":            {"GET http://evil.test" + way + "a HTTP/1.1\r\nHost: good.test\r\nConnection: close\r\n\r\n", "421"},
			"of a stranger, no path":   {"GET http://evil.test HTTP/1.1\r\nHost: good.test\r\nConnection: close\r\n\r\n", "421"},
			"of the network":           {"GET http://169.254.169.254" + way + "a HTTP/1.1\r\nHost: good.test\r\n" + upgrade + "\r\n", "421"},
			"of the site, for upgrade": {"GET http://good.test/free/up HTTP/1.1\r\nHost: good.test\r\n" + upgrade + "\r\n", "400"},
			"of the other name":        {"GET http://other.test" + way + "a HTTP/1.1\r\nHost: good.test\r\nConnection: close\r\n\r\n", "200"},
		} {
			if got := s.talk(test.request); !strings.Contains(statusLine(got), " "+test.status+" ") {
				t.Errorf("%s under %s: %s, want %s", name, way, statusLine(got), test.status)
			}
		}
		for _, host := range []string{"good.test", "other.test"} {
			if a := s.learned(way+"a", "Host: "+host); !strings.HasPrefix(a.body, "GET "+host+" ") && !strings.Contains(a.body, "X-Forwarded-Host: "+host) {
				t.Errorf("the page of %s is %.200s", host, a.body)
			}
		}
	}
	if o.saw("evil.test") || o.saw("169.254") {
		t.Error("the origin was asked for a stranger")
	}
	// Without a path it is the home page.
	if got := s.talk("GET http://good.test HTTP/1.1\r\nHost: good.test\r\nConnection: close\r\n\r\n"); !strings.Contains(statusLine(got), " 200 ") {
		t.Errorf("no path: %q", got)
	}
	if got := s.talk("POST http://good.test HTTP/1.1\r\nHost: good.test\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"); !strings.Contains(statusLine(got), " 200 ") {
		t.Errorf("POST, no path: %q", got)
	}
}

// T-007: a body of a GET changes no page.
func TestABodyOfAGetChangesNoPage(t *testing.T) {
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=600")
		_ = r.ParseForm()
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "a is %s%s", r.FormValue("a"), body)
	})
	s := serve(t, bothWays(o.url))
	for _, test := range []struct{ name, head, body string }{
		{"length", "Content-Length: 9\r\n", "a=zz-evil"},
		{"chunks", "Transfer-Encoding: chunked\r\n", "9\r\na=zz-evil\r\n0\r\n\r\n"},
		{"form", "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n", "a=zz-evil"},
	} {
		for _, way := range both {
			for _, method := range []string{"GET", "HEAD"} {
				got := s.talk(method + " " + way + "a?a=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + test.head + "\r\n" + test.body)
				if way == "/p/" && !strings.Contains(statusLine(got), " 400 ") {
					t.Errorf("%s with %s: %s, want 400", method, test.name, statusLine(got))
				}
				if a := s.learned(way + "a?a=1"); a.body != "a is 1" {
					t.Errorf("after %s %s with %s the page is %s", method, way, test.name, a.body)
				}
			}
		}
	}
	s.wantStored("/free/a?a=1", "/p/a?a=1")
}

// T-008, T-009: what is not in the key does not reach a render, however it is
// hidden, and what cannot be read without doubt is no key.
func TestParametersThatAreNotInTheKey(t *testing.T) {
	o := newStub(t, echo)
	s := serve(t, bothWays(o.url))
	for _, test := range []struct {
		query  string
		status int // under the route
	}{
		{"utm_content=x;a=zz-evil", 200}, {"utm_source=zz-evil", 200}, {"x=%zz&zz-evil=1", 200}, {"b=1&zz-evil", 200}, {"a;zz-evil=1", 200},
		{"a=1;zz-evil=2", 400}, {"a=%zz", 400}, {"%61=zz-evil;b", 400},
		{"UTM_source=zz-evil", 200}, {"utm%5Fsource=zz-evil", 200}, {"gclid=zz-evil", 200}, {"a%00=zz-evil", 200}, {"=zz-evil", 200}, {"zz-evil", 200},
	} {
		if a := s.get("/p/1?" + test.query); a.StatusCode != test.status || strings.Contains(a.body, marker) {
			t.Errorf("%s: %d %.200s", test.query, a.StatusCode, a.body)
		}
	}
	for _, query := range []string{"utm_source=zz-evil", "utm%5Fsource=zz-evil", "gclid=zz-evil&fbclid=1", "utm_content=x;b=zz-evil", "a=1;zz-evil=1", "a=%zz&zz-evil"} {
		s.get("/free/1?" + query)
	}
	for _, path := range []string{"/p/1", "/free/1"} {
		if a := s.learned(path); strings.Contains(a.body, marker) || strings.Contains(a.body, "?") {
			t.Errorf("the page of %s is %.200s", path, a.body)
		}
	}
	s.wantStored("/free/1", "/p/1")
	for _, request := range o.requests() {
		if strings.Contains(request, "User-Agent: reprint\r\n") && strings.Contains(request, marker) {
			t.Errorf("a render has asked %s", request)
		}
	}
}

// T-012, T-052: one decoding, and different targets are different pages.
func TestDifferentTargetsAreDifferentPages(t *testing.T) {
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=600")
		fmt.Fprintf(w, "%q %q", r.URL.Path, r.URL.Query()["a"])
	})
	s := serve(t, bothWays(o.url))
	ids := []string{
		"a%7Cb", "a:b", "a%3Ab", "%2561dmin", "admin", "%252fadmin", "a%252Fb", "%25252f", "%C0%AF", "%EF%BF%BD", "%FF", "%FE", "%E2%84%AA", "K", "k", "%C3%A9", "e%CC%81",
		"a?a=b%26c", "a?a=b&a=c", "a?a=b%3D", "a?a=", "a?a=%20", "a?a=%2B", "a?a=+", "a%3Fa=b", "a%20b", "a+b", "a%26b", "a%23b", "a?a=%C0%AF", "a?a=%EF%BF%BD", "a?a=%00",
	}
	for _, way := range both {
		seen := map[string]string{}
		for _, id := range ids {
			s.get(way + id)
		}
		for _, id := range ids {
			a := s.learned(way + id)
			if other, twice := seen[a.body]; twice && !sameTarget(id, other) {
				t.Errorf("%s and %s share the page %s", way+id, other, a.body)
			}
			seen[a.body] = id
			direct := read2(t, o.url+way+id)
			if direct != a.body {
				t.Errorf("%s is %s, and %s at the origin", way+id, a.body, direct)
			}
		}
	}
}

// sameTarget reports whether two spellings mean the same by the rules of URLs.
func sameTarget(a, b string) bool {
	same := func(s string) string {
		return strings.NewReplacer("a:b", "a%3Ab", "?a=%20", "?a=+").Replace(s)
	}
	return same(a) == same(b)
}

func read2(t *testing.T, url string) string {
	t.Helper()
	a, err := read(http.Get(url))
	if err != nil {
		t.Fatal(err)
	}
	return a.body
}

// T-013, T-015: what only a framework says is taken from no client, and a
// representation that a header selects is not the page.
func TestInternalHeadersSelectNoOtherPage(t *testing.T) {
	names := strings.Fields(`X-Now-Route-Matches X-Nextjs-Data X-Middleware-Subrequest X-Middleware-Prefetch X-Prerender-Revalidate Next-Resume RSC
		Next-Router-State-Tree Next-Router-Prefetch X-Matched-Path X-Invoke-Path X-Invoke-Status X-React-Router-Spa-Mode X-Astro-Path Reprint-Pass X-Reprint-Mode`)
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=600")
		for _, name := range names {
			if r.Header.Get(name) != "" {
				w.Header().Set("Content-Type", "text/x-component")
				fmt.Fprint(w, marker)
				return
			}
		}
		fmt.Fprint(w, "<p>page")
	})
	s := serve(t, bothWays(o.url))
	for _, name := range names {
		for _, way := range both {
			path := way + name
			for range 2 {
				if a := s.get(path, name+": 1"); a.StatusCode != 200 || a.body != "<p>page" {
					t.Errorf("%s with %s: %d %s", path, name, a.StatusCode, a.body)
				}
			}
			if a := s.learned(path); a.body != "<p>page" || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
				t.Errorf("%s after it: %s", path, a.body)
			}
		}
	}
}

// T-015: with the selector declared the two are two pages.
func TestADeclaredSelectorMakesTwoPages(t *testing.T) {
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "as ", r.Header.Get("Rsc"))
	})
	s := serve(t, "origin: {url: \""+o.url+"\"}\nroutes:\n  - {path: \"/p/{id}\", vary: [{header: RSC, values: [\"\", \"1\"]}]}\n")
	for range 2 {
		for value, body := range map[string]string{"": "as ", "1": "as 1", marker: "as "} {
			a := s.get("/p/1", "RSC: "+value)
			if a.body != body || !strings.Contains(a.Header.Get("Vary"), "RSC") && !strings.Contains(a.Header.Get("Vary"), "Rsc") {
				t.Errorf("RSC: %s gets %q, Vary %q", value, a.body, a.Header.Get("Vary"))
			}
		}
	}
	if got := s.stored(); len(got) != 2 {
		t.Errorf("stored are %q", got)
	}
}

// T-016, T-017: an answer that varies by what the file does not declare is nobody
// else's.
func TestAnswersThatVary(t *testing.T) {
	for name, vary := range map[string][]string{
		"star": {"*"}, "star in a list": {"Accept, *"}, "star on a line of its own": {"Accept", " * "}, "unknown": {"X-Unknown"}, "cookie": {"Cookie"},
		"authorization": {"Authorization, Accept-Encoding"}, "lower case": {"cookie"}, "quoted": {`"Cookie`},
	} {
		t.Run(name, func(t *testing.T) {
			o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Cache-Control", "public, max-age=600")
				if r.URL.Path != "/free/end" {
					w.Header()["Vary"] = vary
				}
				fmt.Fprint(w, "for ", r.Header.Get("Cookie"), r.Header.Get("X-Unknown"))
			})
			s := serve(t, bothWays(o.url))
			for _, way := range both {
				for _, user := range []string{"A", "B", ""} {
					var headers []string
					if user != "" {
						headers = []string{"Cookie: u=" + user, "X-Unknown: " + user}
					}
					for range 2 {
						if a := s.get(way+"1", headers...); a.hit() || user != "" && !strings.Contains(a.body, "u="+user) || user == "" && a.body != "for " {
							t.Errorf("%s for %q: %s (%s)", way, user, a.body, a.Header.Get("Cache-Status"))
						}
					}
				}
			}
			s.settle("/free/end")
			s.wantStored("/free/end")
		})
	}
}

// T-016: a declared header makes a page for each value; absent is a value too.
func TestADeclaredLanguageMakesPages(t *testing.T) {
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept-Language")
		fmt.Fprint(w, "in ", r.Header.Get("Accept-Language"))
	})
	s := serve(t, "origin: {url: \""+o.url+"\"}\nlanguages: [en, de]\nroutes:\n  - {path: \"/p/{id}\", vary: [Accept-Language]}\n")
	for given, want := range map[string]string{"": "in en", "de": "in de", "de-CH,en;q=0.1": "in de", marker: "in en", "*": "in en", "fr, de;q=0.2": "in de"} {
		for range 2 {
			if a := s.get("/p/1", "Accept-Language: "+given); a.body != want || a.Header.Get("Vary") != "Accept-Language" {
				t.Errorf("%q gets %q, want %q", given, a.body, want)
			}
		}
	}
	if got := s.stored(); len(got) != 2 {
		t.Errorf("stored are %q", got)
	}
}

// T-018: a first visitor who asks for a part, a condition or an encoding does not
// spoil the page.
func TestConditionsOfTheFirstVisitor(t *testing.T) {
	const page = "the whole page"
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "max-age=600")
		h.Set("Etag", `"v1"`)
		switch {
		case r.Header.Get("If-Match") != "":
			w.WriteHeader(http.StatusPreconditionFailed)
		case r.Header.Get("If-None-Match") != "", r.Header.Get("If-Modified-Since") != "":
			w.WriteHeader(http.StatusNotModified)
		case r.Header.Get("Range") != "":
			h.Set("Content-Range", "bytes 0-2/14")
			w.WriteHeader(http.StatusPartialContent)
			io.WriteString(w, page[:3])
		case strings.Contains(r.Header.Get("Accept-Encoding"), "br"):
			h.Set("Content-Encoding", "br")
			io.WriteString(w, "\x1b\x00")
		default:
			h.Set("Content-Security-Policy", "script-src "+r.Header.Get("Content-Security-Policy"))
			io.WriteString(w, page)
		}
	})
	s := serve(t, bothWays(o.url))
	for i, header := range []string{
		`If-Match: "x"`, `If-None-Match: "v1"`, `If-None-Match: *`, "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT", "If-Unmodified-Since: Fri, 01 Jan 1999 00:00:00 GMT",
		"Range: bytes=0-2", "Range: bytes=100-", `If-Range: "x"`, "Accept-Encoding: br", "Accept: application/json", "Content-Security-Policy: 'nonce-zz-evil'",
	} {
		for _, way := range both {
			path := fmt.Sprintf("%s%d", way, i)
			s.get(path, header)
			a := s.learned(path)
			if a.StatusCode != 200 || a.body != page || a.Header.Get("Content-Encoding") != "" || strings.Contains(a.Header.Get("Content-Security-Policy"), marker) {
				t.Errorf("%s after %s: %d %q %v", path, header, a.StatusCode, a.body, a.Header)
			}
		}
	}
}
