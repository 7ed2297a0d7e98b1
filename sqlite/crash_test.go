package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

// crashRounds names the variable that says how often TestKilledAtAnyMoment kills.
const crashRounds = "REPRINT_CRASH_ROUNDS"

// TestKilledAtAnyMoment has another process write all the time, kills it with
// SIGKILL and looks at what it left behind, over and over with one file.
func TestKilledAtAnyMoment(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 5
	}
	if text := os.Getenv(crashRounds); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("%s: %v", crashRounds, err)
		}
		rounds = n
	}
	path := storePath(t)
	known := acknowledged{entries: map[reprint.Position]string{}, pages: map[string]reprint.Position{}}
	writes := 0
	for range rounds {
		lines := runAndKill(t, path)
		writes += len(lines)
		known.add(t, lines)
		checkSurvivor(t, path, &known)
	}
	t.Logf("%d kills, %d writes acknowledged", rounds, writes)
	if writes < 10*rounds {
		t.Error("too little was written: the test does not test")
	}
}

// acknowledged is what the processes were told is on disk.
type acknowledged struct {
	entries map[reprint.Position]string // position to tag
	pages   map[string]reprint.Position // path to stamp
	last    reprint.Position            // highest of entries in earlier rounds
}

// add reads what a process has said.
func (a *acknowledged) add(t *testing.T, lines []string) {
	t.Helper()
	floor := a.last
	for _, line := range lines {
		var kind, name string
		var n reprint.Position
		if _, err := fmt.Sscan(line, &kind, &name, &n); err != nil {
			t.Fatalf("the process said %q: %v", line, err)
		}
		if kind == "page" {
			a.pages[name] = max(a.pages[name], n)
			continue
		}
		if other, taken := a.entries[n]; taken || n <= floor {
			t.Errorf("position %d was given to %s after %s, and %d before the kill", n, name, other, floor)
		}
		a.entries[n] = name
		a.last = max(a.last, n)
	}
}

// runAndKill runs the writer for a random time and returns the complete lines
// that it printed.
func runAndKill(t *testing.T, path string) []string {
	t.Helper()
	cmd := child(t, "crash", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(out)
	if first, err := r.ReadString('\n'); first != "open\n" {
		t.Fatalf("the process said %q, %v", first, err)
	}
	time.AfterFunc(rand.N(150*time.Millisecond), func() { _ = cmd.Process.Kill() })
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	lines := strings.SplitAfter(string(text), "\n")
	return slices.DeleteFunc(lines, func(line string) bool { return !strings.HasSuffix(line, "\n") })
}

// checkSurvivor opens what a killed process left behind.
func checkSurvivor(t *testing.T, path string, known *acknowledged) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	sum, err := s.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	entries := make(map[reprint.Position]string)
	replayed := reprint.Summary{Marks: map[string]reprint.Mark{}}
	for e, err := range s.Entries(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		entries[e.Position] = e.Tags[0]
		replayed.Add(e)
	}
	for at, tag := range known.entries {
		if entries[at] != tag || sum.Marks[tag].Any < at {
			t.Errorf("entry %d of %s was acknowledged; the journal has %q there and the ledger %+v", at, tag, entries[at], sum.Marks[tag])
		}
	}
	wantJSON(t, sum, replayed)
	for name, stamp := range known.pages {
		p := read(t, s, name)
		if p == nil || p.Stamp < stamp {
			t.Fatalf("page %s was acknowledged at %d and is %v", name, stamp, p)
		}
		wantJSON(t, p, crashPage(name, p.Stamp))
		checkVersions(t, s, p)
	}
	closeStore(t, s)
	wantIntact(t, path)
}

// checkVersions checks that the versions of a page are those before it, whole.
func checkVersions(t *testing.T, s *sqlite.Store, p *reprint.Page) {
	t.Helper()
	served, last := 0, p.Stamp
	for _, listed := range versions(t, s, p.Key.Path) {
		v, err := s.Version(t.Context(), listed.ID)
		if err != nil || v == nil {
			t.Fatalf("version %d: %v, error %v", listed.ID, v, err)
		}
		wantJSON(t, v.Page, crashPage(p.Key.Path, v.Page.Stamp))
		if v.Refused != "" {
			continue
		}
		if served++; v.Page.Stamp >= last || served > p.History {
			t.Errorf("page %s at %d: version %d is at %d, after %d", p.Key.Path, p.Stamp, served, v.Page.Stamp, last)
		}
		last = v.Page.Stamp
	}
}

// crashPage is a page that says in every part which it is.
func crashPage(path string, stamp reprint.Position) *reprint.Page {
	body := strings.Repeat(fmt.Sprintf("%s %d\n", path, stamp), int(100+stamp%7*50))
	p := page(path, stamp, body, "all", fmt.Sprintf("stamp:%d", stamp%5))
	p.Header.Set("X-Stamp", fmt.Sprint(stamp))
	p.ModifiedAt, p.History = epoch.Add(time.Duration(stamp)*time.Second), 2
	return p
}

// writeUntilKilled is the process that is killed. It prints what the store has
// acknowledged, after it has.
func writeUntilKilled(path string) error {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, path, sqlite.Options{Log: quiet})
	if err != nil {
		return err
	}
	fmt.Println("open")
	var mu sync.Mutex
	say := func(kind, name string, n reprint.Position) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Println(kind, name, n)
	}
	errs := make(chan error)
	for i := range 8 {
		go func() {
			for {
				if err := writeOnce(ctx, s, i, say); err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	return <-errs
}

// writeOnce appends an entry, stores a page at its position and sometimes does
// what else a store does.
func writeOnce(ctx context.Context, s *sqlite.Store, i int, say func(kind, name string, n reprint.Position)) error {
	tag := fmt.Sprintf("writer:%d", i)
	at, err := s.Append(ctx, entry(tag))
	if err != nil {
		return err
	}
	say("entry", tag, at)
	p := crashPage(fmt.Sprintf("/%d/%d", i, at%10), at)
	if stored, err := s.Put(ctx, p); err != nil || !stored {
		return fmt.Errorf("put: stored %v, error %w", stored, err)
	}
	say("page", p.Key.Path, at)
	if at%10 == 0 {
		if err := s.SaveReceipt(ctx, &reprint.Receipt{ID: fmt.Sprint(at)}); err != nil {
			return err
		}
		if err := s.PutAside(ctx, crashPage(p.Key.Path, at+1), "no"); err != nil {
			return err
		}
		if err := s.DeleteVersion(ctx, int64(at)); err != nil {
			return err
		}
		return s.Delete(ctx, key(fmt.Sprintf("/%d/gone", i)), at)
	}
	return nil
}
