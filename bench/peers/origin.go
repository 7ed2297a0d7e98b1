package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reprint-go/reprint/internal/lane"
)

// origin renders the pages, at once, for the caches that stand in front of it:
//
//	/posts/42        page 42
//	/data/posts/42   the same as JSON, for Next.js
//	/list/1000       the paths of the first 1,000 pages
//
// It shares its core with the load generator, so pages are made by a lane in front of
// net/http, which takes a fraction of the time.
type origin struct {
	url    string
	server *http.Server

	size     atomic.Int64 // of a page
	changing atomic.Bool  // each render is a new version
	version  atomic.Int64 // the last that was rendered

	mu    sync.Mutex
	floor map[int]int64 // the oldest version of a page that may still be served; guarded by mu
}

func startOrigin(ctx context.Context) (*origin, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the origin: %w", err)
	}
	o := &origin{url: "http://" + listener.Addr().String(), floor: make(map[int]int64)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /posts/{id}", o.servePage)
	mux.HandleFunc("GET /data/posts", o.serveNothing)
	mux.HandleFunc("GET /data/shop", o.serveNothing)
	mux.HandleFunc("GET /data/posts/{id}", o.serveData)
	mux.HandleFunc("GET /list/{n}", o.serveList)
	o.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	l := lane.New(o.server, time.Minute, o.answerPage)
	go func() { _ = o.server.Serve(l.Listener(listener)) }() // until close
	return o, nil
}

func (o *origin) close() error { return o.server.Close() }

// prepare sets what the pages of a job are, for a server that is yet to start.
func (o *origin) prepare(j job) {
	o.mu.Lock()
	clear(o.floor) // those were calls to another server
	o.mu.Unlock()
	o.size.Store(int64(j.Size))
	o.changing.Store(j.Changing)
}

// next is the version of a render that begins now.
func (o *origin) next() int64 {
	if !o.changing.Load() {
		return 0
	}
	return o.version.Add(1)
}

// revalidated notes that page i was revalidated by a call that began when the
// last version was before: every render that began after that has a later one.
func (o *origin) revalidated(i int, before int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.floor[i] = max(o.floor[i], before+1)
}

func (o *origin) oldest(i int) int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.floor[i]
}

// check says whether body is page i, byte for byte, in a version that may be
// served, given the oldest that could be when it was asked for.
func (o *origin) check(i int, oldest int64, body []byte) error {
	version, err := pageVersion(body)
	if err != nil {
		return err
	}
	if !bytes.Equal(body, page(i, version, int(o.size.Load()))) {
		return fmt.Errorf("its %d bytes are not those of the page", len(body))
	}
	if version < oldest || version > o.version.Load() {
		return fmt.Errorf("its version is %d, although %d was revalidated", version, oldest)
	}
	return nil
}

// answerPage is servePage for requests of the simplest kind.
func (o *origin) answerPage(r *lane.Request, a *lane.Answer) bool {
	digits, found := strings.CutPrefix(r.Target, "/posts/")
	i, err := strconv.Atoi(digits)
	if !found || err != nil || r.Head {
		return false
	}
	body := page(i, o.next(), int(o.size.Load()))
	head := append(a.Buffer(), "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: "...)
	head = strconv.AppendInt(head, int64(len(body)), 10)
	head = append(head, "\r\nDate: "...)
	now := time.Now()
	head = now.UTC().AppendFormat(head, http.TimeFormat)
	a.Send(now, append(head, "\r\n\r\n"...), body)
	return true
}

func (o *origin) servePage(w http.ResponseWriter, r *http.Request) {
	version := o.next()
	i, err := strconv.Atoi(r.PathValue("id"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	body := page(i, version, int(o.size.Load()))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

func (o *origin) serveData(w http.ResponseWriter, r *http.Request) {
	version := o.next()
	i, err := strconv.Atoi(r.PathValue("id"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{
		"title": fmt.Sprintf("Post %012d version %012d", i, version),
		"body":  nextText(i, int(o.size.Load())),
	})
}

// serveNothing is the answer to lists that the example's other pages show.
func (o *origin) serveNothing(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, "[]")
}

func (o *origin) serveList(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	b := bufio.NewWriter(w)
	for i := range n {
		fmt.Fprintln(b, path(i))
	}
	_ = b.Flush() // fails when nobody reads any longer
}
