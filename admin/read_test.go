package admin_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
	"github.com/reprint-go/reprint/internal/logtest"
)

var renderedAt = time.Date(1999, 12, 31, 23, 50, 0, 0, time.UTC) // ten minutes before a bubble begins

func samplePage() *reprint.Page {
	return &reprint.Page{
		Key: reprint.Key{Path: "/posts/42", Query: "page=2"}, Route: "/posts/{id}", Status: 200, Body: []byte("hello"),
		Tags:  []string{"path /posts/42", "post:42", "prefix /", "prefix /posts/", "route /posts/{id}", "site *", "type:post"},
		Stamp: 6, RenderedAt: renderedAt, RenderTook: 12500 * time.Microsecond, ModifiedAt: renderedAt.Add(-time.Hour), Cause: "visit",
	}
}

func decode[T any](t *testing.T, body []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

func TestPages(t *testing.T) {
	freshUntil := renderedAt.Add(time.Hour)
	site := &fakeSite{pages: reprint.PageList{
		Pages: []reprint.PageInfo{{Page: samplePage(), Size: 5, State: reprint.StateStale, FreshUntil: freshUntil}},
		Next:  "/posts/42?page=2",
	}}
	w := call{target: "/v1/pages?prefix=/posts/&tag=post:42&state=stale&host=H&limit=7&cursor=%2Fa", secret: readerSecret}.do(t, newHandler(t, withTokens(site)))
	wantStatus(t, w, http.StatusOK)
	want := admin.PageList{Next: "/posts/42?page=2", Pages: []admin.Page{{
		Path: "/posts/42?page=2", State: "stale", Status: 200, Size: 5, Route: "/posts/{id}", Tags: []string{"post:42", "type:post"},
		Stamp: 6, ETag: samplePage().ETag(), Cause: "visit", RenderedAt: renderedAt, RenderMs: 12.5, ModifiedAt: renderedAt.Add(-time.Hour), FreshUntil: &freshUntil,
	}}}
	if got := decode[admin.PageList](t, w.Body.Bytes()); !reflect.DeepEqual(got, want) {
		t.Errorf("pages %+v, want %+v", got, want)
	}
	wantQuery := reprint.PageQuery{Prefix: "/posts/", Tag: "post:42", State: "stale", Host: "h", Limit: 7, Cursor: "/a"}
	if len(site.queries) != 1 || site.queries[0] != wantQuery {
		t.Errorf("the site was asked %+v, want %+v", site.queries, wantQuery)
	}
}

func TestNoPagesAreAnEmptyList(t *testing.T) {
	w := call{target: "/v1/pages", secret: readerSecret}.do(t, newHandler(t, withTokens(&fakeSite{})))
	if got := strings.TrimSpace(w.Body.String()); got != `{"pages":[]}` {
		t.Errorf("answer %s", got)
	}
}

func TestPagesRefusesConditions(t *testing.T) {
	h := newHandler(t, withTokens(&fakeSite{}))
	for query, want := range map[string]string{
		"prefix=posts": "does not begin with a slash", "tag=a%20b": "a space", "state=old": "fresh, stale, expired and absent",
		"limit=0": "from 1 to 1000", "limit=1001": "from 1 to 1000", "limit=x": "from 1 to 1000", "limit=-1": "from 1 to 1000",
		"limit=x&state=old": "unknown state",
	} {
		wantTold(t, call{target: "/v1/pages?" + query, secret: readerSecret}.do(t, h), http.StatusBadRequest, want)
	}
}

func TestReadsMapErrors(t *testing.T) {
	tests := []struct {
		target string
		err    error
		status int
	}{
		{"/v1/pages", errors.New("reprint: list pages: disk gone"), 500},
		{"/v1/pages", reprint.ErrClosed, 503},
		{"/v1/pages/explain?path=/x", &reprint.NoRouteError{Path: "/x", Nearest: "/posts/{id}"}, 404},
		{"/v1/pages/explain?path=/../x", &reprint.BadPathError{Path: "/../x", Reason: "dot segments"}, 400},
		{"/v1/pages/explain?path=/x", errors.New("disk gone"), 500},
		{"/v1/pages/explain", nil, 400},
		{"/v1/pages/explain?path=", nil, 400},
		{"/v1/receipts/x", nil, 404}, // no error, and no receipt
		{"/v1/receipts/x", errors.New("disk gone"), 500},
		{"/v1/receipts/x", reprint.ErrClosed, 503},
	}
	for _, test := range tests {
		var log logtest.Buffer
		opts := withTokens(&fakeSite{err: test.err})
		opts.Log = log.Logger()
		w := call{target: test.target, secret: readerSecret}.do(t, newHandler(t, opts))
		wantTold(t, w, test.status)
		if logged := strings.Contains(log.String(), "level=ERROR"); logged != (test.status == 500) {
			t.Errorf("%s: status %d, and the log says %q", test.target, test.status, log.String())
		}
	}
}

func TestStatusAndHealth(t *testing.T) {
	var notReady error
	opts := withTokens(&fakeSite{status: reprint.Status{
		Position: 9, Pages: -1, MemoryPages: 3, MemoryBytes: 4096, MemoryLimit: 1 << 20,
		RendersRunning: 1, RendersWaiting: 2, Renders: 16, Failing: 5, Lost: 1,
	}})
	opts.Started = renderedAt.In(time.FixedZone("", 3600))
	opts.Version, opts.Ready = "v1.2.3", func() error { return notReady }
	h := newHandler(t, opts)
	w := call{target: "/v1/status", secret: readerSecret}.do(t, h)
	got := decode[admin.Status](t, w.Body.Bytes())
	want := admin.Status{
		Version: "v1.2.3", Started: renderedAt, Ready: true, Position: 9, Pages: -1, MemoryPages: 3, MemoryBytes: 4096, MemoryLimit: 1 << 20,
		RendersRunning: 1, RendersWaiting: 2, Renders: 16, Failing: 5, Lost: 1,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("status %+v, want %+v", got, want)
	}
	wantStatus(t, call{target: "/readyz"}.do(t, h), http.StatusOK)
	wantStatus(t, call{target: "/healthz"}.do(t, h), http.StatusOK)

	notReady = errors.New("prerendering: 3 of 10 pages")
	w = call{target: "/readyz"}.do(t, h)
	wantTold(t, w, http.StatusServiceUnavailable, "prerendering: 3 of 10 pages")
	if w.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	wantStatus(t, call{target: "/healthz"}.do(t, h), http.StatusOK)
	if decode[admin.Status](t, call{target: "/v1/status", secret: readerSecret}.do(t, h).Body.Bytes()).Ready {
		t.Error("the status says that it is ready")
	}
}

func TestMetrics(t *testing.T) {
	opts := withTokens(&fakeSite{})
	opts.Metrics = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = w.Write([]byte("up 1\n" + r.URL.RawQuery))
	})
	w := call{target: "/metrics?name[]=up", secret: readerSecret}.do(t, newHandler(t, opts))
	if w.Code != http.StatusOK || w.Body.String() != "up 1\nname[]=up" {
		t.Errorf("answer %d %q", w.Code, w.Body)
	}
	opts.Metrics = nil
	wantStatus(t, call{target: "/metrics", secret: readerSecret}.do(t, newHandler(t, opts)), http.StatusNotFound)
}

