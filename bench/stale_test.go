package bench

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

// storedPages is how many pages the store of BenchmarkStale has: REPRINT_BENCH_PAGES, or
// 20,000. One in a hundred carries the tag "some".
func storedPages(b *testing.B) int {
	n, err := strconv.Atoi(os.Getenv("REPRINT_BENCH_PAGES"))
	if os.Getenv("REPRINT_BENCH_PAGES") == "" {
		return 20_000
	}
	if err != nil {
		b.Fatal(err)
	}
	return n
}

const some = 100

func fillStore(b *testing.B, store *sqlite.Store, n int) {
	var g errgroup.Group
	g.SetLimit(256)
	for i := range n {
		g.Go(func() error {
			path := fmt.Sprintf("/p/%d", i)
			p := &reprint.Page{
				Key: reprint.Key{Path: path}, Route: "/p/{id}", Status: http.StatusOK, Header: http.Header{"Content-Type": {"text/html"}},
				Body: fmt.Appendf(nil, "<!doctype html><title>%s</title>%500s", path, ""), Tags: []string{"path " + path, "prefix /", "prefix /p/", "route /p/{id}", "site *"},
				RenderedAt: time.Now().UTC().Truncate(time.Microsecond), ModifiedAt: time.Now().UTC().Truncate(time.Second), Cause: "prerender",
			}
			if i%some == 0 {
				p.Tags = append(p.Tags, "some")
			}
			p.Sum = sha256.Sum256(p.Body)
			_, err := store.Put(context.Background(), p)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkStale is a call in mode stale for a tag that one page in a hundred carries,
// beside an entry of the journal alone and beside a call for a tag that no page carries,
// and hits before, during and after such calls.
func BenchmarkStale(b *testing.B) {
	store := openStore(b)
	n := storedPages(b)
	fillStore(b, store, n)
	site := open(b, reprint.Options{Store: store})
	handle := func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.Atoi(r.PathValue("id"))
		if id%some == 0 {
			reprint.Tag(r.Context(), "some")
		}
		fmt.Fprintf(w, "<!doctype html><title>%s</title>%500s", r.URL.Path, "")
	}
	if err := site.Handle("/p/{id}", http.HandlerFunc(handle), reprint.Policy{}); err != nil {
		b.Fatal(err)
	}
	// What a call does behind its answer, to list its pages, is waited for between calls.
	call := func(b *testing.B, tag string) {
		for b.Loop() {
			receipt, err := site.Apply(b.Context(), reprint.Revalidation{Tags: []string{tag}, Mode: reprint.Stale})
			b.StopTimer()
			for err == nil && receipt.Running {
				time.Sleep(time.Millisecond)
				receipt, err = site.Receipt(b.Context(), receipt.ID)
			}
			if err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	}
	visit := func(b *testing.B, first int) {
		w := &discard{header: http.Header{}}
		requests := make([]*http.Request, 100)
		for i := range requests {
			requests[i], _ = http.NewRequest(http.MethodGet, fmt.Sprintf("/p/%d", first+i*some), http.NoBody)
			clear(w.header)
			site.ServeHTTP(w, requests[i]) // it comes into memory
		}
		for i := 0; b.Loop(); i++ {
			clear(w.header)
			site.ServeHTTP(w, requests[i%len(requests)])
		}
	}
	b.Run("hit/before", func(b *testing.B) { visit(b, 1) })
	b.Run("entry", func(b *testing.B) {
		for b.Loop() {
			if _, err := store.Append(b.Context(), reprint.Entry{ID: "x", Time: time.Now(), Mode: reprint.Stale, Tags: []string{"other"}}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("call/none", func(b *testing.B) { call(b, "none") })
	b.Run("call/some", func(b *testing.B) { call(b, "some") })
	b.Run("hit/during", func(b *testing.B) {
		var ended atomic.Bool
		done := make(chan struct{})
		go func() {
			defer close(done)
			for !ended.Load() {
				_, _ = site.Apply(context.Background(), reprint.Revalidation{Tags: []string{"some"}, Mode: reprint.Stale})
				time.Sleep(10 * time.Millisecond)
			}
		}()
		visit(b, 1)
		ended.Store(true)
		<-done
	})
	b.Run("hit/after", func(b *testing.B) { visit(b, 1) })
	b.Run("hit/after/named", func(b *testing.B) { visit(b, 0) })
}
