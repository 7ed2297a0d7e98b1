package reprint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// PageQuery says which pages [Site.Pages] lists.
type PageQuery struct {
	Prefix string // of the path, like "/posts/"; any text that begins with a slash; empty: all
	Tag    string // empty: all
	Host   string // one of [Options.Hosts]; empty: all
	State  State  // empty: all
	Limit  int    // zero: 100; at most 1,000
	Cursor string // Next of an earlier list; empty: from the first
}

// PageList is a part of the list of stored pages, in the order of their keys.
type PageList struct {
	Pages []PageInfo
	// Next is the cursor for the pages that follow; empty: there are no more. A
	// list may be shorter than its limit, or empty, and still have a Next: at most
	// 10,000 pages are looked at for each.
	Next string
}

// PageInfo is a stored page without its content.
type PageInfo struct {
	Page       *Page     // without Body
	Size       int64     // of the body
	State      State     // now
	FreshUntil time.Time // zero: until it is revalidated
}

// maxScan is how many pages a call of Pages looks at.
const maxScan = 10_000

// Pages lists stored pages. The error says what is wrong with q, or is the
// store's.
func (s *Site) Pages(ctx context.Context, q PageQuery) (PageList, error) {
	if err := s.validQuery(q); err != nil {
		return PageList{}, err
	}
	limit := cmp.Or(q.Limit, 100)
	var list PageList
	tag, from := s.listFrom(q)
	ask := ListQuery{Tag: tag, After: max(q.Cursor, from.before())}
	for scanned := 0; scanned < maxScan; {
		ask.Limit = min(max(limit, 100), maxScan-scanned)
		batch, err := s.store.List(ctx, ask)
		if err != nil {
			return PageList{}, fmt.Errorf("reprint: %w", err)
		}
		for _, l := range batch {
			ask.After = l.Page.Key.String()
			if !from.holds(ask.After) {
				return list, nil // pages with the prefix lie together, and they are behind us
			}
			if info, ok := s.pageInfo(l, q); ok {
				list.Pages = append(list.Pages, info)
			}
			if len(list.Pages) == limit {
				list.Next = ask.After
				return list, nil
			}
		}
		if len(batch) < ask.Limit {
			return list, nil
		}
		scanned += len(batch)
	}
	list.Next = ask.After
	return list, nil
}

func (s *Site) validQuery(q PageQuery) error {
	var errs []error
	if q.Prefix != "" && q.Prefix[0] != '/' {
		errs = append(errs, &BadPathError{Path: q.Prefix, Reason: `a prefix begins with "/"`})
	}
	if q.Tag != "" {
		errs = append(errs, ValidTag(q.Tag))
	}
	if q.Host != "" && !slices.Contains(s.opts.Hosts, q.Host) {
		errs = append(errs, fmt.Errorf("reprint: %w: %q", ErrUnknownHost, q.Host))
	}
	if q.Limit < 0 || q.Limit > 1000 {
		errs = append(errs, fmt.Errorf("reprint: limit %d is not between 1 and 1,000", q.Limit))
	}
	switch q.State {
	case "", StateFresh, StateStale, StateExpired, StateAbsent:
	default:
		errs = append(errs, fmt.Errorf("reprint: unknown state %q; there are fresh, stale, expired and absent", q.State))
	}
	return errors.Join(errs...)
}

// listFrom returns the tag that the store looks for and the beginning of the keys
// in question; the other conditions are checked page by page.
func (s *Site) listFrom(q PageQuery) (tag string, from keyRange) {
	tag = q.Tag
	switch {
	case q.Host != "":
		from = keyRange(q.Host + cmp.Or(q.Prefix, "/"))
	case len(s.opts.Hosts) == 0:
		from = keyRange(q.Prefix)
	case tag == "" && strings.LastIndexByte(q.Prefix, '/') > 0:
		tag = prefixTag("", q.Prefix[:strings.LastIndexByte(q.Prefix, '/')+1])
	}
	return tag, from
}

// keyRange is the keys that begin with a text. In the order of keys they are
// neighbours.
type keyRange string

func (r keyRange) holds(key string) bool { return strings.HasPrefix(key, string(r)) }

// before is a text that sorts before all keys of the range and after all that sort
// before them: no key holds its last byte.
func (r keyRange) before() string {
	if r == "" {
		return ""
	}
	last := len(r) - 1
	return string(r[:last]) + string(r[last]-1) + "\x7f"
}

// pageInfo is what a list tells of a page, if it is one that q asks for.
func (s *Site) pageInfo(l Listed, q PageQuery) (PageInfo, bool) {
	p := l.Page
	if !strings.HasPrefix(p.Key.Path, q.Prefix) || (q.Host != "" && p.Key.Host != q.Host) {
		return PageInfo{}, false
	}
	info := PageInfo{Page: p, Size: l.Size, State: StateAbsent}
	if rt := s.storingRoute(p.Key); rt != nil {
		checked := max(p.Stamp, p.Checked)
		if e := s.memory.peek(p.Key); e != nil && e.stamp == p.Stamp {
			checked = max(checked, e.isChecked())
		}
		life := lifeOf(p)
		st := s.ledger.standing(packTags(p.Tags), life.renderedAt, checked)
		info.State = stateOf(decide(time.Now(), &life, st, &rt.policy))
		info.FreshUntil = freshUntil(&life, &rt.policy)
	}
	return info, q.State == "" || q.State == info.State
}

// Status is how a site is doing.
type Status struct {
	Position       Position // of the journal
	Pages          int64    // stored; -1: the store does not count
	MemoryPages    int      // in memory
	MemoryBytes    int64
	MemoryLimit    int64
	RendersRunning int
	RendersWaiting int
	Renders        int // the limit
	Failing        int // pages whose last render failed
	Lost           int // handlers that did not stop at their deadline
}

// Status returns how the site is doing now.
func (s *Site) Status() Status {
	st := Status{
		Position:       s.ledger.pos(),
		Pages:          -1,
		MemoryPages:    s.memory.tier.Len(),
		MemoryBytes:    s.memory.tier.Weight(),
		MemoryLimit:    s.memory.tier.Limit(),
		RendersRunning: s.gate.Inside(),
		RendersWaiting: s.gate.Waiting(),
		Renders:        s.opts.Renders,
		Failing:        s.failed.Len(),
		Lost:           s.lost.count(),
	}
	if counts, ok := s.store.(interface{ Count() int64 }); ok {
		st.Pages = counts.Count()
	}
	return st
}
