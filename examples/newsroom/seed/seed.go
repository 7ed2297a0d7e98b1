// Package seed writes the newsroom’s first content: a local paper with its shop
// and its programme, the same at every start but for the dates, which are laid
// out around the moment of seeding.
package seed

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/reprint-go/reprint/examples/newsroom/content"
)

// Fill puts the first content into an empty database, in one transaction, and
// leaves any other database as it is.
func Fill(ctx context.Context, db *content.DB, now time.Time) error {
	empty, err := db.Empty(ctx)
	if err != nil || !empty {
		return err
	}
	rng := rand.New(rand.NewPCG(1893, 42)) // #nosec G404 -- the same content every time is the point
	articles, err := posts(rng, now)
	if err != nil {
		return err
	}
	if err := db.Import(ctx, authors, articles, products(rng), events(rng, now)); err != nil {
		return fmt.Errorf("seed content: %w", err)
	}
	return nil
}
