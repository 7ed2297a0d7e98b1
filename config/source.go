package config

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxFile is the largest configuration file in bytes.
const maxFile = 1 << 20

// source is the text of a file, for excerpts.
type source struct {
	name   string
	lines  []string // without line breaks; at least one
	hidden []span   // what excerpts do not show, in order
	broken bool     // it is not YAML, or not yet known to be: nobody knows what is a secret
}

// span is a part of a file, to excluded. Of a comment nothing is left: it may be a
// secret that was taken out of use.
type span struct {
	from, to Pos
	comment  bool
}

func (p Pos) before(q Pos) bool {
	return p.Line < q.Line || p.Line == q.Line && p.Column < q.Column
}

// newSource returns the text of a file as it is parsed: without a byte order
// mark, with "\n" at the end of lines. Text that cannot be read as UTF-8 or that
// holds what nobody can see is a fault.
func newSource(name string, data []byte) (s *source, text string, fs *faults) {
	s = &source{name: name, lines: []string{""}, broken: true}
	fs = &faults{source: s}
	start := Pos{1, 1}
	if len(data) > maxFile {
		fs.add(start, "", "the file is larger than %d bytes; a configuration is never that long: is it the right file?", maxFile)
		return s, "", fs
	}
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		fs.add(start, "", "the file is in UTF-16; save it as UTF-8")
		return s, "", fs
	}
	text = strings.TrimPrefix(string(data), "\ufeff")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	s.lines = strings.Split(text, "\n")
	for i, line := range s.lines {
		checkLine(fs, i+1, line)
	}
	return s, text, fs
}

// checkLine reports what no line of a configuration may hold.
func checkLine(fs *faults, number int, line string) {
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	rest := line[len(indent):]
	if tab := strings.IndexByte(indent, '\t'); tab >= 0 && rest != "" && rest[0] != '#' {
		fs.add(Pos{number, tab + 1}, "", "a tab indents the line; YAML takes spaces only, two for each level")
	}
	column := 0
	for i, c := range line {
		column++
		switch {
		case c == utf8.RuneError && !strings.HasPrefix(line[i:], string(utf8.RuneError)):
			fs.add(Pos{number, column}, "", "a byte that is not UTF-8; save the file as UTF-8")
			return
		case unicode.IsControl(c) && c != '\t':
			fs.add(Pos{number, column}, "", "the control character U+%04X; remove it, or write it as \"\\u%04X\" in double quotes", c, c)
			return
		}
	}
}

// clamp returns the place in the file that is nearest to at.
func (s *source) clamp(at Pos) Pos {
	line := min(max(at.Line, 1), len(s.lines))
	switch {
	case at.Line < line:
		return Pos{line, 1}
	case at.Line > line:
		return Pos{line, utf8.RuneCountInString(s.lines[line-1]) + 1}
	}
	return Pos{line, min(max(at.Column, 1), utf8.RuneCountInString(s.lines[line-1])+1)}
}

// hide keeps a part of the file out of excerpts. Parts are hidden in order.
func (s *source) hide(h span) { s.hidden = append(s.hidden, h) }

const (
	excerptWidth = 100 // characters
	mask         = "********"
)

// excerpt returns the line of at and a line with a mark under its column.
func (s *source) excerpt(at Pos) string {
	at = s.clamp(at)
	shown, caret, from := s.visible(at)
	cut := max(0, min(caret-excerptWidth/2, len(shown)-excerptWidth))
	before, after := "", ""
	if cut > 0 || from > 1 {
		before = "…"
	}
	shown, caret = shown[cut:], caret-cut+len([]rune(before))
	if len(shown) > excerptWidth {
		shown, after = shown[:excerptWidth], "…"
	}
	number := fmt.Sprintf("%5d", at.Line)
	line := strings.TrimRight(before+string(shown)+after, " ")
	return fmt.Sprintf("%s | %s\n%s | %s^\n", number, line,
		strings.Repeat(" ", len(number)), strings.Repeat(" ", caret))
}

// visible returns what is around a place in its line as it may be shown, where in
// it the place is, and the column in which it begins.
func (s *source) visible(at Pos) (shown []rune, caret, from int) {
	column := 0
	var hiding *span
	open := s.openTo(at.Line)
	from = max(1, at.Column-2*excerptWidth)
	for _, c := range s.lines[at.Line-1] {
		column++
		if column < from {
			continue
		}
		if column > at.Column+2*excerptWidth {
			break
		}
		here := Pos{at.Line, column}
		if here == at {
			caret = len(shown)
		}
		h := s.hiddenAt(here)
		if column > open {
			h = &behind
		}
		if h != nil {
			switch {
			case h.comment || h == hiding:
			case unicode.IsSpace(c):
				shown = append(shown, ' ')
			default:
				shown, hiding = append(shown, []rune(mask)...), h
			}
			continue
		}
		if !unicode.IsPrint(c) {
			c = ' '
		}
		shown = append(shown, c)
	}
	if at.Column > column {
		caret = len(shown)
	}
	return shown, caret, from
}

// behind is what is behind the part of a line that is open.
var behind span

func (s *source) hiddenAt(p Pos) *span {
	i, found := slices.BinarySearchFunc(s.hidden, p, func(h span, p Pos) int {
		switch {
		case p.before(h.from):
			return 1
		case p.before(h.to):
			return 0
		}
		return -1
	})
	if !found {
		return nil
	}
	return &s.hidden[i]
}
