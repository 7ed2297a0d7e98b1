package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint/config"
)

const fullEnv = `EDITOR_TOKEN=q7Wz3Rk9Lm2Xv5B8-editor
NEW_TOKEN=q7Wz3Rk9Lm2Xv5B8-new
OLD_TOKEN=q7Wz3Rk9Lm2Xv5B8-old
DATA=/var/lib
RENDERS=32
API_KEY=abc
HOOK_SECRET=q7Wz3Rk9Lm2Xv5B8-hook
REPRINT_TOKEN=q7Wz3Rk9Lm2Xv5B8-token
REVALIDATE_SECRET=q7Wz3Rk9Lm2Xv5B8-revalidate
`

func goodFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files (%v), want at least 5", len(files), err)
	}
	return files
}

func parse(t testing.TB, data string) *config.Config {
	t.Helper()
	c, err := config.Parse("reprint.yaml", []byte(data), environ(fullEnv))
	if err != nil {
		t.Fatalf("Parse:\n%v", err)
	}
	return c
}

func load(t testing.TB, name string) *config.Config {
	t.Helper()
	c, err := config.Load("testdata/good/"+name, environ(fullEnv))
	if err != nil {
		t.Fatalf("Load:\n%v", err)
	}
	return c
}

func TestGoodFiles(t *testing.T) {
	for _, file := range goodFiles(t) {
		c, err := config.Load(file, environ(fullEnv))
		if err != nil {
			t.Errorf("%s:\n%v", file, err)
		} else if c.File != file {
			t.Errorf("File %q, want %q", c.File, file)
		}
	}
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestDesign reads the file that the design shows, to the letter.
func TestDesign(t *testing.T) {
	c := load(t, "design.yaml")
	equal(t, c.Listen, "127.0.0.1:8080")
	equal(t, c.Admin.Listen, "127.0.0.1:8081")
	// Secrets are compared by themselves: they do not print.
	equal(t, c.Admin.Tokens[0].Name, "editor")
	equal(t, c.Admin.Tokens[0].Secrets, []string{"q7Wz3Rk9Lm2Xv5B8-token"})
	equal(t, c.Store, config.Store{Path: "./data/reprint.db", Memory: 256 << 20, Disk: 10 << 30, MaxPages: 1_000_000, Receipts: 30 * 24 * time.Hour})
	site := c.Sites[0]
	equal(t, site.Origin.URL, "http://127.0.0.1:3000")
	equal(t, site.Origin.Timeout, 10*time.Second)
	posts := site.Routes[0]
	if len(posts.Vary) != 1 || posts.Vary[0].Header != "Accept-Language" || len(posts.Vary[0].Values) < 20 || posts.Vary[0].Values[0] != "en" {
		t.Errorf("vary %+v, want many languages, English first", posts.Vary)
	}
	posts.Vary = nil
	equal(t, posts, config.Route{
		Path: "/posts/{id}", Pos: config.Pos{Line: 15, Column: 11},
		Revalidate: time.Hour, Expire: 720 * time.Hour, Negative: 30 * time.Second, Timeout: 10 * time.Second, History: 10,
		Fallback: "blocking", Query: []string{"page"}, Tags: []string{"post:{id}", "type:post"},
		Prerender: &config.Prerender{Sitemap: "/sitemap.xml"},
	})
	if account := site.Routes[1]; account.Path != "/account/" || !account.Bypass {
		t.Errorf("route %+v, want /account/ to pass through", account)
	}
	equal(t, site.Hooks[0].Secrets, []string{"q7Wz3Rk9Lm2Xv5B8-revalidate"})
	hook := site.Hooks[0]
	hook.Secrets = nil
	equal(t, hook, config.Hook{
		Path: "/api/revalidate", Param: "id", Missing: "Post ID is required",
		Paths: []string{"/posts/{id}"}, Pos: config.Pos{Line: 27, Column: 11},
	})
}

func TestDefaults(t *testing.T) {
	c := load(t, "minimal.yaml")
	site := c.Sites[0]
	for _, name := range []string{"utm_*", "gclid", "fbclid", "msclkid"} {
		if !strings.Contains(strings.Join(site.Drop, " "), name) {
			t.Errorf("%s is not dropped: %q", name, site.Drop)
		}
	}
	for _, name := range []string{"PHPSESSID", "*_session", "wordpress_logged_in_*", "connect.sid"} {
		if !strings.Contains(strings.Join(site.SessionCookie, " "), name) {
			t.Errorf("%s is no session cookie: %q", name, site.SessionCookie)
		}
	}
	site.Drop, site.SessionCookie = nil, nil
	equal(t, site, config.Site{
		Origin:        config.Origin{URL: "http://127.0.0.1:3000", Timeout: 30 * time.Second, HeaderTimeout: time.Minute, Conditional: true},
		TrailingSlash: "keep",
	})
	c.Sites, c.File = nil, ""
	equal(t, c, &config.Config{
		Listen:       "127.0.0.1:8080",
		Admin:        config.Admin{Listen: "127.0.0.1:8081"},
		Store:        config.Store{Memory: 256 << 20, Disk: 10 << 30, MaxPages: 1_000_000, Receipts: 30 * 24 * time.Hour},
		Limits:       config.Limits{Renders: 16, Queue: 10_000, MaxPage: 16 << 20, MaxHeader: 32 << 10},
		Revalidation: config.Revalidation{Calls: 1000},
		Log:          config.Log{Format: "json", Level: "info", Access: 1},
		FastLane:     true,
		Metrics:      true,
		Tracing:      config.Tracing{Sample: 1},
		Drain:        30 * time.Second,
	})
}

func TestDefaultIsTheMinimalFile(t *testing.T) {
	c, err := config.Default("http://127.0.0.1:3000")
	if err != nil {
		t.Fatal(err)
	}
	want := load(t, "minimal.yaml")
	want.File = ""
	equal(t, c, want)
}

func TestDefaultFaults(t *testing.T) {
	for url, want := range map[string]string{
		"":                         "origin.url: is empty",
		"localhost:3000":           "origin.url: ",
		"http://127.0.0.1:3000/x":  "has a path",
		"http://a:hunter2@b":       "user name or password",
		"http://x\nlisten: y":      "control character",
		"http://127.0.0.1:3000\t ": "control character",
	} {
		c, err := config.Default(url)
		if err == nil {
			t.Errorf("%q: %v, want an error", url, c)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), ":1:") || strings.Contains(err.Error(), "ORIGIN") {
			t.Errorf("%q: error %q, want %q and no place in a file", url, err, want)
		}
	}
}

