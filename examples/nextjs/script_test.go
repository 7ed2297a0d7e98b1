package nextjs_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// step is a line of the script: something changes at the source, then each site
// is asked.
type step struct {
	name   string
	change func(*source)
	ask    func(*site) answer
}

// script is what an editor, a database with its troubles and readers do to a
// site. The steps follow each other: each finds what those before it have left.
func script() []step {
	return slices.Concat(reads, edits, calls, removals, failures, names, shop, collisions, restarts)
}

var reads = []step{
	{name: "a post", ask: get("/posts/1")},
	{name: "the same again", ask: get("/posts/1")},
	{name: "only its header", ask: request(http.MethodHead, "/posts/1")},
	{name: "its data", ask: data("/posts/1")},
	{name: "the list", ask: get("/posts")},
	{name: "the data of the list", ask: data("/posts")},
	{name: "the front page", ask: get("/")},
	{name: "a query that no page has asked for", ask: get("/posts/1?utm_source=letter&page=2")},
	{name: "a post that is not there", ask: get("/posts/nobody")},
	{name: "only its header, of none", ask: request(http.MethodHead, "/posts/nobody")},
	{name: "its data, of none", ask: data("/posts/nobody")},
	{name: "a path that no page has", ask: get("/nothing/here")},
	{name: "data of another build", ask: get("/_next/data/another/posts/1.json")},
	{name: "a slash at the end", ask: get("/posts/1/")},
	{name: "a slash at the end, with a query", ask: get("/posts/1/?page=2")},
	{name: "a letter encoded for nothing", ask: get("/posts/%31")},
	{name: "an encoding that is none", ask: get("/posts/%zz")},
	{name: "another case", ask: get("/Posts/1")},
	{name: "the account of a visitor", ask: request(http.MethodGet, "/account", "Cookie", "visitor=Ann")},
	{name: "the account of another", ask: request(http.MethodGet, "/account", "Cookie", "visitor=Ben")},
	{name: "the account of nobody", ask: get("/account")},
	{name: "a post, with a cookie", ask: request(http.MethodGet, "/posts/2", "Cookie", "visitor=Ann")},
}

var edits = []step{
	{name: "an edit alone changes no page", change: title("/posts/1", "First edit"), ask: get("/posts/1")},
	{name: "nor its data", ask: data("/posts/1")},
	{name: "a call revalidates it", ask: revalidate("1")},
	{name: "the page after the call", ask: get("/posts/1")},
	{name: "its data after the call", ask: data("/posts/1")},
	{name: "the data, as a client asks for it", ask: func(s *site) answer {
		return s.request(http.MethodGet, "/_next/data/"+s.build+"/posts/1.json?id=1", "X-Nextjs-Data", "1")
	}},
	{name: "the list was not revalidated", ask: get("/posts")},
	{name: "the front page shows the edit when its second is over", ask: until(get("/"), "3 posts The first is First edit . All posts")},
	{name: "a call with POST", change: title("/posts/1", "Second edit"), ask: request(http.MethodPost, "/api/revalidate?secret="+url.QueryEscape(secret)+"&id=1")},
	{name: "the page after it", ask: get("/posts/1")},
	{name: "a call for what has not changed", ask: revalidate("1")},
	{name: "the page after that call", ask: get("/posts/1")},
	{name: "a call for a post that nobody has asked for yet", change: title("/posts/42", "Before anybody asks"), ask: revalidate("42")},
	{name: "that post", ask: get("/posts/42")},
	{name: "a call with HEAD", change: title("/posts/42", "Told by HEAD"), ask: request(http.MethodHead, "/api/revalidate?secret="+url.QueryEscape(secret)+"&id=42")},
	{name: "the page after a call with HEAD", ask: get("/posts/42")},
}

var calls = []step{
	{name: "no secret", change: title("/posts/1", "By nobody"), ask: get("/api/revalidate?id=1")},
	{name: "a wrong secret", ask: get("/api/revalidate?secret=wrong&id=1")},
	{name: "a wrong secret with POST", ask: request(http.MethodPost, "/api/revalidate?secret=wrong&id=1")},
	{name: "an empty secret", ask: get("/api/revalidate?secret=&id=1")},
	{name: "a wrong secret and no id", ask: get("/api/revalidate?secret=wrong")},
	{name: "no id", ask: get("/api/revalidate?secret=" + url.QueryEscape(secret))},
	{name: "an empty id", ask: revalidate("")},
	{name: "the page after all that", ask: get("/posts/1")},
	{name: "the header by which Next.js calls itself", ask: func(s *site) answer {
		return s.request(http.MethodGet, "/posts/1", "X-Prerender-Revalidate", previewModeID(s.t))
	}},
	{name: "the page after that header", ask: get("/posts/1")},
	{name: "a call makes all alike again", ask: revalidate("1")},
	{name: "an id that is two segments", ask: revalidate("1/comments")},
	{name: "an id that leads elsewhere", ask: revalidate("../shop/1")},
	{name: "an id that is nothing but dots", ask: revalidate("..")},
}

