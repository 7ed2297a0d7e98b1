package reprint_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint"
)

// targetSite is a site with the pages of two hosts and the query of one, which tests
// of targets use. They carry the tags of targetTags.
func targetSite(t testing.TB) *reprint.Site {
	t.Helper()
	hosts := []string{"blog.example", "shop.example"}
	site := newSite(t, reprint.Options{Hosts: hosts})
	page := func(w http.ResponseWriter, r *http.Request) {
		reprint.Tag(r.Context(), targetTags[r.URL.Path]...)
		if strings.HasSuffix(r.URL.Path, "/gone") {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write([]byte(r.Host + r.URL.String()))
	}
	handle(t, site, "/posts/{id}", page, reprint.Policy{Query: []string{"page"}})
	handle(t, site, "/lists/{id}", page, reprint.Policy{})
	for _, host := range hosts {
		for _, path := range []string{"/posts/1", "/posts/1?page=2", "/posts/2", "/posts/gone", "/lists/1"} {
			get(site, path, "Host", host)
		}
	}
	return site
}

var targetTags = map[string][]string{
	"/posts/1": {"post:1", "author:7"}, "/posts/2": {"post:2", "author:7"}, "/lists/1": {"post:1", "post:2"},
}

// What a call names is what it means, in every mode, and nothing else is touched.
func TestTargets(t *testing.T) {
	const blog, shop = "blog.example", "shop.example"
	both := func(paths ...string) (keys []string) {
		for _, path := range paths {
			keys = append(keys, blog+path, shop+path)
		}
		return keys
	}
	for name, test := range map[string]struct {
		r    reprint.Revalidation
		want []string
	}{
		"path":               {reprint.Revalidation{Paths: []string{"/posts/1"}}, both("/posts/1", "/posts/1?page=2")},
		"query":              {reprint.Revalidation{Paths: []string{"/posts/1?page=2"}}, both("/posts/1?page=2")},
		"tag":                {reprint.Revalidation{Tags: []string{"post:2"}}, both("/posts/2", "/lists/1")},
		"tag of a host":      {reprint.Revalidation{Tags: []string{"post:2"}, Host: shop}, []string{shop + "/posts/2", shop + "/lists/1"}},
		"any tag":            {reprint.Revalidation{Tags: []string{"post:1", "author:7"}}, both("/posts/1", "/posts/1?page=2", "/posts/2", "/lists/1")},
		"every tag":          {reprint.Revalidation{Tags: []string{"post:1", "author:7"}, EveryTag: true}, both("/posts/1", "/posts/1?page=2")},
		"every tag, twice":   {reprint.Revalidation{Tags: []string{"post:2", "post:2"}, EveryTag: true}, both("/posts/2", "/lists/1")},
		"every tag, of host": {reprint.Revalidation{Tags: []string{"post:1", "author:7"}, EveryTag: true, Host: blog}, []string{blog + "/posts/1", blog + "/posts/1?page=2"}},
		"tags of no page":    {reprint.Revalidation{Tags: []string{"post:1", "nobody:1"}, EveryTag: true}, nil},
		"pattern":            {reprint.Revalidation{Patterns: []string{"/posts/{id}"}}, both("/posts/1", "/posts/1?page=2", "/posts/2", "/posts/gone")},
		"pattern of a host":  {reprint.Revalidation{Patterns: []string{"/lists/{id}"}, Host: blog}, []string{blog + "/lists/1"}},
		"prefix of a host":   {reprint.Revalidation{Prefixes: []string{"/posts/"}, Host: shop}, []string{shop + "/posts/1", shop + "/posts/1?page=2", shop + "/posts/2", shop + "/posts/gone"}},
		"host":               {reprint.Revalidation{All: true, Host: blog}, []string{blog + "/posts/1", blog + "/posts/1?page=2", blog + "/posts/2", blog + "/posts/gone", blog + "/lists/1"}},
		"all":                {reprint.Revalidation{All: true}, both("/posts/1", "/posts/1?page=2", "/posts/2", "/posts/gone", "/lists/1")},
		"status":             {reprint.Revalidation{All: true, Only: reprint.Only{Statuses: []int{404}}}, both("/posts/gone")},
		"status of a host":   {reprint.Revalidation{Prefixes: []string{"/posts/"}, Host: shop, Only: reprint.Only{Statuses: []int{404, 410}}}, []string{shop + "/posts/gone"}},
		"state":              {reprint.Revalidation{Tags: []string{"post:1"}, Only: reprint.Only{States: []reprint.State{reprint.StateFresh}}}, both("/posts/1", "/posts/1?page=2", "/lists/1")},
		"several, once":      {reprint.Revalidation{Paths: []string{"/posts/2"}, Tags: []string{"post:2"}, Patterns: []string{"/lists/{id}"}}, both("/posts/2", "/lists/1")},
		"nothing in a state": {reprint.Revalidation{All: true, Only: reprint.Only{States: []reprint.State{reprint.StateExpired}}}, nil},
	} {
		for _, mode := range []reprint.Mode{reprint.Regenerate, reprint.Stale, reprint.Expire, reprint.Delete} {
			t.Run(name+"/"+mode.String(), func(t *testing.T) {
				site := targetSite(t)
				before := stampsOf(t, site)
				r := test.r
				r.DryRun = true
				checkReceipt(t, site, r, test.want)
				if got := stampsOf(t, site); !slices.Equal(got, before) {
					t.Fatalf("a dry run has changed %q to %q", before, got)
				}
				r.DryRun, r.Mode = false, mode
				checkReceipt(t, site, r, test.want)
				untouched := 0
				for _, p := range pagesOf(t, site) {
					meant := slices.Contains(test.want, p.Page.Key.String())
					switch {
					case !meant && (p.State != reprint.StateFresh || p.Page.Stamp != 0):
						t.Errorf("%s is %s, rendered at %d, and was not meant", p.Page.Key, p.State, p.Page.Stamp)
					case !meant:
						untouched++
					case mode == reprint.Delete:
						t.Errorf("%s is still there", p.Page.Key)
					case mode == reprint.Regenerate && (p.State != reprint.StateFresh || p.Page.Stamp == 0),
						mode == reprint.Stale && p.State != reprint.StateStale,
						mode == reprint.Expire && p.State != reprint.StateExpired:
						t.Errorf("%s is %s, rendered at %d", p.Page.Key, p.State, p.Page.Stamp)
					}
				}
				if untouched != len(before)-len(test.want) {
					t.Errorf("%d pages are as they were, of %d", untouched, len(before)-len(test.want))
				}
			})
		}
	}
}

func pagesOf(t testing.TB, site *reprint.Site) []reprint.PageInfo {
	t.Helper()
	list, err := site.Pages(t.Context(), reprint.PageQuery{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return list.Pages
}

// stampsOf is what is stored, in words.
func stampsOf(t testing.TB, site *reprint.Site) (all []string) {
	t.Helper()
	for _, p := range pagesOf(t, site) {
		all = append(all, p.Page.Key.String()+" "+string(p.State)+" "+p.Page.RenderedAt.String())
	}
	return all
}

// checkReceipt applies r and compares the pages of its receipt.
func checkReceipt(t testing.TB, site *reprint.Site, r reprint.Revalidation, want []string) {
	t.Helper()
	receipt, err := site.Apply(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range receipt.Pages {
		got = append(got, p.Path)
	}
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) || receipt.Matched != len(want) {
		t.Fatalf("%d pages are meant: %q; want %q", receipt.Matched, got, want)
	}
}

// A page is as old as its render.
func TestOnlyWhatIsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site, err := reprint.New(reprint.Options{Log: quiet()})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = site.Shutdown(context.Background()) }()
		p := newPress(0)
		handle(t, site, "/{path}", p.ServeHTTP, reprint.Policy{})
		get(site, "/old")
		time.Sleep(time.Hour)
		get(site, "/new")
		for age, want := range map[time.Duration][]string{
			30 * time.Minute: {"/old"}, time.Hour: {"/old"}, 0: {"/new", "/old"}, 2 * time.Hour: nil,
		} {
			checkReceipt(t, site, reprint.Revalidation{All: true, Only: reprint.Only{OlderThan: age}, DryRun: true}, want)
		}
	})
}

