package content

import (
	"errors"
	"fmt"
)

// Item is what posts, products and events have in common.
type Item struct {
	ID      int64  // zero until it is saved
	Topic   string // a post's section, a product's shelf, an event's kind
	Title   string
	Summary string // one line
	Body    string // paragraphs, with an empty line between them
	Visible bool   // readers can see it
}

// Kind is what kind of thing something is.
type Kind string

// The kinds.
const (
	KindPost    Kind = "post"
	KindProduct Kind = "product"
	KindEvent   Kind = "event"

	KindAuthor Kind = "author" // of a [Change]; an author is no item
)

// Kinds lists the kinds of items in the order in which people see them.
var Kinds = []Kind{KindPost, KindProduct, KindEvent}

// Valid reports whether k is one of [Kinds].
func (k Kind) Valid() bool { return k == KindPost || k == KindProduct || k == KindEvent }

// Tag names the item, as in "post:42".
func (k Kind) Tag(id int64) string { return fmt.Sprintf("%s:%d", k, id) }

// ListTag names every list of items of the kind, as in "type:post".
func (k Kind) ListTag() string { return "type:" + string(k) }

// Path is where the item's page is, as in "/posts/42".
func (k Kind) Path(id int64) string { return fmt.Sprintf("/%ss/%d", k, id) }

// ErrNotFound is in the error of a look-up when there is no such item, or none
// that this view may see.
var ErrNotFound = errors.New("no such item")

// Record is a *[Post], a *[Product] or an *[Event].
type Record interface {
	Kind() Kind
	Common() *Item

	// lists names the lists that show the record while it is visible.
	lists() []string
	// order is what decides where in those lists it stands.
	order() string
	// insert and update return the statement that writes the record and its
	// arguments; update's last one is the ID.
	insert() (string, []any)
	update() (string, []any)
}
