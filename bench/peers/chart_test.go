package main

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
)

// wellFormed fails for what a browser would not draw, and returns its text.
func wellFormed(t *testing.T, svg string) string {
	t.Helper()
	var text strings.Builder
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		if data, ok := token.(xml.CharData); ok {
			text.Write(data)
		}
	}
	for _, bad := range []string{"NaN", "Inf", "%!"} {
		if strings.Contains(svg, bad) {
			t.Errorf("%s in\n%s", bad, svg)
		}
	}
	return text.String()
}

func TestTheChartOfAComparisonHasEachPeer(t *testing.T) {
	c := &comparison{Figures: []figures{
		{Peer: "reprint", ID: "reprint", Job: job{Size: 17 << 10}, Hits: 78000, CPU: 8.1},
		{Peer: "a <peer> & more", ID: "nginx", Job: job{Size: 17 << 10}, Hits: 76000, CPU: 9.7},
		{Peer: "next start", ID: "nextjs", Job: job{Size: 17 << 10}, Hits: 1300, CPU: 700},
		{Peer: "reprint", ID: "reprint", Job: job{Size: 17 << 10, Gzip: true}, Hits: 120000, CPU: 5.1},
	}}
	text := wellFormed(t, comparisonChart(c, []string{"reprint", "a <peer> & more", "next start"}))
	for _, want := range []string{"a <peer> & more", "78,000", "9.7", "700", "120,000", "gzip"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %s", want, text)
		}
	}
}

func TestTheChartOfACurveHasItsPoints(t *testing.T) {
	for _, log := range []bool{false, true} {
		c := curve{Title: "pages", names: []string{"reprint", "nginx"}, log: log, Points: []point{
			{X: 1000, Label: "1k", Figures: []figures{{Peer: "reprint", Hits: 1000, CPU: 10}, {Peer: "nginx", Hits: 900, CPU: 1}}},
			{X: 1e6, Label: "1M", Figures: []figures{{Peer: "reprint", Hits: 100, CPU: 100}}},
		}}
		svg := curveChart(c)
		text := wellFormed(t, svg)
		if !strings.Contains(text, "1M") || !strings.Contains(text, "nginx") {
			t.Error(text)
		}
		// Two points and one, in two panels, and two in the legend.
		if got := strings.Count(svg, "<circle"); got != 2*3+2 {
			t.Errorf("%d points in\n%s", got, svg)
		}
	}
}

func TestAnAxisHoldsItsValues(t *testing.T) {
	for _, most := range []float64{0.3, 1, 7, 10, 99, 83_000} {
		s := steps(most)
		if s[0] != 0 || s[len(s)-1] < most || len(s) < 3 || len(s) > 7 {
			t.Errorf("%v: %v", most, s)
		}
	}
	if got := steps(math.NaN()); !slices.Equal(got, []float64{0, 1}) {
		t.Errorf("of nothing: %v", got)
	}
	for _, c := range [][2]float64{{2, 2}, {1, 1}, {100, 100}, {3, 5000}} {
		p := powers(c[0], c[1])
		if p[0] > c[0] || p[len(p)-1] < c[1] || len(p) < 2 {
			t.Errorf("%v: %v", c, p)
		}
	}
}