func TestFull(t *testing.T) {
	c := load(t, "full.yaml")
	equal(t, c.Listen, "[::1]:8443")
	equal(t, c.TLS, &config.TLS{Certificate: "/etc/reprint/cert.pem", Key: "/etc/reprint/key.pem"})
	equal(t, c.Admin.Listen, "0.0.0.0:9000")
	equal(t, c.Admin.Hosts, []string{"admin.example.org"})
	editor, deploy := c.Admin.Tokens[0], c.Admin.Tokens[1]
	equal(t, editor.Secrets, []string{"q7Wz3Rk9Lm2Xv5B8-editor"})
	equal(t, deploy.Secrets, []string{"q7Wz3Rk9Lm2Xv5B8-new", "q7Wz3Rk9Lm2Xv5B8-old"})
	editor.Secrets = nil
	equal(t, editor, config.Token{
		Name: "editor", Actions: []string{"revalidate", "read"}, Paths: []string{"/posts/*", "/"},
		Tags: []string{"post:*"}, Hosts: []string{"example.org"}, Brake: &config.Brake{Pages: 50, Traffic: 0.025},
		Quota: config.Quota{Calls: 600, Per: time.Hour},
	})
	if deploy.Brake != nil {
		t.Errorf("brake %+v, want that of the site", deploy.Brake)
	}
	equal(t, c.Revalidation, config.Revalidation{Window: 50 * time.Millisecond, Calls: 200, Brake: config.Brake{Pages: 2000, Traffic: 0.2}})
	equal(t, c.Store, config.Store{Path: "/var/lib/reprint.db", Memory: 1 << 30, Disk: 50e9, MaxPages: 5_000_000, Receipts: 90 * 24 * time.Hour})
	equal(t, c.Limits, config.Limits{Renders: 32, Queue: 1000, MaxPage: 4 << 20, MaxHeader: 16 << 10})
	equal(t, c.TrustedProxies, []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("::1/128"),
	})
	equal(t, c.Log, config.Log{Format: "text", Level: "debug", Access: 0.25})
	equal(t, c.Tracing, config.Tracing{Endpoint: "http://127.0.0.1:4318", Sample: 0.5})
	equal(t, c.Compression, []string{"gzip", "br"})
	if c.FastLane {
		t.Error("the fast lane is on")
	}
	if c.Metrics || !c.ReadyAfterPrerender || c.Drain != 0 {
		t.Errorf("metrics %v, ready after prerender %v, drain %v; want false, true, 0", c.Metrics, c.ReadyAfterPrerender, c.Drain)
	}
	site := c.Sites[0]
	equal(t, site.Hosts, []string{"example.org", "www.example.org"})
	equal(t, site.Origin.Headers, [][2]string{{"X-Api-Key", "abc"}, {"Cookie", "a=b"}})
	site.Origin.Headers = nil
	equal(t, site.Origin, config.Origin{
		URL: "https://127.0.0.1:3443", Host: "www.example.org:8080", Proto: "https", Timeout: 90 * time.Second, HeaderTimeout: 5 * time.Second,
		Framework: "nextjs", MaxConnections: 64, ClientHeaders: []string{"next-router-*"}, AllowInsecure: true, AllowUndelimited: true,
	})
	equal(t, site.TrailingSlash, "remove")
	equal(t, site.SessionCookie, []string{"*_login"})
	if drop := strings.Join(site.Drop, " "); !strings.HasPrefix(drop, "utm_* ") || !strings.HasSuffix(drop, " ref session_*") {
		t.Errorf("drop %s, want the default list and two more", drop)
	}
	equal(t, site.Routes[0], config.Route{
		Path: "/posts/{id}", Pos: config.Pos{Line: 72, Column: 11}, WebSocket: true,
		Revalidate: 90 * time.Minute, Expire: 30 * 24 * time.Hour, Negative: 500 * time.Millisecond, Timeout: 2 * time.Minute,
		Fallback: "shell", Shell: "/loading", Query: []string{"*"},
		Vary: []config.Vary{{Header: "Accept-Language", Values: []string{"en", "de-CH", "zh-Hant"}}, {Header: "Rsc", Values: []string{"", "1"}}},
		Tags: []string{"post:{id}", "type:post"}, CacheControl: "public, max-age=60",
		BypassHeaders: []string{"X-Preview"}, BypassCookies: []string{"wordpress_logged_in_*"},
		Ignore: []string{"private", "no-store", "no-cache", "set-cookie"}, Invalidate: true, Pin: true, Volatile: []*regexp.Regexp{regexp.MustCompile(`nonce="[^"]*"`)},
		Proof: &config.Proof{
			Size: 0.125, Contains: []string{"</html>"}, Excludes: []string{"Fatal error", "Traceback"},
			Selectors: []string{"main article", "a[href^='/']"}, Index: true, Gone: new(int),
		},
		Prerender: &config.Prerender{
			Sitemap: "https://127.0.0.1:3443/sitemap.xml", Paths: []string{"/posts/1", "/posts/2?page=2"}, URL: "/api/paths?type=post", AtStart: true,
		},
	})
	news := site.Routes[1]
	if !news.FollowHeaders || news.Negative != 0 || news.Revalidate != 0 || news.Expire != 24*time.Hour || news.Timeout != 90*time.Second {
		t.Errorf("route %+v, want to follow the headers", news)
	}
	if events := site.Routes[2]; events.Fallback != "notfound" || events.Prerender.AtStart {
		t.Errorf("route %+v, want only what is listed, and not at the start", events)
	}
	equal(t, site.Hooks[0].Name, "blog")
	equal(t, site.Hooks[0].Paths, []string{"/posts/{slug}", "/"})
	equal(t, site.Hooks[1].Param, "id")
}

