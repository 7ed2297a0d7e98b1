package reprint_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/reprint-go/reprint"
)

func TestAKeyAsTextIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := reprint.Key{
			Host:    rapid.StringMatching(`([a-z0-9.-]{1,20})?`).Draw(t, "host"),
			Path:    rapid.StringMatching(`/[!-"$->@-~]{0,20}`).Draw(t, "path"),
			Query:   rapid.StringMatching(`([!-~]{1,20})?`).Draw(t, "query"),
			Variant: rapid.StringMatching(`([!-~]{1,20})?`).Draw(t, "variant"),
		}
		got, err := reprint.ParseKey(k.String())
		if err != nil || got != k {
			t.Fatalf("%+v as text is %q, read back %+v, %v", k, k.String(), got, err)
		}
	})
	if _, err := reprint.ParseKey("example.org"); err == nil {
		t.Error("a key without a path was read")
	}
}

// FuzzPath sends any request target. Whatever it is, the answer is a refusal or a
// page whose key is canonical: the path that a render sees leads to the same key.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"/", "/a/b", "/a%2fb", "/../x", "/%61", "/a%00", "//x", "/caf\xc3\xa9", "/a%zz", "/%C0%AF", "/a?b#c", "/a\\b", "/a;b=c/d", "/%252e%252e/"} {
		f.Add(s)
	}
	site := newSite(f, reprint.Options{})
	handle(f, site, "/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, r.URL.EscapedPath())
	}, reprint.Policy{})
	f.Fuzz(func(t *testing.T, target string) {
		base := &url.URL{Scheme: "http", Host: "localhost", Path: "/"}
		u, err := base.Parse(target)
		if err != nil || u.Host != "localhost" || u.Path == "" {
			t.Skip()
		}
		resp := askRaw(site, &http.Request{Method: "GET", URL: u, Header: http.Header{}})
		path := text(resp)
		switch resp.StatusCode {
		case 400, 414:
			return
		case 200:
		default:
			t.Fatalf("%q: %d", target, resp.StatusCode)
		}
		for _, bad := range []string{"//", "/../", "/./", "\\", "%2f", "%2F", "%5c", "%5C", "%00", "#", "?"} {
			if strings.Contains(path, bad) {
				t.Fatalf("%q became %q, which holds %q", target, path, bad)
			}
		}
		again, err := base.Parse(path)
		if err != nil {
			t.Fatal(err)
		}
		resp = askRaw(site, &http.Request{Method: "GET", URL: again, Header: http.Header{}})
		if got := text(resp); got != path {
			t.Fatalf("%q became %q, which became %q", target, path, got)
		}
	})
}
