package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/examples/newsroom/content"
)

// press is a newsroom that runs for a test, over real sockets and real files.
type press struct {
	*newsroom
	t      *testing.T
	url    string // without a slash at the end
	ahead  string // the line that tells what was printed ahead
	client *http.Client
	stop   func()
	called time.Time // when byOneCall began last
}

const testSecret = "7Q2M-XK4D-P9WL-3HZT"

// openedBefore is a directory with both databases as the first start leaves them:
// filled, and every page printed. Each test has a copy.
var openedBefore string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "newsroom")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		if err := openOnce(dir); err != nil {
			panic(err)
		}
		openedBefore = dir
		return m.Run()
	}())
}

func openOnce(dir string) error {
	ctx := context.Background()
	n, err := open(ctx, config{data: dir})
	if err != nil {
		return err
	}
	return errors.Join(quiet(ctx, n.db), n.site.Prerender(ctx, nil), n.close())
}

// quiet takes out the events that begin or end within the hour: pages are not to
// change by themselves while a test looks for what an edit changes.
func quiet(ctx context.Context, db *content.DB) error {
	now := time.Now()
	events, err := db.Public().EventsAhead(ctx, now, 1000)
	for _, e := range events {
		if _, turn := e.Phase(now); turn.Before(now.Add(time.Hour)) {
			change, deleted := db.Delete(ctx, content.KindEvent, e.ID)
			err = errors.Join(err, deleted, db.Done(ctx, change.ID, ""))
		}
	}
	return err
}

// opened returns a directory of a newsroom that was open before.
func opened(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(openedBefore)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// start runs a newsroom on the databases in dir, and returns when every page is
// printed. It ends with the test, or with stop.
func start(t *testing.T, dir string, change ...func(*config)) *press {
	t.Helper()
	cfg := config{listen: "127.0.0.1:0", data: dir, secret: testSecret}
	for _, c := range change {
		c(&cfg)
	}
	n, err := open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	stdout, lines := newLines()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		err := n.serve(ctx, stdout)
		ended <- err
		_ = stdout.Close() // a pipe has nothing to lose
	}()
	p := &press{newsroom: n, t: t, client: newClient(t)}
	p.stop = func() {
		cancel()
		p.client.CloseIdleConnections()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
		if err := n.close(); err != nil {
			t.Errorf("close: %v", err)
		}
		p.stop = func() {}
	}
	t.Cleanup(func() { p.stop() })
	p.url = strings.TrimSuffix(lines.find(t, `http://\S+`), "/")
	p.ahead = lines.find(t, `\d+ pages printed ahead.*`)
	return p
}

// noLeaks checks that all goroutines of the test's newsrooms end with it. It
// comes first in a test, so that it looks last.
func noLeaks(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

func newClient(t *testing.T) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Transport: &http.Transport{}, Jar: jar, Timeout: 30 * time.Second}
}

// lines is what a newsroom writes, as somebody at the terminal reads it.
type lines struct{ found chan string }

func newLines() (io.WriteCloser, *lines) {
	r, w := io.Pipe()
	l := &lines{found: make(chan string, 100)}
	go func() {
		for s := bufio.NewScanner(r); s.Scan(); {
			l.found <- s.Text()
		}
		close(l.found)
	}()
	return w, l
}

// find waits for a line that matches and returns the match.
func (l *lines) find(t *testing.T, pattern string) string {
	t.Helper()
	deadline := time.After(60 * time.Second)
	for {
		select {
		case line, ok := <-l.found:
			if match := regexp.MustCompile(pattern).FindString(line); match != "" {
				return match
			}
			if !ok {
				t.Fatalf("the newsroom ended without writing %q", pattern)
			}
		case <-deadline:
			t.Fatalf("the newsroom did not write %q", pattern)
		}
	}
}

// answer is a response that was read.
type answer struct {
	status int
	header http.Header
	body   string
}

// get asks as any visitor does, without cookies.
func (p *press) get(path string) answer {
	p.t.Helper()
	visitor := &http.Client{Transport: p.client.Transport, Timeout: p.client.Timeout}
	return p.do(visitor, p.request(http.MethodGet, path, nil))
}

// edit asks as the editor's browser does. It follows redirects.
func (p *press) edit(method, path string, form url.Values) answer {
	p.t.Helper()
	r := p.request(method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", p.url)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return p.do(p.client, r)
}

func (p *press) request(method, path string, body io.Reader) *http.Request {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

func (p *press) do(client *http.Client, r *http.Request) answer {
	p.t.Helper()
	response, err := client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

// form returns the fields that the form of an item holds, as a browser would
// send them back.
func (p *press) form(rec content.Record) url.Values {
	item := rec.Common()
	f := url.Values{"title": {item.Title}, "summary": {item.Summary}, "body": {item.Body}, "topic": {item.Topic}}
	if item.Visible {
		f.Set("visible", "yes")
	}
	at := func(t time.Time) string { return t.Local().Format(momentFormat) }
	switch r := rec.(type) {
	case *content.Post:
		f.Set("author", itoa(r.AuthorID))
		f.Set("published", at(r.Published))
	case *content.Product:
		f.Set("price", r.Price.Decimal())
		f.Set("stock", itoa(int64(r.Stock)))
	case *content.Event:
		f.Set("place", r.Place)
		f.Set("begins", at(r.Begins))
		f.Set("ends", at(r.Ends))
	}
	return f
}

// record reads an item.
func (p *press) record(k content.Kind, id int64) content.Record {
	p.t.Helper()
	rec, err := p.db.Everything().Record(p.t.Context(), k, id)
	if err != nil {
		p.t.Fatal(err)
	}
	return rec
}

// lastChange returns what an editor did last, and its receipt.
func (p *press) lastChange() (*content.Change, *reprint.Receipt) {
	p.t.Helper()
	changes, err := p.db.Changes(p.t.Context(), 1)
	if err != nil || len(changes) == 0 {
		p.t.Fatalf("no change: %v", err)
	}
	receipt, err := p.site.Receipt(p.t.Context(), changes[0].Receipt)
	if err != nil {
		p.t.Fatal(err)
	}
	return changes[0], receipt
}

// stored returns the page of a path as it lies in the store, which no visit
// brings about.
func (p *press) stored(path string) *reprint.Page {
	p.t.Helper()
	path, query, _ := strings.Cut(path, "?")
	page, err := p.store.Page(p.t.Context(), reprint.Key{Path: path, Query: query})
	if err != nil {
		p.t.Fatal(err)
	}
	return page
}

// eventually waits until ok does.
func eventually(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, within)
		}
	}
}
