package reprint

import (
	"context"
	"errors"
	"fmt"
	"strconv"
)

// standing is what the journal says of an entry's page. While nothing was
// appended since it was last asked, it compares two integers.
func (s *Site) standing(e *entry) standing {
	position := s.ledger.pos()
	checked := e.isChecked()
	if checked >= position {
		return standing{current: true}
	}
	st := s.ledger.standing(e.tags(), e.life.renderedAt, checked)
	if st.current {
		// The table held at least the entries up to position when it was read.
		e.raise(position)
	}
	return st
}

// lookup returns the page of key with its standing: from memory, then from the
// store. The entry is nil when there is none. An error says that the store could
// not be read: then it is not known whether there is one.
func (s *Site) lookup(ctx context.Context, key Key) (*entry, standing, error) {
	if e := s.memory.get(key); e != nil {
		return e, s.standing(e), nil
	}
	// Who asks for a page at the same time reads it once, but nobody gets a page
	// that was read before something was stored that came before him: it may have
	// been replaced by the very revalidation whose success he knows of.
	read := s.loads.DoChan(key.String()+" "+strconv.FormatUint(s.keys.of(key).stored.Load(), 10), func() (any, error) { return s.load(key) })
	select {
	case r := <-read:
		e, _ := r.Val.(*entry)
		if e == nil {
			return nil, standing{}, r.Err
		}
		return e, s.standing(e), r.Err
	case <-ctx.Done():
		return nil, standing{}, context.Cause(ctx)
	}
}

// load reads key from the store and keeps what it finds in memory, if that is
// current. A page that is not could come after a newer one has been stored,
// served and dropped from memory again, and would then be served as stale in
// place of the newer one.
func (s *Site) load(key Key) (e *entry, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the store panicked: %v", p)
		}
	}()
	parent := s.ctx
	if parent.Err() != nil { // after Shutdown what is stored is served on
		parent = context.WithoutCancel(parent)
	}
	ctx, cancel := context.WithTimeout(parent, s.opts.RenderTimeout)
	defer cancel()
	page, err := s.store.Page(ctx, key)
	switch {
	case errors.Is(err, ErrDamaged):
		s.log.Warn("page is damaged; it will be rendered again", "page", key, "err", err)
		return nil, nil
	case err != nil:
		s.log.Error("page cannot be read from the store", "page", key, "err", err)
		return nil, err
	case page == nil:
		return nil, nil
	}
	e = newEntry(page)
	if s.opts.Store == nil {
		return e, nil // it comes from the memory tier
	}
	if kept := s.memory.keep(e, func() bool { return s.standing(e).current }); kept != nil {
		e = kept
	}
	return e, nil
}

// previous returns the page that a render of key would replace, or nil.
func (s *Site) previous(key Key) (*entry, error) {
	e, st, err := s.lookup(s.ctx, key)
	if e == nil || st.deleted {
		return nil, err
	}
	return e, nil
}

// absence is the knowledge that there was no page of a key. A page that is rendered for
// the first time is looked for before, and need not be looked for again.
type absence struct {
	lock   *keyLock // of the key; nil: nothing is known
	stored uint64   // what it had counted before the page was looked for
}

// seek is lookup for who has the page rendered if there is none: none says so then.
func (s *Site) seek(ctx context.Context, key Key) (e *entry, st standing, none absence, err error) {
	lock := s.keys.of(key)
	stored := lock.stored.Load()
	e, st, err = s.lookup(ctx, key)
	if e == nil && err == nil {
		none = absence{lock, stored}
	}
	return e, st, none, err
}

// holds reports whether it is known that the store still has no page.
func (a absence) holds() bool { return a.lock != nil && a.lock.stored.Load() == a.stored }

// replaced is previous for a render that perhaps knows that the store has no page. One
// that the store did not take may be in memory all the same.
func (s *Site) replaced(key Key, known absence) (*entry, error) {
	if known.holds() && s.memory.peek(key) == nil {
		return nil, nil
	}
	return s.previous(key)
}
