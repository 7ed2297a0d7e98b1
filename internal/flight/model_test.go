package flight_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// model says what a group should do, one call at a time.
type model struct {
	group    group
	position uint64
	lines    map[string]*modelLine
	all      []*modelRun
}

type modelLine struct {
	running []*modelRun
	next    *modelRun
}

type modelRun struct {
	run      *run
	key      string
	launches int
	stamp    uint64
	needs    []uint64 // of those who joined
	finished bool
}

func (m *model) line(key string) *modelLine {
	if m.lines[key] == nil {
		m.lines[key] = &modelLine{}
	}
	return m.lines[key]
}

// launched returns the runs that were launched and have not started.
func (m *model) launched() []*modelRun {
	return slices.DeleteFunc(slices.Clone(m.all), func(r *modelRun) bool {
		return r.launches == 0 || r.finished || m.line(r.key).next != r
	})
}

// underWay returns the runs that may finish: launched, started or not.
func (m *model) underWay() []*modelRun {
	return slices.DeleteFunc(slices.Clone(m.all), func(r *modelRun) bool { return r.launches == 0 || r.finished })
}

func (m *model) join(t *rapid.T) {
	key := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key")
	need := rapid.Uint64Range(0, m.position).Draw(t, "need")
	l := m.line(key)
	want := l.next
	if i := slices.IndexFunc(l.running, func(r *modelRun) bool { return r.stamp >= need }); i >= 0 {
		want = l.running[i]
	}
	run, launch := m.group.Join(key, need, len(m.all))
	if want == nil {
		want = &modelRun{run: run, key: key}
		l.next = want
		m.all = append(m.all, want)
		if launch != (len(l.running) < 2) {
			t.Fatalf("launch = %v with %d under way", launch, len(l.running))
		}
	} else if launch {
		t.Fatalf("run %d is to be launched again", want.run.Job)
	}
	if run != want.run {
		t.Fatalf("joined run %d, want %d", run.Job, want.run.Job)
	}
	if launch {
		want.launches++
	}
	want.needs = append(want.needs, need)
}

func (m *model) start(t *rapid.T) {
	launched := m.launched()
	if len(launched) == 0 {
		t.Skip("nothing to start")
	}
	r := rapid.SampledFrom(launched).Draw(t, "run")
	l := m.line(r.key)
	if got := m.group.Start(r.run, func() uint64 { return m.position }); got != m.position {
		t.Fatalf("Start returned %d, want %d", got, m.position)
	}
	r.stamp = m.position
	l.running, l.next = append(l.running, r), nil
	if len(l.running) > 2 {
		t.Fatalf("%d runs of %s under way", len(l.running), r.key)
	}
	for _, need := range r.needs {
		if r.stamp < need {
			t.Fatalf("a run with stamp %d was joined by a caller who needs %d", r.stamp, need)
		}
	}
}

func (m *model) finish(t *rapid.T) {
	underWay := m.underWay()
	if len(underWay) == 0 {
		t.Skip("nothing to finish")
	}
	m.finishOne(t, rapid.SampledFrom(underWay).Draw(t, "run"))
}

func (m *model) finishOne(t *rapid.T, r *modelRun) {
	l := m.line(r.key)
	if l.next == r {
		l.next = nil
	}
	l.running = slices.DeleteFunc(l.running, func(o *modelRun) bool { return o == r })
	r.finished = true
	launch := m.group.Finish(r.run, "done")
	switch {
	case launch == nil && l.next != nil && l.next.launches == 0:
		t.Fatalf("run %d waits for its turn, has it, and is not launched", l.next.run.Job)
	case launch == nil:
	case l.next == nil || launch != l.next.run:
		t.Fatalf("run %d is to be launched and is not the one that waits", launch.Job)
	default:
		l.next.launches++
	}
}

// check compares what can be seen of the group with the model.
func (m *model) check(t *rapid.T) {
	busy := map[string]bool{}
	for _, r := range m.all {
		if r.launches > 1 {
			t.Fatalf("run %d was launched %d times", r.run.Job, r.launches)
		}
		if done(r.run) != r.finished {
			t.Fatalf("run %d: done = %v, want %v", r.run.Job, done(r.run), r.finished)
		}
		if r.finished {
			if _, stamp := r.run.Value(); stamp != r.stamp {
				t.Fatalf("run %d: stamp %d, want %d", r.run.Job, stamp, r.stamp)
			}
			continue
		}
		busy[r.key] = true
	}
	if m.group.Len() != len(busy) {
		t.Fatalf("Len = %d, want %d", m.group.Len(), len(busy))
	}
}

// drain finishes everything. Whoever still waits then waits for ever.
func (m *model) drain(t *rapid.T) {
	for underWay := m.underWay(); len(underWay) > 0; underWay = m.underWay() {
		m.finishOne(t, underWay[0])
	}
	m.check(t)
	for _, r := range m.all {
		if !r.finished || r.launches != 1 {
			t.Fatalf("run %d: finished = %v, launched %d times", r.run.Job, r.finished, r.launches)
		}
	}
	if m.group.Len() != 0 {
		t.Fatalf("Len = %d after everything finished, want 0", m.group.Len())
	}
}

func TestGroupFollowsTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{lines: map[string]*modelLine{}}
		t.Repeat(map[string]func(*rapid.T){
			"append": func(*rapid.T) { m.position++ },
			"join":   m.join,
			"start":  m.start,
			"finish": m.finish,
			"":       m.check,
		})
		m.drain(t)
	})
}
