package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
)

func receiptsCommand(g *global) *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use:   "receipts",
		Short: "List what revalidations did",
		Long: `Lists the receipts of revalidations, the newest first: when each came, who asked
for it and from where, how many pages it concerned, how many of them could not
be rendered, and what it named. "reprint receipt ID" shows the pages of one.`,
		Example: `  reprint receipts --limit 20

  # Those with failures
  reprint receipts --json | jq -r '.receipts[] | select(.failed > 0).id'`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if limit < 1 {
				return misuse(c, fmt.Sprintf("--limit is %d, and must be at least 1", limit), "")
			}
			s, err := g.connect()
			if err != nil {
				return err
			}
			list, err := s.receipts(c.Context(), limit)
			if err != nil {
				return s.failed(err)
			}
			if g.json {
				return g.writeJSON(list)
			}
			g.receiptsTable(list.Receipts)
			return nil
		},
	}
	c.Flags().IntVar(&limit, "limit", 100, "at most `N` receipts")
	g.clientFlags(c)
	complete(c, "limit")
	return c
}

// receipts asks for one list after the other, until limit receipts have come.
func (s *remote) receipts(ctx context.Context, limit int) (*admin.ReceiptList, error) {
	all := &admin.ReceiptList{Receipts: []*reprint.Receipt{}}
	for {
		list, err := s.Receipts(ctx, all.Next, min(limit-len(all.Receipts), mostPages))
		if err != nil {
			return nil, err
		}
		all.Receipts, all.Next = append(all.Receipts, list.Receipts...), list.Next
		if list.Next == "" || len(all.Receipts) >= limit {
			return all, nil
		}
	}
}

func (g *global) receiptsTable(receipts []*reprint.Receipt) {
	if len(receipts) == 0 {
		fmt.Fprintln(g.err, "no receipt is kept")
		return
	}
	s := g.screen(g.out)
	t := newTable(s, column{title: "RECEIPT"}, column{title: "WHEN"}, column{title: "MODE"}, column{title: "BY"}, column{title: "FROM"},
		column{title: "PAGES", right: true}, column{title: "FAILED", right: true}, column{title: "TOOK", right: true}, column{title: "FOR", free: true})
	for _, r := range receipts {
		failed, lasted := cell{text: number(r.Failed), as: red}, cell{text: took(r.Took)}
		if r.Running {
			lasted = cell{"running", stateStyle("running")}
		}
		if r.Interrupted {
			lasted = cell{"interrupted", red}
		}
		named := ""
		if r.Targets != nil {
			named = inTargets(r.Targets)
		}
		t.add(cell{text: r.ID}, cell{text: s.when(r.At)}, cell{text: r.Mode.String()}, cell{text: r.By}, cell{text: r.From},
			cell{text: fmt.Sprint(r.Matched)}, failed, lasted, cell{text: named})
	}
	t.flush()
}
