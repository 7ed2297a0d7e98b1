package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// progress says what is being done: on a terminal in one line that changes,
// elsewhere in one line for each thing.
type progress struct {
	mu       sync.Mutex
	to       io.Writer
	terminal bool
	shown    bool // a line that changes is there; guarded by mu
}

func newProgress(f *os.File) *progress {
	info, err := f.Stat()
	return &progress{to: f, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"}
}

// say tells what is being done now.
func (p *progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	if !p.terminal {
		fmt.Fprintln(p.to, text)
		return
	}
	if len(text) > 110 {
		text = text[:110]
	}
	fmt.Fprintf(p.to, "\r\x1b[K%s", text)
	p.shown = true
}

// often is say for what changes many times a second: nothing but on a terminal.
func (p *progress) often(format string, args ...any) {
	if p.terminal {
		p.say(format, args...)
	}
}

// loud tells what must not be overlooked, in a line that stays.
func (p *progress) loud(format string, args ...any) {
	p.done()
	fmt.Fprintf(p.to, "!!! %s\n", strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "\n    "))
}

// done takes the line that changes away.
func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.to, "\r\x1b[K")
		p.shown = false
	}
}
