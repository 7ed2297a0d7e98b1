package main_test

import (
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

const (
	editorToken = "f3a1c5e79b2d4680f3a1c5e79b2d4680"
	blogToken   = "0b9d8c7e6f5a4b3c2d1e0f9a8b7c6d5e"
	readerToken = "9d8c7e6f5a4b3c2d1e0f9a8b7c6d5e0b"
	hookSecret  = "5a4b3c2d1e0f9a8b7c6d5e0b9d8c7e6f"
)

// guarded is a file with tokens of all kinds.
func guarded(origin string, more ...string) string {
	return `admin:
  listen: 127.0.0.1:0
  tokens:
    - {name: editor, secret: ` + editorToken + `}
    - {name: blog, secret: ` + blogToken + `, actions: [revalidate, read], paths: ["/blog/*"], tags: ["blog-*"]}
    - {name: reader, secret: ` + readerToken + `, actions: [read]}
origin: {url: "` + origin + `"}
routes:
  - {path: "/blog/{id}", tags: [blog-posts]}
  - {path: "/shop/{id}", tags: [shop]}
hooks:
  - {path: /api/revalidate, secret: ` + hookSecret + `, paths: ["/blog/{id}"]}
` + strings.Join(more, "\n") + "\n"
}

// T-075, T-109: a server whose admin API anybody could use does not start.
func TestAServerThatAnybodyCouldStealDoesNotStart(t *testing.T) {
	const origin = "origin: {url: \"http://127.0.0.1:1\"}\n"
	hook := func(secret string) string {
		return origin + "hooks: [{path: /hook, secret: \"" + secret + "\", paths: [\"/{id}\"]}]\n"
	}
	token := func(secret string) string {
		return origin + "admin: {tokens: [{name: a, secret: \"" + secret + "\"}]}\n"
	}
	for name, file := range map[string]string{
		"open to the network": origin + "admin: {listen: \"0.0.0.0:0\"}\n", "open to all addresses": origin + "admin: {listen: \":0\"}\n", "open to all addresses of IPv6": origin + "admin: {listen: \"[::]:0\"}\n",
		"no secret": token(""), "blank": token("                    "), "short": token("0123456789abcd"), "a placeholder": token("changeme-changeme"), "an empty variable": token("${EMPTY_TOKEN}"),
		"a variable that is not there": token("${NO_SUCH_TOKEN}"), "a hook without a secret": origin + "hooks: [{path: /hook, paths: [\"/{id}\"]}]\n", "a hook, blank": hook(""), "a hook, short": hook("secret"), "a hook, placeholder": hook("YOUR_SECRET_TOKEN_HERE"),
		"the public address": origin + "listen: 127.0.0.1:18080\nadmin: {listen: \"127.0.0.1:18080\"}\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := &running{t: t, dir: t.TempDir()}
			s.configure(strings.ReplaceAll(file, "listen: 127.0.0.1:18080\n", ""))
			if name == "the public address" {
				s.rewrite(file)
			}
			c := command(t, s.dir, []string{"EMPTY_TOKEN="}, "serve", "--config", "reprint.yaml")
			out, err := c.CombinedOutput()    // it ends at once, or the test does after its time
			exit, ok := err.(*exec.ExitError) //nolint:errorlint // as package exec documents
			if !ok || exit.ExitCode() != 1 && exit.ExitCode() != 2 || !strings.Contains(string(out), "reprint.yaml:") {
				t.Errorf("%v:\n%s", err, out)
			}
			for _, secret := range []string{"0123456789abcd", "changeme-changeme", "YOUR_SECRET"} {
				if strings.Contains(string(out), secret) {
					t.Errorf("it shows the secret:\n%s", out)
				}
			}
		})
	}
}

