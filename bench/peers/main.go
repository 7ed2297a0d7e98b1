// Command peers measures Reprint beside the servers it could be replaced with:
// nginx, Varnish, Next.js and a net/http server with bytes in a map. Each gets
// one core and the load generator, wrk, the other; every answer is verified.
//
//	cd bench && go run ./peers
//	cd bench && go run ./peers -smoke
//	cd bench && go run ./peers -curves pages,size,connections,hitshare,revalidations
//	cd bench && go run ./peers -regenerate
//
// docs/performance.md has figures, how they are made and what they do not say.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		exit(serveMain(os.Args[2:]))
	}
	opts, err := parseOptions(os.Args[1:], os.Stderr)
	if err != nil {
		os.Exit(2) // the flag package has said why
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err = run(ctx, opts)
	stop()
	exit(err)
}

// exit ends the program with the status for err: 130 when it was interrupted.
func exit(err error) {
	switch {
	case err == nil:
		os.Exit(0)
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "peers: interrupted; every server was ended")
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
