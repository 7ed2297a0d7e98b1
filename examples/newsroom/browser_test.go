package main

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/reprint-go/reprint/examples/newsroom/content"
)

// browser is a real Chromium for a test. Where there is none the test is skipped,
// unless REPRINT_REQUIRE names chromium: then it fails.
type browser struct {
	t   *testing.T
	ctx context.Context // its first tab

	mu       sync.Mutex
	problems []string // guarded by mu; what the pages wrote to the console
}

func newBrowser(t *testing.T, more ...chromedp.ExecAllocatorOption) *browser {
	t.Helper()
	path, err := findChromium()
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("REPRINT_REQUIRE"), ","), "chromium") {
			t.Fatalf("REPRINT_REQUIRE names chromium, and there is none: %v", err)
		}
		t.Skip("SKIPPED: there is no Chromium here, so nobody has looked at the newsroom in a browser")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.WindowSize(1280, 900))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Logf("close the browser: %v", err)
		}
		cancel()
	})
	b := &browser{t: t, ctx: ctx}
	b.listen(ctx)
	return b
}

func findChromium() (path string, err error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err = exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", err
}

// listen collects what goes wrong in a tab: exceptions, refused content, missing
// files.
func (b *browser) listen(tab context.Context) {
	messages := chromedp.Console(tab)
	go func() {
		for m, err := range messages { // until the tab is closed
			if err != nil {
				return
			}
			b.mu.Lock()
			b.problems = append(b.problems, m.String())
			b.mu.Unlock()
		}
	}()
}

// tab opens another tab of the same browser.
func (b *browser) tab() context.Context {
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.t.Cleanup(cancel)
	b.listen(ctx)
	return ctx
}

