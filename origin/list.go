package origin

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

// List lists the pages that a URL of the origin returns: text with one path or URL
// a line, where "#" begins a comment line, or a JSON array of such strings or of
// objects like {"path": "/posts/1", "changedAt": "2030-01-02T15:04:05Z"}, plain or
// compressed with gzip. It is safe for concurrent use.
type List struct{ listing }

// List returns the list at a path of the origin, or at a URL as of
// [Handler.Sitemap]. Nothing is read before [List.Paths].
func (h *Handler) List(url string) *List {
	return &List{listing{h: h, url: url}}
}

// Paths reads the list and yields its paths, as [Sitemap.Paths] does.
func (l *List) Paths(ctx context.Context) iter.Seq2[string, error] {
	return l.paths(ctx, func(ctx context.Context, src source, yield func(item, error) bool) bool {
		var skipped foreigners
		defer func() { skipped.log(ctx, l.h, src.name) }()
		f, err := l.h.fetch(ctx, src)
		if err != nil {
			return yield(item{}, err) && false
		}
		content, first, err := f.open()
		switch {
		case err != nil:
		case first == '<' && isHTML(content):
			err = f.fault(fmt.Errorf("%w; want lines or a JSON array", errHTML))
		case first == '<':
			err = f.fault(errors.New("it is XML; want lines or a JSON array, or read it as a sitemap"))
		case first == '{':
			err = f.fault(errors.New("it is a JSON object; want an array"))
		case first == '[':
			return l.h.array(f, content, &skipped, yield)
		default:
			return l.h.lines(f, content, &skipped, yield)
		}
		return yield(item{}, err) && false
	})
}

// ChangedAt returns the changedAt of a path that Paths has yielded, as
// [Sitemap.ChangedAt] does.
func (l *List) ChangedAt(path string) time.Time { return l.changes.of(path) }

// listed is an element of a JSON list.
type listed struct {
	path    string
	changed time.Time
}

// UnmarshalJSON reads a string or an object.
func (l *listed) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &l.path)
	}
	const want = `; want a string, or {"path": "/...", "changedAt": "2030-01-02"}`
	var object struct {
		Path      *string `json:"path"`
		ChangedAt *string `json:"changedAt"`
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&object); err != nil {
		return fmt.Errorf("%w%s", err, want)
	}
	if object.Path == nil {
		return errors.New("an element without a path" + want)
	}
	l.path = *object.Path
	if object.ChangedAt == nil || *object.ChangedAt == "" {
		return nil
	}
	var err error
	l.changed, err = changedAt(*object.ChangedAt)
	return err
}

// array yields what a JSON array lists.
func (h *Handler) array(f *file, content *bufio.Reader, skipped *foreigners, yield func(item, error) bool) bool {
	d := json.NewDecoder(content)
	fault := func(err error) bool {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the array has no end")
		}
		return yield(item{}, f.fault(fmt.Errorf("at byte %d: %w", d.InputOffset(), err))) && false
	}
	if _, err := d.Token(); err != nil {
		return fault(err)
	}
	for d.More() {
		var l listed
		if err := d.Decode(&l); err != nil {
			return fault(err)
		}
		path, err := h.entry(l.path)
		switch {
		case errors.Is(err, errForeign):
			skipped.count(l.path)
			continue
		case err != nil:
			return fault(err)
		}
		if !yield(item{path, l.changed}, nil) {
			return false
		}
	}
	if _, err := d.Token(); err != nil {
		return fault(err)
	}
	return true
}
