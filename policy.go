package reprint

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"net/http"
	"slices"
	"time"

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

	// Query names the query parameters that are part of the key. All others are
	// dropped: they neither make pages nor reach the handler.
	Query []string

	// Vary lists the request headers that make variants of a page. All other
	// request headers are dropped.
	Vary []Vary

	// CacheControl is the Cache-Control towards browsers and caches downstream,
	// for pages that are fresh. Empty: what the handler set if it set one, else
	// "public, max-age=0, must-revalidate". A stale page is always sent with the
	// latter.
	CacheControl string

	// Timeout is the longest a render may take. Zero: [Options.RenderTimeout].
	Timeout time.Duration

	// Proof compares a new page with the one it would replace, which is nil for
	// the first. An error refuses the new page: the last good one stays, and the
	// error is what the caller of a revalidation is told. Neither page may be
	// changed.
	Proof func(old, new *Page) error
}

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
// its exact value. What matches none gets the first.
type Vary struct {
	Header string
	Values []string
}

// Defaults of Policy.
const (
	DefaultExpire   = 365 * 24 * time.Hour
	DefaultNegative = 30 * time.Second

	defaultCacheControl = "public, max-age=0, must-revalidate"
)

func (p Policy) withDefaults() Policy {
	p.Query, p.Vary = slices.Clone(p.Query), slices.Clone(p.Vary)
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
	return errors.Join(errs...)
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

// decide is the whole theory of freshness: what to do with a page, given the
// moment, what the journal says of it and the route's policy. It has no clock,
// lock or I/O. The standing comes from ledger.standing.
func decide(now time.Time, page *Page, s standing, policy *Policy) verdict {
	if page == nil || s.deleted {
		return absent
	}
	staleAt := freshUntil(page, policy)
	if !s.current && (staleAt.IsZero() || s.since.Before(staleAt)) {
		staleAt = s.since
	}
	switch {
	case s.current && (staleAt.IsZero() || now.Before(staleAt)):
		return serve
	case s.expired || (!s.current && page.Overtaken):
		return wait
	case !now.Before(staleAt.Add(policy.Expire)):
		return wait
	}
	return refresh
}

// freshUntil returns the moment from which a current page is stale by time; the
// zero time when there is none.
func freshUntil(page *Page, policy *Policy) time.Time {
	life := policy.Revalidate
	if page.Status != http.StatusOK {
		life = policy.Negative
	}
	var until time.Time
	if life > 0 {
		until = page.RenderedAt.Add(life - jitter(page.Key, life))
	}
	if !page.Due.IsZero() && (until.IsZero() || page.Due.Before(until)) {
		until = page.Due
	}
	return until
}

var jitterSeed = maphash.MakeSeed()

// jitter returns a duration below a tenth of d that is fixed for the key within
// a process and evenly spread over keys.
func jitter(k Key, d time.Duration) time.Duration {
	const steps = 1 << 16
	return time.Duration(float64(d) / 10 * float64(maphash.Comparable(jitterSeed, k)%steps) / steps)
}
