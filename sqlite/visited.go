package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/reprint-go/reprint"
)

// visitStep is how many pages at most a transaction counts visits of at a time.
// It bounds what others wait for it.
const visitStep = 256

// Visited implements [reprint.VisitStore]. It writes in steps, each in a
// transaction that it shares with others.
func (s *Store) Visited(ctx context.Context, list []reprint.Visit) error {
	for some := range slices.Chunk(list, visitStep) {
		if err := s.visited(ctx, some); err != nil {
			return fmt.Errorf("count visits: %w", err)
		}
	}
	return ctx.Err()
}

func (s *Store) visited(ctx context.Context, some []reprint.Visit) error {
	const perVisit = 1 << 10
	// Summed up before it is handed over: after an error the caller has its list back.
	counts := make(map[string]int, len(some))
	for _, v := range some {
		if v.Count < 1 {
			return fmt.Errorf("page %s was visited %d times; it must be once or more", v.Key, v.Count)
		}
		if key, ok := textOf(v.Key); ok {
			counts[key] += v.Count
		}
	}
	return s.change(ctx, int64(len(some))*perVisit, func(w *writer) error {
		t := w.aged.at()
		for key, n := range counts {
			if err := w.addVisits(`SELECT id, visits FROM pages WHERE key = ?`, key, n, t); err != nil {
				return err
			}
		}
		return nil
	})
}

// addVisits counts n visits of the page that a query finds by its one argument,
// if it does.
func (w *writer) addVisits(query string, of any, n int, t float64) error {
	var id int64
	var was visits
	err := w.scan(query, []any{of}, &id, &was)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	const add = `UPDATE pages SET visits = ?1, worth = worth + (?1 - visits) WHERE id = ?2`
	_, err = w.exec(add, float64(was.plus(n, t)), id)
	return err
}

// reads counts, for each page, how often it was read since that was last written,
// so that reading costs no transaction.
type reads struct {
	mu     sync.Mutex
	counts map[int64]int // by pages.id; guarded by mu
}

// maxReads bounds the pages of which reads are counted between two times that it
// is written. Those of others are forgotten: the order in which pages go is a
// preference.
const maxReads = 1 << 14

func newReads() *reads { return &reads{counts: make(map[int64]int)} }

func (r *reads) add(page int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n, known := r.counts[page]; known || len(r.counts) < maxReads {
		r.counts[page] = n + 1
	}
}

// take returns the counts of up to n pages and forgets those.
func (r *reads) take(n int) map[int64]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.counts) <= n {
		all := r.counts
		r.counts = make(map[int64]int)
		return all
	}
	some := make(map[int64]int, n)
	for id, count := range r.counts {
		if len(some) == n {
			break
		}
		some[id] = count
		delete(r.counts, id)
	}
	return some
}

// saveReads writes what was read: once in a minute at most, so that a page that
// is read all the time is not written all the time, and in steps.
func (w *writer) saveReads() error {
	if w.aged.at(); w.aged.minutes() == w.readsSaved {
		return nil
	}
	n, err := w.takeReads(visitStep)
	if n < visitStep {
		w.readsSaved = w.aged.minutes()
	}
	return err
}

// takeReads writes the reads of up to most pages and returns of how many.
func (w *writer) takeReads(most int) (int, error) {
	t := w.aged.at()
	some := w.reads.take(most)
	for id, count := range some {
		if err := w.addVisits(`SELECT id, visits FROM pages WHERE id = ?`, id, count, t); err != nil {
			return 0, err
		}
	}
	return len(some), nil
}
