package main

import (
	"fmt"
	"slices"
	"strings"
)

// Where things are in the chart of a comparison.
const (
	barLabels = 240.0 // width of the names
	barWidth  = 250.0 // of the longest bar
	barRoom   = 330.0 // with the figure behind it
	barRow    = 26.0
)

// comparisonChart draws what a hit costs and how many there are, for each
// encoding.
func comparisonChart(c *comparison, names []string) string {
	s := &svg{width: int(barLabels + 2*barRoom + 20)}
	y := 30.0
	s.text(16, y, "title", "start", "Hits on stored pages: one core for the server, one for the load")
	for _, gzipped := range []bool{false, true} {
		some := named(c.Figures, func(f figures) bool { return f.Job.Gzip == gzipped })
		if len(some) > 0 {
			y = s.bars(y+34, some[0].Job.String(), rows(some, names))
		}
	}
	s.height = int(y + 8)
	return s.String("Reprint beside other servers: CPU per hit and hits per second")
}

// bars draws one block of rows and returns where it ends.
func (s *svg) bars(y float64, title string, table []row) float64 {
	cpuAt, hitsAt := barLabels, barLabels+barRoom
	s.text(16, y, "bold", "start", title)
	y += 22
	s.text(cpuAt, y, "dim", "start", "server CPU per hit, µs (less is better)")
	s.text(hitsAt, y, "dim", "start", "hits a second (more is better)")
	var cpu, hits []float64
	for _, r := range table {
		cpu, hits = append(cpu, r.cpu), append(hits, r.hits)
	}
	cpuMost, hitsMost := longest(cpu), longest(hits)
	for _, r := range table {
		y += barRow
		class, label := "other", ""
		if strings.HasPrefix(r.peer, "reprint") {
			class, label = "own", "bold"
		}
		s.text(barLabels-10, y, label, "end", r.peer)
		s.bar(cpuAt, y, r.cpu/cpuMost, class, cpuText(r.cpu))
		s.bar(hitsAt, y, r.hits/hitsMost, class, thousands(r.hits))
	}
	return y + 14
}

func cpuText(v float64) string {
	if v >= 100 {
		return thousands(v)
	}
	return decimals(v, 1)
}

// bar draws one, cut where it would be longer than there is room for.
func (s *svg) bar(x, y, part float64, class, figure string) {
	long := max(1, barWidth*min(part, 1))
	s.put(`<rect x="%.1f" y="%.1f" width="%.1f" height="16" rx="2" class="%s"/>`, x, y-13, long, class)
	if part > 1 {
		s.stroke(x+long-18, y+5, x+long-10, y-15, "cut")
	}
	s.text(x+long+6, y, "", "start", figure)
}

// longest is the value that a bar of full length stands for: the largest, but
// for those that would leave nothing of the others to be seen.
func longest(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	most := sorted[0]
	for _, v := range sorted {
		if v <= 4*median(values) {
			most = v
		}
	}
	return most
}

// lineColours are the classes of the n-th line and of its points.
func lineColours(n int) (line, dot string) {
	n %= seriesColours
	return fmt.Sprintf("line c%d", n), fmt.Sprintf("d%d", n)
}
