// Package bench measures Reprint beside what it could be replaced with. It is a
// module of its own, so that what it needs is not what Reprint needs.
//
//	cd bench && go test -run '^$' -bench . -benchtime 3s -count 5
//
// The benchmarks here are of the engine in one process. bench/peers puts load on
// whole servers, Reprint and others:
//
//	cd bench && go run ./peers -help
//
// docs/performance.md has the figures and how to read them.
package bench