func TestExplain(t *testing.T) {
	revalidation := reprint.Entry{
		ID: "JBSWY3DPEHPK3PXP", Position: 9, Time: renderedAt.Add(5 * time.Minute), Mode: reprint.Stale, By: "token editor",
		Tags: []string{"other:1", "path /posts/42", "post:42"},
	}
	absent := reprint.Key{Host: "www.example.com", Path: "/posts/43"}
	tests := []struct {
		name  string
		given reprint.Explanation
		words []string
		check func(admin.Explanation) bool
	}{
		{
			"fresh for ever",
			reprint.Explanation{Key: samplePage().Key, State: reprint.StateFresh, Page: samplePage()},
			[]string{
				"/posts/42?page=2 is fresh: it is served as it is.",
				"It was rendered at 1999-12-31 23:50:00 UTC (10m0s ago) by route /posts/{id}, because a visitor asked for it, in 12.5ms; its content is that of 1999-12-31 22:50:00 UTC.",
				"It depends on the tags post:42 and type:post; it holds all revalidations up to position 6 (its stamp).",
				"It stays fresh until it is revalidated.",
			},
			func(e admin.Explanation) bool {
				return e.Page.Size == 5 && e.Page.FreshUntil == nil && e.Next == nil && e.StaleBy == nil
			},
		},
		{
			"fresh for a time",
			reprint.Explanation{Key: samplePage().Key, State: reprint.StateFresh, Page: samplePage(), FreshUntil: renderedAt.Add(time.Hour)},
			[]string{"It stays fresh until 2000-01-01 00:50:00 UTC, or until it is revalidated."},
			func(e admin.Explanation) bool { return e.Page.FreshUntil.Equal(renderedAt.Add(time.Hour)) },
		},
		{
			"revalidated",
			reprint.Explanation{
				Key: samplePage().Key, State: reprint.StateStale, Page: samplePage(), Since: revalidation.Time,
				StaleBy: []reprint.Entry{{Position: 8}, revalidation},
			},
			[]string{
				"/posts/42?page=2 is stale: it is served while it is rendered again.",
				"A revalidation at position 8 made it so; the journal keeps no more of it.",
				"Revalidation JBSWY3DPEHPK3PXP of the path /posts/42 and the tag post:42 made it so at 1999-12-31 23:55:00 UTC (5m0s ago) by token editor (mode stale, position 9).",
				"Its next visit has it rendered.",
			},
			func(e admin.Explanation) bool {
				return reflect.DeepEqual(e.StaleBy, []admin.Cause{
					{Position: 8},
					{Position: 9, ID: revalidation.ID, Time: revalidation.Time, Mode: "stale", By: "token editor", Tags: []string{"path /posts/42", "post:42"}},
				})
			},
		},
		{
			"out of time",
			reprint.Explanation{Key: samplePage().Key, State: reprint.StateExpired, Page: samplePage(), FreshUntil: renderedAt.Add(time.Minute), Next: renderedAt.Add(11 * time.Minute)},
			[]string{
				"/posts/42?page=2 is expired: it is served only when it cannot be rendered again.",
				"Its time ran out at 1999-12-31 23:51:00 UTC (9m0s ago).",
				"It is rendered again at 2000-01-01 00:01:00 UTC (in 1m0s), without a visit.",
			},
			func(e admin.Explanation) bool { return e.Next.Equal(renderedAt.Add(11 * time.Minute)) },
		},
		{
			"failing",
			reprint.Explanation{
				Key: samplePage().Key, State: reprint.StateStale, Page: samplePage(),
				Failures: 3, LastError: "reprint: the handler did not finish in time", RetryAt: renderedAt.Add(11 * time.Minute),
			},
			[]string{"Its last 3 renders failed: the handler did not finish in time; it is not tried again before 2000-01-01 00:01:00 UTC."},
			func(e admin.Explanation) bool {
				return e.Failures == 3 && e.LastError != "" && e.RetryAt.Equal(renderedAt.Add(11*time.Minute))
			},
		},
		{
			"absent",
			reprint.Explanation{Key: absent, State: reprint.StateAbsent, Failures: 1, LastError: "no.", RetryAt: renderedAt},
			[]string{
				"www.example.com/posts/43 is absent: no page is stored for it.",
				"Its last render failed: no.",
				"Its next visit has it rendered.",
			},
			func(e admin.Explanation) bool { return e.Path == "www.example.com/posts/43" && e.Page == nil },
		},
		{
			"overtaken",
			reprint.Explanation{Key: samplePage().Key, State: reprint.StateExpired, Page: func() *reprint.Page { p := samplePage(); p.Overtaken, p.Tags = true, nil; return p }()},
			[]string{"A revalidation came while it was rendered", "It has no tags of its own; "},
			func(admin.Explanation) bool { return true },
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				site := &fakeSite{explanations: []reprint.Explanation{test.given}}
				w := call{target: "/v1/pages/explain?path=/posts/42%3Fpage=2", secret: readerSecret}.do(t, newHandler(t, withTokens(site)))
				wantStatus(t, w, http.StatusOK)
				if len(site.asked) != 1 || site.asked[0] != "/posts/42?page=2" {
					t.Errorf("the site was asked %q", site.asked)
				}
				got := decode[[]admin.Explanation](t, w.Body.Bytes())
				if len(got) != 1 || got[0].State != string(test.given.State) || !test.check(got[0]) {
					t.Fatalf("explanation %s", w.Body)
				}
				all := strings.Join(got[0].Words, "\n")
				for _, want := range test.words {
					if !strings.Contains(all, want) {
						t.Errorf("the words\n%s\nare without\n%s", all, want)
					}
				}
			})
		})
	}
}

