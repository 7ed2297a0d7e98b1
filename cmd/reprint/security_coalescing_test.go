package main_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// T-056: what passes through neither leads nor joins a render.
func TestAPreviewIsNobodyElses(t *testing.T) {
	began, release := make(chan bool, 100), make(chan bool)
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=600")
		draft := strings.Contains(r.Header.Get("Cookie"), "preview") || r.Header.Get("X-Preview") != ""
		if draft {
			began <- true
			<-release
		}
		fmt.Fprint(w, "draft ", draft)
	})
	s := serve(t, "origin: {url: \""+o.url+"\"}\nroutes:\n  - {path: \"/p/{id}\", bypassCookies: [preview], bypassHeaders: [X-Preview]}\n")
	drafts := make(chan string, 2)
	for _, header := range []string{"Cookie: preview=1", "X-Preview: 1"} {
		go func() {
			a, err := s.try("GET", "/p/1", nil, header)
			drafts <- fmt.Sprint(a.body, err)
		}()
		<-began
	}
	for range 20 {
		if a := s.get("/p/1"); a.body != "draft false" {
			t.Errorf("a visitor gets %s", a.body)
		}
	}
	close(release)
	for range 2 {
		if got := <-drafts; got != "draft true<nil>" {
			t.Errorf("an editor gets %s", got)
		}
	}
	if a := s.get("/p/1"); a.body != "draft false" || !a.hit() {
		t.Errorf("afterwards: %s", a.body)
	}
	s.wantStored("/p/1")
}

// T-057: an answer that is for one visitor is not given to those who wait with
// them.
func TestAPrivateAnswerIsNotShared(t *testing.T) {
	var n atomic.Int64
	o := newStub(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=600")
		w.Header().Set("Set-Cookie", fmt.Sprint("sid=", n.Add(1)))
		time.Sleep(10 * time.Millisecond) // so that others come meanwhile
	})
	s := serve(t, bothWays(o.url))
	for _, way := range both {
		cookies := s.together(20, func(int) string { return s.get(way + "1").Header.Get("Set-Cookie") })
		seen := map[string]bool{}
		for _, c := range cookies {
			if seen[c] || c == "" {
				t.Errorf("%s: the cookie %q is given twice", way, c)
			}
			seen[c] = true
		}
	}
	s.wantStored()
}

// together calls f with 0 to n-1, all at once.
func (s *running) together(n int, f func(int) string) []string {
	got := make([]string, n)
	begin := make(chan bool)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-begin
			got[i] = f(i)
		})
	}
	close(begin)
	wg.Wait()
	return got
}

// T-058: those who come at once for different pages get different pages.
func TestPagesThatAreRenderedAtOnceAreNotMixed(t *testing.T) {
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(10 * time.Millisecond) // so that others come meanwhile
		fmt.Fprint(w, r.Header.Get("X-Forwarded-Host"), r.URL, r.Header.Get("Accept-Language"))
	})
	s := serve(t, "origin: {url: \""+o.url+"\"}\nhosts: [a.test, b.test]\nlanguages: [en, de]\nroutes:\n  - {path: \"/p/{id}\", query: [q], vary: [Accept-Language]}\n")
	got := s.together(64, func(i int) string {
		host, language := [...]string{"a.test", "b.test"}[i&1], [...]string{"en", "de"}[i>>1&1]
		target := [...]string{"/p/1", "/p/1?q=1", "/p/2", "/p/1?q=2"}[i>>2&3]
		if a := s.get(target, "Host: "+host, "Accept-Language: "+language); a.body != host+target+language {
			return fmt.Sprint(host, target, language, " gets ", a.body)
		}
		return ""
	})
	for _, fault := range got {
		if fault != "" {
			t.Error(fault)
		}
	}
	if n := len(o.requests()); n != 16 {
		t.Errorf("%d renders of 16 pages", n)
	}
}

// T-060: a visitor who leaves takes nobody's page along.
func TestTheFirstVisitorMayLeave(t *testing.T) {
	began, release := make(chan bool, 10), make(chan bool)
	o := newStub(t, func(w http.ResponseWriter, _ *http.Request) {
		began <- true
		<-release
		io.WriteString(w, strings.Repeat("whole ", 1000))
	})
	s := serve(t, bothWays(o.url))
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error)
	r, err := s.request(s.public, "GET", "/p/1", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := read(oneConnection.Do(r.WithContext(ctx)))
		left <- err
	}()
	<-began
	leave()
	if err := <-left; err == nil {
		t.Error("the first visitor has got an answer")
	}
	followers := make(chan []string)
	go func() { followers <- s.together(10, func(int) string { return s.get("/p/1").body }) }()
	close(release)
	for _, body := range <-followers {
		if body != strings.Repeat("whole ", 1000) {
			t.Errorf("a follower gets %.100s", body)
		}
	}
	if n := o.times("/p/1"); n != 1 {
		t.Errorf("%d renders", n)
	}
}

