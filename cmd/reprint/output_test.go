package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"
)

// What could not be written was not done, also where nobody looks at each line.
func TestAFullDiskIsAFailure(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"pages":[{"path":"/a"}]}`)
	}))
	defer server.Close()
	for _, args := range [][]string{{"pages", "--admin", server.URL}, {"pages", "--json", "--admin", server.URL}, {"--help"}} {
		var errs strings.Builder
		if status := run(t.Context(), testGlobal(fullDisk{}, &errs), args); status != exitFailed || !strings.Contains(errs.String(), "no space left") {
			t.Errorf("%v: exit status %d, want %d: %s", args, status, exitFailed, errs.String())
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestWhen(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	people := screen{terminal: true, now: now}
	for _, c := range []struct {
		before time.Duration // now
		want   string
	}{
		{0, "just now"},
		{999 * time.Millisecond, "just now"},
		{time.Second, "1 second ago"},
		{59 * time.Second, "59 seconds ago"},
		{60 * time.Second, "1 minute ago"},
		{3*time.Minute + 50*time.Second, "3 minutes ago"},
		{25 * time.Hour, "1 day ago"},
		{59 * 24 * time.Hour, "59 days ago"},
		{60 * 24 * time.Hour, now.AddDate(0, 0, -60).Local().Format(time.DateOnly)},
		{-90 * time.Second, "in 1 minute"},
		{-2 * time.Hour, "in 2 hours"},
	} {
		if got := people.when(now.Add(-c.before)); got != c.want {
			t.Errorf("%v before now: %q, want %q", c.before, got, c.want)
		}
	}
	if got := people.when(time.Time{}); got != "" {
		t.Errorf("no time: %q", got)
	}
	tokyo := time.FixedZone("", 9*3600)
	if got := (screen{now: now}).when(time.Date(2026, 3, 4, 5, 6, 7, 8, tokyo)); got != "2026-03-03T20:06:07Z" {
		t.Errorf("for programs: %q", got)
	}
}

func TestTook(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                        "0.0 ms",
		250 * time.Microsecond:   "0.2 ms",
		14500 * time.Microsecond: "14 ms",
		1310 * time.Millisecond:  "1.3 s",
		62 * time.Second:         "1m2s",
		10 * time.Minute:         "10m",
		2 * time.Hour:            "2h0m",
	} {
		if got := took(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1 KiB", 12345: "12.1 KiB", 1<<20 - 1: "1 MiB", 1 << 20: "1 MiB",
		256 << 20: "256 MiB", 10 << 30: "10 GiB", 5000 << 30: "5000 GiB",
	} {
		if got := bytes(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"/posts/42":    "/posts/42",
		"/posts/一二三 é": "/posts/一二三 é",
		"a\x1b[2Jb":    `a\x1b[2Jb`,
		"a\nb\tc\r":    `a\nb\tc\r`,
		"a\u202eb":     `a\u202eb`, // the rest would be shown from right to left
		"a\u009bb":     `a\u009bb`, // CSI in one character
		"a\xffb":       `a\xffb`,
		"\u200b":       `\u200b`,
	} {
		if got := clean(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got, want := cleanLines("a\x07\n\tb"), `a\a`+"\n    b"; got != want {
		t.Errorf("lines: %q, want %q", got, want)
	}
}

func TestCutMiddle(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"/posts/42", 9, "/posts/42"},
		{"/posts/42", 8, "/pos…/42"},
		{"/posts/42", 5, "/p…42"},
		{"/一二三四五", 9, "/一…四五"},
	} {
		got := cutMiddle(c.text, c.width)
		if runewidth.StringWidth(got) > c.width {
			t.Errorf("%s in %d: %q is %d wide", c.text, c.width, got, runewidth.StringWidth(got))
		}
		if got != c.want {
			t.Errorf("%s in %d: %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

// TestTable: columns are aligned by what is seen, a later part is never narrower,
// and only what may be cut is cut.
func TestTable(t *testing.T) {
	var b strings.Builder
	table := newTable(screen{Writer: &b, width: 60}, column{title: "PATH", cut: true}, column{title: "N", right: true}, column{title: "ERROR", free: true})
	table.add(cell{text: "/一"}, cell{text: "7"}, cell{})
	table.add(cell{text: "/ab"}, cell{text: "1234"}, cell{text: "no\n"})
	table.flush()
	table.add(cell{text: "/x"}, cell{text: "1"}, cell{text: "-"})
	table.flush()
	table.add(cell{text: "/" + strings.Repeat("long/", 12)}, cell{text: "1"}, cell{text: strings.Repeat("word ", 20) + "end"})
	table.flush()
	want := `PATH     N  ERROR
/一      7  -
/ab   1234  no\n
/x       1  -
/long/long/long/…long/long/long/     1  ` + strings.Repeat("word ", 20) + "end\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestNear(t *testing.T) {
	for _, c := range []struct {
		typed, name string
		want        bool
	}{
		{"revaldate", "revalidate", true},
		{"reval", "revalidate", true},
		{"tga", "tag", true},
		{"alll", "all", true},
		{"x", "all", false},
		{"host", "state", false},
		{"", "tag", false},
	} {
		if got := near(c.typed, c.name); got != c.want {
			t.Errorf("near(%q, %q) = %v", c.typed, c.name, got)
		}
	}
}

func TestShellWord(t *testing.T) {
	for text, want := range map[string]string{
		"/posts/42": "/posts/42", "/posts?page=2&a=b": "'/posts?page=2&a=b'", "/it's": `'/it'\''s'`, "/$HOME": "'/$HOME'",
	} {
		if got := shellWord(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
