package content_test

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/reprint-go/reprint/examples/newsroom/content"
)

// openDB returns a database with two authors.
func openDB(t *testing.T) *content.DB {
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
	authors := []*content.Author{{ID: 1, Name: "Ada"}, {ID: 2, Name: "Ben"}}
	if err := db.Import(t.Context(), authors, nil, nil, nil); err != nil {
		t.Fatal(err)
	}
	return db
}

var noon = time.Date(2026, time.May, 1, 12, 0, 0, 0, time.UTC)

func newPost() *content.Post {
	return &content.Post{Item: content.Item{Topic: "Town", Title: "T", Visible: true}, AuthorID: 1, Published: noon}
}

func newProduct() *content.Product {
	return &content.Product{Item: content.Item{Topic: "Books", Title: "T", Visible: true}, Price: 100, Stock: 1}
}

func newEvent() *content.Event {
	return &content.Event{Item: content.Item{Topic: "Talk", Title: "T", Visible: true}, Begins: noon, Ends: noon.Add(time.Hour)}
}

// TestTagsOfAChange is the rule by which pages are found: the item's own tag for
// what only shows differently, and a list's tag where it comes, goes or moves.
func TestTagsOfAChange(t *testing.T) {
	post, product, event := newPost, newProduct, newEvent
	hide := func(r content.Record) { r.Common().Visible = false }
	show := func(r content.Record) { r.Common().Visible = true }
	tests := []struct {
		name   string
		record content.Record
		before func(content.Record) // applied to the record that is saved first
		change func(content.Record)
		verb   content.Verb
		tags   []string // without the sitemap's
	}{
		{name: "post: nothing", record: post(), change: func(content.Record) {}, verb: content.Edited, tags: []string{"post:1"}},
		{name: "post: title", record: post(), change: func(r content.Record) { r.Common().Title = "U" }, verb: content.Edited, tags: []string{"post:1"}},
		{name: "post: section", record: post(), change: func(r content.Record) { r.Common().Topic = "Food" }, verb: content.Edited, tags: []string{"post:1"}},
		{name: "post: date", record: post(), change: func(r content.Record) { r.(*content.Post).Published = noon.Add(time.Second) }, verb: content.Edited, tags: []string{"post:1", "type:post", "posts-by:1"}},
		{name: "post: author", record: post(), change: func(r content.Record) { r.(*content.Post).AuthorID = 2 }, verb: content.Edited, tags: []string{"post:1", "posts-by:1", "posts-by:2"}},
		{name: "post: author and date", record: post(), change: func(r content.Record) { p := r.(*content.Post); p.AuthorID, p.Published = 2, noon.Add(time.Hour) }, verb: content.Edited, tags: []string{"post:1", "type:post", "posts-by:1", "posts-by:2"}},
		{name: "post: unpublished", record: post(), change: hide, verb: content.Unpublished, tags: []string{"post:1", "type:post", "posts-by:1"}},
		{name: "post: published", record: post(), before: hide, change: show, verb: content.Published, tags: []string{"post:1", "type:post", "posts-by:1"}},
		{name: "post: draft", record: post(), before: hide, change: func(r content.Record) { r.Common().Title = "U" }, verb: content.Edited},
		{name: "product: price", record: product(), change: func(r content.Record) { r.(*content.Product).Price = 1 }, verb: content.Edited, tags: []string{"product:1"}},
		{name: "product: title", record: product(), change: func(r content.Record) { r.Common().Title = "A" }, verb: content.Edited, tags: []string{"product:1"}},
		{name: "product: unpublished", record: product(), change: hide, verb: content.Unpublished, tags: []string{"product:1", "type:product"}},
		{name: "event: place", record: event(), change: func(r content.Record) { r.(*content.Event).Place = "Q" }, verb: content.Edited, tags: []string{"event:1"}},
		{name: "event: beginning", record: event(), change: func(r content.Record) { r.(*content.Event).Begins = noon.Add(time.Minute) }, verb: content.Edited, tags: []string{"event:1", "type:event"}},
		{name: "event: end", record: event(), change: func(r content.Record) { r.(*content.Event).Ends = noon.Add(2 * time.Hour) }, verb: content.Edited, tags: []string{"event:1", "type:event"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			db := openDB(t)
			if test.before != nil {
				test.before(test.record)
			}
			if _, err := db.Save(t.Context(), test.record); err != nil {
				t.Fatal(err)
			}
			test.change(test.record)
			change, err := db.Save(t.Context(), test.record)
			if err != nil {
				t.Fatal(err)
			}
			if test.tags != nil {
				test.tags = append(test.tags, content.SitemapTag)
			}
			if change.Verb != test.verb || !slices.Equal(change.Tags, test.tags) {
				t.Errorf("it was %s with tags %v, want %s with %v", change.Verb, change.Tags, test.verb, test.tags)
			}
			if change.Done != (len(test.tags) == 0) {
				t.Errorf("done is %v with tags %v", change.Done, change.Tags)
			}
		})
	}
}

func TestTagsOfComingAndGoing(t *testing.T) {
	db := openDB(t)
	post := newPost()
	want := []string{"post:1", "type:post", "posts-by:1", "sitemap"}
	created, err := db.Save(t.Context(), post)
	if err != nil {
		t.Fatal(err)
	}
	if post.ID != 1 || created.Verb != content.Created || !slices.Equal(created.Tags, want) || created.Path() != "/posts/1" {
		t.Errorf("created: %+v, want tags %v", created, want)
	}
	deleted, err := db.Delete(t.Context(), content.KindPost, 1)
	if err != nil {
		t.Fatal(err)
	}
	if deleted.Verb != content.Deleted || !slices.Equal(deleted.Tags, want) {
		t.Errorf("deleted: %+v, want tags %v", deleted, want)
	}
	if _, err := db.Save(t.Context(), post); !errors.Is(err, content.ErrNotFound) {
		t.Errorf("saving what was deleted: %v, want ErrNotFound", err)
	}
	if _, err := db.Delete(t.Context(), content.KindPost, 1); !errors.Is(err, content.ErrNotFound) {
		t.Errorf("deleting what was deleted: %v, want ErrNotFound", err)
	}
	post.ID = 0
	if _, err := db.Save(t.Context(), post); err != nil || post.ID != 2 {
		t.Errorf("the next post is number %d (%v), want 2: a number is not used twice", post.ID, err)
	}
}

func TestPendingUntilDone(t *testing.T) {
	db := openDB(t)
	var want []int64
	for range 3 {
		change, err := db.Save(t.Context(), newPost())
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, change.ID)
	}
	if err := db.Done(t.Context(), want[1], "R"); err != nil {
		t.Fatal(err)
	}
	pending, err := db.Pending(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	for _, c := range pending {
		got = append(got, c.ID)
	}
	if want := []int64{want[0], want[2]}; !slices.Equal(got, want) {
		t.Errorf("pending are %v, want %v", got, want)
	}
	if c, err := db.Change(t.Context(), want[1]); err != nil || !c.Done || c.Receipt != "R" {
		t.Errorf("change is %+v (%v), want done with its receipt", c, err)
	}
}