// What is wrong with targets is said at once, and nothing is done.
func TestTargetsThatAreRefused(t *testing.T) {
	site := targetSite(t)
	for name, test := range map[string]struct {
		r    reprint.Revalidation
		is   error
		says []string
	}{
		"nothing":            {reprint.Revalidation{}, reprint.ErrNoTarget, nil},
		"a state alone":      {reprint.Revalidation{Only: reprint.Only{Statuses: []int{404}}}, reprint.ErrNoTarget, nil},
		"every of no tag":    {reprint.Revalidation{All: true, EveryTag: true}, nil, []string{"none is named"}},
		"no such pattern":    {reprint.Revalidation{Patterns: []string{"/posts/{slug}", "/x"}}, reprint.ErrNoRoute, []string{`"/posts/{slug}"`, `"/x"`}},
		"no such state":      {reprint.Revalidation{All: true, Only: reprint.Only{States: []reprint.State{"absent", "old"}}}, nil, []string{`"absent"`, `"old"`, "fresh, stale and expired"}},
		"no such status":     {reprint.Revalidation{All: true, Only: reprint.Only{Statuses: []int{99, 600}}}, nil, []string{"99", "600"}},
		"older than never":   {reprint.Revalidation{All: true, Only: reprint.Only{OlderThan: -time.Second}}, nil, []string{"-1s"}},
		"a tag and its host": {reprint.Revalidation{Tags: []string{"a b"}, Host: "x"}, reprint.ErrUnknownHost, []string{`"a b"`, `"x"`}},
	} {
		t.Run(name, func(t *testing.T) {
			receipt, err := site.Apply(t.Context(), test.r)
			if err == nil || receipt != nil || test.is != nil && !errors.Is(err, test.is) {
				t.Fatalf("%v, %v", receipt, err)
			}
			for _, part := range test.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %s", err, part)
				}
			}
		})
	}
	if position := site.Status().Position; position != 0 {
		t.Errorf("the journal is at %d", position)
	}
}

