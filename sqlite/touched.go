package sqlite

import "sync"

// touched is the pages that were read since their row last said so. They are
// written with the next batch, so that reading costs no transaction.
type touched struct {
	mu  sync.Mutex
	ids map[int64]struct{} // guarded by mu
}

// maxTouched bounds what is remembered. What does not fit is forgotten: the
// order in which pages go is a preference.
const maxTouched = 4096

func newTouched() *touched { return &touched{ids: make(map[int64]struct{})} }

func (t *touched) add(page int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.ids) < maxTouched {
		t.ids[page] = struct{}{}
	}
}

// take returns up to n of them and forgets those.
func (t *touched) take(n int) []int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	var ids []int64
	for id := range t.ids {
		if len(ids) == n {
			break
		}
		ids = append(ids, id)
		delete(t.ids, id)
	}
	return ids
}

// saveTouched writes that pages were read, a bounded number of them.
func (w *writer) saveTouched() error {
	const most = 256
	now := w.minute()
	for _, id := range w.touched.take(most) {
		if _, err := w.exec(`UPDATE pages SET used_at = ?1 WHERE id = ?2 AND used_at < ?1`, now, id); err != nil {
			return err
		}
	}
	return nil
}
