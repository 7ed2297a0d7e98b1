package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/reprint-go/reprint"
)

var versionTests = []test{
	{"a page that was never put has no versions, and no version has an ID that was not given", func(s *suite) {
		s.wantVersions(key("/nothing"))
		s.wantAside(0, 10)
		for _, id := range []int64{-1, 0, 1, 1 << 40} {
			s.wantNoVersion(id)
			s.must(s.versionStore().DeleteVersion(s.Context(), id))
		}
	}},
	{"a page that is replaced by another content becomes a version, in every field", replacedPage},
	{"a page that is replaced by the same content does not", func(s *suite) {
		s.put(content("/a", 1, 5))
		again := content("/a", 1, 5)
		again.Stamp, again.Checked, again.Cause = 7, 7, "stale"
		s.put(again)
		s.wantVersions(key("/a"))
		other := withBody(content("/a", 1, 5), []byte("other bytes, said to be the same")) // as those that are volatile
		other.Stamp = 8
		s.put(other)
		s.wantVersions(key("/a"))
		s.wantPage(other)
	}},
	{"a page that is not stored makes no version", func(s *suite) {
		s.put(content("/a", 5, 5))
		if stored, err := s.Store.Put(s.Context(), content("/a", 4, 5)); stored || err != nil {
			s.Fatalf("Put: stored %v, error %v; want false and none", stored, err)
		}
		s.wantVersions(key("/a"))
	}},
	{"there are as many versions as History says, the newest first; the oldest go", func(s *suite) {
		for n := range 6 {
			s.put(content("/a", n, 3))
			s.put(content("/other", n, 9))
		}
		s.wantVersions(key("/a"), content("/a", 4, 3), content("/a", 3, 3), content("/a", 2, 3))
		if got := s.versions(key("/other")); len(got) != 5 {
			s.Fatalf("another page has %d versions, want 5", len(got))
		}
	}},
	{"the History of the page that was put last counts, also where its content is the same", func(s *suite) {
		for n := range 6 {
			s.put(content("/a", n, 5))
		}
		s.put(content("/a", 6, 2)) // with the page that it replaces
		s.wantVersions(key("/a"), content("/a", 5, 5), content("/a", 4, 5))
		s.put(content("/a", 6, 1))
		s.wantVersions(key("/a"), content("/a", 5, 5))
		s.put(content("/a", 6, 4)) // what is gone does not come back
		s.wantVersions(key("/a"), content("/a", 5, 5))
	}},
	{"with a History of 0 none is made, and those that there are go", func(s *suite) {
		s.put(content("/none", 0, 0))
		s.put(content("/none", 1, 0))
		s.wantVersions(key("/none"))
		for n := range 3 {
			s.put(content("/a", n, 5))
		}
		s.put(content("/a", 3, 0))
		s.wantVersions(key("/a"))
		s.put(content("/a", 4, 5)) // it is its own History that counts
		s.wantVersions(key("/a"), content("/a", 3, 0))
	}},
	{"deleting a page makes no version and leaves those that there are", func(s *suite) {
		s.put(content("/a", 0, 5))
		s.put(content("/a", 1, 5))
		s.putAside(content("/a", 9, 5), "no")
		s.must(s.Store.Delete(s.Context(), key("/a"), 100))
		s.wantAbsent(key("/a"))
		s.wantVersions(key("/a"), content("/a", 9, 5), content("/a", 0, 5))
		s.put(content("/a", 2, 5)) // replaces none
		s.wantVersions(key("/a"), content("/a", 9, 5), content("/a", 0, 5))
		s.must(s.Store.Delete(s.Context(), key("/a"), 100))
		s.put(content("/a", 3, 0))
		s.wantVersions(key("/a"), content("/a", 9, 5))
	}},
	{"of a path it is told in which queries and variants it has versions", func(s *suite) {
		bare, query := reprint.Key{Host: "h", Path: "/a"}, reprint.Key{Host: "h", Path: "/a", Query: "page=2"}
		variant, both := reprint.Key{Host: "h", Path: "/a", Variant: "Accept-Language=de"}, reprint.Key{Host: "h", Path: "/a", Query: "page=2", Variant: "Accept-Language=de"}
		for _, k := range []reprint.Key{both, query, variant, bare, {Host: "h", Path: "/a/b"}, {Host: "h", Path: "/ab"}, {Host: "h2", Path: "/a"}, {Path: "/a"}} {
			s.must(s.versionStore().PutAside(s.Context(), page(k, 1), "no"))
		}
		want := []reprint.Key{bare, variant, query, both}
		got, err := s.versionStore().Versioned(s.Context(), "h", "/a")
		if s.must(err); !slices.Equal(got, want) {
			s.Errorf("versions of /a are in %v, want %v", got, want)
		}
		if got, err := s.versionStore().Versioned(s.Context(), "h", "/none"); err != nil || len(got) != 0 {
			s.Errorf("versions of a path that has none are in %v, %v", got, err)
		}
	}},
	{"an ID is never given again", func(s *suite) {
		seen := make(map[int64]bool)
		var last int64
		for n := range 4 {
			s.put(content("/a", 2*n, 1))
			s.put(content("/a", 2*n+1, 1))
			s.putAside(content("/b", n, 1), "no")
			for _, k := range []string{"/a", "/b"} {
				id := s.versions(key(k))[0].ID
				if seen[id] || id <= last {
					s.Fatalf("ID %d of %s comes after %d", id, k, last)
				}
				seen[id], last = true, id
				s.must(s.versionStore().DeleteVersion(s.Context(), id))
			}
			if s.Reopen != nil {
				s.reopen()
			}
		}
	}},
	{"a version is no page: it has no tags, no due time and is in no list", func(s *suite) {
		old := content("/a", 0, 5, "old")
		old.Due = epoch
		s.put(old)
		s.put(content("/a", 1, 5, "new"))
		refused := content("/b", 0, 5, "refused")
		refused.Due = epoch
		s.putAside(refused, "no")
		s.wantTagged("old")
		s.wantTagged("refused")
		s.wantDue(epoch, 10)
		s.wantList(reprint.ListQuery{Limit: 10}, "/a")
		s.wantAbsent(key("/b"))
	}},
	{"a page that was refused is kept with the reason, in every field, and leaves the page as it is", refusedPage},
	{"a page that was refused takes the place of another of its key, and of no other", func(s *suite) {
		s.put(content("/a", 0, 5))
		s.put(content("/a", 1, 5))
		s.putAside(content("/b", 0, 5), "b")
		s.putAside(content("/a", 7, 5), "first")
		first := s.versions(key("/a"))[0].ID
		s.putAside(content("/a", 8, 5), "second")
		s.putAside(content("/a", 8, 5), "third") // the same content again
		s.wantNoVersion(first)
		s.wantVersions(key("/a"), content("/a", 8, 5), content("/a", 0, 5))
		s.wantVersions(key("/b"), content("/b", 0, 5))
		if got := s.versions(key("/a"))[0].Refused; got != "third" {
			s.Fatalf("refused for %q, want third", got)
		}
	}},
	{"what was refused comes before all that were served, and does not count for History", func(s *suite) {
		s.put(content("/a", 0, 2))
		s.putAside(content("/a", 9, 2), "no")
		for n := range 3 {
			s.put(content("/a", n+1, 2))
		}
		s.wantVersions(key("/a"), content("/a", 9, 2), content("/a", 2, 2), content("/a", 1, 2))
		s.put(content("/a", 4, 0))
		s.wantVersions(key("/a"), content("/a", 9, 2))
	}},
	{"a page is not refused without a reason", func(s *suite) {
		if err := s.versionStore().PutAside(s.Context(), content("/a", 0, 5), ""); err == nil {
			s.Fatal("PutAside took an empty reason")
		}
		s.wantVersions(key("/a"))
	}},
	{"what was refused is listed in the order of IDs, from any, up to a limit", listsAside},
	{"a version that was deleted is gone, and others stay", func(s *suite) {
		for n := range 4 {
			s.put(content("/a", n, 5))
		}
		s.putAside(content("/a", 9, 5), "no")
		list := s.versions(key("/a"))
		for _, i := range []int{0, 2} {
			s.must(s.versionStore().DeleteVersion(s.Context(), list[i].ID))
			s.must(s.versionStore().DeleteVersion(s.Context(), list[i].ID)) // which is not there: no error
			s.wantNoVersion(list[i].ID)
		}
		s.wantVersions(key("/a"), content("/a", 2, 5), content("/a", 0, 5))
		s.wantAside(0, 10)
		s.wantPage(content("/a", 3, 5))
	}},
	{"a page and versions that have the same body live and go independently", sharedBodies},
	{"encodings of a body go with the last page that has it, though a version has it", func(s *suite) {
		s.encodingStore()
		old := content("/a", 0, 5)
		s.put(old)
		s.putEncoding(old.Sum, "gzip", "x")
		s.put(content("/a", 1, 5))
		s.wantEncodings(old.Sum)
		s.putEncoding(old.Sum, "gzip", "x")
		s.wantEncodings(old.Sum)
		s.put(at(old, 2))
		s.putEncoding(old.Sum, "gzip", "y")
		s.must(s.versionStore().DeleteVersion(s.Context(), s.versions(key("/a"))[1].ID))
		s.wantEncodings(old.Sum, "gzip y")
	}},
	{"versions outlive a restart", func(s *suite) {
		s.put(content("/a", 0, 5))
		s.put(content("/a", 1, 5))
		s.putAside(content("/b", 0, 5), "no")
		before := slices.Concat(s.versions(key("/a")), s.versions(key("/b")))
		s.reopen()
		s.wantVersions(key("/a"), content("/a", 0, 5))
		s.wantVersions(key("/b"), content("/b", 0, 5))
		for i, v := range slices.Concat(s.versions(key("/a")), s.versions(key("/b"))) {
			if b := before[i]; v.ID != b.ID || !v.Replaced.Equal(b.Replaced) || v.Refused != b.Refused || v.Size != b.Size {
				s.Errorf("got %+v, want %+v", v, b)
			}
		}
		s.put(content("/a", 2, 1))
		s.wantVersions(key("/a"), content("/a", 1, 5))
	}},
	{"a version that is damaged is reported and dropped, the others stay", damagedVersion},
	{"a page that is damaged does not become a version", func(s *suite) {
		s.versionStore()
		if s.Damage == nil {
			s.Skip("this backend has no Damage")
		}
		s.put(content("/a", 0, 5))
		s.must(s.Damage(key("/a")))
		if _, err := s.Store.Page(s.Context(), key("/a")); !errors.Is(err, reprint.ErrDamaged) {
			s.Fatalf("Page: error %v, want ErrDamaged", err)
		}
		s.put(content("/a", 1, 5))
		s.wantVersions(key("/a"))
	}},
	{"versions do not count for the number of pages, and live on when a page is dropped", liveOn},
	{"where there is no room a page that was refused is not kept, and all pages and versions stay", fullAside},
	{"where there is no room for a version as well, a page is stored without", fullForVersions},
	{"of many pages that are put at once under one key each becomes a version or stays", versionsAtOnce},
	{"of many pages that are refused at once of one key one is kept", func(s *suite) {
		store := s.versionStore()
		s.must(together(20, func(i int) error {
			return store.PutAside(s.Context(), content("/a", i, 0), "no")
		}))
		s.wantAside(0, 10, s.versions(key("/a"))...)
		if n := len(s.versions(key("/a"))); n != 1 {
			s.Fatalf("%d are kept, want 1", n)
		}
	}},
	{"a version is whole while versions come and go", wholeVersions},
	{"calls under a context that has ended return its error and do nothing", func(s *suite) {
		store := s.versionStore()
		s.put(content("/a", 0, 5))
		s.put(content("/a", 1, 5))
		id := s.versions(key("/a"))[0].ID
		ended, cancel := context.WithCancel(s.Context())
		cancel()
		for name, call := range map[string]func() error{
			"PutAside":      func() error { return store.PutAside(ended, content("/a", 2, 5), "no") },
			"Versions":      func() error { _, err := store.Versions(ended, key("/a")); return err },
			"Aside":         func() error { _, err := store.Aside(ended, 0, 1); return err },
			"Version":       func() error { _, err := store.Version(ended, id); return err },
			"DeleteVersion": func() error { return store.DeleteVersion(ended, id) },
		} {
			if err := call(); !errors.Is(err, context.Canceled) {
				s.Errorf("%s: got error %v, want %v", name, err, context.Canceled)
			}
		}
		s.wantVersions(key("/a"), content("/a", 0, 5))
	}},
}

