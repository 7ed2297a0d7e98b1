package main

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/examples/newsroom/content"
)

// route is one kind of page: where it is, how it is made and how long it lasts.
type route struct {
	pattern string
	page    pageFunc
	policy  reprint.Policy
}

// routes is the whole site. What does not say how long it is fresh stays as it
// is until it is revalidated.
func (n *newsroom) routes() []route {
	return []route{
		{"/{$}", n.frontPage, reprint.Policy{Prerender: paths("/")}},

		// Posts change when somebody edits them, and then at once.
		{"/posts", n.postList, reprint.Policy{Query: []string{"page"}, Prerender: n.listPaths(content.KindPost)}},
		{"/posts/{id}", n.postPage, reprint.Policy{Prerender: n.itemPaths(content.KindPost)}},
		{"/authors/{id}", n.authorPage, reprint.Policy{Prerender: n.authorPaths}},
		{"/feed.xml", n.feed, reprint.Policy{Prerender: paths("/feed.xml")}},

		// Stock may also change behind the editor's back, at the till: after ten
		// minutes a page is printed again behind the next visitor.
		{"/products", n.productList, reprint.Policy{Revalidate: 10 * time.Minute, Query: []string{"page"}, Prerender: n.listPaths(content.KindProduct)}},
		{"/products/{id}", n.productPage, reprint.Policy{Revalidate: 10 * time.Minute, Prerender: n.itemPaths(content.KindProduct)}},

		// Events begin and end. Their pages say when with reprint.RevalidateAt.
		{"/events", n.eventList, reprint.Policy{Prerender: paths("/events")}},
		{"/events/{id}", n.eventPage, reprint.Policy{Prerender: n.itemPaths(content.KindEvent)}},

		{"/sitemap.xml", n.sitemap, reprint.Policy{Prerender: paths("/sitemap.xml")}},
	}
}

// listing is the type of [reprint.Policy.Prerender].
type listing = func(context.Context) iter.Seq2[string, error]

// paths lists what is known beforehand.
func paths(known ...string) listing {
	return func(context.Context) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for _, p := range known {
				if !yield(p, nil) {
					return
				}
			}
		}
	}
}

// itemPaths lists the pages of all items of a kind.
func (n *newsroom) itemPaths(k content.Kind) listing {
	return func(ctx context.Context) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			ids, err := n.db.Public().IDs(ctx, k)
			if err != nil {
				yield("", err)
			}
			for _, id := range ids {
				if !yield(k.Path(id), nil) {
					return
				}
			}
		}
	}
}

// listPaths lists the pages of a list that is divided into several.
func (n *newsroom) listPaths(k content.Kind) listing {
	return func(ctx context.Context) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			items, err := n.db.Public().Count(ctx, k)
			if err != nil {
				yield("", err)
				return
			}
			for number := 1; number <= pagesFor(items); number++ {
				if !yield(listPath(k, number), nil) {
					return
				}
			}
		}
	}
}

// listPath is where page number of a list is.
func listPath(k content.Kind, number int) string {
	if number == 1 {
		return fmt.Sprintf("/%ss", k)
	}
	return fmt.Sprintf("/%ss?page=%d", k, number)
}

func (n *newsroom) authorPaths(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		authors, err := n.db.Public().Authors(ctx)
		if err != nil {
			yield("", err)
		}
		for _, a := range authors {
			if !yield(content.KindAuthor.Path(a.ID), nil) {
				return
			}
		}
	}
}
