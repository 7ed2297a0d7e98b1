package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint/examples/newsroom/content"
	"github.com/reprint-go/reprint/sqlite"
)

func TestRestartKeepsContentPagesAndReceipts(t *testing.T) {
	noLeaks(t)
	dir := opened(t)
	p := start(t, dir)
	form := p.form(p.record(content.KindPost, 42))
	form.Set("title", "Written before the restart")
	p.edit(http.MethodPost, "/admin/items/post/42", form)
	before := p.get("/posts/42")
	p.stop()

	p = start(t, dir)
	if !strings.HasPrefix(p.ahead, "0 pages printed ahead") {
		t.Errorf("after the restart: %s; want nothing left to print", p.ahead)
	}
	after := p.get("/posts/42")
	if after.body != before.body || after.header.Get(printedHeader) != before.header.Get(printedHeader) || after.header.Get("Etag") != before.header.Get("Etag") {
		t.Errorf("the page was printed at %s and is now of %s", before.header.Get(printedHeader), after.header.Get(printedHeader))
	}
	if !strings.Contains(after.body, "Written before the restart") {
		t.Error("the edit is lost")
	}
	if _, receipt := p.lastChange(); receipt == nil || receipt.Regenerated == 0 {
		t.Errorf("receipt is %+v, want the one of before", receipt)
	}
}

// TestChangeThatWasCutOffIsTakenUpAgain: the process dies after an item was saved
// and before the pages were told.
func TestChangeThatWasCutOffIsTakenUpAgain(t *testing.T) {
	noLeaks(t)
	dir := opened(t)
	p := start(t, dir)
	post := p.record(content.KindPost, 110)
	post.Common().Title = "Saved in the last moment"
	if _, err := p.db.Save(t.Context(), post); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(p.get("/").body, post.Common().Title) {
		t.Fatal("the front page is new already: this test shows nothing")
	}
	p.stop()

	p = start(t, dir)
	for _, path := range []string{"/posts/110", "/", "/posts", "/feed.xml"} {
		if !strings.Contains(p.get(path).body, post.Common().Title) {
			t.Errorf("%s is still old after the restart", path)
		}
	}
	if change, receipt := p.lastChange(); !change.Done || receipt == nil {
		t.Errorf("change %+v is still pending", change)
	}
}

func TestNewTemplatesMakeEveryPageNew(t *testing.T) {
	noLeaks(t)
	dir := opened(t)
	p := start(t, dir)
	before := p.get("/posts/42").header.Get(printedHeader)
	if err := p.db.SetNote(t.Context(), "look of the stored pages", "another look"); err != nil {
		t.Fatal(err)
	}
	p.stop()

	p = start(t, dir)
	if strings.HasPrefix(p.ahead, "0 pages") {
		t.Errorf("%s; want all", p.ahead)
	}
	if after := p.get("/posts/42").header.Get(printedHeader); after == before {
		t.Error("the page is still of the old templates")
	}
}

// TestRun starts the program as main does, but for the flags.
func TestRun(t *testing.T) {
	noLeaks(t)
	ctx, stop := context.WithCancel(t.Context())
	stdout, lines := newLines()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, config{listen: "127.0.0.1:0", data: t.TempDir(), slow: time.Millisecond, secret: "KX3V7QJ2PLM9ZT5RWY8B", made: true}, stdout)
		_ = stdout.Close() // a pipe has nothing to lose
	}()
	url := lines.find(t, `http://127\.0\.0\.1:\d+/$`)
	if got, want := lines.find(t, `curl .*`), `curl "`+url+`api/revalidate?secret=KX3V7QJ2PLM9ZT5RWY8B&id=42"`; got != want {
		t.Errorf("it says %s, want %s", got, want)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := newClient(t)
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("the front page answers %s", response.Status)
	}
	stop()
	client.CloseIdleConnections()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
}

// TestOpenFails: what was opened before the fault is closed again.
func TestOpenFails(t *testing.T) {
	noLeaks(t)
	dir := opened(t)
	p := start(t, dir)
	if _, err := open(t.Context(), config{data: dir}); !errors.Is(err, sqlite.ErrInUse) {
		t.Errorf("a second newsroom on the same files: %v, want that they are in use", err)
	}
	p.stop()

	file := filepath.Join(dir, "content.db")
	if err := os.WriteFile(file, []byte("This is not a database, although it is long enough to be one."), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time shows that the first gave the store back
		if _, err := open(t.Context(), config{data: dir}); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("content that is no database: %v, want an error that names the file", err)
		}
	}
}

func TestAddressInUse(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	address := strings.TrimPrefix(p.url, "http://")
	if err := run(t.Context(), config{listen: address, data: opened(t), secret: testSecret}, io.Discard); err == nil || !strings.Contains(err.Error(), address) {
		t.Errorf("error %v, want one that names the address", err)
	}
}
