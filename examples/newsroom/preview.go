package main

import (
	"net/http"
	"time"
)

// preview shows the editor, and nobody else, the site with what is not visible
// yet.
func (n *newsroom) preview(w http.ResponseWriter, r *http.Request) error {
	rec, err := n.recordOf(r)
	if err != nil {
		return err
	}
	if err := n.site.SetDraft(w, r, time.Hour); err != nil {
		return err
	}
	http.Redirect(w, r, rec.Kind().Path(rec.Common().ID), http.StatusSeeOther)
	return nil
}

func (n *newsroom) leavePreview(w http.ResponseWriter, r *http.Request) error {
	n.site.ClearDraft(w, r)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
