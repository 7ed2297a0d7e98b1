package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// The exit statuses. A command that a signal has ended exits with 128 plus the
// number of the signal, as shells count: 130 for Ctrl-C.
const (
	exitDone   = 0
	exitFailed = 1
	exitMisuse = 2
)

// failure is an error for people: what is wrong, and what to do about it.
type failure struct {
	message string
	fix     string // empty: nothing to be said
	status  int    // of exit; zero: exitFailed
	err     error  // what it came from; may be nil
}

func (f *failure) Error() string { return f.message }
func (f *failure) Unwrap() error { return f.err }

// fail returns an error with exit status 1.
func fail(message, fix string, err error) error {
	return &failure{message: message, fix: fix, err: err}
}

// misuse returns an error with exit status 2, which sends the reader to the help
// of c.
func misuse(c *cobra.Command, message, fix string) error {
	help := "See " + c.CommandPath() + " --help"
	if fix != "" {
		help = fix + "\n" + help
	}
	return &failure{message: message, fix: help, status: exitMisuse}
}

// report writes err, if there is one, and returns the exit status that it means.
func (g *global) report(ctx context.Context, err error) int {
	if err == nil {
		return exitDone
	}
	if signal, ok := errors.AsType[*signalError](context.Cause(ctx)); ok {
		f := &failure{message: signal.Error(), status: signal.status()}
		if left, ok := errors.AsType[*interruptedError](err); ok {
			f.fix = left.state
		}
		g.write(f)
		return f.status
	}
	if code, ok := g.reportConfig(err); ok {
		return code
	}
	f, ok := errors.AsType[*failure](err)
	if !ok {
		f = &failure{message: strings.TrimPrefix(err.Error(), "reprint: ")}
	}
	g.write(f)
	if f.status == 0 {
		return exitFailed
	}
	return f.status
}

// write writes f to standard error, in words or as JSON.
func (g *global) write(f *failure) {
	if g.json {
		g.writeErrorJSON(struct {
			Message string `json:"message"`
			Fix     string `json:"fix,omitempty"`
		}{f.message, f.fix})
		return
	}
	s := g.screen(g.err)
	fmt.Fprintf(g.err, "%s %s\n", s.paint(red, "reprint:"), cleanLines(f.message))
	if f.fix != "" {
		fmt.Fprintln(g.err, cleanLines(f.fix))
	}
}

// writeJSON writes v to standard output, as the API writes it.
func (g *global) writeJSON(v any) error { return encode(g.out, v) }

func (g *global) writeErrorJSON(v any) {
	// There is nobody left to tell when this fails.
	_ = encode(g.err, v)
}

func encode(w interface{ Write([]byte) (int, error) }, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// interruptedError is returned by a command that the end of its context has
// ended, when there is something to say of what it leaves behind.
type interruptedError struct{ state string }

func (*interruptedError) Error() string { return "interrupted" }
func (*interruptedError) Unwrap() error { return context.Canceled }

// signalError is the cause of a context that a signal has ended.
type signalError struct{ signal os.Signal }

func (e *signalError) Error() string {
	if e.signal == os.Interrupt {
		return "interrupted"
	}
	return "ended by the signal: " + e.signal.String()
}

// Unwrap makes it what an error of an ended context is.
func (e *signalError) Unwrap() error { return context.Canceled }

func (e *signalError) status() int {
	if n, ok := e.signal.(syscall.Signal); ok {
		return 128 + int(n)
	}
	return exitFailed
}

// interruptible returns a context that ends with the first SIGINT or SIGTERM. The
// second one ends the program at once. The function returned stops listening.
func interruptible(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case s := <-signals:
			cancel(&signalError{s})
		case <-ctx.Done():
		}
		signal.Stop(signals)
	}()
	return ctx, func() { cancel(nil) }
}
