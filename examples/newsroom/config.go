package main

import (
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"time"
)

// config is what the command line says.
type config struct {
	listen string        // address, host and port
	data   string        // directory of both databases
	slow   time.Duration // how long the data reads of one render take in all; 0: as long as they do
	secret string        // of /api/revalidate
	made   bool          // the secret was made up at this start
	open   bool          // the editor may listen for everybody
}

func readConfig(args []string, getenv func(string) string, usage io.Writer) (config, error) {
	var cfg config
	flags := flag.NewFlagSet("newsroom", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.StringVar(&cfg.listen, "listen", "127.0.0.1:8080", "`address` to listen on")
	flags.StringVar(&cfg.data, "data", filepath.Join("data", "newsroom"), "`directory` of the two databases; it is made if it is not there")
	flags.DurationVar(&cfg.slow, "slow", 300*time.Millisecond, "how long a page waits for its data, so that you feel what a static page saves; 0: no longer than it must")
	flags.StringVar(&cfg.secret, "secret", "", "`secret` of /api/revalidate, at least 16 characters (default $MY_SECRET_TOKEN, else a new one at each start)")
	flags.BoolVar(&cfg.open, "i-know-the-editor-is-open", false, "listen beyond this machine although the editor has no login")
	if err := flags.Parse(args); err != nil {
		return config{}, err
	}
	if flags.NArg() > 0 {
		return config{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if cfg.secret == "" {
		cfg.secret = getenv("MY_SECRET_TOKEN")
	}
	if cfg.secret == "" {
		cfg.secret, cfg.made = rand.Text(), true
	}
	return cfg, cfg.validate()
}

// validate refuses an address that others can reach: whoever reaches the editor
// can change everything.
func (c config) validate() error {
	host, _, err := net.SplitHostPort(c.listen)
	switch {
	case err != nil:
		return fmt.Errorf("-listen: %w", err)
	case c.slow < 0:
		return fmt.Errorf("-slow: %v is negative", c.slow)
	case !c.open && !isLoopback(host):
		return fmt.Errorf("-listen %s can be reached from other machines, and the editor has no login; listen on 127.0.0.1, or add -i-know-the-editor-is-open", c.listen)
	}
	return nil
}

// isLoopback reports whether host means this machine and cannot mean another.
func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
