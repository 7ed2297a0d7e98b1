package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestServe runs testdata/serve: the real server, in front of an origin that serves
// the script's own files.
//
//	origin DIR           serves DIR as $ORIGIN; the file NAME.header beside NAME holds headers, NAME.status a status
//	ports NAME...        sets each to a free address on loopback
//	until URL STATUS     asks until the answer has that status
//	until-hit URL        asks until it is answered from a page
//	fetches N            the origin was asked for pages N times since the last time, or any number of times
//	metric LINE          waits until the server's metrics have that line
//	signal SIG           sends the background program a signal
//	moment NAME DURATION sets NAME to the moment that far from now
//	id                   sets ID to the first ID in the output of the last command
//	until-stdout PATTERN COMMAND ARG... runs the command until its output has a line that matches
//	exec fetch [-X METHOD] [-H HEADER]... URL   prints status, chosen headers and body
func TestServe(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/serve",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("REPRINT_ADMIN", "")
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			env.Setenv("TOKEN", "f3a1c5e79b2d4680f3a1c5e79b2d4680")
			env.Setenv("SECRET", "0b9d8c7e6f5a4b3c2d1e0f9a8b7c6d5e")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"origin": originCommand, "ports": portsCommand, "until": untilCommand, "until-hit": untilHit, "fetches": fetchesCommand, "signal": signalCommand, "metric": metricCommand, "exits": exits,
			"moment": momentCommand, "until-stdout": untilStdout, "id": idCommand,
		},
	})
}

// pages counts the pages that an origin served.
type pages struct {
	dir   string
	count atomic.Int64
}

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.count.Add(1)
	name := filepath.Join(p.dir, filepath.FromSlash(r.URL.Path))
	if strings.HasSuffix(r.URL.Path, "/") {
		name = filepath.Join(name, "index")
	}
	if header, err := os.ReadFile(name + ".header"); err == nil {
		for line := range strings.Lines(string(header)) {
			if field, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
				w.Header().Add(field, value)
			}
		}
	}
	body, err := os.ReadFile(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	if status, err := os.ReadFile(name + ".status"); err == nil {
		code, _ := strconv.Atoi(strings.TrimSpace(string(status)))
		w.WriteHeader(code)
	}
	_, _ = w.Write([]byte(strings.NewReplacer("{host}", r.Host, "{query}", r.URL.RawQuery, "{method}", r.Method).Replace(string(body))))
}

func originCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: origin DIR")
	}
	p := &pages{dir: ts.MkAbs(args[0])}
	s := httptest.NewServer(p)
	ts.Defer(s.Close)
	ts.Setenv("ORIGIN", s.URL)
	origins.Store(s.URL, p)
}

// origins are those of the scripts that run, by URL: scripts run side by side.
var origins sync.Map

func portsCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: ports NAME...")
	}
	var all []net.Listener // at once, so that no two are the same
	for _, name := range args {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		ts.Setenv(name, l.Addr().String())
		ts.Defer(func() { _ = l.Close() }) // in case that it fails before
		all = append(all, l)
	}
	for _, l := range all {
		ts.Check(l.Close())
	}
}

func untilCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: until URL STATUS")
	}
	deadline := time.Now().Add(20 * time.Second)
	last := ""
	for time.Now().Before(deadline) {
		resp, err := http.Get(args[0])
		if err == nil {
			_ = resp.Body.Close()
			if last = strconv.Itoa(resp.StatusCode); last == args[1] {
				return
			}
		} else {
			last = err.Error()
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("%s: %s, want %s", args[0], last, args[1])
}

func untilHit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: until-hit URL")
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		resp, err := http.Get(args[0])
		ts.Check(err)
		_ = resp.Body.Close()
		status := resp.Header.Get("Cache-Status")
		if strings.HasPrefix(status, "reprint; hit") {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s: %s", args[0], status)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func fetchesCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: fetches N")
	}
	found, _ := origins.Load(ts.Getenv("ORIGIN"))
	p := found.(*pages)
	if got := p.count.Swap(0); args[0] != "any" && strconv.FormatInt(got, 10) != args[0] {
		ts.Fatalf("the origin was asked %d times, want %s", got, args[0])
	}
}

func metricCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: metric LINE")
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		r, err := http.NewRequest(http.MethodGet, "http://"+ts.Getenv("ADMIN")+"/metrics", nil)
		ts.Check(err)
		r.Header.Set("Authorization", "Bearer "+ts.Getenv("TOKEN"))
		resp, err := http.DefaultClient.Do(r)
		ts.Check(err)
		body, err := io.ReadAll(resp.Body)
		ts.Check(err)
		_ = resp.Body.Close()
		if strings.Contains(string(body), "\n"+args[0]+"\n") {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("the metrics have no line %q:\n%s", args[0], body)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func signalCommand(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}
	if neg || len(args) != 1 || signals[args[0]] == 0 {
		ts.Fatalf("usage: signal HUP|TERM|KILL")
	}
	running := ts.BackgroundCmds()
	if len(running) == 0 {
		ts.Fatalf("nothing runs")
	}
	ts.Check(running[len(running)-1].Process.Signal(signals[args[0]]))
}

// fetch is curl as far as the scripts need it.
func fetch() {
	flags := flag.NewFlagSet("fetch", flag.ExitOnError)
	method := flags.String("X", "GET", "")
	wanted := flags.String("show", "Cache-Status", "")
	header := make(http.Header)
	var host string
	flags.Func("H", "", func(s string) error {
		name, value, _ := strings.Cut(s, ": ")
		if name == "Host" {
			host = value
		}
		header.Add(name, value)
		return nil
	})
	_ = flags.Parse(os.Args[1:]) // it exits
	r, err := http.NewRequest(*method, flags.Arg(0), nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	r.Header, r.Host = header, host
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode)
	for name := range strings.SplitSeq(*wanted, ",") {
		for _, v := range resp.Header.Values(name) {
			fmt.Printf("%s: %s\n", name, v)
		}
	}
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(strings.TrimSuffix(string(body), "\n"))
}
