package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
)

// minPage is the smallest page that has all its parts.
const minPage = 512

// A page begins with its number and its version, each always as long, so that
// all pages of a job have one size.
const (
	pageHead = "<!doctype html>\n<html lang=\"en\"><head><title>Post %012d</title></head>\n<body data-version=\"%012d\">\n"
	pageTail = "</body></html>\n"
)

// words are what the text of a page is made of.
var words = []string{
	"paper", "river", "council", "harbour", "lantern", "market", "bridge", "window", "garden", "engine", "letter", "winter",
	"station", "copper", "meadow", "orchard", "signal", "timber", "village", "weather", "morning", "quarter", "kitchen", "journey",
}

// path is where page i is.
func path(i int) string { return "/posts/" + strconv.Itoa(i) }

// page is what page i is in a version of it, the same in every process. Like
// many a page it repeats itself: 17 kB of it are 0.8 kB as gzip.
func page(i int, version int64, size int) []byte {
	p := make([]byte, 0, size)
	p = fmt.Appendf(p, pageHead, i, version)
	text := texts.of(i)
	for len(p) < size-len(pageTail) {
		p = append(p, text[:min(len(text), size-len(pageTail)-len(p))]...)
	}
	return append(p, pageTail...)
}

// paragraphs keeps the texts of the first pages, those that are made again and again:
// the origin shares its core with the load generator.
type paragraphs [10_000]atomic.Pointer[[]byte]

var texts paragraphs

func (ps *paragraphs) of(i int) []byte {
	if i >= len(ps) {
		return paragraph(i)
	}
	if known := ps[i].Load(); known != nil {
		return *known
	}
	text := paragraph(i)
	ps[i].Store(&text)
	return text
}

// paragraph is the text of page i: that of no other page.
func paragraph(i int) []byte {
	random := rand.New(rand.NewPCG(uint64(i), 1)) //nolint:gosec // G404: the same words each time is the point
	p := fmt.Appendf(nil, "<p>%d", i)
	for range 150 {
		p = append(p, ' ')
		p = append(p, words[random.IntN(len(words))]...)
	}
	return append(p, "</p>\n"...)
}

// pageVersion reads the version of a page out of it.
func pageVersion(body []byte) (int64, error) {
	const before, after = `data-version="`, `"`
	_, rest, found := bytes.Cut(body, []byte(before))
	digits, _, ended := bytes.Cut(rest, []byte(after))
	if !found || !ended {
		return 0, fmt.Errorf("the page has no version in it: %.60q", body)
	}
	return strconv.ParseInt(string(digits), 10, 64)
}

// compress returns what a server sends that compressed the page beforehand, as
// strongly as gzip can.
func compress(body []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is one that there is
	_, _ = w.Write(body)                                  // memory takes everything
	_ = w.Close()
	return b.Bytes()
}
