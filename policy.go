package reprint

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/reprint-go/reprint/internal/field"
)

// Policy says how long the pages of a route stay fresh, what unlisted paths get
// and which inputs are part of the key. The zero Policy is a page that stays
// fresh until it is revalidated, rendered at its first visit.
type Policy struct {
	// Revalidate is how long a page is fresh after its render began. Then it is
	// stale: the next visitor still gets it at once and one render runs behind.
	// Zero: until revalidated. To keep pages that were rendered together from
	// expiring together, each page's time is shortened by up to a tenth, by a
	// fixed amount of its own.
	Revalidate time.Duration

	// Expire is how long a stale page may be served while a new one cannot be
	// had, counted from the moment it became stale. Then visitors wait for a
	// render. Zero: one year. [Stale while revalidate] and [stale if error] of
	// RFC 5861 in one.
	//
	// [Stale while revalidate]: https://www.rfc-editor.org/rfc/rfc5861#section-3
	// [stale if error]: https://www.rfc-editor.org/rfc/rfc5861#section-4
	Expire time.Duration

	// Freshness says who decides whether a page may be stored and how long it is
	// fresh. Zero: [FromPolicy].
	Freshness Freshness

	// Negative is how long a 404, a 410 or a redirect is fresh. Zero: 30 s, or
	// Revalidate where that is shorter.
	Negative time.Duration

	// Fallback is what a path that Prerender does not list gets. Zero: Blocking.
	Fallback Fallback

	// Shell renders the placeholder for Fallback Shell: a page that is answered
	// at once, never stored, while the real one is rendered behind. It runs on
	// the key alone, as a render does, and outside the limit on renders: it must
	// be quick.
	Shell http.Handler

	// Prerender lists the paths of the route, in the form of Go's [url.URL]
	// EscapedPath or as plain text, with a query if it is part of the key. It is
	// called by [Site.Prerender] and, with Fallback NotFound, to know which
	// paths exist. An error in the sequence ends the listing and keeps what an
	// earlier complete listing said. Nil: nothing is listed.
	Prerender func(ctx context.Context) iter.Seq2[string, error]

	// ChangedAt tells when what Prerender listed last changed, as the listing
	// says, for a path that it has just listed. [Site.Prerender] renders a fresh
	// page again that changed after it was rendered, and leaves a page alone that
	// is stale by time and did not. The zero time: not known. Nil: never known.
	ChangedAt func(path string) time.Time

	// Query names the query parameters that are part of the key. All others are
	// dropped: they neither make pages nor reach the handler. "*" alone names all
	// but those in Drop.
	Query []string

	// Drop names parameters that are never part of the key; a name may begin or end
	// in "*": "utm_*". It is for Query "*".
	Drop []string

	// Vary lists the request headers that make variants of a page. All other
	// request headers are dropped.
	Vary []Vary

	// Bypass lets every request of the route pass through: nothing is stored, nor
	// served of what was stored before. A revalidation of its pages skips them, and is
	// in force if the route stores pages again.
	Bypass bool

	// BypassHeaders names request headers with which a request passes through. A
	// page may have them in its Vary: it is the page of those who do not send
	// them.
	BypassHeaders []string

	// BypassCookies names cookies with which a request passes through; a name may
	// begin or end in "*": "wordpress_logged_in_*", "*_session".
	BypassCookies []string

	// Ignore names what would forbid to store an answer and is not obeyed:
	// "private", "no-store", "no-cache" (directives of Cache-Control) and
	// "set-cookie", which is removed from what is stored. It is for handlers that
	// say so of every page without meaning it, and a promise that they do not.
	Ignore []string

	// Conditional lets a render of a page whose handler gave it an ETag or a
	// Last-Modified ask for it with If-None-Match or If-Modified-Since. An answer
	// 304 renews the page without a body (RFC 9111, section 4.3).
	Conditional bool

	// Of returns the path of the page of which a path of this route is another
	// representation, such as the data that a framework's client loads in place of
	// the page; "" if it is none. What names that page, names this one too. Nil:
	// none is.
	Of func(path string) string

	// Invalidate makes pages stale whose paths an unsafe method that succeeded
	// names: its own, and those in Location and Content-Location (RFC 9111,
	// section 4.4). The answer is sent when no visitor gets the old ones any more.
	Invalidate bool

	// CacheControl is the Cache-Control towards browsers and caches downstream,
	// for pages that are fresh. Empty: what the handler set if it set one, else
	// "public, max-age=0, must-revalidate". A stale page is always sent with the
	// latter.
	CacheControl string

	// Pin keeps the stored pages of the route where a store makes room: others go
	// first, and when all that is left is pinned, new pages are not stored.
	Pin bool

	// History is how many earlier versions of a page are kept, by content, where the store
	// is a [VersionStore]. Zero: 10. Negative: none.
	History int

	// Timeout is the longest a render may take. Zero: [Options.RenderTimeout].
	Timeout time.Duration

	// Volatile are the parts of an answer that differ from render to render and mean
	// nothing to a visitor: a nonce, a time of printing. A page that differs from the one
	// before it in such parts only is unchanged: it keeps that one's content, with ETag
	// and Last-Modified, and those header fields that differ in no more. An expression
	// must not match the empty text.
	Volatile []*regexp.Regexp

	// MaxGone is of how many pages of one revalidation a 404 or 410 may take the place of
	// a page; what goes beyond is refused, as by a Proof. It is for handlers that answer
	// so when their own database does. Zero: of any number. Negative: of none.
	MaxGone int

	// Proof compares a new page with the one it would replace, which is nil for
	// the first. An error refuses the new page: the last good one stays, and the
	// error is what the caller of a revalidation is told. Neither page may be
	// changed.
	Proof func(old, new *Page) error
}

