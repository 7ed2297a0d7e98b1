package admin

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/reprint-go/reprint"
)

func newExplanation(x reprint.Explanation, refused *reprint.Version, now time.Time) Explanation {
	e := Explanation{
		Path: x.Key.String(), State: string(x.State),
		By: x.By, From: x.From, Failures: x.Failures, LastError: x.LastError,
		RetryAt: moment(x.RetryAt), Next: moment(x.Next),
		Words: words(x, refused, now),
	}
	if refused != nil {
		v := newVersion(refused)
		e.Aside = &v
	}
	if x.Page != nil {
		p := newPage(x.Page, x.State, int64(len(x.Page.Body)), x.FreshUntil)
		e.Page = &p
	}
	if x.Call != nil {
		call := newCause(*x.Call, x.Page)
		e.Call = &call
	}
	for _, entry := range x.StaleBy {
		e.StaleBy = append(e.StaleBy, newCause(entry, x.Page))
	}
	return e
}

func newCause(e reprint.Entry, page *reprint.Page) Cause {
	c := Cause{Position: uint64(e.Position), ID: e.ID, Time: e.Time.UTC(), By: e.By}
	if e.ID == "" { // only its position is kept
		return c
	}
	c.Mode = e.Mode.String()
	c.Tags = e.Tags
	if page != nil {
		c.Tags = e.Naming(page.Tags)
	}
	return c
}

// words says an explanation in sentences: what the page is now, what made it so,
// what makes it stale, what went wrong, and what happens next.
func words(x reprint.Explanation, refused *reprint.Version, now time.Time) []string {
	w := []string{inState(x)}
	if p := x.Page; p != nil {
		w = append(w, held(p, now)...)
		w = append(w, rendered(x, now))
		if x.Call != nil && !x.Caused() {
			w = append(w, "The last call for it before that: "+called(x, now)+".")
		}
		w = append(w, dependsOn(p))
	}
	for _, entry := range x.StaleBy {
		w = append(w, madeStale(newCause(entry, x.Page), now))
	}
	if x.Page != nil && !x.FreshUntil.IsZero() && !x.FreshUntil.After(now) {
		w = append(w, "Its time ran out "+at(x.FreshUntil, now)+".")
	}
	if x.Page != nil && x.Page.Overtaken {
		w = append(w, "A revalidation came while it was rendered, so it is only kept in case that no newer one can be rendered.")
	}
	if x.Failures > 0 {
		w = append(w, failed(x, now))
	}
	if refused != nil {
		w = append(w, keptAside(refused, now))
	}
	if x.Bypass || (x.Page != nil && isHeld(x.Page, now)) {
		return w
	}
	return append(w, next(x, now))
}

func inState(x reprint.Explanation) string {
	path := x.Key.String()
	switch x.State {
	case reprint.StateFresh:
		return path + " is fresh: it is served as it is."
	case reprint.StateStale:
		return path + " is stale: it is served while it is rendered again."
	case reprint.StateExpired:
		return path + " is expired: it is served only when it cannot be rendered again."
	case reprint.StateAbsent:
		if x.Bypass {
			return path + " is absent: its route stores nothing, every request passes through."
		}
		if x.Page == nil {
			return path + " is absent: no page is stored for it."
		}
	}
	return path + " is " + string(x.State) + "."
}

func rendered(x reprint.Explanation, now time.Time) string {
	p := x.Page
	cause := because(p.Cause)
	switch {
	case x.Call != nil && x.Caused():
		cause = "because " + called(x, now)
	case x.By != "":
		cause += " by " + x.By + from(x)
	}
	return fmt.Sprintf("It was rendered %s by route %s, %s, in %v; its content is that of %s.",
		at(p.RenderedAt, now), p.Route, cause, p.RenderTook.Round(time.Microsecond), clock(p.ModifiedAt))
}

// called says who asked for what, when, that the page was rendered for.
func called(x reprint.Explanation, now time.Time) string {
	who := x.Call.By
	if who == "" {
		who = "somebody"
	}
	return fmt.Sprintf("%s%s called for %s %s (receipt %s)", who, from(x), targets(x.Call.Naming(x.Page.Tags)), at(x.Call.Time, now), x.Call.ID)
}

