package admin_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
	"github.com/reprint-go/reprint/internal/logtest"
)

func TestNewReportsEveryFault(t *testing.T) {
	_, err := admin.New(admin.Options{
		Hosts: []string{"https://example.com", "a:80"},
		Tokens: []admin.Token{
			{Name: "", Secrets: []string{oldSecret}},
			{Name: "no secret"},
			{Name: "weak", Secrets: []string{"changeme-changeme", "short", ""}},
			{Name: "twice", Secrets: []string{newSecret}},
			{Name: "twice", Secrets: []string{newSecret}},
			{Name: "other", Secrets: []string{newSecret}},
			{
				Name: "scoped", Secrets: []string{readerSecret}, Actions: []string{"purge"},
				Paths: []string{"posts/*", "/a*b", "/../x", "//x", "/%2f", "/a?b"},
				Tags:  []string{"a b", "", "*:post"}, Hosts: []string{"h:80"},
				Brake: &reprint.Brake{Pages: -1},
			},
		},
	})
	if err == nil {
		t.Fatal("New took options without one right value")
	}
	for _, want := range []string{
		"Site is nil", `"https://example.com" is no host name`, `"a:80" is no host name`,
		`token 1 of 7: the name "" must be`, `the name "no secret" must be`, "Secrets is empty",
		`token "weak": secret 1 of 3 is a placeholder`, "secret 2 of 3 is shorter", "secret 3 of 3 is blank", "openssl rand -hex 32",
		`token "twice" is there twice`, `token "other": secret 1 of 1 is also one of token "twice"`,
		`unknown action "purge"; there are read, revalidate and prerender`,
		`path pattern "posts/*"`, `path pattern "/a*b": a * can only be its end`, `path pattern "/../x"`, `path pattern "//x"`, `path pattern "/%2f"`, `path pattern "/a?b"`,
		`tag pattern "a b"`, `tag pattern ""`, `tag pattern "*:post"`, `host "h:80"`,
		`token "scoped": brake: -1 pages`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not hold %q:\n%v", want, err)
		}
	}
	for _, secret := range []string{oldSecret, newSecret, readerSecret, "changeme", "short\n"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error holds the secret %q", secret)
		}
	}
}

