package content

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Author writes posts.
type Author struct {
	ID              int64
	Name, Role, Bio string
}

// AuthorTag names an author, for the pages that show the name.
func AuthorTag(id int64) string { return KindAuthor.Tag(id) }

const selectAuthors = `SELECT id, name, role, bio FROM authors `

func scanAuthor(row scanner) (*Author, error) {
	var a Author
	err := row.Scan(&a.ID, &a.Name, &a.Role, &a.Bio)
	return &a, err
}

// Author returns one author.
func (v View) Author(ctx context.Context, id int64) (*Author, error) {
	return one(ctx, v.db, scanAuthor, selectAuthors+`WHERE id = ?`, id)
}

// Authors returns all authors in the order of their IDs.
func (v View) Authors(ctx context.Context) ([]*Author, error) {
	return all(ctx, v.db, scanAuthor, selectAuthors+`ORDER BY id`)
}

// SaveAuthor writes the author, who must be there already. Posts are as they were: only
// pages that show the author differ.
func (d *DB) SaveAuthor(ctx context.Context, a *Author) (*Change, error) {
	c := &Change{
		At: time.Now(), Verb: Edited, Kind: KindAuthor, Item: a.ID, Title: a.Name,
		Tags: []string{AuthorTag(a.ID), SitemapTag},
	}
	err := d.write(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `UPDATE authors SET name = ?, role = ?, bio = ? WHERE id = ?`, a.Name, a.Role, a.Bio, a.ID)
		if err != nil {
			return err
		}
		switch rows, err := result.RowsAffected(); {
		case err != nil:
			return err
		case rows == 0:
			return ErrNotFound
		}
		return c.insert(ctx, tx)
	})
	if err != nil {
		return nil, fmt.Errorf("save author %q: %w", a.Name, err)
	}
	return c, nil
}
