package field_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint/internal/field"
)

// noon is when the responses of these tests are asked for: on a whole second, as
// a Date has no finer ones.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func at(d time.Duration) string { return noon.Add(d).Format(http.TimeFormat) }

// header makes a header of lines "Name: value".
func header(lines ...string) http.Header {
	h := http.Header{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		h.Add(name, strings.TrimPrefix(value, " "))
	}
	return h
}

const (
	second = time.Second
	never  = time.Duration(-1) // the time that nothing is said of
	cap31  = 1 << 31 * second
)

type lifeCase struct {
	name     string
	h        http.Header
	want     field.Lifetime
	explicit bool
}

func testLife(t *testing.T, cases []lifeCase) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			got, explicit := field.Life(tt.h, noon)
			if got != tt.want || explicit != tt.explicit {
				t.Errorf("Life(%q) = %+v, %v, want %+v, %v", tt.h, got, explicit, tt.want, tt.explicit)
			}
		})
	}
}

// fresh is a life of which nothing is said but how long it is fresh.
func fresh(d time.Duration) field.Lifetime { return field.Lifetime{Fresh: d, IfError: never} }

// must is the life of a response that may never be used stale.
func must(d time.Duration) field.Lifetime { return field.Lifetime{Fresh: d, MustRevalidate: true} }

// RFC 9111, section 4.2.1.
func TestLifeFreshness(t *testing.T) {
	testLife(t, []lifeCase{
		{"nothing", nil, fresh(0), false},
		{"4.2.2: a Last-Modified is no freshness", header("Last-Modified: " + at(-time.Hour)), fresh(0), false},
		{"directives without a time", header("Cache-Control: public, no-transform, immutable"), fresh(0), false},
		{"max-age", header("Cache-Control: max-age=60"), fresh(60 * second), true},
		{"max-age zero", header("Cache-Control: max-age=0"), fresh(0), true},
		{"in another case", header("Cache-Control: Max-AGE=60"), fresh(60 * second), true},
		{"with blanks", header("Cache-Control: public ,\tmax-age = 60 "), fresh(60 * second), true},
		{"on a later line", header("Cache-Control: public", "Cache-Control: max-age=60"), fresh(60 * second), true},
		{"leading zeros", header("Cache-Control: max-age=0060"), fresh(60 * second), true},
		{"s-maxage before max-age", header("Cache-Control: max-age=60, s-maxage=10"), must(10 * second), true},
		{"s-maxage longer than max-age", header("Cache-Control: s-maxage=100, max-age=60"), must(100 * second), true},
		{"s-maxage that cannot be read", header("Cache-Control: s-maxage=x, max-age=60"), must(0), true},
		{"max-age before Expires", header("Cache-Control: max-age=60", "Expires: "+at(time.Hour)), fresh(60 * second), true},
		{"max-age before an old Expires", header("Cache-Control: max-age=60", "Expires: 0"), fresh(60 * second), true},
		{"max-age that cannot be read before Expires", header("Cache-Control: max-age=x", "Expires: "+at(time.Hour)), fresh(0), true},
		{"Expires", header("Expires: " + at(time.Minute)), fresh(60 * second), true},
		{"Expires counts from Date", header("Expires: "+at(time.Minute), "Date: "+at(-second)),
			field.Lifetime{Fresh: 61 * second, Age: second, IfError: never}, true},
		{"Expires counts from a Date ahead", header("Expires: "+at(time.Minute), "Date: "+at(10*second)), fresh(50 * second), true},
		{"Expires at Date", header("Expires: "+at(0), "Date: "+at(0)), fresh(0), true},
		{"Expires before Date", header("Expires: "+at(-second), "Date: "+at(0)), fresh(0), true},
		{"Expires with a Date that is none", header("Expires: "+at(time.Minute), "Date: today"), fresh(60 * second), true},

		// The first or none.
		{"max-age twice", header("Cache-Control: max-age=60, max-age=3600"), fresh(60 * second), true},
		{"max-age twice, the longer first", header("Cache-Control: max-age=3600", "Cache-Control: max-age=60"), fresh(time.Hour), true},
		{"max-age twice, the first cannot be read", header("Cache-Control: max-age=x, max-age=60"), fresh(0), true},
		{"s-maxage twice", header("Cache-Control: s-maxage=1, s-maxage=2"), must(second), true},
		{"Expires twice", header("Expires: "+at(time.Minute), "Expires: "+at(time.Hour)), fresh(60 * second), true},
		{"Expires twice, the first is none", header("Expires: 0", "Expires: "+at(time.Hour)), fresh(0), true},
	})
}

