package hook_test

import (
	"strings"
	"testing"

	"github.com/reprint-go/reprint/hook"
)

func TestNewRefusesWhatWouldNotGuard(t *testing.T) {
	const howTo = "openssl rand -hex 32"
	tests := []struct {
		name    string
		secrets []string
		want    string
	}{
		{"none", nil, "anybody could call"},
		{"empty", []string{""}, "secret 1 of 1 is blank"},
		{"blank", []string{" \t "}, "is blank"},
		{"newline of a file", []string{newSecret + "\n"}, "white space"},
		{"15 bytes", []string{"q7Wz3Rk9Lm2Xv5B"}, "shorter than 16 bytes"},
		{"well known", []string{"changeme"}, "shorter than 16 bytes"},
		{"well known and long", []string{"changeme-changeme"}, "placeholder"},
		{"from a template", []string{"YOUR_SECRET_TOKEN_HERE"}, "placeholder"},
		{"the seed's variable name", []string{"MY_SECRET_TOKEN_"}, "placeholder"},
		{"counting", []string{"1234567890123456"}, "placeholder"},
		{"one letter", []string{strings.Repeat("a", 64)}, "placeholder"},
		{"the second of two", []string{newSecret, "kurz"}, "secret 2 of 2 is shorter"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			opts := seedOptions(t, &fakeSite{})
			opts.Secrets = test.secrets
			h, err := hook.New(opts)
			if err == nil || h != nil {
				t.Fatalf("New built %v with secrets %q", h, test.secrets)
			}
			if !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), howTo) {
				t.Errorf("error %q, want %q and how to make a secret", err, test.want)
			}
			for _, secret := range test.secrets {
				if strings.TrimSpace(secret) != "" && strings.Contains(err.Error(), strings.TrimSpace(secret)) {
					t.Errorf("error %q holds a secret", err)
				}
			}
		})
	}
}

func TestNewTakesGoodSecrets(t *testing.T) {
	for _, secret := range []string{
		"q7Wz3Rk9Lm2Xv5B8",
		"correct horse battery staple",
		"test-secret-of-the-blog-9c41",
		"5f0c3a9e1b7d2c4860f1e2d3c4b5a697",
		"4815162342108724",
	} {
		opts := seedOptions(t, &fakeSite{})
		opts.Secrets = []string{secret}
		if _, err := hook.New(opts); err != nil {
			t.Errorf("%q: %v", secret, err)
		}
	}
}

func TestNewReportsEveryFault(t *testing.T) {
	_, err := hook.New(hook.Options{Param: "secret", Secrets: []string{"short"}, Paths: []string{"posts"}})
	if err == nil {
		t.Fatal("New took options without one right value")
	}
	for _, want := range []string{"Site is nil", "Param is", "shorter than", `must begin with "/"`, "no path has the segment {secret}"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not hold %q", err, want)
		}
	}
}

func TestNewRefusesPaths(t *testing.T) {
	tests := []struct {
		name string
		path string
		want string
	}{
		{"relative", "posts/{id}", `must begin with "/"`},
		{"of another site", "https://example.com/{id}", `must begin with "/"`},
		{"another parameter", "/posts/{slug}", "only {id}"},
		{"part of a segment", "/posts/{id}.html", "whole segment"},
		{"dots around the parameter", "/posts/.{id}", "whole segment"},
		{"wildcard for the rest", "/posts/{id...}", "only {id}"},
		{"unbalanced", "/posts/{id", "braces"},
		{"query", "/posts?page={id}", "braces"},
		{"query beside the parameter", "/{id}/posts?page=1", "no query"},
		{"fragment", "/{id}/posts#top", "no fragment"},
		{"empty segment", "//{id}", "empty"},
		{"dot segment", "/posts/../{id}", "dots"},
		{"encoded dot segment", "/posts/%2e%2e/{id}", "dots"},
		{"encoded slash", "/a%2fb/{id}", "slash"},
		{"broken encoding", "/100%/{id}", "percent-encoding"},
		{"control character", "/a\nb/{id}", "control"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			opts := seedOptions(t, &fakeSite{})
			opts.Paths = append(opts.Paths, test.path)
			if _, err := hook.New(opts); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("path %q: error %v, want %q", test.path, err, test.want)
			}
		})
	}
	opts := seedOptions(t, &fakeSite{})
	opts.Paths = []string{"/posts"}
	if _, err := hook.New(opts); err == nil || !strings.Contains(err.Error(), "{id}") {
		t.Errorf("paths without the parameter: error %v, want that {id} is missing", err)
	}
}
