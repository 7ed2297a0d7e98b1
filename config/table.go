package config

// fileKeys is what stands at the top of a file: the server's keys, then those of
// its site, or a list of sites that have these keys each.
var fileKeys = append(append([]key{}, serverKeys...), append(siteKeys, key{
	name: "sites", kind: kindMapping, list: true, keys: siteKeys,
	doc:     "Several sites in one server, each with keys of its own from `hosts` to `hooks`, which then do not stand at the top. A request goes to the site that has its host name.",
	absent:  "the keys at the top are the one site",
	example: "[{hosts: [example.org], origin: {url: \"http://127.0.0.1:3000\"}}]",
})...)

var serverKeys = []key{{
	name: "listen", kind: kindText, restart: true, form: `^\S*:[0-9]+$`,
	doc: "Where the server listens for visitors, as host:port. Without a host it listens on all addresses of the machine; port 0 takes any free one.",
	def: "127.0.0.1:8080", example: "\":8080\"",
}, {
	name: "tls", kind: kindMapping, restart: true,
	doc:    "Serves visitors over HTTPS. To turn it on or off needs a restart; the files are read again by a reload.",
	absent: "plain HTTP", example: "{certificate: /etc/reprint/cert.pem, key: /etc/reprint/key.pem}",
	keys: []key{{
		name: "certificate", kind: kindText, required: true,
		doc: "The file with the certificate and those that lead to its issuer, as PEM.", example: "/etc/reprint/cert.pem",
	}, {
		name: "key", kind: kindText, required: true,
		doc: "The file with the certificate's private key, as PEM.", example: "/etc/reprint/key.pem",
	}},
}, {
	name: "admin", kind: kindMapping, keys: adminKeys,
	doc:    "The admin API, with health, readiness and metrics, on a listener of its own.",
	absent: "on 127.0.0.1:8081, for whoever can log in to the machine", example: "{listen: \"127.0.0.1:8081\"}",
}, {
	name: "store", kind: kindMapping, keys: storeKeys,
	doc:    "Where pages are kept.",
	absent: "in memory, until the server ends", example: "{path: ./data/reprint.db}",
}, {
	name: "limits", kind: kindMapping, keys: limitKeys,
	doc:    "What bounds the work.",
	absent: "each limit has its default", example: "{renders: 32}",
}, {
	name: "revalidation", kind: kindMapping, keys: revalidationKeys,
	doc:    "What bounds revalidations.",
	absent: "each bound has its default", example: "{brake: {pages: 1000, traffic: 20%}}",
}, {
	name: "trustedProxies", kind: kindText, list: true,
	doc:    "The addresses or networks of proxies in front of the server whose `X-Forwarded-For`, `X-Forwarded-Host` and `X-Forwarded-Proto` are believed. Whoever is listed can say who a visitor is.",
	absent: "nobody is believed", example: "[10.0.0.0/8, \"::1\"]",
}, {
	name: "log", kind: kindMapping, keys: logKeys,
	doc:    "What is written to the standard error stream.",
	absent: "JSON, one line for each request", example: "{format: text, access: 0.1}",
}, {
	name: "fastLane", kind: kindFlag, restart: true,
	doc: "Whether plain hits over HTTP/1.1 are answered before Go's HTTP server has anything to do with them: the same bytes at half the cost. With `tls` it has no effect.",
	def: "true", example: "false",
}, {
	name: "compression", kind: kindChoice, list: true, mayEmpty: true, allowed: []string{"br", "zstd", "gzip"}, restart: true,
	doc:    "The content codings that pages are offered in. Each is made once, when a page is first asked for that way. An empty list turns compression off.",
	absent: "all three", example: "[gzip]",
}, {
	name: "metrics", kind: kindFlag, restart: true,
	doc: "Whether the admin listener has `/metrics` for Prometheus.", def: "true", example: "false",
}, {
	name: "tracing", kind: kindMapping,
	doc:    "Sends OpenTelemetry traces of renders to a collector.",
	absent: "no traces", example: "{endpoint: \"http://127.0.0.1:4318\", sample: 0.1}",
	keys: []key{{
		name: "endpoint", kind: kindText, required: true, restart: true,
		doc: "The URL of a collector that speaks OTLP over HTTP.", example: "http://127.0.0.1:4318",
	}, {
		name: "sample", kind: kindShare, restart: true,
		doc: "The share of renders that is traced, from 0 to 1.", def: "1", example: "0.1",
	}},
}, {
	name: "prerender", kind: kindFlag,
	doc: "Whether what the routes list under `prerender` is rendered at the start. A route says otherwise with `prerender.atStart`.",
	def: "false", example: "true",
}, {
	name: "ready", kind: kindChoice, allowed: []string{"atOnce", "afterPrerender"},
	doc: "When `/readyz` says that visitors may be sent: at once, or when what is prerendered at the start is there.",
	def: "atOnce", example: "afterPrerender",
}, {
	name: "drain", kind: kindDuration, zero: true,
	doc: "How long running requests are waited for when the server is told to end.", def: "30s", example: "10s",
}}

