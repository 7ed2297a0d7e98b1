package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/reprint-go/reprint"
)

// What can be wrong with a stored page.
var (
	errRowDamaged  = errors.New("its row is not what was stored")
	errBodyDamaged = errors.New("its body is not what was stored")
	errBodyGone    = errors.New("its body is not there")
)

// Page implements [reprint.Store].
func (s *Store) Page(ctx context.Context, key reprint.Key) (*reprint.Page, error) {
	p, fault, err := s.page(ctx, key)
	if fault != nil {
		err = s.dropDamaged(ctx, key, fault)
	}
	if err != nil {
		return nil, fmt.Errorf("read page %s: %w", key, err)
	}
	return p, nil
}

// page reads a page; nil without error when there is none. A fault says why what
// is stored cannot be used.
func (s *Store) page(ctx context.Context, key reprint.Key) (p *reprint.Page, fault, err error) {
	text, ok := textOf(key)
	if !ok {
		return nil, nil, ctx.Err()
	}
	_, done, err := s.reading()
	if err != nil {
		return nil, nil, err
	}
	defer done()
	f, err := s.lookups.find(ctx, text)
	switch {
	case err != nil:
		return nil, nil, err
	case errors.Is(f.err, sql.ErrNoRows):
		s.missed.add(text)
		return nil, nil, nil
	case isFault(f.err):
		return nil, f.err, nil
	case f.err != nil:
		return nil, nil, f.err
	}
	r := f.row
	if p, fault = r.page(key, f.body); fault != nil {
		return nil, fault, nil
	}
	s.reads.add(r.id)
	return p, nil, nil
}

// readRow reads the row of a key with its body. It verifies nothing but that the
// body is there.
func readRow(db *statements, key string) (r *row, body []byte, err error) {
	const query = `SELECT ` + rowColumns + `, b.sha256 IS NOT NULL, b.bytes
		FROM pages AS p LEFT JOIN bodies AS b ON b.sha256 = p.body WHERE p.key = ?`
	rows, err := db.query(context.Background(), query, key)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, nil, cmp.Or(rows.Err(), sql.ErrNoRows)
	}
	r = &row{key: key}
	var hasBody bool
	if err := rows.Scan(append(r.dest(), &hasBody, &body)...); err != nil {
		return r, nil, fmt.Errorf("%w: %w", errRowDamaged, err) // a column holds what it cannot
	}
	if !hasBody {
		return r, nil, errBodyGone
	}
	return r, body, rows.Close()
}

// isFault reports whether an error of readRow says that what is stored is
// damaged, and not that reading failed.
func isFault(err error) bool {
	return errors.Is(err, errRowDamaged) || errors.Is(err, errBodyGone) || isMalformed(err)
}

// dropDamaged removes a damaged page, so that it is rendered again, and returns
// the error that says so.
func (s *Store) dropDamaged(ctx context.Context, key reprint.Key, fault error) error {
	const size = 1 << 10
	s.log.WarnContext(ctx, "stored page is damaged; it is dropped and will be rendered again", "path", s.path, "key", key.String(), "error", fault)
	err := s.change(ctx, size, func(w *writer) error { return w.dropDamaged(key) })
	if err != nil {
		return fmt.Errorf("%w: %w; it could not be dropped: %w", reprint.ErrDamaged, fault, err)
	}
	return fmt.Errorf("%w: %w", reprint.ErrDamaged, fault)
}

// dropDamaged looks again, because a good page may have come meanwhile, and
// removes what is damaged: a body alone from bodies too, so that the next page
// with this content brings it anew for all who have it.
func (w *writer) dropDamaged(key reprint.Key) error {
	r, body, err := readRow(&w.db.statements, key.String())
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case isFault(err):
		return w.dropUnreadable(key, nil)
	case err != nil:
		return err
	}
	_, fault := r.page(key, body)
	switch {
	case fault == nil:
		return nil
	case errors.Is(fault, errBodyDamaged):
		if _, err := w.exec(`DELETE FROM bodies WHERE sha256 = ?`, r.body); err != nil {
			return err
		}
		w.state.damaged++
		return w.drop(r.id, r.body, r.tags)
	}
	return w.dropUnreadable(key, r.body)
}

// dropUnreadable removes a page whose row cannot be trusted. The list of its tags
// is not gone by; if the hash of the body is wrong too, the body stays as one
// that nobody has.
func (w *writer) dropUnreadable(key reprint.Key, body []byte) error {
	var id int64
	if err := w.scan(`SELECT id FROM pages WHERE key = ?`, []any{key.String()}, &id); err != nil {
		return err
	}
	if err := w.dropAllTags(id); err != nil {
		return err
	}
	if _, err := w.exec(`DELETE FROM pages WHERE id = ?`, id); err != nil {
		return err
	}
	w.state.pages--
	w.state.damaged++
	return w.dropBody(body)
}
