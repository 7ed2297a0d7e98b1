package reprint_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/reprint-go/reprint"
)

// show asks the site for a page and prints what a visitor sees.
func show(site http.Handler, path string) {
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	fmt.Println(w.Code, w.Body)
}

// This is the quick start of the README.
func Example() {
	headlines := map[string]string{"42": "Ferry late again"}

	site, err := reprint.New(reprint.Options{})
	if err != nil {
		panic(err)
	}
	postPage := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, headlines[r.PathValue("id")])
	})
	if err := site.Handle("/posts/{id}", postPage, reprint.Policy{Revalidate: time.Hour}); err != nil {
		panic(err)
	}

	show(site, "/posts/42")           // rendered once
	headlines["42"] = "Ferry on time" // the content changes
	show(site, "/posts/42")           // still the stored page
	err = site.Revalidate(context.Background(), "/posts/42")
	fmt.Println("revalidated:", err == nil) // from here on everybody
	show(site, "/posts/42")                 // gets the new one

	// Output:
	// 200 Ferry late again
	// 200 Ferry late again
	// revalidated: true
	// 200 Ferry on time
}

// Tags name the things that a page shows, so that a change of a thing renews
// every page that shows it.
func ExampleTag() {
	author := "Ada"
	site, _ := reprint.New(reprint.Options{})
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reprint.Tag(r.Context(), "author:7")
		fmt.Fprint(w, r.URL.Path, " by ", author)
	})
	_ = site.Handle("/posts/{id}", page, reprint.Policy{})
	_ = site.Handle("/authors/7", page, reprint.Policy{})
	show(site, "/posts/1")
	show(site, "/authors/7")

	author = "Ada L."
	receipt, err := site.Apply(context.Background(), reprint.Revalidation{Tags: []string{"author:7"}, By: "the editor"})
	fmt.Println(receipt.Regenerated, "pages renewed", err)
	show(site, "/posts/1")

	// Output:
	// 200 /posts/1 by Ada
	// 200 /authors/7 by Ada
	// 2 pages renewed <nil>
	// 200 /posts/1 by Ada L.
}

// A page that knows when it changes says so, and is rendered again at that
// moment, visited or not.
// A list carries a tag of its own beside those of what is in it: what comes tomorrow is
// in no page yet. "There is no such post" carries the post's tag, too.
func ExampleTag_list() {
	titles := map[string]string{"1": "Ferry late again"}
	postPage := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		reprint.Tag(r.Context(), "post:"+id) // before it is looked for
		title, ok := titles[id]
		if !ok {
			http.Error(w, "no such post", http.StatusNotFound)
			return
		}
		fmt.Fprintln(w, title)
	})
	postList := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reprint.Tag(r.Context(), "type:post") // which posts there are
		for _, id := range slices.Sorted(maps.Keys(titles)) {
			reprint.Tag(r.Context(), "post:"+id) // what they say
			fmt.Fprintln(w, titles[id])
		}
	})
	site, err := reprint.New(reprint.Options{})
	if err != nil {
		panic(err)
	}
	if err := errors.Join(
		site.Handle("/posts/{id}", postPage, reprint.Policy{}),
		site.Handle("/posts", postList, reprint.Policy{}),
	); err != nil {
		panic(err)
	}
	show(site, "/posts/2") // somebody is too early
	show(site, "/posts")

	titles["2"] = "Ferry on time"
	_, err = site.Apply(context.Background(), reprint.Revalidation{Tags: []string{"post:2", "type:post"}})
	fmt.Println("revalidated:", err == nil)
	show(site, "/posts/2")
	show(site, "/posts")

	// Output:
	// 404 no such post
	//
	// 200 Ferry late again
	//
	// revalidated: true
	// 200 Ferry on time
	//
	// 200 Ferry late again
	// Ferry on time
}

