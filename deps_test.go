package reprint_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The law of dependencies: everything points inward. The root holds the noun,
// the verbs and the contracts; mechanisms that know nothing of pages are in
// internal; each technology has a package of its own around the root, an
// adapter; and only programs, under cmd and examples, bring adapters together.

const lawModule = "github.com/reprint-go/reprint"

// lawRule is one article. breaches returns what in a package is against it, each
// as a clause that begins with the name of the file.
type lawRule struct {
	name     string
	reason   string
	breaches func(lawPackage) []string
}

var law = []lawRule{{
	name:   "the root imports the standard library, golang.org/x and its own internal packages",
	reason: "whoever takes Reprint takes what its root depends on, and must be able to read it without knowing any technology",
	breaches: imports(func(f lawFile, target string) bool {
		return f.layer() == root && !f.test && !isStandard(target) && !isUnder(target, "golang.org/x") && layerOf(target) != internal
	}),
}, {
	name:   "internal packages know neither the root nor anything around it",
	reason: "they are mechanisms; one that knows pages can be neither understood nor tested alone",
	breaches: imports(func(f lawFile, target string) bool {
		return f.layer() == internal && isOurs(target) && layerOf(target) != internal
	}),
}, {
	name:   "adapters never see each other",
	reason: "what two of them share belongs in the root; otherwise a change to one technology breaks another, and nobody can take one without both",
	breaches: imports(func(f lawFile, target string) bool {
		return f.layer() == adapter && layerOf(target) == adapter && unitOf(target) != unitOf(f.importPath())
	}),
}, {
	name:     "only programs bring adapters together",
	reason:   "there is one place to look for how a site is wired, and everything else works with any choice",
	breaches: severalAdapters,
}, {
	name:   "programs are imported by nobody but themselves",
	reason: "what is worth importing is a package of the library, with the promises of one",
	breaches: imports(func(f lawFile, target string) bool {
		return layerOf(target) == program && unitOf(target) != unitOf(f.importPath())
	}),
}, {
	name:   "storetest imports the root, the standard library and rapid",
	reason: "whoever writes a store compiles it, and must not get a second technology with it",
	breaches: imports(func(f lawFile, target string) bool {
		return f.layer() == suite && !f.test && !isStandard(target) && layerOf(target) != root && target != "pgregory.net/rapid"
	}),
}, {
	name:   "what is for tests is imported by tests, and by storetest",
	reason: "it registers flags, brings libraries that no user asked for, and ends up in their programs",
	breaches: imports(func(f lawFile, target string) bool {
		return isForTests(target) && !f.test && f.layer() != suite
	}),
}, {
	name:   "proof reads HTML, internal/selector reads CSS selectors, and only proof and config share them",
	reason: "a few kilobytes can be the tree of gigabytes, so there is one place that bounds it; what configuration takes is what is looked for; and who checks no HTML carries no parser",
	breaches: imports(func(f lawFile, target string) bool {
		const selectors = lawModule + "/internal/selector"
		reader := unitOf(f.importPath()) == "proof" || f.importPath() == selectors
		switch {
		case f.test:
			return false
		case isUnder(target, "golang.org/x/net/html"), isUnder(target, "github.com/andybalholm/cascadia"):
			return !reader
		case target == selectors:
			return !reader && unitOf(f.importPath()) != "config"
		}
		return false
	}),
}, {
	name:   "admin alone compares texts",
	reason: "only there the work of it is bounded, and who serves no admin API carries no regexp for it",
	breaches: imports(func(f lawFile, target string) bool {
		return isUnder(target, "github.com/aymanbagabas/go-udiff") && unitOf(f.importPath()) != "admin"
	}),
}, {
	name:     "the root names no technology",
	reason:   "a name in code is the first form of a dependency, and the contracts must fit the next technology too (comments may give examples)",
	breaches: technologies,
}, {
	name:     "every package has one package comment, \"Package NAME ...\"",
	reason:   "it is the first thing that a newcomer reads, and of two nobody knows which is true",
	breaches: packageComment,
}, {
	name:   "no package is a drawer",
	reason: "a name like util says that things are there because they had no place; find them one",
	breaches: eachFile(func(f lawFile) string {
		if slices.Contains([]string{"util", "utils", "helper", "helpers", "common", "misc", "shared", "types", "base"}, strings.TrimSuffix(f.pkg, "_test")) {
			return "is in package " + f.pkg
		}
		return ""
	}),
}, {
	name:   "there is no init function",
	reason: "what happens at import cannot be chosen, ordered, given a context or return an error",
	breaches: eachFile(func(f lawFile) string {
		if f.hasInit {
			return "declares init"
		}
		return ""
	}),
}, {
	name:     "nobody imports \"C\"",
	reason:   "a program with Reprint in it is one static file, built for any machine on any other without a C compiler",
	breaches: imports(func(_ lawFile, target string) bool { return target == "C" }),
}}

