// Package selector finds out whether a page of HTML has an element that a CSS
// selector names, in time and memory that grow with the page and no faster.
//
// What stands between two combinators is github.com/andybalholm/cascadia's to read
// and to match. The combinators are followed here. Cascadia goes back for each of
// them: a chain of n takes a time that grows with the nth power of the depth of the
// tree, and the tree is a stranger's. Here it is one walk.
package selector

import (
	"errors"
	"fmt"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Limits of a selector.
const (
	MaxLength = 1000 // bytes
	maxSteps  = 32   // of a chain; bits of places
)

// Selector is one or more chains, with commas between them.
type Selector struct {
	text   string
	chains []chain
}

// chain is a selector without comma: compounds with combinators between them.
type chain []step

// step is a compound, such as a.button[href], and the combinator before it: ' ', '>',
// '+' or '~'; 0 before the first.
type step struct {
	combinator byte
	compound   cascadia.Sel
}

// Parse reads a selector. Its error is the end of a sentence that begins with the
// selector. Of pseudo-classes it takes those that say something of a page that nobody
// is looking at; in their brackets there are neither combinators nor further brackets.
func Parse(text string) (*Selector, error) {
	if len(text) > MaxLength {
		return nil, fmt.Errorf("is longer than %d bytes", MaxLength)
	}
	chains, err := split(text)
	if err != nil {
		return nil, err
	}
	s := &Selector{text: text}
	for _, parts := range chains {
		c, err := parseChain(parts)
		if err != nil {
			return nil, err
		}
		s.chains = append(s.chains, c)
	}
	return s, nil
}

func parseChain(parts []part) (chain, error) {
	if len(parts) > maxSteps {
		return nil, fmt.Errorf("is a chain of more than %d", maxSteps)
	}
	var c chain
	for _, p := range parts {
		if err := checkPseudo(p.compound, false); err != nil {
			return nil, err
		}
		compound, err := cascadia.Parse(p.compound)
		if err != nil {
			return nil, fmt.Errorf("has %q, which is no selector: %w", p.compound, err)
		}
		c = append(c, step{p.combinator, compound})
	}
	return c, nil
}

// String returns the selector as it was written.
func (s *Selector) String() string { return s.text }

// ErrGivenUp says that a search was given up.
var ErrGivenUp = errors.New("the search was given up")

// In reports whether an element below root matches. What is in a template is not in the
// page. goOn is asked before each element whether to go on, and the error is ErrGivenUp
// if not; between two questions each element is looked at once per part of the selector
// at most.
func (s *Selector) In(root *html.Node, goOn func() bool) (bool, error) {
	for _, c := range s.chains {
		w := walk{chain: c, goOn: goOn}
		w.children(root, 0, 0)
		switch {
		case w.found:
			return true, nil
		case w.givenUp:
			return false, ErrGivenUp
		}
	}
	return false, nil
}

// places are where in a chain an element stands: bit i says that it matches the first
// i+1 steps.
type places uint32

// leading are the places from which a combinator leads to an element.
type leading struct {
	parent, ancestors places // '>' and ' '
	previous, earlier places // '+' and '~'
}

func (l leading) by(combinator byte) places {
	switch combinator {
	case '>':
		return l.parent
	case '+':
		return l.previous
	case '~':
		return l.earlier
	}
	return l.ancestors
}

// walk is one walk through a tree for a chain.
type walk struct {
	chain          chain
	goOn           func() bool
	found, givenUp bool
}

// children visits what is below an element that stands at the places parent, with
// ancestors those of itself and all around it.
func (w *walk) children(n *html.Node, parent, ancestors places) {
	led := leading{parent: parent, ancestors: ancestors}
	for child := range n.ChildNodes() {
		if child.Type != html.ElementNode {
			continue
		}
		if w.givenUp = !w.goOn(); w.givenUp {
			return
		}
		here := w.match(child, led)
		if w.found = here&(1<<(len(w.chain)-1)) != 0; w.found {
			return
		}
		if child.DataAtom != atom.Template {
			w.children(child, here, ancestors|here)
		}
		if w.found || w.givenUp {
			return
		}
		led.previous, led.earlier = here, led.earlier|here
	}
}

// match returns where an element stands.
func (w *walk) match(n *html.Node, led leading) places {
	var here places
	for i, s := range w.chain {
		if (i == 0 || led.by(s.combinator)&(1<<(i-1)) != 0) && s.compound.Match(n) {
			here |= 1 << i
		}
	}
	return here
}
