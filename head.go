package reprint

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/reprint-go/reprint/internal/coding"
)

// rendition is what of a page one answer is made from.
type rendition struct {
	e    *entry
	rt   *route
	form *form // the body in a content coding; nil: as it is
	// sec is the second in which it is answered, since 1970: ages are told as of
	// then, so that all answers of a second are alike.
	sec   int64
	why   reason
	codes bool // the site offers content codings
	// A 304 has no body and none of the fields that describe one. tag is the entity
	// tag by which the visitor's copy was found to be as good as ours.
	notModified bool
	tag         string
}

// appendFields appends the header of an answer as it is sent, in the order of
// package net/http. It is the one place where it is made: for http.ResponseWriter
// the lines are taken apart again.
func (x *rendition) appendFields(b []byte) []byte {
	e := x.e
	own := x.rt.policy.Freshness == FromPolicy // else the handler's word stands
	ok := e.status() == http.StatusOK
	m := merger{b: b, rest: e.lines()}
	m.peek()
	if ok && x.form == nil && !x.notModified {
		m.put("Accept-Ranges", "bytes")
	}
	m.open("Age")
	m.b = appendCRLF(strconv.AppendInt(m.b, x.age(), 10))
	if own {
		m.put("Cache-Control", x.cacheControl())
	}
	m.open("Cache-Status")
	m.b = appendCRLF(x.appendCacheStatus(m.b))
	switch {
	case x.notModified:
		m.drop("Content-Encoding")
		m.drop("Content-Length")
		m.drop("Content-Type")
	case x.form != nil:
		m.put("Content-Encoding", x.form.coding.String())
		m.open("Content-Length")
		m.b = appendCRLF(strconv.AppendInt(m.b, int64(len(x.form.body)), 10))
	default:
		m.open("Content-Length")
		m.b = appendCRLF(strconv.AppendInt(m.b, int64(len(e.body)), 10))
	}
	if own {
		m.drop("Date") // the one of the answer itself is added when it is sent
	}
	m.open("Etag")
	if x.tag != "" {
		m.b = append(m.b, x.tag...)
	} else {
		m.b = x.appendTag(m.b)
	}
	m.b = appendCRLF(m.b)
	switch {
	case own:
		m.drop("Last-Modified")
		if ok && !x.notModified && e.dated(x.sec) {
			m.put("Last-Modified", e.part(textModified))
		}
	case x.notModified:
		m.drop("Last-Modified")
	}
	m.drop("Surrogate-Control") // it was for us
	x.putVary(&m)
	return m.end()
}

// appendHead appends the whole head of an answer, as package net/http writes it.
func (x *rendition) appendHead(b []byte, status int) []byte {
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	b = appendCRLF(append(b, http.StatusText(status)...))
	b = x.appendFields(b)
	if x.rt.policy.Freshness == FromPolicy || !x.e.lines().has("Date") {
		b = append(b, "Date: "...)
		b = appendCRLF(append(b, dateOf(x.sec)...))
	}
	return appendCRLF(b)
}

// dateOf returns a second as a Date.
func dateOf(sec int64) string {
	if d := lastDate.Load(); d != nil && d.sec == sec {
		return d.text
	}
	d := &date{sec, time.Unix(sec, 0).UTC().Format(http.TimeFormat)}
	lastDate.Store(d)
	return d.text
}

type date struct {
	sec  int64
	text string
}

var lastDate atomic.Pointer[date]

// age is how long ago the page was made, in whole seconds.
func (x *rendition) age() int64 {
	age := x.sec*1e6 - x.e.life.renderedAt
	if x.rt.policy.Freshness == FromHeaders {
		said := x.e.life.said()
		age += said.Age.Microseconds()
	}
	return max(0, age/1e6)
}

// cacheControl is what browsers and caches downstream are told. Only a fresh 200
// may be kept by them: a stale page would else stay there for its whole life
// again.
func (x *rendition) cacheControl() string {
	stale := x.why.hit && x.why.detail != ""
	switch own := x.e.lines().value("Cache-Control"); {
	case stale || x.e.status() != http.StatusOK:
		return DefaultCacheControl
	case x.rt.policy.CacheControl != "":
		return x.rt.policy.CacheControl
	case own != "":
		return own
	}
	return DefaultCacheControl
}

// appendCacheStatus appends the reason (RFC 9211). The ttl is left out for a page
// that stays fresh until it is revalidated; it is negative for one that is stale
// by time.
func (x *rendition) appendCacheStatus(b []byte) []byte {
	why := &x.why
	b = append(b, "reprint"...)
	if why.hit {
		b = append(b, "; hit"...)
	} else {
		b = append(append(b, "; fwd="...), why.fwd...)
	}
	switch {
	case why.renewed:
		b = append(b, "; fwd-status=304"...)
	case !why.hit:
		b = strconv.AppendInt(append(b, "; fwd-status="...), int64(x.e.status()), 10)
	}
	if until := freshUntil(&x.e.life, &x.rt.policy); !until.IsZero() {
		b = strconv.AppendInt(append(b, "; ttl="...), int64(until.Sub(time.Unix(x.sec, 0))/time.Second), 10)
	}
	if why.stored {
		b = append(b, "; stored"...)
	}
	if why.collapsed {
		b = append(b, "; collapsed"...)
	}
	if why.detail != "" {
		b = append(append(b, "; detail="...), why.detail...)
	}
	return b
}

