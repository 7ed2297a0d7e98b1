package deploy_test

import (
	"bufio"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestTheImageServes does the steps of the Containerfile by hand and runs what
// they make: in a root directory with nothing else in it, as the image's user, in
// front of an origin with TLS whose certificate is that of the only authority.
func TestTheImageServes(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: only root can change the root directory, so the image was not run")
	}
	var renders atomic.Int64
	origin := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "render %d of %s", renders.Add(1), r.URL)
	}))
	t.Cleanup(origin.Close)
	image := makeImage(t, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: origin.Certificate().Raw}))
	address := freeAddress(t)
	image.put("/etc/reprint/reprint.yaml", fmt.Sprintf(`listen: %s
admin: {listen: none}
origin: {url: "%s"}
store: {path: /data/reprint.db}
routes: [{path: "/posts/{id}"}]
`, address, origin.URL))

	stop := image.run(address)
	const want = "render 1 of /posts/1"
	for range 2 {
		if got := get(t, address); got != want {
			t.Errorf("the page is %q, want %q", got, want)
		}
	}
	stop()
	stop = image.run(address)
	if got := get(t, address); got != want {
		t.Errorf("after a restart the page is %q, want %q: the store did not keep it", got, want)
	}
	stop()
	image.wantNothingElse("/reprint", "/etc/ssl/certs/ca-certificates.crt", "/etc/reprint/reprint.yaml",
		"/data/reprint.db", "/data/reprint.db.lock", "/data/reprint.db-wal", "/data/reprint.db-shm")
}

// image is what the last stage of the Containerfile holds.
type image struct {
	t        *testing.T
	root     string
	uid, gid uint32
	command  []string
}

// makeImage follows the Containerfile: it runs the command that builds the
// program, and copies what is copied. The certificates are those given.
func makeImage(t *testing.T, certificates []byte) *image {
	t.Helper()
	file := read(t, "Containerfile")
	out := t.TempDir()
	build := find(t, file, `(?m)^RUN (.*go build .*)$`)
	cmd := exec.CommandContext(t.Context(), "sh", "-euc", strings.Replace(build, "/out/", "'"+out+"'/", 1))
	cmd.Dir = ".."
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build, err, said)
	}
	m := &image{t: t, root: t.TempDir()}
	if err := os.Chmod(m.root, 0o755); err != nil {
		t.Fatal(err)
	}
	m.uid, m.gid = m.number(find(t, file, `(?m)^USER (\d+):`)), m.number(find(t, file, `(?m)^USER \d+:(\d+)$`))
	for _, list := range []string{`(?m)^ENTRYPOINT \[(.*)\]$`, `(?m)^CMD \[(.*)\]$`} {
		for word := range strings.SplitSeq(find(t, file, list), ", ") {
			m.command = append(m.command, strings.Trim(word, `"`))
		}
	}
	copied := 0
	for _, c := range regexp.MustCompile(`(?m)^COPY --from=build (?:--chown=(\S+) )?(\S+) (\S+)$`).FindAllStringSubmatch(file, -1) {
		copied++
		switch owner, from, to := c[1], c[2], c[3]; {
		case strings.HasSuffix(from, ".crt"):
			m.put(to, string(certificates))
		case owner != "":
			m.folder(to, owner)
		default:
			m.put(to, read(t, strings.Replace(from, "/out", out, 1)))
		}
	}
	if copied != 3 {
		t.Fatalf("%d things are copied into the image; this test knows of 3", copied)
	}
	return m
}

func (m *image) number(s string) uint32 {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		m.t.Fatal(err)
	}
	return uint32(n)
}

// put writes a file that everybody may read and run, and nobody change.
func (m *image) put(name, content string) {
	m.t.Helper()
	path := filepath.Join(m.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o555); err != nil {
		m.t.Fatal(err)
	}
}

// folder makes an empty one that belongs to the owner.
func (m *image) folder(name, owner string) {
	m.t.Helper()
	if owner != fmt.Sprintf("%d:%d", m.uid, m.gid) {
		m.t.Errorf("%s belongs to %s, and the image runs as %d:%d", name, owner, m.uid, m.gid)
	}
	path := filepath.Join(m.root, name)
	if err := os.Mkdir(path, 0o700); err != nil {
		m.t.Fatal(err)
	}
	if err := os.Chown(path, int(m.uid), int(m.gid)); err != nil {
		m.t.Fatal(err)
	}
}

// run runs the image until stop is called, which wants it to end well. It returns
// when address is listened on.
func (m *image) run(address string) (stop func()) {
	m.t.Helper()
	cmd := exec.Command(m.command[0], m.command[1:]...)
	cmd.Path, cmd.Err = m.command[0], nil // as seen from the new root directory
	cmd.Dir, cmd.Env = "/", []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: m.root, Credential: &syscall.Credential{Uid: m.uid, Gid: m.gid}}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { _ = cmd.Process.Kill() }) // if it has not ended
	listening, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			m.t.Log(lines.Text())
			if strings.Contains(lines.Text(), address) && strings.Contains(lines.Text(), `"listening"`) {
				close(listening)
			}
		}
	}()
	select {
	case <-listening:
	case <-ended:
		m.t.Fatalf("it has ended: %v", cmd.Wait())
	case <-time.After(time.Minute):
		m.t.Fatal("it does not listen")
	}
	return func() {
		m.t.Helper()
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			m.t.Fatal(err)
		}
		<-ended
		if err := cmd.Wait(); err != nil {
			m.t.Errorf("it ended with %v", err)
		}
	}
}

// wantNothingElse reports files that are not in the list.
func (m *image) wantNothingElse(known ...string) {
	m.t.Helper()
	err := filepath.WalkDir(m.root, func(path string, d os.DirEntry, err error) error {
		name := strings.TrimPrefix(path, m.root)
		if err == nil && !d.IsDir() && !strings.Contains("\n"+strings.Join(known, "\n")+"\n", "\n"+name+"\n") {
			m.t.Errorf("it has written %s", name)
		}
		return err
	})
	if err != nil {
		m.t.Error(err)
	}
}

func get(t *testing.T, address string) string {
	t.Helper()
	res, err := http.Get("http://" + address + "/posts/1")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
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
