package main

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
	"github.com/reprint-go/reprint/config"
	"github.com/reprint-go/reprint/hook"
	"github.com/reprint-go/reprint/origin"
)

// newFront makes what stands before the site on the public listener: hooks first.
func (s *server) newFront(cfg *config.Config) (*front, error) {
	f := &front{server: s, sites: make(map[string]*frontSite)}
	for _, site := range cfg.Sites {
		fs := &frontSite{slash: site.TrailingSlash, next: site.Origin.Framework == frameworkNextJS, hooks: make(map[string]http.Handler)}
		for _, hk := range site.Hooks {
			h, err := hook.New(hook.Options{
				Site: hookSite{s.site, site.Hosts, len(cfg.Sites) > 1}, Secrets: hk.Secrets, Param: hk.Param, Missing: hk.Missing,
				Paths: hk.Paths, Name: hk.Name, Address: s.clientAddress, Log: s.log,
			})
			if err != nil {
				return nil, err
			}
			fs.hooks[hk.Path] = h
			fs.paths = append(fs.paths, hk.Path)
		}
		if len(site.Hosts) == 0 {
			f.any = fs
		}
		for _, host := range site.Hosts {
			f.sites[host] = fs
		}
	}
	return f, nil
}

// front is what stands before the site: hooks, and what is about connections
// rather than pages.
type front struct {
	server *server
	sites  map[string]*frontSite // by host
	any    *frontSite            // for any host; nil: there is none
}

// frontSite is what the front knows of one site.
type frontSite struct {
	slash string
	next  bool
	hooks map[string]http.Handler
	paths []string // of the hooks
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect {
		w.Header().Set("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
		http.Error(w, "405 Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	if len(r.TransferEncoding) > 0 || !r.ProtoAtLeast(1, 1) {
		// What such a request is followed by may be meant to be read otherwise (RFC
		// 9112, section 6.1).
		w.Header().Set("Connection", "close")
	}
	site := f.of(r.Host)
	if site == nil {
		f.server.site.ServeHTTP(w, r) // which refuses it
		return
	}
	if h, ok := site.hooks[r.URL.EscapedPath()]; ok {
		seenOf(r).verdict = verdictHook
		h.ServeHTTP(w, r)
		return
	}
	if site.isAlias(r.URL.EscapedPath()) {
		// Not for the origin: a secret may be in it.
		w.Header().Set("Cache-Status", "reprint; detail=refused")
		w.Header().Set("Cache-Control", "no-store")
		http.NotFound(w, r)
		return
	}
	if to := site.redirect(r.Method, r.URL.EscapedPath(), r.URL.RawQuery); to != "" {
		seenOf(r).verdict = verdictRedirect
		w.Header().Set("Cache-Status", "reprint; detail=redirect")
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusPermanentRedirect)
		return
	}
	if site.next && nextPass(r.Header) {
		r = r.WithContext(reprint.WithPass(r.Context()))
	}
	f.server.site.ServeHTTP(w, r)
}

// admits reports whether a request that the fast lane may answer would reach the site
// as it is.
func (f *front) admits(r *reprint.FastRequest) bool {
	site := f.of(r.Host())
	if site == nil {
		return false
	}
	path, query, _ := strings.Cut(r.Target(), "?")
	if site.isAlias(path) || site.redirect(r.Method(), path, query) != "" {
		return false
	}
	return !site.next || (!r.Has("next-router-prefetch") && !r.Has("next-hmr-refresh"))
}

// of returns the site of a request's host, or nil.
func (f *front) of(host string) *frontSite {
	if f.any != nil {
		return f.any
	}
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return f.sites[strings.TrimSuffix(strings.ToLower(host), ".")]
}

// isAlias reports whether a path is a hook's, perhaps written otherwise.
func (s *frontSite) isAlias(escaped string) bool {
	if len(s.hooks) == 0 {
		return false
	}
	path, err := url.PathUnescape(escaped)
	if err != nil {
		return false
	}
	path = strings.TrimSuffix(path, "/")
	return slices.ContainsFunc(s.paths, func(hook string) bool { return strings.EqualFold(path, hook) })
}

// redirect returns where a path leads by the site's rule for trailing slashes, or
// "". Names of files keep their form.
func (s *frontSite) redirect(method, path, query string) string {
	if (method != http.MethodGet && method != http.MethodHead) || !strings.HasPrefix(path, "/") || strings.Contains(path, "//") || path == "/" {
		return ""
	}
	switch has := strings.HasSuffix(path, "/"); {
	case s.slash == "remove" && has:
		path = strings.TrimSuffix(path, "/")
	case s.slash == "add" && !has && !strings.Contains(path[strings.LastIndexByte(path, '/'):], "."):
		path += "/"
	default:
		return ""
	}
	if query != "" {
		path += "?" + query
	}
	return path
}

// clients tells the addresses of clients.
type clients struct{ trusted []netip.Prefix }

// clientAddress returns the address of a request's client: that of the peer, or
// the one that a proxy in front says which is trusted.
func (s *server) clientAddress(r *http.Request) string {
	return s.clientOf(r.RemoteAddr, func() string { return strings.Join(r.Header["X-Forwarded-For"], ",") })
}

// fastClient is clientAddress for the fast lane.
func (s *server) fastClient(r *reprint.FastRequest) string {
	return s.clientOf(r.RemoteAddr().String(), func() string { return strings.Join(slices.Collect(r.Named("x-forwarded-for")), ",") })
}

func (s *server) clientOf(peer string, forwarded func() string) string {
	host, _, err := net.SplitHostPort(peer)
	if err != nil {
		host = peer
	}
	c := s.clients.Load()
	if c == nil || !c.trusts(host) {
		return host
	}
	// Each proxy adds whom it was asked by; the last one that is no proxy of ours is
	// the client.
	hops := strings.Split(forwarded(), ",")
	for _, hop := range slices.Backward(hops) {
		hop = strings.TrimSpace(hop)
		if _, err := netip.ParseAddr(hop); err != nil {
			break
		}
		host = hop
		if !c.trusts(hop) {
			break
		}
	}
	return host
}

func (c *clients) trusts(address string) bool {
	ip, err := netip.ParseAddr(address)
	return err == nil && slices.ContainsFunc(c.trusted, func(p netip.Prefix) bool { return p.Contains(ip.Unmap()) })
}

// newAdmin makes the handler of the admin listener. ended is closed when it has to send
// away those who follow events.
func (s *server) newAdmin(cfg *config.Config, origins []*origin.Handler, ended <-chan struct{}) (http.Handler, error) {
	opts := admin.Options{
		Site: s.site, Version: thisBuild().Version, Started: s.started, Ready: s.ready, Lists: lists(cfg, origins), Hosts: cfg.Admin.Hosts,
		Address: s.clientAddress, Quotas: &s.quotas, Ended: ended, Log: s.log,
	}
	if cfg.Metrics {
		opts.Metrics = s.observer.metrics()
	}
	for _, t := range cfg.Admin.Tokens {
		opts.Tokens = append(opts.Tokens, admin.Token{Name: t.Name, Secrets: t.Secrets, Actions: t.Actions, Paths: t.Paths, Tags: t.Tags, Hosts: t.Hosts, Brake: (*reprint.Brake)(t.Brake), Quota: admin.Quota(t.Quota)})
	}
	return admin.New(opts)
}