func TestAuthentication(t *testing.T) {
	const challenge, invalid = `Bearer realm="reprint"`, `Bearer realm="reprint", error="invalid_token"`
	tests := []struct {
		name      string
		call      call
		status    int
		challenge string
		want      string
	}{
		{"valid", call{secret: newSecret}, 200, "", ""},
		{"the other secret of a rotation", call{secret: oldSecret}, 200, "", ""},
		{"scheme in lower case", call{header: []string{"Authorization: bearer " + newSecret}}, 200, "", ""},
		{"none", call{}, 401, challenge, "a token is required"},
		{"empty", call{header: []string{"Authorization: Bearer "}}, 401, challenge, "a token is required"},
		{"another scheme", call{header: []string{"Authorization: Basic " + newSecret}}, 401, challenge, "a token is required"},
		{"no scheme", call{header: []string{"Authorization: " + newSecret}}, 401, challenge, "a token is required"},
		{"wrong", call{secret: "wrong"}, 401, invalid, "invalid token"},
		{"the beginning", call{secret: newSecret[:20]}, 401, invalid, "invalid token"},
		{"another case", call{secret: strings.ToUpper(newSecret)}, 401, invalid, "invalid token"},
		{"the name", call{secret: "editor"}, 401, invalid, "invalid token"},
		{"in the query", call{target: "/v1/status?secret=" + newSecret}, 401, challenge, "not taken from the query"},
		{"in the query, by another name", call{target: "/v1/status?access_token=" + newSecret}, 401, challenge, "not taken from the query"},
		{"valid, and one in the query", call{target: "/v1/status?token=x", secret: newSecret}, 400, "", `unknown parameter "token"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var log logtest.Buffer
			opts := withTokens(&fakeSite{})
			opts.Log = log.Logger()
			if test.call.target == "" {
				test.call.target = "/v1/status"
			}
			w := test.call.do(t, newHandler(t, opts))
			wantStatus(t, w, test.status)
			if test.want != "" {
				wantTold(t, w, test.status, test.want)
			}
			if got := w.Header().Get("WWW-Authenticate"); got != test.challenge {
				t.Errorf("WWW-Authenticate: %q, want %q", got, test.challenge)
			}
			if out := w.Body.String() + log.String(); strings.Contains(out, newSecret) || strings.Contains(out, newSecret[:20]) {
				t.Errorf("the answer or the log holds what was presented: %s", out)
			}
		})
	}
}

// Every endpoint but the two of health asks for a token, whatever the method.
func TestEveryEndpointIsGuarded(t *testing.T) {
	opts := withTokens(&fakeSite{receipt: receiptOf(reprint.ResultRegenerated)})
	opts.Metrics = http.NotFoundHandler()
	h := newHandler(t, opts)
	for _, c := range []call{
		{target: "/v1/revalidate", body: `{"all":true}`}, {target: "/v1/prerender", body: `{}`},
		{target: "/v1/receipts/x"}, {target: "/v1/pages"}, {target: "/v1/pages/explain?path=/"}, {target: "/v1/status"}, {target: "/metrics"},
		{target: "/v1/status", method: "HEAD"},
		{target: "/v1/refills"}, {target: "/v1/refills/x", body: `{"do":"pause"}`},
		{target: "/v1/schedule"}, {target: "/v1/schedule?path=/a", method: "DELETE"}, {target: "/v1/schedule/x", method: "DELETE"},
	} {
		if w := c.do(t, h); w.Code != http.StatusUnauthorized {
			t.Errorf("%s %s without a token: %d", c.method, c.target, w.Code)
		}
	}
	for _, target := range []string{"/healthz", "/readyz"} {
		wantStatus(t, call{target: target}.do(t, h), http.StatusOK)
	}
}

func TestGuessingIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, withTokens(&fakeSite{}))
		guess := call{target: "/v1/status", secret: "wrong", from: "192.0.2.1:1000"}
		for range 12 {
			wantStatus(t, guess.do(t, h), http.StatusUnauthorized)
		}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				begin := time.Now()
				if w := guess.do(t, h); w.Code != http.StatusUnauthorized || time.Since(begin) != 2*time.Second {
					t.Errorf("answer %d after %v, want 401 after 2s", w.Code, time.Since(begin))
				}
			})
		}
		synctest.Wait()
		begin := time.Now()
		w := call{target: "/v1/status", secret: newSecret, from: "192.0.2.1:2000"}.do(t, h)
		wantTold(t, w, http.StatusTooManyRequests, "too many attempts")
		if got := w.Header().Get("Retry-After"); got != "2" {
			t.Errorf("Retry-After: %q, want 2", got)
		}
		wantStatus(t, call{target: "/v1/status", secret: newSecret, from: "192.0.2.2:1000"}.do(t, h), http.StatusOK)
		wantStatus(t, call{target: "/v1/status", from: "192.0.2.1:2000"}.do(t, h), http.StatusUnauthorized)
		wantStatus(t, call{target: "/readyz", from: "192.0.2.1:2000"}.do(t, h), http.StatusOK)
		if d := time.Since(begin); d != 0 {
			t.Errorf("others waited %v", d)
		}
		all.Wait()
	})
}

func TestAddressTellsClientsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := withTokens(&fakeSite{})
		opts.Address = func(r *http.Request) string { return r.Header.Get("X-Client") }
		h := newHandler(t, opts)
		took := func(client string) time.Duration {
			begin := time.Now()
			call{target: "/v1/status", secret: "wrong", header: []string{"X-Client: " + client}}.do(t, h)
			return time.Since(begin)
		}
		for range 5 {
			took("192.0.2.1")
		}
		if took("192.0.2.1") == 0 {
			t.Error("the sixth wrong guess was answered at once")
		}
		if d := took("192.0.2.2"); d != 0 {
			t.Errorf("the first mistake of another client took %v", d)
		}
	})
}

// scoped returns a handler for one token that is limited as given.
func scoped(t *testing.T, site admin.Site, token admin.Token) func(c call) (int, string) {
	t.Helper()
	token.Name, token.Secrets = "limited", []string{newSecret}
	h := newHandler(t, admin.Options{Site: site, Tokens: []admin.Token{token}, Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
	})})
	return func(c call) (int, string) {
		t.Helper()
		c.secret = newSecret
		w := c.do(t, h)
		return w.Code, w.Body.String()
	}
}

func TestActions(t *testing.T) {
	calls := map[string][]call{
		"read":       {{target: "/v1/receipts/x"}, {target: "/v1/pages"}, {target: "/v1/pages/explain?path=/a"}, {target: "/v1/status"}, {target: "/metrics"}, {target: "/v1/refills"}, {target: "/v1/schedule"}},
		"revalidate": {{target: "/v1/revalidate", body: `{"all":true}`}, {target: "/v1/refills/A", body: `{"do":"pause"}`}, {method: "DELETE", target: "/v1/schedule/A"}, {method: "DELETE", target: "/v1/schedule?path=/a"}},
		"prerender":  {{target: "/v1/prerender", body: `{}`}},
	}
	for _, granted := range [][]string{nil, {"*"}, {"read"}, {"revalidate"}, {"prerender"}, {"read", "revalidate"}} {
		t.Run(strings.Join(granted, ","), func(t *testing.T) {
			do := scoped(t, &fakeSite{receipt: receiptOf(reprint.ResultRegenerated), fakeLater: fakeLater{due: 1}}, admin.Token{Actions: granted})
			for action, all := range calls {
				want := http.StatusForbidden
				if len(granted) == 0 || granted[0] == "*" || strings.Contains(strings.Join(granted, " "), action) {
					want = http.StatusOK
				}
				for _, c := range all {
					got, body := do(c)
					if got != want {
						t.Errorf("%s: %d %s, want %d", c.target, got, body, want)
					}
					if got == http.StatusForbidden && !strings.Contains(body, "may not "+action) {
						t.Errorf("%s: %s does not say that the action is %s", c.target, body, action)
					}
				}
			}
		})
	}
}

func TestScopes(t *testing.T) {
	posts := admin.Token{Paths: []string{"/posts/*", "/about"}}
	tags := admin.Token{Tags: []string{"blog-*", "news"}}
	both := admin.Token{Paths: []string{"/posts/*"}, Tags: []string{"*"}}
	host := admin.Token{Hosts: []string{"WWW.example.com"}}
	hostAndPath := admin.Token{Hosts: []string{"www.example.com"}, Paths: []string{"/posts/*"}}
	tests := []struct {
		name   string
		token  admin.Token
		body   string
		status int
	}{
		{"path under a pattern", posts, `{"paths":["/posts/42"]}`, 200},
		{"deep under it", posts, `{"paths":["/posts/42/comments"]}`, 200},
		{"the stem itself", posts, `{"paths":["/posts/"]}`, 200},
		{"with a query", posts, `{"paths":["/posts/42?page=2"]}`, 200},
		{"the exact one", posts, `{"paths":["/about"]}`, 200},
		{"what must be encoded", posts, `{"paths":["/posts/café 1"]}`, 200},
		{"encoded letters of the stem", posts, `{"paths":["/%70osts/42"]}`, 200},
		{"beside the stem", posts, `{"paths":["/posts-2"]}`, 403},
		{"above the stem", posts, `{"paths":["/posts"]}`, 403},
		{"below the exact one", posts, `{"paths":["/about/us"]}`, 403},
		{"another", posts, `{"paths":["/shop/1"]}`, 403},
		{"another case", posts, `{"paths":["/Posts/42"]}`, 403},
		{"one of two", posts, `{"paths":["/posts/42","/shop/1"]}`, 403},
		{"the name of the pattern", posts, `{"paths":["/shop/1?/posts/42"]}`, 403},
		{"dot segments", posts, `{"paths":["/posts/../admin"]}`, 400},
		{"encoded dot segments", posts, `{"paths":["/posts/%2e%2E/admin"]}`, 400},
		{"encoded slash", posts, `{"paths":["/posts/..%2fadmin"]}`, 400},
		{"encoded backslash", posts, `{"paths":["/posts/..%5cadmin"]}`, 400},
		{"backslash", posts, `{"paths":["/posts/..\\admin"]}`, 400},
		{"two slashes", posts, `{"paths":["//posts/42"]}`, 400},
		{"two slashes behind", posts, `{"paths":["/posts//42"]}`, 400},
		{"fragment", posts, `{"paths":["/posts/42#x"]}`, 400},
		{"URL", posts, `{"paths":["https://evil.example/posts/42"]}`, 400},
		{"no slash", posts, `{"paths":["posts/42"]}`, 400},
		{"control character", posts, `{"paths":["/posts/a\r\nX: y"]}`, 400},
		{"prefix under a pattern", posts, `{"prefixes":["/posts/"]}`, 200},
		{"prefix deep under it", posts, `{"prefixes":["/posts/2026/"]}`, 200},
		{"prefix above it", posts, `{"prefixes":["/"]}`, 403},
		{"prefix of the exact one", posts, `{"prefixes":["/about"]}`, 403},
		{"prefix that climbs", posts, `{"prefixes":["/posts/../"]}`, 400},
		{"prefix with a question mark", posts, `{"prefixes":["/posts/?"]}`, 400},
		{"route under a pattern", posts, `{"patterns":["/posts/{id}"]}`, 200},
		{"route of one path", posts, `{"patterns":["/about"]}`, 200},
		{"route with a method and a host", posts, `{"patterns":["GET example.org/posts/{id}"]}`, 200},
		{"route above it", posts, `{"patterns":["/{section}/42"]}`, 403},
		{"route of a subtree above it", posts, `{"patterns":["/"]}`, 403},
		{"route of the subtree of the exact one", posts, `{"patterns":["/about/"]}`, 403},
		{"route of all below the exact one", posts, `{"patterns":["/about/{rest...}"]}`, 403},
		{"route that climbs", posts, `{"patterns":["/posts/../{id}"]}`, 403},
		{"no route at all", posts, `{"patterns":[""]}`, 403},
		{"tag without a pattern for tags", posts, `{"tags":["post:1"]}`, 403},
		{"the whole site", posts, `{"all":true}`, 403},
		{"path and the whole site", posts, `{"paths":["/posts/42"],"all":true}`, 403},

		{"tag under a pattern", tags, `{"tags":["blog-1"]}`, 200},
		{"the exact tag", tags, `{"tags":["news"]}`, 200},
		{"another tag", tags, `{"tags":["shop"]}`, 403},
		{"more than the exact tag", tags, `{"tags":["news-1"]}`, 403},
		{"route without a pattern for paths", tags, `{"patterns":["/blog-1"]}`, 403},
		{"path without a pattern for paths", tags, `{"paths":["/blog-1"]}`, 403},
		{"prefix without one", tags, `{"prefixes":["/blog-1/"]}`, 403},
		{"the whole site by tags", tags, `{"all":true}`, 403},

		{"any tag", both, `{"tags":["x"],"paths":["/posts/1"]}`, 200},
		{"any tag, wrong path", both, `{"tags":["x"],"paths":["/shop/1"]}`, 403},

		{"the host", host, `{"paths":["/x"],"host":"www.example.com"}`, 200},
		{"the host in another form", host, `{"paths":["/x"],"host":"WWW.Example.COM."}`, 200},
		{"all of the host", host, `{"all":true,"host":"www.example.com"}`, 200},
		{"no host", host, `{"paths":["/x"]}`, 403},
		{"another host", host, `{"paths":["/x"],"host":"shop.example.com"}`, 403},
		{"tag on the host", host, `{"tags":["x"],"host":"www.example.com"}`, 200},
		{"tag on all hosts", host, `{"tags":["x"]}`, 403},

		{"host and path", hostAndPath, `{"paths":["/posts/1"],"host":"www.example.com"}`, 200},
		{"host and wrong path", hostAndPath, `{"paths":["/x"],"host":"www.example.com"}`, 403},
		{"all of the host with paths", hostAndPath, `{"all":true,"host":"www.example.com"}`, 403},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			site := &fakeSite{receipt: receiptOf(reprint.ResultRegenerated)}
			got, body := scoped(t, site, test.token)(call{target: "/v1/revalidate", body: test.body})
			if got != test.status {
				t.Errorf("%s: %d %s, want %d", test.body, got, body, test.status)
			}
			if asked := len(site.applications()) > 0; asked != (got == http.StatusOK) {
				t.Errorf("the site was asked: %v", asked)
			}
			if got == http.StatusForbidden && (!strings.Contains(body, `token \"limited\"`) || !strings.Contains(body, `"fix":`)) {
				t.Errorf("%s does not say what is missing", body)
			}
		})
	}
}

