package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// svg is a picture that is being drawn: elements of plain text. Its colours
// follow the reader's light or dark theme.
type svg struct {
	body          strings.Builder
	width, height int
}

const svgStyle = `
  svg { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
  .paper { fill: #ffffff; } text { fill: #1f2328; } .dim { fill: #59636e; } .title { font-size: 15px; font-weight: 600; }
  .grid { stroke: #d1d9e0; } .axis { stroke: #818b98; } .cut { stroke: #ffffff; stroke-width: 3; }
  .own { fill: #0969da; } .other { fill: #a3adb8; } .bold { font-weight: 600; }
  .line { fill: none; stroke-width: 2.5; stroke-linejoin: round; }
  .c0 { stroke: #0969da; } .c1 { stroke: #bc4c00; } .c2 { stroke: #1a7f37; } .c3 { stroke: #8250df; } .c4 { stroke: #bf3989; }
  .d0 { fill: #0969da; } .d1 { fill: #bc4c00; } .d2 { fill: #1a7f37; } .d3 { fill: #8250df; } .d4 { fill: #bf3989; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; } text { fill: #f0f6fc; } .dim { fill: #9198a1; }
    .grid { stroke: #3d444d; } .axis { stroke: #9198a1; } .cut { stroke: #0d1117; }
    .own { fill: #4493f8; } .other { fill: #656c76; }
    .c0 { stroke: #4493f8; } .c1 { stroke: #f0883e; } .c2 { stroke: #3fb950; } .c3 { stroke: #ab7df8; } .c4 { stroke: #f778ba; }
    .d0 { fill: #4493f8; } .d1 { fill: #f0883e; } .d2 { fill: #3fb950; } .d3 { fill: #ab7df8; } .d4 { fill: #f778ba; }
  }
`

// seriesColours is how many colours there are for lines.
const seriesColours = 5

func (s *svg) put(format string, args ...any) { fmt.Fprintf(&s.body, format+"\n", args...) }

func (s *svg) text(x, y float64, class, anchor, text string) {
	s.put(`<text x="%.1f" y="%.1f" class="%s" text-anchor="%s">%s</text>`, x, y, class, anchor, html.EscapeString(text))
}

func (s *svg) stroke(x1, y1, x2, y2 float64, class string) {
	s.put(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="%s"/>`, x1, y1, x2, y2, class)
}

func (s *svg) String(title string) string {
	return fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">\n<title>%s</title>\n<style>%s</style>\n<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n%s</svg>\n",
		s.width, s.height, s.width, s.height, html.EscapeString(title), svgStyle, s.width, s.height, s.body.String())
}

// steps are round values from 0 to at least most, about five of them.
func steps(most float64) []float64 {
	if most <= 0 || math.IsNaN(most) || math.IsInf(most, 0) {
		return []float64{0, 1}
	}
	power := math.Pow(10, math.Floor(math.Log10(most/4)))
	step := power
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		step = m * power
		if step*5 >= most {
			break
		}
	}
	values := []float64{0}
	for n := 1.0; values[len(values)-1] < most; n++ {
		values = append(values, n*step)
	}
	return values
}

// powers are the powers of ten around values.
func powers(least, most float64) []float64 {
	var values []float64
	for e := math.Floor(math.Log10(least)); ; e++ {
		v := math.Pow(10, e)
		values = append(values, v)
		if v >= most && len(values) > 1 {
			return values
		}
	}
}
