package admin

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/reprint-go/reprint"
)

// maxDiffBody is how large each body may be that is compared. That takes half a second,
// whatever is in them: after 100 differences no more are looked for one by one.
const maxDiffBody = 1 << 20

// side is what is compared, and its name in the diff.
type side struct {
	name string
	page *reprint.Page
}

func (h *handler) diff(c *call) (answer, error) {
	if c.query.Get("from") == "" {
		return answer{}, badRequest("the parameter from is missing", "name a version: /v1/versions/diff?from=12, and with to another one")
	}
	v, err := h.versionOf(c, c.query.Get("from"))
	if err != nil {
		return answer{}, err
	}
	body := VersionDiff{From: v.ID}
	from := sideOf(v)
	var to side
	if c.query.Has("to") {
		other, err := h.versionOf(c, c.query.Get("to"))
		if err != nil {
			return answer{}, err
		}
		body.To, to = other.ID, sideOf(other)
	} else if to, err = h.present(c, v.Page.Key); err != nil {
		return answer{}, err
	}
	body.Text, err = compare(from, to)
	return answer{status: http.StatusOK, body: body}, err
}

func sideOf(v *reprint.Version) side {
	return side{fmt.Sprintf("%s version %d, changed %s", v.Page.Key, v.ID, clock(v.Page.ModifiedAt)), v.Page}
}

// present is the page of k as it is now.
func (h *handler) present(c *call, k reprint.Key) (side, error) {
	target := k.Path
	if k.Query != "" {
		target += "?" + k.Query
	}
	all, err := h.site.Explain(c.ctx(), target)
	if err != nil {
		return side{}, err
	}
	for _, x := range all {
		if x.Key == k && x.Page != nil {
			return side{fmt.Sprintf("%s now, changed %s", k, clock(x.Page.ModifiedAt)), x.Page}, nil
		}
	}
	return side{}, &problem{status: http.StatusNotFound, told: Error{
		Message: "no page of " + shorten(k.String()) + " is stored now", Fix: "compare with another version, with the parameter to",
	}}
}

// compare is a unified diff of what visitors can tell apart; empty: nothing.
func compare(from, to side) (string, error) {
	for _, s := range []side{from, to} {
		if n := len(s.page.Body); n > maxDiffBody {
			return "", &problem{status: http.StatusRequestEntityTooLarge, told: Error{
				Message: fmt.Sprintf("%s has %d bytes; at most %d are compared", s.name, n, maxDiffBody),
				Fix:     "get both with GET /v1/versions/{id}, and compare them with a program",
			}}
		}
	}
	head, err := unified(from.name+", head", to.name+", head", headOf(from.page), headOf(to.page))
	if err != nil {
		return "", err
	}
	a, b := from.page.Body, to.page.Body
	switch {
	case bytes.Equal(a, b):
		return head, nil
	case !isLines(a) || !isLines(b):
		return head + fmt.Sprintf("The bodies differ, and are not both text in UTF-8: %s has %d bytes, %s has %d.\n", from.name, len(a), to.name, len(b)), nil
	}
	body, err := unified(from.name, to.name, string(a), string(b))
	return head + body, err
}

// headOf is what of a page is compared beside its body.
func headOf(p *reprint.Page) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Status: %d\n", p.Status)
	for _, name := range []string{"Content-Type", "Location"} {
		for _, value := range p.Header.Values(name) {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	return b.String()
}

// isLines reports whether a body can be compared line by line.
func isLines(body []byte) bool { return isText(body) && bytes.IndexByte(body, 0) < 0 }

// unified is a diff with labels, as programs like patch read it.
func unified(from, to, a, b string) (string, error) {
	return udiff.ToUnified(from, to, a, udiff.Lines(a, b), udiff.DefaultContextLines)
}
