package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// anyCPU lets a process run on every core, to prepare what is not measured.
const anyCPU = -1

// command is a program on one core, in a process group of its own.
func (l *lab) command(ctx context.Context, cpu int, name string, args ...string) *exec.Cmd {
	cores := "0-" + strconv.Itoa(l.cores-1)
	if cpu != anyCPU {
		cores = strconv.Itoa(cpu)
	}
	cmd := exec.CommandContext(ctx, "taskset", append([]string{"-c", cores, name}, args...)...) //nolint:gosec // G204: programs of this machine, with arguments from here
	ownGroup(cmd)
	cmd.Cancel = func() error { return killGroup(cmd.Process.Pid) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// process is a server that runs.
type process struct {
	name   string
	cmd    *exec.Cmd
	output tail
	ended  chan struct{} // closed when it has
}

// launch starts a server. stop ends it.
func launch(name string, cmd *exec.Cmd) (*process, error) {
	p := &process{name: name, cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		_ = cmd.Wait() // how it ended, its output says better
		close(p.ended)
	}()
	return p, nil
}

// ready calls try until it returns nil, the process ends, or a minute is over.
func (p *process) ready(ctx context.Context, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s has ended at its start; it said:\n%s", p.name, p.output.String())
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer (%w): %w; it said:\n%s", p.name, ctx.Err(), err, p.output.String())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// accepts says whether somebody listens there.
func accepts(addr string) func(context.Context) error {
	return func(ctx context.Context) error {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		return c.Close()
	}
}

// answers200 says whether a GET is answered so.
func answers200(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("GET %s: status %d", url, res.StatusCode)
		}
		return nil
	}
}

// stop asks the server to end, ends what is left of its group, and says whether
// it had ended by itself before.
func (p *process) stop() error {
	var err error
	select {
	case <-p.ended:
		err = fmt.Errorf("%s has ended while it was measured; it said:\n%s", p.name, p.output.String())
	default:
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails when it has just ended
	}
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
	}
	err = errors.Join(err, killGroup(p.cmd.Process.Pid))
	<-p.ended
	return err
}

// freeAddr is an address of this machine on which nobody listens.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// freeAddrs is two of them.
func freeAddrs() (one, other string, err error) {
	for one == other {
		if one, err = freeAddr(); err != nil {
			return "", "", err
		}
		if other, err = freeAddr(); err != nil {
			return "", "", err
		}
	}
	return one, other, nil
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte // guarded by mu
}

func (t *tail) Write(p []byte) (int, error) {
	const most = 8 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if len(t.text) > most {
		t.text = append([]byte(nil), t.text[len(t.text)-most:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

// tool runs a program to its end and returns what it printed.
func tool(ctx context.Context, dir string, env []string, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // G204: programs of this machine, with arguments from here
	ownGroup(cmd)
	cmd.Cancel = func() error { return killGroup(cmd.Process.Pid) }
	cmd.WaitDelay = 5 * time.Second
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return out, errors.Join(ctx.Err(), fmt.Errorf("%s: %w\n%s", cmd, err, out))
	}
	return out, nil
}
