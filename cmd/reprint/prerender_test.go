package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint/admin"
)

// testGlobal is a world without a terminal and with an empty environment.
func testGlobal(out, err io.Writer) *global {
	return &global{in: strings.NewReader(""), out: out, err: err, now: time.Now,
		env: func(string) (string, bool) { return "", false }}
}

// writerFunc is a function that is written to.
type writerFunc func(string)

func (f writerFunc) Write(p []byte) (int, error) { f(string(p)); return len(p), nil }

// TestPrerenderEndsWithItsContext: a signal ends the run, the server is told, and
// what was done until then is said.
func TestPrerenderEndsWithItsContext(t *testing.T) {
	gone := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/x-ndjson")
		fmt.Fprintln(w, `{"listed":2,"rendered":1,"skipped":0,"failed":0,"path":"/a"}`)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(gone)
	}))
	defer server.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	var out, errs strings.Builder
	g := testGlobal(writerFunc(func(s string) {
		out.WriteString(s)
		cancel(&signalError{os.Interrupt}) // the first line has come
	}), &errs)
	if status := run(ctx, g, []string{"prerender", "--json", "--admin", server.URL}); status != 130 {
		t.Errorf("exit status %d, want 130", status)
	}
	<-gone
	if want := `{"listed":2,"rendered":1,"skipped":0,"failed":0,"path":"/a"}` + "\n"; out.String() != want {
		t.Errorf("stdout %q, want %q", out.String(), want)
	}
	if want := `{"message":"interrupted","fix":"The pages that were rendered stay."}` + "\n"; errs.String() != want {
		t.Errorf("stderr %q, want %q", errs.String(), want)
	}
}

// TestPrerenderInProcess: when no server runs where the file says, the pages are
// rendered in this process; with an address from elsewhere they are not.
func TestPrerenderInProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "reprint.yaml")
	write := func(listen string) {
		t.Helper()
		text := "admin:\n  listen: " + listen + "\norigin:\n  url: http://127.0.0.1:3000\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("127.0.0.1:1")
	var asked []admin.PrerenderRequest
	var failure error
	defer func(was func(context.Context, *global, string, admin.PrerenderRequest, func(admin.PrerenderProgress)) error) {
		prerenderInProcess = was
	}(prerenderInProcess)
	prerenderInProcess = func(_ context.Context, _ *global, f string, r admin.PrerenderRequest, progress func(admin.PrerenderProgress)) error {
		if f != file {
			t.Errorf("file %q, want %q", f, file)
		}
		asked = append(asked, r)
		if failure != nil {
			return failure
		}
		progress(admin.PrerenderProgress{Listed: 1, Rendered: 1, Path: "/a"})
		return nil
	}

	for _, c := range []struct {
		name    string
		args    []string
		failure error
		status  int
		out     string
		err     string
	}{{
		name: "it is done here", args: []string{"--config", file, "/a"},
		out: "1 page: 1 rendered, 0 skipped, 0 failed, in ",
	}, {
		name: "with a last line in JSON", args: []string{"--config", file, "--json"},
		out: `{"listed":1,"rendered":1,"skipped":0,"failed":0,"path":"/a"}` + "\n" + `{"listed":1,"rendered":1,"skipped":0,"failed":0,"finished":true}` + "\n",
	}, {
		name: "it cannot be done here", args: []string{"--config", file}, failure: errors.New("reprint: the store is locked"), status: 1,
		err: "reprint: the store is locked\n",
	}, {
		name: "the address is not from the file", args: []string{"--admin", "http://127.0.0.1:1"}, status: 1,
		err: "reprint: no server answers at http://127.0.0.1:1: nobody listens there\n",
	}} {
		t.Run(c.name, func(t *testing.T) {
			asked, failure = nil, c.failure
			var out, errs strings.Builder
			if got := run(t.Context(), testGlobal(&out, &errs), append([]string{"prerender"}, c.args...)); got != c.status {
				t.Errorf("exit status %d, want %d", got, c.status)
			}
			if !strings.HasPrefix(out.String(), c.out) || !strings.HasPrefix(errs.String(), c.err) {
				t.Errorf("stdout %q, stderr %q", out.String(), errs.String())
			}
			if wantAsked := c.args[0] == "--config"; (len(asked) == 1) != wantAsked {
				t.Errorf("asked %v", asked)
			}
		})
	}

	write("none") // a server of this file could not be asked
	asked, failure = nil, nil
	if status := run(t.Context(), testGlobal(io.Discard, io.Discard), []string{"prerender", "--config", file}); status != 0 || len(asked) != 1 {
		t.Errorf("without an admin listener: exit status %d, asked %v", status, asked)
	}

	write("127.0.0.1:1")
	prerenderInProcess = nil
	var errs strings.Builder
	if status := run(t.Context(), testGlobal(io.Discard, &errs), []string{"prerender", "--config", file}); status != 1 {
		t.Errorf("without a way: exit status %d, want 1", status)
	}
	if want := "Start the server with: reprint serve --config "; !strings.Contains(errs.String(), want) {
		t.Errorf("without a way: %q does not hold %q", errs.String(), want)
	}
}

// TestProgressLines: a line every few seconds, and none for a run that is short.
func TestProgressLines(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	var out strings.Builder
	g := testGlobal(io.Discard, &out)
	g.now = func() time.Time { return now }
	p := g.newProgress()
	for i := range 10 {
		now = now.Add(time.Second)
		p.show(admin.PrerenderProgress{Listed: 100, Rendered: i, Failed: i / 4})
	}
	p.show(admin.PrerenderProgress{Listed: 100, Rendered: 100, Finished: true})
	p.end()
	want := `prerender: 3 of 100 pages, 0.8 pages/s, 2 minutes left
prerender: 7 of 100 pages, 1.0 pages/s, 1 minute left, 1 failed
prerender: 11 of 100 pages, 1.1 pages/s, 1 minute left, 2 failed
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}
