package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/reprint-go/reprint"
)

// Put implements [reprint.Store]. It refuses a page that could not be read back
// as it is: a key that is not canonical, a Sum that is not of the Body, a header
// that HTTP could not carry.
func (s *Store) Put(ctx context.Context, p *reprint.Page) (stored bool, err error) {
	r, err := encodeRow(p)
	if err == nil {
		size := r.size(len(p.Body))
		stored, err = ask(ctx, s, size, func(w *writer) (bool, error) { return w.put(r, p.Body, size, true) })
		if diskFull(err) && (r.history > 0 || s.Stats().Versions > 0) {
			stored, err = ask(ctx, s, size, func(w *writer) (bool, error) { return w.putAlone(r, p.Body, size) })
		}
	}
	if err != nil {
		return false, fmt.Errorf("store page %s: %w", p.Key, err)
	}
	return stored, nil
}

// predecessor is what put needs to know of the page that it replaces.
type predecessor struct {
	id         int64
	stamp      int64
	body       []byte
	hasBody    bool // its body is there; false after damage
	tags       string
	history    int64
	modifiedAt sql.Null[int64]
	renderedAt sql.Null[int64]
	heldUntil  sql.Null[int64]
}

// holds reports whether r may not take the place of a page that is held.
func (p *predecessor) holds(r *row) bool {
	return p.heldUntil.Valid && p.heldUntil.V > r.renderedAt.V && !r.heldUntil.Valid && p.renderedAt != r.renderedAt
}

func (w *writer) predecessor(key string) (*predecessor, error) {
	const query = `SELECT id, stamp, body, EXISTS (SELECT 1 FROM bodies WHERE sha256 = pages.body), tags, history, modified_at, rendered_at, held_until
		FROM pages WHERE key = ?`
	var p predecessor
	err := w.scan(query, []any{key}, &p.id, &p.stamp, &p.body, &p.hasBody, &p.tags, &p.history, &p.modifiedAt, &p.renderedAt, &p.heldUntil)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &p, err
}

// putAlone is put where the disk is full: versions go for the page, and none is made.
func (w *writer) putAlone(r *row, body []byte, size int64) (bool, error) {
	if _, err := w.evictVersions(evictEnough); err != nil {
		return false, err
	}
	return w.put(r, body, size, false)
}

// put stores r and its body unless a newer page is there. An older one becomes a
// version, where these are made. It writes only what differs from the page before: a
// render that changes nothing writes one row.
func (w *writer) put(r *row, body []byte, size int64, versions bool) (bool, error) {
	// Not where something must go for it: the page may be there after all.
	if w.missed.take(r.key) && w.hasRoom(size) {
		if stored, err := w.insert(r, body, size); err != nil || stored {
			return stored, err
		}
	}
	old, err := w.predecessor(r.key)
	if err != nil {
		return false, err
	}
	if old == nil {
		return w.insert(r, body, size)
	}
	if old.stamp > r.stamp || old.holds(r) {
		return false, nil
	}
	evicted := w.state.evicted
	if err := w.makeRoom(old, size); err != nil {
		return false, err
	}
	changed := old.modifiedAt != r.modifiedAt
	// Versions go before pages: where one of these had to, there is no room for a version.
	kept := false
	if versions && changed && r.history > 0 && w.state.evicted == evicted {
		if kept, err = w.keepVersion(old); err != nil {
			return false, err
		}
	}
	if err := w.replace(old, r, body, size, kept); err != nil || (!changed && old.history == r.history) {
		return err == nil, err
	}
	return true, w.trimVersions(r)
}

