package reprint

import (
	"encoding/json"
	"slices"
	"time"
)

// Targets are what a call named, as its receipt keeps it. Of each kind it has at most
// the first 100 names, and 16 KiB of text; where there were more, the number of all
// stands beside them.
type Targets struct {
	Paths         []string `json:"paths,omitempty"`
	PathsInAll    int      `json:"pathsInAll,omitempty"` // zero: Paths are all; so it is with the others
	Tags          []string `json:"tags,omitempty"`
	TagsInAll     int      `json:"tagsInAll,omitempty"`
	EveryTag      bool     `json:"everyTag,omitempty"`
	Prefixes      []string `json:"prefixes,omitempty"`
	PrefixesInAll int      `json:"prefixesInAll,omitempty"`
	Patterns      []string `json:"patterns,omitempty"`
	PatternsInAll int      `json:"patternsInAll,omitempty"`
	All           bool     `json:"all,omitempty"`
	Host          string   `json:"host,omitempty"`
	Only          Only     `json:"only,omitzero"`
}

// Bounds of the names of one kind in Targets.
const (
	maxTargetNames = 100
	maxTargetBytes = 16 << 10
)

func newTargets(r Revalidation) *Targets {
	t := &Targets{EveryTag: r.EveryTag, All: r.All, Host: r.Host, Only: r.Only}
	t.Only.States, t.Only.Statuses = slices.Clone(r.Only.States), slices.Clone(r.Only.Statuses)
	t.Paths, t.PathsInAll = firstNames(r.Paths)
	t.Tags, t.TagsInAll = firstNames(r.Tags)
	t.Prefixes, t.PrefixesInAll = firstNames(r.Prefixes)
	t.Patterns, t.PatternsInAll = firstNames(r.Patterns)
	return t
}

// firstNames returns a copy of names, or of the first of them and how many there are.
func firstNames(names []string) (first []string, inAll int) {
	size := 0
	for i, name := range names {
		if size += len(name); i == maxTargetNames || size > maxTargetBytes {
			return first, len(names)
		}
		first = append(first, name)
	}
	return first, 0
}

func (t *Targets) clone() *Targets {
	if t == nil {
		return nil
	}
	c := *t
	for _, names := range []*[]string{&c.Paths, &c.Tags, &c.Prefixes, &c.Patterns} {
		*names = slices.Clone(*names)
	}
	c.Only.States, c.Only.Statuses = slices.Clone(t.Only.States), slices.Clone(t.Only.Statuses)
	return &c
}

// onlyJSON is the form that the admin API takes, too.
type onlyJSON struct {
	States    []State `json:"states,omitempty"`
	Statuses  []int   `json:"statuses,omitempty"`
	OlderThan string  `json:"olderThan,omitempty"`
}

// MarshalJSON writes the form of the admin API, the duration as text: "24h0m0s".
func (o Only) MarshalJSON() ([]byte, error) {
	j := onlyJSON{States: o.States, Statuses: o.Statuses}
	if o.OlderThan != 0 {
		j.OlderThan = o.OlderThan.String()
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (o *Only) UnmarshalJSON(data []byte) error {
	var j onlyJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	*o = Only{States: j.States, Statuses: j.Statuses}
	if j.OlderThan == "" {
		return nil
	}
	var err error
	o.OlderThan, err = time.ParseDuration(j.OlderThan)
	return err
}
