package art

// stage is what a product stands on: a wall, a table and its own shadow.
func (c *canvas) stage(shadow float64) {
	c.rect(0, 0, Width, Height, c.low)
	c.fade(0.6, func() { c.circle(400, 210, 205, c.glow) })
	c.rect(0, 390, Width, 110, c.far)
	c.fade(0.28, func() { c.ellipse(408, 412, shadow, 17, c.ink) })
}

// book stands upright, with a motif on its cover.
func book(c *canvas) {
	c.stage(170)
	cover := c.pick(c.near, c.accent, c.mid, c.ink)
	c.shape(c.glow, "M498 96 l 30 -12 v 306 l -30 20 z")
	c.stroke(c.far, 1.5, "M506 94 v 310 M513 91 v 308 M520 88 v 306")
	c.rect(286, 96, 212, 314, cover)
	c.fade(0.25, func() { c.rect(286, 96, 20, 314, c.ink) })
	c.rect(330, 130, 144, 6, c.glow)
	c.rect(330, 146, 96, 6, c.glow)
	c.within(402, 268, 0.85, 0, func() {
		switch c.rng.IntN(4) {
		case 0:
			c.circle(0, -10, 46, c.low)
			c.shape(c.glow, "M-84 14 q 21 -16 42 0 t 42 0 t 42 0 t 42 0 v 40 h -168 z")
		case 1:
			for i := range 4 {
				c.ring(0, 0, 18+float64(i)*20, 6, c.pick(c.glow, c.low))
			}
		case 2:
			c.within(0, 0, 0.56, -14, c.fish)
		default:
			for i := range 5 {
				c.shape(c.pick(c.glow, c.low, c.sky), "M% 60 V% l 14 -16 l 14 16 V60 z", -80+float64(i)*32, c.between(-50, 10))
			}
		}
	})
	c.rect(330, 366, 60, 6, c.glow)
}

// framed is a print on a wall; the print is a harbour or a marsh.
func framed(c *canvas) {
	c.rect(0, 0, Width, Height, c.low)
	c.fade(0.3, func() { c.rect(196, 66, 430, 392, c.ink) })
	c.rect(184, 52, 432, 392, c.ink)
	c.rect(196, 64, 408, 368, c.glow)
	c.b.WriteString(`<svg x="240" y="108" width="320" height="280" viewBox="120 0 571 500">`)
	scenes := []func(*canvas){harbour, marsh, town, harbour}
	scenes[c.rng.IntN(len(scenes))](c)
	c.b.WriteString("</svg>")
}

// pots stand on the potter's shelf: a mug, a bowl, a vase and a jug, or some of
// them.
func pots(c *canvas) {
	c.rect(0, 0, Width, Height, c.low)
	c.fade(0.6, func() { c.circle(400, 220, 205, c.glow) })
	kinds := []func(string){c.mug, c.bowl, c.vase, c.jug}
	colours := []string{c.mid, c.near, c.accent, c.far}
	c.rng.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	c.rng.Shuffle(len(colours), func(i, j int) { colours[i], colours[j] = colours[j], colours[i] })
	c.rect(0, 420, Width, 80, c.ink)
	c.rect(0, 420, Width, 8, c.near)
	for i, x := range []float64{258, 402, 546} {
		scale := c.between(0.52, 0.62)
		if i == 1 {
			scale += 0.14 // the middle is what a square crop is about
		}
		c.within(x-400*scale, 420-410*scale, scale, 0, func() { kinds[i](colours[i]) })
	}
}

// Each of the pots stands at 400, 410.

func (c *canvas) mug(body string) {
	c.stroke(body, 26, "M498 210 q 84 0 72 66 q -10 60 -84 60")
	c.shape(body, "M292 150 H508 V380 q 0 30 -30 30 H322 q -30 0 -30 -30 z")
	c.shape(c.glow, "M292 150 H508 V220 q -27 26 -54 0 t -54 0 t -54 0 t -54 0 z")
	c.ellipse(400, 150, 108, 18, c.ink)
	c.fade(0.3, func() { c.rounded(318, 262, 13, 96, 6, c.glow) })
}

