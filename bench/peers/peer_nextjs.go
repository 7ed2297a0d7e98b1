package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// nextExample is the site that the tests hold Reprint against, too: its isr
	// build has pages from getStaticProps and a handler with res.revalidate.
	nextExample = "../examples/nextjs"
	nextBuild   = ".next-isr"
	nextSecret  = "a secret for the hook, 32 bytes."
)

// findNext finds Next.js: it installs the example's packages and builds it,
// unless that was done before.
func (l *lab) findNext(ctx context.Context) ([]*peer, error) {
	if l.opts.smoke && !slices.Contains(slices.Concat(l.opts.peers, l.opts.require), "nextjs") {
		return nil, errors.New("-smoke has no time for it, unless -require or -peers names it")
	}
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			return nil, fmt.Errorf("%w: install Node.js 20.9 or newer", err)
		}
	}
	wanted, err := nextWanted()
	if err != nil {
		return nil, err
	}
	if err := l.installNext(ctx, wanted); err != nil {
		return nil, err
	}
	dir := filepath.Join(l.dir, "next")
	if err := copyNext(dir); err != nil {
		return nil, err
	}
	node, err := tool(ctx, "", nil, "node", "--version")
	if err != nil {
		return nil, err
	}
	pages := &nextPages{origin: l.origin, seen: make(map[int][]byte)}
	return []*peer{{id: "nextjs", name: "next start", version: "Next.js " + wanted + ", Node.js " + firstLine(node), start: func(ctx context.Context, p *peer, j job) (*server, error) {
		return l.startNext(ctx, p, dir, pages)
	}}}, nil
}

// nextWanted is the version that the example names.
func nextWanted() (string, error) {
	return packageField(filepath.Join(nextExample, "package.json"), func(p packageFile) string { return p.Dependencies["next"] })
}

type packageFile struct {
	Version      string
	Dependencies map[string]string
}

func packageField(file string, field func(packageFile) string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var p packageFile
	if err := json.Unmarshal(content, &p); err != nil {
		return "", fmt.Errorf("read %s: %w", file, err)
	}
	return field(p), nil
}

func (l *lab) installNext(ctx context.Context, wanted string) error {
	env := []string{"NEXT_TELEMETRY_DISABLED=1", "BUILD=isr", "SOURCE_URL=" + l.origin.url + "/data"}
	has, err := packageField(filepath.Join(nextExample, "node_modules/next/package.json"), func(p packageFile) string { return p.Version })
	installed := err == nil && has == wanted
	built := installed && !nextStale()
	if !installed {
		l.progress.say("installing Next.js from npm")
		if _, err := tool(ctx, nextExample, env, "npm", "ci", "--no-audit", "--no-fund"); err != nil {
			return err
		}
	}
	if built {
		return nil
	}
	l.progress.say("building the Next.js site")
	_, err = tool(ctx, nextExample, env, "npm", "run", "build")
	return err
}

// nextStale says whether a source of the build is newer than it.
func nextStale() bool {
	build, err := os.Stat(filepath.Join(nextExample, nextBuild, "BUILD_ID"))
	if err != nil {
		return true
	}
	stale := false
	for _, name := range []string{"package-lock.json", "next.config.js", "app", "lib", "pages"} {
		err := filepath.WalkDir(filepath.Join(nextExample, name), func(_ string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			stale = stale || err == nil && info.ModTime().After(build.ModTime())
			return err
		})
		stale = stale || err != nil
	}
	return stale
}

// copyNext copies the build, into which a running Next.js writes.
func copyNext(dir string) error {
	modules, err := filepath.Abs(filepath.Join(nextExample, "node_modules"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var faults []error
	for _, name := range []string{"package.json", "next.config.js"} {
		content, err := os.ReadFile(filepath.Join(nextExample, name))
		faults = append(faults, err, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	faults = append(faults,
		os.CopyFS(filepath.Join(dir, nextBuild), os.DirFS(filepath.Join(nextExample, nextBuild))),
		os.Symlink(modules, filepath.Join(dir, "node_modules")))
	return errors.Join(faults...)
}

func (l *lab) startNext(ctx context.Context, p *peer, dir string, pages *nextPages) (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	_, port, _ := strings.Cut(addr, ":")
	cmd := l.command(ctx, l.opts.serverCPU, "node", "node_modules/next/dist/bin/next", "start", "--hostname", "127.0.0.1", "--port", port)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NEXT_TELEMETRY_DISABLED=1", "BUILD=isr", "SOURCE_URL="+l.origin.url+"/data", "REVALIDATE_SECRET="+nextSecret)
	p.command = shown(l.dir, cmd.Args)
	began := time.Now()
	proc, err := launch(p.name, cmd)
	if err != nil {
		return nil, err
	}
	s := &server{process: proc, addr: addr, check: pages.check}
	err = proc.ready(ctx, answers200("http://"+addr+path(0)))
	s.readyMs = milliseconds(time.Since(began))
	return s, orStop(s, err)
}

// nextText is the text of page i. Next.js sends it twice, as HTML and as the
// data that its client would render it from; with that the page is about as
// large as those of the others.
func nextText(i, size int) string {
	const around = 1620 // the rest of such a page
	text := strings.TrimSpace(string(paragraph(i)))
	text = strings.TrimSuffix(strings.TrimPrefix(text, "<p>"), "</p>") + ". "
	length := max(100, (size-around)/2)
	return strings.Repeat(text, 1+length/len(text))[:length]
}

// nextPages are the pages of Next.js, whose HTML only it knows: a page is right
// when it has the data of the origin and is then the same every time.
type nextPages struct {
	origin *origin
	mu     sync.Mutex
	seen   map[int][]byte // guarded by mu
}

func (n *nextPages) check(i int) func([]byte) error {
	oldest := n.origin.oldest(i)
	return func(body []byte) error {
		version, err := nextVersion(i, body)
		if err != nil {
			return err
		}
		if version < oldest {
			return fmt.Errorf("its version is %d, although %d was revalidated", version, oldest)
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.seen[i] == nil || n.origin.changing.Load() {
			n.seen[i] = body
			if text := nextText(i, int(n.origin.size.Load())); !bytes.Contains(body, []byte(text)) {
				return errors.New("its text is not that of the data source")
			}
		}
		if !bytes.Equal(body, n.seen[i]) {
			return fmt.Errorf("its %d bytes are others than before", len(body))
		}
		return nil
	}
}

// nextVersion reads the version out of a page's title.
func nextVersion(i int, body []byte) (int64, error) {
	_, rest, found := bytes.Cut(body, fmt.Appendf(nil, "<h1>Post %012d version ", i))
	if !found {
		return 0, errors.New("its title is not that of the page")
	}
	var version int64
	_, err := fmt.Sscanf(string(rest[:min(12, len(rest))]), "%d", &version)
	return version, err
}
