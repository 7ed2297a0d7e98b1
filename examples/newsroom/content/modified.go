package content

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// SitemapTag is a tag of every change that readers can see. It is for pages that show
// something of everything, which cannot carry a tag for each thing: a page has room
// for 1,000.
const SitemapTag = "sitemap"

// noteModified notes for each of the tags that what it names was changed.
func noteModified(ctx context.Context, tx *sql.Tx, at time.Time, tags ...string) error {
	for _, tag := range tags {
		_, err := tx.ExecContext(ctx, `INSERT INTO modified (tag, at) VALUES (?, ?) ON CONFLICT (tag) DO UPDATE SET at = excluded.at`, tag, moment(at))
		if err != nil {
			return fmt.Errorf("note that %s was changed: %w", tag, err)
		}
	}
	return nil
}

// Modified returns, by tag, when what it names was last changed so that readers could
// see it: "post:42", and "type:post" for what came, went or moved.
func (v View) Modified(ctx context.Context) (map[string]time.Time, error) {
	type row struct {
		tag string
		at  moment
	}
	scan := func(s scanner) (r row, err error) { return r, s.Scan(&r.tag, &r.at) }
	rows, err := all(ctx, v.db, scan, `SELECT tag, at FROM modified`)
	modified := make(map[string]time.Time, len(rows))
	for _, r := range rows {
		modified[r.tag] = time.Time(r.at)
	}
	return modified, err
}
