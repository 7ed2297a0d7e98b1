package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
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
	compounds, err := s.compounds(ctx)
	if err != nil {
		return err
	}
	for after, more := int64(0), true; more; {
		last, err := ask(ctx, s, size, func(w *writer) (int64, error) { return w.raise(after, upTo, compounds) })
		if err != nil {
			return err
		}
		after, more = last, last > after
	}
	return s.change(ctx, size, func(w *writer) error { return w.forget(upTo) })
}

// compound is a compound tag's mark.
type compound struct {
	position int64
	others   []string // its members but the first
}

// compounds returns the compound tags of the ledger by their first member. One that is
// named later is named above all positions that a journal is compacted up to now.
func (s *Store) compounds(ctx context.Context) (map[string][]compound, error) {
	all := make(map[string][]compound)
	err := s.each(ctx, func(scan func(...any) error) error {
		var c compound
		var text string
		if err := scan(&text, &c.position); err != nil {
			return err
		}
		members, err := decodeTags(text)
		if err != nil || len(members) == 0 {
			return err
		}
		c.others = members[1:]
		all[members[0]] = append(all[members[0]], c)
		return nil
	}, `SELECT substr(tag, 5), any_position FROM ledger WHERE tag >= 'all ' AND tag < 'all!'`)
	return all, err
}

// raise sets checked to upTo for the pages that are current there, among the
// next few after the id after. It returns the id to go on from, the same one at
// the end.
//
// A page is current at upTo when no mark of its tags, and of no compound tag whose
// members it carries, is above the position it was checked at. Under the floor that is
// not known: the mark may be forgotten.
func (w *writer) raise(after, upTo int64, compounds map[string][]compound) (int64, error) {
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
	current, err := w.currentPages(after, last.V, floor, upTo, compounds)
	if err != nil || len(current) == 0 {
		return last.V, err
	}
	ids, err := json.Marshal(current)
	if err != nil {
		return 0, err
	}
	// The checksum changes with checked by exclusive or (rowsum.go), which for
	// SQL is x | y less x & y.
	const raise = `UPDATE pages SET checked = ?1,
			checksum = (checksum | ((checked | ?1) - (checked & ?1))) - (checksum & ((checked | ?1) - (checked & ?1)))
		WHERE id IN (SELECT value FROM json_each(?2))`
	_, err = w.exec(raise, upTo, string(ids))
	return last.V, err
}

// currentPages returns the ids of the pages between two ids that are current at upTo and
// are not known to be.
func (w *writer) currentPages(after, last, floor, upTo int64, compounds map[string][]compound) (ids []int64, err error) {
	// A damaged row may hold tags that are not JSON.
	const query = `SELECT id, max(stamp, checked), tags FROM pages
		WHERE id > ?1 AND id <= ?2 AND max(stamp, checked) < ?3 AND max(stamp, checked) >= ?4
		AND CASE WHEN json_valid(tags) THEN NOT EXISTS (
			SELECT 1 FROM json_each(pages.tags) AS t JOIN ledger ON ledger.tag = t.value
			WHERE ledger.any_position > max(pages.stamp, pages.checked)) ELSE 0 END`
	rows, err := w.db.query(context.Background(), query, after, last, upTo, floor)
	if err != nil {
		return nil, named(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, checked int64
		var text string
		if err := rows.Scan(&id, &checked, &text); err != nil {
			return nil, err
		}
		tags, err := decodeTags(text)
		if err == nil && !namesAll(compounds, tags, checked) {
			ids = append(ids, id)
		}
	}
	return ids, named(rows.Err())
}

// namesAll reports whether a compound tag above a position names a page with these tags.
func namesAll(compounds map[string][]compound, tags []string, checked int64) bool {
	for _, first := range tags {
		for _, c := range compounds[first] {
			if c.position > checked && len(without(c.others, tags)) == 0 {
				return true
			}
		}
	}
	return false
}

// forget drops the marks up to upTo and raises the floor to it.
func (w *writer) forget(upTo int64) error {
	if _, err := w.exec(`DELETE FROM ledger WHERE any_position <= ?`, upTo); err != nil {
		return err
	}
	_, err := w.exec(`UPDATE meta SET value = max(value, ?) WHERE name = 'floor'`, upTo)
	return err
}
