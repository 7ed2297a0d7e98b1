package config_test

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/reprint-go/reprint/config"
)

const referenceFile = "../docs/configuration.md"

// docs/configuration.md is what the code gives:
// go test ./config -run Reference -update
func TestReference(t *testing.T) {
	want := config.Reference()
	if *update {
		if err := os.WriteFile(referenceFile, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/configuration.md is not what the code gives; run: go test ./config -run Reference -update")
	}
}

// The files that the reference shows work.
func TestReferenceExamples(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(config.Reference()), -1)
	if len(blocks) != 2 {
		t.Fatalf("%d examples, want 2", len(blocks))
	}
	for _, block := range blocks {
		parse(t, block[1])
	}
}

// Every key of the good files has its heading.
func TestReferenceNamesEveryKey(t *testing.T) {
	reference := string(config.Reference())
	for _, path := range []string{"listen", "admin.tokens[].actions", "origin.headers", "routes[].vary[].values", "routes[].prerender.atStart", "hooks[].missing", "sites"} {
		if !strings.Contains(reference, "\n### `"+path+"`\n") {
			t.Errorf("the reference has no heading for %s", path)
		}
	}
}
