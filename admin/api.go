package admin

import (
	"time"

	"github.com/reprint-go/reprint"
)

// RevalidateRequest is the body of POST /v1/revalidate. At least one of Paths,
// Tags, Prefixes, Patterns and All names a target. See [reprint.Revalidation].
type RevalidateRequest struct {
	Paths         []string `json:"paths,omitempty"`
	Tags          []string `json:"tags,omitempty"`
	EveryTag      bool     `json:"everyTag,omitempty"`
	Prefixes      []string `json:"prefixes,omitempty"`
	Patterns      []string `json:"patterns,omitempty"`
	All           bool     `json:"all,omitempty"`
	Host          string   `json:"host,omitempty"`
	Only          *Only    `json:"only,omitempty"`
	Expect        *Expect  `json:"expect,omitempty"`
	Mode          string   `json:"mode,omitempty"` // empty: regenerate
	Wait          *bool    `json:"wait,omitempty"` // nil: true
	OnlyGenerated bool     `json:"onlyGenerated,omitempty"`
	DryRun        bool     `json:"dryRun,omitempty"`
	Refill        bool     `json:"refill,omitempty"`       // render behind the answer, and survive a restart
	Confirm       bool     `json:"confirm,omitempty"`      // let it mean more than the brake lets through
	RevalidateAt  string   `json:"revalidateAt,omitempty"` // plan it for a moment, as RFC 3339 writes it
	Daily         string   `json:"daily,omitempty"`        // plan it for every day, like 06:00 Europe/Berlin
}

// Only narrows a revalidation to stored pages in a state.
type Only struct {
	States    []string `json:"states,omitempty"`    // any of fresh, stale and expired
	Statuses  []int    `json:"statuses,omitempty"`  // HTTP status codes
	OlderThan string   `json:"olderThan,omitempty"` // since the render began, like 90s or 24h
}

// Expect is what the new pages must satisfy before they are stored. See
// [reprint.Expect].
type Expect struct {
	Header   map[string]string `json:"header,omitempty"`
	Contains []string          `json:"contains,omitempty"`
	Changed  bool              `json:"changed,omitempty"`
	Version  int64             `json:"version,omitempty"`
	Timeout  string            `json:"timeout,omitempty"` // like 10s; empty: 10s
}

// PrerenderRequest is the body of POST /v1/prerender. Empty: what the routes list.
type PrerenderRequest struct {
	Paths   []string `json:"paths,omitempty"`
	Sitemap string   `json:"sitemap,omitempty"` // path or URL of the origin
	URL     string   `json:"url,omitempty"`     // path or URL of the origin that returns a list
}

// PrerenderProgress is one line of the answer to POST /v1/prerender, which is a
// stream of lines of JSON: one for each page, the last one with Finished.
type PrerenderProgress struct {
	Listed   int    `json:"listed"`
	Rendered int    `json:"rendered"`
	Skipped  int    `json:"skipped"`
	Failed   int    `json:"failed"`
	Path     string `json:"path,omitempty"`
	Error    string `json:"error,omitempty"`
	Finished bool   `json:"finished,omitempty"` // the last line; Error then says what went wrong as a whole
}

// ReceiptList is the answer to GET /v1/receipts.
type ReceiptList struct {
	Receipts []*reprint.Receipt `json:"receipts"` // without pages
	Next     string             `json:"next,omitempty"`
}

// Event is the data of an event of GET /v1/events; see [reprint.Event].
type Event struct {
	Kind     string           `json:"kind"` // revalidated, done or gap
	Position uint64           `json:"position"`
	ID       string           `json:"id,omitempty"` // of the receipt
	Time     *time.Time       `json:"time,omitempty"`
	Mode     string           `json:"mode,omitempty"`
	By       string           `json:"by,omitempty"`
	Tags     []string         `json:"tags,omitempty"`    // of the entry
	Receipt  *reprint.Receipt `json:"receipt,omitempty"` // of a call that is done, without pages
}

