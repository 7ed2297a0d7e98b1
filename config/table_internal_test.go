package config

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/token"
)

// Every key of the table can be read: has a sentence, an example of its own kind,
// and a default or what it means to leave it out.
func TestTable(t *testing.T) {
	seen := make(map[string]bool)
	walkKeys(fileKeys, "", func(path string, k *key) {
		if seen[path] {
			t.Errorf("%s is in the table twice", path)
		}
		seen[path] = true
		if !strings.HasSuffix(k.doc, ".") || k.example == "" {
			t.Errorf("%s: doc %q, example %q; want a sentence and a value", path, k.doc, k.example)
		}
		secret := k.kind == kindSecret // one of the two is there
		if ways := bools(k.required, k.def != "", k.absent != "") + bools(secret); ways != 1 {
			t.Errorf("%s says %d times what it means to leave it out, want once", path, ways)
		}
		if (k.kind == kindMapping || k.kind == kindVariant) != (k.keys != nil) {
			t.Errorf("%s: keys are for mappings", path)
		}
		if (k.kind == kindChoice) && k.allowed == nil {
			t.Errorf("%s allows nothing", path)
		}
		k.defaultValue() // panics when it cannot be read
		checkExample(t, path, k)
	})
	if len(seen) < 80 {
		t.Errorf("%d keys: the table was not walked", len(seen))
	}
}

func bools(all ...bool) int {
	n := 0
	for _, b := range all {
		if b {
			n++
		}
	}
	return n
}

// checkExample reads the example and the default of a key as a file would.
func checkExample(t *testing.T, path string, k *key) {
	t.Helper()
	for _, text := range []string{k.example, k.def} {
		if text == "" {
			continue
		}
		source, data, fs := newSource("example", []byte(k.name+": "+text+"\n"))
		doc := parseYAML(data, fs)
		if doc == nil {
			t.Errorf("%s: %v", path, fs.err())
			continue
		}
		c := &checker{faults: &faults{source: source}, env: func(string) (string, bool) { return "x", true }}
		c.shown = make(map[*token.Token]bool)
		one := key{kind: kindMapping, keys: []key{*k}}
		c.mapping(doc.root, &one, "", Pos{1, 1})
		if err := c.err(); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Every key is in one of the good files, so that no test forgets one.
func TestEveryKeyHasAGoodFile(t *testing.T) {
	used := make(map[string]bool)
	files, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := yaml.Unmarshal(data, &v); err != nil {
			t.Fatal(err)
		}
		collect(v, "", used)
	}
	walkKeys(fileKeys, "", func(path string, _ *key) {
		if !used[path] {
			t.Errorf("no good file has %s", path)
		}
	})
}

func collect(v any, path string, used map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, sub := range v {
			at := strings.TrimPrefix(path+"."+name, ".")
			used[at] = true
			collect(sub, at, used)
		}
	case []any:
		for _, item := range v {
			collect(item, path+"[]", used)
		}
	}
}

// What Diff compares are the keys that the reference says need a restart.
func TestDiffKnowsTheTable(t *testing.T) {
	marked := make(map[string]bool)
	walkKeys(fileKeys, "", func(path string, k *key) {
		if k.restart {
			marked[path] = true
		}
	})
	compared := map[string]bool{"hosts": true}
	for _, f := range fixed {
		compared[f.key] = true
	}
	if !maps.Equal(marked, compared) {
		t.Errorf("the table marks %q, Diff compares %q", slices.Sorted(maps.Keys(marked)), slices.Sorted(maps.Keys(compared)))
	}
}

func TestPercent(t *testing.T) {
	tests := []struct {
		text           string
		want           float64
		fault, suggest string
	}{
		{"50%", 0.5, "", ""},
		{"100%", 1, "", ""},
		{"12.5%", 0.125, "", ""},
		{"0.1%", 0.001, "", ""},
		{"0%", 0, "asks for nothing", ""},
		{"101%", 0, "is more than all of it", "100%"},
		{"50", 0, "is not a percentage", "50%"},
		{"0.5", 0, "is not a percentage", "50%"},
		{"50 %", 0, "is not a percentage", "50%"},
		{"1", 0, "is not a percentage", "1%"},
		{"-5%", 0, "is not a percentage", ""},
		{"500", 0, "is not a percentage", ""},
		{"half", 0, "is not a percentage", ""},
		{"nan%", 0, "is not a percentage", ""},
		{"", 0, "is not a percentage", ""},
	}
	for _, test := range tests {
		if share, fault, suggest := percentOf(test.text); share != test.want || fault != test.fault || suggest != test.suggest {
			t.Errorf("%q: %v, fault %q, suggest %q; want %v, %q, %q", test.text, share, fault, suggest, test.want, test.fault, test.suggest)
		}
	}
}

