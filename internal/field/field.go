// Package field reads and cleans HTTP header fields: Cache-Control, Vary and the
// fields that belong to one connection.
package field

import (
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// Valid reports whether s can be sent as a field value.
func Valid(s string) bool { return httpguts.ValidHeaderFieldValue(s) }

// tokens yields the comma-separated elements of all lines, trimmed, without
// splitting inside quotes. ok is false when a quote is not closed.
func tokens(lines []string) (elements []string, ok bool) {
	for _, line := range lines {
		start, quoted := 0, false
		for i := 0; i < len(line); i++ {
			switch c := line[i]; {
			case quoted && c == '\\':
				i++
			case c == '"':
				quoted = !quoted
			case c == ',' && !quoted:
				elements = append(elements, strings.TrimSpace(line[start:i]))
				start = i + 1
			}
		}
		if quoted {
			return nil, false
		}
		elements = append(elements, strings.TrimSpace(line[start:]))
	}
	return slices.DeleteFunc(elements, func(e string) bool { return e == "" }), true
}

// isToken reports whether s is a token (RFC 9110, section 5.6.2), as the name of
// a field is one.
func isToken(s string) bool { return httpguts.ValidHeaderFieldName(s) }

// isArgument reports whether s is a token or one quoted string. Anything else,
// such as "60 private" or "0; private", may hide a directive that its author
// meant.
func isArgument(s string) bool {
	inner, quoted := strings.CutPrefix(s, `"`)
	if !quoted {
		return isToken(s)
	}
	for i := 0; i < len(inner); i++ {
		switch inner[i] {
		case '\\':
			i++
		case '"':
			return i == len(inner)-1 && Valid(s)
		}
	}
	return false
}

// Vary returns the canonical names in Vary (RFC 9110, section 12.5.5), "*"
// included.
func Vary(h http.Header) []string {
	elements, ok := tokens(h["Vary"])
	if !ok {
		return []string{"*"}
	}
	for i, e := range elements {
		elements[i] = http.CanonicalHeaderKey(e)
	}
	return elements
}

// perMessage are the fields that describe one connection or one message and not
// the page: hop-by-hop (RFC 9110, section 7.6.1), framing, and what is computed
// anew for each answer.
var perMessage = []string{
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
	"Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	"Content-Length", "Content-Range", "Accept-Ranges", "Date", "Age", "Etag", "Last-Modified", "Cache-Status", "Set-Cookie", "Vary",
}

// EndToEnd returns what of h belongs to a stored page, as a copy that nothing
// else refers to. bad is the name of a field whose value cannot be sent,
// because it holds a line break for instance, or "Connection" when it cannot be
// known which fields that one lists. Of several bad fields it is any one. Fields
// whose name cannot be sent are left out.
func EndToEnd(h http.Header) (kept http.Header, bad string) {
	connection, ok := tokens(h["Connection"])
	if !ok {
		return nil, "Connection"
	}
	kept = make(http.Header, len(h))
	for name, values := range h {
		canonical := http.CanonicalHeaderKey(name)
		named := func(e string) bool { return strings.EqualFold(e, name) }
		switch {
		case !httpguts.ValidHeaderFieldName(name), slices.Contains(perMessage, canonical),
			slices.ContainsFunc(connection, named):
			continue
		}
		for _, v := range values {
			if !Valid(v) {
				return nil, name
			}
		}
		kept[canonical] = slices.Clip(slices.Concat(kept[canonical], values))
	}
	return kept, ""
}
