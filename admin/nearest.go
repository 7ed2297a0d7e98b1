package admin

import "strings"

// nearest returns the one of known that name was probably meant to be; nothing
// when none is near.
func nearest(name string, known []string) string {
	best, bestDistance := "", 0
	for _, k := range known {
		if len(name) > 2*len(k)+2 {
			continue // so that a long name costs nothing
		}
		d := distance(strings.ToLower(name), strings.ToLower(k))
		if d <= 1+len(k)/4 && (best == "" || d < bestDistance) {
			best, bestDistance = k, d
		}
	}
	return best
}

// distance counts the bytes to insert, drop or replace to make b of a, after
// Levenshtein.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
