package config_test

import (
	"slices"
	"testing"

	"github.com/reprint-go/reprint/config"
)

func TestDiff(t *testing.T) {
	const site = "origin: {url: 'http://127.0.0.1:3000'}\n"
	const two = "sites: [{hosts: [a.example], origin: {url: 'http://127.0.0.1:1'}}, {hosts: [b.example], origin: {url: 'http://127.0.0.1:2'}}]\n"
	const tlsA = "tls: {certificate: a, key: b}\n"
	tests := []struct {
		name, old, updated string
		want               []string
	}{
		{"nothing", site, site, nil},
		{"a default written out", site, "listen: 127.0.0.1:8080\nstore: {memory: 256MiB}\n" + site, nil},
		{"routes, hooks and tokens", site, site + "routes: [{path: /a}]\nhooks: [{path: /h, secret: '${HOOK_SECRET}', paths: ['/{id}']}]\n" +
			"admin: {tokens: [{name: a, secret: '${NEW_TOKEN}'}]}\n", nil},
		{"the origin", site, "origin: {url: 'http://127.0.0.1:4000', timeout: 1s}\n", nil},
		{"what is read each time", site, site + "log: {access: 0.5}\ndrain: 1s\ntrustedProxies: [10.0.0.1]\nadmin: {hosts: [a.example]}\n", nil},
		{"listeners", site, "listen: 127.0.0.1:80\nadmin: {listen: none}\n" + site, []string{"listen", "admin.listen"}},
		{"TLS turned on", site, tlsA + site, []string{"tls"}},
		{"other files of TLS", tlsA + site, "tls: {certificate: c, key: d}\n" + site, nil},
		{"the store", site, "store: {path: a.db, memory: 1GiB, disk: 1GiB, maxPages: 5, receipts: 1h}\n" + site, []string{"store.path", "store.memory", "store.disk", "store.maxPages", "store.receipts"}},
		{"limits", site, "limits: {renders: 1, queue: 1, maxPage: 1MiB, maxHeader: 8KiB}\n" + site, []string{"limits.renders", "limits.queue", "limits.maxPage", "limits.maxHeader"}},
		{"revalidations", site, "revalidation: {window: 1s, calls: 1, brake: {pages: 1, traffic: 1%}}\n" + site, []string{"revalidation.window", "revalidation.calls", "revalidation.brake.pages", "revalidation.brake.traffic"}},
		{"the brake of a token", site + "admin: {tokens: [{name: a, secret: '${NEW_TOKEN}'}]}\n", site + "admin: {tokens: [{name: a, secret: '${NEW_TOKEN}', brake: {pages: 1}}]}\n", nil},
		{"watching", site, "log: {format: text, level: debug}\nfastLane: false\ncompression: [gzip]\nmetrics: false\ntracing: {endpoint: 'http://127.0.0.1:4318', sample: 0.5}\n" + site, []string{"log.format", "log.level", "fastLane", "compression", "metrics", "tracing.endpoint", "tracing.sample"}},
		{"a name", site, "hosts: [a.example]\n" + site, []string{"hosts"}},
		{"names in another order", "hosts: [a.example, b.example]\n" + site, "hosts: [b.example, A.example]\n" + site, nil},
		{"a second site", "hosts: [a.example]\n" + site, two, []string{"sites"}},
		{"a name of the second site", two, "sites: [{hosts: [a.example], origin: {url: 'http://127.0.0.1:1'}}, {hosts: [c.example], origin: {url: 'http://127.0.0.1:2'}}]\n", []string{"sites[1].hosts"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := config.Diff(parse(t, test.old), parse(t, test.updated)); !slices.Equal(got, test.want) {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}
