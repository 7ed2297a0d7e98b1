// Package spell finds what a misspelt name was probably meant to be.
package spell

import "strings"

// longest is the longest name that is compared, so that what a stranger sends
// costs little.
const longest = 64

// Nearest returns the one of names that misspelt was probably meant to be, or "".
// Case, hyphens and underscores count for nothing.
func Nearest(misspelt string, names []string) string {
	if len(misspelt) > longest {
		return ""
	}
	wrong := plain(misspelt)
	best, bestCost := "", 3
	for _, name := range names {
		right := plain(name)
		cost := Distance(wrong, right)
		// Two letters out of four are another word.
		if cost < bestCost && cost*3 <= max(len(wrong), len(right)) {
			best, bestCost = name, cost
		}
	}
	return best
}

// plain removes what people write differently.
func plain(name string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name))
}

// Distance is how many bytes must be added, removed, changed or exchanged with
// their neighbour to make b of a. Its time grows with the product of their lengths.
func Distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := range len(a) {
		for j := range len(b) {
			cost := rows[i][j]
			if a[i] != b[j] {
				cost++
			}
			cost = min(cost, rows[i][j+1]+1, rows[i+1][j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				cost = min(cost, rows[i-1][j-1]+1)
			}
			rows[i+1][j+1] = cost
		}
	}
	return rows[len(a)][len(b)]
}
