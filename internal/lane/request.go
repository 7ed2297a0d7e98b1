package lane

import (
	"iter"
	"unsafe"
)

// Request is the head of a request of the simplest kind: GET or HEAD, HTTP/1.1,
// one host, nothing that changes how the connection is used, no body. Its strings
// are parts of the connection's buffer: they are good until the answer is given,
// and must be copied to be kept.
type Request struct {
	Head   bool   // HEAD; else GET
	Target string // in origin form, "/posts/42?page=2"; visible ASCII
	Host   string // letters, digits and ".-_:[]"; not empty

	AcceptEncoding string // "" where there is none
	IfNoneMatch    string
	IfModified     bool // there is an If-Modified-Since
	// Special says that there is a field for which package net/http or its handlers
	// do something out of the ordinary: Authorization, Range, If-Match,
	// If-Unmodified-Since, If-Range.
	Special bool

	n      int // how many fields there are
	fields [maxFields]field
	text   string
}

// field is where a name and a value are in the text.
type field struct{ name, nameEnd, value, valueEnd uint16 }

// maxFields is how many header fields a simple request has at most.
const maxFields = 64

// Named yields the values of a header field, whatever the case of its name. name is
// in lower case.
func (r *Request) Named(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, f := range r.fields[:r.n] {
			if isName(r.text[f.name:f.nameEnd], name) && !yield(r.text[f.value:f.valueEnd]) {
				return
			}
		}
	}
}

// Has reports whether there is a header field of that name, given in lower case.
func (r *Request) Has(name string) bool {
	for _, f := range r.fields[:r.n] {
		if isName(r.text[f.name:f.nameEnd], name) {
			return true
		}
	}
	return false
}

// framing is what follows the head of a request.
type framing int

const (
	unknown framing = iota // it cannot be told without doubt
	bodiless
	counted // as many bytes as Content-Length says
)

// head is what is found out about the head of a request.
type head struct {
	simple  bool // req holds it
	framing framing
	length  int64 // of a counted body
}

// chars are sets of bytes.
type chars [256]bool

func setOf(s string) (c chars) {
	for i := range len(s) {
		c[s[i]] = true
	}
	return c
}

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

var (
	tokenChars = setOf(alphanumeric + "!#$%&'*+-.^_`|~") // RFC 9110, section 5.6.2
	hostChars  = setOf(alphanumeric + ".-_:[]")
	valueChars = valueSet() // RFC 9110, section 5.5, with obs-text as net/http takes it
)

func valueSet() (c chars) {
	for i := range c {
		c[i] = i >= 0x20 && i != 0x7f || i == '\t'
	}
	return c
}

// parse reads the head of a request, which ends with an empty line. What it does
// not understand in every detail, in exactly one way, is neither simple nor of a
// known framing: then package net/http is to judge.
func (r *Request) parse(b []byte) head {
	// The buffer does not change until the request has been answered or handed over.
	text := unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // see Request: its strings are good as long as the buffer is
	*r = Request{text: text}
	rest, simple, ok := r.requestLine(text)
	if !ok {
		return head{}
	}
	h := head{simple: simple, framing: bodiless}
	once := seen{}
	for at := len(text) - len(rest); text[at:] != "\r\n"; {
		f, end := parseField(text, at)
		if end == 0 || r.n == maxFields {
			return head{}
		}
		r.fields[r.n] = f
		r.n++
		at = end
		if !r.note(text[f.name:f.nameEnd], text[f.value:f.valueEnd], &h, &once) {
			return head{}
		}
	}
	if once.hosts != 1 || !isHost(r.Host) {
		return head{}
	}
	if once.encodings > 1 || once.conditions > 1 || (once.conditions == 1 && r.IfNoneMatch == "") {
		h.simple = false
	}
	return h
}

// seen counts fields that are to be there once.
type seen struct{ hosts, encodings, conditions int }

