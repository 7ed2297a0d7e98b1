// Package nextjs_test holds the example against Next.js itself.
package nextjs_test

import "testing"

// The ways to serve the example: its isr build, and Reprint in front of its ssr
// build, with the hooks of reprint.yaml or with the handlers of pages/api.
const (
	nextName    = "Next.js"
	hookName    = "Reprint with hooks"
	handlerName = "Reprint with handlers"
)

// TestTheSamePagesAsNextJS follows one script on each and compares what readers
// and callers get.
func TestTheSamePagesAsNextJS(t *testing.T) {
	prepare(t)
	data := startSource(t)
	next := nextSite(t, data)
	byHook, byHandler := reprintSites(t, data)
	found := make(map[string]bool)
	for _, step := range script() {
		if step.change != nil {
			step.change(data)
		}
		d, differs := differences[step.name]
		if found[step.name] {
			t.Fatalf("two steps are named %q", step.name)
		}
		found[step.name] = true
		want := step.ask(next)
		if differs && d.next != want {
			t.Errorf("%s: Next.js answers\n\t%s\nand differences says\n\t%s", step.name, want, d.next)
		}
		for _, s := range []*site{byHook, byHandler} {
			want, got := want, step.ask(s)
			if differs && !(d.mayAgree && got == want) {
				want = d.of(s.name)
			}
			if got != want {
				t.Errorf("%s: %s answers\n\t%s\nwant\n\t%s", step.name, s.name, got, want)
			}
		}
	}
	for name, d := range differences {
		if !found[name] {
			t.Errorf("differences has %q, which is no step", name)
		}
		if d.next == d.hook && d.next == d.handler {
			t.Errorf("differences has %q, where there is none", name)
		}
	}
}
