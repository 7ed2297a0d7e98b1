package admin_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
	"github.com/reprint-go/reprint/internal/logtest"
)

// press is a real site with the API around it, whose pages tell which edition
// they are of.
type press struct {
	site    *reprint.Site
	api     http.Handler
	client  *admin.Client
	edition atomic.Int64 // negative: pages cannot be rendered
	gate    chan struct{}
	done    chan *reprint.Receipt // of each revalidation
}

func newPress(t *testing.T, hosts ...string) *press {
	t.Helper()
	p := &press{done: make(chan *reprint.Receipt, 100)}
	site, err := reprint.New(reprint.Options{
		Hosts: hosts, Log: new(logtest.Buffer).Logger(),
		Trace: reprint.Trace{Revalidated: func(r *reprint.Receipt) { p.done <- r }},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.site = site
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := site.Shutdown(ctx); err != nil {
			t.Errorf("shut the site down: %v", err)
		}
	})
	p.handle(t, "/posts/{id}", reprint.Policy{})
	p.handle(t, "/shop/{id}", reprint.Policy{Fallback: reprint.NotFound, Prerender: func(context.Context) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) { _ = yield("/shop/1", nil) && yield("/shop/2", nil) }
	}})
	opts := withTokens(site)
	opts.Tokens = append(opts.Tokens, admin.Token{Name: "posts", Secrets: []string{postsSecret}, Paths: []string{"/posts/*"}})
	p.api = newHandler(t, opts)
	p.client = clientOf(t, p.api, newSecret)
	return p
}

const postsSecret = "Zq0-of-the-posts-1199bbdd7733"

func (p *press) handle(t *testing.T, pattern string, policy reprint.Policy) {
	t.Helper()
	err := p.site.Handle(pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.gate != nil {
			<-p.gate
		}
		reprint.Tag(r.Context(), "page:"+r.PathValue("id"))
		n := p.edition.Load()
		if n < 0 {
			http.Error(w, "the database is away", http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "edition %d", n)
	}), policy)
	if err != nil {
		t.Fatal(err)
	}
}

// wantPage visits a page.
func (p *press) wantPage(t *testing.T, path, want string) {
	t.Helper()
	w := httptest.NewRecorder()
	p.site.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	if w.Code != http.StatusOK || w.Body.String() != want {
		t.Errorf("%s is %d %s, want %s", path, w.Code, w.Body, want)
	}
}

func (p *press) explain(t *testing.T, path string) admin.Explanation {
	t.Helper()
	all, err := p.client.Explain(t.Context(), path)
	if err != nil || len(all) != 1 {
		t.Fatalf("explanations of %s: %+v, %v", path, all, err)
	}
	return all[0]
}

// P1 and P2 over the API: what the answer says is true of the next visit.
func TestRevalidationOfARealSite(t *testing.T) {
	p := newPress(t)
	p.edition.Store(1)
	p.wantPage(t, "/posts/42", "edition 1")
	p.edition.Store(2)
	p.wantPage(t, "/posts/42", "edition 1")
	receipt, err := p.client.Revalidate(t.Context(), admin.RevalidateRequest{Paths: []string{"/posts/42"}})
	if err != nil || receipt.Regenerated != 1 || receipt.By != "token editor" || receipt.Pages[0].Path != "/posts/42" {
		t.Fatalf("receipt %+v, %v", receipt, err)
	}
	p.wantPage(t, "/posts/42", "edition 2")
	again, err := p.client.Receipt(t.Context(), receipt.ID)
	if err != nil || again.Position != receipt.Position || !slices.Equal(again.Pages, receipt.Pages) {
		t.Errorf("the stored receipt is %+v, %v, want %+v", again, err, receipt)
	}

	p.edition.Store(-1)
	receipt, err = p.client.Revalidate(t.Context(), admin.RevalidateRequest{Tags: []string{"page:42"}})
	failure, ok := errors.AsType[*admin.APIError](err)
	if !ok || failure.Status != http.StatusBadGateway || receipt == nil || receipt.Failed != 1 || receipt.Pages[0].Error == "" {
		t.Fatalf("receipt %+v, %v", receipt, err)
	}
	p.wantPage(t, "/posts/42", "edition 2")
	x := p.explain(t, "/posts/42")
	if x.State != "stale" || x.Failures != 1 || x.Page == nil || !slices.Equal(x.Page.Tags, []string{"page:42"}) || len(x.StaleBy) != 1 {
		t.Fatalf("explanation %+v", x)
	}
	if c := x.StaleBy[0]; c.ID != receipt.ID || c.By != "token editor" || c.Mode != "regenerate" || !slices.Equal(c.Tags, []string{"page:42"}) {
		t.Errorf("cause %+v, want receipt %s", c, receipt.ID)
	}
	if words := strings.Join(x.Words, " "); !strings.Contains(words, "/posts/42 is stale") || !strings.Contains(words, "of the tag page:42 made it so") || !strings.Contains(words, "Its last render failed") {
		t.Errorf("words %s", words)
	}
}

