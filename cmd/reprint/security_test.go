package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The tests of security_*_test.go and unharmed_test.go look at the server from
// outside: a process of its own, a configuration file, real connections. What they
// show, and what lower-level tests show, is in docs/security-matrix.md, which
// security_docs_test.go compares with the tests.

// marker is what an attacker wants others to see.
const marker = "zz-evil"

// theProgram builds the program once, into the folder where testscript keeps its
// commands, which it removes at the end.
var theProgram = sync.OnceValues(func() (string, error) {
	command, err := exec.LookPath("reprint")
	if err != nil {
		return "", err
	}
	file := filepath.Join(filepath.Dir(command), "reprint-serve")
	args := []string{"build", "-o", file}
	if raceDetector {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, ".")...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return file, nil
})

// running is a reprint serve.
type running struct {
	t      *testing.T
	dir    string // with its file, reprint.yaml
	env    []string
	public string // host:port of the listeners
	admin  string
	secret string // of the token with which the tests ask; empty: none
	log    *safeBuffer
	cmd    *exec.Cmd
	ended  chan struct{}
}

// serve starts the server with a file and stops it when the test ends. The file
// gets listeners on free ports if it does not name any.
func serve(t *testing.T, file string, env ...string) *running {
	t.Helper()
	s := &running{t: t, dir: t.TempDir(), env: env}
	s.configure(file)
	s.start()
	return s
}

// configure writes the server's file.
func (s *running) configure(file string) {
	s.t.Helper()
	head := "listen: 127.0.0.1:0\ndrain: 1s\n"
	if !strings.Contains(file, "admin:") {
		head += "admin:\n  listen: 127.0.0.1:0\n"
	}
	writeFile(s.t, filepath.Join(s.dir, "reprint.yaml"), head+file)
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// start starts the process and returns when it listens.
func (s *running) start() {
	s.t.Helper()
	s.log, s.ended = &safeBuffer{changed: make(chan struct{}, 1)}, make(chan struct{})
	s.cmd = command(s.t, s.dir, s.env, "serve", "--config", "reprint.yaml")
	s.cmd.Stderr = s.log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait() // how it ended is asked of its state
		close(s.ended)
	}()
	s.t.Cleanup(s.stop)
	s.public, s.admin = s.listening("listen"), s.listening("admin.listen")
}

// command is the program with arguments, in a folder.
func command(t *testing.T, dir string, env []string, args ...string) *exec.Cmd {
	t.Helper()
	program, err := theProgram()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, args...)
	c.Dir = dir
	c.Env = append(append(os.Environ(), "GORACE=atexit_sleep_ms=0 exitcode=66", "REPRINT_ADMIN=", "NOTIFY_SOCKET="), env...)
	return c
}

// listening waits for the address of a listener in the log.
func (s *running) listening(name string) string {
	s.t.Helper()
	address := ""
	s.waitForLog("it listens for "+name, func(line map[string]any) bool {
		if line["msg"] != "listening" || line["for"] != name {
			return false
		}
		u, err := url.Parse(line["url"].(string))
		if err == nil {
			address = u.Host
		}
		return err == nil
	})
	return address
}

// in is the same server for a test within the test.
func (s *running) in(t *testing.T) *running {
	within := *s
	within.t = t
	return &within
}

// waitForLog waits for a line of the log.
func (s *running) waitForLog(what string, is func(line map[string]any) bool) {
	s.t.Helper()
	late := time.After(10 * time.Second)
	for {
		for line := range strings.Lines(s.log.String()) {
			var fields map[string]any
			if json.Unmarshal([]byte(line), &fields) == nil && is(fields) {
				return
			}
		}
		select {
		case <-s.log.changed:
		case <-s.ended:
			s.t.Fatalf("waiting that %s: the server has ended (%v):\n%s", what, s.cmd.ProcessState, s.log)
		case <-late:
			s.t.Fatalf("waiting that %s:\n%s", what, s.log)
		}
	}
}

