package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
	"github.com/reprint-go/reprint/config"
	"github.com/reprint-go/reprint/origin"
	"github.com/reprint-go/reprint/sqlite"
)

// server is everything that reprint serve runs.
type server struct {
	g        *global
	log      *slog.Logger
	started  time.Time
	observer *observer
	traces   *traces
	store    *sqlite.Store // nil: memory only
	site     *reprint.Site

	// What a reload replaces; whoever serves reads the pointers.
	cfg      *config.Config
	origins  []*origin.Handler
	public   atomic.Pointer[http.Handler]
	front    atomic.Pointer[front] // what is in public
	admin    atomic.Pointer[http.Handler]
	cert     atomic.Pointer[tls.Certificate]
	clients  atomic.Pointer[clients]
	prerends prerendering
	quotas   admin.Quotas // of the tokens
	unfollow func()       // sends away those who follow events at the admin listener

	listeners []listening
	failed    chan error // of a listener
	draining  atomic.Bool
}

// listening is a listener with the server behind it.
type listening struct {
	name     string
	listener net.Listener
	server   *http.Server
	https    bool // the server's own TLSConfig is set by net/http too
	fast     bool // with a fast lane
}

// newServer opens the store and makes the site. Nothing listens yet.
func newServer(ctx context.Context, g *global, cfg *config.Config) (*server, error) {
	log, err := newLog(g, cfg.Log.Format, cfg.Log.Level)
	if err != nil {
		return nil, err
	}
	s := &server{g: g, log: log, started: time.Now(), failed: make(chan error, 2), unfollow: func() {}}
	s.observer = newObserver(log, s)
	if s.traces, err = newTraces(ctx, cfg.Tracing); err != nil {
		return nil, err
	}
	if err := s.open(ctx, cfg); err != nil {
		s.close()
		return nil, err
	}
	if err := s.apply(cfg); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// open opens the store and makes a site without routes.
func (s *server) open(ctx context.Context, cfg *config.Config) error {
	opts := reprint.Options{
		Memory: cfg.Store.Memory, MaxPage: cfg.Limits.MaxPage, Renders: cfg.Limits.Renders, Queue: cfg.Limits.Queue, Codings: cfg.Compression,
		Window: cfg.Revalidation.Window, Calls: cfg.Revalidation.Calls, Brake: reprint.Brake(cfg.Revalidation.Brake),
		Trace: s.traces.join(s.observer.trace()), Log: s.log,
	}
	for _, site := range cfg.Sites {
		opts.Hosts = append(opts.Hosts, site.Hosts...)
		opts.RenderTimeout = max(opts.RenderTimeout, longestTimeout(site)) // also how long visitors wait for a turn
	}
	if cfg.Store.Path != "" {
		if err := os.MkdirAll(filepath.Dir(cfg.Store.Path), 0o700); err != nil {
			return fmt.Errorf("the folder of store.path cannot be made: %w", err)
		}
		store, err := sqlite.Open(ctx, cfg.Store.Path, sqlite.Options{MaxBytes: cfg.Store.Disk, MaxPages: int(cfg.Store.MaxPages), KeepReceipts: cfg.Store.Receipts, Log: s.log})
		if err != nil {
			return fmt.Errorf("store.path %s: %w", cfg.Store.Path, err)
		}
		s.store, opts.Store = store, store
		useProcessorsWhileSyncing()
	}
	site, err := reprint.New(opts)
	if err != nil {
		return err
	}
	s.site = site
	s.observer.watch(site.Status)
	return nil
}

// useProcessorsWhileSyncing gives Go a second processor where the machine has one. A
// goroutine that waits for the disk keeps its processor for up to ten milliseconds:
// with a single one nobody is served meanwhile, although the machine has nothing to
// do. Whoever sets GOMAXPROCS has decided.
func useProcessorsWhileSyncing() {
	if os.Getenv("GOMAXPROCS") == "" && runtime.GOMAXPROCS(0) == 1 {
		runtime.GOMAXPROCS(2)
	}
}

// apply puts a configuration into force: routes, hooks, tokens, certificate. With
// an error nothing has changed.
func (s *server) apply(cfg *config.Config) error {
	cert, err := loadCertificate(cfg.TLS)
	if err != nil {
		return err
	}
	clients := &clients{trusted: cfg.TrustedProxies}
	origins, err := s.newOrigins(cfg)
	if err != nil {
		return err
	}
	front, err := s.newFront(cfg)
	if err != nil {
		return err
	}
	public := s.observer.observe(front)
	ended := make(chan struct{})
	admin, err := s.newAdmin(cfg, origins, ended)
	if err != nil {
		return err
	}
	if err := s.site.SetRoutes(siteRoutes(cfg, origins, s.site)); err != nil {
		return err
	}
	s.cert.Store(cert)
	s.clients.Store(clients)
	s.public.Store(&public)
	s.front.Store(front)
	s.admin.Store(&admin)
	s.unfollow() // a token may be gone with which they came
	s.unfollow = sync.OnceFunc(func() { close(ended) })
	s.observer.access.Store(&cfg.Log.Access)
	for _, o := range s.origins {
		o.Close() // its idle connections; requests under way go on
	}
	s.origins, s.cfg = origins, cfg
	return nil
}

func (s *server) newOrigins(cfg *config.Config) ([]*origin.Handler, error) {
	var all []*origin.Handler
	for _, site := range cfg.Sites {
		o := site.Origin
		opts := origin.Options{
			URL: o.URL, Host: o.Host, SiteHosts: site.Hosts, Headers: o.Headers,
			Timeout: longestTimeout(site), HeaderTimeout: o.HeaderTimeout, MaxBody: cfg.Limits.MaxPage, MaxConnections: o.MaxConnections,
			Proto: o.Proto, AllowUndelimited: o.AllowUndelimited, Insecure: o.AllowInsecure, ClientHeaders: slices.Clone(o.ClientHeaders), TrustedProxies: cfg.TrustedProxies,
			RoundTripper: s.traces.transport(), Log: s.log,
		}
		if opts.Host == "" && len(site.Hosts) == 0 {
			// The name that a visitor asks for is not one that was agreed on.
			opts.Host = hostOf(o.URL)
		}
		if opts.Proto == "" && cfg.TLS != nil {
			opts.Proto = "https"
		}
		if o.Framework == frameworkNextJS {
			opts.ClientHeaders = append(opts.ClientHeaders, nextClientHeaders...)
		}
		h, err := origin.New(opts)
		if err != nil {
			return nil, fmt.Errorf("the origin of %s: %w", siteName(site), err)
		}
		all = append(all, h)
	}
	return all, nil
}

// longestTimeout is how long a render of any of the site's routes may take. The
// routes have their own, within it.
func longestTimeout(s config.Site) time.Duration {
	longest := s.Origin.Timeout
	for _, r := range s.Routes {
		longest = max(longest, r.Timeout)
	}
	return longest
}

// hostOf returns the authority of a URL that was checked.
func hostOf(raw string) string {
	_, authority, _ := strings.Cut(raw, "://")
	return strings.TrimSuffix(authority, "/")
}

func loadCertificate(t *config.TLS) (*tls.Certificate, error) {
	if t == nil {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(t.Certificate, t.Key)
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	return &cert, nil
}

// headerTimeout is how long a client may take to send a request's header.
const headerTimeout = 10 * time.Second

// listen binds the listeners.
func (s *server) listen(ctx context.Context) error {
	public := &http.Server{Handler: forward(&s.public), MaxHeaderBytes: s.cfg.Limits.MaxHeader, ReadHeaderTimeout: headerTimeout}
	if s.cfg.TLS != nil {
		public.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12,
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.cert.Load(), nil }}
	}
	if err := s.bind(ctx, "listen", s.cfg.Listen, public); err != nil {
		return err
	}
	if s.cfg.Admin.Listen == "" {
		return nil
	}
	return s.bind(ctx, "admin.listen", s.cfg.Admin.Listen, &http.Server{Handler: forward(&s.admin), MaxHeaderBytes: 64 << 10, ReadHeaderTimeout: headerTimeout})
}