// T-076, T-077, T-078, T-110, T-113: who may not call changes nothing, and every
// answer says that it is for the caller alone.
func TestCallsThatAreRefused(t *testing.T) {
	var renders atomic.Int64
	o := newStub(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, renders.Add(1)) })
	open := serve(t, bothWays(o.url))
	s := serve(t, guarded(o.url))
	s.get("/blog/1")
	before := renders.Load()
	const all = `{"all":true}`
	const json = "Content-Type: application/json"
	const bearer = "Authorization: Bearer " + editorToken
	for _, test := range []struct {
		name, method, target, body string
		headers                    []string
		status                     int
	}{
		{"nobody", "POST", "/v1/revalidate", all, []string{json}, 401},
		{"empty", "POST", "/v1/revalidate", all, []string{json, "Authorization: Bearer "}, 401},
		{"the beginning of a secret", "POST", "/v1/revalidate", all, []string{json, "Authorization: Bearer " + editorToken[:31]}, 401},
		{"Basic", "POST", "/v1/revalidate", all, []string{json, "Authorization: Basic " + editorToken}, 401},
		{"in the query", "POST", "/v1/revalidate?secret=" + editorToken, all, []string{json}, 401},
		{"as token in the query", "POST", "/v1/revalidate?token=" + editorToken, all, []string{json}, 401},
		{"as a cookie", "POST", "/v1/revalidate", all, []string{json, "Cookie: token=" + editorToken}, 401},
		{"the hook's secret", "POST", "/v1/revalidate", all, []string{json, "Authorization: Bearer " + hookSecret}, 401},
		{"status", "GET", "/v1/status", "", nil, 401},
		{"pages", "GET", "/v1/pages", "", nil, 401},
		{"metrics", "GET", "/metrics", "", nil, 401},
		{"GET", "GET", "/v1/revalidate?all=true", "", []string{bearer}, 405},
		{"HEAD", "HEAD", "/v1/revalidate", "", []string{bearer}, 405},
		{"PURGE", "PURGE", "/v1/revalidate", all, []string{json, bearer}, 405},
		{"a preflight", "OPTIONS", "/v1/revalidate", "", []string{"Origin: https://evil.test", "Access-Control-Request-Method: POST"}, 405},
		{"a method in a header", "GET", "/v1/revalidate", "", []string{bearer, "X-HTTP-Method-Override: POST"}, 405},
		{"a form", "POST", "/v1/revalidate", "all=true", []string{"Content-Type: application/x-www-form-urlencoded", bearer}, 415},
		{"text", "POST", "/v1/revalidate", all, []string{"Content-Type: text/plain", bearer}, 415},
		{"packed", "POST", "/v1/revalidate", all, []string{json, "Content-Encoding: gzip", bearer}, 415},
		{"of another site", "POST", "/v1/revalidate", all, []string{json, bearer, "Origin: https://evil.test"}, 403},
		{"of another site, as browsers say it", "POST", "/v1/revalidate", all, []string{json, bearer, "Sec-Fetch-Site: cross-site"}, 403},
		{"no such path", "POST", "/V1/revalidate", all, []string{json, bearer}, 404},
		{"too large", "POST", "/v1/revalidate", `{"paths":["` + strings.Repeat("a", 2<<20) + `"]}`, []string{json, bearer}, 413},
	} {
		r, err := s.request(s.admin, test.method, test.target, strings.NewReader(test.body), test.headers...)
		if err != nil {
			t.Fatal(err)
		}
		a, err := read(oneConnection.Do(r))
		if err != nil || a.StatusCode != test.status {
			t.Errorf("%s: %d %s %v, want %d", test.name, a.StatusCode, a.body, err, test.status)
			continue
		}
		checkAdminHeader(t, test.name, a)
	}
	// Without tokens a name that somebody else controls is not this server's.
	for _, host := range []string{"evil.test", "127.0.0.1.evil.test", "2130706433"} {
		a := open.call("POST", "/v1/revalidate", all, "Host: "+host)
		if a.StatusCode != 421 {
			t.Errorf("as %s: %d %s", host, a.StatusCode, a.body)
		}
		checkAdminHeader(t, host, a)
	}
	if a := open.call("POST", "/v1/revalidate", all, "Origin: https://evil.test"); a.StatusCode != 403 {
		t.Errorf("without tokens, of another site: %d", a.StatusCode)
	}
	if renders.Load() != before {
		t.Error("something was rendered")
	}
	s.secret = editorToken
	if n := s.status("position"); n != 0 {
		t.Errorf("the journal is at %v", n)
	}
	for _, target := range []string{"/healthz", "/v1/status", "/v1/pages", "/metrics", "/no-such"} {
		checkAdminHeader(t, target, s.call("GET", target, ""))
	}
}

func checkAdminHeader(t *testing.T, what string, a answer) {
	t.Helper()
	h := a.Header
	if h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" ||
		h.Get("Cross-Origin-Resource-Policy") != "same-origin" || !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'") || len(h["Set-Cookie"]) > 0 {
		t.Errorf("%s: %v", what, h)
	}
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("%s: %s", what, name)
		}
	}
}

