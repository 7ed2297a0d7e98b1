package config

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/reprint-go/reprint/internal/spell"
)

// section is a mapping of which each key is one of the table.
type section struct {
	keys   []key
	path   string // with a dot at its end, if it has a name
	at     Pos
	values map[string]*value
}

// checker turns the syntax tree into sections and values by the table.
type checker struct {
	*faults
	env   environment
	shown map[*token.Token]bool // scalars that are known to be no secrets
}

// mapping checks a mapping. It returns nil when n is none.
func (c *checker) mapping(n ast.Node, k *key, path string, at Pos) *section {
	entries, ok := entriesOf(n)
	if !ok {
		c.wrongType(n, k, path, at)
		return nil
	}
	s := &section{keys: k.keys, path: path, at: at, values: make(map[string]*value)}
	if path != "" {
		s.path += "."
	}
	first := make(map[string]Pos)
	for _, e := range entries {
		name, at := keyOf(e)
		known := find(k.keys, name)
		if known == nil && !hasColon(e) {
			c.add(at, path, "there is a value without a key; write key: value")
			continue
		}
		if known != nil {
			c.shown[e.Key.GetToken()] = true
		}
		if before, twice := first[name]; twice && known != nil {
			c.add(at, s.path+name, "the key is there twice, first in line %d; put both in one", before.Line)
			c.showAs(known, e.Value)
			continue
		}
		first[name] = at
		if known == nil {
			c.unknown(e, s)
			continue
		}
		s.values[name] = c.value(e.Value, known, s.path+name, at)
	}
	c.required(s, k)
	return s
}

// required reports keys that must be there and are not.
func (c *checker) required(s *section, k *key) {
	name := strings.TrimSuffix(s.path, ".")
	for i := range s.keys {
		known := &s.keys[i]
		// At the top, the origin is asked for when it is known that there are no sites.
		if known.required && s.values[known.name] == nil && find(s.keys, "sites") == nil {
			c.add(s.at, name, "%q is missing; write %s", known.name, known.sample())
		}
	}
	have := func(name string) bool { return s.values[name] != nil }
	if len(k.anyOf) > 0 && !slices.ContainsFunc(k.anyOf, have) {
		c.add(s.at, name, "none of %s is there; write %s", alternatives(k.anyOf, "and"), find(s.keys, k.anyOf[0]).sample())
	}
	if len(k.oneOf) == 0 {
		return
	}
	first := find(s.keys, k.oneOf[0])
	if n := len(slices.DeleteFunc(slices.Clone(k.oneOf), func(name string) bool { return !have(name) })); n == 0 {
		c.add(s.at, name, "%q is missing; write %s", first.name, first.sample())
	} else if n > 1 {
		c.add(s.at, name, "%s are both there; leave one of them out", alternatives(k.oneOf, "and"))
	}
}

// sample is how a key is written.
func (k *key) sample() string {
	return k.name + ": " + k.example
}

// value checks what stands under a key; at is the place of the key.
func (c *checker) value(n ast.Node, k *key, path string, at Pos) *value {
	v := &value{key: k, path: path, at: nodePos(n, at), keyAt: at}
	if isNull(n) {
		v.bad = true
		c.add(at, path, "is empty; write %s, or leave the key out", k.sample())
		return v
	}
	if !k.list {
		c.single(v, n)
		return v
	}
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		v.bad = true
		c.wrongType(n, k, path, v.at)
		return v
	}
	for i, item := range list.Values {
		itemPath := fmt.Sprintf("%s[%d]", path, i)
		element := &value{key: k, path: itemPath, at: nodePos(item, v.at)}
		if isNull(item) {
			element.bad = true
			c.add(element.at, itemPath, "is empty; give it a value, or remove it")
		} else {
			c.single(element, item)
		}
		v.items = append(v.items, element)
	}
	if len(v.items) == 0 && !k.mayEmpty {
		v.bad = true
		c.add(v.at, path, "the list is empty; write %s, or leave the key out", k.sample())
	}
	return v
}

// single checks one value of the kind of v.key.
func (c *checker) single(v *value, n ast.Node) {
	switch v.key.kind {
	case kindMapping:
		v.section = c.mapping(n, v.key, v.path, v.at)
		v.bad = v.section == nil
	case kindHeaders:
		c.headers(v, n)
	case kindVariant:
		if _, ok := entriesOf(n); ok {
			v.section = c.mapping(n, v.key, v.path, v.at)
			return
		}
		fallthrough
	default:
		c.scalar(v, n)
	}
}

// headers checks a mapping of header names to values.
func (c *checker) headers(v *value, n ast.Node) {
	entries, ok := entriesOf(n)
	if !ok {
		v.bad = true
		c.wrongType(n, v.key, v.path, v.at)
		return
	}
	seen := make(map[string]bool)
	for _, e := range entries {
		name, at := keyOf(e)
		path := v.path + "." + shorten(name)
		if !hasColon(e) {
			c.add(at, v.path, "there is a value without a name; write name: value")
			continue
		}
		if !httpguts.ValidHeaderFieldName(name) {
			c.add(at, v.path, "what stands before the colon is not the name of a header; write letters, digits and hyphens, such as X-Api-Key")
			continue
		}
		c.shown[e.Key.GetToken()] = true
		if fault := headerFault(name); fault != "" {
			c.add(at, path, "%s", fault)
			continue
		}
		if canonical := http.CanonicalHeaderKey(name); seen[canonical] {
			c.add(at, path, "the header is there twice; put both values in one, with a comma between them")
			continue
		}
		seen[http.CanonicalHeaderKey(name)] = true
		content := &value{key: v.key, path: path, at: nodePos(e.Value, at)}
		if isNull(e.Value) {
			c.add(at, path, "is empty; give the header a value, or leave it out")
			continue
		}
		c.scalar(content, e.Value)
		if !content.bad {
			v.headers = append(v.headers, [2]string{name, content.text})
		}
	}
}

