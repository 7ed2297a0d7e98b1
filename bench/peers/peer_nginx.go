package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"time"
)

// findNginx finds nginx, which serves the pages as files.
func (l *lab) findNginx(ctx context.Context) ([]*peer, error) {
	binary, err := program("nginx")
	if err != nil {
		return nil, fmt.Errorf("%w: apt-get install nginx-light, or run with -install as root", err)
	}
	version, err := tool(ctx, "", nil, binary, "-v")
	if err != nil {
		return nil, err
	}
	return []*peer{{id: "nginx", name: "nginx, files", version: firstLine(version), start: func(ctx context.Context, p *peer, j job) (*server, error) {
		return l.startNginx(ctx, p, binary, j)
	}}}, nil
}

// nginxConfig is one worker that sends files with what is known to make it
// fast. Files are looked at once and stay open.
const nginxConfig = `%[5]s
daemon off;
master_process on;
worker_processes 1;
pid %[1]s/nginx.pid;
error_log stderr warn;
events { worker_connections 16384; }
http {
  access_log off;
  client_body_temp_path %[1]s/body;
  proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi;
  scgi_temp_path %[1]s/scgi;
  types { }
  default_type "text/html; charset=utf-8";
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 300;
  keepalive_requests 1000000000;
  open_file_cache max=200000 inactive=1h;
  open_file_cache_valid 1h;
  server {
    listen %[3]s backlog=16384;
    root %[2]s;
    gzip_static %[4]s;
    gzip_vary on;
  }
}
`

func (l *lab) startNginx(ctx context.Context, p *peer, binary string, j job) (*server, error) {
	files, missing, err := l.directory(l.dir, "files", j.files())
	if err != nil {
		return nil, err
	}
	if missing {
		l.progress.say("writing %d files for nginx", j.Pages)
		if err := writeFiles(ctx, filepath.Join(files, "posts"), j); err != nil {
			return nil, err
		}
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	own, err := runAs()
	if err != nil {
		return nil, err
	}
	gzipStatic := "off"
	if j.Gzip {
		gzipStatic = "on"
	}
	run := filepath.Join(l.dir, "nginx")
	if err := os.MkdirAll(run, 0o700); err != nil {
		return nil, err
	}
	file := filepath.Join(run, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, nginxConfig, run, files, addr, gzipStatic, own), 0o600); err != nil {
		return nil, err
	}
	cmd := l.command(ctx, l.opts.serverCPU, binary, "-p", run, "-e", "stderr", "-c", file)
	p.command = shown(l.dir, cmd.Args)
	return l.startSimple(ctx, p.name, cmd, addr)
}

// startSimple starts a server that is ready when it listens.
func (l *lab) startSimple(ctx context.Context, name string, cmd *exec.Cmd, addr string) (*server, error) {
	began := time.Now()
	proc, err := launch(name, cmd)
	if err != nil {
		return nil, err
	}
	s := &server{process: proc, addr: addr, check: l.checkPage}
	err = proc.ready(ctx, accepts(addr))
	s.readyMs = milliseconds(time.Since(began))
	return s, orStop(s, err)
}

// runAs is the line with which root's nginx may read our files.
func runAs() (string, error) {
	if os.Geteuid() != 0 {
		return "", nil
	}
	u, err := user.Current()
	if err != nil {
		return "", err
	}
	return "user " + u.Username + ";", nil
}

// writeFiles writes the pages and what gzip makes of each.
func writeFiles(ctx context.Context, dir string, j job) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for i := range j.Pages {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		name, body := filepath.Join(dir, strconv.Itoa(i)), page(i, 0, j.Size)
		if err := os.WriteFile(name, body, 0o600); err != nil {
			return err
		}
		if i >= j.Hot { // nobody asks for it
			continue
		}
		if err := os.WriteFile(name+".gz", compress(body), 0o600); err != nil {
			return err
		}
	}
	return nil
}
