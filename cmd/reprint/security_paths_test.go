package main_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// T-047: the look of a name says nothing: what it ends in makes no page of an
// account.
func TestANameLikeAFileMakesNothingStored(t *testing.T) {
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "the account of ", r.Header.Get("Cookie"))
	})
	s := serve(t, "origin: {url: \""+o.url+"\"}\nroutes:\n  - {path: /account/, bypass: true}\n  - {path: \"/p/{id}\"}\n")
	for _, path := range []string{"/account/x.css", "/account/a/b.js", "/free/account/x.css", "/free/x.jpg;a", "/account/x.css?v=1", "/account%3Bx.css", "/account%00.css", "/account/%0ax.css"} {
		if a := s.get(path, "Cookie: u=zz-evil"); a.hit() || a.StatusCode != 400 && a.body != "the account of u=zz-evil" {
			t.Errorf("%s for its owner: %d %s", path, a.StatusCode, a.body)
		}
		if a := s.get(path); a.hit() || a.StatusCode != 400 && a.body != "the account of " {
			t.Errorf("%s for a stranger: %d %s", path, a.StatusCode, a.body)
		}
	}
	// Under a route a page is of nobody, whoever asks first.
	if a := s.get("/p/x.css", "Cookie: u=zz-evil"); a.body != "the account of " {
		t.Errorf("a page shows %s", a.body)
	}
	s.wantStored("/p/x.css")
}

// T-049, T-050, T-054: a path that two servers may read differently reaches
// nobody.
func TestAmbiguousPathsAreRefused(t *testing.T) {
	o := newStub(t, echo)
	s := serve(t, "origin: {url: \""+o.url+"\"}\ntrailingSlash: remove\nroutes:\n  - {path: \"/p/{rest...}\"}\n  - {path: /admin/, bypass: true}\n")
	for _, path := range []string{
		"/static/..%2faccount", "/p/..%2Fadmin", "/p/a%2fb", "/a/%2e%2e/admin", "/a/.%2e/admin", "/a/%2E./admin", "/%2e/admin", "/a/../admin", "/./admin", "/a/..", "/p/..%5cadmin",
		"/p/..\\admin", "/p\\..\\admin", "/\\evil.test", "//evil.test", "//evil.test/", "///evil.test", "/legacy//evil.test", "/legacy//evil.test/", "//", "/p//", "/%5c%5cevil.test", "/%5Cevil.test",
		"/p/a%00", "/p/a%0d%0aX-Evil:%201", "/p/a%0a", "/p/a%7f", "/p/%", "/p/%zz", "/p/%2", "/p/a#b", "*", "/x/..%2f/v1/revalidate", "/..%2f..%2fetc/passwd", "/%c0%ae%c0%ae/%2e%2e/x", "/p/..;/admin/..",
	} {
		for _, method := range []string{"GET", "POST"} {
			got := s.talk(method + " " + path + " HTTP/1.1\r\nHost: good.test\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			if !strings.Contains(statusLine(got), " 400 ") || strings.Contains(got, "Location:") {
				t.Errorf("%s %s: %.200q, want 400", method, path, got)
			}
		}
	}
	if asked := o.requests(); len(asked) != 0 {
		t.Errorf("the origin was asked %q", asked)
	}
	s.wantStored()
	for _, path := range []string{"/p/x/", "/free/x/", "/p/evil.test/?to=//evil.test", "/%5Cevil.test/", "/%5c%5cevil.test/", "/%2fevil.test/", "/..%2f/"} {
		a := s.get(path)
		if to := a.Header.Get("Location"); a.StatusCode != 308 || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n") {
			t.Errorf("%s: %d to %q", path, a.StatusCode, to)
		}
	}
}

