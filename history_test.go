package reprint_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

// press prints pages of a version that can be set.
type pressSite struct {
	*reprint.Site
	t       testing.TB
	version atomic.Int64
	store   *sqlite.Store
}

// openPress opens the site of a file. Its pages /p/N carry the tag list and show their
// path and the version.
func openPress(t testing.TB, file string, p reprint.Policy) *pressSite {
	t.Helper()
	s := &pressSite{t: t}
	var err error
	if s.store, err = sqlite.Open(t.Context(), file, sqlite.Options{Log: quiet()}); err != nil {
		t.Fatal(err)
	}
	s.Site = newSite(t, reprint.Options{Store: s.store})
	handle(t, s.Site, "/p/{id}", func(w http.ResponseWriter, r *http.Request) {
		reprint.Tag(r.Context(), "list", "page:"+r.PathValue("id"))
		switch v := s.version.Load(); {
		case v < 0:
			http.NotFound(w, r)
		default:
			if p.Freshness == reprint.FromHeaders {
				w.Header().Set("Cache-Control", "max-age=60")
			}
			fmt.Fprintf(w, "%s v%d", r.URL.Path, v)
		}
	}, p)
	return s
}

func (s *pressSite) end() {
	s.t.Helper()
	stop(s.t, s.Site)
	if err := s.store.Close(); err != nil {
		s.t.Fatal(err)
	}
}

