package config_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/reprint-go/reprint/config"
)

var update = flag.Bool("update", false, "write what the code gives to testdata/errors and docs/configuration.md")

// goodSecret is what variables hold in tests that do not say otherwise.
const goodSecret = "q7Wz3Rk9Lm2Xv5B8-of-the-tests"

// environ looks variables up in lines of NAME=VALUE.
func environ(lines string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for line := range strings.Lines(lines) {
			if key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok && key == name {
				return value, true
			}
		}
		return "", false
	}
}

// Each file of testdata/errors is a configuration with what is said of it. They
// read as a documentation of the errors: go test ./config -run Errors -update
// writes them anew.
func TestErrors(t *testing.T) {
	files, err := filepath.Glob("testdata/errors/*.txtar")
	if err != nil || len(files) < 60 {
		t.Fatalf("%d cases (%v), want at least 60", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			yaml, want := member(archive, "reprint.yaml"), member(archive, "want")
			if yaml == nil || want == nil || len(archive.Comment) == 0 {
				t.Fatal("the case needs a comment, reprint.yaml and want")
			}
			env := ""
			if e := member(archive, "env"); e != nil {
				env = string(e.Data)
			}
			got := explain(t, "reprint.yaml", yaml.Data, environ(env))
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(want.Data) {
				t.Errorf("errors:\n%s\nwant:\n%s", got, want.Data)
			}
		})
	}
}

func member(a *txtar.Archive, name string) *txtar.File {
	for i := range a.Files {
		if a.Files[i].Name == name {
			return &a.Files[i]
		}
	}
	return nil
}

// explain returns what is said of a faulty file.
func explain(t *testing.T, name string, data []byte, env func(string) (string, bool)) string {
	t.Helper()
	c, err := config.Parse(name, data, env)
	if err == nil || c != nil {
		t.Fatalf("Parse took the file: %v, %v", c, err)
	}
	var faults config.Errors
	if !errors.As(err, &faults) || len(faults) == 0 {
		t.Fatalf("error %T %v, want Errors", err, err)
	}
	if len(strings.Split(faults.Error(), "\n")) != len(faults) {
		t.Errorf("%d faults, but the error has other lines:\n%s", len(faults), faults.Error())
	}
	return faults.Explain()
}
