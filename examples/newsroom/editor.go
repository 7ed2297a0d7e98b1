package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/reprint-go/reprint/examples/newsroom/content"
)

// editor is everything under /admin/. Nothing of it is static.
func (n *newsroom) editor() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /admin/{$}", action(n.showItems))
	mux.Handle("GET /admin/changes", action(n.showChanges))
	mux.Handle("GET /admin/changes/{id}", action(n.showChange))
	mux.Handle("POST /admin/changes/{id}/again", action(n.publishAgain))
	mux.Handle("GET /admin/items/{kind}/new", action(n.showForm))
	mux.Handle("POST /admin/items/{kind}/new", action(n.save))
	mux.Handle("GET /admin/items/{kind}/{id}", action(n.showForm))
	mux.Handle("POST /admin/items/{kind}/{id}", action(n.save))
	mux.Handle("POST /admin/items/{kind}/{id}/delete", action(n.remove))
	mux.Handle("POST /admin/items/{kind}/{id}/preview", action(n.preview))
	mux.Handle("POST /admin/items/{kind}/{id}/restore", action(n.restore))
	mux.Handle("POST /admin/items/{kind}/{id}/release", action(n.showPresent))
	mux.Handle("GET /admin/authors", action(n.showAuthors))
	mux.Handle("GET /admin/authors/{id}", action(n.showAuthor))
	mux.Handle("POST /admin/authors/{id}", action(n.saveAuthor))
	mux.Handle("POST /admin/preview/leave", action(n.leavePreview))
	mux.Handle("GET /admin/", action(func(http.ResponseWriter, *http.Request) error { return content.ErrNotFound }))
	return mux
}

// action is a handler that leaves its errors to one place.
type action func(http.ResponseWriter, *http.Request) error

// ServeHTTP runs the action.
func (a action) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var tooLarge *http.MaxBytesError
	switch err := a(w, r); {
	case err == nil:
	case errors.Is(err, content.ErrNotFound):
		http.Error(w, "There is no such item.", http.StatusNotFound)
	case errors.As(err, &tooLarge):
		http.Error(w, "This is too long to be printed.", http.StatusRequestEntityTooLarge)
	default:
		fail(w, r, err)
	}
}

// editPath is where something is edited.
func editPath(k content.Kind, id int64) string {
	if k == content.KindAuthor {
		return fmt.Sprintf("/admin/authors/%d", id)
	}
	return fmt.Sprintf("/admin/items/%s/%d", k, id)
}

// allPath is where everything of a kind is listed for the editor.
func allPath(k content.Kind) string {
	if k == content.KindAuthor {
		return "/admin/authors"
	}
	return "/admin/?kind=" + string(k)
}

// show writes a page of the editor; part is what its navigation marks as the
// place where one is.
func (n *newsroom) show(w http.ResponseWriter, status int, look, part, title string, main any) error {
	var body bytes.Buffer
	err := n.looks.admin[look].Execute(&body, struct {
		Title, Part string
		Kinds       []content.Kind
		Main        any
	}{title, part, content.Kinds, main})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, err = body.WriteTo(w)
	return err
}

// itemsPerPage is how many items a page of the editor's list shows.
const itemsPerPage = 25

// showItems lists what the search in the query finds.
func (n *newsroom) showItems(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	number, err := pageNumber(r)
	if err != nil {
		return err
	}
	search := content.Search{
		Kind: content.Kind(q.Get("kind")), Text: q.Get("q"), State: content.State(q.Get("state")),
		Window: content.Window{Limit: itemsPerPage, Offset: (number - 1) * itemsPerPage},
	}
	if !search.Kind.Valid() {
		search.Kind = content.KindPost
	}
	found, total, err := n.db.Find(r.Context(), search)
	if err != nil {
		return err
	}
	authors, err := n.db.Everything().Authors(r.Context())
	if err != nil {
		return err
	}
	names := make(map[int64]string, len(authors))
	for _, a := range authors {
		names[a.ID] = a.Name
	}
	turn := func(to int) string {
		if to < 1 || (to-1)*itemsPerPage >= total {
			return ""
		}
		return "/admin/?" + url.Values{"kind": {string(search.Kind)}, "q": {search.Text}, "state": {string(search.State)}, "page": {strconv.Itoa(to)}}.Encode()
	}
	return n.show(w, http.StatusOK, "items", string(search.Kind), "Edit", struct {
		content.Search
		Found        []content.Record
		Authors      map[int64]string
		Total        int
		Newer, Older string
		Now          time.Time
	}{search, found, names, total, turn(number - 1), turn(number + 1), time.Now()})
}

// showForm shows an item, or a new one, to be edited.
func (n *newsroom) showForm(w http.ResponseWriter, r *http.Request) error {
	rec, err := n.recordOf(r)
	if err != nil {
		return err
	}
	authors, err := n.db.Everything().Authors(r.Context())
	if err != nil {
		return err
	}
	return n.showRecord(r.Context(), w, http.StatusOK, rec, authors, nil)
}

func (n *newsroom) showRecord(ctx context.Context, w http.ResponseWriter, status int, rec content.Record, authors []*content.Author, faults map[string]string) error {
	before, err := n.history(ctx, rec)
	if err != nil {
		return err
	}
	title := "New " + string(rec.Kind())
	if rec.Common().ID != 0 {
		title = rec.Common().Title
	}
	return n.show(w, status, "form", string(rec.Kind()), title, struct {
		content.Record
		*content.Item
		Faults  map[string]string
		Authors []*content.Author
		Topics  []string
		History history
	}{rec, rec.Common(), faults, authors, topicsOf(rec.Kind()), before})
}

// recordOf returns the item that the path names, or a new one.
func (n *newsroom) recordOf(r *http.Request) (content.Record, error) {
	k := content.Kind(r.PathValue("kind"))
	if !k.Valid() {
		return nil, content.ErrNotFound
	}
	if r.PathValue("id") == "" {
		return blank(k, time.Now()), nil
	}
	id, err := idOf(r)
	if err != nil {
		return nil, err
	}
	return n.db.Everything().Record(r.Context(), k, id)
}

// save writes what the form says, has the pages printed that show it, and leads
// to the receipt.
func (n *newsroom) save(w http.ResponseWriter, r *http.Request) error {
	rec, err := n.recordOf(r)
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return err
	}
	authors, err := n.db.Everything().Authors(r.Context())
	if err != nil {
		return err
	}
	if faults := fill(rec, r.PostForm, authors); len(faults) > 0 {
		return n.showRecord(r.Context(), w, http.StatusUnprocessableEntity, rec, authors, faults)
	}
	change, err := n.db.Save(r.Context(), rec)
	if err != nil {
		return err
	}
	return n.publishAndShow(w, r, change)
}

// remove deletes an item for good.
func (n *newsroom) remove(w http.ResponseWriter, r *http.Request) error {
	rec, err := n.recordOf(r)
	if err != nil {
		return err
	}
	change, err := n.db.Delete(r.Context(), rec.Kind(), rec.Common().ID)
	if err != nil {
		return err
	}
	return n.publishAndShow(w, r, change)
}

// publishAndShow finishes what was saved, also when the editor closes the window
// meanwhile, and leads to the receipt. What went wrong is to be read there.
func (n *newsroom) publishAndShow(w http.ResponseWriter, r *http.Request, c *content.Change) error {
	if _, err := n.publish(context.WithoutCancel(r.Context()), c); err != nil {
		complain(r, err)
	}
	http.Redirect(w, r, fmt.Sprintf("/admin/changes/%d", c.ID), http.StatusSeeOther)
	return nil
}
