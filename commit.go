package reprint

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reprint-go/reprint/internal/backoff"
)

// commit makes page the page of its key: store first, then memory. old is the
// page that was there when the store had changed so often for keys of its lock, nil if
// none. It cannot be cancelled by any visitor.
func (s *Site) commit(page *Page, old *entry, stored uint64) outcome {
	out := s.fence(page, old, stored)
	if out.storeErr != nil {
		s.unstored(page, out.storeErr)
		return out
	}
	s.unkept.Forget(page.Key)
	s.schedulePage(out.entry)
	return out
}

// date says when the page's content became what it is: the same content keeps its date,
// or each time would make a version of it, in place of others. It reports whether it is another
// one than that of the page before it, nil if there is none.
func (p *Page) date(old *entry) (changed bool) {
	switch {
	case old == nil:
		return true
	case sameContent(old, p):
		p.ModifiedAt = fromMicros(old.modified)
		return false
	}
	p.ModifiedAt = modifiedAfter(fromMicros(old.modified), p.ModifiedAt)
	return true
}

// changedSince reports whether the content of the page is another one than at a moment.
func (out outcome) changedSince(at time.Time) bool {
	if out.found {
		return modifiedSince(fromMicros(out.entry.modified), at)
	}
	return out.changed
}

// modifiedAfter returns when a content became what it is that took the place of one of
// before. Last-Modified counts in seconds, and two contents may not share one: of those
// that come in one second each has the next. Where they keep coming, they do not run
// ahead of the clock for long: further ones have a moment between, which is not told.
func modifiedAfter(before, at time.Time) time.Time {
	next := before.Truncate(time.Second).Add(time.Second)
	switch {
	case at.After(before):
		return at
	case next.After(time.Now().Add(maxAhead)):
		return before.Add(time.Microsecond)
	}
	return next
}

// maxAhead is how far a content may be dated ahead of the clock.
const maxAhead = 10 * time.Second

// dated reports whether an answer of a second says when the content was modified: a
// second that is over, since another content may still come in its own.
func (e *entry) dated(sec int64) bool { return e.modified%1e6 == 0 && e.modified < sec*1e6 }

// modifiedSince reports whether content that was modified in one second is newer than a
// moment. That of the same second is taken to be.
func modifiedSince(modified, at time.Time) bool { return !modified.Before(at.Truncate(time.Second)) }

// sameContent reports whether two pages are the same to a visitor: what they see,
// what it is and where it leads. Other headers may well say when it was printed.
func sameContent(old *entry, page *Page) bool {
	return old.status() == page.Status && old.sum == page.Sum &&
		old.lines().value("Content-Type") == page.Header.Get("Content-Type") && old.lines().value("Location") == page.Header.Get("Location")
}

// uncommitted is commit while the store cannot be read: what page would replace
// is not known, so it replaces nothing. Those who wait get it.
func (s *Site) uncommitted(page *Page, err error) outcome {
	err = fmt.Errorf("the page before it cannot be read: %w", err)
	s.unstored(page, err)
	return outcome{entry: s.unkeptEntry(page), changed: true, storeErr: err}
}

// unkeptEntry is the entry of a page that is not in the store. It is served from
// memory as long as it stays there. Calls that name its tags will not find it in
// the store: they count on the mark.
func (s *Site) unkeptEntry(page *Page) *entry {
	made := newEntry(page)
	made.life.overtaken = true
	e, _ := s.memory.put(made)
	return e
}

// fence stores page unless a newer render was faster; the outcome has the entry to
// serve. See commit.
//
// An entry of the journal that came into force while page was rendered makes it
// stale on arrival. If the page that it replaces carried the tags in question,
// the call that made the entry has found that page and renders this key again.
// If not, nobody does, and a visitor who comes after the call must not see this
// page: it is marked as overtaken. That holds because no entry comes into force
// between the check and the end of Put.
//
// One render of a key is fenced at a time. Two of them interleaved could store the
// older one after the newer one was stored and, for want of room, dropped again.
func (s *Site) fence(page *Page, old *entry, stored uint64) (out outcome) {
	key := s.keys.of(page.Key)
	key.Lock()
	defer key.Unlock()
	s.commits.RLock()
	defer s.commits.RUnlock()
	if key.stored.Load() != stored { // perhaps by another render of the page
		var err error
		if old, err = s.previous(page.Key); err != nil {
			return outcome{entry: s.unkeptEntry(page), changed: true, storeErr: err}
		}
	}
	out.changed = page.date(old)
	if s.expected.overtook(page) {
		out.entry = s.inPlaceOf(page)
		return out
	}
	position := s.ledger.pos()
	st := s.ledger.standing(packTags(page.Tags), page.RenderedAt.UnixMicro(), page.Stamp)
	if last, known := s.private.Last(page.Key); known && last.Value > page.Stamp {
		// A newer render has said that the page is not for everybody.
		out.entry = newEntry(page)
		return out
	}
	switch {
	case st.deleted:
		// It is gone already, also as a last good page: who waited since before may
		// have it, and nobody else.
		out.entry = newEntry(page)
		return out
	case st.current:
		page.Checked = position
	default:
		there, err := s.previous(page.Key) // old may have been dropped since, by any page's coming
		if err != nil {
			out.entry, out.storeErr = s.unkeptEntry(page), err
			return out
		}
		page.Checked = page.Stamp
		var carried tagList
		if there != nil {
			carried = there.tags()
		}
		page.Overtaken = s.ledger.overtakes(page.Stamp, page.Tags, carried)
	}
	out.entry, out.stored, out.storeErr = s.keep(page)
	return out
}

