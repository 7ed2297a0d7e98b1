package config_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/config"
)

// policy is what a route means to a site.
func policy(rt config.Route) reprint.Policy {
	p := reprint.Policy{
		Revalidate: rt.Revalidate, Expire: rt.Expire, Negative: rt.Negative, Timeout: rt.Timeout,
		Query: rt.Query, Bypass: rt.Bypass, BypassHeaders: rt.BypassHeaders, BypassCookies: rt.BypassCookies,
		Ignore: rt.Ignore, Invalidate: rt.Invalidate, CacheControl: rt.CacheControl,
	}
	for _, v := range rt.Vary {
		p.Vary = append(p.Vary, reprint.Vary(v))
	}
	if rt.FollowHeaders {
		p.Freshness = reprint.FromHeaders
	}
	if rt.Prerender != nil {
		p.Prerender = func(context.Context) iter.Seq2[string, error] { return func(func(string, error) bool) {} }
	}
	switch rt.Fallback {
	case "notfound":
		p.Fallback = reprint.NotFound
	case "shell":
		p.Fallback, p.Shell = reprint.Shell, http.NotFoundHandler()
	}
	return p
}

// takes reports whether a site takes all routes of a configuration.
func takes(t *testing.T, c *config.Config) error {
	t.Helper()
	for _, s := range c.Sites {
		site, err := reprint.New(reprint.Options{Hosts: s.Hosts, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			return err
		}
		defer func() {
			if err := site.Shutdown(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		}()
		for _, rt := range s.Routes {
			if err := site.Handle(rt.Path, http.NotFoundHandler(), policy(rt)); err != nil {
				return err
			}
		}
	}
	return nil
}

func TestSitesTakeGoodFiles(t *testing.T) {
	for _, file := range goodFiles(t) {
		c, err := config.Load(file, environ(fullEnv))
		if err != nil {
			t.Fatal(err)
		}
		if err := takes(t, c); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// What a site refuses, the file is refused for; so the rules here cannot fall
// behind those of the root.
func TestFilesAreRefusedForWhatSitesRefuse(t *testing.T) {
	vary := func(header, values string) string {
		return fmt.Sprintf("{path: /a, vary: [{header: %q, values: %s}]}", header, values)
	}
	routes := []string{
		"{path: /a, freshness: headers, revalidate: 1h}", "{path: /a, freshness: headers, negative: 1h}",
		"{path: /a, freshness: headers, cacheControl: public}", "{path: /a, freshness: headers, fallback: 'shell:/x'}",
		"{path: /a, fallback: notfound}", "{path: /a, query: ['*', b]}", "{path: /a, bypassHeaders: ['a b']}",
		"{path: /a, cacheControl: \"a\\x7f\"}", "{path: /a, volatile: ['x*']}", "{path: /a}, {path: /a}", "{path: '/a/{x}'}, {path: '/{y}/b'}", "{path: '/{x'}",
		vary("X-A", "[a, '']"), vary("X A", "[a]"), vary("X-A", "[\"a\\x7f\"]"),
	}
	for _, header := range []string{
		"Cookie", "Authorization", "Host", "Accept-Encoding", "Range", "If-None-Match", "Connection", "Transfer-Encoding", "Content-Length",
		"cookie", "Accept-Language", "Accept", "RSC", "User-Agent", "Origin", "X-Forwarded-Host",
	} {
		routes = append(routes, vary(header, "[en]"))
	}
	for _, route := range routes {
		c, err := config.Parse("f", []byte("origin: {url: 'http://127.0.0.1:3000'}\nroutes: ["+route+"]\n"), environ(""))
		if err == nil {
			if refused := takes(t, c); refused != nil {
				t.Errorf("%s: Parse takes what a site refuses: %v", route, refused)
			}
		}
	}
	// Headers are refused by both or by none.
	for _, header := range []string{"Accept", "RSC", "User-Agent", "Cookie", "Range"} {
		_, err := config.Parse("f", []byte("origin: {url: 'http://127.0.0.1:3000'}\nroutes: ["+vary(header, "[en]")+"]\n"), environ(""))
		refused := takes(t, &config.Config{Sites: []config.Site{{Routes: []config.Route{{Path: "/a", Vary: []config.Vary{{Header: header, Values: []string{"en"}}}}}}}})
		if (err == nil) != (refused == nil) {
			t.Errorf("vary %s: Parse says %v, a site %v", header, err, refused)
		}
	}
}

// A path that the file may name is one that a site can have a page for.
func TestPathsAreThoseOfSites(t *testing.T) {
	for _, path := range []string{
		"/", "/a", "/a/", "/a%20b", "/caf%C3%A9", "/café", "/a b", "//a", "/a//b", "/.", "/..", "/a/../b", "/a/./b", "/%2e%2e/a", "/a%2Fb", "/a%5Cb", `/a\b`,
		"/100%", "/a%00", "/a%0ab", "a", "", "/a;b", "/a:b", "/a,b", "/a=b&c", "/~a", "/a%", "/" + strings.Repeat("a", 3000), strings.Repeat("/a", 70),
	} {
		data := fmt.Sprintf("origin: {url: 'http://127.0.0.1:3000'}\nhooks: [{path: %q, secret: '${A}', paths: ['/{id}']}]\n", path)
		_, err := config.Parse("f", []byte(data), environ("A="+goodSecret))
		_, refused := reprint.CanonicalPath(path)
		if (err == nil) != (refused == nil) {
			t.Errorf("%.40q: Parse says %.200v, a site %.200v", path, err, refused)
		}
	}
}
