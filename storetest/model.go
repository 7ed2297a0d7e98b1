package storetest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/reprint-go/reprint"
)

// model is what a store and a journal do, without any of how.
type model struct {
	pages    map[reprint.Key]*reprint.Page
	served   map[reprint.Key][]*reprint.Page // versions, the oldest first
	refused  map[reprint.Key]*reprint.Page
	lost     map[reprint.Key]bool // stored under the floor: not current, whatever comes
	entries  []reprint.Entry
	summary  reprint.Summary
	receipts map[string]*reprint.Receipt
}

func newModel() *model {
	return &model{
		pages:    make(map[reprint.Key]*reprint.Page),
		served:   make(map[reprint.Key][]*reprint.Page),
		refused:  make(map[reprint.Key]*reprint.Page),
		lost:     make(map[reprint.Key]bool),
		summary:  replay(nil),
		receipts: make(map[string]*reprint.Receipt),
	}
}

func (m *model) put(p *reprint.Page) bool {
	old := m.pages[p.Key]
	if old != nil && old.Stamp > p.Stamp {
		return false
	}
	served := m.served[p.Key]
	if old != nil && !old.ModifiedAt.Equal(p.ModifiedAt) {
		served = append(served, old)
	}
	m.served[p.Key] = served[max(0, len(served)-p.History):]
	m.pages[p.Key], m.lost[p.Key] = p, p.Stamp < m.summary.Floor
	return true
}

// versions returns those of a key as a store lists them.
func (m *model) versions(k reprint.Key) (list []*reprint.Page) {
	if p := m.refused[k]; p != nil {
		list = append(list, p)
	}
	for _, p := range slices.Backward(m.served[k]) {
		list = append(list, p)
	}
	return list
}

func (m *model) deleteVersion(p *reprint.Page) {
	if m.refused[p.Key] == p {
		delete(m.refused, p.Key)
	}
	m.served[p.Key] = slices.DeleteFunc(m.served[p.Key], func(v *reprint.Page) bool { return v == p })
}

func (m *model) tagged(tag string) []string {
	keys := []string{}
	for k, p := range m.pages {
		if slices.Contains(p.Tags, tag) {
			keys = append(keys, k.String())
		}
	}
	slices.Sort(keys)
	return keys
}

func (m *model) due(until time.Time) []string {
	var due []*reprint.Page
	for _, p := range m.pages {
		if !p.Due.IsZero() && !p.Due.After(until) {
			due = append(due, p)
		}
	}
	slices.SortFunc(due, func(a, b *reprint.Page) int { return a.Due.Compare(b.Due) })
	var keys []string
	for _, p := range due {
		keys = append(keys, p.Key.String())
	}
	return keys
}

func (m *model) list(q reprint.ListQuery) []*reprint.Page {
	pages := make(map[string]*reprint.Page)
	for k, p := range m.pages {
		if q.Tag == "" || slices.Contains(p.Tags, q.Tag) {
			pages[k.String()] = p
		}
	}
	var list []*reprint.Page
	for _, k := range slices.Sorted(maps.Keys(pages)) {
		if k > q.After && len(list) < q.Limit {
			list = append(list, pages[k])
		}
	}
	return list
}

func (m *model) compact(upTo reprint.Position) {
	for tag, mark := range m.summary.Marks {
		if mark.Any <= upTo {
			delete(m.summary.Marks, tag)
		}
	}
	m.summary.Floor = max(m.summary.Floor, upTo)
}

// current is the truth: no entry above the stamp has ever named a tag of p.
func (m *model) current(p *reprint.Page) bool {
	return !slices.ContainsFunc(m.entries, func(e reprint.Entry) bool {
		return e.Position > p.Stamp && slices.ContainsFunc(e.Tags, func(tag string) bool { return names(tag, p) })
	})
}

// What the machine draws from: few of everything, so that things meet.
var (
	someKeys = []reprint.Key{key("/"), key("/a"), {Path: "/a", Query: "q=1"}, {Host: "h", Path: "/a"}, {Path: "/a", Variant: "V=1"}}
	someTags = []string{"a", "b", "c", "path /a"}
	// What no page carries, but an entry may name.
	someCompounds = []string{`all ["a","b"]`, `all ["b","path /a"]`, `all ["a","b","c"]`, `all ["c","nobody's"]`}
)

// machine runs a backend and the model side by side.
type machine struct {
	*suite
	model *model
	puts  int
}

