package origin_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/internal/logtest"
	"github.com/reprint-go/reprint/origin"
)

const (
	urlset    = `<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`
	urlsetEnd = `</urlset>`
	indexset  = `<?xml version="1.0" encoding="UTF-8"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`
	indexEnd  = `</sitemapindex>`
)

func zipped(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// files is an origin of files. Those whose content begins with "HTTP/" are answers
// as they are.
type files struct {
	mu      sync.Mutex
	content map[string]string // guarded by mu; by path with query
	asked   []string          // guarded by mu; host and path
}

func newFiles(t testing.TB, content map[string]string) (*files, string) {
	t.Helper()
	f := &files{content: content}
	o := newRawFunc(t, func(request string) string {
		r := strings.Fields(request)
		f.mu.Lock()
		defer f.mu.Unlock()
		_, host, _ := strings.Cut(request, "Host: ")
		host, _, _ = strings.Cut(host, "\r\n")
		f.asked = append(f.asked, host+r[1])
		answer, ok200 := f.content[r[1]]
		switch {
		case !ok200:
			return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
		case strings.HasPrefix(answer, "HTTP/"):
			return answer
		}
		return ok(answer)
	})
	return f, o.url
}

func (f *files) set(path, content string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.content[path] = content
}

// paths reads a listing to its end.
func paths(seq iter.Seq2[string, error]) (all []string, err error) {
	for path, e := range seq {
		if e != nil {
			return all, e
		}
		all = append(all, path)
	}
	return all, nil
}

func TestSitemaps(t *testing.T) {
	pages := urlset + `<url><loc>https://www.example.org/a</loc></url><url><loc>https://www.example.org/b?c=d&amp;e=f#g</loc></url>` + urlsetEnd
	both := []string{"/a", "/b?c=d&e=f"}
	for _, test := range []struct {
		name    string
		content map[string]string
		want    []string
	}{
		{"XML", map[string]string{"/s": pages}, both},
		{"compressed", map[string]string{"/s": zipped(t, pages)}, both},
		{"said to be compressed", map[string]string{"/s": ok(zipped(t, pages), "Content-Encoding: gzip", "Content-Type: text/html")}, both},
		{"said to be compressed and not", map[string]string{"/s": ok(pages, "Content-Type: application/gzip")}, both},
		{"with a mark", map[string]string{"/s": "\xef\xbb\xbf" + pages}, both},
		{"after white space", map[string]string{"/s": "\n\n " + pages}, both},
		{"of nothing", map[string]string{"/s": urlset + urlsetEnd}, nil},
		{"without a namespace", map[string]string{"/s": `<urlset><url><loc>/a</loc></url></urlset>`}, []string{"/a"}},
		{"with a prefix", map[string]string{"/s": `<s:urlset xmlns:s="http://x"><s:url><s:loc> https://e.org/a
			</s:loc></s:url></s:urlset>`}, []string{"/a"}},
		{"with other elements", map[string]string{"/s": strings.Replace(urlset, "xmlns=", `xmlns:image="http://i" xmlns:xhtml="http://h" xmlns=`, 1) +
			`<!-- a --><image:loc>https://e.org/no</image:loc><url><image:image><image:loc>https://e.org/no</image:loc></image:image><image:loc>no</image:loc><loc>https://e.org/a</loc>
			<xhtml:link rel="alternate" href="https://e.org/no"/><changefreq>daily</changefreq><image:lastmod>no</image:lastmod></url>` + urlsetEnd}, []string{"/a"}},
		{"with CDATA", map[string]string{"/s": urlset + `<url><loc><![CDATA[https://e.org/a?b&c]]></loc></url>` + urlsetEnd}, []string{"/a?b&c"}},
		{"of the home page", map[string]string{"/s": urlset + `<url><loc>https://e.org</loc></url>` + urlsetEnd}, []string{"/"}},
		{"not escaped", map[string]string{"/s": urlset + `<url><loc>https://e.org/café 1</loc></url>` + urlsetEnd}, []string{"/caf%C3%A9%201"}},
		{"escaped", map[string]string{"/s": urlset + `<url><loc>https://e.org/caf%c3%a9</loc></url>` + urlsetEnd}, []string{"/caf%c3%a9"}},
		{"text", map[string]string{"/s": "https://e.org/a\r\n\n# comment\n/b \n"}, []string{"/a", "/b"}},
		{"text, compressed", map[string]string{"/s": zipped(t, "https://e.org/a")}, []string{"/a"}},
		{"an index", map[string]string{
			"/s":     indexset + `<sitemap><loc>https://www.example.org/1.xml</loc><lastmod>2030-01-01</lastmod></sitemap><sitemap><loc>https://www.example.org/2.xml.gz?x=1</loc></sitemap><sitemap><loc>/3.txt</loc></sitemap>` + indexEnd,
			"/1.xml": pages, "/2.xml.gz?x=1": zipped(t, urlset+`<url><loc>/c</loc></url>`+urlsetEnd), "/3.txt": "/d\n/e\n",
		}, []string{"/a", "/b?c=d&e=f", "/c", "/d", "/e"}},
		{"an index of nothing", map[string]string{"/s": indexset + indexEnd}, nil},
		{"without an end of the answer", map[string]string{"/s": "HTTP/1.0 200 OK\r\n\r\n" + pages + closing}, both},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, url := newFiles(t, test.content)
			got, err := paths(newHandler(t, origin.Options{URL: url}).Sitemap("/s").Paths(t.Context()))
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("paths %q, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestSitemapsThatAreNone(t *testing.T) {
	page := "<!doctype html>\n<html><body>Sign in</body></html>"
	good := `<url><loc>/a</loc></url>`
	for _, test := range []struct {
		name    string
		content map[string]string
		want    []string // parts of the error
	}{
		{"missing", map[string]string{}, []string{"/s:", "answers 404"}},
		{"moved", map[string]string{"/s": "HTTP/1.1 301 Moved\r\nLocation: /wp-sitemap.xml\r\nContent-Length: 0\r\n\r\n"}, []string{"/s:", "301", "/wp-sitemap.xml", "write that instead"}},
		{"failing", map[string]string{"/s": "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"}, []string{"500"}},
		{"cut", map[string]string{"/s": "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + urlset + good + closing}, []string{"/s:", "broke off"}},
		{"empty", map[string]string{"/s": ""}, []string{"is empty"}},
		{"white", map[string]string{"/s": " \n"}, []string{"is empty"}},
		{"a page", map[string]string{"/s": page}, []string{"/s:", "HTML page", "want a sitemap"}},
		{"a page of XHTML", map[string]string{"/s": `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"></html>`}, []string{"line 1", "HTML page", "want a sitemap"}},
		{"a feed", map[string]string{"/s": `<?xml version="1.0"?>` + "\n" + `<rss></rss>`}, []string{"line 2", "<rss>", "want <urlset> or <sitemapindex>"}},
		{"no element", map[string]string{"/s": `<?xml version="1.0"?>`}, []string{"want <urlset>"}},
		{"JSON", map[string]string{"/s": `["/a"]`}, []string{"line 1", "one URL or path a line"}},
		{"XML without an end", map[string]string{"/s": urlset + "\n" + good + "\n<url>"}, []string{"line 3", "unexpected EOF", "want the XML"}},
		{"XML that is none", map[string]string{"/s": urlset + "\n<url><loc>/a</url>"}, []string{"line 2", "want the XML"}},
		{"an ampersand", map[string]string{"/s": urlset + "\n<url><loc>/a?b&c</loc></url>"}, []string{"line 2", "invalid character entity"}},
		{"another encoding", map[string]string{"/s": `<?xml version="1.0" encoding="ISO-8859-1"?><urlset/>`}, []string{"ISO-8859-1", "UTF-8"}},
		{"no location", map[string]string{"/s": urlset + "\n<url><lastmod>2030-01-01</lastmod></url>"}, []string{"line 2", "without a <loc>"}},
		{"half a URL", map[string]string{"/s": urlset + "\n\n<url><loc>www.example.org/a</loc></url>"}, []string{"line 3", "<loc>", "neither a URL"}},
		{"no URL", map[string]string{"/s": urlset + "<url><loc>https://e.org/%zz</loc></url>"}, []string{"<loc>", "not a URL"}},
		{"a date that is none", map[string]string{"/s": urlset + "\n<url><loc>/a</loc><lastmod>yesterday</lastmod></url>"}, []string{"line 2", "<lastmod>", "yesterday", "write 2030-01-02"}},
		{"broken compression", map[string]string{"/s": "\x1f\x8bno"}, []string{"/s:", "gzip"}},
		{"cut compression", map[string]string{"/s": zipped(t, urlset+strings.Repeat(good, 1000))[:60]}, []string{"/s"}},
		{"a long line", map[string]string{"/s": "/a\n/" + strings.Repeat("b", 20<<10)}, []string{"line 2", "more than 16384 bytes"}},
		{"a page in an index", map[string]string{"/s": indexset + `<sitemap><loc>/1</loc></sitemap>` + indexEnd, "/1": page}, []string{"/1:", "HTML page"}},
		{"an index in an index", map[string]string{"/s": indexset + `<sitemap><loc>/s</loc></sitemap>` + indexEnd}, []string{"/s, line 1", "an index in an index"}},
		{"text without an end of the answer", map[string]string{"/s": "HTTP/1.0 200 OK\r\n\r\n/a\n/b" + closing}, []string{"cannot be known to be whole"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, url := newFiles(t, test.content)
			_, err := paths(newHandler(t, origin.Options{URL: url}).Sitemap("/s").Paths(t.Context()))
			for _, part := range test.want {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("error %v, want %q in it", err, part)
				}
			}
		})
	}
}

// What a sitemap may weigh counts before and after it is uncompressed.
func TestSitemapOverALimit(t *testing.T) {
	var bomb bytes.Buffer
	w, err := gzip.NewWriterLevel(&bomb, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	comment := append(bytes.Repeat([]byte("#"), 8<<10), '\n')
	for range 51 << 7 {
		_, _ = w.Write(comment)
	}
	fmt.Fprint(w, "/a")
	_ = w.Close()
	var many strings.Builder
	many.WriteString(indexset)
	for range 50_001 {
		many.WriteString("<sitemap><loc>/1</loc></sitemap>")
	}
	_, url := newFiles(t, map[string]string{
		"/bomb": bomb.String(), "/index": many.String() + indexEnd,
		"/large": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3300000\r\n" + strings.Repeat("\n", 51<<20) + "\r\n0\r\n\r\n",
	})
	h := newHandler(t, origin.Options{URL: url})
	for path, want := range map[string]string{"/bomb": "50 MiB", "/large": "50 MiB", "/index": "more than 50000 files"} {
		if _, err := paths(h.Sitemap(path).Paths(t.Context())); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", path, err, want)
		}
	}
}

func TestSitemapOfOtherSites(t *testing.T) {
	entries := ""
	for _, host := range []string{"www.example.org", "WWW.example.org:443", "other.test", "127.0.0.1:1", "app.internal", "cdn.other.test"} {
		entries += "<url><loc>https://" + host + "/" + strings.ReplaceAll(host, ":", "-") + "</loc></url>"
	}
	_, url := newFiles(t, map[string]string{"/s": urlset + entries + urlsetEnd})
	var log logtest.Buffer
	h := newHandler(t, origin.Options{URL: url, Host: "app.internal", SiteHosts: []string{"www.Example.org"}, Log: log.Logger()})
	got, err := paths(h.Sitemap("/s").Paths(t.Context()))
	if want := []string{"/www.example.org", "/WWW.example.org-443", "/127.0.0.1-1", "/app.internal"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("paths %q, %v, want %q", got, err, want)
	}
	if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "count=2") || !strings.Contains(log.String(), "https://other.test/other.test") {
		t.Errorf("log %q, want one line with the count", log.String())
	}
}

// Nobody but the origin is asked, whatever a URL says.
func TestWhereASitemapIsAsked(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was asked", r.Host) }))
	t.Cleanup(elsewhere.Close)
	f, url := newFiles(t, map[string]string{"/s": "/a", "/index": indexset + "<sitemap><loc>" + elsewhere.URL + "/s</loc></sitemap>" + indexEnd})
	address := strings.TrimPrefix(url, "http://")
	named := origin.Options{URL: url, SiteHosts: []string{"www.example.org", "shop.example.org"}}
	for _, test := range []struct {
		opts  origin.Options
		url   string
		asked string
		err   string
	}{
		{origin.Options{URL: url}, "/s", address + "/s", ""},
		{origin.Options{URL: url}, url + "/s", address + "/s", ""},
		{origin.Options{URL: url, Host: "app.internal"}, "/s", "app.internal/s", ""},
		{named, "/s", "www.example.org/s", ""},
		{named, url + "/s", "www.example.org/s", ""},
		{named, "https://shop.example.org/s", "shop.example.org/s", ""},
		{origin.Options{URL: url}, "/index", address + "/s", ""},

		{origin.Options{URL: url}, "https://www.example.org/s", "", "not on this site"},
		{named, "http://169.254.169.254/s", "", "not on this site"},
		{named, "https://u:p@www.example.org/s", "", "not on this site"},
		{origin.Options{URL: url, SiteHosts: []string{"www.example.org"}, Host: "app.internal"}, "http://evil.test/s", "", "not on this site"},
		{named, "sitemap.xml", "", "neither a path"},
		{named, "file:///etc/passwd", "", "neither a path"},
		{named, "//evil.test/s", "", "neither a path"},
		{named, "", "", "neither a path"},
		{named, ":", "", "not a URL"},
	} {
		f.mu.Lock()
		f.asked = nil
		f.mu.Unlock()
		_, err := paths(newHandler(t, test.opts).Sitemap(test.url).Paths(t.Context()))
		f.mu.Lock()
		asked := f.asked
		f.mu.Unlock()
		switch {
		case test.err == "" && (err != nil || len(asked) == 0 || asked[len(asked)-1] != test.asked):
			t.Errorf("%s: asked %q, %v, want %s", test.url, asked, err, test.asked)
		case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err) || len(asked) > 0):
			t.Errorf("%s: asked %q, %v, want %q", test.url, asked, err, test.err)
		}
	}
	// When the names of the site are known, an index is held to them.
	index := indexset + "\n<sitemap><loc>https://evil.test/s</loc></sitemap>" + indexEnd
	f.set("/index", index)
	if _, err := paths(newHandler(t, named).Sitemap("/index").Paths(t.Context())); err == nil || !strings.Contains(err.Error(), "line 2") || !strings.Contains(err.Error(), "not on this site") {
		t.Errorf("error %v", err)
	}
}

func TestSitemapIsAskedForAsAPage(t *testing.T) {
	o := newRaw(t, ok("/a"))
	h := newHandler(t, origin.Options{URL: o.url, Proto: "https", SiteHosts: []string{"www.example.org"}, Headers: [][2]string{{"Authorization", "Basic eA=="}}})
	if _, err := paths(h.Sitemap("/s?a=b").Paths(t.Context())); err != nil {
		t.Fatal(err)
	}
	want := []string{"Accept-Encoding: identity", "Authorization: Basic eA==", "Host: www.example.org", "User-Agent: reprint", "X-Forwarded-Host: www.example.org", "X-Forwarded-Proto: https"}
	if request := o.asked()[0]; !strings.HasPrefix(request, "GET /s?a=b HTTP/1.1\r\n") || !slices.Equal(sentHeader(request), want) {
		t.Errorf("asked %q", request)
	}
}

func TestChangedAt(t *testing.T) {
	at := func(s string) time.Time {
		when, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	dates := map[string]time.Time{
		"2030-01-02T03:04:05Z":      at("2030-01-02T03:04:05Z"),
		"2030-01-02T03:04:05.5Z":    at("2030-01-02T03:04:05.5Z"),
		"2030-01-02T05:04:05+02:00": at("2030-01-02T03:04:05Z"),
		"2030-01-02T03:04Z":         at("2030-01-02T03:04:00Z"),
		"2030-01-02":                at("2030-01-03T00:00:00Z"),
		"2030-12":                   at("2031-01-01T00:00:00Z"),
		"2030":                      at("2031-01-01T00:00:00Z"),
		"":                          {},
	}
	var pages, array []string
	for date := range dates {
		pages = append(pages, fmt.Sprintf("<url><loc>https://e.org/p?d=%[1]s</loc><lastmod> %[1]s </lastmod></url>", date))
		array = append(array, fmt.Sprintf(`{"path": "/p?d=%[1]s", "changedAt": "%[1]s"}`, date))
	}
	_, url := newFiles(t, map[string]string{"/s": urlset + strings.Join(pages, "") + urlsetEnd, "/l": "[" + strings.Join(array, ",") + "]"})
	h := newHandler(t, origin.Options{URL: url})
	for name, list := range map[string]interface {
		Paths(context.Context) iter.Seq2[string, error]
		ChangedAt(string) time.Time
	}{"sitemap": h.Sitemap("/s"), "list": h.List("/l")} {
		if got := list.ChangedAt("/p?d=2030"); !got.IsZero() {
			t.Errorf("%s: before it is read: %v", name, got)
		}
		n := 0
		for path, err := range list.Paths(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			if want := dates[strings.TrimPrefix(path, "/p?d=")]; !list.ChangedAt(path).Equal(want) {
				t.Errorf("%s: %s while it is read: %v, want %v", name, path, list.ChangedAt(path), want)
			}
		}
		for date, want := range dates {
			if got := list.ChangedAt("/p?d=" + date); !got.Equal(want) {
				t.Errorf("%s: %s after it was read: %v, want %v", name, date, got, want)
			}
		}
		if n != len(dates) {
			t.Errorf("%s: %d paths, want %d", name, n, len(dates))
		}
	}
}

// What a reading does not come to is still known from the one before; what a whole
// reading does not name is forgotten.
func TestChangedAtOverReadings(t *testing.T) {
	entry := func(path, date string) string {
		return "<url><loc>" + path + "</loc><lastmod>" + date + "</lastmod></url>"
	}
	f, url := newFiles(t, map[string]string{"/s": urlset + entry("/a", "2030-01-01T00:00:00Z") + entry("/b", "2030-01-01T00:00:00Z") + urlsetEnd})
	s := newHandler(t, origin.Options{URL: url}).Sitemap("/s")
	check := func(a, b int) {
		t.Helper()
		for path, year := range map[string]int{"/a": a, "/b": b} {
			if got := s.ChangedAt(path); got.IsZero() != (year == 0) || year != 0 && got.Year() != year {
				t.Errorf("%s changed at %v, want %d", path, got, year)
			}
		}
	}
	if _, err := paths(s.Paths(t.Context())); err != nil {
		t.Fatal(err)
	}
	check(2030, 2030)
	f.set("/s", urlset+entry("/a", "2031-01-01T00:00:00Z")+"<broken>")
	if _, err := paths(s.Paths(t.Context())); err == nil {
		t.Error("no error")
	}
	check(2031, 2030)
	f.set("/s", urlset+entry("/c", "2032-01-01T00:00:00Z")+"<url><loc>/a</loc></url>"+entry("/b", "2032-01-01T00:00:00Z")+urlsetEnd)
	for _, err := range s.Paths(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		break // the reader has enough
	}
	check(2031, 2030)
	f.set("/s", urlset+"<url><loc>/a</loc></url>"+urlsetEnd)
	if _, err := paths(s.Paths(t.Context())); err != nil {
		t.Fatal(err)
	}
	check(0, 0)
}

func TestReadingIsGivenUp(t *testing.T) {
	t.Run("while the origin is asked", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := paths(newHandler(t, origin.Options{URL: deaf(t, "")}).Sitemap("/s").Paths(ctx)); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("between two paths", func(t *testing.T) {
		_, url := newFiles(t, map[string]string{"/s": "/a\n/b\n/c\n"})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var got []string
		var last error
		for path, err := range newHandler(t, origin.Options{URL: url}).Sitemap("/s").Paths(ctx) {
			if last = err; err == nil {
				got = append(got, path)
			}
			cancel()
		}
		if !slices.Equal(got, []string{"/a"}) || !errors.Is(last, context.Canceled) {
			t.Errorf("paths %q, %v", got, last)
		}
	})
}

// A file is read to its end before its pages are rendered: they are asked from the
// same origin, which may take one connection.
func TestPrerenderFromASitemap(t *testing.T) {
	f, url := newFiles(t, map[string]string{"/s": urlset + "<url><loc>/a</loc></url><url><loc>/b</loc></url>" + urlsetEnd, "/a": "page a", "/b": "page b"})
	h := newHandler(t, origin.Options{URL: url, MaxConnections: 1})
	sitemap := h.Sitemap("/s")
	site, server := newSite(t, h, reprint.Policy{Prerender: sitemap.Paths, ChangedAt: sitemap.ChangedAt})
	if err := site.Prerender(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	f.set("/a", "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")
	want(t, get(t, server+"/a"), 200, "page a")
	want(t, get(t, server+"/b"), 200, "page b")
}

func TestReadingsAtOnce(t *testing.T) {
	_, url := newFiles(t, map[string]string{"/s": urlset + strings.Repeat("<url><loc>/a</loc><lastmod>2030-01-01</lastmod></url>", 100) + urlsetEnd})
	s := newHandler(t, origin.Options{URL: url}).Sitemap("/s")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got, err := paths(s.Paths(t.Context())); err != nil || len(got) != 100 {
				t.Errorf("%d paths, %v", len(got), err)
			}
			if s.ChangedAt("/a").IsZero() {
				t.Error("not known when it changed")
			}
		})
	}
	wg.Wait()
}

func FuzzSitemap(f *testing.F) {
	for _, seed := range []string{urlset + "<url><loc>/a</loc><lastmod>2030</lastmod></url>" + urlsetEnd, indexset + "<sitemap><loc>/x</loc></sitemap>" + indexEnd, "/a\n/b", "<html>", "\x1f\x8b"} {
		f.Add(seed)
	}
	files, url := newFiles(f, map[string]string{"/x": "/a"})
	h := newHandler(f, origin.Options{URL: url})
	f.Fuzz(func(t *testing.T, content string) {
		files.set("/s", ok(content))
		for path, err := range h.Sitemap("/s").Paths(t.Context()) {
			if err == nil && !strings.HasPrefix(path, "/") {
				t.Errorf("path %q", path)
			}
		}
	})
}
