package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
)

// lab is what all measurements share.
type lab struct {
	opts     options
	cores    int    // that the machine has
	dir      string // under TMPDIR, gone at the end
	memory   string // in a file system in memory, gone at the end; empty: not made
	script   string // for wrk
	origin   *origin
	progress *progress
	files    int // that a process may have open
	fresh    int // the last number of a page that was asked for as never seen before
}

// firstFresh is where the numbers of pages begin that nobody has seen before.
const firstFresh = 1_000_000_000

func newLab(ctx context.Context, opts options) (*lab, error) {
	if err := supported(); err != nil {
		return nil, err
	}
	l := &lab{opts: opts, cores: runtime.NumCPU(), progress: newProgress(os.Stderr), fresh: firstFresh}
	if l.cores < 2 && opts.loadCPU != opts.serverCPU {
		l.progress.loud("this machine has one core: server and load share it, so rates say little and CPU per hit alone counts")
		l.opts.serverCPU, l.opts.loadCPU = 0, 0
	}
	if opts.install {
		if err := install(ctx, l.progress); err != nil {
			return nil, err
		}
	}
	if err := missingTools(); err != nil {
		return nil, err
	}
	files, err := openFiles(1 << 16)
	if err != nil {
		return nil, err
	}
	l.files = int(files)
	return l, l.open(ctx)
}

func missingTools() error {
	var faults []error
	for tool, get := range map[string]string{
		"wrk":     "the load generator: apt-get install wrk, or run with -install as root",
		"taskset": "to keep programs on their cores: apt-get install util-linux",
	} {
		if _, err := exec.LookPath(tool); err != nil {
			faults = append(faults, fmt.Errorf("there is no %s, %s", tool, get))
		}
	}
	return errors.Join(faults...)
}

// open makes what close takes away.
func (l *lab) open(ctx context.Context) (err error) {
	if l.dir, err = os.MkdirTemp("", "reprint-peers-"); err != nil {
		return err
	}
	// What compilers and others leave when they are interrupted goes with it.
	if err := os.Setenv("TMPDIR", l.dir); err != nil {
		return errors.Join(err, l.close())
	}
	l.script = filepath.Join(l.dir, "wrk.lua")
	if err := os.WriteFile(l.script, wrkScript, 0o600); err != nil {
		return errors.Join(err, l.close())
	}
	if l.origin, err = startOrigin(ctx); err != nil {
		return errors.Join(err, l.close())
	}
	return nil
}

func (l *lab) close() error {
	l.progress.done()
	var err error
	if l.origin != nil {
		err = l.origin.close()
	}
	if l.memory != "" {
		err = errors.Join(err, os.RemoveAll(l.memory))
	}
	return errors.Join(err, os.RemoveAll(l.dir))
}

// inMemory is a directory in a file system in memory.
func (l *lab) inMemory() (string, error) {
	if l.memory != "" {
		return l.memory, nil
	}
	at, err := memoryFiles()
	if err == nil {
		l.memory, err = os.MkdirTemp(at, "reprint-peers-")
	}
	return l.memory, err
}

// directory returns a directory in another one for what is made once for several
// measurements, and whether it has to be made now. Of one kind only the last one is
// kept: they are large.
func (l *lab) directory(in, kind, name string) (dir string, missing bool, err error) {
	parent := filepath.Join(in, kind)
	dir = filepath.Join(parent, name)
	if _, err := os.Stat(dir); err == nil {
		return dir, false, nil
	}
	if err := os.RemoveAll(parent); err != nil {
		return "", false, err
	}
	return dir, true, os.MkdirAll(dir, 0o700)
}

// peer is a kind of server that can be measured.
type peer struct {
	id      string // as in -peers
	name    string // for readers
	version string
	command string // an example of how it is started, once it was

	// start runs it with the pages of a job and returns when it answers.
	start func(ctx context.Context, p *peer, j job) (*server, error)
}

// server is a peer that runs.
type server struct {
	*process
	addr    string // of what visitors reach
	admin   string // of the admin API, for reprint
	check   checker
	readyMs float64 // from its start until it answers
}

// findPeers finds those that the flags ask for, says which are missing, and
// fails for those that are required.
func (l *lab) findPeers(ctx context.Context) ([]*peer, error) {
	finders := []struct {
		id   string
		find func(context.Context) ([]*peer, error)
	}{
		{"reprint", l.findReprint},
		{"library", l.findLibrary},
		{"header", l.findHeader},
		{"map", l.findMap},
		{"fasthttp", l.findFasthttp},
		{"nginx", l.findNginx},
		{"varnish", l.findVarnish},
		{"nextjs", l.findNext},
	}
	var found []*peer
	var faults []error
	for _, f := range finders {
		if !l.opts.wants(f.id) {
			continue
		}
		l.progress.say("looking for %s", f.id)
		peers, err := f.find(ctx)
		switch {
		case err == nil:
			found = append(found, peers...)
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case l.required(f.id):
			faults = append(faults, fmt.Errorf("%s is required: %w", f.id, err))
		default:
			l.progress.loud("%s is LEFT OUT: %v", f.id, err)
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	// Only now: what was built before could use every core.
	return found, pinSelf(l.opts.loadCPU)
}

// required says whether a peer's absence is an error: what is named in
// -require, and what comes from this repository.
func (l *lab) required(id string) bool {
	own := slices.Contains([]string{"reprint", "library", "header", "map", "fasthttp"}, id)
	return own || slices.Contains(l.opts.require, id)
}

// bytesHeld is how much memory holds the pages of a job whole, with room.
func (j job) bytesHeld() int64 {
	return max(256<<20, 2*int64(j.Pages)*int64(j.Size+4096))
}
