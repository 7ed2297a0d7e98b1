package admin_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
	"github.com/reprint-go/reprint/internal/logtest"
)

// fakeHistory is the part of a fakeSite that keeps versions.
type fakeHistory struct {
	kept     map[int64]*reprint.Version
	refusals []reprint.Version // of Aside
	fault    error             // of all that follows
	receipt2 *reprint.Receipt  // of Restore and Release

	restored []reprint.Restoration
	released []reprint.Revalidation
	dropped  []int64
	after    int64
}

func (s *fakeHistory) Versions(_ context.Context, path string) ([]reprint.Version, error) {
	var all []reprint.Version
	for _, v := range s.kept {
		if v.Page.Key.Path == path {
			all = append(all, *v)
		}
	}
	slices.SortFunc(all, func(a, b reprint.Version) int { return int(b.ID - a.ID) })
	return all, s.fault
}

func (s *fakeHistory) Version(_ context.Context, id int64) (*reprint.Version, error) {
	return s.kept[id], s.fault
}

func (s *fakeHistory) DeleteVersion(_ context.Context, id int64) error {
	s.dropped = append(s.dropped, id)
	return nil
}

func (s *fakeHistory) Aside(_ context.Context, after int64, limit int) ([]reprint.Version, error) {
	s.after = after
	return s.refusals[:min(limit, len(s.refusals))], s.fault
}

func (s *fakeHistory) Restore(_ context.Context, r reprint.Restoration) (*reprint.Receipt, error) {
	s.restored = append(s.restored, r)
	return s.receipt2, s.fault
}

func (s *fakeHistory) Release(_ context.Context, r reprint.Revalidation) (*reprint.Receipt, error) {
	s.released = append(s.released, r)
	return s.receipt2, s.fault
}

func versionOf(id int64, path, body, refused string) *reprint.Version {
	p := samplePage()
	p.Key, p.Body = reprint.Key{Path: path}, []byte(body)
	p.Header = http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	return &reprint.Version{ID: id, Page: p, Size: int64(len(body)), Replaced: renderedAt, Refused: refused}
}

// withVersions is a site with versions 1 to 3 of /posts/42, of which the last was refused,
// and version 9 of /about.
func withVersions() *fakeSite {
	now := versionOf(0, "/posts/42", "<h1>News</h1>\n<p>three\n", "").Page
	site := &fakeSite{explanations: []reprint.Explanation{{Key: now.Key, State: reprint.StateFresh, Page: now}}}
	site.receipt2 = receiptOf(reprint.ResultRestored)
	site.kept = map[int64]*reprint.Version{
		1: versionOf(1, "/posts/42", "<h1>News</h1>\n<p>one\n", ""),
		2: versionOf(2, "/posts/42", "<h1>News</h1>\n<p>two\n", ""),
		3: versionOf(3, "/posts/42", "<h1>Fatal error\n", "it contains Fatal error"),
		9: versionOf(9, "/about", "us", ""),
	}
	site.refusals = []reprint.Version{*site.kept[3]}
	return site
}

