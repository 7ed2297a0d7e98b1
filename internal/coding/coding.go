// Package coding has the content codings of HTTP (RFC 9110, section 8.4): what a
// visitor accepts, which coding is best for both sides, and bytes in each of them.
// It knows nothing of requests and pages.
package coding

// Coding is a content coding. The zero Coding is Identity: the bytes as they are.
type Coding uint8

// The codings that are known here. Deflate is not one of them: some clients take
// the word for raw DEFLATE and some for zlib, and all of them take gzip too.
const (
	Identity Coding = iota
	Gzip            // RFC 1952
	Brotli          // RFC 7932
	Zstd            // RFC 8878, within the window of RFC 9659

	// Count is the number of codings.
	Count = 4
)

var names = [Count]string{Identity: "identity", Gzip: "gzip", Brotli: "br", Zstd: "zstd"}

// preference is the order among codings that a visitor likes equally: from the
// fewest bytes for a page of HTML to the most.
var preference = [Count]Coding{Brotli, Zstd, Gzip, Identity}

// String returns the name that stands in Content-Encoding. Identity has one too,
// "identity", although that field must not carry it.
func (c Coding) String() string {
	if c >= Count {
		return "unknown"
	}
	return names[c]
}

// Parse returns the coding that String names so. Only the exact name is known: it
// is for values that we wrote ourselves. What a visitor writes is for [Accept].
func Parse(name string) (Coding, bool) {
	for c, known := range names {
		if name == known {
			return Coding(c), true
		}
	}
	return Identity, false
}

// Set is a set of codings. The zero Set is empty.
type Set uint8

// All is every coding but Identity, which is had always.
const All Set = 1<<Gzip | 1<<Brotli | 1<<Zstd

// Has reports whether c is in s.
func (s Set) Has(c Coding) bool { return c < Count && s&(1<<c) != 0 }

// With returns s with c in it.
func (s Set) With(c Coding) Set {
	if c >= Count {
		return s
	}
	return s | 1<<c
}

// Without returns s without c.
func (s Set) Without(c Coding) Set {
	if c >= Count {
		return s
	}
	return s &^ (1 << c)
}