// note takes in a field that means something to the lane. It reports false when
// after it nothing is known of the connection any more. Lengths are looked at first,
// which rules out most names: this runs for every field of every request.
func (r *Request) note(name, value string, h *head, once *seen) (ok bool) {
	switch len(name) {
	case len("host"):
		if isName(name, "host") {
			once.hosts++
			r.Host = value
		}
	case len("range"):
		r.Special = r.Special || isName(name, "range")
	case len("expect"):
		h.simple = h.simple && !isName(name, "expect")
	case len("upgrade"): // and trailer
		return !isName(name, "upgrade") && !isName(name, "trailer")
	case len("if-match"): // and if-range
		r.Special = r.Special || isName(name, "if-match") || isName(name, "if-range")
	case len("connection"):
		h.simple = h.simple && (!isName(name, "connection") || isName(value, "keep-alive"))
	case len("if-none-match"): // and authorization
		if isName(name, "if-none-match") {
			once.conditions++
			r.IfNoneMatch = value
		}
		r.Special = r.Special || isName(name, "authorization")
	case len("content-length"):
		if isName(name, "content-length") {
			return h.count(value)
		}
	case len("accept-encoding"):
		if isName(name, "accept-encoding") {
			once.encodings++
			r.AcceptEncoding = value
		}
	case len("transfer-encoding"): // and if-modified-since
		r.IfModified = r.IfModified || isName(name, "if-modified-since")
		return !isName(name, "transfer-encoding")
	case len("if-unmodified-since"):
		r.Special = r.Special || isName(name, "if-unmodified-since")
	}
	return true
}

// count takes in a Content-Length. Of two nothing is known, even if they agree.
func (h *head) count(value string) (ok bool) {
	if h.framing != bodiless {
		return false
	}
	h.simple, h.framing = false, counted
	h.length, ok = parseLength(value)
	return ok
}

// requestLine reads the first line. simple says that the method is GET or HEAD and
// the target a path; ok, that it is a line of HTTP/1.1 at all, of a method that
// does not change what the connection is.
func (r *Request) requestLine(text string) (rest string, simple, ok bool) {
	i := 0
	for i < len(text) && tokenChars[text[i]] {
		i++
	}
	method := text[:i]
	if i == 0 || i >= len(text) || text[i] != ' ' || method == "CONNECT" || method == "PRI" {
		return "", false, false
	}
	begin := i + 1
	for i = begin; i < len(text) && text[i] > ' ' && text[i] < 0x7f; i++ {
	}
	r.Target, rest = text[begin:i], text[i:]
	const version = " HTTP/1.1\r\n"
	if len(rest) < len(version) || rest[:len(version)] != version || r.Target == "" {
		return "", false, false
	}
	r.Head = method == "HEAD"
	return rest[len(version):], (r.Head || method == "GET") && r.Target[0] == '/', true
}

// parseField reads the line that begins at a place and returns where the next one
// begins; 0 where there is no line without doubt.
func parseField(text string, at int) (f field, end int) {
	i := at
	for i < len(text) && tokenChars[text[i]] {
		i++
	}
	if i == at || i >= len(text) || text[i] != ':' {
		return f, 0
	}
	f.name, f.nameEnd = uint16(at), uint16(i)
	for i++; i < len(text) && (text[i] == ' ' || text[i] == '\t'); i++ {
	}
	begin := i
	for i < len(text) && valueChars[text[i]] {
		i++
	}
	if i+1 >= len(text) || text[i] != '\r' || text[i+1] != '\n' {
		return f, 0
	}
	end = i + 2
	for i > begin && (text[i-1] == ' ' || text[i-1] == '\t') {
		i--
	}
	f.value, f.valueEnd = uint16(begin), uint16(i)
	return f, end
}

// parseLength reads a Content-Length: digits and nothing else, of a size that
// cannot overflow.
func parseLength(s string) (n int64, ok bool) {
	if s == "" || len(s) > 18 {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}

// isName reports whether two names are the same but for the case of letters. lower
// is in lower case and holds letters, digits and hyphens only.
func isName(s, lower string) bool {
	if len(s) != len(lower) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

func isHost(s string) bool {
	for i := range len(s) {
		if !hostChars[s[i]] {
			return false
		}
	}
	return s != ""
}
