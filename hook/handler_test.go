package hook_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/hook"
	"github.com/reprint-go/reprint/internal/logtest"
)

const (
	unauthorized = `{"message":"Invalid token"}`
	missing      = `{"message":"Post ID is required"}`
	done         = `{"revalidated":true}`
	failed       = `{"message":"Error revalidating"}`
	notAllowed   = `{"message":"Method not allowed"}`
	noPrefetch   = `{"message":"Prefetch not allowed"}`
)

// call is one request to the hook at /api/revalidate.
type call struct {
	method string // zero: GET
	query  string
	bearer string // the whole Authorization field
	header string // "Name: value"
}

func (c call) do(t *testing.T, server string) (*http.Response, string) {
	t.Helper()
	method := c.method
	if method == "" {
		method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(t.Context(), method, server+"/api/revalidate?"+c.query, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.bearer != "" {
		r.Header.Set("Authorization", c.bearer)
	}
	if name, value, ok := strings.Cut(c.header, ": "); ok {
		r.Header.Set(name, value)
	}
	return send(t, r)
}

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return send(t, r)
}

// send returns the response with its body, which is closed.
func send(t *testing.T, r *http.Request) (*http.Response, string) {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func serve(t *testing.T, opts hook.Options) (url string) {
	t.Helper()
	h, err := hook.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/revalidate", h)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestAnswers(t *testing.T) {
	secret := "secret=" + url.QueryEscape(newSecret)
	tests := []struct {
		name   string
		call   call
		status int
		body   string
		path   string // what the site is asked to revalidate; empty: nothing
	}{
		{"secret in the query", call{query: secret + "&id=42"}, 200, done, "/posts/42"},
		{"order of parameters", call{query: "id=42&" + secret}, 200, done, "/posts/42"},
		{"secret as bearer token", call{query: "id=42", bearer: "Bearer " + newSecret}, 200, done, "/posts/42"},
		{"scheme in lower case", call{query: "id=42", bearer: "bearer  " + newSecret}, 200, done, "/posts/42"},
		{"the other secret of a rotation", call{query: "id=42", bearer: "Bearer " + oldSecret}, 200, done, "/posts/42"},
		{"POST", call{method: "POST", query: secret + "&id=42"}, 200, done, "/posts/42"},
		{"other authorization beside the query", call{query: secret + "&id=42", bearer: "Basic YTpi"}, 200, done, "/posts/42"},
		{"the first of two ids", call{query: secret + "&id=42&id=43"}, 200, done, "/posts/42"},
		{"what needs escaping", call{query: secret + "&id=" + url.QueryEscape("50% off? #ü")}, 200, done, "/posts/50%25%20off%3F%20%23%C3%BC"},
		{"an escape in the id is text", call{query: secret + "&id=a%252Fb"}, 200, done, "/posts/a%252Fb"},
		{"dots in a name", call{query: secret + "&id=..a"}, 200, done, "/posts/..a"},
		{"unknown parameters", call{query: secret + "&id=42&path=/admin"}, 200, done, "/posts/42"},

		{"no secret", call{query: "id=42"}, 401, unauthorized, ""},
		{"neither secret nor id", call{}, 401, unauthorized, ""},
		{"empty secret", call{query: "secret=&id=42"}, 401, unauthorized, ""},
		{"wrong secret", call{query: "secret=wrong&id=42"}, 401, unauthorized, ""},
		{"prefix of the secret", call{query: "secret=" + newSecret[:20] + "&id=42"}, 401, unauthorized, ""},
		{"secret and more", call{query: secret + "x&id=42"}, 401, unauthorized, ""},
		{"secret in another case", call{query: "secret=" + strings.ToUpper(newSecret) + "&id=42"}, 401, unauthorized, ""},
		{"only the first secret counts", call{query: "secret=wrong&" + secret + "&id=42"}, 401, unauthorized, ""},
		{"a bearer token outranks the query", call{query: secret + "&id=42", bearer: "Bearer wrong"}, 401, unauthorized, ""},
		{"empty bearer token", call{query: secret + "&id=42", bearer: "Bearer "}, 401, unauthorized, ""},
		{"secret without a scheme", call{query: "id=42", bearer: newSecret}, 401, unauthorized, ""},

		{"no id", call{query: secret}, 400, missing, ""},
		{"empty id", call{query: secret + "&id="}, 400, missing, ""},
		{"id in a broken encoding", call{query: secret + "&id=%zz"}, 400, missing, ""},
		{"slash", call{query: secret + "&id=a/b"}, 400, missing, ""},
		{"encoded slash", call{query: secret + "&id=a%2Fb"}, 400, missing, ""},
		{"backslash", call{query: secret + "&id=a%5Cb"}, 400, missing, ""},
		{"one dot", call{query: secret + "&id=."}, 400, missing, ""},
		{"two dots", call{query: secret + "&id=.."}, 400, missing, ""},
		{"encoded dots", call{query: secret + "&id=%2E%2e"}, 400, missing, ""},
		{"control character", call{query: secret + "&id=a%0Ab"}, 400, missing, ""},
		{"not UTF-8", call{query: secret + "&id=%ff"}, 400, missing, ""},
		{"512 bytes", call{query: secret + "&id=" + strings.Repeat("a", 512)}, 200, done, "/posts/" + strings.Repeat("a", 512)},
		{"513 bytes", call{query: secret + "&id=" + strings.Repeat("a", 513)}, 400, missing, ""},

		{"HEAD changes nothing", call{method: "HEAD", query: secret + "&id=42"}, 405, "", ""},
		{"PUT", call{method: "PUT", query: secret + "&id=42"}, 405, notAllowed, ""},
		{"preflight", call{method: "OPTIONS", query: secret + "&id=42"}, 405, notAllowed, ""},
		{"prefetch", call{query: secret + "&id=42", header: "Sec-Purpose: prefetch;prerender"}, 403, noPrefetch, ""},
		{"prefetch of older browsers", call{query: secret + "&id=42", header: "Purpose: prefetch"}, 403, noPrefetch, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			site := &fakeSite{}
			response, body := test.call.do(t, serve(t, seedOptions(t, site)))
			if response.StatusCode != test.status || body != test.body {
				t.Errorf("answer %d %q, want %d %q", response.StatusCode, body, test.status, test.body)
			}
			checkHeader(t, response)
			checkAsked(t, site, test.path)
		})
	}
}

func checkHeader(t *testing.T, response *http.Response) {
	t.Helper()
	want := map[string]string{"Content-Type": "application/json", "Cache-Control": "no-store"}
	if response.StatusCode == http.StatusMethodNotAllowed {
		want["Allow"] = "GET, POST"
	}
	for name, value := range want {
		if got := response.Header.Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
}

// checkAsked wants one revalidation, of path; none if path is empty.
func checkAsked(t *testing.T, site *fakeSite, path string) {
	t.Helper()
	asked := site.calls()
	if path == "" {
		if len(asked) != 0 {
			t.Errorf("site was asked %+v, want nothing", asked)
		}
		return
	}
	if len(asked) != 1 {
		t.Fatalf("site was asked %d times, want once", len(asked))
	}
	r := asked[0]
	if !slices.Equal(r.Paths, []string{path}) || r.Mode != reprint.Regenerate || r.By != "hook" || !strings.HasPrefix(r.From, "127.0.0.1:") {
		t.Errorf("site was asked %+v, want to regenerate %s by hook, from the caller's address", r, path)
	}
}

func TestFailureIsToldToTheLogOnly(t *testing.T) {
	const reason = "the data source does not answer"
	tests := []struct {
		name string
		site *fakeSite
	}{
		{"nothing was done", &fakeSite{err: errors.New(reason)}},
		{"one page of two could not be rendered", &fakeSite{err: errors.New(reason), receipt: &reprint.Receipt{ID: "r1", Failed: 1, Regenerated: 1}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var log logtest.Buffer
			opts := seedOptions(t, test.site)
			opts.Log = log.Logger()
			response, body := call{query: "id=42", bearer: "Bearer " + newSecret}.do(t, serve(t, opts))
			if response.StatusCode != http.StatusInternalServerError || body != failed {
				t.Errorf("answer %d %q, want 500 %q", response.StatusCode, body, failed)
			}
			wants := []string{reason, "/posts/42"}
			if test.site.receipt != nil {
				wants = append(wants, "receipt="+test.site.receipt.ID)
			}
			for _, want := range wants {
				if !strings.Contains(log.String(), want) {
					t.Errorf("the log %q does not say %q", log.String(), want)
				}
			}
		})
	}
}

func TestOptions(t *testing.T) {
	site := &fakeSite{}
	opts := hook.Options{
		Site:    site,
		Secrets: []string{newSecret},
		Param:   "slug",
		Paths:   []string{"/posts/{slug}", "/posts/{slug}/comments", "/", "/caf%C3%A9/"},
		Name:    "blog",
		Log:     seedOptions(t, site).Log,
	}
	server := serve(t, opts)
	if response, body := (call{bearer: "Bearer " + newSecret, query: "id=42"}).do(t, server); response.StatusCode != http.StatusBadRequest || body != `{"message":"slug is required"}` {
		t.Errorf("without slug: %d %s", response.StatusCode, body)
	}
	if response, body := (call{bearer: "Bearer " + newSecret, query: "slug=hello"}).do(t, server); response.StatusCode != http.StatusOK || body != done {
		t.Errorf("with slug: %d %s", response.StatusCode, body)
	}
	asked := site.calls()
	if len(asked) != 1 {
		t.Fatalf("site was asked %d times, want once", len(asked))
	}
	if want := []string{"/posts/hello", "/posts/hello/comments", "/", "/caf%C3%A9/"}; !slices.Equal(asked[0].Paths, want) {
		t.Errorf("paths %q, want %q", asked[0].Paths, want)
	}
	if asked[0].By != "hook blog" {
		t.Errorf("by %q, want %q", asked[0].By, "hook blog")
	}
}

func TestMessageIsSentAsWritten(t *testing.T) {
	opts := seedOptions(t, &fakeSite{})
	opts.Missing = `An <id> & "nothing" else, bitte schön`
	_, body := call{bearer: "Bearer " + newSecret}.do(t, serve(t, opts))
	if want := `{"message":"An <id> & \"nothing\" else, bitte schön"}`; body != want {
		t.Errorf("body %s, want %s", body, want)
	}
}

func TestConcurrentCalls(t *testing.T) {
	site := &fakeSite{}
	server := serve(t, seedOptions(t, site))
	var callers sync.WaitGroup
	for range 16 {
		callers.Go(func() {
			response, body := call{query: "id=42&secret=" + oldSecret}.do(t, server)
			if response.StatusCode != http.StatusOK || body != done {
				t.Errorf("answer %d %q", response.StatusCode, body)
			}
		})
	}
	callers.Wait()
	if got := len(site.calls()); got != 16 {
		t.Errorf("site was asked %d times, want 16", got)
	}
}