func (c *canvas) bowl(body string) {
	c.shape(body, "M246 250 H554 Q540 400 450 410 H350 Q260 400 246 250 z")
	c.shape(c.glow, "M246 250 H554 q -3 30 -10 52 q -36 22 -72 0 t -72 0 t -72 0 t -72 0 q -7 -22 -10 -52 z")
	c.ellipse(400, 250, 154, 24, c.ink)
}

func (c *canvas) vase(body string) {
	c.stroke("#47704f", 5, "M396 150 Q380 60 330 40 M402 150 Q410 50 450 4 M404 150 Q450 90 500 76")
	for _, at := range [][2]float64{{330, 40}, {450, 4}, {500, 76}} {
		c.circle(at[0], at[1], 20, c.accent)
		c.circle(at[0], at[1], 8, c.glow)
	}
	c.shape(body, "M366 140 H434 Q430 200 480 262 Q510 400 440 410 H360 Q290 400 320 262 Q370 200 366 140 z")
	c.fade(0.8, func() {
		c.shape(c.glow, "M326 250 Q400 280 474 250 Q484 268 488 290 Q400 322 312 290 Q316 268 326 250 z")
	})
	c.fade(0.3, func() { c.rounded(328, 306, 13, 66, 6, c.glow) })
}

func (c *canvas) jug(body string) {
	c.stroke(body, 22, "M486 190 q 90 10 70 90 q -14 50 -66 70")
	c.shape(body, "M316 140 L290 120 Q330 126 360 130 H470 Q470 190 500 270 Q512 400 450 410 H350 Q288 400 300 270 Q326 200 316 140 z")
	c.shape(c.glow, "M297 290 Q400 330 503 290 Q510 340 500 366 Q400 392 300 366 Q290 340 297 290 z")
}

// record is half out of its sleeve.
func record(c *canvas) {
	c.stage(230)
	c.circle(490, 252, 148, "#14161b")
	for i := range 6 {
		c.ring(490, 252, 138-float64(i)*13, 1.2, "#343842")
	}
	c.circle(490, 252, 50, c.accent)
	c.circle(490, 252, 7, c.glow)
	c.rect(180, 100, 306, 306, c.near)
	c.b.WriteString(`<svg x="180" y="100" width="306" height="306" viewBox="150 0 500 500">`)
	covers := []func(*canvas){arcs, tiles, harbour, marsh}
	covers[c.rng.IntN(len(covers))](c)
	c.b.WriteString("</svg>")
}

// notebook lies with a pencil.
func notebook(c *canvas) {
	c.rect(0, 0, Width, Height, c.low)
	c.fade(0.5, func() { c.circle(400, 250, 220, c.glow) })
	c.within(400, 250, 1, c.between(-14, 10), func() {
		c.fade(0.28, func() { c.rounded(-128, -158, 290, 350, 8, c.ink) })
		c.rounded(-140, -172, 280, 344, 8, c.pick(c.near, c.accent, c.mid))
		c.rect(-140, -172, 34, 344, c.ink)
		c.rounded(-64, -118, 160, 84, 3, c.glow)
		for i := range 3 {
			c.stroke(c.ink, 3, "M-46 % h %", -96+float64(i)*20, c.between(50, 120))
		}
		c.rect(108, -172, 8, 344, c.low)
	})
	c.within(590, 280, 1, c.between(14, 30), func() {
		c.rect(-9, -150, 18, 230, c.accent)
		c.rect(-9, -170, 18, 22, c.far)
		c.shape(c.glow, "M-9 80 h 18 l -9 30 z")
		c.shape(c.ink, "M-4 97 h 8 l -4 13 z")
	})
}

// jar has a lid, a label and something good in it.
func jar(c *canvas) {
	c.stage(135)
	fill := c.pick(c.accent, "#c98a2b", "#8e2f3c", "#7c8c3e", "#d9c7a1")
	c.rounded(296, 138, 208, 272, 30, c.glow)
	c.rounded(306, 170, 188, 232, 24, fill)
	c.fade(0.3, func() {
		for range 16 {
			c.circle(c.between(326, 474), c.between(190, 384), c.between(6, 16), c.glow)
		}
	})
	c.rounded(286, 106, 228, 44, 8, c.pick(c.near, c.ink, c.mid))
	c.rect(320, 232, 160, 104, c.glow)
	c.stroke(c.ink, 3, "M336 248 h 128 v 72 h -128 z")
	c.rect(356, 264, 88, 8, c.ink)
	c.rect(372, 284, 56, 5, c.accent)
	c.rect(366, 298, 68, 5, c.far)
	c.fade(0.5, func() { c.rounded(312, 180, 11, 130, 5, c.glow) })
}

