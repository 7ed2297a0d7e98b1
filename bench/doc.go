// Package bench measures Reprint beside what it could be replaced with. It is a
// module of its own, so that what it needs is not what Reprint needs.
//
//	cd bench && go test -run '^$' -bench . -benchtime 3s -count 5
//
// docs/performance.md has the figures and how to read them.
package bench