func TestRevalidationThatIsNotWaitedFor(t *testing.T) {
	p := newPress(t)
	p.edition.Store(1)
	p.wantPage(t, "/posts/42", "edition 1")
	p.edition.Store(2)
	p.gate = make(chan struct{})
	wait := false
	receipt, err := p.client.Revalidate(t.Context(), admin.RevalidateRequest{Paths: []string{"/posts/42"}, Wait: &wait})
	if err != nil || !receipt.Running || receipt.ID == "" {
		t.Fatalf("receipt %+v, %v", receipt, err)
	}
	if r, err := p.client.Receipt(t.Context(), receipt.ID); err != nil || !r.Running {
		t.Errorf("meanwhile the receipt is %+v, %v", r, err)
	}
	close(p.gate)
	<-p.done
	if r, err := p.client.Receipt(t.Context(), receipt.ID); err != nil || r.Running || r.Regenerated != 1 {
		t.Errorf("at last the receipt is %+v, %v", r, err)
	}
	p.wantPage(t, "/posts/42", "edition 2")
}

func TestDryRunOfARealSite(t *testing.T) {
	p := newPress(t)
	p.edition.Store(1)
	p.wantPage(t, "/posts/42", "edition 1")
	receipt, err := p.client.Revalidate(t.Context(), admin.RevalidateRequest{All: true, DryRun: true})
	if err != nil || receipt.ID != "" || receipt.Matched != 1 || receipt.Pages[0].Result != reprint.ResultMatched {
		t.Errorf("receipt %+v, %v", receipt, err)
	}
	if x := p.explain(t, "/posts/42"); x.State != "fresh" {
		t.Errorf("it is %s after a dry run", x.State)
	}
}

func TestErrorsOfARealSite(t *testing.T) {
	p := newPress(t)
	tests := []struct {
		name   string
		ask    admin.RevalidateRequest
		status int
		want   string
	}{
		{"nothing", admin.RevalidateRequest{}, 400, "at least one of paths"},
		{"no route", admin.RevalidateRequest{Paths: []string{"/nope"}}, 404, "/nope"},
		{"unlisted", admin.RevalidateRequest{Paths: []string{"/shop/3"}}, 404, "does not list"},
		{"a URL", admin.RevalidateRequest{Paths: []string{"https://evil/"}}, 400, "the path alone"},
		{"another authority", admin.RevalidateRequest{Paths: []string{"//evil"}}, 400, "empty segments"},
		{"a header in a path", admin.RevalidateRequest{Paths: []string{"/a\r\nX:"}}, 400, "/a"},
		{"climbing", admin.RevalidateRequest{Paths: []string{"/../x"}}, 400, "dot segments"},
		{"NUL", admin.RevalidateRequest{Paths: []string{"/posts/\x00"}}, 400, "control"},
		{"a star", admin.RevalidateRequest{Paths: []string{"*"}}, 400, "must begin"},
		{"a prefix without its slash", admin.RevalidateRequest{Prefixes: []string{"/posts"}}, 400, "ends with"},
		{"two faults", admin.RevalidateRequest{Paths: []string{"x", "/nope"}}, 400, "/nope"},
		{"mode", admin.RevalidateRequest{All: true, Mode: "soft"}, 400, "unknown mode"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			receipt, err := p.client.Revalidate(t.Context(), test.ask)
			failure, ok := errors.AsType[*admin.APIError](err)
			if !ok || failure.Status != test.status || !strings.Contains(err.Error(), test.want) || receipt != nil {
				t.Errorf("receipt %+v, %v, want %d with %q", receipt, err, test.status, test.want)
			}
			if test.status == 404 && failure.Answer.Nearest == "" && test.name == "no route" {
				t.Error("the nearest route is not named")
			}
		})
	}
}

