// Package hook answers inbound calls that say "this has changed": a ready-made
// form of the handler that every site with on-demand revalidation needs.
//
//	h, err := hook.New(hook.Options{
//		Site:    site,
//		Secrets: []string{os.Getenv("REVALIDATE_SECRET")},
//		Missing: "Post ID is required",
//		Paths:   []string{"/posts/{id}"},
//	})
//	mux.Handle("/api/revalidate", h)
//
// A call names what changed and proves itself with a secret:
//
//	curl -H "Authorization: Bearer $REVALIDATE_SECRET" 'https://example.com/api/revalidate?id=42'
//
// The secret may stand in the query instead (?secret=...&id=42), for senders
// that can set no header. Prefer the header: a URL is written down in more
// places than one thinks. See [Scrub] for those under your control.
//
// # The answers
//
// Each is JSON of exactly these bytes, never cached:
//
//	401 {"message":"Invalid token"}         no secret, or none that is known
//	400 {"message":"Post ID is required"}   no id, or one that can name no page; the text is Options.Missing
//	200 {"revalidated":true}                every page was rendered anew and is what visitors get
//	500 {"message":"Error revalidating"}    some page was not; its last good version stays; the reason is in the log
//
// They are checked in this order, so that who has no secret learns nothing else.
// Two more keep a call from being made by accident: GET and POST do the same,
// any other method, HEAD too, is answered 405, and a browser's prefetch 403.
//
// Guessing is slow: who fails several times gets the 401 later each time, up to
// two seconds, and then
//
//	429 {"message":"Too many attempts"}     with Retry-After; whether the secret is right was not looked at
//
// This counts for each client address alone, see Options.Address. Nobody waits
// with a valid secret.
package hook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/internal/secret"
)

// Site is what a hook revalidates; [*reprint.Site] is one. Apply returns nil only
// when every page is rendered anew; with an error the receipt may be nil. It must
// be safe for concurrent use.
type Site interface {
	Apply(ctx context.Context, r reprint.Revalidation) (*reprint.Receipt, error)
}

// Options configures the handler that [New] makes.
type Options struct {
	// Site is told what to revalidate. Required.
	Site Site

	// Secrets are the ones that a caller may present; any of them will do. Two at
	// once make a rotation: add the new one, move the callers, drop the old one.
	// At least one is required, each of at least 16 bytes.
	Secrets []string

	// Param is the query parameter that says what changed. Empty: "id".
	Param string

	// Missing is the message of the 400. Empty: Param and "is required".
	Missing string

	// Paths are the pages that a call revalidates. A segment that is Param in
	// braces stands for its value: "/posts/{id}". At least one path holds it;
	// others may name pages that show the same thing: "/posts".
	Paths []string

	// Name tells this hook from others: revalidations are made by "hook NAME".
	// Empty: by "hook".
	Name string

	// Address returns the address of the client, for slowing down those that guess
	// at secrets, and for receipts. Behind a proxy, all clients have the proxy's address: return the
	// one that the proxy says, if it can be trusted. Nil: the host of RemoteAddr.
	// IPv6 addresses of one network of 64 bits count as one.
	Address func(*http.Request) string

	// Log receives refused calls and the reasons of failures, never a secret.
	// Nil: slog.Default().
	Log *slog.Logger
}

// New returns the handler. It reports every fault of opts at once, and no error
// of it holds a secret.
func New(opts Options) (http.Handler, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, fmt.Errorf("hook: %w", err)
	}
	h := &handler{
		site:    opts.Site,
		secrets: secret.NewSet(opts.Secrets),
		param:   opts.Param,
		missing: message(http.StatusBadRequest, opts.Missing),
		by:      "hook",
		address: opts.Address,
		log:     opts.Log,
	}
	for _, path := range opts.Paths {
		h.paths = append(h.paths, newTemplate(path, opts.Param))
	}
	if opts.Name != "" {
		h.by += " " + opts.Name
	}
	return h, nil
}

func (o Options) withDefaults() Options {
	if o.Param == "" {
		o.Param = "id"
	}
	if o.Missing == "" {
		o.Missing = o.Param + " is required"
	}
	if o.Address == nil {
		o.Address = func(r *http.Request) string { return r.RemoteAddr }
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
	if o.Param == secretParam {
		errs = append(errs, fmt.Errorf("Param is %q, which is where the secret stands", o.Param))
	}
	errs = append(errs, validateSecrets(o.Secrets), validateTemplates(o.Paths, o.Param))
	return errors.Join(errs...)
}
