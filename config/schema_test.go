package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/reprint-go/reprint/config"
)

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(config.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource("reprint.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("reprint.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// instance turns YAML into what a validator takes.
func instance(data []byte) (any, error) {
	asJSON, err := yaml.YAMLToJSON(data)
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
}

func TestSchemaTakesGoodFiles(t *testing.T) {
	schema := compileSchema(t)
	for _, file := range goodFiles(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		v, err := instance(data)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// Faults of form are seen by editors too; what only the program knows begins with
// one of these names.
func TestSchemaRefusesBadFiles(t *testing.T) {
	meaning := []string{
		"admin-", "hook-p", "hook-weak", "hosts", "languages", "listen-", "many-at-once", "origin-headers", "origin-insecure", "origin-url-",
		"prerender-", "proxies", "query-", "ready", "route-bypass", "route-freshness", "route-headers", "route-path-", "route-prerender", "route-proof", "route-query",
		"route-shadow", "route-slash", "route-tags", "route-twice", "route-vary-", "route-volatile", "sites-hosts", "store", "syntax-", "token-scopes", "token-twice",
		"token-weak", "tracing", "unit-duration-bounds", "unit-size-bounds", "variable-", "key-variable",
	}
	schema := compileSchema(t)
	files, err := filepath.Glob("testdata/errors/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
files:
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		v, err := instance(member(archive, "reprint.yaml").Data)
		if err == nil && schema.Validate(v) != nil {
			refused++
			continue
		}
		for _, prefix := range meaning {
			if strings.HasPrefix(filepath.Base(file), prefix) {
				continue files
			}
		}
		t.Errorf("%s is valid by the schema (or not YAML: %v)", file, err)
	}
	if refused < 30 {
		t.Errorf("%d files were refused, want at least 30", refused)
	}
}

// The schema says the same wherever it is made.
func TestSchemaIsStable(t *testing.T) {
	if !bytes.Equal(config.Schema(), config.Schema()) {
		t.Error("the schema is another each time")
	}
	for _, want := range []string{`"$schema": "https://json-schema.org/draft/2020-12/schema"`, `"additionalProperties": false`, `"description"`} {
		if !bytes.Contains(config.Schema(), []byte(want)) {
			t.Errorf("the schema has no %s", want)
		}
	}
}
