package main

import (
	"context"
	"net/http"
	"net/url"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/examples/newsroom/content"
)

// author returns an author for a page, which then depends on the author's tag. What is
// read is shared: a change of a name reads the author once, and not for each of the
// pages that show it.
func (n *newsroom) author(ctx context.Context, v content.View, id int64) (*content.Author, error) {
	tag := content.AuthorTag(id)
	return reprint.Cached(ctx, tag, func(ctx context.Context) (*content.Author, error) {
		n.authorReads.Add(1)
		return v.Author(ctx, id)
	}, tag)
}

// signedPost is a post with who wrote it.
type signedPost struct {
	*content.Post
	By *content.Author
}

// signed says that a page shows these posts with the names of their authors, and
// returns both.
func (n *newsroom) signed(ctx context.Context, v content.View, posts []*content.Post) ([]signedPost, error) {
	list := make([]signedPost, len(posts))
	for i, p := range posts {
		reprint.Tag(ctx, content.KindPost.Tag(p.ID))
		by, err := n.author(ctx, v, p.AuthorID)
		if err != nil {
			return nil, err
		}
		list[i] = signedPost{p, by}
	}
	return list, nil
}

// showAuthors lists who can be edited.
func (n *newsroom) showAuthors(w http.ResponseWriter, r *http.Request) error {
	authors, err := n.db.Everything().Authors(r.Context())
	if err != nil {
		return err
	}
	return n.show(w, http.StatusOK, "authors", string(content.KindAuthor), "Authors", authors)
}

// showAuthor shows an author to be edited.
func (n *newsroom) showAuthor(w http.ResponseWriter, r *http.Request) error {
	author, err := n.authorOf(r)
	if err != nil {
		return err
	}
	return n.showAuthorForm(w, r, http.StatusOK, author, nil)
}

// showAuthorForm also says on how many pages the author is to be seen: those that a
// change would print.
func (n *newsroom) showAuthorForm(w http.ResponseWriter, r *http.Request, status int, a *content.Author, faults map[string]string) error {
	meant, err := n.site.Apply(r.Context(), reprint.Revalidation{Tags: []string{content.AuthorTag(a.ID)}, DryRun: true})
	if err != nil {
		return err
	}
	return n.show(w, status, "author", string(content.KindAuthor), a.Name, struct {
		*content.Author
		Faults map[string]string
		Pages  int
	}{a, faults, meant.Matched})
}

func (n *newsroom) authorOf(r *http.Request) (*content.Author, error) {
	id, err := idOf(r)
	if err != nil {
		return nil, err
	}
	return n.db.Everything().Author(r.Context(), id)
}

// saveAuthor writes what the form says, has the pages printed that show the author,
// and leads to the receipt that counts them.
func (n *newsroom) saveAuthor(w http.ResponseWriter, r *http.Request) error {
	author, err := n.authorOf(r)
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return err
	}
	if faults := fillAuthor(author, r.PostForm); len(faults) > 0 {
		return n.showAuthorForm(w, r, http.StatusUnprocessableEntity, author, faults)
	}
	change, err := n.db.SaveAuthor(r.Context(), author)
	if err != nil {
		return err
	}
	return n.publishAndShow(w, r, change)
}

// fillAuthor is fill for an author.
func fillAuthor(a *content.Author, sent url.Values) map[string]string {
	f := form{sent: sent, faults: make(map[string]string)}
	f.text("name", &a.Name, 100, true)
	f.text("role", &a.Role, 100, false)
	f.text("bio", &a.Bio, 1000, false)
	return f.faults
}
