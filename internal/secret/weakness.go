package secret

import (
	"fmt"
	"strings"
	"unicode"
)

// HowToMakeOne is what an error says that refuses a secret.
const HowToMakeOne = "make one with: openssl rand -hex 32"

const minBytes = 16

// Weakness says what is wrong with a secret, as the end of a sentence that begins
// with its name and never with its text: "is shorter than 16 bytes". It returns
// nothing for one that will do.
func Weakness(text string) string {
	switch {
	case strings.TrimSpace(text) == "":
		return "is blank (is the environment variable set?)"
	case strings.TrimSpace(text) != text:
		return "begins or ends with white space, which a header cannot carry (a newline from a file?)"
	case len(text) < minBytes:
		return fmt.Sprintf("is shorter than %d bytes", minBytes)
	case isPlaceholder(text):
		return "is a placeholder that anybody would guess"
	}
	return ""
}

// fillers removes the words that templates and examples put where a secret
// belongs. At one place the first that fits counts: the longer go first.
var fillers = strings.NewReplacer(
	"placeholder", "", "revalidation", "", "revalidate", "", "production", "", "something", "",
	"password", "", "reprint", "", "replace", "", "example", "", "default", "", "changeit", "",
	"change", "", "secret", "", "string", "", "random", "", "qwerty", "", "insert", "", "please", "",
	"token", "", "super", "", "value", "", "admin", "", "enter", "", "goes", "", "your", "", "here", "",
	"this", "", "with", "", "test", "", "todo", "", "long", "", "very", "", "must", "", "next", "",
	"the", "", "key", "", "api", "", "for", "", "me", "", "my", "", "is", "", "be", "", "to", "",
)

// isPlaceholder reports whether fewer than five different letters and digits are
// left of a secret without the filler words and without what only counts on
// ("12345"). Of a million secrets of 16 random hexadecimal digits that is about
// ten, of 32 digits none.
func isPlaceholder(text string) bool {
	const enough = 5
	different := make(map[rune]bool)
	var last rune
	for _, c := range fillers.Replace(strings.ToLower(text)) {
		if (unicode.IsLetter(c) || unicode.IsDigit(c)) && c != last+1 {
			different[c] = true
		}
		last = c
	}
	return len(different) < enough
}