// stop ends the process, and looks whether it lived and ended well.
func (s *running) stop() {
	s.t.Helper()
	if s.hasEnded() && s.cmd.ProcessState.ExitCode() < 0 {
		return // a test has killed it
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // fails when it has ended, and that is seen below
	select {
	case <-s.ended:
	case <-time.After(30 * time.Second):
		_ = s.cmd.Process.Kill() // as above
		s.t.Error("the server does not stop")
	}
	log := s.log.String()
	if s.cmd.ProcessState.ExitCode() != 0 || strings.Contains(log, "DATA RACE") || strings.Contains(log, "panic") {
		s.t.Errorf("the server ended with %v:\n%s", s.cmd.ProcessState, log)
	}
}

func (s *running) hasEnded() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// kill ends the process as a crash does.
func (s *running) kill() {
	s.t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	<-s.ended
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
}

// hit reports whether it was answered from a page.
func (a answer) hit() bool { return strings.Contains(a.Header.Get("Cache-Status"), "reprint; hit") }

// do sends a request on a connection of its own. Headers are lines like
// "Name: value"; "Host" is the Host.
func (s *running) do(method, target string, body io.Reader, headers ...string) answer {
	s.t.Helper()
	a, err := s.try(method, target, body, headers...)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, target, err)
	}
	return a
}

func (s *running) get(target string, headers ...string) answer {
	s.t.Helper()
	return s.do(http.MethodGet, target, nil, headers...)
}

func (s *running) try(method, target string, body io.Reader, headers ...string) (answer, error) {
	r, err := s.request(s.public, method, target, body, headers...)
	if err != nil {
		return answer{}, err
	}
	return read(oneConnection.Do(r))
}

func (s *running) request(address, method, target string, body io.Reader, headers ...string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(s.t.Context(), method, "http://"+address+target, body)
	if err != nil {
		return nil, err
	}
	for _, line := range headers {
		if name, value, _ := strings.Cut(line, ": "); name == "Host" {
			r.Host = value
		} else {
			r.Header[name] = append(r.Header[name], value)
		}
	}
	return r, nil
}

func read(res *http.Response, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res, string(body)}, err
}

// oneConnection keeps no connection, follows nothing and asks for no encoding.
var oneConnection = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// call asks the admin API; a body is JSON.
func (s *running) call(method, target, body string, headers ...string) answer {
	s.t.Helper()
	if body != "" {
		headers = append(headers, "Content-Type: application/json")
	}
	if s.secret != "" {
		headers = append(headers, "Authorization: Bearer "+s.secret)
	}
	r, err := s.request(s.admin, method, target, strings.NewReader(body), headers...)
	if err != nil {
		s.t.Fatal(err)
	}
	a, err := read(oneConnection.Do(r))
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, target, err)
	}
	return a
}

// revalidate asks for it and wants it to succeed.
func (s *running) revalidate(body string) {
	s.t.Helper()
	// It is in force in both cases; 202 says that its pages are still being listed.
	if a := s.call("POST", "/v1/revalidate", body); a.StatusCode != 200 && a.StatusCode != 202 {
		s.t.Fatalf("revalidate %s: %d %s", body, a.StatusCode, a.body)
	}
}

// status is a number of /v1/status.
func (s *running) status(name string) float64 {
	s.t.Helper()
	return decoded[map[string]any](s.t, s.call("GET", "/v1/status", "").body)[name].(float64)
}

// stored returns the keys of the stored pages, when all renders have come to rest.
func (s *running) stored() []string {
	s.t.Helper()
	waitFor(s.t, "nothing is rendered any more", func() bool {
		return s.status("rendersRunning") == 0 && s.status("rendersWaiting") == 0
	})
	list := decoded[struct{ Pages []struct{ Path string } }](s.t, s.call("GET", "/v1/pages?limit=1000", "").body)
	keys := []string{}
	for _, p := range list.Pages {
		keys = append(keys, p.Path)
	}
	slices.Sort(keys)
	return keys
}

// wantStored compares the stored pages with keys.
func (s *running) wantStored(keys ...string) {
	s.t.Helper()
	slices.Sort(keys)
	if got := s.stored(); !slices.Equal(got, keys) {
		s.t.Errorf("stored are %.2000q, want %q", got, keys)
	}
}

// learned asks for a path under no route until it is answered from a page.
func (s *running) learned(path string, headers ...string) answer {
	s.t.Helper()
	var a answer
	waitFor(s.t, path+" is stored", func() bool {
		a = s.get(path, headers...)
		return a.hit()
	})
	return a
}

// settle waits until what visits have set off behind is over: a page that is asked
// for now is rendered after what was asked for before.
func (s *running) settle(path string) {
	s.t.Helper()
	s.learned(path)
	s.stored()
}

