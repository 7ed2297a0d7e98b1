//go:build !race

package reprint_test

// underRace says that the race detector watches.
const underRace = false
