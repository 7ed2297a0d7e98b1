package proof

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"

	"github.com/reprint-go/reprint"
)

// Limits of looking for elements; see the package comment.
const (
	maxHTML  = 4 << 20
	patience = 2 * time.Second

	// perRead is how much the parser gets between two looks at the clock. It makes at
	// most a few hundred elements of a tag.
	perRead = 4 << 10
)

// elements returns what the page lacks in elements.
func (p *proof) elements(old, page *reprint.Page) []string {
	switch {
	case len(p.selectors) == 0:
		return nil
	case !isHTML(page) && old != nil && isHTML(old):
		return []string{fmt.Sprintf("it is %q and the last good page was HTML", page.Header.Get("Content-Type"))}
	case !isHTML(page):
		return nil
	case len(page.Body) > maxHTML:
		return []string{fmt.Sprintf("it has %s, and elements are looked for in at most %s", sizeText(len(page.Body)), sizeText(maxHTML))}
	}
	until := deadline(time.Now().Add(patience))
	root, err := html.Parse(&reader{page.Body, until})
	if err != nil {
		return []string{fmt.Sprintf("elements cannot be looked for: %v", err)}
	}
	var lacks []string
	for _, s := range p.selectors {
		found, err := s.In(root, until.ahead)
		switch {
		case err != nil:
			return append(lacks, fmt.Sprintf("elements cannot be looked for: %v", errSlow))
		case !found:
			lacks = append(lacks, fmt.Sprintf("no element matches %q", s))
		}
	}
	return lacks
}

var errSlow = fmt.Errorf("it takes longer than %v", patience)

// deadline is when to give up.
type deadline time.Time

func (d deadline) ahead() bool { return time.Now().Before(time.Time(d)) }

// reader gives a page to the parser, until it takes too long. Tags that are never closed
// are opened anew in each paragraph: a parser that is given all of them makes a tree of
// gigabytes.
type reader struct {
	left  []byte
	until deadline
}

func (r *reader) Read(p []byte) (int, error) {
	if len(r.left) == 0 {
		return 0, io.EOF
	}
	if !r.until.ahead() {
		return 0, errSlow
	}
	n := copy(p[:min(len(p), perRead)], r.left)
	r.left = r.left[n:]
	return n, nil
}

// isHTML reports whether a page says that it is HTML.
func isHTML(p *reprint.Page) bool {
	kind, _, _ := strings.Cut(p.Header.Get("Content-Type"), ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	return kind == "text/html" || kind == "application/xhtml+xml"
}

// noindex reports whether a page asks search engines to leave it out.
func noindex(p *reprint.Page) bool {
	return slices.ContainsFunc(p.Header["X-Robots-Tag"], robotsTag) || isHTML(p) && robotsMeta(p.Body)
}

// crawlers are the names of whom it matters to. The empty one is everybody.
var crawlers = []string{"", "*", "robots", "googlebot"}

// robotsTag reports whether an X-Robots-Tag says noindex: directives with commas between
// them, or "googlebot: " and then directives that are for that one.
func robotsTag(field string) bool {
	crawler := ""
	for directive := range strings.SplitSeq(field, ",") {
		name, after, named := strings.Cut(directive, ":")
		if name = strings.ToLower(strings.TrimSpace(name)); named && !takesValue(name) {
			crawler, name = name, strings.ToLower(strings.TrimSpace(after))
		}
		if (name == "noindex" || name == "none") && slices.Contains(crawlers, crawler) {
			return true
		}
	}
	return false
}

// takesValue reports whether a directive has a colon of its own.
func takesValue(directive string) bool {
	return directive == "unavailable_after" || strings.HasPrefix(directive, "max-")
}

// robotsMeta reports whether a meta element of an HTML page says noindex.
func robotsMeta(body []byte) bool {
	for z := html.NewTokenizer(bytes.NewReader(body)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return false
		case html.StartTagToken, html.SelfClosingTagToken:
			if tag, more := z.TagName(); more && string(tag) == "meta" && metaNoindex(z) {
				return true
			}
		}
	}
}

// metaNoindex reads the attributes of a meta element. Of those with the same name the
// first counts.
func metaNoindex(z *html.Tokenizer) bool {
	attributes := make(map[string]string)
	for more := true; more; {
		var name, value []byte
		name, value, more = z.TagAttr()
		if _, twice := attributes[string(name)]; !twice {
			attributes[string(name)] = strings.ToLower(strings.TrimSpace(string(value)))
		}
	}
	if who := attributes["name"]; who != "robots" && who != "googlebot" {
		return false
	}
	directives := strings.FieldsFunc(attributes["content"], func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' || r == '\r' })
	return slices.Contains(directives, "noindex") || slices.Contains(directives, "none")
}
