package nextjs_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	secret = "a secret for the hook, 32 bytes."
	token  = "a token for the admin interface."
)

// inputs are what the builds of the example are made from.
var inputs = []string{"package.json", "package-lock.json", "next.config.js", "source.js", "app", "lib", "pages"}

// installed is nil when the packages from npm and both builds are there.
var installed = sync.OnceValue(install)

// prepare skips the test where Next.js cannot run, unless REPRINT_REQUIRE names
// nextjs: then it fails.
func prepare(t *testing.T) {
	t.Helper()
	err := installed()
	switch {
	case err == nil:
	case slices.Contains(strings.Split(os.Getenv("REPRINT_REQUIRE"), ","), "nextjs"):
		t.Fatalf("REPRINT_REQUIRE names nextjs, and it cannot run: %v", err)
	default:
		t.Skipf("SKIPPED: Next.js cannot run here, so Reprint was not compared with it: %v", err)
	}
}

// install runs npm ci and builds the site both ways, each only when what it is
// made from has changed since.
func install() error {
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			return err
		}
	}
	if err := unlessDone("node_modules", []string{"package.json", "package-lock.json"}, func() error {
		return run(nil, "npm", "ci", "--no-audit", "--no-fund")
	}); err != nil {
		return err
	}
	// The isr build renders pages, so it needs their data.
	p, err := launch(regexp.MustCompile(`http://\S+`), sourceCommand())
	if err != nil {
		return err
	}
	defer p.end()
	for _, build := range []string{"ssr", "isr"} {
		err := unlessDone(".next-"+build, inputs, func() error {
			return run([]string{"BUILD=" + build, "SOURCE_URL=" + p.found}, "npm", "run", "build")
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// unlessDone calls do and leaves in dir, which do makes, a note of the contents
// that it was made from, so that it is not called again for the same.
func unlessDone(dir string, from []string, do func() error) error {
	sum := sha256.New()
	for _, root := range from {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			content, err := os.ReadFile(name)
			fmt.Fprintf(sum, "%s %d\n%s", name, len(content), content)
			return err
		})
		if err != nil {
			return err
		}
	}
	want := hex.EncodeToString(sum.Sum(nil))
	note := filepath.Join(dir, "made-from")
	if got, err := os.ReadFile(note); err == nil && string(got) == want {
		return nil
	}
	if err := do(); err != nil {
		return err
	}
	return os.WriteFile(note, []byte(want), 0o600)
}

func run(env []string, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = environment(env...)
	cmd.WaitDelay = 10 * time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return nil
}

// environment returns that of this process without what the example reads.
func environment(more ...string) []string {
	own := []string{"BUILD", "SOURCE_URL", "SOURCE_PORT", "REPRINT_URL", "REPRINT_TOKEN", "REVALIDATE_SECRET", "NODE_OPTIONS", "PORT", "HOSTNAME"}
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains(own, name)
	})
	return append(append(env, "NEXT_TELEMETRY_DISABLED=1"), more...)
}

// process is a program that serves.
type process struct {
	found string // in its output, when it was ready
	cmd   *exec.Cmd
	done  chan struct{} // closed when all its output was read

	mu     sync.Mutex
	output bytes.Buffer // guarded by mu
}

// launch starts a program and returns when a line of its output holds ready.
func launch(ready *regexp.Regexp, cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Start()
	if closed := w.Close(); err != nil || closed != nil {
		return nil, errors.Join(err, closed, r.Close())
	}
	found := make(chan string, 1)
	go p.read(r, ready, found)
	select {
	case p.found = <-found:
		return p, nil
	case <-p.done:
		err = fmt.Errorf("%s ended:\n%s", cmd, p.said())
	case <-time.After(time.Minute):
		err = fmt.Errorf("%s is not ready after a minute:\n%s", cmd, p.said())
	}
	p.end()
	return nil, err
}

func (p *process) read(r io.ReadCloser, ready *regexp.Regexp, found chan<- string) {
	defer close(p.done)
	defer r.Close()
	for lines := bufio.NewScanner(r); lines.Scan(); {
		p.mu.Lock()
		p.output.Write(lines.Bytes())
		p.output.WriteByte('\n')
		p.mu.Unlock()
		if match := ready.FindString(lines.Text()); match != "" && found != nil {
			found <- match
			found = nil
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
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(10*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	<-p.done
	_ = p.cmd.Wait()
}

// start launches a program for the time of the test.
func start(t *testing.T, name string, ready *regexp.Regexp, cmd *exec.Cmd) *process {
	t.Helper()
	p, err := launch(ready, cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.end()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, p.said())
		}
	})
	return p
}

// source is the data of the site.
type source struct {
	t   *testing.T
	url string
}

func sourceCommand() *exec.Cmd {
	cmd := exec.Command("node", "source.js")
	cmd.Env = environment("SOURCE_PORT=0")
	return cmd
}

func startSource(t *testing.T) *source {
	t.Helper()
	return &source{t, start(t, "the source", regexp.MustCompile(`http://\S+`), sourceCommand()).found}
}

// put writes a record, or the settings.
func (s *source) put(path string, value map[string]any) {
	s.t.Helper()
	body, err := json.Marshal(value)
	if err != nil {
		s.t.Fatal(err)
	}
	s.do(http.MethodPut, path, body)
}

func (s *source) remove(path string) {
	s.t.Helper()
	s.do(http.MethodDelete, path, nil)
}