func TestDuration(t *testing.T) {
	tests := []struct{ text, want, fault, suggest string }{
		{"500ms", "500ms", "", ""},
		{"60s", "1m", "", ""},
		{"1h30m", "1h30m", "", ""},
		{"1.5h", "1h30m", "", ""},
		{"30d", "30d", "", ""},
		{"1d12h", "36h", "", ""},
		{"720h", "30d", "", ""},
		{"0s", "0s", "", ""},
		{"200d", "200d", "", ""},
		{"60", "", "has no unit", "60s"},
		{"1.5", "", "has no unit", "1.5s"},
		{"1 h", "", "is not a duration", "1h"},
		{"1H", "", "is not a duration", "1h"},
		{"10min", "", "is not a duration", "10m"},
		{"2 weeks", "", "is not a duration", "14d"},
		{"1 month", "", "is not a duration", ""},
		{"1h 30m", "", "is not a duration", ""},
		{"-5s", "", "is negative", ""},
		{"+5s", "", "is not a duration", ""},
		{"1e3s", "", "is not a duration", ""},
		{"", "", "is not a duration", ""},
		{"5us", "", "is not a duration", ""},
		{"99999999999999999999h", "", "is longer than 200 years", ""},
		{strings.Repeat("9", 400) + "h", "", "is too long", ""},
	}
	for _, test := range tests {
		d, fault, suggest := durationOf(test.text)
		got := ""
		if fault == "" {
			got = durationText(d)
		}
		if got != test.want || fault != test.fault || suggest != test.suggest {
			t.Errorf("%q: %s, fault %q, suggest %q; want %s, %q, %q", test.text, got, fault, suggest, test.want, test.fault, test.suggest)
		}
	}
}

func TestSize(t *testing.T) {
	tests := []struct {
		text           string
		want           int64
		fault, suggest string
	}{
		{"512B", 512, "", ""},
		{"64KiB", 64 << 10, "", ""},
		{"512KB", 512_000, "", ""},
		{"256MiB", 256 << 20, "", ""},
		{"10GiB", 10 << 30, "", ""},
		{"1TB", 1e12, "", ""},
		{"0B", 0, "", ""},
		{"1048576", 0, "has no unit", "1MiB"},
		{"1000", 0, "has no unit", "1000B"},
		{"16M", 0, "is not a size", "16MiB"},
		{"16 mib", 0, "is not a size", "16MiB"},
		{"16mb", 0, "is not a size", "16MB"},
		{"10 bytes", 0, "is not a size", "10B"},
		{"1.5GiB", 0, "is not a size", ""},
		{"-1GiB", 0, "is negative", ""},
		{"", 0, "is not a size", ""},
		{"9223372036854775807B", 1<<63 - 1, "", ""},
		{"9223372036854775808B", 0, "is too large", ""},
		{"8388608TiB", 0, "is too large", ""},
	}
	for _, test := range tests {
		n, fault, suggest := sizeOf(test.text)
		if fault != "" {
			n = 0
		}
		if n != test.want || fault != test.fault || suggest != test.suggest {
			t.Errorf("%q: %d, fault %q, suggest %q; want %d, %q, %q", test.text, n, fault, suggest, test.want, test.fault, test.suggest)
		}
	}
}

func TestExpand(t *testing.T) {
	env := environment(func(name string) (string, bool) {
		v, ok := map[string]string{"A": "one", "B": "${A}", "EMPTY": "", "LINES": "x\ny: z"}[name]
		return v, ok
	})
	tests := []struct {
		raw, want string
		used      bool
		faults    int
	}{
		{"plain", "plain", false, 0},
		{"${A}", "one", true, 0},
		{"x${A}y${A}", "xoneyone", true, 0},
		{"${B}", "${A}", true, 0}, // what a variable holds is not expanded again
		{"${LINES}", "x\ny: z", true, 0},
		{"$${A}", "${A}", false, 0},
		{"$$${A}", "$${A}", false, 0},
		{"$${A}${A}", "${A}one", true, 0},
		{"$A $ $$", "$A $ $$", false, 0},
		{"${MISSING}", "", true, 1},
		{"${EMPTY}${MISSING}", "", true, 2},
		{"${}", "", true, 1},
		{"${A:-x}", "", true, 1},
		{"${1A}", "", true, 1},
		{"${A", "${A", false, 1},
		{"x}", "x}", false, 0},
	}
	for _, test := range tests {
		got, used, faults := env.expand(test.raw)
		if got != test.want || used != test.used || len(faults) != test.faults {
			t.Errorf("%q: %q, used %v, faults %q; want %q, %v, %d", test.raw, got, used, faults, test.want, test.used, test.faults)
		}
	}
}
