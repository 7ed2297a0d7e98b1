package admin

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/reprint-go/reprint"
)

// Refill is how far the rendering behind a revalidation with refill has come. See
// [reprint.Refill].
type Refill struct {
	ID          string    `json:"id"` // of the revalidation and its receipt
	By          string    `json:"by"`
	At          time.Time `json:"at"`
	Mode        string    `json:"mode"`
	Listed      bool      `json:"listed"` // total is known
	Total       int       `json:"total"`
	Done        int       `json:"done"` // rendered, or given up
	Failed      int       `json:"failed"`
	Paused      bool      `json:"paused"`
	Resting     bool      `json:"resting"`               // nothing begins for a while, because everything failed of late
	Limit       int       `json:"limit"`                 // renders that all refills may have under way, now
	Rate        float64   `json:"rate"`                  // pages a second, of late; 0: not known
	LeftSeconds int       `json:"leftSeconds,omitempty"` // absent: not known
}

// RefillList is the answer to GET /v1/refills, and to what changes a refill.
type RefillList struct {
	Refills []Refill `json:"refills"` // those that are not done, the oldest first
}

// RefillRequest is the body of POST /v1/refills/{id}.
type RefillRequest struct {
	Do string `json:"do"` // pause, resume or cancel
}

// refillDeeds are what can be done to a refill.
var refillDeeds = []string{"pause", "resume", "cancel"}

func (h *handler) refills(c *call) (answer, error) {
	return answer{status: http.StatusOK, body: RefillList{h.refillsOf(c.who)}}, nil
}

// refillsOf returns the refills that a caller may see: one that is limited to a part of
// the site sees those of its own calls.
func (h *handler) refillsOf(who *caller) []Refill {
	all := []Refill{}
	for _, f := range h.site.Refills() {
		if who.owns(f.By) {
			all = append(all, newRefill(f))
		}
	}
	return all
}

func newRefill(f reprint.Refill) Refill {
	return Refill{
		ID: f.ID, By: f.By, At: f.At.UTC(), Mode: f.Mode.String(),
		Listed: f.Listed, Total: f.Total, Done: f.Done, Failed: f.Failed,
		Paused: f.Paused, Resting: f.Resting, Limit: f.Limit, Rate: f.Rate, LeftSeconds: int(f.Left / time.Second),
	}
}

func (h *handler) changeRefill(c *call) (answer, error) {
	var b RefillRequest
	if err := c.readObject([]member{{"do", "a string", &b.Do}}, false); err != nil {
		return answer{}, err
	}
	if !slices.Contains(refillDeeds, b.Do) {
		return answer{}, badRequest(fmt.Sprintf("do is %q", shorten(b.Do)), "there are "+list(refillDeeds))
	}
	if c.who.isLimited() {
		return answer{}, c.who.forbid("may not "+b.Do+" refills", c.who.limits())
	}
	err := h.setRefill(c, b.Do)
	h.logCall(c, "admin: refill", []slog.Attr{slog.String("by", c.who.by), slog.String("refill", c.id), slog.String("do", b.Do)}, err)
	if err != nil {
		return answer{}, err
	}
	return h.refills(c)
}

func (h *handler) setRefill(c *call, do string) error {
	switch do {
	case "pause":
		return h.site.PauseRefill(c.ctx(), c.id)
	case "resume":
		return h.site.ResumeRefill(c.ctx(), c.id)
	}
	return h.site.CancelRefill(c.ctx(), c.id)
}

// isLimited reports whether the caller may do things to a part of the site only, or on
// some of its hosts.
func (c *caller) isLimited() bool { return c.limited() || c.hosts != nil }

// owns reports whether the caller may see what somebody else's call has begun.
func (c *caller) owns(by string) bool { return !c.isLimited() || c.by == by }
