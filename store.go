package reprint

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"
)

// Position is a place in the journal: 1, 2, 3 and so on. Zero is before the
// first entry. Positions order revalidations and renders; clocks never do.
type Position uint64

// Entry is one revalidation in the [Journal]. It names tags and nothing else:
// a path, a prefix and the whole site are implicit tags. A compound tag, which is "all "
// and a JSON array of tags, names the pages that carry each of these. An ID can have
// more than one entry.
type Entry struct {
	Position Position // set by the journal
	ID       string   // the receipt's id
	Time     time.Time
	Mode     Mode
	Tags     []string // not empty, sorted, without duplicates
	By       string   // who asked; empty when nobody said
}

// Naming returns those of e's tags that name a page which carries tags.
func (e Entry) Naming(tags []string) []string {
	carried := packTags(tags)
	return slices.DeleteFunc(slices.Clone(e.Tags), func(tag string) bool { return !carried.namedBy(tag) })
}

// namedBy reports whether a tag of the journal names a page that carries these.
func (l tagList) namedBy(tag string) bool {
	if members := compoundOf(tag); len(members) > 0 {
		return l.containsAll(members)
	}
	return l.contains(tag)
}

// Mark is what the journal last said of one tag. A field that is zero was never
// said.
type Mark struct {
	Any    Position  // the last entry that names the tag, whatever its mode
	Expire Position  // the last one of mode Expire or Delete
	Delete Position  // the last one of mode Delete
	At     time.Time // when Any was appended
}

// Summary is the journal compacted: the last position of each tag.
type Summary struct {
	Position Position // the last entry's position
	Floor    Position // nothing below is remembered: a page whose Checked is under it is not current
	Marks    map[string]Mark
}

// Add brings the summary to e's position. Every journal summarises by this rule.
func (s *Summary) Add(e Entry) {
	for _, tag := range e.Tags {
		m := s.Marks[tag]
		m.Any, m.At = e.Position, e.Time
		if e.Mode == Expire || e.Mode == Delete {
			m.Expire = e.Position
		}
		if e.Mode == Delete {
			m.Delete = e.Position
		}
		s.Marks[tag] = m
	}
	s.Position = e.Position
}

// ErrDamaged is in the error of [Store.Page] when a page was found and is not
// what was stored. The store has dropped it; the engine renders it again.
var ErrDamaged = errors.New("stored page is damaged")

// ErrFull is in the error of [Store.Put] and [Journal.Append] when there is no
// room: a full disk, a limit reached. Nothing was written.
var ErrFull = errors.New("store is full")

// Store keeps pages beyond the life of the process. All methods are safe for
// concurrent use and return when ctx ends, with its error; what a cancelled
// write left behind is either everything or nothing.
//
// Aliasing: pages passed in and handed out are immutable for both sides. A store
// may keep the pointer it was given.
//
// Durability: a durable store returns from Put and Delete when the change is on
// disk. Concurrent calls may share one sync.
//
// Package storetest is the executable form of this contract.
type Store interface {
	// Page returns the page stored under key, or nil and no error when there is
	// none. A page that fails its checksum is dropped and reported as an error
	// that wraps [ErrDamaged]. The page returned equals the page put: times to
	// the microsecond, headers with their values in order.
	Page(ctx context.Context, key Key) (*Page, error)

	// Put stores p, its tags and its body in one step, in place of any older
	// page of the key, and reports whether it did. It stores nothing and returns
	// false when the page that is there has a higher Stamp: an older render
	// never overwrites a newer one. Equal stamps replace. Nor does it when the page
	// that is there is held, its HeldUntil is after p.RenderedAt, and p is neither
	// held nor of the same RenderedAt. A store with limits
	// makes room by dropping pages, never this one nor one that is Pinned; when
	// there is no room it returns an error that wraps [ErrFull].
	Put(ctx context.Context, p *Page) (bool, error)

	// Delete removes the page of key if its Stamp is below before, with its
	// tags. Deleting what is not there is no error.
	Delete(ctx context.Context, key Key, before Position) error

	// Tagged yields the key of every stored page that carries tag, each once, in
	// no promised order. A page that is stored before the call and stays is
	// yielded; one that comes or goes meanwhile may be. The iteration holds no
	// lock that a write waits for. After an error it ends.
	Tagged(ctx context.Context, tag string) iter.Seq2[Key, error]

	// List returns pages that carry q.Tag, in the order of their keys as text
	// (byte by byte), those above q.After, at most q.Limit of them; fewer mean that
	// there are no more. A page that is stored before a sequence of calls that pass
	// on the last key and stays is returned exactly once. Bodies are not read: a
	// page whose body is damaged is listed, until Page finds it so; one that is
	// damaged otherwise is left out and stays for Page to find. Being listed is no
	// use of a page, where a store drops those that are not used. No write waits
	// for a list. A limit below 1 is an error.
	List(ctx context.Context, q ListQuery) ([]Listed, error)

	// Due returns pages whose Due is set and at or before until, soonest first,
	// at most limit of them.
	Due(ctx context.Context, until time.Time, limit int) ([]DuePage, error)
}

