package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/reprint-go/reprint/admin"
)

// findReprint builds reprint and takes each variant of it whose configuration
// it accepts.
func (l *lab) findReprint(ctx context.Context) ([]*peer, error) {
	built := filepath.Join(l.dir, "reprint")
	l.progress.say("building reprint")
	if _, err := tool(ctx, "..", []string{"CGO_ENABLED=0"}, "go", "build", "-o", built, "./cmd/reprint"); err != nil {
		return nil, fmt.Errorf("build reprint (run this in bench/): %w", err)
	}
	var peers []*peer
	for _, v := range slices.Concat([]variant{{name: "reprint"}}, l.opts.variants) {
		if v.binary == "" {
			v.binary = built
		}
		version, err := tool(ctx, "", nil, v.binary, "version")
		if err != nil {
			return nil, err
		}
		if err := l.accepted(ctx, v); err != nil {
			l.progress.loud("%s is LEFT OUT, this build does not take its configuration: %v", v.name, err)
			continue
		}
		peers = append(peers, &peer{id: "reprint", name: v.name, version: firstLine(version), start: func(ctx context.Context, p *peer, j job) (*server, error) {
			return l.startReprint(ctx, p, v, j)
		}})
	}
	return peers, nil
}

// accepted asks the variant's own build whether it knows its keys.
func (l *lab) accepted(ctx context.Context, v variant) error {
	c := reprintConfig{public: "127.0.0.1:1", admin: "127.0.0.1:2", origin: l.origin.url, lines: v.lines}
	file := filepath.Join(l.dir, "check.yaml")
	if err := os.WriteFile(file, c.text(l.opts.job()), 0o600); err != nil {
		return err
	}
	out, err := tool(ctx, "", nil, v.binary, "config", "check", "--config", file)
	if err != nil {
		return errors.New(strings.TrimPrefix(firstLine(out), file+":"))
	}
	return nil
}

// reprintConfig is what a configuration file for a job is made from.
type reprintConfig struct {
	public, admin, origin string
	store                 string // file; empty: in memory
	lines                 string
}

func (c reprintConfig) text(j job) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "listen: %s\nadmin:\n  listen: %s\norigin:\n  url: %s\nstore:\n", c.public, c.admin, c.origin)
	if c.store == "" {
		fmt.Fprintf(&b, "  memory: %dMiB\n", j.bytesHeld()>>20)
	} else {
		// Memory has its default: a durable store is there for what does not fit.
		fmt.Fprintf(&b, "  path: %s\n  disk: 500GiB\n  maxPages: 10000000\n", c.store)
	}
	fmt.Fprintf(&b, "log:\n  format: text\n  level: warn\n  access: 0\nroutes:\n  - path: /posts/{id}\n    prerender:\n      url: /list/%d\n", j.Pages)
	if c.lines != "" {
		fmt.Fprintln(&b, c.lines)
	}
	return b.Bytes()
}

// startReprint runs a variant on the server's core with all pages rendered.
func (l *lab) startReprint(ctx context.Context, p *peer, v variant, j job) (*server, error) {
	store := ""
	if j.Durable {
		file, missing, err := l.store(v, j)
		if err != nil {
			return nil, err
		}
		if store = file; missing {
			if err := l.fillStore(ctx, p, v, j, store); err != nil {
				return nil, err
			}
		}
	}
	s, err := l.serveReprint(ctx, p, v, j, store, l.opts.serverCPU)
	if err != nil || j.Durable {
		return s, err
	}
	return s, orStop(s, l.prerender(ctx, s, p, j))
}

// orStop stops a server that turned out to be of no use.
func orStop(s *server, err error) error {
	if err == nil {
		return nil
	}
	return errors.Join(err, s.stop())
}

// store is the file for a job's pages, and whether it has to be filled. Variants
// of one build share it: they differ in how they serve, not in what they keep.
func (l *lab) store(v variant, j job) (file string, missing bool, err error) {
	in := l.dir
	if j.Unsynced {
		if in, err = l.inMemory(); err != nil {
			return "", false, err
		}
	}
	dir, missing, err := l.directory(in, "store-"+strings.ReplaceAll(v.binary, string(filepath.Separator), "_"), j.files())
	return filepath.Join(dir, "reprint.db"), missing, err
}

// fillStore renders the pages into a store, with every core, before a server
// is started on it that has seen none of them.
func (l *lab) fillStore(ctx context.Context, p *peer, v variant, j job, store string) error {
	s, err := l.serveReprint(ctx, p, v, j, store, anyCPU)
	if err != nil {
		return err
	}
	return errors.Join(l.prerender(ctx, s, p, j), s.stop())
}

func (l *lab) serveReprint(ctx context.Context, p *peer, v variant, j job, store string, cpu int) (*server, error) {
	public, api, err := freeAddrs()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(l.dir, "reprint.yaml")
	c := reprintConfig{public: public, admin: api, origin: l.origin.url, store: store, lines: v.lines}
	if err := os.WriteFile(file, c.text(j), 0o600); err != nil {
		return nil, err
	}
	cmd := l.command(ctx, cpu, v.binary, "serve", "--config", file)
	p.command = shown(l.dir, cmd.Args)
	began := time.Now()
	proc, err := launch(v.name, cmd)
	if err != nil {
		return nil, err
	}
	s := &server{process: proc, addr: public, admin: api, check: l.checkPage}
	err = proc.ready(ctx, answers200("http://"+api+"/readyz"))
	s.readyMs = milliseconds(time.Since(began))
	return s, orStop(s, err)
}

func (l *lab) prerender(ctx context.Context, s *server, p *peer, j job) error {
	client, err := admin.NewClient("http://"+s.admin, "")
	if err != nil {
		return err
	}
	began := time.Now()
	last, err := client.Prerender(ctx, admin.PrerenderRequest{}, func(u admin.PrerenderProgress) {
		tell := l.progress.often
		if u.Rendered%100_000 == 0 {
			tell = l.progress.say
		}
		if u.Rendered > 0 && u.Rendered%1000 == 0 {
			tell("%s: %s of %s pages rendered", p.name, thousands(float64(u.Rendered)), thousands(float64(j.Pages)))
		}
	})
	switch {
	case err != nil:
		return fmt.Errorf("prerender %d pages with %s: %w", j.Pages, p.name, err)
	case last.Failed > 0 || last.Rendered+last.Skipped != j.Pages:
		return fmt.Errorf("of %d pages %s rendered %d, skipped %d and failed to render %d", j.Pages, p.name, last.Rendered, last.Skipped, last.Failed)
	case j.Pages >= 100_000:
		l.progress.say("%s: %s pages rendered in %s", p.name, thousands(float64(j.Pages)), time.Since(began).Round(time.Second))
	}
	return nil
}

// checkPage is the checker of all that serve the origin's pages as they are.
func (l *lab) checkPage(i int) func([]byte) error {
	oldest := l.origin.oldest(i)
	return func(body []byte) error { return l.origin.check(i, oldest, body) }
}
