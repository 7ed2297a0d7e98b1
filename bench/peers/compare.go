package main

import (
	"context"
	"errors"
	"slices"
)

// comparison is what all peers were found to do on the same pages.
type comparison struct {
	Figures []figures `json:"figures"`
	fault   error     // of peers that were not measured to the end
}

// compare measures each peer in turn, round after round, so that what else the
// machine does falls on all of them.
func (l *lab) compare(ctx context.Context, peers []*peer) (*comparison, error) {
	var jobs []job
	for _, gzipped := range []bool{false, true} {
		j := l.opts.job()
		j.Gzip = gzipped
		jobs = append(jobs, j)
	}
	c := &comparison{}
	t := newTurns(l, peers)
	for round := range l.opts.rounds {
		for _, j := range jobs {
			found, err := t.turn(ctx, j, round)
			if err != nil {
				return nil, err
			}
			c.Figures = append(c.Figures, found...)
		}
	}
	c.fault = t.faults()
	return c, nil
}

// turns measures the same peers again and again, but for those that failed.
type turns struct {
	lab   *lab
	peers []*peer
	out   map[*peer]error  // failed: a peer of which an answer is wrong has no figures at all
	plain map[*peer]bool   // do not compress
	left  func(*peer) bool // are left out of what comes next; nil: none
}

func newTurns(l *lab, peers []*peer) *turns {
	return &turns{lab: l, peers: peers, out: make(map[*peer]error), plain: make(map[*peer]bool)}
}

// turn measures each peer once. Another begins each round. It fails when ctx
// ends; what fails for a peer, faults tells.
func (t *turns) turn(ctx context.Context, j job, round int) ([]figures, error) {
	var found []figures
	for k := range t.peers {
		p := t.peers[(k+round)%len(t.peers)]
		if t.out[p] != nil || j.Gzip && t.plain[p] || t.left != nil && t.left(p) {
			continue
		}
		t.lab.progress.say("round %d of %d, %s: %s", round+1, t.lab.opts.rounds, j, p.name)
		f, err := t.lab.measure(ctx, p, j, round)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, errNotCompressed):
			t.plain[p] = true
			t.lab.progress.loud("%s is LEFT OUT of gzip: it does not compress", p.name)
		case err != nil:
			t.out[p] = err
			t.lab.progress.loud("%s has FAILED and is no longer measured: %v", p.name, err)
		default:
			found = append(found, f)
		}
	}
	return found, nil
}

// faults are those of all peers.
func (t *turns) faults() error {
	var all []error
	for _, p := range t.peers {
		if t.out[p] != nil {
			all = append(all, t.out[p])
		}
	}
	return errors.Join(all...)
}

// row is a peer in a table: medians over the rounds, and medians of the ratios
// to the reference in the same round.
type row struct {
	peer, id        string
	hits, cpu       float64
	p50, p99        float64
	rss, answer     float64
	hitsTo, cpuTo   float64
	p99To, readyMs  float64
	callsPerSecond  float64
	callP50, failed float64
}

// referenceID is the peer to which ratios are: nginx, or what stands in for it.
func referenceID(all []figures) string {
	for _, id := range []string{"nginx", "map", "varnish"} {
		if slices.ContainsFunc(all, func(f figures) bool { return f.ID == id }) {
			return id
		}
	}
	return "reprint"
}

// rows sums the figures up, in the order of the names.
func rows(all []figures, names []string) []row {
	reference := named(all, func(f figures) bool { return f.ID == referenceID(all) })
	var table []row
	for _, name := range names {
		own := named(all, func(f figures) bool { return f.Peer == name })
		if len(own) == 0 {
			continue
		}
		table = append(table, row{
			peer: name, id: own[0].ID,
			hits: of(own, hitsOf), cpu: of(own, cpuOf), p50: of(own, func(f figures) float64 { return f.P50 }), p99: of(own, p99Of),
			rss: of(own, func(f figures) float64 { return float64(f.RSS) }), answer: of(own, func(f figures) float64 { return f.Answer }),
			readyMs: of(own, func(f figures) float64 { return f.ReadyMs }),
			hitsTo:  ratio(own, reference, hitsOf), cpuTo: ratio(own, reference, cpuOf), p99To: ratio(own, reference, p99Of),
			callsPerSecond: of(own, func(f figures) float64 { return f.calls().Achieved }),
			callP50:        of(own, func(f figures) float64 { return f.calls().P50 }),
			failed:         of(own, func(f figures) float64 { return float64(f.calls().Failures) }),
		})
	}
	return table
}

func hitsOf(f figures) float64 { return f.Hits }
func cpuOf(f figures) float64  { return f.CPU }
func p99Of(f figures) float64  { return f.P99 }

func (f figures) calls() revalidating {
	if f.Revalidations == nil {
		return revalidating{}
	}
	return *f.Revalidations
}

func named(all []figures, keep func(figures) bool) []figures {
	return slices.DeleteFunc(slices.Clone(all), func(f figures) bool { return !keep(f) })
}

// of is the median of a value over the rounds.
func of(own []figures, value func(figures) float64) float64 {
	var values []float64
	for _, f := range own {
		values = append(values, value(f))
	}
	return median(values)
}

// ratio is the median of the ratios of what was measured in the same round; not
// a number when there is none.
func ratio(own, to []figures, value func(figures) float64) float64 {
	var ratios []float64
	for _, f := range own {
		for _, r := range to {
			if f.Round == r.Round && value(r) != 0 {
				ratios = append(ratios, value(f)/value(r))
			}
		}
	}
	return median(ratios)
}

// goal is what issue 4 wants, and what was found.
type goal struct {
	text  string
	found float64
	most  bool // found is to be at most the bound, not at least
	bound float64
}

func (g goal) met() bool { return g.found == g.bound || g.found < g.bound == g.most }

// goals are those of a comparison for which there are figures.
func goals(all []figures) []goal {
	var found []goal
	for _, gzipped := range []bool{false, true} {
		some := named(all, func(f figures) bool { return f.Job.Gzip == gzipped })
		by := func(name string) []figures {
			return named(some, func(f figures) bool { return f.ID == name || f.Peer == name })
		}
		own, what := named(some, func(f figures) bool { return f.Peer == "reprint" }), ", identity"
		if gzipped {
			what = ", gzip"
		}
		found = append(found,
			goal{"CPU per hit, of nginx" + what, ratio(own, by("nginx"), cpuOf), true, 0.9},
			goal{"CPU per hit, of Varnish" + what, ratio(own, by("varnish"), cpuOf), true, 0.4},
			goal{"hits/s, of nginx" + what, ratio(own, by("nginx"), hitsOf), false, 1},
			goal{"hits/s, of next start" + what, ratio(own, by("nextjs"), hitsOf), false, 45},
			goal{"p99, of nginx" + what, ratio(own, by("nginx"), p99Of), true, 1},
			goal{"CPU per hit, library of map" + what, ratio(by("library"), by("map"), cpuOf), true, 1.05},
			goal{"CPU per hit, library of map with the same header" + what, ratio(by("library"), by("header"), cpuOf), true, 1.05},
		)
	}
	return slices.DeleteFunc(found, func(g goal) bool { return g.found != g.found })
}
