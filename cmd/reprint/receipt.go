package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprint-go/reprint"
)

func receiptCommand(g *global) *cobra.Command {
	c := &cobra.Command{
		Use:   "receipt ID",
		Short: "Show what a revalidation did",
		Long: `Shows the receipt of an earlier revalidation: who asked for it, from where,
when and for what, how many pages it concerned, and what became of each. One that
was not waited for (--no-wait) is "running" until all of its pages are rendered,
and "interrupted" if the server was killed before: it is in force all the same, and
the pages that were left are rendered by their next visitors.`,
		Example: `  reprint revalidate --all --no-wait
  reprint receipt 5XQ2M7RD4KJ9TB3A`,
		Args:              oneArg("the ID of a receipt", "reprint receipt 5XQ2M7RD4KJ9TB3A"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := g.connect()
			if err != nil {
				return err
			}
			receipt, err := s.Receipt(c.Context(), args[0])
			if err != nil {
				return s.failed(err)
			}
			if g.json {
				return g.writeJSON(receipt)
			}
			g.showReceipt(receipt, false)
			if receipt.Failed > 0 {
				fmt.Fprintf(g.out, "\n%s\n", cleanLines(lastGoodStays(receipt)))
			}
			return nil
		},
	}
	g.clientFlags(c)
	return c
}

// showReceipt writes a receipt: a line of counts, then the pages, failures first.
func (g *global) showReceipt(r *reprint.Receipt, dryRun bool) {
	g.showReceiptAs(r, summary(r, dryRun))
}

// showReceiptAs is showReceipt with another line of counts.
func (g *global) showReceiptAs(r *reprint.Receipt, line string) {
	s := g.screen(g.out)
	fmt.Fprintln(s, line)
	if r.Estimate != nil && r.Matched > 0 {
		fmt.Fprintln(s, s.estimate(r))
	}
	if r.ID != "" {
		about := []string{"receipt " + r.ID, r.Mode.String()}
		if r.By != "" {
			about = append(about, "by "+r.By)
		}
		if r.From != "" {
			about = append(about, "from "+r.From)
		}
		if !r.At.IsZero() {
			about = append(about, s.when(r.At))
		}
		fmt.Fprintln(s, s.paint(dim, clean(strings.Join(about, ", "))))
		if r.Targets != nil {
			if named := inTargets(r.Targets); named != "" { // else nothing says it
				fmt.Fprintln(s, s.paint(dim, clean("for "+named)))
			}
		}
	}
	if len(r.Pages) > 0 {
		fmt.Fprintln(s)
		t := newTable(s, column{title: "PATH", cut: true}, column{title: "RESULT"}, column{title: "STATUS", right: true},
			column{title: "MS", right: true}, column{title: "ERROR", free: true})
		for _, p := range r.Pages {
			result := string(p.Result)
			if p.Tries > 1 && p.Result != reprint.ResultFailed { // the error says how many
				result += " after " + counted(int64(p.Tries), "render")
			}
			t.add(cell{text: p.Path}, cell{result, stateStyle(string(p.Result))},
				cell{text: number(p.Status)}, cell{text: milliseconds(p)}, cell{text: p.Error})
		}
		t.flush()
	}
	if more := r.Matched - len(r.Pages); more > 0 && len(r.Pages) > 0 {
		fmt.Fprintf(s, "and %s more\n", counted(int64(more), "page"))
	}
	if r.Interrupted {
		fmt.Fprintln(s, "\nIt is in force. The server ended before all of its pages were rendered; the others are rendered by their next visitors.")
	}
	if r.Running {
		fmt.Fprintf(s, "\nIt is in force, and its pages are still being rendered. To know how it ends: reprint receipt %s\n", clean(r.ID))
	}
}

// inTargets says what a call named.
func inTargets(t *reprint.Targets) string {
	var parts []string
	if t.All {
		parts = append(parts, "the whole site")
	}
	add := func(kind, several string, names []string, inAll int) {
		if len(names) == 0 {
			return
		}
		if len(names) > 1 {
			kind = several
		}
		text := kind + " " + strings.Join(names, ", ")
		if more := inAll - len(names); more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		parts = append(parts, text)
	}
	tags := "any of the tags"
	if t.EveryTag {
		tags = "every one of the tags"
	}
	add("path", "paths", t.Paths, t.PathsInAll)
	add("tag", tags, t.Tags, t.TagsInAll)
	add("prefix", "prefixes", t.Prefixes, t.PrefixesInAll)
	add("pattern", "patterns", t.Patterns, t.PatternsInAll)
	text := strings.Join(parts, "; ")
	if t.Host != "" {
		text += "; on host " + t.Host
	}
	if only := inOnly(t.Only); only != "" {
		text += "; only " + only
	}
	return text
}

// inOnly says what a call was narrowed to.
func inOnly(o reprint.Only) string {
	var parts []string
	for _, state := range o.States {
		parts = append(parts, string(state))
	}
	for _, status := range o.Statuses {
		parts = append(parts, fmt.Sprint(status))
	}
	if o.OlderThan > 0 {
		parts = append(parts, "older than "+o.OlderThan.String())
	}
	return strings.Join(parts, ", ")
}

// estimate says what a dry run would mean for visitors and for who renders.
func (s screen) estimate(r *reprint.Receipt) string {
	const most = 50 * time.Minute // of an hour
	x, visits := r.Estimate, "the last hour's visits"
	if known := s.now.Sub(x.Since); known < most {
		visits = "the visits of the last " + roughly(max(known, time.Second))
	}
	return fmt.Sprintf("%s, %.0f %% of %s, about %s of rendering", counted(int64(r.Matched), "page"), 100*x.Traffic, visits, wholeSeconds(x.Rendering))
}

// wholeSeconds says how long something takes, where more than that is not known.
func wholeSeconds(d time.Duration) string {
	switch {
	case d < time.Second:
		return took(d)
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return roughly(d)
}

// milliseconds is how long the render of p took; empty: it was not rendered.
func milliseconds(p reprint.PageResult) string {
	if p.Render == 0 {
		return ""
	}
	return ms(float64(p.Render.Microseconds()) / 1000)
}

// number is n as text; zero is empty.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// summary is the line of counts of a receipt.
func summary(r *reprint.Receipt, dryRun bool) string {
	pages := counted(int64(r.Matched), "page")
	switch {
	case r.Matched == 0 && r.Interrupted:
		return "in force; it was interrupted"
	case r.Matched == 0 && r.Running:
		return "in force; its pages are being rendered"
	case r.Matched == 0:
		return "no page is stored that this names; nothing had to be done"
	case dryRun:
		return fmt.Sprintf("%s would be revalidated; nothing was changed", pages)
	}
	mode := r.Mode
	if r.Regenerated+r.Unchanged+r.Failed > 0 {
		mode = reprint.Regenerate // they were rendered behind
	}
	switch mode {
	case reprint.Stale:
		return pages + " made stale" + skipped(r)
	case reprint.Expire:
		return pages + " made to expire" + skipped(r)
	case reprint.Delete:
		return pages + " deleted" + skipped(r)
	}
	line := fmt.Sprintf("%s: %d regenerated, %d unchanged, %d failed, %d skipped", pages, r.Regenerated, r.Unchanged, r.Failed, r.Skipped)
	if r.Took > 0 {
		line += ", in " + took(r.Took)
	}
	return line
}

func skipped(r *reprint.Receipt) string {
	if r.Skipped == 0 {
		return ""
	}
	return fmt.Sprintf(", %d of them skipped", r.Skipped)
}
