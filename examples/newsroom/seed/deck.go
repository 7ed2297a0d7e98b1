package seed

import (
	"math/rand/v2"
	"slices"
)

// deck deals out its cards in a random order and is shuffled again when none is
// left, so that neighbours differ although everything is used.
type deck[T any] struct {
	rng   *rand.Rand
	cards []T
	next  int
}

func newDeck[T any](rng *rand.Rand, cards ...T) *deck[T] {
	return &deck[T]{rng: rng, cards: slices.Clone(cards), next: len(cards)}
}

func (d *deck[T]) deal() T {
	if d.next == len(d.cards) {
		d.rng.Shuffle(len(d.cards), func(i, j int) { d.cards[i], d.cards[j] = d.cards[j], d.cards[i] })
		d.next = 0
	}
	d.next++
	return d.cards[d.next-1]
}
