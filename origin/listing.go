package origin

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds of what lists pages.
const (
	maxFile    = 50 << 20 // bytes of a file, uncompressed; that of sitemaps.org
	maxFiles   = 50_000   // of an index; that of sitemaps.org
	maxLine    = 16 << 10 // bytes of a URL
	maxChanges = 2_000_000

	// fileTimeout is the longest that the origin may take for a file: some make
	// it when it is asked for.
	fileTimeout = 5 * time.Minute
)

// listing reads files that list pages, and remembers when the pages changed.
type listing struct {
	h       *Handler
	url     string
	changes changes
}

// item is a page that is listed.
type item struct {
	path    string    // with the query
	changed time.Time // zero: not said
}

// source is one file that lists pages.
type source struct {
	name string // for errors
	url  *url.URL
	host string // to ask for
}

// paths yields what read lists, from the file at the listing's URL, and notes when
// it changed.
func (l *listing) paths(ctx context.Context, read func(ctx context.Context, s source, yield func(item, error) bool) bool) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		s, err := l.h.source(l.url)
		if err != nil {
			yield("", err)
			return
		}
		reading := l.changes.begin()
		whole := read(ctx, s, func(i item, err error) bool {
			if err == nil {
				err = context.Cause(ctx)
			}
			if err != nil {
				yield("", err)
				return false
			}
			l.changes.note(i, reading)
			return yield(i.path, nil)
		})
		if whole {
			l.changes.forgetBefore(reading)
		}
	}
}

// source returns the file at a configured URL. Only the origin is asked, so a URL
// elsewhere is an error and not a wrong answer.
func (h *Handler) source(raw string) (source, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return source{}, fmt.Errorf("origin: %q is not a URL: %w", raw, err)
	case u.Scheme == "" && u.Host == "" && strings.HasPrefix(u.Path, "/"):
		return source{name: raw, url: u, host: h.siteHost()}, nil
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return source{}, fmt.Errorf(`origin: %q is neither a path of the site nor a URL; write "/sitemap.xml"`, raw)
	case u.User != nil, !h.isOwn(u) && !slices.Contains(h.sites, hostName(u.Host)):
		return source{}, fmt.Errorf("origin: %s is not on this site, and nothing else is asked; write its path at the origin, or list %s among the site's names",
			u.Redacted(), u.Hostname())
	}
	s := source{name: raw, url: u, host: u.Host}
	if h.isOwn(u) {
		s.host = h.siteHost()
	}
	return s, nil
}

// siteHost is the host that is asked for when no client has named one.
func (h *Handler) siteHost() string {
	if len(h.opts.SiteHosts) > 0 {
		return h.opts.SiteHosts[0]
	}
	return h.origin.Host
}

// isOwn reports whether u is at the origin, by where it listens or the Host that
// it is asked for.
func (h *Handler) isOwn(u *url.URL) bool {
	return hostName(u.Host) == hostName(h.origin.Host) || h.opts.Host != "" && hostName(u.Host) == hostName(h.opts.Host)
}

// onSite reports whether an absolute URL in a list is one of the site.
func (h *Handler) onSite(u *url.URL) bool {
	return len(h.sites) == 0 || slices.Contains(h.sites, hostName(u.Host)) || h.isOwn(u)
}

// errForeign is the entry of another site.
var errForeign = errors.New("on another site")

// entry returns the page that an entry of a list names: a URL, or a path of the
// site.
func (h *Handler) entry(raw string) (path string, err error) {
	raw = strings.TrimSpace(raw)
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		return "", errors.New("the URL is empty")
	case err != nil:
		return "", fmt.Errorf("%q is not a URL", raw)
	case u.Scheme == "" && u.Host == "" && strings.HasPrefix(u.Path, "/"):
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return "", fmt.Errorf(`%q is neither a URL with scheme and host nor a path that begins with "/"`, raw)
	case !h.onSite(u):
		return "", errForeign
	}
	if path = u.EscapedPath(); path == "" {
		path = "/"
	}
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	return path, nil
}

// file is the whole content of a source.
type file struct {
	source
	content []byte // as it was sent
	gzipped bool
	certain bool // it is known to be whole
}

