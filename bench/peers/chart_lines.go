package main

import (
	"fmt"
	"math"
	"strings"
)

// Where things are in the chart of a curve: two panels side by side.
const (
	panelWidth  = 340.0
	panelHeight = 220.0
	panelLeft   = 64.0 // of the first, for the figures of its axis
	panelStep   = panelWidth + 76
	panelTop    = 96.0
)

// panel is one diagram: a value of each peer at each point.
type panel struct {
	title  string
	value  func(row) float64
	text   func(float64) string
	log    bool
	values [][]float64 // of each peer; not a number where there is none
}

// curveChart draws hits and CPU along a curve. Points stand as far from each
// other as there is room: what lies between them was not measured.
func curveChart(c curve) string {
	s := &svg{width: int(panelLeft + 2*panelStep - 40), height: int(panelTop + panelHeight + 60)}
	s.text(16, 28, "title", "start", "Hits a second and CPU per hit: "+c.Title)
	s.legend(c.names)
	panels := []panel{
		{title: "hits a second", value: func(r row) float64 { return r.hits }, text: count, log: c.log},
		{title: "server CPU per hit, µs", value: func(r row) float64 { return r.cpu }, text: count, log: c.log},
	}
	for k, p := range panels {
		for _, name := range c.names {
			p.values = append(p.values, c.values(name, p.value))
		}
		s.panel(panelLeft+float64(k)*panelStep, c, p)
	}
	return s.String("Reprint: " + c.Title)
}

// values are those of a peer at each point.
func (c curve) values(name string, value func(row) float64) []float64 {
	var all []float64
	for _, p := range c.Points {
		v := math.NaN()
		if found := rows(p.Figures, []string{name}); len(found) > 0 {
			v = value(found[0])
		}
		all = append(all, v)
	}
	return all
}

func (s *svg) legend(names []string) {
	x := 16.0
	for n, name := range names {
		line, dot := lineColours(n)
		s.stroke(x, 50, x+22, 50, line)
		s.put(`<circle cx="%.1f" cy="50" r="4" class="%s"/>`, x+11, dot)
		s.text(x+28, 54, "", "start", name)
		x += 28 + 7.2*float64(len(name)) + 22
	}
}

func (s *svg) panel(left float64, c curve, p panel) {
	ticks := p.ticks()
	low, high := ticks[0], ticks[len(ticks)-1]
	at := func(v float64) float64 {
		part := (v - low) / (high - low)
		if p.log {
			part = math.Log(v/low) / math.Log(high/low)
		}
		return panelTop + panelHeight*(1-part)
	}
	s.text(left, panelTop-12, "dim", "start", p.title)
	for _, v := range ticks {
		s.stroke(left, at(v), left+panelWidth, at(v), "grid")
		s.text(left-8, at(v)+4, "dim", "end", p.text(v))
	}
	s.stroke(left, panelTop+panelHeight, left+panelWidth, panelTop+panelHeight, "axis")
	across := func(k int) float64 { return left + panelWidth*(float64(k)+0.5)/float64(len(c.Points)) }
	for k, point := range c.Points {
		s.text(across(k), panelTop+panelHeight+18, "dim", "middle", point.Label)
	}
	s.text(left+panelWidth/2, panelTop+panelHeight+40, "", "middle", c.Title)
	for n, values := range p.values {
		s.curveLine(n, values, across, at)
	}
}

// curveLine draws the line of one peer through the points that it has.
func (s *svg) curveLine(n int, values []float64, across func(int) float64, at func(float64) float64) {
	line, dot := lineColours(n)
	var through []string
	for k, v := range values {
		if !math.IsNaN(v) {
			through = append(through, fmt.Sprintf("%.1f,%.1f", across(k), at(v)))
		}
	}
	s.put(`<polyline points="%s" class="%s"/>`, strings.Join(through, " "), line)
	for k, v := range values {
		if !math.IsNaN(v) {
			s.put(`<circle cx="%.1f" cy="%.1f" r="4" class="%s"/>`, across(k), at(v), dot)
		}
	}
}

// ticks are the values of the axis, from below the least to above the most.
func (p panel) ticks() []float64 {
	least, most := math.Inf(1), math.Inf(-1)
	for _, values := range p.values {
		for _, v := range values {
			if !math.IsNaN(v) {
				least, most = min(least, v), max(most, v)
			}
		}
	}
	if p.log && least > 0 && most > 0 && !math.IsInf(least, 0) {
		return powers(least, most)
	}
	return steps(most)
}