// T-061: an origin that hangs costs those who have no page the deadline, and
// nobody else anything.
func TestAnOriginThatHangs(t *testing.T) {
	var hangs atomic.Bool
	release := make(chan bool)
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		if hangs.Load() {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
		w.Header().Set("Cache-Control", "max-age=0, stale-while-revalidate=600")
		io.WriteString(w, "page")
	})
	t.Cleanup(func() { close(release) })
	s := serve(t, "origin: {url: \""+o.url+"\", timeout: 1s, headerTimeout: 1s}\nroutes:\n  - {path: \"/p/{id}\", revalidate: 10ms}\n")
	for _, way := range both {
		s.get(way + "warm")
		s.learned(way + "warm")
	}
	hangs.Store(true)
	for _, way := range both {
		for _, got := range s.together(20, func(int) string {
			begin := time.Now()
			a := s.get(way + "cold")
			if took := time.Since(begin); a.StatusCode != 504 || took > 8*time.Second {
				return fmt.Sprint(a.StatusCode, " after ", took)
			}
			if a := s.get(way + "warm"); a.StatusCode != 200 || a.body != "page" || !a.hit() {
				return fmt.Sprint("warm: ", a.StatusCode, a.body, a.Header.Get("Cache-Status"))
			}
			return ""
		}) {
			if got != "" {
				t.Errorf("%s: %s", way, got)
			}
		}
	}
	if n := o.times("/p/cold"); n != 1 {
		t.Errorf("%d renders of the page that hangs for 20 visitors", n)
	}
	hangs.Store(false)
	waitFor(t, "it is well again", func() bool { return s.get("/p/cold").StatusCode == 200 && s.get("/free/cold").StatusCode == 200 })
}

// T-062: a render that began before a revalidation does not bring back what was
// there before it.
func TestARevalidationDuringARenderIsNotLost(t *testing.T) {
	var version atomic.Int64
	began, release := make(chan bool, 10), make(chan bool)
	o := newStub(t, func(w http.ResponseWriter, _ *http.Request) {
		v := version.Load()
		if v == 1 {
			began <- true
			<-release
		}
		fmt.Fprint(w, "v", v)
	})
	s := serve(t, "origin: {url: \""+o.url+"\"}\nroutes:\n  - {path: \"/p/{id}\", tags: [\"post:{id}\"]}\n")
	for i, body := range []string{`{"paths":["/p/%d"]}`, `{"tags":["post:%d"],"mode":"expire"}`, `{"prefixes":["/p/"],"mode":"expire"}`, `{"all":true,"mode":"expire"}`} {
		path := fmt.Sprint("/p/", i)
		version.Store(1)
		first := make(chan answer, 1)
		go func() {
			a, _ := s.try("GET", path, nil) // what it gets is looked at below
			first <- a
		}()
		<-began
		version.Store(2)
		if strings.Contains(body, "%d") {
			body = fmt.Sprintf(body, i)
		}
		called := make(chan int, 1)
		go func() { called <- s.call("POST", "/v1/revalidate", body).StatusCode }()
		if strings.Contains(body, "expire") {
			if status := <-called; status != 200 {
				t.Errorf("%s: %d", body, status)
			}
		} else {
			waitFor(t, "it is rendered again at once", func() bool { return len(called) == 1 })
		}
		next := make(chan string, 1)
		go func() {
			a, _ := s.try("GET", path, nil) // what it gets is looked at below
			next <- a.body
		}()
		if !strings.Contains(body, "tags") {
			// Which tags a page has is known when its first render has ended.
			waitFor(t, "the next visitor does not wait for the old render", func() bool { return len(next) == 1 })
		}
		release <- true
		<-first
		if got := <-next; got != "v2" {
			t.Errorf("%s: the next visitor gets %s", body, got)
		}
		for range 3 {
			if a := s.get(path); a.body != "v2" {
				t.Errorf("%s: after the old render a visitor gets %s", body, a.body)
			}
		}
	}
}

