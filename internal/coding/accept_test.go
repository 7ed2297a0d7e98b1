package coding_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/reprint-go/reprint/internal/coding"
)

const (
	identity = coding.Identity
	gzip     = coding.Gzip
	br       = coding.Brotli
	zstd     = coding.Zstd
)

// weights are what a field gives identity, gzip, br and zstd.
type weights [coding.Count]int

func weightsOf(a coding.Accepted) weights {
	return weights{a.Weight(identity), a.Weight(gzip), a.Weight(br), a.Weight(zstd)}
}

func setOf(codings ...coding.Coding) coding.Set {
	var s coding.Set
	for _, c := range codings {
		s = s.With(c)
	}
	return s
}

var all = setOf(gzip, br, zstd)

func TestAccept(t *testing.T) {
	for _, tt := range []struct {
		name, field string
		want        weights
		best        coding.Coding // of all
	}{
		// RFC 9110, section 12.5.3.
		{"first example", "compress, gzip", weights{1, 1000, 0, 0}, gzip},
		{"second example: empty", "", weights{1, 0, 0, 0}, identity},
		{"third example: anything", "*", weights{1000, 1000, 1000, 1000}, br},
		{"fourth example", "compress;q=0.5, gzip;q=1.0", weights{1, 1000, 0, 0}, gzip},
		{"fifth example", "gzip;q=1.0, identity; q=0.5, *;q=0", weights{500, 1000, 0, 0}, gzip},

		// What browsers and tools send.
		{"Chrome, Firefox", "gzip, deflate, br, zstd", weights{1, 1000, 1000, 1000}, br},
		{"Safari", "gzip, deflate, br", weights{1, 1000, 1000, 0}, br},
		{"Go", "gzip", weights{1, 1000, 0, 0}, gzip},
		{"curl --compressed", "deflate, gzip, br, zstd", weights{1, 1000, 1000, 1000}, br},
		{"Python", "gzip,deflate", weights{1, 1000, 0, 0}, gzip},
		{"wget, and byte ranges", "identity", weights{1000, 0, 0, 0}, identity},
		{"a video player", "identity;q=1, *;q=0", weights{1000, 0, 0, 0}, identity},
		{"an old proxy", "x-gzip", weights{1, 1000, 0, 0}, gzip},
		{"dcb and other newcomers", "gzip, dcb, dcz, br", weights{1, 1000, 1000, 0}, br},

		// Weights decide, then our order.
		{"the visitor's order is none", "gzip, br", weights{1, 1000, 1000, 0}, br},
		{"weight before our order", "gzip, br;q=0.9", weights{1, 1000, 900, 0}, gzip},
		{"zstd before gzip", "gzip;q=0.5, zstd;q=0.5", weights{1, 500, 0, 500}, zstd},
		{"one thousandth", "gzip;q=0.2, zstd;q=0.201", weights{1, 200, 0, 201}, zstd},
		{"identity liked more", "gzip;q=0.5, identity", weights{1000, 500, 0, 0}, identity},
		{"identity liked as much", "gzip;q=0.5, identity;q=0.5", weights{500, 500, 0, 0}, gzip},
		{"the least weight beats unnamed identity", "gzip;q=0.001", weights{1, 1, 0, 0}, gzip},

		// What is forbidden.
		{"one", "br;q=0, gzip", weights{1, 1000, 0, 0}, gzip},
		{"with decimals", "br;q=0.000, zstd;q=0.0, gzip;q=0.", weights{1, 0, 0, 0}, identity},
		{"identity", "identity;q=0, gzip", weights{0, 1000, 0, 0}, gzip},
		{"identity by the asterisk", "*;q=0, gzip", weights{0, 1000, 0, 0}, gzip},
		{"all", "*;q=0", weights{0, 0, 0, 0}, identity},
		{"all, one by one", "identity;q=0, gzip;q=0, br;q=0", weights{0, 0, 0, 0}, identity},
		{"all we have", "identity;q=0, compress", weights{0, 0, 0, 0}, identity},

		// The asterisk is for what no element names.
		{"asterisk for the rest", "gzip;q=0.5, *;q=0.1", weights{100, 500, 100, 100}, gzip},
		{"asterisk first", "*;q=0.1, gzip;q=0", weights{100, 0, 100, 100}, br},
		{"asterisk includes identity", "br;q=0.1, *;q=0.7", weights{700, 700, 100, 700}, zstd},
		{"asterisk does not include named identity", "*, identity;q=0.3", weights{300, 1000, 1000, 1000}, br},
		{"the first asterisk counts", "*;q=0.3, *;q=0.9", weights{300, 300, 300, 300}, br},

		// The same, written in other ways.
		{"case", "GZip;Q=0.5, BR;q=0.25", weights{1, 500, 250, 0}, gzip},
		{"white space", " \tgzip\t ;\t q=0.5 \t,\tbr ; q=0.25\t", weights{1, 500, 250, 0}, gzip},
		{"no white space", "gzip;q=0.5,br;q=0.25", weights{1, 500, 250, 0}, gzip},
		{"empty elements", ",, ,gzip,\t, ,br,", weights{1, 1000, 1000, 0}, br},
		{"nothing but commas", ",,,", weights{1, 0, 0, 0}, identity},
		{"up to three decimals", "gzip;q=0.1, br;q=0.12, zstd;q=0.123", weights{1, 100, 120, 123}, zstd},
		{"one with decimals", "gzip;q=1., br;q=1.0, zstd;q=1.000", weights{1, 1000, 1000, 1000}, br},
		{"duplicates: the first counts", "gzip;q=0.2, gzip;q=0.8, br;q=0, br", weights{1, 200, 0, 0}, gzip},
		{"the alias is a duplicate", "x-gzip;q=0.2, gzip", weights{1, 200, 0, 0}, gzip},

		// What is malformed is as if it were not there.
		{"weight above one", "gzip;q=1.001, br;q=2, zstd;q=1.1", weights{1, 0, 0, 0}, identity},
		{"weight below nothing", "gzip;q=-1, br;q=-0", weights{1, 0, 0, 0}, identity},
		{"four decimals", "gzip;q=0.0001, br;q=0.1234", weights{1, 0, 0, 0}, identity},
		{"no digit before the point", "gzip;q=.5", weights{1, 0, 0, 0}, identity},
		{"no weight after q", "gzip;q=, br;q, zstd;", weights{1, 0, 0, 0}, identity},
		{"another form of number", "gzip;q=1e0, br;q=0x1, zstd;q=00", weights{1, 0, 0, 0}, identity},
		{"space inside", "gzip;q =1, br;q= 1, zstd;q=0. 5", weights{1, 0, 0, 0}, identity},
		{"two words", "gzip br, zstd q=1", weights{1, 0, 0, 0}, identity},
		{"other parameters", "gzip;level=9, br;q=1;level=9, zstd;level=9;q=1", weights{1, 0, 0, 0}, identity},
		{"two weights", "gzip;q=0;q=1, br;q=1;q=0", weights{1, 0, 0, 0}, identity},
		{"it is no first of two", "gzip;q=abc, gzip;q=0.5", weights{1, 500, 0, 0}, gzip},
		{"it forbids nothing either", "gzip, identity;q=0.0000", weights{1, 1000, 0, 0}, gzip},
		{"other separators", "gzip; br; zstd", weights{1, 0, 0, 0}, identity},
		{"other white space", "gzip\n, br\v, zstd\u00a0", weights{1, 0, 0, 0}, identity},
		{"names that only look alike", "gzi\u0440, gz\x00ip, g\u017aip, \x07r", weights{1, 0, 0, 0}, identity},
		{"names with more or less", "gzip2, gzi, xgzip, x-br, brotli, zst", weights{1, 0, 0, 0}, identity},
		{"commas in quotes", `foo;x=", br, "`, weights{1, 0, 0, 0}, identity},
		{"a quotation mark after what was said", `gzip, br;x="`, weights{1, 0, 0, 0}, identity},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := coding.Accept(tt.field)
			if weightsOf(got) != tt.want {
				t.Errorf("Accept(%q) = %v, want %v", tt.field, weightsOf(got), tt.want)
			}
			if best := got.Best(all); best != tt.best {
				t.Errorf("Accept(%q).Best(all) = %s, want %s", tt.field, best, tt.best)
			}
			if bytes := coding.AcceptBytes([]byte(tt.field)); bytes != got {
				t.Errorf("AcceptBytes(%q) = %v, want %v", tt.field, weightsOf(bytes), tt.want)
			}
		})
	}
}

