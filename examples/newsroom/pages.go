package main

import (
	"context"
	"net/http"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/examples/newsroom/content"
)

func (n *newsroom) postPage(r *http.Request, v content.View) (sheet, error) {
	id, err := idOf(r)
	if err != nil {
		return sheet{}, err
	}
	reprint.Tag(r.Context(), content.KindPost.Tag(id))
	post, err := v.Post(r.Context(), id)
	if err != nil {
		return sheet{}, err
	}
	author, err := n.author(r.Context(), v, post.AuthorID)
	if err != nil {
		return sheet{}, err
	}
	return itemSheet("post", "news", post, signedPost{post, author}), nil
}

func (n *newsroom) productPage(r *http.Request, v content.View) (sheet, error) {
	id, err := idOf(r)
	if err != nil {
		return sheet{}, err
	}
	reprint.Tag(r.Context(), content.KindProduct.Tag(id))
	product, err := v.Product(r.Context(), id)
	if err != nil {
		return sheet{}, err
	}
	return itemSheet("product", "shop", product, product), nil
}

// eventPage says whether the event is to come, on or over, and that it has to be
// printed again when that changes. Nobody need visit it or call for it.
func (n *newsroom) eventPage(r *http.Request, v content.View) (sheet, error) {
	id, err := idOf(r)
	if err != nil {
		return sheet{}, err
	}
	reprint.Tag(r.Context(), content.KindEvent.Tag(id))
	event, err := v.Event(r.Context(), id)
	if err != nil {
		return sheet{}, err
	}
	phase, changes := event.Phase(time.Now())
	if !changes.IsZero() {
		reprint.RevalidateAt(r.Context(), changes)
	}
	return itemSheet("event", "events", event, datedEvent{event, phase}), nil
}

// datedEvent is an event as it stands at a moment.
type datedEvent struct {
	*content.Event
	Now content.Phase
}

func itemSheet(look, section string, r content.Record, main any) sheet {
	item := r.Common()
	return sheet{Look: look, Section: section, Title: item.Title, Description: plain(item.Summary), Edit: editPath(r.Kind(), item.ID), Main: main}
}

// authorPage carries the tag of the author's list beside those of the posts in
// it: a post that the author writes tomorrow is not among them.
func (n *newsroom) authorPage(r *http.Request, v content.View) (sheet, error) {
	id, err := idOf(r)
	if err != nil {
		return sheet{}, err
	}
	reprint.Tag(r.Context(), content.PostsBy(id))
	author, err := n.author(r.Context(), v, id)
	if err != nil {
		return sheet{}, err
	}
	written, err := v.PostsBy(r.Context(), id)
	if err != nil {
		return sheet{}, err
	}
	posts, err := n.signed(r.Context(), v, written)
	if err != nil {
		return sheet{}, err
	}
	return sheet{Look: "author", Section: "news", Title: author.Name, Description: author.Bio, Main: struct {
		*content.Author
		Posts []signedPost
	}{author, posts}}, nil
}

// tagProducts says that a page shows these products.
func tagProducts(ctx context.Context, products []*content.Product) {
	for _, p := range products {
		reprint.Tag(ctx, content.KindProduct.Tag(p.ID))
	}
}

// dated says that a page shows these events, and returns them as they stand now.
func dated(ctx context.Context, events []*content.Event, now time.Time) []datedEvent {
	list := make([]datedEvent, len(events))
	for i, e := range events {
		reprint.Tag(ctx, content.KindEvent.Tag(e.ID))
		phase, _ := e.Phase(now)
		list[i] = datedEvent{e, phase}
	}
	return list
}
