package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
)

// watchEvery is the time between two looks at refills that are watched.
const watchEvery = 500 * time.Millisecond

// watchRefills shows the refills until all are done, and then how they ended.
func (g *global) watchRefills(ctx context.Context, s *remote) error {
	w := watching{g: g, server: s, shown: g.newRefillProgress(true), lines: g.json}
	err := w.all(ctx)
	w.shown.end()
	if g.json || err != nil {
		return err
	}
	if len(w.ended) == 0 {
		g.screen(g.out).refills(nil)
	}
	for _, receipt := range w.ended {
		fmt.Fprintf(g.out, "%s: %s\n", clean(receipt.ID), summary(receipt, false))
	}
	return nil
}

// watchOne shows a refill until it is done, and returns its receipt.
func (g *global) watchOne(ctx context.Context, s *remote, id string) (*reprint.Receipt, error) {
	w := watching{g: g, server: s, shown: g.newRefillProgress(false), id: id, under: []string{id}}
	err := w.all(ctx)
	w.shown.end()
	if err != nil {
		return nil, err
	}
	return w.ended[0], nil
}

// watching is looking at refills, all of them or the one with an ID.
type watching struct {
	g      *global
	server *remote
	shown  refillProgress
	id     string // empty: all
	lines  bool   // the list is written as JSON, each time

	under []string           // IDs of those that are under way
	ended []*reprint.Receipt // of those that were
}

// all looks until none is under way.
func (w *watching) all(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		if err := w.look(ctx); err != nil {
			return w.server.unwatched(err)
		}
		if len(w.under) == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return w.server.unwatched(context.Cause(ctx))
		}
	}
}

func (w *watching) look(ctx context.Context) error {
	list, err := w.server.Refills(ctx)
	if err != nil {
		return err
	}
	some := slices.DeleteFunc(list.Refills, func(f admin.Refill) bool { return w.id != "" && f.ID != w.id })
	if w.lines {
		if err := w.g.writeJSON(admin.RefillList{Refills: some}); err != nil {
			return err
		}
	}
	w.shown.show(some)
	before := w.under
	w.under = nil
	for _, f := range some {
		w.under = append(w.under, f.ID)
	}
	for _, id := range before {
		if slices.Contains(w.under, id) {
			continue
		}
		receipt, err := w.server.Receipt(ctx, id)
		if err != nil {
			return err
		}
		w.shown.done(receipt)
		w.ended = append(w.ended, receipt)
	}
	return nil
}

// unwatched is failed for a command that only watches.
func (s *remote) unwatched(err error) error {
	if errors.Is(err, context.Canceled) {
		return &interruptedError{"What is rendered goes on. To watch it again: reprint refills --watch"}
	}
	return s.failed(err)
}

// refillProgress shows how far refills are. It is used by one goroutine.
type refillProgress interface {
	show([]admin.Refill)
	done(*reprint.Receipt) // one of them
	end()                  // nothing more comes; the last state stays on the screen
}

// newRefillProgress is newProgress for refills. Named: there may be several.
func (g *global) newRefillProgress(named bool) refillProgress {
	s := g.screen(g.err)
	switch {
	case g.json:
		return refillSilence{}
	case s.terminal && s.width > 0 && s.height > 0: // a bar without a size is not drawn
		return &refillBars{screen: s, named: named, bars: make(map[string]*refillBar)}
	default:
		return &refillLines{out: g.err, now: g.now}
	}
}

type refillSilence struct{}

func (refillSilence) show([]admin.Refill)   {}
func (refillSilence) done(*reprint.Receipt) {}
func (refillSilence) end()                  {}

// refillLines writes a line of text for each refill every few seconds.
type refillLines struct {
	out   io.Writer
	now   func() time.Time
	wrote time.Time
}

func (l *refillLines) show(all []admin.Refill) {
	now := l.now()
	if l.wrote.IsZero() {
		l.wrote = now // nothing can be said of the speed yet
	}
	if now.Sub(l.wrote) < lineEvery {
		return
	}
	l.wrote = now
	for _, f := range all {
		text := fmt.Sprintf("refill %s: %s, %s", clean(f.ID), refillCount(f), refillPace(f))
		fmt.Fprintln(l.out, strings.TrimSuffix(text, ", "))
	}
}

func (*refillLines) done(*reprint.Receipt) {} // what ended is listed at the end
func (*refillLines) end()                  {}

// refillPace says how fast a refill goes, how long it will take from here, what has
// failed, and why it may stand still.
func refillPace(f admin.Refill) string {
	var parts []string
	if f.Paused || f.Resting {
		parts = append(parts, refillState(f))
	}
	if f.Rate > 0 {
		parts = append(parts, fmt.Sprintf("%.1f pages/s", f.Rate))
	}
	if f.LeftSeconds > 0 {
		parts = append(parts, roughly(time.Duration(f.LeftSeconds)*time.Second)+" left")
	}
	if f.Failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", f.Failed))
	}
	return strings.Join(parts, ", ")
}

// refillBars are progress bars with rate and remaining time, one for each refill.
type refillBars struct {
	screen   screen
	named    bool // each says which refill it is
	progress *mpb.Progress
	bars     map[string]*refillBar
}

type refillBar struct {
	bar  *mpb.Bar
	pace atomic.Pointer[string] // beside the bar, for the goroutine that draws
}

func (b *refillBars) show(all []admin.Refill) {
	for _, f := range all {
		one := b.bars[f.ID]
		if one == nil {
			one = b.start(f)
		}
		one.set(f.Done, f.Total, refillPace(f))
	}
}

func (b *refillBars) done(r *reprint.Receipt) {
	one := b.bars[r.ID]
	if one == nil {
		return // it was too short to be seen
	}
	said := "done"
	if r.Failed > 0 {
		said = fmt.Sprintf("%d failed", r.Failed)
	}
	one.set(r.Matched-r.Skipped, r.Matched, said)
}

func (one *refillBar) set(done, total int, pace string) {
	text := "  " + pace
	one.pace.Store(&text)
	one.bar.SetTotal(int64(max(total, 1)), false)
	one.bar.SetCurrent(int64(done))
}

func (b *refillBars) start(f admin.Refill) *refillBar {
	const widest = 100
	if b.progress == nil {
		b.progress = mpb.New(mpb.WithOutput(b.screen.Writer), mpb.WithWidth(min(widest, max(b.screen.width, 40))))
	}
	name := ""
	if b.named {
		name = clean(f.ID) + "  "
	}
	one := &refillBar{}
	one.pace.Store(new(string))
	one.bar = b.progress.New(0, mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]"),
		mpb.PrependDecorators(decor.Name(name), decor.CountersNoUnit("%d of %d pages")),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return *one.pace.Load() })),
	)
	b.bars[f.ID] = one
	return one
}

func (b *refillBars) end() {
	if b.progress == nil {
		return
	}
	for _, one := range b.bars {
		one.bar.Abort(false) // it stays as it is; nothing happens when it is full
	}
	b.progress.Wait()
}
