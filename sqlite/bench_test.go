package sqlite_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

// BenchmarkPut stores pages of 1 kB and eight tags under keys of their own, by
// 256 callers at once.
func BenchmarkPut(b *testing.B) {
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "store.db"), sqlite.Options{Log: quiet})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var n atomic.Int64
	b.SetParallelism(256)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			path := fmt.Sprintf("/posts/%d", n.Add(1))
			p := page(path, 1, path+strings.Repeat(".", 1000),
				"site *", "route /posts/{id}", "path "+path, "prefix /", "prefix /posts/", "type:post", "post:"+path, "author:7")
			if _, err := s.Put(b.Context(), p); err != nil {
				b.Error(err)
			}
		}
	})
	stats := s.Stats()
	b.ReportMetric(float64(stats.Operations)/float64(stats.Commits), "puts/commit")
}

// BenchmarkReplace stores pages of 17 kB in the place of others, by 64 callers at once:
// with the same content, with another, and with another of which earlier ones are kept.
func BenchmarkReplace(b *testing.B) {
	for name, history := range map[string]int{"same": -1, "other": 0, "history": 10} {
		b.Run(name, func(b *testing.B) {
			s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "store.db"), sqlite.Options{Log: quiet})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			var n atomic.Int64
			b.SetParallelism(64)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					i := n.Add(1)
					path := fmt.Sprintf("/posts/%d", i%1000)
					p := page(path, reprint.Position(i), path+strings.Repeat(".", 17_000), "type:post", "post:"+path)
					if history >= 0 {
						p = page(path, reprint.Position(i), fmt.Sprint(i, strings.Repeat(".", 17_000)), "type:post", "post:"+path)
						p.ModifiedAt, p.History = epoch.Add(time.Duration(i)*time.Second), history
					}
					if _, err := s.Put(b.Context(), p); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

// BenchmarkPage reads pages of 17 kB.
func BenchmarkPage(b *testing.B) {
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "store.db"), sqlite.Options{Log: quiet})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	list := paths("/posts/%d", 1000)
	for _, path := range list {
		if _, err := s.Put(b.Context(), page(path, 1, path+strings.Repeat(".", 17_000), "type:post")); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for i := range b.N {
		if _, err := s.Page(b.Context(), key(list[i%len(list)])); err != nil {
			b.Fatal(err)
		}
	}
}
