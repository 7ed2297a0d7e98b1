package sqlite

import (
	"errors"

	"github.com/reprint-go/reprint"
)

// commit runs a batch in one transaction and answers everybody in it.
//
// A disk that is full undoes the whole transaction. Then each operation is tried
// alone, so that an entry of the journal does not fail for the size of a page
// beside it. Any other failure is everybody's.
func (w *writer) commit(batch []*op) {
	err := w.transact(batch)
	w.report(err)
	if !errors.Is(err, reprint.ErrFull) || len(batch) <= 1 {
		answer(batch, err)
		return
	}
	for i := range batch {
		alone := batch[i : i+1]
		answer(alone, w.transact(alone))
	}
}

// answer tells the callers how their operations ended: each in its own way, or
// all with the transaction.
func answer(batch []*op, err error) {
	for _, o := range batch {
		if err != nil {
			o.err = err
		}
		o.done <- o.err
	}
}

// transact runs a batch in one transaction. When it returns nil, the operations
// without error are on disk and those with one have left nothing behind. When it
// returns an error nothing has changed.
func (w *writer) transact(batch []*op) (err error) {
	before := w.state
	defer func() {
		if err != nil {
			_, _ = w.exec("ROLLBACK") // fails where SQLite has done it already
			w.state = before
		}
	}()
	if _, err := w.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, o := range batch {
		if err := w.attempt(o); err != nil {
			return err
		}
	}
	if err := w.conclude(before); err != nil {
		return err
	}
	if _, err := w.exec("COMMIT"); err != nil {
		return err
	}
	w.counts.commits.Add(1)
	w.counts.operations.Add(uint64(len(batch)))
	w.counts.publish(w.state)
	return nil
}

// attempt runs one operation under a savepoint, so that its failure, which it
// keeps, is its own. It returns an error when the transaction is lost.
func (w *writer) attempt(o *op) error {
	if o.err = o.abandoned(); o.err != nil {
		return nil
	}
	before := w.state
	if _, err := w.exec("SAVEPOINT op"); err != nil {
		return err
	}
	if o.err = o.run(w); o.err != nil {
		// Some failures, a full disk among them, can end the transaction; then
		// there is no savepoint to go back to.
		if _, err := w.exec("ROLLBACK TO op"); err != nil {
			return o.err
		}
		w.state = before
	}
	_, err := w.exec("RELEASE op")
	return err
}

// conclude adds to a transaction what is written once for all its operations.
func (w *writer) conclude(before state) error {
	if w.state.position != before.position {
		if err := w.savePosition(); err != nil {
			return err
		}
	}
	if err := w.saveReads(); err != nil {
		return err
	}
	if err := w.saveAge(); err != nil {
		return err
	}
	return w.measure()
}

// saveAge writes for how long the store has been open, to the minute.
func (w *writer) saveAge() error {
	age := w.aged.minutes()
	if age == w.ageSaved {
		return nil
	}
	_, err := w.exec(`UPDATE meta SET value = ? WHERE name = 'age'`, age)
	if err == nil {
		w.ageSaved = age // where the transaction is lost, the next minute is written
	}
	return err
}

// report tells the operator when the store stops writing and when it writes
// again, not once for each failure between.
func (w *writer) report(err error) {
	switch {
	case err != nil && !w.failing:
		w.log.Error("store cannot write; pages are served and not stored", "path", w.path, "error", err)
	case err == nil && w.failing:
		w.log.Info("store writes again", "path", w.path)
	}
	w.failing = err != nil
}
