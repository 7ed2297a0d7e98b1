package nextjs_test

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// visitor is a person with a real Chromium.
type visitor struct {
	t   *testing.T
	ctx context.Context
}

// newVisitor skips the test where there is no Chromium, unless REPRINT_REQUIRE
// names it: then it fails.
func newVisitor(t *testing.T) *visitor {
	t.Helper()
	path, err := findChromium()
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("REPRINT_REQUIRE"), ","), "chromium") {
			t.Fatalf("REPRINT_REQUIRE names chromium, and there is none: %v", err)
		}
		t.Skip("SKIPPED: there is no Chromium here, so nobody has followed a link")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	timeout := time.AfterFunc(3*time.Minute, cancel)
	t.Cleanup(func() {
		timeout.Stop()
		if err := chromedp.Cancel(ctx); err != nil {
			t.Logf("close the browser: %v", err)
		}
		cancel()
	})
	return &visitor{t, ctx}
}

func findChromium() (path string, err error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err = exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", err
}

func (v *visitor) do(actions ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, actions...); err != nil {
		v.t.Fatal(err)
	}
}

// open loads a page and marks the document, which a client navigation keeps and
// a load replaces.
func (v *visitor) open(url string) {
	v.t.Helper()
	v.do(chromedp.Navigate(url), chromedp.Evaluate[chromedp.Void](`window.marked = true`))
}

// follow clicks a link, waits until the page behind it says text, and fails
// unless it was the client that navigated.
func (v *visitor) follow(href, text string) {
	v.t.Helper()
	v.do(chromedp.Click(chromedp.CSS(`a[href="` + href + `"]`)))
	v.sees(href, text)
	marked, err := chromedp.Run(v.ctx, chromedp.Evaluate[bool](`window.marked === true`))
	if err != nil {
		v.t.Fatal(err)
	}
	if !marked {
		v.t.Errorf("%s was loaded: there was no client navigation", href)
	}
}

// reload loads the page again and waits until it says text.
func (v *visitor) reload(path, text string) {
	v.t.Helper()
	v.do(chromedp.Reload())
	v.sees(path, text)
}

// sees waits until the visitor is at path and the page says text.
func (v *visitor) sees(path, text string) {
	v.t.Helper()
	_, err := chromedp.Run(v.ctx, chromedp.PollFunction[bool](
		`(path, text) => location.pathname === path && document.querySelector("main")?.innerText.replace(/\s+/g, " ").includes(text)`,
		chromedp.WithPollingArgs(path, text), chromedp.WithPollingTimeout(15*time.Second)))
	if err != nil {
		said, _ := chromedp.Run(v.ctx, chromedp.Evaluate[string](`location.pathname + " " + document.body.innerText`))
		v.t.Fatalf("the visitor sees %q, want %s %q: %v", said, path, text, err)
	}
}

// awaitPrefetch returns when the client has asked ahead for a page.
func (v *visitor) awaitPrefetch(path string) {
	v.t.Helper()
	_, err := chromedp.Run(v.ctx, chromedp.PollFunction[bool](
		`path => performance.getEntriesByType("resource").some(e => new URL(e.name).pathname === path && e.responseEnd > 0)`,
		chromedp.WithPollingArgs(path), chromedp.WithPollingTimeout(15*time.Second)))
	if err != nil {
		v.t.Fatalf("the client has not asked for %s ahead: %v", path, err)
	}
}

// TestClientNavigation: a visitor goes through the site by its links while its
// pages are revalidated, and sees each change at the next click as at the next
// load.
func TestClientNavigation(t *testing.T) {
	prepare(t)
	data := startSource(t)
	s, _ := reprintSites(t, data)
	v := newVisitor(t)
	must := func(a answer) {
		t.Helper()
		if a != done {
			t.Fatalf("a call was answered %s", a)
		}
	}

	t.Run("App Router", func(t *testing.T) {
		v.t = t
		v.open(s.url + "/shop")
		v.awaitPrefetch("/shop/2")
		v.follow("/shop/2", "20 crowns")
		v.follow("/shop", "Shop Thing 1 Thing 2 Thing 3")

		// What the client has asked for ahead is older than this.
		thing("/shop/2", "Thing two", 22)(data)
		must(reprice("2")(s))
		v.follow("/shop/2", "Thing two 22 crowns")
		v.follow("/shop", "Thing two")
		thing("/shop/2", "Thing two", 23)(data)
		must(reprice("2")(s))
		v.follow("/shop/2", "23 crowns")
		v.reload("/shop/2", "23 crowns")

		// A render that fails is nobody's page, however one comes to it.
		v.open(s.url + "/shop")
		t.Cleanup(func() { set("failing", false)(data) })
		set("failing", true)(data)
		if a := reprice("2")(s); a != failed {
			t.Errorf("the source fails, and the call is answered %s", a)
		}
		v.follow("/shop/2", "23 crowns")
		set("failing", false)(data)
		must(reprice("2")(s))
	})

	t.Run("Pages Router", func(t *testing.T) {
		v.t = t
		v.open(s.url + "/posts")
		v.follow("/posts/2", "Post 2 The text of post 2.")
		v.follow("/posts", "Posts Post 1 Post 2 Post 42")
		title("/posts/2", "Post two")(data)
		must(revalidate("2")(s))
		v.follow("/posts/2", "Post two")
		v.reload("/posts/2", "Post two")
	})
}
