// Package proof refuses new pages that look broken beside the last good one: far too
// small, without a part that each page of the route has, with the text of an error, or
// suddenly closed to search engines. The handler of such a page has not failed, so nothing
// else would keep it from visitors.
//
//	check, err := proof.Checks{
//		MinSize:   0.5,
//		Excludes:  []string{"Fatal error"},
//		Selectors: []string{"main article"},
//	}.Compile()
//	...
//	err = site.Handle("/posts/{id}", posts, reprint.Policy{Proof: check})
//
// Only pages with status 200 are checked. A 404, 410 or redirect in the place of a page
// is something that a handler says on purpose.
//
// # Limits
//
// Elements are looked for in pages of up to 4 MiB that are no deeper than 512 elements, and
// for 2 seconds at most. A page beyond that is refused, and the error says so. They stand in
// each other as in a browser, but for b, i, a and other elements of formatting that end within
// or behind another element than they began in: they are not opened anew after it, which would
// make gigabytes of a few kilobytes.
//
// Pages are read as UTF-8. In another encoding whose ASCII is ASCII, elements are still found
// by what is written in ASCII, and texts if they are given in the bytes of the page.
package proof

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/internal/selector"
)

// Checks are what a new page must pass. The zero Checks ask for nothing.
type Checks struct {
	// MinSize is the smallest share, from 0 to 1, of the last good page's size that the new
	// one may have, in bytes of their bodies. It applies if the last good page has status
	// 200. Zero: any.
	MinSize float64

	// Contains are texts that the body must have, whatever its type, byte for byte.
	Contains []string

	// Excludes are texts that the body must not have, whatever its type, byte for byte.
	Excludes []string

	// Selectors are CSS selectors, each of which must match an element of an HTML page
	// (text/html or application/xhtml+xml, both read as HTML, with scripting). A page of
	// another type passes, unless the last good page was HTML. Besides type, id, class,
	// attribute and the four combinators there are :not() and :has(), without combinators
	// in their brackets, :nth-child() and its kin, :root, :empty, :link, :enabled,
	// :disabled, :checked, :lang() and, which is no CSS, :contains("text").
	Selectors []string

	// Index refuses a page that is closed to search engines and was not: by X-Robots-Tag
	// or, in HTML, by a meta element named robots or googlebot, with noindex or none. A
	// page whose last good one was so already passes, and so does the first one.
	Index bool
}

// Compile returns the checks as a [reprint.Policy.Proof], nil if they ask for nothing. It
// is safe for concurrent use. Its error names everything that a page lacks. Compile reports
// every fault of the checks at once.
func (c Checks) Compile() (func(old, page *reprint.Page) error, error) {
	p := proof{minSize: c.MinSize, contains: toBytes(c.Contains), excludes: toBytes(c.Excludes), index: c.Index}
	errs := c.faults()
	for _, text := range c.Selectors {
		s, err := selector.Parse(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("Selectors: %q %w", text, err))
		}
		p.selectors = append(p.selectors, s)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if c.MinSize == 0 && len(c.Contains)+len(c.Excludes)+len(c.Selectors) == 0 && !c.Index {
		return nil, nil
	}
	return p.check, nil
}

// faults returns what is wrong with the checks besides their selectors.
func (c Checks) faults() (errs []error) {
	if !(c.MinSize >= 0 && c.MinSize <= 1) { // nor is it a number that is no number
		errs = append(errs, fmt.Errorf("MinSize is %v, which is not a share from 0 to 1", c.MinSize))
	}
	for _, list := range []struct {
		name  string
		texts []string
	}{{"Contains", c.Contains}, {"Excludes", c.Excludes}} {
		for i, text := range list.texts {
			if text == "" {
				errs = append(errs, fmt.Errorf("%s[%d] is empty, and every page has that", list.name, i))
			}
		}
	}
	for _, must := range c.Contains {
		for _, mustNot := range c.Excludes {
			if mustNot != "" && strings.Contains(must, mustNot) {
				errs = append(errs, fmt.Errorf("Contains has %q and Excludes has %q: no page would pass", must, mustNot))
			}
		}
	}
	return errs
}

func toBytes(texts []string) [][]byte {
	var all [][]byte
	for _, text := range texts {
		all = append(all, []byte(text))
	}
	return all
}

// proof is Checks, compiled.
type proof struct {
	minSize            float64
	contains, excludes [][]byte
	selectors          []*selector.Selector
	index              bool
}

// check is a [reprint.Policy.Proof].
func (p *proof) check(old, page *reprint.Page) error {
	if page.Status != http.StatusOK {
		return nil
	}
	if old != nil && old.Status != http.StatusOK {
		old = nil // there is nothing to compare with
	}
	lacks := p.size(old, page)
	for _, text := range p.contains {
		if !bytes.Contains(page.Body, text) {
			lacks = append(lacks, fmt.Sprintf("it does not contain %s", quote(text)))
		}
	}
	for _, text := range p.excludes {
		if bytes.Contains(page.Body, text) {
			lacks = append(lacks, fmt.Sprintf("it contains %s", quote(text)))
		}
	}
	lacks = append(lacks, p.elements(old, page)...)
	if p.index && old != nil && noindex(page) && !noindex(old) {
		lacks = append(lacks, "it says noindex and the last good page did not")
	}
	if len(lacks) == 0 {
		return nil
	}
	return errors.New(strings.Join(lacks, "; "))
}

// size returns what the page lacks in size.
func (p *proof) size(old, page *reprint.Page) []string {
	if old == nil || float64(len(page.Body)) >= p.minSize*float64(len(old.Body)) {
		return nil
	}
	// Rounded down, so that it is never what is asked for.
	share := math.Floor(100 * float64(len(page.Body)) / float64(len(old.Body)))
	return []string{fmt.Sprintf("it has %s, %v %% of the last good page's %s; at least %.4g %% are asked for",
		sizeText(len(page.Body)), share, sizeText(len(old.Body)), 100*p.minSize)}
}

// sizeText writes a number of bytes as people say it.
func sizeText(n int) string {
	size, unit := float64(n), ""
	for _, larger := range []string{"kB", "MB", "GB"} {
		if size < 1000 {
			break
		}
		size, unit = size/1000, larger
	}
	switch {
	case n == 1:
		return "1 byte"
	case unit == "":
		return fmt.Sprintf("%d bytes", n)
	case size < 10:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", size), ".0") + " " + unit
	}
	return fmt.Sprintf("%.0f %s", size, unit)
}

// quote names a text in a message.
func quote(text []byte) string {
	if r := []rune(string(text)); len(r) > 80 {
		return fmt.Sprintf("%q", string(r[:80])+"…")
	}
	return fmt.Sprintf("%q", text)
}