var adminKeys = []key{{
	name: "listen", kind: kindText, restart: true, form: `^(none|\S*:[0-9]+)$`,
	doc: "Where the admin API listens, as host:port; never where visitors come in. Anything but a loopback address needs tokens. `none`: there is no admin API.",
	def: "127.0.0.1:8081", example: "127.0.0.1:9000",
}, {
	name: "tokens", kind: kindMapping, list: true, oneOf: []string{"secret", "secrets"},
	doc:    "Who may use the admin API, by a secret sent as `Authorization: Bearer ...`.",
	absent: "whoever reaches the listener may do everything", example: "[{name: editor, secret: \"${REPRINT_TOKEN}\"}]",
	keys: []key{{
		name: "name", kind: kindText, required: true, form: "^[A-Za-z0-9._-]{1,64}$",
		doc: "Tells this token from others, in receipts and logs: up to 64 letters, digits, dots, hyphens and underscores.", example: "editor",
	}, {
		name: "secret", kind: kindSecret,
		doc: "The secret, at least 16 characters that nobody can guess; make one with `openssl rand -hex 32`.", example: "${REPRINT_TOKEN}",
	}, {
		name: "secrets", kind: kindSecret, list: true,
		doc: "Several secrets in place of `secret`, any of which will do: to change one, list the new one beside the old one for a while.", example: "[\"${NEW_TOKEN}\", \"${OLD_TOKEN}\"]",
	}, {
		name: "actions", kind: kindChoice, list: true, allowed: []string{"revalidate", "prerender", "read"},
		doc: "What its holder may do.", absent: "everything", example: "[revalidate, read]",
	}, {
		name: "paths", kind: kindText, list: true,
		doc: "The paths that its holder may name; one may end in `*`. With it the holder may name no tags but those in `tags`, and not the whole site.", absent: "all, or none if `tags` is there", example: "[/posts/*]",
	}, {
		name: "tags", kind: kindText, list: true,
		doc: "The tags that its holder may name; one may end in `*`. With it the holder may name no paths but those in `paths`, and not the whole site.", absent: "all, or none if `paths` is there", example: "[\"post:*\"]",
	}, {
		name: "hosts", kind: kindText, list: true,
		doc: "The host names whose pages its holder may name, and must name in each call.", absent: "all", example: "[blog.example.org]",
	}, {
		name: "quota", kind: kindText, form: "^[1-9][0-9]{0,6}/[smh]$",
		doc:    "How often its holder may revalidate, restore, release, prerender and decide on what is kept aside, as a number of calls in a second (`s`), minute (`m`) or hour (`h`): so many at once, and after that one whenever its share of the time has passed. Calls beyond it are answered 429 and do nothing.",
		absent: "as often as its holder wants", example: "600/h",
	}, {
		name: "brake", kind: kindMapping, keys: brakeKeys(false), anyOf: []string{"pages", "traffic"},
		doc:    "How much a revalidation of its holder may mean that was not confirmed, in place of `revalidation.brake`. `{traffic: 100%}` lets everything through. A reload takes it over.",
		absent: "`revalidation.brake`", example: "{pages: 50}",
	}},
}, {
	name: "hosts", kind: kindText, list: true,
	doc:    "The names under which a browser may call the admin API, besides IP addresses and localhost. It keeps other people's web pages from calling it through a name of theirs.",
	absent: "IP addresses and localhost only", example: "[reprint.internal.example.org]",
}}

