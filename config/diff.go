package config

import (
	"fmt"
	"reflect"
	"slices"
)

// fixed are the keys that a running server cannot change, with what each becomes.
// They are those that the table marks.
var fixed = []struct {
	key string
	of  func(*Config) any
}{
	{"listen", func(c *Config) any { return c.Listen }},
	{"tls", func(c *Config) any { return c.TLS != nil }},
	{"admin.listen", func(c *Config) any { return c.Admin.Listen }},
	{"store.path", func(c *Config) any { return c.Store.Path }},
	{"store.memory", func(c *Config) any { return c.Store.Memory }},
	{"store.disk", func(c *Config) any { return c.Store.Disk }},
	{"store.maxPages", func(c *Config) any { return c.Store.MaxPages }},
	{"store.receipts", func(c *Config) any { return c.Store.Receipts }},
	{"limits.renders", func(c *Config) any { return c.Limits.Renders }},
	{"limits.queue", func(c *Config) any { return c.Limits.Queue }},
	{"limits.maxPage", func(c *Config) any { return c.Limits.MaxPage }},
	{"limits.maxHeader", func(c *Config) any { return c.Limits.MaxHeader }},
	{"revalidation.window", func(c *Config) any { return c.Revalidation.Window }},
	{"revalidation.calls", func(c *Config) any { return c.Revalidation.Calls }},
	{"revalidation.brake.pages", func(c *Config) any { return c.Revalidation.Brake.Pages }},
	{"revalidation.brake.traffic", func(c *Config) any { return c.Revalidation.Brake.Traffic }},
	{"log.format", func(c *Config) any { return c.Log.Format }},
	{"log.level", func(c *Config) any { return c.Log.Level }},
	{"fastLane", func(c *Config) any { return c.FastLane }},
	{"compression", func(c *Config) any { return c.Compression }},
	{"metrics", func(c *Config) any { return c.Metrics }},
	{"tracing.endpoint", func(c *Config) any { return c.Tracing.Endpoint }},
	{"tracing.sample", func(c *Config) any { return c.Tracing.Sample }},
}

// Diff returns the names of the keys in which updated differs from old and that a
// running server cannot change: they need a restart. Empty: updated can take the
// place of old. Of keys that are not there the defaults are compared. TLS needs a
// restart when it is turned on or off, and not when its files are others; a site
// when its names change.
func Diff(old, updated *Config) []string {
	var keys []string
	for _, f := range fixed {
		if !reflect.DeepEqual(f.of(old), f.of(updated)) {
			keys = append(keys, f.key)
		}
	}
	switch {
	case len(old.Sites) != len(updated.Sites):
		return append(keys, "sites")
	case len(old.Sites) == 1:
		if !sameHosts(old.Sites[0], updated.Sites[0]) {
			keys = append(keys, "hosts")
		}
		return keys
	}
	for i := range old.Sites {
		if !sameHosts(old.Sites[i], updated.Sites[i]) {
			keys = append(keys, fmt.Sprintf("sites[%d].hosts", i))
		}
	}
	return keys
}

// sameHosts reports whether two sites have the same names, in any order.
func sameHosts(a, b Site) bool {
	return slices.Equal(slices.Sorted(slices.Values(a.Hosts)), slices.Sorted(slices.Values(b.Hosts)))
}
