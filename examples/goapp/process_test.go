//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a program that serves, with whatever it started.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when all its output was read

	mu     sync.Mutex
	output bytes.Buffer // guarded by mu
	lines  chan string  // as they come; those that nobody waits for are dropped
}

// start starts a program for the time of the test.
func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, done: make(chan struct{}), lines: make(chan string, 100)}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a shell's own children end with it
	// The program has its own.
	defer w.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.read(r)
	t.Cleanup(func() {
		p.end()
		if t.Failed() {
			t.Logf("%s said:\n%s", cmd, p.said())
		}
	})
	return p
}

func (p *process) read(r io.ReadCloser) {
	defer close(p.done)
	defer r.Close()
	for lines := bufio.NewScanner(r); lines.Scan(); {
		p.mu.Lock()
		p.output.Write(lines.Bytes())
		p.output.WriteByte('\n')
		p.mu.Unlock()
		select {
		case p.lines <- lines.Text():
		default:
		}
	}
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

// end asks the program to end, and makes it after ten seconds.
func (p *process) end() {
	group := -p.cmd.Process.Pid
	_ = syscall.Kill(group, syscall.SIGTERM) // it may have ended by itself
	kill := time.AfterFunc(10*time.Second, func() { _ = syscall.Kill(group, syscall.SIGKILL) })
	defer kill.Stop()
	<-p.done
	_ = p.cmd.Wait() // with whatever status
}

// await returns what the next line says that matches.
func (p *process) await(t *testing.T, want *regexp.Regexp) []string {
	t.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case line := <-p.lines:
			if m := want.FindStringSubmatch(line); m != nil {
				return m
			}
		case <-p.done:
			t.Fatalf("%s has ended without saying %s:\n%s", p.cmd, want, p.said())
		case <-late:
			t.Fatalf("%s has not said %s within a minute:\n%s", p.cmd, want, p.said())
		}
	}
}

// awaitURL returns when a URL answers 200.
func (p *process) awaitURL(t *testing.T, url string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		res, err := http.Get(url)
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-p.done:
			t.Fatalf("%s has ended:\n%s", p.cmd, p.said())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer 200 within a minute: %v\n%s", url, err, p.said())
		}
	}
}

// server is a running reprint serve.
type server struct {
	*process
	public, admin     string // URLs
	token, hookSecret string
}

// buildReprint returns the program, without C as it is released.
func buildReprint(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "reprint")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/reprint")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return program
}

// startReprint runs reprint serve in front of an origin, with reprint.yaml on
// ports of its own.
func startReprint(t *testing.T, origin string) *server {
	t.Helper()
	program, dir := buildReprint(t), t.TempDir()
	file := filepath.Join(dir, "reprint.yaml")
	replaced(t, "reprint.yaml", file, map[string]string{
		"127.0.0.1:8080": "127.0.0.1:0", "127.0.0.1:8081": "127.0.0.1:0",
		"http://127.0.0.1:3000": origin, "./data/goapp.db": filepath.Join(dir, "goapp.db"),
	})
	s := &server{token: "t0ken-of-4-test-9c1b7f", hookSecret: "s3cret-of-4-hook-77ad0e"}
	cmd := exec.Command(program, "serve", "--config", file)
	cmd.Env = append(os.Environ(), "REPRINT_TOKEN="+s.token, "REVALIDATE_SECRET="+s.hookSecret)
	s.process = start(t, cmd)
	s.public = s.await(t, regexp.MustCompile(`"for":"listen","url":"(.*?)"`))[1]
	s.admin = s.await(t, regexp.MustCompile(`"for":"admin.listen","url":"(.*?)"`))[1]
	return s
}

func (s *server) waitReady(t *testing.T) {
	t.Helper()
	s.awaitURL(t, s.admin+"/readyz")
}

// replaced writes a copy of a file in which each text of the map is once, and is
// another.
func replaced(t *testing.T, from, to string, changes map[string]string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	for old, updated := range changes {
		if n := strings.Count(withoutComments(text), old); n != 1 {
			t.Fatalf("%s has %q %d times", from, old, n)
		}
		text = strings.ReplaceAll(text, old, updated)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func withoutComments(yaml string) string {
	var b strings.Builder
	for line := range strings.Lines(yaml) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			fmt.Fprint(&b, line)
		}
	}
	return b.String()
}
