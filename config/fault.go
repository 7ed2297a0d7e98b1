package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Fault is one thing that is wrong with a configuration file. Its text never
// holds the value of a secret or of an environment variable.
type Fault struct {
	File    string // as it was named; empty: there is no file
	Line    int    // from 1; 0: there is no file
	Column  int    // in characters, from 1
	Key     string // where it is in the configuration: routes[2].revalidate; empty: the file itself
	Message string // what is wrong; what to write instead

	source *source // nil: there is no file
}

// String returns the fault as one line, "file:line:column: key: message".
func (f Fault) String() string {
	var b strings.Builder
	if f.Line > 0 {
		fmt.Fprintf(&b, "%s:%d:%d: ", f.File, f.Line, f.Column)
	}
	if f.Key != "" {
		b.WriteString(f.Key)
		b.WriteString(": ")
	}
	b.WriteString(f.Message)
	return b.String()
}

// Excerpt returns the line of the file with a mark under the place of the fault,
// for a terminal. What is or may be a secret is replaced by asterisks, long lines
// are cut, and what cannot be printed is replaced. It is empty when there is no
// file, and ends in a line break otherwise.
func (f Fault) Excerpt() string {
	if f.source == nil {
		return ""
	}
	return f.source.excerpt(Pos{f.Line, f.Column})
}

// Errors is everything that is wrong with a configuration, in the order of the
// file. Load, Parse and Default return it as their error; errors.As finds it.
type Errors []Fault

// Error returns one line for each fault.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, f := range e {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// Explain returns the faults with an excerpt of the file below each, for a
// terminal. It ends in a line break.
func (e Errors) Explain() string {
	var b strings.Builder
	for i, f := range e {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(f.String())
		b.WriteByte('\n')
		b.WriteString(f.Excerpt())
	}
	return b.String()
}

// faults collects what is wrong with one file.
type faults struct {
	source *source
	all    []Fault
}

// add records a fault; the place is moved into the file if it is not in it.
func (fs *faults) add(at Pos, key, format string, args ...any) {
	if len(fs.all) == maxCollected {
		return
	}
	at = fs.source.clamp(at)
	fs.all = append(fs.all, Fault{
		File: fs.source.name, Line: at.Line, Column: at.Column,
		Key: printable(key), Message: printable(fmt.Sprintf(format, args...)), source: fs.source,
	})
}

// printable replaces what a terminal would not print but obey.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return '�'
		}
		return c
	}, s)
}

// A file that has more faults than maxFaults is not a configuration, and not all
// are reported. Those that are come first in the file, of those that were found.
const (
	maxFaults    = 500
	maxCollected = 4 * maxFaults
)

// err returns nil or Errors.
func (fs *faults) err() error {
	if len(fs.all) == 0 {
		return nil
	}
	all := slices.Clone(fs.all)
	slices.SortStableFunc(all, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if len(all) > maxFaults {
		all = all[:maxFaults]
		last := &all[maxFaults-1]
		last.Message += " (and so on: the file has many more faults)"
	}
	return Errors(all)
}
