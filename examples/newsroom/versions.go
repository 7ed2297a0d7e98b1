package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/examples/newsroom/content"
)

// history is what the form of an item says of the page of it that visitors see.
type history struct {
	Held     bool // it is an earlier version
	Versions []reprint.Version
}

// history returns what is known of the page of an item.
func (n *newsroom) history(ctx context.Context, rec content.Record) (history, error) {
	if rec.Common().ID == 0 || !rec.Common().Visible {
		return history{}, nil
	}
	path := rec.Kind().Path(rec.Common().ID)
	held, err := n.held(ctx, path)
	if err != nil {
		return history{}, err
	}
	all, err := n.site.Versions(ctx, path)
	h := history{Held: held}
	for _, v := range all {
		if v.Page.Status == http.StatusOK && v.Refused == "" {
			h.Versions = append(h.Versions, v)
		}
	}
	return h, err
}

// held reports whether visitors of a path get an earlier version.
func (n *newsroom) held(ctx context.Context, path string) (bool, error) {
	pages, err := n.site.Explain(ctx, path)
	if err != nil {
		return false, err
	}
	for _, p := range pages {
		if p.Page != nil && time.Now().Before(p.Page.HeldUntil) {
			return true, nil
		}
	}
	return false, nil
}

// restore shows visitors an earlier version of a page, until the item is saved again or
// the present one is asked for.
func (n *newsroom) restore(w http.ResponseWriter, r *http.Request) error {
	rec, err := n.recordOf(r)
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(r.PostFormValue("version"), 10, 64)
	if err != nil {
		return content.ErrNotFound
	}
	version, err := n.site.Version(r.Context(), id)
	if err != nil {
		return err
	}
	if version == nil || version.Page.Key.Path != rec.Kind().Path(rec.Common().ID) {
		return content.ErrNotFound
	}
	if _, err := n.site.Restore(context.WithoutCancel(r.Context()), reprint.Restoration{Version: id, By: "editor"}); err != nil {
		return err
	}
	http.Redirect(w, r, editPath(rec.Kind(), rec.Common().ID), http.StatusSeeOther)
	return nil
}

// showPresent ends what restore began.
func (n *newsroom) showPresent(w http.ResponseWriter, r *http.Request) error {
	rec, err := n.recordOf(r)
	if err != nil {
		return err
	}
	if err := n.release(context.WithoutCancel(r.Context()), rec.Kind().Path(rec.Common().ID)); err != nil {
		return err
	}
	http.Redirect(w, r, editPath(rec.Kind(), rec.Common().ID), http.StatusSeeOther)
	return nil
}

// release lets a page be printed again that shows an earlier version.
func (n *newsroom) release(ctx context.Context, path string) error {
	held, err := n.held(ctx, path)
	if err != nil || !held {
		return err
	}
	_, err = n.site.Release(ctx, reprint.Revalidation{Paths: []string{path}, By: "editor"})
	return err
}
