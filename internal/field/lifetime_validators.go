package field

import (
	"net/http"
	"strings"
	"time"
)

// Validators returns what the response can be asked for again with (RFC 9110,
// section 8.8): the entity tag, weak or strong, when there is exactly one and it
// has the form of one, and Last-Modified when it is exactly one date. Otherwise
// they are "".
func Validators(h http.Header) (etag, lastModified string) {
	if lines := h["Etag"]; len(lines) == 1 && isEntityTag(lines[0]) {
		etag = lines[0]
	}
	if lines := h["Last-Modified"]; len(lines) == 1 {
		if _, ok := parseDate(lines[0]); ok {
			lastModified = lines[0]
		}
	}
	return etag, lastModified
}

// isEntityTag follows RFC 9110, section 8.8.3.
func isEntityTag(s string) bool {
	s = strings.TrimPrefix(s, "W/")
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return false
	}
	for _, c := range []byte(s[1 : len(s)-1]) {
		if c <= ' ' || c == '"' || c == 0x7f {
			return false
		}
	}
	return true
}

// StrongDate reports whether Last-Modified is a strong validator, given the Date
// of the same response: both come from one clock, and nothing that was made in
// the second of lastModified came after it (RFC 9110, section 8.8.2.2).
func StrongDate(lastModified, date string) bool {
	modified, ok1 := parseDate(lastModified)
	sent, ok2 := parseDate(date)
	return ok1 && ok2 && sent.Sub(modified) >= time.Second
}

// dateLayouts are the three forms of a date (RFC 9110, section 5.6.7).
var dateLayouts = [...]string{http.TimeFormat, "Monday, 02-Jan-06 15:04:05 GMT", time.ANSIC}

// parseDate reads a date in one of its three forms, to the letter: package time
// takes more, such as hours of one digit, and a cache must not (RFC 9111, section
// 5.3).
func parseDate(s string) (t time.Time, ok bool) {
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil && t.Format(layout) == s {
			return t, true
		}
	}
	return time.Time{}, false
}

// relaxedDate reads a date as a cache should: in any case, and in UTC by that
// name too (RFC 9111, section 4.2).
func relaxedDate(s string) (t time.Time, ok bool) {
	if n := len(s) - len(" GMT"); n > 0 && (strings.EqualFold(s[n:], " GMT") || strings.EqualFold(s[n:], " UTC")) {
		s = s[:n] + " GMT"
	}
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil && strings.EqualFold(t.Format(layout), s) {
			return t, true
		}
	}
	return time.Time{}, false
}
