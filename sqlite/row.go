package sqlite

import (
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"github.com/reprint-go/reprint"
)

// row is a page or a version of one as its table holds it; see schema.sql.
type row struct {
	id         int64
	key        string
	route      string
	status     int64
	header     string
	body       []byte // SHA-256
	tags       string // JSON
	stamp      int64
	checked    int64
	overtaken  int64
	pinned     int64
	history    int64
	heldUntil  sql.Null[int64]
	renderedAt sql.Null[int64]
	renderTook int64
	modifiedAt sql.Null[int64]
	due        sql.Null[int64]
	cause      string
	lifetime   lifetime
	checksum   int64
	refused    string // of a version
}

// rowColumns are those that a page or a version p is made of but for its key, as
// row.dest takes them.
const rowColumns = `p.id, p.route, p.status, p.header, p.body, p.tags, p.stamp, p.checked, p.overtaken, p.pinned, p.history, p.held_until,
	p.rendered_at, p.render_took, p.modified_at, p.due, p.cause,
	p.lifetime_fresh, p.lifetime_age, p.lifetime_while_revalidate, p.lifetime_if_error, p.checksum`

// storedColumns are those that pages and versions share, as row.stored gives them.
const storedColumns = `key, route, status, header, body, tags, stamp, checked, overtaken, pinned, history, held_until,
	rendered_at, render_took, modified_at, due, cause,
	lifetime_fresh, lifetime_age, lifetime_while_revalidate, lifetime_if_error, checksum`

// storedValues are the parameters for them.
const storedValues = `?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?`

func (r *row) stored() []any {
	l := r.lifetime
	return []any{
		r.key, r.route, r.status, r.header, r.body, r.tags, r.stamp, r.checked, r.overtaken, r.pinned, r.history, r.heldUntil,
		r.renderedAt, r.renderTook, r.modifiedAt, r.due, r.cause,
		l.fresh, l.age, l.whileRevalidate, l.ifError, r.checksum,
	}
}

func (r *row) dest() []any {
	l := &r.lifetime
	return []any{
		&r.id, &r.route, &r.status, &r.header, &r.body, &r.tags, &r.stamp, &r.checked, &r.overtaken, &r.pinned, &r.history, &r.heldUntil,
		&r.renderedAt, &r.renderTook, &r.modifiedAt, &r.due, &r.cause,
		&l.fresh, &l.age, &l.whileRevalidate, &l.ifError, &r.checksum,
	}
}

// encodeRow refuses a page that could not be read back as it is.
func encodeRow(p *reprint.Page) (*row, error) {
	key, ok := textOf(p.Key)
	if !ok {
		return nil, errors.New("the key is not canonical: it cannot be told from another")
	}
	if sha256.Sum256(p.Body) != p.Sum {
		return nil, errors.New("Sum is not the SHA-256 of Body")
	}
	if p.Stamp > math.MaxInt64 || p.Checked > math.MaxInt64 {
		return nil, errors.New("the stamp is out of range")
	}
	header, err := encodeHeader(p.Header)
	if err != nil {
		return nil, err
	}
	tags, err := encodeTags(p.Tags)
	if err != nil {
		return nil, err
	}
	r := &row{
		key:        key,
		route:      p.Route,
		status:     int64(p.Status),
		header:     header,
		body:       p.Sum[:],
		tags:       tags,
		stamp:      int64(p.Stamp),
		checked:    int64(p.Checked),
		history:    int64(p.History),
		heldUntil:  micros(p.HeldUntil),
		renderedAt: micros(p.RenderedAt),
		renderTook: int64(p.RenderTook),
		modifiedAt: micros(p.ModifiedAt),
		due:        micros(p.Due),
		cause:      p.Cause,
		lifetime:   encodeLifetime(p.Lifetime),
	}
	if p.Overtaken {
		r.overtaken = 1
	}
	if p.Pinned {
		r.pinned = 1
	}
	r.checksum = r.rowsum()
	return r, nil
}

// textOf returns the key as the table holds it. A key that is not canonical could
// have the text of another; no page is stored under it.
func textOf(key reprint.Key) (text string, ok bool) {
	text = key.String()
	back, err := reprint.ParseKey(text)
	return text, err == nil && back == key
}

// page returns the page of a row and its body, or why they are not what was
// stored.
func (r *row) page(key reprint.Key, body []byte) (*reprint.Page, error) {
	p, err := r.head(key)
	if err != nil {
		return nil, err
	}
	if sha256.Sum256(body) != p.Sum {
		return nil, errBodyDamaged
	}
	p.Body = body
	return p, nil
}

// head returns the page of a row without its body, or why it is not what was
// stored.
func (r *row) head(key reprint.Key) (*reprint.Page, error) {
	if r.checksum != r.rowsum() {
		return nil, errRowDamaged
	}
	header, err := decodeHeader(r.header)
	if err != nil {
		return nil, err
	}
	tags, err := decodeTags(r.tags)
	if err != nil {
		return nil, err
	}
	if len(r.body) != sha256.Size {
		return nil, errRowDamaged
	}
	return &reprint.Page{
		Key:        key,
		Route:      r.route,
		Status:     int(r.status),
		Header:     header,
		Sum:        [sha256.Size]byte(r.body),
		Tags:       tags,
		Stamp:      reprint.Position(r.stamp),
		Checked:    reprint.Position(r.checked),
		Overtaken:  r.overtaken != 0,
		Pinned:     r.pinned != 0,
		History:    int(r.history),
		HeldUntil:  fromMicros(r.heldUntil),
		RenderedAt: fromMicros(r.renderedAt),
		RenderTook: time.Duration(r.renderTook),
		ModifiedAt: fromMicros(r.modifiedAt),
		Lifetime:   r.lifetime.decode(),
		Due:        fromMicros(r.due),
		Cause:      r.cause,
	}, nil
}

// size is about how many bytes of the file a row with a body of n bytes takes,
// with its entries in the indexes.
func (r *row) size(n int) int64 {
	const perRow, perBody = 1024, 512
	return perRow + perBody + int64(n+len(r.header)+3*len(r.tags)+2*len(r.key)+len(r.route)+len(r.cause))
}

// encodeTags returns tags as a JSON array, which SQL can take apart.
func encodeTags(tags []string) (string, error) {
	for _, tag := range tags {
		if !utf8.ValidString(tag) {
			return "", fmt.Errorf("tag %q is not UTF-8", tag)
		}
	}
	if len(tags) == 0 {
		return "[]", nil
	}
	text, err := json.Marshal(tags)
	return string(text), err
}

func decodeTags(text string) ([]string, error) {
	var tags []string
	if err := json.Unmarshal([]byte(text), &tags); err != nil {
		return nil, fmt.Errorf("tags: %w", err)
	}
	return tags, nil
}

// micros is a time in the tables: microseconds since 1970, NULL for the zero
// time.
func micros(t time.Time) sql.Null[int64] {
	if t.IsZero() {
		return sql.Null[int64]{}
	}
	return sql.Null[int64]{V: t.UnixMicro(), Valid: true}
}

func fromMicros(v sql.Null[int64]) time.Time {
	if !v.Valid {
		return time.Time{}
	}
	return time.UnixMicro(v.V).UTC()
}

// clamp returns p as a number that the tables can hold; none of theirs is above.
func clamp(p reprint.Position) int64 { return int64(min(p, math.MaxInt64)) }
