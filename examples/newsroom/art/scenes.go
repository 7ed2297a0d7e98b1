package art

import (
	"fmt"
	"math"
	"strings"
)

// harbour is a sea with a sun or a moon, a headland, a lighthouse and boats.
func harbour(c *canvas) {
	c.backdrop(c.sky, c.low)
	horizon := c.between(250, 310)
	sun := c.between(160, 640)
	high := c.between(90, 200)
	c.fade(0.35, func() { c.circle(sun, high, 92, c.glow) })
	c.circle(sun, high, 58, c.glow)
	c.gulls(4)
	land := c.between(-80, 500)
	c.shape(c.far, "M% % q % % % % t % % z", land, horizon, 90, -c.between(60, 130), 200, -40, 240, 40)
	c.rect(0, horizon, Width, Height-horizon, c.mid)
	c.fade(0.5, func() {
		for i := range 9 {
			w := c.between(20, 110)
			c.rounded(sun-w/2+c.between(-14, 14), horizon+10+float64(i)*21, w, 5, 2.5, c.glow)
		}
	})
	if c.chance(2) {
		c.lighthouse(land+c.between(130, 200), horizon-30)
	}
	c.boat(c.between(120, 330), horizon+c.between(20, 50), c.between(0.7, 0.9))
	c.swell(horizon+80, c.near, 0.75)
	c.boat(c.between(420, 660), horizon+c.between(110, 130), c.between(1.2, 1.5))
	c.swell(horizon+140, c.near, 1)
	c.swell(horizon+190, c.ink, 0.9)
}

// swell is one line of waves, down to the lower edge.
func (c *canvas) swell(y float64, fill string, opacity float64) {
	step := c.between(90, 150)
	var d strings.Builder
	fmt.Fprintf(&d, "M%s %s", n(-c.between(0, step)), n(y))
	for x := -step; x < Width+step; x += step {
		fmt.Fprintf(&d, "q%s %s %s 0", n(step/2), n(-c.between(14, 26)), n(step))
	}
	d.WriteString("V500H-200z")
	c.fade(opacity, func() { c.shape(fill, d.String()) })
}

func (c *canvas) gulls(most int) {
	for range c.rng.IntN(most + 1) {
		x, y, s := c.between(80, 720), c.between(50, 190), c.between(6, 13)
		c.stroke(c.ink, 2.2, "M% % q % % % % q % % % %", x, y, s*0.6, -s*0.7, s, 0.0, s*0.4, -s*0.7, s, 0.0)
	}
}

func (c *canvas) lighthouse(x, y float64) {
	c.fade(0.2, func() { c.shape(c.glow, "M% % l -900 -230 v 300 z", x, y-104) })
	c.shape(c.glow, "M% % l 8 -96 h 16 l 8 96 z", x-16, y)
	c.shape(c.accent, "M% % l 2 -24 h 24 l 2 24 z", x-14, y-26)
	c.shape(c.accent, "M% % l 2 -22 h 20 l 2 22 z", x-10, y-70)
	c.rect(x-9, y-112, 18, 17, c.glow)
	c.shape(c.ink, "M% % l 12 -13 l 12 13 z", x-12, y-112)
	c.ellipse(x, y+6, 62, 15, c.near)
}

// boat is a sailing boat or a small trawler.
func (c *canvas) boat(x, y, scale float64) {
	hull := c.pick(c.accent, c.ink, c.glow)
	c.within(x, y, scale, c.between(-3, 3), func() {
		if c.chance(2) {
			c.stroke(c.ink, 3, "M0 0 V-92")
			c.shape(c.glow, "M4 -90 Q46 -50 50 -12 H4 z")
			c.shape(c.accent, "M-4 -80 Q-34 -44 -36 -12 H-4 z")
		} else {
			c.rect(-26, -30, 30, 32, c.glow)
			c.rect(-20, -24, 8, 9, c.ink)
			c.rect(-8, -24, 8, 9, c.ink)
			c.stroke(c.ink, 3, "M20 0 V-62 M20 -60 L-34 -34 M20 -52 L50 -4")
			c.circle(20, -62, 3, c.accent)
		}
		c.shape(hull, "M-56 0 H62 Q54 26 34 28 H-34 Q-50 24 -56 0 z")
		c.fade(0.35, func() { c.rect(-50, 8, 106, 4, c.sky) })
	})
}

