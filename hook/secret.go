package hook

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"
)

const (
	secretParam    = "secret"
	minSecretBytes = 16
	makeOne        = "make one with: openssl rand -hex 32"
)

// secrets are the SHA-256 digests of the secrets that are accepted. The secrets
// themselves are not kept, so that no dump of the program's state shows one.
type secrets [][sha256.Size]byte

func newSecrets(given []string) secrets {
	s := make(secrets, len(given))
	for i, secret := range given {
		s[i] = sha256.Sum256([]byte(secret))
	}
	return s
}

// hold reports whether presented is one of s. The time it takes depends on the
// length of presented and the number of secrets, on nothing else: digests have
// one length, each is compared whole, and a match does not end the loop.
func (s secrets) hold(presented string) bool {
	digest := sha256.Sum256([]byte(presented))
	match := 0
	for _, secret := range s {
		match |= subtle.ConstantTimeCompare(secret[:], digest[:])
	}
	return match == 1
}

// credential returns the secret that a caller presents: the bearer token if
// there is one, else the first of the query, else nothing.
func credential(h http.Header, query url.Values) string {
	if token, ok := bearer(h); ok {
		return token
	}
	return query.Get(secretParam)
}

// bearer returns the token of an Authorization field with the scheme Bearer,
// whose name has no case (RFC 9110, section 11.1).
func bearer(h http.Header) (token string, ok bool) {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "Bearer")
}

// validateSecrets reports every secret that should not guard anything. It tells
// them apart by their place, never by their text.
func validateSecrets(given []string) error {
	if len(given) == 0 {
		return errors.New("Secrets is empty: anybody could call; " + makeOne)
	}
	var errs []error
	for i, secret := range given {
		if fault := weakness(secret); fault != "" {
			errs = append(errs, fmt.Errorf("secret %d of %d %s; %s", i+1, len(given), fault, makeOne))
		}
	}
	return errors.Join(errs...)
}

// weakness says what is wrong with a secret; nothing if it will do.
func weakness(secret string) string {
	switch {
	case strings.TrimSpace(secret) == "":
		return "is blank (is the environment variable set?)"
	case strings.TrimSpace(secret) != secret:
		return "begins or ends with white space, which a header cannot carry (a newline from a file?)"
	case len(secret) < minSecretBytes:
		return fmt.Sprintf("is shorter than %d bytes", minSecretBytes)
	case isPlaceholder(secret):
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
func isPlaceholder(secret string) bool {
	const enough = 5
	different := make(map[rune]bool)
	var last rune
	for _, c := range fillers.Replace(strings.ToLower(secret)) {
		if (unicode.IsLetter(c) || unicode.IsDigit(c)) && c != last+1 {
			different[c] = true
		}
		last = c
	}
	return len(different) < enough
}