// RFC 9111, section 1.2.2, and 4.2.1: "consider responses that have invalid
// freshness information to be stale".
func TestLifeSeconds(t *testing.T) {
	for argument, want := range map[string]time.Duration{
		"0": 0, "1": second, "00": 0, "2147483647": cap31 - second, "2147483648": cap31, "2147483649": cap31,
		"9223372036": cap31, "9223372036854775807": cap31, "9223372036854775808": cap31, strings.Repeat("9", 400): cap31,
		strings.Repeat("0", 400) + "7": 7 * second,
		"-1":                           0, "+1": 0, "1.5": 0, "1e3": 0, "0x10": 0, "ten": 0, `"60"`: 0, `""`: 0, "60s": 0, "'60'": 0, "١٢": 0, "1_000": 0,
	} {
		for _, name := range []string{"max-age", "s-maxage"} {
			h := http.Header{"Cache-Control": {name + "=" + argument}}
			if got, explicit := field.Life(h, noon); got.Fresh != want || !explicit {
				t.Errorf("%s: %v, %v, want %v, true", h, got.Fresh, explicit, want)
			}
		}
	}
	for _, line := range []string{"max-age", "max-age=", "max-age==60", "max-age=60;", "max-age=60 s-maxage=60", `max-age="60`, `x="`} {
		for _, others := range [][]string{nil, {"Expires: " + at(time.Hour)}} {
			h := header(append(others, "Cache-Control: "+line)...)
			if got, explicit := field.Life(h, noon); got.Fresh != 0 || !explicit {
				t.Errorf("%s: %v, %v, want 0, true", h, got.Fresh, explicit)
			}
		}
	}
}

// RFC 9111, sections 4.2 and 5.3; RFC 9110, section 5.6.7.
func TestLifeDates(t *testing.T) {
	for expires, want := range map[string]time.Duration{
		"Sat, 14 Mar 2026 12:01:00 GMT":    time.Minute,
		"Saturday, 14-Mar-26 12:01:00 GMT": time.Minute,
		"Sat Mar 14 12:01:00 2026":         time.Minute,
		"sat, 14 mar 2026 12:01:00 gmt":    time.Minute, // a cache should not mind the case
		"Sat, 14 Mar 2026 12:01:00 UTC":    time.Minute,
		"Fri, 31 Dec 9999 23:59:59 GMT":    cap31,
		"Sat, 14 Mar 2026 11:59:59 GMT":    0,
		"Thu, 01 Jan 1970 00:00:00 GMT":    0,

		"": 0, "0": 0, "-1": 0, "60": 0, "never": 0,
		"Sat, 14 Mar 2026 12:01:00":       0,
		"Sat, 14 Mar 2026 12:01:00 PST":   0,
		"Sat, 14 Mar 2026 12:01:00 +0000": 0,
		"Saturday, 14-Mar-26 12:01:00 ET": 0,
		"Sat, 14 Mar 26 12:01:00 GMT":     0,
		"Sat 14 Mar 2026 12:01:00 GMT":    0,
		"Sat,  14 Mar 2026 12:01:00 GMT":  0,
		"Sat, 14-Mar-2026 12:01:00 GMT":   0,
		"Sat, 14 Mar 2026 12.01.00 GMT":   0,
		"Sat, 14 Mar 2026 9:01:00 GMT":    0,
		"Sat, 14 Mar 2026 12:01:00.5 GMT": 0,
		"Mon, 14 Mar 2026 12:01:00 GMT":   0, // it was no Monday
		"Sat, 31 Feb 2026 12:01:00 GMT":   0,
		"2026-03-14T12:01:00Z":            0,
	} {
		h := http.Header{"Expires": {expires}, "Date": {at(0)}}
		if got, explicit := field.Life(h, noon); got.Fresh != want || !explicit {
			t.Errorf("Expires %q: %v, %v, want %v, true", expires, got.Fresh, explicit, want)
		}
	}
}

