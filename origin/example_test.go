package origin_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/origin"
)

// Another server's pages, each rendered once.
func ExampleNew() {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Tag", "type:post")
		fmt.Fprint(w, "the page of ", r.URL.Path)
	}))
	defer other.Close()

	h, err := origin.New(origin.Options{URL: other.URL, Timeout: 10 * time.Second})
	if err != nil {
		panic(err)
	}
	defer h.Close()
	site, _ := reprint.New(reprint.Options{})
	defer func() { _ = site.Shutdown(context.Background()) }()
	_ = site.Handle("/posts/{id}", h, reprint.Policy{Revalidate: time.Hour})

	for range 2 {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest("GET", "/posts/42", nil))
		body, _ := io.ReadAll(w.Body)
		fmt.Printf("%s\n", body)
	}
	receipt, err := site.Apply(context.Background(), reprint.Revalidation{Tags: []string{"type:post"}})
	fmt.Println(receipt.Matched, "page", err)
	// Output:
	// the page of /posts/42
	// the page of /posts/42
	// 1 page <nil>
}