func ExampleCached() {
	names := map[string]string{"7": "Ada"}
	author := func(ctx context.Context, id string) (string, error) {
		return reprint.Cached(ctx, "author:"+id, func(context.Context) (string, error) {
			fmt.Println("loading", names[id])
			return names[id], nil // a query, for instance
		}, "author:"+id)
	}
	site, err := reprint.New(reprint.Options{})
	if err != nil {
		panic(err)
	}
	err = site.Handle("/posts/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, err := author(r.Context(), "7")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		fmt.Fprintf(w, "post %s by %s", r.PathValue("id"), name)
	}), reprint.Policy{})
	if err != nil {
		panic(err)
	}
	show(site, "/posts/1")
	show(site, "/posts/2")
	names["7"] = "Ada Lovelace"
	if _, err := site.Apply(context.Background(), reprint.Revalidation{Tags: []string{"author:7"}}); err != nil {
		panic(err)
	}
	show(site, "/posts/1")
	show(site, "/posts/2")
	// Output:
	// loading Ada
	// 200 post 1 by Ada
	// 200 post 2 by Ada
	// loading Ada Lovelace
	// 200 post 1 by Ada Lovelace
	// 200 post 2 by Ada Lovelace
}

func ExampleRevalidateAt() {
	doorsOpen := time.Now().Add(time.Hour)
	site, _ := reprint.New(reprint.Options{})
	_ = site.Handle("/concert", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if time.Now().Before(doorsOpen) {
			reprint.RevalidateAt(r.Context(), doorsOpen)
			fmt.Fprint(w, "Doors open soon")
			return
		}
		fmt.Fprint(w, "Come in")
	}), reprint.Policy{})
	show(site, "/concert")
	// Output: 200 Doors open soon
}

func ExampleSite_Apply() {
	site, _ := reprint.New(reprint.Options{})
	_ = site.Handle("/posts/{id}", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "a post")
	}), reprint.Policy{})
	show(site, "/posts/1")
	show(site, "/posts/2")
	// Everything below /posts/ is rendered again at its next visit.
	receipt, err := site.Apply(context.Background(), reprint.Revalidation{
		Prefixes: []string{"/posts/"}, Mode: reprint.Stale,
	})
	fmt.Println(receipt.Matched, receipt.Mode, err)
	// Nothing is never taken for everything.
	_, err = site.Apply(context.Background(), reprint.Revalidation{})
	fmt.Println(err)
	// Output:
	// 200 a post
	// 200 a post
	// 2 stale <nil>
	// reprint: no path, tag, prefix or pattern is named, and not the whole site
}

func ExampleSite_Prerender() {
	site, _ := reprint.New(reprint.Options{})
	posts := func(context.Context) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for id := range 3 { // rows of a database, in a real site
				if !yield(fmt.Sprintf("/posts/%d", id), nil) {
					return
				}
			}
		}
	}
	_ = site.Handle("/posts/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "post ", r.PathValue("id"))
	}), reprint.Policy{Prerender: posts, Fallback: reprint.NotFound})
	var last reprint.Progress
	err := site.Prerender(context.Background(), func(p reprint.Progress) { last = p })
	fmt.Println(last.Rendered, "of", last.Listed, err)
	show(site, "/posts/2")
	show(site, "/posts/9") // not listed
	// Output:
	// 3 of 3 <nil>
	// 200 post 2
	// 404 404 page not found
}

func ExampleSite_PrerenderPaths() {
	site, _ := reprint.New(reprint.Options{})
	_ = site.Handle("/posts/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "post ", r.PathValue("id"))
	}), reprint.Policy{})
	paths := func(yield func(string, error) bool) { _ = yield("/posts/1", nil) && yield("/posts/2", nil) }
	err := site.PrerenderPaths(context.Background(), paths, nil, func(p reprint.Progress) {
		if p.Done() == 2 {
			fmt.Println(p.Rendered, "rendered")
		}
	})
	fmt.Println(err)
	// Output:
	// 2 rendered
	// <nil>
}

func ExampleSite_Pages() {
	site, _ := reprint.New(reprint.Options{})
	_ = site.Handle("/posts/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "post ", r.PathValue("id"))
	}), reprint.Policy{})
	show(site, "/posts/1")
	show(site, "/posts/2")
	_, _ = site.Apply(context.Background(), reprint.Revalidation{Paths: []string{"/posts/1"}, Mode: reprint.Stale})
	list, err := site.Pages(context.Background(), reprint.PageQuery{Prefix: "/posts/"})
	for _, p := range list.Pages {
		fmt.Println(p.Page.Key, p.State, p.Size)
	}
	fmt.Println(site.Status().Pages, "pages", err)
	// Output:
	// 200 post 1
	// 200 post 2
	// /posts/1 stale 6
	// /posts/2 fresh 6
	// 2 pages <nil>
}

