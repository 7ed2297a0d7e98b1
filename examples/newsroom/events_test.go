package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint/examples/newsroom/content"
)

// TestEventsChangeByThemselves makes an event that begins and ends within
// seconds and looks at the stored pages, not at the site: nobody visits again, and
// the pages change all the same.
func TestEventsChangeByThemselves(t *testing.T) {
	noLeaks(t)
	p := start(t, opened(t))
	// A page is due a second after it was rendered at the earliest: the event begins
	// so much later that the page is there by then on a slow machine too.
	begins := time.Now().Add(6 * time.Second).Truncate(time.Second)
	ends := begins.Add(2 * time.Second)
	p.edit(http.MethodPost, "/admin/items/event/new", p.form(&content.Event{
		Item:  content.Item{Topic: "Talk", Title: "Two seconds on brevity", Visible: true},
		Place: "Lantern Hall", Begins: begins, Ends: ends,
	}))
	change, _ := p.lastChange()
	own := change.Path()
	p.get(own) // its only visit
	holds := func(path, text string) func() bool {
		return func() bool { return strings.Contains(string(p.stored(path).Body), text) }
	}
	if page := p.stored(own); !page.Due.Equal(begins) || !holds(own, "To come")() {
		t.Fatalf("at first the page is due at %v, want %v, and says %s", page.Due, begins, page.Body)
	}
	const late = 10 * time.Second
	eventually(t, time.Until(begins)+late, "its page says that it is on", holds(own, "<dt>On now</dt>"))
	if page := p.stored(own); page.RenderedAt.Before(begins) || !page.Due.Equal(ends) {
		t.Errorf("printed at %v and due at %v; it began at %v and ends at %v", page.RenderedAt, page.Due, begins, ends)
	}
	eventually(t, late, "the list shows it among what is on", holds("/events", "until "+ends.Format("15:04")))
	eventually(t, time.Until(ends)+late, "its page says that it is over", holds(own, "<dt>Over</dt>"))
	if page := p.stored(own); !page.Due.IsZero() {
		t.Errorf("it is over, and its page is due at %v", page.Due)
	}
	eventually(t, late, "the front page does not show it any more", func() bool { return !holds("/", own)() })
	if got := p.stored(own).Cause; got != "due" {
		t.Errorf("the last print was caused by %q, want its time", got)
	}
}
