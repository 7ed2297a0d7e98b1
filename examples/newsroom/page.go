package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/examples/newsroom/content"
)

// pageFunc reads what a page shows. It says with [reprint.Tag] what the page
// depends on before it reads it, so that also "there is no such post" is put
// right when there is one. It returns [content.ErrNotFound] for what does not
// exist.
type pageFunc func(r *http.Request, v content.View) (sheet, error)

// sheet is a page that is ready to be printed.
type sheet struct {
	Look        string // the template
	Title       string // empty on the front page
	Description string
	Section     string // the part of the site that it belongs to
	Edit        string // where it can be edited; empty: nowhere
	Main        any    // what the template shows

	xml  []byte // in place of all that: the feed, or the sitemap
	mime string // of xml
}

// printedHeader says when a page was printed and how long it took. It is a
// header and not in the page, as a page that says the same as before is to be
// the same, with the same ETag. assets/printed.js shows it.
const printedHeader = "Newsroom-Printed"

// page makes a handler of f. It knows nothing of pages being stored: under the
// site it runs once per page and change, without it for every visitor.
func (n *newsroom) page(f pageFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "this page can only be read", http.StatusMethodNotAllowed)
			return
		}
		begin := time.Now()
		status := http.StatusOK
		v, err := n.source(r.Context())
		var s sheet
		if err == nil {
			s, err = f(r, v)
		}
		if errors.Is(err, content.ErrNotFound) {
			s, err, status = notFound, nil, http.StatusNotFound
		}
		if err != nil {
			fail(w, r, err)
			return
		}
		n.print(w, r, s, status, begin)
	})
}

// source is the data of one page, which is slow when it was asked to be.
func (n *newsroom) source(ctx context.Context) (content.View, error) {
	if n.cfg.slow > 0 {
		select {
		case <-time.After(n.cfg.slow):
		case <-ctx.Done():
			return content.View{}, context.Cause(ctx)
		}
	}
	if reprint.IsDraft(ctx) {
		return n.db.Everything(), nil
	}
	return n.db.Public(), nil
}

// print writes a page in one piece: an error in a template must not leave half
// of it.
func (n *newsroom) print(w http.ResponseWriter, r *http.Request, s sheet, status int, begin time.Time) {
	var body bytes.Buffer
	if err := n.looks.write(&body, s, reprint.IsDraft(r.Context())); err != nil {
		fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	if s.xml != nil {
		h.Set("Content-Type", s.mime+"; charset=utf-8")
	}
	h.Set(printedHeader, fmt.Sprintf("%s; took=%d", begin.UTC().Format("2006-01-02T15:04:05.000Z"), time.Since(begin).Milliseconds()))
	w.WriteHeader(status)
	w.Write(body.Bytes())
}

// fail answers 500. Under the site that is never stored: visitors keep the last
// good page.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	complain(r, err)
	http.Error(w, "Something is wrong in the print shop. Please try again.", http.StatusInternalServerError)
}

// complain tells the operator.
func complain(r *http.Request, err error) {
	slog.ErrorContext(r.Context(), "request went wrong", "method", r.Method, "path", r.URL.Path, "err", err)
}

var notFound = sheet{Look: "notfound", Title: "Not in this edition"}

// nowhere answers addresses that are under no route.
func (n *newsroom) nowhere(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	n.print(w, r, notFound, http.StatusNotFound, time.Now())
}

// idOf reads the number in the path. Only one spelling of a number is one: 7,
// not 07 or +7.
func idOf(r *http.Request) (int64, error) {
	text := r.PathValue("id")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 || strconv.FormatInt(id, 10) != text {
		return 0, content.ErrNotFound
	}
	return id, nil
}