// town is a street of gables, with some of its windows lit.
func town(c *canvas) {
	c.backdrop(c.sky, c.low)
	c.circle(c.between(100, 700), c.between(70, 130), 40, c.glow)
	c.gulls(3)
	c.fade(0.5, func() { c.houses(300, c.far, c.far, c.far) })
	c.houses(400, c.mid, c.near, c.accent, c.glow, c.far)
	c.rect(0, 400, Width, 100, c.ink)
	c.fade(0.4, func() {
		for i := range 7 {
			c.rounded(c.between(0, 640), 418+float64(i)*12, c.between(60, 200), 3, 1.5, c.mid)
		}
	})
}

func (c *canvas) houses(ground float64, walls ...string) {
	for x := -c.between(0, 60); x < Width; {
		w, h := c.between(74, 118), c.between(110, 200)
		wall := c.pick(walls...)
		roof := c.between(34, 62)
		c.rect(x, ground-h, w, h, wall)
		c.shape(c.ink, "M% % L% % L% % z", x-5, ground-h, x+w/2, ground-h-roof, x+w+5, ground-h)
		if c.chance(2) {
			c.rect(x+w*0.7, ground-h-roof*0.9, 12, 34, c.ink)
		}
		for row := ground - h + 18; row < ground-46; row += 42 {
			for _, column := range []float64{0.2, 0.6} {
				c.rect(x+w*column, row, w*0.2, 24, c.pick(c.glow, c.glow, c.ink))
			}
		}
		c.rounded(x+w*0.4, ground-38, w*0.2, 40, 3, c.ink)
		x += w
	}
}

// marsh is layered hills, a low sun, birds in a line and reeds in front.
func marsh(c *canvas) {
	c.backdrop(c.sky, c.low)
	c.circle(c.between(150, 650), c.between(110, 220), c.between(44, 70), c.glow)
	c.hills(270, c.far)
	c.hills(330, c.mid)
	x, y := c.between(120, 420), c.between(60, 130)
	for i := range 5 + c.rng.IntN(6) {
		step := float64(i)
		c.stroke(c.ink, 2.4, "M% % q 7 -8 12 0 q 5 -8 12 0", x+step*30, y+math.Abs(step-4)*13)
	}
	c.hills(385, c.near)
	c.fade(0.7, func() { c.shape(c.glow, "M0 % q 200 -16 400 0 t 400 0 v 16 q -200 14 -400 0 t -400 0 z", 430) })
	c.reeds()
}

func (c *canvas) hills(y float64, fill string) {
	c.shape(fill, "M0 % C% % % % % % S% % 800 % V500 H0 z", y+c.between(-20, 30),
		c.between(80, 160), y-c.between(40, 90), c.between(240, 320), y-c.between(0, 50), c.between(400, 460), y+c.between(-10, 30),
		c.between(600, 700), y-c.between(30, 80), y+c.between(-20, 20))
}

func (c *canvas) reeds() {
	c.rect(0, 470, Width, 30, c.ink)
	for x := c.between(0, 20); x < Width; x += c.between(8, 26) {
		h, lean := c.between(40, 150), c.between(-16, 26)
		c.stroke(c.ink, 2.6, "M% 500 q 0 % % %", x, -h*0.6, lean, -h)
		if c.chance(3) {
			c.within(x+lean, 500-h, 1, lean, func() { c.rounded(-4, -26, 8, 32, 4, c.accent) })
		}
	}
}

// tiles is a floor of quarter circles and stripes.
func tiles(c *canvas) {
	const size = 100
	c.rect(0, 0, Width, Height, c.glow)
	colours := []string{c.mid, c.near, c.accent, c.ink, c.low, c.far}
	for y := 0.0; y < Height; y += size {
		for x := 0.0; x < Width; x += size {
			ground, figure := c.pick(colours...), c.pick(colours...)
			c.rect(x, y, size+1, size+1, ground)
			turn := float64(c.rng.IntN(4)) * 90
			c.within(x+size/2, y+size/2, 1, turn, func() { c.tile(figure) })
		}
	}
}

// tile is drawn around the origin, 100 wide.
func (c *canvas) tile(figure string) {
	switch c.rng.IntN(6) {
	case 0:
		c.shape(figure, "M-50 -50 H50 A100 100 0 0 1 -50 50 z")
	case 1:
		c.shape(figure, "M-50 -50 A50 50 0 0 0 50 -50 z")
		c.circle(0, 24, 14, c.glow)
	case 2:
		c.circle(0, 0, 36, figure)
		c.circle(0, 0, 16, c.glow)
	case 3:
		for i := range 3 {
			c.rect(-50, -44+float64(i)*34, 100, 16, figure)
		}
	case 4:
		c.shape(figure, "M-50 50 L50 -50 V50 z")
	default:
		c.shape(figure, "M-50 -50 A50 50 0 0 1 0 0 A50 50 0 0 0 50 50 H-50 z")
	}
}

