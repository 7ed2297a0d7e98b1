package secret_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/reprint-go/reprint/internal/secret"
)

const (
	oldSecret = "Zq7-first-of-two-0f1e2d3c4b5a"
	newSecret = "Zq8-second-of-two-9a8b7c6d5e4f"
)

func TestSetHolds(t *testing.T) {
	both := secret.NewSet([]string{oldSecret, newSecret})
	tests := []struct {
		name      string
		set       secret.Set
		presented string
		want      bool
	}{
		{"the first", both, oldSecret, true},
		{"the second", both, newSecret, true},
		{"the same twice", secret.NewSet([]string{oldSecret, oldSecret}), oldSecret, true},
		{"three times", secret.NewSet([]string{oldSecret, oldSecret, oldSecret}), oldSecret, true},
		{"another", both, "Zq9-third-of-two-000000000000", false},
		{"nothing", both, "", false},
		{"the beginning", both, oldSecret[:20], false},
		{"more", both, oldSecret + "x", false},
		{"another case", both, strings.ToUpper(oldSecret), false},
		{"of none", secret.NewSet(nil), "", false},
		{"of the zero set", secret.Set{}, oldSecret, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.set.Holds(test.presented); got != test.want {
				t.Errorf("Holds(%q) is %v, want %v", test.presented, got, test.want)
			}
		})
	}
}

func TestBearer(t *testing.T) {
	tests := []struct {
		field string
		token string
		ok    bool
	}{
		{"Bearer abc", "abc", true},
		{"bearer  abc ", "abc", true},
		{"BEARER abc", "abc", true},
		{"Bearer", "", true},
		{"Bearer ", "", true},
		{"Basic YTpi", "", false},
		{"abc", "", false},
		{"", "", false},
	}
	for _, test := range tests {
		token, ok := secret.Bearer(http.Header{"Authorization": {test.field}})
		if ok != test.ok || token != test.token {
			t.Errorf("%q: %q %v, want %q %v", test.field, token, ok, test.token, test.ok)
		}
	}
	if _, ok := secret.Bearer(http.Header{}); ok {
		t.Error("a header without the field has a bearer token")
	}
}

func TestWeakness(t *testing.T) {
	tests := []struct {
		name string
		text string
		want string
	}{
		{"empty", "", "is blank"},
		{"blank", " \t ", "is blank"},
		{"newline of a file", newSecret + "\n", "white space"},
		{"space before", " " + newSecret, "white space"},
		{"15 bytes", "q7Wz3Rk9Lm2Xv5B", "shorter than 16 bytes"},
		{"well known", "changeme", "shorter than 16 bytes"},
		{"well known and long", "changeme-changeme", "placeholder"},
		{"from a template", "YOUR_SECRET_TOKEN_HERE", "placeholder"},
		{"a variable's name", "MY_SECRET_TOKEN_", "placeholder"},
		{"counting", "1234567890123456", "placeholder"},
		{"one letter", strings.Repeat("a", 64), "placeholder"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := secret.Weakness(test.text)
			if got == "" || !strings.Contains(got, test.want) {
				t.Errorf("weakness %q, want %q", got, test.want)
			}
			if s := strings.TrimSpace(test.text); s != "" && strings.Contains(got, s) {
				t.Errorf("weakness %q holds the secret", got)
			}
		})
	}
}

func TestGoodSecretsHaveNoWeakness(t *testing.T) {
	for _, text := range []string{
		"q7Wz3Rk9Lm2Xv5B8",
		"correct horse battery staple",
		"test-secret-of-the-blog-9c41",
		"5f0c3a9e1b7d2c4860f1e2d3c4b5a697",
		"4815162342108724",
	} {
		if fault := secret.Weakness(text); fault != "" {
			t.Errorf("%q %s", text, fault)
		}
	}
}
