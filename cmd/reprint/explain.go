package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprint-go/reprint/admin"
)

func explainCommand(g *global) *cobra.Command {
	c := &cobra.Command{
		Use:   "explain PATH",
		Short: "Say why a page is what it is",
		Long: `Answers "why is this page old?" in words: its state, when it was rendered, by
what and how long that took, what made it stale and who asked, whether renders
have failed, and what happens next. A path has a page for each host, query and
variant that is stored; all are explained.`,
		Example: `  reprint explain /posts/42
  reprint explain /posts/42 --json | jq -r '.[].words[]'`,
		Args:              oneArg("the PATH of a page", "reprint explain /posts/42"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkPaths(c, args); err != nil {
				return err
			}
			s, err := g.connect()
			if err != nil {
				return err
			}
			all, err := s.Explain(c.Context(), args[0])
			if err != nil {
				return s.failed(err)
			}
			if g.json {
				return g.writeJSON(all)
			}
			screen := g.screen(g.out)
			for i, x := range all {
				if i > 0 {
					fmt.Fprintln(screen)
				}
				screen.explain(x)
			}
			return nil
		},
	}
	g.clientFlags(c)
	return c
}

func (s screen) explain(x admin.Explanation) {
	fmt.Fprintf(s, "%s  %s\n", s.paint(bold, clean(x.Path)), s.paint(stateStyle(x.State), clean(x.State)))
	if len(x.Words) > 0 {
		fmt.Fprintln(s)
	}
	for _, sentence := range x.Words {
		fmt.Fprintln(s, "  "+clean(sentence))
	}
	f := facts{screen: s, indent: "  "}
	s.pageFacts(&f, x.Page)
	if len(f.rows) > 0 {
		fmt.Fprintln(s)
	}
	f.flush()
}

func (s screen) pageFacts(f *facts, p *admin.Page) {
	if p == nil {
		return
	}
	f.add("route", p.Route)
	f.add("status", number(p.Status))
	f.add("size", s.size(p.Size))
	f.add("etag", p.ETag)
	f.add("tags", strings.Join(p.Tags, ", "))
	f.add("stamp", fmt.Sprint(p.Stamp))
	f.add("cause", p.Cause)
	f.add("rendered", s.at(p.RenderedAt)+", in "+took(fromMs(p.RenderMs)))
	f.add("changed", s.at(p.ModifiedAt))
	if p.FreshUntil != nil {
		f.add("fresh until", s.at(*p.FreshUntil))
	} else {
		f.add("fresh until", "it is revalidated")
	}
	switch {
	case p.HeldUntil == nil:
	case p.HeldUntil.Year() >= 9999:
		f.add("held until", "it is released")
	default:
		f.add("held until", s.at(*p.HeldUntil))
	}
}
