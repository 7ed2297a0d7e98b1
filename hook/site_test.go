package hook_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/hook"
)

// What reprint.Site does is what a hook asks for.
var _ hook.Site = (*reprint.Site)(nil)

const (
	oldSecret = "Zq7-first-of-two-0f1e2d3c4b5a"
	newSecret = "Zq8-second-of-two-9a8b7c6d5e4f"
)

// fakeSite records what it is asked and answers what it is told to.
type fakeSite struct {
	receipt *reprint.Receipt
	err     error

	mu    sync.Mutex
	asked []reprint.Revalidation // guarded by mu
}

func (s *fakeSite) Apply(_ context.Context, r reprint.Revalidation) (*reprint.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r)
	return s.receipt, s.err
}

// calls returns what the site was asked so far.
func (s *fakeSite) calls() []reprint.Revalidation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]reprint.Revalidation(nil), s.asked...)
}

// seedOptions are those of the seed's handler.
func seedOptions(t *testing.T, site hook.Site) hook.Options {
	t.Helper()
	return hook.Options{
		Site:    site,
		Secrets: []string{oldSecret, newSecret},
		Missing: "Post ID is required",
		Paths:   []string{"/posts/{id}"},
		Log:     slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
}
