package field_test

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"

	"github.com/reprint-go/reprint/internal/field"
)

func forbids(lines ...string) string { return field.Forbids(http.Header{"Cache-Control": lines}) }

func FuzzForbids(f *testing.F) {
	for _, seed := range []string{
		"", "public, max-age=60", "private", "no-cache=\"set-cookie, x\"", "a=\"b\nno-store", "a=\"\\\"\\\\, private\"",
		"PRIVATE\npublic", "max-age=60 private", "max-age=0; private", "a=,=b,,", "a\x00b", "prıvate",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		got := forbids(lines...)
		if !slices.Contains([]string{"", "private", "no-store", "no-cache"}, got) {
			t.Fatalf("Forbids(%q) = %q", lines, got)
		}
		if again := forbids(mapAll(lines, upper)...); again != got {
			t.Errorf("Forbids(%q) = %q, and %q in upper case", lines, got, again)
		}
		// One more line takes nothing back, and a harmless one adds nothing.
		if with := forbids(append(slices.Clone(lines), "private")...); with == "" {
			t.Errorf("Forbids(%q and private) is empty", lines)
		}
		if with := forbids(append([]string{"max-age=60"}, lines...)...); with != got {
			t.Errorf("Forbids(%q) = %q, and %q after max-age=60", lines, got, with)
		}
		// Lines may be joined on the way (RFC 9110, section 5.3).
		if joined := forbids(strings.Join(lines, ", ")); got == "" && joined != "" {
			t.Errorf("Forbids(%q) is empty, and %q when the lines are joined", lines, joined)
		}
		// Without quotes a reader of one line of code agrees.
		if got == "" && !strings.Contains(text, `"`) {
			for e := range strings.SplitSeq(strings.Join(lines, ","), ",") {
				name, _, _ := strings.Cut(strings.TrimSpace(lower(e)), "=")
				if slices.Contains([]string{"private", "no-store", "no-cache"}, strings.TrimSpace(name)) {
					t.Errorf("Forbids(%q) is empty, and there is %q", lines, e)
				}
			}
		}
	})
}

func mapAll(lines []string, f func(string) string) []string {
	all := make([]string, len(lines))
	for i, line := range lines {
		all[i] = f(line)
	}
	return all
}

func FuzzEndToEnd(f *testing.F) {
	for _, seed := range [][5]string{
		{"Content-Type", "text/html", "X-Mine", "1", ""},
		{"x-mine", "1", "X-Mine", "2", "close"},
		{"X-Hop", "1", "X-Other", "2", "x-hop, Keep-Alive"},
		{"X Bad", "1", "X-Bad", "a\r\nSet-Cookie: b=c", `"`},
		{"set-cookie", "a=b", "TRANSFER-ENCODING", "chunked", "\x00"},
		{"Trailer:X-Sum", "1", "", "\n", ", ,"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4])
	}
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2, connection string) {
		h := http.Header{"Connection": {connection}}
		h[name1] = append(h[name1], value1)
		h[name2] = append(h[name2], value2)
		before := clone(h)
		kept, bad := field.EndToEnd(h)
		if !reflect.DeepEqual(h, before) {
			t.Fatalf("EndToEnd changed its input to %q", h)
		}
		if bad != "" {
			invalid := func(v string) bool {
				openQuote := bad == "Connection" && strings.Contains(v, `"`)
				return openQuote || !httpguts.ValidHeaderFieldValue(v)
			}
			if kept != nil || !slices.ContainsFunc(h[bad], invalid) {
				t.Fatalf("EndToEnd(%q) = %q, %q: no such bad value", h, kept, bad)
			}
			return
		}
		for name, values := range kept {
			checkKept(t, h, name, values)
		}
		again, bad := field.EndToEnd(kept)
		if bad != "" || !reflect.DeepEqual(again, kept) {
			t.Errorf("EndToEnd of its own result %q is %q, %q", kept, again, bad)
		}
	})
}

// checkKept checks one field that EndToEnd kept of h.
func checkKept(t *testing.T, h http.Header, name string, values []string) {
	if !httpguts.ValidHeaderFieldName(name) || name != http.CanonicalHeaderKey(name) {
		t.Errorf("kept the name %q", name)
	}
	if slices.Contains(dropped, name) {
		t.Errorf("kept %s", name)
	}
	if connection := strings.Join(h["Connection"], ","); !strings.Contains(connection, `"`) {
		for listed := range strings.SplitSeq(connection, ",") {
			if lower(strings.TrimSpace(listed)) == lower(name) {
				t.Errorf("kept %s, which Connection lists: %q", name, connection)
			}
		}
	}
	var all []string
	for original, v := range h {
		if http.CanonicalHeaderKey(original) == name {
			all = append(all, v...)
		}
	}
	for _, v := range values {
		if !httpguts.ValidHeaderFieldValue(v) {
			t.Errorf("kept %s: %q", name, v)
		}
	}
	if !slices.Equal(slices.Sorted(slices.Values(values)), slices.Sorted(slices.Values(all))) {
		t.Errorf("%s: kept %q of %q", name, values, all)
	}
}
