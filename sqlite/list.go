package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"github.com/reprint-go/reprint"
)

// A list is read by queries that pick the ids of the next pages and then read
// their rows. They take the key to begin after, a limit and, but for listAll, a
// tag.
//
// There is no index of keys by tag: it would hold the key of a page once for each
// of its tags. Instead there are two ways to pick, each good where the other is
// bad. listWalk goes through the keys and looks for the tag at each; it ends soon
// when many pages carry it. listSort looks up the key of every page that carries
// the tag and keeps the lowest; it ends soon when few do. See listQuery.
//
// CROSS JOIN keeps SQLite to the order of the tables. MATERIALIZED has it pick
// before it returns a row: until then the end of ctx interrupts it.
const (
	listAll  = `WITH picked AS MATERIALIZED (SELECT id FROM pages WHERE key > ?1 ORDER BY key LIMIT ?2)` + listRows
	listWalk = `WITH picked AS MATERIALIZED (SELECT k.id FROM pages AS k CROSS JOIN page_tags AS t
		WHERE k.key > ?1 AND t.tag = ?3 AND t.page = k.id ORDER BY k.key LIMIT ?2)` + listRows
	listSort = `WITH picked AS MATERIALIZED (SELECT k.id FROM page_tags AS t CROSS JOIN pages AS k
		WHERE t.tag = ?3 AND k.id = t.page AND k.key > ?1 ORDER BY k.key LIMIT ?2)` + listRows

	// The length of a body is found without reading it; it is NULL when the body is
	// not there.
	listRows = ` SELECT p.key, length(b.bytes), ` + rowColumns + `
		FROM picked CROSS JOIN pages AS p ON p.id = picked.id LEFT JOIN bodies AS b ON b.sha256 = p.body ORDER BY p.key`
)

// errKeyOrder is damage that would keep a list from getting on.
var errKeyOrder = errors.New("the index of keys is damaged: restore the file from a copy, or move it away to begin anew")

// List implements [reprint.Store].
func (s *Store) List(ctx context.Context, q reprint.ListQuery) ([]reprint.Listed, error) {
	list, err := s.list(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list pages: %w", cmp.Or(ctx.Err(), err))
	}
	return list, nil
}

// list reads chunk after chunk, so that no transaction stays open for long. What
// is damaged is left out, so that a chunk may bring less than it has read.
func (s *Store) list(ctx context.Context, q reprint.ListQuery) (list []reprint.Listed, err error) {
	if q.Limit < 1 {
		return nil, fmt.Errorf("the limit is %d; it must be at least 1", q.Limit)
	}
	query, tag, err := s.listQuery(ctx, q)
	for after := q.After; err == nil && len(list) < q.Limit; {
		n := min(q.Limit-len(list), chunk)
		var rows []listRow
		rows, err = s.listChunk(ctx, query, append([]any{after, n}, tag...)...)
		for _, r := range rows {
			if p := r.page(); p != nil {
				list = append(list, reprint.Listed{Page: p, Size: r.size.V})
			}
		}
		if err != nil || len(rows) < n {
			break
		}
		if rows[0].key <= after {
			return nil, errKeyOrder
		}
		after = rows[n-1].key
	}
	return list, err
}

// listQuery returns the query for a list, and the tag if it takes one.
//
// When k of n pages carry the tag, listSort looks at k rows. listWalk looks at
// limit·n/k keys where those are evenly spread; where they are not, one list may
// walk over the keys of all pages, and no list that follows walks over those
// again. The two are equal where k² is limit·n: 10,000 of a million pages for a
// list of a hundred. So far, and no further, it is counted who carries the tag.
func (s *Store) listQuery(ctx context.Context, q reprint.ListQuery) (query string, tag []any, err error) {
	if q.Tag == "" {
		return listAll, nil, nil
	}
	equal := int64(math.Sqrt(float64(min(q.Limit, chunk)) * float64(s.Count())))
	var many bool
	const count = `SELECT count(*) > ?2 FROM (SELECT 1 FROM page_tags WHERE tag = ?1 LIMIT ?2 + 1)`
	err = s.each(ctx, func(scan func(...any) error) error { return scan(&many) }, count, q.Tag, equal)
	if many {
		return listWalk, []any{q.Tag}, err
	}
	return listSort, []any{q.Tag}, err
}

// listRow is a row as listRows returns it.
type listRow struct {
	row
	size  sql.Null[int64] // of the body; NULL: it is not there
	fault error           // a column holds what it cannot
}

func (s *Store) listChunk(ctx context.Context, query string, args ...any) (rows []listRow, err error) {
	err = s.each(ctx, func(scan func(...any) error) error {
		var r listRow
		r.fault = scan(append([]any{&r.key, &r.size}, r.dest()...)...)
		if r.key == "" {
			return cmp.Or(r.fault, errKeyOrder) // no way to go on after it
		}
		rows = append(rows, r)
		return nil
	}, query, args...)
	return rows, err
}

// page returns the page without its body, or nil when it is damaged.
func (r *listRow) page() *reprint.Page {
	if r.fault != nil || !r.size.Valid {
		return nil
	}
	key, err := reprint.ParseKey(r.key)
	if err != nil {
		return nil
	}
	p, err := r.head(key)
	if err != nil {
		return nil
	}
	return p
}
