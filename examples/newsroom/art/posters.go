package art

import "math"

// arcs is sound, drawn from a corner.
func arcs(c *canvas) {
	c.rect(0, 0, Width, Height, c.near)
	x, y := c.pickNumber(120, 400, 680), c.pickNumber(60, 440)
	for i := range 11 {
		c.circle(x, y, 640-float64(i)*58, []string{c.near, c.mid, c.accent, c.low, c.ink}[(i*2+i/3)%5])
	}
	for i := range 7 {
		turn := float64(i)*0.8 + c.between(0, 0.3)
		r := 120 + float64(i)*52
		c.circle(x+math.Cos(turn)*r, y+math.Sin(turn)*r, c.between(8, 20), c.glow)
	}
}

func (c *canvas) pickNumber(numbers ...float64) float64 { return numbers[c.rng.IntN(len(numbers))] }

// curtain is a stage with a light on it.
func curtain(c *canvas) {
	c.rect(0, 0, Width, Height, c.ink)
	c.fade(0.35, func() { c.shape(c.glow, "M% -10 L180 470 H640 z", c.between(340, 470)) })
	c.ellipse(410, 440, 230, 40, c.low)
	if c.chance(2) {
		c.shape(c.ink, "M400 430 v -90 q -30 -10 -20 -50 q 20 -30 44 0 q 8 40 -12 50 v 90 z")
	} else {
		c.stroke(c.ink, 9, "M360 430 V340 H440 V430 M360 340 V262")
	}
	for i := range 5 {
		shade := []string{c.accent, c.near, c.accent, c.near, c.accent}[i]
		c.shape(shade, "M% 0 h 52 q % 250 -6 500 h -46 z", float64(i)*44, c.between(-10, 30))
		c.shape(shade, "M% 0 h -52 q % 250 6 500 h 46 z", 800-float64(i)*44, c.between(-30, 10))
	}
	c.shape(c.accent, "M0 0 H800 V60 q -40 46 -80 0 t -80 0 t -80 0 t -80 0 t -80 0 t -80 0 t -80 0 t -80 0 t -80 0 t -80 0 z")
}

// projector is a beam and a strip of film.
func projector(c *canvas) {
	c.backdrop(c.ink, c.near)
	c.fade(0.5, func() { c.shape(c.glow, "M150 330 L800 % V460 z", c.between(20, 90)) })
	c.fade(0.5, func() {
		for range 26 {
			x := c.between(260, 790)
			c.circle(x, 330+c.between(-0.42, 0.16)*(x-150), c.between(1, 4), c.glow)
		}
	})
	c.circle(86, 200, 62, c.accent)
	c.circle(196, 214, 48, c.accent)
	for i := range 5 {
		turn := float64(i) * 2 * math.Pi / 5
		c.circle(86+math.Cos(turn)*36, 200+math.Sin(turn)*36, 12, c.ink)
		c.circle(196+math.Cos(turn)*27, 214+math.Sin(turn)*27, 9, c.ink)
	}
	c.rounded(36, 262, 180, 120, 10, c.mid)
	c.rounded(206, 300, 44, 56, 6, c.low)
	c.stroke(c.mid, 12, "M80 380 L50 470 M172 380 L204 470")
	c.rect(0, 462, Width, 38, "#111")
	for i := range 20 {
		c.rounded(float64(i)*42+8, 472, 22, 17, 4, c.glow)
	}
}

// gallery is a wall of small pictures.
func gallery(c *canvas) {
	c.rect(0, 0, Width, Height, c.low)
	for row := range 3 {
		for column := range 6 {
			x, y := 46+float64(column)*122, 40+float64(row)*130
			c.fade(0.2, func() { c.rect(x+5, y+6, 98, 100, c.ink) })
			c.rect(x, y, 98, 100, c.glow)
			level := c.between(26, 60)
			c.rect(x+8, y+8, 82, 84, c.pick(c.sky, c.far, c.glow))
			c.shape(c.pick(c.mid, c.near, c.far), "M% % q 20 % 41 0 t 41 0 v % h -82 z", x+8, y+8+level, -c.between(10, 30), 84-level)
		}
	}
	c.rect(0, 440, Width, 60, c.near)
	c.rounded(330, 404, 150, 14, 4, c.ink)
	c.stroke(c.ink, 8, "M350 416 V470 M460 416 V470")
}