// T-051: a rule is not passed by in another case: what is rendered is of nobody,
// also when the origin takes both for one.
func TestPathsInAnotherCase(t *testing.T) {
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(strings.ToLower(r.URL.Path), "/admin/") {
			w.Header().Set("Cache-Control", "max-age=600")
		}
		fmt.Fprint(w, "for ", r.Header.Get("Cookie"))
	})
	s := serve(t, "origin: {url: \""+o.url+"\"}\nroutes:\n  - {path: /}\n  - {path: /admin/, bypass: true}\n")
	for _, path := range []string{"/admin/x", "/Admin/x", "/ADMIN/x", "/%41dmin/x", "/%61dmin/x"} {
		own := s.get(path, "Cookie: u=zz-evil")
		if a := s.get(path); strings.Contains(a.body, marker) {
			t.Errorf("%s: a stranger gets %s", path, a.body)
		}
		if bypass := strings.EqualFold(path, "/admin/x") && path == "/admin/x" || path == "/%61dmin/x"; bypass != (own.body == "for u=zz-evil") {
			t.Errorf("%s for its owner: %s", path, own.body)
		}
	}
	for _, key := range s.stored() {
		if strings.HasPrefix(key, "/admin/") {
			t.Errorf("%s is stored", key)
		}
	}
}

// T-054: the admin API has a listener of its own; nothing of it is on the public
// one, by whatever name, and a hook is its exact path.
func TestTheAdminAPIIsNotOnThePublicListener(t *testing.T) {
	const secret = "0b9d8c7e6f5a4b3c2d1e0f9a8b7c6d5e"
	o := newStub(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, "the origin")
	})
	s := serve(t, "origin: {url: \""+o.url+"\"}\nroutes:\n  - {path: \"/p/{id}\"}\nhooks:\n  - {path: /api/revalidate, secret: "+secret+", paths: [\"/p/{id}\"]}\n")
	for _, path := range []string{"/v1/revalidate", "/v1/pages", "/v1/status", "/metrics", "/healthz", "/readyz", "/debug/pprof/", "/debug/vars"} {
		for _, method := range []string{"GET", "POST"} {
			if a := s.do(method, path, nil, "Authorization: Bearer "+secret); a.StatusCode != 404 || a.body != "the origin" {
				t.Errorf("%s %s: %d %s", method, path, a.StatusCode, a.body)
			}
		}
	}
	for _, path := range []string{
		"/API/revalidate", "/api/Revalidate", "/api%2frevalidate", "//api/revalidate", "/x/..%2fapi/revalidate", "/api;a/revalidate", "/api/revalidate;a", "/api/revalidatex", "/api/revalidate/",
		"/api/%72evalidate", "/api/revalidate%20", "/api/revalidate%00", "/api/./revalidate",
	} {
		got := s.talk("GET " + path + "?secret=" + secret + "&id=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if strings.Contains(got, "revalidated") || strings.Contains(got, "Invalid token") {
			t.Errorf("%s is the hook: %q", path, got)
		}
	}
	if o.times("/p/1") != 0 {
		t.Error("something was revalidated")
	}
	s.wantStored()
	// A 404 is what visitors get of that page now.
	if a := s.get("/api/revalidate?secret=" + secret + "&id=1"); a.body != `{"revalidated":true}` || o.times("/p/1") != 1 {
		t.Errorf("the hook itself: %d %s", a.StatusCode, a.body)
	}
	// And nothing of the public side is on the admin listener.
	if a := s.call("GET", "/p/1", ""); a.StatusCode != 404 || strings.Contains(a.body, "the origin") {
		t.Errorf("a page on the admin listener: %d %s", a.StatusCode, a.body)
	}
}

// T-118: whatever the target is, one origin is asked, for a path.
func TestNoRequestChoosesTheOrigin(t *testing.T) {
	o := newStub(t, echo)
	stranger := newStub(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, marker) })
	s := serve(t, bothWays(o.url))
	host := strings.TrimPrefix(stranger.url, "http://")
	for _, request := range []string{
		"GET http://" + host + "/p/1", "GET http://" + host + "/free/1", "POST http://" + host + "/free/1", "GET //" + host + "/p/1", "GET /@" + host + "/", "GET /free/@" + host,
		"GET /\\" + host + "/", "GET /%5c%5c" + host, "GET http:" + host, "GET http:/" + host, "CONNECT " + host, "OPTIONS http://" + host + "/", "GET :@" + host, "GET /free/http://" + host,
	} {
		for _, header := range []string{"Host: " + host, "Host: a.test\r\nX-Forwarded-Host: " + host} {
			if got := s.talk(request + " HTTP/1.1\r\n" + header + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"); strings.Contains(got, marker) {
				t.Errorf("%s: %q", request, got)
			}
		}
	}
	if n := len(stranger.requests()); n != 0 {
		t.Errorf("a stranger was asked %d times", n)
	}
}