// held returns how many requests the source has read but not answered.
func (s *source) held() int {
	s.t.Helper()
	var settings struct{ Held int }
	if err := json.Unmarshal(s.do(http.MethodGet, "/settings", nil), &settings); err != nil {
		s.t.Fatal(err)
	}
	return settings.Held
}

func (s *source) do(method, path string, body []byte) []byte {
	s.t.Helper()
	r, err := http.NewRequest(method, s.url+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		s.t.Fatalf("source: %s %s: %d %s %v", method, path, res.StatusCode, answer, err)
	}
	return answer
}

// startNext starts a build of the site in dir.
func startNext(t *testing.T, dir, build string, env ...string) *process {
	t.Helper()
	cmd := exec.Command("node", "node_modules/next/dist/bin/next", "start", "--hostname", "127.0.0.1", "--port", "0")
	cmd.Dir = dir
	cmd.Env = environment(append(env, "BUILD="+build, "REVALIDATE_SECRET="+secret)...)
	return start(t, "the "+build+" build", regexp.MustCompile(`http://127\.0\.0\.1:\d+`), cmd)
}

// nextSite is the site as Next.js itself keeps it. It writes into its build, so
// it runs on a copy.
func nextSite(t *testing.T, data *source) *site {
	t.Helper()
	dir := t.TempDir()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(here, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"package.json", "next.config.js", ".next-isr"} {
		copyTo(t, dir, name)
	}
	s := &site{t: t, name: nextName, build: buildID(t, "isr"), source: data}
	p := startNext(t, dir, "isr", "SOURCE_URL="+data.url)
	s.url = p.found
	s.restart = func() {
		p.end()
		p = startNext(t, dir, "isr", "SOURCE_URL="+data.url)
		s.url = p.found
	}
	return s
}

// copyTo copies a file or directory of the example into dir, but for what a
// build keeps for the next one.
func copyTo(t *testing.T, dir, name string) {
	t.Helper()
	err := filepath.WalkDir(name, func(name string, d fs.DirEntry, err error) error {
		to := filepath.Join(dir, name)
		switch {
		case err != nil:
			return err
		case d.IsDir() && filepath.Base(name) == "cache":
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(to, 0o700)
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(to, content, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// previewModeID is the secret by which Next.js knows its own calls.
func previewModeID(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(".next-isr", "prerender-manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Preview struct{ PreviewModeID string }
	}
	if err := json.Unmarshal(content, &manifest); err != nil || manifest.Preview.PreviewModeID == "" {
		t.Fatalf("no id in prerender-manifest.json: %v", err)
	}
	return manifest.Preview.PreviewModeID
}

func buildID(t *testing.T, build string) string {
	t.Helper()
	id, err := os.ReadFile(filepath.Join(".next-"+build, "BUILD_ID"))
	if err != nil {
		t.Fatal(err)
	}
	return string(id)
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

// reprintSites are the site behind reprint serve, twice: with the hooks of
// reprint.yaml, and with the handlers in pages/api, which call the admin API.
func reprintSites(t *testing.T, data *source) (byHook, byHandler *site) {
	t.Helper()
	admin := freeAddress(t)
	origin := startNext(t, ".", "ssr", "SOURCE_URL="+data.url, "REPRINT_URL=http://"+admin, "REPRINT_TOKEN="+token)
	byHook = reprintSite(t, hookName, data, origin.found, freeAddress(t), true)
	byHandler = reprintSite(t, handlerName, data, origin.found, admin, false)
	return byHook, byHandler
}

func reprintSite(t *testing.T, name string, data *source, origin, admin string, hooks bool) *site {
	t.Helper()
	public := freeAddress(t)
	content, err := os.ReadFile("reprint.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := "log: { format: text, access: 0 }\n" + string(content)
	dir := t.TempDir()
	for _, change := range [][2]string{
		{"127.0.0.1:8080", public},
		{"127.0.0.1:8081", admin},
		{"http://127.0.0.1:3000", origin},
		{"./data/reprint.db", filepath.Join(dir, "reprint.db")},
	} {
		if strings.Count(text, change[0]) != 1 {
			t.Fatalf("reprint.yaml does not have %s once", change[0])
		}
		text = strings.Replace(text, change[0], change[1], 1)
	}
	if !hooks {
		var found bool
		if text, _, found = strings.Cut(text, "\nhooks:"); !found {
			t.Fatal("reprint.yaml has no hooks")
		}
	}
	file := filepath.Join(dir, "reprint.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, name: name, url: "http://" + public, build: buildID(t, "ssr"), source: data}
	p := serve(t, name, file, admin)
	s.restart = func() {
		p.end()
		p = serve(t, name, file, admin)
	}
	return s
}

// serve starts reprint serve and returns when it says that it is ready.
func serve(t *testing.T, name, file, admin string) *process {
	t.Helper()
	program, err := reprint()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "serve", "--config", file)
	cmd.Env = environment("REPRINT_TOKEN="+token, "REVALIDATE_SECRET="+secret)
	p := start(t, name, regexp.MustCompile(`.`), cmd)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		res, err := client.Get("http://" + admin + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return p
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is not ready: %v\n%s", name, err, p.said())
		}
	}
}

// reprint builds the program, once for all tests, beside the builds of the site.
var reprint = sync.OnceValues(func() (string, error) {
	program, err := filepath.Abs(filepath.Join(".next-bin", "reprint"))
	if err != nil {
		return "", err
	}
	return program, run(nil, "go", "build", "-o", program, "../../cmd/reprint")
})
