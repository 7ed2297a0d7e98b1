package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
)

// targetFlags name pages, beside the paths that are arguments.
type targetFlags struct {
	tags, prefixes, patterns []string
	all                      bool
	host                     string
}

func (t *targetFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVar(&t.tags, "tag", nil, "the pages that carry this `TAG`; may be given again")
	f.StringArrayVar(&t.prefixes, "prefix", nil, "the pages below this `PREFIX`, like /posts/; may be given again")
	f.StringArrayVar(&t.patterns, "pattern", nil, "the pages of the route with this `PATTERN`, like /posts/{id}; may be given again")
	f.BoolVar(&t.all, "all", false, "all pages")
	f.StringVar(&t.host, "host", "", "only pages of this `HOST`")
	for _, name := range []string{"tag", "prefix", "pattern", "host"} {
		complete(c, name)
	}
}

func (t *targetFlags) none() bool { return len(t.tags)+len(t.prefixes)+len(t.patterns) == 0 && !t.all }

// check finds what is wrong before anybody is asked.
func (t *targetFlags) check(c *cobra.Command, paths []string, deed string) error {
	if len(paths) == 0 && t.none() {
		return misuse(c, "nothing is named that should be "+deed, "Name a PATH, a --tag, a --prefix, a --pattern, or --all.")
	}
	if err := checkPaths(c, paths); err != nil {
		return err
	}
	return checkPrefixes(c, t.prefixes)
}

func restoreCommand(g *global) *cobra.Command {
	var t targetFlags
	var r admin.RestoreRequest
	var asOf, until string
	c := &cobra.Command{
		Use:   "restore [PATH...]",
		Short: "Put earlier versions of pages back",
		Long: `Puts back what pages were at a moment, or one version of a page. It returns when
every visitor gets it, and says what became of each page. The pages are then
held: whatever is revalidated, but for --mode delete, they stay what they are,
until "reprint release" or until the moment that --until names.

A TIME is a moment like 2026-11-29T14:05:00Z, or a time of today on this
machine's clock, like 14:05.`,
		Example: `  # The post as it was at five past two
  reprint restore /posts/42 --as-of 14:05

  # What would the whole site be?
  reprint restore --all --as-of 2026-11-29T14:05:00Z --dry-run

  # One version, and not longer than until tomorrow morning
  reprint history /posts/42
  reprint restore --version 12 --until 2026-11-30T06:00:00Z`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkRestore(c, args, &t, r.Version, asOf); err != nil {
				return err
			}
			if until != "" && r.Unheld {
				return misuse(c, "--until and --unheld are given, and what is not held has no end", "Leave out one of them.")
			}
			var err error
			if r.AsOf, err = g.moment(c, "as-of", asOf); err != nil {
				return err
			}
			if r.Until, err = g.moment(c, "until", until); err != nil {
				return err
			}
			r.Paths, r.Tags, r.Prefixes, r.Patterns, r.All, r.Host = args, t.tags, t.prefixes, t.patterns, t.all, t.host
			return g.restore(c.Context(), r)
		},
	}
	t.add(c)
	f := c.Flags()
	f.Int64Var(&r.Version, "version", 0, "the version with this `ID`, in place of pages and a time")
	f.StringVar(&asOf, "as-of", "", "what the pages were at this `TIME`")
	f.StringVar(&until, "until", "", "hold them until this `TIME` (default: until they are released)")
	f.BoolVar(&r.Unheld, "unheld", false, "do not hold them: the next render takes their place")
	f.BoolVar(&r.DryRun, "dry-run", false, "change nothing, and say which pages are meant")
	f.BoolVar(&r.Confirm, "confirm", false, "do it although it means more than the server's brake lets through")
	g.clientFlags(c)
	for _, name := range []string{"version", "as-of", "until"} {
		complete(c, name)
	}
	return c
}

// checkRestore finds out whether it is said which content is meant, and of which pages.
func checkRestore(c *cobra.Command, paths []string, t *targetFlags, version int64, asOf string) error {
	switch byVersion := c.Flags().Changed("version"); {
	case byVersion && version < 1:
		return misuse(c, fmt.Sprintf("--version is %d, and no version has that ID", version), "To see them: reprint history PATH")
	case byVersion && (asOf != "" || len(paths) > 0 || !t.none() || t.host != ""):
		return misuse(c, "a version is named, and something else: a version says of itself which page and content it is", "Give --version alone, or pages and --as-of.")
	case byVersion:
		return nil
	case asOf == "":
		return misuse(c, "nothing says which content is meant", "Give --as-of TIME, or --version ID alone.")
	}
	return t.check(c, paths, "restored")
}

