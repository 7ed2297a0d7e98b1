package reprint_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
)

// A receipt tells who called, from where and for what, however it is come by, and
// nobody can change it through what they were given.
func TestAReceiptKeepsWhatTheCallNamed(t *testing.T) {
	site := newSite(t, reprint.Options{})
	p := newPress(0)
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{})
	call := reprint.Revalidation{
		Paths: []string{"/posts/1"}, Tags: []string{"a", "b"}, EveryTag: true, Prefixes: []string{"/posts/"}, Patterns: []string{"/posts/{id}"}, All: true,
		Only: reprint.Only{States: []reprint.State{reprint.StateStale}, Statuses: []int{404}, OlderThan: time.Hour},
		Mode: reprint.Stale, By: "alice", From: "10.0.0.5:1234",
	}
	want := reprint.Targets{
		Paths: []string{"/posts/1"}, Tags: []string{"a", "b"}, EveryTag: true, Prefixes: []string{"/posts/"}, Patterns: []string{"/posts/{id}"}, All: true,
		Only: reprint.Only{States: []reprint.State{reprint.StateStale}, Statuses: []int{404}, OlderThan: time.Hour},
	}
	check := func(when string, r *reprint.Receipt, err error) {
		t.Helper()
		if err != nil || r == nil || r.From != "10.0.0.5:1234" || r.By != "alice" || r.Targets == nil || !reflect.DeepEqual(*r.Targets, want) {
			t.Errorf("%s: receipt %+v, %v", when, r, err)
		}
	}
	receipt, err := site.Apply(t.Context(), call)
	check("the answer", receipt, err)
	receipt.Targets.Paths[0], receipt.Targets.Only.Statuses[0] = "/other", 500
	call.Tags[0] = "changed"
	kept, err := site.Receipt(t.Context(), receipt.ID)
	check("asked for", kept, err)
	call.Tags[0] = "a"
	call.NoWait = true
	receipt, err = site.Apply(t.Context(), call)
	check("not waited for", receipt, err)
	call.NoWait, call.DryRun = false, true
	receipt, err = site.Apply(t.Context(), call)
	check("a dry run", receipt, err)

	text, err := json.Marshal(kept.Targets)
	if err != nil || !strings.Contains(string(text), `"only":{"states":["stale"],"statuses":[404],"olderThan":"1h0m0s"}`) {
		t.Errorf("as JSON it is %s, %v", text, err)
	}
	var back reprint.Targets
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, want) {
		t.Errorf("read back it is %+v, %v", back, err)
	}
}

// P5: a receipt is no larger for what a call names beyond the first hundred, or the
// first 16 KiB.
func TestAReceiptKeepsTheFirstNames(t *testing.T) {
	site := newSite(t, reprint.Options{})
	p := newPress(0)
	handle(t, site, "/posts/{id}", p.ServeHTTP, reprint.Policy{})
	var call reprint.Revalidation
	for i := range 101 {
		call.Tags = append(call.Tags, fmt.Sprintf("tag:%03d", i))
	}
	for i := range 100 {
		call.Paths = append(call.Paths, fmt.Sprintf("/posts/%03d", i)+strings.Repeat("x", 1000))
	}
	call.DryRun = true
	receipt, err := site.Apply(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	if got := receipt.Targets; len(got.Tags) != 100 || got.TagsInAll != 101 || got.Tags[99] != "tag:099" || len(got.Paths) != 16 || got.PathsInAll != 100 || got.PrefixesInAll != 0 {
		t.Errorf("%d of %d tags and %d of %d paths are kept", len(got.Tags), got.TagsInAll, len(got.Paths), got.PathsInAll)
	}
}