// versionStore is the store, or skips the test where it keeps no versions.
func (s *suite) versionStore() reprint.VersionStore {
	store, ok := s.Store.(reprint.VersionStore)
	if !ok {
		s.Skip("this store is not a reprint.VersionStore")
	}
	return store
}

// content returns the nth content of a path, of which history earlier ones are kept.
func content(path string, n, history int, tags ...string) *reprint.Page {
	p := page(key(path), reprint.Position(n), tags...)
	p.ModifiedAt = epoch.Add(time.Duration(n) * time.Minute)
	p.History = history
	return p
}

// at returns p as a later content.
func at(p *reprint.Page, n int) *reprint.Page {
	later := *p
	later.Stamp, later.Checked = reprint.Position(n), reprint.Position(n)
	later.ModifiedAt = epoch.Add(time.Duration(n) * time.Minute)
	return &later
}

func (s *suite) putAside(p *reprint.Page, reason string) {
	s.Helper()
	if err := s.versionStore().PutAside(s.Context(), p, reason); err != nil {
		s.Fatalf("PutAside %s: %v", p.Key, err)
	}
}

func (s *suite) versions(k reprint.Key) []reprint.Version {
	s.Helper()
	list, err := s.versionStore().Versions(s.Context(), k)
	if err != nil {
		s.Fatalf("Versions of %s: %v", k, err)
	}
	return list
}