var removals = []step{
	{name: "a post is deleted", change: remove("/posts/1"), ask: get("/posts/1")},
	{name: "the call says so", ask: revalidate("1")},
	{name: "the page is gone", ask: get("/posts/1")},
	{name: "its data are gone", ask: data("/posts/1")},
	{name: "its header is gone", ask: request(http.MethodHead, "/posts/1")},
	{name: "it comes back", change: title("/posts/1", "Back again"), ask: revalidate("1")},
	{name: "the page is back", ask: get("/posts/1")},
	{name: "its data are back", ask: data("/posts/1")},
	{name: "a call for a post that never was", ask: revalidate("never")},
	{name: "there is still none", ask: get("/posts/never")},
	{name: "it is written", change: title("/posts/never", "At last"), ask: revalidate("never")},
	{name: "there it is", ask: get("/posts/never")},
	{name: "a post moves", change: move("/posts/2", "/posts/1"), ask: revalidate("2")},
	{name: "the page leads on", ask: get("/posts/2")},
	{name: "its data lead on", ask: data("/posts/2")},
	{name: "its header leads on", ask: request(http.MethodHead, "/posts/2")},
	{name: "it moves on", change: move("/posts/2", "/posts/42"), ask: revalidate("2")},
	{name: "the page leads further", ask: get("/posts/2")},
	{name: "it moves home", change: title("/posts/2", "Home"), ask: revalidate("2")},
	{name: "the page is at home", ask: get("/posts/2")},
}

var failures = []step{
	{name: "the source fails: readers notice nothing", change: set("failing", true), ask: get("/posts/1")},
	{name: "a call says that it did not work", ask: revalidate("1")},
	{name: "readers still notice nothing", ask: get("/posts/1")},
	{name: "nor in the data", ask: data("/posts/1")},
	{name: "a page that was never rendered", ask: get("/posts/fresh")},
	{name: "a call for it", ask: revalidate("fresh")},
	{name: "a page without a source works", ask: request(http.MethodGet, "/account", "Cookie", "visitor=Ann")},
	{name: "the source is well: the page that was never rendered", change: func(s *source) {
		set("failing", false)(s)
		title("/posts/fresh", "Fresh")(s)
	}, ask: get("/posts/fresh")},
	{name: "a little later", ask: until(get("/posts/fresh"), "Fresh The text. fresh · all posts")},
	{name: "a call works again", change: title("/posts/1", "Well again"), ask: revalidate("1")},
	{name: "and shows", ask: get("/posts/1")},
	{name: "a call fails once", change: set("failing", true), ask: revalidate("2")},
	{name: "the old page stays", ask: get("/posts/2")},
	{name: "what the call was for comes by itself", change: func(s *source) {
		title("/posts/2", "Late")(s)
		set("failing", false)(s)
	}, ask: until(get("/posts/2"), "Late The text. 2 · all posts")},
}

// names are ids that are not letters and digits.
var names = stepsForNames("café", "日本語", "two words", "a+b", "a.b", ".hidden", "a;b", "a,b", "a&b=c", "a~b", "a:b@c", "a'b\"c",
	"100%", "a%2Fb", "what?", "a#b", "a/b", `a\b`)

func stepsForNames(ids ...string) []step {
	var steps []step
	for _, id := range ids {
		record, page := "/posts/"+url.PathEscape(id), "/posts/"+url.PathEscape(id)
		steps = append(steps,
			step{name: id + ": the page", change: title(record, "Named so"), ask: get(page)},
			step{name: id + ": the data", ask: data(page)},
			step{name: id + ": a call", change: title(record, "Named so, edited"), ask: revalidate(id)},
			step{name: id + ": the page after it", ask: get(page)},
			step{name: id + ": the data after it", ask: data(page)})
	}
	return steps
}

var shop = []step{
	{name: "the shop", ask: get("/shop")},
	{name: "a thing", ask: get("/shop/1")},
	{name: "its payload", ask: payload("/shop/1")},
	{name: "a thing that is not there", ask: get("/shop/nothing")},
	{name: "a payload with the wrong checksum", ask: request(http.MethodGet, "/shop/1?_rsc=wrong", "RSC", "1")},
	{name: "a new price alone changes nothing", change: thing("/shop/1", "Thing 1", 99), ask: get("/shop/1")},
	{name: "not the payload", ask: payload("/shop/1")},
	{name: "a call reprices", ask: reprice("1")},
	{name: "the thing has its price", ask: get("/shop/1")},
	{name: "the payload too", ask: payload("/shop/1")},
	{name: "a new name", change: thing("/shop/1", "Thing one", 99), ask: reprice("1")},
	{name: "is in the shop", ask: get("/shop")},
	{name: "and in its payload", ask: payload("/shop")},
	{name: "a call without an id", ask: get("/api/reprice?secret=" + url.QueryEscape(secret))},
	{name: "the source fails: the call for a thing", change: set("failing", true), ask: reprice("1")},
	{name: "a thing that was never rendered", ask: get("/shop/3")},
	{name: "its payload that was never rendered", ask: payload("/shop/3")},
	{name: "the thing stays", ask: get("/shop/1")},
	{name: "its payload stays", ask: payload("/shop/1")},
	{name: "the source is well: the call for a thing", change: set("failing", false), ask: reprice("1")},
	{name: "the thing that was never rendered", ask: until(get("/shop/3"), "Thing 3 30 crowns all things")},
	{name: "the payload that was never rendered", ask: until(payload("/shop/3"), "payload: 30, Thing 3")},
	{name: "a thing is sold out", change: remove("/shop/2"), ask: reprice("2")},
	{name: "and gone", ask: get("/shop/2")},
	{name: "its payload is gone", ask: payload("/shop/2")},
}

