package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/reprint-go/reprint"
)

// Which versions are looked for, but for one by its id.
const (
	versionsOfKey  = `SELECT ` + versionColumns + versionTables + `WHERE p.key = ? ORDER BY p.refused = '', p.id DESC`
	versionsAside  = `SELECT ` + versionColumns + versionTables + `WHERE p.refused <> '' AND p.id > ? ORDER BY p.id LIMIT ?`
	versionsOfPath = `SELECT DISTINCT key FROM versions WHERE key = ?1 OR key >= ?1 || '?' AND key < ?1 || '@'
		OR key >= ?1 || ' ' AND key < ?1 || '!' ORDER BY key`
	versionsInPlace = `SELECT id FROM versions WHERE key = ? AND refused > '' AND id <> ?`
	versionsBeyond  = `SELECT id FROM versions WHERE key = ? AND refused = '' ORDER BY id DESC LIMIT -1 OFFSET ?`
)

// PutAside implements [reprint.VersionStore]. It refuses what [Store.Put] refuses.
func (s *Store) PutAside(ctx context.Context, p *reprint.Page, reason string) error {
	r, err := encodeRefused(p, reason)
	if err == nil {
		size := r.size(len(p.Body)) + int64(len(reason))
		err = s.change(ctx, size, func(w *writer) error { return w.putAside(r, p.Body, size) })
	}
	if err != nil {
		return fmt.Errorf("keep refused page %s: %w", p.Key, err)
	}
	return nil
}

func encodeRefused(p *reprint.Page, reason string) (*row, error) {
	if reason == "" {
		return nil, errors.New("the reason is empty")
	}
	r, err := encodeRow(p)
	if err != nil {
		return nil, err
	}
	r.refused = reason
	r.checksum = r.rowsum()
	return r, nil
}

// putAside keeps a page that was refused. The one before goes after it has come, so
// that a body which both have stays.
func (w *writer) putAside(r *row, body []byte, size int64) error {
	fits, err := w.roomForVersion(size)
	if err != nil {
		return err
	}
	if !fits {
		return fmt.Errorf("%w: a page that was refused takes %d bytes, and pages are not dropped for it", reprint.ErrFull, size)
	}
	if err := w.addBody(r.body, body); err != nil {
		return err
	}
	const query = `INSERT INTO versions (` + storedColumns + `, replaced_at, refused) VALUES (` + storedValues + `, ?, ?)`
	result, err := w.exec(query, append(r.stored(), w.aged.now().UnixMicro(), r.refused)...)
	if err != nil {
		return err
	}
	id, err := result.LastInsertId()
	if err != nil {
		return err
	}
	w.state.versions++
	_, err = w.deleteVersions(versionsInPlace, r.key, id)
	return err
}

// keepVersion makes a version of a page that is about to be replaced, unless that is
// damaged or there is no room, and reports whether it did. Its body is stored already.
func (w *writer) keepVersion(old *predecessor) (bool, error) {
	var r row
	const query = `SELECT p.key, ` + rowColumns + ` FROM pages AS p WHERE p.id = ?`
	readable := w.scan(query, []any{old.id}, append([]any{&r.key}, r.dest()...)...) == nil
	if !readable || !old.hasBody || r.checksum != r.rowsum() {
		return false, nil
	}
	if fits, err := w.roomForVersion(r.size(0)); err != nil || !fits {
		return false, err
	}
	const keep = `INSERT INTO versions (` + storedColumns + `, replaced_at, refused) SELECT ` + storedColumns + `, ?, '' FROM pages WHERE id = ?`
	if _, err := w.exec(keep, w.aged.now().UnixMicro(), old.id); err != nil {
		return false, err
	}
	w.state.versions++
	return true, nil
}

// trimVersions drops the oldest versions that were served of a page's key, beyond its
// History.
func (w *writer) trimVersions(p *row) error {
	if w.state.versions == 0 {
		return nil
	}
	_, err := w.deleteVersions(versionsBeyond, p.key, max(p.history, 0))
	return err
}