// insert stores a page whose key has none, and reports whether that is so.
func (w *writer) insert(r *row, body []byte, size int64) (bool, error) {
	if err := w.makeRoom(nil, size); err != nil {
		return false, err
	}
	const query = `INSERT INTO pages (` + storedColumns + `, visits, worth)
		VALUES (` + storedValues + `, ?, ?23 - log2(?24 + (` + encodedBytes + `?5))) ON CONFLICT (key) DO NOTHING`
	first := float64(visit(w.aged.at()))
	result, err := w.exec(query, append(r.stored(), first, size)...)
	if err != nil {
		return false, err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	id, err := result.LastInsertId()
	if err != nil {
		return false, err
	}
	w.state.pages++
	w.state.lastPage = id
	if err := w.addTags(id, r.tags); err != nil {
		return false, err
	}
	if err := w.addBody(r.body, body); err != nil {
		return false, err
	}
	return true, w.trimVersions(r)
}

// replace puts r in the place of old, whose visits it keeps: a render is none. kept says
// that a version has old's body.
func (w *writer) replace(old *predecessor, r *row, body []byte, size int64, kept bool) error {
	sameBody := bytes.Equal(old.body, r.body)
	if !sameBody || !old.hasBody {
		if err := w.addBody(r.body, body); err != nil {
			return err
		}
	}
	const query = `UPDATE pages SET route = ?, status = ?, header = ?, body = ?, tags = ?, stamp = ?, checked = ?, overtaken = ?, pinned = ?, history = ?, held_until = ?,
		rendered_at = ?, render_took = ?, modified_at = ?, due = ?, cause = ?,
		lifetime_fresh = ?, lifetime_age = ?, lifetime_while_revalidate = ?, lifetime_if_error = ?, checksum = ?,
		worth = visits - log2(? + (` + encodedBytes + `?4)) WHERE id = ?`
	l := r.lifetime
	if _, err := w.exec(query, r.route, r.status, r.header, r.body, r.tags, r.stamp, r.checked, r.overtaken, r.pinned, r.history, r.heldUntil,
		r.renderedAt, r.renderTook, r.modifiedAt, r.due, r.cause,
		l.fresh, l.age, l.whileRevalidate, l.ifError, r.checksum, size, old.id); err != nil {
		return err
	}
	if !sameBody {
		drop := w.dropBody
		if kept {
			drop = w.dropEncodings
		}
		if err := drop(old.body); err != nil {
			return err
		}
	}
	if old.tags == r.tags {
		return nil
	}
	return w.changeTags(old, r.tags)
}

// addBody stores a body if none with its hash is there.
func (w *writer) addBody(sum, body []byte) error {
	_, err := w.exec(`INSERT INTO bodies (sha256, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING`, sum, blob(body))
	return err
}

// dropBody removes a body that no page and no version has any more. Its encodings go
// with it; see schema.sql. They also go where versions alone have it.
func (w *writer) dropBody(sum []byte) error {
	const drop = `DELETE FROM bodies WHERE sha256 = ?1 AND NOT EXISTS (SELECT 1 FROM pages WHERE body = ?1)
		AND NOT EXISTS (SELECT 1 FROM versions WHERE body = ?1)`
	result, err := w.exec(drop, sum)
	if err != nil || w.state.versions == 0 {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return w.dropEncodings(sum)
}

// dropEncodings removes those of a body that no page has any more.
func (w *writer) dropEncodings(sum []byte) error {
	_, err := w.exec(`DELETE FROM encodings WHERE sha256 = ?1 AND NOT EXISTS (SELECT 1 FROM pages WHERE body = ?1)`, sum)
	return err
}

// changeTags writes only the difference: most tags of a page never change.
func (w *writer) changeTags(old *predecessor, tags string) error {
	was, err := decodeTags(old.tags)
	if err != nil {
		// Damage. The page is whole again with this Put, its tags too.
		if err := w.dropAllTags(old.id); err != nil {
			return err
		}
	}
	is, err := decodeTags(tags)
	if err != nil {
		return err
	}
	gone, err := encodeTags(without(was, is))
	if err != nil {
		return err
	}
	come, err := encodeTags(without(is, was))
	if err != nil {
		return err
	}
	if err := w.dropTags(old.id, gone); err != nil {
		return err
	}
	return w.addTags(old.id, come)
}

// without returns the tags of a that are not in b.
func without(a, b []string) []string {
	in := make(map[string]bool, len(b))
	for _, tag := range b {
		in[tag] = true
	}
	return slices.DeleteFunc(slices.Clone(a), func(tag string) bool { return in[tag] })
}

func (w *writer) addTags(page int64, tags string) error {
	_, err := w.exec(`INSERT OR IGNORE INTO page_tags (tag, page) SELECT value, ?1 FROM json_each(?2)`, page, tags)
	return err
}

// dropTags removes the page from the index for tags that are known to be JSON.
func (w *writer) dropTags(page int64, tags string) error {
	_, err := w.exec(`DELETE FROM page_tags WHERE page = ?1 AND tag IN (SELECT value FROM json_each(?2))`, page, tags)
	return err
}

// dropAllTags removes the page from the index where its own list of tags cannot
// be trusted. It walks the whole index.
func (w *writer) dropAllTags(page int64) error {
	_, err := w.exec(`DELETE FROM page_tags WHERE page = ?`, page)
	return err
}
