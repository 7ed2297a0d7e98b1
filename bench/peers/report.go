package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// report is all that was found, with what a reader needs to find it again.
type report struct {
	Machine       machine        `json:"machine"`
	Command       []string       `json:"arguments"`
	Comparison    *comparison    `json:"comparison,omitempty"`
	Curves        []curve        `json:"curves,omitempty"`
	Regenerations *regenerations `json:"regenerations,omitempty"`
}

// machine is where it was found.
type machine struct {
	At        time.Time     `json:"at"`
	Cores     int           `json:"cores"`
	CPU       string        `json:"cpu"`
	Kernel    string        `json:"kernel"`
	Go        string        `json:"go"`
	Wrk       string        `json:"wrk"`
	ServerCPU int           `json:"serverCore"`
	LoadCPU   int           `json:"loadCore"`
	Peers     []peerVersion `json:"peers"`
}

type peerVersion struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Command string `json:"command,omitempty"`
}

func (l *lab) machine(ctx context.Context, peers []*peer) machine {
	m := machine{
		At: time.Now().UTC().Truncate(time.Second), Cores: l.cores, CPU: cpuModel(), Go: runtime.Version(), Wrk: wrkVersion(ctx),
		ServerCPU: l.opts.serverCPU, LoadCPU: l.opts.loadCPU,
	}
	if kernel, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(kernel))
	}
	for _, p := range peers {
		if p.command == "" { // never started
			continue
		}
		m.Peers = append(m.Peers, peerVersion{p.name, p.version, p.command})
	}
	return m
}

func cpuModel() string {
	info, _ := os.ReadFile("/proc/cpuinfo") // without it the model is not known
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// write shows the tables and writes the files that the flags name. Its error is
// also that of peers that failed.
func (r report) write(w io.Writer, o options) error {
	m := r.Machine
	fmt.Fprintf(w, "\n%s, %d cores, Linux %s; server on core %d, load (%s) and origin on core %d\n", m.CPU, m.Cores, m.Kernel, m.ServerCPU, m.Wrk, m.LoadCPU)
	for _, p := range m.Peers {
		fmt.Fprintf(w, "  %s: %s\n", p.Name, p.Version)
	}
	err := r.tables(w, o)
	if o.svgFile != "" {
		err = errors.Join(err, r.charts(o.svgFile))
	}
	if o.jsonFile == "" {
		return err
	}
	text, marshal := json.MarshalIndent(r, "", "  ")
	if marshal != nil {
		return errors.Join(err, marshal)
	}
	return errors.Join(err, os.WriteFile(o.jsonFile, append(text, '\n'), 0o644)) //nolint:gosec // G306: figures are for everybody
}

func (r report) tables(w io.Writer, o options) error {
	var faults []error
	if r.Comparison != nil {
		comparisonTable(w, r.Comparison, r.names(), !o.smoke)
		faults = append(faults, r.Comparison.fault)
	}
	for _, c := range r.Curves {
		curveTable(w, c)
		faults = append(faults, c.fault)
	}
	if r.Regenerations != nil {
		regenerationTable(w, r.Regenerations)
	}
	return errors.Join(faults...)
}

func (r report) names() []string {
	var names []string
	for _, p := range r.Machine.Peers {
		names = append(names, p.Name)
	}
	return names
}

// charts draws what there is into files of their own.
func (r report) charts(file string) error {
	var faults []error
	put := func(file, svg string) {
		faults = append(faults, os.WriteFile(file, []byte(svg), 0o644)) //nolint:gosec // G306: pictures are for everybody
	}
	if r.Comparison != nil {
		put(file, comparisonChart(r.Comparison, r.names()))
	}
	for _, c := range r.Curves {
		put(strings.TrimSuffix(file, filepath.Ext(file))+"-"+c.Name+".svg", curveChart(c))
	}
	return errors.Join(faults...)
}
