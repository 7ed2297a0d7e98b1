package admin

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reprint-go/reprint"
)

func (h *handler) receipt(c *call) (answer, error) {
	receipt, err := h.site.Receipt(c.ctx(), c.id)
	if err != nil {
		return answer{}, err
	}
	if receipt == nil {
		return answer{}, &problem{status: http.StatusNotFound, told: Error{
			Message: "there is no receipt " + shorten(c.id), Fix: "look whether the ID is complete; the oldest receipts are dropped",
		}}
	}
	// Who may see a part of the site only would see others' pages in it.
	if !c.who.mayRead(receipt) {
		return answer{}, c.who.forbid("may read only the receipts of its own calls", c.who.limits())
	}
	return answer{status: http.StatusOK, body: receipt}, nil
}

// mayRead reports whether a caller may read a receipt.
func (c *caller) mayRead(r *reprint.Receipt) bool {
	return !c.limited() && c.hosts == nil || r.By == c.by
}

func (h *handler) receipts(c *call) (answer, error) {
	limit, err := c.readLimit()
	if err != nil {
		return answer{}, err
	}
	limit = cmp.Or(limit, defaultLimit)
	found, err := h.site.Receipts(c.ctx(), c.query.Get("cursor"), limit)
	if err != nil {
		return answer{}, err
	}
	body := ReceiptList{Receipts: make([]*reprint.Receipt, 0, len(found))}
	for _, r := range found {
		if c.who.mayRead(r) {
			body.Receipts = append(body.Receipts, r)
		}
	}
	if len(found) == limit {
		body.Next = found[limit-1].ID
	}
	return answer{status: http.StatusOK, body: body}, nil
}

// states are those that pages can be listed by.
var states = []string{string(reprint.StateFresh), string(reprint.StateStale), string(reprint.StateExpired), string(reprint.StateAbsent)}

const (
	defaultLimit = 100
	maxLimit     = 1000
)

// readLimit returns how many a list may have; zero: that is not said.
func (c *call) readLimit() (int, error) {
	limit := c.query.Get("limit")
	if limit == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(limit)
	if err != nil || n < 1 || n > maxLimit {
		return 0, badRequest("the limit "+shorten(limit)+" is no number from 1 to "+strconv.Itoa(maxLimit), "")
	}
	return n, nil
}

func (h *handler) pages(c *call) (answer, error) {
	q, err := c.readPageQuery()
	if err != nil {
		return answer{}, err
	}
	found, err := h.site.Pages(c.ctx(), q)
	if err != nil {
		return answer{}, err
	}
	body := PageList{Pages: make([]Page, 0, len(found.Pages)), Next: found.Next}
	for _, info := range found.Pages {
		body.Pages = append(body.Pages, newPage(info.Page, info.State, info.Size, info.FreshUntil))
	}
	return answer{status: http.StatusOK, body: body}, nil
}

func (c *call) readPageQuery() (reprint.PageQuery, error) {
	q := reprint.PageQuery{
		Prefix: c.query.Get("prefix"), Tag: c.query.Get("tag"), Host: hostName(c.query.Get("host")),
		State: reprint.State(c.query.Get("state")), Cursor: c.query.Get("cursor"),
	}
	var errs []error
	if q.Prefix != "" && q.Prefix[0] != '/' {
		errs = append(errs, badRequest("the prefix "+shorten(q.Prefix)+" does not begin with a slash", "write it like /posts/"))
	}
	if q.Tag != "" {
		if err := reprint.ValidTag(q.Tag); err != nil {
			errs = append(errs, badRequest(text(err), ""))
		}
	}
	if q.State != "" && !slices.Contains(states, string(q.State)) {
		errs = append(errs, badRequest(fmt.Sprintf("unknown state %q", shorten(string(q.State))), "there are "+list(states)))
	}
	var err error
	q.Limit, err = c.readLimit()
	errs = append(errs, err)
	return q, errors.Join(append(errs, c.who.look(&q))...)
}