var storeKeys = []key{{
	name: "path", kind: kindText, restart: true,
	doc:    "The SQLite file that keeps pages and revalidations beyond a restart. It is made if it is not there; a relative path begins where the server is started.",
	absent: "memory only", example: "./data/reprint.db",
}, {
	name: "memory", kind: kindSize, min: 1 << 20, restart: true,
	doc: "How much memory pages may take. Those that are least useful leave it first.", def: "256MiB", example: "1GiB",
}, {
	name: "disk", kind: kindSize, min: 1 << 20, restart: true,
	doc: "How large the file with its log may become. Then pages are dropped, never revalidations.", def: "10GiB", example: "50GiB",
}, {
	name: "maxPages", kind: kindCount, min: 1, restart: true,
	doc: "How many pages the file may hold.", def: "1000000", example: "5000000",
}, {
	name: "receipts", kind: kindDuration, restart: true,
	doc: "How long receipts of revalidations are kept; of more than 10,000 the oldest go before.", def: "30d", example: "365d",
}}

var limitKeys = []key{{
	name: "renders", kind: kindCount, min: 1, max: 100_000, restart: true,
	doc: "How many pages are rendered at once.", def: "16", example: "32",
}, {
	name: "queue", kind: kindCount, min: 1, max: 10_000_000, restart: true,
	doc: "How many renders may wait for their turn. Beyond that a visitor of a page that is not there gets 503.", def: "10000", example: "1000",
}, {
	name: "maxPage", kind: kindSize, min: 1, restart: true,
	doc: "The largest body of a page that is stored. What passes through has no limit.", def: "16MiB", example: "4MiB",
}, {
	name: "maxHeader", kind: kindSize, min: 4 << 10, max: 1 << 20, restart: true,
	doc: "The largest header of a request. Choose it no larger than what the origin takes.", def: "32KiB", example: "16KiB",
}}

var revalidationKeys = []key{{
	name: "window", kind: kindDuration, zero: true, restart: true,
	doc: "For how long a revalidation that renders a page waits for others that name the same one, which then share its render; at most 10s. Each of them is as true as by itself.",
	def: "0s", example: "50ms",
}, {
	name: "calls", kind: kindCount, min: 1, max: 1_000_000, restart: true,
	doc: "How many revalidations may be under way at once. Further ones are answered 503 before anything is done.", def: "1000", example: "200",
}, {
	name: "brake", kind: kindMapping, keys: brakeKeys(true), anyOf: []string{"pages", "traffic"},
	doc:    "How much a revalidation may mean that was not confirmed. One that means more is refused with 409, and nothing is done; with `confirm`, or `--confirm`, it is carried out. A token may have another one. Hooks, whose callers cannot be asked, are let through.",
	absent: "everything is let through", example: "{pages: 1000, traffic: 20%}",
}}

// brakeKeys are those of a brake. That of the site is fixed while the server runs, those
// of tokens are not.
func brakeKeys(restart bool) []key {
	return []key{{
		name: "pages", kind: kindCount, min: 1, max: 1_000_000_000, restart: restart,
		doc: "How many pages it may mean.", absent: "any number", example: "1000",
	}, {
		name: "traffic", kind: kindPercent, restart: restart,
		doc: "The largest share of the last hour's visits that may have gone to its pages. Visits before the server began do not count.", absent: "any share", example: "20%",
	}}
}

