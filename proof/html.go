package proof

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/internal/selector"
)

// Limits of looking for elements; see the package comment.
const (
	maxHTML  = 4 << 20
	patience = 2 * time.Second
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
	until := time.Now().Add(patience)
	inTime := func() bool { return time.Now().Before(until) }
	root, err := selector.Read(page.Body, inTime)
	if err != nil {
		return []string{unread(err)}
	}
	var lacks []string
	for _, s := range p.selectors {
		found, err := s.In(root, inTime)
		switch {
		case err != nil:
			return append(lacks, unread(err))
		case !found:
			lacks = append(lacks, fmt.Sprintf("no element matches %q", s))
		}
	}
	return lacks
}

// unread says why elements were not looked for.
func unread(err error) string {
	if errors.Is(err, selector.ErrGivenUp) {
		return fmt.Sprintf("elements cannot be looked for: it takes longer than %v", patience)
	}
	return fmt.Sprintf("elements cannot be looked for: %v", err)
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
		if name = strings.ToLower(strings.TrimSpace(name)); named && !takesValue(name) && !strings.Contains(name, " ") { // nor the time of a date
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
