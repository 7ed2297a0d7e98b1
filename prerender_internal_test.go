package reprint

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// countedStore counts how often it is asked for a page.
type countedStore struct {
	*MemoryStore
	asked atomic.Int64
}

func (s *countedStore) Page(ctx context.Context, key Key) (*Page, error) {
	s.asked.Add(1)
	return s.MemoryStore.Page(ctx, key)
}

// A page that is rendered for the first time is looked for once. One that comes from
// elsewhere while it is rendered is the page before it all the same.
func TestAPageThatIsNotThereIsLookedForOnce(t *testing.T) {
	store := &countedStore{MemoryStore: NewMemoryStore(0)}
	s, err := New(Options{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Shutdown(context.Background()) }()
	later := time.Now().Add(time.Minute).UTC().Truncate(time.Second)
	if err := s.Handle("/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/meanwhile" {
			body := []byte("from elsewhere")
			p := &Page{Key: Key{Path: r.URL.Path}, Route: "/{id}", Status: 200, Header: http.Header{}, Body: body, Sum: sha256.Sum256(body),
				RenderedAt: time.Now().UTC().Truncate(time.Microsecond), ModifiedAt: later, Cause: "restore"}
			if _, err := s.put(r.Context(), p, 0); err != nil {
				t.Error(err)
			}
		}
		fmt.Fprint(w, r.URL.Path)
	}), Policy{}); err != nil {
		t.Fatal(err)
	}
	unstored := Key{Path: "/unstored"}
	_, _, none, err := s.seek(t.Context(), unstored)
	if e, _ := s.replaced(unstored, none); err != nil || e != nil {
		t.Fatalf("before: %v, %v", e, err)
	}
	kept := s.unkeptEntry(&Page{Key: unstored, Route: "/{id}", Status: 200, Header: http.Header{}, RenderedAt: time.Now()})
	if e, err := s.replaced(unstored, none); e != kept || err != nil {
		t.Errorf("of a page that is in memory alone: %v, %v", e, err)
	}
	store.asked.Store(0)
	prerender := func(path string) {
		if err := s.PrerenderPaths(t.Context(), func(yield func(string, error) bool) { yield(path, nil) }, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	prerender("/a")
	if n := store.asked.Load(); n != 1 {
		t.Errorf("the store was asked %d times for a page that it does not have", n)
	}
	s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/b", nil))
	if n := store.asked.Load(); n != 2 {
		t.Errorf("the store was asked %d times for two pages, one of them a visitor's", n)
	}
	prerender("/meanwhile")
	p, err := store.Page(t.Context(), Key{Path: "/meanwhile"})
	if err != nil || p == nil || !slices.Equal(p.Body, []byte("/meanwhile")) || !p.ModifiedAt.After(later) {
		t.Errorf("%+v, %v: it must be newer than what it took the place of, which is of %v", p, err, later)
	}
}
