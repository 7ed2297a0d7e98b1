package nextjs_test

import (
	"fmt"
	"maps"
)

// difference is a step at which the sites do not answer alike.
type difference struct {
	// fault is the number that docs/getting-started/nextjs.md gives a fault of
	// Next.js. Zero: it is none, why says what it is.
	fault int
	why   string

	next, hook, handler answer
	mayAgree            bool // it depends on time
}

func (d difference) of(name string) answer {
	switch name {
	case hookName:
		return d.hook
	case handlerName:
		return d.handler
	}
	return d.next
}

var (
	done    = answer{status: 200, text: `{"revalidated":true}`}
	failed  = answer{status: 500, text: `{"message":"Error revalidating"}`}
	noID    = answer{status: 400, text: `{"message":"Post ID is required"}`}
	missing = answer{status: 404, text: "not found"}
	refused = answer{status: 400, text: "a page of the server"}
	broken  = answer{status: 500, text: "a page of the server"}
)

func page(text string) answer { return answer{status: 200, text: text} }

func dataOf(id, title string) answer {
	return page(fmt.Sprintf(`{"pageProps":{"id":%q,"post":{"body":"The text.","title":%q}}}`, id, title))
}

// both is a difference at which both ways to call Reprint give the same.
func both(fault int, why string, next, reprint answer) difference {
	return difference{fault: fault, why: why, next: next, hook: reprint, handler: reprint}
}

// differences are all of them, by the name of the step. Each is exact: the test
// fails for one that is not listed, and for one that is listed and does not occur.
var differences = join(faults, choices,
	unescaped("100%", 0, failed), unescaped("a%2Fb", 9, done), unescaped("what?", 9, done), unescaped("a#b", 9, done),
	separator("a/b", answer{status: 404, text: `{"notFound":true}`}, missing, done),
	separator(`a\b`, dataOf(`a\b`, "Named so"), page(`Named so The text. a\b · all posts`), failed))

// faults are those of Next.js.
var faults = map[string]difference{
	"a call during the first visit": both(1, "a call joins a render that began before it",
		page("Read by the first The text. met · all posts"), page("Edited meanwhile The text. met · all posts")),
	"two calls, an edit between them": both(2, "two calls at once are answered by the first one's render",
		page("Read by the first The text. pair · all posts"), page("Edited meanwhile The text. pair · all posts")),
	"what was removed is gone after the restart": both(6, "that a page is gone is forgotten, and it comes back",
		page("Still here The text. doomed · all posts"), missing),
	"an id that is two segments":               noSuchPage,
	"an id that leads elsewhere":               noSuchPage,
	"an id that is nothing but dots":           noSuchPage,
	"the header by which Next.js calls itself": secretHeader,
	"the page after that header":               secretHeader,
	"the source is well: the page that was never rendered": {fault: 15, why: "a page that fails is rendered again for each visitor; here it is tried again after a moment",
		next: page("Fresh The text. fresh · all posts"), hook: broken, handler: broken, mayAgree: true},
}

var noSuchPage = difference{fault: 9, why: "a call for what is no page succeeds", next: done, hook: noID, handler: failed}

var secretHeader = both(12, "with the secret of the build, which is the cookie of drafts too, any request renders a page",
	page("By nobody The text. 1 · all posts"), page("Second edit The text. 1 · all posts"))

// choices are what is different on purpose.
var choices = map[string]difference{
	"a call with HEAD":                {why: "HEAD changes nothing (RFC 9110, 9.2.1)", next: answer{status: 200}, hook: answer{status: 405}, handler: answer{status: 200}},
	"the page after a call with HEAD": {why: "so it has not", next: page("Told by HEAD The text. 42 · all posts"), hook: page("Before anybody asks The text. 42 · all posts"), handler: page("Told by HEAD The text. 42 · all posts")},
	"a payload with the wrong checksum": both(0, "the checksum is for caches that ignore Vary; here the headers are part of the key",
		answer{status: 307, location: "/shop/1?_rsc"}, page("payload: 10, Thing 1")),
}

// unescaped is what becomes of an id that the seed's handler puts into a path as
// it is: Next.js is told of another page than meant.
func unescaped(id string, fault int, answered answer) map[string]difference {
	why := "the path that was not escaped is that of another page"
	old, edited := "Named so", "Named so, edited"
	all := map[string]difference{
		id + ": the page after it": both(fault, why, page(old+" The text. "+id+" · all posts"), page(edited+" The text. "+id+" · all posts")),
		id + ": the data after it": both(fault, why, dataOf(id, old), dataOf(id, edited)),
	}
	if answered != done {
		all[id+": a call"] = both(fault, "the path that was not escaped is none", answered, done)
	}
	return all
}

// separator is what becomes of an id with an encoded slash or backslash.
func separator(id string, data, html, answered answer) map[string]difference {
	const why = "not every program on the way tells an encoded slash or backslash from a separator, so nobody gets one"
	call := difference{why: why, next: answered, hook: noID, handler: failed}
	if id == "a/b" {
		call.fault = 9
	}
	return map[string]difference{
		id + ": the page":          both(0, why, html, refused),
		id + ": the data":          both(0, why, data, refused),
		id + ": a call":            call,
		id + ": the page after it": both(0, why, html, refused),
		id + ": the data after it": both(0, why, data, refused),
	}
}

func join(all ...map[string]difference) map[string]difference {
	joined := make(map[string]difference)
	for _, part := range all {
		maps.Copy(joined, part)
	}
	return joined
}
