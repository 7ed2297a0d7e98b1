package sqlite

import (
	"database/sql"
	"time"

	"github.com/reprint-go/reprint"
)

// lifetime is a page's Lifetime in the table: nanoseconds, NULL in all columns
// for nil.
type lifetime struct {
	fresh, age, whileRevalidate, ifError sql.Null[int64]
}

func encodeLifetime(l *reprint.Lifetime) lifetime {
	if l == nil {
		return lifetime{}
	}
	nanos := func(d time.Duration) sql.Null[int64] { return sql.Null[int64]{V: int64(d), Valid: true} }
	return lifetime{nanos(l.Fresh), nanos(l.Age), nanos(l.WhileRevalidate), nanos(l.IfError)}
}

// decode relies on the row's checksum for all columns being NULL or none.
func (l lifetime) decode() *reprint.Lifetime {
	if !l.fresh.Valid {
		return nil
	}
	return &reprint.Lifetime{
		Fresh:           time.Duration(l.fresh.V),
		Age:             time.Duration(l.age.V),
		WhileRevalidate: time.Duration(l.whileRevalidate.V),
		IfError:         time.Duration(l.ifError.V),
	}
}
