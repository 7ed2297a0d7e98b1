// Package admin serves the API with which a site is revalidated and looked into,
// and calls it.
//
//	h, err := admin.New(admin.Options{
//		Site:   site,
//		Tokens: []admin.Token{{Name: "editor", Secrets: []string{os.Getenv("REPRINT_TOKEN")}}},
//	})
//	server := &http.Server{Addr: "127.0.0.1:8081", Handler: h}
//
// It belongs on a listener of its own, never on the one that visitors use. All
// of it is JSON; docs/api.md is its reference and docs/openapi.yaml says the same
// for programs:
//
//	POST /v1/revalidate      make pages current again
//	GET  /v1/receipts        what revalidations did, the newest first
//	GET  /v1/receipts/{id}   what one of them did, page by page
//	GET  /v1/events          what happens, while it happens
//	GET  /v1/refills         what is rendered behind revalidations
//	POST /v1/refills/{id}    pause, resume or cancel that
//	GET  /v1/schedule        what is revalidated later; DELETE cancels it
//	GET  /v1/pages           the stored pages
//	GET  /v1/pages/explain   why a page is what it is
//	GET  /v1/status          how the server is doing
//	POST /v1/prerender       render pages before anybody asks, and watch
//	GET  /v1/versions        earlier versions of a page; /{id}, /diff
//	GET  /v1/aside           new pages that were refused
//	POST /v1/restore         put earlier versions back; /v1/release ends that
//	GET  /healthz, /readyz   whether it lives, and whether it can serve
//	GET  /metrics            Options.Metrics
//
// # Who may call
//
// With tokens: whoever presents the secret of one, as Authorization: Bearer, and
// only what that token may do. Guessing is slow, for the guesser alone.
//
// Without tokens: everybody who reaches the listener, which therefore must be a
// loopback address. Browsers reach it too, with any page that they show; so a
// request must then name the server by an IP address, as localhost or as one of
// Options.Hosts (against DNS rebinding).
//
// In both cases what a browser sends on behalf of another site is refused, and a
// body must be declared as JSON, which no form can do.
//
// [Client] is the other side.
package admin

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/reprint-go/reprint"
)

// Site is what the API is about; [*reprint.Site] is one. It must be safe for
// concurrent use.
type Site interface {
	Apply(ctx context.Context, r reprint.Revalidation) (*reprint.Receipt, error)
	Receipt(ctx context.Context, id string) (*reprint.Receipt, error)
	Receipts(ctx context.Context, before string, limit int) ([]*reprint.Receipt, error)
	Events(ctx context.Context, after reprint.Position) iter.Seq2[reprint.Event, error]
	Refills() []reprint.Refill
	PauseRefill(ctx context.Context, id string) error
	ResumeRefill(ctx context.Context, id string) error
	CancelRefill(ctx context.Context, id string) error
	Schedule(ctx context.Context, r reprint.Revalidation, at time.Time) (reprint.Plan, error)
	ScheduleDaily(ctx context.Context, r reprint.Revalidation, at reprint.Daily) (reprint.Plan, error)
	Plans() []reprint.Plan
	Unschedule(ctx context.Context, id string) error
	DuePages(ctx context.Context, until time.Time, limit int) ([]reprint.DuePage, error)
	CancelDue(ctx context.Context, path string) (int, error)
	Explain(ctx context.Context, path string) ([]reprint.Explanation, error)
	Pages(ctx context.Context, q reprint.PageQuery) (reprint.PageList, error)
	Status() reprint.Status
	Prerender(ctx context.Context, progress func(reprint.Progress)) error
	PrerenderPaths(ctx context.Context, paths iter.Seq2[string, error], changedAt func(path string) time.Time, progress func(reprint.Progress)) error
	History
}

// Options configures the handler that [New] makes.
type Options struct {
	// Site is what the API is about. Required.
	Site Site

	// Tokens are who may call. None: everybody who reaches the listener and is no
	// other site's page in a browser.
	Tokens []Token

	// Hosts are the names, without port, under which the API may be called when
	// there are no tokens, besides IP addresses and localhost. With tokens any
	// name will do.
	Hosts []string

	// Version is shown by the status. Empty: "(devel)".
	Version string

	// Started is shown by the status: when the process began. Zero: when New was
	// called.
	Started time.Time

	// Ready returns nil when the server can serve visitors, else why not: the
	// text is told to whoever asks. Nil: it always can.
	Ready func() error

	// Lists reads the paths that a caller wants to have rendered: kind "sitemap" or
	// "url", and its URL or path. The error says what is wrong with the URL. Nil:
	// callers can only name paths.
	Lists func(kind, url string) (paths func(context.Context) iter.Seq2[string, error], changedAt func(path string) time.Time, err error)

	// Metrics answers /metrics, for whoever may read. Nil: 404.
	Metrics http.Handler

	// Address returns the address of the client, for slowing down those that guess
	// at secrets, and for receipts and the log. Nil: the host of RemoteAddr. IPv6 addresses of one network of 64
	// bits count as one.
	Address func(*http.Request) string

	// Quotas remember how much of their quotas tokens have used. Give the same to the
	// handler that takes the place of this one, or tokens begin anew. Nil: it has its own.
	Quotas *Quotas

	// Ended is closed when those who follow events are to be sent away, who come again
	// and go on where they were: before [http.Server.Shutdown], which would wait for them,
	// and when another handler, perhaps with other tokens, has taken the place of this
	// one. Nil: they stay until the site is shut down.
	Ended <-chan struct{}

	// Log receives a line for each call that changes something, refused calls and
	// faults, never a secret. Nil: slog.Default().
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Version == "" {
		o.Version = "(devel)"
	}
	if o.Started.IsZero() {
		o.Started = time.Now()
	}
	if o.Ready == nil {
		o.Ready = func() error { return nil }
	}
	if o.Address == nil {
		o.Address = func(r *http.Request) string { return r.RemoteAddr }
	}
	if o.Quotas == nil {
		o.Quotas = new(Quotas)
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}

func (o Options) validate() error {
	var errs []error
	if o.Site == nil {
		errs = append(errs, errors.New("Site is nil: there is nothing to revalidate"))
	}
	for _, host := range o.Hosts {
		if host == "" || strings.ContainsAny(host, "/:*@ ") {
			errs = append(errs, fmt.Errorf("Hosts: %q is no host name; write it without scheme and port, like admin.example.com", host))
		}
	}
	errs = append(errs, validateTokens(o.Tokens))
	return errors.Join(errs...)
}

// New returns the handler. It reports every fault of opts at once, and no error
// of it holds a secret.
func New(opts Options) (http.Handler, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	h := &handler{
		opts:  opts,
		site:  opts.Site,
		log:   opts.Log,
		hosts: make(map[string]bool),
	}
	for _, host := range opts.Hosts {
		h.hosts[hostName(host)] = true
	}
	for _, t := range opts.Tokens {
		h.tokens = append(h.tokens, newCaller(t, opts.Quotas))
	}
	h.endpoints = h.allEndpoints()
	return h, nil
}