// What was checked is what the site gets.
func TestSiteGetsTheCanonicalFormOfWhatWasChecked(t *testing.T) {
	site := &fakeSite{receipt: receiptOf(reprint.ResultRegenerated)}
	do := scoped(t, site, admin.Token{Paths: []string{"/posts/*"}})
	do(call{target: "/v1/revalidate", body: `{"paths":["/%70osts/caf\u00e9?q=%2F"],"prefixes":["/post%73/x/"]}`})
	got := site.applications()
	if len(got) != 1 || got[0].Paths[0] != "/posts/caf%C3%A9?q=%2F" || got[0].Prefixes[0] != "/posts/x/" {
		t.Errorf("the site was asked %+v", got)
	}
}

func TestLimitedTokensReadOnlyTheirPart(t *testing.T) {
	posts := admin.Token{Paths: []string{"/posts/*"}}
	tags := admin.Token{Tags: []string{"post:*"}}
	host := admin.Token{Hosts: []string{"www.example.com"}}
	tests := []struct {
		name   string
		token  admin.Token
		target string
		status int
	}{
		{"list all", posts, "/v1/pages", 403},
		{"list its prefix", posts, "/v1/pages?prefix=/posts/", 200},
		{"list below its prefix", posts, "/v1/pages?prefix=/posts/2", 200},
		{"list beside it", posts, "/v1/pages?prefix=/post", 403},
		{"list its prefix with a tag", posts, "/v1/pages?prefix=/posts/&tag=x", 200},
		{"list a tag", posts, "/v1/pages?tag=x", 403},
		{"explain", posts, "/v1/pages/explain?path=/posts/1", 200},
		{"explain another", posts, "/v1/pages/explain?path=/shop/1", 403},
		{"explain by a trick", posts, "/v1/pages/explain?path=/posts/%252e%252e/shop", 400},
		{"list its tag", tags, "/v1/pages?tag=post:1", 200},
		{"list another tag", tags, "/v1/pages?tag=shop:1", 403},
		{"list its tag under a prefix", tags, "/v1/pages?tag=post:1&prefix=/shop/", 200},
		{"explain without paths", tags, "/v1/pages/explain?path=/posts/1", 403},
		{"list all hosts", host, "/v1/pages", 403},
		{"list its host", host, "/v1/pages?host=www.example.com", 200},
		{"list another host", host, "/v1/pages?host=shop.example.com", 403},
		{"status", posts, "/v1/status", 200},
		{"another's receipt", posts, "/v1/receipts/x", 403},
		{"another's receipt, by host", host, "/v1/receipts/x", 403},
		{"anybody's receipt", admin.Token{}, "/v1/receipts/x", 200},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			site := &fakeSite{receipt: receiptOf(reprint.ResultRegenerated)}
			if got, body := scoped(t, site, test.token)(call{target: test.target}); got != test.status {
				t.Errorf("%d %s, want %d", got, body, test.status)
			}
		})
	}
	own := receiptOf(reprint.ResultRegenerated)
	own.By = "token limited"
	if got, body := scoped(t, &fakeSite{receipt: own}, posts)(call{target: "/v1/receipts/x"}); got != http.StatusOK {
		t.Errorf("its own receipt: %d %s", got, body)
	}
}