// RFC 9111, sections 4.2.3 and 5.1.
func TestLifeAge(t *testing.T) {
	for _, tt := range []struct {
		lines string
		now   time.Time
		want  time.Duration
	}{
		{"", noon, 0},
		{"Age: 10", noon, 10 * second},
		{"Age: 0", noon, 0},
		{"Age: 99999999999999999999", noon, cap31},
		{"Age: 10, 20", noon, 10 * second},
		{"Age: 20, x", noon, 20 * second},
		{"Age: 10|Age: 20", noon, 10 * second},
		{"Age: -10", noon, 0},
		{"Age: x", noon, 0},
		{"Age: ", noon, 0},
		{`Age: "10"`, noon, 0},
		{"Age: 1.5", noon, 0},
		{"Date: " + at(-10*second), noon, 10 * second},
		{"Date: " + at(10*second), noon, 0},
		{"Date: " + at(-10*second) + "|Age: 5", noon, 10 * second},
		{"Date: " + at(-10*second) + "|Age: 15", noon, 15 * second},
		{"Date: " + at(10*second) + "|Age: 15", noon, 15 * second},
		{"Date: x|Age: 15", noon, 15 * second},
		{"Date: x", noon, 0},
		{"Date: " + at(0), noon.Add(999 * time.Millisecond), 0}, // it says nothing finer
		{"Date: Thu, 01 Jan 1970 00:00:00 GMT", noon, 1773489600 * second},
		{"Date: Mon, 01 Jan 1900 00:00:00 GMT", noon, cap31},
	} {
		h := header(strings.Split(tt.lines, "|")...)
		if got, _ := field.Life(h, tt.now); got.Age != tt.want {
			t.Errorf("%q at %v: Age %v, want %v", tt.lines, tt.now, got.Age, tt.want)
		}
	}
}

// RFC 9111, sections 4.2.4, 5.2.2.2, 5.2.2.8 and 5.2.2.10, RFC 5861.
func TestLifeStale(t *testing.T) {
	life := func(f, while, ifError time.Duration) field.Lifetime {
		return field.Lifetime{Fresh: f * second, WhileRevalidate: while * second, IfError: ifError * second}
	}
	unsaid := func(f, while time.Duration) field.Lifetime {
		return field.Lifetime{Fresh: f * second, WhileRevalidate: while * second, IfError: never}
	}
	var cases []lifeCase
	for line, want := range map[string]field.Lifetime{
		"max-age=60, must-revalidate":                            must(60 * second),
		"max-age=60, proxy-revalidate":                           must(60 * second),
		"max-age=60, Must-Revalidate":                            must(60 * second),
		"max-age=60, must-revalidate=0":                          must(60 * second),
		"max-age=60, must-revalidate, stale-if-error=9":          must(60 * second),
		"max-age=60, stale-while-revalidate=9, proxy-revalidate": must(60 * second),
		"s-maxage=60":                                                                must(60 * second),
		"s-maxage=60, stale-while-revalidate=9":                                      unsaid(60, 9),
		"s-maxage=60, stale-if-error=9":                                              life(60, 0, 9),
		"s-maxage=60, stale-while-revalidate=9, stale-if-error=8":                    life(60, 9, 8),
		"s-maxage=60, stale-while-revalidate=9, stale-if-error=0":                    life(60, 9, 0),
		"s-maxage=60, stale-while-revalidate=0":                                      must(60 * second),
		"s-maxage=60, stale-if-error=0":                                              must(60 * second),
		"s-maxage=60, stale-while-revalidate=x":                                      must(60 * second),
		"s-maxage=60, stale-while-revalidate":                                        unsaid(60, 0),
		"s-maxage=60, stale-while-revalidate=9, must-revalidate":                     must(60 * second),
		"max-age=60, stale-while-revalidate=9":                                       unsaid(60, 9),
		"max-age=60, Stale-While-Revalidate=9":                                       unsaid(60, 9),
		"max-age=60, stale-while-revalidate=9, stale-while-revalidate=99":            unsaid(60, 9),
		"max-age=60, stale-while-revalidate":                                         unsaid(60, 0),
		"max-age=60, stale-while-revalidate=-1":                                      unsaid(60, 0),
		`max-age=60, stale-while-revalidate="9"`:                                     unsaid(60, 0),
		"max-age=60, stale-if-error=9":                                               life(60, 0, 9),
		"max-age=60, stale-if-error=0":                                               life(60, 0, 0),
		"max-age=60, stale-if-error":                                                 life(60, 0, 0),
		"max-age=60, stale-if-error=x":                                               life(60, 0, 0),
		"max-age=60, stale-while-revalidate=99999999999":                             {Fresh: 60 * second, WhileRevalidate: cap31, IfError: never},
		`max-age=60, x="stale-if-error=9, must-revalidate, max-age=600, s-maxage=1"`: unsaid(60, 0),
	} {
		cases = append(cases, lifeCase{line, header("Cache-Control: " + line), want, true})
	}
	cases = append(cases, lifeCase{"only stale times", header("Cache-Control: stale-while-revalidate=9, stale-if-error=8"), life(0, 9, 8), false},
		lifeCase{"must-revalidate and Expires", header("Cache-Control: must-revalidate", "Expires: "+at(time.Minute)), must(time.Minute), true})
	testLife(t, cases)
}

