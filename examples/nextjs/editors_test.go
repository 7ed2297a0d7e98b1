package nextjs_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestNoEditIsLost lets eight editors at once change three posts and call. When a
// call has succeeded, no later visitor may see what was before its edit.
//
// Next.js is followed too: it loses some of them, by chance, which the steps of
// collisions show without it. How many is logged.
func TestNoEditIsLost(t *testing.T) {
	prepare(t)
	data := startSource(t)
	set("delay", 5)(data)
	byHook, byHandler := reprintSites(t, data)
	next := nextSite(t, data)
	for _, s := range []*site{next, byHook, byHandler} {
		calls, lost := edit(s)
		t.Logf("%s: %d of %d edits were lost", s.name, lost, calls)
		if s != next && lost != 0 {
			t.Errorf("%s: %d of %d edits were lost", s.name, lost, calls)
		}
	}
}

// edit returns how many calls succeeded and after how many of them a visitor saw
// a page of before.
func edit(s *site) (calls, lost int64) {
	const editors, rounds, posts = 8, 12, 3
	var counters [posts]struct {
		mu      sync.Mutex // held while the source is told, so that a larger number is a later edit
		edition int        // guarded by mu
	}
	var called, stale atomic.Int64
	var wg sync.WaitGroup
	for editor := range editors {
		wg.Go(func() {
			for round := range rounds {
				i := (editor + round) % posts
				id := fmt.Sprintf("crowd-%d", i)
				c := &counters[i]
				c.mu.Lock()
				c.edition++
				mine := c.edition
				title("/posts/"+id, strconv.Itoa(mine))(s.source)
				c.mu.Unlock()
				if a := revalidate(id)(s); a != done {
					s.t.Errorf("%s: a call among many was answered %s", s.name, a)
					continue
				}
				called.Add(1)
				page := get("/posts/" + id)(s)
				edition, _, _ := strings.Cut(page.text, " ")
				if seen, err := strconv.Atoi(edition); err != nil || seen < mine {
					stale.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return called.Load(), stale.Load()
}