// Freshness is who decides whether and how long a page is fresh.
type Freshness int

const (
	// FromPolicy says that the policy decides. What the handler says of times counts for
	// caches downstream only.
	FromPolicy Freshness = iota
	// FromHeaders says that the answer decides, as for a shared cache by RFC 9111, 5861 and
	// 9213. Nothing without explicit freshness is stored. A path of which nothing
	// is stored is passed through as it is, and a page rendered from its key behind
	// when the answer says that it may be shared. Headers reach visitors unchanged.
	FromHeaders
)

// Lifetime is what an answer said of its own life, in its header; see
// [FromHeaders].
type Lifetime struct {
	// Fresh is how long it is fresh, from the moment it was made.
	Fresh time.Duration
	// Age is how old it was when its render began: it came from a cache.
	Age time.Duration
	// WhileRevalidate is how long it may be served after that while a new one is
	// rendered behind (RFC 5861, section 3).
	WhileRevalidate time.Duration
	// IfError is how long it may be served after that when no new one can be had
	// (RFC 5861, section 4). Unsaid: for [Policy.Expire].
	IfError time.Duration
}

// Unsaid is the IfError of an answer that said nothing of it.
const Unsaid time.Duration = -1

// Fallback is what a path gets that [Policy.Prerender] does not list.
type Fallback int

const (
	// Blocking renders the page at the first visit, which waits; then it is
	// static. Next.js: fallback "blocking".
	Blocking Fallback = iota
	// NotFound answers 404 before any look-up or render, also when an old page
	// is stored. Next.js: fallback false.
	NotFound
	// Shell answers with [Policy.Shell] at once and renders the page behind.
	// Next.js: fallback true.
	Shell
)

func (f Fallback) String() string {
	switch f {
	case Blocking:
		return "blocking"
	case NotFound:
		return "notfound"
	case Shell:
		return "shell"
	}
	return fmt.Sprintf("Fallback(%d)", int(f))
}

// Vary is a request header that makes variants of a page, with the values that
// the site offers. A request's header is normalised to one of them before it
// becomes part of the key or reaches a render, so that the number of variants is
// bounded: Accept-Language by language matching (BCP 47), any other header by
// its exact value. What matches none gets the first. The first may be empty: then
// the header is not there.
type Vary struct {
	Header string
	Values []string
}

