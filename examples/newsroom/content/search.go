package content

import (
	"context"
	"fmt"
	"strings"
)

// Search is what an editor looks for.
type Search struct {
	Kind  Kind
	Text  string // part of the title or the topic, or the number; empty: everything
	State State
	Window
}

// State narrows a search to what readers can or cannot see.
type State string

// The states. The zero State is both.
const (
	AnyState State = ""
	Live     State = "live"
	Hidden   State = "hidden"
)

// Find returns the window of what the search finds, and how much it finds in
// all: posts by date, products by number, events by their beginning, the latest
// first.
func (d *DB) Find(ctx context.Context, s Search) (found []Record, total int, err error) {
	const where = ` WHERE (title LIKE ?1 ESCAPE '\' OR topic LIKE ?1 ESCAPE '\' OR CAST(id AS TEXT) = ?2) AND (?3 = '' OR visible = (?3 = 'live'))`
	text := strings.TrimSpace(s.Text)
	pattern := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
	args := []any{pattern, text, string(s.State)}

	count := `SELECT count(*) FROM ` + table(s.Kind) + where
	if err := d.db.QueryRowContext(ctx, count, args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count what %q finds: %w", text, err)
	}
	args = append(args, s.Limit, s.Offset)
	switch s.Kind {
	case KindPost:
		found, err = records(all(ctx, d.db, scanPost, selectPosts+where+` ORDER BY published DESC, id DESC LIMIT ?4 OFFSET ?5`, args...))
	case KindProduct:
		found, err = records(all(ctx, d.db, scanProduct, selectProducts+where+` ORDER BY id DESC LIMIT ?4 OFFSET ?5`, args...))
	default:
		found, err = records(all(ctx, d.db, scanEvent, selectEvents+where+` ORDER BY begins DESC, id DESC LIMIT ?4 OFFSET ?5`, args...))
	}
	return found, total, err
}

func records[R Record](list []R, err error) ([]Record, error) {
	found := make([]Record, len(list))
	for i, r := range list {
		found[i] = r
	}
	return found, err
}
