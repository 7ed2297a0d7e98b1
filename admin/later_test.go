package admin_test

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
)

// fakeLater is what a fakeSite does behind its answers and later.
type fakeLater struct {
	refilling []reprint.Refill
	planned   []reprint.Plan
	due       int   // pages that have a moment
	laterErr  error // of all that can fail

	done []string // what it was asked to do, in words
}

// told notes a deed.
func (s *fakeLater) told(format string, args ...any) error {
	s.done = append(s.done, fmt.Sprintf(format, args...))
	return s.laterErr
}

func (s *fakeLater) Refills() []reprint.Refill                       { return s.refilling }
func (s *fakeLater) PauseRefill(_ context.Context, id string) error  { return s.told("pause %s", id) }
func (s *fakeLater) ResumeRefill(_ context.Context, id string) error { return s.told("resume %s", id) }
func (s *fakeLater) CancelRefill(_ context.Context, id string) error { return s.told("cancel %s", id) }
func (s *fakeLater) Plans() []reprint.Plan                           { return s.planned }
func (s *fakeLater) Unschedule(_ context.Context, id string) error {
	return s.told("unschedule %s", id)
}
func (s *fakeLater) CancelDue(_ context.Context, p string) (int, error) {
	return s.due, s.told("no moment %s", p)
}

func (s *fakeLater) Schedule(_ context.Context, r reprint.Revalidation, at time.Time) (reprint.Plan, error) {
	return s.plan(reprint.Plan{What: r, Next: at})
}

func (s *fakeLater) ScheduleDaily(_ context.Context, r reprint.Revalidation, at reprint.Daily) (reprint.Plan, error) {
	return s.plan(reprint.Plan{What: r, Next: renderedAt, Daily: at})
}

func (s *fakeLater) plan(p reprint.Plan) (reprint.Plan, error) {
	p.ID, p.By, p.Made = "PLAN", p.What.By, renderedAt
	s.planned = append(s.planned, p)
	return p, s.laterErr
}

func (s *fakeLater) DuePages(_ context.Context, until time.Time, limit int) ([]reprint.DuePage, error) {
	if in := time.Until(until); in < 6*24*time.Hour || in > 7*24*time.Hour || limit != 1000 {
		return nil, fmt.Errorf("asked for %d pages in %v", limit, in)
	}
	var pages []reprint.DuePage
	for _, path := range []string{"/events/7", "/posts/1"}[:min(s.due, 2)] {
		pages = append(pages, reprint.DuePage{Key: reprint.Key{Host: "h", Path: path}, Due: renderedAt})
	}
	return pages, s.laterErr
}

// laterSite is a site with one refill, two plans and two pages that are due; err is that of
// all that can fail.
func laterSite(err error) *fakeSite {
	return &fakeSite{fakeLater: fakeLater{
		laterErr: err, due: 2,
		refilling: []reprint.Refill{{
			ID: "A", By: "token editor", At: renderedAt, Mode: reprint.Stale, Listed: true, Total: 120, Done: 30, Failed: 2,
			Paused: true, Limit: 4, Rate: 2.5, Left: 36 * time.Second,
		}},
		planned: []reprint.Plan{{
			ID: "B", Next: renderedAt, By: "token editor", Made: renderedAt, Last: "R", Error: "no", Failed: 2,
			What: reprint.Revalidation{
				Paths: []string{"/a"}, By: "token editor", Refill: true, Confirm: true,
				Only: reprint.Only{States: []reprint.State{reprint.StateStale}, OlderThan: time.Hour}, Expect: reprint.Expect{Changed: true},
			},
		}, {ID: "C", By: "token editor", Made: renderedAt, Error: "no"}},
	}}
}

// rehearsal is the receipt of a dry run.
func rehearsal() *reprint.Receipt {
	return &reprint.Receipt{Matched: 1, At: renderedAt, Estimate: &reprint.Estimate{Traffic: 0.18, Since: renderedAt, Rendering: 34 * time.Second}}
}

