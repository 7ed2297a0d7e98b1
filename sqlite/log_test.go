package sqlite_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

// TestAFullDiskIsLoggedOnce checks that the operator hears of the change, not of
// every page.
func TestAFullDiskIsLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	s := open(t, storePath(t), sqlite.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err := s.LimitFile(); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if _, err := s.Put(t.Context(), page("/a", 1, random(1<<20))); !errors.Is(err, reprint.ErrFull) {
			t.Fatalf("Put: %v; want ErrFull", err)
		}
	}
	if err := s.UnlimitFile(); err != nil {
		t.Fatal(err)
	}
	put(t, s, page("/a", 1, "x"))
	put(t, s, page("/b", 1, "x"))
	closeStore(t, s)
	for text, want := range map[string]int{"store cannot write": 1, "store writes again": 1, "level=": 2} {
		if got := strings.Count(log.String(), text); got != want {
			t.Errorf("%q is logged %d times, want %d:\n%s", text, got, want, log.String())
		}
	}
}
