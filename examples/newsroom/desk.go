package main

import (
	"context"
	"fmt"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/examples/newsroom/content"
)

// publish makes the pages that a change concerns new, and notes that it did. It
// returns when every visitor gets them; the receipt is nil when nobody can see
// the difference. An author may be on very many pages: these are printed behind, the
// most visited first, and the receipt counts them meanwhile.
//
// One call names the tags of the change and nothing else (see content.Change): they
// are on every page that shows the item. The page of a new item is on none of them,
// as there is none: it is printed at its first visit. If somebody came too early,
// there is a 404, and that carries the tag.
func (n *newsroom) publish(ctx context.Context, c *content.Change) (*reprint.Receipt, error) {
	if len(c.Tags) == 0 {
		return nil, nil
	}
	if c.Kind != content.KindAuthor {
		// What is saved now is what visitors are to see.
		if err := n.release(ctx, c.Path()); err != nil {
			return nil, fmt.Errorf("release the page of %s %d: %w", c.Kind, c.Item, err)
		}
	}
	receipt, err := n.site.Apply(ctx, reprint.Revalidation{Tags: c.Tags, Refill: c.Kind == content.KindAuthor, By: "editor"})
	if receipt == nil {
		// Not even the journal has it. The change stays on the list of what is
		// pending, and is taken up again by hand or at the next start.
		return nil, fmt.Errorf("reprint pages of %s %d: %w", c.Kind, c.Item, err)
	}
	// From here on it is in force, also where a page could not be rendered: the
	// site goes on trying, and the receipt says so.
	if err := n.db.Done(ctx, c.ID, receipt.ID); err != nil {
		return receipt, err
	}
	c.Done, c.Receipt = true, receipt.ID
	return receipt, nil
}

// catchUp brings stored pages up to date with what happened while the newsroom
// was closed, or as it was cut off.
func (n *newsroom) catchUp(ctx context.Context) error {
	pending, err := n.db.Pending(ctx)
	if err != nil {
		return err
	}
	for _, c := range pending {
		if _, err := n.publish(ctx, c); err != nil {
			return err
		}
	}
	return n.newLook(ctx)
}

// newLook makes every page stale when the templates are not those that the pages
// were printed with. Visitors get the old ones until the new ones are there.
func (n *newsroom) newLook(ctx context.Context) error {
	const note = "look of the stored pages"
	before, err := n.db.Note(ctx, note)
	if err != nil || before == n.looks.sum {
		return err
	}
	if _, err := n.site.Apply(ctx, reprint.Revalidation{All: true, Mode: reprint.Stale, By: "new templates"}); err != nil {
		return err
	}
	return n.db.SetNote(ctx, note, n.looks.sum)
}
