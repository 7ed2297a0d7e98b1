//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestAnEditIsSeenAtTheNextRequest has the application behind a real reprint
// serve, with its reprint.yaml, and looks at pages as a visitor does.
func TestAnEditIsSeenAtTheNextRequest(t *testing.T) {
	s := startSite(t)
	s.wants("/", "The answer")
	s.wants("/posts/42", "It was the question")
	if status := s.wants("/posts/42", "It was the question"); !strings.HasPrefix(status, "reprint; hit") {
		t.Errorf("the second visitor: Cache-Status is %q, want a hit", status)
	}

	s.put("42", post{Title: "Forty-two", Text: "It is known.", Author: "ben"})
	for path, want := range map[string]string{"/posts/42": "It is known.", "/": "Forty-two"} {
		if status := s.wants(path, want); !strings.HasPrefix(status, "reprint; hit") {
			t.Errorf("%s after the edit: Cache-Status is %q; the edit should have had the page rendered", path, status)
		}
	}

	t.Run("by the form", func(t *testing.T) {
		s.wants("/posts/2/edit", `value="Bread"`)
		s.send(http.StatusSeeOther, http.MethodPost, "/posts/2/edit", "application/x-www-form-urlencoded",
			url.Values{"title": {"Rolls"}, "text": {"Smaller."}, "author": {"ben"}}.Encode())
		s.wants("/posts/2", "Smaller.")
		s.wants("/", "Rolls")
		s.wants("/posts/2/edit", `value="Rolls"`)
	})
	t.Run("of a post that was not there", func(t *testing.T) {
		s.wants("/posts/7", "404")
		s.put("7", post{Title: "Seven", Text: "New.", Author: "ann"})
		s.wants("/posts/7", "New.")
		s.wants("/", "Seven")
	})
	t.Run("that removes a post", func(t *testing.T) {
		s.send(http.StatusNoContent, http.MethodDelete, "/posts/7", "", "")
		s.wants("/posts/7", "404")
		if page, _ := s.get("/"); strings.Contains(page, "Seven") {
			t.Errorf("the list still has the post: %s", page)
		}
	})
	t.Run("that the application did not tell", func(t *testing.T) {
		s.app.posts.put(post{"1", "Silent", "Nobody was told.", "ann"})
		s.wants("/", "Hello")
		s.wants("/api/revalidate?id=1&secret="+s.reprint.hookSecret, `{"revalidated":true}`)
		s.wants("/posts/1", "Nobody was told.")
		s.wants("/", "Silent")
	})
	t.Run("of a page with two tags, by the second", func(t *testing.T) {
		s.app.posts.put(post{"1", "Loud", "Ann was told.", "ann"})
		if err := s.app.reprint.revalidate(t.Context(), "author:ann"); err != nil {
			t.Fatal(err)
		}
		s.wants("/posts/1", "Ann was told.")
	})
	t.Run("is counted", func(t *testing.T) {
		if err := syscall.Kill(s.reprint.cmd.Process.Pid, syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		s.reprint.await(t, regexp.MustCompile(`configuration is taken over`))
		wantMetrics(t, s.reprint)
	})
}

// TestAnEditThatReprintWasNotToldOf is answered so that its author knows.
func TestAnEditThatReprintWasNotToldOf(t *testing.T) {
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close()
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusUnauthorized) }))
	t.Cleanup(refuses.Close)
	for name, api := range map[string]string{"is not there": down.URL, "refuses": refuses.URL} {
		a := &app{posts: newPosts(), reprint: &reprintAPI{url: api}}
		w := httptest.NewRecorder()
		a.handler().ServeHTTP(w, httptest.NewRequest(http.MethodPut, "/posts/42", strings.NewReader(`{"title":"Forty-two"}`)))
		if w.Code != http.StatusBadGateway {
			t.Errorf("Reprint %s: the edit was answered with %d", name, w.Code)
		}
		if one, _ := a.posts.get("42"); one.Title != "Forty-two" {
			t.Errorf("Reprint %s: the edit is lost", name)
		}
	}
}

func TestWhatIsNoPostIsRefused(t *testing.T) {
	a := &app{posts: newPosts()}
	for _, c := range []struct{ method, path, body string }{
		{http.MethodPut, "/posts/42", `{`},
		{http.MethodPut, "/posts/42", `{"title":""}`},
		{http.MethodPut, "/posts/x", `{"title":"X"}`},
		{http.MethodPost, "/posts/42/edit", "title="},
	} {
		w := httptest.NewRecorder()
		a.handler().ServeHTTP(w, httptest.NewRequest(c.method, c.path, strings.NewReader(c.body)))
		if w.Code != http.StatusBadRequest {
			t.Errorf("%s %s %s: %d", c.method, c.path, c.body, w.Code)
		}
	}
	if got, want := fmt.Sprint(a.posts.all()), fmt.Sprint(newPosts().all()); got != want {
		t.Errorf("the posts are %s, want %s", got, want)
	}
}

// site is the application behind Reprint.
type site struct {
	t       *testing.T
	app     *app
	reprint *server
}

// startSite starts both. Reprint comes first, because the application must know
// where it is; what it asks for meanwhile waits.
func startSite(t *testing.T) *site {
	t.Helper()
	origin := httptest.NewUnstartedServer(nil)
	t.Cleanup(origin.Close)
	r := startReprint(t, "http://"+origin.Listener.Addr().String())
	a := &app{posts: newPosts(), reprint: &reprintAPI{url: r.admin, token: r.token}}
	origin.Config.Handler = a.handler()
	origin.Start()
	r.waitReady(t)
	return &site{t: t, app: a, reprint: r}
}

// get returns a page and its Cache-Status.
func (s *site) get(path string) (page, status string) {
	s.t.Helper()
	res, err := http.Get(s.reprint.public + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(body), res.Header.Get("Cache-Status")
}

// wants asks for a page that holds a text, and returns its Cache-Status.
func (s *site) wants(path, text string) string {
	s.t.Helper()
	page, status := s.get(path)
	if !strings.Contains(page, text) {
		s.t.Errorf("%s does not hold %q (%s):\n%s", path, text, status, page)
	}
	return status
}

func (s *site) put(id string, one post) {
	s.t.Helper()
	body, err := json.Marshal(one)
	if err != nil {
		s.t.Fatal(err)
	}
	s.send(http.StatusNoContent, http.MethodPut, "/posts/"+id, "application/json", string(body))
}

func (s *site) send(want int, method, path, contentType, body string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.reprint.public+path, bytes.NewReader([]byte(body)))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != want {
		said, _ := io.ReadAll(res.Body)
		s.t.Fatalf("%s %s: %s, want %d\n%s", method, path, res.Status, want, said)
	}
}