// print sets the version and has all pages printed anew.
func (s *pressSite) print(version int64) {
	s.t.Helper()
	s.version.Store(version)
	if _, err := s.Apply(s.t.Context(), reprint.Revalidation{Tags: []string{"list"}}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *pressSite) want(path, body string) {
	s.t.Helper()
	wantBody(s.t, get(s.Site, path), http.StatusOK, body)
}

// nextSecond waits until a page that changes now is told from one that changed before.
func nextSecond(t testing.TB) time.Time {
	t.Helper()
	before := time.Now().Truncate(time.Second)
	waitFor(t, "the next second", func() bool { return time.Now().Truncate(time.Second).After(before) })
	return before
}

func TestHistoryKeepsTheLastVersionsByContent(t *testing.T) {
	s := openPress(t, filepath.Join(t.TempDir(), "pages.db"), reprint.Policy{History: 3})
	defer s.end()
	s.want("/p/1", "/p/1 v0")
	for v := range int64(6) {
		s.print(v)
		s.print(v) // the same content is no version
	}
	versions, err := s.Versions(t.Context(), "/p/1")
	if err != nil || len(versions) != 3 {
		t.Fatalf("%d versions, %v; want 3", len(versions), err)
	}
	for i, v := range versions {
		whole, err := s.Version(t.Context(), v.ID)
		if want := fmt.Sprintf("/p/1 v%d", 4-i); err != nil || string(whole.Page.Body) != want || v.Refused != "" {
			t.Errorf("version %d is %q, %v; want %q", i, whole.Page.Body, err, want)
		}
	}
	if err := s.DeleteVersion(t.Context(), versions[0].ID); err != nil {
		t.Fatal(err)
	}
	if v, err := s.Version(t.Context(), versions[0].ID); v != nil || err != nil {
		t.Errorf("a version that was deleted is %v, %v", v, err)
	}
}

func TestARestoredPageIsHeldUntilItIsReleased(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pages.db")
	s := openPress(t, file, reprint.Policy{})
	s.want("/p/1", "/p/1 v0")
	s.print(1)
	s.print(2)
	versions, err := s.Versions(t.Context(), "/p/1")
	if err != nil || len(versions) != 2 {
		t.Fatalf("versions %v, %v", versions, err)
	}
	before := get(s.Site, "/p/1").Header.Get("Last-Modified")
	receipt, err := s.Restore(t.Context(), reprint.Restoration{Version: versions[1].ID, By: "editor"})
	if err != nil || receipt.Matched != 1 || receipt.Pages[0].Result != reprint.ResultRestored {
		t.Fatalf("receipt %+v, %v", receipt, err)
	}
	s.want("/p/1", "/p/1 v0")
	if after := get(s.Site, "/p/1", "If-Modified-Since", before); after.StatusCode != http.StatusOK {
		t.Errorf("who has the other content is told %d", after.StatusCode)
	}
	// Whatever is revalidated, it stays, and the caller is told.
	s.print(3)
	for _, mode := range []reprint.Mode{reprint.Stale, reprint.Expire} {
		if _, err := s.Apply(t.Context(), reprint.Revalidation{All: true, Mode: mode}); err != nil {
			t.Fatal(err)
		}
		s.want("/p/1", "/p/1 v0")
	}
	if err := s.Revalidate(t.Context(), "/p/1"); !errors.Is(err, reprint.ErrHeld) {
		t.Errorf("error %v, want ErrHeld", err)
	}
	if r, err := s.Apply(t.Context(), reprint.Revalidation{Tags: []string{"list"}}); err != nil || r.Skipped != 1 || !strings.Contains(r.Pages[0].Error, "held until it is released") {
		t.Errorf("receipt %+v, %v", r, err)
	}
	r, err := s.Apply(t.Context(), reprint.Revalidation{Tags: []string{"list"}, Refill: true})
	if err != nil {
		t.Fatal(err)
	}
	wantCounts(t, finished(t, s.Site, r.ID), 1, 0, 0, 0, 1)
	s.end()
	version := s.version.Load()
	s = openPress(t, file, reprint.Policy{})
	s.version.Store(version)
	s.want("/p/1", "/p/1 v0")
	s.print(4)
	s.want("/p/1", "/p/1 v0")
	if saved, err := s.Receipt(t.Context(), receipt.ID); err != nil || saved == nil || saved.By != "editor" {
		t.Errorf("receipt %+v, %v", saved, err)
	}

	if r, err := s.Release(t.Context(), reprint.Revalidation{Tags: []string{"list"}, By: "editor"}); err != nil || r.Regenerated != 1 {
		t.Errorf("receipt %+v, %v", r, err)
	}
	s.want("/p/1", "/p/1 v4")
	s.print(5)
	s.want("/p/1", "/p/1 v5")
	if r, err := s.Release(t.Context(), reprint.Revalidation{All: true}); err != nil || r.Matched != 0 {
		t.Errorf("nothing is held, and the receipt is %+v, %v", r, err)
	}
	s.end()
}

func TestARestoredPageIsHeldUntilAMoment(t *testing.T) {
	s := openPress(t, filepath.Join(t.TempDir(), "pages.db"), reprint.Policy{})
	defer s.end()
	s.want("/p/1", "/p/1 v0")
	s.print(1)
	versions, err := s.Versions(t.Context(), "/p/1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Restore(t.Context(), reprint.Restoration{Version: versions[0].ID, Until: time.Now().Add(500 * time.Millisecond)}); err != nil {
		t.Fatal(err)
	}
	s.print(2)
	s.want("/p/1", "/p/1 v0")
	waitFor(t, "the moment, without a visitor", func() bool {
		p, err := s.store.Page(t.Context(), reprint.Key{Path: "/p/1"})
		return err == nil && string(p.Body) == "/p/1 v2"
	})
	// The store has it first, then memory.
	waitFor(t, "visitors get it", func() bool { return text(get(s.Site, "/p/1")) == "/p/1 v2" })
}

// What is refused has changed nothing: the pages stay held.
func TestAReleaseThatIsRefusedEndsNoHolding(t *testing.T) {
	s := openPress(t, filepath.Join(t.TempDir(), "pages.db"), reprint.Policy{})
	defer s.end()
	s.want("/p/1", "/p/1 v0")
	s.want("/p/2", "/p/2 v0")
	s.print(1)
	for _, path := range []string{"/p/1", "/p/2"} {
		versions, err := s.Versions(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Restore(t.Context(), reprint.Restoration{Version: versions[0].ID}); err != nil {
			t.Fatal(err)
		}
	}
	release := reprint.Revalidation{All: true, Brake: &reprint.Brake{Pages: 1}}
	if r, err := s.Release(t.Context(), release); r != nil || !errors.Is(err, reprint.ErrUnconfirmed) {
		t.Fatalf("receipt %+v, %v, want ErrUnconfirmed", r, err)
	}
	if err := s.Revalidate(t.Context(), "/p/1"); !errors.Is(err, reprint.ErrHeld) {
		t.Errorf("error %v, want ErrHeld", err)
	}
	release.Confirm = true
	if r, err := s.Release(t.Context(), release); err != nil || r.Matched != 2 {
		t.Errorf("receipt %+v, %v", r, err)
	}
	stop(t, s.Site)
	if r, err := s.Release(t.Context(), release); r != nil || !errors.Is(err, reprint.ErrClosed) {
		t.Errorf("receipt %+v, %v, want ErrClosed", r, err)
	}
}

func TestAMomentThatNeverComesHoldsARestoredPageForGood(t *testing.T) {
	s := openPress(t, filepath.Join(t.TempDir(), "pages.db"), reprint.Policy{})
	defer s.end()
	s.want("/p/1", "/p/1 v0")
	s.print(1)
	versions, err := s.Versions(t.Context(), "/p/1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Restore(t.Context(), reprint.Restoration{Version: versions[0].ID, Until: year10000}); err != nil {
		t.Fatal(err)
	}
	all, err := s.Explain(t.Context(), "/p/1")
	if err != nil || all[0].Page.HeldUntil.Year() != 9999 {
		t.Errorf("explanation %+v, %v", all, err)
	}
}

func TestUnheldARestoredPageStaysUntilItIsRenderedAgain(t *testing.T) {
	for name, policy := range map[string]reprint.Policy{"FromPolicy": {}, "FromHeaders": {Freshness: reprint.FromHeaders}} {
		t.Run(name, func(t *testing.T) {
			s := openPress(t, filepath.Join(t.TempDir(), "pages.db"), policy)
			defer s.end()
			waitFor(t, "the first page", func() bool { return strings.Contains(get(s.Site, "/p/1").Header.Get("Cache-Status"), "hit") })
			s.print(1)
			versions, err := s.Versions(t.Context(), "/p/1")
			if err != nil {
				t.Fatal(err)
			}
			receipt, err := s.Restore(t.Context(), reprint.Restoration{Version: versions[0].ID, Unheld: true})
			if err != nil || !slices.Equal(receipt.Targets.Paths, []string{"/p/1"}) {
				t.Fatalf("receipt %+v, %v", receipt, err)
			}
			s.want("/p/1", "/p/1 v0")
			s.print(2)
			s.want("/p/1", "/p/1 v2")
		})
	}
}

// What must be confirmed for a revalidation must be for a restoration of as many pages.
func TestTheBrakeStopsARestoration(t *testing.T) {
	s := openPress(t, filepath.Join(t.TempDir(), "pages.db"), reprint.Policy{})
	defer s.end()
	for _, path := range []string{"/p/1", "/p/2", "/p/3"} {
		s.want(path, path+" v0")
	}
	good := nextSecond(t)
	s.print(1)
	r := reprint.Restoration{AsOf: good, Of: reprint.Revalidation{All: true, Brake: &reprint.Brake{Pages: 2}}}
	var unconfirmed *reprint.UnconfirmedError
	if receipt, err := s.Restore(t.Context(), r); receipt != nil || !errors.As(err, &unconfirmed) || unconfirmed.Pages != 3 {
		t.Errorf("receipt %+v, error %v", receipt, err)
	}
	s.want("/p/1", "/p/1 v1")
	r.DryRun = true
	if receipt, err := s.Restore(t.Context(), r); err != nil || receipt.Matched != 3 {
		t.Errorf("a dry run says %+v, %v", receipt, err)
	}
	r.DryRun, r.Of.Confirm = false, true
	if receipt, err := s.Restore(t.Context(), r); err != nil || receipt.Regenerated != 3 {
		t.Errorf("receipt %+v, error %v", receipt, err)
	}
	s.want("/p/1", "/p/1 v0")
}

func TestTheSiteAsOfAMoment(t *testing.T) {
	s := openPress(t, filepath.Join(t.TempDir(), "pages.db"), reprint.Policy{})
	defer s.end()
	s.want("/p/1", "/p/1 v0")
	s.want("/p/2", "/p/2 v0")
	beforeAll := time.Now().Add(-time.Hour)
	good := nextSecond(t)
	s.print(1)
	nextSecond(t)
	s.want("/p/3", "/p/3 v1") // there was no such page
	s.version.Store(2)
	if err := s.Revalidate(t.Context(), "/p/2"); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		r                          reprint.Restoration
		matched, restored, skipped int
		unchanged                  int
		one, two, three            string
	}{
		{reprint.Restoration{Of: reprint.Revalidation{All: true}, AsOf: good, DryRun: true}, 3, 0, 1, 0, "/p/1 v1", "/p/2 v2", "/p/3 v1"},
		{reprint.Restoration{Of: reprint.Revalidation{Tags: []string{"list"}}, AsOf: beforeAll}, 3, 0, 3, 0, "/p/1 v1", "/p/2 v2", "/p/3 v1"},
		{reprint.Restoration{Of: reprint.Revalidation{Tags: []string{"page:1"}}, AsOf: good}, 1, 1, 0, 0, "/p/1 v0", "/p/2 v2", "/p/3 v1"},
		{reprint.Restoration{Of: reprint.Revalidation{All: true}, AsOf: good}, 3, 2, 1, 0, "/p/1 v0", "/p/2 v0", "/p/3 v1"},
		{reprint.Restoration{Of: reprint.Revalidation{Paths: []string{"/p/3"}}, AsOf: time.Now()}, 1, 0, 0, 1, "/p/1 v0", "/p/2 v0", "/p/3 v1"},
	} {
		receipt, err := s.Restore(t.Context(), tt.r)
		if err != nil {
			t.Fatal(err)
		}
		if receipt.Matched != tt.matched || receipt.Regenerated != tt.restored || receipt.Skipped != tt.skipped || receipt.Unchanged != tt.unchanged {
			t.Errorf("%+v: receipt %+v", tt.r, receipt)
		}
		s.want("/p/1", tt.one)
		s.want("/p/2", tt.two)
		s.want("/p/3", tt.three)
	}
}

// puts is a store that stores no page when a function says so.
type puts struct {
	*sqlite.Store
	refuse func() error
}

func (s *puts) Put(ctx context.Context, p *reprint.Page) (bool, error) {
	if err := s.refuse(); err != nil {
		return false, err
	}
	return s.Store.Put(ctx, p)
}

// A release that comes to no end, as in a crash, leaves no page behind that is neither
// held nor rendered again.
func TestAReleaseThatWasCutOffCanBeRepeated(t *testing.T) {
	for _, refill := range []bool{false, true} {
		store := &puts{Store: openStore(t, filepath.Join(t.TempDir(), "pages.db")), refuse: func() error { return nil }}
		site := newSite(t, reprint.Options{Store: store})
		p := newPress(0)
		handle(t, site, "/p/{id}", p.ServeHTTP, reprint.Policy{Vary: []reprint.Vary{{Header: "Accept-Language", Values: []string{"en", "de"}}}})
		all := reprint.Revalidation{All: true, Refill: refill}
		languages := []string{"en", "de"} // variants of a page have one tag
		visit := func(version int) {
			for _, path := range []string{"/p/1", "/p/2"} {
				for _, language := range languages {
					waitFor(t, path+" as it is now, in "+language, func() bool {
						return text(get(site, path, "Accept-Language", language)) == fmt.Sprintf("%s v%d", path, version)
					})
				}
			}
		}
		set := func(version int) {
			p.set("/p/1", version)
			p.set("/p/2", version)
		}
		visit(0)
		good := nextSecond(t)
		set(1)
		if _, err := site.Apply(t.Context(), reprint.Revalidation{All: true}); err != nil {
			t.Fatal(err)
		}
		if r, err := site.Restore(t.Context(), reprint.Restoration{Of: reprint.Revalidation{All: true}, AsOf: good}); err != nil || r.Regenerated != 4 {
			t.Fatalf("receipt %+v, %v", r, err)
		}
		set(2)
		n := 0
		store.refuse = func() error {
			if n++; n > 2 {
				return errBroken
			}
			return nil
		}
		if r, err := site.Release(t.Context(), all); r == nil || r.Position == 0 || !errors.Is(err, errBroken) {
			t.Errorf("receipt %+v, %v", r, err)
		}
		store.refuse = func() error { return nil }
		if _, err := site.Release(t.Context(), all); err != nil {
			t.Error(err)
		}
		visit(2)
		for e, err := range store.Entries(t.Context(), 0) {
			if err != nil || !slices.IsSorted(e.Tags) || len(slices.Compact(slices.Clone(e.Tags))) != len(e.Tags) {
				t.Errorf("entry %+v, %v", e, err)
			}
		}
	}
}

// versionReads is a store that calls a function before it reads a version.
type versionReads struct {
	*sqlite.Store
	read func()
}

func (s *versionReads) Version(ctx context.Context, id int64) (*reprint.Version, error) {
	s.read()
	return s.Store.Version(ctx, id)
}

// A restoration of many pages takes a while. One that is deleted before its turn came
// stays so: the caller was told that it is gone.
func TestAPageThatIsDeletedWhileOthersAreRestoredStaysDeleted(t *testing.T) {
	store := &versionReads{Store: openStore(t, filepath.Join(t.TempDir(), "pages.db")), read: func() {}}
	site := newSite(t, reprint.Options{Store: store})
	p := newPress(0)
	handle(t, site, "/p/{id}", p.ServeHTTP, reprint.Policy{})
	paths := []string{"/p/1", "/p/2"}
	for _, path := range paths {
		get(site, path)
	}
	good := nextSecond(t)
	for _, path := range paths {
		p.set(path, 1)
		if err := site.Revalidate(t.Context(), path); err != nil {
			t.Fatal(err)
		}
	}
	reads := 0
	store.read = func() {
		if reads++; reads != 2 {
			return
		}
		p.breakWith("/p/2", http.NotFound)
		if _, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/p/2"}, Mode: reprint.Delete}); err != nil {
			t.Error(err)
		}
	}
	r, err := site.Restore(t.Context(), reprint.Restoration{Of: reprint.Revalidation{All: true}, AsOf: good})
	if err == nil || r == nil || r.Regenerated != 1 || r.Failed != 1 {
		t.Errorf("receipt %+v, %v", r, err)
	}
	wantBody(t, get(site, "/p/1"), http.StatusOK, "/p/1 v0")
	if got := get(site, "/p/2"); got.StatusCode != http.StatusNotFound {
		t.Errorf("what was deleted is %d %q", got.StatusCode, text(got))
	}
}