// historyCalls are calls of these endpoints with every answer that there is.
func historyCalls(with func(*fakeSite) admin.Options) []answered {
	failing := func(err error) admin.Options {
		site := withVersions()
		site.fault, site.receipt2 = err, nil
		return with(site)
	}
	incomplete := func() admin.Options {
		site := withVersions()
		site.receipt2 = receiptOf(reprint.ResultFailed)
		opts := with(site)
		opts.Site = restoreFails{site}
		return opts
	}
	large := withVersions()
	large.kept[1].Page.Body = make([]byte, 1<<20+1)
	faults := map[int]error{
		500: errors.New("disk gone"), 501: fmt.Errorf("reprint: %w", reprint.ErrNoHistory), 503: fmt.Errorf("reprint: %w", reprint.ErrBusy),
	}
	const restore, release, aside = "/v1/restore", "/v1/release", "/v1/aside/3"
	const asOf = `"asOf":"1999-12-31T23:00:00Z"`
	all := []answered{
		{200, with(withVersions()), call{target: "/v1/versions?path=/posts/42"}},
		{400, with(withVersions()), call{target: "/v1/versions"}},
		{404, failing(&reprint.NoRouteError{Path: "/x"}), call{target: "/v1/versions?path=/x"}},
		{200, with(withVersions()), call{target: "/v1/versions/diff?from=1&to=2"}},
		{200, with(withVersions()), call{target: "/v1/versions/diff?from=1"}},
		{400, with(withVersions()), call{target: "/v1/versions/diff"}},
		{404, with(withVersions()), call{target: "/v1/versions/diff?from=1&to=7"}},
		{413, with(large), call{target: "/v1/versions/diff?from=1"}},
		{200, with(withVersions()), call{target: "/v1/versions/1"}},
		{400, with(withVersions()), call{target: "/v1/versions/x"}},
		{404, with(withVersions()), call{target: "/v1/versions/7"}},
		{200, with(withVersions()), call{target: "/v1/versions/1", method: "DELETE"}},
		{400, with(withVersions()), call{target: "/v1/versions/0", method: "DELETE"}},
		{404, with(withVersions()), call{target: "/v1/versions/7", method: "DELETE"}},
		{200, with(withVersions()), call{target: "/v1/aside?limit=1&cursor=2"}},
		{400, with(withVersions()), call{target: "/v1/aside?limit=0"}},
		{200, with(withVersions()), call{target: aside, body: `{"do":"accept"}`}},
		{200, with(withVersions()), call{target: aside, body: `{"do":"drop"}`}},
		{400, with(withVersions()), call{target: aside, body: `{"do":"x"}`}},
		{404, with(withVersions()), call{target: "/v1/aside/1", body: `{"do":"drop"}`}},
		{502, incomplete(), call{target: aside, body: `{"do":"accept"}`}},
		{200, with(withVersions()), call{target: restore, body: `{"version":1,"until":"2999-01-01T00:00:00Z"}`}},
		{200, with(withVersions()), call{target: restore, body: `{"all":true,"host":"h",` + asOf + `,"unheld":true,"dryRun":true}`}},
		{400, with(withVersions()), call{target: restore, body: `{"paths":["/posts/42"]}`}},
		{404, with(withVersions()), call{target: restore, body: `{"version":7}`}},
		{502, incomplete(), call{target: restore, body: `{"version":1}`}},
		{200, with(withVersions()), call{target: release, body: `{"paths":["/posts/42"]}`}},
		{400, with(withVersions()), call{target: release, body: `{"path":[]}`}},
		{404, failing(&reprint.NoRouteError{Path: "/x"}), call{target: release, body: `{"paths":["/x"]}`}},
		{409, failing(fmt.Errorf("reprint: %w", reprint.ErrUnconfirmed)), call{target: release, body: `{"all":true}`}},
		{409, failing(fmt.Errorf("reprint: %w", reprint.ErrUnconfirmed)), call{target: restore, body: `{"all":true,` + asOf + `}`}},
		{502, incomplete(), call{target: release, body: `{"all":true}`}},
	}
	for _, target := range []string{aside, restore, release} {
		all = append(all, answered{413, with(withVersions()), call{target: target, body: strings.Repeat(" ", 1<<20+1)}},
			answered{415, with(withVersions()), call{target: target, body: `{}`, header: []string{"Content-Type: text/plain"}}})
	}
	for status, err := range faults {
		for _, c := range historyCallsOfTokens() {
			all = append(all, answered{status, failing(err), c})
		}
	}
	return all
}

// restoreFails is a site that puts nothing back.
type restoreFails struct{ *fakeSite }

func (s restoreFails) Restore(context.Context, reprint.Restoration) (*reprint.Receipt, error) {
	return s.receipt2, errors.New("disk gone")
}

func (s restoreFails) Release(context.Context, reprint.Revalidation) (*reprint.Receipt, error) {
	return s.receipt2, errors.New("the origin is down")
}

// historyCallsOfTokens are one call of each endpoint.
func historyCallsOfTokens() []call {
	return []call{
		{target: "/v1/versions?path=/posts/42"}, {target: "/v1/versions/diff?from=1&to=2"}, {target: "/v1/versions/1"},
		{target: "/v1/versions/1", method: "DELETE"}, {target: "/v1/aside"}, {target: "/v1/aside/3", body: `{"do":"accept"}`},
		{target: "/v1/restore", body: `{"all":true,"asOf":"1999-12-31T23:00:00Z"}`}, {target: "/v1/release", body: `{"all":true}`},
	}
}

