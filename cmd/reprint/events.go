package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprint-go/reprint/admin"
)

func eventsCommand(g *global) *cobra.Command {
	var after uint64
	c := &cobra.Command{
		Use:   "events",
		Short: "Follow what happens, while it happens",
		Long: `Writes a line for each revalidation when it is in force ("revalidated"), and one
when its pages are done ("done"), until it is interrupted. When the connection
breaks it is made again, and goes on where it was: no revalidation is left out,
and none comes twice. Where the journal does not keep what is missing, a line
says so ("gap").`,
		Example: `  # What happens from now on
  reprint events

  # Everything that the journal keeps, and what comes
  reprint events --after 0 --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := g.connect()
			if err != nil {
				return err
			}
			from := &after
			if !c.Flags().Changed("after") {
				from = nil
			}
			return g.follow(c.Context(), s, from)
		},
	}
	c.Flags().Uint64Var(&after, "after", 0, "begin behind position `N` of the journal, not with what comes from now on")
	g.clientFlags(c)
	complete(c, "after")
	return c
}

// longestPause is the longest time between two attempts to connect again.
const longestPause = 30 * time.Second

// follow writes events until ctx ends. It gives up when the first connection cannot be
// made, or the server refuses a later one.
func (g *global) follow(ctx context.Context, s *remote, after *uint64) error {
	for connected, pause := false, time.Duration(0); ; {
		stream, err := s.Events(ctx, after)
		if err == nil {
			var written error
			written, err = g.showEvents(stream)
			if written != nil {
				return written
			}
			last := stream.Last()
			after, pause, connected = &last, stream.Retry(), true
		} else {
			pause = min(2*pause, longestPause)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case !connected || refuses(err):
			return s.failed(err)
		}
		fmt.Fprintf(g.err, "the connection is broken, and made again in %s: %s\n", took(pause), clean(err.Error()))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// refuses reports whether an error is the server's word that it does not want the call,
// now or later.
func refuses(err error) bool {
	answer, ok := errors.AsType[*admin.APIError](err)
	return ok && answer.Status < 500 && answer.Status != 429
}

// showEvents writes the events of a stream until it ends. written is why they cannot be
// written any more.
func (g *global) showEvents(stream *admin.EventStream) (written, err error) {
	defer stream.Close()
	for {
		e, err := stream.Next()
		if err != nil {
			return nil, err
		}
		if g.json {
			written = g.writeJSON(e)
		} else {
			written = g.screen(g.out).event(e)
		}
		if written != nil {
			return written, nil
		}
	}
}

// event writes one line.
func (s screen) event(e admin.Event) error {
	at := "-"
	switch {
	case e.Time == nil:
	case s.terminal:
		at = e.Time.Local().Format(time.DateTime)
	default:
		at = e.Time.UTC().Format(time.RFC3339)
	}
	about := ""
	switch {
	case e.Kind == "gap":
		about = "the journal does not keep the entries up to this one"
	case e.Receipt != nil:
		about = e.ID + "  " + summary(e.Receipt, false)
	default:
		about = e.ID + "  " + e.Mode
		if e.By != "" {
			about += " by " + e.By
		}
		about += ": " + fewOf(e.Tags)
	}
	as := plain
	if e.Kind == "gap" || e.Receipt != nil && e.Receipt.Failed > 0 {
		as = red
	}
	_, err := fmt.Fprintf(s, "%s  %d  %s  %s\n", s.paint(dim, at), e.Position, s.paint(as, fmt.Sprintf("%-11s", clean(e.Kind))), clean(about))
	return err
}

// fewOf joins the first of names.
func fewOf(names []string) string {
	const enough = 5
	if len(names) <= enough+1 {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:enough], ", ") + fmt.Sprintf(" and %d more", len(names)-enough)
}
