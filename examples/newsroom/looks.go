package main

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/reprint-go/reprint/examples/newsroom/content"
)

//go:embed templates assets
var files embed.FS

// looks are the templates of the site and of the editor.
type looks struct {
	site  map[string]*template.Template
	admin map[string]*template.Template
	sum   string // of all files: it changes when a page would look different
}

func readLooks() (looks, error) {
	sum, err := sumFiles()
	if err != nil {
		return looks{}, err
	}
	l := looks{sum: sum}
	if l.site, err = readTemplates("templates/site", sum); err != nil {
		return looks{}, err
	}
	l.admin, err = readTemplates("templates/admin", sum)
	return l, err
}

// readTemplates reads a folder: each page in it is joined with layout.html and
// with the pieces that pages share.
func readTemplates(dir, sum string) (map[string]*template.Template, error) {
	names, err := fs.Glob(files, dir+"/*.html")
	if err != nil {
		return nil, err
	}
	set := make(map[string]*template.Template)
	for _, name := range names {
		page := strings.TrimSuffix(path.Base(name), ".html")
		if page == "layout" {
			continue
		}
		t, err := template.New("layout.html").Funcs(functions(sum)).ParseFS(files, "templates/pieces.html", dir+"/layout.html", name)
		if err != nil {
			return nil, fmt.Errorf("read template %s: %w", name, err)
		}
		set[page] = t
	}
	return set, nil
}

func sumFiles() (string, error) {
	h := sha256.New()
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := files.ReadFile(name)
		fmt.Fprintln(h, name, len(text))
		h.Write(text)
		return err
	})
	return hex.EncodeToString(h.Sum(nil))[:12], err
}

// write prints a sheet.
func (l looks) write(w io.Writer, s sheet, draft bool) error {
	if s.xml != nil {
		_, err := w.Write(s.xml)
		return err
	}
	t, ok := l.site[s.Look]
	if !ok {
		return fmt.Errorf("there is no template %q", s.Look)
	}
	return t.Execute(w, struct {
		sheet
		Draft bool
	}{s, draft})
}

// functions are what templates can call. Addresses of assets carry the sum of
// all files, so that browsers may keep them for good.
func functions(sum string) template.FuncMap {
	return template.FuncMap{
		"asset":   func(name string) string { return "/assets/" + name + "?v=" + sum },
		"art":     artPath,
		"body":    paragraphs,
		"inline":  inline,
		"path":    func(r content.Record) string { return r.Kind().Path(r.Common().ID) },
		"editAt":  editPath,
		"allOf":   allPath,
		"edit":    func(r content.Record) string { return editPath(r.Kind(), r.Common().ID) },
		"day":     func(t time.Time) string { return t.Local().Format("2 January 2006") },
		"clock":   func(t time.Time) string { return t.Local().Format("15:04") },
		"stamp":   func(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") },
		"machine": func(t time.Time) string { return t.Format(time.RFC3339) },
		"field":   func(t time.Time) string { return t.Local().Format(momentFormat) },
		"phase":   func(e *content.Event, now time.Time) content.Phase { p, _ := e.Phase(now); return p },
		"span":    span,
		"until":   until,
		"left":    left,
		"etag":    func(tag string) string { return fmt.Sprintf("%.10s", strings.Trim(tag, `"`)) },
		"ms":      func(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) },
	}
}

// artPath is where the picture of an item is.
func artPath(topic string, number int64) string {
	return fmt.Sprintf("/assets/art/%s-%d.svg", url.PathEscape(topic), number)
}

// span writes from when to when an event lasts, in as few words as will do.
func span(e *content.Event) string {
	begins, ends := e.Begins.Local(), e.Ends.Local()
	if begins.Format(time.DateOnly) == ends.Format(time.DateOnly) || ends.Sub(begins) < 12*time.Hour {
		return begins.Format("Mon 2 Jan, 15:04") + "–" + ends.Format("15:04")
	}
	return begins.Format("2 Jan") + " – " + ends.Format("2 Jan")
}

// until writes the end of an event that begins on another day, or the time of
// day.
func until(e *content.Event) string {
	if e.Ends.Sub(e.Begins) < 12*time.Hour {
		return e.Ends.Local().Format("15:04")
	}
	return e.Ends.Local().Format("2 January")
}

// left says how many of a product there are.
func left(stock int) string {
	switch {
	case stock == 0:
		return "Sold out"
	case stock == 1:
		return "Last one"
	case stock <= 5:
		return fmt.Sprintf("Only %d left", stock)
	}
	return "In stock"
}

var emphasis = regexp.MustCompile(`\*([^*\n]+)\*`)

// inline turns a line of text into HTML: *words* are emphasised.
func inline(text string) template.HTML {
	escaped := template.HTMLEscapeString(text)
	return template.HTML(emphasis.ReplaceAllString(escaped, "<em>$1</em>")) // #nosec G203 -- it is escaped above
}

// plain is a line of text without its marks.
func plain(text string) string { return emphasis.ReplaceAllString(text, "$1") }

// paragraphs turns the body of an item into HTML. An empty line ends a paragraph;
// "## " begins a heading, "> " a quotation, "- " an entry of a list.
func paragraphs(body string) template.HTML {
	var b strings.Builder
	for block := range strings.SplitSeq(strings.ReplaceAll(body, "\r\n", "\n"), "\n\n") {
		block = strings.TrimSpace(block)
		switch {
		case block == "":
		case strings.HasPrefix(block, "## "):
			fmt.Fprintf(&b, "<h2>%s</h2>\n", inline(block[3:]))
		case strings.HasPrefix(block, "> "):
			fmt.Fprintf(&b, "<blockquote>%s</blockquote>\n", inline(block[2:]))
		case strings.HasPrefix(block, "- "):
			b.WriteString("<ul>")
			for line := range strings.Lines(block) {
				fmt.Fprintf(&b, "<li>%s</li>", inline(strings.TrimSpace(strings.TrimPrefix(line, "- "))))
			}
			b.WriteString("</ul>\n")
		default:
			fmt.Fprintf(&b, "<p>%s</p>\n", inline(block))
		}
	}
	return template.HTML(b.String()) // #nosec G203 -- each piece is escaped by inline
}
