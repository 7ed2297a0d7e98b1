package seed_test

import (
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint/examples/newsroom/art"
	"github.com/reprint-go/reprint/examples/newsroom/content"
	"github.com/reprint-go/reprint/examples/newsroom/seed"
)

var now = time.Date(2026, time.May, 1, 15, 4, 5, 6, time.Local)

func filled(t *testing.T) *content.DB {
	t.Helper()
	db, err := content.Open(t.Context(), filepath.Join(t.TempDir(), "content.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := seed.Fill(t.Context(), db, now); err != nil {
		t.Fatal(err)
	}
	return db
}

// everything returns all records of a database.
func everything(t *testing.T, db *content.DB) []content.Record {
	t.Helper()
	var all []content.Record
	for _, k := range content.Kinds {
		found, total, err := db.Find(t.Context(), content.Search{Kind: k, Window: content.Window{Limit: 1000}})
		if err != nil || len(found) != total {
			t.Fatalf("found %d of %d %ss: %v", len(found), total, k, err)
		}
		all = append(all, found...)
	}
	return all
}

func TestFillIsTheSameEveryTime(t *testing.T) {
	if first, second := everything(t, filled(t)), everything(t, filled(t)); !reflect.DeepEqual(first, second) {
		t.Error("two databases that were filled at the same moment differ")
	}
}

func TestFillLeavesContentAlone(t *testing.T) {
	db := filled(t)
	if _, err := db.Delete(t.Context(), content.KindPost, 1); err != nil {
		t.Fatal(err)
	}
	before := len(everything(t, db))
	if err := seed.Fill(t.Context(), db, now); err != nil {
		t.Fatal(err)
	}
	if after := len(everything(t, db)); after != before {
		t.Errorf("there were %d items and now there are %d", before, after)
	}
}

var leftOver = regexp.MustCompile(`%!|%[sdv]|\*\*|  |"|'|\bTODO\b`)

func TestContentReadsWell(t *testing.T) {
	topics := map[content.Kind][]string{content.KindPost: content.Sections, content.KindProduct: content.Shelves, content.KindEvent: content.Occasions}
	titles := make(map[string]bool)
	all := everything(t, filled(t))
	if len(all) < 250 {
		t.Errorf("there are %d items, want a few hundred", len(all))
	}
	for _, r := range all {
		item := r.Common()
		if !slices.Contains(topics[r.Kind()], item.Topic) {
			t.Errorf("%s %q has the topic %q, which the editor does not offer", r.Kind(), item.Title, item.Topic)
		}
		if _, ok := art.SVG(item.Topic, item.ID); !ok {
			t.Errorf("there is no picture for %q", item.Topic)
		}
		text := item.Title + "\n" + item.Summary + "\n" + item.Body
		if found := leftOver.FindString(text); found != "" {
			t.Errorf("%s %q holds %q", r.Kind(), item.Title, found)
		}
		if strings.Count(text, "*")%2 != 0 || item.Title == "" || item.Summary == "" || len(item.Body) < 40 {
			t.Errorf("%s %q is not complete: %q", r.Kind(), item.Title, text)
		}
		if r.Kind() != content.KindEvent && titles[item.Title] && !strings.HasPrefix(item.Title, "Harbour log") {
			t.Errorf("there are two called %q", item.Title)
		}
		titles[item.Title] = true
	}
}

// TestSomethingHappensSoon: whoever starts the newsroom can watch a page change.
func TestSomethingHappensSoon(t *testing.T) {
	db := filled(t)
	events, err := db.Public().EventsAhead(t.Context(), now, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var on, soon, later int
	for _, e := range events {
		switch phase, turn := e.Phase(now); {
		case phase == content.OnNow:
			on++
		case turn.Before(now.Add(3 * time.Minute)):
			soon++
		default:
			later++
		}
		if !e.Begins.Before(e.Ends) {
			t.Errorf("%q ends before it begins", e.Title)
		}
	}
	if on < 2 || soon != 1 || later < 30 {
		t.Errorf("%d events are on, %d begin within three minutes, %d later; want some, 1 and many", on, soon, later)
	}
	posts, err := db.Public().Posts(t.Context(), content.Window{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range posts {
		if p.Published.After(now) {
			t.Errorf("%q is of the future", p.Title)
		}
	}
}
