package reprint_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"regexp"
	"testing"
)

// Each module that the code imports has its line in docs/dependencies.md, at the
// version of go.mod, and each line there is about a module that is imported.
func TestDependenciesAreExplained(t *testing.T) {
	versions := requiredVersions(t)
	explained := explainedVersions(t)
	imported := make(map[string]bool)
	for _, p := range lawPackagesOnDisk(t) {
		for _, f := range p {
			for _, target := range f.imports {
				if !isStandard(target) && !isOurs(target) {
					imported[moduleOf(t, versions, target)] = true
				}
			}
		}
	}
	for module := range imported {
		if explained[module] != versions[module] {
			t.Errorf("docs/dependencies.md explains %s at %q, go.mod requires %q", module, explained[module], versions[module])
		}
	}
	for module := range explained {
		if !imported[module] {
			t.Errorf("docs/dependencies.md explains %s, which nothing imports", module)
		}
	}
}

// requiredVersions returns what go.mod requires.
func requiredVersions(t *testing.T) map[string]string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatalf("read go.mod: %v", err)
	}
	var mod struct {
		Require []struct{ Path, Version string }
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatalf("read go.mod: %v", err)
	}
	versions := make(map[string]string)
	for _, r := range mod.Require {
		versions[r.Path] = r.Version
	}
	return versions
}

// explainedVersions returns the modules of docs/dependencies.md, whose rows begin
// with "| `MODULE` | VERSION |".
func explainedVersions(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	versions := make(map[string]string)
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (v\\S+) \\|").FindAllStringSubmatch(string(text), -1) {
		versions[row[1]] = row[2]
	}
	return versions
}

// moduleOf returns the module that a package is in: the required one with the
// longest path above it.
func moduleOf(t *testing.T, versions map[string]string, target string) string {
	t.Helper()
	for dir := target; dir != "."; dir = path.Dir(dir) {
		if _, ok := versions[dir]; ok {
			return dir
		}
	}
	t.Errorf("%s is imported, and no module of go.mod has it", target)
	return target
}