func TestVersions(t *testing.T) {
	site := withVersions()
	client := clientOf(t, newHandler(t, withTokens(site)), readerSecret)
	list, err := client.Versions(t.Context(), "/posts/42")
	if err != nil || len(list.Versions) != 3 || list.Versions[0].Refused != "it contains Fatal error" {
		t.Fatalf("versions %+v, %v", list, err)
	}
	want := admin.Version{
		ID: 1, Path: "/posts/42", Status: 200, Size: 21, ETag: samplePage().ETag(), Tags: []string{"post:42", "type:post"},
		ModifiedAt: renderedAt.Add(-time.Hour), ReplacedAt: renderedAt,
	}
	if !reflect.DeepEqual(list.Versions[2], want) {
		t.Errorf("version %+v, want %+v", list.Versions[2], want)
	}
	whole, err := client.Version(t.Context(), 1)
	if err != nil || whole.Body == nil || *whole.Body != "<h1>News</h1>\n<p>one\n" || whole.Header["Content-Type"][0] != "text/html; charset=utf-8" {
		t.Errorf("version %+v, %v", whole, err)
	}
	site.kept[1].Page.Body = []byte{0xff, 0xd8}
	whole, err = client.Version(t.Context(), 1)
	if err != nil || whole.Body != nil || whole.BodyBase64 != "/9g=" {
		t.Errorf("version %+v, %v", whole, err)
	}
}

func TestVersionsAreCompared(t *testing.T) {
	site := withVersions()
	client := clientOf(t, newHandler(t, withTokens(site)), readerSecret)
	diff := func(from, to int64) string {
		t.Helper()
		d, err := client.Diff(t.Context(), from, to)
		if err != nil || d.From != from || d.To != to {
			t.Fatalf("diff %+v, %v", d, err)
		}
		return d.Text
	}
	const want = "--- /posts/42 version 1, changed 1999-12-31 22:50:00 UTC\n" +
		"+++ /posts/42 version 2, changed 1999-12-31 22:50:00 UTC\n@@ -1,2 +1,2 @@\n <h1>News</h1>\n-<p>one\n+<p>two\n"
	if got := diff(1, 2); got != want {
		t.Errorf("diff %s, want %s", got, want)
	}
	if got := diff(1, 0); !strings.Contains(got, "+++ /posts/42 now, changed") || !strings.Contains(got, "-<p>one\n+<p>three\n") {
		t.Errorf("diff with the page as it is now: %s", got)
	}
	if got := diff(1, 1); got != "" {
		t.Errorf("diff of a version with itself: %s", got)
	}
	site.kept[2].Page.Status = http.StatusNotFound
	if got := diff(1, 2); !strings.Contains(got, "-Status: 200\n+Status: 404\n Content-Type: text/html") || !strings.Contains(got, "+<p>two") {
		t.Errorf("diff of another status: %s", got)
	}
	site.kept[2].Page.Body = []byte{0xff, 0xd8}
	if got := diff(1, 2); !strings.Contains(got, "The bodies differ, and are not both text") {
		t.Errorf("diff of a picture: %s", got)
	}
}

// However much two bodies differ, comparing them ends soon.
func TestComparingIsBounded(t *testing.T) {
	site := withVersions()
	h := newHandler(t, withTokens(site))
	site.kept[1].Page.Body = []byte(strings.Repeat("a\n\n", 1<<18))
	site.kept[2].Page.Body = []byte(strings.Repeat("b\n\n", 1<<18))
	begin := time.Now()
	wantStatus(t, call{target: "/v1/versions/diff?from=1&to=2", secret: readerSecret}.do(t, h), http.StatusOK)
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	site.kept[2].Page.Body = make([]byte, 1<<20+1)
	wantTold(t, call{target: "/v1/versions/diff?from=1&to=2", secret: readerSecret}.do(t, h), http.StatusRequestEntityTooLarge, "at most 1048576")
}

