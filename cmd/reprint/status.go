package main

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprint-go/reprint/admin"
)

func statusCommand(g *global) *cobra.Command {
	c := &cobra.Command{
		Use:   "status",
		Short: "Show how the server is doing",
		Long: `Shows how the running server is doing: its version, whether it is ready, how
many pages it keeps and in how much memory, what is rendered now, and what
fails.`,
		Example: `  reprint status
  reprint status --json | jq .ready`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := g.connect()
			if err != nil {
				return err
			}
			status, err := s.Status(c.Context())
			if err != nil {
				return s.failed(err)
			}
			if g.json {
				return g.writeJSON(status)
			}
			g.screen(g.out).status(s.url, status)
			return nil
		},
	}
	g.clientFlags(c)
	return c
}

func (s screen) status(url string, status *admin.Status) {
	f := facts{screen: s}
	f.add("server", url)
	f.add("version", status.Version)
	f.add("ready", yes(status.Ready))
	f.add("started", s.at(status.Started))
	f.add("position", strconv.FormatUint(status.Position, 10))
	if status.Pages >= 0 {
		f.add("pages", strconv.FormatInt(status.Pages, 10))
	}
	f.add("in memory", fmt.Sprintf("%s, %s of %s", counted(int64(status.MemoryPages), "page"), bytes(status.MemoryBytes), bytes(status.MemoryLimit)))
	f.add("renders", fmt.Sprintf("%d running of %d, %d waiting", status.RendersRunning, status.Renders, status.RendersWaiting))
	f.add("failing", counted(int64(status.Failing), "page"))
	f.add("lost", counted(int64(status.Lost), "render"))
	if p := status.Prerender; p != nil {
		state := "running"
		if p.Finished {
			state = "finished"
			if p.Error != "" {
				state = "failed: " + p.Error
			}
		}
		f.add("prerender", prerendered(*p)+"; "+state)
	}
	if status.Refills > 0 {
		f.add("refills", counted(int64(status.Refills), "refill"))
	}
	for _, one := range status.Refilling {
		f.add("refill", fmt.Sprintf("%s: %s; %s", one.ID, refillCount(one), cmp.Or(refillPace(one), refillState(one))))
	}
	f.flush()
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// fromMs is a number of milliseconds as a duration.
func fromMs(milliseconds float64) time.Duration {
	return time.Duration(milliseconds * float64(time.Millisecond))
}