// wantVersions checks the versions of a page, and each of them read alone.
func (s *suite) wantVersions(k reprint.Key, want ...*reprint.Page) {
	s.Helper()
	list := s.versions(k)
	if len(list) != len(want) {
		s.Fatalf("page %s has %d versions, want %d", k, len(list), len(want))
	}
	for i, w := range want {
		v := list[i]
		if v.ID <= 0 || v.Size != int64(len(w.Body)) || v.Replaced.IsZero() {
			s.Fatalf("version %d of %s has ID %d, size %d, replaced %s; its body has %d bytes", i, k, v.ID, v.Size, v.Replaced, len(w.Body))
		}
		bodiless := *w
		bodiless.Body = nil
		if diff := pageDiff(v.Page, &bodiless); diff != "" {
			s.Fatalf("version %d of %s: %s", i, k, diff)
		}
		s.wantVersion(v, w)
	}
}

// wantVersion reads a version that was listed.
func (s *suite) wantVersion(listed reprint.Version, want *reprint.Page) {
	s.Helper()
	v, err := s.versionStore().Version(s.Context(), listed.ID)
	if err != nil || v == nil {
		s.Fatalf("Version %d: %v, error %v", listed.ID, v, err)
	}
	if v.ID != listed.ID || v.Size != listed.Size || !v.Replaced.Equal(listed.Replaced) || v.Refused != listed.Refused {
		s.Fatalf("version %d is %+v, and was listed as %+v", listed.ID, v, listed)
	}
	if diff := pageDiff(v.Page, want); diff != "" {
		s.Fatalf("version %d of %s: %s", v.ID, want.Key, diff)
	}
}

