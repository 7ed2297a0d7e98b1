package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
	"github.com/reprint-go/reprint/config"
	"github.com/reprint-go/reprint/origin"
)

// prerendering is the prerendering at start.
type prerendering struct {
	mu     sync.Mutex
	state  reprint.Progress // guarded by mu
	wanted bool             // guarded by mu; readyz waits for it
	done   bool             // guarded by mu
	cancel context.CancelFunc
}

func (p *prerendering) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cancel != nil {
		p.cancel()
	}
}

// prerenderAtStart begins to render what the routes list, if the file says so.
func (s *server) prerenderAtStart(ctx context.Context) {
	p := &s.prerends
	ctx, cancel := context.WithCancel(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cancel = cancel
	if !atStart(s.cfg) {
		cancel()
		return
	}
	p.wanted = s.cfg.ReadyAfterPrerender
	go func() {
		defer cancel()
		begin := time.Now()
		err := s.site.Prerender(ctx, p.progress)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.done = true
		log := s.log.With("rendered", p.state.Rendered, "skipped", p.state.Skipped, "failed", p.state.Failed, "took", time.Since(begin).Round(time.Millisecond).String())
		if err != nil {
			log.Error("prerendering at start has ended with failures", "err", err)
			return
		}
		log.Info("prerendering at start is done")
	}()
}

func atStart(c *config.Config) bool {
	return slices.ContainsFunc(c.Sites, func(s config.Site) bool {
		return slices.ContainsFunc(s.Routes, func(r config.Route) bool { return r.Prerender != nil && r.Prerender.AtStart })
	})
}

func (p *prerendering) progress(now reprint.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = now
}

// ready returns why visitors should not be sent here yet, or any more.
func (s *server) ready() error {
	if s.draining.Load() {
		return errors.New("the server is stopping")
	}
	p := &s.prerends
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wanted && !p.done {
		return fmt.Errorf("prerendering: %d of %d pages so far", p.state.Done(), p.state.Listed)
	}
	return nil
}

// lists reads what a caller of the admin API names, from the origin of the site
// that its URL belongs to.
func lists(cfg *config.Config, origins []*origin.Handler) func(kind, raw string) (func(context.Context) iter.Seq2[string, error], func(string) time.Time, error) {
	return func(kind, raw string) (func(context.Context) iter.Seq2[string, error], func(string) time.Time, error) {
		u, err := url.Parse(raw)
		if err != nil || (u.Host == "" && !strings.HasPrefix(raw, "/")) {
			return nil, nil, fmt.Errorf("%q is neither a path of the origin, like /sitemap.xml, nor a URL", raw)
		}
		o := origins[0]
		for i, site := range cfg.Sites {
			if slices.Contains(site.Hosts, strings.ToLower(u.Hostname())) {
				o = origins[i]
			}
		}
		var l list = o.List(raw)
		if kind == "sitemap" {
			l = o.Sitemap(raw)
		}
		return l.Paths, l.ChangedAt, nil
	}
}

// prerenderHere prerenders without a server, into the store of a configuration
// file.
func prerenderHere(ctx context.Context, g *global, file string, r admin.PrerenderRequest, progress func(admin.PrerenderProgress)) error {
	cfg, err := config.Load(file, g.env)
	if err != nil {
		return err
	}
	if cfg.Store.Path == "" {
		return fail("no server runs, and the file has no store.path to keep pages in", "Start the server with: reprint serve --config "+file, nil)
	}
	s, err := newServer(ctx, g, cfg)
	if err != nil {
		return fail(err.Error(), "", err)
	}
	defer s.close()
	tell := func(p reprint.Progress) {
		line := admin.PrerenderProgress{Listed: p.Listed, Rendered: p.Rendered, Skipped: p.Skipped, Failed: p.Failed, Path: p.Path}
		if p.Err != nil {
			line.Error = p.Err.Error()
		}
		progress(line)
	}
	kind, named := "sitemap", r.Sitemap
	if r.URL != "" {
		kind, named = "url", r.URL
	}
	switch {
	case named != "":
		paths, changedAt, err := lists(cfg, s.origins)(kind, named)
		if err != nil {
			return fail(err.Error(), "", err)
		}
		return s.site.PrerenderPaths(ctx, paths(ctx), changedAt, tell)
	case len(r.Paths) > 0:
		return s.site.PrerenderPaths(ctx, given(r.Paths), nil, tell)
	}
	return s.site.Prerender(ctx, tell)
}

func given(paths []string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, p := range paths {
			if !yield(p, nil) {
				return
			}
		}
	}
}
