package admin_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
)

// documented is docs/openapi.yaml.
type documented struct {
	doc    *openapi3.T
	router routers.Router
}

func readDocument(t *testing.T) documented {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return documented{doc, router}
}

// answers returns all that is documented, as "GET /v1/pages 200".
func (d documented) answers() []string {
	var all []string
	for path, item := range d.doc.Paths.Map() {
		for method, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				all = append(all, method+" "+path+" "+status)
			}
		}
	}
	slices.Sort(all)
	return all
}

// check wants a call and its answer to be as documented, and returns the
// operation. A call that is refused as bad need not be as documented.
func (d documented) check(t *testing.T, c call, w *httptest.ResponseRecorder) string {
	t.Helper()
	r := c.request(t)
	route, params, err := d.router.FindRoute(r)
	if err != nil {
		t.Errorf("%s %s is not documented: %v", r.Method, c.target, err)
		return ""
	}
	options := &openapi3filter.Options{IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}
	request := &openapi3filter.RequestValidationInput{Request: r, Route: route, PathParams: params, Options: options}
	err = openapi3filter.ValidateRequest(t.Context(), request)
	if refused := w.Code == 400 || w.Code == 413 || w.Code == 415; err != nil && !refused {
		t.Errorf("%s %s is answered %d, but not documented: %v", r.Method, c.target, w.Code, err)
	}
	bodies := [][]byte{w.Body.Bytes()}
	if w.Header().Get("Content-Type") == "application/x-ndjson" { // the schema is that of a line
		bodies = bytes.SplitAfter(bytes.TrimSuffix(w.Body.Bytes(), []byte("\n")), []byte("\n"))
	}
	if w.Header().Get("Content-Type") == "text/event-stream" { // the schema is that of the data
		bodies = nil
		for line := range bytes.Lines(w.Body.Bytes()) {
			if data, ok := bytes.CutPrefix(line, []byte("data: ")); ok {
				bodies = append(bodies, data)
			}
		}
	}
	for _, body := range bodies {
		response := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: request, Status: w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(body)), Options: options,
		}
		if err := openapi3filter.ValidateResponse(t.Context(), response); err != nil {
			t.Errorf("%s %s: the answer %d %s is not as documented: %v", r.Method, c.target, w.Code, body, err)
		}
	}
	return r.Method + " " + route.Path
}

// answered is a call and the status that it is answered with.
type answered struct {
	status int
	opts   admin.Options
	call   call
}

