package reprint

import (
	"net/http"
	"time"
)

// Page is one stored response with everything that is needed to serve it and to
// know whether it is current. A page is immutable once it was given to a
// [Store]: neither the engine nor a store may change it or what it points to.
type Page struct {
	Key   Key
	Route string // the pattern that rendered it, as given to [Site.Handle]

	Status int         // 200, a redirect, 404 or 410
	Header http.Header // end-to-end headers only; no Set-Cookie, no framing
	Body   []byte
	Sum    [32]byte // SHA-256 of Body; the ETag is made from it

	// Tags are what the page depends on, sorted, without duplicates: those that
	// the render named with [Tag] and the implicit ones, which contain a space
	// ("path /posts/42").
	Tags []string

	// Stamp is the journal position that the render saw before it read any data.
	Stamp Position
	// Checked is a position at or above Stamp up to which the page is known to
	// be current: no entry in (Stamp, Checked] names one of its tags.
	Checked Position
	// Overtaken says that an entry above Stamp was in force before the page was
	// stored, for a tag that the page before it did not carry. The call that
	// made the entry could not know of this page, so nobody may be served it
	// while it is rendered again; it is only the last good page.
	Overtaken bool
	// Pinned says that a store may not drop the page to make room; see [Policy.Pin].
	Pinned bool
	// History is how many earlier versions of the page a store keeps, if it keeps any;
	// see [VersionStore] and [Policy.History].
	History int
	// HeldUntil is the moment until which no render takes the page's place; zero: it is
	// not held. See [Site.Restore].
	HeldUntil time.Time

	RenderedAt time.Time     // when the render began, to the microsecond
	RenderTook time.Duration // how long the handler ran
	ModifiedAt time.Time     // when the content last became what it is; only whole seconds are told as Last-Modified
	Lifetime   *Lifetime     // what the answer said of its life; nil: the route's policy says it
	Due        time.Time     // the moment named with [RevalidateAt]; zero: none
	Cause      string        // why it was rendered: "visit", "stale", "prerender", "due", "retry" or "revalidate ID"
}

// ETag returns the strong entity tag of the page as it is, in quotes. It depends on
// the body alone, so a render that changes nothing keeps it. In a content coding the
// page has another one.
func (p *Page) ETag() string { return string(appendETag(nil, &p.Sum, nil)) }

// Size returns about how many bytes of memory the page takes, with an allowance for
// the bookkeeping around it.
func (p *Page) Size() int {
	n := perEntry + textSize(p) + len(p.Body)
	if p.Lifetime != nil {
		n += perLifetime
	}
	if p.Lifetime != nil || !p.Due.IsZero() || !p.HeldUntil.IsZero() {
		n += perTerms
	}
	return n
}