// givenTag is the handler's own entity tag, where its word stands; else "".
func (x *rendition) givenTag() string {
	if x.rt.policy.Freshness == FromPolicy {
		return ""
	}
	return x.e.lines().value("Etag")
}

// appendTag appends the entity tag: ours, which names the bytes of the form that is
// sent, or the handler's. That one names its own bytes: of another form it can only
// say that the content is the same.
func (x *rendition) appendTag(b []byte) []byte {
	given := x.givenTag()
	switch {
	case given == "":
		return appendETag(b, &x.e.sum, x.form)
	case x.form != nil && given[0] == '"':
		b = append(b, "W/"...)
	}
	return append(b, given...)
}

// putVary adds to the handler's own Vary what the site chooses by.
func (x *rendition) putVary(m *merger) {
	m.upTo("Vary", true)
	for _, name := range x.rt.vary {
		m.b = appendCRLF(append(append(m.b, "Vary: "...), name...))
	}
	if x.e.compressible && x.codes {
		m.b = append(m.b, "Vary: Accept-Encoding\r\n"...)
	}
}

// merger writes a page's own header lines and the site's fields in the order of
// their names. The names are given to it in that order.
type merger struct {
	b    []byte
	rest headerLines // the page's own that are still to come
	line string      // the first of them
	name string      // and its name; empty: there is none
	next headerLines // those after it
}

func (m *merger) peek() {
	m.line, m.name, m.next = "", "", ""
	if m.rest != "" {
		m.line, m.name, _, m.next = m.rest.next()
	}
}

// upTo writes the page's own lines that come before name, and those of that name
// too or leaves them out.
func (m *merger) upTo(name string, too bool) {
	for m.name != "" && m.name <= name {
		if too || m.name < name {
			m.b = append(m.b, m.line...)
		}
		m.rest = m.next
		m.peek()
	}
}

// open begins the line of a field that takes the place of the page's own.
func (m *merger) open(name string) {
	m.upTo(name, false)
	m.b = append(append(m.b, name...), ": "...)
}

func (m *merger) put(name, value string) {
	m.open(name)
	m.b = appendCRLF(append(m.b, value...))
}

// drop leaves the page's own field out.
func (m *merger) drop(name string) { m.upTo(name, false) }

func (m *merger) end() []byte { return append(append(m.b, m.line...), m.next...) }

func appendCRLF(b []byte) []byte { return append(b, '\r', '\n') }

// printed is the header of a hit in the form of [http.Header], good for a second.
type printed struct {
	of     printedOf
	fields []printedField
}

// printedOf is what a header depends on. It holds no entry and no form: those may go
// while this stays for a moment.
type printedOf struct {
	entry       uint64 // its number
	rt          *route
	form        coding.Coding
	formSum     [4]byte
	sec         int64
	notModified bool
}

func (x *rendition) printedOf() printedOf {
	of := printedOf{entry: x.e.number, rt: x.rt, sec: x.sec, notModified: x.notModified}
	if x.form != nil {
		of.form, of.formSum = x.form.coding, x.form.sum
	}
	return of
}

type printedField struct {
	name   string
	values []string
}

// printer keeps what was printed in the present second. A page has two slots to choose
// from, and each slot is filled once a second: so it costs a bounded amount of memory and
// work however many pages there are. Where others have both, a page is printed for each
// answer, which takes some microseconds.
type printer [2048]atomic.Pointer[printed]

// fields returns the header of an answer, for reading.
func (p *printer) fields(x *rendition) []printedField {
	if !x.why.hit || x.why.detail != "" || x.tag != "" {
		return x.print() // it will hardly be given again
	}
	of := x.printedOf()
	var free *atomic.Pointer[printed]
	for _, slot := range p.slots(of.entry) {
		switch was := slot.Load(); {
		case was != nil && was.of == of:
			return was.fields
		case was == nil || was.of.sec != of.sec:
			free = slot
		}
	}
	fields := x.print()
	if free != nil {
		free.Store(&printed{of: of, fields: fields})
	}
	return fields
}

func (p *printer) slots(entry uint64) [2]*atomic.Pointer[printed] {
	sum := entry * 0x9e3779b97f4a7c15 // Fibonacci hashing: entries are numbered one by one
	n := uint64(len(p))
	return [...]*atomic.Pointer[printed]{&p[sum>>53%n], &p[sum>>42%n]}
}

// print returns the header of an answer.
func (x *rendition) print() []printedField {
	return fieldsOf(headerLines(x.appendFields(nil)))
}

// fieldsOf takes lines apart. Those of one name are one field.
func fieldsOf(lines headerLines) []printedField {
	n := 0
	for rest := lines; rest != ""; n++ {
		_, _, _, rest = rest.next()
	}
	values := make([]string, 0, n)
	fields := make([]printedField, 0, n)
	for rest := lines; rest != ""; {
		var name, value string
		_, name, value, rest = rest.next()
		values = append(values, value)
		if last := len(fields) - 1; last >= 0 && fields[last].name == name {
			from := len(values) - len(fields[last].values) - 1
			fields[last].values = values[from:len(values):len(values)]
			continue
		}
		// Clipped: who appends to it must not reach the next field.
		fields = append(fields, printedField{name, values[len(values)-1 : len(values) : len(values)]})
	}
	return fields
}
