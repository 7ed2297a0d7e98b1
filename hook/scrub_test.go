package hook_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint/hook"
	"github.com/reprint-go/reprint/internal/logtest"
)

func TestScrub(t *testing.T) {
	tests := []struct{ target, want string }{
		{"/api/revalidate", "/api/revalidate"},
		{"/api/revalidate?id=42", "/api/revalidate?id=42"},
		{"/r?secret=S3&id=42", "/r?secret=[redacted]&id=42"},
		{"/r?id=42&secret=S3", "/r?id=42&secret=[redacted]"},
		{"/r?secret=S3&secret=S3", "/r?secret=[redacted]&secret=[redacted]"},
		{"/r?secret=a%26b=S3", "/r?secret=[redacted]"},
		{"/r?secret=%S3", "/r?secret=[redacted]"},
		{"/r?secret=&id=42", "/r?secret=[redacted]&id=42"},
		{"/r?secret", "/r?secret"},
		{"/r?%73ecret=S3", "/r?%73ecret=[redacted]"},
		{"/r?Secret=S3&SECRET_TOKEN=S3", "/r?Secret=[redacted]&SECRET_TOKEN=[redacted]"},
		{"/r?token=S3&access_token=S3", "/r?token=[redacted]&access_token=[redacted]"},
		{"/r?secret[]=S3", "/r?secret[]=[redacted]"},
		{"/r?%zz=S3", "/r?%zz=[redacted]"},
		{"/r?id=42;secret=S3;more&x=1", "/r?id=42;secret=[redacted]&x=1"},
		{"/r?secret=S3;S3&x=1", "/r?secret=[redacted]&x=1"},
		{"/caf%C3%A9?secret=S3", "/caf%C3%A9?secret=[redacted]"},
	}
	for _, test := range tests {
		u, err := url.ParseRequestURI(test.target)
		if err != nil {
			t.Fatal(err)
		}
		if got := hook.Scrub(u); got != test.want {
			t.Errorf("Scrub(%s) = %s, want %s", test.target, got, test.want)
		}
		if got := u.RequestURI(); got != test.target {
			t.Errorf("Scrub changed the URL to %s", got)
		}
	}
}

// accessLog is middleware as people have it around their handlers: it writes a
// line about each request when it has been answered.
func accessLog(next http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		log.Info("access", "url", r.URL.String(), "uri", r.RequestURI, "query", r.URL.Query(), "header", r.Header)
	})
}

// scrubbedLog writes its line on the way in, when only Scrub can help.
func scrubbedLog(next http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log.Info("access", "url", hook.Scrub(r.URL))
		next.ServeHTTP(w, r)
	})
}

// Every way to present a secret, right or wrong, and every answer: the log never
// holds one, nor does the receipt.
func TestNoSecretInAnyLog(t *testing.T) {
	tests := []struct {
		name string
		wrap func(http.Handler, *slog.Logger) http.Handler
	}{
		{"access log around the hook", accessLog},
		{"access log around a mux", func(h http.Handler, log *slog.Logger) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/api/", h)
			return accessLog(mux, log)
		}},
		{"scrubbed log around a handler that copies requests", func(h http.Handler, log *slog.Logger) http.Handler {
			return scrubbedLog(http.TimeoutHandler(h, time.Minute, ""), log)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var log logtest.Buffer
			site := &fakeSite{}
			opts := seedOptions(t, site)
			opts.Log = log.Logger()
			h, err := hook.New(opts)
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(test.wrap(h, opts.Log))
			defer server.Close()
			callEveryWay(t, server.URL)
			site.err = errors.New("no")
			call{query: "id=42&secret=" + newSecret}.do(t, server.URL)
			checkSilent(t, log.String(), site)
		})
	}
}

const wrongSecret = "wrong-but-close-1f2e3d4c"

func callEveryWay(t *testing.T, server string) {
	t.Helper()
	for _, secret := range []string{oldSecret, newSecret, wrongSecret} {
		for _, c := range []call{
			{query: "id=42&secret=" + secret},
			{query: "secret=" + secret},
			{query: "SECRET=" + secret + "&id=42"},
			{query: "id=..&secret=" + secret},
			{query: "id=42&secret=" + secret + ";x=%zz"},
			{query: "id=42", bearer: "Bearer " + secret},
			{query: "id=42", bearer: "bearer " + secret},
			{method: "HEAD", query: "id=42&secret=" + secret},
		} {
			c.do(t, server)
		}
	}
}

func checkSilent(t *testing.T, log string, site *fakeSite) {
	t.Helper()
	for _, want := range []string{"access", "[redacted]", "without a valid secret", "revalidation failed"} {
		if !strings.Contains(log, want) {
			t.Fatalf("the log does not hold %q, so it is not that of the calls: %s", want, log)
		}
	}
	for _, secret := range []string{oldSecret, newSecret, wrongSecret} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds the secret %s", secret)
		}
		for _, asked := range site.calls() {
			if strings.Contains(asked.By, secret) {
				t.Errorf("the receipt says that %s asked", asked.By)
			}
		}
	}
}