func TestExplanationsOfOtherHostsAreLeftOut(t *testing.T) {
	site := &fakeSite{explanations: []reprint.Explanation{
		{Key: reprint.Key{Host: "shop.example.com", Path: "/a"}, State: reprint.StateAbsent},
		{Key: reprint.Key{Host: "www.example.com", Path: "/a"}, State: reprint.StateAbsent},
	}}
	_, body := scoped(t, site, admin.Token{Hosts: []string{"www.example.com"}})(call{target: "/v1/pages/explain?path=/a"})
	if strings.Contains(body, "shop.example.com") || !strings.Contains(body, "www.example.com/a") {
		t.Errorf("explanations %s", body)
	}
}

// From where others call is not for those who see a part of the site only.
func TestLimitedTokensAreNotToldWhereOthersCallFrom(t *testing.T) {
	for by, shown := range map[string]bool{"token other": false, "token limited": true} {
		page := samplePage()
		page.Cause = "stale"
		site := &fakeSite{explanations: []reprint.Explanation{{
			Key: page.Key, State: reprint.StateFresh, Page: page, From: "10.0.0.5:1234",
			Call: &reprint.Entry{Position: 5, ID: "A", Time: renderedAt, By: by, Tags: []string{"post:42"}},
		}}}
		_, body := scoped(t, site, admin.Token{Paths: []string{"/posts/*"}})(call{target: "/v1/pages/explain?path=/posts/42"})
		if strings.Contains(body, "10.0.0.5") != shown || !strings.Contains(body, by) {
			t.Errorf("called by %s: %s", by, body)
		}
	}
}

func TestLimitedTokensPrerenderOnlyTheirPaths(t *testing.T) {
	posts := admin.Token{Paths: []string{"/posts/*"}}
	tests := []struct {
		name   string
		token  admin.Token
		body   string
		status int
	}{
		{"its paths", posts, `{"paths":["/posts/1"]}`, 200},
		{"another path", posts, `{"paths":["/shop/1"]}`, 403},
		{"what the routes list", posts, `{}`, 403},
		{"a sitemap", posts, `{"sitemap":"/sitemap.xml"}`, 403},
		{"for all hosts", admin.Token{Hosts: []string{"h"}}, `{"paths":["/posts/1"]}`, 403},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, body := scoped(t, &fakeSite{}, test.token)(call{target: "/v1/prerender", body: test.body}); got != test.status {
				t.Errorf("%d %s, want %d", got, body, test.status)
			}
		})
	}
}
