package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// matrixRows are the numbers of all rows that docs/security-matrix.md is to have.
const matrixRows = `
	001 002 003 004 005 007 008 009 012 013 015 016 017 018 019 020 021 022 023 024 026 027 028 029 032 033 034 035 036 037 038 039 040 041 043 044 045 046
	047 049 050 051 052 054 055 056 057 058 060 061 062 063 064 065 066 068 069 070 071 072 073 075 076 077 078 079 080 081 082 084 085 087 088 089 090 091
	092 093 094 095 096 098 099 100 101 102 103 104 106 107 108 109 110 111 113 114 115 116 118 120`

// docs/security-matrix.md has each row once, with tests that exist or why there are
// none, and names every test of these files.
func TestTheSecurityMatrixNamesItsTests(t *testing.T) {
	page := readFile(t, "../../docs/security-matrix.md")
	for number := range strings.FieldsSeq(matrixRows) {
		found := regexp.MustCompile(`(?m)^\| T-`+number+` \| (.+) \| (.+) \|$`).FindAllStringSubmatch(page, -1)
		if len(found) != 1 {
			t.Errorf("T-%s has %d rows", number, len(found))
			continue
		}
		if what, tests := found[0][1], found[0][2]; !strings.Contains(tests, "Test") && !strings.HasPrefix(what, "does not apply") {
			t.Errorf("T-%s has neither a test nor a reason why it does not apply", number)
		}
	}
	if rows := strings.Count(page, "\n| T-"); rows != len(strings.Fields(matrixRows)) {
		t.Errorf("there are %d rows, and %d numbers in this test", rows, len(strings.Fields(matrixRows)))
	}
	named := map[string]bool{}
	for _, m := range regexp.MustCompile("`(?:([a-z0-9/]+)\\.)?(Test\\w+)`").FindAllStringSubmatch(page, -1) {
		folder := m[1]
		switch folder {
		case "":
			folder = "cmd/reprint"
			named[m[2]] = true
		case "reprint":
			folder = "."
		}
		if !declares(t, filepath.Join("../..", folder, "*_test.go"), m[2]) {
			t.Errorf("%s of %s is named and not there", m[2], folder)
		}
	}
	for _, pattern := range []string{"security_*_test.go", "unharmed_test.go"} {
		for _, file := range glob(t, pattern) {
			for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(readFile(t, file), -1) {
				if !named[m[1]] && m[1] != t.Name() {
					t.Errorf("%s of %s is not named", m[1], file)
				}
			}
		}
	}
}

// declares reports whether one of the files of a pattern has a test.
func declares(t *testing.T, pattern, test string) bool {
	t.Helper()
	for _, file := range glob(t, pattern) {
		if strings.Contains(readFile(t, file), "\nfunc "+test+"(t *testing.T)") {
			return true
		}
	}
	return false
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v, %v", pattern, files, err)
	}
	return files
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
