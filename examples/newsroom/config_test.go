package main

import (
	"io"
	"strings"
	"testing"
	"time"
)

func TestReadConfig(t *testing.T) {
	tests := []struct {
		name, args, env string
		want            string // of the error; empty: none
		check           func(config) bool
	}{
		{name: "nothing", check: func(c config) bool {
			return c.listen == "127.0.0.1:8080" && c.slow == 300*time.Millisecond && c.made && len(c.secret) >= 16
		}},
		{name: "environment", env: "from the environment", check: func(c config) bool { return c.secret == "from the environment" && !c.made }},
		{name: "flag before environment", args: "-secret from-the-flag", env: "x", check: func(c config) bool { return c.secret == "from-the-flag" && !c.made }},
		{name: "this machine", args: "-listen localhost:1", check: func(c config) bool { return c.listen == "localhost:1" }},
		{name: "this machine, IPv6", args: "-listen [::1]:1", check: func(c config) bool { return c.listen == "[::1]:1" }},
		{name: "everybody", args: "-listen 0.0.0.0:8080", want: "the editor has no login"},
		{name: "everybody, in short", args: "-listen :8080", want: "the editor has no login"},
		{name: "a name", args: "-listen example.org:80", want: "the editor has no login"},
		{name: "everybody, knowing it", args: "-listen :8080 -i-know-the-editor-is-open", check: func(c config) bool { return c.open }},
		{name: "no port", args: "-listen 127.0.0.1", want: "-listen"},
		{name: "negative", args: "-slow -1s", want: "negative"},
		{name: "not slow", args: "-slow 0", check: func(c config) bool { return c.slow == 0 }},
		{name: "too much", args: "serve", want: `unexpected argument "serve"`},
		{name: "unknown", args: "-port 80", want: "not defined"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg, err := readConfig(strings.Fields(test.args), func(string) string { return test.env }, io.Discard)
			switch {
			case test.want == "" && err != nil:
				t.Errorf("error %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error %v, want one with %q", err, test.want)
			case test.check != nil && !test.check(cfg):
				t.Errorf("config is %+v", cfg)
			}
		})
	}
}

func TestSecretThatIsTooShortIsRefused(t *testing.T) {
	noLeaks(t)
	n, err := open(t.Context(), config{listen: "127.0.0.1:0", data: t.TempDir(), secret: "short"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.handler(); err == nil || strings.Contains(err.Error(), "short\"") {
		t.Errorf("error %v, want one that does not tell the secret", err)
	}
	if err := n.close(); err != nil {
		t.Error(err)
	}
}
