package sqlite

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/reprint-go/reprint"
)

// Room is made in small steps, by the Put that needs it: a few pages that are
// worth little go for the one that comes. The sizes that Puts announce are
// added up and the file is measured again when the sum reaches the limit, and now
// and then: what else is written is not added up.
const (
	evictStep = 8
	// Where the limit was lowered, a Put drops more than it needs, so that the
	// file comes down, but not all at once.
	evictEnough = 64
)

// measureEvery is how many bytes operations write until the file is measured again. It
// is a small part of what the file may take.
const measureEvery = 1 << 20

// measureSometimes measures when as much was written, or where the file must shrink.
func (w *writer) measureSometimes() error {
	if w.written < min(measureEvery, w.limits.file/64) && w.fileBytes <= w.limits.file {
		return nil
	}
	return w.measure()
}

// measure sets what the file has in use and what it takes on disk, as of now in
// the transaction.
func (w *writer) measure() error {
	var count, free int64
	if err := w.scan("PRAGMA page_count", nil, &count); err != nil {
		return err
	}
	if err := w.scan("PRAGMA freelist_count", nil, &free); err != nil {
		return err
	}
	w.fileBytes, w.state.used, w.written = w.pageBytes*count, w.pageBytes*(count-free), 0
	return nil
}

// makeRoom drops versions and pages, never the page that is about to be replaced, until
// one of size bytes can come within the limits.
func (w *writer) makeRoom(replaced *predecessor, size int64) error {
	if size > w.limits.file {
		return fmt.Errorf("%w: the page takes %d bytes of the %d there are", reprint.ErrFull, size, w.limits.file)
	}
	if replaced == nil {
		replaced = &predecessor{}
		if err := w.boundPages(); err != nil {
			return err
		}
	}
	if err := w.boundBytes(replaced.id, size); err != nil {
		return err
	}
	w.state.used += size
	return nil
}

// hasRoom reports whether one more page of size bytes can come and nothing has to go.
func (w *writer) hasRoom(size int64) bool {
	return w.state.pages < w.limits.pages && w.state.used+size <= w.limits.file
}

// fits reports whether there is room for size bytes.
func (w *writer) fits(size int64) (bool, error) {
	if w.state.used+size <= w.limits.file {
		return true, nil
	}
	err := w.measure()
	return w.state.used+size <= w.limits.file, err
}

// boundPages makes room for one more page. It drops less than it should where the
// limit was lowered by much, but never nothing.
func (w *writer) boundPages() error {
	excess := w.state.pages + 1 - w.limits.pages
	if excess <= 0 {
		return nil
	}
	n, err := w.evict(0, min(excess, evictEnough))
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: all %d pages are pinned, and the limit is %d", reprint.ErrFull, w.state.pages, w.limits.pages)
	}
	return err
}

// boundBytes makes room for size bytes. No page goes while there are versions.
func (w *writer) boundBytes(keep, size int64) error {
	for dropped := int64(0); ; {
		if fits, err := w.fits(size); err != nil || fits {
			return err
		}
		if dropped >= evictEnough && w.state.used+size <= w.fileBytes {
			return nil // fits the file as it is, which comes down with every Put
		}
		n, err := w.evictVersions(evictStep)
		if err == nil && n == 0 {
			n, err = w.evict(keep, evictStep)
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("%w: journal, receipts and pinned pages leave no room for %d bytes", reprint.ErrFull, size)
		}
		dropped += n
	}
}

// What goes next, of the pages that say "not here" and of all.
const (
	leastNegative = `SELECT id, body, tags FROM pages WHERE status <> 200 AND pinned = 0 AND id <> ? ORDER BY rendered_at LIMIT ?`
	leastWorth    = `SELECT id, body, tags FROM pages WHERE pinned = 0 AND id <> ? ORDER BY worth, id LIMIT ?`
)

// evict drops up to n pages, not the one with the id keep nor those that are
// pinned, and returns how many. Pages that say "not here" go first: a flood of
// them must not push out others.
func (w *writer) evict(keep, n int64) (int64, error) {
	victims, err := w.victims(leastNegative, keep, n)
	if err == nil && len(victims) == 0 {
		victims, err = w.victims(leastWorth, keep, n)
	}
	if err != nil {
		return 0, err
	}
	for _, v := range victims {
		if err := w.drop(v.id, v.body, v.tags); err != nil {
			return 0, err
		}
	}
	w.state.evicted += int64(len(victims))
	return int64(len(victims)), nil
}

func (w *writer) victims(query string, args ...any) (victims []predecessor, err error) {
	rows, err := w.db.query(context.Background(), query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var v predecessor
		if err := rows.Scan(&v.id, &v.body, &v.tags); err != nil {
			return nil, err
		}
		victims = append(victims, v)
	}
	return victims, rows.Err()
}

// roomForVersion makes room for a version of size bytes by dropping older ones. It
// reports whether there is.
func (w *writer) roomForVersion(size int64) (bool, error) {
	if size > w.limits.file {
		return false, nil
	}
	for {
		fits, err := w.fits(size)
		if err != nil || fits {
			w.state.used += size
			return fits, err
		}
		if n, err := w.evictVersions(evictStep); err != nil || n == 0 {
			return false, err
		}
	}
}

// evictVersions drops up to n versions, the oldest, and returns how many.
func (w *writer) evictVersions(n int64) (int64, error) {
	if w.state.versions == 0 {
		return 0, nil
	}
	return w.deleteVersions(`SELECT id FROM versions ORDER BY id LIMIT ?`, n)
}

// tidy keeps the files within their limits. All callers are told before that takes long.
func (w *writer) tidy() {
	if w.fileBytes > w.limits.file {
		w.tellAll()
		_, err := w.exec(`PRAGMA incremental_vacuum(256)`)
		if err == nil {
			err = w.measure()
		}
		if err != nil {
			w.log.Warn("store does not shrink", "path", w.path, "error", err)
		}
	}
	if w.written > 0 && !w.longLog {
		return // little was written since it was not
	}
	info, err := os.Stat(w.path + "-wal")
	w.longLog = err == nil && info.Size() > w.limits.log
	if !w.longLog || time.Since(w.checkpointed) < 10*time.Second {
		return
	}
	w.checkpointed = time.Now()
	w.tellAll()
	if err := w.checkpoint(); err != nil {
		w.log.Warn("store cannot shorten its log", "path", w.path, "error", err)
	}
}

// checkpoint moves the log into the file and cuts it to nothing. It does not
// wait long for those who still read from the log.
func (w *writer) checkpoint() error {
	var busy, frames, moved int
	if _, err := w.exec("PRAGMA busy_timeout = 100"); err != nil {
		return err
	}
	err := w.scan("PRAGMA wal_checkpoint(TRUNCATE)", nil, &busy, &frames, &moved)
	if err == nil && busy != 0 {
		err = fmt.Errorf("somebody reads from it: %d of %d pages moved", moved, frames)
	}
	if _, e := w.exec("PRAGMA busy_timeout = 5000"); err == nil {
		err = e
	}
	return err
}
