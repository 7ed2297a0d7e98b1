package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprint-go/reprint/admin"
)

// alone marks a command that does something itself, though it has commands below it.
var alone = map[string]string{"alone": "yes"}

func historyCommand(g *global) *cobra.Command {
	c := &cobra.Command{
		Use:   "history PATH",
		Short: "List, show, compare and drop earlier versions of a page",
		Long: `Lists the earlier versions of a page that the store keeps: first the new page
that was refused, if there is one, then what was served, the newest first. How
many are kept is "history" of the route. The ID of one is what the commands
below, "reprint restore --version" and "reprint aside" take.`,
		Example: `  reprint history /posts/42
  reprint history diff 12
  reprint restore --version 12`,
		Annotations:       alone,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := g.connect()
			if err != nil {
				return err
			}
			list, err := s.Versions(c.Context(), args[0])
			if err != nil {
				return s.failed(err)
			}
			if g.json {
				return g.writeJSON(list)
			}
			if len(list.Versions) == 0 {
				fmt.Fprintln(g.err, "no earlier version of it is kept")
				return nil
			}
			g.versionsTable(list.Versions)
			return nil
		},
	}
	c.SuggestionsMinimumDistance = 2
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) > 0 && !strings.HasPrefix(args[0], "/") {
			if like := c.SuggestionsFor(args[0]); len(like) > 0 {
				return misuse(c, fmt.Sprintf("there is no command %q", "history "+args[0]), didYouMean(like))
			}
		}
		if err := oneArg("the PATH of a page", "reprint history /posts/42")(c, args); err != nil {
			return err
		}
		return checkPaths(c, args)
	}
	g.clientFlags(c)
	c.AddCommand(historyShowCommand(g), historyDiffCommand(g), historyDropCommand(g))
	return c
}

func historyShowCommand(g *global) *cobra.Command {
	c := &cobra.Command{
		Use:   "show ID",
		Short: "Write the body of a version",
		Long: `Writes the body of a version to standard output, and what else is known of it
to standard error.`,
		Example: `  reprint history show 12
  reprint history show 12 > before.html`,
		Args:              idArgs(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := g.connect()
			if err != nil {
				return err
			}
			v, err := s.Version(c.Context(), idOf(args[0]))
			if err != nil {
				return s.failed(err)
			}
			if g.json {
				return g.writeJSON(v)
			}
			return g.showVersion(v)
		},
	}
	g.clientFlags(c)
	return c
}

func (g *global) showVersion(v *admin.Version) error {
	about := g.screen(g.err)
	f := facts{screen: about}
	f.add("version", fmt.Sprintf("%d of %s", v.ID, v.Path))
	f.add("status", number(v.Status))
	f.add("size", about.size(v.Size))
	f.add("etag", v.ETag)
	f.add("tags", strings.Join(v.Tags, ", "))
	f.add("changed", about.at(v.ModifiedAt))
	if v.Refused == "" {
		f.add("replaced", about.at(v.ReplacedAt))
	} else {
		f.add("refused", about.at(v.ReplacedAt)+": "+v.Refused)
	}
	f.flush()
	screen := g.screen(g.out)
	var body string
	switch {
	case v.Body == nil && screen.terminal:
		return fail("the body is no text, and is not written to a terminal", "Write it to a file: reprint history show "+strconv.FormatInt(v.ID, 10)+" > FILE", nil)
	case v.Body == nil:
		decoded, err := base64.StdEncoding.DecodeString(v.BodyBase64)
		if err != nil {
			return fmt.Errorf("read the body of version %d: %w", v.ID, err)
		}
		body = string(decoded)
	case screen.terminal:
		body = "\n" + cleanLines(*v.Body) + "\n"
	default:
		body = *v.Body
	}
	_, err := io.WriteString(g.out, body)
	return err
}

func historyDiffCommand(g *global) *cobra.Command {
	c := &cobra.Command{
		Use:   "diff ID [ID]",
		Short: "Say what differs between a version and the page as it is now, or another version",
		Example: `  reprint history diff 12
  reprint history diff 12 15`,
		Args:              idArgs(1, 2),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := g.connect()
			if err != nil {
				return err
			}
			var to int64
			if len(args) > 1 {
				to = idOf(args[1])
			}
			d, err := s.Diff(c.Context(), idOf(args[0]), to)
			switch {
			case err != nil:
				return s.failed(err)
			case g.json:
				return g.writeJSON(d)
			case d.Text == "":
				fmt.Fprintln(g.err, "nothing differs")
			}
			g.screen(g.out).diff(d.Text)
			return nil
		},
	}
	g.clientFlags(c)
	return c
}

// diff writes a unified diff: for programs as it is, for people in colors.
func (s screen) diff(text string) {
	if !s.terminal {
		fmt.Fprint(s, text)
		return
	}
	for line := range strings.Lines(text) {
		as := plain
		switch {
		case strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "+++ "):
			as = bold
		case line[0] == '-':
			as = red
		case line[0] == '+':
			as = green
		case line[0] == '@':
			as = dim
		}
		fmt.Fprintln(s, s.paint(as, cleanLines(strings.TrimSuffix(line, "\n"))))
	}
}

func historyDropCommand(g *global) *cobra.Command {
	c := &cobra.Command{
		Use:   "drop ID",
		Short: "Forget a version",
		Long: `Forgets a version, for what must not be kept. The page that there is stays as it
is; "reprint revalidate --mode delete" takes that away.`,
		Example:           `  reprint history drop 12`,
		Args:              idArgs(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := g.connect()
			if err != nil {
				return err
			}
			v, err := s.DropVersion(c.Context(), idOf(args[0]))
			if err != nil {
				return s.failed(err)
			}
			return g.dropped(v)
		},
	}
	g.clientFlags(c)
	return c
}

// dropped says which version is forgotten.
func (g *global) dropped(v *admin.Version) error {
	if g.json {
		return g.writeJSON(v)
	}
	_, err := fmt.Fprintf(g.out, "version %d of %s is dropped\n", v.ID, clean(v.Path))
	return err
}

func (g *global) versionsTable(versions []admin.Version) {
	s := g.screen(g.out)
	t := newTable(s, column{title: "ID", right: true}, column{title: "PATH", cut: true}, column{title: "CHANGED"}, column{title: "REPLACED"},
		column{title: "STATUS", right: true}, column{title: "SIZE", right: true}, column{title: "REFUSED", free: true})
	for _, v := range versions {
		t.add(cell{text: strconv.FormatInt(v.ID, 10)}, cell{text: v.Path}, cell{text: s.when(v.ModifiedAt)}, cell{text: s.when(v.ReplacedAt)},
			cell{text: number(v.Status)}, cell{text: s.size(v.Size)}, cell{v.Refused, red})
	}
	t.flush()
}

// idArgs asks for IDs of versions.
func idArgs(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return misuse(c, "the ID of a version is missing", "To see them: reprint history PATH")
		case len(args) > most:
			return misuse(c, fmt.Sprintf("%s takes at most %s, and %d are given", c.CommandPath(), counted(int64(most), "ID"), len(args)), "")
		}
		for _, arg := range args {
			if idOf(arg) < 1 {
				return misuse(c, fmt.Sprintf("%q is no ID of a version: that is a number", arg), "To see them: reprint history PATH")
			}
		}
		return nil
	}
}

// idOf reads the ID of a version; 0: it is none.
func idOf(arg string) int64 {
	id, err := strconv.ParseInt(arg, 10, 64)
	if err != nil {
		return 0
	}
	return id
}