// collisions are calls that meet a render on its way, which has read the source
// before the last edit.
var collisions = []step{
	{name: "a call during the first visit", ask: func(s *site) answer { return s.collide("met", get) }},
	{name: "two calls, an edit between them", ask: func(s *site) answer {
		title("/posts/pair", "Unedited")(s.source)
		get("/posts/pair")(s)
		return s.collide("pair", func(string) func(*site) answer { return revalidate("pair") })
	}},
}

var restarts = []step{
	{name: "a page that will be gone", change: title("/posts/doomed", "Still here"), ask: get("/posts/doomed")},
	{name: "its removal", change: remove("/posts/doomed"), ask: revalidate("doomed")},
	{name: "a revalidation before the restart", change: title("/posts/1", "Before the restart"), ask: revalidate("1")},
	{name: "is there after the restart", change: title("/posts/1", "After the restart"), ask: func(s *site) answer {
		s.restart()
		return get("/posts/1")(s)
	}},
	{name: "what was removed is gone after the restart", ask: get("/posts/doomed")},
}

func get(path string) func(*site) answer { return request(http.MethodGet, path) }

func request(method, path string, header ...string) func(*site) answer {
	return func(s *site) answer { return s.request(method, path, header...) }
}

// data asks for what a client of the Pages Router gets instead of a page.
func data(page string) func(*site) answer {
	return func(s *site) answer { return s.request(http.MethodGet, "/_next/data/"+s.build+page+".json") }
}

// payload asks for what a client of the App Router gets instead of a page.
func payload(page string) func(*site) answer {
	return request(http.MethodGet, page+"?_rsc=", "RSC", "1")
}

// revalidate calls the seed's handler.
func revalidate(id string) func(*site) answer { return call("/api/revalidate", id) }

func reprice(id string) func(*site) answer { return call("/api/reprice", id) }

func call(path, id string) func(*site) answer {
	return get(path + "?" + url.Values{"secret": {secret}, "id": {id}}.Encode())
}

// until asks again and again until the answer says text, or for ten seconds.
func until(ask func(*site) answer, text string) func(*site) answer {
	return func(s *site) answer {
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			if a := ask(s); a.text == text || time.Now().After(deadline) {
				return a
			}
		}
	}
}

func title(record, title string) func(*source) {
	return func(s *source) { s.put(record, map[string]any{"title": title, "body": "The text."}) }
}

func thing(record, title string, price int) func(*source) {
	return func(s *source) { s.put(record, map[string]any{"title": title, "price": price}) }
}

func move(record, to string) func(*source) {
	return func(s *source) { s.put(record, map[string]any{"movedTo": to}) }
}

func remove(record string) func(*source) { return func(s *source) { s.remove(record) } }

func set(name string, value any) func(*source) {
	return func(s *source) { s.put("/settings", map[string]any{name: value}) }
}

// collide lets a first request of the post read the source, edits the post, and
// calls while the first is still on its way. It returns the page that a visitor
// gets when both are answered.
func (s *site) collide(id string, first func(path string) func(*site) answer) answer {
	record := "/posts/" + id
	title(record, "Read by the first")(s.source)
	set("hold", true)(s.source)
	done := make(chan error, 2)
	background := func(ask func(*site) answer) { go func() { done <- expectOK(ask(s)) }() }
	background(first(record))
	s.awaitHeld()
	title(record, "Edited meanwhile")(s.source)
	background(revalidate(id))
	s.awaitArrival()
	set("hold", false)(s.source)
	for range 2 {
		if err := <-done; err != nil {
			s.t.Fatalf("%s: %v", s.name, err)
		}
	}
	return get(record)(s)
}

func expectOK(a answer) error {
	if a.status != http.StatusOK {
		return fmt.Errorf("a request that met another was answered %s", a)
	}
	return nil
}

// awaitHeld returns when a request waits at the source.
func (s *site) awaitHeld() {
	for deadline := time.Now().Add(20 * time.Second); s.source.held() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("%s: no request has come to the source", s.name)
		}
	}
}

// awaitArrival gives the call, which nobody outside can see waiting, the time of
// some other requests to arrive. Should it be later, the site had it easier.
func (s *site) awaitArrival() {
	for range 20 {
		get("/account")(s)
	}
}