// look returns nil when the caller may see all pages that q can list. It puts the
// prefix into its canonical form.
func (c *caller) look(q *reprint.PageQuery) error {
	if err := c.mayHost(q.Host); err != nil {
		return err
	}
	if !c.limited() {
		return nil
	}
	// Pages are listed that meet all conditions: one within the limits is enough.
	if q.Tag != "" && c.mayTag(q.Tag) == nil {
		return nil
	}
	if q.Prefix == "" {
		return c.forbid("may not list all pages", "name a prefix or a tag; "+c.limits())
	}
	var err error
	q.Prefix, err = c.prefix(q.Prefix)
	return err
}

func (h *handler) explain(c *call) (answer, error) {
	path := c.query.Get("path")
	if path == "" {
		return answer{}, badRequest("the parameter path is missing", "name the page: /v1/pages/explain?path=/posts/42")
	}
	path, err := c.who.path(path)
	if err != nil {
		return answer{}, err
	}
	found, err := h.site.Explain(c.ctx(), path)
	if err != nil {
		return answer{}, err
	}
	body := make([]Explanation, 0, len(found))
	refused := h.refusedOf(c, path)
	for _, x := range found {
		if c.who.hosts == nil || slices.Contains(c.who.hosts, x.Key.Host) {
			if !c.who.mayRead(&reprint.Receipt{By: callerOf(x)}) {
				x.From = ""
			}
			body = append(body, newExplanation(x, refused[x.Key], time.Now()))
		}
	}
	return answer{status: http.StatusOK, body: body}, nil
}

// callerOf returns who made the call that a page was rendered for.
func callerOf(x reprint.Explanation) string {
	if x.Call != nil {
		return x.Call.By
	}
	return x.By
}

func (h *handler) status(c *call) (answer, error) {
	s := h.site.Status()
	return answer{status: http.StatusOK, body: Status{
		Version: h.opts.Version, Started: h.opts.Started.UTC(), Ready: h.opts.Ready() == nil,
		Position: uint64(s.Position), Pages: s.Pages,
		MemoryPages: s.MemoryPages, MemoryBytes: s.MemoryBytes, MemoryLimit: s.MemoryLimit,
		RendersRunning: s.RendersRunning, RendersWaiting: s.RendersWaiting, Renders: s.Renders,
		Failing: s.Failing, Lost: s.Lost,
		Prerender: h.runs.last(),
		Refills:   len(h.site.Refills()), Refilling: h.refillsOf(c.who),
	}}, nil
}

func (h *handler) healthz(*call) (answer, error) {
	return answer{status: http.StatusOK, body: Health{Status: "ok"}}, nil
}

func (h *handler) readyz(*call) (answer, error) {
	if err := h.opts.Ready(); err != nil {
		return answer{}, &problem{status: http.StatusServiceUnavailable, told: Error{Message: text(err)}, retryAfter: retryLater}
	}
	return answer{status: http.StatusOK, body: Health{Status: "ready"}}, nil
}

func (h *handler) metrics(c *call) (answer, error) {
	h.opts.Metrics.ServeHTTP(c.w, c.r)
	return answer{}, nil
}

// newPage shows a page. Its implicit tags, which hold a space, are not shown.
func newPage(p *reprint.Page, state reprint.State, size int64, freshUntil time.Time) Page {
	return Page{
		Path: p.Key.String(), State: string(state), Status: p.Status, Size: size, Route: p.Route,
		Tags: ownTags(p), Stamp: uint64(p.Stamp), ETag: p.ETag(), Cause: p.Cause,
		RenderedAt: p.RenderedAt.UTC(), RenderMs: milliseconds(p.RenderTook), ModifiedAt: p.ModifiedAt.UTC(),
		FreshUntil: moment(freshUntil), HeldUntil: moment(p.HeldUntil),
	}
}

func ownTags(p *reprint.Page) []string {
	own := []string{}
	for _, tag := range p.Tags {
		if !strings.Contains(tag, " ") {
			own = append(own, tag)
		}
	}
	return own
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}

// moment is a time that may be absent.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
