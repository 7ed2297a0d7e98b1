package reprint_test

import (
	"os"
	"regexp"
	"testing"
)

// docs/rfc.md names each rule's test, and each test has its rule there.
func TestEveryRuleOfTheRFCsHasItsTest(t *testing.T) {
	text, err := os.ReadFile("docs/rfc.md")
	if err != nil {
		t.Fatal(err)
	}
	named := make(map[string]bool) // whether it runs over sockets
	for _, m := range regexp.MustCompile("`((?:[0-9]{4}-[0-9]|surrogate )[^`]*)`(\\\\\\*)?").FindAllSubmatch(text, -1) {
		named[string(m[1])] = len(m[2]) > 0
	}
	exists := make(map[string]bool)
	check := func(cases []rfcCase, sockets bool) {
		for _, c := range cases {
			if exists[c.name] {
				t.Errorf("two tests are named %q", c.name)
			}
			exists[c.name] = true
			if starred, ok := named[c.name]; !ok || starred != sockets {
				t.Errorf("docs/rfc.md does not have %q (over sockets, with a star: %v)", c.name, sockets)
			}
		}
	}
	check(rfcInMemory(), false)
	check(rfcSockets, true)
	for name := range named {
		if !exists[name] {
			t.Errorf("docs/rfc.md names %q, which is no test", name)
		}
	}
}