// The chain goes from the page back to who called, where that is certain, and says what
// was before where it is not.
func TestTheCallIsSaidInWords(t *testing.T) {
	const chain = "It was rendered at 1999-12-31 23:50:00 UTC (10m0s ago) by route /posts/{id}, because token editor (from 10.0.0.5:1234) called for the tag post:42 " +
		"at 1999-12-31 23:49:00 UTC (11m0s ago) (receipt JBSWY3DPEHPK3PXP), in 12.5ms"
	const before = "because it was stale, in 12.5ms; its content is that of 1999-12-31 22:50:00 UTC.\",\"The last call for it before that: token editor (from 10.0.0.5:1234) called for the tag post:42 at"
	call := reprint.Entry{Position: 5, ID: "JBSWY3DPEHPK3PXP", Time: renderedAt.Add(-time.Minute), Mode: reprint.Stale, By: "token editor", Tags: []string{"other", "post:42"}}
	for name, test := range map[string]struct {
		cause string
		mode  reprint.Mode
		fresh time.Duration // zero: for ever
		want  string
	}{
		"at a visit":                     {"stale", reprint.Stale, 0, chain},
		"within the time it is fresh":    {"stale", reprint.Stale, 61 * time.Second, chain},
		"longer ago than that":           {"stale", reprint.Stale, time.Minute, before},
		"by the call":                    {"revalidate JBSWY3DPEHPK3PXP", reprint.Regenerate, time.Second, chain},
		"by a visitor who had to wait":   {"visit", reprint.Expire, 0, chain},
		"by the first visitor":           {"visit", reprint.Stale, 0, "because a visitor asked for it, in 12.5ms"},
		"after a failure":                {"retry", reprint.Stale, 0, chain},
		"because of the page's own time": {"due", reprint.Stale, 0, "because its time had come, in 12.5ms"},
	} {
		t.Run(name, func(t *testing.T) {
			page, made := samplePage(), call
			page.Cause, made.Mode = test.cause, test.mode
			x := reprint.Explanation{Key: page.Key, State: reprint.StateFresh, Page: page, Call: &made, From: "10.0.0.5:1234"}
			if test.fresh > 0 {
				x.FreshUntil = page.RenderedAt.Add(test.fresh)
			}
			synctest.Test(t, func(t *testing.T) {
				w := explainOne(t, x)
				if !strings.Contains(w, test.want) || !strings.Contains(w, `"call":{"position":5,"id":"JBSWY3DPEHPK3PXP"`) || !strings.Contains(w, `"from":"10.0.0.5:1234"`) {
					t.Errorf("explanation\n%s, want\n%s", w, test.want)
				}
			})
		})
	}
}

