package reprint

import (
	"encoding/hex"
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

	RenderedAt time.Time     // when the render began, to the microsecond
	RenderTook time.Duration // how long the handler ran
	ModifiedAt time.Time     // when the content last became what it is
	Lifetime   *Lifetime     // what the answer said of its life; nil: the route's policy says it
	Due        time.Time     // the moment named with [RevalidateAt]; zero: none
	Cause      string        // why it was rendered: "visit", "stale", "prerender", "due", "retry" or "revalidate ID"
}

// ETag returns the strong entity tag of the page, in quotes. It depends on the
// body alone, so a render that changes nothing keeps it.
func (p *Page) ETag() string {
	var b [34]byte
	b[0], b[33] = '"', '"'
	hex.Encode(b[1:33], p.Sum[:16])
	return string(b[:])
}

// Size returns how many bytes of memory the page takes, with an allowance for
// the bookkeeping around it. Limits on memory count this.
func (p *Page) Size() int {
	// The constants are measured (BenchmarkPageMemory in bench): the page itself,
	// its map of headers, the memory tier's node and hash table slot.
	const perPage, perHeader, perString, perLifetime = 960, 64, 16, 32
	n := perPage + len(p.Body) + len(p.Key.Host) + len(p.Key.Path) + len(p.Key.Query) + len(p.Key.Variant) + len(p.Route) + len(p.Cause)
	if p.Lifetime != nil {
		n += perLifetime
	}
	for name, values := range p.Header {
		n += perHeader + len(name)
		for _, v := range values {
			n += perString + len(v)
		}
	}
	for _, t := range p.Tags {
		n += perString + len(t)
	}
	return n
}
