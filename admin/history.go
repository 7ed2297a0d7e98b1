package admin

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/reprint-go/reprint"
)

// History is the part of a [Site] that knows earlier versions of its pages.
type History interface {
	Versions(ctx context.Context, path string) ([]reprint.Version, error)
	Version(ctx context.Context, id int64) (*reprint.Version, error)
	DeleteVersion(ctx context.Context, id int64) error
	Aside(ctx context.Context, after int64, limit int) ([]reprint.Version, error)
	Restore(ctx context.Context, r reprint.Restoration) (*reprint.Receipt, error)
	Release(ctx context.Context, r reprint.Revalidation) (*reprint.Receipt, error)
}

func historyEndpoints() []endpoint {
	return []endpoint{
		{http.MethodGet, "/v1/versions", actionRead, []string{"path"}, (*handler).versions},
		{http.MethodGet, "/v1/versions/diff", actionRead, []string{"from", "to"}, (*handler).diff},
		{http.MethodGet, "/v1/versions/{id}", actionRead, nil, (*handler).version},
		{http.MethodDelete, "/v1/versions/{id}", actionRevalidate, nil, (*handler).dropVersion},
		{http.MethodGet, "/v1/aside", actionRead, []string{"limit", "cursor"}, (*handler).aside},
		{http.MethodPost, "/v1/aside/{id}", actionRevalidate, nil, (*handler).decide},
		{http.MethodPost, "/v1/restore", actionRevalidate, nil, (*handler).restore},
		{http.MethodPost, "/v1/release", actionRevalidate, nil, (*handler).release},
	}
}

func (h *handler) versions(c *call) (answer, error) {
	path := c.query.Get("path")
	if path == "" {
		return answer{}, badRequest("the parameter path is missing", "name the page: /v1/versions?path=/posts/42")
	}
	path, err := c.who.path(path)
	if err != nil {
		return answer{}, err
	}
	found, err := h.site.Versions(c.ctx(), path)
	if err != nil {
		return answer{}, err
	}
	body := VersionList{Versions: make([]Version, 0, len(found))}
	for _, v := range found {
		if c.who.hosts == nil || slices.Contains(c.who.hosts, v.Page.Key.Host) {
			body.Versions = append(body.Versions, newVersion(&v))
		}
	}
	return answer{status: http.StatusOK, body: body}, nil
}

func (h *handler) version(c *call) (answer, error) {
	v, err := h.versionOf(c, c.id)
	if err != nil {
		return answer{}, err
	}
	body := newVersion(v)
	body.Header = v.Page.Header
	if isText(v.Page.Body) {
		s := string(v.Page.Body)
		body.Body = &s
	} else {
		body.BodyBase64 = base64.StdEncoding.EncodeToString(v.Page.Body)
	}
	return answer{status: http.StatusOK, body: body}, nil
}

func (h *handler) dropVersion(c *call) (answer, error) {
	v, err := h.versionOf(c, c.id)
	if err != nil {
		return answer{}, err
	}
	if err := h.drop(c, v); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: newVersion(v)}, nil
}

func (h *handler) drop(c *call, v *reprint.Version) error {
	err := h.site.DeleteVersion(c.ctx(), v.ID)
	h.logCall(c, "admin: drop a version", append(c.by(), slog.Int64("version", v.ID), slog.String("page", v.Page.Key.String())), err)
	return err
}

// by says who calls, for the log.
func (c *call) by() []slog.Attr { return []slog.Attr{slog.String("by", c.who.by)} }

// versionOf returns the version with an ID that is written as text, with its body, if the
// caller may see its page.
func (h *handler) versionOf(c *call, id string) (*reprint.Version, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n < 1 {
		return nil, badRequest("the ID of a version is a number, not "+shorten(id), listVersions)
	}
	v, err := h.site.Version(c.ctx(), n)
	switch {
	case errors.Is(err, reprint.ErrDamaged):
		return nil, noVersion(n, "it was damaged, and is not kept any more")
	case err != nil:
		return nil, err
	case v == nil:
		return nil, noVersion(n, "the oldest are dropped; "+listVersions)
	case !c.who.sees(v.Page.Key):
		return nil, c.who.forbid(fmt.Sprintf("may not name version %d, which is of another part of the site", n), c.who.limits())
	}
	return v, nil
}