func TestSites(t *testing.T) {
	c := load(t, "sites.yaml")
	if len(c.Sites) != 2 {
		t.Fatalf("%d sites, want 2", len(c.Sites))
	}
	shop := c.Sites[1]
	equal(t, shop.Hosts, []string{"shop.example.org"})
	equal(t, shop.Origin.URL, "http://127.0.0.1:4000")
	if len(shop.Drop) != 0 || len(shop.SessionCookie) != 0 || len(c.Sites[0].Drop) == 0 {
		t.Errorf("drop %q, session cookies %q; want none, as the file says", shop.Drop, shop.SessionCookie)
	}
	equal(t, shop.Routes[0].Revalidate, 10*time.Minute)
	equal(t, shop.Routes[1].Path, "/about")
	equal(t, shop.Routes[1].Vary, []config.Vary{{Header: "X-Theme", Values: []string{"light", "dark"}}})
}

func TestDollarSigns(t *testing.T) {
	rt := load(t, "literal.yaml").Sites[0].Routes[0]
	equal(t, rt.CacheControl, `no-transform, x="${NOT_A_VARIABLE}"`)
	equal(t, rt.Tags, []string{"$5", "cost$", "a$$b"})
}

// A negative answer is never fresh for longer than a page.
func TestNegativeFollowsRevalidate(t *testing.T) {
	c := parse(t, "origin: {url: 'http://127.0.0.1:3000'}\nroutes: [{path: /a, revalidate: 5s}, {path: /b, revalidate: 5m}]\n")
	equal(t, c.Sites[0].Routes[0].Negative, 5*time.Second)
	equal(t, c.Sites[0].Routes[1].Negative, 30*time.Second)
}

