package main

import (
	"os"
	"strings"
	"testing"
)

// The changes still apply to the code as it is, and the document lists them.
func TestTheTableIsUpToDate(t *testing.T) {
	t.Chdir("../..")
	for _, m := range mutants {
		if _, err := m.overlay(t.TempDir()); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
	doc, err := os.ReadFile("docs/negative-controls.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	printTable(&table)
	if !strings.HasSuffix(string(doc), table.String()) {
		t.Error("docs/negative-controls.md does not end with what `go run ./internal/mutants -table` prints")
	}
}
