package selector_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/reprint-go/reprint/internal/selector"
)

func render(t interface{ Fatal(...any) }, root *html.Node) string {
	var b strings.Builder
	if err := html.Render(&b, root); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A page whose tags are closed in order is the tree that a browser makes of it.
func TestReadIsTheTreeOfABrowser(t *testing.T) {
	names := rapid.SampledFrom([]string{"div", "section", "ul", "span", "B", "strong", "em", "code", "font"})
	leaves := rapid.SampledFrom([]string{
		"text", "a < b", "&lt;b>", "<br>", "", "<a href=/>link</a>", "<p>x<b>y</b></p>", "<li><i>x</i></li><li>y</li>", "<select><option>x<option>y</select>",
		"<table><tr><td><i>x</i></table>", "<svg><title><b>x</b></title></svg>", "<!-- <b> -->", "<script>'</b><a >'</script>", "<i\ntitle='<u>'/>x</i>",
	})
	var inner func(t *rapid.T, depth int) string
	inner = func(t *rapid.T, depth int) string {
		if depth == 0 {
			return leaves.Draw(t, "leaf")
		}
		name := names.Draw(t, "name")
		page := "<" + name + " class=x>"
		for range rapid.IntRange(0, 3).Draw(t, "children") {
			page += inner(t, depth-1)
		}
		return page + "</" + name + ">"
	}
	rapid.Check(t, func(t *rapid.T) {
		page := inner(t, rapid.IntRange(0, 4).Draw(t, "depth"))
		want, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		got, err := selector.Read([]byte(page), forEver)
		if err != nil {
			t.Fatal(err)
		}
		if render(t, got) != render(t, want) {
			t.Fatalf("%s\nis  %s\nnot %s", page, render(t, got), render(t, want))
		}
	})
}

// Elements that end in the wrong order are where what is around them lets them be.
func TestReadOfTagsInTheWrongOrder(t *testing.T) {
	for page, want := range map[string]string{
		"<div><b>x<p>y</b>z</p></div><h1>":       "<div><b>x<p>yz</p></b></div><h1></h1>",
		"<p><i>x<p>y":                            "<p><i>x</i></p><p>y</p>",
		"<div><a name=x>y<a href=/>z</a></div>w": `<div><a name="x">y<a href="/">z</a></a></div>w`,
		"</b></a><em>x":                          "<em>x</em>",
		"<svg><style><b>x</style></svg>":         "<svg><style><b>x</b></style></svg>",
	} {
		root, err := selector.Read([]byte(page), forEver)
		if err != nil {
			t.Fatal(err)
		}
		if got := render(t, root); got != "<html><head></head><body>"+want+"</body></html>" {
			t.Errorf("%s is %s, want %s", page, got, want)
		}
	}
}

// A page has few elements more than tags, whatever they are.
func TestATreeIsNoLargerThanItsPage(t *testing.T) {
	var open strings.Builder
	for i := range 480 {
		fmt.Fprintf(&open, "<b id=%d>", i)
	}
	for name, start := range map[string]string{"plain": open.String(), "in SVG": "<svg><style>" + open.String(), "in a comment": "<!--" + open.String() + "-->", "in capitals": strings.ToUpper(open.String())} {
		page := "<p>" + start + "</p>" + strings.Repeat("<p>x</p>", 10_000)
		root, err := selector.Read([]byte(page), forEver)
		if err != nil {
			t.Fatal(err)
		}
		nodes := 0
		for range root.Descendants() {
			nodes++
		}
		if nodes > 22_000 {
			t.Errorf("%s: %d nodes", name, nodes)
		}
	}
}

func TestReadGivesUp(t *testing.T) {
	left := 3
	_, err := selector.Read(make([]byte, 1<<20), func() bool { left--; return left > 0 })
	if !errors.Is(err, selector.ErrGivenUp) {
		t.Errorf("%v, want ErrGivenUp", err)
	}
	if _, err := selector.Read([]byte(strings.Repeat("<div>", 600)), forEver); err == nil || !strings.Contains(err.Error(), "512") {
		t.Errorf("600 elements in each other: %v", err)
	}
}

// Whatever a page is, its tree is no larger than it and has no disguise left.
func FuzzRead(f *testing.F) {
	for _, page := range []string{"<b><p></b>", "<svg><style><b>", "<table><a><table><a>", "<a title='<b>'>", "<script><i></script>", "<select><b></select></b>", "<b/><B\n>", "<<b>"} {
		f.Add([]byte(page))
	}
	f.Fuzz(func(t *testing.T, page []byte) {
		root, err := selector.Read(page, forEver)
		if err != nil {
			return
		}
		nodes := 0
		for n := range root.Descendants() {
			nodes++
			if n.Type == html.ElementNode && strings.HasPrefix(n.Data, "reprint-") && !strings.Contains(strings.ToLower(string(page)), "reprint-") {
				t.Errorf("%q has an element %q", page, n.Data)
			}
		}
		if nodes > 4*len(page)+4 {
			t.Errorf("%d bytes are %d nodes", len(page), nodes)
		}
	})
}
