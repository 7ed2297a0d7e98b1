package reprint

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// Receipt is what a revalidation did. It is stored with the journal.
type Receipt struct {
	ID          string        `json:"id"`
	Position    Position      `json:"position"`
	Mode        Mode          `json:"mode"`
	By          string        `json:"by"`
	From        string        `json:"from,omitempty"` // where the call came from; empty when nobody said
	At          time.Time     `json:"at"`
	Targets     *Targets      `json:"targets,omitempty"`     // what the call named
	Matched     int           `json:"matched"`               // pages that the targets name
	Regenerated int           `json:"regenerated"`           // rendered anew, with other content
	Unchanged   int           `json:"unchanged"`             // rendered anew, with the same content
	Failed      int           `json:"failed"`                // could not be rendered; the last good page stays
	Skipped     int           `json:"skipped"`               // left alone: OnlyGenerated, or gone meanwhile
	Running     bool          `json:"running,omitempty"`     // it is in force, and its pages are still being rendered
	Interrupted bool          `json:"interrupted,omitempty"` // it is in force, and its process ended before all of its pages were rendered
	Took        time.Duration `json:"-"`
	Estimate    *Estimate     `json:"estimate,omitempty"` // of a dry run
	Pages       []PageResult  `json:"pages"`              // at most 1,000: failures first, then by path
}

// newReceipt returns the receipt of a call that has done nothing yet.
func newReceipt(r Revalidation, begin time.Time) *Receipt {
	return &Receipt{Mode: r.Mode, By: r.By, From: r.From, At: begin.UTC().Truncate(time.Microsecond), Targets: newTargets(r)}
}

// clone returns a copy that shares nothing with r that could be changed.
func (r *Receipt) clone() *Receipt {
	c := *r
	c.Pages, c.Targets = slices.Clone(r.Pages), r.Targets.clone()
	return &c
}

// withoutPages returns a copy for a list.
func (r *Receipt) withoutPages() *Receipt {
	c := *r
	c.Pages, c.Targets = nil, r.Targets.clone()
	return &c
}

// settled returns a stored receipt as it is to be read when nobody writes it: if it says
// that it is running, its process has ended.
func (r *Receipt) settled() *Receipt {
	if !r.Running {
		return r
	}
	c := *r
	c.Running, c.Interrupted = false, true
	return &c
}

// maxReceiptPages is how many pages a receipt lists.
const maxReceiptPages = 1000

// add counts a page, and lists it while there is room; a failure always finds
// room while there are pages in the list that did not fail.
func (r *Receipt) add(p PageResult) {
	r.Matched++
	switch p.Result {
	case ResultRegenerated, ResultRestored:
		r.Regenerated++
	case ResultUnchanged:
		r.Unchanged++
	case ResultFailed:
		r.Failed++
	case ResultSkipped:
		r.Skipped++
	}
	if len(r.Pages) < maxReceiptPages {
		r.Pages = append(r.Pages, p)
		return
	}
	if p.Result != ResultFailed {
		return
	}
	for i := range r.Pages {
		if r.Pages[i].Result != ResultFailed {
			r.Pages[i] = p
			return
		}
	}
}

// soFar returns a copy of a receipt that may still be written, as it is to be read now.
func (r *Receipt) soFar() *Receipt {
	now := r.clone()
	if !r.Running {
		return now
	}
	now.Took = time.Since(r.At).Truncate(time.Microsecond)
	now.finish()
	return now
}

// finish puts the list into its order: failures first, then by path. The errors'
// texts stay; the errors, which may hold whole answers, do not.
func (r *Receipt) finish() {
	for i := range r.Pages {
		r.Pages[i].err = nil
	}
	rank := func(p PageResult) int {
		if p.Result == ResultFailed {
			return 0
		}
		return 1
	}
	slices.SortFunc(r.Pages, func(a, b PageResult) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Path, b.Path))
	})
}

// PageResult is what a revalidation did to one page.
type PageResult struct {
	Path   string        `json:"path"` // the key as text
	Result Result        `json:"result"`
	Status int           `json:"status,omitempty"`
	ETag   string        `json:"etag,omitempty"`
	Render time.Duration `json:"-"`
	Tries  int           `json:"tries,omitempty"` // renders until it was as expected; see [Expect]
	Error  string        `json:"error,omitempty"`

	err  error // the error that Error is the text of
	held bool  // it was left alone because it is
}

func (r PageResult) rendered(e *entry, changed bool) PageResult {
	r.Result, r.Status, r.ETag, r.Render = ResultUnchanged, e.status(), e.etag(), time.Duration(e.took)
	if changed {
		r.Result = ResultRegenerated
	}
	return r
}

func (r PageResult) failed(err error) PageResult {
	r.Result, r.Error, r.err = ResultFailed, err.Error(), err
	if failure, ok := errors.AsType[*RenderError](err); ok {
		r.Status = failure.Status
	}
	return r
}

// Result is what became of one page of a revalidation.
type Result string

// The results. In the modes that do not render, a matched page's result is the
// state that it is in now.
const (
	ResultRegenerated Result = "regenerated"
	ResultUnchanged   Result = "unchanged"
	ResultFailed      Result = "failed"
	ResultSkipped     Result = "skipped"
	ResultStale       Result = "stale"
	ResultExpired     Result = "expired"
	ResultDeleted     Result = "deleted"
	ResultMatched     Result = "matched"  // of a dry run
	ResultRestored    Result = "restored" // an earlier version took its place
)

// The JSON forms hold durations as milliseconds, as people read them.
type receiptJSON struct {
	*receiptFields
	TookMs float64 `json:"tookMs"`
}
type receiptFields Receipt

// MarshalJSON writes the form of the admin API, durations in milliseconds.
func (r Receipt) MarshalJSON() ([]byte, error) {
	if r.Pages == nil {
		r.Pages = []PageResult{}
	}
	return json.Marshal(receiptJSON{(*receiptFields)(&r), milliseconds(r.Took)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *Receipt) UnmarshalJSON(data []byte) error {
	v := receiptJSON{receiptFields: (*receiptFields)(r)}
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	r.Took = fromMilliseconds(v.TookMs)
	return nil
}

type estimateJSON struct {
	Traffic          float64   `json:"traffic"`
	Since            time.Time `json:"since"`
	RenderingSeconds float64   `json:"renderingSeconds"`
}

// MarshalJSON writes the form of the admin API, durations in seconds.
func (x Estimate) MarshalJSON() ([]byte, error) {
	return json.Marshal(estimateJSON{x.Traffic, x.Since, x.Rendering.Round(time.Millisecond).Seconds()})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (x *Estimate) UnmarshalJSON(data []byte) error {
	var v estimateJSON
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	*x = Estimate{v.Traffic, v.Since, time.Duration(v.RenderingSeconds * float64(time.Second)).Round(time.Millisecond)}
	return nil
}

type pageResultJSON struct {
	*pageResultFields
	RenderMs float64 `json:"renderMs"`
}
type pageResultFields PageResult

// MarshalJSON writes the form of the admin API, durations in milliseconds.
func (r PageResult) MarshalJSON() ([]byte, error) {
	return json.Marshal(pageResultJSON{(*pageResultFields)(&r), milliseconds(r.Render)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *PageResult) UnmarshalJSON(data []byte) error {
	v := pageResultJSON{pageResultFields: (*pageResultFields)(r)}
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	r.Render = fromMilliseconds(v.RenderMs)
	return nil
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}

func fromMilliseconds(ms float64) time.Duration {
	return time.Duration(ms * float64(time.Millisecond)).Round(time.Microsecond)
}
