package proof_test

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/proof"
)

// page is one with that status, type and body, and further header lines "Name: value".
func page(status int, contentType, body string, header ...string) *reprint.Page {
	p := &reprint.Page{Status: status, Header: http.Header{"Content-Type": {contentType}}, Body: []byte(body)}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		p.Header.Add(name, value)
	}
	return p
}

func htmlPage(body string, header ...string) *reprint.Page {
	return page(200, "text/html; charset=utf-8", body, header...)
}

func compile(t testing.TB, c proof.Checks) func(old, page *reprint.Page) error {
	t.Helper()
	check, err := c.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return check
}

const good = `<!doctype html><title>Shoes</title><main><article><h1>Shoes</h1></article></main>`

func TestChecks(t *testing.T) {
	size := proof.Checks{MinSize: 0.5}
	contains := proof.Checks{Contains: []string{"</html>", "Add to cart"}}
	excludes := proof.Checks{Excludes: []string{"Fatal error", "Traceback"}}
	selectors := proof.Checks{Selectors: []string{"main article", "h1, h2"}}
	text := func(n int) *reprint.Page { return page(200, "text/plain", strings.Repeat("x", n)) }
	for _, test := range []struct {
		name      string
		checks    proof.Checks
		old, page *reprint.Page
		want      string // empty: it passes
	}{
		{"large enough", size, text(1000), text(500), ""},
		{"too small", size, text(15000), text(1234), "it has 1.2 kB, 8 % of the last good page's 15 kB; at least 50 % are asked for"},
		{"a byte too small", size, text(1000), text(499), "it has 499 bytes, 49 % of the last good page's 1 kB; at least 50 % are asked for"},
		{"the first page", size, nil, text(1), ""},
		{"after a 404", size, page(404, "text/plain", strings.Repeat("x", 1000)), text(1), ""},
		{"after an empty one", proof.Checks{MinSize: 1}, text(0), text(0), ""},
		{"an odd share", proof.Checks{MinSize: 0.125}, text(2000000), text(1), "it has 1 byte, 0 % of the last good page's 2 MB; at least 12.5 % are asked for"},

		{"all texts", contains, nil, page(200, "application/json", "Add to cart</html>"), ""},
		{"no text", contains, nil, text(9), `it does not contain "</html>"; it does not contain "Add to cart"`},
		{"none of the bad texts", excludes, nil, htmlPage(good), ""},
		{"a bad text", excludes, nil, text(9), ""},
		{"an error", excludes, htmlPage(good), htmlPage("<b>Fatal error</b>: x"), `it contains "Fatal error"`},
		{"in any type", excludes, nil, page(200, "image/png", "Traceback"), `it contains "Traceback"`},

		{"all elements", selectors, nil, htmlPage(good), ""},
		{"no element", selectors, nil, htmlPage("<main><h2>x</h2></main>"), `no element matches "main article"`},
		{"none of them", selectors, nil, htmlPage("<p>"), `no element matches "main article"; no element matches "h1, h2"`},
		{"in XHTML", selectors, nil, page(200, "Application/XHTML+XML", "<p/>"), `no element matches "main article"; no element matches "h1, h2"`},
		{"not in text", selectors, nil, text(9), ""},
		{"text in the place of HTML", selectors, htmlPage(good), text(9), `it is "text/plain" and the last good page was HTML`},
		{"in a comment", selectors, nil, htmlPage("<!--" + good + "-->"), `no element matches "main article"; no element matches "h1, h2"`},
		{"in Latin-1", selectors, nil, page(200, "text/html; charset=iso-8859-1", "<main>\xe4<article>\xff<h1>"), ""},
		{"too deep", selectors, nil, htmlPage(strings.Repeat("<div>", 600)), "elements cannot be looked for: html: open stack of elements exceeds 512 nodes"},
		{"too large", selectors, nil, htmlPage(good + strings.Repeat(" ", 5<<20)), "it has 5.2 MB, and elements are looked for in at most 4.2 MB"},

		{
			"all at once",
			proof.Checks{MinSize: 0.5, Contains: []string{"a"}, Excludes: []string{"b"}, Selectors: []string{"main"}, Index: true},
			htmlPage(good), htmlPage("b", "X-Robots-Tag: noindex"),
			`it has 1 byte, 1 % of the last good page's 81 bytes; at least 50 % are asked for; it does not contain "a"; it contains "b"; ` +
				`no element matches "main"; it says noindex and the last good page did not`,
		},
		{
			"no page of status 200",
			proof.Checks{MinSize: 1, Contains: []string{"a"}, Excludes: []string{"b"}, Selectors: []string{"main"}, Index: true},
			htmlPage(good), page(404, "text/html", "b", "X-Robots-Tag: noindex"), "",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if err := compile(t, test.checks)(test.old, test.page); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestNoindex(t *testing.T) {
	meta := func(attributes string) *reprint.Page {
		return htmlPage("<head><meta " + attributes + "><title>x</title>")
	}
	check := compile(t, proof.Checks{Index: true})
	for _, test := range []struct {
		name string
		page *reprint.Page
		want bool // it says noindex
	}{
		{"nothing", htmlPage(good), false},
		{"meta", meta(`name=robots content=noindex`), true},
		{"meta, written otherwise", meta(`CONTENT="NoFollow, NOINDEX" NAME=" Robots "`), true},
		{"meta, closed", meta(`name="robots" content="none" /`), true},
		{"meta for one crawler", meta(`name="googlebot" content="noindex"`), true},
		{"meta for another", meta(`name="otherbot" content="noindex"`), false},
		{"meta that lets", meta(`name="robots" content="index, follow, max-image-preview:none"`), false},
		{"meta, in characters", meta(`name="robots" content="&#110;oindex"`), true},
		{"meta, twice named", meta(`name="robots" name="x" content="noindex"`), true},
		{"meta in a comment", htmlPage(`<!-- <meta name="robots" content="noindex"> -->`), false},
		{"meta in a script", htmlPage(`<script>"<meta name=robots content=noindex>"</script>`), false},
		{"meta in text", page(200, "text/plain", `<meta name="robots" content="noindex">`), false},
		{"meta in the body", htmlPage(`<p><meta name="robots" content="noindex">`), true},
		{"header", htmlPage(good, "X-Robots-Tag: noindex"), true},
		{"header of a picture", page(200, "image/png", "", "X-Robots-Tag: nofollow", "X-Robots-Tag: all, None"), true},
		{"header for one crawler", htmlPage(good, "X-Robots-Tag: googlebot: nofollow, noindex"), true},
		{"header for another", htmlPage(good, "X-Robots-Tag: otherbot: noindex, nofollow"), false},
		{"header with a date", htmlPage(good, "X-Robots-Tag: unavailable_after: 25 Jun 2030 15:00:00 PST, noindex"), true},
		{"header with the date of HTTP", htmlPage(good, "X-Robots-Tag: unavailable_after: Tue, 25 Jun 2030 15:00:00 GMT, noindex"), true},
		{"header for another, with a date", htmlPage(good, "X-Robots-Tag: otherbot: unavailable_after: Tue, 25 Jun 2030 15:00:00 GMT, noindex"), false},
		{"header that lets", htmlPage(good, "X-Robots-Tag: max-image-preview: none, index"), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := check(htmlPage(good), test.page); (err != nil) != test.want {
				t.Errorf("in the place of a page that may be listed: %v", err)
			}
			for name, old := range map[string]*reprint.Page{"as the first": nil, "after a 404": page(404, "text/html", good), "after itself": test.page} {
				if err := check(old, test.page); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

func TestCompileReportsEveryFault(t *testing.T) {
	_, err := proof.Checks{
		MinSize: math.NaN(), Contains: []string{"", "abc"}, Excludes: []string{"b", ""}, Selectors: []string{"main", "a >", "b:hover"},
	}.Compile()
	want := []string{
		"MinSize is NaN, which is not a share from 0 to 1",
		"Contains[0] is empty, and every page has that",
		"Excludes[1] is empty, and every page has that",
		`Contains has "abc" and Excludes has "b": no page would pass`,
		`Selectors: "a >" has nothing after a '>'`,
		`Selectors: "b:hover" has ":hover", which`,
	}
	for _, fault := range want {
		if err == nil || !strings.Contains(err.Error(), fault) {
			t.Errorf("%v\nwant %q", err, fault)
		}
	}
	if check, err := (proof.Checks{}).Compile(); check != nil || err != nil {
		t.Errorf("the zero Checks are %v, %v, want nothing", check != nil, err)
	}
}

// A page with hundreds of thousands of elements beside each other is not looked through as
// often as it has elements.
func TestAPageThatTakesTooLongIsRefused(t *testing.T) {
	t.Parallel()
	began := time.Now()
	err := compile(t, proof.Checks{Selectors: []string{"p:nth-last-child(1000000)"}})(nil, htmlPage(strings.Repeat("<p>", 900_000)))
	if took := time.Since(began); err == nil || !strings.Contains(err.Error(), "takes longer than 2s") || took > 20*time.Second {
		t.Errorf("%v after %v", err, took)
	}
}

// One proof is used by many renders at once.
func TestAProofIsSafeForConcurrentUse(t *testing.T) {
	check := compile(t, proof.Checks{MinSize: 0.5, Selectors: []string{"main article:has(h1)", "h1:contains('shoes')"}, Index: true})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := check(htmlPage(good), htmlPage(good)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// A page that passed once passes in its own place, and the pages are left alone.
func TestAPagePassesInItsOwnPlace(t *testing.T) {
	texts := rapid.SliceOf(rapid.SampledFrom([]string{"<main>", "<article>", "</main>", "Fatal error", "x", "<meta name=robots content=noindex>", "<h1>"}))
	rapid.Check(t, func(t *rapid.T) {
		p := htmlPage(strings.Join(texts.Draw(t, "page"), ""))
		check, err := proof.Checks{
			MinSize: rapid.Float64Range(0, 1).Draw(t, "size"), Excludes: []string{"Fatal error"}, Selectors: []string{"main"}, Index: true,
		}.Compile()
		if err != nil {
			t.Fatal(err)
		}
		before := string(p.Body)
		if check(nil, p) == nil && check(p, p) != nil {
			t.Fatalf("passes as the first and not in its own place: %v", check(p, p))
		}
		if string(p.Body) != before || len(p.Header) != 1 {
			t.Fatal("the page was changed")
		}
	})
}

// Whatever a page is made of, a proof says something of it, soon.
func FuzzProof(f *testing.F) {
	f.Add(good, "<p>", "noindex")
	f.Add("<svg><style><b>", "<table><a><table>", "googlebot: none")
	f.Add(`<meta name=robots content="none">`, "<svg><head><title><select><input>", ": , :")
	check, err := proof.Checks{
		MinSize: 0.5, Contains: []string{"a"}, Excludes: []string{"b"}, Index: true,
		Selectors: []string{"main > article ~ p", "*:has(a):not(.b)", "p:nth-child(2n+1):contains('x')", ":empty"},
	}.Compile()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, before, after, robots string) {
		began := time.Now()
		_ = check(htmlPage(before), htmlPage(after, "X-Robots-Tag: "+robots)) // it may well be refused
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func BenchmarkProof(b *testing.B) {
	// 17 kB of what a shop's page is made of.
	item := `<li class="item"><a href="/shoes/%d" title="Shoes"><img src="/i/%d.webp" alt="Shoes"><span>Shoes number %d</span></a> <em>12 &euro;</em></li>` + "\n"
	var body strings.Builder
	body.WriteString(`<!doctype html><html><head><title>Shoes</title><meta name="robots" content="index"></head><body><main><article><ul>`)
	for i := 0; body.Len() < 17_000; i++ {
		fmt.Fprintf(&body, item, i, i, i)
	}
	body.WriteString("</ul></article></main></body></html>")
	p := htmlPage(body.String())
	for _, bench := range []struct {
		name   string
		checks proof.Checks
	}{
		{"texts", proof.Checks{MinSize: 0.5, Contains: []string{"</html>"}, Excludes: []string{"Fatal error", "Traceback"}}},
		{"index", proof.Checks{Index: true}},
		{"selectors", proof.Checks{Selectors: []string{"main article", "li.item a[href] span", "nav, main"}}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			check := compile(b, bench.checks)
			b.SetBytes(int64(len(p.Body)))
			b.ReportAllocs()
			for b.Loop() {
				if err := check(p, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