// Page is a stored page as the API shows it.
type Page struct {
	Path       string     `json:"path"` // the key as text
	State      string     `json:"state"`
	Status     int        `json:"status"`
	Size       int64      `json:"size"` // of the body, in bytes
	Route      string     `json:"route"`
	Tags       []string   `json:"tags"` // without implicit ones
	Stamp      uint64     `json:"stamp"`
	ETag       string     `json:"etag"`
	Cause      string     `json:"cause"`
	RenderedAt time.Time  `json:"renderedAt"`
	RenderMs   float64    `json:"renderMs"`
	ModifiedAt time.Time  `json:"modifiedAt"`
	FreshUntil *time.Time `json:"freshUntil,omitempty"` // absent: until it is revalidated
	HeldUntil  *time.Time `json:"heldUntil,omitempty"`  // absent: it is not held; in the year 9999: until it is released
}

// PageList is the answer to GET /v1/pages.
type PageList struct {
	Pages []Page `json:"pages"`
	Next  string `json:"next,omitempty"` // the cursor for what follows
}

// Explanation is why a page is what it is.
type Explanation struct {
	Path      string     `json:"path"`
	State     string     `json:"state"`
	Page      *Page      `json:"page,omitempty"` // absent when none is stored
	By        string     `json:"by,omitempty"`   // who asked for the revalidation that it was rendered for
	Call      *Cause     `json:"call,omitempty"` // the last revalidation before it was rendered
	From      string     `json:"from,omitempty"` // where that came from
	StaleBy   []Cause    `json:"staleBy,omitempty"`
	Failures  int        `json:"failures,omitempty"` // renders in a row that failed
	LastError string     `json:"lastError,omitempty"`
	RetryAt   *time.Time `json:"retryAt,omitempty"`
	Next      *time.Time `json:"next,omitempty"`  // when it is rendered again by itself
	Aside     *Version   `json:"aside,omitempty"` // the new page that was refused and is kept aside
	Words     []string   `json:"words"`           // the same for people, sentence by sentence
}

// Cause is a revalidation that made a page stale.
type Cause struct {
	Position uint64    `json:"position"`
	ID       string    `json:"id,omitempty"` // of the receipt
	Time     time.Time `json:"time"`
	Mode     string    `json:"mode,omitempty"`
	Tags     []string  `json:"tags,omitempty"` // those of the page that it named
	By       string    `json:"by,omitempty"`
}

// Status is the answer to GET /v1/status.
type Status struct {
	Version        string             `json:"version"`
	Started        time.Time          `json:"started"`
	Ready          bool               `json:"ready"`
	Position       uint64             `json:"position"`
	Pages          int64              `json:"pages"` // -1: the store does not count
	MemoryPages    int                `json:"memoryPages"`
	MemoryBytes    int64              `json:"memoryBytes"`
	MemoryLimit    int64              `json:"memoryLimit"`
	RendersRunning int                `json:"rendersRunning"`
	RendersWaiting int                `json:"rendersWaiting"`
	Renders        int                `json:"renders"` // the limit
	Failing        int                `json:"failing"`
	Lost           int                `json:"lost"`
	Prerender      *PrerenderProgress `json:"prerender,omitempty"` // of the run that is under way, or the last one
	Refills        int                `json:"refills"`             // that are not done
	Refilling      []Refill           `json:"refilling,omitempty"` // those of them that the caller may see
}

// Error is every answer that is not a success.
type Error struct {
	Message string `json:"message"`           // what is wrong
	Fix     string `json:"fix,omitempty"`     // what to do
	Nearest string `json:"nearest,omitempty"` // of a 404: the route that is most like the path

	Endpoints []string `json:"endpoints,omitempty"` // of a 404: those that there are
}

// Health is the answer to GET /healthz and GET /readyz when all is well.
type Health struct {
	Status string `json:"status"` // "ok" or "ready"
}
