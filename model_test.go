package reprint_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/reprint-go/reprint"
)

// modelPage is a page of the model: what a visitor is to see, and nothing of how.
type modelPage struct {
	version int  // on the last good page
	exists  bool // there is one
	stale   bool // a visit shows it and renews it behind
	expired bool // a visit renews it first
	failed  bool // its last render failed, so it is tried again by itself
}

// model is the whole engine in the eyes of one visitor at a time.
type model struct {
	data   map[string]int
	broken map[string]bool
	pages  map[string]*modelPage
}

// render is what a render of path does to its page.
func (m *model) render(path string) (ok bool) {
	p := m.pages[path]
	if p.failed = m.broken[path]; p.failed {
		return false
	}
	*p = modelPage{version: m.data[path], exists: true}
	return true
}

// visit returns the version to be seen; -1 stands for an error.
func (m *model) visit(path string) int {
	p := m.pages[path]
	if !p.exists || p.expired {
		m.render(path)
	}
	if !p.exists {
		return -1
	}
	seen := p.version
	if p.stale {
		m.render(path)
	}
	return seen
}

func (m *model) revalidate(path string, mode reprint.Mode) (ok bool) {
	p := m.pages[path]
	switch mode {
	case reprint.Regenerate:
		p.stale = p.exists && !p.expired
		return m.render(path)
	case reprint.Stale:
		p.stale = p.exists && !p.expired
	case reprint.Expire:
		p.expired, p.stale = p.exists, false
	case reprint.Delete:
		*p = modelPage{failed: false}
	}
	return true
}

// heal mends the data source and lets time pass: what failed is tried again.
func (m *model) heal() {
	clear(m.broken)
	for path, p := range m.pages {
		if p.failed && p.exists {
			m.render(path)
		}
		p.failed = false
	}
}

// The paths of the model, with the tags of their pages.
var modelTags = map[string][]string{
	"/posts/1": {"post:1", "type:post"}, "/posts/2": {"post:2", "type:post"}, "/list": {"type:post"}, "/about": nil,
}

// modelTargets are what a call names, with the pages that it means.
var modelTargets = map[string]struct {
	r     reprint.Revalidation
	pages []string
}{
	"path":   {reprint.Revalidation{Paths: []string{"/posts/1"}}, []string{"/posts/1"}},
	"paths":  {reprint.Revalidation{Paths: []string{"/about", "/list"}}, []string{"/about", "/list"}},
	"tag":    {reprint.Revalidation{Tags: []string{"post:2"}}, []string{"/posts/2"}},
	"type":   {reprint.Revalidation{Tags: []string{"type:post"}}, []string{"/posts/1", "/posts/2", "/list"}},
	"every":  {reprint.Revalidation{Tags: []string{"type:post", "post:1"}, EveryTag: true}, []string{"/posts/1"}},
	"route":  {reprint.Revalidation{Patterns: []string{"/posts/{id}"}}, []string{"/posts/1", "/posts/2"}},
	"only":   {reprint.Revalidation{All: true, Only: reprint.Only{Statuses: []int{200}}}, []string{"/posts/1", "/posts/2", "/list", "/about"}},
	"prefix": {reprint.Revalidation{Prefixes: []string{"/posts/"}}, []string{"/posts/1", "/posts/2"}},
	"all":    {reprint.Revalidation{All: true}, []string{"/posts/1", "/posts/2", "/list", "/about"}},
}

func TestTheEngineDoesAsItsModel(t *testing.T) {
	for range 10 { // a hundred histories each
		rapid.Check(t, func(rt *rapid.T) { inBubble(t, func() { checkModel(rt) }) })
	}
}

// inBubble runs f in fake time of its own. How f ends, by a panic too, is how
// inBubble ends: that is what rapid goes by.
func inBubble(t *testing.T, f func()) {
	var ended any
	synctest.Test(t, func(*testing.T) {
		defer func() { ended = recover() }()
		f()
	})
	if ended != nil {
		panic(ended)
	}
}

func checkModel(t *rapid.T) {
	m := &model{data: map[string]int{}, broken: map[string]bool{}, pages: map[string]*modelPage{}}
	p := newPress(0)
	for path, tags := range modelTags {
		m.pages[path] = &modelPage{}
		p.tag(path, tags...)
	}
	// One byte of memory: every look-up goes to the store.
	opts := reprint.Options{Store: reprint.NewMemoryStore(0), Memory: rapid.SampledFrom([]int64{1, 0}).Draw(t, "memory"), Log: quiet()}
	site := openModelSite(t, opts, p)
	defer func() { _ = site.Shutdown(context.Background()) }()

	paths := rapid.SampledFrom([]string{"/posts/1", "/posts/2", "/list", "/about"})
	t.Repeat(map[string]func(*rapid.T){
		"edit": func(t *rapid.T) {
			path := paths.Draw(t, "path")
			m.data[path]++
			p.set(path, m.data[path])
		},
		"break": func(t *rapid.T) {
			path := paths.Draw(t, "path")
			m.broken[path] = true
			p.breakWith(path, status(500))
		},
		"heal": func(t *rapid.T) {
			for path := range m.broken {
				p.breakWith(path, nil)
			}
			m.heal()
			time.Sleep(10 * time.Minute)
		},
		"visit": func(t *rapid.T) {
			path := paths.Draw(t, "path")
			want := m.visit(path)
			r := get(site, path)
			got, body := -1, text(r)
			if r.StatusCode == 200 {
				got, _ = versionOf(body)
			}
			if got != want {
				t.Fatalf("%s shows version %d (%d, %s), want %d", path, got, r.StatusCode, r.Header.Get("Cache-Status"), want)
			}
		},
		"revalidate": func(t *rapid.T) {
			name := rapid.SampledFrom([]string{"path", "paths", "tag", "type", "every", "route", "only", "prefix", "all"}).Draw(t, "target")
			target := modelTargets[name]
			target.r.Mode = reprint.Mode(rapid.IntRange(0, 3).Draw(t, "mode"))
			_, err := site.Apply(context.Background(), target.r)
			ok := true
			for _, path := range target.pages {
				// A tag or prefix reaches the pages that there are; a path makes one.
				if len(target.r.Paths) > 0 || m.pages[path].exists {
					ok = m.revalidate(path, target.r.Mode) && ok
				} else {
					m.pages[path].failed = false
				}
			}
			if ok != (err == nil) {
				t.Fatalf("%s in mode %v: error %v, want success %v", name, target.r.Mode, err, ok)
			}
		},
		"restart": func(t *rapid.T) {
			_ = site.Shutdown(context.Background())
			site = openModelSite(t, opts, p)
			for _, page := range m.pages {
				page.failed = false // nobody remembers to try again
			}
		},
		"": func(t *rapid.T) { synctest.Wait() },
	})
}

func openModelSite(t *rapid.T, opts reprint.Options, p *press) *reprint.Site {
	site, err := reprint.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"/posts/{id}", "/list", "/about"} {
		if err := site.Handle(pattern, p, reprint.Policy{}); err != nil {
			t.Fatal(err)
		}
	}
	return site
}