func ExampleSite_SetRoutes() {
	site, _ := reprint.New(reprint.Options{})
	say := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) })
	}
	_ = site.SetRoutes([]reprint.Route{{Pattern: "/about", Handler: say("about us")}})
	show(site, "/about")
	// Other routes, in one step. The page stays what it was.
	_ = site.SetRoutes([]reprint.Route{{Pattern: "/about", Handler: say("all about us")}, {Pattern: "/jobs", Handler: say("none")}})
	show(site, "/about")
	show(site, "/jobs")
	// Output:
	// 200 about us
	// 200 about us
	// 200 none
}

// A handler that knows how long its answers are good decides itself.
func ExamplePolicy_fromHeaders() {
	site, _ := reprint.New(reprint.Options{})
	_ = site.Handle("/", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=60")
		io.WriteString(w, "good for a minute")
	}), reprint.Policy{Freshness: reprint.FromHeaders, Query: []string{"*"}})
	_ = site.Revalidate(context.Background(), "/a")
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest("GET", "/a", nil))
	fmt.Println(strings.HasPrefix(w.Header().Get("Cache-Status"), "reprint; hit"), w.Header().Get("Cache-Control"))
	// Output: true public, max-age=60
}

func ExampleSite_Explain() {
	site, _ := reprint.New(reprint.Options{})
	_ = site.Handle("/about", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "about us")
	}), reprint.Policy{})
	show(site, "/about")
	_, _ = site.Apply(context.Background(), reprint.Revalidation{All: true, Mode: reprint.Stale, By: "deploy"})
	pages, _ := site.Explain(context.Background(), "/about")
	fmt.Println(pages[0].State, "because of", pages[0].StaleBy[0].By)
	// Output:
	// 200 about us
	// stale because of deploy
}

func ExampleSite_SetDraft() {
	site, _ := reprint.New(reprint.Options{DraftSecret: []byte("keep this in the environment")})
	_ = site.Handle("/posts/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "draft: ", reprint.IsDraft(r.Context()))
	}), reprint.Policy{})

	// After your own login, somewhere in the editor:
	login := httptest.NewRecorder()
	_ = site.SetDraft(login, httptest.NewRequest("POST", "/login", nil), time.Hour)

	r := httptest.NewRequest("GET", "/posts/42", nil)
	r.AddCookie(login.Result().Cookies()[0])
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	fmt.Println(w.Body)
	show(site, "/posts/42")
	// Output:
	// draft: true
	// 200 draft: false
}

func ExampleSite_Serve() {
	site, err := reprint.New(reprint.Options{})
	if err != nil {
		panic(err)
	}
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	if err := site.Handle("/hello", hello, reprint.Policy{}); err != nil {
		panic(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	server, ended := &http.Server{Handler: site, ReadHeaderTimeout: time.Minute}, make(chan error)
	go func() { ended <- site.Serve(server, l, reprint.FastLane{}) }()

	for range 2 { // the first visit renders the page, the second is a plain hit
		r, err := http.Get("http://" + l.Addr().String() + "/hello")
		if err != nil {
			panic(err)
		}
		fmt.Println(r.Header.Get("Cache-Status"))
		_ = r.Body.Close()
	}
	_ = server.Shutdown(context.Background())
	_ = site.Shutdown(context.Background())
	fmt.Println(<-ended)
	// Output:
	// reprint; fwd=miss; fwd-status=200; stored
	// reprint; hit
	// http: Server closed
}

func ExampleSite_Shutdown() {
	site, _ := reprint.New(reprint.Options{})
	// ... serve, until a signal comes. Then the server first, so that no request
	// is under way, then the site, then the store.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println(site.Shutdown(ctx))
	// Output: <nil>
}
