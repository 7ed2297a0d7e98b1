package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
)

func scheduleCommand(g *global) *cobra.Command {
	c := &cobra.Command{
		Use:   "schedule [cancel ID|PATH]",
		Short: "Show what is revalidated by itself, and cancel it",
		Long: `Shows what will be revalidated by itself: the plans that were made with --at and
--daily, and the pages that have asked to be rendered again at a moment within
the next 7 days.

To cancel a plan, give its ID. To cancel the moment of a page, give its path; the
next render of it may name another one.`,
		Example: `  reprint schedule
  reprint schedule cancel K7Q2M7RD4KJ9TB3A
  reprint schedule cancel /events/7`,
		Args: scheduleArgs,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := g.connect()
			if err != nil {
				return err
			}
			if len(args) > 0 {
				return g.cancelPlanned(c.Context(), s, args[1])
			}
			schedule, err := s.Schedule(c.Context())
			if err != nil {
				return s.failed(err)
			}
			if g.json {
				return g.writeJSON(schedule)
			}
			g.screen(g.out).schedule(schedule)
			return nil
		},
		ValidArgsFunction: completeFirst([]cobra.Completion{cobra.CompletionWithDesc("cancel", "a plan, or the moment of a page")}),
	}
	g.clientFlags(c)
	return c
}

// scheduleArgs wants nothing, or what to cancel.
func scheduleArgs(c *cobra.Command, args []string) error {
	const example = "Give the ID of a plan or the path of a page, like: reprint schedule cancel /events/7"
	switch {
	case len(args) == 0:
		return nil
	case args[0] != "cancel":
		return checkChoice(c, "deed", args[0], []cobra.Completion{"cancel"})
	case len(args) == 1:
		return misuse(c, "what to cancel is missing", example)
	case len(args) > 2:
		return misuse(c, fmt.Sprintf("one thing is cancelled at a time, and %d are given", len(args)-1), example)
	}
	return nil
}

func (g *global) cancelPlanned(ctx context.Context, s *remote, what string) error {
	var x *admin.Cancelled
	var err error
	said := "the plan is cancelled"
	if strings.HasPrefix(what, "/") {
		x, err = s.CancelDue(ctx, what)
	} else {
		x, err = s.CancelPlan(ctx, what)
	}
	if err != nil {
		return s.failed(err)
	}
	if g.json {
		return g.writeJSON(x)
	}
	if strings.HasPrefix(what, "/") {
		said = fmt.Sprintf("%s of %s: the moment is cancelled", counted(int64(x.Cancelled), "page"), clean(what))
	}
	fmt.Fprintln(g.out, said)
	return nil
}

// schedule writes the plans, then the pages.
func (s screen) schedule(all *admin.Schedule) {
	if len(all.Plans)+len(all.Pages) == 0 {
		fmt.Fprintln(s, "nothing is planned, and no page has asked to be rendered within 7 days")
		return
	}
	if len(all.Plans) > 0 {
		t := newTable(s, column{title: "PLAN"}, column{title: "NEXT"}, column{title: "DAILY"}, column{title: "BY"},
			column{title: "WHAT", cut: true}, column{title: "LAST"}, column{title: "ERROR", free: true})
		for _, p := range all.Plans {
			next := ""
			if p.Next != nil {
				next = s.when(*p.Next)
			}
			t.add(cell{text: p.ID}, cell{text: next}, cell{text: p.Daily}, cell{text: p.By}, cell{text: inShort(p.What)}, cell{text: p.Last}, cell{p.Error, red})
		}
		t.flush()
	}
	if len(all.Pages) > 0 {
		if len(all.Plans) > 0 {
			fmt.Fprintln(s)
		}
		t := newTable(s, column{title: "PAGE", cut: true}, column{title: "RENDERED"})
		for _, p := range all.Pages {
			t.add(cell{text: p.Path}, cell{text: s.when(p.At)})
		}
		t.flush()
	}
}

// inShort says what a call names, and how it makes that current.
func inShort(r admin.RevalidateRequest) string {
	parts := append([]string{}, r.Paths...)
	add := func(kind string, names []string) {
		for _, name := range names {
			parts = append(parts, kind+" "+name)
		}
	}
	add("tag", r.Tags)
	add("prefix", r.Prefixes)
	add("pattern", r.Patterns)
	if r.All {
		parts = append(parts, "all pages")
	}
	const enough = 3
	if more := len(parts) - enough; more > 0 {
		parts = append(parts[:enough], fmt.Sprintf("%d more", more))
	}
	if r.Host != "" {
		parts = append(parts, "host "+r.Host)
	}
	if r.Mode != "" && r.Mode != reprint.Regenerate.String() {
		parts = append(parts, r.Mode)
	}
	if r.Refill {
		parts = append(parts, "refill")
	}
	return strings.Join(parts, ", ")
}

// whenFlags are when a revalidation is to be made.
type whenFlags struct{ at, daily string }

// read puts what was given into r, and finds what is wrong with it before anybody is asked.
func (w whenFlags) read(c *cobra.Command, r *admin.RevalidateRequest) error {
	switch {
	case w.at == "" && w.daily == "":
		return nil
	case w.at != "" && w.daily != "":
		return misuse(c, "both --at and --daily are given", "Plan one of them with another command.")
	case r.DryRun:
		return misuse(c, "--dry-run says what is now, and cannot be planned", "Leave --at and --daily out.")
	}
	if _, err := time.Parse(time.RFC3339, w.at); w.at != "" && err != nil {
		return misuse(c, fmt.Sprintf("%q is no moment", w.at), "Write it like --at 2026-12-01T06:00:00Z, or with the distance from UTC, 2026-12-01T07:00:00+01:00.")
	}
	if _, err := reprint.ParseDaily(w.daily); w.daily != "" && err != nil {
		return misuse(c, strings.TrimPrefix(err.Error(), "reprint: "), `Write it like --daily "06:00 Europe/Berlin".`)
	}
	r.RevalidateAt, r.Daily = w.at, w.daily
	return nil
}

// plan has the server revalidate later.
func (g *global) plan(ctx context.Context, s *remote, r admin.RevalidateRequest) error {
	p, err := s.Plan(ctx, r)
	if err != nil {
		return s.failed(err)
	}
	if g.json {
		return g.writeJSON(admin.Planned{Plan: *p})
	}
	out := g.screen(g.out)
	line := "planned"
	if p.Next != nil {
		line += " for " + out.at(*p.Next)
	}
	if p.Daily != "" {
		line += ", then daily at " + p.Daily
	}
	fmt.Fprintln(out, clean(line))
	fmt.Fprintf(out, "%s\n", out.paint(dim, clean("plan "+p.ID+": "+inShort(p.What))))
	fmt.Fprintf(out, "To cancel it: reprint schedule cancel %s\n", clean(p.ID))
	return nil
}
