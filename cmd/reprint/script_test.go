package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what the code gives into docs and scripts, instead of comparing")

// TestMain makes the program, and what the scripts need beside it, commands that
// a script can run.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"reprint":    main,
		"onterminal": onTerminal,
		"statusof":   statusOf,
		"fetch":      fetch,
	})
}

// TestScripts runs testdata/script: one script or more for each command.
//
//	exits CODE COMMAND ARG...            the command exits with that status
//	admin-server FILE                    a server that expects and answers what FILE says; see fake_test.go
//	admin-holds                          waits until that server holds a request
//	admin-done                           it was asked everything that it expects
//	admin-fill FILE                      writes its host and port into FILE, for $ADMIN_ADDRESS
//	exec onterminal WIDTH COMMAND ARG... the command at a terminal that is so many columns wide
//	exec statusof COMMAND ARG...         the command; its exit status as text; signals are passed on
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Values[fakeKey{}] = new(fake)
			// Nobody listens here: what would find a server by itself finds none.
			env.Setenv("REPRINT_ADMIN", "http://127.0.0.1:1")
			// With the race detector each program would wait a second before it exits.
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":        exits,
			"admin-server": startFake,
			"admin-holds":  fakeHolds,
			"admin-done":   fakeDone,
			"admin-fill":   fakeFill,
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARG...")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}

func statusOf() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	c := exec.Command(os.Args[1], os.Args[2:]...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	if err := c.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go func() {
		for s := range signals {
			// It fails when the command has ended, and then its status says so.
			_ = c.Process.Signal(s)
		}
	}()
	// The status is the answer, whatever it is.
	_ = c.Wait()
	fmt.Println("exit status", c.ProcessState.ExitCode())
}
