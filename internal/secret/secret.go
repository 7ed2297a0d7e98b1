// Package secret guards an HTTP endpoint with shared secrets: it tells those that
// will do from those that anybody would guess, and compares them without saying
// how near a wrong one is.
package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// Set holds the SHA-256 digests of the secrets that are accepted. The secrets
// themselves are not kept, so that no dump of the program's state shows one. The
// zero Set holds none. A Set does not change, so any number of goroutines may use
// it.
type Set struct {
	digests [][sha256.Size]byte
}

// NewSet returns the set of the given secrets. It takes any text: see [Weakness]
// for what should not be given.
func NewSet(given []string) Set {
	s := Set{digests: make([][sha256.Size]byte, len(given))}
	for i, text := range given {
		s.digests[i] = sha256.Sum256([]byte(text))
	}
	return s
}

// Holds reports whether presented is one of s. The time it takes depends on the
// length of presented and the number of secrets, on nothing else: digests have
// one length, each is compared whole, and a match does not end the loop.
func (s Set) Holds(presented string) bool {
	digest := sha256.Sum256([]byte(presented))
	match := 0
	for i := range s.digests {
		match |= subtle.ConstantTimeCompare(s.digests[i][:], digest[:])
	}
	return match == 1
}

// Bearer returns the token of an Authorization field with the scheme Bearer
// (RFC 6750, section 2.1), whose name has no case (RFC 9110, section 11.1), and
// whether there is one. The token may be empty; without the scheme it is.
func Bearer(h http.Header) (token string, ok bool) {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return strings.TrimSpace(token), true
}
