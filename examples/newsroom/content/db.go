// Package content is the newsroom's own database: posts, products, events and
// their authors in one SQLite file. It knows nothing of pages. What it tells the
// rest of a change is a [Change]: the tags of what is different now.
package content

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"time"

	_ "modernc.org/sqlite" // the driver
)

//go:embed schema.sql
var schema string

//go:embed modified.sql
var schemaModified string

// schemaVersion is the user_version of a file with this schema.
const schemaVersion = 2

// DB is an open content database. Its methods are safe for concurrent use.
type DB struct{ db *sql.DB }

// Open opens the database at path and makes it if it is not there. The caller
// closes it.
func Open(ctx context.Context, path string) (*DB, error) {
	// Write transactions take their lock at the beginning, so that what they read
	// is still so when they write.
	dsn := url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: "_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(wal)&_pragma=foreign_keys(1)"}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("open content %s: %w", path, err)
	}
	d := &DB{db}
	if err := d.makeSchema(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open content %s: %w", path, err), db.Close())
	}
	return d, nil
}

// Close closes the database.
func (d *DB) Close() error { return d.db.Close() }

func (d *DB) makeSchema(ctx context.Context) error {
	return d.write(ctx, func(tx *sql.Tx) error {
		var version int
		if err := tx.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
			return err
		}
		switch version {
		case schemaVersion:
			return nil
		case 0:
			return raise(ctx, tx, schema+schemaModified)
		case 1:
			return raise(ctx, tx, schemaModified)
		}
		return fmt.Errorf("the file has version %d and this program knows %d", version, schemaVersion)
	})
}

// raise brings a file to schemaVersion.
func raise(ctx context.Context, tx *sql.Tx, statements string) error {
	_, err := tx.ExecContext(ctx, statements+fmt.Sprintf("PRAGMA user_version = %d", schemaVersion))
	return err
}

// write runs do in a transaction that ends with it: committed when it returns
// nil, undone otherwise.
func (d *DB) write(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after a commit
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// Empty reports whether nothing was ever written.
func (d *DB) Empty(ctx context.Context) (bool, error) {
	var authors int
	err := d.db.QueryRowContext(ctx, `SELECT count(*) FROM authors`).Scan(&authors)
	if err != nil {
		return false, fmt.Errorf("look for content: %w", err)
	}
	return authors == 0, nil
}

// Import writes many items at once, in the order given, without a [Change].
func (d *DB) Import(ctx context.Context, authors []*Author, posts []*Post, products []*Product, events []*Event) error {
	return d.write(ctx, func(tx *sql.Tx) error {
		for _, a := range authors {
			if _, err := tx.ExecContext(ctx, `INSERT INTO authors (id, name, role, bio) VALUES (?, ?, ?, ?)`, a.ID, a.Name, a.Role, a.Bio); err != nil {
				return fmt.Errorf("import author %q: %w", a.Name, err)
			}
			if err := noteModified(ctx, tx, time.Now(), AuthorTag(a.ID)); err != nil {
				return err
			}
		}
		return errors.Join(importAll(ctx, tx, posts), importAll(ctx, tx, products), importAll(ctx, tx, events))
	})
}

func importAll[R Record](ctx context.Context, tx *sql.Tx, records []R) error {
	for _, r := range records {
		id, err := insertRecord(ctx, tx, r)
		if err == nil {
			err = noteModified(ctx, tx, time.Now(), r.Kind().Tag(id))
		}
		if err != nil {
			return fmt.Errorf("import %s %q: %w", r.Kind(), r.Common().Title, err)
		}
	}
	return nil
}

// Note returns what was noted under name; empty when nothing was.
func (d *DB) Note(ctx context.Context, name string) (string, error) {
	var value string
	err := d.db.QueryRowContext(ctx, `SELECT value FROM notes WHERE name = ?`, name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, err
}

// SetNote notes value under name, in place of what was there.
func (d *DB) SetNote(ctx context.Context, name, value string) error {
	_, err := d.db.ExecContext(ctx, `INSERT INTO notes (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return err
}
