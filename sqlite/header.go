package sqlite

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// encodeHeader writes h as HTTP/1.1 would, a line for each value, names sorted
// so that equal headers are equal text. It refuses what HTTP could not carry: a
// line break in a value would come back as a header of its own.
func encodeHeader(h http.Header) (string, error) {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if !httpguts.ValidHeaderFieldName(name) {
			return "", fmt.Errorf("header name %q is not one", name)
		}
		for _, value := range h[name] {
			if !httpguts.ValidHeaderFieldValue(value) {
				return "", fmt.Errorf("header %s: %q cannot be a value", name, value)
			}
			b.WriteString(name)
			b.WriteString(": ")
			b.WriteString(value)
			b.WriteByte('\n')
		}
	}
	return b.String(), nil
}

// decodeHeader reads what encodeHeader wrote. Names are as they were, also where
// they are not canonical.
func decodeHeader(text string) (http.Header, error) {
	h := make(http.Header)
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			return nil, fmt.Errorf("header line %q has no name", line)
		}
		h[name] = append(h[name], strings.TrimSuffix(value, "\n"))
	}
	return h, nil
}
