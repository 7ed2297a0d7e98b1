package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/reprint-go/reprint/config"
)

// canary is a secret in the file itself, and in the environment.
const canary = "c4n4ry-q7Wz3Rk9Lm2Xv5B8"

func FuzzParse(f *testing.F) {
	for _, file := range goodFiles(f) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	files, err := filepath.Glob("testdata/errors/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(member(archive, "reprint.yaml").Data))
	}
	f.Add("hooks:\n  - {path:\"${A}\"}\n")
	f.Fuzz(func(t *testing.T, data string) {
		c, err := config.Parse("f.yaml", []byte(data), func(string) (string, bool) { return canary, true })
		if err == nil {
			if c == nil || len(c.Sites) == 0 {
				t.Fatal("no error and no configuration")
			}
			return
		}
		var faults config.Errors
		if c != nil || !errors.As(err, &faults) || len(faults) == 0 {
			t.Fatalf("%v, %v: want Errors and nothing else", c, err)
		}
		checkFaults(t, data, faults)
		if !strings.Contains(data, canary) && strings.Contains(faults.Explain(), canary) {
			t.Errorf("the errors show what the environment holds:\n%s", faults.Explain())
		}
	})
}

// checkFaults checks that each fault is in the file, in order, and can be shown on
// a terminal.
func checkFaults(t *testing.T, data string, faults config.Errors) {
	t.Helper()
	text := strings.ReplaceAll(strings.TrimPrefix(data, "\ufeff"), "\r\n", "\n")
	lines := strings.Split(text, "\n")
	last := faults[0]
	for _, f := range faults {
		if f.File != "f.yaml" || f.Line < 1 || f.Line > len(lines) || f.Column < 1 || f.Column > utf8.RuneCountInString(lines[f.Line-1])+1 {
			t.Errorf("%s is not in the file", f)
		}
		if f.Line < last.Line || f.Line == last.Line && f.Column < last.Column {
			t.Errorf("%s comes after %s", f, last)
		}
		last = f
		if f.Message == "" {
			t.Errorf("%s says nothing", f)
		}
		for _, c := range f.Excerpt() + f.String() {
			if unicode.IsControl(c) && c != '\n' {
				t.Errorf("%q holds a control character", f.Excerpt()+f.String())
			}
		}
	}
}

// A secret that stands in the file is in no error, whatever else is wrong: every
// single character of the file is left out or replaced in turn.
func TestSecretsInTheFileAreNeverShown(t *testing.T) {
	const file = `admin:
  tokens:
    - name: editor
      secret: ` + canary + ` # ` + canary + `
    - {name: b, secret: "` + canary + `"}
    - name: c
      secrets:
        - '` + canary + `1'
        - ` + canary + `2
origin:
  url: http://127.0.0.1:3000
  headers:
    Authorization: Bearer ` + canary + `
hooks:
  - path: /h
    secrets: [` + canary + `3, ` + canary + `4]
    paths: [/x]
`
	cases := []string{file}
	for i := range len(file) {
		for _, by := range []string{"", " ", ":", "\"", "[", "\n", "x", "- ", "{", "\t", "'", "|", "#"} {
			cases = append(cases, file[:i]+by+file[i+1:])
		}
	}
	for _, data := range cases {
		_, err := config.Parse("f.yaml", []byte(data), environ(""))
		var faults config.Errors
		if err != nil && !errors.As(err, &faults) {
			t.Fatal(err)
		}
		// A change within a secret leaves the rest of it.
		for _, part := range []string{canary[:12], canary[11:]} {
			if strings.Contains(faults.Explain(), part) {
				t.Fatalf("the errors show a secret:\n%s\nof the file\n%s", faults.Explain(), data)
			}
		}
	}
}