// from says where the call came from.
func from(x reprint.Explanation) string {
	if x.From == "" {
		return ""
	}
	return " (from " + x.From + ")"
}

// because says the cause of a render; see [reprint.Page.Cause].
func because(cause string) string {
	kind, id, _ := strings.Cut(cause, " ")
	switch kind {
	case "visit":
		return "because a visitor asked for it"
	case "stale":
		return "because it was stale"
	case "prerender":
		return "ahead of its visitors (prerender)"
	case "due":
		return "because its time had come"
	case "retry":
		return "because the render before had failed"
	case "revalidate":
		return "for revalidation " + id
	case "restore":
		return "and restored with receipt " + id
	}
	return "because of " + cause
}

func dependsOn(p *reprint.Page) string {
	tags := ownTags(p)
	stamp := fmt.Sprintf("it holds all revalidations up to position %d (its stamp).", p.Stamp)
	switch len(tags) {
	case 0:
		return "It has no tags of its own; " + stamp
	case 1:
		return "It depends on the tag " + tags[0] + "; " + stamp
	}
	return "It depends on the tags " + list(tags) + "; " + stamp
}

func madeStale(c Cause, now time.Time) string {
	if c.ID == "" {
		return fmt.Sprintf("A revalidation at position %d made it so; the journal keeps no more of it.", c.Position)
	}
	by := ""
	if c.By != "" {
		by = " by " + c.By
	}
	return fmt.Sprintf("Revalidation %s of %s made it so %s%s (mode %s, position %d).", c.ID, targets(c.Tags), at(c.Time, now), by, c.Mode, c.Position)
}

// targets says in words what a revalidation named, of tags and implicit tags.
func targets(tags []string) string {
	const enough = 5
	named := make([]string, 0, enough+1)
	for i, tag := range tags {
		if i == enough && len(tags) > enough+1 {
			named = append(named, fmt.Sprintf("%d more", len(tags)-enough))
			break
		}
		named = append(named, targetOf(tag))
	}
	if len(named) == 0 {
		return "what it was then"
	}
	return list(named)
}

func targetOf(tag string) string {
	kind, name, implicit := strings.Cut(tag, " ")
	switch {
	case !implicit:
		return "the tag " + tag
	case kind == "all":
		var members []string
		_ = json.Unmarshal([]byte(name), &members) // the journal's own
		for i := range members {
			members[i] = targetOf(members[i])
		}
		return "what has " + strings.Join(members, " and ")
	case tag == "prefix /" || kind == "site": // as a journal of format 4 names it
		return "the whole site"
	case kind == "route":
		return "the pattern " + name
	case tag == "no query":
		return tag
	}
	return "the " + kind + " " + name
}

func failed(x reprint.Explanation, now time.Time) string {
	what := "Its last render failed"
	if x.Failures > 1 {
		what = fmt.Sprintf("Its last %d renders failed", x.Failures)
	}
	if x.LastError != "" {
		what += ": " + strings.TrimSuffix(strings.TrimPrefix(x.LastError, "reprint: "), ".")
	}
	if x.RetryAt.After(now) {
		return what + "; it is not tried again before " + clock(x.RetryAt) + "."
	}
	return what + "."
}

func next(x reprint.Explanation, now time.Time) string {
	switch {
	case !x.Next.IsZero():
		return "It is rendered again " + at(x.Next, now) + ", without a visit."
	case x.State == reprint.StateFresh && x.FreshUntil.After(now):
		return "It stays fresh until " + clock(x.FreshUntil) + ", or until it is revalidated."
	case x.State == reprint.StateFresh:
		return "It stays fresh until it is revalidated."
	}
	return "Its next visit has it rendered."
}

// clock writes a moment as people and logs do, in UTC.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// at writes a moment with how far it is away.
func at(t, now time.Time) string {
	switch d := now.Sub(t).Round(time.Second); {
	case d > 0:
		return "at " + clock(t) + " (" + d.String() + " ago)"
	case d < 0:
		return "at " + clock(t) + " (in " + (-d).String() + ")"
	}
	return "at " + clock(t) + " (now)"
}
