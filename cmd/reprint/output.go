package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// screen is a stream and what is known of who reads it. People at a terminal get
// times and sizes as they say them, colors, and lines that fit; everybody else
// gets the same words and columns, whole, with exact values.
type screen struct {
	io.Writer
	terminal bool
	width    int  // columns; 0: not known, nothing is cut
	height   int  // lines; 0: not known
	color    bool // also where NO_COLOR is not set
	now      time.Time
}

func (g *global) screen(w io.Writer) screen {
	s := screen{Writer: w, now: g.now()}
	if out, is := w.(*output); is {
		w = out.Writer
	}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return s
	}
	s.terminal = true
	if width, height, err := term.GetSize(int(f.Fd())); err == nil {
		s.width, s.height = width, height
	}
	none, _ := g.env("NO_COLOR")
	kind, _ := g.env("TERM")
	s.color = none == "" && kind != "dumb" && kind != ""
	return s
}

// style is how text looks on a screen with colors: the number of SGR.
type style int

const (
	plain  style = 0
	bold   style = 1
	dim    style = 2
	red    style = 31
	green  style = 32
	yellow style = 33
)

// paint returns text in a style, where there are colors.
func (s screen) paint(as style, text string) string {
	if !s.color || as == plain || text == "" {
		return text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", as, text)
}

// clean makes text from elsewhere safe for a terminal, and one line: what cannot
// be seen, like a control character, is shown as its code.
func clean(text string) string {
	seen := func(r rune) bool { return unicode.IsPrint(r) && r != utf8.RuneError }
	if strings.IndexFunc(text, func(r rune) bool { return !seen(r) }) < 0 {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if seen(r) {
			b.WriteRune(r)
		} else {
			quoted := strconv.QuoteToASCII(text[i : i+n])
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		i += n
	}
	return b.String()
}

// cleanLines is clean for text of several lines.
func cleanLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = clean(strings.ReplaceAll(lines[i], "\t", "    "))
	}
	return strings.Join(lines, "\n")
}

// cell is one field of a table.
type cell struct {
	text string
	as   style
}

// column is a column of a table.
type column struct {
	title string
	right bool // numbers: they end at the same place
	cut   bool // may be cut in the middle on a screen that is too narrow
	free  bool // text of any length: the last column, and the line may wrap
}

// table is written in parts: rows wait until flush, and the columns of a later
// part are never narrower than those before.
type table struct {
	screen  screen
	columns []column
	widths  []int
	rows    [][]cell
	titled  bool
}

func newTable(s screen, columns ...column) *table {
	return &table{screen: s, columns: columns, widths: make([]int, len(columns))}
}

// add appends a row; an empty field is shown as a dash.
func (t *table) add(cells ...cell) {
	for i := range cells {
		cells[i].text = clean(cells[i].text)
		if cells[i].text == "" {
			cells[i].text = "-"
		}
	}
	t.rows = append(t.rows, cells)
}

// flush writes the rows there are, below the titles if these are the first.
func (t *table) flush() {
	rows := t.rows
	if !t.titled {
		titles := make([]cell, len(t.columns))
		for i, c := range t.columns {
			titles[i] = cell{c.title, bold}
		}
		rows = append([][]cell{titles}, rows...)
	}
	for _, row := range rows {
		for i, c := range row {
			t.widths[i] = max(t.widths[i], runewidth.StringWidth(c.text))
		}
	}
	t.fit()
	for _, row := range rows {
		t.line(row)
	}
	t.titled, t.rows = true, nil
}

// The least that is left of a column that is cut, and what a column of free text
// counts for, in cells.
const (
	leastCut  = 24
	freeCount = 20
	gap       = 2
)

// fit makes the columns that may be cut as narrow as the screen needs.
func (t *table) fit() {
	if t.screen.width == 0 {
		return
	}
	over := gap*(len(t.columns)-1) - t.screen.width
	for i, c := range t.columns {
		if c.free {
			over += min(t.widths[i], freeCount)
		} else {
			over += t.widths[i]
		}
	}
	for i, c := range t.columns {
		if c.cut && over > 0 {
			narrow := max(t.widths[i]-over, min(leastCut, t.widths[i]))
			over -= t.widths[i] - narrow
			t.widths[i] = narrow
		}
	}
}

