package reprint_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The Go code that the README shows is code that runs: each of its blocks stands
// in example_test.go, give or take indentation.
func TestTheReadmeShowsCodeThatRuns(t *testing.T) {
	plain := func(s string) string { return regexp.MustCompile(`\s+`).ReplaceAllString(s, " ") }
	read := func(name string) string {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	examples := plain(read("example_test.go"))
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(read("README.md"), -1)
	if len(blocks) < 2 {
		t.Fatalf("%d blocks of Go", len(blocks))
	}
	for _, b := range blocks {
		if !strings.Contains(examples, strings.TrimSpace(plain(b[1]))) {
			t.Errorf("example_test.go does not hold\n%s", b[1])
		}
	}
}

// What the documents say of tests is true: every test that they name exists.
func TestDocumentsNameTestsThatExist(t *testing.T) {
	known := map[string]bool{}
	for _, dir := range []string{".", "sqlite", "storetest", "hook", "origin", "admin", "config", "cmd/reprint", "internal/secret", "internal/slow", "internal/spell", "examples/newsroom", "examples/seed", "internal/flight", "internal/gate",
		"internal/recorder", "internal/due", "internal/backoff", "internal/field", "internal/tier", "internal/lane", "internal/coding"} {
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if !strings.HasSuffix(f.Name(), "_test.go") {
				continue
			}
			b, err := os.ReadFile(dir + "/" + f.Name())
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`func ((?:Test|Fuzz|Example|Benchmark)\w*)\(`).FindAllSubmatch(b, -1) {
				known[string(m[1])] = true
			}
			for _, m := range regexp.MustCompile(`\{"((?:C-\d+b? |T17 )+)`).FindAllSubmatch(b, -1) {
				for id := range strings.FieldsSeq(string(m[1])) {
					known["TestNextJS/"+id] = true
				}
			}
		}
	}
	for _, doc := range []string{"ARCHITECTURE.md", "docs/nextjs.md", "docs/limits.md", "docs/http.md", "docs/negative-controls.md"} {
		b, err := os.ReadFile(doc)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, m := range regexp.MustCompile(`(TestNextJS/[CT]-?\d+b?|(?:Test|Fuzz)[A-Z]\w+)`).FindAllString(string(b), -1) {
			if !known[m] {
				t.Errorf("%s names %s, which is not there", doc, m)
			}
		}
	}
}
