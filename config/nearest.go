package config

import "strings"

// alternatives lists names as in "a, b and c".
func alternatives(names []string, and string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0]
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " " + and + " " + names[last]
}

// noneOf says that a value is not one of those allowed.
func noneOf(allowed []string) string {
	if len(allowed) == 1 {
		return "not " + allowed[0]
	}
	return "none of " + alternatives(allowed, "and")
}

// didYouMean ends a message with what was probably meant.
func didYouMean(v *value, allowed []string) string {
	if v.expanded {
		return ""
	}
	if near := nearest(v.text, allowed); near != "" {
		return "; did you mean " + near + "?"
	}
	return "; write one of them"
}

// nearest returns the name that was probably meant by a misspelt one, or "".
func nearest(misspelt string, names []string) string {
	if len(misspelt) > 40 {
		return ""
	}
	wrong := plain(misspelt)
	best, bestCost := "", 3
	for _, name := range names {
		right := plain(name)
		cost := distance(wrong, right)
		// Two letters out of four are another word.
		if cost < bestCost && cost*3 <= max(len(wrong), len(right)) {
			best, bestCost = name, cost
		}
	}
	return best
}

// plain removes what people write differently: case, hyphens, underscores.
func plain(name string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name))
}

// distance is how many letters must be added, removed or changed to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