var logKeys = []key{{
	name: "format", kind: kindChoice, allowed: []string{"json", "text"}, restart: true,
	doc: "JSON for programs, or text for people.", def: "json", example: "text",
}, {
	name: "level", kind: kindChoice, allowed: []string{"debug", "info", "warn", "error"}, restart: true,
	doc: "The least important of what is logged.", def: "info", example: "debug",
}, {
	name: "access", kind: kindShare,
	doc: "The share of requests that is logged, from 0 to 1. Those that fail always are.", def: "1", example: "0.1",
}}

var siteKeys = []key{{
	name: "hosts", kind: kindText, list: true, restart: true,
	doc:    "The names of the site, without port, each with pages of its own. A request for another name is answered 421.",
	absent: "every name reaches the same pages", example: "[example.org, www.example.org]",
}, {
	name: "origin", kind: kindMapping, keys: originKeys, required: true,
	doc: "The HTTP server that renders.", example: "{url: \"http://127.0.0.1:3000\"}",
}, {
	name: "trailingSlash", kind: kindChoice, allowed: []string{"keep", "add", "remove"},
	doc: "What becomes of `/posts` and `/posts/`: both are kept as two pages, or one is redirected to the other.", def: "keep", example: "remove",
}, {
	name: "languages", kind: kindText, list: true,
	doc:    "The languages that the site offers, the default first: what `vary: [Accept-Language]` chooses from. Each is a variant of a page, so list those that there are.",
	absent: defaultLanguageDoc, example: "[en, de, fr]",
}, {
	name: "dropQuery", kind: kindText, list: true, mayEmpty: true,
	doc: "Query parameters that are never part of a page's key and never reach the origin in a render; a name may end in `*`. `default` in the list stands for " +
		"those of advertising and mail: " + defaultDropDoc + ".",
	def: "[default]", example: "[default, ref]",
}, {
	name: "sessionCookies", kind: kindText, list: true, mayEmpty: true,
	doc: "Cookies that say that a visitor is known: with one of them a path under no route passes through; a name may begin or end in `*`. `default` in the list stands for those of " +
		"common frameworks: " + defaultSessionDoc + ".",
	def: "[default]", example: "[default, my_login]",
}, {
	name: "routes", kind: kindMapping, list: true, keys: routeKeys,
	doc:    "How pages are kept, by path. The most specific pattern counts, in whatever order they stand.",
	absent: "every path follows the origin's own headers", example: "[{path: \"/posts/{id}\", revalidate: 1h}]",
}, {
	name: "hooks", kind: kindMapping, list: true, keys: hookKeys, oneOf: []string{"secret", "secrets"},
	doc:    "Calls from outside that say that something has changed: `curl 'https://example.org/api/revalidate?secret=...&id=42'`. A hook is answered before routes are looked at.",
	absent: "none", example: "[{path: /api/revalidate, secret: \"${REVALIDATE_SECRET}\", paths: [\"/posts/{id}\"]}]",
}}

