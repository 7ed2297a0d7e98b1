package reprint_test

import (
	"path"
	"slices"
	"strings"
	"testing"
)

// A law that cannot be broken proves nothing: for each rule there is code here
// that is against it, with neighbours that are not. Code is written as
// "FILE: what follows the package clause".
func TestDependencyLawCanBeBroken(t *testing.T) {
	const (
		site    = `import _ "github.com/reprint-go/reprint"; `
		memory  = `import _ "github.com/reprint-go/reprint/internal/memory"; `
		sqlite  = `import _ "github.com/reprint-go/reprint/sqlite"; `
		hook    = `import _ "github.com/reprint-go/reprint/hook"; `
		suite   = `import _ "github.com/reprint-go/reprint/storetest"; `
		content = `import _ "github.com/reprint-go/reprint/examples/shop/content"; `
		foreign = `import _ "github.com/other/lib"; `
		xtext   = `import _ "golang.org/x/text/language"; `
		fixture = `import _ "testing"; `
		rapid   = `import _ "pgregory.net/rapid"; `
		markup  = `import _ "golang.org/x/net/html"; `
		css     = `import _ "github.com/reprint-go/reprint/internal/selector"; `
	)
	tests := []struct {
		rule   string // how its name begins
		broken string
		lawful []string
	}{
		{"the root imports", `page.go: ` + foreign, []string{`page.go: ` + xtext + memory, `page_test.go: ` + foreign, `sqlite/db.go: ` + foreign}},
		{"the root imports", `page.go: ` + sqlite, []string{`page_test.go: ` + sqlite}},
		{"the root imports", `page.go: import _ "golang.org/xtra"`, nil},
		{"internal packages", `internal/memory/tier.go: ` + site, []string{`internal/memory/tier.go: ` + foreign}},
		{"internal packages", `internal/memory/tier_test.go: ` + sqlite, []string{`internal/flight/group.go: ` + memory}},
		{"adapters", `sqlite/db.go: ` + hook, []string{`sqlite/db.go: ` + site + memory, `sqlite/db_test.go: ` + suite}},
		{"adapters", `hook/hook_test.go: ` + sqlite, []string{`sqlite/schema/v1.go: ` + sqlite, `sqlite/db_test.go: ` + sqlite}},
		{"adapters", `brandnew/thing.go: ` + sqlite, []string{`brandnew/thing.go: ` + site}},
		{"only programs", `site_test.go: ` + sqlite + hook, []string{`examples/shop/main.go: ` + sqlite + hook, `cmd/reprint/main.go: ` + sqlite + hook}},
		{"programs", `hook/hook.go: ` + content, []string{`examples/shop/main.go: ` + content}},
		{"programs", `examples/other/main.go: ` + content, nil},
		{"storetest", `storetest/run.go: ` + foreign, []string{`storetest/run.go: ` + fixture + rapid + site, `storetest/run_test.go: ` + foreign}},
		{"storetest", `storetest/run.go: ` + memory, nil},
		{"what is for tests", `hook/hook.go: ` + fixture, []string{`hook/hook_test.go: ` + fixture, `storetest/run.go: ` + fixture}},
		{"what is for tests", `hook/fixture.go: import _ "testing/fstest"`, nil},
		{"what is for tests", `render.go: import _ "net/http/httptest"`, nil},
		{"what is for tests", `cmd/reprint/main.go: ` + rapid, nil},
		{"what is for tests", `sqlite/db.go: ` + suite, nil},
		{"proof reads HTML", `origin/list.go: ` + markup, []string{`proof/html.go: ` + markup, `internal/selector/in.go: ` + markup, `origin/list_test.go: ` + markup}},
		{"proof reads HTML", `config/routes.go: import _ "github.com/andybalholm/cascadia"`, []string{`config/routes.go: ` + css}},
		{"proof reads HTML", `page.go: ` + css, []string{`proof/proof.go: ` + css}},
		{"admin alone compares", `cmd/reprint/history.go: import _ "github.com/aymanbagabas/go-udiff"`, []string{`admin/diff.go: import _ "github.com/aymanbagabas/go-udiff"`}},
		{"the root names", `page.go: var openSQLite = 1`, []string{`sqlite/db.go: var openSQLite = 1`, `page_test.go: var openSQLite = 1`}},
		{"the root names", `page.go: var engine = "redis"`, []string{"page.go: // like Redis\nvar engine = 1"}},
		{"every package", `hook/hook.go:`, []string{`hook/hook_test.go:`}},
		{"no package is a drawer", `util/strings.go:`, []string{`utility/strings.go:`}},
		{"there is no init", `page.go: func init() {}`, []string{`page.go: type engine int; func (engine) init() {}`}},
		{"there is no init", `page_test.go: func init() {}`, nil},
		{"nobody imports", `sqlite/db.go: import "C"`, []string{`sqlite/db.go: ` + foreign}},
	}
	broken := make(map[string]bool)
	for _, test := range tests {
		t.Run(test.broken, func(t *testing.T) {
			rule := lawRuleNamed(t, test.rule)
			broken[rule.name] = true
			file, _, _ := strings.Cut(test.broken, ":")
			if breaches := rule.breaches(lawPackageOf(t, test.broken)); len(breaches) != 1 || !strings.HasPrefix(breaches[0], file+" ") {
				t.Errorf("breaches %q, want one of %s", breaches, file)
			}
			for _, lawful := range test.lawful {
				if breaches := rule.breaches(lawPackageOf(t, lawful)); len(breaches) != 0 {
					t.Errorf("%s: breaches %q, want none", lawful, breaches)
				}
			}
		})
	}
	for _, rule := range law {
		if !broken[rule.name] {
			t.Errorf("nothing here is against the rule: %s", rule.name)
		}
	}
}

