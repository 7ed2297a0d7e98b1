package admin

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/reprint-go/reprint"
)

// Plan is a revalidation that is made at a moment, once or every day.
type Plan struct {
	ID     string            `json:"id"`
	Next   *time.Time        `json:"next,omitempty"`  // absent: it is not made any more; see Error
	Daily  string            `json:"daily,omitempty"` // like 06:00 Europe/Berlin; absent: once
	By     string            `json:"by"`
	Made   time.Time         `json:"made"`
	What   RevalidateRequest `json:"what"`
	Last   string            `json:"last,omitempty"`   // ID of the receipt of the last one that was made
	Error  string            `json:"error,omitempty"`  // why the last attempt made none
	Failed int               `json:"failed,omitempty"` // attempts in a row that made none
}

// Planned is the answer to a revalidation that is made later.
type Planned struct {
	Plan Plan `json:"plan"`
}

// DuePage is a page that has asked to be rendered again at a moment.
type DuePage struct {
	Path string    `json:"path"` // the key as text
	At   time.Time `json:"at"`
}

// Schedule is the answer to GET /v1/schedule: what will be made by itself.
type Schedule struct {
	Plans []Plan    `json:"plans"` // the soonest first
	Pages []DuePage `json:"pages"` // within 7 days, the soonest first, at most 1,000
}

// Cancelled is the answer to DELETE /v1/schedule and what is below it.
type Cancelled struct {
	Cancelled int `json:"cancelled"` // plans, or pages of the path
}

// How far the schedule looks ahead, and how many pages it shows.
const (
	dueWithin   = 7 * 24 * time.Hour
	maxDuePages = 1000
)

// moments is when a revalidation is to be made. The zero moments: now.
type moments struct {
	at    time.Time
	daily reprint.Daily
}

func (m moments) isZero() bool { return m.at.IsZero() && m.daily.IsZero() }

// readMoments reads when a revalidation is to be made.
func readMoments(b RevalidateRequest) (m moments, err error) {
	switch {
	case b.RevalidateAt == "" && b.Daily == "":
		return m, nil
	case b.RevalidateAt != "" && b.Daily != "":
		return m, badRequest("both revalidateAt and daily are there", "name one of them, and plan the other with another call")
	case b.DryRun:
		return m, badRequest("dryRun says what is now; it cannot be planned", "leave revalidateAt and daily out")
	case b.Daily != "":
		if m.daily, err = reprint.ParseDaily(b.Daily); err != nil {
			return m, badRequest("daily: "+text(err), "")
		}
		return m, nil
	}
	if m.at, err = time.Parse(time.RFC3339, b.RevalidateAt); err != nil {
		return m, badRequest(fmt.Sprintf("revalidateAt: %q is no moment", shorten(b.RevalidateAt)), "write it as RFC 3339 does, like 2026-12-01T06:00:00Z or 2026-12-01T07:00:00+01:00")
	}
	if time.Since(m.at) > time.Minute {
		return m, badRequest(fmt.Sprintf("revalidateAt: %s is past", b.RevalidateAt), "leave it out to revalidate now")
	}
	if m.at.UTC().Year() >= 9999 {
		return m, badRequest(fmt.Sprintf("revalidateAt: %s never comes", b.RevalidateAt), "name an earlier moment")
	}
	return m, nil
}

// plan has a revalidation made later.
func (h *handler) plan(c *call, r reprint.Revalidation, when moments) (answer, error) {
	var p reprint.Plan
	var err error
	if when.daily.IsZero() {
		p, err = h.site.Schedule(c.ctx(), r, when.at)
	} else {
		p, err = h.site.ScheduleDaily(c.ctx(), r, when.daily)
	}
	if err != nil {
		h.logRevalidation(c, r, nil, err)
		return answer{}, err
	}
	h.logRevalidation(c, r, nil, nil, slog.String("plan", p.ID), slog.Time("next", p.Next), slog.String("daily", p.Daily.String()))
	return answer{http.StatusAccepted, Planned{newPlan(p)}, map[string]string{"Location": "/v1/schedule"}}, nil
}

func newPlan(p reprint.Plan) Plan {
	return Plan{
		ID: p.ID, Next: moment(p.Next), Daily: p.Daily.String(), By: p.By, Made: p.Made.UTC(), What: newRequest(p.What),
		Last: p.Last, Error: p.Error, Failed: p.Failed,
	}
}

