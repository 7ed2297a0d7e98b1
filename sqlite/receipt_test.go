package sqlite_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

const day = 24 * 60 // minutes

func saveReceipt(t *testing.T, s *sqlite.Store, id string) {
	t.Helper()
	if err := s.SaveReceipt(t.Context(), &reprint.Receipt{ID: id, At: epoch}); err != nil {
		t.Fatal(err)
	}
}

// wantReceipts checks which are kept, the newest first.
func wantReceipts(t *testing.T, s *sqlite.Store, want ...string) {
	t.Helper()
	list, err := s.Receipts(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range list {
		got = append(got, r.ID)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("the receipts are %q, want %q", got, want)
	}
}

func TestReceiptsAreKeptForATime(t *testing.T) {
	for keep, minutes := range map[time.Duration]int{0: 30 * day, time.Hour: 60} {
		path := storePath(t)
		s := open(t, path, sqlite.Options{KeepReceipts: keep})
		var c clock
		s.SetNow(c.now)
		saveReceipt(t, s, "a")
		c.minutes = 1
		saveReceipt(t, s, "b")
		c.minutes = 2
		saveReceipt(t, s, "a") // its pages are done: it is as old as before
		saveReceipt(t, s, "c")
		c.minutes = minutes
		saveReceipt(t, s, "d")
		wantReceipts(t, s, "d", "c", "b", "a")
		c.minutes = minutes + 1
		saveReceipt(t, s, "e")
		wantReceipts(t, s, "e", "d", "c", "b")
		closeStore(t, s)
		s = open(t, path, sqlite.Options{KeepReceipts: keep})
		c.minutes = 5 * minutes
		s.SetNow(c.now)
		wantReceipts(t, s, "e", "d", "c", "b")
		saveReceipt(t, s, "f")
		wantReceipts(t, s, "f")
	}
}

func TestTheNumberOfReceiptsIsRightAfterSomeWereTooOld(t *testing.T) {
	const most = 1000
	s := open(t, storePath(t), sqlite.Options{MaxReceipts: most})
	var c clock
	s.SetNow(c.now)
	saveReceipt(t, s, "old")
	c.minutes = 40 * day
	for i := range most + 1 {
		saveReceipt(t, s, fmt.Sprint(i))
	}
	for id, want := range map[string]bool{"old": false, "0": false, "1": true, fmt.Sprint(most): true} {
		if r, err := s.Receipt(t.Context(), id); err != nil || (r != nil) != want {
			t.Errorf("receipt %s: %v, error %v; kept should be %v", id, r, err, want)
		}
	}
}

func TestAClockThatIsSetBackForgetsNoReceipt(t *testing.T) {
	s := open(t, storePath(t), sqlite.Options{})
	c := clock{minutes: 40 * day}
	s.SetNow(c.now)
	saveReceipt(t, s, "a")
	c.minutes = 0
	saveReceipt(t, s, "b")
	wantReceipts(t, s, "b", "a")
	c.minutes = 41 * day
	saveReceipt(t, s, "c") // b is too old, but a before it is not
	wantReceipts(t, s, "c", "b", "a")
}