// talk sends bytes and returns what comes back until the server closes the
// connection; it must.
func (s *running) talk(request string) string {
	s.t.Helper()
	return talkTo(s.t, s.public, request)
}

func talkTo(t *testing.T, address, request string) string {
	t.Helper()
	c := dial(t, address)
	if _, err := io.WriteString(c, request); err != nil {
		t.Logf("write: %v", err) // it may have been closed before all was sent
	}
	got, err := io.ReadAll(c)
	if e, ok := err.(net.Error); ok && e.Timeout() { //nolint:errorlint // a net.Conn returns it as it is
		t.Errorf("the connection stays open after %.80q and %.200q", request, got)
	}
	return string(got)
}

// dial returns a connection that ends with the test, and gives up after a while.
func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// statusLine is the first line of a response.
func statusLine(response string) string {
	line, _, _ := strings.Cut(response, "\r\n")
	return line
}

func decoded[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %.200s", err, text)
	}
	return v
}

// waitFor asks again and again, for as long as a slow machine may need.
func waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	for late := time.Now().Add(20 * time.Second); !is(); {
		if time.Now().After(late) {
			t.Fatalf("it does not happen that %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// safeBuffer is written by one goroutine and read by another.
type safeBuffer struct {
	mu      sync.Mutex
	b       bytes.Buffer  // guarded by mu
	changed chan struct{} // holds something when there is more
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case b.changed <- struct{}{}:
	default:
	}
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// stub is an origin that answers what the test says and remembers what it was
// asked.
type stub struct {
	url string

	handler http.HandlerFunc

	mu    sync.Mutex
	asked []string // guarded by mu; each request, with all of its header
}

// newStub returns an origin that answers with h. What a request may steer is only
// what h does.
func newStub(t *testing.T, h http.HandlerFunc) *stub {
	t.Helper()
	o := &stub{handler: h}
	server := httptest.NewUnstartedServer(o)
	server.Config.MaxHeaderBytes = 1 << 20
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	o.url = server.URL
	return o
}

func (o *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s\n", r.Method, r.RequestURI, r.Host)
	_ = r.Header.Write(&b) // into memory
	o.mu.Lock()
	o.asked = append(o.asked, b.String())
	o.mu.Unlock()
	o.handler(w, r)
}

// requests returns what it was asked so far.
func (o *stub) requests() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.asked)
}

// times returns how often it was asked for a target, with any method.
func (o *stub) times(target string) int {
	n := 0
	for _, r := range o.requests() {
		if strings.Contains(r, " "+target+" ") {
			n++
		}
	}
	return n
}

// saw reports whether any request held text.
func (o *stub) saw(text string) bool {
	return slices.ContainsFunc(o.requests(), func(r string) bool { return strings.Contains(r, text) })
}

// echo prints all that a request says, in a page that everybody may have.
func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "max-age=600")
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprintf(w, "%s %s %s\n", r.Method, r.Host, r.RequestURI)
	_ = r.Header.Write(w) // the test sees what has arrived
	_, _ = io.Copy(w, r.Body)
	fmt.Fprintln(w, r.Trailer)
}

// wireOrigin is an origin that answers each request with bytes. A connection ends
// after closing.
func wireOrigin(t *testing.T, response func(target string) string) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answerOnWire(c, response)
		}
	}()
	return "http://" + l.Addr().String()
}

const closing = "\x00closing"

func answerOnWire(c net.Conn, response func(target string) string) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		request, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, request.Body); err != nil {
			return
		}
		text, last := strings.CutSuffix(response(request.RequestURI), closing)
		if _, err := io.WriteString(c, text); err != nil || last {
			return
		}
	}
}

// whole is a response with a length.
func whole(body string, headers ...string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", lines(headers), len(body), body)
}

func lines(headers []string) string {
	if len(headers) == 0 {
		return ""
	}
	return strings.Join(headers, "\r\n") + "\r\n"
}

// both are the two ways of a path: by a route of the file, and by the origin's own
// headers.
var both = []string{"/p/", "/free/"}

// bothWays is a file with a route for /p/ and none for /free/.
func bothWays(origin string, more ...string) string {
	return "origin: {url: \"" + origin + "\"}\nroutes:\n  - {path: \"/p/{id}\", query: [a]}\n" + strings.Join(more, "\n") + "\n"
}
