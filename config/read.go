package config

import (
	"strings"
	"time"
)

// reader reads the values of a section that was checked. A key that is not in
// the file has its default; a value that is faulty is as if it was not there, so
// that what depends on it can still be checked.
type reader struct {
	keys []key
	in   *section // nil: it is not in the file
	top  *section // the file
}

// given returns what the file says under a key, or nil if it says nothing, or
// something faulty.
func (r reader) given(name string) *value {
	r.key(name)
	if r.in == nil {
		return nil
	}
	if v := r.in.values[name]; v != nil && !v.bad {
		return v
	}
	return nil
}

// has reports whether a key is in the file, faulty or not.
func (r reader) has(name string) bool {
	r.key(name)
	return r.in != nil && r.in.values[name] != nil
}

// pos returns the place of a key; that of the section if it is not there.
func (r reader) pos(name string) Pos {
	switch {
	case r.has(name):
		return r.in.values[name].keyAt
	case r.in != nil:
		return r.in.at
	}
	return Pos{1, 1}
}

// path returns the path of a key.
func (r reader) path(name string) string {
	if r.in == nil {
		return name
	}
	return r.in.path + name
}

func (r reader) key(name string) *key {
	k := find(r.keys, name)
	if k == nil {
		panic("config: no key " + name + " is in the table")
	}
	return k
}

// value returns what the file says under a key, or else the default.
func (r reader) value(name string) *value {
	if v := r.given(name); v != nil {
		return v
	}
	return r.key(name).defaultValue()
}

// defaultValue reads the default of a key; the zero value if there is none.
func (k *key) defaultValue() *value {
	v := &value{key: k}
	if k.def == "" {
		return v
	}
	c := &checker{faults: &faults{source: &source{lines: []string{""}}}}
	if k.list {
		v.items = []*value{{key: k, text: strings.Trim(k.def, "[]")}}
		return v
	}
	style := styleText
	if k.kind == kindCount || k.kind == kindShare || k.kind == kindFlag {
		style = styleNumber
	}
	v.text = k.def
	if c.typed(v, style); len(c.all) > 0 {
		panic("config: the default of " + k.name + " is wrong: " + c.all[0].Message)
	}
	return v
}

func (r reader) text(name string) string            { return r.value(name).text }
func (r reader) duration(name string) time.Duration { return r.value(name).duration }
func (r reader) size(name string) int64             { return r.value(name).size }
func (r reader) count(name string) int64            { return r.value(name).size }
func (r reader) share(name string) float64          { return r.value(name).number }
func (r reader) flag(name string) bool              { return r.value(name).flag }

// list returns the elements that are not faulty.
func (r reader) list(name string) []*value {
	var good []*value
	for _, item := range r.value(name).items {
		if !item.bad {
			good = append(good, item)
		}
	}
	return good
}

// texts returns the texts of a list.
func (r reader) texts(name string) []string {
	var all []string
	for _, item := range r.list(name) {
		all = append(all, item.text)
	}
	return all
}

// mapping returns the reader of a mapping, also of one that is not there.
func (r reader) mapping(name string) reader {
	sub := reader{keys: r.key(name).keys, top: r.top}
	if v := r.given(name); v != nil {
		sub.in = v.section
	}
	return sub
}

// mappings returns the readers of a list of mappings.
func (r reader) mappings(name string) []reader {
	var all []reader
	for _, item := range r.list(name) {
		all = append(all, reader{r.key(name).keys, item.section, r.top})
	}
	return all
}