func (s *suite) wantNoVersion(id int64) {
	s.Helper()
	if v, err := s.versionStore().Version(s.Context(), id); v != nil || err != nil {
		s.Fatalf("Version %d: %v, error %v; want none", id, v, err)
	}
}

func (s *suite) wantAside(after int64, limit int, want ...reprint.Version) {
	s.Helper()
	list, err := s.versionStore().Aside(s.Context(), after, limit)
	if err != nil {
		s.Fatalf("Aside: %v", err)
	}
	ids := func(list []reprint.Version) (ids []int64) {
		for _, v := range list {
			ids = append(ids, v.ID)
		}
		return ids
	}
	if got, want := ids(list), ids(want); !slices.Equal(got, want) {
		s.Fatalf("refused, above %d, at most %d: got %v, want %v", after, limit, got, want)
	}
	for i, w := range want {
		v := list[i]
		if diff := pageDiff(v.Page, w.Page); diff != "" || v.Refused != w.Refused || v.Size != w.Size {
			s.Fatalf("refused, above %d: got %+v, want %+v: %s", after, v, w, diff)
		}
	}
}

func replacedPage(s *suite) {
	old := fullPage()
	began := time.Now()
	s.put(old)
	next := *withBody(fullPage(), []byte("another content"))
	next.ModifiedAt = epoch
	next.History = 7
	s.put(&next)
	s.wantPage(&next)
	s.wantVersions(old.Key, old)
	v := s.versions(old.Key)[0]
	if v.Refused != "" {
		s.Errorf("it was served, and is refused for %q", v.Refused)
	}
	if v.Replaced.Before(began.Truncate(time.Microsecond)) || v.Replaced.After(time.Now()) {
		s.Errorf("replaced at %s, which is not between %s and now", v.Replaced, began)
	}
}

