package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
)

// modes are the names of the modes with what they mean, as completion shows them.
var modes = []cobra.Completion{
	cobra.CompletionWithDesc("regenerate", "render now; the answer comes when visitors get the new pages"),
	cobra.CompletionWithDesc("stale", "answer now; the next visitor gets the old page and has it rendered"),
	cobra.CompletionWithDesc("expire", "answer now; the next visitor waits for the new page"),
	cobra.CompletionWithDesc("delete", "answer now; the page is gone, also as the last good one"),
}

func revalidateCommand(g *global) *cobra.Command {
	var r admin.RevalidateRequest
	var noWait bool
	var only admin.Only
	c := &cobra.Command{
		Use:   "revalidate [PATH...]",
		Short: "Make pages current again",
		Long: `Makes pages current again: those of the paths, those that carry a tag, those
below a prefix, those of a route, or all; with --state, --status and --older-than
only those of them that are stored and in that state. It returns when every
visitor gets the new pages, and says what became of each. A page that cannot be
rendered keeps its last good version.

The modes:
  regenerate  Render the pages now. Visitors get the old ones meanwhile. This is
              the default.
  stale       Return at once. The next visitor of a page still gets the old one,
              and it is rendered behind.
  expire      Return at once. The next visitor of a page waits for the new one.
  delete      Return at once. The page is gone, also as the last good one: for
              what must not be seen any more.`,
		Example: `  # A post was edited
  reprint revalidate /posts/42

  # Everything that shows the post, and the front page
  reprint revalidate / --tag post:42

  # What would that be?
  reprint revalidate --prefix /posts/ --dry-run

  # The whole site, each page at its next visit
  reprint revalidate --all --mode stale

  # Posts that were not there when they were asked for
  reprint revalidate --pattern /posts/{id} --status 404`,
		RunE: func(c *cobra.Command, args []string) error {
			r.Paths = args
			if err := checkTargets(c, &r); err != nil {
				return err
			}
			if len(only.States)+len(only.Statuses) > 0 || only.OlderThan != "" {
				r.Only = &only
			}
			if noWait {
				r.Wait = new(bool)
			}
			return g.revalidate(c.Context(), r)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	f := c.Flags()
	f.StringArrayVar(&r.Tags, "tag", nil, "the pages that carry this `TAG`; may be given again")
	f.BoolVar(&r.EveryTag, "every-tag", false, "only the pages that carry each --tag, not any of them")
	f.StringArrayVar(&r.Prefixes, "prefix", nil, "the pages below this `PREFIX`, like /posts/; may be given again")
	f.StringArrayVar(&r.Patterns, "pattern", nil, "the pages of the route with this `PATTERN`, like /posts/{id}; may be given again")
	f.BoolVar(&r.All, "all", false, "all pages")
	f.StringVar(&r.Host, "host", "", "only pages of this `HOST`")
	f.StringArrayVar(&only.States, "state", nil, "only pages in this `STATE`: fresh, stale or expired; may be given again")
	f.IntSliceVar(&only.Statuses, "status", nil, "only pages with this HTTP `STATUS`, like 404; may be given again")
	f.StringVar(&only.OlderThan, "older-than", "", "only pages that were rendered at least this `TIME` ago, like 24h")
	f.StringVar(&r.Mode, "mode", "regenerate", "how: `MODE` is regenerate, stale, expire or delete")
	f.BoolVar(&r.DryRun, "dry-run", false, "change nothing, and say which pages are meant")
	f.BoolVar(&r.OnlyGenerated, "only-generated", false, "leave alone a path that has no page yet")
	f.BoolVar(&noWait, "no-wait", false, "return as soon as the revalidation is in force, before the pages are rendered")
	g.clientFlags(c)
	complete(c, "mode", modes...)
	complete(c, "state", "fresh", "stale", "expired")
	for _, name := range []string{"tag", "prefix", "pattern", "host", "status", "older-than"} {
		complete(c, name)
	}
	return c
}

// complete says what a flag of c can be; nothing: it is not a file.
func complete(c *cobra.Command, flag string, choices ...cobra.Completion) {
	// The only error is a flag that does not exist, or twice the same one.
	if err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err)
	}
}

