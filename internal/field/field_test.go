package field_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/reprint-go/reprint/internal/field"
)

func TestForbids(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"no field", nil, ""},
		{"an empty field", []string{""}, ""},
		{"empty elements", []string{" , ,, "}, ""},
		{"nothing that forbids", []string{"public, max-age=60, s-maxage=3600, must-revalidate, no-transform"}, ""},
		{"an extension", []string{"stale-while-revalidate=60, immutable, x-mine=1"}, ""},
		{"an extension with a quoted argument", []string{`community="UCI"`}, ""},

		{"private", []string{"private"}, "private"},
		{"no-store", []string{"no-store"}, "no-store"},
		{"no-cache", []string{"no-cache"}, "no-cache"},
		{"another case", []string{"PrIvAtE"}, "private"},
		{"among others", []string{"max-age=60,private,must-revalidate"}, "private"},
		{"with blanks around", []string{"max-age=60 ,\tno-store\t"}, "no-store"},
		{"the first of several", []string{"max-age=1, no-cache, private"}, "no-cache"},
		{"on a later line", []string{"max-age=60", "public", "no-store"}, "no-store"},
		{"beside its contrary", []string{"public, private"}, "private"},

		{"with an argument", []string{`private=x`}, "private"},
		{"with a quoted argument", []string{`no-cache="set-cookie"`}, "no-cache"},
		{"with a list as argument", []string{`max-age=60, private="a, b"`}, "private"},
		{"with an empty argument", []string{"private="}, "private"},
		{"with blanks before the argument", []string{`private = "a"`}, "private"},
		{"after a quoted list", []string{`ext="a, b", private`}, "private"},
		{"after an escaped quote", []string{`ext="a\", b", private`}, "private"},
		{"after an escaped backslash", []string{`ext="a\\", private`}, "private"},

		{"inside quotes it is text", []string{`ext="a, private, b"`}, ""},
		{"inside quotes after an escaped quote", []string{`ext="\", private"`}, ""},
		{"as a part of a name", []string{"x-private, private-ish, not-no-store"}, ""},
		{"as an argument", []string{"ext=private"}, ""},

		{"an open quote", []string{`ext="a`}, "no-store"},
		{"an open quote hides what follows", []string{`ext="a, private`}, "no-store"},
		{"an open quote on another line", []string{"public", `ext="`}, "no-store"},
		{"an open quote with an escape at the end", []string{`ext="a\`}, "no-store"},
		{"a name with a blank", []string{"max age=60"}, "no-store"},
		{"a name with a separator", []string{"public; private"}, "no-store"},
		{"a quoted name", []string{`"private"`}, "no-store"},
		{"no name", []string{"=1"}, "no-store"},
		{"a name in another script", []string{"prıvate"}, "no-store"},
		{"a control character", []string{"public\x00"}, "no-store"},
		{"something before it", []string{"max age, private"}, "no-store"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{"Cache-Control": tt.lines, "Pragma": {"no-cache"}}
			if got := field.Forbids(h); got != tt.want {
				t.Errorf("Forbids(%q) = %q, want %q", tt.lines, got, tt.want)
			}
		})
	}
}

func TestVary(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"no field", nil, nil},
		{"an empty field", []string{""}, nil},
		{"empty elements", []string{", ,"}, nil},
		{"one name", []string{"Accept-Language"}, []string{"Accept-Language"}},
		{"another case", []string{"accept-LANGUAGE"}, []string{"Accept-Language"}},
		{"several names", []string{"Accept-Encoding ,cookie"}, []string{"Accept-Encoding", "Cookie"}},
		{"several lines", []string{"accept-encoding", "cookie, x-mine"}, []string{"Accept-Encoding", "Cookie", "X-Mine"}},
		{"everything", []string{"*"}, []string{"*"}},
		{"everything among names", []string{"cookie, *"}, []string{"Cookie", "*"}},
		{"not a name", []string{"a b"}, []string{"a b"}},
		{"a backslash outside quotes", []string{`a\, cookie`}, []string{`a\`, "Cookie"}},
		{"an open quote", []string{`cookie, "`}, []string{"*"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := field.Vary(http.Header{"Vary": tt.lines})
			if !slices.Equal(got, tt.want) {
				t.Errorf("Vary(%q) = %q, want %q", tt.lines, got, tt.want)
			}
		})
	}
}

func TestValid(t *testing.T) {
	for _, tt := range []struct {
		value string
		want  bool
	}{
		{"", true},
		{"text/html; charset=utf-8", true},
		{"a\tb", true},
		{"größe", true},
		{"a\xff", true},
		{"a\nb", false},
		{"a\rb", false},
		{"a\r\nX-Other: b", false},
		{"a\r\n b", false},
		{"a\x00b", false},
		{"a\x7fb", false},
		{"a\x1bb", false},
	} {
		if got := field.Valid(tt.value); got != tt.want {
			t.Errorf("Valid(%q) = %v, want %v", tt.value, got, tt.want)
		}
	}
}