func TestPrerenderAtStart(t *testing.T) {
	const routes = "origin: {url: 'http://127.0.0.1:3000'}\nroutes: [{path: /a, prerender: {paths: [/a]}}, {path: /b, prerender: {paths: [/b], atStart: false}}]\n"
	for start, want := range map[string][2]bool{"": {}, "prerender: false\n": {}, "prerender: true\n": {true, false}} {
		c := parse(t, start+routes)
		got := [2]bool{c.Sites[0].Routes[0].Prerender.AtStart, c.Sites[0].Routes[1].Prerender.AtStart}
		if got != want {
			t.Errorf("%q: at start %v, want %v", start, got, want)
		}
	}
}

func TestNoAdmin(t *testing.T) {
	c := parse(t, "admin: {listen: none}\nlisten: 127.0.0.1:8081\norigin: {url: 'http://127.0.0.1:3000'}\n")
	equal(t, c.Admin, config.Admin{})
}

// Port 0 is another port each time.
func TestAnyPort(t *testing.T) {
	c := parse(t, "admin: {listen: '127.0.0.1:0'}\nlisten: 127.0.0.1:0\norigin: {url: 'http://127.0.0.1:3000'}\n")
	equal(t, c.Listen, c.Admin.Listen)
}

// Editors on Windows write a byte order mark and other line ends.
func TestEncodings(t *testing.T) {
	data, err := os.ReadFile("testdata/good/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := parse(t, string(data))
	equal(t, parse(t, "\ufeff"+string(data)), want)
	equal(t, parse(t, strings.ReplaceAll(string(data), "\n", "\r\n")), want)
	equal(t, parse(t, strings.TrimSuffix(string(data), "\n")), want)
}

func TestUnreadable(t *testing.T) {
	const origin = "origin: {url: 'http://127.0.0.1:3000'}\n"
	tests := []struct{ name, data, want string }{
		{"nothing", "", "f:1:1: the file is empty"},
		{"separator only", "---\n", "f:1:1: the file is empty"},
		{"UTF-16", "\xff\xfel\x00i\x00", "f:1:1: the file is in UTF-16"},
		{"not UTF-8", origin + "listen: caf\xe9\n", "f:2:12: a byte that is not UTF-8"},
		{"NUL", origin + "\x00\n", "f:2:1: the control character U+0000"},
		{"escape sequence", origin + "listen: \x1b[31m\n", "f:2:9: the control character U+001B"},
		{"lone carriage return", origin + "a: b\rc: d\n", "f:2:5: the control character U+000D"},
		{"escaped escape sequence", origin + "listen: \"\\e[31m\"\n", `f:2:9: listen: "\x1b[31m" holds a line break`},
		{"too large", origin + strings.Repeat("#", 1<<20), "f:1:1: the file is larger"},
		{"wide", "a: {" + strings.Repeat("b: c, ", 2000) + "}\n", "more than 1000 keys"},
		{"wide block", func() string {
			var b strings.Builder
			for i := range 2000 {
				fmt.Fprintf(&b, "key%d: x\n", i)
			}
			return b.String()
		}(), "f:1001:8: more than 1000 keys"},
		{"deep block", strings.Repeat("- ", 1000) + "a\n", "more than 32 mappings and lists"},
		{"deep flow", strings.Repeat("[", 100000), "more than 32 mappings and lists"},
		{"many anchors", strings.Repeat("&a ", 50000), "an anchor"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := config.Parse("f", []byte(test.data), environ(""))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %.200v, want %q", err, test.want)
			}
			var faults config.Errors
			if errors.As(err, &faults) && strings.ContainsAny(faults.Explain(), "\x1b\x00\r") {
				t.Errorf("a control character reaches the terminal: %q", faults.Explain())
			}
		})
	}
}

