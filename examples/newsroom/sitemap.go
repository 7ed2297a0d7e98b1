package main

import (
	"encoding/xml"
	"net/http"
	"strings"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/examples/newsroom/content"
)

// siteAddress is where the paper would be. Addresses in a sitemap are whole ones.
const siteAddress = "https://harbour-press.example"

// The sitemap (sitemaps.org).
type (
	sitemapSet struct {
		XMLName xml.Name     `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
		URLs    []sitemapURL `xml:"url"`
	}
	sitemapURL struct {
		Loc     string `xml:"loc"`
		LastMod string `xml:"lastmod,omitempty"`
	}
)

// sitemap lists every page for search engines, with the time of its last change. It
// would need a tag for each item, and a page has room for 1,000: so it has one of its
// own, which every change names.
func (n *newsroom) sitemap(r *http.Request, v content.View) (sheet, error) {
	ctx := r.Context()
	reprint.Tag(ctx, content.SitemapTag)
	modified, err := v.Modified(ctx)
	if err != nil {
		return sheet{}, err
	}
	set := sitemapSet{URLs: []sitemapURL{mapped("/", lastOf(modified, func(string) bool { return true }))}}
	for _, k := range content.Kinds {
		ids, err := v.IDs(ctx, k)
		if err != nil {
			return sheet{}, err
		}
		set.URLs = append(set.URLs, mapped(listPath(k, 1), lastOf(modified, func(tag string) bool {
			return tag == k.ListTag() || strings.HasPrefix(tag, string(k)+":")
		})))
		for _, id := range ids {
			set.URLs = append(set.URLs, mapped(k.Path(id), modified[k.Tag(id)]))
		}
	}
	authors, err := v.Authors(ctx)
	if err != nil {
		return sheet{}, err
	}
	for _, a := range authors {
		set.URLs = append(set.URLs, mapped(content.KindAuthor.Path(a.ID), lastOf(modified, func(tag string) bool {
			return tag == content.AuthorTag(a.ID) || tag == content.PostsBy(a.ID)
		})))
	}
	body, err := xml.MarshalIndent(set, "", "  ")
	return sheet{xml: append([]byte(xml.Header), body...), mime: "application/xml"}, err
}

// mapped is a page on the map; at is zero when nothing is known of its changes.
func mapped(path string, at time.Time) sitemapURL {
	u := sitemapURL{Loc: siteAddress + path}
	if !at.IsZero() {
		u.LastMod = at.UTC().Format(time.RFC3339)
	}
	return u
}

// lastOf returns the latest change of what the tags that are wanted name.
func lastOf(modified map[string]time.Time, want func(tag string) bool) time.Time {
	var last time.Time
	for tag, at := range modified {
		if want(tag) && at.After(last) {
			last = at
		}
	}
	return last
}
