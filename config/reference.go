package config

import (
	"fmt"
	"strings"
)

// referenceStart is what a reader needs to know before the keys.
const referenceStart = `# Configuration

The file of ` + "`reprint serve --config reprint.yaml`" + `. This page is made from the table that the program itself reads files by
(` + "`reprint config reference`" + `).

` + "```yaml\n" + exampleFile + "```" + `

` + "`reprint config check`" + ` says everything that is wrong with a file, without touching the network: file, line, column, key, and what
to write instead. ` + "`reprint config schema >reprint.schema.json`" + ` makes a JSON Schema; with
` + "`# yaml-language-server: $schema=reprint.schema.json`" + ` as the first line of the file, many editors complete keys and mark errors.

A change of the file takes effect with SIGHUP. A file that has a fault, or that changes a key that needs a restart, changes nothing, and the
log names the key.

## How values are written

| value | examples | |
|---|---|---|
| duration | ` + "`500ms` `90s` `15m` `1h30m` `30d`" + ` | always with a unit; a day has 24 hours |
| size | ` + "`64KiB` `256MiB` `10GB`" + ` | always with a unit; ` + "`KiB`" + ` is 1,024 bytes, ` + "`KB`" + ` is 1,000 |
| percentage | ` + "`50%` `99.5%`" + ` | always with its sign |
| text | ` + "`/posts/{id}` `\"*\"`" + ` | in quotes when it begins with anything but a letter, a digit, a slash or a dot, has ` + "`: `" + ` in it, looks like a number, or stands in ` + "`[ ]`" + ` and has braces |
| variable | ` + "`${REPRINT_TOKEN}`" + ` | from the environment, in values only, also as a part of one; one that is missing or empty is an error; ` + "`$${`" + ` stands for the characters themselves |

The file is YAML in UTF-8 of up to 1 MiB, one document, without anchors, aliases, tags and tabs as indentation. A key that does not exist,
that is there twice, or that has no effect because of another is an error.
`

// exampleFile is one of everything that most sites need.
const exampleFile = `listen: 127.0.0.1:8080
admin:
  listen: 127.0.0.1:8081
  tokens:
    - name: editor
      secret: ${REPRINT_TOKEN}
origin:
  url: http://127.0.0.1:3000
store:
  path: ./data/reprint.db
routes:
  - path: /posts/{id}
    revalidate: 1h
    query: [page]
    tags: ["post:{id}", "type:post"]
    prerender:
      sitemap: /sitemap.xml
  - path: /account/
    bypass: true
hooks:
  - path: /api/revalidate
    secret: ${REVALIDATE_SECRET}
    paths: ["/posts/{id}"]
`

// Reference returns the reference of all keys as Markdown.
func Reference() []byte {
	var b strings.Builder
	b.WriteString(referenceStart)
	b.WriteString("\n## The server\n")
	referenceKeys(&b, serverKeys, "")
	b.WriteString("\n## The site\n\nThese keys stand at the top, or in each of `sites`.\n")
	referenceKeys(&b, siteKeys, "")
	sites := find(fileKeys, "sites")
	b.WriteString("\n## Several sites\n")
	referenceKey(&b, sites, sites.name)
	b.WriteString("\n```yaml\nsites:\n  - hosts: [example.org, www.example.org]\n    origin: {url: \"http://127.0.0.1:3000\"}\n" +
		"  - hosts: [shop.example.org]\n    origin: {url: \"http://127.0.0.1:4000\"}\n    routes:\n      - {path: \"/products/{id}\", revalidate: 10m}\n```\n")
	return []byte(b.String())
}

func referenceKeys(b *strings.Builder, keys []key, parent string) {
	for i := range keys {
		k := &keys[i]
		path := parent + k.name
		referenceKey(b, k, path)
		if k.list {
			path += "[]"
		}
		referenceKeys(b, k.keys, path+".")
	}
}

func referenceKey(b *strings.Builder, k *key, path string) {
	fmt.Fprintf(b, "\n### `%s`\n\n%s\n\n", path, k.doc)
	fmt.Fprintf(b, "- Value: %s", k.takes())
	switch {
	case k.required:
		b.WriteString(". Required")
	case k.def != "":
		fmt.Fprintf(b, ". Default: `%s`", k.def)
	case k.absent != "":
		fmt.Fprintf(b, ". Left out: %s", k.absent)
	}
	if k.restart && k.kind != kindMapping {
		b.WriteString(". A change needs a restart")
	}
	fmt.Fprintf(b, ".\n- Example: `%s`\n", k.sample())
}

// takes says in words what a value of the key is.
func (k *key) takes() string {
	one, many := "text", "texts"
	switch k.kind {
	case kindText:
	case kindSecret:
		one, many = "text, a secret", "texts, secrets"
	case kindDuration:
		one = "a duration"
		if !k.zero {
			one += ", longer than 0"
		}
	case kindSize:
		one = "a size" + k.bounds(sizeText)
	case kindCount:
		one = "a whole number" + k.bounds(func(n int64) string { return fmt.Sprint(n) })
	case kindShare:
		one = "a number from 0 to 1"
	case kindPercent:
		one = "a percentage above 0"
	case kindFlag:
		one = "`true` or `false`"
	case kindChoice:
		one, many = "one of "+quotedList(k.allowed), "any of "+quotedList(k.allowed)
	case kindMapping:
		one, many = "a mapping", "mappings"
	case kindHeaders:
		one = "a mapping of names to texts, secrets"
	case kindVariant:
		many = "header names or mappings"
	}
	if k.list {
		return "a list of " + many
	}
	return one
}

// bounds says from where to where a number goes.
func (k *key) bounds(text func(int64) string) string {
	switch {
	case k.max > 0:
		return fmt.Sprintf(" from %s to %s", text(k.min), text(k.max))
	case k.min > 0:
		return ", at least " + text(k.min)
	}
	return ""
}