func refusedPage(s *suite) {
	const reason = "the title is missing: \"<title>\" — 日本語\nsecond line"
	s.put(content("/a", 0, 5))
	s.put(content("/a", 1, 5))
	p := fullPage()
	p.Key = key("/a")
	s.putAside(p, reason)
	s.wantPage(content("/a", 1, 5))
	s.wantVersions(key("/a"), p, content("/a", 0, 5))
	v := s.versions(key("/a"))[0]
	if v.Refused != reason {
		s.Errorf("refused for %q, want %q", v.Refused, reason)
	}
	s.wantAside(0, 10, v)
	nobody := fullPage() // of a key that has no page
	s.putAside(nobody, "no")
	s.wantAbsent(nobody.Key)
	s.wantVersions(nobody.Key, nobody)
}

func listsAside(s *suite) {
	store := s.versionStore()
	const n = several // more than are read in one go
	s.must(together(20, func(worker int) error {
		for i := worker; i < n; i += 20 {
			if err := store.PutAside(s.Context(), content(fmt.Sprintf("/%d", i), i, 0), fmt.Sprint(i)); err != nil {
				return err
			}
		}
		return nil
	}))
	s.put(content("/served", 0, 1))
	s.put(content("/served", 1, 1))
	all, err := store.Aside(s.Context(), 0, n+1)
	s.must(err)
	rising := slices.IsSortedFunc(all, func(a, b reprint.Version) int { return int(a.ID - b.ID) })
	if len(all) != n || !rising {
		s.Fatalf("%d were refused and %d are listed, rising %v", n, len(all), rising)
	}
	s.wantAside(0, 3, all[:3]...)
	s.wantAside(all[2].ID, 3, all[3:6]...)
	s.wantAside(all[n-2].ID, 3, all[n-1])
	s.wantAside(all[n-1].ID, 3)
	if list, err := store.Aside(s.Context(), 0, 0); err == nil {
		s.Errorf("a limit of 0 gave %v, want an error", list)
	}
}