// deleteVersions drops the versions whose ids a query returns, and the bodies that
// nobody else has. It returns how many versions.
func (w *writer) deleteVersions(ids string, args ...any) (int64, error) {
	bodies, err := w.sums(`DELETE FROM versions WHERE id IN (`+ids+`) RETURNING body`, args...)
	if err != nil {
		return 0, err
	}
	w.state.versions -= int64(len(bodies))
	for _, sum := range bodies {
		if err := w.dropBody(sum); err != nil {
			return 0, err
		}
	}
	return int64(len(bodies)), nil
}

func (w *writer) sums(query string, args ...any) (sums [][]byte, err error) {
	rows, err := w.db.query(context.Background(), query, args...)
	if err != nil {
		return nil, named(err)
	}
	defer rows.Close()
	for rows.Next() {
		var sum []byte
		if err := rows.Scan(&sum); err != nil {
			return nil, err
		}
		sums = append(sums, sum)
	}
	return sums, named(rows.Err())
}

// DeleteVersion implements [reprint.VersionStore].
func (s *Store) DeleteVersion(ctx context.Context, id int64) error {
	const size = 1 << 10
	if err := s.change(ctx, size, func(w *writer) error { return w.deleteVersion(id) }); err != nil {
		return fmt.Errorf("delete version %d: %w", id, err)
	}
	return nil
}

// deleteVersion removes a version, if it is there.
func (w *writer) deleteVersion(id int64) error {
	_, err := w.deleteVersions(`?`, id)
	return err
}

// versionRow is a row of versions, with the size of its body.
type versionRow struct {
	listRow
	replacedAt int64
}

// versionColumns are those of a versionRow, as versionRow.dest takes them.
const versionColumns = rowColumns + `, p.key, p.replaced_at, p.refused, length(b.bytes)`

// versionTables are what they are of.
const versionTables = ` FROM versions AS p LEFT JOIN bodies AS b ON b.sha256 = p.body `

func (v *versionRow) dest() []any {
	return append(v.row.dest(), &v.key, &v.replacedAt, &v.refused, &v.size)
}

// of returns the version with a page that was read from the row.
func (v *versionRow) of(p *reprint.Page) *reprint.Version {
	return &reprint.Version{ID: v.id, Page: p, Size: v.size.V, Replaced: time.UnixMicro(v.replacedAt).UTC(), Refused: v.refused}
}

// whole returns the page of a version and its body, or why they are not what was
// stored.
func (v *versionRow) whole(body []byte) (*reprint.Page, error) {
	key, err := reprint.ParseKey(v.key)
	if err != nil {
		return nil, errRowDamaged
	}
	return v.row.page(key, body)
}

// Versions implements [reprint.VersionStore].
func (s *Store) Versions(ctx context.Context, key reprint.Key) ([]reprint.Version, error) {
	text, ok := textOf(key)
	if !ok {
		return nil, ctx.Err()
	}
	rows, err := s.versionRows(ctx, versionsOfKey, text)
	if err != nil {
		return nil, fmt.Errorf("list versions of page %s: %w", key, cmp.Or(ctx.Err(), err))
	}
	return appendWhole(nil, rows), nil
}

// Versioned implements [reprint.VersionStore].
func (s *Store) Versioned(ctx context.Context, host, path string) (keys []reprint.Key, err error) {
	err = s.each(ctx, func(scan func(...any) error) error {
		var text string
		if err := scan(&text); err != nil {
			return err
		}
		k, err := reprint.ParseKey(text)
		keys = append(keys, k)
		return err
	}, versionsOfPath, host+path) // a path holds no question mark and no space
	if err != nil {
		return nil, fmt.Errorf("list pages of %s%s that have versions: %w", host, path, cmp.Or(ctx.Err(), err))
	}
	return keys, nil
}

// Aside implements [reprint.VersionStore]. It reads chunk after chunk, as List does.
func (s *Store) Aside(ctx context.Context, after int64, limit int) (list []reprint.Version, err error) {
	if limit < 1 {
		return nil, fmt.Errorf("list refused pages: the limit is %d; it must be at least 1", limit)
	}
	for more := true; more && len(list) < limit; {
		n := min(limit-len(list), chunk)
		rows, err := s.versionRows(ctx, versionsAside, after, n)
		if err != nil {
			return nil, fmt.Errorf("list refused pages: %w", cmp.Or(ctx.Err(), err))
		}
		list = appendWhole(list, rows)
		if more = len(rows) == n; more {
			after = rows[n-1].id
		}
	}
	return list, nil
}

