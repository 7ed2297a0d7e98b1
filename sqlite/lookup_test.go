package sqlite_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

// reads is every method that only reads, of a store with one page.
func reads(s *sqlite.Store, sum [32]byte) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Page":       func(ctx context.Context) error { _, err := s.Page(ctx, key("/a")); return err },
		"Page, none": func(ctx context.Context) error { _, err := s.Page(ctx, key("/none")); return err },
		"Tagged":     func(ctx context.Context) error { return iterationError(s.Tagged(ctx, "t")) },
		"List":       func(ctx context.Context) error { _, err := s.List(ctx, reprint.ListQuery{Limit: 1}); return err },
		"tagged List": func(ctx context.Context) error {
			_, err := s.List(ctx, reprint.ListQuery{Tag: "t", Limit: 1})
			return err
		},
		"Due":       func(ctx context.Context) error { _, err := s.Due(ctx, epoch, 1); return err },
		"Encodings": func(ctx context.Context) error { _, err := s.Encodings(ctx, sum); return err },
		"Entries":   func(ctx context.Context) error { return iterationError(s.Entries(ctx, 0)) },
		"Summary":   func(ctx context.Context) error { _, err := s.Summary(ctx); return err },
		"Versions":  func(ctx context.Context) error { _, err := s.Versions(ctx, key("/a")); return err },
		"Aside":     func(ctx context.Context) error { _, err := s.Aside(ctx, 0, 1); return err },
		"Version":   func(ctx context.Context) error { _, err := s.Version(ctx, 1); return err },
		"Receipt":   func(ctx context.Context) error { _, err := s.Receipt(ctx, "r"); return err },
	}
}

func TestReadsDoNotWaitForTheWriter(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{})
	p := page("/a", 1, "x", "t")
	put(t, s, p)
	release := s.Hold()
	defer release()
	for name, read := range reads(s, p.Sum) {
		if err := read(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadsEndWithTheirContextWhereAllConnectionsAreBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, storePath(t), sqlite.Options{})
		defer closeStore(t, s)
		p := page("/a", 1, "x", "t")
		put(t, s, p)
		release, err := s.HoldReaders()
		if err != nil {
			t.Fatal(err)
		}
		for name, read := range reads(s, p.Sum) {
			for range 10 { // more than there are connections
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- read(ctx) }()
				synctest.Wait()
				select {
				case err := <-ended:
					t.Errorf("%s ended with %v: the test does not test", name, err)
					ended <- context.Canceled
				default:
				}
				cancel()
				if err := <-ended; !errors.Is(err, context.Canceled) {
					t.Errorf("%s: error %v, want %v", name, err, context.Canceled)
				}
			}
		}
		put(t, s, page("/b", 1, "x")) // the writer has a connection of its own
		release()
		for name, read := range reads(s, p.Sum) {
			if err := read(t.Context()); err != nil {
				t.Errorf("%s, with connections again: %v", name, err)
			}
		}
	})
}
