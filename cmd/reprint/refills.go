package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprint-go/reprint/admin"
)

// deeds are what can be done to a refill.
var deeds = []cobra.Completion{
	cobra.CompletionWithDesc("pause", "begin no more renders, also after a restart"),
	cobra.CompletionWithDesc("resume", "go on"),
	cobra.CompletionWithDesc("cancel", "leave the rest to its next visitors"),
}

func refillsCommand(g *global) *cobra.Command {
	var watch bool
	c := &cobra.Command{
		Use:   "refills [pause|resume|cancel ID]",
		Short: "Show what is rendered behind revalidations, and pause it",
		Long: `Shows the refills that are not done: what is still rendered behind revalidations
that were made with --refill, with how far each has come, how fast, and how long
it will take. With --watch it shows that until all are done: a bar for each on a
terminal, elsewhere a line every few seconds.

A refill that is paused stays so, also when the server is started anew, until it
is resumed. One that is cancelled leaves the rest of its pages as the
revalidation has made them; each is rendered at its next visit.`,
		Example: `  reprint refills
  reprint refills --watch
  reprint refills pause 5XQ2M7RD4KJ9TB3A
  reprint refills cancel 5XQ2M7RD4KJ9TB3A`,
		Args: refillArgs,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := g.connect()
			switch {
			case err != nil:
				return err
			case len(args) > 0 && watch:
				return misuse(c, "--watch changes nothing, and "+args[0]+" does", "Give two commands.")
			case len(args) > 0:
				return g.changeRefill(c.Context(), s, args[0], args[1])
			case watch:
				return g.watchRefills(c.Context(), s)
			}
			list, err := s.Refills(c.Context())
			if err != nil {
				return s.failed(err)
			}
			if g.json {
				return g.writeJSON(list)
			}
			g.screen(g.out).refills(list.Refills)
			return nil
		},
		ValidArgsFunction: completeFirst(deeds),
	}
	c.Flags().BoolVar(&watch, "watch", false, "show how far they are until all are done")
	g.clientFlags(c)
	return c
}

// completeFirst completes the first argument of a command.
func completeFirst(choices []cobra.Completion) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			choices = nil
		}
		return choices, cobra.ShellCompDirectiveNoFileComp
	}
}

// refillArgs wants nothing, or a deed and the ID of a refill.
func refillArgs(c *cobra.Command, args []string) error {
	const example = "Give one, like: reprint refills pause 5XQ2M7RD4KJ9TB3A"
	switch {
	case len(args) == 0:
		return nil
	case len(args) > 2:
		return misuse(c, fmt.Sprintf("one refill is changed at a time, and %d are given", len(args)-1), example)
	}
	if err := checkChoice(c, "deed", args[0], deeds); err != nil {
		return err
	}
	if len(args) < 2 {
		return misuse(c, "the ID of a refill is missing", example)
	}
	return nil
}

func (g *global) changeRefill(ctx context.Context, s *remote, do, id string) error {
	list, err := s.ChangeRefill(ctx, id, do)
	if err != nil {
		return s.failed(err)
	}
	if g.json {
		return g.writeJSON(list)
	}
	i := slices.IndexFunc(list.Refills, func(f admin.Refill) bool { return f.ID == id })
	switch {
	case do == "cancel":
		fmt.Fprintf(g.out, "cancelled; the pages that are left are rendered at their next visits\nTo know what was done: reprint receipt %s\n", clean(id))
	case i < 0:
		fmt.Fprintf(g.out, "it is done meanwhile\nTo know how it ended: reprint receipt %s\n", clean(id))
	default:
		fmt.Fprintf(g.out, "%sd; %s done\n", do, refillCount(list.Refills[i]))
	}
	return nil
}

// refills writes a table of refills.
func (s screen) refills(all []admin.Refill) {
	if len(all) == 0 {
		fmt.Fprintln(s, "no refill is under way")
		return
	}
	t := newTable(s, column{title: "ID"}, column{title: "DONE", right: true}, column{title: "FAILED", right: true}, column{title: "STATE"},
		column{title: "PAGES/S", right: true}, column{title: "LEFT", right: true}, column{title: "MODE"}, column{title: "STARTED"}, column{title: "BY", free: true})
	for _, f := range all {
		rate, left := "", ""
		if f.Rate > 0 {
			rate = strconv.FormatFloat(f.Rate, 'f', 1, 64)
		}
		if f.LeftSeconds > 0 {
			left = roughly(time.Duration(f.LeftSeconds) * time.Second)
		}
		state := refillState(f)
		t.add(cell{text: f.ID}, cell{text: refillCount(f)}, cell{text: strconv.Itoa(f.Failed)}, cell{state, refillStyle(state)},
			cell{text: rate}, cell{text: left}, cell{text: f.Mode}, cell{text: s.when(f.At)}, cell{text: f.By})
	}
	t.flush()
}

// refillCount says how many pages of how many are done.
func refillCount(f admin.Refill) string {
	if !f.Listed {
		return fmt.Sprintf("%s so far", counted(int64(f.Done), "page"))
	}
	return fmt.Sprintf("%d of %s", f.Done, counted(int64(f.Total), "page"))
}

func refillState(f admin.Refill) string {
	switch {
	case f.Paused:
		return "paused"
	case f.Resting:
		return "resting"
	case !f.Listed:
		return "counting"
	}
	return "running"
}

func refillStyle(state string) style {
	if state == "running" || state == "counting" {
		return green
	}
	return yellow
}
