package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// options are what the flags say.
type options struct {
	rounds      int
	duration    time.Duration
	connections int
	pages       int
	size        int
	serverCPU   int
	loadCPU     int
	peers       []string // empty: all that are found
	require     []string
	variants    []variant
	install     bool
	smoke       bool
	curves      []string
	points      []string // empty: those of the curve
	regenerate  bool
	calls       int
	batch       int
	jsonFile    string
	svgFile     string
}

// variant is reprint with other lines of configuration, or another build of it.
type variant struct {
	name   string
	lines  string // added to the configuration file
	binary string // empty: built from this repository
}

// peerNames are those that -peers and -require take.
var peerNames = []string{"reprint", "library", "header", "map", "fasthttp", "nginx", "varnish", "nextjs"}

func parseOptions(args []string, stderr io.Writer) (options, error) {
	// It is left out while the configuration does not know it.
	o := options{variants: []variant{{name: "reprint, fastLane: false", lines: "fastLane: false"}}}
	f := flag.NewFlagSet("peers", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.IntVar(&o.rounds, "rounds", 5, "how many `times` each peer is measured, in turn with the others")
	f.DurationVar(&o.duration, "duration", 6*time.Second, "how long each measurement takes")
	f.IntVar(&o.connections, "connections", 64, "`connections` of the load generator")
	f.IntVar(&o.pages, "pages", 1000, "`pages` that are asked for in turn")
	f.IntVar(&o.size, "size", 17<<10, "`bytes` of a page")
	f.IntVar(&o.batch, "batch", 1, "`pages` that one call of the curve of revalidations names")
	f.IntVar(&o.serverCPU, "server-cpu", 0, "the `core` of the server that is measured; -1: all of them")
	f.IntVar(&o.loadCPU, "load-cpu", 1, "the `core` of the load generator and of the origin")
	list(f, &o.peers, "peers", "measure only these `names`: "+strings.Join(peerNames, ","))
	list(f, &o.require, "require", "peers of which it is an error when they are not there, as `names`")
	f.Func("variant", "measure reprint with more `name=line` of configuration, also; \\n separates lines; can be repeated", o.addVariant)
	f.Func("binary", "measure another build of reprint, as `name=file`, also; can be repeated", o.addBinary)
	f.BoolVar(&o.install, "install", false, "as root: install nginx, Varnish and wrk with apt-get where they are missing")
	f.BoolVar(&o.smoke, "smoke", false, "one round of a second with few pages and what is there, to see that it works")
	list(f, &o.curves, "curves", "measure curves, of `names`: "+strings.Join(curveNames(), ","))
	list(f, &o.points, "points", "measure a curve at these `numbers` in place of its own")
	f.BoolVar(&o.regenerate, "regenerate", false, "measure one revalidation after another, beside res.revalidate of Next.js")
	f.IntVar(&o.calls, "calls", 500, "how many `calls` -regenerate makes")
	f.StringVar(&o.jsonFile, "json", "", "write every figure to this `file`")
	f.StringVar(&o.svgFile, "svg", "", "draw a chart into this `file`; a curve into one beside it, FILE-CURVE.svg")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if err := o.validate(f.Args()); err != nil {
		fmt.Fprintf(stderr, "peers: %v\n", err)
		return o, err
	}
	return o.withSmoke(), nil
}

func list(f *flag.FlagSet, to *[]string, name, usage string) {
	f.Func(name, usage, func(text string) error {
		*to = strings.Split(text, ",")
		return nil
	})
}

func (o *options) addVariant(text string) error {
	name, lines, ok := strings.Cut(text, "=")
	if !ok || name == "" || lines == "" {
		return errors.New("write it as name=line of configuration")
	}
	o.variants = append(o.variants, variant{name: "reprint, " + name, lines: strings.ReplaceAll(lines, `\n`, "\n")})
	return nil
}

func (o *options) addBinary(text string) error {
	name, file, ok := strings.Cut(text, "=")
	if !ok || name == "" || file == "" {
		return errors.New("write it as name=file")
	}
	o.variants = append(o.variants, variant{name: "reprint, " + name, binary: file})
	return nil
}

func (o *options) validate(rest []string) error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if len(rest) > 0 {
		fault("%q is no flag; run with -help to see them", rest[0])
	}
	for _, name := range slices.Concat(o.peers, o.require) {
		if !slices.Contains(peerNames, name) {
			fault("there is no peer %q; write some of %s", name, strings.Join(peerNames, ","))
		}
	}
	for _, name := range o.curves {
		if !slices.Contains(curveNames(), name) {
			fault("there is no curve %q; write some of %s", name, strings.Join(curveNames(), ","))
		}
	}
	for _, name := range o.require {
		if !o.wants(name) {
			fault("-require names %s, which this run does not measure", name)
		}
	}
	if o.rounds < 1 || o.duration < time.Second || o.pages < 1 || o.connections < 1 || o.calls < 1 || o.batch < 1 || o.batch > o.pages {
		fault("-rounds, -pages, -connections, -calls and -batch are at least 1, -batch at most -pages, -duration at least 1s")
	}
	if o.size < minPage {
		fault("-size is at least %d", minPage)
	}
	if o.regenerate && len(o.curves) > 0 {
		fault("-regenerate and -curves are two runs")
	}
	if len(o.points) > 0 && len(o.curves) != 1 {
		fault("-points goes with -curves of one name")
	}
	return errors.Join(faults...)
}

func (o options) withSmoke() options {
	if o.smoke {
		o.rounds, o.duration, o.pages = 1, time.Second, min(o.pages, 200)
	}
	return o
}

// wants says whether a peer is to be measured at all.
func (o options) wants(name string) bool {
	if len(o.peers) > 0 && !slices.Contains(o.peers, name) {
		return false
	}
	if o.regenerate {
		return name == "reprint" || name == "nextjs"
	}
	some := func(k curveKind) bool { return slices.Contains(o.curves, k.name) && slices.Contains(k.peers, name) }
	return len(o.curves) == 0 || slices.ContainsFunc(curveKinds(), some)
}
