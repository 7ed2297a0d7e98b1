package storetest

import (
	"bytes"

	"github.com/reprint-go/reprint"
)

var recordTests = []test{
	{"of a kind of which nothing was kept there is nothing", func(s *suite) { s.wantRecords("plan") }},
	{"records come back by kind, in the order of their IDs", func(s *suite) {
		s.putRecord("plan", "b", `{"n":2}`)
		s.putRecord("plan", "a", `{"n":1}`)
		s.putRecord("refill", "a", `{}`)
		s.wantRecords("plan", "a", `{"n":1}`, "b", `{"n":2}`)
		s.wantRecords("refill", "a", `{}`)
	}},
	{"a record takes the place of an earlier one with its kind and ID", func(s *suite) {
		s.putRecord("plan", "a", `1`)
		s.putRecord("plan", "a", `2`)
		s.wantRecords("plan", "a", `2`)
	}},
	{"a record that was deleted is gone, and others stay", func(s *suite) {
		s.putRecord("plan", "a", `1`)
		s.putRecord("plan", "b", `2`)
		s.putRecord("refill", "a", `3`)
		s.must(s.Journal.DeleteRecord(s.Context(), "plan", "a"))
		s.must(s.Journal.DeleteRecord(s.Context(), "plan", "none"))
		s.wantRecords("plan", "b", `2`)
		s.wantRecords("refill", "a", `3`)
	}},
	{"the caller may change the value that it gave", func(s *suite) {
		value := []byte(`"mine"`)
		s.must(s.Journal.PutRecord(s.Context(), reprint.Record{Kind: "plan", ID: "a", Value: value}))
		copy(value, `"your"`)
		s.wantRecords("plan", "a", `"mine"`)
	}},
	{"records live through a restart", func(s *suite) {
		s.putRecord("plan", "a", `1`)
		s.reopen()
		s.wantRecords("plan", "a", `1`)
	}},
}

func (s *suite) putRecord(kind, id, value string) {
	s.Helper()
	s.must(s.Journal.PutRecord(s.Context(), reprint.Record{Kind: kind, ID: id, Value: []byte(value)}))
}

// wantRecords checks all of a kind: pairs of ID and value.
func (s *suite) wantRecords(kind string, pairs ...string) {
	s.Helper()
	got, err := s.Journal.Records(s.Context(), kind)
	s.must(err)
	if len(got) != len(pairs)/2 {
		s.Fatalf("%d records of kind %s, want %d: %v", len(got), kind, len(pairs)/2, got)
	}
	for i, r := range got {
		if r.Kind != kind || r.ID != pairs[2*i] || !bytes.Equal(r.Value, []byte(pairs[2*i+1])) {
			s.Fatalf("record %d is %s %s %s, want %s %s %s", i, r.Kind, r.ID, r.Value, kind, pairs[2*i], pairs[2*i+1])
		}
	}
}