// Only narrows a restoration to pages in a state, also where the query makes others of
// their path.
func TestARestorationIsNarrowedToPagesInAState(t *testing.T) {
	site := newSite(t, reprint.Options{Store: openStore(t, filepath.Join(t.TempDir(), "pages.db"))})
	var broken atomic.Bool
	handle(t, site, "/p/{id}", func(w http.ResponseWriter, r *http.Request) {
		if broken.Load() && r.URL.RawQuery == "" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintf(w, "%s broken=%t", r.URL, broken.Load())
	}, reprint.Policy{Query: []string{"page"}})
	get(site, "/p/1")
	get(site, "/p/1?page=2")
	good := nextSecond(t)
	broken.Store(true)
	if _, err := site.Apply(t.Context(), reprint.Revalidation{All: true}); err != nil {
		t.Fatal(err)
	}
	r, err := site.Restore(t.Context(), reprint.Restoration{
		Of: reprint.Revalidation{All: true, Only: reprint.Only{Statuses: []int{http.StatusNotFound}}}, AsOf: good})
	if err != nil || r.Matched != 1 || r.Regenerated != 1 {
		t.Errorf("receipt %+v, %v", r, err)
	}
	wantBody(t, get(site, "/p/1"), http.StatusOK, "/p/1 broken=false")
	wantBody(t, get(site, "/p/1?page=2"), http.StatusOK, "/p/1?page=2 broken=true")
}

