package content

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"
)

// View reads what one audience may see. It is made by [DB.Public] or
// [DB.Everything].
type View struct {
	db     queryer
	hidden bool // see also what is not visible
}

// Public is what readers see.
func (d *DB) Public() View { return View{db: d.db} }

// Everything is what editors see: also what is not visible.
func (d *DB) Everything() View { return View{db: d.db, hidden: true} }

// Window is a part of a list.
type Window struct{ Limit, Offset int }

// Count returns how many items of the kind there are to see.
func (v View) Count(ctx context.Context, k Kind) (int, error) {
	var n int
	err := v.db.QueryRowContext(ctx, `SELECT count(*) FROM `+table(k)+` WHERE visible OR ?`, v.hidden).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count %ss: %w", k, err)
	}
	return n, nil
}

// IDs returns the numbers of all items of the kind that there are to see,
// ascending.
func (v View) IDs(ctx context.Context, k Kind) ([]int64, error) {
	scan := func(row scanner) (id int64, err error) { return id, row.Scan(&id) }
	return all(ctx, v.db, scan, `SELECT id FROM `+table(k)+` WHERE visible OR ? ORDER BY id`, v.hidden)
}

// Record returns one item of any kind.
func (v View) Record(ctx context.Context, k Kind, id int64) (Record, error) {
	switch k {
	case KindPost:
		return asRecord(v.Post(ctx, id))
	case KindProduct:
		return asRecord(v.Product(ctx, id))
	}
	return asRecord(v.Event(ctx, id))
}

func asRecord[R Record](r R, err error) (Record, error) {
	if err != nil {
		return nil, err
	}
	return r, nil
}

// table returns the table of the kind. Only its own words reach a statement.
func table(k Kind) string {
	switch k {
	case KindPost:
		return "posts"
	case KindProduct:
		return "products"
	}
	return "events"
}

// queryer is a database or a transaction.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// scanner is one row.
type scanner interface{ Scan(dest ...any) error }

func one[T any](ctx context.Context, db queryer, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	v, err := scan(db.QueryRowContext(ctx, query, args...))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return v, ErrNotFound
	case err != nil:
		return v, fmt.Errorf("read content: %w", err)
	}
	return v, nil
}

func all[T any](ctx context.Context, db queryer, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read content: %w", err)
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("read content: %w", err)
		}
		list = append(list, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read content: %w", err)
	}
	return list, nil
}

// moment is a time as the database keeps it: milliseconds since 1970.
type moment time.Time

// Value returns the form for the database.
func (m moment) Value() (driver.Value, error) { return time.Time(m).UnixMilli(), nil }

// Scan reads the form of the database.
func (m *moment) Scan(src any) error {
	ms, ok := src.(int64)
	if !ok {
		return fmt.Errorf("a time is stored as %T, want an integer", src)
	}
	*m = moment(time.UnixMilli(ms))
	return nil
}
