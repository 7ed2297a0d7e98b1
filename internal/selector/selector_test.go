package selector_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/reprint-go/reprint/internal/selector"
)

func parse(t testing.TB, page string) *html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func forEver() bool { return true }

func TestIn(t *testing.T) {
	root := parse(t, `<!doctype html><title>A shop</title><main class="wide page"><h1 id=top>Shoes</h1>
		<ul><li>one<li class=b>two<li title="a > b, c">three</ul><template><aside>later</aside></template></main>`)
	for _, test := range []struct {
		selector string
		want     bool
	}{
		{"main", true},
		{"main li", true},
		{"MAIN > UL>li", true},
		{"main > li", false},
		{"h1 + ul", true},
		{"h1 + li", false},
		{"h1 ~ template", true},
		{"template ~ h1", false},
		{"li + .b", true},
		{"html > body main.wide.page #top", true},
		{"body body", false},
		{"article, main", true},
		{"article,nav", false},
		{`li[title="a > b, c"]`, true},
		{`li[title='a > b, d']`, false},
		{"main:has(li, article)", true},
		{"main:not(.narrow)", true},
		{"li:nth-child( 2n + 1 ):last-child", true},
		{`h1:contains("shoes")`, true},
		{"aside", false}, // it is in a template
		{`#\74 op`, true},
		{`.b\,c, #\000074op`, true},
		{" \n main\t>\th1 ", true},
	} {
		s, err := selector.Parse(test.selector)
		if err != nil {
			t.Errorf("%s: %v", test.selector, err)
			continue
		}
		if got, err := s.In(root, forEver); got != test.want || err != nil {
			t.Errorf("%s: %v, %v, want %v", test.selector, got, err, test.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "is empty",
		" ":                        "is empty",
		"a,":                       "after a comma",
		",a":                       "before or after a comma",
		"> a":                      "has nothing before a '>'",
		"a > + b":                  "has nothing before a '+'",
		"a >":                      "has nothing after a '>'",
		"a[href":                   "has a '[' and no ']' after it",
		`a[href="x]`:               `has a '"' and no '"' after it`,
		":not(a":                   "has a '(' and no ')' after it",
		"a..b":                     `has "a..b", which is no selector`,
		"main $x":                  `has "$x", which is no selector`,
		"a)":                       `has "a)", which is no selector`,
		"a:hover":                  `has ":hover", which is none of :not(), :has(),`,
		"a::before":                `has ":", which is none of`,
		"p:matches(x)":             `has ":matches", which`,
		`a:h\61s(b c)`:             `has ":h", which`,
		"a:not":                    "has :not without brackets",
		"a:has(b c)":               `has "b c" in brackets`,
		"a:has(b:not(c))":          "has :not in the brackets of another",
		"a:not()":                  "is empty",
		strings.Repeat("a", 1001):  "is longer than 1000 bytes",
		strings.Repeat("a ", 33):   "is a chain of more than 32",
		"a\\":                      "which is no selector",
		"a/* b */":                 "which is no selector",
		"p:nth-child(2 of p > em)": "which is no selector",
	} {
		if _, err := selector.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// What In says is what cascadia says, for any selector and any tree.
func TestInAgreesWithCascadia(t *testing.T) {
	name := rapid.SampledFrom([]string{"a", "b", "i", "*", ".x", "a.x", ":first-child", "b:not(.x)", "i:has(a)"})
	combinator := rapid.SampledFrom([]string{" ", " > ", "+", "~ ", ", "})
	tags := rapid.SliceOfN(rapid.SampledFrom([]string{"<div>", "</div>", "<a>", "</a>", "<b class=x>", "</b>", "<i>", "</i>", "<i class=x>", "text"}), 0, 40)
	rapid.Check(t, func(t *rapid.T) {
		text := name.Draw(t, "first")
		for range rapid.IntRange(0, 4).Draw(t, "more") {
			text += combinator.Draw(t, "combinator") + name.Draw(t, "next")
		}
		page := strings.Join(tags.Draw(t, "page"), "")
		root, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		s, err := selector.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		group, err := cascadia.ParseGroup(text)
		if err != nil {
			t.Fatal(err)
		}
		want := cascadia.Query(root, group) != nil
		if got, err := s.In(root, forEver); got != want || err != nil {
			t.Fatalf("%q in %q: %v, %v; cascadia says %v", text, page, got, err, want)
		}
	})
}

// Hundreds of elements in each other take no longer, whatever the selector.
func TestALongChainTakesOneWalk(t *testing.T) {
	root := parse(t, strings.Repeat("<div>", 500))
	s, err := selector.Parse("main" + strings.Repeat(" div", 31))
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	found, err := s.In(root, func() bool { asked++; return true })
	if found || err != nil || asked > 510 {
		t.Errorf("found %v, %v, after %d elements", found, err, asked)
	}
}

func TestASearchCanBeGivenUp(t *testing.T) {
	s, err := selector.Parse("main")
	if err != nil {
		t.Fatal(err)
	}
	left := 3
	found, err := s.In(parse(t, "<p><p><p><main>"), func() bool { left--; return left > 0 })
	if found || !errors.Is(err, selector.ErrGivenUp) {
		t.Errorf("found %v, %v, want ErrGivenUp", found, err)
	}
}

// Whatever is taken is a selector for cascadia too, and can be looked for.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"main article", "a>b+c~d,e", `a[b="c\"d"]`, `\31 23.x`, ":not(a,b):nth-child(2n+1)", `p:contains('x')`, "*|*", "a:has( b )", "a:lang(en)"} {
		f.Add(text)
	}
	root := parse(f, "<main><article><p class=x>text<a href=/>link</a></article></main>")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := selector.Parse(text)
		if err != nil {
			return
		}
		if _, err := cascadia.ParseGroup(text); err != nil {
			t.Errorf("%q is taken, and cascadia says: %v", text, err)
		}
		deadline := time.Now().Add(10 * time.Second)
		if _, err := s.In(root, func() bool { return time.Now().Before(deadline) }); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}
