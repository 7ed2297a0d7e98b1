package reprint

import (
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// entry is a page as memory holds it, ready to be served. A million of them fit
// where a million [Page] values would not: times are numbers, and all texts are
// one string, the header in the form in which it is sent.
type entry struct {
	// checked is a position up to which the page is known to be current; it
	// begins at the page's own and rises. While it equals the ledger's position a
	// hit needs to know nothing else.
	checked atomic.Uint64
	ready   atomic.Pointer[ready]   // how it is served under the present routes; nil: not known yet
	forms   atomic.Pointer[formSet] // the body in content codings; nil: none
	awaits  atomic.Uint32           // a bit for each coding of which the strong form is to be made
	visits  atomic.Uint32           // since the store was told
	number  uint64                  // no other entry has it

	life         life
	stamp        Position
	modified     int64 // see fromMicros
	took         int64 // nanoseconds
	pinned       bool
	compressible bool // it is offered in content codings

	sum  [32]byte
	body []byte
	// text is the key, the route, the cause, the tags as a tagList, the last
	// modification and the header as lines, sorted by name. ends says where each
	// ends, but for the last.
	text string
	ends [5]uint32
}

// The parts of entry.text.
const (
	textKey = iota
	textRoute
	textCause
	textTags
	textModified // as in Last-Modified
	textHeader
)

// life is what of a page decides on its freshness; see decide.
type life struct {
	renderedAt int64  // see fromMicros
	own        *terms // nil: none
	status     int16
	jitter     uint16 // how much of the tenth of a page's time is taken off, of 1<<16
	history    int16
	overtaken  bool
}

// terms is what most pages do not say of themselves.
type terms struct {
	due       int64 // see fromMicros
	heldUntil int64
	lifetime  *Lifetime
}

// noTerms are those of a page that has none.
var noTerms = terms{due: time.Time{}.UnixMicro(), heldUntil: time.Time{}.UnixMicro()}

func termsOf(p *Page) *terms {
	t := terms{due: p.Due.UnixMicro(), heldUntil: p.HeldUntil.UnixMicro(), lifetime: p.Lifetime}
	if t == noTerms {
		return nil
	}
	return &t
}

func (l *life) terms() *terms {
	if l.own == nil {
		return &noTerms
	}
	return l.own
}

// due is when the page asked to be rendered again; the zero time: it did not.
func (l *life) due() time.Time { return fromMicros(l.terms().due) }

// heldUntil is until when no render takes the page's place; the zero time: it is not held.
func (l *life) heldUntil() time.Time { return fromMicros(l.terms().heldUntil) }

// lifetime is what the answer said of its life; nil: nothing.
func (l *life) lifetime() *Lifetime { return l.terms().lifetime }

// fromMicros returns a time from what it is in memory, which is what its UnixMicro
// says; the zero time comes back as the zero time.
func fromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }

func lifeOf(p *Page) life {
	return life{
		renderedAt: p.RenderedAt.UnixMicro(),
		own:        termsOf(p),
		status:     int16(min(max(p.Status, 0), math.MaxInt16)),
		history:    int16(min(max(p.History, 0), math.MaxInt16)),
		jitter:     jitterOf(p.Key),
		overtaken:  p.Overtaken,
	}
}

var jitterSeed = maphash.MakeSeed()

// jitterOf returns a number that is fixed for the key within a process and evenly
// spread over keys.
func jitterOf(k Key) uint16 { return uint16(maphash.Comparable(jitterSeed, k)) }

// What a page must be like to be kept in memory.
var (
	errKeyText    = errors.New("the key is not canonical: it cannot be told from another")
	errHeaderText = errors.New("a header field cannot be sent")
	errTooLong    = errors.New("the key, the tags and the header take more than 1 GiB")
)