// A thousand routes are not a mapping with a thousand keys, however they are
// indented.
func TestManyRoutes(t *testing.T) {
	for _, indent := range []string{"", "  "} {
		var b strings.Builder
		b.WriteString("origin: {url: 'http://127.0.0.1:3000'}\nroutes:\n")
		for i := range 2000 {
			fmt.Fprintf(&b, "%s- path: /route%d/{id}\n%s  revalidate: 1h\n", indent, i, indent)
		}
		if c := parse(t, b.String()); len(c.Sites[0].Routes) != 2000 {
			t.Errorf("%d routes, want 2000", len(c.Sites[0].Routes))
		}
	}
}

func TestLoad(t *testing.T) {
	if _, err := config.Load(filepath.Join(t.TempDir(), "missing.yaml"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want that the file is not there", err)
	}
	if _, err := config.Load(t.TempDir(), nil); err == nil {
		t.Error("a directory was read as a file")
	}
	t.Setenv("REPRINT_TOKEN", goodSecret)
	t.Setenv("REVALIDATE_SECRET", goodSecret)
	c, err := config.Load("testdata/good/design.yaml", nil)
	if err != nil || c.Admin.Tokens[0].Secrets[0] != goodSecret {
		t.Errorf("%v, %v; want the secret of the environment", c, err)
	}
}

// What a configuration prints may end in a log.
func TestSecretsDoNotPrint(t *testing.T) {
	c := load(t, "full.yaml")
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	printed := map[string]string{"JSON": string(data)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, v := range []any{c, *c, c.Sites, c.Admin, c.Admin.Tokens[0], &c.Admin.Tokens[0], c.Sites[0].Origin, c.Sites[0].Hooks[0]} {
			printed[fmt.Sprintf("%s of %T", verb, v)] = fmt.Sprintf(verb, v)
		}
	}
	for how, text := range printed {
		if strings.Contains(text, "q7Wz3Rk9Lm2Xv5B8") || strings.Contains(text, "abc") {
			t.Errorf("%s shows a secret: %s", how, text)
		}
	}
	if !strings.Contains(printed["JSON"], "[redacted]") || c.Sites[0].Origin.Headers[0][1] != "abc" {
		t.Errorf("the secrets are gone from %s, or from the configuration itself", printed["JSON"])
	}
}

// Long lines are cut around the place of the fault.
func TestExcerptOfLongLine(t *testing.T) {
	hosts := strings.Repeat("a.example.org, ", 40)
	_, err := config.Parse("f", []byte("origin: {url: 'http://127.0.0.1:3000'}\nhosts: ["+hosts+"b:80]\n"), environ(""))
	var faults config.Errors
	if !errors.As(err, &faults) {
		t.Fatal(err)
	}
	last := faults[len(faults)-1]
	lines := strings.Split(last.Excerpt(), "\n")
	if len(lines) != 3 || len(lines[0]) > 130 || !strings.Contains(lines[0], "b:80") {
		t.Fatalf("excerpt %q, want a short line with the fault", lines)
	}
	column := len([]rune(lines[1])) - 1
	if got := string([]rune(lines[0])[column:]); got != "b:80]" {
		t.Errorf("the mark is at %q, want it at the fault", got)
	}
}
