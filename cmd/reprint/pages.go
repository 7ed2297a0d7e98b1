package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprint-go/reprint/admin"
)

// states are the states of a stored page, as completion shows them.
var states = []cobra.Completion{
	cobra.CompletionWithDesc("fresh", "current, and its time has not run out"),
	cobra.CompletionWithDesc("stale", "may be served while it is rendered again"),
	cobra.CompletionWithDesc("expired", "is served only if it cannot be rendered again"),
	cobra.CompletionWithDesc("absent", "was deleted, and may not be served"),
}

// The API lists this many pages at most in one answer.
const mostPages = 1000

func pagesCommand(g *global) *cobra.Command {
	var q admin.PagesQuery
	var limit int
	var all bool
	c := &cobra.Command{
		Use:   "pages",
		Short: "List the stored pages",
		Long: `Lists the stored pages in the order of their paths: state, status, size in
bytes, when each was rendered and in how many milliseconds, until when it is
fresh, and its tags.`,
		Example: `  reprint pages --prefix /posts/
  reprint pages --tag post:42
  reprint pages --state stale --all

  # The ten pages that take longest to render
  reprint pages --all --json | jq -r '.pages | sort_by(-.renderMs)[:10][].path'`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if all && c.Flags().Changed("limit") {
				return misuse(c, "--all and --limit are given, and only one of them can be meant", "")
			}
			if limit < 1 {
				return misuse(c, fmt.Sprintf("--limit is %d, and must be at least 1", limit), "Use --all for every page.")
			}
			if q.State != "" {
				if err := checkChoice(c, "state", q.State, states); err != nil {
					return err
				}
			}
			if all {
				limit = 0
			}
			s, err := g.connect()
			if err != nil {
				return err
			}
			if g.json {
				return g.pagesJSON(c.Context(), s, q, limit)
			}
			return g.pagesTable(c.Context(), s, q, limit)
		},
	}
	f := c.Flags()
	f.StringVar(&q.Prefix, "prefix", "", "pages whose path begins with `PREFIX`")
	f.StringVar(&q.Tag, "tag", "", "pages that carry `TAG`")
	f.StringVar(&q.State, "state", "", "pages in this `STATE`: fresh, stale, expired or absent")
	f.StringVar(&q.Host, "host", "", "pages of this `HOST`")
	f.IntVar(&limit, "limit", 100, "at most `N` pages")
	f.BoolVar(&all, "all", false, "every page, however many there are")
	g.clientFlags(c)
	complete(c, "state", states...)
	for _, name := range []string{"prefix", "tag", "host", "limit"} {
		complete(c, name)
	}
	return c
}

// lists asks for one list of pages after the other, until limit pages have come;
// 0: until there are no more. Next of the last one is where it ended.
func (s *remote) lists(ctx context.Context, q admin.PagesQuery, limit int) iter.Seq2[*admin.PageList, error] {
	return func(yield func(*admin.PageList, error) bool) {
		for left := limit; ; {
			q.Limit = mostPages
			if limit > 0 {
				q.Limit = min(left, mostPages)
			}
			list, err := s.Pages(ctx, q)
			if err != nil {
				yield(nil, s.failed(err))
				return
			}
			left -= len(list.Pages)
			if !yield(list, nil) || list.Next == "" || limit > 0 && left <= 0 {
				return
			}
			q.Cursor = list.Next
		}
	}
}

func (g *global) pagesTable(ctx context.Context, s *remote, q admin.PagesQuery, limit int) error {
	screen := g.screen(g.out)
	t := newTable(screen, column{title: "PATH", cut: true}, column{title: "STATE"}, column{title: "STATUS", right: true},
		column{title: "SIZE", right: true}, column{title: "RENDERED"}, column{title: "MS", right: true},
		column{title: "FRESH UNTIL"}, column{title: "TAGS", free: true})
	shown, next := 0, ""
	for list, err := range s.lists(ctx, q, limit) {
		if err != nil {
			return err
		}
		shown, next = shown+len(list.Pages), list.Next
		for _, p := range list.Pages {
			t.add(cell{text: p.Path}, cell{p.State, stateStyle(p.State)}, cell{text: number(p.Status)},
				cell{text: screen.size(p.Size)}, cell{text: screen.when(p.RenderedAt)}, cell{text: ms(p.RenderMs)},
				cell{text: freshUntil(screen, p.FreshUntil)}, cell{text: strings.Join(p.Tags, ",")})
		}
		if len(list.Pages) > 0 {
			t.flush()
		}
	}
	switch {
	case shown == 0:
		fmt.Fprintln(g.err, "no page is stored"+thatMatches(q))
	case next != "":
		first := fmt.Sprintf("these are the first %d pages", shown)
		if shown == 1 {
			first = "that is the first page"
		}
		fmt.Fprintln(g.err, first+"; for more use --limit N, for every page --all")
	}
	return nil
}

func thatMatches(q admin.PagesQuery) string {
	if q == (admin.PagesQuery{}) {
		return ""
	}
	return " that is asked for"
}

// freshUntil says how long a page is fresh by time; nil: until it is revalidated.
func freshUntil(s screen, t *time.Time) string {
	if t == nil {
		return ""
	}
	return s.when(*t)
}

// pagesJSON writes one list as the API does, of all the lists there are, while
// they come. What ends early is not JSON, so that nobody takes it for the whole.
func (g *global) pagesJSON(ctx context.Context, s *remote, q admin.PagesQuery, limit int) error {
	between, next := `{"pages":[`, ""
	for list, err := range s.lists(ctx, q, limit) {
		if err != nil {
			return err
		}
		next = list.Next
		for _, p := range list.Pages {
			text, err := json.Marshal(p)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(g.out, "%s%s", between, text); err != nil {
				return err
			}
			between = ","
		}
	}
	end := "]}\n"
	if between != "," {
		end = between + end
	}
	if next != "" {
		text, err := json.Marshal(next)
		if err != nil {
			return err
		}
		end = strings.TrimSuffix(end, "}\n") + `,"next":` + string(text) + "}\n"
	}
	_, err := io.WriteString(g.out, end)
	return err
}
