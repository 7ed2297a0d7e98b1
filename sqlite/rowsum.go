package sqlite

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
)

// rowsum is the checksum of a row of pages: 64 bits of a SHA-256 over what is
// served or decides on serving. The body counts by its own sum.
//
// Two properties let it live with the format: a field that is zero does not
// count, so that a column can be added without touching any row; and checked is
// combined by exclusive or, so that SQL can raise it (compact.go) and keep a
// right sum right and a wrong one wrong.
func (r *row) rowsum() int64 {
	var f fields
	f.text('k', r.key)
	f.text('r', r.route)
	f.number('s', r.status)
	f.text('h', r.header)
	f.text('b', string(r.body))
	f.text('t', r.tags)
	f.number('p', r.stamp)
	f.time('R', r.renderedAt)
	f.number('T', r.renderTook)
	f.time('M', r.modifiedAt)
	f.time('D', r.due)
	f.text('c', r.cause)
	f.number('o', r.overtaken)
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

// time tells the year 1970, which is zero, from a time that is not known.
func (f *fields) time(name byte, v sql.Null[int64]) {
	if v.Valid {
		f.text(name, string(binary.BigEndian.AppendUint64(nil, uint64(v.V))))
	}
}
