//go:build unix

package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const guide = "../../docs/getting-started/go.md"

// TestTheGuideRunsAsPrinted runs every shell block of the guide, in its order, as
// a reader would who is in a clone of the repository, and compares what a block
// prints with the text below it.
func TestTheGuideRunsAsPrinted(t *testing.T) {
	g := newReader(t)
	ran := 0
	blocks := blocksOf(t, guide)
	for i, b := range blocks {
		if b.language != "sh" {
			continue
		}
		ran++
		switch {
		case strings.Contains(b.text, "\nbin/goapp "):
			start(t, g.shell(b.text)).awaitURL(t, "http://"+g.addresses["127.0.0.1:3000"])
		case strings.Contains(b.text, " serve "):
			start(t, g.shell(b.text)).awaitURL(t, "http://"+g.addresses["127.0.0.1:8081"]+"/readyz")
		default:
			got := g.run(b.text)
			if i+1 < len(blocks) && blocks[i+1].language == "text" && plain(got) != plain(blocks[i+1].text) {
				t.Errorf("the commands\n%s\nprint\n%s\nand the guide says\n%s", b.text, got, blocks[i+1].text)
			}
		}
	}
	if ran < 6 {
		t.Errorf("%d blocks of commands were run; the guide had more", ran)
	}
}

// TestTheGuideShowsTheCode has what the guide shows of files stand in them.
func TestTheGuideShowsTheCode(t *testing.T) {
	inOneLine := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	files := map[string]string{}
	for language, names := range map[string][]string{"go": {"app.go", "revalidate.go"}, "yaml": {"reprint.yaml"}} {
		for _, name := range names {
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files[language] += inOneLine(string(content)) + "\n"
		}
	}
	seen := map[string]int{}
	for _, b := range blocksOf(t, guide) {
		if of, is := files[b.language]; is {
			seen[b.language]++
			if !strings.Contains(of, inOneLine(b.text)) {
				t.Errorf("no file holds\n%s", b.text)
			}
		}
	}
	if seen["go"] < 2 || seen["yaml"] < 1 {
		t.Errorf("the guide shows %v", seen)
	}
}

// reader is who follows the guide: in a directory that stands for the clone, on
// ports of their own.
type reader struct {
	t         *testing.T
	dir       string
	addresses map[string]string // in the guide, to those that are used
}

func newReader(t *testing.T) *reader {
	t.Helper()
	g := &reader{t: t, dir: t.TempDir(), addresses: map[string]string{}}
	for _, address := range []string{"127.0.0.1:3000", "127.0.0.1:8080", "127.0.0.1:8081"} {
		g.addresses[address] = freeAddress(t)
	}
	replaced(t, "reprint.yaml", filepath.Join(g.dir, "examples", "goapp", "reprint.yaml"), g.addresses)
	return g
}

// shell is bash about to run commands of the guide. Programs are built from the
// clone itself.
func (g *reader) shell(commands string) *exec.Cmd {
	g.t.Helper()
	for printed, used := range g.addresses {
		commands = strings.ReplaceAll(commands, printed, used)
	}
	clone, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		g.t.Fatal(err)
	}
	commands = strings.ReplaceAll(commands, "go build -o bin/", "go build -C '"+clone+"' -o '"+g.dir+"/bin/'")
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	g.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", commands)
	cmd.Dir, cmd.Env = g.dir, append(os.Environ(), "CGO_ENABLED=0") // as it is released
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// run runs commands in the terminal that has the secrets, once they are made.
func (g *reader) run(commands string) string {
	g.t.Helper()
	cmd := g.shell("if [ -e data/secrets ]; then . data/secrets; fi\n" + commands)
	out, err := cmd.CombinedOutput()
	if err != nil {
		g.t.Fatalf("%v\n%s\n%s", err, commands, out)
	}
	return string(out)
}

// freeAddress returns an address of this machine on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// block is a code block of a document.
type block struct{ language, text string }

var fence = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

func blocksOf(t *testing.T, document string) []block {
	t.Helper()
	content, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	for _, m := range fence.FindAllStringSubmatch(string(content), -1) {
		all = append(all, block{m[1], m[2]})
	}
	return all
}

// varying are the parts of an output that are different each time.
var varying = []struct {
	part *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d( UTC|Z)`), "TIME"},
	{regexp.MustCompile(`TIME \((now|[\d.]+(ms|s) ago)\)`), "TIME (AGO)"},
	{regexp.MustCompile(`ttl=\d+`), "ttl=N"},
	{regexp.MustCompile(`\bin [\d.]+ ?(ms|s)\b`), "in N"},
	{regexp.MustCompile(`"[0-9a-f]{32}"`), "ETAG"},
	{regexp.MustCompile(`\b[A-Z2-7]{16}\b`), "RECEIPT"},
	{regexp.MustCompile(`127\.0\.0\.1:\d{5}\)`), "ADDRESS)"},
}

func plain(output string) string {
	for _, v := range varying {
		output = v.part.ReplaceAllString(output, v.as)
	}
	return strings.TrimSpace(output)
}