func TestDependencyLaw(t *testing.T) {
	packages := lawPackagesOnDisk(t)
	if len(packages[lawModule]) < 5 {
		t.Fatalf("found %d files of the root package: the law was not applied to this module", len(packages[lawModule]))
	}
	for _, p := range packages {
		for _, breach := range lawBreaches(p) {
			t.Error(breach)
		}
	}
}

func lawBreaches(p lawPackage) []string {
	var all []string
	for _, rule := range law {
		for _, breach := range rule.breaches(p) {
			all = append(all, fmt.Sprintf("%s\n\tthe rule:   %s\n\tthe reason: %s", breach, rule.name, rule.reason))
		}
	}
	return all
}

// lawPackage is the Go files of one directory, those of its tests too.
type lawPackage []lawFile

// lawFile is what the law looks at in a file.
type lawFile struct {
	name    string // from the root of the module, with slashes
	test    bool   // its name ends in _test.go
	pkg     string // the name in the package clause
	doc     string // the comment above it
	imports []string
	words   []string // identifiers and strings in the code
	hasInit bool
}

func (f lawFile) importPath() string { return path.Join(lawModule, path.Dir(f.name)) }
func (f lawFile) layer() lawLayer    { return layerOf(f.importPath()) }

// lawLayer is where a package stands.
type lawLayer int

const (
	foreign lawLayer = iota // not of this module
	root
	internal
	suite   // storetest
	program // cmd/NAME, examples/NAME
	adapter // every other directory: who adds one gets the strictest rules
)

func layerOf(importPath string) lawLayer {
	if !isOurs(importPath) {
		return foreign
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(importPath, lawModule+"/"), "/")
	switch {
	case importPath == lawModule:
		return root
	case first == "internal":
		return internal
	case first == "storetest":
		return suite
	case first == "cmd" || first == "examples":
		return program
	}
	return adapter
}

// unitOf returns the directory that an adapter or program has for itself and
// its sub-packages.
func unitOf(importPath string) string {
	segments := strings.Split(strings.TrimPrefix(importPath, lawModule+"/"), "/")
	if layerOf(importPath) == program {
		return path.Join(segments[:min(2, len(segments))]...)
	}
	return segments[0]
}

func isUnder(importPath, parent string) bool {
	return importPath == parent || strings.HasPrefix(importPath, parent+"/")
}

func isOurs(importPath string) bool { return isUnder(importPath, lawModule) }

// isStandard reports whether a package is of the standard library, as the go
// command does: only the path of a module begins with a domain name.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

func isForTests(importPath string) bool {
	return slices.ContainsFunc([]string{
		"testing",
		"net/http/httptest",
		lawModule + "/storetest",
		lawModule + "/internal/logtest",
		"pgregory.net/rapid",
		"github.com/anishathalye/porcupine",
		"github.com/chromedp",
		"go.uber.org/goleak",
	}, func(parent string) bool { return isUnder(importPath, parent) })
}

