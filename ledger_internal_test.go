package reprint

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// names reports whether an entry names a page.
func names(e Entry, p *Page) bool { return len(e.Naming(p.Tags)) > 0 }

// The ledger against the journal itself: whatever was appended and compacted, a
// page that the ledger calls current is one that no entry above its stamp names.
func TestTheLedgerAgreesWithTheWholeJournal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLedger(Summary{})
		var journal []Entry
		var pages []*Page
		tags := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				e := Entry{Position: Position(len(journal) + 1), Mode: Mode(rapid.IntRange(0, 3).Draw(t, "mode")),
					Tags: rapid.SliceOfNDistinct(tags, 1, 2, rapid.ID).Draw(t, "tags")}
				if rapid.Bool().Draw(t, "compound") {
					e.Tags = append(e.Tags, compoundTag(rapid.SliceOfNDistinct(tags, 2, 3, rapid.ID).Draw(t, "members")))
				}
				journal = append(journal, e)
				l.apply(e)
			},
			"render": func(t *rapid.T) {
				pages = append(pages, &Page{Stamp: l.pos(), Tags: rapid.SliceOfNDistinct(tags, 1, 3, rapid.ID).Draw(t, "tags")})
			},
			"check": func(t *rapid.T) {
				for _, p := range pages {
					since := max(p.Stamp, p.Checked)
					if l.untouched(placesOf(l, p.Tags), since) && slices.ContainsFunc(journal[since:], func(e Entry) bool { return names(e, p) }) {
						t.Fatalf("the tags %v are not named since %d, says the ledger", p.Tags, since)
					}
					if l.standing(packTags(p.Tags), 0, max(p.Stamp, p.Checked)).current {
						p.Checked = l.pos()
					}
				}
			},
			"compact": func(t *rapid.T) {
				l.compact(Position(rapid.IntRange(0, len(journal)).Draw(t, "upTo")))
			},
			"": func(t *rapid.T) {
				for _, p := range pages {
					checked := max(p.Stamp, p.Checked)
					got := l.standing(packTags(p.Tags), 0, checked)
					want := standing{current: true}
					for _, e := range journal[p.Stamp:] {
						if names(e, p) {
							want.current = false
							want.expired = want.expired || e.Mode == Expire || e.Mode == Delete
							want.deleted = want.deleted || e.Mode == Delete
						}
					}
					forgotten := checked < l.floor
					if got.current && !want.current {
						t.Fatalf("page %+v is called current, and is not", p)
					}
					if !forgotten && (got.current != want.current || got.expired != want.expired || got.deleted != want.deleted) {
						t.Fatalf("page %+v stands %+v, want %+v", p, got, want)
					}
				}
			},
		})
	})
}

// Readers that look at the position first and then at the table must never find
// a page current at a position whose entry names it. It is what "the table
// changes first, the position second" is for.
func TestAPageIsNeverCheckedPastAnEntryThatNamesIt(t *testing.T) {
	l := newLedger(Summary{})
	s := &Site{ledger: l}
	for round := range 3000 {
		tag := fmt.Sprintf("t%d", round%7)
		e := newEntry(&Page{Stamp: l.pos(), Tags: []string{tag}})
		stop := make(chan struct{})
		var readers sync.WaitGroup
		for range 2 {
			readers.Go(func() {
				for {
					s.standing(e)
					select {
					case <-stop:
						return
					default:
					}
				}
			})
		}
		l.apply(Entry{Position: l.pos() + 1, Tags: []string{tag}})
		if s.standing(e).current {
			t.Fatalf("round %d: the page is current after the entry came into force", round)
		}
		close(stop)
		readers.Wait()
		if s.standing(e).current {
			t.Fatalf("round %d: the page became current again", round)
		}
	}
}

// Many appenders, each of whose entries is in force when its append returns,
// whatever the order in which they come.
func TestEntriesComeIntoForceInOrder(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Shutdown(t.Context()) }()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				p, err := s.append(t.Context(), Entry{Tags: []string{"a"}})
				if err != nil || s.ledger.pos() < p {
					t.Errorf("appended at %d, in force up to %d, %v", p, s.ledger.pos(), err)
				}
			}
		})
	}
	// Another process appends to the same journal.
	all.Go(func() {
		for range 200 {
			if _, err := s.journal.Append(t.Context(), Entry{Tags: []string{"b"}}); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
	p, err := s.append(t.Context(), Entry{Tags: []string{"c"}})
	if err != nil || p != 1801 || s.ledger.pos() != p || s.ledger.need([]string{"b"}) == 0 {
		t.Errorf("position %d, in force %d, b at %d, %v", p, s.ledger.pos(), s.ledger.need([]string{"b"}), err)
	}
}

func TestALargeLedgerIsCompactedAndForgetsNoStalePage(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Shutdown(t.Context()) }()
	put := func(path string, tag string) {
		if _, err := s.store.Put(t.Context(), &Page{Key: Key{Path: path}, Status: 200, Tags: []string{tag}, Stamp: s.ledger.pos()}); err != nil {
			t.Fatal(err)
		}
	}
	put("/current", "x")
	put("/stale", "tag 7")
	for i := range maxMarks {
		if _, err := s.append(t.Context(), Entry{Tags: []string{fmt.Sprintf("tag %d", i)}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.append(t.Context(), Entry{Tags: []string{"the last"}}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); s.compacting.Load() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if n := s.ledger.size(); n > 1 {
		t.Errorf("%d marks are left", n)
	}
	for path, want := range map[string]bool{"/current": true, "/stale": false} {
		if _, st, err := s.lookup(t.Context(), Key{Path: path}); err != nil || st.current != want {
			t.Errorf("%s: current is %v", path, st.current)
		}
	}
}

func placesOf(l *ledger, tags []string) (places []uint16) {
	for _, tag := range tags {
		places = append(places, l.placeOf(tag))
	}
	return places
}

// What a ledger that was read anew does not know it does not say.
func TestALedgerThatWasReadAnewTakesEveryTagForNamed(t *testing.T) {
	l := newLedger(Summary{})
	l.apply(Entry{Position: 1, Tags: []string{"a"}})
	if !l.untouched(placesOf(l, []string{"b"}), 0) || l.untouched(placesOf(l, []string{"a"}), 0) {
		t.Error("it was a that was named, and not b")
	}
	l.reload(Summary{Position: 5, Marks: map[string]Mark{"b": {Any: 3}}})
	if l.untouched(placesOf(l, []string{"b"}), 2) || !l.untouched(placesOf(l, []string{"a"}), 5) {
		t.Error("what was named up to position 5 is not known")
	}
}
