package reprint

import (
	"context"
	"slices"
	"strings"
)

// maxLookBack is how many entries of the journal are read to find the call that a page
// was rendered for.
const maxLookBack = 10_000

// explainCall finds out which call a page was rendered for, and who made it.
func (s *Site) explainCall(ctx context.Context, x *Explanation) error {
	id, direct := strings.CutPrefix(x.Page.Cause, "revalidate ")
	if !direct {
		entry, err := s.lastCall(ctx, x.Page.Tags, x.Page.Stamp)
		if err != nil || entry.ID == "" { // it is not kept
			return err
		}
		x.Call, id = &entry, entry.ID
	}
	receipt, err := s.Receipt(ctx, id)
	if err != nil || receipt == nil {
		return ctx.Err() // the journal can be read, but for the receipt
	}
	if x.From = receipt.From; !direct {
		return nil
	}
	x.By = receipt.By
	entry, err := s.entryAt(ctx, receipt.Position)
	if err == nil && entry.ID == id {
		x.Call = &entry
	}
	return err
}

// lastCall returns the last entry up to a stamp that names one of tags; with only its
// position, or without, when there is none that is kept.
func (s *Site) lastCall(ctx context.Context, tags []string, stamp Position) (Entry, error) {
	last, hidden := s.ledger.upTo(tags, stamp)
	if !hidden {
		if last == 0 {
			return Entry{}, nil
		}
		return s.entryAt(ctx, last)
	}
	// The ledger knows of the later entries only; the journal has all of them.
	from := max(last, 1) - 1
	if stamp > maxLookBack {
		from = max(from, stamp-maxLookBack)
	}
	var found Entry
	carried := packTags(tags)
	for e, err := range s.journal.Entries(ctx, from) {
		if err != nil || e.Position > stamp {
			break
		}
		if slices.ContainsFunc(e.Tags, carried.namedBy) {
			found = e
		}
	}
	return found, ctx.Err()
}

// Caused reports whether it is certain that the page was rendered because of Call, and
// not because its time had run out or it was not there. Call must not be nil.
func (x Explanation) Caused() bool {
	switch kind, _, _ := strings.Cut(x.Page.Cause, " "); kind {
	case "revalidate":
		return true
	case "stale", "retry":
	case "visit": // of a page whose visitors wait
		if x.Call.Mode != Expire && x.Call.Mode != Delete {
			return false
		}
	default:
		return false
	}
	// A page whose time had run out was rendered before for as long as it is fresh. If the
	// call is not as long ago, that render cannot have known of it.
	rendered := x.Page.RenderedAt
	return x.FreshUntil.IsZero() || rendered.Sub(x.Call.Time) < x.FreshUntil.Sub(rendered)
}