func TestBestOfWhatIsThere(t *testing.T) {
	for _, tt := range []struct {
		field string
		have  coding.Set
		want  coding.Coding
	}{
		{"gzip, br, zstd", setOf(), identity},
		{"gzip, br, zstd", setOf(gzip), gzip},
		{"gzip, br, zstd", setOf(gzip, zstd), zstd},
		{"gzip, br, zstd", setOf(identity, br), br},
		{"gzip, br;q=0.1", setOf(br), br},
		{"gzip;q=0.1, identity;q=0.2", setOf(gzip), identity}, // identity need not be in the set
		{"identity;q=0, br", setOf(gzip), identity},           // nothing is acceptable
		{"*;q=0", setOf(gzip, br), identity},
	} {
		if got := coding.Accept(tt.field).Best(tt.have); got != tt.want {
			t.Errorf("Accept(%q).Best(%04b) = %s, want %s", tt.field, tt.have, got, tt.want)
		}
	}
}

func TestAcceptedIsComparable(t *testing.T) {
	if coding.Accept("gzip, br;q=0.50") != coding.Accept("BR;q=0.5,\tX-GZIP;q=1, compress") {
		t.Error("two ways to write the same are not equal")
	}
	if coding.Accept("gzip") == coding.Accept("gzip;q=0.9") {
		t.Error("different weights are equal")
	}
}

