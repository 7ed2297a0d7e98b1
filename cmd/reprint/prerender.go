package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprint-go/reprint/admin"
)

// prerenderInProcess prerenders without a server, with the site that a
// configuration file describes. It is used when the file says where the server
// is and none runs there. Nil: there is no such way, and it is an error.
var prerenderInProcess = prerenderHere

func prerenderCommand(g *global) *cobra.Command {
	var r admin.PrerenderRequest
	c := &cobra.Command{
		Use:   "prerender [PATH...]",
		Short: "Render pages before anybody asks for them",
		Long: `Has the running server render pages before anybody asks for them: the paths,
those of a sitemap, those of a list, or, when nothing is named, what the
routes of the configuration file list under "prerender". Pages that are fresh
are skipped.

On a terminal a bar shows how far it is, how fast, and when it will be done;
elsewhere a line does every few seconds. The pages that could not be rendered
are listed at the end, and the exit status is then 1. Visitors keep the last
good page of each. Ctrl-C ends it; the pages rendered until then stay.`,
		Example: `  # What the configuration file lists
  reprint prerender

  # Some pages
  reprint prerender / /posts/1 /posts/2

  # What the origin's sitemap lists
  reprint prerender --sitemap /sitemap.xml`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			r.Paths = args
			if err := checkPaths(c, args); err != nil {
				return err
			}
			named := 0
			for _, is := range []bool{len(args) > 0, r.Sitemap != "", r.URL != ""} {
				if is {
					named++
				}
			}
			if named > 1 {
				return misuse(c, "more than one of PATH, --sitemap and --list is given", "Name one of them, and prerender the others with another call.")
			}
			return g.prerender(c.Context(), r)
		},
	}
	c.Flags().StringVar(&r.Sitemap, "sitemap", "", "the pages of the sitemap at this `URL` of the origin, or path")
	c.Flags().StringVar(&r.URL, "list", "", "the pages of the list at this `URL` of the origin, or path: one path per line, or a JSON array")
	g.clientFlags(c)
	complete(c, "sitemap")
	complete(c, "list")
	return c
}

// mostFailures is how many failures are kept to be listed at the end.
const mostFailures = 1000

// prerenderRun is a run of which the progress is shown.
type prerenderRun struct {
	g        *global
	shown    progress
	last     admin.PrerenderProgress
	failures []admin.PrerenderProgress // of pages, at most mostFailures
	listing  string                    // why a list could not be read to its end; empty: all could
	lineErr  error                     // of writing JSON
}

func (g *global) prerender(ctx context.Context, r admin.PrerenderRequest) error {
	s, err := g.findServer()
	if err != nil {
		return err
	}
	run := &prerenderRun{g: g, shown: g.newProgress()}
	begin := g.now()
	if s.inProcess {
		err = run.here(ctx, s, r, s.noListener())
	} else {
		err = run.there(ctx, s, r)
	}
	run.shown.end()
	if run.last.Listed > 0 && !g.json {
		run.summary(g.now().Sub(begin))
	}
	switch {
	case run.lineErr != nil:
		return run.lineErr
	case err != nil && ctx.Err() != nil:
		return &interruptedError{"The pages that were rendered stay."}
	case run.listing != "":
		return fail(run.listing, "What was listed before is rendered, and the pages stay.", err)
	case run.last.Failed > 0:
		return fail(ofPages(run.last.Failed, run.last.Listed)+" could not be rendered",
			"The last good page of each stays, if there is one. To know more: reprint explain PATH", err)
	default:
		return err
	}
}

// there has the server do it, or does it here when no server runs that the
// configuration file names.
func (run *prerenderRun) there(ctx context.Context, s *remote, r admin.PrerenderRequest) error {
	if err := run.g.dial(s); err != nil {
		return err
	}
	last, err := s.Prerender(ctx, r, run.line)
	if err != nil && unreachable(err) && s.file != "" {
		return run.here(ctx, s, r, s.failed(err))
	}
	if err == nil && last.Finished {
		run.last = last
	}
	return s.failed(err)
}

// here does it in this process; where that cannot be, it returns otherwise.
func (run *prerenderRun) here(ctx context.Context, s *remote, r admin.PrerenderRequest, otherwise error) error {
	if prerenderInProcess == nil {
		return otherwise
	}
	err := prerenderInProcess(ctx, run.g, s.file, r, run.line)
	end := run.last
	if end.Finished || end == (admin.PrerenderProgress{}) && err != nil {
		return err // it did not begin
	}
	end.Path, end.Error, end.Finished = "", "", true
	if err != nil {
		end.Error = strings.TrimPrefix(err.Error(), "reprint: ")
	}
	run.line(end)
	return err
}

// line takes one line of the progress.
func (run *prerenderRun) line(p admin.PrerenderProgress) {
	run.last = p
	if p.Error != "" && p.Path == "" && !p.Finished {
		run.listing = p.Error
	}
	if run.g.json {
		if err := run.g.writeJSON(p); err != nil && run.lineErr == nil {
			run.lineErr = err
		}
		return
	}
	if p.Error != "" && p.Path != "" && len(run.failures) < mostFailures {
		run.failures = append(run.failures, p)
	}
	run.shown.show(p)
}