func (s *server) bind(ctx context.Context, key, address string, hs *http.Server) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return fail(fmt.Sprintf("%s: %s cannot be listened on: %v", key, address, errors.Unwrap(err)),
			"Is another process listening there? Choose another address with "+key+" in the file.", err)
	}
	hs.IdleTimeout = 2 * time.Minute
	hs.ErrorLog = slog.NewLogLogger(s.log.Handler(), slog.LevelDebug) // clients that break off, mostly
	s.listeners = append(s.listeners, listening{
		name: key, listener: l, server: hs, https: hs.TLSConfig != nil,
		fast: key == "listen" && s.cfg.FastLane && hs.TLSConfig == nil,
	})
	return nil
}

// fastLane answers plain hits that would reach the site.
func (s *server) fastLane() reprint.FastLane {
	return reprint.FastLane{
		Admit:        func(r *reprint.FastRequest) bool { return s.front.Load().admits(r) },
		Served:       s.observer.fast,
		WriteTimeout: writeTimeout,
	}
}

// forward calls the handler that is in force now.
func forward(h *atomic.Pointer[http.Handler]) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*h.Load()).ServeHTTP(w, r) })
}

// start serves, says that it is ready, and begins to prerender.
func (s *server) start(ctx context.Context) {
	for _, l := range s.listeners {
		go func() {
			var err error
			switch {
			case l.https:
				err = l.server.ServeTLS(l.listener, "", "")
			case l.fast:
				err = s.site.Serve(l.server, l.listener, s.fastLane())
			default:
				err = l.server.Serve(l.listener)
			}
			if !errors.Is(err, http.ErrServerClosed) {
				s.failed <- fmt.Errorf("%s: %w", l.name, err)
			}
		}()
		s.log.Info("listening", "for", l.name, "url", urlOf(l))
	}
	s.prerenderAtStart(ctx)
	s.notify(daemon.SdNotifyReady)
}

