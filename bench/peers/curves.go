package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
)

// curveKind is something that is varied while the rest stays.
type curveKind struct {
	name   string
	title  string
	points []float64
	peers  []string // ids
	label  func(x float64) string
	job    func(j job, x float64) job
	skips  func(id string, x float64) bool // nil: nothing
	log    bool                            // hits/s spread over powers of ten
	both   bool                            // reprint in memory and with a durable store
	shared bool                            // the pages are the same at all points: each round goes over all of them
}

func curveKinds() []curveKind {
	return []curveKind{
		{
			name: "pages", title: "pages stored, the same hot set", points: []float64{1e3, 1e4, 1e5, 1e6},
			peers: []string{"reprint", "nginx"}, label: count,
			job: func(j job, x float64) job {
				j.Pages, j.Hot, j.Durable = int(x), min(j.Hot, int(x)), true
				return j
			},
			// More files than that take longer to write than to measure.
			skips: func(id string, x float64) bool { return id == "nginx" && x > 1e5 },
		},
		{
			name: "size", title: "size of a page", points: []float64{1 << 10, 4 << 10, 17 << 10, 64 << 10, 256 << 10, 1 << 20},
			peers: []string{"reprint", "nginx"}, label: bytesText, log: true,
			job: func(j job, x float64) job { j.Size = int(x); return j },
		},
		{
			name: "connections", title: "connections", shared: true, points: []float64{1, 8, 64, 512, 2048, 10000},
			peers: []string{"reprint", "nginx"}, label: thousands,
			job: func(j job, x float64) job { j.Connections = int(x); return j },
		},
		{
			name: "hitshare", title: "share of requests for stored pages", shared: true, points: []float64{100, 99.9, 99, 98, 95, 90},
			peers: []string{"reprint", "varnish"}, label: func(x float64) string { return strconv.FormatFloat(x, 'g', 4, 64) + " %" },
			job: func(j job, x float64) job {
				if x < 100 {
					j.MissEvery = int(math.Round(100 / (100 - x)))
				}
				return j
			},
		},
		{
			name: "revalidations", title: "revalidations a second during the load", shared: true, points: []float64{0, 10, 100, 300, 1000},
			peers: []string{"reprint"}, label: thousands, both: true,
			job: func(j job, x float64) job { j.Revalidations, j.Changing = int(x), true; return j },
		},
	}
}

func curveNames() []string {
	var names []string
	for _, k := range curveKinds() {
		names = append(names, k.name)
	}
	return names
}

// curve is what was found along one.
type curve struct {
	Name   string  `json:"name"`
	Title  string  `json:"title"`
	Points []point `json:"points"`
	log    bool
	names  []string // of the peers, in order
	fault  error
}

type point struct {
	X       float64   `json:"x"`
	Label   string    `json:"label"`
	Figures []figures `json:"figures"`
}

// curves measures those that the flags name.
func (l *lab) curves(ctx context.Context, peers []*peer) ([]curve, error) {
	var found []curve
	for _, kind := range curveKinds() {
		if !slices.Contains(l.opts.curves, kind.name) {
			continue
		}
		if err := kind.replacePoints(l.opts.points); err != nil {
			return nil, err
		}
		c, err := l.curve(ctx, kind, peers)
		if err != nil {
			return nil, err
		}
		found = append(found, c)
	}
	return found, nil
}

func (k *curveKind) replacePoints(texts []string) error {
	if len(texts) == 0 {
		return nil
	}
	k.points = nil
	for _, text := range texts {
		x, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("-points: %w", err)
		}
		k.points = append(k.points, x)
	}
	return nil
}

func (l *lab) curve(ctx context.Context, kind curveKind, peers []*peer) (curve, error) {
	c := curve{Name: kind.name, Title: kind.title, log: kind.log}
	own := kind.choose(peers)
	for _, p := range own {
		c.names = append(c.names, p.name)
	}
	if len(own) == 0 {
		return c, fmt.Errorf("the curve %s needs one of %v", kind.name, kind.peers)
	}
	t := newTurns(l, own)
	for _, x := range kind.points {
		c.Points = append(c.Points, point{X: x, Label: kind.label(x)})
	}
	for _, turn := range kind.order(l.opts.rounds) {
		p := &c.Points[turn.point]
		t.left = func(some *peer) bool { return kind.skips != nil && kind.skips(some.id, p.X) }
		found, err := t.turn(ctx, kind.job(l.opts.job(), p.X), turn.round)
		if err != nil {
			return c, err
		}
		p.Figures = append(p.Figures, found...)
	}
	c.fault = t.faults()
	return c, nil
}

// order is the order in which a curve is measured. What else the machine does should
// fall on all points alike: where it costs nothing, each round goes over all of them.
func (k *curveKind) order(rounds int) (turns []struct{ point, round int }) {
	for i := range rounds * len(k.points) {
		turn := struct{ point, round int }{i / rounds, i % rounds}
		if k.shared {
			turn.point, turn.round = i%len(k.points), i/len(k.points)
		}
		turns = append(turns, turn)
	}
	return turns
}

// choose takes the peers of a curve.
func (k *curveKind) choose(peers []*peer) []*peer {
	var own []*peer
	for _, p := range peers {
		if !slices.Contains(k.peers, p.id) {
			continue
		}
		own = append(own, p)
		if k.both && p.id == "reprint" {
			own = append(own, p.durable())
		}
	}
	return own
}

// durable is the same peer with a store on disk.
func (p *peer) durable() *peer {
	d := *p
	d.name += ", durable store"
	d.start = func(ctx context.Context, _ *peer, j job) (*server, error) {
		j.Durable = true
		return p.start(ctx, p, j)
	}
	return &d
}

// unsynced is the same peer with a store that is durable as far as its file system
// is, which is in memory.
func (p *peer) unsynced() *peer {
	d := *p
	d.name += ", store in a file system in memory"
	d.start = func(ctx context.Context, _ *peer, j job) (*server, error) {
		j.Durable, j.Unsynced = true, true
		return p.start(ctx, p, j)
	}
	return &d
}

// curveTable writes the medians at each point.
func curveTable(w io.Writer, c curve) {
	fmt.Fprintf(w, "\n%s (medians; ratios to the same peer at the first point in the same round)\n\n", c.Title)
	head := []string{"", "", "hits/s", "ratio", "CPU µs/hit", "ratio", "p50 ms", "p99 ms", "RSS", "ready ms"}
	calls := c.Name == "revalidations"
	if calls {
		head = append(head, "pages/s", "call p50 ms", "failed")
	}
	var lines [][]string
	for _, name := range c.names {
		var first []figures
		for _, p := range c.Points {
			own := named(p.Figures, func(f figures) bool { return f.Peer == name })
			if len(own) == 0 {
				continue
			}
			if first == nil {
				first = own
			}
			lines = append(lines, curveLine(own, first, p.Label, calls))
		}
	}
	table(w, head, lines)
}

func curveLine(own, first []figures, label string, calls bool) []string {
	r := rows(own, []string{own[0].Peer})[0]
	line := []string{
		r.peer, label, thousands(r.hits), decimals(ratio(own, first, hitsOf), 2), decimals(r.cpu, 2), decimals(ratio(own, first, cpuOf), 2),
		decimals(r.p50, 2), decimals(r.p99, 2), bytesText(r.rss), thousands(r.readyMs),
	}
	if calls {
		line = append(line, thousands(r.callsPerSecond), decimals(r.callP50, 2), thousands(r.failed))
	}
	return line
}
