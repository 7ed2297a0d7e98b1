//go:build race

package reprint_test

// underRace says that the race detector watches: SQLite then runs some fifty
// times slower, and what is counted in hundreds of thousands is run again
// without it (see .ci/run).
const underRace = true
