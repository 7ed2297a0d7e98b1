package field

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/dunglas/httpsfv"
)

// The fields with cache directives for shared caches, as http.Header spells them.
const (
	cdnCacheControl  = "Cdn-Cache-Control"
	surrogateControl = "Surrogate-Control"
	cacheControl     = "Cache-Control"
)

// directive is one cache directive. The zero directive stands for something that
// cannot be read and may hide any directive.
type directive struct {
	name     string // in lower case
	argument string // in quotes when it is a string
	argued   bool   // it has an argument
}

// governing returns the field that decides what a shared cache may do with a
// response, and the directives in it.
//
// A targeted field replaces Cache-Control and Expires wholly, for better and for
// worse (RFC 9213, section 2.2): whoever sends "Cache-Control: private" together
// with "CDN-Cache-Control: max-age=60" tells browsers the one and caches in front
// of the origin the other. CDN-Cache-Control comes first. It must be valid and
// not empty to count; otherwise it is as if it were not there. Surrogate-Control
// is older and has no such rule; it counts when it says how long or whether to
// store, and what cannot be read in it is not overlooked.
func governing(h http.Header) (name string, directives []directive) {
	if directives := targeted(h[cdnCacheControl]); len(directives) > 0 {
		return cdnCacheControl, directives
	}
	directives = parseDirectives(h[surrogateControl])
	if unreadable(directives) || slices.ContainsFunc(directives, func(d directive) bool { return d.forbids() || d.name == "max-age" }) {
		return surrogateControl, directives
	}
	return cacheControl, parseDirectives(h[cacheControl])
}

// targeted reads a targeted field: a dictionary of structured fields (RFC 9213,
// section 2.1). It returns nothing when the field is empty or malformed.
func targeted(lines []string) []directive {
	if len(lines) == 0 {
		return nil
	}
	dictionary, err := httpsfv.UnmarshalDictionary(lines)
	if err != nil {
		return nil
	}
	var directives []directive
	for _, name := range dictionary.Names() {
		member, _ := dictionary.Get(name)
		d := directive{name: name, argument: `"`, argued: true} // a form that no number of seconds has
		if item, ok := member.(httpsfv.Item); ok {
			switch v := item.Value.(type) {
			case bool:
				if v {
					d.argument, d.argued = "", false
				}
			case int64:
				d.argument = strconv.FormatInt(v, 10)
			}
		}
		directives = append(directives, d)
	}
	return directives
}

// parseDirectives reads the lines of Cache-Control or of a field like it (RFC
// 9111, section 5.2).
func parseDirectives(lines []string) []directive {
	elements, ok := tokens(lines)
	if !ok {
		return []directive{{}}
	}
	directives := make([]directive, len(elements))
	for i, e := range elements {
		name, argument, argued := strings.Cut(e, "=")
		d := directive{strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(argument), argued}
		if d.forbids() || isToken(d.name) && (!argued || isArgument(d.argument)) {
			directives[i] = d
		}
	}
	return directives
}

// forbids reports whether the directive forbids a shared cache to store the
// response or to use it unasked, whatever its argument.
func (d directive) forbids() bool {
	return d.name == "private" || d.name == "no-store" || d.name == "no-cache"
}

func unreadable(directives []directive) bool { return slices.Contains(directives, directive{}) }

// find returns the first directive of that name.
func find(directives []directive, name string) (d directive, there bool) {
	i := slices.IndexFunc(directives, func(d directive) bool { return d.name == name })
	if i < 0 {
		return directive{}, false
	}
	return directives[i], true
}

func has(directives []directive, name string) bool {
	_, there := find(directives, name)
	return there
}

// bare reports whether the directive is there without the time that it ought to
// have: it allows something and leaves it to the cache how long.
func bare(directives []directive, name string) bool {
	d, there := find(directives, name)
	return there && !d.argued
}

// Forbids returns the first directive that forbids a shared cache to store the
// response; see [Forbidden]. It returns "" when nothing forbids it.
func Forbids(h http.Header) string {
	if all := Forbidden(h); len(all) > 0 {
		return all[0]
	}
	return ""
}

// Forbidden returns the directives that forbid a shared cache to store the
// response: private, no-store and no-cache (RFC 9111, section 5.2.2), also in the
// form with an argument, in any case and on any line, each once, in the order of
// the header. They come from the one field that decides: a valid
// CDN-Cache-Control, else Surrogate-Control if it says anything of the kind, else
// Cache-Control (RFC 9213, section 2.2).
//
// What cannot be parsed may hide any of them and counts as all three, with
// no-store first.
func Forbidden(h http.Header) []string {
	_, directives := governing(h)
	var all []string
	for _, d := range directives {
		names := []string{"no-store", "private", "no-cache"}
		if d.forbids() {
			names = []string{d.name}
		} else if d != (directive{}) {
			continue
		}
		for _, name := range names {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}
