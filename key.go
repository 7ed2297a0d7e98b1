package reprint

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
)

// Limits of what a key is made of. A request beyond them is answered 414, so no
// page is stored for it and no handler sees it.
const (
	maxPathBytes  = 2 << 10
	maxQueryBytes = 4 << 10
	maxSegments   = 64
)

// Key identifies a page. It is comparable and immutable. Two requests with
// equal keys get the same page; what is not in the key does not reach a render.
type Key struct {
	// Host is the lower-case host name, without port. Empty when the site was
	// built without [Options.Hosts]: then one page answers for every name.
	Host string
	// Path is the canonical path in its percent-encoded form: it begins with a
	// slash and has no dot segments, empty segments, encoded slashes,
	// backslashes or control bytes.
	Path string
	// Query holds the parameters that [Policy.Query] keeps, sorted by name,
	// percent-encoded, without the question mark. Parameters of one name keep
	// their order.
	Query string
	// Variant holds the values of the request headers that [Policy.Vary]
	// declares, normalised to the offered ones. It is in the form of Query.
	Variant string
}

// String returns the key as one line of text from which [ParseKey] reads it
// back: host, path, "?" and query if there is one, a space and the variant if
// there is one.
func (k Key) String() string {
	if k.Host == "" && k.Query == "" && k.Variant == "" {
		return k.Path
	}
	var b strings.Builder
	b.Grow(len(k.Host) + len(k.Path) + len(k.Query) + len(k.Variant) + 2)
	writeKey(&b, k)
	return b.String()
}

func writeKey(b *strings.Builder, k Key) {
	b.WriteString(k.Host)
	b.WriteString(k.Path)
	if k.Query != "" {
		b.WriteByte('?')
		b.WriteString(k.Query)
	}
	if k.Variant != "" {
		b.WriteByte(' ')
		b.WriteString(k.Variant)
	}
}

// LogValue makes a log show the key as String does.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// ParseKey reads back what [Key.String] wrote. It returns an error when s has
// no path.
func ParseKey(s string) (Key, error) {
	rest, variant, _ := strings.Cut(s, " ")
	rest, query, _ := strings.Cut(rest, "?")
	slash := strings.IndexByte(rest, '/')
	if slash < 0 {
		return Key{}, fmt.Errorf("reprint: key %q has no path", s)
	}
	return Key{Host: rest[:slash], Path: rest[slash:], Query: query, Variant: variant}, nil
}

// target is the path with its query: what a person calls the page.
func (k Key) target() string {
	if k.Query == "" {
		return k.Path
	}
	return k.Path + "?" + k.Query
}

// BadPathError says why a path cannot name a page. A request with such a path is
// answered 400, or 414 when it is too long.
type BadPathError struct {
	Path    string // as it was given
	Reason  string // what is wrong with it, for people
	TooLong bool   // it is over a limit rather than ambiguous
}

func (e *BadPathError) Error() string {
	path := e.Path
	if len(path) > 80 {
		path = path[:80] + "…"
	}
	return fmt.Sprintf("reprint: path %q: %s", path, e.Reason)
}

// canonicalPath returns the one percent-encoded form of a URL path. It decodes
// once and refuses whatever another parser on the way could read as a different
// path: dot segments in any encoding, empty segments, encoded slashes,
// backslashes, control bytes. Refusing is the point: a path that two parsers
// read differently is how a page cache serves one page under another's name.
func canonicalPath(escaped string) (string, error) {
	bad := func(reason string) (string, error) {
		return "", &BadPathError{Path: escaped, Reason: reason}
	}
	if len(escaped) > maxPathBytes {
		return "", &BadPathError{Path: escaped, Reason: fmt.Sprintf("longer than %d bytes", maxPathBytes), TooLong: true}
	}
	if !strings.HasPrefix(escaped, "/") {
		return bad(`must begin with "/", like /blog/post-1`)
	}
	if plainPath(escaped) {
		return escaped, nil
	}
	if strings.ContainsAny(escaped, "#?\\") {
		return bad("a bare \"#\", \"?\" or backslash cannot be part of a path; encode it as %23, %3F")
	}
	if containsFold(escaped, "%2f") || containsFold(escaped, "%5c") {
		return bad("an encoded slash or backslash cannot be told from a separator by everybody")
	}
	path, err := url.PathUnescape(escaped)
	if err != nil {
		return bad("the percent-encoding is broken; write a literal percent sign as %25")
	}
	for i := range len(path) {
		if c := path[i]; c < 0x20 || c == 0x7f || c == '\\' {
			return bad("control characters and backslashes are not allowed")
		}
	}
	segments := strings.Split(path[1:], "/")
	if len(segments) > maxSegments {
		return "", &BadPathError{Path: escaped, Reason: fmt.Sprintf("more than %d segments", maxSegments), TooLong: true}
	}
	for i, segment := range segments {
		if segment == "." || segment == ".." {
			return bad("dot segments are not allowed; write the path they lead to")
		}
		if segment == "" && i < len(segments)-1 {
			return bad("empty segments (two slashes in a row) are not allowed")
		}
	}
	canonical := (&url.URL{Path: path}).EscapedPath()
	if len(canonical) > maxPathBytes {
		return "", &BadPathError{Path: escaped, Reason: fmt.Sprintf("longer than %d bytes", maxPathBytes), TooLong: true}
	}
	return canonical, nil
}

