package config

import (
	"encoding/json"
	"fmt"
	"slices"
)

// A Config may end in a log or in the report of a panic. What in it holds secrets
// prints itself, and writes itself as JSON, without them.

const redacted = "[redacted]"

func redact(secrets []string) []string {
	return slices.Repeat([]string{redacted}, len(secrets))
}

// The types without methods, so that printing them does not come back here.
type (
	printedToken  Token
	printedHook   Hook
	printedOrigin Origin
)

func (t Token) printed() printedToken {
	t.Secrets = redact(t.Secrets)
	return printedToken(t)
}

func (h Hook) printed() printedHook {
	h.Secrets = redact(h.Secrets)
	return printedHook(h)
}

func (o Origin) printed() printedOrigin {
	o.Headers = slices.Clone(o.Headers)
	for i := range o.Headers {
		o.Headers[i][1] = redacted
	}
	return printedOrigin(o)
}

// Format prints the token without its secrets.
func (t Token) Format(f fmt.State, verb rune) { fmt.Fprintf(f, fmt.FormatString(f, verb), t.printed()) }

// Format prints the hook without its secrets.
func (h Hook) Format(f fmt.State, verb rune) { fmt.Fprintf(f, fmt.FormatString(f, verb), h.printed()) }

// Format prints the origin without the values of its headers.
func (o Origin) Format(f fmt.State, verb rune) {
	fmt.Fprintf(f, fmt.FormatString(f, verb), o.printed())
}

// MarshalJSON writes the token without its secrets.
func (t Token) MarshalJSON() ([]byte, error) { return json.Marshal(t.printed()) }

// MarshalJSON writes the hook without its secrets.
func (h Hook) MarshalJSON() ([]byte, error) { return json.Marshal(h.printed()) }

// MarshalJSON writes the origin without the values of its headers.
func (o Origin) MarshalJSON() ([]byte, error) { return json.Marshal(o.printed()) }
