package main_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/reprint-go/reprint/admin"
)

func (s *running) follow(t *testing.T, after *uint64) *admin.EventStream {
	t.Helper()
	c, err := admin.NewClient("http://"+s.admin, s.secret)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := c.Events(t.Context(), after)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stream.Close() })
	return stream
}

// Whoever follows is told each revalidation once and in order, although the server is
// restarted and killed meanwhile; it does not wait for followers when it ends.
func TestFollowersMissNothingWhenTheServerRestarts(t *testing.T) {
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "a page") })
	s := serve(t, "origin: {url: \""+o.url+"\"}\nstore: {path: pages.db}\nroutes:\n  - {path: \"/p/{id}\"}\n")
	const calls = 30
	var after, told uint64
	done := make(map[string]bool)
	for life := range 5 {
		stream := s.follow(t, &after)
		var calling sync.WaitGroup
		calling.Go(func() {
			for i := range calls {
				s.revalidate(fmt.Sprintf(`{"paths":["/p/%d"]}`, i))
			}
		})
		// Not all of it: the rest is for the next life.
		for told < uint64(calls*(life+1)-10) {
			e, err := stream.Next()
			switch {
			case err != nil:
				t.Fatal(err)
			case e.Kind == "revalidated" && e.Position == told+1:
				told++
			case e.Kind == "done" && !done[e.ID]:
				done[e.ID] = true
			default:
				t.Fatalf("life %d: after entry %d comes %+v", life, told, e)
			}
		}
		after = stream.Last()
		calling.Wait()
		if life%2 == 0 {
			s.kill()
		} else {
			begin := time.Now()
			s.stop()
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("it took %v to end while it was followed", took)
			}
			if strings.Contains(s.log.String(), "cut off") {
				t.Errorf("it waited for its followers:\n%s", s.log)
			}
		}
		s.start()
	}
	if len(done) < calls*5-10*5 {
		t.Errorf("of %d calls %d are done", calls*5, len(done))
	}
}

// A token that is taken away with a reload follows no more.
func TestATokenThatIsGoneFollowsNoMore(t *testing.T) {
	const config = "origin: {url: \"http://127.0.0.1:1\"}\nadmin:\n  listen: 127.0.0.1:0\n  tokens:\n    - {name: a, secret: \"${A}\"}\n"
	const b = "    - {name: b, secret: \"${B}\"}\n"
	first, second := strings.Repeat("Zq0-of-a-", 4), strings.Repeat("Zq0-of-b-", 4)
	s := serve(t, config+b, "A="+first, "B="+second)
	s.secret = second
	gone := s.follow(t, nil)
	s.secret = first
	stays := s.follow(t, nil)
	s.configure(config)
	if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for _, stream := range []*admin.EventStream{gone, stays} {
		if e, err := stream.Next(); err == nil {
			t.Errorf("event %+v", e)
		}
	}
	again := stays.Last()
	_ = s.follow(t, &again)
	c, err := admin.NewClient("http://"+s.admin, second)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Events(t.Context(), nil); err == nil {
		t.Error("a token that is gone follows again")
	}
}