func noVersion(id int64, fix string) *problem {
	return &problem{status: http.StatusNotFound, told: Error{Message: fmt.Sprintf("there is no version %d", id), Fix: fix}}
}

// aside lists what was refused. A caller who may see a part of the site only gets that
// part of each list.
func (h *handler) aside(c *call) (answer, error) {
	limit, after, err := c.readAsideQuery()
	if err != nil {
		return answer{}, err
	}
	found, err := h.site.Aside(c.ctx(), after, limit)
	if err != nil {
		return answer{}, err
	}
	body := VersionList{Versions: make([]Version, 0, len(found))}
	for _, v := range found {
		if c.who.sees(v.Page.Key) {
			body.Versions = append(body.Versions, newVersion(&v))
		}
	}
	if len(found) == limit {
		body.Next = strconv.FormatInt(found[limit-1].ID, 10)
	}
	return answer{status: http.StatusOK, body: body}, nil
}

func (c *call) readAsideQuery() (limit int, after int64, err error) {
	var errs []error
	limit = 100
	if s := c.query.Get("limit"); s != "" {
		if limit, err = strconv.Atoi(s); err != nil || limit < 1 || limit > maxLimit {
			errs = append(errs, badRequest("the limit "+shorten(s)+" is no number from 1 to "+strconv.Itoa(maxLimit), ""))
		}
	}
	if s := c.query.Get("cursor"); s != "" {
		if after, err = strconv.ParseInt(s, 10, 64); err != nil || after < 0 {
			errs = append(errs, badRequest("the cursor "+shorten(s)+" is none", "take what next of the list before says"))
		}
	}
	return limit, after, errors.Join(errs...)
}

// decide accepts or drops what was refused.
func (h *handler) decide(c *call) (answer, error) {
	if err := h.spend(c); err != nil {
		return answer{}, err
	}
	var b AsideRequest
	if err := c.readObject([]member{{"do", "a string", &b.Do}}, false); err != nil {
		return answer{}, err
	}
	if b.Do != "accept" && b.Do != "drop" {
		return answer{}, badRequest(fmt.Sprintf("do is %q", shorten(b.Do)), `write {"do":"accept"} or {"do":"drop"}`)
	}
	v, err := h.versionOf(c, c.id)
	switch {
	case err != nil:
		return answer{}, err
	case v.Refused == "":
		return answer{}, &problem{status: http.StatusNotFound, told: Error{
			Message: fmt.Sprintf("version %d was served, and is not kept aside", v.ID),
			Fix:     fmt.Sprintf(`to put it back: POST /v1/restore {"version":%d}, or reprint restore --version %[1]d`, v.ID),
		}}
	case b.Do == "drop":
		if err := h.drop(c, v); err != nil {
			return answer{}, err
		}
		return answer{status: http.StatusOK, body: newVersion(v)}, nil
	}
	return h.carryOut(c, reprint.Restoration{
		Version: v.ID, Unheld: true, By: c.who.by, From: h.from(c.r),
		Of: reprint.Revalidation{Confirm: true}, // who has looked at one page and accepts it means that one
	})
}

func (h *handler) restore(c *call) (answer, error) {
	if err := h.spend(c); err != nil {
		return answer{}, err
	}
	r, err := h.readRestoration(c)
	if err != nil {
		return answer{}, err
	}
	return h.carryOut(c, r)
}

// carryOut restores, and says what came of it.
func (h *handler) carryOut(c *call, r reprint.Restoration) (answer, error) {
	receipt, err := h.site.Restore(c.ctx(), r)
	attrs := c.by()
	if r.Version != 0 {
		attrs = append(attrs, slog.Int64("version", r.Version))
	} else {
		attrs = append(attrs, targetAttrs(r.Of)...)
		attrs = append(attrs, slog.Time("asOf", r.AsOf))
	}
	switch {
	case r.Unheld:
		attrs = append(attrs, slog.Bool("unheld", true))
	case !r.Until.IsZero():
		attrs = append(attrs, slog.Time("until", r.Until))
	}
	if r.DryRun {
		attrs = append(attrs, slog.Bool("dryRun", true))
	}
	if r.Of.Confirm {
		attrs = append(attrs, slog.Bool("confirm", true))
	}
	h.logCall(c, "admin: restore", append(attrs, receiptAttrs(receipt)...), err)
	return answerOf(receipt, err)
}

