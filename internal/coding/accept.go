package coding

// Accepted is what a visitor says in Accept-Encoding. It is comparable, and equal
// to another when both weigh every coding alike, however they were written. The
// zero Accepted accepts nothing; a visitor who says nothing is Accept("").
type Accepted struct {
	weights [Count]uint16
}

const (
	most = 1000 // thousandths: q=1

	// least is the weight of identity where a field does not speak of it. It stays
	// acceptable (RFC 9110, section 12.5.3), and whoever names another coding, be it
	// with q=0.001, would rather have that: equals are decided by preference, where
	// identity is last.
	least = 1

	unsaid = -1
)

// Accept reads one value of Accept-Encoding by RFC 9110, section 12.5.3; lines are
// to be joined with ", ". The empty value accepts identity only.
//
// "x-gzip" is gzip. Of elements about one coding the first counts. "*" is about
// every coding that no other element names, identity too. An element that does not
// follow the grammar is as if it were not there, which never accepts more: weights
// out of range or with four decimals, parameters other than the weight. A field
// with a quotation mark accepts identity only. None belongs there, and where the
// elements of such a field end is read in two ways.
func Accept(field string) Accepted { return accept(field) }

// AcceptBytes is [Accept] for bytes, which are neither kept nor copied.
func AcceptBytes(field []byte) Accepted { return accept(field) }

// Weight returns how much c is liked, from 1 to 1000, or 0 if it is not acceptable.
func (a Accepted) Weight(c Coding) int {
	if c >= Count {
		return 0
	}
	return int(a.weights[c])
}

// Best returns the coding in have with the highest weight, of equals the first of
// Brotli, Zstd, Gzip, Identity. Identity is had always. If nothing is acceptable
// the answer is Identity as well: a server may then send that (RFC 9110, section
// 12.5.3), and it helps a visitor more than an error.
func (a Accepted) Best(have Set) Coding {
	have = have.With(Identity)
	best, highest := Identity, 0
	for _, c := range preference {
		if w := a.Weight(c); w > highest && have.Has(c) {
			best, highest = c, w
		}
	}
	return best
}

func accept[T string | []byte](field T) Accepted {
	said := [Count]int{unsaid, unsaid, unsaid, unsaid}
	others := unsaid
	for start := 0; start < len(field); {
		end := start
		for end < len(field) && field[end] != ',' {
			if field[end] == '"' {
				return Accepted{[Count]uint16{Identity: least}}
			}
			end++
		}
		name, weight := parseElement(field[start:end])
		start = end + 1
		if weight == unsaid {
			continue
		}
		if c, ok := parseName(name); ok && said[c] == unsaid {
			said[c] = weight
		} else if others == unsaid && len(name) == 1 && name[0] == '*' {
			others = weight
		}
	}
	return resolve(said, others)
}

// resolve gives every coding its weight: its own, that of the others, or what holds
// when a field says nothing about it.
func resolve(said [Count]int, others int) Accepted {
	var a Accepted
	for c, weight := range said {
		switch {
		case weight != unsaid:
			a.weights[c] = uint16(weight)
		case others != unsaid:
			a.weights[c] = uint16(others)
		case Coding(c) == Identity:
			a.weights[c] = least
		}
	}
	return a
}

// parseElement splits codings [ OWS ";" OWS "q=" qvalue ], with white space around
// it. The weight is unsaid if it is malformed.
func parseElement[T string | []byte](s T) (name T, weight int) {
	s = trim(s)
	for i := range len(s) {
		if s[i] == ';' {
			return trimRight(s[:i]), parseWeight(trimLeft(s[i+1:]))
		}
	}
	return s, most
}

// parseWeight reads "q=" and a qvalue: 0 to 1 with up to three decimals. "0." and
// "1." are in the grammar, ".5" is not.
func parseWeight[T string | []byte](s T) int {
	if len(s) < 3 || len(s) > len("q=0.000") || lower(s[0]) != 'q' || s[1] != '=' {
		return unsaid
	}
	if s[2] != '0' && s[2] != '1' || len(s) > 3 && s[3] != '.' {
		return unsaid
	}
	weight, unit := int(s[2]-'0')*most, most/10
	for i := 4; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return unsaid
		}
		weight += int(s[i]-'0') * unit
		unit /= 10
	}
	if weight > most {
		return unsaid
	}
	return weight
}

// parseName knows names in any case, and the alias of gzip. It looks at the length
// first, which rules out most: this runs for every request.
func parseName[T string | []byte](s T) (Coding, bool) {
	switch len(s) {
	case len("br"):
		return Brotli, isName(s, "br")
	case len("gzip"):
		if isName(s, "gzip") {
			return Gzip, true
		}
		return Zstd, isName(s, "zstd")
	case len("x-gzip"):
		return Gzip, isName(s, "x-gzip")
	}
	return Identity, isName(s, "identity")
}

func isName[T string | []byte](s T, name string) bool {
	if len(s) != len(name) {
		return false
	}
	for i := range len(s) {
		if lower(s[i]) != name[i] {
			return false
		}
	}
	return true
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

// White space is what OWS allows: spaces and tabs.

func trim[T string | []byte](s T) T { return trimLeft(trimRight(s)) }

func trimLeft[T string | []byte](s T) T {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	return s
}

func trimRight[T string | []byte](s T) T {
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
