package sqlite_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/reprint-go/reprint/sqlite"
)

// TestAPageThatIsThereAfterAll has the store believe wrongly that there is none.
func TestAPageThatIsThereAfterAll(t *testing.T) {
	for name, opts := range map[string]sqlite.Options{
		"with room": {},
		"full":      {MaxPages: 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, storePath(t), opts)
			defer closeStore(t, s)
			put(t, s, page("/other", 1, "other", "x"))
			put(t, s, page("/a", 5, "five", "x", "old"))
			older := page("/a", 4, "four", "x")
			s.Miss(older.Key)
			if stored, err := s.Put(t.Context(), older); err != nil || stored {
				t.Errorf("an older page: stored %v, error %v", stored, err)
			}
			if p := read(t, s, "/a"); p == nil || string(p.Body) != "five" {
				t.Errorf("after it the page is %v", p)
			}
			s.Miss(older.Key)
			put(t, s, page("/a", 6, "six", "x", "new"))
			if p := read(t, s, "/a"); p == nil || string(p.Body) != "six" {
				t.Errorf("after a newer one it is %v", p)
			}
			for tag, want := range map[string][]string{"x": {"/a", "/other"}, "old": nil, "new": {"/a"}} {
				got := tagged(t, s, tag)
				slices.Sort(got)
				if !slices.Equal(got, want) {
					t.Errorf("%q is on %q, want %q", tag, got, want)
				}
			}
			if n := s.Stats(); n.Pages != 2 || n.Evicted != 0 {
				t.Errorf("%d pages, %d evicted", n.Pages, n.Evicted)
			}
		})
	}
}

func TestAMissedPageStaysWithinTheLimit(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{MaxPages: 2})
	defer closeStore(t, s)
	for i := range 5 {
		path := fmt.Sprintf("/%d", i)
		if read(t, s, path) != nil {
			t.Fatalf("%s is there", path)
		}
		put(t, s, page(path, 1, path))
	}
	if n := s.Stats().Pages; n != 2 {
		t.Errorf("%d pages", n)
	}
}