// Defaults of Policy.
const (
	DefaultExpire   = 365 * 24 * time.Hour
	DefaultNegative = 30 * time.Second
	DefaultHistory  = 10

	// DefaultCacheControl lets caches downstream keep a page and has them ask each
	// time: what they kept could not be revalidated.
	DefaultCacheControl = "public, max-age=0, must-revalidate"
)

func (p Policy) withDefaults() Policy {
	p.Query, p.Drop, p.Vary = slices.Clone(p.Query), slices.Clone(p.Drop), slices.Clone(p.Vary)
	p.BypassCookies, p.Ignore = slices.Clone(p.BypassCookies), slices.Clone(p.Ignore)
	p.Volatile = slices.Clone(p.Volatile)
	p.BypassHeaders = slices.Clone(p.BypassHeaders)
	for i, name := range p.BypassHeaders {
		p.BypassHeaders[i] = http.CanonicalHeaderKey(name)
	}
	switch {
	case p.History == 0:
		p.History = DefaultHistory
	case p.History < 0:
		p.History = 0
	}
	for i := range p.Vary {
		p.Vary[i].Values = slices.Clone(p.Vary[i].Values)
	}
	if p.Expire == 0 {
		p.Expire = DefaultExpire
	}
	if p.Negative == 0 {
		p.Negative = DefaultNegative
		if p.Revalidate > 0 {
			p.Negative = min(p.Negative, p.Revalidate)
		}
	}
	return p
}

// validate reports every fault of the policy at once.
func (p Policy) validate() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"Revalidate", p.Revalidate}, {"Expire", p.Expire}, {"Negative", p.Negative}, {"Timeout", p.Timeout}} {
		if d.value < 0 {
			fault("%s is negative (%v); zero means the default", d.name, d.value)
		}
	}
	switch p.Fallback {
	case Blocking:
	case NotFound:
		if p.Prerender == nil {
			fault("Fallback is NotFound and Prerender is nil: no path would exist")
		}
	case Shell:
		if p.Shell == nil {
			fault("Fallback is Shell and Shell is nil")
		}
	default:
		fault("Fallback is %d, which is none of Blocking, NotFound, Shell", int(p.Fallback))
	}
	if p.CacheControl != "" && !field.Valid(p.CacheControl) {
		fault("CacheControl %q is not a header value", p.CacheControl)
	}
	for _, v := range p.Vary {
		errs = append(errs, v.validate())
	}
	if slices.Contains(p.Query, "*") && len(p.Query) > 1 {
		fault(`Query has "*" and other names: "*" alone names all`)
	}
	for _, name := range p.BypassHeaders {
		if !httpguts.ValidHeaderFieldName(name) {
			fault("BypassHeaders: %q is not a header name", name)
		}
	}
	for _, what := range p.Ignore {
		if !slices.Contains(ignorable, what) {
			fault("Ignore: %q is none of %s", what, strings.Join(ignorable, ", "))
		}
	}
	for _, v := range p.Volatile {
		if v == nil || v.MatchString("") {
			fault("Volatile: %q is nil or matches the empty text, and so every place of a page", fmt.Sprint(v))
		}
	}
	return errors.Join(append(errs, p.validateFreshness())...)
}

// ignorable is what Policy.Ignore may name.
var ignorable = []string{"private", "no-store", "no-cache", "set-cookie"}

// validateFreshness reports what cannot be together with FromHeaders.
func (p Policy) validateFreshness() error {
	switch {
	case p.Freshness == FromPolicy:
		return nil
	case p.Freshness != FromHeaders:
		return fmt.Errorf("Freshness is %d, which is none of FromPolicy and FromHeaders", int(p.Freshness))
	case p.Fallback != Blocking:
		return fmt.Errorf("Freshness is FromHeaders and Fallback is %v: only Blocking goes with it", p.Fallback)
	case p.Revalidate != 0 || p.Negative != 0 || p.CacheControl != "":
		return errors.New("Freshness is FromHeaders: Revalidate, Negative and CacheControl have no effect then; leave them out")
	}
	return nil
}

