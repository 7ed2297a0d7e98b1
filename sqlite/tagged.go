package sqlite

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/reprint-go/reprint"
)

// chunk is how many rows an iteration reads at a time. No transaction stays open
// between two chunks: it would keep the log from being reused.
const chunk = 1000

// firstChunk is how many keys Tagged reads first: some want to know only whether there
// are many.
const firstChunk = 128

// Tagged implements [reprint.Store].
//
// It goes through the pages in the order of their ids, up to the highest at the
// begin: a page that goes and comes back meanwhile has a higher one, so that no
// key is yielded twice.
func (s *Store) Tagged(ctx context.Context, tag string) iter.Seq2[reprint.Key, error] {
	return func(yield func(reprint.Key, error) bool) {
		last := s.counts.lastPage.Load()
		for after, n := int64(0), firstChunk; ; n = chunk {
			keys, next, err := s.taggedChunk(ctx, tag, after, last, n)
			for _, text := range keys {
				key, err := reprint.ParseKey(text)
				if !yield(key, err) || err != nil {
					return
				}
			}
			if err != nil {
				yield(reprint.Key{}, fmt.Errorf("list pages tagged %q: %w", tag, err))
				return
			}
			if after = next; len(keys) < n || after >= last {
				return
			}
		}
	}
}

// taggedChunk returns the next keys after the id after, and the id to go on from.
func (s *Store) taggedChunk(ctx context.Context, tag string, after, last int64, n int) (keys []string, next int64, err error) {
	const query = `SELECT t.page, p.key FROM page_tags AS t JOIN pages AS p ON p.id = t.page
		WHERE t.tag = ? AND t.page > ? AND t.page <= ? ORDER BY t.page LIMIT ?`
	err = s.each(ctx, func(scan func(...any) error) error {
		var key string
		err := scan(&next, &key)
		keys = append(keys, key)
		return err
	}, query, tag, after, last, n)
	return keys, next, err
}

// Due implements [reprint.Store].
func (s *Store) Due(ctx context.Context, until time.Time, limit int) ([]reprint.DuePage, error) {
	if limit <= 0 {
		return nil, nil
	}
	const query = `SELECT key, due FROM pages WHERE due <= ? ORDER BY due LIMIT ?`
	var pages []reprint.DuePage
	err := s.each(ctx, func(scan func(...any) error) error {
		var text string
		var due int64
		if err := scan(&text, &due); err != nil {
			return err
		}
		key, err := reprint.ParseKey(text)
		pages = append(pages, reprint.DuePage{Key: key, Due: time.UnixMicro(due).UTC()})
		return err
	}, query, until.UnixMicro(), limit)
	if err != nil {
		return nil, fmt.Errorf("list due pages: %w", err)
	}
	return pages, nil
}

// each calls row for every row that a query returns, with a function that scans
// it.
func (s *Store) each(ctx context.Context, row func(scan func(...any) error) error, query string, args ...any) error {
	readers, done, err := s.reading()
	if err != nil {
		return err
	}
	defer done()
	rows, err := readers.query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