func checkModel(t *testing.T, open func(*testing.T) Backend) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &machine{suite: &suite{tester: rt, Backend: open(t)}, model: newModel()}
		defer m.close()
		actions := map[string]func(*rapid.T){
			"Put": m.drawPut, "Delete": m.drawDelete, "Append": m.drawAppend, "Compact": m.drawCompact, "SaveReceipt": m.drawReceipt,
			"Tagged": m.drawTagged, "List": m.drawList, "Due": m.drawDue, "Entries": m.drawEntries, "Receipt": m.drawLookUp,
			"": m.check,
		}
		if _, ok := m.Store.(reprint.VersionStore); ok {
			actions["PutAside"], actions["DeleteVersion"], actions["Versions"] = m.drawAside, m.drawDeleteVersion, m.drawVersions
		}
		if m.Reopen != nil {
			actions["Reopen"] = func(*rapid.T) { m.reopen() }
		}
		rt.Repeat(actions)
	})
}

func (m *machine) drawPut(t *rapid.T) {
	p := m.drawPage(t)
	got, err := m.Store.Put(m.Context(), p)
	if want := m.model.put(p); err != nil || got != want {
		t.Fatalf("Put: stored %v, error %v; want %v", got, err, want)
	}
}

func (m *machine) drawPage(t *rapid.T) *reprint.Page {
	stamp := rapid.Uint64Range(0, uint64(m.model.summary.Position)).Draw(t, "stamp")
	tags := rapid.SliceOfNDistinct(rapid.SampledFrom(someTags), 0, 3, rapid.ID[string]).Draw(t, "tags")
	p := page(rapid.SampledFrom(someKeys).Draw(t, "key"), reprint.Position(stamp), tags...)
	if minutes := rapid.IntRange(0, 5).Draw(t, "due"); minutes > 0 {
		m.puts++ // so that no two are due at the same moment
		p.Due = epoch.Add(time.Duration(minutes)*time.Minute + time.Duration(m.puts)*time.Microsecond)
	}
	p.Lifetime = rapid.SampledFrom(someLifetimes()).Draw(t, "lifetime")
	p = withBody(p, rapid.SampledFrom([][]byte{nil, []byte("x"), []byte("y")}).Draw(t, "body"))
	p.Status = rapid.SampledFrom([]int{200, 301, 404}).Draw(t, "status")
	p.Pinned = rapid.Bool().Draw(t, "pinned")
	p.History = rapid.IntRange(0, 3).Draw(t, "history")
	p.ModifiedAt = epoch.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "modified")) * time.Hour)
	return p
}

func (m *machine) drawAside(t *rapid.T) {
	p := m.drawPage(t)
	m.putAside(p, "no")
	m.model.refused[p.Key] = p
}

func (m *machine) drawDeleteVersion(t *rapid.T) {
	k := rapid.SampledFrom(someKeys).Draw(t, "key")
	list, want := m.versions(k), m.model.versions(k)
	if len(list) == 0 || len(list) != len(want) {
		return // drawVersions says so
	}
	i := rapid.IntRange(0, len(list)-1).Draw(t, "version")
	m.must(m.versionStore().DeleteVersion(m.Context(), list[i].ID))
	m.model.deleteVersion(want[i])
}

// drawVersions compares versions but for Checked, as checkPage.
func (m *machine) drawVersions(t *rapid.T) {
	k := rapid.SampledFrom(someKeys).Draw(t, "key")
	list := m.versions(k)
	var want []*reprint.Page
	for i, p := range m.model.versions(k) {
		expected := *p
		if i < len(list) {
			expected.Checked = list[i].Page.Checked
		}
		want = append(want, &expected)
	}
	m.wantVersions(k, want...)
}

func (m *machine) drawDelete(t *rapid.T) {
	k := rapid.SampledFrom(someKeys).Draw(t, "key")
	before := reprint.Position(rapid.Uint64Range(0, uint64(m.model.summary.Position)+1).Draw(t, "before"))
	if err := m.Store.Delete(m.Context(), k, before); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	if p := m.model.pages[k]; p != nil && p.Stamp < before {
		delete(m.model.pages, k)
	}
}