// everyCall returns calls that are given every answer that there is. Each is to a
// handler of its own.
func everyCall() []answered {
	failure := errors.New("reprint: disk gone")
	busy := fmt.Errorf("reprint: %w", reprint.ErrBusy)
	done := &fakeSite{
		fakeLater: fakeLater{due: 1},
		receipt:   receiptOf(reprint.ResultRegenerated),
		events: []reprint.Event{
			{Kind: reprint.EventGap, Position: 8},
			{Kind: reprint.EventRevalidated, Position: 9, ID: "A", Time: renderedAt, By: "b", Tags: []string{"post:42"}},
			{Kind: reprint.EventDone, Position: 9, ID: "A", Time: renderedAt, Receipt: receiptOf(reprint.ResultRegenerated)},
		},
		receipts:     []*reprint.Receipt{receiptOf(reprint.ResultRegenerated), {ID: "B"}},
		pages:        reprint.PageList{Pages: []reprint.PageInfo{{Page: samplePage(), Size: 5, State: reprint.StateStale, FreshUntil: renderedAt}}, Next: "/x"},
		explanations: []reprint.Explanation{{Key: samplePage().Key, State: reprint.StateStale, Page: samplePage(), Call: &reprint.Entry{Position: 5, ID: "B", Time: renderedAt, Tags: []string{"post:42"}}, From: "10.0.0.5:1234", StaleBy: []reprint.Entry{{Position: 8}, {Position: 9, ID: "A", Time: renderedAt, By: "b", Tags: []string{"post:42"}}}, Failures: 2, LastError: "no", RetryAt: renderedAt, Next: renderedAt, FreshUntil: renderedAt}},
		prerender: func(_ context.Context, progress func(reprint.Progress)) error {
			progress(reprint.Progress{Listed: 1, Failed: 1, Path: "/a", Err: errors.New("no")})
			return errors.New("1 of 1 could not be rendered")
		},
	}
	done.fakeHistory = withVersions().fakeHistory
	with := func(site *fakeSite) admin.Options {
		o := withTokens(site)
		o.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
			_, _ = io.WriteString(w, "up 1\n")
		})
		return o
	}
	open := func(site *fakeSite) admin.Options {
		o := with(site)
		o.Tokens = nil
		return o
	}
	const revalidate, prerender = "/v1/revalidate", "/v1/prerender"
	all := []answered{
		{200, with(done), call{target: revalidate, body: `{"paths":["/posts/42"],"mode":"stale","wait":true}`}},
		{202, with(done), call{target: revalidate, body: `{"tags":["a"],"wait":false}`}},
		{400, with(done), call{target: revalidate, body: `{"path":[]}`}},
		{404, with(&fakeSite{err: &reprint.NoRouteError{Path: "/x", Nearest: "/a"}}), call{target: revalidate, body: `{"paths":["/x"]}`}},
		{413, with(done), call{target: revalidate, body: strings.Repeat(" ", 1<<20+1)}},
		{415, with(done), call{target: revalidate, body: `{"all":true}`, header: []string{"Content-Type: text/plain"}}},
		{500, with(&fakeSite{err: failure}), call{target: revalidate, body: `{"all":true}`}},
		{502, with(&fakeSite{err: failure, receipt: receiptOf(reprint.ResultFailed)}), call{target: revalidate, body: `{"all":true}`}},
		{503, with(&fakeSite{err: busy, receipt: receiptOf(reprint.ResultFailed)}), call{target: revalidate, body: `{"all":true}`}},
		{503, with(&fakeSite{err: busy}), call{target: revalidate, body: `{"all":true}`}},

		{200, with(done), call{target: "/v1/receipts/A"}},
		{404, with(&fakeSite{}), call{target: "/v1/receipts/A"}},
		{500, with(&fakeSite{err: failure}), call{target: "/v1/receipts/A"}},
		{503, with(&fakeSite{err: busy}), call{target: "/v1/receipts/A"}},
		{400, with(done), call{target: "/v1/receipts/A?x=1"}},

		{200, with(done), call{target: "/v1/receipts?limit=2&cursor=c"}},
		{200, with(&fakeSite{}), call{target: "/v1/receipts"}},
		{400, with(done), call{target: "/v1/receipts?limit=0"}},
		{500, with(&fakeSite{err: failure}), call{target: "/v1/receipts"}},
		{503, with(&fakeSite{err: busy}), call{target: "/v1/receipts"}},

		{200, with(done), call{target: "/v1/events?after=7"}},
		{200, with(done), call{target: "/v1/events", header: []string{"Last-Event-ID: 8"}}},
		{503, with(&fakeSite{hold: true}), call{target: "/v1/events"}},
		{400, with(done), call{target: "/v1/events?after=x"}},

		{200, with(done), call{target: "/v1/pages?prefix=/posts/&tag=a&state=stale&host=h&limit=7&cursor=c"}},
		{200, with(&fakeSite{}), call{target: "/v1/pages"}},
		{400, with(done), call{target: "/v1/pages?state=old"}},
		{500, with(&fakeSite{err: failure}), call{target: "/v1/pages"}},
		{503, with(&fakeSite{err: busy}), call{target: "/v1/pages"}},

		{200, with(done), call{target: "/v1/pages/explain?path=/a"}},
		{200, with(&fakeSite{explanations: []reprint.Explanation{{Key: samplePage().Key, State: reprint.StateAbsent}}}), call{target: "/v1/pages/explain?path=/a"}},
		{400, with(done), call{target: "/v1/pages/explain"}},
		{404, with(&fakeSite{err: &reprint.NoRouteError{Path: "/x"}}), call{target: "/v1/pages/explain?path=/a"}},
		{500, with(&fakeSite{err: failure}), call{target: "/v1/pages/explain?path=/a"}},
		{503, with(&fakeSite{err: busy}), call{target: "/v1/pages/explain?path=/a"}},

		{202, with(laterSite(nil)), call{target: revalidate, body: `{"all":true,"refill":true,"confirm":true,"daily":"06:00 Europe/Berlin"}`}},
		{202, with(laterSite(nil)), call{target: revalidate, body: `{"all":true,"revalidateAt":"2126-12-01T06:00:00Z"}`}},
		{200, with(&fakeSite{receipt: rehearsal()}), call{target: revalidate, body: `{"all":true,"dryRun":true}`}},
		{409, with(&fakeSite{err: fmt.Errorf("reprint: %w", reprint.ErrUnconfirmed)}), call{target: revalidate, body: `{"all":true}`}},

		{200, with(laterSite(nil)), call{target: "/v1/refills"}},
		{200, with(&fakeSite{}), call{target: "/v1/refills"}},
		{400, with(&fakeSite{}), call{target: "/v1/refills?x=1"}},
		{200, with(laterSite(nil)), call{target: "/v1/refills/A", body: `{"do":"pause"}`}},
		{400, with(laterSite(nil)), call{target: "/v1/refills/A", body: `{"do":"stop"}`}},
		{404, with(laterSite(reprint.ErrNoRefill)), call{target: "/v1/refills/A", body: `{"do":"cancel"}`}},
		{413, with(done), call{target: "/v1/refills/A", body: strings.Repeat(" ", 1<<20+1)}},
		{415, with(done), call{target: "/v1/refills/A", body: `{"do":"pause"}`, header: []string{"Content-Type: text/plain"}}},
		{500, with(laterSite(failure)), call{target: "/v1/refills/A", body: `{"do":"resume"}`}},

		{200, with(laterSite(nil)), call{target: "/v1/schedule"}},
		{200, with(&fakeSite{}), call{target: "/v1/schedule"}},
		{400, with(&fakeSite{}), call{target: "/v1/schedule?x=1"}},
		{500, with(laterSite(failure)), call{target: "/v1/schedule"}},
		{503, with(laterSite(busy)), call{target: "/v1/schedule"}},
		{200, with(laterSite(nil)), call{method: "DELETE", target: "/v1/schedule?path=/events/7"}},
		{400, with(laterSite(nil)), call{method: "DELETE", target: "/v1/schedule"}},
		{404, with(&fakeSite{}), call{method: "DELETE", target: "/v1/schedule?path=/events/7"}},
		{500, with(laterSite(failure)), call{method: "DELETE", target: "/v1/schedule?path=/events/7"}},
		{503, with(laterSite(busy)), call{method: "DELETE", target: "/v1/schedule?path=/events/7"}},
		{200, with(laterSite(nil)), call{method: "DELETE", target: "/v1/schedule/A"}},
		{400, with(laterSite(nil)), call{method: "DELETE", target: "/v1/schedule/A?x=1"}},
		{404, with(laterSite(reprint.ErrNoPlan)), call{method: "DELETE", target: "/v1/schedule/A"}},
		{500, with(laterSite(failure)), call{method: "DELETE", target: "/v1/schedule/A"}},

		{200, with(done), call{target: "/v1/status"}},
		{200, with(laterSite(nil)), call{target: "/v1/status"}},
		{400, with(done), call{target: "/v1/status?x=1"}},

		{200, with(done), call{target: prerender, body: `{}`}},
		{200, with(done), call{target: prerender, method: "POST"}},
		{200, with(done), call{target: prerender, body: `{"paths":["/a"]}`}},
		{400, with(done), call{target: prerender, body: `{"x":1}`}},
		{413, with(done), call{target: prerender, body: strings.Repeat(" ", 1<<20+1)}},
		{415, with(done), call{target: prerender, body: `{}`, header: []string{"Content-Type: text/plain"}}},
		{503, with(&fakeSite{err: busy}), call{target: prerender, body: `{}`}},

		{200, with(done), call{target: "/metrics"}},
		{200, with(done), call{target: "/healthz"}},
		{200, with(done), call{target: "/readyz"}},
	}
	all = append(all, historyCalls(with)...)
	for i := range all {
		all[i].call.secret = newSecret
	}
	add := func(status int, opts admin.Options, c call) {
		all = append(all, answered{status, opts, c})
	}
	notReady := with(done)
	notReady.Ready = func() error { return errors.New("prerendering") }
	add(503, notReady, call{target: "/readyz"})
	for _, c := range append(historyCallsOfTokens(), []call{
		{target: revalidate, body: `{"all":true}`}, {target: prerender, body: `{}`}, {target: "/v1/receipts/A"},
		{target: "/v1/receipts"}, {target: "/v1/events"}, {target: "/v1/pages"}, {target: "/v1/pages/explain?path=/a"}, {target: "/v1/status"}, {target: "/metrics"},
		{target: "/v1/refills"}, {target: "/v1/refills/A", body: `{"do":"pause"}`}, {target: "/v1/schedule"},
		{method: "DELETE", target: "/v1/schedule?path=/a"}, {method: "DELETE", target: "/v1/schedule/A"},
	}...) {
		add(200, open(done), c)
		add(401, with(done), c)
		wrong := c
		wrong.secret = "wrong"
		add(401, with(done), wrong)
		foreign := c
		foreign.header = []string{"Sec-Fetch-Site: cross-site"}
		add(403, open(done), foreign)
		misdirected := c
		misdirected.host = "evil.example"
		add(421, open(done), misdirected)
		forbidden := c
		forbidden.secret = newSecret
		limited := with(done)
		limited.Tokens = []admin.Token{{Name: "x", Secrets: []string{newSecret}, Actions: []string{"read"}}}
		if c.body == "" && c.method == "" {
			limited.Tokens[0].Actions = []string{"revalidate"}
		}
		add(403, limited, forbidden)
		refused := c
		refused.from, refused.secret = "192.0.2.66:1", newSecret // see exhaust
		add(429, with(done), refused)
	}
	return all
}

