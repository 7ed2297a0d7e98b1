package main

import (
	"testing"
	"time"

	"github.com/reprint-go/reprint/examples/newsroom/content"
)

func TestParagraphs(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"nothing", " \n\n ", ""},
		{"paragraphs", "One,\ntwo.\n\nThree.", "<p>One,\ntwo.</p>\n<p>Three.</p>\n"},
		{"from a browser", "One.\r\n\r\nTwo.", "<p>One.</p>\n<p>Two.</p>\n"},
		{"heading", "## A *b*", "<h2>A <em>b</em></h2>\n"},
		{"quotation", "> Said.", "<blockquote>Said.</blockquote>\n"},
		{"list", "- a\n- b", "<ul><li>a</li><li>b</li></ul>\n"},
		{"markup", "<b>&", "<p>&lt;b&gt;&amp;</p>\n"},
		{"emphasis does not open tags", "*<i>*", "<p><em>&lt;i&gt;</em></p>\n"},
		{"a lone star", "5 * 3", "<p>5 * 3</p>\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := string(paragraphs(test.body)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestSpan(t *testing.T) {
	at := func(day, hour int) time.Time { return time.Date(2026, time.May, day, hour, 30, 0, 0, time.Local) }
	tests := []struct {
		name         string
		begins, ends time.Time
		span, until  string
	}{
		{"an evening", at(1, 19), at(1, 21), "Fri 1 May, 19:30–21:30", "21:30"},
		{"past midnight", at(1, 22), at(2, 1), "Fri 1 May, 22:30–01:30", "01:30"},
		{"days", at(1, 10), at(9, 18), "1 May – 9 May", "9 May"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := &content.Event{Begins: test.begins, Ends: test.ends}
			if got := span(e); got != test.span {
				t.Errorf("span is %q, want %q", got, test.span)
			}
			if got := until(e); got != test.until {
				t.Errorf("until is %q, want %q", got, test.until)
			}
		})
	}
}

func TestLeft(t *testing.T) {
	for stock, want := range map[int]string{0: "Sold out", 1: "Last one", 2: "Only 2 left", 5: "Only 5 left", 6: "In stock"} {
		if got := left(stock); got != want {
			t.Errorf("left(%d) is %q, want %q", stock, got, want)
		}
	}
}
