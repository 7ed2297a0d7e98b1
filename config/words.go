package config

import (
	"strings"

	"github.com/reprint-go/reprint/internal/spell"
)

// alternatives lists names as in "a, b and c".
func alternatives(names []string, and string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0]
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " " + and + " " + names[last]
}

// noneOf says that a value is not one of those allowed.
func noneOf(allowed []string) string {
	if len(allowed) == 1 {
		return "not " + allowed[0]
	}
	return "none of " + alternatives(allowed, "and")
}

// didYouMean ends a message with what was probably meant.
func didYouMean(v *value, allowed []string) string {
	if v.expanded {
		return ""
	}
	if near := spell.Nearest(v.text, allowed); near != "" {
		return "; did you mean " + near + "?"
	}
	return "; write one of them"
}
