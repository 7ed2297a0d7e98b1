package admin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
)

func clientOf(t *testing.T, h http.Handler, secret string) *admin.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c, err := admin.NewClient(server.URL, secret)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNewClientRefuses(t *testing.T) {
	tests := []struct{ url, token, want string }{
		{"127.0.0.1:8081", "", "http://127.0.0.1:8081"},
		{"localhost", "", "scheme and a host"},
		{"", "", "scheme and a host"},
		{"ftp://localhost", "", "scheme and a host"},
		{"http://", "", "scheme and a host"},
		{"http://user:hunter2hunter2@localhost", "", "no user and password"},
		{"http://localhost?x=1", "", "no query"},
		{"http://localhost", "secret\n", "white space or control"},
	}
	for _, test := range tests {
		c, err := admin.NewClient(test.url, test.token)
		if c != nil || err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %q", test.url, err, test.want)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "secret") {
			t.Errorf("the error holds a secret: %v", err)
		}
	}
}

func TestClientCallsWhatTheHandlerServes(t *testing.T) {
	receipt := receiptOf(reprint.ResultRegenerated)
	site := &fakeSite{
		receipt:      receipt,
		pages:        reprint.PageList{Pages: []reprint.PageInfo{{Page: samplePage(), Size: 5, State: reprint.StateFresh}}, Next: "n"},
		explanations: []reprint.Explanation{{Key: samplePage().Key, State: reprint.StateFresh, Page: samplePage()}},
		status:       reprint.Status{Position: 7, Pages: 3},
	}
	c := clientOf(t, newHandler(t, withTokens(site)), newSecret)
	wait := false
	got, err := c.Revalidate(t.Context(), admin.RevalidateRequest{
		Paths: []string{"/a"}, Tags: []string{"t"}, Prefixes: []string{"/p/"}, All: true, Host: "h",
		Mode: "expire", Wait: &wait, OnlyGenerated: true, DryRun: true,
	})
	if err != nil || !sameReceipt(t, got, receipt) {
		t.Errorf("receipt %+v, %v, want %+v", got, err, receipt)
	}
	want := reprint.Revalidation{
		Paths: []string{"/a"}, Tags: []string{"t"}, Prefixes: []string{"/p/"}, All: true, Host: "h",
		Mode: reprint.Expire, NoWait: true, OnlyGenerated: true, DryRun: true, By: "token editor",
	}
	asked := site.applications()
	if len(asked) != 1 {
		t.Fatalf("the site was asked %+v, want %+v", asked, want)
	}
	if host, _, err := net.SplitHostPort(asked[0].From); err != nil || host != "127.0.0.1" {
		t.Errorf("the call is from %q", asked[0].From)
	}
	if asked[0].From = ""; !reflect.DeepEqual(asked[0], want) {
		t.Errorf("the site was asked %+v, want %+v", asked, want)
	}
	if got, err := c.Receipt(t.Context(), receipt.ID); err != nil || !sameReceipt(t, got, receipt) {
		t.Errorf("receipt %+v, %v", got, err)
	}
	pages, err := c.Pages(t.Context(), admin.PagesQuery{Prefix: "/a b&c=", Tag: "t", State: "fresh", Host: "h", Limit: 3, Cursor: "/x y"})
	if err != nil || len(pages.Pages) != 1 || pages.Pages[0].Path != "/posts/42?page=2" || pages.Next != "n" {
		t.Errorf("pages %+v, %v", pages, err)
	}
	if q := (reprint.PageQuery{Prefix: "/a b&c=", Tag: "t", State: "fresh", Host: "h", Limit: 3, Cursor: "/x y"}); site.queries[0] != q {
		t.Errorf("the site was asked %+v, want %+v", site.queries[0], q)
	}
	explanations, err := c.Explain(t.Context(), "/posts/42?page=2&x=ü")
	if err != nil || len(explanations) != 1 || len(explanations[0].Words) == 0 || site.asked[len(site.asked)-1] != "/posts/42?page=2&x=ü" {
		t.Errorf("explanations %+v, %v of %q", explanations, err, site.asked)
	}
	status, err := c.Status(t.Context())
	if err != nil || status.Position != 7 || status.Pages != 3 {
		t.Errorf("status %+v, %v", status, err)
	}
	var lines []admin.PrerenderProgress
	last, err := c.Prerender(t.Context(), admin.PrerenderRequest{Paths: []string{"/a", "/b"}}, func(p admin.PrerenderProgress) { lines = append(lines, p) })
	if err != nil || len(lines) != 3 || last != lines[2] || !last.Finished || last.Rendered != 2 {
		t.Errorf("lines %+v, last %+v, %v", lines, last, err)
	}
}

