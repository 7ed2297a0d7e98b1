// Package storetest is the contract of [reprint.Store] and [reprint.Journal] in
// executable form. A store has a test that is one call:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) storetest.Backend { ... })
//	}
//
// Each sentence of the contract is a sub-test that is named after it. Those of
// [reprint.VisitStore], [reprint.EncodingStore], [reprint.VersionStore] and
// [reprint.ReceiptJournal] run where it is one.
package storetest

import (
	"context"
	"testing"

	"github.com/reprint-go/reprint"
)

// Backend is a store and a journal under test, both empty, with what the suite
// needs to reach states that the contract speaks of and has no method for. A
// field that is zero leaves out the sub-tests that need it, which say so.
type Backend struct {
	Store   reprint.Store
	Journal reprint.Journal // the same value as Store where they are one

	// Close ends the backend. The suite calls it once for each backend that was
	// opened, unless Reopen did it.
	Close func() error

	// Reopen ends the backend and opens what it left behind, as a restart of the
	// process does. Nil: nothing is left.
	Reopen func() (Backend, error)

	// Damage changes a byte of what is stored under key, behind the store's back.
	Damage func(key reprint.Key) error

	// DamageEncoding does so with an encoding of a body.
	DamageEncoding func(sum [32]byte, coding string) error

	// DamageVersion changes a byte of the body of a version. No page has that body.
	DamageVersion func(id int64) error

	// Fill makes the store as good as full: Put and Append find no room until
	// free is called.
	Fill func() (free func() error, err error)

	// MaxPages, MaxEntries and MaxReceipts are the limits that this backend was
	// opened with; small ones, or the suite takes long. Zero: not known.
	MaxPages, MaxEntries, MaxReceipts int
}

// Run runs the suite. It calls open for each sub-test, with that sub-test's t.
func Run(t *testing.T, open func(t *testing.T) Backend) {
	for _, group := range []struct {
		name  string
		tests []test
	}{
		{"Page", pageTests},
		{"Put", putTests},
		{"Delete", deleteTests},
		{"Tagged", taggedTests},
		{"List", listTests},
		{"Due", dueTests},
		{"Append", appendTests},
		{"Entries", entriesTests},
		{"Summary", summaryTests},
		{"Compact", compactTests},
		{"Receipts", receiptTests},
		{"Records", recordTests},
		{"Visits", visitTests},
		{"Encodings", encodingTests},
		{"Versions", versionTests},
		{"Contexts", contextTests},
		{"Limits", limitTests},
		{"Reopen", reopenTests},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, test := range group.tests {
				t.Run(test.name, func(t *testing.T) {
					s := &suite{tester: t, Backend: open(t)}
					defer s.close()
					test.run(s)
				})
			}
		})
	}
	t.Run("Model", func(t *testing.T) {
		t.Run("any sequence of calls does what a map does", func(t *testing.T) {
			checkModel(t, open)
		})
	})
}

// test is one sentence of the contract.
type test struct {
	name string
	run  func(*suite)
}

// suite is one sub-test with its backend.
type suite struct {
	tester
	Backend
}

// tester is what the suite needs of a *testing.T or a *rapid.T.
type tester interface {
	Context() context.Context
	Cleanup(func())
	Helper()
	Error(...any)
	Errorf(string, ...any)
	Fatal(...any)
	Fatalf(string, ...any)
	Skip(...any)
}

func (s *suite) close() {
	s.Helper()
	if s.Backend.Close == nil {
		return
	}
	if err := s.Backend.Close(); err != nil {
		s.Errorf("Close: %v", err)
	}
}

// reopen restarts the backend, or skips the test where it cannot.
func (s *suite) reopen() {
	s.Helper()
	if s.Reopen == nil {
		s.Skip("this backend has no Reopen: it keeps nothing")
	}
	b, err := s.Reopen()
	if err != nil {
		s.Fatalf("Reopen: %v", err)
	}
	s.Backend = b
}
