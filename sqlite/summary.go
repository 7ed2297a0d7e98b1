package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/reprint-go/reprint"
)

// Summary implements [reprint.Journal].
func (s *Store) Summary(ctx context.Context) (reprint.Summary, error) {
	readers, done, err := s.reading()
	if err != nil {
		return reprint.Summary{}, fmt.Errorf("summarise the journal: %w", err)
	}
	defer done()
	// One transaction: position, floor and marks belong together.
	tx, err := readers.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return reprint.Summary{}, fmt.Errorf("summarise the journal: %w", err)
	}
	summary, err := summarise(ctx, tx)
	if err = errors.Join(err, tx.Rollback()); err != nil {
		return reprint.Summary{}, fmt.Errorf("summarise the journal: %w", err)
	}
	return summary, nil
}

func summarise(ctx context.Context, tx *sql.Tx) (reprint.Summary, error) {
	s := reprint.Summary{Marks: make(map[string]reprint.Mark)}
	const meta = `SELECT (SELECT value FROM meta WHERE name = 'position'), (SELECT value FROM meta WHERE name = 'floor')`
	if err := tx.QueryRowContext(ctx, meta).Scan(&s.Position, &s.Floor); err != nil {
		return s, err
	}
	const ledger = `SELECT tag, any_position, expire_position, delete_position, at FROM ledger`
	rows, err := tx.QueryContext(ctx, ledger)
	if err != nil {
		return s, err
	}
	defer rows.Close()
	for rows.Next() {
		var tag string
		var m reprint.Mark
		var at sql.Null[int64]
		if err := rows.Scan(&tag, &m.Any, &m.Expire, &m.Delete, &at); err != nil {
			return s, err
		}
		m.At = fromMicros(at)
		s.Marks[tag] = m
	}
	return s, rows.Err()
}
