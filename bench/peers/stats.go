package main

import (
	"bytes"
	"math"
	"os"
	"slices"
	"strings"
	"time"
)

// median is the middle of the values, or the mean of the two in the middle;
// of none it is not a number.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(values))
	middle := len(s) / 2
	if len(s)%2 == 1 {
		return s[middle]
	}
	return (s[middle-1] + s[middle]) / 2
}

// percentile is the smallest value that p percent of the values do not exceed.
func percentile(values []float64, p float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(p / 100 * float64(len(s))))
	return s[min(max(rank, 1), len(s))-1]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func firstLine(b []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(b), []byte("\n"))
	return string(bytes.TrimSpace(line))
}

// shown is a command as readers see it, without the directory of this run and
// that of this program.
func shown(dir string, args []string) string {
	text := strings.ReplaceAll(strings.Join(args, " "), dir, "$DIR")
	if self, err := os.Executable(); err == nil {
		text = strings.ReplaceAll(text, self, "peers")
	}
	return text
}
