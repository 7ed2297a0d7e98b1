package main

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reprint-go/reprint/examples/newsroom/content"
)

// momentFormat is how a browser writes a date and a time; they are those of this
// machine.
const momentFormat = "2006-01-02T15:04:05"

// blank returns a new item with what is likely.
func blank(k content.Kind, now time.Time) content.Record {
	now = now.Truncate(time.Second)
	switch k {
	case content.KindPost:
		return &content.Post{Item: content.Item{Topic: content.Sections[0], Visible: true}, AuthorID: 1, Published: now}
	case content.KindProduct:
		return &content.Product{Item: content.Item{Topic: content.Shelves[0], Visible: true}, Stock: 10}
	}
	return &content.Event{Item: content.Item{Topic: content.Occasions[0], Visible: true}, Begins: now.Add(2 * time.Minute), Ends: now.Add(12 * time.Minute)}
}

func topicsOf(k content.Kind) []string {
	switch k {
	case content.KindPost:
		return content.Sections
	case content.KindProduct:
		return content.Shelves
	}
	return content.Occasions
}

// fill puts what the form says into the item and returns what is wrong with it,
// by field. A field that is wrong leaves the item as it was there.
func fill(rec content.Record, sent url.Values, authors []*content.Author) map[string]string {
	f := form{sent: sent, faults: make(map[string]string)}
	item := rec.Common()
	f.text("title", &item.Title, 200, true)
	f.text("summary", &item.Summary, 400, false)
	f.text("body", &item.Body, 100_000, false)
	f.choice("topic", &item.Topic, topicsOf(rec.Kind()))
	item.Visible = sent.Get("visible") == "yes"
	switch r := rec.(type) {
	case *content.Post:
		f.author("author", &r.AuthorID, authors)
		f.moment("published", &r.Published)
	case *content.Product:
		f.price("price", &r.Price)
		stock := int64(r.Stock)
		f.number("stock", &stock, 0, 1_000_000)
		r.Stock = int(stock)
	case *content.Event:
		f.text("place", &r.Place, 200, true)
		f.moment("begins", &r.Begins)
		f.moment("ends", &r.Ends)
		if !r.Begins.Before(r.Ends) {
			f.faults["ends"] = "must be after the beginning"
		}
	}
	return f.faults
}

// form reads the fields of a form and collects what is wrong.
type form struct {
	sent   url.Values
	faults map[string]string
}

func (f form) text(name string, to *string, longest int, required bool) {
	value := strings.TrimSpace(strings.ReplaceAll(f.sent.Get(name), "\r\n", "\n"))
	switch {
	case value == "" && required:
		f.faults[name] = "is needed"
	case len(value) > longest:
		f.faults[name] = fmt.Sprintf("is longer than %d bytes", longest)
	}
	*to = value // also a wrong text is shown again, to be put right
}

func (f form) choice(name string, to *string, options []string) {
	if value := f.sent.Get(name); slices.Contains(options, value) {
		*to = value
		return
	}
	f.faults[name] = "is none of those offered"
}

func (f form) author(name string, to *int64, authors []*content.Author) {
	for _, a := range authors {
		if strconv.FormatInt(a.ID, 10) == f.sent.Get(name) {
			*to = a.ID
			return
		}
	}
	f.faults[name] = "is none of those offered"
}

func (f form) number(name string, to *int64, least, most int64) {
	value, err := strconv.ParseInt(strings.TrimSpace(f.sent.Get(name)), 10, 64)
	if err != nil || value < least || value > most {
		f.faults[name] = fmt.Sprintf("must be a number from %d to %d", least, most)
		return
	}
	*to = value
}

func (f form) price(name string, to *content.Pence) {
	value, err := content.ParsePence(f.sent.Get(name))
	if err != nil {
		f.faults[name] = err.Error()
		return
	}
	*to = value
}

func (f form) moment(name string, to *time.Time) {
	text := f.sent.Get(name)
	if len(text) == len("2006-01-02T15:04") {
		text += ":00" // browsers leave out seconds that are zero
	}
	value, err := time.ParseInLocation(momentFormat, text, time.Local)
	if err != nil {
		f.faults[name] = "must be a date with a time"
		return
	}
	*to = value
}
