package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprint-go/reprint/sqlite"
)

func TestOpenCreates(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a b", "50%?#&c", "store.db")
	s := open(t, path, sqlite.Options{})
	put(t, s, page("/a", 1, "x"))
	for name, want := range map[string]fs.FileMode{
		filepath.Dir(filepath.Dir(path)): fs.ModeDir | 0o700,
		filepath.Dir(path):               fs.ModeDir | 0o700,
		path:                             0o600,
		path + "-wal":                    0o600,
		path + ".lock":                   0o600,
	} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %v, want %v", name, info.Mode(), want)
		}
	}
	closeStore(t, s)
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the log is left after Close: %v", err)
	}
	if got := one[int](t, path, "PRAGMA application_id"); got != sqlite.ApplicationID {
		t.Errorf("application_id is %#x", got)
	}
	wantIntact(t, path)
}

func TestAcknowledgedIsOnDisk(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{})
	for name, want := range map[string]string{
		"journal_mode": "wal",
		"synchronous":  "2", // FULL: the log is synced at every commit
		"fullfsync":    "1",
	} {
		if got, err := s.Pragma(name); err != nil || got != want {
			t.Errorf("%s is %s (error %v), want %s", name, got, err, want)
		}
	}
}

func TestOpenGoesOnWhere(t *testing.T) {
	tests := map[string]func(t *testing.T, path string) error{
		"an empty file is": func(_ *testing.T, path string) error {
			return os.WriteFile(path, nil, 0o600)
		},
		"an earlier creation was cut": func(_ *testing.T, path string) error {
			return errors.Join(os.WriteFile(path+".new", []byte("half"), 0o600), os.WriteFile(path+".new-journal", []byte("half"), 0o600))
		},
		"a lock file is left": func(_ *testing.T, path string) error {
			return os.WriteFile(path+".lock", []byte("1\n"), 0o600)
		},
		"a symbolic link leads to": func(t *testing.T, path string) error {
			elsewhere := filepath.Join(t.TempDir(), "real.db")
			s, err := sqlite.Open(t.Context(), elsewhere, sqlite.Options{})
			if err != nil {
				return err
			}
			return errors.Join(s.Close(), os.Symlink(elsewhere, path))
		},
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			path := storePath(t)
			if err := prepare(t, path); err != nil {
				t.Fatal(err)
			}
			s := open(t, path, sqlite.Options{})
			put(t, s, page("/a", 1, "x"))
			closeStore(t, s)
			s = open(t, path, sqlite.Options{})
			if read(t, s, "/a") == nil {
				t.Error("the page is gone")
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(t *testing.T, path string) error
		want    string // after "open store PATH: "; PATH stands for the path
	}{
		{
			"a file that is not SQLite",
			func(_ *testing.T, path string) error {
				return os.WriteFile(path, []byte(strings.Repeat("Dear diary, ", 100)), 0o600)
			},
			"not an SQLite file; it is left as it is, use another path",
		},
		{
			"a file that is shorter than a header",
			func(_ *testing.T, path string) error { return os.WriteFile(path, []byte("SQLite"), 0o600) },
			"not an SQLite file; it is left as it is, use another path",
		},
		{
			"the database of another program",
			func(t *testing.T, path string) error {
				return execRaw(t.Context(), t, path, `CREATE TABLE pages (key TEXT); PRAGMA user_version = 1`)
			},
			"the SQLite database of another program; it is left as it is, use another path",
		},
		{
			"a store of a newer format",
			func(t *testing.T, path string) error { return newerStore(t.Context(), t, path) },
			fmt.Sprintf("the file has format %d, and this program knows formats up to %d; it is left as it is, use the newer program or another path",
				sqlite.FormatVersion+1, sqlite.FormatVersion),
		},
		{
			"a store of a newer format that is in the log alone",
			newerLog,
			fmt.Sprintf("the file has format %d, and this program knows formats up to %d; it is left as it is, use the newer program or another path",
				sqlite.FormatVersion+1, sqlite.FormatVersion),
		},
		{
			"a store whose header is damaged",
			func(t *testing.T, path string) error {
				return execRaw(t.Context(), t, path, fmt.Sprintf("PRAGMA application_id = %d; CREATE TABLE x (y)", sqlite.ApplicationID))
			},
			"the file has format 0, which never was; it is damaged: restore it from a copy, or move it away to begin anew",
		},
		{
			"a directory",
			func(_ *testing.T, path string) error { return os.Mkdir(path, 0o700) },
			"not a regular file; give the path of one",
		},
		{
			"a symbolic link to nothing",
			func(_ *testing.T, path string) error { return os.Symlink(filepath.Join("nowhere", "store.db"), path) },
			"lstat DIR/nowhere: no such file or directory",
		},
		{
			"a lock file that is a symbolic link",
			func(_ *testing.T, path string) error {
				return errors.Join(os.WriteFile(path+".victim", []byte("precious"), 0o600), os.Symlink(path+".victim", path+".lock"))
			},
			"open PATH.lock: too many levels of symbolic links",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := storePath(t)
			if err := test.prepare(t, path); err != nil {
				t.Fatal(err)
			}
			before := snapshot(t, path)
			s, err := sqlite.Open(t.Context(), path, sqlite.Options{})
			if err == nil {
				closeStore(t, s)
				t.Fatal("opened")
			}
			want := strings.NewReplacer("PATH", path, "DIR", filepath.Dir(path)).Replace("open store PATH: " + test.want)
			if err.Error() != want {
				t.Errorf("the error is\n%s\nwant\n%s", err, want)
			}
			if after := snapshot(t, path); after != before {
				t.Errorf("the file is not as it was: before %.200q, after %.200q", before, after)
			}
		})
	}
}