// answerOf is the answer to a call that returns when all of it is done.
func answerOf(receipt *reprint.Receipt, err error) (answer, error) {
	switch {
	case receipt == nil:
		return answer{}, err
	case err != nil:
		return incomplete(receipt, err)
	}
	return answer{status: http.StatusOK, body: receipt}, nil
}

func (h *handler) readRestoration(c *call) (reprint.Restoration, error) {
	var b RestoreRequest
	members := append(targetMembers(&b.Paths, &b.Tags, &b.Prefixes, &b.Patterns, &b.All, &b.Host),
		member{"version", "a whole number", &b.Version}, member{"asOf", aMoment, &b.AsOf}, member{"until", aMoment, &b.Until},
		member{"unheld", "true or false", &b.Unheld}, member{"dryRun", "true or false", &b.DryRun},
		member{"confirm", "true or false", &b.Confirm})
	if err := c.readObject(members, false); err != nil {
		return reprint.Restoration{}, err
	}
	r := reprint.Restoration{Version: b.Version, Unheld: b.Unheld, DryRun: b.DryRun, By: c.who.by, From: h.from(c.r)}
	if b.AsOf != nil {
		r.AsOf = *b.AsOf
	}
	if b.Until != nil {
		r.Until = *b.Until
	}
	r.Of = reprint.Revalidation{
		Paths: b.Paths, Tags: b.Tags, Prefixes: b.Prefixes, Patterns: b.Patterns, All: b.All, Host: b.Host,
		Confirm: b.Confirm, Brake: c.who.brake,
	}
	if err := errors.Join(checkMoments(r, time.Now()), checkTargets(r.Of)); err != nil {
		return r, err
	}
	if r.Version == 0 {
		var err error
		r.Of, err = c.who.aim(r.Of)
		return r, err
	}
	if named := r.Of; named.All || named.Host != "" || targetsIn(named) > 0 {
		return r, badRequest("a version and targets are named, and a version is of one page", "leave out one of them")
	}
	_, err := h.versionOf(c, strconv.FormatInt(r.Version, 10))
	return r, err
}

// listVersions says how the ID of a version is found.
const listVersions = "list those that are kept: GET /v1/versions?path=/posts/42, or reprint history /posts/42"

const aMoment = "a moment like 2026-11-29T14:05:00Z"

// targetMembers are those that name pages.
func targetMembers(paths, tags, prefixes, patterns *[]string, all *bool, host *string) []member {
	const texts = "a list of strings"
	return []member{
		{"paths", texts, paths}, {"tags", texts, tags}, {"prefixes", texts, prefixes}, {"patterns", texts, patterns},
		{"all", "true or false", all}, {"host", "a string", host},
	}
}

func targetsIn(r reprint.Revalidation) int {
	return len(r.Paths) + len(r.Tags) + len(r.Prefixes) + len(r.Patterns)
}

func checkTargets(r reprint.Revalidation) error {
	var errs []error
	for _, tag := range r.Tags {
		if err := reprint.ValidTag(tag); err != nil {
			errs = append(errs, badRequest(text(err), ""))
		}
	}
	if n := targetsIn(r); n > maxTargets {
		errs = append(errs, badRequest(fmt.Sprintf("%d targets are too many; at most %d in one call", n, maxTargets), "name a prefix or a tag, or make several calls"))
	}
	return errors.Join(errs...)
}

// checkMoments checks what the site would refuse too, so that it is said what is wrong
// with the call.
func checkMoments(r reprint.Restoration, now time.Time) error {
	var errs []error
	wrong := func(message, fix string) { errs = append(errs, badRequest(message, fix)) }
	switch {
	case r.Version < 0:
		wrong("field version must be above 0", "")
	case r.Version == 0 && r.AsOf.IsZero():
		wrong("neither version nor asOf is there, so nothing says which content is meant", `write {"version":12}, or {"paths":["/posts/42"],"asOf":"2026-11-29T14:05:00Z"}`)
	case r.Version != 0 && !r.AsOf.IsZero():
		wrong("version and asOf are there, and only one of them can say which content is meant", "leave out one of them")
	case r.AsOf.After(now):
		wrong("asOf is in the future", "name a moment at which the pages were right")
	}
	switch {
	case r.Until.IsZero():
	case r.Unheld:
		wrong("until and unheld are there, and what is not held has no end", "leave out one of them")
	case !r.Until.After(now):
		wrong("until is past", "name a moment to come, or leave it out to hold the pages until they are released")
	}
	return errors.Join(errs...)
}

