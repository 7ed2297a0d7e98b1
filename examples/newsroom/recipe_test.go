package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	configuration "github.com/reprint-go/reprint/config"
)

// TestTheRecipeIsTrue: what docs/tags.md shows of Go runs as an example, and what it
// shows of a configuration is one.
func TestTheRecipeIsTrue(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	recipe, indent := read("../../docs/tags.md"), regexp.MustCompile(`\s+`)
	blocks := func(language string) (found []string) {
		for _, b := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(recipe, -1) {
			found = append(found, b[1])
		}
		if len(found) == 0 {
			t.Errorf("it shows no %s", language)
		}
		return found
	}
	examples := indent.ReplaceAllString(read("../../example_test.go"), " ")
	for _, code := range blocks("go") {
		if !strings.Contains(examples, strings.TrimSpace(indent.ReplaceAllString(code, " "))) {
			t.Errorf("no example holds\n%s", code)
		}
	}
	for _, text := range blocks("yaml") {
		if _, err := configuration.Parse("tags.md", []byte(text), func(string) (string, bool) { return "", false }); err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
	}
}
