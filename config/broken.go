package config

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// In a file that is not YAML, nobody knows what belongs to which key: a quote that
// is not closed may have made a secret of a comment. So an excerpt of it shows a
// line only if the line says itself what it is about.

// maxOpen is the longest line in bytes that is looked at.
const maxOpen = 1000

var (
	beforeComment = regexp.MustCompile(`^(?:[^#]|[^\s#]#)*`)

	keyLine  = regexp.MustCompile(`^(\s*(?:- +)*["']?([A-Za-z]+)["']?\s*:)(.*)$`)
	itemLine = regexp.MustCompile(`^\s*(?:- +)+[^{]`)
	listHead = regexp.MustCompile(`^\s*(?:- +)*([A-Za-z]+):\s*(?:#.*)?$`)
	simple   = regexp.MustCompile(`^\s*(?:- +)*(?:[^{\s](?:[^?:]|:\S|:$)*)?$`) // no mapping, as far as can be seen
	shape    = regexp.MustCompile(`^[\s\-{}\[\],:"'&*!|>%@?.]*`)
)

// openTo returns the last column of a line that an excerpt may show.
func (s *source) openTo(line int) int {
	if !s.broken {
		return math.MaxInt
	}
	if len(s.lines[line-1]) > maxOpen {
		return 0
	}
	text := beforeComment.FindString(s.lines[line-1])
	if m := keyLine.FindStringSubmatch(text); m != nil {
		if isPublic(m[2]) && simple.MatchString(m[3]) && !namesSecret(m[3]) {
			return utf8.RuneCountInString(text)
		}
		if isKnown(m[2]) {
			return utf8.RuneCountInString(m[1]) + 1
		}
	}
	if itemLine.MatchString(text) && isPublic(s.listAbove(line)) && simple.MatchString(text) && !namesSecret(text) {
		return utf8.RuneCountInString(text)
	}
	return utf8.RuneCountInString(shape.FindString(text))
}

// listAbove returns the key of the list that a line is an element of, or "".
func (s *source) listAbove(line int) string {
	indent := indentOf(s.lines[line-1])
	for above := line - 1; above > 0; above-- {
		text := s.lines[above-1]
		if trimmed := strings.TrimSpace(text); trimmed == "" || trimmed[0] == '#' {
			continue
		}
		if indentOf(text) > indent || indentOf(text) == indent && strings.HasPrefix(strings.TrimSpace(text), "-") {
			continue
		}
		if m := listHead.FindStringSubmatch(text); m != nil {
			return m[1]
		}
		return ""
	}
	return ""
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// namesSecret reports whether a text has the name of a key that has secrets below
// it, or something like it.
func namesSecret(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc([]string{"secret", "token", "header", "hook", "password", "authorization"}, func(name string) bool {
		return strings.Contains(text, name)
	})
}

// isKnown reports whether there is a key of that name anywhere in the table.
func isKnown(name string) bool { return len(placesOf(name)) > 0 }

// isPublic reports whether keys of that name never have a secret below them.
func isPublic(name string) bool {
	found, public := false, true
	walkKeys(fileKeys, "", func(_ string, k *key) {
		if k.name == name {
			found = true
			public = public && k.public()
		}
	})
	// A header may have the name of a key.
	return found && public && name != "key"
}