var originKeys = []key{{
	name: "url", kind: kindText, required: true,
	doc: "Where it listens: scheme, host and port, without a path.", example: "http://127.0.0.1:3000",
}, {
	name: "host", kind: kindText,
	doc: "The host name that it is asked for.", absent: "the name that the visitor asked for if it is one of `hosts`, else that of `url`", example: "www.example.org",
}, {
	name: "proto", kind: kindChoice, allowed: []string{"http", "https"},
	doc:    "What visitors speak with the site, for an origin that makes links or redirects of it. Set it to `https` when a proxy in front of the server does TLS.",
	absent: "`https` if the server does TLS itself, else `http`", example: "https",
}, {
	name: "timeout", kind: kindDuration,
	doc: "How long a render may take, and how long one is waited for that has no turn yet because others run; " +
		"if a route's `timeout` is longer, that long. After that a visitor of a page that is not there gets 503.", def: "30s", example: "10s",
}, {
	name: "headerTimeout", kind: kindDuration,
	doc: "How long a connection, and then the header of an answer, is waited for, also in what passes through.", def: "60s", example: "10s",
}, {
	name: "headers", kind: kindHeaders,
	doc:    "Headers that are added to every request, by name. Their values are treated as secrets.",
	absent: "none", example: "{X-Api-Key: \"${API_KEY}\"}",
}, {
	name: "framework", kind: kindChoice, allowed: []string{"nextjs"},
	doc:    "The framework that renders, if there is something to know about it. `nextjs`: a page and the data that its client loads in place of it are revalidated together.",
	absent: "any", example: "nextjs",
}, {
	name: "conditional", kind: kindFlag,
	doc: "Whether a page that is rendered again is asked for with `If-None-Match` or `If-Modified-Since`, so that an origin can answer 304.", def: "true", example: "false",
}, {
	name: "maxConnections", kind: kindCount, min: 1, max: 1_000_000,
	doc: "How many connections to it there may be at once, those of streams included.", absent: "no limit", example: "64",
}, {
	name: "clientHeaders", kind: kindText, list: true,
	doc:    "Headers of clients that may reach it, although they belong to a framework's own server, when a request passes through; a name may end in `*`.",
	absent: "none", example: "[next-router-*]",
}, {
	name: "allowInsecure", kind: kindFlag,
	doc: "Takes any certificate of an origin that is reached over HTTPS. Whoever is between can then read and change every page.", def: "false", example: "true",
}, {
	name: "allowUndelimited", kind: kindFlag,
	doc: "Takes pages of which the origin does not say how long they are, as some development servers do. One that was cut off cannot be told from a whole one.", def: "false", example: "true",
}}

