package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
)

// packages are those of Debian that have a program.
var packages = []struct{ program, name string }{
	{"wrk", "wrk"},
	{"nginx", "nginx-light"},
	{"varnishd", "varnish"},
}

// install gets what is missing from Debian's packages.
func install(ctx context.Context, p *progress) error {
	var names []string
	for _, pkg := range packages {
		if _, err := program(pkg.program); err != nil {
			names = append(names, pkg.name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	if os.Geteuid() != 0 {
		return errors.New("-install needs root: run it with sudo, or install the packages yourself")
	}
	p.say("installing %v", names)
	env := []string{"DEBIAN_FRONTEND=noninteractive"}
	if _, err := tool(ctx, "", env, "apt-get", "-qq", "update"); err != nil {
		return err
	}
	// Their services would listen on ports that are not ours to take.
	env = append(env, "RUNLEVEL=1")
	_, err := tool(ctx, "", env, "apt-get", append([]string{"-qq", "install", "--no-install-recommends"}, names...)...)
	return err
}

// program finds a server, also where the PATH of a user does not lead.
func program(name string) (string, error) {
	file, err := exec.LookPath(name)
	if err == nil {
		return file, nil
	}
	if file, err := exec.LookPath("/usr/sbin/" + name); err == nil {
		return file, nil
	}
	return "", err
}