// T-079, T-085: a token does what it says and no more, however a target is
// written; what is no target is a 400.
func TestATokenReachesNoFurther(t *testing.T) {
	o := newStub(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "page") })
	stranger := newStub(t, echo)
	s := serve(t, guarded(o.url))
	s.get("/blog/1")
	s.get("/shop/1")
	rendered := o.times("/shop/1")
	for _, test := range []struct {
		token, body string
		status      int
	}{
		{blogToken, `{"paths":["/blog/1"]}`, 200},
		{blogToken, `{"paths":["/%62log/1"]}`, 200},
		{blogToken, `{"tags":["blog-posts"]}`, 200},
		{blogToken, `{"paths":["/shop/1"]}`, 403},
		{blogToken, `{"paths":["/blog/1","/shop/1"]}`, 403},
		{blogToken, `{"paths":["/blog/../shop/1"]}`, 400},
		{blogToken, `{"paths":["/blog/%2e%2e/shop/1"]}`, 400},
		{blogToken, `{"paths":["/blog/..%2fshop/1"]}`, 400},
		{blogToken, `{"paths":["/blog//shop/1"]}`, 400},
		{blogToken, `{"prefixes":["/"]}`, 403},
		{blogToken, `{"prefixes":["/blo"]}`, 403},
		{blogToken, `{"tags":["shop"]}`, 403},
		{blogToken, `{"tags":["blog"]}`, 403},
		{blogToken, `{"all":true}`, 403},
		{blogToken, `{"paths":["/blog/1"],"host":"evil.test"}`, 400},
		{readerToken, `{"paths":["/blog/1"]}`, 403},
		{editorToken, `{"paths":["` + stranger.url + `/x"]}`, 400},
		{editorToken, `{"paths":["//evil.test/x"]}`, 400},
		{editorToken, `{"paths":["/a\r\nX: y"]}`, 400},
		{editorToken, `{"paths":["/a\u0000"]}`, 400},
		{editorToken, `{"paths":["/../"]}`, 400},
		{editorToken, `{"paths":["*"]}`, 400},
		{editorToken, `{"paths":["blog/1"]}`, 400},
		{editorToken, `{"paths":["/` + strings.Repeat("a", 3000) + `"]}`, 400},
		{editorToken, `{"tags":["` + strings.Repeat("a", 5000) + `"]}`, 400},
		{editorToken, `{"tags":["a b"]}`, 400},
		{editorToken, `{"tags":["a\u0000"]}`, 400},
		{editorToken, `{"tags":[""]}`, 400},
		{editorToken, `{"all":true,"mode":"destroy"}`, 400},
		{editorToken, `{"all":true,"All":false}`, 400},
		{editorToken, `{"all":true}{"all":true}`, 400},
		{editorToken, `{}`, 400},
		{editorToken, `[]`, 400},
		{editorToken, `{"paths":["/shop/1"],"paths":["/blog/1"]}`, 400},
	} {
		s.secret = test.token
		if a := s.call("POST", "/v1/revalidate", test.body); a.StatusCode != test.status {
			t.Errorf("%.100s: %d %.300s, want %d", test.body, a.StatusCode, a.body, test.status)
		}
	}
	if o.times("/shop/1") != rendered {
		t.Error("a page was rendered that no token reaches")
	}
	s.secret = blogToken
	for target, status := range map[string]int{
		"/v1/pages": 403, "/v1/pages?prefix=/shop/": 403, "/v1/pages?tag=shop": 403, "/v1/pages?prefix=/blog/": 200, "/v1/pages/explain?path=/shop/1": 403, "/v1/pages/explain?path=/blog/1": 200,
		"/v1/pages/explain?path=/blog/%252e%252e/shop/1": 403,
	} {
		a := s.call("GET", target, "")
		if a.StatusCode != status && (status != 403 || a.StatusCode != 400 && !strings.Contains(target, "252e")) || strings.Contains(a.body, `"/shop/1"`) {
			t.Errorf("%s: %d %s, want %d", target, a.StatusCode, a.body, status)
		}
	}
	// Lists are read from the origin and from nobody else.
	s.secret = editorToken
	for _, body := range []string{`{"sitemap":"` + stranger.url + `/sitemap.xml"}`, `{"url":"` + stranger.url + `/list"}`, `{"url":"//` + strings.TrimPrefix(stranger.url, "http://") + `/list"}`, `{"url":"file:///etc/passwd"}`, `{"url":"http://169.254.169.254/"}`} {
		if a := s.call("POST", "/v1/prerender", body); a.StatusCode == 200 && !strings.Contains(a.body, `"error"`) {
			t.Errorf("%s: %d %s", body, a.StatusCode, a.body)
		}
	}
	if n := len(stranger.requests()); n > 0 {
		t.Errorf("a stranger was asked: %q", stranger.requests())
	}
}

