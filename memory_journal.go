package reprint

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Bounds of a journal in memory.
const (
	memoryEntries  = 10_000
	memoryReceipts = 1_000
)

// memoryJournal is a [Journal] without Compact.
type memoryJournal struct {
	mu       sync.Mutex
	summary  Summary              // guarded by mu, as is all below
	entries  []Entry              // the newest, at most 2 × memoryEntries
	receipts map[string]*Receipt  // at most memoryReceipts
	order    []string             // of receipts, oldest first
	records  map[[2]string]Record // by kind and ID
}

func newMemoryJournal() memoryJournal {
	return memoryJournal{
		summary:  Summary{Marks: make(map[string]Mark)},
		receipts: make(map[string]*Receipt),
		records:  make(map[[2]string]Record),
	}
}

// Append implements [Journal].
func (j *memoryJournal) Append(ctx context.Context, e Entry) (Position, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	e.Position = j.summary.Position + 1
	j.summary.Add(e)
	if j.entries = append(j.entries, e); len(j.entries) >= 2*memoryEntries {
		j.entries = append([]Entry(nil), j.entries[memoryEntries:]...)
	}
	return e.Position, nil
}

// Entries implements [Journal].
func (j *memoryJournal) Entries(ctx context.Context, after Position) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		entries, err := j.since(after)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for _, e := range entries {
			if err := ctx.Err(); err != nil {
				yield(Entry{}, err)
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (j *memoryJournal) since(after Position) ([]Entry, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	first := j.summary.Position - Position(len(j.entries)) + 1
	switch {
	case after >= j.summary.Position:
		return nil, nil
	case after+1 < first:
		return nil, fmt.Errorf("journal entries from %d on are kept, not from %d", first, after+1)
	}
	// Entries are appended and cut, never changed: the slice may be read unlocked.
	return j.entries[after+1-first:], nil
}

// Summary implements [Journal].
func (j *memoryJournal) Summary(ctx context.Context) (Summary, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.summary
	s.Marks = maps.Clone(s.Marks)
	return s, ctx.Err()
}

// compact forgets marks; raise is called first, with the ledger that knows them.
func (j *memoryJournal) compact(ctx context.Context, upTo Position, raise func(*ledger)) error {
	s, err := j.Summary(ctx)
	if err != nil {
		return err
	}
	raise(newLedger(s))
	j.mu.Lock()
	defer j.mu.Unlock()
	maps.DeleteFunc(j.summary.Marks, func(_ string, m Mark) bool { return m.Any <= upTo })
	j.summary.Floor = max(j.summary.Floor, upTo)
	return nil
}

// SaveReceipt implements [Journal].
func (j *memoryJournal) SaveReceipt(ctx context.Context, r *Receipt) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, known := j.receipts[r.ID]; !known {
		j.order = append(j.order, r.ID)
	}
	j.receipts[r.ID] = r
	if len(j.order) > memoryReceipts {
		delete(j.receipts, j.order[0])
		j.order = j.order[1:]
	}
	return nil
}

// Receipt implements [Journal].
func (j *memoryJournal) Receipt(ctx context.Context, id string) (*Receipt, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.receipts[id], ctx.Err()
}

// Receipts implements [Journal].
func (j *memoryJournal) Receipts(ctx context.Context, before string, limit int) ([]*Receipt, error) {
	if limit < 1 {
		return nil, fmt.Errorf("limit %d is below 1", limit)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	end := len(j.order)
	if before != "" {
		end = max(0, slices.Index(j.order, before))
	}
	var list []*Receipt
	for _, id := range slices.Backward(j.order[max(0, end-limit):end]) {
		r := *j.receipts[id]
		r.Pages = nil
		list = append(list, &r)
	}
	return list, ctx.Err()
}

// PutRecord implements [Journal].
func (j *memoryJournal) PutRecord(ctx context.Context, r Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	r.Value = slices.Clone(r.Value)
	j.records[[2]string{r.Kind, r.ID}] = r
	return nil
}

// DeleteRecord implements [Journal].
func (j *memoryJournal) DeleteRecord(ctx context.Context, kind, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.records, [2]string{kind, id})
	return nil
}

// Records implements [Journal].
func (j *memoryJournal) Records(ctx context.Context, kind string) ([]Record, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var list []Record
	for _, r := range j.records {
		if r.Kind == kind {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b Record) int { return strings.Compare(a.ID, b.ID) })
	return list, ctx.Err()
}
