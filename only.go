package reprint

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"time"
)

// Only narrows a [Revalidation] to those of the pages that it names that are stored and
// in a state when it is called. Each of its fields narrows further. The zero Only is no
// limit.
//
// The variants of a page go with it.
type Only struct {
	// States are the states of the pages that are meant: any of fresh, stale and
	// expired. Empty: all.
	States []State
	// Statuses are their HTTP status codes. Empty: all.
	Statuses []int
	// OlderThan is how long ago the render of a page must have begun, at least. Zero:
	// a moment ago will do.
	OlderThan time.Duration
}

// IsZero reports whether o is no limit.
func (o Only) IsZero() bool {
	return len(o.States) == 0 && len(o.Statuses) == 0 && o.OlderThan == 0
}

// Validate returns nil when o can be used in a [Revalidation], and an error that says
// all that is wrong otherwise.
func (o Only) Validate() error {
	var errs []error
	for _, state := range o.States {
		switch state {
		case StateFresh, StateStale, StateExpired:
		default:
			errs = append(errs, fmt.Errorf("reprint: only: unknown state %q; there are fresh, stale and expired", state))
		}
	}
	for _, status := range o.Statuses {
		if status < http.StatusOK || status > 599 {
			errs = append(errs, fmt.Errorf("reprint: only: %d is no status that a page can have", status))
		}
	}
	if o.OlderThan < 0 {
		errs = append(errs, fmt.Errorf("reprint: only: older than %v is in the future", o.OlderThan))
	}
	return errors.Join(errs...)
}

// allows reports whether a page is in the state that is asked for.
func (o Only) allows(p PageInfo, now time.Time) bool {
	return (len(o.States) == 0 || slices.Contains(o.States, p.State)) &&
		(len(o.Statuses) == 0 || slices.Contains(o.Statuses, p.Page.Status)) &&
		(o.OlderThan == 0 || !p.Page.RenderedAt.After(now.Add(-o.OlderThan)))
}

// narrow returns the pages that a revalidation means when it is narrowed by its Only.
// The journal gets each page's own tag, for their state is nothing that it could name.
func (s *Site) narrow(ctx context.Context, r Revalidation, a aims) (aims, error) {
	narrowed := aims{only: true}
	now := time.Now()
	seen := make(map[Key]bool)
	for _, tag := range a.tags {
		for p, err := range s.pagesTagged(ctx, tag) {
			switch {
			case err != nil:
				return aims{}, err
			case seen[p.Page.Key] || !r.Only.allows(p, now):
				continue
			}
			seen[p.Page.Key] = true
			narrowed.add(p.Page)
		}
	}
	narrowed.sort()
	return narrowed, nil
}

// ownTagOf returns the tag by which an entry names a page and its variants. One that
// was stored when pages did not say that they have no query is named with others of its
// path.
func ownTagOf(p *Page) string {
	if p.Key.Query == "" && !slices.Contains(p.Tags, bareTag) {
		return pathTag(p.Key.Host, p.Key.Path)
	}
	return ownTag(p.Key)
}

// pagesTagged yields the stored pages that a tag of the journal names.
func (s *Site) pagesTagged(ctx context.Context, tag string) iter.Seq2[PageInfo, error] {
	return func(yield func(PageInfo, error) bool) {
		for l, err := range s.listTagged(ctx, tag) {
			if err != nil {
				yield(PageInfo{}, err)
				return
			}
			if info, _ := s.pageInfo(l, PageQuery{}); !yield(info, nil) {
				return
			}
		}
	}
}

// listTagged is pagesTagged for the pages as the store lists them.
func (s *Site) listTagged(ctx context.Context, tag string) iter.Seq2[Listed, error] {
	members := compoundOf(tag)
	if len(members) == 0 {
		members = []string{tag}
	}
	return func(yield func(Listed, error) bool) {
		ask := ListQuery{Tag: members[0], Limit: 1000}
		for {
			batch, err := s.store.List(ctx, ask)
			if err != nil {
				yield(Listed{}, err)
				return
			}
			for _, l := range batch {
				if !packTags(l.Page.Tags).containsAll(members[1:]) {
					continue
				}
				if !yield(l, nil) {
					return
				}
			}
			if len(batch) < ask.Limit {
				return
			}
			ask.After = batch[len(batch)-1].Page.Key.String()
		}
	}
}
