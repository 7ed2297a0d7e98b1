package config

import (
	"strings"

	"github.com/reprint-go/reprint/internal/selector"
)

// proof builds what the pages of a route must pass.
func (c *checker) proof(r reader) *Proof {
	if r.given("proof") == nil {
		return nil
	}
	in := r.mapping("proof")
	p := &Proof{
		Size: in.value("size").number, Contains: in.texts("contains"), Excludes: in.texts("excludes"),
		Selectors: in.texts("selectors"), Index: in.flag("index"),
	}
	if v := in.given("gone"); v != nil {
		gone := int(v.size)
		p.Gone = &gone
	}
	for _, name := range []string{"contains", "excludes", "selectors"} {
		c.unique(in, name, asIs)
	}
	c.contradictions(in)
	for _, v := range in.list("selectors") {
		if _, err := selector.Parse(v.text); err != nil {
			c.refuseSelector(v, err)
		}
	}
	return p
}

// contradictions reports what a page must have and must not have.
func (c *checker) contradictions(in reader) {
	for _, must := range in.list("contains") {
		for _, mustNot := range in.list("excludes") {
			if strings.Contains(must.text, mustNot.text) {
				c.add(mustNot.at, mustNot.path, "%s is part of %s in contains, and no page would pass; leave one of them out", mustNot.show(), must.show())
			}
		}
	}
}

// refuseSelector reports a text that is no selector, or one that is not taken.
func (c *checker) refuseSelector(v *value, err error) {
	if v.expanded {
		c.add(v.at, v.path, "%s is not a selector; give the variable another value", v.show())
		return
	}
	c.add(v.at, v.path, "%s %v; write a CSS selector such as %s", v.show(), err, v.key.example[1:len(v.key.example)-1])
}
