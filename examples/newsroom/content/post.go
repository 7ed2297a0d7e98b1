package content

import (
	"context"
	"fmt"
	"time"
)

// Sections are the topics of posts.
var Sections = []string{"Harbour", "Town", "Culture", "Food", "Nature", "Letters"}

// Post is an article in the paper.
type Post struct {
	Item
	AuthorID  int64
	Published time.Time
}

// Kind returns KindPost.
func (p *Post) Kind() Kind { return KindPost }

// Common returns what p shares with other records.
func (p *Post) Common() *Item { return &p.Item }

// PostsBy names the list of an author's posts.
func PostsBy(author int64) string { return fmt.Sprintf("posts-by:%d", author) }

func (p *Post) lists() []string { return []string{KindPost.ListTag(), PostsBy(p.AuthorID)} }
func (p *Post) order() string   { return fmt.Sprint(p.Published.UnixMilli()) }

const selectPosts = `SELECT id, topic, title, summary, body, visible, author_id, published FROM posts `

func scanPost(row scanner) (*Post, error) {
	var p Post
	err := row.Scan(&p.ID, &p.Topic, &p.Title, &p.Summary, &p.Body, &p.Visible, &p.AuthorID, (*moment)(&p.Published))
	return &p, err
}

func (p *Post) insert() (string, []any) {
	return `INSERT INTO posts (topic, title, summary, body, visible, author_id, published) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		[]any{p.Topic, p.Title, p.Summary, p.Body, p.Visible, p.AuthorID, moment(p.Published)}
}

func (p *Post) update() (string, []any) {
	return `UPDATE posts SET topic = ?, title = ?, summary = ?, body = ?, visible = ?, author_id = ?, published = ? WHERE id = ?`,
		[]any{p.Topic, p.Title, p.Summary, p.Body, p.Visible, p.AuthorID, moment(p.Published), p.ID}
}

// Post returns one post.
func (v View) Post(ctx context.Context, id int64) (*Post, error) {
	return one(ctx, v.db, scanPost, selectPosts+`WHERE id = ? AND (visible OR ?)`, id, v.hidden)
}

// Posts returns the window w of the posts, the newest first.
func (v View) Posts(ctx context.Context, w Window) ([]*Post, error) {
	return all(ctx, v.db, scanPost, selectPosts+`WHERE visible OR ? ORDER BY published DESC, id DESC LIMIT ? OFFSET ?`, v.hidden, w.Limit, w.Offset)
}

// PostsBy returns the author's posts, the newest first.
func (v View) PostsBy(ctx context.Context, author int64) ([]*Post, error) {
	return all(ctx, v.db, scanPost, selectPosts+`WHERE author_id = ? AND (visible OR ?) ORDER BY published DESC, id DESC`, author, v.hidden)
}
