package sqlite

import (
	"context"
	"fmt"

	"github.com/reprint-go/reprint"
)

// PutRecord implements [reprint.Journal].
func (s *Store) PutRecord(ctx context.Context, r reprint.Record) error {
	value := string(r.Value) // the caller may change its own
	err := s.change(ctx, int64(512+len(value)), func(w *writer) error {
		const put = `INSERT INTO records (kind, id, value) VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET value = excluded.value`
		_, err := w.exec(put, r.Kind, r.ID, value)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep %s %s: %w", r.Kind, r.ID, err)
	}
	return nil
}

// DeleteRecord implements [reprint.Journal].
func (s *Store) DeleteRecord(ctx context.Context, kind, id string) error {
	const size = 512
	err := s.change(ctx, size, func(w *writer) error {
		_, err := w.exec(`DELETE FROM records WHERE kind = ? AND id = ?`, kind, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("forget %s %s: %w", kind, id, err)
	}
	return nil
}

// Records implements [reprint.Journal].
func (s *Store) Records(ctx context.Context, kind string) (list []reprint.Record, err error) {
	err = s.each(ctx, func(scan func(...any) error) error {
		r := reprint.Record{Kind: kind}
		err := scan(&r.ID, &r.Value)
		list = append(list, r)
		return err
	}, `SELECT id, value FROM records WHERE kind = ? ORDER BY id`, kind)
	if err != nil {
		return nil, fmt.Errorf("read what is kept of %s: %w", kind, err)
	}
	return list, nil
}