// checkTargets finds what is wrong with r before anybody is asked.
func checkTargets(c *cobra.Command, r *admin.RevalidateRequest) error {
	if len(r.Paths)+len(r.Tags)+len(r.Prefixes)+len(r.Patterns) == 0 && !r.All {
		return misuse(c, "nothing is named that should be revalidated", "Name a PATH, a --tag, a --prefix, a --pattern, or --all.")
	}
	if r.EveryTag && len(r.Tags) == 0 {
		return misuse(c, "--every-tag is given, and no tag", "Name the tags with --tag.")
	}
	if err := checkPaths(c, r.Paths); err != nil {
		return err
	}
	for _, p := range r.Prefixes {
		if !strings.HasPrefix(p, "/") || !strings.HasSuffix(p, "/") {
			return misuse(c, fmt.Sprintf("the prefix %q does not begin and end with a slash", p),
				fmt.Sprintf("Write --prefix %s, or name the one page with its path.", "/"+strings.TrimPrefix(strings.TrimSuffix(p, "/"), "/")+"/"))
		}
	}
	return checkChoice(c, "mode", r.Mode, modes)
}

// checkPaths finds arguments that are no paths.
func checkPaths(c *cobra.Command, paths []string) error {
	for _, p := range paths {
		if strings.HasPrefix(p, "/") {
			continue
		}
		message := fmt.Sprintf("%q is not a path: it does not begin with a slash", p)
		if u, err := url.Parse(p); err == nil && u.Host != "" {
			fix := "Give the path alone: " + shellWord(u.RequestURI())
			if c.Flags().Lookup("host") != nil {
				fix += " --host " + shellWord(u.Host)
			}
			return misuse(c, message, fix)
		}
		return misuse(c, message, "Give it as it stands in the address: "+shellWord("/"+p))
	}
	return nil
}

// checkChoice finds a value of a flag that is none of the choices.
func checkChoice(c *cobra.Command, flag, value string, choices []cobra.Completion) error {
	names := make([]string, len(choices))
	for i, choice := range choices {
		names[i], _, _ = strings.Cut(choice, "\t")
	}
	if slices.Contains(names, value) {
		return nil
	}
	fix := "There are " + inWords(names) + "."
	if i := slices.IndexFunc(names, func(name string) bool { return near(value, name) }); i >= 0 {
		fix = "Did you mean " + names[i] + "? " + fix
	}
	return misuse(c, fmt.Sprintf("there is no %s %q", flag, value), fix)
}

func (g *global) revalidate(ctx context.Context, r admin.RevalidateRequest) error {
	s, err := g.connect()
	if err != nil {
		return err
	}
	receipt, err := s.Revalidate(ctx, r)
	if receipt == nil {
		if errors.Is(err, context.Canceled) {
			return &interruptedError{"The revalidation may be in force already. To know, ask: reprint explain PATH"}
		}
		return s.failed(err)
	}
	if g.json {
		if err := g.writeJSON(receipt); err != nil {
			return err
		}
	} else {
		g.showReceipt(receipt, r.DryRun)
	}
	if receipt.Failed > 0 {
		fix := lastGoodStays(receipt)
		if answer, ok := errors.AsType[*admin.APIError](err); ok && answer.RetryAfter > 0 {
			fix += "\n" + tryAgain(answer.RetryAfter)
		}
		return fail(ofPages(receipt.Failed, receipt.Matched)+" could not be rendered", fix, err)
	}
	return s.failed(err)
}

// lastGoodStays says what it means that pages failed.
func lastGoodStays(receipt *reprint.Receipt) string {
	path := "PATH"
	for _, p := range receipt.Pages {
		if p.Result == reprint.ResultFailed {
			path = p.Path
			break
		}
	}
	return "The last good page stays: visitors get it until a render succeeds.\nTo know more: reprint explain " + shellWord(path)
}

// ofPages says how many of how many: "1 of 3 pages".
func ofPages(some, all int) string {
	if all <= 1 {
		return "the page"
	}
	return fmt.Sprintf("%d of %s", some, counted(int64(all), "page"))
}

// shellWord quotes text for a shell where it must be, so that a command in a
// message can be copied.
func shellWord(text string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-:@%+=,", r)
	}
	if strings.IndexFunc(text, func(r rune) bool { return !safe(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
