// Command peers measures Reprint beside the servers it could be replaced with:
// nginx, Varnish, Next.js and a net/http server with bytes in a map.
//
//	cd bench && go run ./peers
//	cd bench && go run ./peers -smoke
//	cd bench && go run ./peers -curves pages,size,connections,hitshare,revalidations
//	cd bench && go run ./peers -regenerate
//
// # How
//
// Everything is on loopback and on one machine: the server that is measured has
// one core and one worker, Go as it sees one core; wrk has another, which it shares with
// this program, the origin of those servers that are caches. One server runs at
// a time, started anew for each measurement, in rounds in which each has its
// turn; figures are medians over the rounds, ratios those of the same round. CPU
// is that of all processes of the server, the kernel's on their behalf included.
//
// A figure stands for right answers only. Before and after the timed run 64
// connections ask for every page and compare it byte for byte; in between wrk
// must see no failure, and the bytes that it read must be those of as many such
// answers. A page that was revalidated must be from a render that began after
// the call. A peer that fails has no figures, and the exit status is 1.
//
// # What it does not say
//
// The load is closed: a connection asks again when it has its answer, so that
// the latencies of a saturated server say how many connections there were. The
// faster servers wait for wrk; of those CPU per hit tells more than the rate.
// Where the origin has work (misses, revalidations) it takes wrk's core. Work
// that the kernel does for a server in an interrupt is accounted to whoever was
// interrupted. Cores that are threads of one are not told apart.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		exit(serveMain(os.Args[2:]))
	}
	opts, err := parseOptions(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		os.Exit(2) // what was wrong is said already
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err = run(ctx, opts)
	if ctx.Err() != nil {
		err = errors.Join(context.Cause(ctx), err) // it names the signal
	}
	stop()
	exit(err)
}

// exit ends the program with the status for err: 130 when it was interrupted.
func exit(err error) {
	switch {
	case err == nil:
		os.Exit(0)
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(os.Stderr, "peers: %v; every server was ended\n", strings.ReplaceAll(err.Error(), "\n", ": "))
		os.Exit(130)
	}
	fmt.Fprintf(os.Stderr, "peers: %v\n", err)
	os.Exit(1)
}

// run does what the options ask for and writes what it found.
func run(ctx context.Context, opts options) (err error) {
	l, err := newLab(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	peers, err := l.findPeers(ctx)
	if err != nil {
		return err
	}
	r := report{Command: os.Args[1:]}
	switch {
	case opts.regenerate:
		r.Regenerations, err = l.regenerations(ctx, peers)
	case len(opts.curves) > 0:
		r.Curves, err = l.curves(ctx, peers)
	default:
		r.Comparison, err = l.compare(ctx, peers)
	}
	if err != nil {
		return err
	}
	l.progress.done()
	r.Machine = l.machine(ctx, peers)
	return r.write(os.Stdout, opts)
}