// plate is a fish on a plate on a cloth.
func plate(c *canvas) {
	cloth := c.pick(c.mid, c.accent, c.near)
	c.rect(0, 0, Width, Height, c.low)
	c.fade(0.22, func() {
		for i := range 14 {
			c.rect(float64(i)*62, 0, 28, Height, cloth)
		}
		for i := range 9 {
			c.rect(0, float64(i)*62, Width, 28, cloth)
		}
	})
	x, y := c.between(360, 440), 250.0
	c.fade(0.25, func() { c.ellipse(x+12, y+20, 232, 214, c.ink) })
	c.circle(x, y, 216, c.glow)
	c.ring(x, y, 160, 3, c.far)
	c.ring(x, y, 204, 6, c.mid)
	c.within(x, y, 1.25, c.between(-28, 28), c.fish)
	c.lemon(x+c.between(70, 110), y+c.between(80, 100))
	c.within(x-c.between(90, 120), y+c.between(70, 100), 1, c.between(0, 90), c.sprig)
}

func (c *canvas) fish() {
	body := c.pick(c.near, c.mid, c.accent)
	c.shape(body, "M-130 0 Q-60 -62 60 -30 Q90 -18 110 0 L150 -36 Q142 0 150 36 L110 0 Q90 18 60 30 Q-60 62 -130 0 z")
	c.shape(c.ink, "M-40 -42 Q0 -74 44 -40 L30 -36 Q0 -48 -34 -40 z")
	c.fade(0.4, func() {
		for i := range 5 {
			c.stroke(c.glow, 3, "M% -22 q 14 22 0 44", -50+float64(i)*26)
		}
	})
	c.stroke(c.ink, 3, "M-82 -28 Q-66 0 -82 28")
	c.circle(-102, -8, 6, c.glow)
	c.circle(-103, -8, 3, c.ink)
}

func (c *canvas) lemon(x, y float64) {
	c.circle(x, y, 42, "#e9b93a")
	c.circle(x, y, 36, "#fbf1c9")
	for i := range 8 {
		c.within(x, y, 1, float64(i)*45, func() { c.shape("#f2d36b", "M0 -5 L-9 -29 Q0 -36 9 -29 z") })
	}
}

func (c *canvas) sprig() {
	c.stroke("#47704f", 3, "M0 0 Q30 -10 74 0")
	for i := range 5 {
		x := 14 + float64(i)*13
		c.ellipse(x, -10, 5, 11, "#5f8f63")
		c.ellipse(x+6, 8, 5, 11, "#47704f")
	}
}

// envelope is a letter with a stamp and a postmark.
func envelope(c *canvas) {
	c.rect(0, 0, Width, Height, c.mid)
	c.fade(0.3, func() {
		for i := range 12 {
			c.stroke(c.far, 2, "M% 0 L% 500", -200+float64(i)*100, 100+float64(i)*100)
		}
	})
	c.within(400, 255, 1, c.between(-8, 8), func() {
		c.fade(0.25, func() { c.rounded(-258, -150, 540, 330, 6, c.ink) })
		c.rounded(-270, -165, 540, 330, 6, c.glow)
		for i := range 27 {
			c.shape(c.pick(c.accent, c.near), "M% % h 10 l -6 12 h -10 z", -262+float64(i)*20, -163)
		}
		for i := range 3 {
			y := 10 + float64(i)*42
			c.stroke(c.ink, 4, "M-60 % q 20 -18 40 0 t 40 0 t 40 0 t 40 0 h %", y, c.between(-20, 70))
		}
		c.within(190, -86, 1, 0, func() {
			c.rect(-46, -54, 92, 108, c.low)
			c.rect(-38, -46, 76, 92, c.sky)
			c.circle(8, -14, 16, c.glow)
			c.shape(c.near, "M-38 14 q 19 -16 38 0 t 38 0 V46 H-38 z")
		})
		for i := range 3 {
			c.ring(100, -70, 46-float64(i)*16, 3, c.ink)
		}
		for i := range 4 {
			c.stroke(c.ink, 3, "M-60 % q 22 -9 44 0 t 44 0 t 44 0", -100+float64(i)*18)
		}
	})
}
