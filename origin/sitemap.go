package origin

import (
	"bufio"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"strings"
	"time"
)

// Sitemap lists the pages of a sitemap (sitemaps.org): XML, an index of such, or
// text with one URL a line, each of them plain or compressed with gzip. It is safe
// for concurrent use.
type Sitemap struct{ listing }

// Sitemap returns the sitemap at a path of the origin, or at a URL whose host is
// the origin's or one of [Options.SiteHosts]; it is asked from the origin in any
// case. Nothing is read before [Sitemap.Paths].
func (h *Handler) Sitemap(url string) *Sitemap {
	return &Sitemap{listing{h: h, url: url}}
}

// Paths reads the sitemap and yields the paths that it lists, with their queries,
// for [reprint.Policy.Prerender]. Entries of other hosts than the site's are left
// out, and their number is logged. An error ends the sequence; it names the file
// and the line. A file has at most 50 MiB uncompressed, an index at most 50,000
// files and no other index. Each file is read whole before its first path.
func (s *Sitemap) Paths(ctx context.Context) iter.Seq2[string, error] {
	return s.paths(ctx, func(ctx context.Context, src source, yield func(item, error) bool) bool {
		var skipped foreigners
		defer func() { skipped.log(ctx, s.h, src.name) }()
		r := &sitemapReader{h: s.h, skipped: &skipped, yield: yield}
		return r.read(ctx, src, false)
	})
}

// ChangedAt returns the lastmod of a path that Paths has yielded, as it was
// yielded; the zero time if there was none. A lastmod without a time of day is the
// end of that day in UTC. It is for [reprint.Policy.ChangedAt].
func (s *Sitemap) ChangedAt(path string) time.Time { return s.changes.of(path) }

// sitemapReader reads one sitemap with its files.
type sitemapReader struct {
	h       *Handler
	skipped *foreigners
	yield   func(item, error) bool
}

// read yields what a file lists, and reports whether all of it was. inIndex: the
// file is one of an index.
func (r *sitemapReader) read(ctx context.Context, src source, inIndex bool) bool {
	f, err := r.h.fetch(ctx, src)
	if err != nil {
		return r.fault(err)
	}
	content, first, err := f.open()
	switch {
	case err != nil:
		return r.fault(err)
	case first != '<':
		return r.h.lines(f, content, r.skipped, r.yield)
	case isHTML(content):
		return r.fault(f.fault(fmt.Errorf("%w; want a sitemap", errHTML)))
	}
	files, ok := r.readXML(f, content, inIndex)
	for _, src := range files {
		if !ok {
			return false
		}
		ok = r.read(ctx, src, true)
	}
	return ok
}

func (r *sitemapReader) fault(err error) bool {
	r.yield(item{}, err)
	return false
}

// readXML yields the pages of a urlset, or returns the files of an index.
func (r *sitemapReader) readXML(f *file, content *bufio.Reader, inIndex bool) (files []source, ok bool) {
	d := &sitemapDecoder{Decoder: xml.NewDecoder(content)}
	d.CharsetReader = func(charset string, _ io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("the encoding is %s; sitemaps are UTF-8", charset)
	}
	fault := func(err error) ([]source, bool) {
		line, _ := d.InputPos()
		if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
			line, err = syntax.Line, fmt.Errorf("%s; want the XML of a sitemap", syntax.Msg)
		}
		return nil, r.fault(f.at(line, err))
	}
	if err := d.begin(); err != nil {
		return fault(err)
	}
	if d.index && inIndex {
		return fault(errors.New("an index in an index; want a sitemap"))
	}
	for {
		entry, err := d.next()
		switch {
		case errors.Is(err, io.EOF):
			return files, true
		case err != nil:
			return fault(err)
		case d.index && len(files) == maxFiles:
			return fault(fmt.Errorf("more than %d files in an index", maxFiles))
		case d.index:
			src, err := r.h.indexed(entry.loc)
			if err != nil {
				return fault(err)
			}
			files = append(files, src)
			continue
		}
		i := item{changed: entry.changed}
		i.path, err = r.h.entry(entry.loc)
		switch {
		case errors.Is(err, errForeign):
			r.skipped.count(entry.loc)
			continue
		case err != nil:
			return fault(fmt.Errorf("<loc>: %w", err))
		}
		if !r.yield(i, nil) {
			return nil, false
		}
	}
}

// indexed returns a file of an index. When the names of the site are not known,
// any host is taken for the site's, as it is with pages; the origin is asked.
func (h *Handler) indexed(loc string) (source, error) {
	u, err := url.Parse(strings.TrimSpace(loc))
	if err == nil && len(h.sites) == 0 && u.User == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		return source{name: u.String(), url: u, host: h.siteHost()}, nil
	}
	return h.source(strings.TrimSpace(loc))
}

// sitemapEntry is a url of a urlset, or a sitemap of an index.
type sitemapEntry struct {
	loc     string
	changed time.Time // zero: not said
}

// sitemapDecoder reads the elements of a sitemap one by one. Elements of other
// namespaces, for images and the like, are passed over.
type sitemapDecoder struct {
	*xml.Decoder
	space string // the namespace of the root
	index bool
}

// begin reads up to the root.
func (d *sitemapDecoder) begin() error {
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return errors.New("no element; want <urlset> or <sitemapindex>")
		}
		if err != nil {
			return err
		}
		root, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		d.space = root.Name.Space
		switch root.Name.Local {
		case "urlset":
		case "sitemapindex":
			d.index = true
		case "html":
			return fmt.Errorf("%w; want a sitemap", errHTML)
		default:
			return fmt.Errorf("the element <%s>; want <urlset> or <sitemapindex>", root.Name.Local)
		}
		return nil
	}
}

// next returns the next entry; [io.EOF] at the end of the root.
func (d *sitemapDecoder) next() (sitemapEntry, error) {
	want := "url"
	if d.index {
		want = "sitemap"
	}
	for {
		token, err := d.Token()
		if err != nil {
			return sitemapEntry{}, err // never the end: that of the root comes first
		}
		switch t := token.(type) {
		case xml.EndElement:
			return sitemapEntry{}, io.EOF
		case xml.StartElement:
			if t.Name != (xml.Name{Space: d.space, Local: want}) {
				if err := d.Skip(); err != nil {
					return sitemapEntry{}, err
				}
				continue
			}
			return d.entry()
		}
	}
}

// entry reads the inside of an entry.
func (d *sitemapDecoder) entry() (e sitemapEntry, err error) {
	for {
		token, err := d.Token()
		if err != nil {
			return e, err
		}
		switch t := token.(type) {
		case xml.EndElement:
			if e.loc == "" {
				return e, errors.New("an entry without a <loc>")
			}
			return e, nil
		case xml.StartElement:
			if err := d.field(t, &e); err != nil {
				return e, err
			}
		}
	}
}

// field reads one element of an entry.
func (d *sitemapDecoder) field(t xml.StartElement, e *sitemapEntry) error {
	if t.Name.Space != d.space || t.Name.Local != "loc" && t.Name.Local != "lastmod" {
		return d.Skip()
	}
	var text string
	if err := d.DecodeElement(&text, &t); err != nil {
		return err
	}
	text = strings.TrimSpace(text)
	if t.Name.Local == "loc" {
		e.loc = text
		return nil
	}
	if text == "" {
		return nil
	}
	changed, err := changedAt(text)
	if err != nil {
		return fmt.Errorf("<lastmod>: %w", err)
	}
	e.changed = changed
	return nil
}
