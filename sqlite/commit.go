package sqlite

import (
	"errors"
	"runtime"

	"github.com/reprint-go/reprint"
)

// batch is the operations of one transaction.
type batch struct {
	ops  []*op
	size int64
}

func (b *batch) add(o *op) { b.ops, b.size = append(b.ops, o), b.size+o.size }

// commit runs first, and those that come while it does, in one transaction and
// settles what everybody in it is told, see tell.
//
// They run one after the other with nothing between. When one fails, what it has
// done cannot be undone alone; then all of it is, and they run again under a
// savepoint each. Savepoints for all would be dear: each keeps a copy of every
// page of the file that it touches.
//
// A disk that is full undoes the whole transaction. Then each operation is tried
// alone, so that an entry of the journal does not fail for the size of a page
// beside it. Any other failure is everybody's.
func (w *writer) commit(first *op) {
	b := new(batch)
	b.add(first)
	err := w.transact(func() error { return w.runAll(b) })
	if errors.Is(err, errOperation) {
		w.tellAll()
		err = w.transact(func() error { return w.runEach(b.ops) })
	}
	w.report(err)
	if !errors.Is(err, reprint.ErrFull) || len(b.ops) <= 1 {
		w.answer(b.ops, err)
		return
	}
	for i := range b.ops {
		alone := b.ops[i : i+1]
		w.answer(alone, w.transact(func() error { return w.runEach(alone) }))
	}
}

// answer settles how operations ended: each in its own way, or all with the
// transaction.
func (w *writer) answer(ops []*op, err error) {
	if err == nil {
		w.counts.operations.Add(uint64(len(ops)))
	}
	for _, o := range ops {
		if err != nil {
			o.err = err
		}
	}
	w.tellAll()
	w.untold = ops
}

// tell tells one caller how his operation ended. It is called before each operation of
// the transaction that follows: told all at once, the callers would take the processors
// from the writer, come back together, and then wait for it together.
func (w *writer) tell() {
	if len(w.untold) > 0 {
		o := w.untold[0]
		w.untold[0] = nil // with what it has written
		w.untold = w.untold[1:]
		o.done <- o.err
	}
}

// tellAll tells all callers. It is called before what takes long.
func (w *writer) tellAll() {
	for len(w.untold) > 0 {
		w.tell()
	}
}

// transact runs operations in one transaction. When it returns nil, those without
// error are on disk and those with one have left nothing behind. When it returns
// an error nothing has changed.
func (w *writer) transact(run func() error) (err error) {
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
	if err := run(); err != nil {
		return err
	}
	if err := w.conclude(before); err != nil {
		return err
	}
	if _, err := w.exec("COMMIT"); err != nil {
		return err
	}
	w.counts.commits.Add(1)
	w.counts.publish(w.state)
	return nil
}

// errOperation ends a transaction in which an operation has failed that others
// share.
var errOperation = errors.New("an operation of the transaction has failed")

// runAll runs the operations of a batch, and adds to it those that wait, until none
// does or the batch is full. Before that is believed, those who are about to ask for
// one may say so: a commit that many share costs them less than one each, and where
// Go has one processor nobody can say anything while the disk is waited for.
func (w *writer) runAll(b *batch) error {
	yielded := false
	for i := 0; ; i++ {
		w.gather(b)
		if i == len(b.ops) && !yielded {
			yielded = true
			runtime.Gosched()
			w.gather(b)
		}
		if i == len(b.ops) {
			w.tellAll()
			return nil
		}
		w.tell()
		if o := b.ops[i]; !o.left() {
			if w.perform(o) != nil {
				return errOperation
			}
		}
	}
}

func (w *writer) perform(o *op) error {
	w.written += o.size
	o.err = o.run(w)
	return o.err
}

// gather adds the operations that wait, up to the bounds.
func (w *writer) gather(b *batch) {
	for len(b.ops) < maxBatchOps && b.size < w.batchBytes {
		select {
		case o := <-w.queue:
			b.add(o)
		default:
			return
		}
	}
}

// runEach runs operations under a savepoint each, so that the failure of one, which
// it keeps, is its own. It returns an error when the transaction is lost.
func (w *writer) runEach(ops []*op) error {
	for _, o := range ops {
		if err := w.attempt(o); err != nil {
			return err
		}
	}
	return nil
}

// attempt is runEach for one operation.
func (w *writer) attempt(o *op) error {
	if o.left() {
		return nil
	}
	before := w.state
	if _, err := w.exec("SAVEPOINT op"); err != nil {
		return err
	}
	if w.perform(o) != nil {
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
	if err := w.saveCount(before); err != nil {
		return err
	}
	if err := w.saveAge(); err != nil {
		return err
	}
	return w.measureSometimes()
}

// saveCount writes how many pages and versions there are, in the transaction in which
// they became so many: counting a million when the store is opened takes long.
func (w *writer) saveCount(before state) error {
	if w.state.pages != before.pages {
		if _, err := w.exec(`UPDATE meta SET value = ? WHERE name = 'pages'`, w.state.pages); err != nil {
			return err
		}
	}
	if w.state.versions == before.versions {
		return nil
	}
	_, err := w.exec(`UPDATE meta SET value = ? WHERE name = 'versions'`, w.state.versions)
	return err
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
