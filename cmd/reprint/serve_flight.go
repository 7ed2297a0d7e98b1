package main

import (
	"io"
	"iter"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// The status of an RSC payload that Next.js renders per request is always 200.
// Whether the page failed, is not there or leads elsewhere stands in an error row
// of the payload:
//
//	9:E{"digest":"3755034424"}                     a render that failed
//	9:E{"digest":"NEXT_HTTP_ERROR_FALLBACK;404"}   notFound, forbidden, unauthorized
//	9:E{"digest":"NEXT_REDIRECT;replace;/to;307;"} a redirect, which the client follows
//
// honest gives such a payload the status that it would have as HTML, so that a
// failed one replaces no page and a missing one is missing.
func honest(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := &payload{header: make(http.Header), status: http.StatusOK}
		h.ServeHTTP(p, r)
		maps.Copy(w.Header(), p.header)
		w.WriteHeader(p.trueStatus())
		_, _ = io.WriteString(w, p.body.String()) // the recorder of a render takes everything
	})
}

// payload holds an answer back until it is complete.
type payload struct {
	header http.Header
	status int
	body   strings.Builder
}

func (p *payload) Header() http.Header         { return p.header }
func (p *payload) WriteHeader(status int)      { p.status = status }
func (p *payload) Write(b []byte) (int, error) { return p.body.Write(b) }

func (p *payload) trueStatus() int {
	if p.status != http.StatusOK || !strings.HasPrefix(p.header.Get("Content-Type"), "text/x-component") {
		return p.status
	}
	status := http.StatusOK
	for row := range rows(p.body.String()) {
		digest, ok := strings.CutPrefix(row, `E{"digest":"`)
		if !ok {
			continue
		}
		digest, _, _ = strings.Cut(digest, `"`)
		switch fallback, isFallback := strings.CutPrefix(digest, "NEXT_HTTP_ERROR_FALLBACK;"); {
		case isFallback:
			if code, err := strconv.Atoi(fallback); err == nil && code >= 400 && code < 500 {
				status = code
			}
		case strings.HasPrefix(digest, "NEXT_REDIRECT;"):
		default:
			return http.StatusInternalServerError
		}
	}
	return status
}

// rows yields the rows of a payload without their ids: of one that ends with its
// line, the line; of one that says its own length, which may hold anything, only
// its letter.
func rows(body string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for len(body) > 0 {
			_, row, ok := strings.Cut(body, ":")
			if !ok || len(row) == 0 {
				return
			}
			if strings.IndexByte("TAOobUSsLlGgMmV", row[0]) >= 0 {
				length, rest, ok := strings.Cut(row[1:], ",")
				n, err := strconv.ParseUint(length, 16, 32)
				if !ok || err != nil || uint64(len(rest)) < n {
					return
				}
				if !yield(row[:1]) {
					return
				}
				body = rest[n:]
				continue
			}
			line, rest, _ := strings.Cut(row, "\n")
			if !yield(line) {
				return
			}
			body = rest
		}
	}
}
