package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/reprint-go/reprint"
)

// raiseStep is how many pages one transaction looks at. Others write between.
const raiseStep = 256

// Compact implements [reprint.Journal]: it raises the pages that are current at
// upTo, step by step, and then forgets the marks in one transaction. Pages that
// come meanwhile with a lower stamp and are not raised are not current any more,
// as all below the floor. upTo is at most the journal's position.
func (s *Store) Compact(ctx context.Context, upTo reprint.Position) error {
	if err := s.compact(ctx, clamp(upTo)); err != nil {
		return fmt.Errorf("compact the journal up to %d: %w", upTo, err)
	}
	return nil
}

func (s *Store) compact(ctx context.Context, upTo int64) error {
	const size = raiseStep * 1 << 10
	for after, more := int64(0), true; more; {
		last, err := ask(ctx, s, size, func(w *writer) (int64, error) { return w.raise(after, upTo) })
		if err != nil {
			return err
		}
		after, more = last, last > after
	}
	return s.change(ctx, size, func(w *writer) error { return w.forget(upTo) })
}

// raise sets checked to upTo for the pages that are current there, among the
// next few after the id after. It returns the id to go on from, the same one at
// the end.
//
// A page is current at upTo when no mark of its tags, and of no compound tag whose
// members it carries, is above the position it was checked at. Under the floor that is not known: the mark may be forgotten.
func (w *writer) raise(after, upTo int64) (int64, error) {
	if upTo > w.state.position {
		return 0, fmt.Errorf("the journal is at %d", w.state.position)
	}
	var floor int64
	if err := w.scan(`SELECT value FROM meta WHERE name = 'floor'`, nil, &floor); err != nil || upTo <= floor {
		return after, err
	}
	var last sql.Null[int64]
	const next = `SELECT max(id) FROM (SELECT id FROM pages WHERE id > ? ORDER BY id LIMIT ?)`
	if err := w.scan(next, []any{after, raiseStep}, &last); err != nil || !last.Valid {
		return after, err
	}
	// The checksum changes with checked by exclusive or (rowsum.go), which for
	// SQL is x | y less x & y. A damaged row may hold tags that are not JSON.
	const raise = `UPDATE pages SET checked = ?1,
			checksum = (checksum | ((checked | ?1) - (checked & ?1))) - (checksum & ((checked | ?1) - (checked & ?1)))
		WHERE id > ?2 AND id <= ?3 AND max(stamp, checked) < ?1
		AND max(stamp, checked) >= ?4
		AND CASE WHEN json_valid(tags) THEN NOT EXISTS (
			SELECT 1 FROM json_each(pages.tags) AS t JOIN ledger ON ledger.tag = t.value
			WHERE ledger.any_position > max(pages.stamp, pages.checked))
			AND NOT EXISTS (SELECT 1 FROM ledger WHERE tag >= 'all ' AND tag < 'all!'
				AND ledger.any_position > max(pages.stamp, pages.checked)
				AND NOT EXISTS (SELECT 1 FROM json_each(substr(ledger.tag, 5)) AS m
					WHERE m.value NOT IN (SELECT value FROM json_each(pages.tags)))) ELSE 0 END`
	_, err := w.exec(raise, upTo, after, last.V, floor)
	return last.V, err
}

// forget drops the marks up to upTo and raises the floor to it.
func (w *writer) forget(upTo int64) error {
	if _, err := w.exec(`DELETE FROM ledger WHERE any_position <= ?`, upTo); err != nil {
		return err
	}
	_, err := w.exec(`UPDATE meta SET value = max(value, ?) WHERE name = 'floor'`, upTo)
	return err
}
