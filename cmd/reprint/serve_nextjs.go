package main

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/config"
)

// What a Next.js origin needs. Its client asks for three representations of a
// page under one path: the HTML, the RSC payload (RSC: 1), and for a prefetch the
// outline of the payload (with Next-Router-Prefetch: 1). They are variants of one
// key. The data of the Pages Router has paths of its own, which are other
// representations of the page that they are the data of.

const (
	frameworkNextJS = "nextjs"

	dataPrefix = "/_next/data/"
	dataSuffix = ".json"
)

// nextClientHeaders are what its client may send to the origin when a request
// passes through.
var nextClientHeaders = []string{"rsc", "next-router-*", "next-url", "next-action", "next-hmr-refresh", "x-nextjs-data", "x-nextjs-action-*"}

// nextDraft are the cookies of its draft mode, whose holders see pages as they are
// now.
var nextDraft = []string{"__prerender_bypass", "__next_preview_data"}

// nextPolicy completes a policy of pages. Where their own headers decide, the HTML
// may be shared, and what else the framework's client asks for passes through.
func nextPolicy(p *reprint.Policy) {
	p.BypassCookies = slices.Concat(p.BypassCookies, nextDraft)
	if p.Freshness == reprint.FromHeaders {
		p.BypassHeaders = append(p.BypassHeaders,
			"RSC", "Next-Router-Prefetch", "Next-Router-State-Tree", "Next-Router-Segment-Prefetch", "Next-Url")
		return
	}
	p.Vary = append(p.Vary,
		reprint.Vary{Header: "RSC", Values: []string{"", "1"}},
		reprint.Vary{Header: "Next-Router-Prefetch", Values: []string{"", "1"}},
		// The full payload is right for every client, whatever it has already.
		reprint.Vary{Header: "Next-Router-State-Tree", Values: []string{""}},
		reprint.Vary{Header: "Next-Router-Segment-Prefetch", Values: []string{""}},
		reprint.Vary{Header: "Next-Url", Values: []string{""}},
	)
}

// nextProof is a proof for HTML, and one for the representations of it that the client
// loads: a text such as "</html>" is in the former alone.
func nextProof(html, other func(old, page *reprint.Page) error) func(old, page *reprint.Page) error {
	if html == nil {
		return nil
	}
	return func(old, page *reprint.Page) error {
		check := html
		if isPayload(page.Key) {
			check = other
		}
		if check == nil {
			return nil
		}
		return check(old, page)
	}
}

// isPayload reports whether a page is what the client loads in place of HTML.
func isPayload(key reprint.Key) bool {
	variant, err := url.ParseQuery(key.Variant)
	return strings.HasPrefix(key.Path, dataPrefix) || err == nil && variant.Get(http.CanonicalHeaderKey("RSC")) == "1"
}

// nextPass reports whether a request is for none of the three representations.
func nextPass(h http.Header) bool {
	switch h.Get("Next-Router-Prefetch") {
	case "", "0", "1":
		return h.Get("Next-Hmr-Refresh") != ""
	}
	return true
}

// nextRender adds the query parameter with which Next.js wants RSC requests to say
// which headers they carry. A client's own is never part of a render.
func nextRender(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if reprint.InRender(r.Context()) && r.Header.Get("RSC") == "1" {
			r = r.Clone(r.Context())
			parameter := "_rsc=" + nextRSCHash(r.Header.Get("Next-Router-Prefetch"))
			if r.URL.RawQuery != "" {
				parameter = r.URL.RawQuery + "&" + parameter
			}
			r.URL.RawQuery = parameter
			r.RequestURI = r.URL.RequestURI()
			honest(h).ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// nextRSCHash is the value of _rsc for a request that carries, of the headers in
// question, only Next-Router-Prefetch.
func nextRSCHash(prefetch string) string {
	if prefetch == "" || prefetch == "0" {
		return ""
	}
	sum := sha256.Sum256([]byte(prefetch + ",0,0,0"))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// dataRoute is the route of the data of a page's route. It has the policy of the
// page, and is another representation of it.
func (b *routing) dataRoute(r config.Route) reprint.Route {
	p := unlisted(b.policy(r))
	p.Vary = nil
	page, slash := strings.CutSuffix(r.Path, "/{$}")
	if page == "" { // the front page
		page, slash = r.Path, false
	}
	p.Of = func(path string) string {
		of := pageOfData(path)
		if slash && of != "" {
			of += "/"
		}
		return of
	}
	return reprint.Route{Pattern: dataPattern(page), Handler: tagging(b.origin, r.Tags, true), Policy: p}
}

// dataPattern is the pattern of the data's paths: /_next/data/BUILD/posts/1.json.
// A wildcard stands for a whole segment, with the suffix.
func dataPattern(page string) string {
	const build = dataPrefix + "{reprintBuild}"
	last := page[strings.LastIndexByte(page, '/')+1:]
	switch {
	case page == "/{$}":
		return build + "/index" + dataSuffix
	case last == "" || strings.HasPrefix(last, "{"):
		return build + page
	}
	return build + page + dataSuffix
}

// pageOfData returns the path of the page that a path is the data of.
func pageOfData(path string) string {
	rest, ok := strings.CutPrefix(path, dataPrefix)
	if !ok {
		return ""
	}
	_, page, ok := strings.Cut(rest, "/")
	if !ok {
		return ""
	}
	page, ok = strings.CutSuffix(page, dataSuffix)
	if !ok {
		return ""
	}
	if page == "index" {
		return "/"
	}
	if u, err := url.Parse("/" + page); err == nil {
		return u.EscapedPath()
	}
	return ""
}
