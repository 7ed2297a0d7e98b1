// Package art draws the newsroom's pictures: one SVG for every topic and number,
// always the same one. It stands in for the photographs of a real paper.
package art

import (
	"hash/fnv"
	"math/rand/v2"
)

// Width and Height are the size of a picture in its own units.
const (
	Width  = 800
	Height = 500
)

// drawings has one entry for each topic.
var drawings = map[string]func(*canvas){
	"Harbour": harbour, "Town": town, "Culture": tiles, "Food": plate, "Nature": marsh, "Letters": envelope,
	"Books": book, "Prints": framed, "Ceramics": pots, "Records": record, "Paper": notebook, "Pantry": jar, "Charts": chart,
	"Music": arcs, "Stage": curtain, "Film": projector, "Show": gallery, "Talk": bubbles, "Walk": path, "Workshop": tools, "Market": stall,
	"Bureau": portrait,
}

// SVG returns the picture of a topic and number, and whether there is such a
// topic. It is safe for concurrent use.
func SVG(topic string, number int64) ([]byte, bool) {
	draw, ok := drawings[topic]
	if !ok {
		return nil, false
	}
	h := fnv.New64a()
	h.Write([]byte(topic))
	rng := rand.New(rand.NewPCG(h.Sum64(), uint64(number))) // #nosec G404 -- the same picture every time is the point
	c := newCanvas(rng)
	draw(c)
	return c.finish(), true
}