var routeKeys = []key{{
	name: "path", kind: kindText, required: true, form: "^/",
	doc:     "The pattern of paths: `/posts/{id}` is one segment, `/files/{path...}` the rest, `/posts/` everything below, `/{$}` the home page alone.",
	example: "/posts/{id}",
}, {
	name: "bypass", kind: kindFlag,
	doc: "Lets every request pass through to the origin; nothing is stored.", def: "false", example: "true",
}, {
	name: "pin", kind: kindFlag,
	doc: "Keeps the route's pages where the store makes room: others are dropped first, and where all that is left is pinned, new pages are not stored.", def: "false", example: "true",
}, {
	name: "websocket", kind: kindFlag,
	doc: "Lets requests pass through that ask for a WebSocket.", def: "false", example: "true",
}, {
	name: "freshness", kind: kindChoice, allowed: []string{"policy", "headers"},
	doc: "Who says how long a page is fresh: the keys of the route, or the origin's `Cache-Control` as for any shared cache, and then nothing is stored of which it says nothing.",
	def: "policy", example: "headers",
}, {
	name: "revalidate", kind: kindDuration,
	doc:    "How long a page is fresh. After that the next visitor still gets it, and it is rendered again behind.",
	absent: "until it is revalidated", example: "1h",
}, {
	name: "expire", kind: kindDuration,
	doc: "How long a stale page may be served while no new one can be had. After that visitors wait for a render.", def: "365d", example: "720h",
}, {
	name: "negative", kind: kindDuration,
	doc: "How long a 404, a 410 or a redirect is fresh.", absent: "30s, or `revalidate` if that is shorter", example: "5m",
}, {
	name: "timeout", kind: kindDuration,
	doc: "How long a render of this route may take.", absent: "`origin.timeout`", example: "60s",
}, {
	name: "fallback", kind: kindText, allowed: []string{"blocking", "notfound", "shell:/path"}, form: "^(blocking|notfound|shell:/.*)$",
	doc: "What a path gets that `prerender` does not list: `blocking` renders it while the visitor waits, `notfound` answers 404, and `shell:/path` answers at once with that page of the origin and renders behind.",
	def: "blocking", example: "shell:/loading",
}, {
	name: "query", kind: kindText, list: true,
	doc:    "Query parameters that are part of the page's key. The others never reach the origin in a render. `\"*\"` alone: all but those of `dropQuery`.",
	absent: "none", example: "[page]",
}, {
	name: "vary", kind: kindVariant, list: true,
	doc:    "Request headers that make variants of a page: `Accept-Language` alone chooses from `languages`; any other header says which values count, as `{header: ..., values: [...]}`.",
	absent: "none", example: "[Accept-Language, {header: RSC, values: [\"\", \"1\"]}]",
	keys: []key{{
		name: "header", kind: kindText, required: true,
		doc: "The name of the header.", example: "RSC",
	}, {
		name: "values", kind: kindText, list: true, required: true, mayBlank: true,
		doc: "The values that make a difference. A request with any other gets the first, which may be empty: then the header is not there.", example: "[\"\", \"1\"]",
	}},
}, {
	name: "tags", kind: kindText, list: true,
	doc:    "Tags that each page gets besides those that the origin sends; `{name}` stands for a wildcard of the path.",
	absent: "none", example: "[\"post:{id}\", \"type:post\"]",
}, {
	name: "cacheControl", kind: kindText,
	doc:    "The `Cache-Control` that browsers and caches in front get with a fresh page.",
	absent: "the origin's, or `public, max-age=0, must-revalidate`", example: "\"public, max-age=60\"",
}, {
	name: "bypassHeaders", kind: kindText, list: true,
	doc: "Request headers with which a request passes through.", absent: "none", example: "[X-Preview]",
}, {
	name: "bypassCookies", kind: kindText, list: true,
	doc: "Cookies with which a request passes through; a name may end in `*`.", absent: "none", example: "[wordpress_logged_in_*]",
}, {
	name: "ignore", kind: kindChoice, list: true, allowed: []string{"private", "no-store", "no-cache", "set-cookie"},
	doc:    "What of an answer would forbid to store it and is not obeyed; `set-cookie` removes the cookies. For origins that say so of every page without meaning it: it is your promise that these pages are the same for everybody.",
	absent: "everything is obeyed", example: "[set-cookie]",
}, {
	name: "volatile", kind: kindText, list: true,
	doc:    "Regular expressions for what differs from render to render and means nothing to a visitor: a nonce, a time of printing. A page that differs from the one before it in such parts only is unchanged: it keeps its content, `ETag` and `Last-Modified`.",
	absent: "every byte counts", example: "['nonce=\"[^\"]*\"']",
}, {
	name: "history", kind: kindCount, max: 1000,
	doc: "How many earlier versions of a page are kept in the store, by content, to look at and to restore. With 0 none is.", def: "10", example: "30",
}, {
	name: "proof", kind: kindMapping, keys: proofKeys, anyOf: names(proofKeys),
	doc: "What a new page with status 200 must pass. One that does not is refused: visitors keep the last good page, the render counts as failed and is tried again, " +
		"and whoever revalidates is told everything that the page lacks.",
	absent: "a page is refused only if it is empty and the last good one is not", example: "{size: 50%, excludes: [Fatal error], selectors: [main article]}",
}, {
	name: "invalidate", kind: kindFlag,
	doc: "Whether a POST, PUT, PATCH or DELETE that succeeds makes the pages stale that it names: its own path, and those of `Location` and `Content-Location`.", def: "false", example: "true",
}, {
	name: "prerender", kind: kindMapping, keys: prerenderKeys, anyOf: []string{"sitemap", "paths", "url"},
	doc:    "Which pages there are, to render them before anybody asks and to know what `fallback` means.",
	absent: "nothing is listed", example: "{sitemap: /sitemap.xml}",
}}

