package origin_test

import (
	"strings"
	"testing"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/origin"
)

func TestLocationOfTheOriginBecomesTheSites(t *testing.T) {
	location := "" // ORIGIN stands for where the origin listens
	o := newRawFunc(t, func(string) string { return "" })
	o.answer = func(string) string {
		return lines("HTTP/1.1 302 Found", "Location: "+strings.ReplaceAll(location, "ORIGIN", strings.TrimPrefix(o.url, "http://")), "Content-Length: 0", "", "")
	}
	h := newHandler(t, origin.Options{URL: o.url, Host: "app.internal"})
	site, _ := newSite(t, h, reprint.Policy{})
	for _, test := range []struct{ location, want string }{
		{"http://ORIGIN/a%20b?c=d#e", "/a%20b?c=d#e"},
		{"HTTP://ORIGIN", "/"},
		{"http://ORIGIN?c=d", "/?c=d"},
		{"http://ORIGIN#e", "/#e"},
		{"http://app.internal/a", "/a"},
		{"http://APP.internal:80/a", "/a"},
		{"http://ORIGIN//evil.test/", "/.//evil.test/"},
		{`http://ORIGIN/\evil.test/`, `/./\evil.test/`},

		{"/a", "/a"},
		{"a", "a"},
		{"", ""},
		{"//app.internal/a", "//app.internal/a"},
		{"https://app.internal/a", "https://app.internal/a"},
		{"http://app.internal:8080/a", "http://app.internal:8080/a"},
		{"http://app.internal.evil.test/a", "http://app.internal.evil.test/a"},
		{"http://user@app.internal/a", "http://user@app.internal/a"},
		{"http://other.test/http://app.internal/", "http://other.test/http://app.internal/"},
	} {
		t.Run(test.location, func(t *testing.T) {
			location = test.location
			if got := get(t, serve(t, h)+"/p").Header.Get("Location"); got != test.want {
				t.Errorf("passed through: %q, want %q", got, test.want)
			}
			if err := site.Revalidate(t.Context(), "/p"); err != nil {
				t.Fatal(err)
			}
			if got := get(t, serve(t, site)+"/p").Header.Get("Location"); got != test.want {
				t.Errorf("rendered: %q, want %q", got, test.want)
			}
		})
	}
}

// A location that names the site as its clients do needs no change.
func TestLocationOfTheSiteStays(t *testing.T) {
	o := newRaw(t, lines("HTTP/1.1 201 Created", "Location: http://www.example.org/a", "Content-Location: http://www.example.org:443/b", "Content-Length: 0", "", ""))
	h := serve(t, newHandler(t, origin.Options{URL: o.url, Host: "www.example.org"}))
	if got := get(t, h, "Host: www.example.org").Header.Get("Location"); got != "http://www.example.org/a" {
		t.Errorf("Location %q", got)
	}
	h = serve(t, newHandler(t, origin.Options{URL: o.url, Host: "www.example.org", Proto: "https"}))
	if got := get(t, h, "Host: www.example.org").Header.Get("Location"); got != "/a" {
		t.Errorf("Location %q of a site that speaks https", got)
	}
}
