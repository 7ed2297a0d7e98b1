package content

import "context"

// Author writes posts. Authors are not edited here.
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
