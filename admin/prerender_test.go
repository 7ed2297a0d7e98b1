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
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
	"github.com/reprint-go/reprint/internal/logtest"
)

// linesOf reads an answer that is a stream.
func linesOf(t *testing.T, w *httptest.ResponseRecorder) []admin.PrerenderProgress {
	t.Helper()
	wantStatus(t, w, http.StatusOK)
	if got := w.Header().Get("Content-Type"); got != "application/x-ndjson" {
		t.Errorf("Content-Type: %q", got)
	}
	var all []admin.PrerenderProgress
	for line := range strings.Lines(w.Body.String()) {
		all = append(all, decode[admin.PrerenderProgress](t, []byte(line)))
	}
	return all
}

func TestPrerenderTellsEachPage(t *testing.T) {
	site := &fakeSite{prerender: func(_ context.Context, progress func(reprint.Progress)) error {
		progress(reprint.Progress{Listed: 2, Rendered: 1, Path: "/a"})
		progress(reprint.Progress{Listed: 2, Rendered: 1, Failed: 1, Path: "/b", Err: errors.New("reprint: no answer")})
		return errors.New("reprint: 1 of 2 listed paths could not be rendered")
	}}
	h := newHandler(t, withTokens(site))
	want := []admin.PrerenderProgress{
		{Listed: 2, Rendered: 1, Path: "/a"},
		{Listed: 2, Rendered: 1, Failed: 1, Path: "/b", Error: "no answer"},
		{Listed: 2, Rendered: 1, Failed: 1, Error: "1 of 2 listed paths could not be rendered", Finished: true},
	}
	for _, body := range []string{"", "{}", `{"paths":[]}`} {
		if got := linesOf(t, call{method: "POST", target: "/v1/prerender", body: body, secret: newSecret}.do(t, h)); !reflect.DeepEqual(got, want) {
			t.Errorf("lines %+v, want %+v", got, want)
		}
	}
	status := decode[admin.Status](t, call{target: "/v1/status", secret: newSecret}.do(t, h).Body.Bytes())
	if status.Prerender == nil || *status.Prerender != want[2] {
		t.Errorf("the status says %+v of the last run", status.Prerender)
	}
}

func TestPrerenderOfNothing(t *testing.T) {
	h := newHandler(t, withTokens(&fakeSite{}))
	got := linesOf(t, call{method: "POST", target: "/v1/prerender", secret: newSecret}.do(t, h))
	if want := []admin.PrerenderProgress{{Finished: true}}; !reflect.DeepEqual(got, want) {
		t.Errorf("lines %+v, want %+v", got, want)
	}
}

func TestPrerenderPaths(t *testing.T) {
	var log logtest.Buffer
	site := &fakeSite{}
	opts := withTokens(site)
	opts.Log = log.Logger()
	got := linesOf(t, call{target: "/v1/prerender", body: `{"paths":["/a","/b"]}`, secret: newSecret}.do(t, newHandler(t, opts)))
	if len(got) != 3 || !got[2].Finished || got[2].Rendered != 2 || !reflect.DeepEqual(site.paths, []string{"/a", "/b"}) {
		t.Errorf("lines %+v of %q", got, site.paths)
	}
	for _, want := range []string{"admin: prerender", `by="token editor"`, "/a", "rendered=2", "result=done"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log %q does not say %s", log.String(), want)
		}
	}
}

