package hook_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/hook"
	"github.com/reprint-go/reprint/internal/logtest"
)

// A hook around a real site: what its answer says of the page is true of the
// next visit.
func TestTheNextVisitorSeesWhatTheAnswerSays(t *testing.T) {
	var edition atomic.Int64 // negative: the page cannot be printed
	site := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		n := edition.Load()
		if n < 0 {
			http.Error(w, "the database is away", http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "%q, edition %d", r.PathValue("id"), n)
	})
	h, err := hook.New(seedOptions(t, site))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/revalidate", h)
	mux.Handle("/", site)
	server := httptest.NewServer(mux)
	defer server.Close()

	for _, id := range []string{"42", "50% off? #ü; a,b", "a%2Fb", "..a"} {
		t.Run(id, func(t *testing.T) {
			page := server.URL + "/posts/" + url.PathEscape(id)
			notify := call{bearer: "Bearer " + newSecret, query: "id=" + url.QueryEscape(id)}

			edition.Store(1)
			wantPage(t, page, fmt.Sprintf("%q, edition 1", id))
			edition.Store(2)
			wantPage(t, page, fmt.Sprintf("%q, edition 1", id))
			if _, body := notify.do(t, server.URL); body != done {
				t.Fatalf("answer %s, want %s", body, done)
			}
			wantPage(t, page, fmt.Sprintf("%q, edition 2", id))
			edition.Store(-1)
			if _, body := notify.do(t, server.URL); body != failed {
				t.Fatalf("answer %s, want %s", body, failed)
			}
			wantPage(t, page, fmt.Sprintf("%q, edition 2", id))
		})
	}
}

func newSite(t *testing.T, page http.HandlerFunc) *reprint.Site {
	t.Helper()
	site, err := reprint.New(reprint.Options{Log: new(logtest.Buffer).Logger()})
	if err != nil {
		t.Fatal(err)
	}
	if err := site.Handle("/posts/{id}", page, reprint.Policy{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := site.Shutdown(ctx); err != nil {
			t.Errorf("shut the site down: %v", err)
		}
	})
	return site
}

func wantPage(t *testing.T, url, want string) {
	t.Helper()
	w, body := get(t, url)
	if w.StatusCode != http.StatusOK || body != want {
		t.Errorf("page %d %s, want %s", w.StatusCode, body, want)
	}
}