func TestAcceptAllocatesNothing(t *testing.T) {
	field := "gzip, deflate, br;q=0.9, zstd;q=0.8, *;q=0.1, identity;q=0.05"
	bytes := []byte(field)
	var a coding.Accepted
	if n := testing.AllocsPerRun(100, func() { a = coding.Accept(field) }); n != 0 {
		t.Errorf("Accept allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() { a = coding.AcceptBytes(bytes) }); n != 0 {
		t.Errorf("AcceptBytes allocates %v times", n)
	}
	if a.Best(all) != gzip {
		t.Errorf("Best = %s", a.Best(all))
	}
}

// FuzzAccept compares Accept with the grammar as a regular expression.
func FuzzAccept(f *testing.F) {
	for _, seed := range []string{
		"", "gzip, deflate, br, zstd", "gzip;q=1.0, identity; q=0.5, *;q=0", "x-GZIP ;\tQ=0.123,,br", "*;q=0, *",
		"gzip;q=1.001, br;q=0.0000", "a\"b,gzip", "identity;q=0.", "zstd;q=1.;", "gzip;q=0;q=1", "b\u0280",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, field string) {
		got, want := coding.Accept(field), slowAccept(field)
		if weightsOf(got) != want {
			t.Errorf("Accept(%q) = %v, want %v", field, weightsOf(got), want)
		}
		if bytes := coding.AcceptBytes([]byte(field)); bytes != got {
			t.Errorf("AcceptBytes(%q) = %v, and of the string %v", field, weightsOf(bytes), weightsOf(got))
		}
		best := got.Best(all)
		for _, c := range []coding.Coding{identity, gzip, br, zstd} {
			if got.Weight(c) > got.Weight(best) {
				t.Errorf("Accept(%q).Best(all) = %s, and %s weighs more", field, best, c)
			}
		}
	})
}

var element = regexp.MustCompile("^[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]*;[ \t]*[qQ]=(0(?:\\.[0-9]{0,3})?|1(?:\\.0{0,3})?))?[ \t]*$")

func slowAccept(field string) weights {
	if strings.Contains(field, `"`) {
		return weights{1, 0, 0, 0}
	}
	said := make(map[string]int)
	for e := range strings.SplitSeq(field, ",") {
		m := element.FindStringSubmatch(e)
		if m == nil {
			continue
		}
		name, weight := strings.ToLower(m[1]), 1000
		if name == "x-gzip" {
			name = "gzip"
		}
		if m[2] != "" {
			q, _ := strconv.ParseFloat(m[2], 64)
			weight = int(q*1000 + 0.5)
		}
		if _, ok := said[name]; !ok {
			said[name] = weight
		}
	}
	want := weights{1, 0, 0, 0}
	for i, name := range []string{"identity", "gzip", "br", "zstd"} {
		if weight, ok := said[name]; ok {
			want[i] = weight
		} else if weight, ok := said["*"]; ok {
			want[i] = weight
		}
	}
	return want
}

func BenchmarkAccept(b *testing.B) {
	for _, field := range []string{"gzip, deflate, br, zstd", "gzip;q=1.0, identity; q=0.5, *;q=0"} {
		bytes := []byte(field)
		b.Run(field, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				coding.AcceptBytes(bytes)
			}
		})
	}
}