func TestPagesOfARealSite(t *testing.T) {
	p := newPress(t)
	for i := range 5 {
		p.wantPage(t, fmt.Sprintf("/posts/%d", i), "edition 0")
	}
	p.wantPage(t, "/shop/1", "edition 0")
	if _, err := p.client.Revalidate(t.Context(), admin.RevalidateRequest{Tags: []string{"page:3"}, Mode: "stale"}); err != nil {
		t.Fatal(err)
	}
	names := func(q admin.PagesQuery) string {
		t.Helper()
		var all []string
		for {
			list, err := p.client.Pages(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, page := range list.Pages {
				all = append(all, page.Path)
			}
			if q.Cursor = list.Next; q.Cursor == "" {
				return strings.Join(all, " ")
			}
		}
	}
	for want, q := range map[string]admin.PagesQuery{
		"/posts/0 /posts/1 /posts/2 /posts/3 /posts/4 /shop/1": {Limit: 2},
		"/shop/1":                             {Prefix: "/shop/"},
		"/posts/3":                            {State: "stale"},
		"/posts/2":                            {Tag: "page:2"},
		"":                                    {Prefix: "/shop/", State: "stale"},
		"/posts/0 /posts/1 /posts/2 /posts/4": {Prefix: "/posts/", State: "fresh"},
	} {
		if got := names(q); got != want {
			t.Errorf("%+v: %s, want %s", q, got, want)
		}
	}
	status, err := p.client.Status(t.Context())
	if err != nil || status.Pages != 6 || status.Position != 1 || !status.Ready || status.MemoryLimit == 0 || status.Renders == 0 {
		t.Errorf("status %+v, %v", status, err)
	}
}

func TestPrerenderOfARealSite(t *testing.T) {
	p := newPress(t)
	var paths []string
	last, err := p.client.Prerender(t.Context(), admin.PrerenderRequest{}, func(line admin.PrerenderProgress) {
		if line.Path != "" {
			paths = append(paths, line.Path)
		}
	})
	slices.Sort(paths)
	if err != nil || last.Rendered != 2 || !last.Finished || !slices.Equal(paths, []string{"/shop/1", "/shop/2"}) {
		t.Errorf("last %+v of %q, %v", last, paths, err)
	}
	last, err = p.client.Prerender(t.Context(), admin.PrerenderRequest{Paths: []string{"/posts/1", "/shop/1"}}, nil)
	if err != nil || last.Rendered != 1 || last.Skipped != 1 {
		t.Errorf("of paths: last %+v, %v", last, err)
	}
	p.edition.Store(-1)
	last, err = p.client.Prerender(t.Context(), admin.PrerenderRequest{Paths: []string{"/posts/2"}}, nil)
	if err == nil || last.Failed != 1 {
		t.Errorf("of a page that fails: last %+v, %v", last, err)
	}
	status, err := p.client.Status(t.Context())
	if err != nil || status.Prerender == nil || !status.Prerender.Finished || status.Failing != 1 {
		t.Errorf("status %+v, %v", status, err)
	}
}

// T-079: whatever a limited token writes, the pages that it reaches are its own;
// and what it may name, it reaches like anybody.
func TestNoSpellingReachesFurther(t *testing.T) {
	p := newPress(t)
	p.handle(t, "/", reprint.Policy{})
	explain := func(secret, path string) (int, []byte) {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/pages/explain?path="+url.QueryEscape(path), nil)
		r.Header.Set("Authorization", "Bearer "+secret)
		p.api.ServeHTTP(w, r)
		return w.Code, w.Body.Bytes()
	}
	piece := rapid.SampledFrom([]string{
		"/", "//", "posts", "/posts/", "%70osts", "po%73ts/", "..", "%2e%2e", "%2E.", ".", "%2f", "%5c", "\\", "shop", "1", "é", "%C3%A9", "%c3%a9", " ", "+", "%20",
		"?", "#", "%3f", "%23", ";", "%3b", "%25", "%252e", "%zz", "%", "*", "@", ":", "~", "%7e", "\x00", "%00", "\r", "A", "%41", "&", "=", "'", "(", "!", "|", "^", "[", "%5B", "http://x", "\u2028",
	})
	allowed := 0
	rapid.Check(t, func(r *rapid.T) {
		path := rapid.SampledFrom([]string{"/posts/", "/", "", "/posts", "/%70osts/"}).Draw(r, "begin") + strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(r, "path"), "")
		status, body := explain(postsSecret, path)
		if status != http.StatusOK {
			return
		}
		allowed++
		all := decode[[]admin.Explanation](t, body)
		for _, x := range all {
			if !strings.HasPrefix(x.Path, "/posts/") {
				r.Fatalf("%q reaches %s", path, x.Path)
			}
		}
		status, body = explain(newSecret, path)
		others := decode[[]admin.Explanation](t, body)
		if status != http.StatusOK || len(others) != len(all) || others[0].Path != all[0].Path {
			r.Fatalf("%q is %s for the limited token, and %d %s without limits", path, all[0].Path, status, body)
		}
	})
	if allowed == 0 {
		t.Error("no path was allowed: nothing was tried")
	}
}