// moment reads a TIME of a flag; nil: none is given.
func (g *global) moment(c *cobra.Command, flag, value string) (*time.Time, error) {
	if value == "" {
		return nil, nil
	}
	if t, err := time.Parse(time.RFC3339, value); err == nil {
		return &t, nil
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if clock, err := time.Parse(layout, value); err == nil {
			now := g.now().Local()
			t := time.Date(now.Year(), now.Month(), now.Day(), clock.Hour(), clock.Minute(), clock.Second(), 0, time.Local)
			return &t, nil
		}
	}
	return nil, misuse(c, fmt.Sprintf("--%s is %q, and that is no time", flag, value), "Write it like 2026-11-29T14:05:00Z, or like 14:05 for today.")
}

func (g *global) restore(ctx context.Context, r admin.RestoreRequest) error {
	s, err := g.connect()
	if err != nil {
		return err
	}
	receipt, err := s.Restore(ctx, r)
	held := "until they are released"
	switch {
	case r.Unheld:
		held = "until they are rendered again"
	case r.Until != nil:
		held = "until " + g.screen(g.out).at(*r.Until)
	}
	return g.restored(s, receipt, held, r.DryRun, err)
}

// restored says what a restoration did; held: for how long.
func (g *global) restored(s *remote, receipt *reprint.Receipt, held string, dryRun bool, err error) error {
	if receipt == nil {
		if errors.Is(err, context.Canceled) {
			return &interruptedError{"Some pages may be restored already. To know, ask: reprint explain PATH"}
		}
		return s.failed(err)
	}
	if g.json {
		if err := g.writeJSON(receipt); err != nil {
			return err
		}
	} else {
		g.showReceiptAs(receipt, restoreSummary(receipt, held, dryRun))
	}
	if receipt.Failed > 0 {
		return fail(ofPages(receipt.Failed, receipt.Matched)+" could not be restored", "What visitors get of it has not changed.", err)
	}
	return s.failed(err)
}

// restoreSummary is the line of counts of a restoration.
func restoreSummary(r *reprint.Receipt, held string, dryRun bool) string {
	pages := counted(int64(r.Matched), "page")
	switch {
	case r.Matched == 0:
		return "no page is stored that this names; nothing had to be done"
	case dryRun:
		return fmt.Sprintf("%s: %d would be restored, %d unchanged, %d skipped; nothing was changed", pages, r.Matched-r.Unchanged-r.Skipped, r.Unchanged, r.Skipped)
	}
	line := fmt.Sprintf("%s: %d restored, %d unchanged, %d failed, %d skipped", pages, r.Regenerated, r.Unchanged, r.Failed, r.Skipped)
	if r.Regenerated > 0 {
		line += "; visitors get what was restored " + held
	}
	return line
}

func releaseCommand(g *global) *cobra.Command {
	var t targetFlags
	var r admin.ReleaseRequest
	c := &cobra.Command{
		Use:   "release [PATH...]",
		Short: "End the holding of pages that were restored, and render them again",
		Long: `Ends the holding of pages that "reprint restore" has put back, and renders them
again. It returns when every visitor gets the new ones. Pages that are not held
are left alone.`,
		Example: `  reprint release /posts/42
  reprint release --all --dry-run`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			if err := t.check(c, args, "released"); err != nil {
				return err
			}
			r.Paths, r.Tags, r.Prefixes, r.Patterns, r.All, r.Host = args, t.tags, t.prefixes, t.patterns, t.all, t.host
			s, err := g.connect()
			if err != nil {
				return err
			}
			receipt, err := s.Release(c.Context(), r)
			return g.released(s, receipt, r.DryRun, err)
		},
	}
	t.add(c)
	c.Flags().BoolVar(&r.DryRun, "dry-run", false, "change nothing, and say which pages are held")
	c.Flags().BoolVar(&r.Confirm, "confirm", false, "do it although it means more than the server's brake lets through")
	g.clientFlags(c)
	return c
}

func (g *global) released(s *remote, receipt *reprint.Receipt, dryRun bool, err error) error {
	if receipt == nil {
		if errors.Is(err, context.Canceled) {
			return &interruptedError{"Some pages may be released already. To know, ask: reprint explain PATH"}
		}
		return s.failed(err)
	}
	line := summary(receipt, dryRun)
	switch {
	case receipt.Matched == 0:
		line = "none of the pages is held; nothing had to be done"
	case dryRun:
		line = counted(int64(receipt.Matched), "page") + " would be released; nothing was changed"
	}
	if g.json {
		if err := g.writeJSON(receipt); err != nil {
			return err
		}
	} else {
		g.showReceiptAs(receipt, line)
	}
	if receipt.Failed > 0 {
		return fail(ofPages(receipt.Failed, receipt.Matched)+" could not be rendered", lastGoodStays(receipt), err)
	}
	return s.failed(err)
}