// keep puts page into the store and then into memory, unless a page with a higher
// stamp is there, and returns the entry to serve.
func (s *Site) keep(page *Page) (e *entry, stored bool, err error) {
	// A store that hangs holds up every revalidation: it is given up at some time.
	ctx, cancel := context.WithTimeout(s.ctx, s.opts.RenderTimeout)
	defer cancel()
	stored, err = s.store.Put(ctx, page)
	s.keys.of(page.Key).stored.Add(1)
	if err != nil {
		return s.unkeptEntry(page), false, err
	}
	if !stored {
		return s.inPlaceOf(page), false, nil // a render with a higher stamp was faster
	}
	if s.opts.Store == nil { // memory is the store, and it may have gone again
		if e = s.memory.peek(page.Key); e != nil {
			return e, true, nil
		}
	}
	e, _ = s.memory.put(newEntry(page))
	return e, true, nil
}

// inPlaceOf returns the stored page that answers for one that was not stored, which is
// the last resort.
func (s *Site) inPlaceOf(page *Page) *entry {
	if newer, st, _ := s.lookup(s.ctx, page.Key); newer != nil && !st.deleted {
		return newer
	}
	return newEntry(page)
}

// keyLocks are locks for keys; a few keys may share one.
type keyLocks [4096]keyLock

type keyLock struct {
	sync.Mutex
	stored atomic.Uint64 // rises when the store has changed for a key of it
}

func (l *keyLocks) of(k Key) *keyLock {
	return &l[maphash.Comparable(keyLockSeed, k)%uint64(len(l))]
}

var keyLockSeed = maphash.MakeSeed()

// unstored says that the store took no page, not once per page, and sees to it
// that it is tried again.
func (s *Site) unstored(page *Page, err error) {
	if s.ctx.Err() != nil {
		return
	}
	s.due.SetEarlier(page.Key, s.unkept.Fail(page.Key, time.Now(), struct{}{}).Until)
	if s.complain.due(time.Now()) {
		msg := "page is served and not stored"
		if errors.Is(err, ErrFull) {
			msg += ": make room on the disk or raise the store's limit"
		}
		s.log.Error(msg, "page", page.Key, "err", err)
	}
}

// fail notes that a render failed and sees to it that it is tried again.
func (s *Site) fail(key Key, failure *RenderError, old *entry) {
	if s.ctx.Err() != nil {
		return // it was cut by Shutdown
	}
	kept := *failure
	if kept.answer != nil && len(kept.answer.body) > maxKeptAnswer {
		kept.answer = nil
	}
	record := s.failed.Fail(key, time.Now(), &kept)
	if old != nil {
		s.due.Set(key, record.Until)
	}
	log := s.log.With("page", key, "err", failure.Err, "failures", record.Failures,
		"lastGoodPage", old != nil, "retryAfter", record.Until)
	if len(failure.Stack) > 0 {
		log = log.With("stack", string(failure.Stack))
	}
	log.Warn("render failed")
}

// resting returns the failure after which key is not to be tried again yet. A
// revalidation of one of tags since the render that failed began ends the rest:
// it may have been made because what was wrong is right now.
func (s *Site) resting(key Key, tags []string, now time.Time) (backoff.Record[*RenderError], bool) {
	failure, resting := s.failed.Resting(key, now)
	return failure, resting && s.ledger.need(tags) <= failure.Value.stamp
}

// maxKeptAnswer is the largest error page that is shown again while a key rests.
const maxKeptAnswer = 4 << 10
