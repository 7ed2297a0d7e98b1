package field

import (
	"net/http"
	"strings"
	"time"
)

// Lifetime is what a shared cache may conclude from the header of a response
// about how long it may use that response.
type Lifetime struct {
	// Fresh is how long the response is fresh after it was made. Zero: it is
	// stale at once.
	Fresh time.Duration
	// Age is how old it was at the moment that [Life] was given.
	Age time.Duration
	// WhileRevalidate is how long it may be used after that while it is
	// validated (RFC 5861, section 3). Zero: not at all, or nothing is said.
	WhileRevalidate time.Duration
	// IfError is how long it may be used after that when a new one cannot be had
	// (RFC 5861, section 4). Zero: not at all. -1: nothing is said.
	IfError time.Duration
	// MustRevalidate says that it must never be used stale; both times above are
	// zero then (RFC 9111, section 4.2.4).
	MustRevalidate bool
}

// longest is the longest time that a header can name (RFC 9111, section 1.2.2):
// 68 years.
const longest = 1 << 31 * time.Second

// Life reads the life of a response from its header h, as a shared cache must.
// now is the moment from which the caller counts: when it asked for the
// response. explicit is false when no field says how long it is fresh; then
// Fresh is zero. Whether the response may be stored at all is a question for
// [Forbids], and so is the field that decides.
//
// Of a directive that is there twice the first counts (RFC 9111, section 4.2.1).
// Fields that contradict themselves or cannot be read never make it longer.
func Life(h http.Header, now time.Time) (l Lifetime, explicit bool) {
	from, directives := governing(h)
	l, explicit = lifeSaid(from, directives)
	date := now
	if t, ok := first(h, "Date"); ok {
		if t, ok := relaxedDate(t); ok {
			date = t
		}
	}
	if expires, ok := first(h, "Expires"); ok && from == cacheControl && !explicit {
		// What is no date is in the past (RFC 9111, section 5.3).
		explicit = true
		if t, ok := relaxedDate(expires); ok {
			l.Fresh = min(max(t.Sub(date), 0), longest)
		}
	}
	// RFC 9111, section 4.2.3. A Date has whole seconds.
	l.Age = min(max(now.Truncate(time.Second).Sub(date), ageSaid(h), 0), longest)
	return l, explicit
}

// lifeSaid reads everything but the age from the directives of one field.
func lifeSaid(from string, directives []directive) (l Lifetime, explicit bool) {
	if unreadable(directives) {
		return Lifetime{MustRevalidate: true}, true
	}
	shared := false // s-maxage decides, see below
	var beyond time.Duration
	if from == surrogateControl {
		l.Fresh, beyond, explicit = surrogateAge(directives)
	} else if l.Fresh, explicit = duration(directives, "s-maxage"); explicit {
		shared = true
	} else {
		l.Fresh, explicit = duration(directives, "max-age")
	}
	var whileSaid, errorSaid bool
	l.WhileRevalidate, whileSaid = duration(directives, "stale-while-revalidate")
	l.IfError, errorSaid = duration(directives, "stale-if-error")
	if beyond > 0 && !whileSaid {
		l.WhileRevalidate = beyond
	}
	switch {
	case errorSaid:
	case beyond > 0:
		l.IfError = beyond
	default:
		l.IfError = -1
	}
	// s-maxage says proxy-revalidate too (RFC 9111, section 5.2.2.10), unless
	// its author wrote the contrary beside it.
	l.MustRevalidate = has(directives, "must-revalidate") || has(directives, "proxy-revalidate") ||
		shared && l.WhileRevalidate == 0 && l.IfError <= 0 && !bare(directives, "stale-while-revalidate") && !bare(directives, "stale-if-error")
	if l.MustRevalidate {
		l.WhileRevalidate, l.IfError = 0, 0
	}
	return l, explicit
}

// surrogateAge reads max-age of Surrogate-Control, "60" or "60+30": how long the
// response is fresh, and how long after that it may be used until it must be
// validated.
func surrogateAge(directives []directive) (fresh, beyond time.Duration, explicit bool) {
	d, explicit := find(directives, "max-age")
	n, m, extended := strings.Cut(d.argument, "+")
	fresh, ok := seconds(n)
	if extended {
		beyond, extended = seconds(m)
		ok = ok && extended
	}
	if !ok {
		return 0, 0, explicit
	}
	return fresh, beyond, explicit
}

// ageSaid returns the value of Age; of a list the first counts, and what is no
// number of seconds does not (RFC 9111, section 5.1).
func ageSaid(h http.Header) time.Duration {
	line, _ := first(h, "Age")
	value, _, _ := strings.Cut(line, ",")
	age, _ := seconds(strings.TrimSpace(value))
	return age
}

// duration returns the time that a directive names, and whether it is there. A
// time that cannot be read is none (RFC 9111, section 4.2.1).
func duration(directives []directive, name string) (d time.Duration, there bool) {
	found, there := find(directives, name)
	d, _ = seconds(found.argument)
	return d, there
}

// seconds reads delta-seconds: digits, without quotes or sign (RFC 9111, section
// 1.2.2).
func seconds(s string) (d time.Duration, ok bool) {
	if s == "" {
		return 0, false
	}
	var n int64
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = min(10*n+int64(c-'0'), int64(longest/time.Second))
	}
	return time.Duration(n) * time.Second, true
}

// first returns the first line of a field, trimmed.
func first(h http.Header, name string) (value string, there bool) {
	if lines := h[name]; len(lines) > 0 {
		return strings.TrimSpace(lines[0]), true
	}
	return "", false
}