// explainOne is the API's answer for an explanation.
func explainOne(t *testing.T, x reprint.Explanation) string {
	t.Helper()
	w := call{target: "/v1/pages/explain?path=/a", secret: readerSecret}.do(t, newHandler(t, withTokens(&fakeSite{explanations: []reprint.Explanation{x}})))
	wantStatus(t, w, http.StatusOK)
	return w.Body.String()
}

func TestCausesAreSaidInWords(t *testing.T) {
	for cause, want := range map[string]string{
		"visit": "because a visitor asked for it", "stale": "because it was stale", "prerender": "ahead of its visitors",
		"due": "because its time had come", "retry": "the render before had failed", "revalidate ABC": "for revalidation ABC", "new cause": "because of new cause",
	} {
		page := samplePage()
		page.Cause = cause
		site := &fakeSite{explanations: []reprint.Explanation{{Key: page.Key, State: reprint.StateFresh, Page: page}}}
		w := call{target: "/v1/pages/explain?path=/a", secret: readerSecret}.do(t, newHandler(t, withTokens(site)))
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("cause %q: %s is without %q", cause, w.Body, want)
		}
	}
	for tags, want := range map[string]string{
		"prefix /": "of the whole site made", `all ["a","b"]`: "of what has the tag a and the tag b made", "route /posts/{id}": "of the pattern /posts/{id} made",
		`all ["path /a","no query"]`: "of what has the path /a and no query made",
		"site *":                     "of the whole site made", "host h": "of the host h made", "prefix /a/": "of the prefix /a/ made", "": "of what it was then made",
	} {
		page := samplePage()
		page.Tags = []string{tags, "a", "b", "path /a", "no query"}
		entry := reprint.Entry{ID: "A", Position: 9, Tags: []string{tags}}
		if tags == "" {
			entry.Tags = nil
		}
		site := &fakeSite{explanations: []reprint.Explanation{{Key: page.Key, State: reprint.StateStale, Page: page, StaleBy: []reprint.Entry{entry}}}}
		w := call{target: "/v1/pages/explain?path=/a", secret: readerSecret}.do(t, newHandler(t, withTokens(site)))
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("tags %q: %s is without %q", tags, w.Body, want)
		}
	}
}