func sharedBodies(s *suite) {
	store := s.versionStore()
	shared := func(path string, n int) *reprint.Page {
		return withBody(content(path, n, 5), []byte("the same in all of them"))
	}
	s.put(shared("/a", 0))
	s.put(shared("/a", 1)) // the page and its version
	s.put(shared("/b", 0))
	s.putAside(shared("/c", 0), "no")
	s.must(s.Store.Delete(s.Context(), key("/a"), 100))
	s.must(s.Store.Delete(s.Context(), key("/b"), 100))
	s.wantVersions(key("/a"), shared("/a", 0))
	s.wantVersions(key("/c"), shared("/c", 0))
	s.must(store.DeleteVersion(s.Context(), s.versions(key("/a"))[0].ID))
	s.wantVersions(key("/c"), shared("/c", 0))
	s.put(shared("/a", 2))
	s.must(store.DeleteVersion(s.Context(), s.versions(key("/c"))[0].ID))
	s.wantPage(shared("/a", 2))
	s.put(content("/a", 3, 5))
	s.put(shared("/a", 4)) // as it was before: the body of its version
	s.wantPage(shared("/a", 4))
	s.wantVersions(key("/a"), content("/a", 3, 5), shared("/a", 2))
	s.must(store.DeleteVersion(s.Context(), s.versions(key("/a"))[1].ID))
	s.wantPage(shared("/a", 4))
}

func damagedVersion(s *suite) {
	store := s.versionStore()
	if s.DamageVersion == nil {
		s.Skip("this backend has no DamageVersion")
	}
	for n := range 4 {
		s.put(content("/a", n, 5))
	}
	s.putAside(content("/a", 9, 5), "no")
	list := s.versions(key("/a"))
	for _, i := range []int{0, 2} {
		s.must(s.DamageVersion(list[i].ID))
		if v, err := store.Version(s.Context(), list[i].ID); v != nil || !errors.Is(err, reprint.ErrDamaged) {
			s.Fatalf("Version: got %v, error %v; want nil and ErrDamaged", v, err)
		}
		s.wantNoVersion(list[i].ID)
	}
	s.wantVersions(key("/a"), content("/a", 2, 5), content("/a", 0, 5))
	s.wantPage(content("/a", 3, 5))
	s.put(content("/a", 4, 2))
	s.wantVersions(key("/a"), content("/a", 3, 5), content("/a", 2, 5))
}

func liveOn(s *suite) {
	store := s.versionStore()
	if s.MaxPages == 0 {
		s.Skip("this backend's MaxPages is not known")
	}
	const each, pages = 3, 50
	version := func(i, n int) *reprint.Page { return content(fmt.Sprintf("/versions/%d", i), n, each, "versions") }
	for i := range pages {
		for n := range each + 1 {
			s.put(version(i, n))
		}
		s.putAside(version(i, 9), "no")
	}
	for i := range s.MaxPages - pages { // up to the limit
		s.put(page(key(fmt.Sprintf("/%d", i)), 1, "other"))
	}
	if got := len(s.tagged("versions")) + len(s.tagged("other")); got != s.MaxPages {
		s.Fatalf("%d pages are left, and the limit is %d", got, s.MaxPages)
	}
	for i := range s.MaxPages {
		s.put(page(key(fmt.Sprintf("/more/%d", i)), 1, "more"))
	}
	if left := s.tagged("versions"); len(left) == pages {
		s.Fatal("none of the pages with versions was dropped: the test does not test")
	}
	for i := range pages {
		s.wantVersions(version(i, 0).Key, version(i, 9), version(i, 2), version(i, 1), version(i, 0))
	}
	list, err := store.Aside(s.Context(), 0, pages+1)
	s.must(err)
	if len(list) != pages {
		s.Fatalf("%d refused pages are left of %d", len(list), pages)
	}
}