func TestRevalidationsReachTheSiteWhole(t *testing.T) {
	site := &fakeSite{receipt: &reprint.Receipt{ID: "A", Running: true}}
	opts := withTokens(site)
	opts.Tokens[0].Brake = &reprint.Brake{Pages: 10}
	w := call{target: "/v1/revalidate", body: `{"all":true,"refill":true,"confirm":true}`, secret: newSecret}.do(t, newHandler(t, opts))
	wantStatus(t, w, http.StatusAccepted)
	want := reprint.Revalidation{All: true, Refill: true, Confirm: true, Brake: &reprint.Brake{Pages: 10}, By: "token editor", From: "127.0.0.1:40000"}
	if got := site.applications(); !reflect.DeepEqual(got, []reprint.Revalidation{want}) || w.Header().Get("Location") != "/v1/receipts/A" {
		t.Errorf("applied %+v, Location %q", got, w.Header().Get("Location"))
	}
}

func TestWhatIsNotConfirmedIsAConflict(t *testing.T) {
	site := &fakeSite{err: &reprint.UnconfirmedError{Brake: reprint.Brake{Pages: 1000}, Pages: 1001}}
	w := call{target: "/v1/revalidate", body: `{"all":true}`, secret: newSecret}.do(t, newHandler(t, withTokens(site)))
	wantTold(t, w, http.StatusConflict, "more than 1000 pages", `repeat the call with "confirm": true; "dryRun": true says what it means`)
}

func TestDryRunsSayWhatTheyMean(t *testing.T) {
	site := &fakeSite{receipt: rehearsal()}
	w := call{target: "/v1/revalidate", body: `{"all":true,"dryRun":true}`, secret: newSecret}.do(t, newHandler(t, withTokens(site)))
	wantStatus(t, w, http.StatusOK)
	if want := `"estimate":{"traffic":0.18,"since":"`; !strings.Contains(w.Body.String(), want) || !strings.Contains(w.Body.String(), `"renderingSeconds":34}`) {
		t.Errorf("answer %s", w.Body)
	}
}

func TestPlans(t *testing.T) {
	site := &fakeSite{}
	h := newHandler(t, withTokens(site))
	w := call{target: "/v1/revalidate", body: `{"tags":["news"],"refill":true,"daily":"06:00 Europe/Berlin"}`, secret: newSecret}.do(t, h)
	wantStatus(t, w, http.StatusAccepted)
	p := decode[admin.Planned](t, w.Body.Bytes()).Plan
	if p.ID != "PLAN" || p.Daily != "06:00 Europe/Berlin" || p.By != "token editor" || p.Next == nil || !p.What.Refill || !slices.Equal(p.What.Tags, []string{"news"}) {
		t.Errorf("plan %+v", p)
	}
	at := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	w = call{target: "/v1/revalidate", body: fmt.Sprintf(`{"paths":["/a"],"revalidateAt":%q}`, at.Format(time.RFC3339)), secret: newSecret}.do(t, h)
	wantStatus(t, w, http.StatusAccepted)
	if p := decode[admin.Planned](t, w.Body.Bytes()).Plan; p.Next == nil || !p.Next.Equal(at) || p.Daily != "" {
		t.Errorf("plan %+v, want one at %v", p, at)
	}
	if n := len(site.applications()); n != 0 {
		t.Errorf("%d revalidations were made at once", n)
	}
	for body, want := range map[string]string{
		`{"all":true,"daily":"6 Uhr"}`:                                           "no time of day",
		`{"all":true,"daily":"06:00 Europe/Berlim"}`:                             "unknown time zone",
		`{"all":true,"daily":"06:00"}`:                                           "does not say where",
		`{"all":true,"revalidateAt":"tomorrow"}`:                                 "RFC 3339",
		`{"all":true,"revalidateAt":"2001-12-01T06:00:00Z"}`:                     "is past",
		`{"all":true,"revalidateAt":"9999-12-31T23:59:59-12:00"}`:                "never comes",
		`{"all":true,"revalidateAt":"2126-12-01T06:00:00Z","daily":"06:00 UTC"}`: "both",
		`{"all":true,"revalidateAt":"2126-12-01T06:00:00Z","dryRun":true}`:       "cannot be planned",
		`{"all":true,"refill":true,"mode":"delete"}`:                             "mode delete",
		`{"all":true,"refill":true,"expect":{"changed":true}}`:                   "refill and expect",
		`{"all":true,"refill":"yes"}`:                                            "true or false",
	} {
		wantTold(t, call{target: "/v1/revalidate", body: body, secret: newSecret}.do(t, h), 400, want)
	}
}