// exhaust makes the handler refuse whoever calls from c's address.
func exhaust(t *testing.T, h http.Handler, c call) {
	t.Helper()
	guess := call{target: "/v1/status", secret: "wrong", from: c.from}
	for range 12 {
		guess.do(t, h)
	}
	for range 8 {
		go guess.do(t, h)
	}
	synctest.Wait()
}

// occupy makes c as often as calls may follow events at once.
func occupy(t *testing.T, h http.Handler, c call) {
	t.Helper()
	for range 100 {
		go c.do(t, h)
	}
	synctest.Wait()
}

func TestTheHandlerDoesWhatIsDocumented(t *testing.T) {
	for _, stream := range []string{"application/x-ndjson", "text/event-stream"} {
		openapi3filter.RegisterBodyDecoder(stream, openapi3filter.JSONBodyDecoder)
		t.Cleanup(func() { openapi3filter.UnregisterBodyDecoder(stream) })
	}
	document := readDocument(t)
	seen := make(map[string]bool)
	for _, test := range everyCall() {
		synctest.Test(t, func(t *testing.T) {
			h := newHandler(t, test.opts)
			if test.status == http.StatusTooManyRequests {
				exhaust(t, h, test.call)
			}
			if test.call.target == "/v1/events" && test.status == http.StatusServiceUnavailable {
				occupy(t, h, test.call)
			}
			w := test.call.do(t, h)
			if w.Code != test.status {
				t.Errorf("%s %s: answer %d %s, want %d", test.call.method, test.call.target, w.Code, w.Body, test.status)
				return
			}
			seen[fmt.Sprintf("%s %d", document.check(t, test.call, w), w.Code)] = true
		})
	}
	if got, want := slices.Sorted(maps.Keys(seen)), document.answers(); !slices.Equal(got, want) {
		for _, answer := range want {
			if !seen[answer] {
				t.Errorf("%s is documented, and was not given", answer)
			}
		}
		t.Logf("given: %d, documented: %d", len(got), len(want))
	}
}