func fullAside(s *suite) {
	store := s.versionStore()
	if s.Fill == nil {
		s.Skip("this backend has no Fill")
	}
	s.put(content("/a", 0, 5))
	s.put(content("/a", 1, 5))
	s.putAside(content("/a", 8, 5), "no")
	free, err := s.Fill()
	s.must(err)
	big := withBody(content("/a", 9, 5), make([]byte, 1<<20))
	if err := store.PutAside(s.Context(), big, "no"); !errors.Is(err, reprint.ErrFull) {
		s.Fatalf("PutAside: error %v; want ErrFull", err)
	}
	s.wantPage(content("/a", 1, 5))
	s.wantVersions(key("/a"), content("/a", 8, 5), content("/a", 0, 5))
	s.must(free())
	s.putAside(big, "no")
	s.wantVersions(key("/a"), big, content("/a", 0, 5))
}

// fullForVersions replaces a page by contents of its size, over and over, in a store
// that has room for one more of it.
func fullForVersions(s *suite) {
	s.versionStore()
	if s.Fill == nil {
		s.Skip("this backend has no Fill")
	}
	large := func(n int) *reprint.Page {
		return withBody(content("/a", n, 20), bytes.Repeat([]byte{byte('a' + n)}, 256<<10))
	}
	s.put(large(0))
	s.put(large(1))
	free, err := s.Fill()
	s.must(err)
	for n := range 5 {
		s.put(large(n + 2))
		s.wantPage(large(n + 2))
	}
	if got := len(s.versions(key("/a"))); got > 2 {
		s.Fatalf("there are %d versions: the test does not test", got)
	}
	s.must(free())
	before := s.versions(key("/a"))
	s.put(large(8))
	if got := len(s.versions(key("/a"))); got != len(before)+1 {
		s.Fatalf("there are %d versions, with room again, after %d", got, len(before))
	}
}

// versionsAtOnce has many contents put at once. Each that was stored is the page or a
// version, in the order in which they came.
func versionsAtOnce(s *suite) {
	s.versionStore()
	const n = 60
	stored := make([]bool, n)
	s.must(together(n, func(i int) (err error) {
		stored[i], err = s.Store.Put(s.Context(), content("/a", i, n))
		return err
	}))
	var want []*reprint.Page
	for i := range n - 1 {
		if stored[i] {
			want = append(want, content("/a", i, n))
		}
	}
	slices.Reverse(want)
	s.wantPage(content("/a", n-1, n))
	s.wantVersions(key("/a"), want...)
}

// wholeVersions reads versions while contents come and go, some of which share bodies.
func wholeVersions(s *suite) {
	store := s.versionStore()
	const rounds = 150
	version := func(n int) *reprint.Page {
		return withBody(content("/a", n, 3), bytes.Repeat([]byte{byte('a' + n%4)}, 2000))
	}
	writing := s.begin(func() error {
		for n := range rounds {
			if _, err := s.Store.Put(s.Context(), version(n)); err != nil {
				return err
			}
			if err := store.PutAside(s.Context(), version(n+1), "no"); err != nil {
				return err
			}
			if n%5 == 0 {
				if err := s.Store.Delete(s.Context(), key("/a"), rounds); err != nil {
					return err
				}
			}
		}
		return nil
	})
	for !writing.over() {
		list := s.versions(key("/a"))
		if len(list) > 4 {
			s.Fatalf("there are %d versions, want at most 3 and one that was refused", len(list))
		}
		for _, listed := range list {
			v, err := store.Version(s.Context(), listed.ID)
			s.must(err)
			if v == nil {
				continue // gone meanwhile
			}
			if diff := pageDiff(v.Page, version(int(v.Page.Stamp))); diff != "" {
				s.Fatalf("version %d is not whole: %s", v.ID, diff)
			}
		}
	}
	s.must(writing.err)
}
