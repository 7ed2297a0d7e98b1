package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// table writes columns one below the other: the first to the left, figures to
// the right.
func table(w io.Writer, head []string, lines [][]string) {
	width := make([]int, len(head))
	for _, line := range append([][]string{head}, lines...) {
		for k, cell := range line {
			width[k] = max(width[k], utf8.RuneCountInString(cell))
		}
	}
	for _, line := range append([][]string{head}, lines...) {
		var text strings.Builder
		for k, cell := range line {
			space := strings.Repeat(" ", width[k]-utf8.RuneCountInString(cell))
			if k == 0 {
				text.WriteString(cell + space)
				continue
			}
			text.WriteString("  " + space + cell)
		}
		fmt.Fprintln(w, strings.TrimRight(text.String(), " "))
	}
}

// comparisonTable writes a table for each encoding and, when asked to, what the
// goals came to.
func comparisonTable(w io.Writer, c *comparison, names []string, goalsToo bool) {
	for _, gzipped := range []bool{false, true} {
		some := named(c.Figures, func(f figures) bool { return f.Job.Gzip == gzipped })
		if len(some) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s (medians; ratios to %s in the same round)\n\n", some[0].Job, referenceID(some))
		table(w, []string{"", "hits/s", "ratio", "CPU µs/hit", "ratio", "p50 ms", "p99 ms", "RSS", "answer"}, rowLines(rows(some, names)))
	}
	if list := goals(c.Figures); len(list) > 0 && goalsToo {
		fmt.Fprint(w, "\ngoals (medians of the ratios in each round)\n\n")
		table(w, []string{"", "found", "goal", ""}, goalLines(list))
	}
}

func rowLines(all []row) [][]string {
	var lines [][]string
	for _, r := range all {
		lines = append(lines, []string{
			r.peer, thousands(r.hits), decimals(r.hitsTo, 2), decimals(r.cpu, 2), decimals(r.cpuTo, 2),
			decimals(r.p50, 2), decimals(r.p99, 2), bytesText(r.rss), bytesText(r.answer),
		})
	}
	return lines
}

func goalLines(list []goal) [][]string {
	var lines [][]string
	for _, g := range list {
		sign, verdict := "≥ ", "not met"
		if g.most {
			sign = "≤ "
		}
		if g.met() {
			verdict = "met"
		}
		lines = append(lines, []string{g.text, decimals(g.found, 2), sign + decimals(g.bound, 2), verdict})
	}
	return lines
}

// decimals is a figure with so many of them, or a dash when there is none.
func decimals(v float64, n int) string {
	if math.IsNaN(v) {
		return "–"
	}
	return strconv.FormatFloat(v, 'f', n, 64)
}

// thousands is a whole number in groups of three digits.
func thousands(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	digits := strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	for k := len(digits) - 3; k > 0; k -= 3 {
		digits = digits[:k] + "," + digits[k:]
	}
	return digits
}

// count is a number as the axis of a chart has it: 100k, 1M.
func count(v float64) string {
	switch {
	case v >= 1e6:
		return strconv.FormatFloat(v/1e6, 'g', 4, 64) + "M"
	case v >= 1e3:
		return strconv.FormatFloat(v/1e3, 'g', 4, 64) + "k"
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// bytesText is a size in units of 1,024.
func bytesText(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case v >= 1<<20:
		return strconv.FormatFloat(v/(1<<20), 'f', precision(v/(1<<20)), 64) + " MiB"
	case v >= 1<<10:
		return strconv.FormatFloat(v/(1<<10), 'f', precision(v/(1<<10)), 64) + " KiB"
	}
	return strconv.FormatFloat(v, 'f', 0, 64) + " B"
}

func precision(v float64) int {
	if v == math.Trunc(v) || v >= 100 {
		return 0
	}
	return 1
}
