package main

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/examples/newsroom/content"
)

// perPage is how many items a page of a list shows.
const perPage = 24

func pagesFor(items int) int { return max(1, (items+perPage-1)/perPage) }

// frontPage shows the latest of everything.
func (n *newsroom) frontPage(r *http.Request, v content.View) (sheet, error) {
	ctx, now := r.Context(), time.Now()
	reprint.Tag(ctx, content.KindPost.ListTag(), content.KindProduct.ListTag(), content.KindEvent.ListTag())
	posts, err := n.posts(ctx, v, content.Window{Limit: 9})
	if err != nil {
		return sheet{}, err
	}
	products, err := v.Products(ctx, content.Window{Limit: 5})
	if err != nil {
		return sheet{}, err
	}
	events, err := v.EventsAhead(ctx, now, 7)
	if err != nil {
		return sheet{}, err
	}
	if err := nextTurn(ctx, v, now); err != nil {
		return sheet{}, err
	}
	tagProducts(ctx, products)
	lead, rest := cut(posts, 1)
	stories, briefs := cut(rest, 4)
	return sheet{Look: "front", Section: "front", Description: "News, books and evenings from Merrow Quay.", Main: struct {
		Lead, Stories, Briefs []signedPost
		Products              []*content.Product
		Events                []datedEvent
	}{lead, stories, briefs, products, dated(ctx, events, now)}}, nil
}

// cut divides a list after at most n.
func cut[T any](list []T, n int) (head, tail []T) {
	n = min(n, len(list))
	return list[:n], list[n:]
}

// nextTurn says that a page with a list of events changes when any of them
// begins or ends: not only one that it shows, as the next in line moves up.
func nextTurn(ctx context.Context, v content.View, now time.Time) error {
	at, err := v.NextTurn(ctx, now)
	if err == nil && !at.IsZero() {
		reprint.RevalidateAt(ctx, at)
	}
	return err
}

// list is what the templates of divided lists show.
type list[T any] struct {
	Items         []T
	Number, Pages int
	Newer, Older  string // where the neighbouring pages are
}

// posts reads a part of the news, for a page that shows it.
func (n *newsroom) posts(ctx context.Context, v content.View, w content.Window) ([]signedPost, error) {
	posts, err := v.Posts(ctx, w)
	if err != nil {
		return nil, err
	}
	return n.signed(ctx, v, posts)
}

func (n *newsroom) postList(r *http.Request, v content.View) (sheet, error) {
	read := func(ctx context.Context, w content.Window) ([]signedPost, error) { return n.posts(ctx, v, w) }
	l, err := window(r, v, content.KindPost, read)
	return sheet{Look: "posts", Section: "news", Title: "News", Description: "All that was in the paper.", Main: l}, err
}

func (n *newsroom) productList(r *http.Request, v content.View) (sheet, error) {
	l, err := window(r, v, content.KindProduct, v.Products)
	tagProducts(r.Context(), l.Items)
	return sheet{Look: "products", Section: "shop", Title: "The shop", Description: "Prints, books and pots, at the counter or by post.", Main: l}, err
}

// window reads one page of a divided list. Also a page beyond the last carries
// the list's tag: one day there may be enough for it.
func window[T any](r *http.Request, v content.View, k content.Kind, read func(context.Context, content.Window) ([]T, error)) (list[T], error) {
	ctx := r.Context()
	reprint.Tag(ctx, k.ListTag())
	number, err := pageNumber(r)
	if err != nil {
		return list[T]{}, err
	}
	total, err := v.Count(ctx, k)
	if err != nil {
		return list[T]{}, err
	}
	if number > pagesFor(total) {
		return list[T]{}, content.ErrNotFound
	}
	items, err := read(ctx, content.Window{Limit: perPage, Offset: (number - 1) * perPage})
	l := list[T]{Items: items, Number: number, Pages: pagesFor(total)}
	if number > 1 {
		l.Newer = listPath(k, number-1)
	}
	if number < l.Pages {
		l.Older = listPath(k, number+1)
	}
	return l, err
}

// pageNumber reads ?page=, of which only one spelling exists.
func pageNumber(r *http.Request) (int, error) {
	text := r.URL.Query().Get("page")
	if text == "" {
		return 1, nil
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 || number > 1_000_000 || strconv.Itoa(number) != text {
		return 0, content.ErrNotFound
	}
	return number, nil
}

// eventList shows what is on, what is to come, and what was.
func (n *newsroom) eventList(r *http.Request, v content.View) (sheet, error) {
	ctx, now := r.Context(), time.Now()
	reprint.Tag(ctx, content.KindEvent.ListTag())
	ahead, err := v.EventsAhead(ctx, now, 200)
	if err != nil {
		return sheet{}, err
	}
	past, err := v.EventsPast(ctx, now, 8)
	if err != nil {
		return sheet{}, err
	}
	if err := nextTurn(ctx, v, now); err != nil {
		return sheet{}, err
	}
	coming := dated(ctx, ahead, now)
	first := slices.IndexFunc(coming, func(e datedEvent) bool { return e.Now == content.Upcoming })
	if first < 0 {
		first = len(coming)
	}
	return sheet{Look: "events", Section: "events", Title: "What’s on", Description: "Evenings, mornings and one tide in real time.", Main: struct {
		On, Coming, Past []datedEvent
	}{coming[:first], coming[first:], dated(ctx, past, now)}}, nil
}
