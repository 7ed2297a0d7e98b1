package sqlite_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

func TestABackupIsAStore(t *testing.T) {
	path, backup := storePath(t), filepath.Join(t.TempDir(), "backup.db")
	s := open(t, path, sqlite.Options{})
	put(t, s, page("/a", 1, "a", "t"))
	if _, err := s.Append(t.Context(), entry("x")); err != nil {
		t.Fatal(err)
	}
	if err := execRaw(t.Context(), t, path, "VACUUM INTO ?", backup); err != nil {
		t.Fatal(err)
	}
	put(t, s, page("/b", 1, "b", "t"))
	restored := open(t, backup, sqlite.Options{})
	if got := tagged(t, restored, "t"); !slices.Equal(got, []string{"/a"}) {
		t.Errorf("the backup has %q", got)
	}
	if at, err := restored.Append(t.Context(), entry("x")); err != nil || at != 2 {
		t.Errorf("appended at %d, error %v; want 2", at, err)
	}
	put(t, restored, page("/c", 1, "c", "t"))
}

// TestALongReaderStopsNobody has another program read for long, as a backup does.
func TestALongReaderStopsNobody(t *testing.T) {
	const limit = 8 << 20
	path := storePath(t)
	s := open(t, path, sqlite.Options{MaxBytes: limit})
	put(t, s, page("/a", 1, "a"))
	db := raw(t, path)
	defer db.Close()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := tx.QueryRowContext(t.Context(), "SELECT count(*) FROM pages").Scan(&n); err != nil {
		t.Fatal(err)
	}
	stamp := reprint.Position(2)
	write := func() {
		for range 100 {
			put(t, s, page("/a", stamp, random(100<<10)))
			stamp++
		}
	}
	write()
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	write()
	info, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > limit/4 {
		t.Errorf("the log still takes %d bytes after the reader has left", info.Size())
	}
}
