package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
)

const token = "MY_SECRET_TOKEN of this test"

// start serves page on a real socket.
func start(t *testing.T, page http.Handler) (url string) {
	t.Helper()
	site, err := reprint.New(reprint.Options{Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	h, err := newHandler(site, page, token)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(func() {
		server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := site.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
	return server.URL
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(b)
}

const secret = "?secret=MY_SECRET_TOKEN+of+this+test"

func TestTheSeedsAnswers(t *testing.T) {
	url := start(t, http.HandlerFunc(post))
	tests := []struct {
		name, query string
		status      int
		body        string
	}{
		{"no secret", "?id=42", 401, `{"message":"Invalid token"}`},
		{"wrong secret", "?secret=wrong&id=42", 401, `{"message":"Invalid token"}`},
		{"no id", secret, 400, `{"message":"Post ID is required"}`},
		{"empty id", secret + "&id=", 400, `{"message":"Post ID is required"}`},
		{"secret and id", secret + "&id=42", 200, `{"revalidated":true}`},
		{"a path is no id", secret + "&id=../../api/revalidate", 500, `{"message":"Error revalidating"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, body := get(t, url+"/api/revalidate"+test.query)
			if status != test.status || body != test.body {
				t.Errorf("answer %d %q, want %d %q", status, body, test.status, test.body)
			}
		})
	}
}

func TestThePageChangesWhenItIsRevalidated(t *testing.T) {
	url := start(t, http.HandlerFunc(post))
	_, first := get(t, url+"/posts/42")
	if !strings.Contains(first, "<h1>Post 42</h1>") {
		t.Fatalf("page %q", first)
	}
	if _, again := get(t, url+"/posts/42"); again != first {
		t.Errorf("the page changed by itself:\n%s%s", first, again)
	}
	if status, body := get(t, url+"/api/revalidate"+secret+"&id=42"); status != http.StatusOK {
		t.Fatalf("revalidation: %d %s", status, body)
	}
	_, second := get(t, url+"/posts/42")
	if second == first {
		t.Error("the page is the old one after its revalidation")
	}
	if _, again := get(t, url+"/posts/42"); again != second {
		t.Errorf("the new page changed by itself:\n%s%s", second, again)
	}
}

// The last good page stays when the page cannot be printed, and the caller is
// told.
func TestTheOldPageStaysWhenPrintingFails(t *testing.T) {
	var broken atomic.Bool
	url := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken.Load() {
			http.Error(w, "the database is away", http.StatusInternalServerError)
			return
		}
		post(w, r)
	}))
	_, first := get(t, url+"/posts/42")
	broken.Store(true)
	if status, body := get(t, url+"/api/revalidate"+secret+"&id=42"); status != http.StatusInternalServerError || body != `{"message":"Error revalidating"}` {
		t.Errorf("answer %d %q", status, body)
	}
	if status, page := get(t, url+"/posts/42"); status != http.StatusOK || page != first {
		t.Errorf("page %d %q, want the old one", status, page)
	}
	broken.Store(false)
	if status, body := get(t, url+"/api/revalidate"+secret+"&id=42"); status != http.StatusOK {
		t.Errorf("after the repair: %d %s", status, body)
	}
	if _, page := get(t, url+"/posts/42"); page == first {
		t.Error("the page is the old one after its repair")
	}
}

func TestNoTokenNoService(t *testing.T) {
	site, err := reprint.New(reprint.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newHandler(site, http.HandlerFunc(post), ""); err == nil || !strings.Contains(err.Error(), "MY_SECRET_TOKEN") {
		t.Errorf("error %v, want that MY_SECRET_TOKEN is missing", err)
	}
	if err := site.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}