func (s *Store) versionRows(ctx context.Context, query string, args ...any) (rows []versionRow, err error) {
	err = s.each(ctx, func(scan func(...any) error) error {
		var v versionRow
		v.fault = scan(v.dest()...)
		rows = append(rows, v)
		return nil
	}, query, args...)
	return rows, err
}

// appendWhole appends the versions of rows, without those that are damaged.
func appendWhole(list []reprint.Version, rows []versionRow) []reprint.Version {
	for i := range rows {
		if p := rows[i].page(); p != nil {
			list = append(list, *rows[i].of(p))
		}
	}
	return list
}

// Version implements [reprint.VersionStore].
func (s *Store) Version(ctx context.Context, id int64) (*reprint.Version, error) {
	v, fault, err := s.version(ctx, id)
	if fault != nil {
		err = s.dropDamagedVersion(ctx, id, fault)
	}
	if err != nil {
		return nil, fmt.Errorf("read version %d: %w", id, cmp.Or(ctx.Err(), err))
	}
	return v, nil
}

// version reads a version; nil without error when there is none. A fault says why what
// is stored cannot be used.
func (s *Store) version(ctx context.Context, id int64) (v *reprint.Version, fault, err error) {
	readers, done, err := s.reading()
	if err != nil {
		return nil, nil, err
	}
	defer done()
	r, body, err := readVersion(ctx, &readers.statements, id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil, nil
	case isFault(err):
		return nil, err, nil
	case err != nil:
		return nil, nil, err
	}
	p, fault := r.whole(body)
	if fault != nil {
		return nil, fault, nil
	}
	return r.of(p), nil, nil
}

// readVersion reads the row of a version with its body. It verifies nothing but that
// the body is there.
func readVersion(ctx context.Context, db *statements, id int64) (v *versionRow, body []byte, err error) {
	rows, err := db.query(ctx, `SELECT `+versionColumns+`, b.bytes`+versionTables+`WHERE p.id = ?`, id)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, nil, cmp.Or(rows.Err(), sql.ErrNoRows)
	}
	v = new(versionRow)
	if err := rows.Scan(append(v.dest(), &body)...); err != nil {
		return v, nil, fmt.Errorf("%w: %w", errRowDamaged, err) // a column holds what it cannot
	}
	if !v.size.Valid {
		return v, nil, errBodyGone
	}
	return v, body, rows.Close()
}

// dropDamagedVersion removes a damaged version and returns the error that says so.
func (s *Store) dropDamagedVersion(ctx context.Context, id int64, fault error) error {
	const size = 1 << 10
	s.log.WarnContext(ctx, "stored version of a page is damaged; it is dropped", "path", s.path, "version", id, "error", fault)
	err := s.change(ctx, size, func(w *writer) error { return w.dropDamagedVersion(id) })
	if err != nil {
		return fmt.Errorf("%w: %w; it could not be dropped: %w", reprint.ErrDamaged, fault, err)
	}
	return fmt.Errorf("%w: %w", reprint.ErrDamaged, fault)
}

// dropDamagedVersion looks again, because its body may have come anew meanwhile, and
// removes what is damaged: a body from bodies too, as dropDamaged does.
func (w *writer) dropDamagedVersion(id int64) error {
	v, body, err := readVersion(context.Background(), &w.db.statements, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	fault := err
	if err == nil {
		_, fault = v.whole(body)
	}
	switch {
	case fault == nil:
		return nil
	case err != nil && !isFault(err):
		return err
	case errors.Is(fault, errBodyDamaged):
		if _, err := w.exec(`DELETE FROM bodies WHERE sha256 = ?`, v.body); err != nil {
			return err
		}
	}
	w.state.damaged++
	return w.deleteVersion(id)
}
