package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

const (
	pages    = 1_000
	pageSize = 17 << 10
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// body is the page of a path, a new one for each version.
func body(path string, version int64) []byte {
	head := fmt.Sprintf("<!doctype html><title>%s %d</title>", path, version)
	return []byte(head + strings.Repeat("x", pageSize-len(head)))
}

func open(b *testing.B, opts reprint.Options) *reprint.Site {
	opts.Log = quiet()
	site, err := reprint.New(opts)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = site.Shutdown(context.Background()) })
	return site
}

func openStore(b *testing.B) *sqlite.Store {
	store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "pages.db"), sqlite.Options{Log: quiet()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	return store
}

func listing(n int) func(context.Context) iter.Seq2[string, error] {
	return func(context.Context) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for i := range n {
				if !yield("/posts/"+strconv.Itoa(i), nil) {
					return
				}
			}
		}
	}
}

// warm returns a site whose 1,000 pages of 17 kB are in memory.
func warm(b *testing.B) http.Handler {
	site := open(b, reprint.Options{})
	err := site.Handle("/posts/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(body(r.URL.Path, 0))
	}), reprint.Policy{Prerender: listing(pages)})
	if err != nil {
		b.Fatal(err)
	}
	if err := site.Prerender(b.Context(), nil); err != nil {
		b.Fatal(err)
	}
	return site
}

// plainMap is the least that an HTTP server written with net/http can do: bytes
// from a map.
func plainMap() http.Handler {
	stored := map[string][]byte{}
	for i := range pages {
		path := "/posts/" + strconv.Itoa(i)
		stored[path] = body(path, 0)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := stored[r.URL.Path]
		w.Header()["Content-Type"] = []string{"text/html; charset=utf-8"}
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(page))}
		_, _ = w.Write(page)
	})
}

// BenchmarkHit asks a real server for stored pages over loopback, 64 connections
// at once, each waiting for its answer. "map" is the baseline for the ratio.
func BenchmarkHit(b *testing.B) {
	b.Run("map", func(b *testing.B) { hits(b, plainMap()) })
	b.Run("reprint", func(b *testing.B) { hits(b, warm(b)) })
}

func hits(b *testing.B, h http.Handler) {
	server := httptest.NewServer(h)
	defer server.Close()
	var next atomic.Int64
	b.SetParallelism(64 / runtime.GOMAXPROCS(0))
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			b.Error(err)
			return
		}
		defer conn.Close()
		reader := bufio.NewReaderSize(conn, 32<<10)
		for pb.Next() {
			path := "/posts/" + strconv.FormatInt(next.Add(1)%pages, 10)
			if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
				b.Error(err)
				return
			}
			resp, err := http.ReadResponse(reader, nil)
			if err != nil {
				b.Error(err)
				return
			}
			n, err := io.Copy(io.Discard, resp.Body)
			if err != nil || resp.StatusCode != 200 || n != pageSize {
				b.Errorf("%s: %d, %d bytes, %v", path, resp.StatusCode, n, err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "hits/s")
}

// BenchmarkHitEngine is the engine's part of a hit alone, without a socket.
func BenchmarkHitEngine(b *testing.B) {
	for name, h := range map[string]http.Handler{"map": plainMap(), "reprint": warm(b)} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest("GET", "/posts/7", nil)
			w := &discard{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				h.ServeHTTP(w, r)
			}
		})
	}
}

type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

// openKind is open, with the embedded store where kind says so.
func openKind(b *testing.B, kind string, opts reprint.Options) *reprint.Site {
	b.Helper()
	if kind == "sqlite" {
		opts.Store = openStore(b)
	}
	return open(b, opts)
}