func TestOpenRefusesPathsAndOptions(t *testing.T) {
	for _, test := range []struct {
		path, want string
		opts       sqlite.Options
	}{
		{"", "open store : the path is empty", sqlite.Options{}},
		{"/dev/null/store.db", "open store /dev/null/store.db: /dev/null is not a directory", sqlite.Options{}},
		{
			"never.db",
			"open store never.db: MaxBytes is 4096; it must be at least 1048576 (1 MiB), or zero for 10 GiB\n" +
				"MaxPages is -1; it must be positive, or zero for 1000000\n" +
				"MaxReceipts is 10; it must be at least 1000, or zero for 10000\n" +
				"KeepReceipts is -1ns; it must be positive, or zero for 720h0m0s",
			sqlite.Options{MaxBytes: 4096, MaxPages: -1, MaxReceipts: 10, KeepReceipts: -1},
		},
	} {
		_, err := sqlite.Open(t.Context(), test.path, test.opts)
		if err == nil || err.Error() != test.want {
			t.Errorf("Open %q: error\n%v\nwant\n%s", test.path, err, test.want)
		}
	}
}

// newerStore makes a store that a later version of the program has written.
func newerStore(ctx context.Context, t *testing.T, path string) error {
	s, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	return execRaw(ctx, t, path, fmt.Sprintf("PRAGMA user_version = %d; PRAGMA wal_checkpoint(TRUNCATE)", sqlite.FormatVersion+1))
}

// newerLog makes one that was killed before the log was moved into the file.
func newerLog(t *testing.T, path string) error {
	original := path + ".original"
	s, err := sqlite.Open(t.Context(), original, sqlite.Options{})
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	db := raw(t, original)
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), fmt.Sprintf("PRAGMA user_version = %d", sqlite.FormatVersion+1)); err != nil {
		return err
	}
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(original + suffix)
		if err != nil {
			return err
		}
		if err := os.WriteFile(path+suffix, b, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// snapshot returns what is in the file and its log.
func snapshot(t *testing.T, path string) string {
	t.Helper()
	var all strings.Builder
	for _, name := range []string{path, path + "-wal", path + ".victim"} {
		b, err := os.ReadFile(name)
		if err != nil {
			b = []byte("not read")
		}
		all.Write(b)
	}
	return all.String()
}

func TestOneProcessAtATime(t *testing.T) {
	t.Run("a second store in this process is refused", func(t *testing.T) {
		path := storePath(t)
		s := open(t, path, sqlite.Options{})
		link := filepath.Join(t.TempDir(), "link.db")
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		for _, p := range []string{path, link} {
			wantInUse(t, p, "store is in use by this process: open it once and share the Store")
		}
		put(t, s, page("/a", 1, "x")) // the first is none the worse
		closeStore(t, s)
		open(t, path, sqlite.Options{})
	})
	t.Run("a store of another process is refused, by its id, until that process dies", func(t *testing.T) {
		path := storePath(t)
		holder := child(t, "hold", path)
		out, err := holder.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := holder.StdinPipe(); err != nil { // keeps it waiting
			t.Fatal(err)
		}
		if err := holder.Start(); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); line != "open\n" {
			t.Fatalf("the other process said %q, %v", line, err)
		}
		wantInUse(t, path, fmt.Sprintf("store is in use by process %d: stop that one, or use another file", holder.Process.Pid))
		if err := holder.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = holder.Wait()
		open(t, path, sqlite.Options{})
	})
}

func wantInUse(t *testing.T, path, want string) {
	t.Helper()
	_, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if !errors.Is(err, sqlite.ErrInUse) || err.Error() != "open store "+path+": "+want {
		t.Fatalf("the error is\n%v\nwant\nopen store %s: %s", err, path, want)
	}
}

// holdStore is a process that has the store open until it is killed.
func holdStore(path string) error {
	if _, err := sqlite.Open(context.Background(), path, sqlite.Options{}); err != nil {
		return err
	}
	fmt.Println("open")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}