func TestPrerenderLists(t *testing.T) {
	site := &fakeSite{}
	opts := withTokens(site)
	var asked []string
	opts.Lists = func(kind, url string) (func(context.Context) iter.Seq2[string, error], func(string) time.Time, error) {
		asked = append(asked, kind+" "+url)
		if url == "https://evil.example/" {
			return nil, nil, errors.New("https://evil.example/ is not of the origin")
		}
		return func(context.Context) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				_ = yield("/of/"+kind, nil) && yield("", errors.New("cut short"))
			}
		}, nil, nil
	}
	h := newHandler(t, opts)
	for _, kind := range []string{"sitemap", "url"} {
		got := linesOf(t, call{target: "/v1/prerender", body: fmt.Sprintf(`{%q:"/list"}`, kind), secret: newSecret}.do(t, h))
		if len(got) != 3 || got[0].Path != "/of/"+kind || got[1].Error != "cut short" {
			t.Errorf("%s: lines %+v", kind, got)
		}
		wantTold(t, call{target: "/v1/prerender", body: fmt.Sprintf(`{%q:"https://evil.example/"}`, kind), secret: newSecret}.do(t, h), 400, "not of the origin")
	}
	if want := []string{"sitemap /list", "sitemap https://evil.example/", "url /list", "url https://evil.example/"}; !reflect.DeepEqual(asked, want) {
		t.Errorf("asked for %q, want %q", asked, want)
	}
}

func TestPrerenderRefuses(t *testing.T) {
	h := newHandler(t, withTokens(&fakeSite{}))
	for body, want := range map[string]string{
		`{"paths":["/a"],"sitemap":"/s"}`: "more than one", `{"sitemap":"/s","url":"/u"}`: "more than one",
		`{"site":"/s"}`: `unknown field "site"`, `{"paths":"/a"}`: "list of strings", `{"sitemap":"/s"}`: "reads no lists",
		`{"paths":["/a"` + strings.Repeat(`,"/a"`, 10_000) + `]}`: "too many",
	} {
		wantTold(t, call{target: "/v1/prerender", body: body, secret: newSecret}.do(t, h), 400, want)
	}
	busy := newHandler(t, withTokens(&fakeSite{err: fmt.Errorf("reprint: %w", reprint.ErrClosed)}))
	w := call{target: "/v1/prerender", body: "{}", secret: newSecret}.do(t, busy)
	wantTold(t, w, 503, "shut down")
	if w.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// Each line is on the wire before the next page is done, and who leaves ends the
// run.
func TestPrerenderStreamsAndEndsWithItsClient(t *testing.T) {
	seen := make(chan struct{})
	ended := make(chan error, 1)
	site := &fakeSite{prerender: func(ctx context.Context, progress func(reprint.Progress)) error {
		progress(reprint.Progress{Listed: 1, Rendered: 1, Path: "/a"})
		select {
		case <-seen:
		case <-time.After(10 * time.Second):
			ended <- errors.New("the client did not see the first line")
			return nil
		}
		select {
		case <-ctx.Done():
			ended <- nil
		case <-time.After(10 * time.Second):
			ended <- errors.New("the run did not end with its client")
		}
		return ctx.Err()
	}}
	server := httptest.NewServer(newHandler(t, withTokens(site)))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/v1/prerender", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+newSecret)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var line admin.PrerenderProgress
	if err := json.NewDecoder(response.Body).Decode(&line); err != nil || line.Path != "/a" {
		t.Fatalf("line %+v, %v", line, err)
	}
	close(seen)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestRunsAtOnceAreBounded(t *testing.T) {
	release := make(chan struct{})
	started := make(chan struct{}, 16)
	site := &fakeSite{prerender: func(context.Context, func(reprint.Progress)) error {
		started <- struct{}{}
		<-release
		return nil
	}}
	h := newHandler(t, withTokens(site))
	done := make(chan int, 16)
	run := call{method: "POST", target: "/v1/prerender", secret: newSecret}
	for range 8 {
		go func() { done <- run.do(t, h).Code }()
	}
	for range 8 {
		<-started
	}
	wantTold(t, run.do(t, h), http.StatusServiceUnavailable, "8 calls prerender already")
	close(release)
	for range 8 {
		if code := <-done; code != http.StatusOK {
			t.Errorf("answer %d", code)
		}
	}
	wantStatus(t, run.do(t, h), http.StatusOK)
}
