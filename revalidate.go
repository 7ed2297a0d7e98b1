package reprint

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Mode is how a revalidation makes pages current again.
type Mode int

const (
	// Regenerate renders the pages now; visitors get the old ones meanwhile; the
	// call returns when the new ones are served.
	Regenerate Mode = iota
	// Stale returns at once. A page is rendered at its next visit, behind; that
	// visitor still gets the old one.
	Stale
	// Expire returns at once. The next visitor waits for the render and gets the
	// old page only when that fails.
	Expire
	// Delete returns at once. The page is gone, also as a last good page; the
	// next visitor waits for a render.
	Delete
)

var modeNames = [...]string{"regenerate", "stale", "expire", "delete"}

func (m Mode) String() string {
	if m < 0 || int(m) >= len(modeNames) {
		return fmt.Sprintf("Mode(%d)", int(m))
	}
	return modeNames[m]
}

// MarshalText writes the mode as its lower-case name.
func (m Mode) MarshalText() ([]byte, error) {
	if m < 0 || int(m) >= len(modeNames) {
		return nil, fmt.Errorf("reprint: unknown mode %d", int(m))
	}
	return []byte(modeNames[m]), nil
}

// UnmarshalText reads the name of a mode; its error lists the names there are.
func (m *Mode) UnmarshalText(text []byte) error {
	for i, name := range modeNames {
		if string(text) == name {
			*m = Mode(i)
			return nil
		}
	}
	return fmt.Errorf("reprint: unknown mode %q; there are regenerate, stale, expire and delete", text)
}

// Revalidation is what [Site.Apply] is asked to do. At least one of Paths, Tags,
// Prefixes and All names a target: nothing never means everything.
type Revalidation struct {
	// Paths name pages: "/posts/42", or "/posts?page=2" for one query of a path.
	// A path without a query stands for all its queries and variants. In mode
	// Regenerate a path that has no page yet gets one.
	Paths []string
	// Tags name things that pages depend on, as given to [Tag].
	Tags []string
	// Prefixes name parts of the site: "/posts/" is /posts/ and all below it,
	// not /posts-2. Each begins and ends with a slash.
	Prefixes []string
	// All is the whole site.
	All bool
	// Host narrows Paths, Prefixes and All to one of [Options.Hosts]. Empty: all.
	Host string

	// Mode is what to do. Zero: Regenerate.
	Mode Mode
	// OnlyGenerated leaves alone what has no stored page: such a path is
	// reported as skipped. It is unstable_onlyGenerated of Next.js.
	OnlyGenerated bool
	// By says who asked, for receipts and explanations.
	By string
}

// Receipt is what a revalidation did. It is stored with the journal.
type Receipt struct {
	ID          string        `json:"id"`
	Position    Position      `json:"position"`
	Mode        Mode          `json:"mode"`
	By          string        `json:"by"`
	At          time.Time     `json:"at"`
	Matched     int           `json:"matched"`     // pages that the targets name
	Regenerated int           `json:"regenerated"` // rendered anew, with other content
	Unchanged   int           `json:"unchanged"`   // rendered anew, with the same content
	Failed      int           `json:"failed"`      // could not be rendered; the last good page stays
	Skipped     int           `json:"skipped"`     // left alone: OnlyGenerated, or gone meanwhile
	Took        time.Duration `json:"-"`
	Pages       []PageResult  `json:"pages"` // sorted by key; at most 1,000, failures first
}

// PageResult is what a revalidation did to one page.
type PageResult struct {
	Path   string        `json:"path"` // the key as text
	Result Result        `json:"result"`
	Status int           `json:"status,omitempty"`
	ETag   string        `json:"etag,omitempty"`
	Render time.Duration `json:"-"`
	Error  string        `json:"error,omitempty"`
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

// Errors that callers branch on. The text of the returned error says more.
var (
	// ErrNoRoute: no route can serve the path.
	ErrNoRoute = errors.New("no route serves the path")
	// ErrUnlisted: the route has Fallback NotFound and its listing does not hold
	// the path.
	ErrUnlisted = errors.New("the route does not list the path")
	// ErrNoTarget: the revalidation names nothing.
	ErrNoTarget = errors.New("no path, tag or prefix is named, and not the whole site")
	// ErrInRender: a render may not revalidate; it could wait for itself.
	ErrInRender = errors.New("revalidation is not allowed inside a render")
	// ErrBusy: a limit on renders or on waiting is reached. Try again later.
	ErrBusy = errors.New("too many renders are waiting")
	// ErrClosed: the site is shut down.
	ErrClosed = errors.New("site is shut down")
)
