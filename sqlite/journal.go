package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"iter"

	"github.com/reprint-go/reprint"
)

// keptEntries is how many entries the journal keeps, the newest. The ledger
// remembers what the others said.
const keptEntries = 100_000

// Append implements [reprint.Journal]. The entry and what it changes in the
// ledger are one transaction.
func (s *Store) Append(ctx context.Context, e reprint.Entry) (at reprint.Position, err error) {
	// Encoded before it is handed over: after an error the caller has its tags back.
	tags, err := encodeTags(e.Tags)
	if err == nil {
		_, err = e.Mode.MarshalText()
	}
	if err == nil {
		size := int64(512 + 3*len(tags))
		at, err = ask(ctx, s, size, func(w *writer) (reprint.Position, error) { return w.append(e, tags) })
	}
	if err != nil {
		return 0, fmt.Errorf("append to the journal: %w", err)
	}
	return at, nil
}

func (w *writer) append(e reprint.Entry, tags string) (reprint.Position, error) {
	position := w.state.position + 1
	const entry = `INSERT INTO journal (position, id, time, mode, tags, by) VALUES (?, ?, ?, ?, ?, ?)`
	if _, err := w.exec(entry, position, e.ID, micros(e.Time), e.Mode.String(), tags, e.By); err != nil {
		return 0, err
	}
	var expire, del int64
	switch e.Mode {
	case reprint.Expire:
		expire = position
	case reprint.Delete:
		expire, del = position, position
	}
	// The rule of reprint.Summary.Add: positions only rise, and zero changes nothing.
	const mark = `INSERT INTO ledger (tag, any_position, expire_position, delete_position, at)
		SELECT value, ?1, ?2, ?3, ?4 FROM json_each(?5) WHERE true
		ON CONFLICT (tag) DO UPDATE SET any_position = excluded.any_position, at = excluded.at,
			expire_position = max(expire_position, excluded.expire_position),
			delete_position = max(delete_position, excluded.delete_position)`
	if _, err := w.exec(mark, position, expire, del, micros(e.Time), tags); err != nil {
		return 0, err
	}
	w.state.position = position
	return reprint.Position(position), nil
}

// savePosition writes the position, which is what keeps it from being used
// again, and drops the entries that are beyond the number kept.
func (w *writer) savePosition() error {
	const save = `UPDATE meta SET value = ? WHERE name = 'position'`
	if _, err := w.exec(save, w.state.position); err != nil {
		return err
	}
	trimmed := w.state.position - w.limits.entries
	if trimmed <= 0 {
		return nil
	}
	if _, err := w.exec(`DELETE FROM journal WHERE position <= ?`, trimmed); err != nil {
		return err
	}
	_, err := w.exec(`UPDATE meta SET value = ? WHERE name = 'trimmed'`, trimmed)
	return err
}

// Entries implements [reprint.Journal]. The newest 100,000 entries are kept.
func (s *Store) Entries(ctx context.Context, after reprint.Position) iter.Seq2[reprint.Entry, error] {
	return func(yield func(reprint.Entry, error) bool) {
		for {
			entries, err := s.entriesChunk(ctx, after)
			for _, e := range entries {
				if !yield(e, nil) {
					return
				}
				after = e.Position
			}
			if err != nil {
				yield(reprint.Entry{}, fmt.Errorf("read the journal after %d: %w", after, err))
				return
			}
			if len(entries) < chunk {
				return
			}
		}
	}
}

// entriesChunk returns the next entries. It fails if some before them were
// dropped, which the same query tells: the newest is always kept, so there is a
// row when there was one to drop.
func (s *Store) entriesChunk(ctx context.Context, after reprint.Position) (entries []reprint.Entry, err error) {
	const query = `SELECT position, id, time, mode, tags, by, (SELECT value FROM meta WHERE name = 'trimmed')
		FROM journal WHERE position > ? ORDER BY position LIMIT ?`
	err = s.each(ctx, func(scan func(...any) error) error {
		var e reprint.Entry
		var at sql.Null[int64]
		var mode, tags string
		var trimmed reprint.Position
		if err := scan(&e.Position, &e.ID, &at, &mode, &tags, &e.By, &trimmed); err != nil {
			return err
		}
		if trimmed > after {
			return fmt.Errorf("entries up to %d are not kept any more", trimmed)
		}
		if err := e.Mode.UnmarshalText([]byte(mode)); err != nil {
			return err
		}
		e.Time = fromMicros(at)
		e.Tags, err = decodeTags(tags)
		entries = append(entries, e)
		return err
	}, query, clamp(after), chunk)
	return entries, err
}