// RFC 9213, sections 2.1 and 2.2, and Surrogate-Control of the Edge Architecture.
func TestLifeTargeted(t *testing.T) {
	stale := func(f, while, ifError time.Duration) field.Lifetime {
		return field.Lifetime{Fresh: f * second, WhileRevalidate: while * second, IfError: ifError * second}
	}
	testLife(t, []lifeCase{
		{"CDN-Cache-Control first", header("CDN-Cache-Control: max-age=60", "Cache-Control: s-maxage=10", "Surrogate-Control: max-age=5"), fresh(60 * second), true},
		{"it replaces must-revalidate", header("CDN-Cache-Control: max-age=60", "Cache-Control: max-age=10, must-revalidate"), fresh(60 * second), true},
		{"it replaces the stale times", header("CDN-Cache-Control: max-age=60", "Cache-Control: stale-if-error=10"), fresh(60 * second), true},
		{"it replaces Expires", header("CDN-Cache-Control: public", "Expires: "+at(time.Hour)), fresh(0), false},
		{"it replaces max-age", header("CDN-Cache-Control: public", "Cache-Control: max-age=60"), fresh(0), false},
		{"shorter than Cache-Control", header("CDN-Cache-Control: max-age=0", "Cache-Control: max-age=60"), fresh(0), true},
		{"with s-maxage", header("CDN-Cache-Control: max-age=60, s-maxage=30"), must(30 * second), true},
		{"with all", header("CDN-Cache-Control: max-age=60, stale-while-revalidate=9, stale-if-error=8"), stale(60, 9, 8), true},
		{"with must-revalidate", header("CDN-Cache-Control: max-age=60, must-revalidate"), must(60 * second), true},
		{"on two lines", header("CDN-Cache-Control: public", "CDN-Cache-Control: max-age=60"), fresh(60 * second), true},
		{"parameters are ignored", header("CDN-Cache-Control: max-age=60;x=1;y"), fresh(60 * second), true},
		{"the last of two counts", header("CDN-Cache-Control: max-age=60, max-age=30"), fresh(30 * second), true},
		{"the age counts still", header("CDN-Cache-Control: max-age=60", "Age: 5"), field.Lifetime{Fresh: 60 * second, Age: 5 * second, IfError: never}, true},
		{"a string", header(`CDN-Cache-Control: max-age="60"`), fresh(0), true},
		{"a decimal", header(`CDN-Cache-Control: max-age=60.5`), fresh(0), true},
		{"a negative", header(`CDN-Cache-Control: max-age=-60`), fresh(0), true},
		{"true", header(`CDN-Cache-Control: max-age`), fresh(0), true},
		{"false", header(`CDN-Cache-Control: max-age=?0`), fresh(0), true},
		{"a list", header(`CDN-Cache-Control: max-age=(60)`), fresh(0), true},
		{"a token", header(`CDN-Cache-Control: max-age=sixty`), fresh(0), true},
		{"a date", header(`CDN-Cache-Control: max-age=@60`), fresh(0), true},
		{"too long", header(`CDN-Cache-Control: max-age=999999999999999`), fresh(cap31), true},

		{"empty", header("CDN-Cache-Control: ", "Cache-Control: max-age=10"), fresh(10 * second), true},
		{"malformed", header("CDN-Cache-Control: max-age=60, &&&", "Cache-Control: max-age=10"), fresh(10 * second), true},
		{"a comma at the end", header("CDN-Cache-Control: max-age=60,", "Cache-Control: max-age=10"), fresh(10 * second), true},
		{"capitals", header("CDN-Cache-Control: Max-Age=60", "Cache-Control: max-age=10"), fresh(10 * second), true},
		{"an open quote", header(`CDN-Cache-Control: max-age="60`, "Cache-Control: max-age=10"), fresh(10 * second), true},
		{"too many digits", header("CDN-Cache-Control: max-age=1234567890123456", "Cache-Control: max-age=10"), fresh(10 * second), true},
		{"malformed, with Expires", header("CDN-Cache-Control: =", "Expires: "+at(10*second)), fresh(10 * second), true},
		{"malformed, alone", header("CDN-Cache-Control: max-age=60, &&&"), fresh(0), false},

		{"Surrogate-Control", header("Surrogate-Control: max-age=60", "Cache-Control: max-age=10, must-revalidate"), fresh(60 * second), true},
		{"with a stale time", header("Surrogate-Control: max-age=60+30"), stale(60, 30, 30), true},
		{"with two stale times", header("Surrogate-Control: max-age=60+30, stale-if-error=5"), stale(60, 30, 5), true},
		{"with directives of today", header("Surrogate-Control: max-age=60, stale-while-revalidate=9, stale-if-error=8"), stale(60, 9, 8), true},
		{"it replaces Expires too", header("Surrogate-Control: max-age=60", "Expires: 0"), fresh(60 * second), true},
		{"content alone", header(`Surrogate-Control: content="ESI/1.0"`, "Cache-Control: max-age=10"), fresh(10 * second), true},
		{"content and a time", header(`Surrogate-Control: content="ESI/1.0", max-age=60`, "Cache-Control: max-age=10"), fresh(60 * second), true},
		{"content and Expires", header(`Surrogate-Control: content="ESI/1.0"`, "Expires: "+at(10*second)), fresh(10 * second), true},
		{"a sum that cannot be read", header("Surrogate-Control: max-age=60+x"), fresh(0), true},
		{"a sum of nothing", header("Surrogate-Control: max-age=60+"), fresh(0), true},
		{"a sum of three", header("Surrogate-Control: max-age=60+30+10"), fresh(0), true},
		{"nothing and a sum", header("Surrogate-Control: max-age=+30"), fresh(0), true},
		{"what cannot be read", header("Surrogate-Control: max-age=60;other", "Cache-Control: max-age=10"), must(0), true},
		{"empty Surrogate-Control", header("Surrogate-Control: ", "Cache-Control: max-age=10"), fresh(10 * second), true},
		{"a sum in Cache-Control", header("Cache-Control: max-age=60+30"), fresh(0), true},
	})
}