// ListQuery says which pages [Store.List] returns.
type ListQuery struct {
	Tag   string // empty: all pages
	After string // a [Key.String]; empty: from the first
	Limit int    // at least 1
}

// Listed is a page in a list.
type Listed struct {
	Page   *Page   // without Body
	Size   int64   // of the body, in bytes
	Visits float64 // a measure of how much it is visited, to compare: the more, the higher. A store that does not count says 0
}

// VisitStore is a [Store] that wants to know how often its pages are visited, so
// that it drops those first, for want of room, that are worth least. The engine
// looks for it once, in [New].
type VisitStore interface {
	Store
	// Visited notes visits since it was last called, of pages that were served from
	// memory as well; a key may be there more than once, or have no page any more. It
	// is called about once a minute, and what it was told may be lost in a crash.
	Visited(ctx context.Context, visits []Visit) error
}

// Visit is how often a page was visited.
type Visit struct {
	Key   Key
	Count int // at least 1
}

// EncodingStore is a [Store] that also keeps bodies in other content codings
// (RFC 9110, section 8.4), so that each content is compressed once. The engine
// looks for it once, in [New].
type EncodingStore interface {
	Store
	// Encodings returns the encodings that are kept of the body with that SHA-256, at
	// most one for each coding, in no promised order. One that is not what was
	// stored is dropped and left out.
	Encodings(ctx context.Context, sum [32]byte) ([]Encoding, error)

	// PutEncoding keeps e for as long as a page has the body with that SHA-256, in
	// place of any other of its coding. Where no page has it, or there is no room, it
	// keeps nothing, which is no error: an encoding can be made again. It makes no
	// room by dropping pages.
	PutEncoding(ctx context.Context, sum [32]byte, e Encoding) error
}

// Encoding is a body in a content coding.
type Encoding struct {
	Coding string // as in Content-Encoding: "gzip", "br", "zstd"
	Body   []byte
}

// VersionStore is a [Store] that keeps further versions of pages: those that were
// served before the present one, and those that were refused. The engine looks for it
// once, in [New].
//
// When [Store.Put] replaces a page whose ModifiedAt is another one, the page that was
// there becomes a version, in the same step; one that is found damaged does not. Of a key
// there are at most as many of these as the History of the page that was put last says;
// the oldest go first. [Store.Delete] makes no version and leaves those that there are.
//
// A version is no page: Tagged, List and Due do not know it, and it does not count where
// the number of pages is limited. It lives on when a page is dropped. Where bytes are
// short, versions go before any page, the oldest first, and a page that is put is stored
// without making one.
type VersionStore interface {
	Store
	// PutAside keeps p, which was refused for a reason, in place of any other that was
	// refused of its key. It leaves the page of the key and what was served as they are.
	// It makes room by dropping older versions and no pages: where there is none it
	// returns an error that wraps [ErrFull]. An empty reason is an error.
	PutAside(ctx context.Context, p *Page, reason string) error

	// Versions returns the versions of a key, the newest first, without bodies. What was
	// refused comes before all that were served. One that is found damaged is left out.
	Versions(ctx context.Context, key Key) ([]Version, error)

	// Versioned returns the keys of a path on a host, in whatever query and variant, of
	// which there are versions, in the order of their texts.
	Versioned(ctx context.Context, host, path string) ([]Key, error)

	// Aside returns versions that were refused, without bodies, in the order of their
	// IDs, those above after, at most limit of them; fewer mean that there are no more.
	// One that is found damaged is left out. A limit below 1 is an error.
	Aside(ctx context.Context, after int64, limit int) ([]Version, error)

	// Version returns a version with its body, or nil and no error when it is not kept.
	// One that fails its checksum is dropped and reported as an error that wraps
	// [ErrDamaged].
	Version(ctx context.Context, id int64) (*Version, error)

	// DeleteVersion forgets a version. One that is not there is no error.
	DeleteVersion(ctx context.Context, id int64) error
}

