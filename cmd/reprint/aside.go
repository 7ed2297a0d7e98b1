package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/reprint-go/reprint/admin"
)

func asideCommand(g *global) *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use:   "aside",
		Short: "List new pages that were refused, and accept or drop them",
		Long: `Lists the new pages that the proof of their route refused and that are kept
aside, the oldest first, with the reason. Visitors get the last good page
meanwhile. One is kept until it is accepted or dropped, or until a render is not
refused.`,
		Example: `  reprint aside
  reprint history diff 12
  reprint aside accept 12`,
		Annotations: alone,
		RunE: func(c *cobra.Command, _ []string) error {
			if limit < 1 {
				return misuse(c, fmt.Sprintf("--limit is %d, and must be at least 1", limit), "")
			}
			s, err := g.connect()
			if err != nil {
				return err
			}
			list, err := s.allAside(c.Context(), limit)
			if err != nil {
				return s.failed(err)
			}
			if g.json {
				return g.writeJSON(list)
			}
			if len(list.Versions) == 0 {
				fmt.Fprintln(g.err, "nothing is kept aside")
				return nil
			}
			g.versionsTable(list.Versions)
			if list.Next != "" {
				fmt.Fprintf(g.err, "these are the first %d; for more use --limit N\n", len(list.Versions))
			}
			return nil
		},
	}
	c.SuggestionsMinimumDistance = 2
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return misuse(c, fmt.Sprintf("there is no command %q", "aside "+args[0]), didYouMean(c.SuggestionsFor(args[0])))
		}
		return nil
	}
	c.Flags().IntVar(&limit, "limit", 100, "at most `N` pages")
	complete(c, "limit")
	g.clientFlags(c)
	c.AddCommand(asideAcceptCommand(g), asideDropCommand(g))
	return c
}

// allAside asks for one list after the other, until limit versions have come.
func (s *remote) allAside(ctx context.Context, limit int) (*admin.VersionList, error) {
	all := &admin.VersionList{Versions: []admin.Version{}}
	for {
		list, err := s.Aside(ctx, min(limit-len(all.Versions), mostPages), all.Next)
		if err != nil {
			return nil, err
		}
		all.Versions, all.Next = append(all.Versions, list.Versions...), list.Next
		if all.Next == "" || len(all.Versions) >= limit {
			return all, nil
		}
	}
}

func asideAcceptCommand(g *global) *cobra.Command {
	c := &cobra.Command{
		Use:   "accept ID",
		Short: "Put a page that was refused in the place of the one that there is",
		Long: `Puts a new page that was refused in the place of the one that visitors get. Its
next render is looked at by the proof again: where that is what is wrong, change
it in the configuration.`,
		Example:           `  reprint aside accept 12`,
		Args:              idArgs(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := g.connect()
			if err != nil {
				return err
			}
			receipt, err := s.AcceptAside(c.Context(), idOf(args[0]))
			return g.restored(s, receipt, "until it is rendered again", false, err)
		},
	}
	g.clientFlags(c)
	return c
}

func asideDropCommand(g *global) *cobra.Command {
	c := &cobra.Command{
		Use:               "drop ID",
		Short:             "Forget a page that was refused",
		Example:           `  reprint aside drop 12`,
		Args:              idArgs(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := g.connect()
			if err != nil {
				return err
			}
			v, err := s.DropAside(c.Context(), idOf(args[0]))
			if err != nil {
				return s.failed(err)
			}
			return g.dropped(v)
		},
	}
	g.clientFlags(c)
	return c
}
