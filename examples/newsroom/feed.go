package main

import (
	"encoding/xml"
	"net/http"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/examples/newsroom/content"
)

// The feed in Atom (RFC 4287). Addresses in it are relative: the site does not
// know under which name it is visited, and its feed readers do.
type (
	atomFeed struct {
		XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
		ID      string      `xml:"id"`
		Title   string      `xml:"title"`
		Updated string      `xml:"updated"`
		Link    atomLink    `xml:"link"`
		Entries []atomEntry `xml:"entry"`
	}
	atomEntry struct {
		ID      string   `xml:"id"`
		Title   string   `xml:"title"`
		Link    atomLink `xml:"link"`
		Updated string   `xml:"updated"`
		Author  string   `xml:"author>name"`
		Summary string   `xml:"summary"`
	}
	atomLink struct {
		Href string `xml:"href,attr"`
	}
)

// atomID is the lasting name of a path (RFC 4151).
func atomID(path string) string { return "tag:harbour-press.example,2026:" + path }

// feed is the news for feed readers.
func (n *newsroom) feed(r *http.Request, v content.View) (sheet, error) {
	reprint.Tag(r.Context(), content.KindPost.ListTag())
	posts, err := n.posts(r.Context(), v, content.Window{Limit: 20})
	if err != nil {
		return sheet{}, err
	}
	feed := atomFeed{ID: atomID("/"), Title: "The Harbour Press", Link: atomLink{"/"}, Updated: time.Unix(0, 0).UTC().Format(time.RFC3339)}
	for i, p := range posts {
		path, at := content.KindPost.Path(p.ID), p.Published.UTC().Format(time.RFC3339)
		if i == 0 {
			feed.Updated = at
		}
		feed.Entries = append(feed.Entries, atomEntry{ID: atomID(path), Title: p.Title, Link: atomLink{path}, Updated: at, Author: p.By.Name, Summary: plain(p.Summary)})
	}
	body, err := xml.MarshalIndent(feed, "", "  ")
	return sheet{xml: append([]byte(xml.Header), body...), mime: "application/atom+xml"}, err
}
