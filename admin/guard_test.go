package admin_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
)

// T-054: what is not exactly the path of an endpoint is none.
func TestPathsAreExact(t *testing.T) {
	site := &fakeSite{receipt: receiptOf(reprint.ResultRegenerated)}
	h := newHandler(t, withTokens(site))
	for _, target := range []string{
		"/v1%2frevalidate", "/V1/revalidate", "//v1/revalidate", "/x/../v1/revalidate", "/x/..%2fv1/revalidate",
		"/v1;a/revalidate", "/v1/revalidate;a", "/v1/revalidate/", "/v1/revalidatex", "/v1/revalidat%65", "/v1/./revalidate", "/v1//revalidate",
		"/", "/v1", "/v1/receipt", "/v1/receipts/", "/v1/receipts/a/b", "/v1/receipts/a%2fb", "/v1/receipts/..", "/metrics", "/debug/pprof/",
	} {
		t.Run(target, func(t *testing.T) {
			for _, c := range []call{{target: target, secret: newSecret}, {target: target, secret: newSecret, body: `{"all":true}`}} {
				if target == "/v1/receipts/.." && c.body == "" {
					continue // an ID like any other that there is not
				}
				w := c.do(t, h)
				if w.Code != http.StatusNotFound && w.Code != http.StatusMethodNotAllowed {
					t.Fatalf("answer %d %s", w.Code, w.Body)
				}
				if w.Header().Get("Location") != "" {
					t.Errorf("a redirect to %s", w.Header().Get("Location"))
				}
			}
			if len(site.applications()) != 0 {
				t.Error("the site was asked")
			}
		})
	}
}

func TestUnknownPathsAreToldWhatThereIs(t *testing.T) {
	w := call{target: "/v1/revalidat"}.do(t, newHandler(t, withTokens(&fakeSite{})))
	wantTold(t, w, http.StatusNotFound, "/v1/revalidat", "did you mean /v1/revalidate?")
	for _, want := range []string{"POST /v1/revalidate", "GET /v1/pages/explain", "GET /healthz"} {
		if !slices.Contains(told(t, w).Endpoints, want) {
			t.Errorf("%s does not list %s", w.Body, want)
		}
	}
}

// T-078: nothing is changed by a method or a body that a browser sends for others.
func TestMethods(t *testing.T) {
	site := &fakeSite{receipt: receiptOf(reprint.ResultRegenerated)}
	h := newHandler(t, withTokens(site))
	tests := []struct {
		target  string
		methods []string
		allow   string
	}{
		{"/v1/revalidate", []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PURGE", "PATCH"}, "POST"},
		{"/v1/prerender", []string{"GET", "HEAD", "OPTIONS"}, "POST"},
		{"/v1/status", []string{"POST", "PUT", "DELETE", "OPTIONS"}, "GET, HEAD"},
		{"/healthz", []string{"POST"}, "GET, HEAD"},
	}
	for _, test := range tests {
		for _, method := range test.methods {
			w := call{method: method, target: test.target, secret: newSecret, body: `{"all":true}`}.do(t, h)
			wantTold(t, w, http.StatusMethodNotAllowed, method, "use "+test.allow)
			if got := w.Header().Get("Allow"); got != test.allow {
				t.Errorf("%s %s: Allow: %q, want %q", method, test.target, got, test.allow)
			}
		}
	}
	if len(site.applications()) != 0 {
		t.Error("the site was asked")
	}
}

func TestContentType(t *testing.T) {
	tests := []struct {
		name   string
		target string
		body   string
		header []string
		status int
	}{
		{"JSON", "/v1/revalidate", `{"all":true}`, []string{"Content-Type: application/json"}, 200},
		{"JSON in UTF-8", "/v1/revalidate", `{"all":true}`, []string{"Content-Type: Application/JSON; charset=UTF-8"}, 200},
		{"JSON in another charset", "/v1/revalidate", `{"all":true}`, []string{"Content-Type: application/json; charset=utf-16"}, 415},
		{"a form", "/v1/revalidate", `{"all":true}`, []string{"Content-Type: application/x-www-form-urlencoded"}, 415},
		{"a form with files", "/v1/revalidate", `{"all":true}`, []string{"Content-Type: multipart/form-data; boundary=x"}, 415},
		{"plain text", "/v1/revalidate", `{"all":true}`, []string{"Content-Type: text/plain"}, 415},
		{"not declared", "/v1/revalidate", `{"all":true}`, []string{"Content-Type: "}, 415},
		{"rubbish", "/v1/revalidate", `{"all":true}`, []string{"Content-Type: ;;;"}, 415},
		{"compressed", "/v1/revalidate", `{"all":true}`, []string{"Content-Type: application/json", "Content-Encoding: gzip"}, 415},
		{"declared as it is", "/v1/revalidate", `{"all":true}`, []string{"Content-Type: application/json", "Content-Encoding: identity"}, 200},
		{"no body where one is needed", "/v1/revalidate", "", nil, 415},
		{"no body where none is needed", "/v1/prerender", "", nil, 200},
		{"no body, declared", "/v1/prerender", "", []string{"Content-Type: application/json"}, 200},
		{"no body, as a form", "/v1/prerender", "", []string{"Content-Type: application/x-www-form-urlencoded"}, 415},
		{"no body, from a browser", "/v1/prerender", "", []string{"Sec-Fetch-Site: same-origin"}, 415},
		{"no body, from an older browser", "/v1/prerender", "", []string{"Origin: http://127.0.0.1:8081"}, 415},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHandler(t, admin.Options{Site: &fakeSite{receipt: receiptOf(reprint.ResultRegenerated)}})
			w := call{method: "POST", target: test.target, body: test.body, header: test.header}.do(t, h)
			wantStatus(t, w, test.status)
			if test.status == 415 {
				told(t, w)
			}
		})
	}
}

