package main

import (
	"net/http"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/examples/newsroom/content"
)

// showChanges lists what editors did.
func (n *newsroom) showChanges(w http.ResponseWriter, r *http.Request) error {
	changes, err := n.db.Changes(r.Context(), 50)
	if err != nil {
		return err
	}
	return n.show(w, http.StatusOK, "changes", "changes", "What was done", changes)
}

// showChange shows one change with the receipt of what it did to the pages.
func (n *newsroom) showChange(w http.ResponseWriter, r *http.Request) error {
	change, err := n.changeOf(r)
	if err != nil {
		return err
	}
	var receipt *reprint.Receipt
	if change.Receipt != "" {
		if receipt, err = n.site.Receipt(r.Context(), change.Receipt); err != nil {
			return err
		}
	}
	if receipt != nil && receipt.Running {
		w.Header().Set("Refresh", "1") // second: the browser asks again, until all is counted
	}
	return n.show(w, http.StatusOK, "change", "changes", "Receipt", struct {
		*content.Change
		R       *reprint.Receipt
		Total   int
		Slowest time.Duration
	}{change, receipt, n.totalOf(receipt), slowest(receipt)})
}

// totalOf is how many pages a receipt will tell of, as far as is known while they are
// printed.
func (n *newsroom) totalOf(r *reprint.Receipt) int {
	if r == nil {
		return 0
	}
	for _, refill := range n.site.Refills() {
		if refill.ID == r.ID {
			return max(refill.Total, r.Matched)
		}
	}
	return r.Matched
}

// slowest is the longest render of a receipt.
func slowest(r *reprint.Receipt) time.Duration {
	if r == nil {
		return 0
	}
	var longest time.Duration
	for _, p := range r.Pages {
		longest = max(longest, p.Render)
	}
	return longest
}

func (n *newsroom) changeOf(r *http.Request) (*content.Change, error) {
	id, err := idOf(r)
	if err != nil {
		return nil, err
	}
	return n.db.Change(r.Context(), id)
}

// publishAgain takes up a change of which the pages could not be told.
func (n *newsroom) publishAgain(w http.ResponseWriter, r *http.Request) error {
	change, err := n.changeOf(r)
	if err != nil {
		return err
	}
	return n.publishAndShow(w, r, change)
}
