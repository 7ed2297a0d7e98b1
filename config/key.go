package config

import "slices"

// A key is one line of the table of everything that a file may hold. From the
// table come the checks of form, the defaults, the JSON Schema and the reference,
// so that none of them can say something else than the others.
type key struct {
	name string
	kind kind
	list bool   // of values of the kind
	doc  string // sentences for the reference and for editors

	def     string // the default, as it is written in the file; empty: see absent
	absent  string // what it means to leave the key out, if there is no default
	example string // a value, as it is written in the file

	required bool
	mayEmpty bool     // an empty list means something
	mayBlank bool     // so does empty text
	form     string   // of a text, as a regular expression, for editors
	restart  bool     // a change needs a restart
	allowed  []string // of a choice; the forms of a text
	min, max int64    // of a count or size
	zero     bool     // a duration may be 0s

	keys  []key    // of a mapping
	oneOf []string // exactly one of these keys of a mapping must be there
	anyOf []string // at least one of these must be there
}

// kind is what a value is.
type kind int

const (
	kindText     kind = iota
	kindSecret        // text that is never shown
	kindDuration      // 90s, 30d
	kindSize          // 256MiB
	kindCount         // a whole number
	kindShare         // 0 to 1
	kindPercent       // 50%
	kindFlag          // true or false
	kindChoice        // one of key.allowed
	kindMapping       // with key.keys
	kindHeaders       // a mapping of header names to secret text
	kindVariant       // the name of a header, or a mapping with key.keys
)

// find returns the key of that name, or nil.
func find(keys []key, name string) *key {
	for i := range keys {
		if keys[i].name == name {
			return &keys[i]
		}
	}
	return nil
}

// public reports whether excerpts and messages may show what is under a key.
func (k *key) public() bool {
	if k.kind == kindSecret || k.kind == kindHeaders {
		return false
	}
	return !slices.ContainsFunc(k.keys, func(sub key) bool { return !sub.public() })
}

// names returns the names of keys.
func names(keys []key) []string {
	all := make([]string, len(keys))
	for i := range keys {
		all[i] = keys[i].name
	}
	return all
}

// walkKeys calls visit for each key below keys with its path, such as
// "routes[].path". What is under "sites" is also at the top and is not visited
// twice.
func walkKeys(keys []key, parent string, visit func(path string, k *key)) {
	for i := range keys {
		k := &keys[i]
		path := parent + k.name
		visit(path, k)
		if k.list {
			path += "[]"
		}
		if path != "sites[]" {
			walkKeys(k.keys, path+".", visit)
		}
	}
}
