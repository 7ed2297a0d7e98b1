package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprint-go/reprint"
)

func receiptCommand(g *global) *cobra.Command {
	c := &cobra.Command{
		Use:   "receipt ID",
		Short: "Show what a revalidation did",
		Long: `Shows the receipt of an earlier revalidation: who asked for it and when, how
many pages it concerned, and what became of each. One that was not waited for
(--no-wait) is "running" until all of its pages are rendered.`,
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
	if r.ID != "" {
		about := []string{"receipt " + r.ID, r.Mode.String()}
		if r.By != "" {
			about = append(about, "by "+r.By)
		}
		if !r.At.IsZero() {
			about = append(about, s.when(r.At))
		}
		fmt.Fprintln(s, s.paint(dim, clean(strings.Join(about, ", "))))
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
	if r.Running {
		fmt.Fprintf(s, "\nIt is in force, and its pages are still being rendered. To know how it ends: reprint receipt %s\n", clean(r.ID))
	}
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
	case r.Matched == 0 && r.Running:
		return "in force; its pages are being rendered"
	case r.Matched == 0:
		return "no page is stored that this names; nothing had to be done"
	case dryRun:
		return fmt.Sprintf("%s would be revalidated; nothing was changed", pages)
	}
	switch r.Mode {
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
