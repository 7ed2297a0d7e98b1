package reprint

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of tags. What does not fit fails the render with an error that names
// the tag: a tag dropped in silence is a page that never changes.
const (
	maxTagBytes    = 256
	maxTagsPerPage = 1000
)

// Tag says that the page being rendered depends on the named things, so that a
// revalidation of any of them makes the page stale. Call it inside a render with
// the request's context, from any depth and any goroutine, any number of times
// before the handler returns.
//
// Tags are case-sensitive, 1 to 256 bytes of UTF-8 without spaces, commas and
// control characters, by convention "type:id" like "post:42" and "type:post" for
// lists. A page has at most 1,000. A render that breaks a limit fails, with an
// error that names the tag.
//
// Outside a render (a draft, a method that passes through) Tag does nothing.
func Tag(ctx context.Context, tags ...string) {
	if r := renderFrom(ctx); r != nil {
		r.tag(tags)
	}
}

// RevalidateAt says that the page being rendered changes at t by itself: a sale
// that ends, an event that begins. The page is stale from t on and is rendered
// again at that moment, also when nobody visits it. Of several calls the
// earliest counts; one that comes sooner than a second after the render began counts as
// that second: a page that is due at once would be rendered without end. Outside a
// render it does nothing.
func RevalidateAt(ctx context.Context, t time.Time) {
	if r := renderFrom(ctx); r != nil {
		r.revalidateAt(t)
	}
}

// InRender reports whether ctx is that of a render: the request was built from a
// key and its answer may become a page. It is false for a request that passes
// through.
func InRender(ctx context.Context) bool { return renderFrom(ctx) != nil }

// ValidTag returns nil when tag can be used with [Tag] and in a revalidation,
// and an error that names it and says what is wrong otherwise.
func ValidTag(tag string) error {
	bad := func(reason string) error {
		if len(tag) > 64 {
			tag = tag[:64] + "…"
		}
		return fmt.Errorf("reprint: tag %q %s", tag, reason)
	}
	switch {
	case tag == "":
		return bad("is empty")
	case len(tag) > maxTagBytes:
		return bad(fmt.Sprintf("is longer than %d bytes", maxTagBytes))
	case !utf8.ValidString(tag):
		return bad("is not UTF-8")
	}
	for _, c := range tag {
		if c <= ' ' || c == ',' || c == 0x7f {
			return bad("holds a space, a comma or a control character")
		}
	}
	return nil
}

// EscapeTag returns s with the bytes that a tag cannot hold percent-encoded: the
// spelling under which names from elsewhere, such as a path's values or another
// server's tags, are used as tags. What is a valid tag stays as it is, percent signs
// too. It neither shortens a tag nor makes one of an empty string.
func EscapeTag(s string) string {
	if ValidTag(s) == nil {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		c, size := utf8.DecodeRuneInString(s[i:])
		if c <= ' ' || c == ',' || c == 0x7f || (c == utf8.RuneError && size == 1) {
			fmt.Fprintf(&b, "%%%02X", s[i])
		} else {
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// The implicit tags. Each holds a space, which no tag of a user can, so that the
// two cannot be confused. A tag with a host narrows one without it. The whole site is
// the prefix "/", and so is a host.
func pathTag(host, target string) string   { return "path " + host + target }
func prefixTag(host, prefix string) string { return "prefix " + host + prefix }
func routeTag(pattern string) string       { return "route " + pattern }

// bareTag is carried by pages without a query: all others of their path have one.
const bareTag = "no query"

// ownTag is the tag by which an entry names a page and its variants, and no other.
func ownTag(k Key) string {
	if k.Query == "" {
		return compoundTag([]string{pathTag(k.Host, k.Path), bareTag})
	}
	return pathTag(k.Host, k.target())
}

// compoundTag is the tag of an entry that names the pages that carry all of tags. No page
// carries it itself.
func compoundTag(tags []string) string {
	text, err := json.Marshal(tags)
	if err != nil {
		panic(err) // of strings there is none
	}
	return compoundPrefix + string(text)
}

const compoundPrefix = "all "

// compoundOf returns the tags that a compound tag is made of, none for any other.
func compoundOf(tag string) (members []string) {
	text, ok := strings.CutPrefix(tag, compoundPrefix)
	if !ok || json.Unmarshal([]byte(text), &members) != nil {
		return nil
	}
	return members
}

// isImplicit reports whether a tag is none that a render can name.
func isImplicit(tag string) bool { return strings.ContainsRune(tag, ' ') }

// implicitTags returns the tags that every page of k has: its path, also with its
// query or that it has none, each prefix above it, and its route.
func implicitTags(k Key, route string) []string {
	tags := []string{routeTag(route)}
	for _, host := range slices.Compact([]string{"", k.Host}) {
		tags = append(tags, pathTag(host, k.Path))
		if k.Query != "" {
			tags = append(tags, pathTag(host, k.target()))
		}
		for i := range len(k.Path) {
			if k.Path[i] == '/' {
				tags = append(tags, prefixTag(host, k.Path[:i+1]))
			}
		}
	}
	if k.Query == "" {
		tags = append(tags, bareTag)
	}
	return tags
}

// sealTags joins explicit and implicit tags to the sorted set a page keeps.
func sealTags(explicit, implicit []string) []string {
	all := make([]string, 0, len(explicit)+len(implicit))
	all = append(append(all, explicit...), implicit...)
	slices.Sort(all)
	return slices.Clip(slices.Compact(all))
}
