package origin

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/reprint-go/reprint"
)

// What an origin says of a page beside HTTP's own headers, under canonical names.
// It is for the site and not for clients.
const (
	cacheTag     = "Cache-Tag"
	surrogateKey = "Surrogate-Key"
	xkey         = "Xkey"
	revalidateAt = "Reprint-Revalidate-At"
)

// notForClients are the response headers that end here. Surrogate-Control ends at
// the site, which reads it in a render.
var notForClients = []string{cacheTag, surrogateKey, xkey, revalidateAt, "Surrogate-Capability"}

// hear tells the site what an answer says of its page, and removes it from the
// answer. took is how long the origin had for it.
func (h *Handler) hear(ctx context.Context, path string, answer http.Header, took time.Duration) {
	reprint.Tag(ctx, tagsOf(answer)...)
	when, garbage := earliest(answer[revalidateAt], began(answer, time.Now(), took))
	reprint.RevalidateAt(ctx, when)
	if garbage != "" && h.garbage.now() {
		h.log.WarnContext(ctx, "origin: "+revalidateAt+" cannot be read and is ignored; write a time of RFC 3339, an HTTP date or Unix seconds",
			"path", path, "value", garbage)
	}
	for _, name := range notForClients {
		answer.Del(name)
	}
}

// tagsOf returns the tags of an answer, spelled so that each can be one.
func tagsOf(answer http.Header) []string {
	var tags []string
	add := func(lines []string, separator func(rune) bool) {
		for _, line := range lines {
			for tag := range strings.FieldsFuncSeq(line, separator) {
				if tag = strings.Trim(tag, " \t,"); tag != "" {
					tags = append(tags, reprint.EscapeTag(tag))
				}
			}
		}
	}
	add(answer[cacheTag], func(c rune) bool { return c == ',' })
	add(answer[surrogateKey], unicode.IsSpace)
	add(answer[xkey], unicode.IsSpace)
	return tags
}

// began returns the moment at which the origin began with an answer, by its own
// clock if it told the time: what lies before it was known to the origin then.
func began(answer http.Header, now time.Time, took time.Duration) time.Time {
	if date, err := http.ParseTime(answer.Get("Date")); err == nil {
		now = date
	}
	return now.Add(-took - time.Second) // a date has no fractions
}

// earliest returns the earliest moment after begin, and something that is none. A
// line may be a list, but HTTP dates have commas too.
func earliest(lines []string, begin time.Time) (first time.Time, garbage string) {
	take := func(value string) bool {
		t, ok := moment(strings.TrimSpace(value))
		if ok && t.After(begin) && (first.IsZero() || t.Before(first)) {
			first = t
		}
		return ok
	}
	for _, line := range lines {
		if take(line) {
			continue
		}
		for value := range strings.SplitSeq(line, ",") {
			if !take(value) {
				garbage = line
			}
		}
	}
	return first, garbage
}

// moment reads a time in one of the forms in which headers have them.
func moment(s string) (time.Time, bool) {
	const year10000 = 253402300800
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Unix(n, 0), n > 0 && n < year10000
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, true
	}
	t, err := http.ParseTime(s)
	return t, err == nil
}

// seldom lets something happen no oftener than once in a while.
type seldom struct {
	every time.Duration
	last  atomic.Int64 // Unix nanoseconds
}

// now reports whether it is time again.
func (s *seldom) now() bool {
	now, last := time.Now().UnixNano(), s.last.Load()
	return now-last >= int64(s.every) && s.last.CompareAndSwap(last, now)
}
