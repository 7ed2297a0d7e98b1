package reprint_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
)

// A page that differs in volatile parts only is the page that it was, to visitors and in
// receipts; its body and the policy beside it go together.
func TestVolatilePartsAreNoChange(t *testing.T) {
	var n, version atomic.Int64
	var plain atomic.Bool
	site := newSite(t, reprint.Options{})
	handle(t, site, "/{id}", func(w http.ResponseWriter, r *http.Request) {
		i := n.Add(1)
		w.Header().Set("Content-Security-Policy", fmt.Sprintf("script-src 'nonce-%d'", i))
		w.Header().Set("X-Render", fmt.Sprint(i))
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if plain.Load() {
			fmt.Fprintf(w, "<script></script>text %d", version.Load())
			return
		}
		fmt.Fprintf(w, `<script nonce="%d"></script>text %d<!-- printed at %v -->`, i, version.Load(), time.Now())
	}, reprint.Policy{Volatile: []*regexp.Regexp{
		regexp.MustCompile(`nonce="[^"]*"`), regexp.MustCompile(`'nonce-[^']*'`), regexp.MustCompile(`<!-- printed at .*? -->`),
	}})
	first := get(site, "/a")
	body := text(first)
	revalidate := func(wantChanged int) *http.Response {
		t.Helper()
		receipt, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/a"}})
		if err != nil || receipt.Regenerated != wantChanged || receipt.Unchanged != 1-wantChanged {
			t.Fatalf("%+v, %v", receipt, err)
		}
		return get(site, "/a")
	}
	again := revalidate(0)
	for _, name := range []string{"Etag", "Last-Modified", "Content-Security-Policy"} {
		if got, want := again.Header.Get(name), first.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := again.Header.Get("X-Render"); got != "2" {
		t.Errorf("X-Render: %q; it is no volatile part", got)
	}
	if got := text(again); got != body {
		t.Errorf("%q, want %q", got, body)
	}
	wantNonce := func(r *http.Response, nonce, part string) {
		t.Helper()
		body := text(r)
		if !strings.Contains(r.Header.Get("Content-Security-Policy"), "'nonce-"+nonce+"'") || !strings.Contains(body, `nonce="`+nonce+`"`) || !strings.Contains(body, part) {
			t.Errorf("%v %q", r.Header, body)
		}
	}
	version.Store(1)
	changed := revalidate(1)
	if changed.Header.Get("Etag") == first.Header.Get("Etag") {
		t.Error("the ETag stays")
	}
	wantNonce(changed, "3", "text 1")
	// That there is a nonce is no volatile part.
	plain.Store(true)
	if body := text(revalidate(1)); strings.Contains(body, "nonce") {
		t.Errorf("%q", body)
	}
}

func TestExpressionsThatMatchNothing(t *testing.T) {
	site := newSite(t, reprint.Options{})
	for _, v := range []*regexp.Regexp{nil, regexp.MustCompile(`.*`), regexp.MustCompile(`a?`)} {
		err := site.Handle("/", http.NotFoundHandler(), reprint.Policy{Volatile: []*regexp.Regexp{v}})
		if err == nil || !strings.Contains(err.Error(), "Volatile") {
			t.Errorf("%v: %v", v, err)
		}
	}
}
