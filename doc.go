// Package reprint makes any [http.Handler] a static page: rendered once,
// served like a file, and rendered again the moment its content changes.
//
//	site, err := reprint.New(reprint.Options{})
//	site.Handle("/posts/{id}", postPage, reprint.Policy{Revalidate: time.Hour})
//	http.ListenAndServe("127.0.0.1:8080", site)
//
// After a change, one call prints the page anew and returns when every visitor
// gets the new one:
//
//	err = site.Revalidate(ctx, "/posts/42")
//
// # The words
//
// A [Site] holds routes. A route is a pattern, the handler that renders it and
// its [Policy]. A [Key] identifies a page: host, canonical path, kept query,
// declared variant; nothing else of a request reaches a render. A [Page] is one
// stored response. A render is one run of a route's handler, recorded whole or
// not at all. To revalidate is to make pages current again, by path, prefix,
// tag or for the whole site; every revalidation is an [Entry] of the [Journal],
// and its place there is a [Position]. The stamp of a page is the position that
// its render saw before it read any data. A page is current when no entry above
// its stamp names one of its tags.
//
// # The promises
//
// Revalidated means revalidated: when [Site.Revalidate] returns nil, every
// request that begins after that is answered from a render that began after the
// call began. The last good page stays when a render fails. However many
// visitors want a page, it is rendered once. A page is whole or not there, also
// after a crash. Everything is bounded. Nobody's cookie ends up in everybody's
// page. And every response says in Cache-Status why it is what it is.
//
// # Reading order
//
// site.go (a request), policy.go (decide, the theory of freshness), render.go,
// revalidate.go, store.go. ARCHITECTURE.md has the map.
package reprint
