package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/reprint-go/reprint"
)

// Delete implements [reprint.Store].
func (s *Store) Delete(ctx context.Context, key reprint.Key, before reprint.Position) error {
	const size = 1 << 10
	text, ok := textOf(key)
	if !ok {
		return ctx.Err()
	}
	err := s.change(ctx, size, func(w *writer) error {
		old, err := w.predecessor(text)
		if err != nil || old == nil || old.stamp >= clamp(before) {
			return err
		}
		return w.drop(old.id, old.body, old.tags)
	})
	if err != nil {
		return fmt.Errorf("delete page %s: %w", key, err)
	}
	return nil
}

// drop removes a page, its tags and, if no other page has it, its body.
func (w *writer) drop(id int64, body []byte, tags string) error {
	var err error
	if json.Valid([]byte(tags)) {
		err = w.dropTags(id, tags)
	} else {
		err = w.dropAllTags(id)
	}
	if err != nil {
		return err
	}
	if _, err := w.exec(`DELETE FROM pages WHERE id = ?`, id); err != nil {
		return err
	}
	w.state.pages--
	return w.dropBody(body)
}
