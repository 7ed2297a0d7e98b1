package content_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint/examples/newsroom/content"
)

func TestPhase(t *testing.T) {
	e := newEvent()
	tests := []struct {
		name    string
		at      time.Time
		phase   content.Phase
		changes time.Time
	}{
		{"before", e.Begins.Add(-time.Nanosecond), content.Upcoming, e.Begins},
		{"at the beginning", e.Begins, content.OnNow, e.Ends},
		{"during", e.Begins.Add(time.Minute), content.OnNow, e.Ends},
		{"at the end", e.Ends, content.Over, time.Time{}},
		{"after", e.Ends.Add(time.Hour), content.Over, time.Time{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			phase, changes := e.Phase(test.at)
			if phase != test.phase || !changes.Equal(test.changes) {
				t.Errorf("it is %s and changes at %v, want %s and %v", phase, changes, test.phase, test.changes)
			}
		})
	}
}

func TestPence(t *testing.T) {
	for text, want := range map[string]content.Pence{"12.50": 1250, "12.5": 1250, "12": 1200, "£0.05": 5, " 7.00 ": 700, "0": 0} {
		if got, err := content.ParsePence(text); err != nil || got != want {
			t.Errorf("ParsePence(%q) is %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", ".", ".5", "1,50", "-1", "+1", "1.505", "12345678", "1e3", "£", "1.-5", "0x1"} {
		if got, err := content.ParsePence(text); err == nil {
			t.Errorf("ParsePence(%q) is %d, want an error", text, got)
		}
	}
	for amount, want := range map[content.Pence]string{0: "£0.00", 5: "£0.05", 1250: "£12.50"} {
		if got := amount.String(); got != want {
			t.Errorf("%d is written %q, want %q", int64(amount), got, want)
		}
	}
}

func TestWhatIsSavedIsRead(t *testing.T) {
	db := openDB(t)
	post, product, event := newPost(), newProduct(), newEvent()
	for _, r := range []content.Record{post, product, event} {
		r.Common().Summary, r.Common().Body = "S", "B\n\n“ü”"
		if _, err := db.Save(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		got, err := db.Public().Record(t.Context(), r.Kind(), r.Common().ID)
		if err != nil {
			t.Fatal(err)
		}
		if p, ok := got.(*content.Post); ok {
			p.Published = p.Published.UTC()
		}
		if e, ok := got.(*content.Event); ok {
			e.Begins, e.Ends = e.Begins.UTC(), e.Ends.UTC()
		}
		if !reflect.DeepEqual(got, r) {
			t.Errorf("read %+v, want %+v", got, r)
		}
	}
}

func TestHiddenItemsAreForEditorsOnly(t *testing.T) {
	db := openDB(t)
	post := newPost()
	post.Visible = false
	if _, err := db.Save(t.Context(), post); err != nil {
		t.Fatal(err)
	}
	ctx, window := t.Context(), content.Window{Limit: 10}
	for _, test := range []struct {
		name string
		view content.View
		want int
	}{{"readers", db.Public(), 0}, {"editors", db.Everything(), 1}} {
		posts, err := test.view.Posts(ctx, window)
		if err != nil || len(posts) != test.want {
			t.Errorf("%s see %d posts (%v), want %d", test.name, len(posts), err, test.want)
		}
		by, err := test.view.PostsBy(ctx, 1)
		if err != nil || len(by) != test.want {
			t.Errorf("%s see %d posts of the author (%v), want %d", test.name, len(by), err, test.want)
		}
		if n, err := test.view.Count(ctx, content.KindPost); err != nil || n != test.want {
			t.Errorf("%s count %d (%v), want %d", test.name, n, err, test.want)
		}
		if ids, err := test.view.IDs(ctx, content.KindPost); err != nil || len(ids) != test.want {
			t.Errorf("%s are listed %v (%v), want %d", test.name, ids, err, test.want)
		}
		if _, err := test.view.Post(ctx, post.ID); (err == nil) != (test.want == 1) {
			t.Errorf("%s read the post: %v", test.name, err)
		}
	}
}

func TestNextTurn(t *testing.T) {
	db := openDB(t)
	turn := func() time.Time {
		t.Helper()
		at, err := db.Public().NextTurn(t.Context(), noon)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	if got := turn(); !got.IsZero() {
		t.Errorf("without events it is %v", got)
	}
	add := func(begins, ends time.Duration, visible bool) {
		t.Helper()
		e := newEvent()
		e.Begins, e.Ends, e.Visible = noon.Add(begins), noon.Add(ends), visible
		if _, err := db.Save(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		begins, ends time.Duration
		visible      bool
		want         time.Duration
	}{
		{5 * time.Hour, 9 * time.Hour, true, 5 * time.Hour},  // to come: its beginning
		{-time.Hour, 3 * time.Hour, true, 3 * time.Hour},     // on: its end
		{-2 * time.Hour, 0, true, 3 * time.Hour},             // just over: nothing
		{time.Minute, 2 * time.Minute, false, 3 * time.Hour}, // not visible
		{time.Second, 20 * time.Hour, true, time.Second},     // sooner than all
		{0, 500 * time.Millisecond, true, time.Second / 2},   // begins at this very moment
	} {
		add(step.begins, step.ends, step.visible)
		if got := turn(); !got.Equal(noon.Add(step.want)) {
			t.Errorf("with an event from %v to %v it is in %v, want %v", step.begins, step.ends, got.Sub(noon), step.want)
		}
	}
}

func TestFileOfANewerVersionIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "content.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := content.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("error %v, want one that names the version", err)
	}
}

// TestFileOfVersion1IsRaised: it has no dates of changes, and gets them.
func TestFileOfVersion1IsRaised(t *testing.T) {
	path := filepath.Join(t.TempDir(), "content.db")
	old, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := os.ReadFile("schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := old.ExecContext(t.Context(), string(schema)+"PRAGMA user_version = 1; INSERT INTO authors VALUES (1, 'Ada', '', '')"); err != nil {
		t.Fatal(err)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is of this version
		db, err := content.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Save(t.Context(), newPost()); err != nil {
			t.Error(err)
		}
		if modified, err := db.Public().Modified(t.Context()); err != nil || modified["type:post"].IsZero() {
			t.Errorf("changed: %v (%v), want when a post came", modified, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestPathWithOddCharacters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a?b#c%20d e.db")
	db, err := content.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if found, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*.db")); len(found) != 1 || found[0] != path {
		t.Errorf("made %v, want %s", found, path)
	}
}

func TestCancelledSaveLeavesNothing(t *testing.T) {
	db := openDB(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.Save(ctx, newPost()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	if n, err := db.Everything().Count(t.Context(), content.KindPost); err != nil || n != 0 {
		t.Errorf("there are %d posts (%v), want none", n, err)
	}
}
