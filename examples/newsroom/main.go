// Newsroom is the quick start: a local paper with a shop and a programme of
// events, all of whose pages are static, and an editor that reprints exactly the
// pages that show what was changed.
//
//	go run ./examples/newsroom
//
// Read routes.go first: it is where the site meets Reprint. Then pages.go (the
// handlers, which know nothing of it but reprint.Tag and reprint.RevalidateAt),
// authors.go (what pages share, with reprint.Cached), desk.go (what happens after
// a save), content/change.go (which tags a change has) and newsroom.go (how it is
// all put together). docs/tags.md is the recipe.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	cfg, err := readConfig(os.Args[1:], os.Getenv, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		fmt.Fprintln(os.Stderr, "newsroom:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, cfg, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "newsroom:", err)
		stop()
		os.Exit(1)
	}
}
