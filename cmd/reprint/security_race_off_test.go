//go:build !race

package main_test

// raceDetector says that the tests, and so the program, run with the race
// detector.
const raceDetector = false
