//go:build unix

package main

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/reprint-go/reprint/config"
)

// documents are those that tell how to run Reprint.
func documents(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("../../docs/getting-started/*.md")
	if err != nil || len(all) < 5 {
		t.Fatalf("%d documents to get started with, error %v", len(all), err)
	}
	return append(all, "../../docs/operations.md", "../../docs/comparison.md", "../../deploy/README.md")
}

// TestDocumentsShowConfigurationsThatAreValid reads every configuration in them,
// and completes those that show a part. What is for Prometheus is YAML at least.
func TestDocumentsShowConfigurationsThatAreValid(t *testing.T) {
	read := 0
	for _, document := range documents(t) {
		for _, b := range blocksOf(t, document) {
			if b.language != "yaml" {
				continue
			}
			var keys map[string]any
			if err := yaml.Unmarshal([]byte(b.text), &keys); err != nil {
				t.Errorf("%s: %v\n%s", document, err, b.text)
			}
			if keys["groups"] != nil || keys["scrape_configs"] != nil {
				continue
			}
			text := b.text
			if keys["origin"] == nil {
				text = "origin: {url: \"http://127.0.0.1:3000\"}\n" + text
			}
			if _, err := config.Parse(document, []byte(text), someSecret); err != nil {
				t.Errorf("%v\n%s", err, text)
			}
			read++
		}
	}
	if read < 8 {
		t.Errorf("%d configurations were read; the documents had more", read)
	}
}

// someSecret is an environment in which every variable is a secret of its own.
func someSecret(name string) (string, bool) { return name + "-4f81c07be92d35a6", true }

// TestDocumentsShowCommandsThatExist asks the program for the help of each
// command that they show, and looks for the flags.
func TestDocumentsShowCommandsThatExist(t *testing.T) {
	program := buildReprint(t)
	line := regexp.MustCompile(`(?m)(?:^|[ ` + "`" + `|&])(?:bin/|/usr/local/bin/)?reprint ((?:[a-z]+ ?)+)([^` + "`" + `\n|&;]*)`)
	help := map[string]string{}
	for _, document := range documents(t) {
		for _, m := range line.FindAllStringSubmatch(commandsIn(t, document), -1) {
			command := strings.Fields(m[1])
			if command[0] == "config" {
				command = command[:min(2, len(command))]
			} else {
				command = command[:1]
			}
			name := strings.Join(command, " ")
			if help[name] == "" {
				out, err := exec.CommandContext(t.Context(), program, append(command, "--help")...).CombinedOutput()
				if err != nil || !strings.Contains(string(out), "\n  reprint "+name+" ") { // else it is the help of all
					t.Errorf("%s shows reprint %s: there is no such command, error %v", document, name, err)
				}
				help[name] = string(out) + " "
			}
			for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(m[2], -1) {
				if !strings.Contains(help[name], flag+" ") {
					t.Errorf("%s shows reprint %s %s, and there is no such flag", document, name, flag)
				}
			}
		}
	}
	for _, name := range []string{"serve", "revalidate", "explain", "status", "config check"} {
		if help[name] == "" {
			t.Errorf("no document shows reprint %s: they were not read right", name)
		}
	}
}

// commandsIn returns what a reader of a document would type.
func commandsIn(t *testing.T, document string) string {
	t.Helper()
	content, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile("`reprint [^`]*`").FindAllString(string(content), -1)
	for _, b := range blocksOf(t, document) {
		if b.language == "sh" {
			commands = append(commands, strings.Split(b.text, "\n")...)
		}
	}
	return strings.Join(commands, "\n")
}

// wantMetrics reports metrics that the operations guide names and the server does
// not have.
func wantMetrics(t *testing.T, s *server) {
	t.Helper()
	guide, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.admin+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	metrics, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("metrics: %s, error %v", res.Status, err)
	}
	names := regexp.MustCompile(`\breprint_[a-z_]+`).FindAllString(string(guide), -1)
	if len(names) < 8 {
		t.Errorf("the guide names %d metrics", len(names))
	}
	for _, name := range names {
		if !regexp.MustCompile(`(?m)^` + name + `[{ ]`).Match(metrics) {
			t.Errorf("the guide names %s, and there is none", name)
		}
	}
}
