package reprint_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/internal/coding"
	"github.com/reprint-go/reprint/sqlite"
)

// prose is text that becomes smaller, but not to nothing.
func prose(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "<li><a href=\"/posts/%d\">%x and %d more</a></li>\n", i*7919%1000, i*2654435761, i%17)
	}
	return b.String()[:n]
}

const browser = "gzip, deflate, br, zstd"

// decoded returns a response's body as it was before it was coded.
func decoded(t *testing.T, r *http.Response) string {
	t.Helper()
	body := []byte(text(r))
	if name := r.Header.Get("Content-Encoding"); name != "" {
		c, ok := coding.Parse(name)
		if !ok {
			t.Fatalf("Content-Encoding is %q", name)
		}
		var err error
		if body, err = coding.Decode(c, body, 64<<20); err != nil {
			t.Fatal(err)
		}
	}
	return string(body)
}

func TestPagesAreOfferedInContentCodings(t *testing.T) {
	site := newSite(t, reprint.Options{})
	body := prose(20_000)
	handle(t, site, "/{id}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, body) }, reprint.Policy{})
	get(site, "/a")
	tags := map[string]bool{}
	for _, c := range []struct{ accept, want string }{
		{"", ""}, {"identity", ""}, {"gzip", "gzip"}, {"br", "br"}, {"zstd", "zstd"}, {"deflate", ""}, {"gzip;q=0.5, zstd;q=0.1", "gzip"},
		{"gzip;q=0", ""}, {"identity;q=0, gzip;q=0.001", "gzip"}, {"*", "br"}, {"br;q=0.1, *;q=0.9", "zstd"},
	} {
		var headers []string
		if c.accept != "" {
			headers = []string{"Accept-Encoding", c.accept}
		}
		r := get(site, "/a", headers...)
		if got := r.Header.Get("Content-Encoding"); r.StatusCode != 200 || got != c.want {
			t.Errorf("Accept-Encoding %q: %d in %q, want %q", c.accept, r.StatusCode, got, c.want)
		}
		if r.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: Vary is %q", c.accept, r.Header["Vary"])
		}
		etag, length := r.Header.Get("ETag"), r.Header.Get("Content-Length")
		tags[c.want+" "+etag] = true
		head := ask(site, "HEAD", "/a", headers...)
		if head.Header.Get("ETag") != etag || head.Header.Get("Content-Length") != length || text(head) != "" {
			t.Errorf("Accept-Encoding %q: HEAD has another header: %v", c.accept, head.Header)
		}
		if got := decoded(t, r); got != body {
			t.Errorf("Accept-Encoding %q: the body is another", c.accept)
		}
	}
	if len(tags) != 4 {
		t.Errorf("there are %d entity tags for four forms: %v", len(tags), tags)
	}
	for _, tag := range []string{"gzip", "br", "zstd", "identity"} {
		etag := get(site, "/a", "Accept-Encoding", tag).Header.Get("ETag")
		for list, want := range map[string]int{`"other", ` + etag: 200, "W/" + etag: 412, `"other"`: 412} {
			if r := get(site, "/a", "Accept-Encoding", tag, "If-Match", list, "If-Unmodified-Since", "Mon, 02 Jan 1996 15:04:05 GMT"); r.StatusCode != want {
				t.Errorf("If-Match %s in %s: %d, want %d", list, tag, r.StatusCode, want)
			}
		}
		for _, now := range []string{"gzip", "br", "identity"} {
			r := get(site, "/a", "Accept-Encoding", now, "If-None-Match", `"other", W/`+etag)
			if r.StatusCode != 304 || r.Header.Get("ETag") != etag || r.Header.Get("Content-Encoding") != "" || r.Header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("the form in %s, asked for in %s: %d %v", tag, now, r.StatusCode, r.Header)
			}
		}
	}
	r := get(site, "/a", "Accept-Encoding", "gzip", "Range", "bytes=0-9")
	if got := text(r); r.StatusCode != 206 || r.Header.Get("Content-Encoding") != "" || got != body[:10] {
		t.Errorf("a part: %d %q in %q", r.StatusCode, got, r.Header.Get("Content-Encoding"))
	}
	coded := get(site, "/a", "Accept-Encoding", "gzip").Header.Get("ETag")
	if r := get(site, "/a", "Accept-Encoding", "gzip", "Range", "bytes=0-9", "If-Match", coded); r.StatusCode != 412 {
		t.Errorf("a part of the page as it is, for the tag of another form: %d", r.StatusCode)
	}
	if r := get(site, "/a", "Accept-Encoding", "gzip", "If-None-Match", `"0123456789abcdef0123456789abcdef-gzip-01234567"`); r.StatusCode != 200 {
		t.Errorf("a tag of another content: %d", r.StatusCode)
	}
}

