package main

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/reprint-go/reprint/admin"
)

// progress shows how far a prerender run is. It is used by one goroutine.
type progress interface {
	show(admin.PrerenderProgress)
	end() // nothing more comes; the last state stays on the screen
}

// newProgress returns a bar when people watch, lines of text when they do not,
// and nothing beside JSON.
func (g *global) newProgress() progress {
	s := g.screen(g.err)
	switch {
	case g.json:
		return silence{}
	case s.terminal && s.width > 0 && s.height > 0: // a bar without a size is not drawn
		return &bar{screen: s, now: g.now, begin: g.now()}
	default:
		return &lines{out: g.err, now: g.now, begin: g.now()}
	}
}

// silence shows nothing.
type silence struct{}

func (silence) show(admin.PrerenderProgress) {}
func (silence) end()                         {}

// lineEvery is the time between two lines of text.
const lineEvery = 3 * time.Second

// lines writes a line of text every few seconds.
type lines struct {
	out   io.Writer
	now   func() time.Time
	begin time.Time
	wrote time.Time
}

func (l *lines) show(p admin.PrerenderProgress) {
	now := l.now()
	if l.wrote.IsZero() {
		l.wrote = now // not the first page: nothing can be said of the speed yet
	}
	if p.Finished || now.Sub(l.wrote) < lineEvery {
		return
	}
	l.wrote = now
	text := fmt.Sprintf("prerender: %d of %s, %s", handled(p), counted(int64(p.Listed), "page"), pace(p, now.Sub(l.begin)))
	fmt.Fprintln(l.out, strings.TrimSuffix(text, ", "))
}

func (*lines) end() {}

// pace says how fast a run goes, how long it will take from here, and what has
// failed.
func pace(p admin.PrerenderProgress, spent time.Duration) string {
	var parts []string
	if done := handled(p); done > 0 && spent > 0 {
		rate := float64(done) / spent.Seconds()
		parts = append(parts, fmt.Sprintf("%.1f pages/s", rate))
		if left := p.Listed - done; left > 0 {
			rest := time.Duration(float64(left) / rate * float64(time.Second))
			parts = append(parts, roughly(max(rest, time.Second))+" left")
		}
	}
	if p.Failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", p.Failed))
	}
	return strings.Join(parts, ", ")
}

// handled is how many pages are done with.
func handled(p admin.PrerenderProgress) int { return p.Rendered + p.Skipped + p.Failed }

// prerendered says the counts of a run.
func prerendered(p admin.PrerenderProgress) string {
	return fmt.Sprintf("%s: %d rendered, %d skipped, %d failed", counted(int64(p.Listed), "page"), p.Rendered, p.Skipped, p.Failed)
}

// bar is a progress bar with rate and remaining time.
type bar struct {
	screen   screen
	now      func() time.Time
	begin    time.Time
	progress *mpb.Progress
	bar      *mpb.Bar
	pace     atomic.Pointer[string] // beside the bar, for the goroutine that draws
}

func (b *bar) show(p admin.PrerenderProgress) {
	text := "  " + pace(p, b.now().Sub(b.begin))
	b.pace.Store(&text)
	if b.bar == nil {
		b.start()
	}
	b.bar.SetTotal(int64(max(p.Listed, 1)), false)
	b.bar.SetCurrent(int64(handled(p)))
}

func (b *bar) start() {
	const widest = 100
	b.progress = mpb.New(mpb.WithOutput(b.screen.Writer), mpb.WithWidth(min(widest, max(b.screen.width, 40))))
	b.bar = b.progress.New(0, mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]"),
		mpb.PrependDecorators(decor.CountersNoUnit("%d of %d pages")),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return *b.pace.Load() })),
	)
}

func (b *bar) end() {
	if b.bar == nil {
		return
	}
	b.bar.Abort(false) // it stays as it is; nothing happens when it is full
	b.progress.Wait()
}

// summary writes how a run ended: the counts, then the failures.
func (run *prerenderRun) summary(spent time.Duration) {
	s := run.g.screen(run.g.out)
	fmt.Fprintf(s, "%s, in %s\n", prerendered(run.last), took(spent))
	if len(run.failures) == 0 {
		return
	}
	fmt.Fprintln(s)
	t := newTable(s, column{title: "PATH", cut: true}, column{title: "ERROR", free: true})
	for _, f := range run.failures {
		t.add(cell{f.Path, red}, cell{text: strings.TrimSpace(f.Error)})
	}
	t.flush()
	if more := run.last.Failed - len(run.failures); more > 0 {
		fmt.Fprintf(s, "and %s more; all of them are in the output of --json\n", counted(int64(more), "page"))
	}
}