func TestClientTellsWhatTheServerSays(t *testing.T) {
	site := &fakeSite{err: &reprint.NoRouteError{Path: "/x", Nearest: "/posts/{id}"}}
	h := newHandler(t, withTokens(site))
	_, err := clientOf(t, h, newSecret).Explain(t.Context(), "/x")
	failure, ok := errors.AsType[*admin.APIError](err)
	if !ok || failure.Status != 404 || failure.Answer.Nearest != "/posts/{id}" || !strings.Contains(err.Error(), "/x") {
		t.Errorf("error %v", err)
	}
	for name, call := range map[string]func(*admin.Client) error{
		"revalidate": func(c *admin.Client) error {
			_, err := c.Revalidate(t.Context(), admin.RevalidateRequest{})
			return err
		},
		"receipt": func(c *admin.Client) error { _, err := c.Receipt(t.Context(), "x"); return err },
		"pages":   func(c *admin.Client) error { _, err := c.Pages(t.Context(), admin.PagesQuery{}); return err },
		"status":  func(c *admin.Client) error { _, err := c.Status(t.Context()); return err },
		"prerender": func(c *admin.Client) error {
			_, err := c.Prerender(t.Context(), admin.PrerenderRequest{}, nil)
			return err
		},
	} {
		failure, ok := errors.AsType[*admin.APIError](call(clientOf(t, h, "")))
		if !ok || failure.Status != 401 || failure.Answer.Message == "" {
			t.Errorf("%s without a token: %v", name, failure)
		}
	}
	if _, err := clientOf(t, h, newSecret).Receipt(t.Context(), ""); err == nil {
		t.Error("an empty ID is an ID")
	}
}

func TestClientReturnsReceiptAndError(t *testing.T) {
	receipt := receiptOf(reprint.ResultFailed)
	tests := []struct {
		name   string
		err    error
		status int
		retry  time.Duration
	}{
		{"a page failed", errors.New("reprint: no answer"), 502, 0},
		{"the queue is full", fmt.Errorf("reprint: %w", reprint.ErrBusy), 503, 5 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			site := &fakeSite{receipt: receipt, err: test.err}
			got, err := clientOf(t, newHandler(t, withTokens(site)), newSecret).Revalidate(t.Context(), admin.RevalidateRequest{All: true})
			if !sameReceipt(t, got, receipt) {
				t.Errorf("receipt %+v, want %+v", got, receipt)
			}
			failure, ok := errors.AsType[*admin.APIError](err)
			if !ok || failure.Status != test.status || failure.RetryAfter != test.retry || failure.Answer.Message == "" {
				t.Errorf("error %#v", err)
			}
		})
	}
	got, err := clientOf(t, newHandler(t, withTokens(&fakeSite{err: reprint.ErrBusy})), newSecret).Revalidate(t.Context(), admin.RevalidateRequest{All: true})
	if got != nil || err == nil {
		t.Errorf("without a receipt: %+v, %v", got, err)
	}
}

func TestClientSaysWhenNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := admin.NewClient(url, newSecret)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Status(t.Context())
	if err == nil || !strings.Contains(err.Error(), "is reprint serve running?") || !strings.Contains(err.Error(), url) {
		t.Errorf("error %v", err)
	}
	if strings.Contains(err.Error(), newSecret) {
		t.Error("the error holds the token")
	}
}

// The token goes to the server that it is for, and to nobody that it names.
func TestClientFollowsNoRedirect(t *testing.T) {
	asked := make(chan *http.Request, 1)
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r }))
	defer other.Close()
	c := clientOf(t, http.RedirectHandler(other.URL, http.StatusTemporaryRedirect), newSecret)
	_, err := c.Revalidate(t.Context(), admin.RevalidateRequest{All: true})
	if err == nil || !strings.Contains(err.Error(), "a redirect to "+other.URL) {
		t.Errorf("error %v", err)
	}
	select {
	case r := <-asked:
		t.Errorf("the client asked %s with %q", r.URL, r.Header)
	default:
	}
}

func TestClientKnowsWhatIsNotTheAPI(t *testing.T) {
	page := func(status int, contentType, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})
	}
	for _, status := range []int{200, 404, 502} {
		c := clientOf(t, page(status, "text/html", "<p>hello"), "")
		_, err := c.Status(t.Context())
		_, errPrerender := c.Prerender(t.Context(), admin.PrerenderRequest{}, nil)
		for _, err := range []error{err, errPrerender} {
			if err == nil || !strings.Contains(err.Error(), "is not the admin API") {
				t.Errorf("%d: error %v", status, err)
			}
		}
	}
	if _, err := clientOf(t, page(200, "application/json", "{"), "").Status(t.Context()); err == nil {
		t.Error("half an answer is a status")
	}
	if _, err := clientOf(t, page(200, "application/json", "{}"), "").Prerender(t.Context(), admin.PrerenderRequest{}, nil); err == nil {
		t.Error("another answer is a run")
	}
	_, err := clientOf(t, page(500, "application/json", "[]"), "").Status(t.Context())
	if failure, ok := errors.AsType[*admin.APIError](err); !ok || failure.Answer.Message == "" {
		t.Errorf("error %v", err)
	}
	last, err := clientOf(t, page(200, "application/x-ndjson", `{"listed":3,"rendered":1}`+"\n"), "").Prerender(t.Context(), admin.PrerenderRequest{}, nil)
	if !errors.Is(err, io.ErrUnexpectedEOF) || last.Rendered != 1 {
		t.Errorf("a run that was cut off: %+v, %v", last, err)
	}
}

func TestClientPrerenderSaysWhatWentWrong(t *testing.T) {
	site := &fakeSite{prerender: func(_ context.Context, progress func(reprint.Progress)) error {
		progress(reprint.Progress{Listed: 1, Failed: 1, Path: "/a", Err: errors.New("no")})
		return errors.New("reprint: 1 of 1 listed paths could not be rendered")
	}}
	c := clientOf(t, newHandler(t, withTokens(site)), newSecret)
	last, err := c.Prerender(t.Context(), admin.PrerenderRequest{}, nil)
	failure, ok := errors.AsType[*admin.APIError](err)
	if !ok || failure.Error() != "1 of 1 listed paths could not be rendered" || last.Failed != 1 || !last.Finished {
		t.Errorf("last %+v, %v", last, err)
	}
}

func TestClientStopsWatching(t *testing.T) {
	site := &fakeSite{prerender: func(ctx context.Context, progress func(reprint.Progress)) error {
		progress(reprint.Progress{Listed: 1, Rendered: 1, Path: "/a"})
		<-ctx.Done()
		return context.Cause(ctx)
	}}
	c := clientOf(t, newHandler(t, withTokens(site)), newSecret)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	_, err := c.Prerender(ctx, admin.PrerenderRequest{}, func(admin.PrerenderProgress) { cancel(why) })
	if !errors.Is(err, why) {
		t.Errorf("error %v, want %v", err, why)
	}
}
