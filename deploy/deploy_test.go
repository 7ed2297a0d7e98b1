// Package deploy_test checks the files with which Reprint is deployed.
package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheConfigurationIsValid has the program itself read reprint.yaml.
func TestTheConfigurationIsValid(t *testing.T) {
	program := filepath.Join(t.TempDir(), "reprint")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../cmd/reprint")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), program, "config", "check", "--config", "reprint.yaml")
	cmd.Env = append(os.Environ(), "REPRINT_TOKEN=one-7f2a90c4d1e8b365", "REPRINT_OPERATOR_TOKEN=two-b81e03f7a6c95d24")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestTheUnitIsValid has systemd read the unit. One that is too old for
// Type=notify-reload reads what the unit says to write for it.
func TestTheUnitIsValid(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("SKIPPED: there is no systemd-analyze, so the unit was not checked")
	}
	unit := read(t, "reprint.service")
	if strings.Contains(analyze(t, unit), "ignoring: notify-reload") {
		unit = strings.Replace(unit, "Type=notify-reload", "Type=notify\nExecReload=/bin/kill -HUP $MAINPID", 1)
	}
	if said := analyze(t, unit); said != "" {
		t.Error(said)
	}
	if said := analyze(t, strings.Replace(unit, "ProtectSystem=strict", "ProtectSystm=strict", 1)); said == "" {
		t.Error("systemd-analyze has nothing to say of a mistake: it has not read the unit")
	}
}

// analyze returns what systemd says of a unit, with a program in place of ours.
func analyze(t *testing.T, unit string) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "reprint.service")
	unit = strings.Replace(unit, "/usr/local/bin/reprint serve", program+" serve", 1)
	if err := os.WriteFile(file, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	// Its status has changed its meaning between versions; what it says is enough.
	out, _ := exec.CommandContext(t.Context(), "systemd-analyze", "--man=no", "verify", file).CombinedOutput()
	var own []string
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "reprint.service") { // others of the machine may have faults
			own = append(own, line)
		}
	}
	return strings.Join(own, "")
}

// TestTheFilesAgree holds together what is said in several of them.
func TestTheFilesAgree(t *testing.T) {
	unit, config, readme := read(t, "reprint.service"), read(t, "reprint.yaml"), read(t, "README.md")
	for _, variable := range regexp.MustCompile(`\$\{(\w+)\}`).FindAllStringSubmatch(config, -1) {
		if !strings.Contains(readme, variable[1]+"=%s") {
			t.Errorf("reprint.yaml needs %s, and the README does not make it", variable[1])
		}
	}
	if !strings.Contains(config, "path: /var/lib/"+find(t, unit, `(?m)^StateDirectory=(\w+)$`)+"/") {
		t.Error("the store is not in the unit's StateDirectory")
	}
	for _, limit := range []string{find(t, unit, `GOMEMLIMIT=(\w+)`), "at most " + find(t, unit, `(?m)^MemoryMax=(\d+)G$`) + " GiB"} {
		if !strings.Contains(readme, limit) {
			t.Errorf("the README does not know of the unit's %s", limit)
		}
	}
	if drain, stop := find(t, config, `(?m)^drain: (\d+)s$`), find(t, unit, `(?m)^TimeoutStopSec=(\d+)s$`); len(drain) != len(stop) || drain >= stop {
		t.Errorf("the unit kills the server after %s s, and it drains for %s s", stop, drain)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// find returns what the group of a pattern matches in a text.
func find(t *testing.T, text, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("nothing matches %s", pattern)
	}
	return m[1]
}
