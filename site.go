package reprint

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// Options configures a [Site]. The zero Options is a site that keeps its pages
// in memory.
type Options struct {
	// Store keeps pages beyond the life of the process. Nil: memory only.
	Store Store

	// Journal keeps revalidations and receipts. Nil: Store, if it is a Journal
	// too, as sqlite.Store is; New returns an error if it is not.
	Journal Journal

	// Hosts are the names that the site answers for, without port, each with
	// pages of its own; a request for any other name is answered 421. Empty: any
	// name reaches the same pages, and renders see the host "localhost".
	Hosts []string

	// Memory is the limit in bytes on pages kept in memory, with headers and
	// bookkeeping. Zero: 256 MiB.
	Memory int64

	// MaxPage is the largest body in bytes that is stored. A render that writes
	// more fails. Zero: 16 MiB.
	MaxPage int64

	// Renders is how many renders run at once. Zero: 16.
	Renders int

	// Queue is how many renders may wait for their turn. Beyond that visitors of
	// pages that are not there get 503 with Retry-After, and background work is
	// left for the next visit. Zero: 10,000.
	Queue int

	// RenderTimeout is the longest a render may take. Zero: 30 s.
	RenderTimeout time.Duration

	// DraftSecret signs the cookies of draft mode, at least 16 bytes. Nil: there
	// is no draft mode.
	DraftSecret []byte

	// Log receives what an operator should know. Nil: slog.Default().
	Log *slog.Logger
}

// Site is the http.Handler that holds routes and serves their pages. Its methods
// are safe for concurrent use, Handle too, but a route must be there before its
// requests come.
type Site struct{}

// New returns a site without routes. It reads the journal's summary and starts
// the site's background work, which [Site.Shutdown] ends. It reports every fault
// of opts at once.
func New(opts Options) (*Site, error) { panic("todo") }

// Handle makes the pages of pattern, in the syntax of [http.ServeMux], static
// under policy: GET and HEAD requests are answered from pages that h rendered,
// all other methods pass through to h. It returns an error, and registers
// nothing, when the policy is faulty or the pattern conflicts with another.
//
// h renders from the key alone: the request it sees has the method GET, the
// path, the kept query, the declared headers and no others. Its context carries
// the render for [Tag] and [RevalidateAt] and ends at the render's deadline.
func (s *Site) Handle(pattern string, h http.Handler, policy Policy) error { panic("todo") }

// ServeHTTP answers from stored pages where a route says so.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) { panic("todo") }

// Revalidate renders the pages of path again and returns nil when every request
// that begins from now on is answered from a render that began after this call
// did.
func (s *Site) Revalidate(ctx context.Context, path string) error { panic("todo") }

// Apply is the general verb.
func (s *Site) Apply(ctx context.Context, r Revalidation) (*Receipt, error) { panic("todo") }

// Shutdown ends the site's work.
func (s *Site) Shutdown(ctx context.Context) error { panic("todo") }

// Receipt returns the receipt with that ID, or nil when it is not kept.
func (s *Site) Receipt(ctx context.Context, id string) (*Receipt, error) { panic("todo") }

// Progress of Prerender.
type Progress struct {
	Route                             string
	Path                              string
	Err                               error
	Listed, Rendered, Skipped, Failed int
}

// Prerender renders the listed paths of all routes.
func (s *Site) Prerender(ctx context.Context, progress func(Progress)) error { panic("todo") }

// SetDraft and ClearDraft, Draft.
func (s *Site) SetDraft(w http.ResponseWriter, r *http.Request, life time.Duration) error {
	panic("todo")
}
func (s *Site) ClearDraft(w http.ResponseWriter, r *http.Request) { panic("todo") }
func IsDraft(ctx context.Context) bool                            { panic("todo") }

type renderState struct{}

func renderFrom(context.Context) *renderState { panic("todo") }
func (r *renderState) tag([]string)           {}
func (r *renderState) revalidateAt(time.Time) {}