// fetch reads a file to its end before anything of it is used: who uses it may
// take hours, and asks the same origin meanwhile.
func (h *Handler) fetch(ctx context.Context, s source) (*file, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, fileTimeout, fmt.Errorf("it takes longer than %v", fileTimeout))
	defer cancel()
	fault := func(err error) (*file, error) { return nil, fmt.Errorf("origin: read %s: %w", s.name, err) }
	res, err := h.ask(ctx, s.url, s.host, make(http.Header))
	if err != nil {
		return fault(err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 && res.StatusCode < 400 && res.Header.Get("Location") != "" {
		h.relocate(res.Header, "", "")
		return fault(fmt.Errorf("the origin answers %d and points to %s; write that instead", res.StatusCode, res.Header.Get("Location")))
	}
	if res.StatusCode != http.StatusOK {
		return fault(fmt.Errorf("the origin answers %d %s, want 200", res.StatusCode, http.StatusText(res.StatusCode)))
	}
	content, err := io.ReadAll(io.LimitReader(res.Body, maxFile+1))
	switch {
	case err != nil:
		return fault(fmt.Errorf("the answer broke off after %d bytes: %w", len(content), err))
	case len(content) > maxFile:
		return fault(errTooLong)
	case len(content) == 0:
		return fault(errors.New("it is empty"))
	}
	f := &file{source: s, content: content, gzipped: bytes.HasPrefix(content, []byte{0x1f, 0x8b})}
	f.certain = f.gzipped || h.opts.AllowUndelimited || res.ContentLength >= 0 || slices.Contains(res.TransferEncoding, "chunked")
	return f, nil
}

var errTooLong = fmt.Errorf("it has more than %d MiB uncompressed; split it", maxFile>>20)

// open returns a reader of the uncompressed content behind a byte order mark and
// white space, and the first byte of it.
func (f *file) open() (r *bufio.Reader, first byte, err error) {
	var plain io.Reader = bytes.NewReader(f.content)
	if f.gzipped {
		unzip, err := gzip.NewReader(plain)
		if err != nil {
			return nil, 0, f.fault(fmt.Errorf("it begins like gzip and is none: %w", err))
		}
		plain = &limited{r: unzip, left: maxFile}
	}
	r = bufio.NewReaderSize(plain, maxLine)
	if mark, _ := r.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = r.Discard(3) // was just seen
	}
	ahead, err := r.Peek(maxLine)
	trimmed := bytes.TrimSpace(ahead)
	switch {
	case len(trimmed) > 0:
		return r, trimmed[0], nil
	case err != nil && !errors.Is(err, io.EOF):
		return nil, 0, f.fault(err)
	}
	return nil, 0, f.fault(errors.New("it is empty"))
}

// fault is an error in a file.
func (f *file) fault(err error) error { return fmt.Errorf("origin: %s: %w", f.name, err) }

// at is an error at a line of a file.
func (f *file) at(line int, err error) error {
	return fmt.Errorf("origin: %s, line %d: %w", f.name, line, err)
}

// limited reads what was compressed, and fails when it is too much.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left < 0 {
		return 0, errTooLong
	}
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errTooLong
	}
	return n, err
}

// lines yields what a text lists: one URL or path a line. Empty lines and those
// that begin with "#" are passed over.
func (h *Handler) lines(f *file, r *bufio.Reader, skipped *foreigners, yield func(item, error) bool) bool {
	if !f.certain {
		return yield(item{}, f.fault(errors.New("the answer has neither a length nor chunks: a list of lines cannot be known to be whole"))) && false
	}
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 0, maxLine), maxLine)
	line := 0
	for scanner.Scan() {
		line++
		text := strings.TrimSpace(scanner.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		path, err := h.entry(text)
		switch {
		case errors.Is(err, errForeign):
			skipped.count(text)
			continue
		case err != nil:
			err = f.at(line, fmt.Errorf("%w; want one URL or path a line", err))
		}
		if !yield(item{path: path}, err) {
			return false
		}
	}
	err := scanner.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		err = fmt.Errorf("more than %d bytes; want one URL or path a line", maxLine)
	}
	if err != nil {
		return yield(item{}, f.at(line+1, err)) && false
	}
	return true
}

// isHTML reports whether a content that begins with "<" is a page.
func isHTML(r *bufio.Reader) bool {
	head, _ := r.Peek(512)
	start := strings.ToLower(strings.TrimSpace(string(head)))
	return strings.HasPrefix(start, "<!doctype html") || strings.HasPrefix(start, "<html")
}

var errHTML = errors.New("it is an HTML page, like that of a missing file, an error or a login")

// foreigners counts the entries of other sites.
type foreigners struct {
	n     int
	first string
}

func (f *foreigners) count(entry string) {
	if f.n++; f.n == 1 {
		f.first = entry
	}
}

// log tells how many there were.
func (f *foreigners) log(ctx context.Context, h *Handler, name string) {
	if f.n > 0 {
		h.log.WarnContext(ctx, "origin: a list names pages of other sites, which are left out", "list", name, "count", f.n,
			"first", f.first, "sites", h.sites)
	}
}

// changes remembers when pages changed. It keeps a hash of each path under a seed
// that nobody can know, so that a million take a few bytes each.
type changes struct {
	mu       sync.RWMutex
	readings int               // guarded by mu, as is all below
	known    map[uint64]change // by hash of the path
}

type change struct {
	when    time.Time
	reading int
}

var changesSeed = maphash.MakeSeed()

// begin returns the number of a new reading.
func (c *changes) begin() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = make(map[uint64]change)
	}
	c.readings++
	return c.readings
}

// note takes over what a reading says. Beyond the bound nothing new is taken: of
// such pages it is not known when they changed.
func (c *changes) note(i item, reading int) {
	hash := maphash.String(changesSeed, i.path)
	c.mu.Lock()
	defer c.mu.Unlock()
	old, known := c.known[hash]
	switch {
	case known && old.reading > reading:
	case i.changed.IsZero():
		delete(c.known, hash)
	case known, len(c.known) < maxChanges:
		c.known[hash] = change{i.changed, reading}
	}
}

// forgetBefore forgets what earlier readings said, after a whole one.
func (c *changes) forgetBefore(reading int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for hash, ch := range c.known {
		if ch.reading < reading {
			delete(c.known, hash)
		}
	}
}

// of returns when a page changed; the zero time if that is not known.
func (c *changes) of(path string) time.Time {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.known[maphash.String(changesSeed, path)].when
}