var proofKeys = []key{{
	name: "size", kind: kindPercent,
	doc: "The smallest size that a page may have, in bytes, as a share of the last good page with status 200.", absent: "any", example: "50%",
}, {
	name: "contains", kind: kindText, list: true,
	doc: "Texts that each page must have, of whatever type, byte for byte as they are written here; the payloads and data of Next.js are pages too, of which only HTML is asked for them.", absent: "none", example: "[\"</html>\"]",
}, {
	name: "excludes", kind: kindText, list: true,
	doc: "Texts that no page may have, of whatever type, byte for byte as they are written here.", absent: "none", example: "[Fatal error, \"Traceback (most recent call last)\"]",
}, {
	name: "selectors", kind: kindText, list: true,
	doc: "CSS selectors, each of which must match an element of each HTML page. Where the last good page is HTML, the new one must be too. Besides type, id, class, attribute and combinators there are `:not()` and `:has()` without combinators in their brackets, " +
		"`:nth-child()` and its kin, `:root`, `:empty`, `:link`, `:enabled`, `:disabled`, `:checked`, `:lang()` and `:contains(\"text\")`. Pages of more than 4 MiB, of more than 512 elements in each other, or that take longer than 2 s are refused.",
	absent: "none", example: "[main article]",
}, {
	name: "index", kind: kindFlag,
	doc: "Whether a page must not be newly closed to search engines: by `noindex` or `none` in `X-Robots-Tag` or in a meta element `robots` or `googlebot`, where the last good page said neither.", def: "false", example: "true",
}, {
	name: "gone", kind: kindCount, max: 1_000_000_000,
	doc: "How many pages one revalidation may turn from 200 to 404 or 410. With 0 none may.", absent: "any number", example: "10",
}}

var prerenderKeys = []key{{
	name: "sitemap", kind: kindText,
	doc: "A sitemap of the origin, or an index of sitemaps; gzip is understood. Of what it lists, the paths of this route are taken.", absent: "none", example: "/sitemap.xml",
}, {
	name: "paths", kind: kindText, list: true,
	doc: "The paths themselves.", absent: "none", example: "[/posts/1, /posts/2]",
}, {
	name: "url", kind: kindText,
	doc: "A path of the origin that answers with a list of paths, as a JSON array or line by line.", absent: "none", example: "/api/paths",
}, {
	name: "atStart", kind: kindFlag,
	doc: "Whether they are rendered when the server starts.", absent: "the top-level `prerender`", example: "true",
}}

var hookKeys = []key{{
	name: "path", kind: kindText, required: true, form: "^/",
	doc: "The path that is called.", example: "/api/revalidate",
}, {
	name: "secret", kind: kindSecret,
	doc: "The secret that a call presents, in the query as `secret` or as `Authorization: Bearer ...`; at least 16 characters that nobody can guess.", example: "${REVALIDATE_SECRET}",
}, {
	name: "secrets", kind: kindSecret, list: true,
	doc: "Several secrets in place of `secret`, any of which will do.", example: "[\"${NEW_SECRET}\", \"${OLD_SECRET}\"]",
}, {
	name: "param", kind: kindText,
	doc: "The query parameter that says what changed.", def: "id", example: "slug",
}, {
	name: "missing", kind: kindText,
	doc: "The message of the answer to a call without it.", absent: "the parameter and \"is required\"", example: "Post ID is required",
}, {
	name: "paths", kind: kindText, list: true, required: true,
	doc: "The pages that a call revalidates; a segment that is the parameter in braces stands for its value. At least one has it.", example: "[\"/posts/{id}\", /posts]",
}, {
	name: "name", kind: kindText,
	doc: "Tells this hook from others, in receipts and logs.", absent: "the hook has no name", example: "blog",
}}

// root is the file itself.
var root = key{kind: kindMapping, keys: fileKeys}
