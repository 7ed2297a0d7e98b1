package main

import (
	"regexp"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// momentCommand sets a variable to a moment that is some time away.
func momentCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: moment NAME DURATION")
	}
	d, err := time.ParseDuration(args[1])
	ts.Check(err)
	ts.Setenv(args[0], time.Now().Add(d).UTC().Format(time.RFC3339Nano))
}

// untilStdout runs a command until its output has a line that matches.
func untilStdout(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until-stdout PATTERN COMMAND ARG...")
	}
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	deadline := time.Now().Add(20 * time.Second)
	for {
		ts.Check(ts.Exec(args[1], args[2:]...))
		out := ts.ReadFile("stdout")
		if pattern.MatchString(out) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("no output matches %q; the last is:\n%s", args[0], out)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

var anID = regexp.MustCompile(`\b[A-Z2-7]{16}\b`)

// idCommand sets ID to the first ID in what the last command has written.
func idCommand(ts *testscript.TestScript, _ bool, _ []string) {
	id := anID.FindString(ts.ReadFile("stdout"))
	if id == "" {
		ts.Fatalf("there is no ID")
	}
	ts.Setenv("ID", id)
}
