package coding_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Repeated letters compress a hundredfold and say nothing about pages. These
// pages have what real ones have: boilerplate in the head, navigation, prose
// whose words follow Zipf's law, cards that differ in links, prices and
// identifiers, and data for a script. The same size is always the same page.

// page returns a page of HTML of exactly n bytes.
func page(n int) []byte {
	r := rand.New(rand.NewPCG(uint64(n), 2))
	w := writer{r, rand.NewZipf(r, 1.1, 2, uint64(len(vocabulary)-1)), &strings.Builder{}}
	w.head()
	for w.b.Len() < n {
		w.section()
	}
	return []byte(w.b.String()[:n])
}

type writer struct {
	*rand.Rand
	ranks *rand.Zipf
	b     *strings.Builder
}

func (w writer) printf(format string, args ...any) { fmt.Fprintf(w.b, format, args...) }

func (w writer) head() {
	title := w.phrase(6)
	w.printf(`<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>%s - The Newsroom</title>
  <link rel="stylesheet" href="/assets/app-%016x.css" integrity="sha256-%016x%016x">
  <script src="/assets/app-%016x.js" defer></script>
  <meta property="og:title" content="%s">
</head>
<body class="page page--article">
<nav class="nav"><ul>
`, title, w.Uint64(), w.Uint64(), w.Uint64(), w.Uint64(), title)
	for range 6 {
		word := w.word()
		w.printf("  <li class=\"nav__item\"><a class=\"nav__link\" href=\"/%s\">%s</a></li>\n", word, word)
	}
	w.printf("</ul></nav>\n<main>\n<h1>%s</h1>\n", title)
}

// section writes prose most of the time, else what surrounds it.
func (w writer) section() {
	switch w.IntN(5) {
	case 0:
		w.printf("<script type=\"application/json\">{\"id\":%d,\"slug\":%q,\"updatedAt\":\"2026-%02d-%02dT%02d:%02d:00Z\",\"views\":%d}</script>\n",
			w.IntN(1e6), w.phrase(3), 1+w.IntN(12), 1+w.IntN(28), w.IntN(24), w.IntN(60), w.IntN(1e5))
	case 1, 2:
		id, name := w.IntN(1e6), w.phrase(3)
		w.printf("<article class=\"card\" data-id=\"%d\">\n  <a class=\"card__link\" href=\"/products/%d\"><img class=\"card__image\" src=\"/img/%08x.webp\" alt=\"%s\" width=\"320\" height=\"240\" loading=\"lazy\"></a>\n  <h3 class=\"card__title\">%s</h3>\n  <p class=\"card__price\">&euro; %d.%02d</p>\n</article>\n",
			id, id, w.Uint32(), name, name, w.IntN(500), w.IntN(100))
	default:
		w.printf("<h2 id=\"s%d\">%s</h2>\n<p>", w.IntN(1e4), w.phrase(5))
		for range 3 + w.IntN(4) {
			w.printf("%s. ", w.phrase(8+w.IntN(14)))
		}
		w.printf("See <a href=\"/posts/%d\">%s</a>.</p>\n", w.IntN(1e5), w.phrase(3))
	}
}

func (w writer) phrase(n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = w.word()
	}
	return strings.ToUpper(words[0][:1]) + words[0][1:] + " " + strings.Join(words[1:], " ")
}

func (w writer) word() string { return vocabulary[w.ranks.Uint64()] }

// vocabulary has the frequent words first.
var vocabulary = makeVocabulary()

func makeVocabulary() []string {
	r := rand.New(rand.NewPCG(1, 1))
	onsets := strings.Fields("b c d f g h j l m n p r s t v w st tr pl ch sh th br cl")
	middles := strings.Fields("a e i o u ea ai ou er an in on al ar")
	ends := strings.Fields("n t r s l d m ck ng st nt ly ed")
	words := make([]string, 2000)
	for i := range words {
		for range 1 + i/60%3 + r.IntN(2) {
			words[i] += onsets[r.IntN(len(onsets))] + middles[r.IntN(len(middles))]
		}
		words[i] += ends[r.IntN(len(ends))]
	}
	return words
}
