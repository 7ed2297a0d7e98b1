package origin_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint/origin"
)

func TestNewReportsWhatIsWrong(t *testing.T) {
	const good = "http://127.0.0.1:3000"
	tests := []struct {
		name string
		opts origin.Options
		want string
	}{
		{"no URL", origin.Options{}, "URL is empty"},
		{"no scheme", origin.Options{URL: "localhost:3000"}, `write scheme, host and port`},
		{"another scheme", origin.Options{URL: "ftp://localhost"}, "only http and https"},
		{"no host", origin.Options{URL: "http:///x"}, "has no host"},
		{"a path", origin.Options{URL: good + "/app"}, "has the path /app"},
		{"a query", origin.Options{URL: good + "?a=b"}, "has a query"},
		{"a user", origin.Options{URL: "http://u:hidden@127.0.0.1"}, "send it as a header"},
		{"negative time", origin.Options{URL: good, Timeout: -1}, "Timeout is negative"},
		{"negative header time", origin.Options{URL: good, HeaderTimeout: -time.Second}, "HeaderTimeout is negative"},
		{"negative size", origin.Options{URL: good, MaxBody: -1}, "MaxBody is negative"},
		{"negative connections", origin.Options{URL: good, MaxConnections: -1}, "MaxConnections is negative"},
		{"protocol", origin.Options{URL: good, Proto: "HTTPS"}, "none of"},
		{"host with a path", origin.Options{URL: good, Host: "example.org/x"}, "not a host"},
		{"site with a port", origin.Options{URL: good, SiteHosts: []string{"example.org:80"}}, "without port"},
		{"header name", origin.Options{URL: good, Headers: [][2]string{{"X Y", "1"}}}, "not a header name"},
		{"header value", origin.Options{URL: good, Headers: [][2]string{{"X-Y", "hidden\r\nA: b"}}}, "the value of X-Y"},
		{"Host as a header", origin.Options{URL: good, Headers: [][2]string{{"host", "a"}}}, "use the option Host"},
		{"an encoding", origin.Options{URL: good, Headers: [][2]string{{"Accept-Encoding", "gzip"}}}, "leave it out"},
		{"framing", origin.Options{URL: good, Headers: [][2]string{{"Transfer-Encoding", "chunked"}}}, "belongs to one message"},
		{"a conditional", origin.Options{URL: good, Headers: [][2]string{{"If-Match", "*"}}}, "belongs to one message"},
		{"any client header", origin.Options{URL: good, ClientHeaders: []string{"*"}}, "name the headers"},
		{"a star in the middle", origin.Options{URL: good, ClientHeaders: []string{"next-*-x"}}, "only its end"},
		{"a forwarding header", origin.Options{URL: good, ClientHeaders: []string{"X-Forwarded-For"}}, "TrustedProxies"},
		{"forwarding headers", origin.Options{URL: good, ClientHeaders: []string{"x-f*"}}, "TrustedProxies"},
		{"no network", origin.Options{URL: good, TrustedProxies: []netip.Prefix{{}}}, "not valid"},
		{"no transport", origin.Options{URL: good, RoundTripper: func(http.RoundTripper) http.RoundTripper { return nil }}, "returned nil"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h, err := origin.New(test.opts)
			if err == nil || h != nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("New = %v, %v, want an error with %q", h, err, test.want)
			}
			if strings.Contains(err.Error(), "hidden") {
				t.Errorf("the error %q tells a secret", err)
			}
		})
	}
}

func TestNewReportsAllFaultsAtOnce(t *testing.T) {
	_, err := origin.New(origin.Options{URL: "ftp://u@h/x?y", Timeout: -1, Proto: "x", Headers: [][2]string{{"", ""}}, ClientHeaders: []string{"*"}})
	for _, want := range []string{"ftp", "holds a user", "has the path", "has a query", "Timeout", "Proto", "not a header name", "ClientHeaders"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error %v does not tell of %q", err, want)
		}
	}
}

func TestNewTakes(t *testing.T) {
	for _, u := range []string{"http://127.0.0.1:3000", "https://example.org/", "http://[::1]:80"} {
		h, err := origin.New(origin.Options{URL: u, Host: "example.org:8443", SiteHosts: []string{"www.example.org", "::1"}})
		if err != nil {
			t.Errorf("%s: %v", u, err)
			continue
		}
		h.Close()
	}
}