func (b *browser) do(tab context.Context, actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(tab, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// ask runs an action that has an answer.
func ask[T any](tab context.Context, b *browser, action chromedp.Action[T]) T {
	b.t.Helper()
	answer, err := chromedp.Run(tab, action)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer
}

// text returns what a person reads of an element.
func (b *browser) text(tab context.Context, selector chromedp.CSS) string {
	b.t.Helper()
	return ask(tab, b, chromedp.Text(selector))
}

// printed waits until the line at the foot of the page begins so, and returns it.
func (b *browser) printed(tab context.Context, begin string) string {
	b.t.Helper()
	return ask(tab, b, chromedp.PollFunction[string](`begin => {
		const text = document.querySelector("#printed p")?.textContent;
		return text?.startsWith(begin) && text;
	}`, chromedp.WithPollingArgs(begin), chromedp.WithPollingTimeout(20*time.Second)))
}

// check fails the test for whatever went wrong in any tab.
func (b *browser) check() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.problems {
		b.t.Errorf("the browser complains: %s", p)
	}
}

// shoot writes a picture of the tab into the directory that REPRINT_SHOTS names.
func (b *browser) shoot(tab context.Context, name string, width, height int64, whole bool) {
	b.t.Helper()
	dir := os.Getenv("REPRINT_SHOTS")
	if dir == "" {
		return
	}
	b.do(tab, chromedp.EmulateViewport(width, height))
	if whole { // as a tall screen: what sticks to its foot is then at the foot
		height = ask(tab, b, chromedp.Evaluate[int64](`document.documentElement.scrollHeight`))
		b.do(tab, chromedp.EmulateViewport(width, height))
	}
	b.do(tab, chromedp.Poll[chromedp.Void](`[...document.images].every(i => (i.loading = "eager") && i.complete)`))
	picture := ask(tab, b, chromedp.CaptureScreenshot())
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// TestEditInABrowser is the newsroom as a person uses it: a reader has a post
// open, an editor changes it, and the reader's next load shows the change.
func TestEditInABrowser(t *testing.T) {
	p := start(t, opened(t), func(c *config) { c.slow = 300 * time.Millisecond })
	b := newBrowser(t)
	const said = "The bell has rung, once, by itself."

	reader := b.tab()
	b.do(reader, chromedp.Navigate(p.url+"/posts/110"))
	if text := b.text(reader, "article"); !strings.Contains(text, "The dredger has found a bell") || strings.Contains(text, said) {
		t.Fatalf("at first the reader sees %q", text)
	}
	first := b.printed(reader, "Printed at ")

	editor := b.ctx
	b.do(editor,
		chromedp.Navigate(p.url+"/admin/?q=dredger"),
		chromedp.Click(chromedp.CSS(`td.name a`)),
		chromedp.WaitVisible(chromedp.CSS(`textarea[name=body]`)),
		chromedp.SetValue(chromedp.CSS(`textarea[name=body]`), said))
	b.shoot(editor, "editing", 1280, 900, false)
	b.do(editor,
		chromedp.Click(chromedp.CSS(`button.main`)),
		chromedp.WaitVisible(chromedp.CSS(`.receipt`)))
	receipt := b.text(editor, ".receipt")
	for _, want := range []string{"Every visitor gets it now.", "/posts/110", "changed"} {
		if !strings.Contains(receipt, want) {
			t.Errorf("the receipt does not say %q: %s", want, receipt)
		}
	}
	b.shoot(editor, "receipt", 1280, 900, false)

	// The reader's tab tells of it by itself, and shows it at the next load.
	b.printed(reader, "A newer print")
	b.shoot(reader, "newer-print", 1280, 900, false)
	b.do(reader, chromedp.Reload())
	if text := b.text(reader, "article"); !strings.Contains(text, said) {
		t.Errorf("after the save the reader sees %q", text)
	}
	at := len("Printed at 00:00:00.000")
	if second := b.printed(reader, "Printed at "); second[:at] == first[:at] {
		t.Errorf("the page says that it is still the print of before: %s", second)
	}
	b.check()
}

// TestRenameAnAuthorInABrowser: the name is on many pages; the receipt counts them while
// they are printed, and says when all are.
func TestRenameAnAuthorInABrowser(t *testing.T) {
	p := start(t, opened(t), func(c *config) { c.slow = 400 * time.Millisecond })
	b := newBrowser(t)
	const name = "Olwen Pascoe"
	reader, editor := b.tab(), b.ctx
	b.do(reader, chromedp.Navigate(p.url+"/authors/4"))
	first := b.printed(reader, "Printed at ")

	b.do(editor,
		chromedp.Navigate(p.url+"/admin/"),
		chromedp.Click(chromedp.CSS(`nav a[href="/admin/authors"]`)),
		chromedp.Click(chromedp.CSS(`td.name a[href="/admin/authors/4"]`)),
		chromedp.WaitVisible(chromedp.CSS(`#author input[name=name]`)),
		chromedp.SetValue(chromedp.CSS(`#author input[name=name]`), name))
	b.shoot(editor, "author-editing", 1280, 900, false)
	b.do(editor,
		chromedp.Click(chromedp.CSS(`button.main`)),
		chromedp.WaitVisible(chromedp.CSS(`.receipt.running progress:not([value="0"])`)))
	b.shoot(editor, "author-counting", 1280, 900, false)
	b.do(editor, chromedp.WaitVisible(chromedp.CSS(`.receipt:not(.running)`)))
	receipt := b.text(editor, ".receipt")
	for _, want := range []string{"Every visitor gets it now.", "/authors/4", "/posts/", "/sitemap.xml", "changed"} {
		if !strings.Contains(receipt, want) {
			t.Errorf("the receipt does not say %q: %s", want, receipt)
		}
	}
	b.shoot(editor, "author-receipt", 1280, 900, false)

	b.printed(reader, "A newer print")
	b.do(reader, chromedp.Reload())
	if text := b.text(reader, "h1"); text != name {
		t.Errorf("after the save the author is called %q", text)
	}
	at := len("Printed at 00:00:00.000")
	if second := b.printed(reader, "Printed at "); second[:at] == first[:at] {
		t.Errorf("the page says that it is still the print of before: %s", second)
	}
	b.do(reader, chromedp.Click(chromedp.CSS(`.story h3 a`)), chromedp.WaitVisible(chromedp.CSS(`article.page`)))
	if text := b.text(reader, "article"); !strings.Contains(text, "By "+name) {
		t.Errorf("a post of the author shows %q", text)
	}
	b.check()
}

// TestRestoreInABrowser: an editor has saved something wrong, gives readers the earlier
// version back, and then the present one again; a save does so too.
func TestRestoreInABrowser(t *testing.T) {
	p := start(t, opened(t))
	b := newBrowser(t)
	const wrong, right = "Nobody was meant to read this.", "This is what was meant."
	reader, editor := b.tab(), b.ctx
	reads := func(want bool, text string) {
		t.Helper()
		b.do(reader, chromedp.Navigate(p.url+"/posts/110"))
		if got := b.text(reader, "article"); strings.Contains(got, text) != want {
			t.Errorf("that the reader sees %q is not %t: %q", text, want, got)
		}
	}
	save := func(text string) {
		t.Helper()
		b.do(editor,
			chromedp.Navigate(p.url+"/admin/items/post/110"),
			chromedp.WaitVisible(chromedp.CSS(`textarea[name=body]`)),
			chromedp.SetValue(chromedp.CSS(`textarea[name=body]`), text),
			chromedp.Click(chromedp.CSS(`button.main`)),
			chromedp.WaitVisible(chromedp.CSS(`.receipt`)))
	}
	restore := func(shot string) {
		t.Helper()
		b.do(editor,
			chromedp.Navigate(p.url+"/admin/items/post/110"),
			chromedp.Click(chromedp.CSS(`#versions summary`)),
			chromedp.WaitVisible(chromedp.CSS(`#versions button`)))
		b.shoot(editor, shot, 1280, 900, false)
		b.do(editor,
			chromedp.Click(chromedp.CSS(`#versions button`)),
			chromedp.WaitVisible(chromedp.CSS(`#held`)))
	}
	reads(false, wrong)
	save(wrong)
	reads(true, wrong)
	restore("versions")
	b.shoot(editor, "held", 1280, 900, false)
	reads(false, wrong)
	b.do(editor, chromedp.Click(chromedp.CSS(`#held button`)), chromedp.WaitNotPresent(chromedp.CSS(`#held`)))
	reads(true, wrong)
	restore("versions-again")
	reads(false, wrong)
	save(right)
	reads(true, right)
	b.check()
}

// TestPreviewInABrowser: a draft is shown, and the way back is on the page.
func TestPreviewInABrowser(t *testing.T) {
	p := start(t, opened(t))
	b := newBrowser(t)
	form := p.form(p.record(content.KindPost, 110))
	form.Del("visible")
	p.edit(http.MethodPost, "/admin/items/post/110", form)

	b.do(b.ctx,
		chromedp.Navigate(p.url+"/admin/items/post/110"),
		chromedp.WaitVisible(chromedp.CSS(`#item`)),
		// In the same tab, which is easier to follow than a new one.
		chromedp.SetAttributeValue(chromedp.CSS(`#preview`), "target", "_self"),
		chromedp.Click(chromedp.CSS(`button[form=preview]`)),
		chromedp.WaitVisible(chromedp.CSS(`form.printed`)))
	if text := b.text(b.ctx, "body"); !strings.Contains(text, "The dredger has found a bell") || !strings.Contains(text, "Draft preview") {
		t.Errorf("the preview shows %q", text)
	}
	b.shoot(b.ctx, "preview", 1280, 900, false)
	b.do(b.ctx,
		chromedp.Click(chromedp.CSS(`form.printed button`)),
		chromedp.WaitVisible(chromedp.CSS(`#printed`)))
	if text := b.text(b.ctx, "main"); strings.Contains(text, "The dredger has found a bell") {
		t.Error("after the preview the front page still shows the draft")
	}
	b.check()
}

// TestLooks opens every kind of page, listens for complaints, checks that nothing
// is wider than a phone, and takes pictures where they are wanted.
func TestLooks(t *testing.T) {
	p := start(t, t.TempDir())
	b := newBrowser(t)
	change := p.form(p.record(content.KindPost, 110))
	p.edit(http.MethodPost, "/admin/items/post/110", change)
	for _, page := range []struct{ name, path string }{
		{"front", "/"}, {"news", "/posts"}, {"post", "/posts/110"}, {"shop", "/products"}, {"product", "/products/86"},
		{"events", "/events"}, {"event", "/events/4"}, {"author", "/authors/4"},
		{"editor", "/admin/"}, {"editor-products", "/admin/?kind=product"}, {"form", "/admin/items/post/110"}, {"form-event", "/admin/items/event/4"},
		{"authors", "/admin/authors"}, {"form-author", "/admin/authors/4"},
		{"history", "/admin/changes"}, {"search", "/admin/?" + url.Values{"q": {"nothing like that"}}.Encode()},
	} {
		for _, width := range []int64{1280, 390} {
			b.do(b.ctx,
				chromedp.EmulateViewport(width, 900),
				chromedp.Navigate(p.url+page.path),
				chromedp.WaitReady(chromedp.CSS("main")))
			if over := ask(b.ctx, b, chromedp.Evaluate[int](`document.documentElement.scrollWidth - innerWidth`)); over > 0 {
				t.Errorf("%s is %d pixels wider than a screen of %d", page.path, over, width)
			}
			name := page.name
			if width < 600 {
				name += "-phone"
			}
			b.shoot(b.ctx, name, width, 900, true)
		}
	}
	b.check()
}

// TestDark opens the front page for a reader who prefers the dark.
func TestDark(t *testing.T) {
	p := start(t, opened(t))
	b := newBrowser(t, chromedp.Flag("blink-settings", "preferredColorScheme=0"))
	b.do(b.ctx, chromedp.Navigate(p.url+"/"))
	if ground := ask(b.ctx, b, chromedp.Evaluate[string](`getComputedStyle(document.body).backgroundColor`)); ground != "rgb(21, 24, 29)" {
		t.Errorf("the ground is %s, want the dark one", ground)
	}
	b.shoot(b.ctx, "front-dark", 1280, 900, true)
	b.check()
}
