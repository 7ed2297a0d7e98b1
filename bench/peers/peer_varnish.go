package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
)

// findVarnish finds Varnish, which stands in front of the origin as reprint does.
func (l *lab) findVarnish(ctx context.Context) ([]*peer, error) {
	binary, err := program("varnishd")
	if err != nil {
		return nil, fmt.Errorf("%w: apt-get install varnish, or run with -install as root", err)
	}
	version, err := tool(ctx, "", nil, binary, "-V")
	if err != nil {
		return nil, err
	}
	return []*peer{{id: "varnish", name: "Varnish", version: firstLine(version), start: func(ctx context.Context, p *peer, j job) (*server, error) {
		return l.startVarnish(ctx, p, binary, j)
	}}}, nil
}

// varnishConfig keeps every page. Varnish stores one form of it: compressed
// when that is what is asked for, so that nothing is converted for each hit.
const varnishConfig = `vcl 4.1;
backend default { .host = %q; .port = %q; }
sub vcl_backend_response {
  set beresp.ttl = 1d;
  set beresp.do_gzip = %t;
}
`

func (l *lab) startVarnish(ctx context.Context, p *peer, binary string, j job) (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	origin, err := url.Parse(l.origin.url)
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(origin.Host)
	if err != nil {
		return nil, err
	}
	run := filepath.Join(l.dir, "varnish")
	if err := os.MkdirAll(run, 0o700); err != nil {
		return nil, err
	}
	file := filepath.Join(l.dir, "varnish.vcl")
	if err := os.WriteFile(file, fmt.Appendf(nil, varnishConfig, host, port, j.Gzip), 0o600); err != nil {
		return nil, err
	}
	// -j none: it keeps the user that runs it, who owns the directory.
	cmd := l.command(ctx, l.opts.serverCPU, binary, "-F", "-f", file, "-a", addr, "-n", run, "-j", "none", "-S", "none", "-T", "none",
		"-s", "malloc,"+strconv.FormatInt(j.bytesHeld()>>20, 10)+"m", "-p", "thread_pools=1")
	p.command = shown(l.dir, cmd.Args)
	return l.startSimple(ctx, p.name, cmd, addr)
}