// imports turns a rule on single imports into one on packages.
func imports(bad func(f lawFile, target string) bool) func(lawPackage) []string {
	return func(p lawPackage) []string {
		var breaches []string
		for _, f := range p {
			for _, target := range f.imports {
				if bad(f, target) {
					breaches = append(breaches, fmt.Sprintf("%s imports %q", f.name, target))
				}
			}
		}
		return breaches
	}
}

// eachFile turns a rule on single files into one on packages; bad returns what
// the file does wrong, or nothing.
func eachFile(bad func(f lawFile) string) func(lawPackage) []string {
	return func(p lawPackage) []string {
		var breaches []string
		for _, f := range p {
			if what := bad(f); what != "" {
				breaches = append(breaches, f.name+" "+what)
			}
		}
		return breaches
	}
}

func severalAdapters(p lawPackage) []string {
	first := "" // the adapter seen first
	return imports(func(f lawFile, target string) bool {
		if f.layer() == program || layerOf(target) != adapter || unitOf(target) == unitOf(f.importPath()) {
			return false
		}
		if first == "" {
			first = unitOf(target)
		}
		return unitOf(target) != first
	})(p)
}

func technologies(p lawPackage) []string {
	names := []string{"sqlite", "otter", "redis", "valkey", "postgres", "mysql", "httpsfv", "prometheus", "opentelemetry", "otel", "yaml", "nextjs", "chromium"}
	return eachFile(func(f lawFile) string {
		if f.layer() != root || f.test {
			return ""
		}
		for _, word := range f.words {
			for _, name := range names {
				if strings.Contains(strings.ToLower(word), name) {
					return fmt.Sprintf("says %s", word)
				}
			}
		}
		return ""
	})(p)
}

func packageComment(p lawPackage) []string {
	var code, documented []string
	var breaches []string
	for _, f := range p {
		if f.test {
			continue
		}
		code = append(code, f.name)
		if f.doc == "" {
			continue
		}
		documented = append(documented, f.name)
		if f.pkg != "main" && !strings.HasPrefix(f.doc, "Package "+f.pkg+" ") {
			breaches = append(breaches, fmt.Sprintf("%s has a package comment that does not begin with \"Package %s\"", f.name, f.pkg))
		}
	}
	switch {
	case len(code) > 0 && len(documented) == 0:
		breaches = append(breaches, code[0]+" and the files beside it have no package comment")
	case len(documented) > 1:
		breaches = append(breaches, strings.Join(documented, " and ")+" each have a package comment")
	}
	return breaches
}

// lawPackagesOnDisk reads every Go file of the module, whatever its build
// constraints say, by the import path of its directory.
func lawPackagesOnDisk(t *testing.T) map[string]lawPackage {
	t.Helper()
	packages := make(map[string]lawPackage)
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && isOutside(name):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(name) != ".go":
			return nil
		}
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		f, err := readLawFile(filepath.ToSlash(name), src)
		packages[f.importPath()] = append(packages[f.importPath()], f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

// isOutside reports whether the go command would not look for packages of this
// module in a directory: it is hidden, test data or a module of its own.
func isOutside(dir string) bool {
	if dir == "." {
		return false
	}
	base := filepath.Base(dir)
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil || base == "testdata" || base[0] == '.' || base[0] == '_'
}

func readLawFile(name string, src []byte) (lawFile, error) {
	file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return lawFile{}, err
	}
	f := lawFile{name: name, test: strings.HasSuffix(name, "_test.go"), pkg: file.Name.Name, doc: file.Doc.Text()}
	for _, spec := range file.Imports {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return lawFile{}, fmt.Errorf("%s: import %s: %w", name, spec.Path.Value, err)
		}
		f.imports = append(f.imports, target)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			f.words = append(f.words, n.Name)
		case *ast.BasicLit:
			f.words = append(f.words, n.Value)
		case *ast.FuncDecl:
			f.hasInit = f.hasInit || n.Recv == nil && n.Name.Name == "init"
		}
		return true
	})
	return f, nil
}