// newRequest is the call that a revalidation was asked for with.
func newRequest(r reprint.Revalidation) RevalidateRequest {
	b := RevalidateRequest{
		Paths: r.Paths, Tags: r.Tags, EveryTag: r.EveryTag, Prefixes: r.Prefixes, Patterns: r.Patterns, All: r.All, Host: r.Host,
		Mode: r.Mode.String(), OnlyGenerated: r.OnlyGenerated, Refill: r.Refill,
	}
	if !r.Only.IsZero() {
		b.Only = &Only{Statuses: r.Only.Statuses, OlderThan: duration(r.Only.OlderThan)}
		for _, state := range r.Only.States {
			b.Only.States = append(b.Only.States, string(state))
		}
	}
	if x := r.Expect; !x.IsZero() {
		b.Expect = &Expect{Header: x.Header, Contains: x.Contains, Changed: x.Changed, Version: x.Version, Timeout: duration(x.Timeout)}
	}
	return b
}

// duration is a length of time as a request has it.
func duration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func (h *handler) schedule(c *call) (answer, error) {
	body := Schedule{Plans: []Plan{}, Pages: []DuePage{}}
	for _, p := range h.site.Plans() {
		if c.who.owns(p.By) {
			body.Plans = append(body.Plans, newPlan(p))
		}
	}
	pages, err := h.site.DuePages(c.ctx(), time.Now().Add(dueWithin), maxDuePages)
	if err != nil {
		return answer{}, err
	}
	for _, p := range pages {
		if c.who.sees(p.Key) {
			body.Pages = append(body.Pages, DuePage{p.Key.String(), p.Due.UTC()})
		}
	}
	return answer{status: http.StatusOK, body: body}, nil
}

func (h *handler) cancelPlan(c *call) (answer, error) {
	err := h.mayCancel(c)
	if err == nil {
		err = h.site.Unschedule(c.ctx(), c.id)
	}
	h.logCall(c, "admin: cancel a plan", []slog.Attr{slog.String("by", c.who.by), slog.String("plan", c.id)}, err)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: Cancelled{1}}, nil
}

// mayCancel returns nil when the caller may cancel the plan that it names, or when there
// is none: a caller that is limited may cancel its own.
func (h *handler) mayCancel(c *call) error {
	for _, p := range h.site.Plans() {
		if p.ID == c.id && !c.who.owns(p.By) {
			return c.who.forbid("may cancel only the plans of its own calls", c.who.limits())
		}
	}
	return nil
}

func (h *handler) cancelDue(c *call) (answer, error) {
	path := c.query.Get("path")
	if path == "" {
		return answer{}, badRequest("the parameter path is missing", "name the page, /v1/schedule?path=/events/7, or a plan, /v1/schedule/ID")
	}
	n, err := h.cancelDuePages(c, path)
	h.logCall(c, "admin: cancel the moment of a page", []slog.Attr{slog.String("by", c.who.by), slog.String("path", path), slog.Int("cancelled", n)}, err)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: Cancelled{n}}, nil
}

func (h *handler) cancelDuePages(c *call, path string) (int, error) {
	if c.who.hosts != nil {
		return 0, c.who.forbid("may not cancel the moments of pages", "it is limited to hosts, and they are cancelled on all hosts")
	}
	canonical, err := c.who.path(path)
	if err != nil {
		return 0, err
	}
	n, err := h.site.CancelDue(c.ctx(), canonical)
	if err == nil && n == 0 {
		err = &problem{status: http.StatusNotFound, told: Error{
			Message: "no page of " + shorten(path) + " has asked to be rendered at a moment", Fix: "see GET /v1/schedule, or reprint schedule, for those that have",
		}}
	}
	return n, err
}

// checkRefill returns what the site would refuse too.
func checkRefill(r reprint.Revalidation) error {
	var errs []error
	if r.Refill && r.Mode == reprint.Delete {
		errs = append(errs, badRequest("refill: mode delete leaves nothing to render", "leave refill out, or choose another mode"))
	}
	if r.Refill && !r.Expect.IsZero() {
		errs = append(errs, badRequest("refill and expect are both there, and a refill waits for nothing", "leave one of them out"))
	}
	return errors.Join(errs...)
}