// BenchmarkPrerender renders pages of 1 kB with a handler that does nothing
// else: what is left is the press itself.
func BenchmarkPrerender(b *testing.B) {
	for _, kind := range []string{"memory", "sqlite"} {
		b.Run(kind, func(b *testing.B) {
			site := openKind(b, kind, reprint.Options{Renders: 64})
			filler := strings.Repeat("x", 1000)
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path, filler) })
			if err := site.Handle("/posts/{id}", h, reprint.Policy{Prerender: listing(b.N)}); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			if err := site.Prerender(b.Context(), nil); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pages/s")
		})
	}
}

// changing is a handler of pages that differ each time.
func changing() http.Handler {
	var version atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(body(r.URL.Path, version.Add(1))) })
}

// BenchmarkRevalidate is one call after another for one page of 17 kB that
// changes each time. "render" is the handler alone, to be taken off the others;
// "fsync" what the disk takes to sync 4 kB, of which a call waits for two.
func BenchmarkRevalidate(b *testing.B) {
	page := changing()
	b.Run("render", func(b *testing.B) {
		r := httptest.NewRequest("GET", "/posts/7", nil)
		for b.Loop() {
			page.ServeHTTP(&discard{header: http.Header{}}, r)
		}
	})
	b.Run("fsync", func(b *testing.B) {
		f, err := os.Create(filepath.Join(b.TempDir(), "f"))
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		block := make([]byte, 4<<10)
		for b.Loop() {
			if _, err := f.Write(block); err != nil {
				b.Fatal(err)
			}
			if err := f.Sync(); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, kind := range []string{"memory", "sqlite"} {
		b.Run(kind, func(b *testing.B) {
			site := openKind(b, kind, reprint.Options{})
			if err := site.Handle("/posts/{id}", page, reprint.Policy{}); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if err := site.Revalidate(b.Context(), "/posts/7"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRevalidateByMany is 16 callers at once, each for another page: with a
// store they share its commits.
func BenchmarkRevalidateByMany(b *testing.B) {
	page := changing()
	for _, kind := range []string{"memory", "sqlite"} {
		b.Run(kind, func(b *testing.B) {
			site := openKind(b, kind, reprint.Options{})
			if err := site.Handle("/posts/{id}", page, reprint.Policy{Prerender: listing(pages)}); err != nil {
				b.Fatal(err)
			}
			if err := site.Prerender(b.Context(), nil); err != nil {
				b.Fatal(err)
			}
			var next atomic.Int64
			b.SetParallelism(max(1, 16/runtime.GOMAXPROCS(0)))
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := site.Revalidate(b.Context(), "/posts/"+strconv.FormatInt(next.Add(1)%pages, 10)); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
		})
	}
}

// BenchmarkPageMemory reports what a page in memory takes beyond its body, and
// what the memory limit counts for it.
func BenchmarkPageMemory(b *testing.B) {
	const n, size = 50_000, 1 << 10
	var counted atomic.Int64
	site := open(b, reprint.Options{Memory: 1 << 30, Store: nothing{reprint.NewMemoryStore(1), &counted}})
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reprint.Tag(r.Context(), "post:"+r.PathValue("id"), "type:post")
		_, _ = w.Write(make([]byte, size))
	})
	if err := site.Handle("/posts/{id}", h, reprint.Policy{Prerender: listing(n)}); err != nil {
		b.Fatal(err)
	}
	before := heap()
	if err := site.Prerender(b.Context(), nil); err != nil {
		b.Fatal(err)
	}
	grown := float64(heap() - before)
	for b.Loop() { // the figures are of what is there already
	}
	b.ReportMetric(grown/n-size, "B/page-beyond-body")
	b.ReportMetric(float64(counted.Load())/n-size, "B/page-counted")
	runtime.KeepAlive(site)
}

// nothing is a store that keeps no page, and adds up what the pages count for.
type nothing struct {
	*reprint.MemoryStore
	counted *atomic.Int64
}

func (n nothing) Put(_ context.Context, p *reprint.Page) (bool, error) {
	n.counted.Add(int64(p.Size()))
	return true, nil
}

func (nothing) Page(context.Context, reprint.Key) (*reprint.Page, error) { return nil, nil }

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