// T-110: without tokens, a name that somebody else controls may lead here.
func TestHostsWithoutTokens(t *testing.T) {
	open := newHandler(t, admin.Options{Site: &fakeSite{}, Hosts: []string{"Admin.example.com"}})
	guarded := newHandler(t, withTokens(&fakeSite{}))
	tests := []struct {
		host string
		ours bool
	}{
		{"127.0.0.1:8081", true}, {"127.0.0.1", true}, {"[::1]:8081", true}, {"[::1]", true}, {"192.0.2.1:8081", true},
		{"localhost:8081", true}, {"localhost", true}, {"LOCALHOST.:8081", true},
		{"admin.example.com:8081", true}, {"ADMIN.EXAMPLE.COM", true},
		{"evil.example:8081", false}, {"localhost.evil.example", false}, {"127.0.0.1.evil.example", false}, {"evil.example", false},
		{"x.admin.example.com", false}, {"2130706433", false}, {"127.1", false}, {"0x7f.0.0.1", false}, {"a@127.0.0.1", false}, {"%31", false},
	}
	for _, test := range tests {
		t.Run(test.host, func(t *testing.T) {
			for _, c := range []call{{target: "/v1/status"}, {target: "/v1/prerender", body: `{}`}} {
				c.host = test.host
				w := c.do(t, open)
				if test.ours {
					wantStatus(t, w, http.StatusOK)
				} else {
					wantTold(t, w, http.StatusMisdirectedRequest, "is not known")
				}
			}
			// A token is proof enough, and health is nobody's secret.
			wantStatus(t, call{target: "/v1/status", secret: newSecret, host: test.host}.do(t, guarded), http.StatusOK)
			wantStatus(t, call{target: "/healthz", host: test.host}.do(t, open), http.StatusOK)
		})
	}
	r := call{target: "/v1/status"}.request(t)
	r.Host = ""
	if ours := serveTo(open, r); ours != http.StatusMisdirectedRequest {
		t.Errorf("without a host: %d", ours)
	}
}

// T-110: a browser may be made to call by any page that it shows.
func TestOtherSitesPagesAreRefused(t *testing.T) {
	const self = "http://127.0.0.1:8081"
	read := call{target: "/v1/status"}
	write := call{target: "/v1/revalidate", body: `{"all":true}`}
	tests := []struct {
		name   string
		call   call
		header []string
		status int
	}{
		{"a program", write, nil, 200},
		{"a page of this server", write, []string{"Sec-Fetch-Site: same-origin", "Origin: " + self}, 200},
		{"a person who types the address", read, []string{"Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate"}, 200},
		{"a person who follows a link", read, []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"}, 200},
		{"another site", write, []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}, 403},
		{"another site without Origin", write, []string{"Sec-Fetch-Site: cross-site"}, 403},
		{"another port of this host", write, []string{"Sec-Fetch-Site: same-site", "Origin: http://127.0.0.1:3000"}, 403},
		{"an older browser", write, []string{"Origin: https://evil.example"}, 403},
		{"an older browser, no origin to tell", write, []string{"Origin: null"}, 403},
		{"an older browser, of this server", write, []string{"Origin: " + self}, 200},
		{"a form that navigates", write, []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"}, 403},
		{"a picture of another site", read, []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"}, 403},
		{"a script of another site", read, []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors", "Origin: https://evil.example"}, 403},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			site := &fakeSite{receipt: receiptOf(reprint.ResultRegenerated)}
			c := test.call
			c.header, c.secret = test.header, newSecret
			for _, opts := range []admin.Options{{Site: site}, withTokens(site)} {
				w := c.do(t, newHandler(t, opts))
				wantStatus(t, w, test.status)
				if test.status == 403 {
					wantTold(t, w, 403, "on behalf of another site")
				}
			}
			if asked := len(site.applications()) > 0; asked != (test.status == 200 && c.body != "") {
				t.Errorf("the site was asked: %v", asked)
			}
		})
	}
}

func TestUnknownParametersAreNamed(t *testing.T) {
	h := newHandler(t, withTokens(&fakeSite{}))
	tests := []struct {
		target string
		want   string
	}{
		{"/v1/pages?prefx=/a", "did you mean prefix?"},
		{"/v1/pages?tag=a&tag=b", "more than once"},
		{"/v1/pages?tag=%zz", "cannot be read"},
		{"/v1/status?x=1", `unknown parameter "x"`},
		{"/v1/pages/explain?path=/a&host=b", `unknown parameter "host"`},
	}
	for _, test := range tests {
		wantTold(t, call{target: test.target, secret: newSecret}.do(t, h), http.StatusBadRequest, test.want)
	}
	// Whoever looks at the health may add what it likes.
	wantStatus(t, call{target: "/readyz?verbose"}.do(t, h), http.StatusOK)
}

func TestLongNamesAreCutInAnswers(t *testing.T) {
	h := newHandler(t, withTokens(&fakeSite{}))
	long := strings.Repeat("a", 100_000)
	for _, c := range []call{{target: "/" + long}, {target: "/v1/pages?" + long + "=1"}, {target: "/v1/revalidate", body: `{"` + long + `":1}`}} {
		c.secret = newSecret
		if w := c.do(t, h); w.Code < 400 || w.Body.Len() > 1000 {
			t.Errorf("answer %d of %d bytes", w.Code, w.Body.Len())
		}
	}
}
