package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/reprint-go/reprint"
)

// The servers that are this program itself, in a process of their own:
//
//	peers serve map       bytes in a map, the least that net/http can do
//	peers serve header    the same with the header that reprint sends: what is left is the engine
//	peers serve library   reprint as a library on the same server
//	peers serve fasthttp  bytes in a map, and a server that is made to be fast

func (l *lab) findMap(context.Context) ([]*peer, error) {
	return l.own("map", "net/http, bytes in a map"), nil
}

func (l *lab) findHeader(context.Context) ([]*peer, error) {
	return l.own("header", "net/http, the same header"), nil
}

func (l *lab) findLibrary(context.Context) ([]*peer, error) {
	return l.own("library", "reprint, library on net/http"), nil
}

func (l *lab) findFasthttp(context.Context) ([]*peer, error) {
	return l.own("fasthttp", "fasthttp, bytes in a map"), nil
}

func (l *lab) own(kind, name string) []*peer {
	return []*peer{{id: kind, name: name, version: runtime.Version(), start: func(ctx context.Context, p *peer, j job) (*server, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		addr, err := freeAddr()
		if err != nil {
			return nil, err
		}
		cmd := l.command(ctx, l.opts.serverCPU, self, "serve", "-listen", addr,
			"-pages", strconv.Itoa(j.Pages), "-size", strconv.Itoa(j.Size), "-memory", strconv.FormatInt(j.bytesHeld(), 10), kind)
		p.command = shown(l.dir, cmd.Args)
		return l.startSimple(ctx, name, cmd, addr)
	}}}
}

// serveMain is the program as a server: see above.
func serveMain(args []string) error {
	f := flag.NewFlagSet("peers serve", flag.ExitOnError)
	listen := f.String("listen", "127.0.0.1:8080", "`address` to listen on")
	pages := f.Int("pages", 1000, "`pages` to serve")
	size := f.Int("size", 17<<10, "`bytes` of a page")
	memory := f.Int64("memory", 256<<20, "`bytes` of memory for pages")
	_ = f.Parse(args) // it exits itself
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var handler http.Handler
	switch f.Arg(0) {
	case "fasthttp":
		return serveFast(ctx, *listen, fastMap(*pages, *size))
	case "map":
		handler = plainMap(*pages, *size)
	case "header":
		site, err := librarySite(ctx, *pages, *size, *memory)
		if err != nil {
			return err
		}
		handler = recorded(site, *pages)
	case "library":
		site, err := librarySite(ctx, *pages, *size, *memory)
		if err != nil {
			return err
		}
		handler = site
	default:
		return fmt.Errorf("peers serve: write map, header, library or fasthttp, not %q", f.Arg(0))
	}
	return serve(ctx, *listen, handler)
}

// serve is the same server for all of them.
func serve(ctx context.Context, addr string, h http.Handler) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = s.Close() })
	if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// serveFast is serve for fasthttp.
func serveFast(ctx context.Context, addr string, h fasthttp.RequestHandler) error {
	s := &fasthttp.Server{Handler: h, NoDefaultServerHeader: true, ReadTimeout: time.Minute, CloseOnShutdown: true}
	context.AfterFunc(ctx, func() { _ = s.Shutdown() })
	return s.ListenAndServe(addr)
}

// fastMap is plainMap for fasthttp.
func fastMap(pages, size int) fasthttp.RequestHandler {
	plain, gzipped := make(map[string][]byte, pages), make(map[string][]byte, pages)
	for i := range pages {
		plain[path(i)] = page(i, 0, size)
		gzipped[path(i)] = compress(plain[path(i)])
	}
	return func(c *fasthttp.RequestCtx) {
		head, from := &c.Response.Header, plain
		head.SetContentType("text/html; charset=utf-8")
		head.Set("Vary", "Accept-Encoding")
		if bytes.Contains(c.Request.Header.Peek("Accept-Encoding"), []byte("gzip")) {
			head.SetContentEncoding("gzip")
			from = gzipped
		}
		body, ok := from[string(c.Path())]
		if !ok {
			c.NotFound()
			return
		}
		c.Response.SetBodyRaw(body)
	}
}

// plainMap is the least that an HTTP server written with net/http can do: bytes
// from a map, compressed beforehand for those who take them so.
func plainMap(pages, size int) http.Handler {
	type stored struct {
		body   []byte
		length []string
	}
	plain, gzipped := make(map[string]stored, pages), make(map[string]stored, pages)
	for i := range pages {
		body := page(i, 0, size)
		small := compress(body)
		plain[path(i)] = stored{body, []string{strconv.Itoa(len(body))}}
		gzipped[path(i)] = stored{small, []string{strconv.Itoa(len(small))}}
	}
	html, coding, vary := []string{"text/html; charset=utf-8"}, []string{"gzip"}, []string{"Accept-Encoding"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head, from := w.Header(), plain
		head["Content-Type"], head["Vary"] = html, vary
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			head["Content-Encoding"], from = coding, gzipped
		}
		p, ok := from[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		head["Content-Length"] = p.length
		_, _ = w.Write(p.body)
	})
}

// recorded is what h answers, from a map, with every field of its header.
func recorded(h http.Handler, pages int) http.Handler {
	plain, gzipped := make(map[string]*httptest.ResponseRecorder, pages), make(map[string]*httptest.ResponseRecorder, pages)
	for i := range pages {
		for coding, into := range map[string]map[string]*httptest.ResponseRecorder{"": plain, "gzip": gzipped} {
			r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, path(i), nil)
			r.Header.Set("Accept-Encoding", coding)
			into[path(i)] = httptest.NewRecorder()
			h.ServeHTTP(into[path(i)], r)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from := plain
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			from = gzipped
		}
		answer, ok := from[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		maps.Copy(w.Header(), answer.HeaderMap) //nolint:staticcheck // Result would make a copy for each
		_, _ = w.Write(answer.Body.Bytes())
	})
}

// librarySite is a site with all pages rendered into memory.
func librarySite(ctx context.Context, pages, size int, memory int64) (*reprint.Site, error) {
	site, err := reprint.New(reprint.Options{Memory: memory, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	listing := func(context.Context) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for i := range pages {
				if !yield(path(i), nil) {
					return
				}
			}
		}
	}
	post := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i, err := strconv.Atoi(r.PathValue("id"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page(i, 0, size))
	})
	if err := site.Handle("/posts/{id}", post, reprint.Policy{Prerender: listing}); err != nil {
		return nil, err
	}
	return site, site.Prerender(ctx, nil)
}