func TestLifeOfWhatForbids(t *testing.T) { // that is a question for Forbids
	for _, directive := range []string{"private", "no-store", "no-cache"} {
		h := header("Cache-Control: " + directive + ", max-age=60")
		if got, explicit := field.Life(h, noon); got != fresh(60*second) || !explicit {
			t.Errorf("Life(%q) = %+v, %v", h, got, explicit)
		}
	}
}

// FuzzLife: nothing makes a life longer than the largest number that the header
// holds, and nothing panics.
func FuzzLife(f *testing.F) {
	for _, seed := range [][5]string{
		{"max-age=60, s-maxage=10", "", "", "", ""},
		{"s-maxage=60, stale-while-revalidate=9, stale-if-error=8", "max-age=60;a=1, no-store", "", "", "5"},
		{`x="max-age=600", max-age="60"`, `max-age="60"`, `content="ESI/1.0", max-age=60+30`, at(time.Hour), "1, 2"},
		{"max-age=99999999999999999999", "max-age=?0, a=(1 2);q", "max-age=60+", "0", "-1"},
		{"max-age=60\nmax-age=\"", "&&&", "no-store", at(-time.Hour), "x"},
		{"private, \"", "a=:AA==:, b=@1, c=%\"x\"", "", "Sat Mar 14 12:01:00 2026", ""},
		{"0", "", "", "Sat Mar 14 12:01:00 2026\nx", ""},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4])
	}
	f.Fuzz(func(t *testing.T, general, cdn, surrogate, expires, age string) {
		h := http.Header{"Date": {at(0)}}
		for name, value := range map[string]string{
			"Cache-Control": general, "Cdn-Cache-Control": cdn, "Surrogate-Control": surrogate, "Expires": expires, "Age": age,
		} {
			if value != "" {
				h[name] = strings.Split(value, "\n")
			}
		}
		l, explicit := field.Life(h, noon)
		if l.Fresh < 0 || l.WhileRevalidate < 0 || l.Age < 0 || l.IfError < never ||
			max(l.Fresh, l.WhileRevalidate, l.IfError, l.Age) > cap31 {
			t.Fatalf("Life(%q) = %+v", h, l)
		}
		if !explicit && l.Fresh != 0 {
			t.Errorf("Life(%q) = %+v, and nothing is explicit", h, l)
		}
		if l.MustRevalidate && (l.WhileRevalidate != 0 || l.IfError != 0) {
			t.Errorf("Life(%q) = %+v: stale and must be validated", h, l)
		}
		limit := largest(unquoted(general), unquoted(cdn), unquoted(surrogate))
		if max(l.WhileRevalidate, l.IfError) > limit {
			t.Errorf("Life(%q) = %+v, and the largest number is %v", h, l, limit)
		}
		said, _, _ := strings.Cut(expires, "\n") // the first one counts
		said = strings.ToUpper(strings.TrimSpace(said))
		if parsed, err := http.ParseTime(said); err == nil {
			limit = max(limit, parsed.Sub(noon))
		}
		if l.Fresh > limit && !strings.HasSuffix(said, "UTC") {
			t.Errorf("Life(%q) = %+v, and the largest time is %v", h, l, limit)
		}
		// One more directive that restricts never lets it live longer.
		with := h.Clone()
		with.Add("Cache-Control", "must-revalidate")
		if again, _ := field.Life(with, noon); max(again.Fresh, again.WhileRevalidate) > max(l.Fresh, l.WhileRevalidate) {
			t.Errorf("Life(%q) = %+v, and %+v with must-revalidate", h, l, again)
		}
	})
}

// unquoted returns s without what is in quotes.
func unquoted(s string) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"' || s[i] == '\n':
			quoted = s[i] == '"' && !quoted
			b.WriteByte(' ')
		case !quoted:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// largest returns the largest number in the texts, as seconds.
func largest(texts ...string) time.Duration {
	var d time.Duration
	for _, s := range texts {
		for digits := range strings.FieldsFuncSeq(s, func(r rune) bool { return r < '0' || r > '9' }) {
			n, err := strconv.ParseInt(digits, 10, 64)
			if err != nil || n > 1<<31 {
				n = 1 << 31
			}
			d = max(d, time.Duration(n)*second)
		}
	}
	return d
}
