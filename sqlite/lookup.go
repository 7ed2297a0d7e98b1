package sqlite

import (
	"context"
	"database/sql"
	"sync"
)

// lookups reads pages by their key, which is what a store is asked for most, and
// in vain when a page is rendered for the first time.
//
// Goroutines of its own do it. The stack of SQLite is deep: that of the caller,
// which often begins with a request, had to grow for it, which was more than a third
// of the time of a look-up. And who waits here can leave when its context ends, so
// that no query needs to be watched.
type lookups struct {
	*pool
	asked   chan lookup
	running sync.WaitGroup
}

type lookup struct {
	key  string
	done chan<- found // has room for the one answer
}

// found is what readRow returns.
type found struct {
	row  *row
	body []byte
	err  error
}

func openLookups(ctx context.Context, path string) (*lookups, error) {
	p, err := openPool(ctx, path, maxLookups)
	if err != nil {
		return nil, err
	}
	l := &lookups{pool: p, asked: make(chan lookup)}
	for range maxLookups {
		l.running.Go(l.loop)
	}
	return l, nil
}

func (l *lookups) loop() {
	for a := range l.asked {
		a.done <- l.row(a.key)
	}
}

// row asks first whether the page is there: for the columns of a row everything
// would be prepared before it is known.
func (l *lookups) row(key string) found {
	var there bool
	err := l.scan(context.Background(), `SELECT EXISTS (SELECT 1 FROM pages WHERE key = ?)`, []any{key}, &there)
	if err == nil && !there {
		err = sql.ErrNoRows
	}
	if err != nil {
		return found{err: err}
	}
	r, body, err := readRow(&l.statements, key)
	return found{r, body, err}
}

// find returns what is found under key, or the error of ctx when that ends before.
func (l *lookups) find(ctx context.Context, key string) (found, error) {
	if err := ctx.Err(); err != nil {
		return found{}, err
	}
	done := make(chan found, 1)
	select {
	case l.asked <- lookup{key, done}:
	case <-ctx.Done():
		return found{}, ctx.Err()
	}
	select {
	case f := <-done:
		return f, nil
	case <-ctx.Done():
		return found{}, ctx.Err()
	}
}

// close waits for the look-ups that nobody waits for any more. Nobody may ask.
func (l *lookups) close() error {
	close(l.asked)
	l.running.Wait()
	return l.pool.close()
}