// A page that comes to carry every tag while it is rendered is one that the call
// means: what was read before the call is not served after it.
func TestAPageThatComesToCarryEveryTagWhileItIsRendered(t *testing.T) {
	p := newPress(0)
	site := newSite(t, reprint.Options{})
	handle(t, site, "/{path}", p.ServeHTTP, reprint.Policy{})
	p.tag("/a", "x", "y")
	p.began = make(chan string, 1)
	release := p.hang("/a")
	defer release()
	first := make(chan string, 1)
	go func() { first <- text(get(site, "/a")) }()
	<-p.began
	p.began = nil
	p.set("/a", 1)
	if _, err := site.Apply(t.Context(), reprint.Revalidation{Tags: []string{"x", "y"}, EveryTag: true}); err != nil {
		t.Fatal(err)
	}
	release()
	if body := <-first; body != "/a v0" {
		t.Errorf("who came before is shown %q", body)
	}
	if body := text(get(site, "/a")); body != "/a v1" {
		t.Errorf("who came after is shown %q", body)
	}
	// Half of them is another page.
	if _, err := site.Apply(t.Context(), reprint.Revalidation{Tags: []string{"x", "z"}, EveryTag: true, Mode: reprint.Delete}); err != nil {
		t.Fatal(err)
	}
	wantCacheStatus(t, get(site, "/a"), "hit")
}

// What is named by tags together, or by a state, stays so after a restart.
func TestTargetsOutliveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "reprint.db")
	open := func(t *testing.T) *reprint.Site {
		store := openStore(t, path)
		site := newSite(t, reprint.Options{Store: store, Journal: store})
		p := newPress(0)
		p.tag("/a", "x", "y")
		p.tag("/b", "x")
		handle(t, site, "/{path}", p.ServeHTTP, reprint.Policy{})
		handle(t, site, "/gone/{path}", status(http.StatusNotFound), reprint.Policy{Negative: time.Hour})
		return site
	}
	t.Run("before", func(t *testing.T) {
		site := open(t)
		for _, path := range []string{"/a", "/b", "/gone/1"} {
			get(site, path)
		}
		for _, r := range []reprint.Revalidation{
			{Tags: []string{"x", "y"}, EveryTag: true, Mode: reprint.Stale},
			{All: true, Only: reprint.Only{Statuses: []int{404}}, Mode: reprint.Expire},
		} {
			if _, err := site.Apply(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("after", func(t *testing.T) {
		site := open(t)
		states := map[string]reprint.State{}
		for _, p := range pagesOf(t, site) {
			states[p.Page.Key.String()] = p.State
		}
		if states["/a"] != reprint.StateStale || states["/b"] != reprint.StateFresh || states["/gone/1"] != reprint.StateExpired {
			t.Errorf("%v", states)
		}
	})
}
