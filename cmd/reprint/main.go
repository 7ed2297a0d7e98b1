// Command reprint serves a site in front of an HTTP origin, and is the command
// line with which a running server is asked and told things.
//
//	reprint serve --origin http://127.0.0.1:3000
//	reprint revalidate /posts/42
//	reprint explain /posts/42
//
// See docs/cli.md for every command. This is the only package where the adapters
// of Reprint meet.
package main

import (
	"context"
	"os"
	_ "time/tzdata" // times of day are somewhere, also on a machine that knows no zones
)

func main() {
	ctx, stop := interruptible(context.Background())
	code := run(ctx, system(), os.Args[1:])
	stop()
	os.Exit(code)
}