// What a token may not do now, it may not plan.
func TestScopesHoldForPlans(t *testing.T) {
	site := &fakeSite{}
	do := scoped(t, site, admin.Token{Paths: []string{"/posts/*"}})
	for body, want := range map[string]int{
		`{"all":true,"daily":"06:00 UTC"}`:           403,
		`{"paths":["/shop/1"],"daily":"06:00 UTC"}`:  403,
		`{"paths":["/posts/1"],"daily":"06:00 UTC"}`: 202,
	} {
		if got, text := do(call{target: "/v1/revalidate", body: body}); got != want {
			t.Errorf("%s: %d %s, want %d", body, got, text, want)
		}
	}
	if len(site.planned) != 1 {
		t.Errorf("planned %+v", site.planned)
	}
}

func TestRefills(t *testing.T) {
	site := laterSite(nil)
	h := newHandler(t, withTokens(site))
	want := admin.Refill{
		ID: "A", By: "token editor", At: renderedAt.UTC(), Mode: "stale", Listed: true, Total: 120, Done: 30, Failed: 2,
		Paused: true, Limit: 4, Rate: 2.5, LeftSeconds: 36,
	}
	got := decode[admin.RefillList](t, call{target: "/v1/refills", secret: readerSecret}.do(t, h).Body.Bytes())
	if !reflect.DeepEqual(got.Refills, []admin.Refill{want}) {
		t.Errorf("refills %+v, want %+v", got.Refills, want)
	}
	status := decode[admin.Status](t, call{target: "/v1/status", secret: readerSecret}.do(t, h).Body.Bytes())
	if status.Refills != 1 || !reflect.DeepEqual(status.Refilling, []admin.Refill{want}) {
		t.Errorf("the status says %+v", status)
	}
	for _, do := range []string{"pause", "resume", "cancel"} {
		wantStatus(t, call{target: "/v1/refills/A", body: `{"do":"` + do + `"}`, secret: newSecret}.do(t, h), 200)
	}
	if want := []string{"pause A", "resume A", "cancel A"}; !slices.Equal(site.done, want) {
		t.Errorf("done %q, want %q", site.done, want)
	}
	wantTold(t, call{target: "/v1/refills/A", body: `{"do":"stop"}`, secret: newSecret}.do(t, h), 400, `"stop"`, "pause, resume and cancel")
	wantTold(t, call{target: "/v1/refills/A", body: `{"do":"stop"}`, secret: readerSecret}.do(t, h), 403, "may not revalidate")
	gone := newHandler(t, withTokens(laterSite(fmt.Errorf("reprint: %w: A", reprint.ErrNoRefill))))
	wantTold(t, call{target: "/v1/refills/A", body: `{"do":"pause"}`, secret: newSecret}.do(t, gone), 404, "no such refill is under way: A")
}

// Who may see a part of the site only sees its own calls, and leaves those of others alone.
func TestLimitedTokensSeeTheirOwnRefillsAndPlans(t *testing.T) {
	for _, token := range []admin.Token{{Paths: []string{"/posts/*"}}, {Tags: []string{"news"}}, {Hosts: []string{"h"}}} {
		site := laterSite(nil)
		do := scoped(t, site, token)
		for target, want := range map[string]string{"/v1/refills": `{"refills":[]}`, "/v1/schedule": `"plans":[]`} {
			if code, text := do(call{target: target}); code != 200 || !strings.Contains(text, want) {
				t.Errorf("%+v: %s is %d %s", token, target, code, text)
			}
		}
		if _, text := do(call{target: "/v1/status"}); !strings.Contains(text, `"refills":1`) || strings.Contains(text, "refilling") {
			t.Errorf("%+v: the status is %s", token, text)
		}
		for _, c := range []call{
			{target: "/v1/refills/A", body: `{"do":"pause"}`}, {method: "DELETE", target: "/v1/schedule/B"}, {method: "DELETE", target: "/v1/schedule?path=/events/7"},
		} {
			if code, text := do(c); code != 403 {
				t.Errorf("%+v: %s is %d %s", token, c.target, code, text)
			}
		}
		if len(site.done) > 0 {
			t.Errorf("%+v: done %q", token, site.done)
		}
		site.planned[0].By = "token limited"
		if code, text := do(call{method: "DELETE", target: "/v1/schedule/B"}); code != 200 {
			t.Errorf("%+v: its own plan is %d %s", token, code, text)
		}
	}
	site := laterSite(nil)
	do := scoped(t, site, admin.Token{Paths: []string{"/events/*"}})
	if _, text := do(call{target: "/v1/schedule"}); !strings.Contains(text, "/events/7") || strings.Contains(text, "/posts/1") {
		t.Errorf("the schedule is %s", text)
	}
	if code, text := do(call{method: "DELETE", target: "/v1/schedule?path=/events/%37"}); code != 200 || !slices.Equal(site.done, []string{"no moment /events/7"}) {
		t.Errorf("cancelled %d %s: %q", code, text, site.done)
	}
}