// T-064, T-084: however many pages are revalidated or asked for at once, the origin
// renders no more of them at once than the file says, and one page once.
func TestRendersAtOnceAreLimited(t *testing.T) {
	var now, most atomic.Int64
	o := newStub(t, func(w http.ResponseWriter, _ *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(time.Millisecond) // so that others come meanwhile
		io.WriteString(w, "page")
	})
	s := serve(t, "origin: {url: \""+o.url+"\"}\nlimits: {renders: 3}\nroutes:\n  - {path: \"/p/{id}\"}\n")
	const pages = 300
	ask := func() {
		for _, fault := range s.together(20, func(visitor int) string {
			for i := range pages / 20 {
				if a := s.get(fmt.Sprint("/p/", visitor*pages/20+i)); a.StatusCode != 200 || a.body != "page" {
					return fmt.Sprint(a.StatusCode, a.body)
				}
			}
			return ""
		}) {
			if fault != "" {
				t.Error(fault)
			}
		}
	}
	ask()
	s.revalidate(`{"all":true,"mode":"stale"}`)
	ask()
	s.stored()
	if most.Load() > 3 {
		t.Errorf("%d renders at once", most.Load())
	}
	before := o.times("/p/1")
	for _, status := range s.together(100, func(int) string { return fmt.Sprint(s.call("POST", "/v1/revalidate", `{"paths":["/p/1"]}`).StatusCode) }) {
		if status != "200" {
			t.Errorf("revalidate: %s", status)
		}
	}
	if n := o.times("/p/1") - before; n >= 100 {
		t.Errorf("%d renders for 100 calls at once", n)
	}
}

// T-065, T-066: paths and queries that somebody makes up stay within the limits,
// and what is asked for stays.
func TestMadeUpPathsAndQueriesStayWithinTheLimits(t *testing.T) {
	requests := 3000
	if testing.Short() || raceDetector {
		requests = 600
	}
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=600")
		if strings.Contains(r.URL.Path, "no-such") {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(w, r.URL.Path, strings.Repeat(" x", 500))
	})
	s := serve(t, bothWays(o.url, "store: {path: pages.db, maxPages: 200, memory: 1MiB}"))
	s.get("/p/hot")
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	defer client.CloseIdleConnections()
	s.together(8, func(worker int) string {
		for i := range requests / 8 {
			n := worker*requests + i
			for _, target := range []string{fmt.Sprintf("/p/no-such-%d", n), fmt.Sprintf("/free/no-such-%d", n), fmt.Sprintf("/p/1?x=%d", n), fmt.Sprintf("/free/1?x=%d", n)} {
				a, err := read(client.Get("http://" + s.public + target))
				if err != nil || a.StatusCode != 200 && a.StatusCode != 404 {
					t.Errorf("%s: %d, %v", target, a.StatusCode, err)
				}
			}
			if i%20 == 0 {
				s.get("/p/hot")
			}
		}
		return ""
	})
	s.stored()
	if n := s.status("pages"); n > 200 {
		t.Errorf("%v pages are stored", n)
	}
	if n := o.times("/p/1"); n > 3 {
		t.Errorf("a page was rendered %d times for queries that are not in its key", n)
	}
	if n := o.times("/p/hot"); n > 3 {
		t.Errorf("the page that is asked for again and again was rendered %d times", n)
	}
}

// T-069, T-070: an answer that is too large for a page is no page; what is
// compressed is not unpacked.
func TestLargeAndPackedAnswersAreNotStored(t *testing.T) {
	gzipped := "\x1f\x8b\x08\x00 not really"
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=600")
		switch {
		case strings.HasSuffix(r.URL.Path, "packed"):
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, gzipped)
		case strings.HasSuffix(r.URL.Path, "end"):
		case strings.HasSuffix(r.URL.Path, "known"):
			w.Header().Set("Content-Length", "3000000")
			fallthrough
		default:
			for range 300 {
				io.WriteString(w, strings.Repeat("0123456789", 1000))
			}
		}
	})
	s := serve(t, bothWays(o.url, "limits: {maxPage: 1MiB}"))
	for range 2 {
		for _, name := range []string{"known", "unknown"} {
			if a := s.get("/p/" + name); a.StatusCode < 500 || len(a.body) > 1000 {
				t.Errorf("/p/%s: %d, %d bytes", name, a.StatusCode, len(a.body))
			}
			if a := s.get("/free/" + name); a.StatusCode != 200 || len(a.body) != 3_000_000 {
				t.Errorf("/free/%s: %d, %d bytes", name, a.StatusCode, len(a.body))
			}
		}
		for _, way := range both {
			if a := s.get(way+"packed", "Accept-Encoding: gzip"); a.body != gzipped || a.Header.Get("Content-Encoding") != "gzip" || a.hit() {
				t.Errorf("%spacked: %q %v", way, a.body, a.Header)
			}
		}
	}
	s.settle("/free/end")
	s.wantStored("/free/end")
}
