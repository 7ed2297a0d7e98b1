package reprint_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	_ "modernc.org/sqlite" // opens the file by hand, as anybody could

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

// The child of the crash test is this test binary, told so by the environment.
const crashFile, crashBase = "REPRINT_CRASH_FILE", "REPRINT_CRASH_BASE"

func TestMain(m *testing.M) {
	if file := os.Getenv(crashFile); file != "" {
		crashChild(file, os.Getenv(crashBase))
		return
	}
	if file := os.Getenv(refillFile); file != "" {
		refillChild(file)
		return
	}
	os.Exit(m.Run())
}

const crashPages = 8

// whole is a page that can be told from half of one and from two halves.
func whole(path string, version int) []byte {
	var b bytes.Buffer
	for i := range 50 + version%50 {
		fmt.Fprintf(&b, "%s %d %d\n", path, version, i)
	}
	return fmt.Appendf(b.Bytes(), "%x v%d", sha256.Sum256(b.Bytes()), version)
}

// isWhole returns the version of a page that is whole.
func isWhole(path string, body []byte) (int, error) {
	version, err := versionOf(string(body[bytes.LastIndexByte(body, '\n')+1:]))
	if err == nil && !bytes.Equal(body, whole(path, version)) {
		err = errors.New("the page is not whole")
	}
	return version, err
}

// crashChild revalidates and renders until it is killed, and prints a line for
// each revalidation that was acknowledged.
func crashChild(file, base string) {
	ctx := context.Background()
	store, err := sqlite.Open(ctx, file, sqlite.Options{Log: quiet()})
	must(err)
	site, err := reprint.New(reprint.Options{Store: store, Log: quiet()})
	must(err)
	var versions [crashPages]atomic.Int64
	must(site.Handle("/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.Atoi(r.PathValue("id"))
		must(err)
		reprint.Tag(r.Context(), "t:"+r.PathValue("id"))
		w.Write(whole(r.URL.Path, int(versions[id].Load())))
	}), reprint.Policy{}))
	var next atomic.Int64
	var from int64
	_, err = fmt.Sscan(base, &from)
	must(err)
	next.Store(from)
	var mu sync.Mutex
	acknowledge := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(os.Stdout, format, args...)
	}
	for id := range crashPages {
		go func() {
			path := fmt.Sprintf("/%d", id)
			for {
				v := next.Add(1)
				versions[id].Store(v)
				must(site.Revalidate(ctx, path))
				acknowledge("page %d %d\n", id, v)
				r, err := site.Apply(ctx, reprint.Revalidation{Tags: []string{"t:" + path[1:]}, Mode: reprint.Stale})
				must(err)
				acknowledge("stale %d %d\n", id, r.Position)
				get(site, path)
			}
		}()
	}
	select {}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}

func TestP4KilledAtAnyMoment(t *testing.T) {
	kills := 200
	if testing.Short() || underRace {
		kills = 20
	}
	file := filepath.Join(t.TempDir(), "pages.db")
	acknowledged := acks{page: map[int]int{}, stale: map[int]reprint.Position{}}
	total := 0
	for i := range kills {
		total += acknowledged.add(t, killChild(t, file, i*1_000_000))
		checkAfterCrash(t, file, acknowledged)
		if t.Failed() {
			t.Fatalf("after kill %d", i+1)
		}
	}
	t.Logf("%d kills, %d acknowledged revalidations, all in force", kills, total)
}

// acks is what children have acknowledged: the last version per page and the
// last position of a mark per page.
type acks struct {
	page  map[int]int
	stale map[int]reprint.Position
}

func (a acks) add(t *testing.T, lines []string) int {
	for _, line := range lines {
		var kind string
		var id, n int
		if _, err := fmt.Sscan(line, &kind, &id, &n); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		if kind == "page" {
			a.page[id] = max(a.page[id], n)
		} else {
			a.stale[id] = max(a.stale[id], reprint.Position(n))
		}
	}
	return len(lines)
}

// killChild runs a child until it has acknowledged something and some random
// time more, kills it, and returns the lines that it printed whole.
func killChild(t *testing.T, file string, base int) []string {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashFile+"="+file, fmt.Sprint(crashBase, "=", base))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	reader := bufio.NewReader(out)
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			break
		}
		if lines = append(lines, line); len(lines) == 1 {
			time.AfterFunc(rand.N(40*time.Millisecond), func() { _ = cmd.Process.Signal(syscall.SIGKILL) })
		}
	}
	err = cmd.Wait()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("the child ended by itself: %v\n%s", err, stderr.String())
	}
	return lines
}

