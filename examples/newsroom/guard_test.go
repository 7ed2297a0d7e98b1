package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/reprint-go/reprint/examples/newsroom/content"
)

// TestEditorIsNotReachableFromElsewhere: the editor has no login, so everything
// that a web page elsewhere can make a browser send is refused.
func TestEditorIsNotReachableFromElsewhere(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	before := p.record(content.KindPost, 42).Common().Title
	form := p.form(p.record(content.KindPost, 42))
	form.Set("title", "Changed from elsewhere")
	port := p.url[strings.LastIndex(p.url, ":"):]
	tests := []struct {
		name   string
		method string
		path   string
		set    map[string]string
		want   int
	}{
		{"another site's form", http.MethodPost, "/admin/items/post/42", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403},
		{"an older browser", http.MethodPost, "/admin/items/post/42", map[string]string{"Origin": "https://evil.example"}, 403},
		{"a sandboxed frame", http.MethodPost, "/admin/items/post/42", map[string]string{"Origin": "null"}, 403},
		{"another port", http.MethodPost, "/admin/items/post/42", map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"}, 403},
		{"delete from elsewhere", http.MethodPost, "/admin/items/post/42/delete", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"draft mode from elsewhere", http.MethodPost, "/admin/items/post/42/preview", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"a rebound name", http.MethodPost, "/admin/items/post/42", map[string]string{"Host": "evil.example", "Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}, 421},
		{"a rebound name that reads", http.MethodGet, "/admin/", map[string]string{"Host": "evil.example" + port}, 421},
		{"a name that looks local", http.MethodGet, "/admin/", map[string]string{"Host": "127.0.0.1.evil.example"}, 421},
		{"another address", http.MethodGet, "/admin/", map[string]string{"Host": "192.0.2.1"}, 421},
		{"delete by a link", http.MethodGet, "/admin/items/post/42/delete", nil, 404},
		{"this machine by name", http.MethodGet, "/admin/", map[string]string{"Host": "localhost" + port}, 200},
		{"this machine by IPv6", http.MethodGet, "/admin/", map[string]string{"Host": "[::1]" + port}, 200},
		{"this machine by address", http.MethodGet, "/admin/", nil, 200},
		{"a place that is not there", http.MethodGet, "/admin/none", nil, 404},
		{"a kind that is not there", http.MethodGet, "/admin/items/user/1", nil, 404},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := p.request(test.method, test.path, strings.NewReader(form.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for name, value := range test.set {
				if name == "Host" {
					r.Host = value
				}
				r.Header.Set(name, value)
			}
			a := p.do(p.client, r)
			if a.status != test.want {
				t.Errorf("answers %d, want %d", a.status, test.want)
			}
			if got := a.header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control is %q, want no-store", got)
			}
			if csp := a.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
				t.Errorf("Content-Security-Policy is %q", csp)
			}
			if strings.Contains(a.body, "<script") || strings.Contains(a.body, " style=") {
				t.Error("the editor needs no script and no inline style")
			}
		})
	}
	if got := p.record(content.KindPost, 42).Common().Title; got != before {
		t.Errorf("the title is now %q", got)
	}
}

func TestFormsAreLimited(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	a := p.edit(http.MethodPost, "/admin/items/post/42", url.Values{"body": {strings.Repeat("x", maxForm)}})
	if a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("a form of more than %d bytes answers %d, want 413", maxForm, a.status)
	}
}

// TestRevalidateLikeTheSeed calls the hook as a CMS does, with what it must
// answer to the byte.
func TestRevalidateLikeTheSeed(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	post := p.record(content.KindPost, 42)
	post.Common().Title = "Changed behind the editor’s back"
	if _, err := p.db.Save(t.Context(), post); err != nil {
		t.Fatal(err)
	}
	secret := url.QueryEscape(testSecret)
	for _, test := range []struct {
		query  string
		status int
		body   string
	}{
		{"", 401, `{"message":"Invalid token"}`},
		{"?secret=wrong&id=42", 401, `{"message":"Invalid token"}`},
		{"?secret=" + secret, 400, `{"message":"Post ID is required"}`},
		{"?secret=" + secret + "&id=42", 200, `{"revalidated":true}`},
	} {
		if strings.Contains(p.get("/posts/42").body, post.Common().Title) {
			t.Fatalf("before %q the page is new already", test.query)
		}
		if a := p.get("/api/revalidate" + test.query); a.status != test.status || a.body != test.body {
			t.Errorf("%q answers %d %s, want %d %s", test.query, a.status, a.body, test.status, test.body)
		}
	}
	if !strings.Contains(p.get("/posts/42").body, post.Common().Title) {
		t.Error("the page is still the old one")
	}
}