// chart is a folded map with depth lines and a compass.
func chart(c *canvas) {
	c.rect(0, 0, Width, Height, c.mid)
	c.within(400, 250, 1, c.between(-5, 5), func() {
		c.fade(0.3, func() { c.rect(-262, -176, 548, 376, c.ink) })
		c.rect(-276, -190, 552, 380, c.glow)
		c.b.WriteString(`<svg x="-262" y="-176" width="524" height="352" viewBox="-262 -176 524 352">`)
		x, y := c.between(-120, 60), c.between(-60, 60)
		for i := range 9 {
			r := 250 - float64(i)*27
			c.fade(0.35, func() {
				c.shape(c.pick(c.far, c.sky), "M% % q % % % % t % % t % % t % % z", x-r, y, r*0.2, -r*0.9, r, -r*0.8, r*0.9, r*0.7, -r*0.3, r, -r*1.2, r*0.3)
			})
		}
		c.shape(c.low, "M% % q 30 -60 80 -40 t 50 60 q -30 50 -80 40 t -50 -60 z", x-60, y)
		c.stroke(c.accent, 3, "M-240 % C-100 % 0 % 230 %", c.between(-100, 100), c.between(-160, 160), c.between(-160, 160), c.between(-100, 100))
		c.b.WriteString("</svg>")
		c.within(186, 100, 1, 0, func() {
			c.ring(0, 0, 44, 2, c.ink)
			c.shape(c.accent, "M0 -54 L11 0 L0 54 L-11 0 z")
			c.shape(c.ink, "M-54 0 L0 -11 L54 0 L0 11 z")
			c.circle(0, 0, 7, c.glow)
		})
		c.fade(0.12, func() {
			c.rect(-92, -190, 92, 380, c.ink)
			c.rect(184, -190, 92, 380, c.ink)
		})
	})
}

// portrait is a head and shoulders, drawn to be cropped to a circle.
func portrait(c *canvas) {
	skin := c.pick("#f0c9a8", "#d9a27c", "#a86f4c", "#7a4b33", "#e8b796")
	hair := c.pick("#2a2320", "#5b3a26", "#b9803f", "#c9c4bb", "#7d2f22")
	c.backdrop(c.sky, c.low)
	c.circle(400, 520, 175, c.pick(c.near, c.accent, c.ink, c.mid))
	c.rounded(364, 300, 72, 90, 30, skin)
	style := c.rng.IntN(4)
	if style == 0 {
		c.rounded(300, 150, 200, 240, 96, hair)
	}
	c.ellipse(400, 240, 84, 102, skin)
	switch style {
	case 1:
		c.shape(hair, "M312 236 Q306 128 400 124 Q494 128 488 236 Q470 180 400 176 Q330 180 312 236 z")
	case 2:
		c.shape(hair, "M312 240 Q300 120 420 128 Q500 140 488 240 Q480 190 440 178 Q360 210 312 240 z")
	case 3:
		c.shape(hair, "M318 210 Q320 118 400 122 Q480 118 482 210 Q440 160 400 166 Q360 160 318 210 z")
		c.shape(hair, "M322 268 Q330 352 400 352 Q470 352 478 268 Q460 300 400 296 Q340 300 322 268 z")
	default:
		c.shape(hair, "M308 250 Q300 130 400 128 Q500 130 492 250 Q482 186 400 168 Q318 186 308 250 z")
	}
	c.circle(368, 240, 6, "#22191a")
	c.circle(432, 240, 6, "#22191a")
	c.stroke("#22191a", 4, "M374 292 q 26 % 52 0", c.between(8, 20))
	if c.chance(2) {
		c.ring(366, 240, 25, 4, "#22191a")
		c.ring(434, 240, 25, 4, "#22191a")
		c.stroke("#22191a", 4, "M391 238 q 9 -6 18 0")
	}
}
