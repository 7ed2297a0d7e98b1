package field

import (
	"net/http"
	"slices"
	"strings"
)

// Has reports whether Cache-Control holds a directive, in any case, on any line.
func Has(h http.Header, directive string) bool {
	elements, _ := tokens(h["Cache-Control"])
	return slices.ContainsFunc(elements, func(e string) bool {
		name, _, _ := strings.Cut(e, "=")
		return strings.EqualFold(strings.TrimSpace(name), directive)
	})
}
