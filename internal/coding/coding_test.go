package coding_test

import (
	"testing"

	"github.com/reprint-go/reprint/internal/coding"
)

func TestNames(t *testing.T) {
	for name, c := range map[string]coding.Coding{"identity": identity, "gzip": gzip, "br": br, "zstd": zstd} {
		if c.String() != name {
			t.Errorf("Coding(%d) = %q, want %q", c, c, name)
		}
		if got, ok := coding.Parse(name); got != c || !ok {
			t.Errorf("Parse(%q) = %s, %t", name, got, ok)
		}
	}
	for _, name := range []string{"", "GZIP", "x-gzip", " br", "deflate", "unknown"} {
		if got, ok := coding.Parse(name); got != identity || ok {
			t.Errorf("Parse(%q) = %s, %t", name, got, ok)
		}
	}
}

func TestSet(t *testing.T) {
	s := setOf(gzip, zstd)
	if !s.Has(gzip) || !s.Has(zstd) || s.Has(br) || s.Has(identity) {
		t.Errorf("the set of gzip and zstd is %04b", s)
	}
}

func TestACodingThatIsNone(t *testing.T) {
	none := coding.Coding(coding.Count)
	if none.String() != "unknown" || all.With(none) != all || all.Has(none) || coding.Accept("*").Weight(none) != 0 {
		t.Error("a number beyond the codings is taken for one")
	}
}
