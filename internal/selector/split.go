package selector

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// part is a compound as it is written, and the combinator before it.
type part struct {
	combinator byte
	compound   string
}

const blanks = " \t\r\n\f"

// split takes a selector apart at its commas and combinators. What is between them may
// still be no selector.
func split(text string) ([][]part, error) {
	var chains [][]part
	var parts []part
	combinator := byte(0)
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case strings.IndexByte(blanks, c) >= 0:
			if combinator == 0 && len(parts) > 0 {
				combinator = ' '
			}
			i++
		case c == '>' || c == '+' || c == '~':
			if combinator != 0 && combinator != ' ' || len(parts) == 0 {
				return nil, fmt.Errorf("has nothing before a %q", c)
			}
			combinator = c
			i++
		case c == ',':
			if err := ended(parts, combinator); err != nil {
				return nil, err
			}
			chains, parts, combinator = append(chains, parts), nil, 0
			i++
		default:
			end, err := compoundEnd(text, i)
			if err != nil {
				return nil, err
			}
			parts, combinator = append(parts, part{combinator, text[i:end]}), 0
			i = end
		}
	}
	return append(chains, parts), ended(parts, combinator)
}

// ended checks the end of a chain.
func ended(parts []part, combinator byte) error {
	switch {
	case len(parts) == 0:
		return errors.New("has nothing before or after a comma, or is empty")
	case combinator != 0 && combinator != ' ':
		return fmt.Errorf("has nothing after a %q", combinator)
	}
	return nil
}

// compoundEnd returns where the compound ends that begins at text[i].
func compoundEnd(text string, i int) (int, error) {
	for i < len(text) && strings.IndexByte(blanks+">+~,", text[i]) < 0 {
		end, err := unitEnd(text, i)
		if err != nil {
			return 0, err
		}
		i = end
	}
	return i, nil
}

// unitEnd returns where the unit ends that begins at text[i]: an escape, a quoted text,
// what is in brackets, or a byte.
func unitEnd(text string, i int) (int, error) {
	switch text[i] {
	case '\\':
		return escapeEnd(text, i), nil
	case '"', '\'':
		return closing(text, i, text[i], func(j int) (int, error) {
			if text[j] == '\\' {
				return escapeEnd(text, j), nil
			}
			return j + 1, nil
		})
	case '[':
		return closing(text, i, ']', func(j int) (int, error) { return unitEnd(text, j) })
	case '(':
		return closing(text, i, ')', func(j int) (int, error) { return unitEnd(text, j) })
	}
	return i + 1, nil
}

// closing returns the index behind the byte that closes what text[i] opens; next steps
// over what is between.
func closing(text string, i int, with byte, next func(int) (int, error)) (int, error) {
	for j := i + 1; j < len(text); {
		if text[j] == with {
			return j + 1, nil
		}
		end, err := next(j)
		if err != nil {
			return 0, err
		}
		j = end
	}
	return 0, fmt.Errorf("has a %q and no %q after it", text[i], with)
}

// escapeEnd returns where an escape ends: a byte, or up to six hexadecimal digits with
// a blank that belongs to them.
func escapeEnd(text string, i int) int {
	end := i + 1
	for end < len(text) && end < i+7 && strings.IndexByte("0123456789abcdefABCDEF", text[end]) >= 0 {
		end++
	}
	switch {
	case end == i+1:
		end++
	case strings.HasPrefix(text[end:], "\r\n"):
		end += 2
	case end < len(text) && strings.IndexByte(blanks, text[end]) >= 0:
		end++
	}
	return min(end, len(text))
}

// Pseudo-classes that say something of a page that nobody is looking at.
var (
	plainPseudo = []string{
		"root", "empty", "link", "enabled", "disabled", "checked",
		"first-child", "last-child", "only-child", "first-of-type", "last-of-type", "only-of-type",
	}
	valuePseudo    = []string{"nth-child", "nth-last-child", "nth-of-type", "nth-last-of-type", "lang", "contains"}
	selectorPseudo = []string{"not", "has"}
)

// checkPseudo checks the pseudo-classes of a compound; nested says that it stands in the
// brackets of one.
func checkPseudo(compound string, nested bool) error {
	for i := 0; i < len(compound); {
		end, err := unitEnd(compound, i)
		if err != nil {
			return err
		}
		if compound[i] == ':' {
			name := pseudoName(compound[end:])
			end += len(name)
			if end, err = pseudoEnd(compound, end, name, nested); err != nil {
				return err
			}
		}
		i = end
	}
	return nil
}

func pseudoName(text string) string {
	end := strings.IndexFunc(text, func(r rune) bool {
		return r != '-' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	if end < 0 {
		return text
	}
	return text[:end]
}

// pseudoEnd checks the pseudo-class of that name and returns where it ends, brackets
// included, if its name ends at compound[i].
func pseudoEnd(compound string, i int, name string, nested bool) (int, error) {
	lower := strings.ToLower(name)
	takesSelectors := slices.Contains(selectorPseudo, lower)
	switch {
	case slices.Contains(plainPseudo, lower):
		return i, nil
	case !takesSelectors && !slices.Contains(valuePseudo, lower):
		return 0, fmt.Errorf("has %q, which is none of :%s(), :%s(), :%s",
			":"+name, strings.Join(selectorPseudo, "(), :"), strings.Join(valuePseudo, "(), :"), strings.Join(plainPseudo, ", :"))
	case i == len(compound) || compound[i] != '(':
		return 0, fmt.Errorf("has :%s without brackets", name)
	case nested:
		return 0, fmt.Errorf("has :%s in the brackets of another", name)
	}
	end, err := unitEnd(compound, i)
	if err != nil || !takesSelectors {
		return end, err
	}
	return end, checkWithin(compound[i+1 : end-1])
}

// checkWithin checks the selectors in the brackets of a pseudo-class.
func checkWithin(text string) error {
	chains, err := split(text)
	if err != nil {
		return err
	}
	for _, parts := range chains {
		if len(parts) > 1 {
			return fmt.Errorf("has %q in brackets, where no combinators are taken", text)
		}
		if err := checkPseudo(parts[0].compound, true); err != nil {
			return err
		}
	}
	return nil
}