// Another version can be put in the place of one that is held, also for the next render
// to replace.
func TestUnheldAVersionTakesThePlaceOfOneThatIsHeld(t *testing.T) {
	s := openPress(t, filepath.Join(t.TempDir(), "pages.db"), reprint.Policy{})
	defer s.end()
	s.want("/p/1", "/p/1 v0")
	s.print(1)
	s.print(2)
	versions, err := s.Versions(t.Context(), "/p/1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Restore(t.Context(), reprint.Restoration{Version: versions[1].ID}); err != nil {
		t.Fatal(err)
	}
	s.want("/p/1", "/p/1 v0")
	if r, err := s.Restore(t.Context(), reprint.Restoration{Version: versions[0].ID, Unheld: true}); err != nil || r.Regenerated != 1 {
		t.Fatalf("receipt %+v, %v", r, err)
	}
	s.want("/p/1", "/p/1 v1")
	s.print(3)
	s.want("/p/1", "/p/1 v3")

	// What a version was when another one took its place, it need not be again.
	for _, version := range []int{1, 2} {
		if _, err := s.Restore(t.Context(), reprint.Restoration{Version: versions[len(versions)-version].ID}); err != nil {
			t.Fatal(err)
		}
	}
	if versions, err = s.Versions(t.Context(), "/p/1"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Restore(t.Context(), reprint.Restoration{Version: versions[0].ID, Unheld: true}); err != nil {
		t.Fatal(err)
	}
	s.want("/p/1", "/p/1 v0")
	s.print(4)
	s.want("/p/1", "/p/1 v4")
}

// Who restores again what is there already, because the answer was lost or to hold it
// for longer, loses none of the versions.
func TestToRestoreAgainMakesNoVersion(t *testing.T) {
	s := openPress(t, filepath.Join(t.TempDir(), "pages.db"), reprint.Policy{History: 3})
	defer s.end()
	s.want("/p/1", "/p/1 v0")
	good := nextSecond(t)
	s.print(1)
	for range 5 {
		if r, err := s.Restore(t.Context(), reprint.Restoration{Of: reprint.Revalidation{All: true}, AsOf: good}); err != nil || r.Regenerated != 1 {
			t.Fatalf("receipt %+v, %v", r, err)
		}
	}
	s.want("/p/1", "/p/1 v0")
	versions, err := s.Versions(t.Context(), "/p/1")
	if err != nil || len(versions) != 2 {
		t.Fatalf("%d versions, %v; want v1 and v0", len(versions), err)
	}
	whole, err := s.Version(t.Context(), versions[0].ID)
	if err != nil || string(whole.Page.Body) != "/p/1 v1" {
		t.Errorf("the last version is %q, %v", whole.Page.Body, err)
	}
}

// Of a moment at which a page had a content that is not kept, no other one is restored.
func TestAsOfAMomentWhoseContentIsNotKept(t *testing.T) {
	for _, tt := range []struct {
		name string
		lose func(*pressSite)
	}{
		{"the page was deleted", func(s *pressSite) {
			if _, err := s.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/p/1"}, Mode: reprint.Delete}); err != nil {
				t.Fatal(err)
			}
		}},
		{"the page was deleted and is there again", func(s *pressSite) {
			if _, err := s.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/p/1"}, Mode: reprint.Delete}); err != nil {
				t.Fatal(err)
			}
			s.version.Store(2)
			s.want("/p/1", "/p/1 v2")
		}},
		{"the version was dropped", func(s *pressSite) {
			s.print(2)
			versions, err := s.Versions(t.Context(), "/p/1")
			if err == nil {
				err = s.DeleteVersion(t.Context(), versions[0].ID)
			}
			if err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := openPress(t, filepath.Join(t.TempDir(), "pages.db"), reprint.Policy{})
			defer s.end()
			s.want("/p/1", "/p/1 v0")
			first := nextSecond(t)
			s.print(1)
			second := time.Now()
			nextSecond(t)
			tt.lose(s)
			r, err := s.Restore(t.Context(), reprint.Restoration{Of: reprint.Revalidation{Paths: []string{"/p/1"}}, AsOf: second})
			if err != nil || r.Skipped != 1 || r.Matched != 1 {
				t.Errorf("then it was v1: receipt %+v, %v", r, err)
			}
			r, err = s.Restore(t.Context(), reprint.Restoration{Of: reprint.Revalidation{Paths: []string{"/p/1"}}, AsOf: first})
			if err != nil || r.Regenerated != 1 {
				t.Errorf("then it was v0, which is kept: receipt %+v, %v", r, err)
			}
			s.want("/p/1", "/p/1 v0")
		})
	}
}