// newEntry returns p as memory holds it. p must be one that packable accepts.
func newEntry(p *Page) *entry {
	var b strings.Builder
	b.Grow(textSize(p))
	e := &entry{
		number: entries.Add(1),
		life:   lifeOf(p), stamp: p.Stamp, modified: p.ModifiedAt.UnixMicro(), took: int64(p.RenderTook),
		pinned: p.Pinned, compressible: compressible(p), sum: p.Sum, body: p.Body,
	}
	writeKey(&b, p.Key)
	e.ends[textKey] = uint32(b.Len())
	b.WriteString(p.Route)
	e.ends[textRoute] = uint32(b.Len())
	b.WriteString(p.Cause)
	e.ends[textCause] = uint32(b.Len())
	writeTags(&b, p.Tags)
	e.ends[textTags] = uint32(b.Len())
	b.WriteString(p.ModifiedAt.UTC().Format(http.TimeFormat))
	e.ends[textModified] = uint32(b.Len())
	for _, name := range slices.Sorted(maps.Keys(p.Header)) {
		for _, value := range p.Header[name] {
			b.WriteString(name)
			b.WriteString(": ")
			b.WriteString(value)
			b.WriteString("\r\n")
		}
	}
	e.text = b.String()
	e.checked.Store(uint64(max(p.Stamp, p.Checked)))
	return e
}

var entries atomic.Uint64

// packable reports why a page could not come back from memory as it is, or nil.
// The engine's own pages are packable; a store may be given others.
func packable(p *Page) error {
	if k, err := ParseKey(p.Key.String()); err != nil || k != p.Key {
		return errKeyText
	}
	for name, values := range p.Header {
		if name == "" || strings.ContainsAny(name, ": \r\n") {
			return fmt.Errorf("%w: %q", errHeaderText, name)
		}
		for _, v := range values {
			if strings.ContainsAny(v, "\r\n") {
				return fmt.Errorf("%w: %s", errHeaderText, name)
			}
		}
	}
	if textSize(p) > 1<<30 {
		return errTooLong
	}
	return nil
}

// textSize is how long the entry's text of a page is.
func textSize(p *Page) int {
	const perLine = len(": \r\n")
	n := len(http.TimeFormat) + len(p.Key.Host) + len(p.Key.Path) + len(p.Route) + len(p.Cause)
	for _, part := range []string{p.Key.Query, p.Key.Variant} {
		if part != "" {
			n += 1 + len(part)
		}
	}
	for _, t := range p.Tags {
		n += len(t)
		for m := len(t); m > 0; m >>= 7 { // its length, as writeTags writes it
			n++
		}
	}
	for name, values := range p.Header {
		for _, v := range values {
			n += perLine + len(name) + len(v)
		}
	}
	return n
}

// holds reports whether another page may not take the place of e, which is held.
func (e *entry) holds(made *entry) bool {
	return e.life.held() && e.life.terms().heldUntil > made.life.renderedAt && !made.life.held() && made.life.renderedAt != e.life.renderedAt
}

// held reports whether the page is held, or was.
func (l *life) held() bool { return !l.heldUntil().IsZero() }

// part returns one of the texts.
func (e *entry) part(i int) string {
	begin, end := uint32(0), uint32(len(e.text))
	if i > 0 {
		begin = e.ends[i-1]
	}
	if i < len(e.ends) {
		end = e.ends[i]
	}
	return e.text[begin:end]
}

// name is the key as text.
func (e *entry) name() string { return e.text[:e.ends[textKey]] }

func (e *entry) key() Key {
	k, _ := ParseKey(e.name()) // it was written by writeKey
	return k
}

func (e *entry) tags() tagList { return tagList(e.part(textTags)) }

// lines is the page's own header, as it is sent.
func (e *entry) lines() headerLines { return headerLines(e.part(textHeader)) }

func (e *entry) status() int { return int(e.life.status) }

// isChecked returns the position up to which the page is known to be current.
func (e *entry) isChecked() Position { return Position(e.checked.Load()) }

// raise lifts checked to at least p.
func (e *entry) raise(p Position) {
	for {
		old := e.checked.Load()
		if old >= uint64(p) || e.checked.CompareAndSwap(old, uint64(p)) {
			return
		}
	}
}

// page returns the page, made anew: for everything but a hit.
func (e *entry) page() *Page {
	p := &Page{
		Key:        e.key(),
		Route:      e.part(textRoute),
		Status:     e.status(),
		Header:     e.lines().header(),
		Body:       e.body,
		Sum:        e.sum,
		Tags:       e.tags().list(),
		Stamp:      e.stamp,
		Checked:    e.isChecked(),
		Overtaken:  e.life.overtaken,
		Pinned:     e.pinned,
		History:    int(e.life.history),
		HeldUntil:  e.life.heldUntil(),
		RenderedAt: fromMicros(e.life.renderedAt),
		RenderTook: time.Duration(e.took),
		ModifiedAt: fromMicros(e.modified),
		Lifetime:   e.life.lifetime(),
		Due:        e.life.due(),
		Cause:      e.part(textCause),
	}
	return p
}