func (t *table) line(row []cell) {
	var b strings.Builder
	for i, c := range row {
		if i > 0 {
			b.WriteString(strings.Repeat(" ", gap))
		}
		text := c.text
		if t.columns[i].cut && t.screen.width > 0 {
			text = cutMiddle(text, t.widths[i])
		}
		space := strings.Repeat(" ", max(0, t.widths[i]-runewidth.StringWidth(text)))
		text = t.screen.paint(c.as, text)
		switch {
		case t.columns[i].right:
			b.WriteString(space + text)
		case i == len(row)-1:
			b.WriteString(text) // nothing follows that a space would align
		default:
			b.WriteString(text + space)
		}
	}
	fmt.Fprintln(t.screen, b.String())
}

// cutMiddle shortens text to width cells: the beginning and the end of a path say
// more than its middle.
func cutMiddle(text string, width int) string {
	all := runewidth.StringWidth(text)
	if all <= width {
		return text
	}
	const dots = "…"
	keep := width - runewidth.StringWidth(dots)
	head := runewidth.Truncate(text, (keep+1)/2, "")
	tail := runewidth.TruncateLeft(text, all-keep/2, "")
	return head + dots + tail
}

// facts is a list of names and values, aligned.
type facts struct {
	screen screen
	indent string
	rows   [][2]string
}

// add appends a fact; one without a value is left out.
func (f *facts) add(name, value string) {
	if value != "" {
		f.rows = append(f.rows, [2]string{name, clean(value)})
	}
}

func (f *facts) flush() {
	width := 0
	for _, r := range f.rows {
		width = max(width, runewidth.StringWidth(r[0]))
	}
	for _, r := range f.rows {
		space := strings.Repeat(" ", width-runewidth.StringWidth(r[0])+gap)
		fmt.Fprintf(f.screen, "%s%s%s%s\n", f.indent, f.screen.paint(dim, r[0]), space, r[1])
	}
	f.rows = nil
}

// when says a moment: "3 minutes ago", "in 2 hours", or as RFC 3339. Empty: none.
func (s screen) when(t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case !s.terminal:
		return t.UTC().Format(time.RFC3339)
	}
	d := s.now.Sub(t)
	switch past := d >= 0; {
	case d.Abs() < time.Second:
		return "just now"
	case d.Abs() >= 60*24*time.Hour:
		return t.Local().Format(time.DateOnly)
	case past:
		return roughly(d) + " ago"
	default:
		return "in " + roughly(-d)
	}
}

// at says a moment with its distance, for where there is room for both.
func (s screen) at(t time.Time) string {
	if t.IsZero() || !s.terminal {
		return s.when(t)
	}
	return fmt.Sprintf("%s (%s)", t.Local().Format(time.DateTime), s.when(t))
}

// roughly says a duration in the largest unit that it has.
func roughly(d time.Duration) string {
	const day = 24 * time.Hour
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if d >= unit.size {
			return counted(int64(d/unit.size), unit.name)
		}
	}
	return counted(int64(d/time.Second), "second")
}

// took says how long something has taken.
func took(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 1, 64) + " ms"
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	default:
		return strings.TrimSuffix(d.Round(time.Second).String(), "0s")
	}
}

// ms is a duration in milliseconds, as tables show it.
func ms(milliseconds float64) string {
	if milliseconds >= 10 || milliseconds == math.Trunc(milliseconds) {
		return strconv.FormatFloat(milliseconds, 'f', 0, 64)
	}
	return strconv.FormatFloat(milliseconds, 'f', 1, 64)
}

// size says a number of bytes.
func (s screen) size(n int64) string {
	if !s.terminal {
		return strconv.FormatInt(n, 10)
	}
	return bytes(n)
}

// bytes says a number of bytes in the largest unit that it has.
func bytes(n int64) string {
	if n < 1024 {
		return strconv.FormatInt(n, 10) + " B"
	}
	v := float64(n)
	for _, unit := range []string{"KiB", "MiB", "GiB"} {
		v /= 1024
		if v < 1023.95 || unit == "GiB" {
			return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0") + " " + unit
		}
	}
	return ""
}

// counted says a number of things: 1 page, 2 pages.
func counted(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.FormatInt(n, 10) + " " + thing + "s"
}

// stateStyle is the color of a state or a result.
func stateStyle(name string) style {
	switch name {
	case "fresh", "regenerated", "unchanged", "restored":
		return green
	case "stale", "skipped", "running":
		return yellow
	case "expired", "failed", "absent", "deleted":
		return red
	}
	return plain
}
