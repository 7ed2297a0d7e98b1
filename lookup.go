package reprint

import (
	"context"
	"errors"
)

// standing is what the journal says of an entry's page. While nothing was
// appended since it was last asked, it compares two integers.
func (s *Site) standing(e *entry) standing {
	position := s.ledger.pos()
	checked := Position(e.checked.Load())
	if checked >= position {
		return standing{current: true}
	}
	st := s.ledger.standing(e.page, checked)
	if st.current {
		// The table held at least the entries up to position when it was read.
		e.raise(position)
	}
	return st
}

// lookup returns the page of key with its standing: from memory, then from the
// store. The entry is nil when there is none.
func (s *Site) lookup(ctx context.Context, key Key) (*entry, standing) {
	if e := s.memory.get(key); e != nil {
		return e, s.standing(e)
	}
	e, st := s.shared(key)
	if e == nil || st.current {
		return e, st
	}
	// Who reads together with others may get what was stored before it came. For
	// a page that is current that makes no difference. One that is not may have
	// been replaced since by the very revalidation that this visitor comes after:
	// look again, alone.
	return s.load(ctx, key)
}

// shared is load, once for all who ask for key at the same time.
func (s *Site) shared(key Key) (*entry, standing) {
	v, _, _ := s.loads.Do(key.String(), func() (any, error) {
		e, _ := s.load(s.ctx, key)
		return e, nil
	})
	e := v.(*entry)
	if e == nil {
		return nil, standing{}
	}
	return e, s.standing(e)
}

// load reads key from the store and keeps what it finds in memory, if that is
// current. A page that is not could come after a newer one has been stored,
// served and dropped from memory again, and would then be served as stale in
// place of the newer one.
func (s *Site) load(ctx context.Context, key Key) (*entry, standing) {
	page, err := s.store.Page(ctx, key)
	if err != nil && ctx.Err() == nil {
		level := s.log.Error
		if errors.Is(err, ErrDamaged) {
			level = s.log.Warn
		}
		level("page cannot be read from the store; it will be rendered again", "page", key, "err", err)
	}
	if page == nil || err != nil {
		return nil, standing{}
	}
	e := newEntry(page)
	current := func() bool { return s.standing(e).current }
	if kept, _ := s.memory.put(page, current); kept != nil {
		e = kept
	}
	return e, s.standing(e)
}

// previous returns the page that a render of key would replace, or nil.
func (s *Site) previous(key Key) *Page {
	e, st := s.lookup(s.ctx, key)
	if e == nil || st.deleted {
		return nil
	}
	return e.page
}
