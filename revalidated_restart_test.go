package reprint_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

// restarting is a site that ends and begins anew on the same file while it is used. A
// call that is cut off is made again after the next start.
type restarting struct {
	t      *testing.T
	path   string
	page   http.HandlerFunc
	now    func() int64
	run    atomic.Pointer[siteRun]
	starts atomic.Int64
	cut    atomic.Int64 // calls that were cut off
}

// siteRun is the site between a start and a stop.
type siteRun struct {
	*reprint.Site
	store *sqlite.Store
	over  chan struct{} // closed when the next one has begun
}

func (s *restarting) start() {
	store, err := sqlite.Open(context.Background(), s.path, sqlite.Options{Log: quiet()})
	if err != nil {
		s.t.Error(err)
		return
	}
	site, err := reprint.New(reprint.Options{Store: store, Memory: 3000, Renders: 64, Log: quiet()})
	if err != nil {
		s.t.Error(err)
		return
	}
	if err := site.Handle("/posts/{id}", s.page, reprint.Policy{}); err != nil {
		s.t.Error(err)
	}
	s.starts.Add(1)
	if last := s.run.Swap(&siteRun{site, store, make(chan struct{})}); last != nil {
		close(last.over)
	}
}

// stop gives what runs no time to end.
func (s *restarting) stop() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	run := s.run.Load()
	_ = run.Shutdown(ctx)
	if err := run.store.Close(); err != nil {
		s.t.Error(err)
	}
}

// apply calls until a call succeeds, and returns when that one began.
func (s *restarting) apply(r reprint.Revalidation) (call int64) {
	for {
		call = s.now()
		run := s.run.Load()
		if _, err := run.Apply(context.Background(), r); err == nil {
			return call
		}
		s.cut.Add(1)
		<-run.over
	}
}

// visit asks until there is a page, and returns when it asked for that one.
func (s *restarting) visit(path string) (call int64, version int) {
	for {
		call = s.now()
		run := s.run.Load()
		resp := get(run, path)
		v, err := versionOf(text(resp))
		// A site that ends shows the last good page in place of one that it cannot render.
		lastGood := strings.Contains(resp.Header.Get("Cache-Status"), "detail=shutdown")
		if err == nil && resp.StatusCode == http.StatusOK && !lastGood {
			return call, v
		}
		s.cut.Add(1)
		<-run.over
	}
}

// Pages that show values, revalidated by tags of both, prefixes and routes, in a memory
// too small for them, while the site ends and begins anew: no history breaks P1.
func TestP1WhileTheSiteIsRestarted(t *testing.T) {
	const pages, editors, visitors, saves, visits, restarts = 3, 4, 3, 30, 300, 12
	p := newPress(5 * time.Millisecond)
	h := &historian{begin: time.Now()}
	s := &restarting{t: t, path: filepath.Join(t.TempDir(), "pages.db"), now: h.now}
	s.page = func(w http.ResponseWriter, r *http.Request) {
		body, err := reprint.Cached(r.Context(), r.URL.Path, func(ctx context.Context) (string, error) {
			load := httptest.NewRecorder()
			p.ServeHTTP(load, r.WithContext(ctx))
			return load.Body.String(), nil
		}, "value:"+r.URL.Path)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = io.WriteString(w, body)
	}
	s.start()
	var all sync.WaitGroup
	for page := range pages {
		path := fmt.Sprintf("/posts/%d", page)
		p.tag(path, fmt.Sprintf("post:%d", page), "type:post")
		s.visit(path)          // what is named otherwise than by path must be there
		var writing sync.Mutex // the data source takes one edit at a time
		version := 0
		for editor := range editors {
			client := page*100 + editor
			all.Go(func() {
				for i := range saves {
					call := h.now()
					writing.Lock()
					version++
					v := version
					p.set(path, v)
					h.note(client, page, call, edit{v}, nil)
					writing.Unlock()
					target := p1Targets(page, editor+i)
					if i%7 == 0 {
						target = reprint.Revalidation{Tags: []string{"value:" + path}}
					}
					h.note(client, page, s.apply(target), revalidate{v}, nil)
				}
			})
		}
		for visitor := range visitors {
			client := page*100 + 50 + visitor
			all.Go(func() {
				for i := range visits {
					call, v := s.visit(path)
					h.note(client, page, call, visit{}, v)
					if client == 50 && i%(visits/restarts) == 0 {
						call := h.now()
						s.stop()
						s.start()
						for page := range pages {
							h.note(99, page, call, restart{}, nil)
						}
					}
					time.Sleep(time.Millisecond) // paces the visits over the time of the saves
				}
			})
		}
	}
	all.Wait()
	s.stop()
	if n := s.starts.Load(); n != restarts+1 {
		t.Errorf("the site began %d times", n)
	}
	if s.cut.Load() == 0 {
		t.Error("no call was cut off")
	}
	switch porcupine.CheckOperationsTimeout(p1, h.ops, time.Minute) {
	case porcupine.Ok:
		t.Logf("%d operations, %d renders, %d calls cut off by %d restarts, 0 violations", len(h.ops), p.renders.Load(), s.cut.Load(), restarts)
	case porcupine.Illegal:
		t.Errorf("P1 is broken: a history of %d operations has no legal order", len(h.ops))
	case porcupine.Unknown:
		t.Error("the history could not be checked in time")
	}
}
