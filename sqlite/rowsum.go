package sqlite

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
)

// rowsum is the checksum of a row of pages or versions: 64 bits of a SHA-256 over what
// is served or decides on serving. The body counts by its own sum.
//
// Two properties let it live with the format: a field that is zero, or NULL where
// it can be, does not count, so that a column can be added without touching any
// row; and checked is combined by exclusive or, so that SQL can raise it
// (compact.go) and keep a right sum right and a wrong one wrong.
func (r *row) rowsum() int64 {
	var f fields
	f.text('k', r.key)
	f.text('r', r.route)
	f.number('s', r.status)
	f.text('h', r.header)
	f.text('b', string(r.body))
	f.text('t', r.tags)
	f.number('p', r.stamp)
	f.nullable('R', r.renderedAt)
	f.number('T', r.renderTook)
	f.nullable('M', r.modifiedAt)
	f.nullable('D', r.due)
	f.text('c', r.cause)
	f.number('o', r.overtaken)
	f.number('P', r.pinned)
	f.number('H', r.history)
	f.nullable('U', r.heldUntil)
	f.nullable('F', r.lifetime.fresh)
	f.nullable('A', r.lifetime.age)
	f.nullable('W', r.lifetime.whileRevalidate)
	f.nullable('E', r.lifetime.ifError)
	f.text('V', r.refused)
	sum := sha256.Sum256(f)
	return int64(binary.BigEndian.Uint64(sum[:])) ^ r.checked
}

// fields is a sequence of named values in which no two rows look the same.
type fields []byte

func (f *fields) text(name byte, v string) {
	if v == "" {
		return
	}
	*f = append(*f, name)
	*f = binary.AppendUvarint(*f, uint64(len(v)))
	*f = append(*f, v...)
}

func (f *fields) number(name byte, v int64) {
	if v != 0 {
		f.text(name, string(binary.BigEndian.AppendUint64(nil, uint64(v))))
	}
}

// nullable tells zero from NULL: the year 1970 from a time that is not known, a
// life of no length from one of which nothing was said.
func (f *fields) nullable(name byte, v sql.Null[int64]) {
	if v.Valid {
		f.text(name, string(binary.BigEndian.AppendUint64(nil, uint64(v.V))))
	}
}