// bubbles is two people talking.
func bubbles(c *canvas) {
	c.backdrop(c.sky, c.low)
	c.fade(0.9, func() {
		c.rounded(90, c.between(60, 90), 400, 220, 110, c.near)
		c.shape(c.near, "M170 240 l -40 110 l 120 -80 z")
	})
	c.fade(0.9, func() {
		c.rounded(350, c.between(210, 240), 370, 190, 95, c.accent)
		c.shape(c.accent, "M640 370 l 50 90 l -130 -70 z")
	})
	for i := range 3 {
		c.circle(210+float64(i)*78, 176, 19, c.glow)
	}
	c.stroke(c.glow, 10, "M440 % q 22 -26 44 0 t 44 0 t 44 0 t 44 0", 320)
}

// path winds over hills.
func path(c *canvas) {
	c.backdrop(c.sky, c.low)
	c.circle(c.between(120, 680), c.between(80, 150), 50, c.glow)
	c.gulls(3)
	c.hills(250, c.far)
	c.hills(300, c.mid)
	c.shape(c.near, "M0 360 Q200 280 420 340 T800 330 V500 H0 z")
	side := c.between(-60, 60)
	c.shape(c.glow, "M% 500 C% 440 % 410 % 380 S% 352 % 332 C% 356 % 366 % 396 S% 450 % 500 z",
		300+side, 330+side, 520+side, 470+side, 380+side, 440+side, 420+side, 540+side, 520+side, 460+side, 470+side)
	for range 9 {
		x, y := c.between(20, 780), c.between(380, 480)
		c.shape(c.ink, "M% % q 4 -34 12 -44 q 8 12 12 44 z", x, y)
	}
	c.stroke(c.ink, 5, "M640 420 v -74")
	c.shape(c.accent, "M606 350 h 62 l 16 13 l -16 13 h -62 z")
}

// tools lie on a bench.
func tools(c *canvas) {
	c.rect(0, 0, Width, Height, c.low)
	for i := range 6 {
		c.fade(0.16, func() { c.rect(0, float64(i)*90, Width, 44, c.far) })
	}
	turn := c.between(-12, 12)
	c.within(220, 260, 1.1, -30+turn, func() {
		c.rounded(-16, -60, 32, 230, 12, c.accent)
		c.shape(c.ink, "M-70 -110 h 120 q 30 10 34 44 h -154 z")
	})
	c.within(440, 250, 1.1, 12+turn, func() {
		c.rect(-24, -180, 48, 360, c.glow)
		for i := range 17 {
			long := 12.0
			if i%4 == 0 {
				long = 24
			}
			c.rect(-24, -170+float64(i)*21, long, 3, c.ink)
		}
	})
	c.within(610, 260, 1, 28+turn, func() {
		c.rect(-14, -150, 28, 240, c.near)
		c.rect(-14, -176, 28, 28, c.accent)
		c.shape(c.glow, "M-14 90 h 28 l -14 44 z")
		c.shape(c.ink, "M-6 115 h 12 l -6 19 z")
	})
	c.fade(0.8, func() { c.stroke(c.mid, 7, "M80 440 q 60 -60 120 0 t 120 0 t 120 0 q 60 40 120 -10 t 140 10") })
}

// stall is an awning over crates of fruit.
func stall(c *canvas) {
	c.backdrop(c.sky, c.low)
	stripe, other := c.pick(c.accent, c.near), c.glow
	c.rect(96, 120, 14, 340, c.ink)
	c.rect(690, 120, 14, 340, c.ink)
	for i := range 11 {
		fill := stripe
		if i%2 == 1 {
			fill = other
		}
		x := 64 + float64(i)*61
		c.shape(fill, "M% 70 h 61 v 110 a 30.5 30.5 0 0 1 -61 0 z", x)
	}
	for crate := range 4 {
		x := 112 + float64(crate)*146
		fruit := c.pick("#c8442f", "#e3a32b", "#7c9a3f", "#8e2f5c", "#d96f3c")
		for row := range 2 {
			for i := range 5 {
				c.circle(x+18+float64(i)*25+float64(row)*9, 344-float64(row)*19, 16, fruit)
			}
		}
		c.rect(x, 346, 136, 78, "#a9754a")
		c.fade(0.35, func() { c.rect(x, 370, 136, 5, c.ink); c.rect(x, 396, 136, 5, c.ink) })
	}
	c.rect(70, 424, 660, 20, c.ink)
	c.rect(0, 444, Width, 56, c.mid)
}
