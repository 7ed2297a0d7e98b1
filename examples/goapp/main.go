// Goapp is an ordinary web application: posts in memory, a page for each, a page
// that lists them, and an editor. It does not import Reprint. It stands behind
// "reprint serve", says with a header what its pages depend on, and calls one URL
// after an edit; docs/getting-started/go.md takes it from there.
//
// It is slow on purpose (-slow), as an application with a database is. Its editor
// asks nobody who they are.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:3000", "where to listen, `host:port`")
	admin := flag.String("reprint", "http://127.0.0.1:8081", "`URL` of Reprint's admin API, used if REPRINT_TOKEN is set")
	slow := flag.Duration("slow", 100*time.Millisecond, "how long a page takes")
	flag.Parse()

	a := &app{posts: newPosts(), slow: *slow}
	if token := os.Getenv("REPRINT_TOKEN"); token != "" {
		a.reprint = &reprintAPI{url: *admin, token: token}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *listen, a.handler()); err != nil {
		log.Fatal(err)
	}
}

// serve serves until ctx ends.
func serve(ctx context.Context, listen string, h http.Handler) error {
	server := &http.Server{Addr: listen, Handler: h, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	log.Printf("serving http://%s", listen)

	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return server.Close()
}
