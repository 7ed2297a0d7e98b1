package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

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
	var expect expectFlags
	var when whenFlags
	var watch bool
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
              what must not be seen any more.

With --refill it returns at once too, and the server renders the pages behind,
those first that are visited most; see reprint refills. With --at and --daily it
is planned; see reprint schedule.`,
		Example: `  # A post was edited
  reprint revalidate /posts/42

  # Everything that shows the post, and the front page
  reprint revalidate / --tag post:42

  # What would that be?
  reprint revalidate --prefix /posts/ --dry-run

  # The whole site, each page at its next visit
  reprint revalidate --all --mode stale

  # The whole site in the background, and watch
  reprint revalidate --all --mode stale --refill --watch

  # The front page every morning
  reprint revalidate / --daily "06:00 Europe/Berlin"

  # The content system needs some seconds until it serves what was edited
  reprint revalidate /posts/42 --expect-changed

  # Posts that were not there when they were asked for
  reprint revalidate --pattern /posts/{id} --status 404`,
		RunE: func(c *cobra.Command, args []string) error {
			r.Paths = args
			err := checkTargets(c, &r)
			if err != nil {
				return err
			}
			if len(only.States)+len(only.Statuses) > 0 || only.OlderThan != "" {
				r.Only = &only
			}
			if r.Expect, err = expect.read(c); err != nil {
				return err
			}
			if noWait {
				r.Wait = new(bool)
			}
			if err := when.read(c, &r); err != nil {
				return err
			}
			if watch && (!r.Refill || r.RevalidateAt+r.Daily != "") {
				return misuse(c, "--watch is given, and nothing is rendered behind that could be watched", "Add --refill, and leave --at and --daily out.")
			}
			return g.revalidate(c.Context(), r, watch)
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
	expect.add(f)
	f.StringVar(&r.Mode, "mode", "regenerate", "how: `MODE` is regenerate, stale, expire or delete")
	f.BoolVar(&r.DryRun, "dry-run", false, "change nothing, and say which pages are meant")
	f.BoolVar(&r.OnlyGenerated, "only-generated", false, "leave alone a path that has no page yet")
	f.BoolVar(&noWait, "no-wait", false, "return as soon as the revalidation is in force, before the pages are rendered")
	f.BoolVar(&r.Refill, "refill", false, "return as soon as it is in force, and have the stored pages rendered behind, also after a restart")
	f.BoolVar(&watch, "watch", false, "with --refill: show how far it is until it is done")
	f.BoolVar(&r.Confirm, "confirm", false, "do it although it means more than the server's brake lets through")
	f.StringVar(&when.at, "at", "", "do it at this `TIME`, like 2026-12-01T06:00:00Z")
	f.StringVar(&when.daily, "daily", "", "do it every day at this `TIME`, like \"06:00 Europe/Berlin\"")
	g.clientFlags(c)
	complete(c, "mode", modes...)
	complete(c, "state", "fresh", "stale", "expired")
	for _, name := range []string{"tag", "prefix", "pattern", "host", "status", "older-than", "expect-header", "expect-text", "expect-version", "expect-timeout", "at", "daily"} {
		complete(c, name)
	}
	return c
}

// expectFlags are what new pages must satisfy.
type expectFlags struct {
	admin.Expect
	headers []string
}

func (x *expectFlags) add(f *pflag.FlagSet) {
	f.BoolVar(&x.Changed, "expect-changed", false, "render again until the content has changed, and store nothing before")
	f.StringArrayVar(&x.Contains, "expect-text", nil, "the same until the body contains this `TEXT`; may be given again")
	f.StringArrayVar(&x.headers, "expect-header", nil, "the same until there is this `FIELD`, like 'X-Version: 7'; may be given again")
	f.Int64Var(&x.Version, "expect-version", 0, "the same until there is a tag version:N with at least this `NUMBER`")
	f.StringVar(&x.Timeout, "expect-timeout", "", "for how long, as a `TIME` like 30s (default 10s)")
}

// read returns what was given, or nil if nothing was.
func (x *expectFlags) read(c *cobra.Command) (*admin.Expect, error) {
	for _, h := range x.headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok {
			return nil, misuse(c, fmt.Sprintf("%q is no header field", h), "Write --expect-header 'Name: value'.")
		}
		if x.Header == nil {
			x.Header = make(map[string]string)
		}
		x.Header[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	if !x.Changed && len(x.Contains)+len(x.Header) == 0 && x.Version == 0 {
		if x.Timeout != "" {
			return nil, misuse(c, "--expect-timeout is given, and nothing to wait for", "Add --expect-changed, or what the new page should have.")
		}
		return nil, nil
	}
	return &x.Expect, nil
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
	if err := checkPrefixes(c, r.Prefixes); err != nil {
		return err
	}
	return checkChoice(c, "mode", r.Mode, modes)
}

// checkPrefixes finds prefixes that are none.
func checkPrefixes(c *cobra.Command, prefixes []string) error {
	for _, p := range prefixes {
		if !strings.HasPrefix(p, "/") || !strings.HasSuffix(p, "/") {
			return misuse(c, fmt.Sprintf("the prefix %q does not begin and end with a slash", p),
				fmt.Sprintf("Write --prefix %s, or name the one page with its path.", "/"+strings.TrimPrefix(strings.TrimSuffix(p, "/"), "/")+"/"))
		}
	}
	return nil
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
				fix += ", with --host " + shellWord(u.Hostname()) + " if there are several hosts"
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

func (g *global) revalidate(ctx context.Context, r admin.RevalidateRequest, watch bool) error {
	s, err := g.connect()
	if err != nil {
		return err
	}
	if r.RevalidateAt+r.Daily != "" {
		return g.plan(ctx, s, r)
	}
	receipt, err := s.Revalidate(ctx, r)
	if receipt == nil {
		if errors.Is(err, context.Canceled) {
			return &interruptedError{"The revalidation may be in force already. To know, ask: reprint explain PATH"}
		}
		return s.failed(err)
	}
	if watch && receipt.Running {
		if receipt, err = g.watchOne(ctx, s, receipt.ID); err != nil {
			return err
		}
	}
	if g.json {
		if err := g.writeJSON(receipt); err != nil {
			return err
		}
	} else {
		g.showReceipt(receipt, r.DryRun)
		if r.Refill && receipt.Running {
			fmt.Fprintln(g.out, "To watch it: reprint refills --watch")
		}
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