func TestDiffIsNoID(t *testing.T) {
	h := newHandler(t, withTokens(withVersions()))
	w := call{method: http.MethodDelete, target: "/v1/versions/diff", secret: newSecret}.do(t, h)
	wantTold(t, w, http.StatusMethodNotAllowed, "use GET, HEAD")
	w = call{method: http.MethodPost, target: "/v1/versions/7", secret: newSecret}.do(t, h)
	wantTold(t, w, http.StatusMethodNotAllowed, "use GET, HEAD, DELETE")
}

func TestAside(t *testing.T) {
	site := withVersions()
	opts := withTokens(site)
	opts.Address = func(*http.Request) string { return "192.0.2.7" }
	client := clientOf(t, newHandler(t, opts), newSecret)
	list, err := client.Aside(t.Context(), 1, "2")
	if err != nil || len(list.Versions) != 1 || list.Next != "3" || site.after != 2 {
		t.Fatalf("list %+v, %v", list, err)
	}
	if list, err = client.Aside(t.Context(), 0, ""); err != nil || list.Next != "" {
		t.Errorf("list %+v, %v", list, err)
	}
	if v, err := client.DropAside(t.Context(), 3); err != nil || v.ID != 3 || !slices.Equal(site.dropped, []int64{3}) {
		t.Errorf("dropped %+v, %v", v, err)
	}
	if r, err := client.AcceptAside(t.Context(), 3); err != nil || r.ID == "" {
		t.Errorf("receipt %+v, %v", r, err)
	}
	want := reprint.Restoration{Version: 3, Unheld: true, By: "token editor", From: "192.0.2.7", Of: reprint.Revalidation{Confirm: true}}
	if !reflect.DeepEqual(site.restored, []reprint.Restoration{want}) {
		t.Errorf("restored %+v", site.restored)
	}
}