// T-080: secrets are changed without anybody noticing: while both are listed both
// do, and one that is dropped is over at once.
func TestSecretsAreChangedWhileTheServerRuns(t *testing.T) {
	const next = "6f5a4b3c2d1e0f9a8b7c6d5e0b9d8c7e"
	o := newStub(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "page") })
	s := serve(t, guarded(o.url))
	replace := func(from, to string) {
		s.rewrite(strings.ReplaceAll(guarded(o.url), from, to), "listen: 127.0.0.1:0\ndrain: 1s\n")
	}
	try := func(secret string) int {
		s := s.in(t)
		s.secret = secret
		return s.call("GET", "/v1/status", "").StatusCode
	}
	reload := func(count int) {
		if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "the file is taken over", func() bool { return strings.Count(s.log.String(), "configuration is taken over") == count })
	}
	if try(next) != 401 {
		t.Error("the new secret is valid before it is there")
	}
	stop := make(chan bool)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if status := try(editorToken); status != 200 {
					t.Errorf("the old secret gets %d while it is listed", status)
					return
				}
			}
		})
	}
	replace("secret: "+editorToken, `secrets: [`+editorToken+`, `+next+`]`)
	reload(1)
	if try(next) != 200 {
		t.Error("the new secret is not valid")
	}
	close(stop)
	wg.Wait()
	replace("secret: "+editorToken, "secret: "+next)
	reload(2)
	if try(next) != 200 || try(editorToken) != 401 {
		t.Error("the old secret is still valid, or the new one is not")
	}
	// A file that cannot be taken over takes nothing away.
	replace("secret: "+editorToken, "secret: short")
	if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the file is refused", func() bool { return strings.Contains(s.log.String(), "is not taken over") })
	if try(next) != 200 {
		t.Error("the secret that was valid is not any more")
	}
}

// rewrite replaces the server's file as a whole.
func (s *running) rewrite(parts ...string) {
	s.t.Helper()
	writeFile(s.t, filepath.Join(s.dir, "reprint.yaml"), strings.Join(parts, ""))
}

// T-077, T-096, T-116: no secret is in a log, a metric or an answer.
func TestNoSecretIsShown(t *testing.T) {
	const header = "8c7e6f5a4b3c2d1e0f9a8b7c6d5e0b9d"
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "bad") {
			w.WriteHeader(http.StatusInternalServerError)
		}
		io.WriteString(w, "page")
	})
	s := serve(t, strings.Replace(guarded(o.url, "log: {level: debug}"), "origin: {", "origin: {headers: {X-Key: \"${HEADER_SECRET}\"}, ", 1), "HEADER_SECRET="+header)
	s.secret = editorToken
	var shown strings.Builder
	show := func(a answer) { fmt.Fprintln(&shown, a.StatusCode, a.Header, a.body) }
	for _, id := range []string{"1", "bad", "", "../x"} {
		for _, secret := range []string{hookSecret, hookSecret[:20]} {
			show(s.get("/api/revalidate?secret=" + secret + "&id=" + id))
			show(s.get("/api/revalidate?id=" + id + ";secret=" + secret))
			show(s.do("POST", "/api/revalidate?id="+id, strings.NewReader("x"), "Authorization: Bearer "+secret))
		}
	}
	show(s.get("/blog/1?secret=" + hookSecret))
	show(s.get("/blog/bad?token=" + editorToken))
	show(s.get("/blog/1", "Authorization: Bearer "+editorToken))
	for _, target := range []string{"/v1/status", "/v1/pages", "/v1/pages/explain?path=/blog/1", "/v1/pages/explain?path=/blog/bad", "/metrics", "/no-such", "/v1/status?token=" + blogToken, "/v1/receipts/x", "/v1/status?secret=" + hookSecret} {
		show(s.call("GET", target, ""))
	}
	show(s.call("POST", "/v1/revalidate", `{"all":true}`))
	show(s.call("POST", "/v1/revalidate", `{"secret":"`+hookSecret+`"}`))
	show(s.call("POST", "/v1/revalidate", `{"paths":["/blog/bad"]}`))
	if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the file is taken over", func() bool { return strings.Contains(s.log.String(), "configuration is taken over") })
	for _, args := range [][]string{{"version", "--json"}, {"config", "check", "reprint.yaml"}, {"pages", "--json", "--admin", "http://" + s.admin}} {
		out, _ := command(t, s.dir, []string{"HEADER_SECRET=" + header, "REPRINT_TOKEN=" + editorToken}, args...).CombinedOutput()
		shown.Write(out)
	}
	shown.WriteString(s.log.String())
	for name, secret := range map[string]string{"editor": editorToken, "blog": blogToken, "reader": readerToken, "hook": hookSecret, "header": header} {
		if at := strings.Index(shown.String(), secret[:20]); at >= 0 {
			t.Errorf("the secret of %s is shown: %.300s", name, shown.String()[max(0, at-200):])
		}
	}
	if !strings.Contains(s.log.String(), "/api/revalidate?secret=[redacted]&id=1") {
		t.Error("the log does not show the calls; nothing was looked at")
	}
}
