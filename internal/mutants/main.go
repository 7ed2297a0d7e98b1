// Command mutants runs the negative controls: for each promise it makes the
// change to the code that must break it, and checks that the promise's test then
// fails. A test that passes all the same proves nothing, and is an error here.
//
// The changes are overlays of the compiler: no file of the tree is touched.
//
//	go run ./internal/mutants            all of them
//	go run ./internal/mutants -run P1    those whose promise or name match
//	go run ./internal/mutants -table     the table for docs/negative-controls.md
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// mutant is a change that a test must notice.
type mutant struct {
	promise string
	name    string // what is wrong then, in a few words
	edits   []edit
	pkg     string // of the test
	test    string // regular expression for go test -run
}

// edit replaces a text that is in a file exactly once.
type edit struct{ file, old, new string }

func main() {
	run := flag.String("run", "", "only mutants whose promise or name match this `regexp`")
	table := flag.Bool("table", false, "print the table of docs/negative-controls.md and run nothing")
	flag.Parse()
	pattern, err := regexp.Compile(*run)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants: -run:", err)
		os.Exit(2)
	}
	if *table {
		printTable(os.Stdout)
		return
	}
	if survivors := runAll(pattern); survivors > 0 {
		fmt.Fprintf(os.Stderr, "mutants: %d were not noticed\n", survivors)
		os.Exit(1)
	}
}

func printTable(w io.Writer) {
	fmt.Fprintln(w, "| promise | the change | the test that fails |\n|---|---|---|")
	for _, m := range mutants {
		var files []string
		for _, e := range m.edits {
			if file := "`" + e.file + "`"; !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
		tests := "`" + strings.ReplaceAll(m.test, "|", "`, `") + "`"
		fmt.Fprintf(w, "| %s | %s (%s) | %s in `%s` |\n", m.promise, m.name, strings.Join(files, ", "), tests, m.pkg)
	}
}

// runAll tries the mutants that match and returns how many were not noticed.
func runAll(pattern *regexp.Regexp) (survivors int) {
	for _, m := range mutants {
		if !pattern.MatchString(m.promise + " " + m.name) {
			continue
		}
		begin := time.Now()
		verdict, err := try(m)
		if err != nil {
			survivors++
			verdict = "NOT NOTICED: " + err.Error()
		}
		fmt.Printf("%-3s %-62s %6.1fs  %s\n", m.promise, m.name, time.Since(begin).Seconds(), verdict)
	}
	return survivors
}

// try runs a mutant's test and returns the test that noticed it.
func try(m mutant) (string, error) {
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	overlay, err := m.overlay(dir)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-short", "-timeout=4m", "-overlay", overlay, "-run", "^("+m.test+")$", m.pkg) //nolint:gosec // the arguments are this program's own
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch noticed := regexp.MustCompile(`--- FAIL: (\S+)`).FindSubmatch(out); {
	case err == nil:
		return "", errors.New("the test passes")
	case !errors.As(err, &exit):
		return "", err
	case noticed == nil:
		return "", fmt.Errorf("no test failed, something else did:\n%s", bytes.TrimSpace(out))
	default:
		return "noticed by " + string(noticed[1]), nil
	}
}

// overlay writes the changed files and the compiler's list of them into dir.
func (m mutant) overlay(dir string) (string, error) {
	changed := map[string]string{} // path → text
	for _, e := range m.edits {
		path, err := filepath.Abs(e.file)
		if err != nil {
			return "", err
		}
		text, ok := changed[path]
		if !ok {
			b, err := os.ReadFile(path)
			if err != nil {
				return "", err
			}
			text = string(b)
		}
		if n := strings.Count(text, e.old); n != 1 {
			return "", fmt.Errorf("%s holds the text to change %d times, not once: %q", e.file, n, e.old)
		}
		changed[path] = strings.Replace(text, e.old, e.new, 1)
	}
	replace := map[string]string{}
	for path, text := range changed {
		copied := filepath.Join(dir, fmt.Sprintf("%d.go", len(replace)))
		if err := os.WriteFile(copied, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[path] = copied
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, list, 0o600)
}
