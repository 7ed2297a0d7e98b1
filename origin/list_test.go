package origin_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/reprint-go/reprint/internal/logtest"
	"github.com/reprint-go/reprint/origin"
)

func TestLists(t *testing.T) {
	for _, test := range []struct {
		name, content string
		want          []string
	}{
		{"lines", "/a\nhttps://e.org/b?c=d\n\n# comment\n /e \n", []string{"/a", "/b?c=d", "/e"}},
		{"only comments", "# nothing yet", nil},
		{"strings", ` ["/a", "https://e.org/b?c=d"]`, []string{"/a", "/b?c=d"}},
		{"objects", `[{"path": "/a"}, {"path": "/b", "changedAt": null}, {"changedAt": "2030-01-02", "path": "/c"}]`, []string{"/a", "/b", "/c"}},
		{"both", `["/a", {"path": "/b"}]`, []string{"/a", "/b"}},
		{"nothing", `[]`, nil},
		{"compressed", zipped(t, `["/a"]`), []string{"/a"}},
		{"without an end of the answer", "HTTP/1.0 200 OK\r\n\r\n" + `["/a"]` + closing, []string{"/a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, url := newFiles(t, map[string]string{"/l": test.content})
			got, err := paths(newHandler(t, origin.Options{URL: url}).List("/l").Paths(t.Context()))
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("paths %q, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestListsThatAreNone(t *testing.T) {
	for _, test := range []struct {
		name, content string
		want          []string // parts of the error
	}{
		{"empty", "", []string{"/l", "is empty"}},
		{"a page", "<html></html>", []string{"/l", "HTML page", "want lines or a JSON array"}},
		{"a sitemap", urlset + urlsetEnd, []string{"it is XML", "as a sitemap"}},
		{"an object", `{"paths": []}`, []string{"JSON object", "want an array"}},
		{"no end", `["/a", "/b"`, []string{"at byte", "no end"}},
		{"a half element", `["/a", "/b`, []string{"at byte", "no end"}},
		{"a number", `["/a", 7]`, []string{"at byte", "want a string"}},
		{"nothing in it", `["/a", null]`, []string{"at byte", "want"}},
		{"another name", `[{"path": "/a", "changed_at": "2030-01-01"}]`, []string{"at byte", "changed_at", "want"}},
		{"no path", `[{"changedAt": "2030-01-01"}]`, []string{"at byte", "without a path"}},
		{"a date that is none", `[{"path": "/a", "changedAt": "1.1.2030"}]`, []string{"at byte", "1.1.2030", "write 2030-01-02"}},
		{"a path that is none", `["a"]`, []string{"at byte", `"a"`}},
		{"a comma", `["/a",]`, []string{"at byte", "invalid character"}},
		{"a line that is none", "/a\n\nb", []string{"/l, line 3", "one URL or path a line"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, url := newFiles(t, map[string]string{"/l": test.content})
			_, err := paths(newHandler(t, origin.Options{URL: url}).List("/l").Paths(t.Context()))
			for _, part := range test.want {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("error %v, want %q in it", err, part)
				}
			}
		})
	}
}

func TestListOfOtherSites(t *testing.T) {
	for name, content := range map[string]string{"lines": "/a\nhttps://evil.test/b\n", "JSON": `["/a", "https://evil.test/b"]`} {
		_, url := newFiles(t, map[string]string{"/l": content})
		var log logtest.Buffer
		h := newHandler(t, origin.Options{URL: url, SiteHosts: []string{"www.example.org"}, Log: log.Logger()})
		got, err := paths(h.List("/l").Paths(t.Context()))
		if err != nil || !slices.Equal(got, []string{"/a"}) || !strings.Contains(log.String(), "count=1") {
			t.Errorf("%s: paths %q, %v, log %q", name, got, err, log.String())
		}
	}
}

func FuzzList(f *testing.F) {
	for _, seed := range []string{`["/a", {"path": "/b", "changedAt": "2030"}]`, "/a\n/b", "[[]]", `[{"path"`} {
		f.Add(seed)
	}
	files, url := newFiles(f, map[string]string{})
	h := newHandler(f, origin.Options{URL: url})
	f.Fuzz(func(t *testing.T, content string) {
		files.set("/l", ok(content))
		for path, err := range h.List("/l").Paths(t.Context()) {
			if err == nil && !strings.HasPrefix(path, "/") {
				t.Errorf("path %q", path)
			}
		}
	})
}
