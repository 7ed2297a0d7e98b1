package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/reprint-go/reprint/config"
)

func serveCommand(g *global) *cobra.Command {
	var originURL string
	c := &cobra.Command{
		Use:   "serve [--config FILE | --origin URL]",
		Short: "Serve a site in front of an HTTP origin",
		Long: `Stand in front of an HTTP server, the origin, and make its pages static: render
each once, serve it like a file, render it again when it is revalidated.

With --config (or ./reprint.yaml, if it is there) everything is as the file says;
see docs/configuration.md, or "reprint config reference". With --origin alone the
origin's own headers decide what is stored, in memory: a first try.

SIGHUP reads the file again and takes over routes, hooks, tokens and certificates
without dropping a connection or a page; what needs a restart is refused by name.
Variables keep the values that they had at the start.
SIGTERM and SIGINT stop listening, let running requests end, and then exit.
Under systemd (Type=notify-reload) it says when it is ready.`,
		Example: `  # A first try
  reprint serve --origin http://127.0.0.1:3000

  # As the file says
  reprint serve --config /etc/reprint/reprint.yaml

  # Take over a changed file
  kill -HUP $(pidof reprint)`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if originURL != "" && g.config != "" {
				return misuse(c, "--config and --origin are both given", "Name the origin in the file, as origin.url.")
			}
			cfg, err := g.serveConfig(c, originURL)
			if err != nil {
				return err
			}
			return g.serve(c.Context(), cfg)
		},
	}
	c.Flags().StringVar(&originURL, "origin", "", "`URL` of the origin, for a try without a file")
	c.Flags().StringVar(&g.config, "config", "", "configuration `FILE` (default ./"+defaultFile+")")
	return c
}

// serveConfig reads the configuration that the flags name.
func (g *global) serveConfig(c *cobra.Command, originURL string) (*config.Config, error) {
	if originURL != "" {
		return config.Default(originURL)
	}
	file := g.config
	if file == "" {
		if _, err := os.Stat(defaultFile); err != nil {
			return nil, misuse(c, "there is neither --config nor --origin, and no ./"+defaultFile, "For a first try: reprint serve --origin http://127.0.0.1:3000")
		}
		file = defaultFile
	}
	return config.Load(file, g.env)
}

// serve runs a server until ctx ends, and again for each SIGHUP takes over the
// file.
func (g *global) serve(ctx context.Context, cfg *config.Config) error {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)

	s, err := newServer(ctx, g, cfg)
	if err != nil {
		return fail(err.Error(), "", err)
	}
	if err := s.listen(ctx); err != nil {
		s.close()
		return err
	}
	s.start(ctx)
	for {
		select {
		case <-ctx.Done():
			return s.drain()
		case err := <-s.failed:
			return errors.Join(fail(fmt.Sprintf("a listener failed: %v", err), "", err), s.drain())
		case <-hangups:
			s.reload()
		}
	}
}