func TestDependencyLawOnPackageComments(t *testing.T) {
	tests := []struct {
		name  string
		files []string // "FILE: the whole file"
		want  string   // empty: lawful
	}{
		{"one", []string{"hook/a.go: // Package hook answers.\npackage hook", "hook/b.go: package hook"}, ""},
		{"a program's", []string{"cmd/reprint/main.go: // Reprint serves pages.\npackage main"}, ""},
		{"none", []string{"hook/a.go: package hook", "hook/b.go: package hook"}, "hook/a.go and the files beside it have no package comment"},
		{"in a test only", []string{"hook/a.go: package hook", "hook/a_test.go: // Package hook answers.\npackage hook"}, "hook/a.go and"},
		{"two", []string{"hook/a.go: // Package hook answers.\npackage hook", "hook/b.go: // Package hook calls.\npackage hook"}, "hook/a.go and hook/b.go each"},
		{"of another", []string{"hook/a.go: // Package hooks answers.\npackage hook"}, "hook/a.go has a package comment that does not begin"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var p lawPackage
			for _, text := range test.files {
				file, src, _ := strings.Cut(text, ": ")
				p = append(p, mustReadLawFile(t, file, src))
			}
			breaches := strings.Join(lawRuleNamed(t, "every package").breaches(p), "; ")
			if !strings.HasPrefix(breaches, test.want) || (test.want == "") != (breaches == "") {
				t.Errorf("breaches %q, want %q", breaches, test.want)
			}
		})
	}
}

func TestDependencyLawSaysWhoWhatAndWhy(t *testing.T) {
	breaches := lawBreaches(lawPackageOf(t, `hook/hook_test.go: import _ "github.com/reprint-go/reprint/sqlite"`))
	if len(breaches) != 1 {
		t.Fatalf("breaches %q, want one", breaches)
	}
	rule := lawRuleNamed(t, "adapters")
	for _, want := range []string{"hook/hook_test.go", `imports "github.com/reprint-go/reprint/sqlite"`, rule.name, rule.reason} {
		if !strings.Contains(breaches[0], want) {
			t.Errorf("the message %q does not say %q", breaches[0], want)
		}
	}
}

func lawRuleNamed(t *testing.T, begin string) lawRule {
	t.Helper()
	i := slices.IndexFunc(law, func(r lawRule) bool { return strings.HasPrefix(r.name, begin) })
	if i < 0 {
		t.Fatalf("there is no rule %q", begin)
	}
	return law[i]
}

// lawPackageOf reads "FILE: code" as a package of one file, which is named after
// its directory.
func lawPackageOf(t *testing.T, text string) lawPackage {
	t.Helper()
	file, code, _ := strings.Cut(text, ":")
	name := path.Base(path.Join(lawModule, path.Dir(file)))
	return lawPackage{mustReadLawFile(t, file, "package "+name+";"+code)}
}

func mustReadLawFile(t *testing.T, name, src string) lawFile {
	t.Helper()
	f, err := readLawFile(name, []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return f
}