func (h *handler) release(c *call) (answer, error) {
	if err := h.spend(c); err != nil {
		return answer{}, err
	}
	var b ReleaseRequest
	members := append(targetMembers(&b.Paths, &b.Tags, &b.Prefixes, &b.Patterns, &b.All, &b.Host),
		member{"dryRun", "true or false", &b.DryRun}, member{"confirm", "true or false", &b.Confirm})
	if err := c.readObject(members, false); err != nil {
		return answer{}, err
	}
	r := reprint.Revalidation{
		Paths: b.Paths, Tags: b.Tags, Prefixes: b.Prefixes, Patterns: b.Patterns, All: b.All, Host: b.Host,
		DryRun: b.DryRun, Confirm: b.Confirm, Brake: c.who.brake, By: c.who.by, From: h.from(c.r),
	}
	err := checkTargets(r)
	if err == nil {
		r, err = c.who.aim(r)
	}
	if err != nil {
		return answer{}, err
	}
	receipt, err := h.site.Release(c.ctx(), r)
	attrs := append(c.by(), targetAttrs(r)...)
	if r.DryRun {
		attrs = append(attrs, slog.Bool("dryRun", true))
	}
	if r.Confirm {
		attrs = append(attrs, slog.Bool("confirm", true))
	}
	h.logCall(c, "admin: release", append(attrs, receiptAttrs(receipt)...), err)
	return answerOf(receipt, err)
}

// targetAttrs are the targets of r, for the log.
func targetAttrs(r reprint.Revalidation) []slog.Attr {
	var attrs []slog.Attr
	attrs = append(attrs, some("paths", r.Paths)...)
	attrs = append(attrs, some("tags", r.Tags)...)
	attrs = append(attrs, some("prefixes", r.Prefixes)...)
	attrs = append(attrs, some("patterns", r.Patterns)...)
	if r.All {
		attrs = append(attrs, slog.Bool("all", true))
	}
	if r.Host != "" {
		attrs = append(attrs, slog.String("host", r.Host))
	}
	return attrs
}

func receiptAttrs(r *reprint.Receipt) []slog.Attr {
	if r == nil {
		return nil
	}
	return []slog.Attr{slog.String("receipt", r.ID), slog.Int("matched", r.Matched), slog.Int("failed", r.Failed)}
}

// newVersion shows a version without its body.
func newVersion(v *reprint.Version) Version {
	return Version{
		ID: v.ID, Path: v.Page.Key.String(), Status: v.Page.Status, Size: v.Size, ETag: v.Page.ETag(),
		ModifiedAt: v.Page.ModifiedAt.UTC(), ReplacedAt: v.Replaced.UTC(), Refused: v.Refused, Tags: ownTags(v.Page),
	}
}

// isText reports whether a body can be shown as text as it is.
func isText(body []byte) bool { return utf8.Valid(body) }

// refusedOf returns what is kept aside of the pages of a path. Without it the rest of an
// explanation is as true, so no error of it is told.
func (h *handler) refusedOf(c *call, path string) map[reprint.Key]*reprint.Version {
	versions, err := h.site.Versions(c.ctx(), path)
	if err != nil {
		return nil
	}
	refused := make(map[reprint.Key]*reprint.Version)
	for i := range versions {
		if v := &versions[i]; v.Refused != "" {
			refused[v.Page.Key] = v
		}
	}
	return refused
}

func isHeld(p *reprint.Page, now time.Time) bool { return p.HeldUntil.After(now) }

// held says that a page was restored and stays.
func held(p *reprint.Page, now time.Time) []string {
	switch {
	case !isHeld(p, now):
		return nil
	case p.HeldUntil.Year() >= 9999:
		return []string{"An earlier version of it was restored, and is held until it is released: nothing but a deletion takes its place."}
	}
	return []string{"An earlier version of it was restored, and is held until " + clock(p.HeldUntil) + " or until it is released: nothing but a deletion takes its place."}
}

// keptAside says what could take a page's place, if somebody accepts it.
func keptAside(v *reprint.Version, now time.Time) string {
	return fmt.Sprintf("A new page was refused %s and is kept aside as version %d, to be accepted or dropped: %s.", at(v.Replaced, now), v.ID, v.Refused)
}
