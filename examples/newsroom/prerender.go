package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/reprint-go/reprint"
)

// prerender prints every listed page that is not there yet, so that no visitor
// waits for the slow data. A line on stdout tells how far it is.
func (n *newsroom) prerender(ctx context.Context, stdout io.Writer) {
	live := isTerminal(stdout)
	begin := time.Now()
	var last reprint.Progress
	err := n.site.Prerender(ctx, func(p reprint.Progress) {
		last = p
		if live {
			fmt.Fprintf(stdout, "\r  printing ahead: %d of %d pages ", p.Done(), p.Listed)
		}
	})
	if live {
		fmt.Fprint(stdout, "\r")
	}
	fmt.Fprintf(stdout, "  %d pages printed ahead in %v, %d were there already\n",
		last.Rendered, time.Since(begin).Round(100*time.Millisecond), last.Skipped)
	if err != nil && ctx.Err() == nil {
		slog.Error("not every page could be printed ahead; the others are at their first visit", "err", err)
	}
}

// isTerminal reports whether somebody watches w, so that a line may be written
// over.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
