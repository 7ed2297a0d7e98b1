package art_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/reprint-go/reprint/examples/newsroom/art"
)

var topics = []string{
	"Harbour", "Town", "Culture", "Food", "Nature", "Letters",
	"Books", "Prints", "Ceramics", "Records", "Paper", "Pantry", "Charts",
	"Music", "Stage", "Film", "Show", "Talk", "Walk", "Workshop", "Market", "Bureau",
}

// TestPictures draws forty of every topic: each is well-formed, asks for nothing
// from elsewhere, is always the same and not like the next.
func TestPictures(t *testing.T) {
	for _, topic := range topics {
		var last []byte
		for number := range int64(40) {
			svg, ok := art.SVG(topic, number)
			if !ok {
				t.Fatalf("there is no picture of %s", topic)
			}
			if err := wellFormed(svg); err != nil {
				t.Fatalf("%s %d: %v", topic, number, err)
			}
			if again, _ := art.SVG(topic, number); !bytes.Equal(svg, again) {
				t.Errorf("%s %d is not the same twice", topic, number)
			}
			if bytes.Equal(svg, last) {
				t.Errorf("%s %d is like the one before", topic, number)
			}
			if s := string(svg); strings.Contains(s, "%") || strings.Contains(s, "NaN") || strings.Contains(s, "href") || strings.Contains(s, "style") {
				t.Errorf("%s %d holds what is no shape: %s", topic, number, s)
			}
			last = svg
		}
	}
}

func TestNoPicture(t *testing.T) {
	if _, ok := art.SVG("Gossip", 1); ok {
		t.Error("there is a picture of an unknown topic")
	}
}

func wellFormed(text []byte) error {
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}