// keepsAll reports whether every query parameter that is not dropped is kept.
func (p *Policy) keepsAll() bool { return len(p.Query) == 1 && p.Query[0] == "*" }

// keeps reports whether a query parameter is part of the key.
func (p *Policy) keeps(name string) bool {
	if p.keepsAll() {
		return !matchesAny(p.Drop, name)
	}
	return slices.Contains(p.Query, name)
}

// matchesAny reports whether name is one of patterns, of which some begin or end
// in "*".
func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if prefix, open := strings.CutSuffix(p, "*"); open {
			return strings.HasPrefix(name, prefix)
		}
		if suffix, open := strings.CutPrefix(p, "*"); open {
			return strings.HasSuffix(name, suffix)
		}
		return p == name
	})
}

// verdict is what decide says to do with a request for a page.
type verdict int

const (
	serve   verdict = iota // the page is fresh
	refresh                // serve it, and render it again behind
	wait                   // wait for a render; the last good page only if that fails
	absent                 // wait for a render; there is no page, not even a last good one
)

func (v verdict) String() string { return [...]string{"serve", "refresh", "wait", "absent"}[v] }

// decide is the whole theory of freshness: what to do with a page, nil if there is
// none, given the moment, what the journal says of it and the route's policy. It has no clock,
// lock or I/O. The standing comes from ledger.standing.
func decide(now time.Time, page *life, s standing, policy *Policy) verdict {
	if page == nil || s.deleted {
		return absent
	}
	if page.held() && now.Before(page.heldUntil()) {
		return serve
	}
	staleAt := freshUntil(page, policy)
	if policy.Freshness == FromHeaders && !now.Before(staleAt) {
		return decideByLifetime(now.Sub(staleAt), page, s, policy)
	}
	if !s.current && (staleAt.IsZero() || s.since.Before(staleAt)) {
		staleAt = s.since
	}
	switch {
	case s.current && (staleAt.IsZero() || now.Before(staleAt)):
		return serve
	case s.expired || (!s.current && page.overtaken):
		return wait
	case !now.Before(staleAt.Add(policy.Expire)):
		return wait
	}
	return refresh
}

// decideByLifetime is decide for a page whose own time ran out some time ago: it
// said itself for how long it may be served after that.
func decideByLifetime(ago time.Duration, page *life, s standing, policy *Policy) verdict {
	life := page.said()
	ifError := life.IfError
	if ifError == Unsaid {
		ifError = policy.Expire
	}
	switch {
	case ago < life.WhileRevalidate && !s.expired && (s.current || !page.overtaken):
		return refresh
	case ago < ifError:
		return wait
	}
	return absent
}

// said returns what a page of a route with FromHeaders said of its life. One that
// was stored under another policy said nothing: it is stale at once.
func (l *life) said() Lifetime {
	if lifetime := l.lifetime(); lifetime != nil {
		return *lifetime
	}
	return Lifetime{IfError: Unsaid}
}

// freshUntil returns the moment from which a current page is stale by time; the
// zero time when there is none.
func freshUntil(page *life, policy *Policy) time.Time {
	if page.held() {
		if until := page.heldUntil(); until.Before(heldForGood) {
			return until
		}
		return time.Time{}
	}
	due := page.due()
	if policy.Freshness == FromHeaders {
		said := page.said()
		until := fromMicros(page.renderedAt).Add(said.Fresh - said.Age)
		if !due.IsZero() && due.Before(until) {
			until = due
		}
		return until
	}
	life := policy.Revalidate
	if page.status != http.StatusOK {
		life = policy.Negative
	}
	var until time.Time
	if life > 0 {
		until = fromMicros(page.renderedAt).Add(life - page.jittered(life))
	}
	if said := page.lifetime(); said != nil {
		until = earliest(until, fromMicros(page.renderedAt).Add(said.Fresh-said.Age))
	}
	return earliest(until, due)
}

// jittered returns a duration below a tenth of d that is fixed for the page's key.
func (l *life) jittered(d time.Duration) time.Duration {
	return time.Duration(float64(d) / 10 * float64(l.jitter) / (1 << 16))
}
