package spell_test

import (
	"strings"
	"testing"

	"github.com/reprint-go/reprint/internal/spell"
)

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "acb", 1}, {"listen", "lisen", 1}, {"kitten", "sitting", 3}} {
		if got := spell.Distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
		if there, back := spell.Distance(c.a, c.b), spell.Distance(c.b, c.a); there != back {
			t.Errorf("%q and %q: %d there, %d back", c.a, c.b, there, back)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"listen", "origin", "onlyGenerated", "tag", "/v1/pages", "/v1/status"}
	for misspelt, want := range map[string]string{
		"lisen": "listen", "orogin": "origin", "only_generated": "onlyGenerated", "TAG": "tag", "tga": "tag", "/v1/page": "/v1/pages",
		"xyz": "", "": "", "toy": "", strings.Repeat("a", 1000): "",
	} {
		if got := spell.Nearest(misspelt, names); got != want {
			t.Errorf("%q is near %q, want %q", misspelt, got, want)
		}
	}
}