// Visitors had each content from when it took the place of the one before it, however
// many come in a second.
func TestTheSiteAsOfAMomentBetweenQuickEdits(t *testing.T) {
	s := openPress(t, filepath.Join(t.TempDir(), "pages.db"), reprint.Policy{History: 20})
	defer s.end()
	s.want("/p/1", "/p/1 v0")
	nextSecond(t)
	var moments []time.Time
	for v := range int64(10) {
		s.print(v + 1)
		moments = append(moments, time.Now())
	}
	for v, at := range moments {
		r, err := s.Restore(t.Context(), reprint.Restoration{Of: reprint.Revalidation{Paths: []string{"/p/1"}}, AsOf: at})
		if err != nil || r.Matched != 1 {
			t.Fatalf("receipt %+v, %v", r, err)
		}
		s.want("/p/1", fmt.Sprintf("/p/1 v%d", v+1))
	}
}

func TestVersionsAreNeverTheLastGoodPageOfOneThatWasDeleted(t *testing.T) {
	s := openPress(t, filepath.Join(t.TempDir(), "pages.db"), reprint.Policy{})
	defer s.end()
	s.want("/p/1", "/p/1 v0")
	s.print(1)
	versions, err := s.Versions(t.Context(), "/p/1")
	if err != nil {
		t.Fatal(err)
	}
	for _, held := range []bool{false, true} {
		if held {
			if _, err := s.Restore(t.Context(), reprint.Restoration{Version: versions[0].ID}); err != nil {
				t.Fatal(err)
			}
			s.want("/p/1", "/p/1 v0")
		}
		if _, err := s.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/p/1"}, Mode: reprint.Delete}); err != nil {
			t.Fatal(err)
		}
		s.version.Store(-1)
		if r := get(s.Site, "/p/1"); r.StatusCode != http.StatusNotFound {
			t.Errorf("held %t: a page that was deleted is answered %d %s", held, r.StatusCode, text(r))
		}
	}
	if kept, err := s.Versions(t.Context(), "/p/1"); err != nil || len(kept) == 0 {
		t.Errorf("versions %v, %v", kept, err)
	}
}

