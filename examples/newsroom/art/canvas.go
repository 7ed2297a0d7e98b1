package art

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
)

// palette is the light in which a picture is drawn.
type palette struct {
	sky, low          string // the sky, above and at the horizon
	far, mid, near    string // three distances
	ink, glow, accent string
}

var palettes = []palette{
	{"#f4dcc0", "#f0b894", "#8fa9a8", "#4c7f8c", "#23505f", "#16323d", "#fff4dc", "#cf4a32"}, // dawn
	{"#cfe4e6", "#f1efdc", "#93b9bd", "#3f8a99", "#1f5f73", "#12333f", "#fffdf2", "#e3a32b"}, // noon
	{"#36456e", "#d58a6c", "#5b5f86", "#33426a", "#1f2a4b", "#121a30", "#f9d98f", "#e8664c"}, // dusk
	{"#dcdfd8", "#eceae0", "#b9c4c0", "#8ba09f", "#5d7577", "#33474b", "#fbfaf4", "#b9493a"}, // fog
	{"#16233f", "#2f4a68", "#24395a", "#182a48", "#0f1c35", "#070f20", "#f6e5b4", "#eaa23c"}, // night
	{"#e8ebd6", "#f6e6c4", "#a9bf9f", "#6b9a84", "#33685c", "#1d3f3a", "#fffbe8", "#d96f3c"}, // spring
	{"#f0d9d2", "#f7ecdf", "#c5a7ab", "#93707f", "#5d4258", "#33243a", "#fff6ea", "#c8553d"}, // heather
}

// canvas collects the shapes of a picture.
type canvas struct {
	palette
	b   bytes.Buffer
	rng *rand.Rand
}

func newCanvas(rng *rand.Rand) *canvas {
	c := &canvas{palette: palettes[rng.IntN(len(palettes))], rng: rng}
	fmt.Fprintf(&c.b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" preserveAspectRatio="xMidYMid slice">`, Width, Height)
	return c
}

func (c *canvas) finish() []byte {
	c.b.WriteString("</svg>")
	return c.b.Bytes()
}

// between returns a number from a up to b.
func (c *canvas) between(a, b float64) float64 { return a + c.rng.Float64()*(b-a) }

// chance reports true once in n times.
func (c *canvas) chance(n int) bool { return c.rng.IntN(n) == 0 }

// pick returns one of the colours.
func (c *canvas) pick(colours ...string) string { return colours[c.rng.IntN(len(colours))] }

func (c *canvas) rect(x, y, w, h float64, fill string) {
	fmt.Fprintf(&c.b, `<path d="M%s %sh%sv%sh%sz" fill="%s"/>`, n(x), n(y), n(w), n(h), n(-w), fill)
}

func (c *canvas) rounded(x, y, w, h, r float64, fill string) {
	fmt.Fprintf(&c.b, `<rect x="%s" y="%s" width="%s" height="%s" rx="%s" fill="%s"/>`, n(x), n(y), n(w), n(h), n(r), fill)
}

func (c *canvas) circle(x, y, r float64, fill string) {
	fmt.Fprintf(&c.b, `<circle cx="%s" cy="%s" r="%s" fill="%s"/>`, n(x), n(y), n(r), fill)
}

func (c *canvas) ellipse(x, y, rx, ry float64, fill string) {
	fmt.Fprintf(&c.b, `<ellipse cx="%s" cy="%s" rx="%s" ry="%s" fill="%s"/>`, n(x), n(y), n(rx), n(ry), fill)
}

// ring draws a circle's outline.
func (c *canvas) ring(x, y, r, width float64, stroke string) {
	fmt.Fprintf(&c.b, `<circle cx="%s" cy="%s" r="%s" fill="none" stroke="%s" stroke-width="%s"/>`, n(x), n(y), n(r), stroke, n(width))
}

// shape fills the path d, in which the numbers take the place of the %.
func (c *canvas) shape(fill, d string, numbers ...float64) {
	fmt.Fprintf(&c.b, `<path d="%s" fill="%s"/>`, place(d, numbers), fill)
}

// stroke draws along the path d.
func (c *canvas) stroke(colour string, width float64, d string, numbers ...float64) {
	fmt.Fprintf(&c.b, `<path d="%s" fill="none" stroke="%s" stroke-width="%s" stroke-linecap="round" stroke-linejoin="round"/>`, place(d, numbers), colour, n(width))
}

// fade draws what do draws with an opacity.
func (c *canvas) fade(opacity float64, do func()) {
	fmt.Fprintf(&c.b, `<g opacity="%s">`, n(opacity))
	do()
	c.b.WriteString("</g>")
}

// within draws what do draws, moved, scaled and turned around the point.
func (c *canvas) within(x, y, scale, degrees float64, do func()) {
	fmt.Fprintf(&c.b, `<g transform="translate(%s %s) rotate(%s) scale(%s)">`, n(x), n(y), n(degrees), n(scale))
	do()
	c.b.WriteString("</g>")
}

// backdrop fills the picture from one colour at the top to another at the
// bottom.
func (c *canvas) backdrop(top, bottom string) {
	fmt.Fprintf(&c.b, `<linearGradient id="g" x2="0" y2="1"><stop stop-color="%s"/><stop offset="1" stop-color="%s"/></linearGradient>`, top, bottom)
	c.rect(0, 0, Width, Height, "url(#g)")
}

// place puts numbers in the place of each % in d.
func place(d string, numbers []float64) string {
	out := make([]byte, 0, len(d)+6*len(numbers))
	for i := range len(d) {
		if d[i] == '%' && len(numbers) > 0 {
			out = append(out, n(numbers[0])...)
			numbers = numbers[1:]
			continue
		}
		out = append(out, d[i])
	}
	return string(out)
}

// n writes a number with at most two digits after the point.
func n(v float64) string {
	return strconv.FormatFloat(float64(int(v*100))/100, 'f', -1, 64)
}
