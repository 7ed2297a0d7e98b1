package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/net/http/httpguts"

	"github.com/reprint-go/reprint"
)

// Encodings implements [reprint.EncodingStore].
func (s *Store) Encodings(ctx context.Context, sum [sha256.Size]byte) ([]reprint.Encoding, error) {
	whole, damaged, err := s.encodings(ctx, sum)
	if err == nil && len(damaged) > 0 {
		err = s.dropEncodings(ctx, sum, damaged)
	}
	if err != nil {
		return nil, fmt.Errorf("read encodings of body %x: %w", sum, err)
	}
	return whole, nil
}

// encodings returns the encodings of a body and the codings of those that are not
// what was stored.
func (s *Store) encodings(ctx context.Context, sum [sha256.Size]byte) (whole []reprint.Encoding, damaged []string, err error) {
	const query = `SELECT coding, checksum, bytes FROM encodings WHERE sha256 = ?`
	err = s.each(ctx, func(scan func(...any) error) error {
		var e reprint.Encoding
		var checksum int64
		if err := scan(&e.Coding, &checksum, &e.Body); err != nil {
			return err
		}
		if checksum != encodingSum(sum, e) {
			damaged = append(damaged, e.Coding)
			return nil
		}
		whole = append(whole, e)
		return nil
	}, query, sum[:])
	return whole, damaged, err
}

// encodingSum is the checksum of an encoding: 64 bits of a SHA-256 over its bytes,
// and over what it is an encoding of and in, so that it does not hold in the place
// of another.
func encodingSum(sum [sha256.Size]byte, e reprint.Encoding) int64 {
	h := sha256.New()
	h.Write(sum[:])
	h.Write(binary.AppendUvarint(nil, uint64(len(e.Coding))))
	h.Write([]byte(e.Coding))
	h.Write(e.Body)
	return int64(binary.BigEndian.Uint64(h.Sum(nil)))
}

// dropEncodings removes damaged encodings of a body.
func (s *Store) dropEncodings(ctx context.Context, sum [sha256.Size]byte, codings []string) error {
	const size = 1 << 10
	s.log.WarnContext(ctx, "stored encodings are damaged; they are dropped and will be made again", "path", s.path, "body", fmt.Sprintf("%x", sum), "codings", codings)
	err := s.change(ctx, size, func(w *writer) error {
		for _, coding := range codings {
			if err := w.dropDamagedEncoding(sum, coding); err != nil {
				return err
			}
		}
		return w.resize(sum)
	})
	if err != nil {
		return fmt.Errorf("drop damaged %q: %w", codings, err)
	}
	return nil
}

// dropDamagedEncoding looks again, because a good one may have come meanwhile.
func (w *writer) dropDamagedEncoding(sum [sha256.Size]byte, coding string) error {
	e := reprint.Encoding{Coding: coding}
	var checksum int64
	err := w.scan(`SELECT checksum, bytes FROM encodings WHERE sha256 = ? AND coding = ?`, []any{sum[:], coding}, &checksum, &e.Body)
	if errors.Is(err, sql.ErrNoRows) || (err == nil && checksum == encodingSum(sum, e)) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = w.exec(`DELETE FROM encodings WHERE sha256 = ? AND coding = ?`, sum[:], coding)
	return err
}

// PutEncoding implements [reprint.EncodingStore]. Within [Options.MaxBytes] it
// takes what room there is; when a page needs it, pages go with their encodings.
func (s *Store) PutEncoding(ctx context.Context, sum [sha256.Size]byte, e reprint.Encoding) error {
	if !httpguts.ValidHeaderFieldName(e.Coding) {
		return fmt.Errorf("store encoding of body %x: %q is not a content coding", sum, e.Coding)
	}
	const perEncoding = 512
	e.Body = bytes.Clone(e.Body) // it may be written after ctx has ended
	size, checksum := perEncoding+int64(len(e.Body)), encodingSum(sum, e)
	err := s.change(ctx, size, func(w *writer) error { return w.putEncoding(sum, e, checksum, size) })
	if errors.Is(err, reprint.ErrFull) {
		return nil // the disk is: no room either
	}
	if err != nil {
		return fmt.Errorf("store encoding of body %x: %w", sum, err)
	}
	return nil
}

func (w *writer) putEncoding(sum [sha256.Size]byte, e reprint.Encoding, checksum, size int64) error {
	// A body may be there without a page, after damage.
	const has = `SELECT EXISTS (SELECT 1 FROM pages WHERE body = ?1) AND EXISTS (SELECT 1 FROM bodies WHERE sha256 = ?1)`
	var wanted bool
	if err := w.scan(has, []any{sum[:]}, &wanted); err != nil || !wanted {
		return err
	}
	if fits, err := w.fits(size); err != nil || !fits {
		return err
	}
	const put = `INSERT INTO encodings (sha256, coding, checksum, bytes) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET checksum = excluded.checksum, bytes = excluded.bytes`
	if _, err := w.exec(put, sum[:], e.Coding, checksum, blob(e.Body)); err != nil {
		return err
	}
	w.state.used += size
	return w.resize(sum)
}

// encodedBytes is, before the hash of a body, what its encodings take.
const encodedBytes = `SELECT coalesce(sum(length(bytes)), 0) FROM encodings WHERE sha256 = `

// resize brings what pages are worth to what they take, after an encoding of their
// body has come or gone. Where many have it, it costs none of them much, and they
// are left as they are: a bounded number is written.
func (w *writer) resize(sum [sha256.Size]byte) error {
	const most = 16
	pages, bodySize, err := w.pagesWith(sum[:], most+1)
	if err != nil || len(pages) > most {
		return err
	}
	for _, r := range pages {
		const query = `UPDATE pages SET worth = visits - log2(? + (` + encodedBytes + `body)) WHERE id = ?`
		if _, err := w.exec(query, r.size(bodySize), r.id); err != nil {
			return err
		}
	}
	return nil
}

// pagesWith returns the first rows with a body, and the size of that.
func (w *writer) pagesWith(sum []byte, most int) (pages []*row, bodySize int, err error) {
	const query = `SELECT p.key, length(b.bytes), ` + rowColumns + `
		FROM pages AS p JOIN bodies AS b ON b.sha256 = p.body WHERE p.body = ? LIMIT ?`
	rows, err := w.db.query(context.Background(), query, sum, most)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var r row
		if err := rows.Scan(append([]any{&r.key, &bodySize}, r.dest()...)...); err != nil {
			return nil, 0, err
		}
		pages = append(pages, &r)
	}
	return pages, bodySize, rows.Err()
}

// blob is b as SQL takes it: nil would be NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