func TestWhatAProofRefusesIsKeptAside(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pages.db")
	policy := reprint.Policy{Proof: func(_, p *reprint.Page) error {
		if strings.Contains(string(p.Body), "v13") {
			return errors.New("thirteen")
		}
		return nil
	}}
	s := openPress(t, file, policy)
	s.want("/p/1", "/p/1 v0")
	s.want("/p/2", "/p/2 v0")
	s.version.Store(13)
	if err := s.Revalidate(t.Context(), "/p/1"); !errors.Is(err, reprint.ErrRefused) {
		t.Fatalf("error %v, want ErrRefused", err)
	}
	s.want("/p/1", "/p/1 v0")
	aside := func() []reprint.Version {
		t.Helper()
		list, err := s.Aside(t.Context(), 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	list := aside()
	if len(list) != 1 || !strings.Contains(list[0].Refused, "thirteen") || list[0].Page.Key.Path != "/p/1" {
		t.Fatalf("kept aside: %+v", list)
	}
	// A good page makes it void, also after a restart.
	s.end()
	s = openPress(t, file, policy)
	s.version.Store(14)
	waitFor(t, "what was kept aside is void", func() bool {
		if err := s.Revalidate(t.Context(), "/p/1"); err != nil {
			t.Fatal(err)
		}
		return len(aside()) == 0
	})
	s.version.Store(13)
	if err := s.Revalidate(t.Context(), "/p/2"); !errors.Is(err, reprint.ErrRefused) {
		t.Fatalf("error %v, want ErrRefused", err)
	}
	receipt, err := s.Restore(t.Context(), reprint.Restoration{Version: aside()[0].ID, Unheld: true, By: "editor"})
	if err != nil || receipt.Regenerated != 1 {
		t.Fatalf("receipt %+v, %v", receipt, err)
	}
	s.want("/p/2", "/p/2 v13")
	if list := aside(); len(list) != 0 {
		t.Errorf("kept aside after it was accepted: %+v", list)
	}
	s.end()
}

func TestNoMorePagesOfARevalidationAreGoneThanTheLimit(t *testing.T) {
	s := openPress(t, filepath.Join(t.TempDir(), "pages.db"), reprint.Policy{MaxGone: 2})
	defer s.end()
	for i := range 5 {
		s.want(fmt.Sprintf("/p/%d", i), fmt.Sprintf("/p/%d v0", i))
	}
	s.version.Store(-1)
	receipt, err := s.Apply(t.Context(), reprint.Revalidation{Tags: []string{"list"}})
	if err == nil || receipt.Failed != 3 || receipt.Regenerated != 2 || !strings.Contains(receipt.Pages[0].Error, "already 2 pages of the same revalidation are gone") {
		t.Fatalf("receipt %+v, %v", receipt, err)
	}
	if list, err := s.Aside(t.Context(), 0, 10); err != nil || len(list) != 3 {
		t.Errorf("%d are kept aside, %v", len(list), err)
	}
	// One by one an editor may take them down.
	for i := range 5 {
		if err := s.Revalidate(t.Context(), fmt.Sprintf("/p/%d", i)); err != nil {
			t.Error(err)
		}
	}
}

// The limit is one of a revalidation, into however many entries of the journal it is cut.
func TestNoMorePagesAreGoneOfARevalidationOfThousands(t *testing.T) {
	site := newSite(t, reprint.Options{})
	var gone atomic.Bool
	handle(t, site, "/p/{id}", func(w http.ResponseWriter, r *http.Request) {
		if gone.Load() {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, "here")
	}, reprint.Policy{MaxGone: 2})
	const pages = 2500
	for i := range pages {
		get(site, fmt.Sprintf("/p/%d", i))
	}
	gone.Store(true)
	r, err := site.Apply(t.Context(), reprint.Revalidation{All: true, Only: reprint.Only{Statuses: []int{http.StatusOK}}})
	if err == nil || r == nil || r.Matched != pages || r.Failed != pages-2 {
		t.Errorf("receipt %+v, %v; want all but 2 to be refused", r, err)
	}
}

func TestHistoryWithoutAStoreThatKeepsAny(t *testing.T) {
	site := newSite(t, reprint.Options{})
	_, err1 := site.Versions(t.Context(), "/")
	_, err2 := site.Restore(t.Context(), reprint.Restoration{Version: 1})
	_, err3 := site.Aside(t.Context(), 0, 1)
	for _, err := range []error{err1, err2, err3} {
		if !errors.Is(err, reprint.ErrNoHistory) {
			t.Errorf("error %v, want ErrNoHistory", err)
		}
	}
}

// Editors restore while others revalidate and visitors come: a page is one of its
// versions, whole, and one that is held stays what it is.
func TestRestoringWhileOthersRevalidate(t *testing.T) {
	s := openPress(t, filepath.Join(t.TempDir(), "pages.db"), reprint.Policy{History: 30_000})
	defer s.end()
	s.want("/p/1", "/p/1 v0")
	s.print(1)
	versions, err := s.Versions(t.Context(), "/p/1")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(done)
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					s.version.Add(1)
					_, _ = s.Apply(t.Context(), reprint.Revalidation{Tags: []string{"list"}})
				}
			}
		})
	}
	for range 20 {
		if _, err := s.Restore(t.Context(), reprint.Restoration{Version: versions[0].ID}); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			s.want("/p/1", "/p/1 v0")
		}
		if _, err := s.Release(t.Context(), reprint.Revalidation{Paths: []string{"/p/1"}}); err != nil {
			t.Fatal(err)
		}
		if got := text(get(s.Site, "/p/1")); got == "/p/1 v0" {
			t.Fatal("it was released and is still what was restored")
		}
	}
}

// What must not be kept can be found when the page is gone, whatever its query.
func TestVersionsOfVariantsOfAPageThatWasDeleted(t *testing.T) {
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "p.db"), sqlite.Options{Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, reprint.Options{Store: store})
	n := 0
	handle(t, s, "/p/{id}", func(w http.ResponseWriter, r *http.Request) { n++; fmt.Fprint(w, n) }, reprint.Policy{Query: []string{"page"}})
	get(s, "/p/1?page=2")
	if err := s.Revalidate(t.Context(), "/p/1?page=2"); err != nil {
		t.Fatal(err)
	}
	list := func() int {
		v, err := s.Versions(t.Context(), "/p/1")
		if err != nil {
			t.Fatal(err)
		}
		return len(v)
	}
	before := list()
	if _, err := s.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/p/1"}, Mode: reprint.Delete}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "gone", func() bool {
		p, _ := store.Page(t.Context(), reprint.Key{Path: "/p/1", Query: "page=2"})
		return p == nil
	})
	if after := list(); before != 1 || after != before {
		t.Errorf("%d versions before, %d after the page was deleted", before, after)
	}
}