func TestSchedule(t *testing.T) {
	site := laterSite(nil)
	h := newHandler(t, withTokens(site))
	got := decode[admin.Schedule](t, call{target: "/v1/schedule", secret: readerSecret}.do(t, h).Body.Bytes())
	if len(got.Plans) != 2 || got.Plans[1].Next != nil || len(got.Pages) != 2 || got.Pages[0].Path != "h/events/7" {
		t.Errorf("schedule %+v", got)
	}
	if what := got.Plans[0].What; what.Only.OlderThan != "1h0m0s" || !what.Expect.Changed || what.Confirm || what.Mode != "regenerate" {
		t.Errorf("it plans %+v", what)
	}
	for target, want := range map[string]string{"/v1/schedule/B": `{"cancelled":1}`, "/v1/schedule?path=/events/7": `{"cancelled":2}`} {
		w := call{method: "DELETE", target: target, secret: newSecret}.do(t, h)
		if wantStatus(t, w, 200); strings.TrimSpace(w.Body.String()) != want {
			t.Errorf("%s: %s, want %s", target, w.Body, want)
		}
		wantStatus(t, call{method: "DELETE", target: target, secret: readerSecret}.do(t, h), 403)
	}
	site.due = 0
	wantTold(t, call{method: "DELETE", target: "/v1/schedule?path=/events/8", secret: newSecret}.do(t, h), 404, "/events/8")
	wantTold(t, call{method: "DELETE", target: "/v1/schedule", secret: newSecret}.do(t, h), 400, "path is missing")
	gone := newHandler(t, withTokens(laterSite(fmt.Errorf("reprint: %w: X", reprint.ErrNoPlan))))
	wantTold(t, call{method: "DELETE", target: "/v1/schedule/X", secret: newSecret}.do(t, gone), 404, "there is no such plan: X")
}

func TestClientPlansAndRefills(t *testing.T) {
	site := laterSite(nil)
	c := clientOf(t, newHandler(t, withTokens(site)), newSecret)
	ctx := t.Context()
	if _, err := c.Revalidate(ctx, admin.RevalidateRequest{All: true, Daily: "06:00 UTC"}); err == nil {
		t.Error("Revalidate takes a time of day")
	}
	if _, err := c.Plan(ctx, admin.RevalidateRequest{All: true}); err == nil {
		t.Error("Plan takes no time")
	}
	if p, err := c.Plan(ctx, admin.RevalidateRequest{All: true, Daily: "06:00 UTC"}); err != nil || p.ID != "PLAN" {
		t.Errorf("plan %+v, %v", p, err)
	}
	if l, err := c.Refills(ctx); err != nil || len(l.Refills) != 1 {
		t.Errorf("refills %+v, %v", l, err)
	}
	if l, err := c.ChangeRefill(ctx, "A", "pause"); err != nil || len(l.Refills) != 1 {
		t.Errorf("refills %+v, %v", l, err)
	}
	if s, err := c.Schedule(ctx); err != nil || len(s.Plans) != 3 {
		t.Errorf("schedule %+v, %v", s, err)
	}
	if x, err := c.CancelPlan(ctx, "B"); err != nil || x.Cancelled != 1 {
		t.Errorf("cancelled %+v, %v", x, err)
	}
	if x, err := c.CancelDue(ctx, "/events/7?a=b"); err != nil || x.Cancelled != 2 {
		t.Errorf("cancelled %+v, %v", x, err)
	}
	if _, err := c.ChangeRefill(ctx, "", "pause"); err == nil {
		t.Error("a refill without an ID is paused")
	}
	if _, err := c.CancelPlan(ctx, ""); err == nil {
		t.Error("a plan without an ID is cancelled")
	}
	if want := []string{"pause A", "unschedule B", "no moment /events/7?a=b"}; !slices.Equal(site.done, want) {
		t.Errorf("done %q, want %q", site.done, want)
	}
}