// urlOf is where a listener is reached from this machine.
func urlOf(l listening) string {
	scheme := "http"
	if l.https {
		scheme = "https"
	}
	host, port, _ := net.SplitHostPort(l.listener.Addr().String())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// notify tells systemd, if it asked for that.
func (s *server) notify(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		s.log.Warn("systemd is not told", "state", state, "err", err)
	}
}

// reload reads the file again and takes it over, if it is without fault and needs
// no restart. It is called by the goroutine that started the server.
func (s *server) reload() {
	s.notify(fmt.Sprintf("%s\nMONOTONIC_USEC=%d", daemon.SdNotifyReloading, monotonic().Microseconds()))
	defer s.notify(daemon.SdNotifyReady)
	if s.cfg.File == "" {
		s.log.Warn("SIGHUP: there is no configuration file to read again")
		return
	}
	cfg, err := config.Load(s.cfg.File, s.g.env)
	if err == nil {
		if restart := config.Diff(s.cfg, cfg); len(restart) > 0 {
			err = fmt.Errorf("these have changed and need a restart: %s", strings.Join(restart, ", "))
		} else {
			err = s.apply(cfg)
		}
	}
	if err != nil {
		s.observer.reloads.WithLabelValues("refused").Inc()
		s.log.Error("configuration is not taken over; the one before stays in force", "file", s.cfg.File, "err", err)
		return
	}
	s.observer.reloads.WithLabelValues("done").Inc()
	s.log.Info("configuration is taken over", "file", cfg.File)
}

// drain lets running requests end, then stops the site and closes the store.
func (s *server) drain() error {
	s.draining.Store(true)
	s.notify(daemon.SdNotifyStopping)
	s.log.Info("stopping", "wait", s.cfg.Drain.String())
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.Drain)
	defer cancel()
	s.prerends.stop()
	s.unfollow() // they would be waited for
	var wg sync.WaitGroup
	for _, l := range s.listeners {
		wg.Go(func() {
			if err := l.server.Shutdown(ctx); err != nil {
				s.log.Warn("requests are cut off", "listener", l.name, "err", err)
				_ = l.server.Close() // what is left is cut off
			}
		})
	}
	wg.Wait()
	if err := s.site.Shutdown(ctx); err != nil {
		s.log.Warn("renders are cut off", "err", err)
	}
	s.close()
	s.log.Info("stopped")
	return nil
}

// close gives back what newServer opened.
func (s *server) close() {
	for _, l := range s.listeners {
		_ = l.listener.Close() // most are closed already
	}
	if s.site != nil {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_ = s.site.Shutdown(ended) // it has been waited for where that makes sense
	}
	if s.store != nil {
		if err := s.store.Close(); err != nil {
			s.log.Error("store is not closed", "err", err)
		}
	}
	for _, o := range s.origins {
		o.Close()
	}
	s.traces.close()
}
