// Seed is on-demand revalidation in its smallest form: posts that are printed
// once and served like files, and an API route that prints one of them again.
//
//	MY_SECRET_TOKEN=tell-nobody-48c1 go run ./examples/seed
//
//	curl http://127.0.0.1:8080/posts/42    # printed at 10:00:00.000000, however often you ask
//	curl 'http://127.0.0.1:8080/api/revalidate?secret=tell-nobody-48c1&id=42'
//	curl http://127.0.0.1:8080/posts/42    # printed anew
//
// The handler is written out to be read beside the one that inspired it. Package
// hook has it ready made, with what a hand-written one lacks.
package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/reprint-go/reprint"
)

const address = "127.0.0.1:8080"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Getenv("MY_SECRET_TOKEN")); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, token string) error {
	site, err := reprint.New(reprint.Options{})
	if err != nil {
		return err
	}
	handler, err := newHandler(site, http.HandlerFunc(post), token)
	if err != nil {
		return err
	}
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	log.Printf("serving http://%s/posts/42", address)

	select {
	case err = <-ended:
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(err, server.Shutdown(ctx), site.Shutdown(ctx))
}

// newHandler makes the posts of page static and adds the API route that prints
// them again.
func newHandler(site *reprint.Site, page http.Handler, token string) (http.Handler, error) {
	if token == "" {
		return nil, errors.New("MY_SECRET_TOKEN is not set: without it anybody could revalidate; make one with: openssl rand -hex 32")
	}
	if err := site.Handle("/posts/{id}", page, reprint.Policy{}); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/api/revalidate", revalidate(site, token))
	mux.Handle("/", site)
	return mux, nil
}

// post is the page at /posts/{id}, a plain handler. That the time on it stands
// still is how one sees that the page is static.
func post(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, "<!doctype html><title>Post %s</title><h1>Post %[1]s</h1><p>Printed at %s.\n",
		html.EscapeString(r.PathValue("id")), time.Now().Format("15:04:05.000000"))
}
