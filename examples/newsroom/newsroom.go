package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/examples/newsroom/content"
	"github.com/reprint-go/reprint/examples/newsroom/seed"
	"github.com/reprint-go/reprint/hook"
	"github.com/reprint-go/reprint/sqlite"
)

// newsroom is the running program. Nothing in it but a count changes
// after open.
type newsroom struct {
	cfg   config
	db    *content.DB   // what the pages say
	store *sqlite.Store // the pages
	site  *reprint.Site
	looks looks // the templates

	authorReads atomic.Int64 // how often an author was read for pages
}

// run serves the newsroom until ctx ends. It says on stdout where it can be
// found.
func run(ctx context.Context, cfg config, stdout io.Writer) error {
	n, err := open(ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(n.serve(ctx, stdout), n.close())
}

// open opens both databases, fills an empty one and sets the site up.
func open(ctx context.Context, cfg config) (*newsroom, error) {
	n := &newsroom{cfg: cfg}
	if err := n.open(ctx); err != nil {
		return nil, errors.Join(err, n.close())
	}
	return n, nil
}

func (n *newsroom) open(ctx context.Context) (err error) {
	if n.looks, err = readLooks(); err != nil {
		return err
	}
	// The store makes the directory, so it comes first.
	if n.store, err = sqlite.Open(ctx, filepath.Join(n.cfg.data, "pages.db"), sqlite.Options{}); err != nil {
		return err
	}
	if n.db, err = content.Open(ctx, filepath.Join(n.cfg.data, "content.db")); err != nil {
		return err
	}
	if err = seed.Fill(ctx, n.db, time.Now()); err != nil {
		return err
	}
	// A draft secret of this start: previews end when the newsroom does.
	if n.site, err = reprint.New(reprint.Options{Store: n.store, DraftSecret: []byte(rand.Text())}); err != nil {
		return err
	}
	for _, r := range n.routes() {
		if err = n.site.Handle(r.pattern, n.page(r.page), r.policy); err != nil {
			return err
		}
	}
	return n.catchUp(ctx)
}

// close ends the site's work before its databases are closed.
func (n *newsroom) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var errs []error
	if n.site != nil {
		errs = append(errs, n.site.Shutdown(ctx))
	}
	if n.store != nil {
		errs = append(errs, n.store.Close())
	}
	if n.db != nil {
		errs = append(errs, n.db.Close())
	}
	return errors.Join(errs...)
}

// serve listens, prints the listed pages in the background, and ends both when
// ctx does.
func (n *newsroom) serve(ctx context.Context, stdout io.Writer) error {
	handler, err := n.handler()
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", n.cfg.listen)
	if err != nil {
		return err
	}
	n.welcome(stdout, listener.Addr())

	var background sync.WaitGroup
	defer background.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	background.Go(func() { n.prerender(ctx, stdout) })

	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	// Requests that run are finished, an editor's save among them.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return server.Shutdown(ctx)
}

// handler puts the parts under one address: pages and everything else.
func (n *newsroom) handler() (http.Handler, error) {
	revalidate, err := hook.New(hook.Options{
		Site:    n.site,
		Secrets: []string{n.cfg.secret},
		Param:   "id",
		Missing: "Post ID is required",
		Paths:   []string{"/posts/{id}"},
	})
	if err != nil {
		return nil, fmt.Errorf("make /api/revalidate: %w", err)
	}
	mux := http.NewServeMux()
	for _, r := range n.routes() {
		mux.Handle(r.pattern, n.site)
	}
	mux.Handle("/admin/", n.guard(n.editor()))
	mux.Handle("/api/revalidate", revalidate)
	mux.Handle("/assets/", assets())
	mux.HandleFunc("/", n.nowhere)
	return secured(mux), nil
}

// secured sets what every answer says to browsers.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// welcome says where everything is.
func (n *newsroom) welcome(w io.Writer, addr net.Addr) {
	url := "http://" + addr.String()
	fmt.Fprintf(w, `
  The Harbour Press is open.

    the site     %[1]s/
    the editor   %[1]s/admin/

  Revalidate a post as a CMS would:

    curl "%[1]s/api/revalidate?secret=%[2]s&id=42"

`, url, n.shownSecret())
}

// shownSecret is the secret if it was made up here, for copying. One that was
// given is known to whom it may concern.
func (n *newsroom) shownSecret() string {
	if n.cfg.made {
		return n.cfg.secret
	}
	return "$MY_SECRET_TOKEN"
}