// The list that the handler itself gives is that of the document.
func TestEveryEndpointIsDocumented(t *testing.T) {
	opts := withTokens(&fakeSite{})
	opts.Metrics = http.NotFoundHandler()
	served := told(t, call{target: "/"}.do(t, newHandler(t, opts))).Endpoints
	var listed []string
	for path, item := range readDocument(t).doc.Paths.Map() {
		for method := range item.Operations() {
			listed = append(listed, method+" "+path)
		}
	}
	slices.Sort(served)
	slices.Sort(listed)
	if !slices.Equal(served, listed) {
		t.Errorf("served %q, documented %q", served, listed)
	}
}

// The wire types and the schemas have the same members.
func TestSchemasHaveTheMembersOfTheTypes(t *testing.T) {
	schemas := readDocument(t).doc.Components.Schemas
	for name, v := range map[string]any{
		"RevalidateRequest": admin.RevalidateRequest{}, "PrerenderRequest": admin.PrerenderRequest{}, "PrerenderProgress": admin.PrerenderProgress{},
		"Page": admin.Page{}, "PageList": admin.PageList{}, "ReceiptList": admin.ReceiptList{}, "Event": admin.Event{}, "Explanation": admin.Explanation{}, "Cause": admin.Cause{}, "Status": admin.Status{},
		"Refill": admin.Refill{}, "RefillList": admin.RefillList{}, "RefillRequest": admin.RefillRequest{}, "Plan": admin.Plan{}, "Planned": admin.Planned{},
		"DuePage": admin.DuePage{}, "Schedule": admin.Schedule{}, "Cancelled": admin.Cancelled{},
		"Error": admin.Error{}, "Health": admin.Health{}, "Targets": reprint.Targets{},
		"Version": admin.Version{}, "VersionList": admin.VersionList{}, "VersionDiff": admin.VersionDiff{}, "AsideRequest": admin.AsideRequest{},
		"RestoreRequest": admin.RestoreRequest{}, "ReleaseRequest": admin.ReleaseRequest{},
	} {
		schema := schemas[name]
		if schema == nil {
			t.Errorf("there is no schema %s", name)
			continue
		}
		got, want := slices.Sorted(maps.Keys(schema.Value.Properties)), membersOf(v)
		if !slices.Equal(got, want) {
			t.Errorf("schema %s has %q, the type %q", name, got, want)
		}
	}
}
