package hook_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/reprint-go/reprint/hook"
	"github.com/reprint-go/reprint/internal/logtest"
)

// Whatever a caller sends as id, the path that is revalidated is the template's:
// as many segments, its own where they stood, and the id, whole, in its place.
func FuzzPathStaysInTemplate(f *testing.F) {
	for _, seed := range []string{
		"42", "hello-world", "ü", "a b", "50%", "a%2Fb", "..", ".", "...", "a/../b", `..\..`, "a?b=c", "a#b",
		"a;b", "a,b", ":@&=+$", "\x00", "\u0085", "\u202e", "\xff", "%2e%2e", "%252e%252e", " ", "{id}", "http://x/",
	} {
		f.Add(seed)
	}
	site := &fakeSite{}
	h, err := hook.New(hook.Options{Site: site, Secrets: []string{newSecret}, Paths: []string{"/posts/{id}/comments"}, Log: new(logtest.Buffer).Logger()})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, id string) {
		site.asked = nil
		r := httptest.NewRequest(http.MethodGet, "/?id="+url.QueryEscape(id), nil)
		r.Header.Set("Authorization", "Bearer "+newSecret)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code == http.StatusBadRequest {
			checkAsked(t, site, "")
			return
		}
		if w.Code != http.StatusOK || len(site.asked) != 1 || len(site.asked[0].Paths) != 1 {
			t.Fatalf("id %q: answer %d, asked %+v", id, w.Code, site.asked)
		}
		checkShape(t, site.asked[0].Paths[0], id)
	})
}

// checkShape reads got as others will: as a URL, and as a request to a mux.
func checkShape(t *testing.T, got, id string) {
	t.Helper()
	u, err := url.ParseRequestURI(got)
	if err != nil {
		t.Fatalf("id %q: path %q: %v", id, got, err)
	}
	if u.Path != "/posts/"+id+"/comments" || u.RawQuery != "" || u.Fragment != "" || u.Host != "" {
		t.Errorf("id %q: path %q is read as %+v", id, got, u)
	}
	if strings.Count(got, "/") != 3 || path.Clean(u.Path) != u.Path {
		t.Errorf("id %q: path %q has other segments than the template", id, got)
	}
	var seen string
	mux := http.NewServeMux()
	mux.HandleFunc("GET /posts/{id}/comments", func(_ http.ResponseWriter, r *http.Request) { seen = r.PathValue("id") })
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, got, nil))
	if seen != id {
		t.Errorf("id %q: path %q reaches the page %q", id, got, seen)
	}
}