// Version is one of the contents that a page had, or was to have.
type Version struct {
	ID       int64     // above 0; no other has it, of no page and at no time. Newer ones have higher ones
	Page     *Page     // as it was stored
	Size     int64     // of the body, in bytes
	Replaced time.Time // when another content took its place, or when it was refused
	Refused  string    // why it was; empty: it was served
}

// DuePage is a page that asked to be rendered again at a moment.
type DuePage struct {
	Key Key
	Due time.Time
}

// Journal is the ordered, durable list of revalidations, with the receipts of
// what they did. All methods are safe for concurrent use. Others may append to
// the same journal: a position returned by Append may be more than one above
// the last one seen.
type Journal interface {
	// Append adds e and returns its position, which is above every position
	// returned before, also before a crash. When it returns without error the
	// entry is on disk (for a durable journal) and in every later Summary and
	// Entries. When it returns an error the entry may or may not be there; it is
	// never there in part.
	Append(ctx context.Context, e Entry) (Position, error)

	// Entries yields the entries above after in order of position. It yields an
	// error when some of them are no longer kept; then Summary tells where
	// things stand.
	Entries(ctx context.Context, after Position) iter.Seq2[Entry, error]

	// Summary returns the journal compacted. The caller owns the map.
	Summary(ctx context.Context) (Summary, error)

	// Compact forgets the marks whose Any is at or below upTo and raises the
	// floor to upTo. A journal that is also the [Store] first raises Checked of
	// every stored page that is current at upTo, so that the floor does not make
	// it stale; other pages under the floor are rendered at their next visit. A page
	// is not current there when a mark above its Checked is one of a tag that it
	// carries, or of a compound tag whose members it carries all.
	Compact(ctx context.Context, upTo Position) error

	// SaveReceipt stores r under its ID, in place of any earlier one. A journal
	// keeps a bounded number of receipts, at least the last 1,000 of those that it
	// is not told to forget earlier.
	SaveReceipt(ctx context.Context, r *Receipt) error

	// Receipt returns the receipt with that ID, or nil and no error when it is
	// not kept.
	Receipt(ctx context.Context, id string) (*Receipt, error)

	// Receipts returns receipts without their Pages, the one first that was saved
	// first most recently, at most limit of them, at least 1. before is the ID of the
	// last one of an earlier list; empty: from the newest. One that is not kept any
	// more ends the list.
	Receipts(ctx context.Context, before string, limit int) ([]*Receipt, error)

	// PutRecord keeps r, in place of any earlier one with its Kind and ID. When it
	// returns without error r is on disk (for a durable journal).
	PutRecord(ctx context.Context, r Record) error

	// DeleteRecord forgets a record. One that is not there is no error.
	DeleteRecord(ctx context.Context, kind, id string) error

	// Records returns all records of a kind, in the order of their IDs.
	Records(ctx context.Context, kind string) ([]Record, error)
}

// ReceiptJournal is a [Journal] that stores receipts together. The engine stores them one
// after the other where it is none.
type ReceiptJournal interface {
	Journal
	// SaveReceipts is SaveReceipt for several, in their order and in one step.
	SaveReceipts(ctx context.Context, receipts []*Receipt) error
}

// Record is something small that a site must not forget: what is planned, and what is
// half done. Sites keep few of them.
type Record struct {
	Kind  string // what it is, as the engine calls it
	ID    string // no other of its kind has it
	Value []byte // JSON, at most 1 MiB
}