// etag returns the strong entity tag of the page as it is, in quotes.
func (e *entry) etag() string { return string(appendETag(nil, &e.sum, nil)) }

// appendETag appends the strong entity tag of a form of a body; nil: as it is. It
// depends on the body alone, so a render that changes nothing keeps it.
func appendETag(b []byte, sum *[32]byte, f *form) []byte {
	b = hex.AppendEncode(append(b, '"'), sum[:16])
	if f != nil {
		b = append(append(b, '-'), f.coding.String()...)
		b = hex.AppendEncode(append(b, '-'), f.sum[:])
	}
	return append(b, '"')
}

// What an entry takes beside its texts and bodies, as BenchmarkPageMemory in bench
// measures it: itself, what makes it ready, and the memory tier's node and its
// place in the hash table.
const (
	perEntry    = 192 + 48 + 112
	perTerms    = 24
	perLifetime = 32
)

// size is how many bytes of memory the entry takes. What the allocator adds to
// round up counts.
func (e *entry) size() int {
	n := perEntry + roundUp(len(e.text)) + cap(e.body)
	if e.life.own != nil {
		n += perTerms
	}
	if e.life.lifetime() != nil {
		n += perLifetime
	}
	if fs := e.forms.Load(); fs != nil {
		n += fs.size()
	}
	return n
}

// roundUp is about what the allocator gives for a text of n bytes: its sizes are
// an eighth apart.
func roundUp(n int) int { return (n + 15 + n/16) &^ 15 }

// tagList is tags as one text: the length of each, as a varint, and then the tag.
type tagList string

func writeTags(b *strings.Builder, tags []string) {
	for _, tag := range tags {
		n := uint(len(tag))
		for ; n >= 0x80; n >>= 7 {
			b.WriteByte(byte(n) | 0x80)
		}
		b.WriteByte(byte(n))
		b.WriteString(tag)
	}
}

func packTags(tags []string) tagList {
	var b strings.Builder
	writeTags(&b, tags)
	return tagList(b.String())
}

// next returns the first tag and the others. The list must not be empty.
func (l tagList) next() (tag string, rest tagList) {
	n, shift, i := uint(0), 0, 0
	for ; l[i] >= 0x80; i++ {
		n |= uint(l[i]&0x7f) << shift
		shift += 7
	}
	n |= uint(l[i]) << shift
	end := i + 1 + int(n)
	return string(l[i+1 : end]), l[end:]
}

func (l tagList) list() []string {
	n := l.len()
	if n == 0 {
		return nil
	}
	tags := make([]string, 0, n)
	for rest := l; rest != ""; {
		var tag string
		tag, rest = rest.next()
		tags = append(tags, tag)
	}
	return tags
}

func (l tagList) len() int {
	n := 0
	for rest := l; rest != ""; n++ {
		_, rest = rest.next()
	}
	return n
}

func (l tagList) contains(tag string) bool {
	for rest := l; rest != ""; {
		var t string
		if t, rest = rest.next(); t == tag {
			return true
		}
	}
	return false
}

func (l tagList) containsAll(tags []string) bool {
	for _, tag := range tags {
		if !l.contains(tag) {
			return false
		}
	}
	return true
}

// headerLines is a header as it is sent: "Name: value\r\n", sorted by name, the
// values of a name in their order.
type headerLines string

// next returns the first line, its name and value, and the others. There must be
// one.
func (l headerLines) next() (line, name, value string, rest headerLines) {
	end := strings.IndexByte(string(l), '\n') + 1
	line = string(l[:end])
	colon := strings.IndexByte(line, ':')
	return line, line[:colon], line[colon+2 : end-2], l[end:]
}

// value returns the first value of a name, or "".
func (l headerLines) value(of string) string {
	for rest := l; rest != ""; {
		var name, value string
		if _, name, value, rest = rest.next(); name == of {
			return value
		}
	}
	return ""
}

func (l headerLines) has(name string) bool {
	for rest := l; rest != ""; {
		var n string
		if _, n, _, rest = rest.next(); n == name {
			return true
		}
	}
	return false
}

func (l headerLines) header() http.Header {
	h := make(http.Header)
	for rest := l; rest != ""; {
		var name, value string
		_, name, value, rest = rest.next()
		h[name] = append(h[name], value)
	}
	return h
}
