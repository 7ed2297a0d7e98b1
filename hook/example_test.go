package hook_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http/httptest"
	"net/url"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/hook"
)

// printer stands in for a *reprint.Site.
type printer struct{}

func (printer) Apply(_ context.Context, r reprint.Revalidation) (*reprint.Receipt, error) {
	fmt.Println("reprinting", r.Paths, "for", r.By)
	return &reprint.Receipt{}, nil
}

// The handler that an editor's system calls after each change.
func ExampleNew() {
	h, err := hook.New(hook.Options{
		Site:    printer{}, // a *reprint.Site
		Secrets: []string{"0f4f1c0e6a2b4d1f9d8c7b6a5e4d3c2b"},
		Missing: "Post ID is required",
		Paths:   []string{"/posts/{id}", "/posts"},
		Log:     slog.New(slog.DiscardHandler),
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, target := range []string{
		"/api/revalidate?id=42",
		"/api/revalidate?secret=0f4f1c0e6a2b4d1f9d8c7b6a5e4d3c2b",
		"/api/revalidate?secret=0f4f1c0e6a2b4d1f9d8c7b6a5e4d3c2b&id=42",
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("POST", target, nil))
		fmt.Println(w.Code, w.Body)
	}
	// Output:
	// 401 {"message":"Invalid token"}
	// 400 {"message":"Post ID is required"}
	// reprinting [/posts/42 /posts] for hook
	// 200 {"revalidated":true}
}

// For access logs that are written before the hook has seen the request.
func ExampleScrub() {
	u, err := url.Parse("https://example.com/api/revalidate?secret=0f4f1c0e6a2b4d1f&id=42")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(hook.Scrub(u))
	// Output: /api/revalidate?secret=[redacted]&id=42
}
