package admin_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
	"github.com/reprint-go/reprint/internal/logtest"
)

// What reprint.Site does is what the API asks for.
var _ admin.Site = (*reprint.Site)(nil)

const (
	oldSecret    = "Zq7-first-of-two-0f1e2d3c4b5a"
	newSecret    = "Zq8-second-of-two-9a8b7c6d5e4f"
	readerSecret = "Zq9-of-the-reader-77aa55cc33ee"
)

// fakeSite records what it is asked and answers what it is told to.
type fakeSite struct {
	receipt      *reprint.Receipt // of Apply and of Receipt
	receipts     []*reprint.Receipt
	events       []reprint.Event
	hold         bool // Events does not end
	err          error
	explanations []reprint.Explanation
	pages        reprint.PageList
	status       reprint.Status
	prerender    func(ctx context.Context, progress func(reprint.Progress)) error
	fakeLater
	fakeHistory

	mu      sync.Mutex
	applied []reprint.Revalidation // guarded by mu
	asked   []string               // guarded by mu; explanations and receipts
	queries []reprint.PageQuery    // guarded by mu
	paths   []string               // guarded by mu; given to PrerenderPaths
}

func (s *fakeSite) Apply(_ context.Context, r reprint.Revalidation) (*reprint.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.applied = append(s.applied, r)
	return s.receipt, s.err
}

func (s *fakeSite) Receipt(_ context.Context, id string) (*reprint.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, id)
	return s.receipt, s.err
}

func (s *fakeSite) Receipts(_ context.Context, before string, limit int) ([]*reprint.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, fmt.Sprintf("%d before %q", limit, before))
	return s.receipts, s.err
}

func (s *fakeSite) Events(ctx context.Context, after reprint.Position) iter.Seq2[reprint.Event, error] {
	return func(yield func(reprint.Event, error) bool) {
		for _, e := range s.events {
			if e.Position > after && !yield(e, nil) {
				return
			}
		}
		if s.hold {
			<-ctx.Done()
		}
	}
}

func (s *fakeSite) Explain(_ context.Context, path string) ([]reprint.Explanation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, path)
	return s.explanations, s.err
}

func (s *fakeSite) Pages(_ context.Context, q reprint.PageQuery) (reprint.PageList, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queries = append(s.queries, q)
	return s.pages, s.err
}

func (s *fakeSite) Status() reprint.Status { return s.status }

func (s *fakeSite) Prerender(ctx context.Context, progress func(reprint.Progress)) error {
	if s.prerender == nil {
		return s.err
	}
	return s.prerender(ctx, progress)
}

func (s *fakeSite) PrerenderPaths(ctx context.Context, paths iter.Seq2[string, error], _ func(string) time.Time, progress func(reprint.Progress)) error {
	var p reprint.Progress
	for path, err := range paths {
		p.Listed, p.Path, p.Err = p.Listed+1, path, err
		if err != nil {
			p.Failed++
		} else {
			p.Rendered++
		}
		s.mu.Lock()
		s.paths = append(s.paths, path)
		s.mu.Unlock()
		progress(p)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return s.err
}

// applications returns what the site was asked to apply so far.
func (s *fakeSite) applications() []reprint.Revalidation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]reprint.Revalidation(nil), s.applied...)
}

// withTokens are options with an editor, who may do everything, and a reader.
func withTokens(site admin.Site) admin.Options {
	return admin.Options{
		Site: site,
		Tokens: []admin.Token{
			{Name: "editor", Secrets: []string{oldSecret, newSecret}},
			{Name: "reader", Secrets: []string{readerSecret}, Actions: []string{"read"}},
		},
		Log: new(logtest.Buffer).Logger(),
	}
}

func newHandler(t *testing.T, opts admin.Options) http.Handler {
	t.Helper()
	if opts.Log == nil {
		opts.Log = new(logtest.Buffer).Logger()
	}
	h, err := admin.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// call is one request, as a program on the same machine makes it.
type call struct {
	method string // zero: POST with a body, else GET
	target string
	body   string
	secret string
	host   string   // zero: 127.0.0.1:8081
	header []string // "Name: value"
	from   string   // zero: 127.0.0.1:40000
}

func (c call) request(t *testing.T) *http.Request {
	t.Helper()
	method := c.method
	if method == "" {
		method = http.MethodGet
		if c.body != "" {
			method = http.MethodPost
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), method, c.target, strings.NewReader(c.body))
	r.Host, r.RemoteAddr = "127.0.0.1:8081", "127.0.0.1:40000"
	if c.host != "" {
		r.Host = c.host
	}
	if c.from != "" {
		r.RemoteAddr = c.from
	}
	if c.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.secret != "" {
		r.Header.Set("Authorization", "Bearer "+c.secret)
	}
	for _, field := range c.header {
		name, value, _ := strings.Cut(field, ": ")
		r.Header.Set(name, value)
	}
	return r
}

// do makes the call without a network.
func (c call) do(t *testing.T, h http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, c.request(t))
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s %s: %s is %q, want %q", c.method, c.target, name, got, want)
		}
	}
	for name := range w.Header() {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("%s %s: the answer has %s", c.method, c.target, name)
		}
	}
	return w
}

// told returns what an answer that is not a success says.
func told(t *testing.T, w *httptest.ResponseRecorder) admin.Error {
	t.Helper()
	var e admin.Error
	if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || e.Message == "" {
		t.Fatalf("answer %d %s: want a message (%v)", w.Code, w.Body, err)
	}
	return e
}

func wantStatus(t *testing.T, w *httptest.ResponseRecorder, status int) {
	t.Helper()
	if w.Code != status {
		t.Fatalf("answer %d %s, want %d", w.Code, w.Body, status)
	}
}

// wantTold wants a status and words in what the answer says.
func wantTold(t *testing.T, w *httptest.ResponseRecorder, status int, words ...string) {
	t.Helper()
	wantStatus(t, w, status)
	e := told(t, w)
	for _, word := range words {
		if !strings.Contains(e.Message+"\n"+e.Fix+"\n"+e.Nearest, word) {
			t.Errorf("answer %+v does not say %q", e, word)
		}
	}
}

// receiptOf is a receipt of one page.
func receiptOf(result reprint.Result) *reprint.Receipt {
	r := &reprint.Receipt{
		ID: "JBSWY3DPEHPK3PXP", Position: 7, By: "token editor", From: "127.0.0.1:40000", Matched: 1,
		Targets: &reprint.Targets{Paths: []string{"/posts/42"}, PathsInAll: 2, Only: reprint.Only{OlderThan: time.Hour}},
		At:      time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), Took: 12500 * time.Microsecond,
		Pages: []reprint.PageResult{{Path: "/posts/42", Result: result}},
	}
	if result == reprint.ResultFailed {
		r.Failed, r.Pages[0].Status, r.Pages[0].Error = 1, 502, "the origin does not answer"
	} else {
		r.Regenerated, r.Pages[0].Status, r.Pages[0].ETag = 1, 200, `"0011"`
	}
	return r
}

// serveTo returns the status of a request as it is.
func serveTo(h http.Handler, r *http.Request) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

// membersOf returns the names that a struct has in JSON.
func membersOf(v any) []string {
	var names []string
	for f := range reflect.TypeOf(v).Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// sameReceipt compares what a program can see of two receipts.
func sameReceipt(t *testing.T, a, b *reprint.Receipt) bool {
	t.Helper()
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	if err := errors.Join(errX, errY); err != nil {
		t.Fatal(err)
	}
	return string(x) == string(y)
}