func (m *machine) drawAppend(t *rapid.T) {
	tags := rapid.SliceOfNDistinct(rapid.SampledFrom(slices.Concat(someTags, someCompounds)), 1, 3, rapid.ID[string]).Draw(t, "tags")
	e := entry(reprint.Mode(rapid.IntRange(0, 3).Draw(t, "mode")), tags...)
	e.Time = epoch.Add(time.Duration(len(m.model.entries)) * time.Second)
	at, err := m.Journal.Append(m.Context(), e)
	if err != nil || at <= m.model.summary.Position {
		t.Fatalf("Append: got %d, error %v, after %d", at, err, m.model.summary.Position)
	}
	e.Position = at
	m.model.entries = append(m.model.entries, e)
	m.model.summary.Add(e)
}

func (m *machine) drawCompact(t *rapid.T) {
	upTo := reprint.Position(rapid.Uint64Range(0, uint64(m.model.summary.Position)).Draw(t, "up to"))
	if err := m.Journal.Compact(m.Context(), upTo); err != nil {
		t.Fatalf("Compact: %v", err)
	}
	m.model.compact(upTo)
}

func (m *machine) drawReceipt(t *rapid.T) {
	r := receipt(fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "id")))
	r.Matched = rapid.IntRange(0, 9).Draw(t, "matched")
	if err := m.Journal.SaveReceipt(m.Context(), r); err != nil {
		t.Fatalf("SaveReceipt: %v", err)
	}
	m.model.receipts[r.ID] = r
}

func (m *machine) drawTagged(t *rapid.T) {
	tag := rapid.SampledFrom(someTags).Draw(t, "tag")
	m.wantTagged(tag, m.model.tagged(tag)...)
}

func (m *machine) drawList(t *rapid.T) {
	q := reprint.ListQuery{
		Tag:   rapid.SampledFrom(append([]string{""}, someTags...)).Draw(t, "tag"),
		After: rapid.SampledFrom([]string{"", "/", "/a", "/a V=0", "/a?q=1", "h", "h/a"}).Draw(t, "after"),
		Limit: rapid.IntRange(1, 6).Draw(t, "limit"),
	}
	want := m.model.list(q)
	for i, l := range m.wantList(q, keysOf(want)...) {
		expected := *want[i]
		expected.Checked = l.Page.Checked // see checkPage
		m.wantListed(l, &expected)
	}
}

func (m *machine) drawDue(t *rapid.T) {
	until := epoch.Add(time.Duration(rapid.IntRange(0, 6).Draw(t, "minutes"))*time.Minute + 30*time.Second)
	limit := rapid.IntRange(1, 6).Draw(t, "limit")
	want := m.model.due(until)
	m.wantDue(until, limit, want[:min(limit, len(want))]...)
}

func (m *machine) drawEntries(t *rapid.T) {
	after := rapid.IntRange(0, len(m.model.entries)).Draw(t, "after")
	var position reprint.Position
	if after > 0 {
		position = m.model.entries[after-1].Position
	}
	m.wantEntries(position, m.model.entries[after:])
}

func (m *machine) drawLookUp(t *rapid.T) {
	id := fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "id"))
	m.wantReceipt(id, m.model.receipts[id])
}

// check compares what matters most after every step.
func (m *machine) check(t *rapid.T) {
	summary := m.summary()
	if diff := summaryDiff(summary, m.model.summary); diff != "" {
		t.Fatal(diff)
	}
	for _, k := range someKeys {
		m.checkPage(t, k, summary)
	}
}

// checkPage compares a page but for Checked, of which only what follows from it
// can be told: whether the page is current. A page that is not must never seem
// to be; one that is stays so if the journal can raise it.
func (m *machine) checkPage(t *rapid.T, k reprint.Key, summary reprint.Summary) {
	got, want := m.page(k), m.model.pages[k]
	if got != nil && want != nil {
		if got.Checked < want.Checked {
			t.Fatalf("page %s: Checked sank from %d to %d", k, want.Checked, got.Checked)
		}
		expected := *want
		expected.Checked = got.Checked
		want = &expected
	}
	if diff := pageDiff(got, want); diff != "" {
		t.Fatalf("page %s: %s", k, diff)
	}
	if got == nil {
		return
	}
	seems, is := current(got, summary), m.model.current(got)
	if seems && !is {
		t.Fatalf("page %s at %d, checked at %d, seems current with %+v and is not", k, got.Stamp, got.Checked, summary)
	}
	if joint := any(m.Store) == any(m.Journal); joint && is && !seems && !m.model.lost[k] {
		t.Fatalf("page %s at %d, checked at %d, is current and does not seem so with %+v", k, got.Stamp, got.Checked, summary)
	}
}
