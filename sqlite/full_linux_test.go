package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

// requireNamespaces names the variable that makes it a failure, not a skip, when
// the system does not let TestADiskThatIsFull have a disk of its own.
const requireNamespaces = "REPRINT_REQUIRE_NAMESPACES"

// platformRoles are the roles of a child process that this system has alone.
var platformRoles = map[string]func(path string) error{"full": fillDisk}

// TestADiskThatIsFull runs in another process that has a file system of its own,
// of 8 MiB, in memory.
func TestADiskThatIsFull(t *testing.T) {
	cmd := child(t, "full", t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	err := cmd.Start()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
		if os.Getenv(requireNamespaces) != "" {
			t.Fatalf("no user namespace: %v", err)
		}
		t.Skipf("no user namespace (%v); set %s to make this a failure", err, requireNamespaces)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
}

// fillDisk is the process with the small disk.
func fillDisk(dir string) error {
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=8m"); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	ctx := context.Background()
	s, err := sqlite.Open(ctx, filepath.Join(dir, "store.db"), sqlite.Options{Log: quiet})
	if err != nil {
		return err
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 4<<20), 0o600); err != nil {
		return err
	}
	stored, err := putUntilFull(ctx, s)
	if err != nil {
		return err
	}
	if err := appendUntilFull(ctx, s); err != nil {
		return err
	}
	// What was there can be read, while nothing can be written.
	for i := range stored {
		if p, err := s.Page(ctx, key(fmt.Sprintf("/%d", i))); err != nil || p == nil {
			return fmt.Errorf("page %d on a full disk: %v, error %w", i, p, err)
		}
	}
	if err := s.Close(); err != nil {
		return fmt.Errorf("close on a full disk: %w", err)
	}
	if s, err = sqlite.Open(ctx, filepath.Join(dir, "store.db"), sqlite.Options{Log: quiet}); err != nil {
		return fmt.Errorf("open on a full disk: %w", err)
	}
	before, err := s.Summary(ctx)
	if err != nil {
		return err
	}
	if err := os.Remove(ballast); err != nil {
		return err
	}
	return writeAgain(ctx, s, dir, before.Position)
}

// putUntilFull returns how many pages fit.
func putUntilFull(ctx context.Context, s *sqlite.Store) (int, error) {
	for i := range 1000 {
		_, err := s.Put(ctx, page(fmt.Sprintf("/%d", i), 1, random(50<<10)))
		if errors.Is(err, reprint.ErrFull) {
			return i, nil
		}
		if err != nil {
			return 0, fmt.Errorf("put on a full disk: %w, want ErrFull", err)
		}
	}
	return 0, errors.New("the disk never was full")
}

func appendUntilFull(ctx context.Context, s *sqlite.Store) error {
	for i := range 10_000 {
		_, err := s.Append(ctx, entry(fmt.Sprintf("n:%d", i)))
		if errors.Is(err, reprint.ErrFull) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("append on a full disk: %w, want ErrFull", err)
		}
	}
	return errors.New("the journal found room on a full disk")
}

// writeAgain checks that everything works after there is room again, also after
// a restart.
func writeAgain(ctx context.Context, s *sqlite.Store, dir string, last reprint.Position) error {
	if _, err := s.Put(ctx, page("/after", 1, random(50<<10))); err != nil {
		return fmt.Errorf("put with room again: %w", err)
	}
	at, err := s.Append(ctx, entry("after"))
	if err != nil || at != last+1 {
		return fmt.Errorf("append with room again: at %d after %d, error %w", at, last, err)
	}
	if err := s.Close(); err != nil {
		return err
	}
	if s, err = sqlite.Open(ctx, filepath.Join(dir, "store.db"), sqlite.Options{}); err != nil {
		return err
	}
	if p, err := s.Page(ctx, key("/after")); err != nil || p == nil {
		return fmt.Errorf("page after a restart: %v, error %w", p, err)
	}
	return s.Close()
}