func TestWhatIsNotCoded(t *testing.T) {
	site := newSite(t, reprint.Options{})
	body := prose(2_000)
	header := func(pairs ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(pairs); i += 2 {
				w.Header().Set(pairs[i], pairs[i+1])
			}
			fmt.Fprint(w, body)
		}
	}
	handle(t, site, "/image", header("Content-Type", "image/png"), reprint.Policy{})
	handle(t, site, "/font", header("Content-Type", "font/woff2"), reprint.Policy{})
	handle(t, site, "/as-is", header("Cache-Control", "public, no-transform"), reprint.Policy{})
	handle(t, site, "/small", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<p>small") }, reprint.Policy{})
	handle(t, site, "/gone", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, body, 404) }, reprint.Policy{})
	for _, path := range []string{"/image", "/font", "/as-is", "/small", "/gone"} {
		get(site, path)
		r := get(site, path, "Accept-Encoding", browser)
		if r.Header.Get("Content-Encoding") != "" || r.Header.Get("Vary") != "" {
			t.Errorf("%s: in %q, Vary %q", path, r.Header.Get("Content-Encoding"), r.Header.Get("Vary"))
		}
	}
	off := newSite(t, reprint.Options{Codings: []string{}})
	handle(t, off, "/a", header(), reprint.Policy{})
	if r := get(off, "/a", "Accept-Encoding", browser); r.Header.Get("Content-Encoding") != "" || r.Header.Get("Vary") != "" {
		t.Errorf("turned off: in %q", r.Header.Get("Content-Encoding"))
	}
	if _, err := reprint.New(reprint.Options{Codings: []string{"deflate"}}); err == nil || !strings.Contains(err.Error(), "gzip, br and zstd") {
		t.Errorf("a coding that there is not: %v", err)
	}
}

// The first visitor waits for a quick form only; a moment later there is a smaller
// one, under another entity tag, and both tags stand for the same content.
func TestFormsBecomeSmallerBehind(t *testing.T) {
	site := newSite(t, reprint.Options{})
	body := prose(20_000)
	handle(t, site, "/a", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }, reprint.Policy{})
	get(site, "/a")
	quick := get(site, "/a", "Accept-Encoding", browser)
	if got := quick.Header.Get("Content-Encoding"); got != "zstd" {
		t.Errorf("the first form is in %q, want the quickest, zstd", got)
	}
	size := len(text(quick))
	if again := get(site, "/a", "Accept-Encoding", browser); again.Header.Get("ETag") != quick.Header.Get("ETag") {
		t.Error("the form was made twice")
	}
	strong := smallest(t, site)
	if n := len(text(strong)); n >= size {
		t.Errorf("the form had %d bytes and has %d", size, n)
	}
	if r := get(site, "/a", "Accept-Encoding", browser, "If-None-Match", quick.Header.Get("ETag")); r.StatusCode != 304 {
		t.Errorf("who has the quick form gets %d", r.StatusCode)
	}
	// The same content takes its forms along, another one does not.
	if err := site.Revalidate(t.Context(), "/a"); err != nil {
		t.Fatal(err)
	}
	if r := get(site, "/a", "Accept-Encoding", browser); r.Header.Get("ETag") != strong.Header.Get("ETag") {
		t.Error("a render that changed nothing has lost the forms")
	}
	body = strings.ToUpper(body)
	if err := site.Revalidate(t.Context(), "/a"); err != nil {
		t.Fatal(err)
	}
	if r := get(site, "/a", "Accept-Encoding", browser); decoded(t, r) != body {
		t.Error("the form of the page before is served")
	}
}

// smallest waits until /a is answered in Brotli, and returns the answer.
func smallest(t *testing.T, site http.Handler) *http.Response {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		r := get(site, "/a", "Accept-Encoding", browser)
		if r.Header.Get("Content-Encoding") == "br" {
			return r
		}
		if time.Now().After(deadline) {
			t.Fatal("there is no form in br")
		}
	}
}

func TestFormsAreKeptInTheStore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pages.db")
	body := prose(20_000)
	open := func() (*reprint.Site, func()) {
		store, err := sqlite.Open(t.Context(), file, sqlite.Options{Log: quiet()})
		if err != nil {
			t.Fatal(err)
		}
		site, err := reprint.New(reprint.Options{Store: store, Log: quiet()})
		if err != nil {
			t.Fatal(err)
		}
		handle(t, site, "/a", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }, reprint.Policy{})
		return site, func() {
			if err := site.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	site, closeSite := open()
	get(site, "/a")
	etag := smallest(t, site).Header.Get("ETag")
	closeSite()
	site, closeSite = open()
	defer closeSite()
	r := get(site, "/a", "Accept-Encoding", browser)
	if r.Header.Get("ETag") != etag || decoded(t, r) != body {
		t.Errorf("after a restart the form is %s %s, want %s", r.Header.Get("Content-Encoding"), r.Header.Get("ETag"), etag)
	}
}

// A page that a thousand visitors ask for at once is coded once, and nobody gets
// anything but the page.
func TestManyAskForAFormAtOnce(t *testing.T) {
	site := newSite(t, reprint.Options{})
	body := []byte(prose(100_000))
	handle(t, site, "/a", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }, reprint.Policy{})
	get(site, "/a")
	results := make(chan *http.Response, 1000)
	for range cap(results) {
		go func() { results <- get(site, "/a", "Accept-Encoding", "gzip") }()
	}
	tags := map[string]bool{}
	for range cap(results) {
		r := <-results
		tags[r.Header.Get("Content-Encoding")+r.Header.Get("ETag")] = true
		if !bytes.Equal([]byte(decoded(t, r)), body) {
			t.Fatal("the body is another")
		}
	}
	if len(tags) > 2 { // as it is, for those who came while it was made, and in gzip
		t.Errorf("there were %d forms: %v", len(tags), tags)
	}
}