func TestRestoreAndRelease(t *testing.T) {
	site := withVersions()
	log := new(logtest.Buffer)
	opts := withTokens(site)
	opts.Log = log.Logger()
	opts.Address = func(*http.Request) string { return "192.0.2.7" }
	client := clientOf(t, newHandler(t, opts), newSecret)
	at, until := renderedAt, time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, r := range []admin.RestoreRequest{
		{Version: 1, Until: &until},
		{Paths: []string{"/a"}, Tags: []string{"b"}, Prefixes: []string{"/c/"}, Patterns: []string{"/d"}, All: true, Host: "H", AsOf: &at, Unheld: true, DryRun: true},
	} {
		if _, err := client.Restore(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	want := []reprint.Restoration{
		{Version: 1, Until: until, By: "token editor", From: "192.0.2.7"},
		{Of: reprint.Revalidation{Paths: []string{"/a"}, Tags: []string{"b"}, Prefixes: []string{"/c/"}, Patterns: []string{"/d"}, All: true, Host: "h"}, AsOf: at, Unheld: true, DryRun: true, By: "token editor", From: "192.0.2.7"},
	}
	if !reflect.DeepEqual(site.restored, want) {
		t.Errorf("restored %+v, want %+v", site.restored, want)
	}
	if _, err := client.Release(t.Context(), admin.ReleaseRequest{Tags: []string{"b"}, DryRun: true, Confirm: true}); err != nil {
		t.Fatal(err)
	}
	if want := (reprint.Revalidation{Tags: []string{"b"}, DryRun: true, Confirm: true, By: "token editor", From: "192.0.2.7"}); !reflect.DeepEqual(site.released[0], want) {
		t.Errorf("released %+v, want %+v", site.released, want)
	}
	for _, words := range []string{"admin: restore", "admin: release", "version=1"} {
		if !strings.Contains(log.String(), words) {
			t.Errorf("the log has no %q: %s", words, log)
		}
	}
}

func TestRestoreSaysWhatIsWrong(t *testing.T) {
	h := newHandler(t, withTokens(withVersions()))
	for body, want := range map[string]string{
		`{"all":true}`: "neither version nor asOf",
		`{"version":1,"asOf":"1999-01-01T00:00:00Z"}`:                "version and asOf",
		`{"version":1,"paths":["/a"]}`:                               "a version is of one page",
		`{"version":-1}`:                                             "above 0",
		`{"all":true,"asOf":"2999-01-01T00:00:00Z"}`:                 "in the future",
		`{"all":true,"asOf":"14:05"}`:                                "a moment like",
		`{"version":1,"until":"1999-01-01T00:00:00Z"}`:               "until is past",
		`{"version":1,"unheld":true,"until":"2999-01-01T00:00:00Z"}`: "until and unheld",
		`{"tags":["a b"],"asOf":"1999-01-01T00:00:00Z"}`:             "a space",
	} {
		wantTold(t, call{target: "/v1/restore", body: body, secret: newSecret}.do(t, h), http.StatusBadRequest, want)
	}
}

func TestATokenSeesTheVersionsOfItsPathsOnly(t *testing.T) {
	site := withVersions()
	opts := withTokens(site)
	opts.Tokens = append(opts.Tokens, admin.Token{Name: "posts", Secrets: []string{postsSecret}, Paths: []string{"/posts/*"}})
	h := newHandler(t, opts)
	site.refusals = append(site.refusals, *versionOf(10, "/about", "x", "no"))
	for _, c := range []call{
		{target: "/v1/versions?path=/about"}, {target: "/v1/versions/9"}, {target: "/v1/versions/9", method: "DELETE"},
		{target: "/v1/versions/diff?from=9"}, {target: "/v1/versions/diff?from=1&to=9"}, {target: "/v1/restore", body: `{"version":9}`},
		{target: "/v1/restore", body: `{"all":true,"asOf":"1999-01-01T00:00:00Z"}`}, {target: "/v1/release", body: `{"paths":["/about"]}`},
		{target: "/v1/aside/9", body: `{"do":"drop"}`},
	} {
		c.secret = postsSecret
		w := c.do(t, h)
		wantTold(t, w, http.StatusForbidden, `token "posts" may not`)
		if strings.Contains(c.target, "9") && strings.Contains(w.Body.String(), "about") {
			t.Errorf("%s: the answer names the page: %s", c.target, w.Body)
		}
	}
	if len(site.restored)+len(site.released)+len(site.dropped) > 0 {
		t.Errorf("the site was asked: %+v", site.fakeHistory)
	}
	w := call{target: "/v1/aside", secret: postsSecret}.do(t, h)
	if list := decode[admin.VersionList](t, w.Body.Bytes()); len(list.Versions) != 1 || list.Versions[0].ID != 3 {
		t.Errorf("kept aside: %s", w.Body)
	}
	wantStatus(t, call{target: "/v1/restore", body: `{"version":1}`, secret: postsSecret}.do(t, h), http.StatusOK)

	opts.Tokens = []admin.Token{{Name: "shop", Secrets: []string{newSecret}, Hosts: []string{"shop.example"}}}
	h = newHandler(t, opts)
	wantStatus(t, call{target: "/v1/versions/1", secret: newSecret}.do(t, h), http.StatusForbidden)
	site.kept[1].Page.Key.Host = "shop.example"
	wantStatus(t, call{target: "/v1/versions/1", secret: newSecret}.do(t, h), http.StatusOK)
	w = call{target: "/v1/versions?path=/posts/42", secret: newSecret}.do(t, h)
	if list := decode[admin.VersionList](t, w.Body.Bytes()); len(list.Versions) != 1 {
		t.Errorf("versions of all hosts: %s", w.Body)
	}
}

func TestAnExplanationSaysThatAPageIsHeldAndWhatIsKeptAside(t *testing.T) {
	site := withVersions()
	client := clientOf(t, newHandler(t, withTokens(site)), readerSecret)
	for until, words := range map[time.Time]string{
		{}: "It stays fresh until it is revalidated.",
		time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC): "is held until it is released",
		time.Date(2999, 1, 2, 0, 0, 0, 0, time.UTC):   "is held until 2999-01-02 00:00:00 UTC or until it is released",
	} {
		site.explanations[0].Page.HeldUntil = until
		all, err := client.Explain(t.Context(), "/posts/42")
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(all[0].Words, " ")
		if !strings.Contains(text, words) || !strings.Contains(text, "kept aside as version 3") {
			t.Errorf("%s does not say %q", text, words)
		}
		if x := all[0]; (x.Page.HeldUntil == nil) != until.IsZero() || x.Aside == nil || x.Aside.ID != 3 {
			t.Errorf("explanation %+v", x)
		}
	}
}