// checkAfterCrash opens the file as a restart does.
func checkAfterCrash(t *testing.T, file string, a acks) {
	store, err := sqlite.Open(t.Context(), file, sqlite.Options{Log: quiet()})
	if err != nil {
		t.Fatalf("the file does not open: %v", err)
	}
	defer store.Close()
	site, err := reprint.New(reprint.Options{Store: store, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = site.Shutdown(context.Background()) }()
	handle(t, site, "/{id}", http.NotFound, reprint.Policy{})
	for id, version := range a.page {
		path := fmt.Sprintf("/%d", id)
		x, err := site.Explain(t.Context(), path)
		if err != nil || len(x) != 1 || x[0].Page == nil {
			t.Errorf("%s: %+v, %v", path, x, err)
			continue
		}
		got, err := isWhole(path, x[0].Page.Body)
		if err != nil || got < version {
			t.Errorf("%s has version %d, %d was acknowledged; %v", path, got, version, err)
		}
		if mark := a.stale[id]; x[0].Page.Stamp < mark && x[0].State == reprint.StateFresh {
			t.Errorf("%s of stamp %d is fresh although the revalidation at %d was acknowledged", path, x[0].Page.Stamp, mark)
		}
	}
}

// After all that, the file is what SQLite calls sound, for any tool.
func TestTheFileIsSoundAfterACrash(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pages.db")
	killChild(t, file, 0)
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity check: %s, %v", verdict, err)
	}
}

// What a restart must not bring back: a page that turned 404, a page that was
// deleted, an old version; and what it must not lose: a moment that is due.
func TestARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pages.db")
	p := newPress(0)
	p.due["/due"] = time.Now().Add(300 * time.Millisecond)
	run := func(f func(site *reprint.Site)) {
		store, err := sqlite.Open(t.Context(), file, sqlite.Options{Log: quiet()})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		site, err := reprint.New(reprint.Options{Store: store, Log: quiet()})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = site.Shutdown(context.Background()) }()
		handle(t, site, "/{id}", p.ServeHTTP, reprint.Policy{Negative: time.Hour})
		f(site)
	}
	apply := func(site *reprint.Site, path string, mode reprint.Mode) {
		if _, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{path}, Mode: mode}); err != nil {
			t.Fatal(err)
		}
	}
	var etag string
	run(func(site *reprint.Site) {
		for _, path := range []string{"/stays", "/gone", "/deleted", "/stale", "/due"} {
			etag = get(site, path).Header.Get("Etag")
		}
		etag = get(site, "/stays").Header.Get("Etag")
		p.breakWith("/gone", http.NotFound)
		apply(site, "/gone", reprint.Regenerate)
		p.set("/stale", 1)
		apply(site, "/stale", reprint.Stale)
		apply(site, "/deleted", reprint.Delete)
	})
	renders := p.renders.Load()
	p.breakWith("/gone", nil)
	run(func(site *reprint.Site) {
		r := get(site, "/stays")
		wantCacheStatus(t, r, "hit")
		if r.Header.Get("Etag") != etag {
			t.Error("the ETag changed")
		}
		wantBody(t, r, 200, "/stays v0")
		wantBody(t, get(site, "/gone"), 404, "404 page not found\n")
		if n := p.renders.Load(); n != renders {
			t.Errorf("%d renders for pages that were stored", n-renders)
		}
		wantBody(t, get(site, "/stale"), 200, "/stale v0")
		wantCacheStatus(t, get(site, "/deleted"), "fwd=miss")
		waitFor(t, "the page that is due is rendered by itself", func() bool { return p.rendersOf("/due") >= 2 })
	})
}

// The same with a store that only forgets its memory: eviction.
func TestAPageEvictedFromMemoryComesBackAsItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(0)
		site := newSite(t, reprint.Options{Store: reprint.NewMemoryStore(0), Memory: 1})
		handle(t, site, "/{id}", p.ServeHTTP, reprint.Policy{Negative: time.Hour})
		get(site, "/a")
		p.breakWith("/a", http.NotFound)
		if err := site.Revalidate(t.Context(), "/a"); err != nil {
			t.Fatal(err)
		}
		p.breakWith("/a", nil)
		wantCacheStatus(t, get(site, "/a"), "hit")
		wantBody(t, get(site, "/a"), 404, "404 page not found\n")
	})
}
