package content

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Change is what an editor did to one item or author, and what it means for pages. It is
// written in the same transaction as the item, so that a crash between the two
// steps of an edit, saving and reprinting, cannot leave pages old for good:
// what is not done is found by [DB.Pending].
type Change struct {
	ID    int64
	At    time.Time
	Verb  Verb
	Kind  Kind
	Item  int64
	Title string
	// Tags name what is different for readers: see tagsOf. Empty: nothing is.
	Tags []string
	// Done says that the pages were told; Receipt is the proof, empty when there
	// was nothing to tell.
	Done    bool
	Receipt string
}

// Path is where the page of the changed item is, or was.
func (c *Change) Path() string { return c.Kind.Path(c.Item) }

// Verb is what was done to an item.
type Verb string

// The verbs.
const (
	Created     Verb = "created"
	Edited      Verb = "edited"
	Published   Verb = "published"
	Unpublished Verb = "unpublished"
	Deleted     Verb = "deleted"
)

// changesKept is how many changes are remembered, as many as there are receipts.
const changesKept = 1000

// tagsOf returns what a change from before to after makes different for readers;
// nil stands for an item that is not there.
//
// The item's own tag is on every page that shows it: its page and each list in
// which it stands. For an edit that moves nothing that is all. A list that does
// not show the item cannot carry its tag; so where the item comes into a list,
// leaves it, or moves within it, the list is named too. The sitemap has the date of
// each change. Nothing is different when nobody could see the item before and nobody
// can after.
func tagsOf(before, after Record) []string {
	was, is := shownIn(before), shownIn(after)
	if was == nil && is == nil {
		return nil
	}
	moved := was != nil && is != nil && before.order() != after.order()
	seen := after
	if is == nil {
		seen = before
	}
	tags := []string{seen.Kind().Tag(seen.Common().ID)}
	for _, list := range slices.Concat(was, is) {
		stays := slices.Contains(was, list) && slices.Contains(is, list)
		if (moved || !stays) && !slices.Contains(tags, list) {
			tags = append(tags, list)
		}
	}
	return append(tags, SitemapTag)
}

// shownIn returns the lists that show r; nil when nobody can see it.
func shownIn(r Record) []string {
	if r == nil || !r.Common().Visible {
		return nil
	}
	return r.lists()
}

func verbOf(before, after Record) Verb {
	switch {
	case after == nil:
		return Deleted
	case before == nil:
		return Created
	case !before.Common().Visible && after.Common().Visible:
		return Published
	case before.Common().Visible && !after.Common().Visible:
		return Unpublished
	}
	return Edited
}

// Save writes r: a new item when its ID is zero, which then is set. It returns
// [ErrNotFound] when the item was deleted meanwhile.
func (d *DB) Save(ctx context.Context, r Record) (*Change, error) {
	var c *Change
	err := d.write(ctx, func(tx *sql.Tx) (err error) {
		item := r.Common()
		if item.ID == 0 {
			if item.ID, err = insertRecord(ctx, tx, r); err != nil {
				return err
			}
			c, err = record(ctx, tx, nil, r)
			return err
		}
		before, err := View{db: tx, hidden: true}.Record(ctx, r.Kind(), item.ID)
		if err != nil {
			return err
		}
		statement, args := r.update()
		if _, err := tx.ExecContext(ctx, statement, args...); err != nil {
			return err
		}
		c, err = record(ctx, tx, before, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("save %s %q: %w", r.Kind(), r.Common().Title, err)
	}
	return c, nil
}

func insertRecord(ctx context.Context, tx *sql.Tx, r Record) (int64, error) {
	statement, args := r.insert()
	result, err := tx.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

// Delete removes an item for good.
func (d *DB) Delete(ctx context.Context, k Kind, id int64) (*Change, error) {
	var c *Change
	err := d.write(ctx, func(tx *sql.Tx) error {
		before, err := View{db: tx, hidden: true}.Record(ctx, k, id)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table(k)+` WHERE id = ?`, id); err != nil {
			return err
		}
		c, err = record(ctx, tx, before, nil)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("delete %s %d: %w", k, id, err)
	}
	return c, nil
}

// record writes the change from before to after down.
func record(ctx context.Context, tx *sql.Tx, before, after Record) (*Change, error) {
	subject := after
	if after == nil {
		subject = before
	}
	c := &Change{
		At: time.Now(), Verb: verbOf(before, after), Tags: tagsOf(before, after),
		Kind: subject.Kind(), Item: subject.Common().ID, Title: subject.Common().Title,
	}
	return c, c.insert(ctx, tx)
}

// insert writes a new change down and sets its ID.
func (c *Change) insert(ctx context.Context, tx *sql.Tx) error {
	c.Done = len(c.Tags) == 0
	result, err := tx.ExecContext(ctx, `INSERT INTO changes (at, verb, kind, item, title, tags, done, receipt) VALUES (?, ?, ?, ?, ?, ?, ?, '')`,
		moment(c.At), c.Verb, c.Kind, c.Item, c.Title, strings.Join(c.Tags, " "), c.Done)
	if err != nil {
		return err
	}
	if c.ID, err = result.LastInsertId(); err != nil {
		return err
	}
	if err := noteModified(ctx, tx, c.At, c.Tags...); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM changes WHERE done AND id <= ?`, c.ID-changesKept)
	return err
}

const selectChanges = `SELECT id, at, verb, kind, item, title, tags, done, receipt FROM changes `

func scanChange(row scanner) (*Change, error) {
	var c Change
	var tags string
	err := row.Scan(&c.ID, (*moment)(&c.At), &c.Verb, &c.Kind, &c.Item, &c.Title, &tags, &c.Done, &c.Receipt)
	c.Tags = strings.Fields(tags)
	return &c, err
}

// Change returns one change.
func (d *DB) Change(ctx context.Context, id int64) (*Change, error) {
	return one(ctx, d.db, scanChange, selectChanges+`WHERE id = ?`, id)
}

// Changes returns the last changes, the newest first.
func (d *DB) Changes(ctx context.Context, limit int) ([]*Change, error) {
	return all(ctx, d.db, scanChange, selectChanges+`ORDER BY id DESC LIMIT ?`, limit)
}

// Pending returns the changes of which the pages have not been told, in the
// order in which they were made.
func (d *DB) Pending(ctx context.Context) ([]*Change, error) {
	return all(ctx, d.db, scanChange, selectChanges+`WHERE NOT done ORDER BY id`)
}

// Done notes that the pages were told of the change.
func (d *DB) Done(ctx context.Context, id int64, receipt string) error {
	_, err := d.db.ExecContext(ctx, `UPDATE changes SET done = 1, receipt = ? WHERE id = ?`, receipt, id)
	if err != nil {
		return fmt.Errorf("note change %d as done: %w", id, err)
	}
	return nil
}
