package reprint

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/text/language"
)

func (v Vary) validate() error {
	var errs []error
	if !httpguts.ValidHeaderFieldName(v.Header) {
		errs = append(errs, fmt.Errorf("Vary header %q is not a header name", v.Header))
	}
	switch http.CanonicalHeaderKey(v.Header) {
	case "Cookie", "Authorization", "Host", "Accept-Encoding", "Range", "If-None-Match", "Connection", "Transfer-Encoding", "Content-Length":
		errs = append(errs, fmt.Errorf("Vary header %s cannot make variants of a page that everybody shares", v.Header))
	}
	if len(v.Values) == 0 {
		errs = append(errs, fmt.Errorf("Vary header %s offers no values; list those that make a difference, the default first", v.Header))
	}
	for i, value := range v.Values {
		if (value == "" && i > 0) || !httpguts.ValidHeaderFieldValue(value) {
			errs = append(errs, fmt.Errorf("Vary header %s: %q cannot be a value", v.Header, value))
		}
	}
	return errors.Join(errs...)
}

// variant normalises the declared headers of requests to the values that are
// offered.
type variant struct {
	headers []string // canonical names, in the order of the policy
	values  [][]string
	matcher []language.Matcher // for Accept-Language; nil for others
}

func newVariant(declared []Vary) *variant {
	v := &variant{}
	for _, d := range declared {
		name := http.CanonicalHeaderKey(d.Header)
		var m language.Matcher
		if name == "Accept-Language" {
			tags := make([]language.Tag, len(d.Values))
			for i, value := range d.Values {
				tags[i] = language.Make(value)
			}
			m = language.NewMatcher(tags)
		}
		v.headers = append(v.headers, name)
		v.values = append(v.values, d.Values)
		v.matcher = append(v.matcher, m)
	}
	return v
}

// of returns the variant that the request headers select, in the form of
// [Key.Variant].
func (v *variant) of(h http.Header) string {
	if len(v.headers) == 0 {
		return ""
	}
	var b strings.Builder
	for i, name := range v.headers {
		value := v.choose(i, strings.Join(h[name], ", "))
		if value == "" {
			continue // the variant without the header
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(name)
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(value))
	}
	return b.String()
}

func (v *variant) choose(i int, got string) string {
	offered := v.values[i]
	if v.matcher[i] != nil {
		_, n := language.MatchStrings(v.matcher[i], got)
		return offered[n]
	}
	for _, value := range offered {
		if strings.EqualFold(value, strings.TrimSpace(got)) {
			return value
		}
	}
	return offered[0]
}

// variantHeader turns a [Key.Variant] back into the request headers of a render.
func variantHeader(variant string) http.Header {
	h := make(http.Header)
	for pair := range strings.SplitSeq(variant, "&") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			continue
		}
		if value, err := url.QueryUnescape(value); err == nil {
			h.Set(name, value)
		}
	}
	return h
}