// isPassable reports whether a path that is not canonical is so only because slashes
// in it are encoded, and would not lead elsewhere if somebody decoded them. It names
// no page, but it may pass through where there are none: "/packages/@scope%2Fname".
func isPassable(escaped string) bool {
	_, err := canonicalPath(strings.NewReplacer("%2F", "/", "%2f", "/").Replace(escaped))
	return err == nil
}

// CanonicalPath returns the path of a key, percent-encoded, for a path as a person
// or a program writes it: what a URL must encode may be encoded or not. The error
// is a *BadPathError: the path is ambiguous, or too long.
func CanonicalPath(path string) (string, error) {
	var b strings.Builder
	for i := range len(path) {
		if c := path[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>^`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	canonical, err := canonicalPath(b.String())
	if bad, ok := errors.AsType[*BadPathError](err); ok {
		return "", &BadPathError{Path: path, Reason: bad.Reason, TooLong: bad.TooLong}
	}
	return canonical, err
}

// plainPath reports whether a path is canonical at first sight: letters, digits,
// "-", "_" and "~" in non-empty segments, dots only inside a name, few enough
// segments. It exists so that the usual path costs one pass and no memory.
func plainPath(s string) bool {
	segments := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '/':
			if i > 0 && s[i-1] == '/' {
				return false
			}
			segments++
		case c == '.':
			if s[i-1] == '/' || s[i-1] == '.' {
				return false
			}
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '~':
		default:
			return false
		}
	}
	return segments <= maxSegments
}

func containsFold(s, lower string) bool {
	for i := 0; i+len(lower) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(lower)], lower) {
			return true
		}
	}
	return false
}

// errQuery is the reason for a 400 where a kept parameter cannot be read.
var errQuery = errors.New("a parameter that is part of the page's key is not valid percent-encoding, or holds a semicolon")

// keptQuery returns the canonical form of the parameters in raw that the policy
// keeps: sorted by name, each name and value encoded one way. All others are
// dropped unread, so that a tracking parameter with a broken encoding harms
// nobody.
func keptQuery(raw string, p *Policy) (string, error) {
	if raw == "" || len(p.Query) == 0 {
		return "", nil
	}
	if len(raw) > maxQueryBytes {
		return "", &BadPathError{Path: "?" + raw, Reason: fmt.Sprintf("query longer than %d bytes", maxQueryBytes), TooLong: true}
	}
	type parameter struct{ name, value string }
	var kept []parameter
	for pair := range strings.SplitSeq(raw, "&") {
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(rawName)
		switch {
		case err != nil && p.keepsAll():
			return "", errQuery
		case err != nil || !p.keeps(name) || pair == "":
			continue
		}
		value, err := url.QueryUnescape(rawValue)
		// A semicolon separates parameters for some servers and not for others.
		if err != nil || strings.Contains(pair, ";") {
			return "", errQuery
		}
		kept = append(kept, parameter{name, value})
	}
	slices.SortStableFunc(kept, func(a, b parameter) int { return strings.Compare(a.name, b.name) })
	var b strings.Builder
	for i, p := range kept {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(p.name))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(p.value))
	}
	return b.String(), nil
}