// headerFault says why the file cannot set a request header, or "".
func headerFault(name string) string {
	canonical := http.CanonicalHeaderKey(name)
	switch {
	case canonical == "Host":
		return "Host is not set here; write origin.host"
	case canonical == "Accept-Encoding":
		return "pages are always asked for without compression; leave it out"
	case slices.Contains(perMessage, canonical), strings.HasPrefix(canonical, "If-"):
		return "belongs to one message and cannot be sent with all; leave it out"
	}
	return ""
}

// perMessage are the request headers that are of one connection, one body or one
// client's copy.
var perMessage = []string{
	"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings",
	"Content-Length", "Content-Range", "Content-Encoding", "Content-Type", "Expect", "Range",
}

// unknown reports a key that is not in the table, with the one that was probably
// meant.
func (c *checker) unknown(e *ast.MappingValueNode, s *section) {
	name, at := keyOf(e)
	path := s.path + shorten(name)
	show := func() { c.shown[e.Key.GetToken()] = true }
	if near := spell.Nearest(name, names(s.keys)); near != "" {
		show()
		c.showAs(find(s.keys, near), e.Value)
		c.add(at, path, "there is no such key; did you mean %q?", near)
		return
	}
	if places := placesOf(name); len(places) > 0 {
		show()
		c.add(at, path, "there is no such key here; %q is a key of %s", name, places[0])
		return
	}
	if !holdsSecret(s.keys) && likeKey.MatchString(name) {
		show()
	} else {
		// It may be a secret that somebody forgot to write a key for.
		path = strings.TrimSuffix(s.path, ".")
	}
	if strings.Contains(name, "${") {
		c.add(at, path, "a variable can stand in a value only; write the key out")
		return
	}
	c.add(at, path, "there is no such key here; the keys are %s", strings.Join(names(s.keys), ", "))
}

// likeKey is what looks like a key, and not like a secret.
var likeKey = regexp.MustCompile(`^[A-Za-z][A-Za-z_-]{0,30}$`)

// holdsSecret reports whether one of keys is a secret itself.
func holdsSecret(keys []key) bool {
	return slices.ContainsFunc(keys, func(k key) bool { return k.kind == kindSecret })
}

// placesOf returns the mappings that have a key of that name.
func placesOf(name string) []string {
	var all []string
	walkKeys(fileKeys, "", func(path string, k *key) {
		if k.name != name {
			return
		}
		if path == name {
			all = append(all, "the top of the file")
			return
		}
		all = append(all, strings.TrimSuffix(path, "."+name))
	})
	return all
}

// wrongType reports a node of another form than its key has.
func (c *checker) wrongType(n ast.Node, k *key, path string, at Pos) {
	c.showAs(k, n)
	have := formOf(n)
	want, write := "one value", k.sample()
	switch element := strings.HasSuffix(path, "]"); {
	case k == &root:
		want, write = "a mapping", "key: value, beginning with "+find(siteKeys, "origin").sample()
	case k.kind == kindVariant && element:
		want, write = "the name of a header or a mapping", k.example
	case k.kind == kindMapping && element:
		want, write = "a mapping", strings.Trim(k.example, "[]")
	case element:
		want, write = "one value", strings.Trim(k.example, "[]")
	case k.list:
		want = "a list"
		if raw, _, ok := scalarOf(n); ok && k.kind != kindSecret && k.kind != kindMapping && len(raw) < 60 {
			write = fmt.Sprintf("%s: [%s]", k.name, quoteInFlow(raw))
		}
	case k.kind == kindMapping, k.kind == kindHeaders:
		want = "a mapping"
	}
	hint := ""
	if _, ok := entriesOf(n); ok && want == "one value" && c.startsWithBrace(at) {
		hint = `; a value that begins with "{" must be in quotes`
	}
	c.add(at, path, "is %s where %s belongs; write %s%s", have, want, write, hint)
}

func (c *checker) startsWithBrace(at Pos) bool {
	line := []rune(c.source.lines[c.source.clamp(at).Line-1])
	return at.Column >= 1 && at.Column <= len(line) && line[at.Column-1] == '{'
}

// quoteInFlow writes a text as an element of a list in brackets.
func quoteInFlow(s string) string {
	if s == "" || strings.ContainsAny(s, "{}[],:#&*!|>'\"%@`") {
		return strconv.Quote(s)
	}
	return s
}

// showAs lets excerpts show the scalars of a value that is, or was meant, as that
// of a key without secrets.
func (c *checker) showAs(k *key, n ast.Node) {
	if !k.public() {
		return
	}
	c.show(n)
	if list, ok := n.(*ast.SequenceNode); ok {
		for _, item := range list.Values {
			c.show(item)
		}
	}
}

// show lets excerpts show a node that is a scalar.
func (c *checker) show(n ast.Node) {
	if t := scalarToken(n); t != nil {
		c.shown[t] = true
	}
}
