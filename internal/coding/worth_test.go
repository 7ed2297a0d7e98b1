package coding_test

import (
	"testing"

	"github.com/reprint-go/reprint/internal/coding"
)

func TestWorth(t *testing.T) {
	for contentType, want := range map[string]bool{
		"text/html":                             true,
		"text/html; charset=utf-8":              true,
		"TEXT/HTML ;charset=\"utf-8\"":          true,
		" text/css\t":                           true,
		"text/javascript":                       true,
		"text/plain":                            true,
		"text/x-component":                      true, // Next.js's data
		"application/json":                      true,
		"application/javascript; charset=utf-8": true,
		"application/xml":                       true,
		"application/rss+xml":                   true,
		"application/ld+json":                   true,
		"application/manifest+json":             true,
		"application/vnd.api+json;ext=x":        true,
		"application/openapi+yaml":              true,
		"application/vnd.x+text":                true,
		"application/wasm":                      true,
		"application/vnd.ms-fontobject":         true,
		"image/svg+xml":                         true,
		"image/x-icon":                          true,
		"image/bmp":                             true,
		"font/ttf":                              true,
		"model/gltf+json":                       true,

		"":                              false,
		"text":                          false,
		"text/":                         false,
		"html":                          false,
		";text/html":                    false,
		"application/octet-stream":      false,
		"application/zip":               false,
		"application/gzip":              false,
		"application/pdf":               false,
		"application/epub+zip":          false,
		"application/x-protobuf":        false,
		"image/png":                     false,
		"image/jpeg":                    false,
		"image/webp":                    false,
		"image/avif":                    false,
		"image/avif; alias=\"a/b+xml\"": false,
		"video/mp4":                     false,
		"audio/mpeg":                    false,
		"font/woff":                     false,
		"font/woff2":                    false,
		"application/font-woff":         false,
		"multipart/form-data":           false,
		"application/jsonp-not":         false,
	} {
		if got := coding.Worth(contentType, 10_000); got != want {
			t.Errorf("Worth(%q) = %t", contentType, got)
		}
	}
}

// The least size is where every coding begins to gain.
func TestWorthAndGainAgree(t *testing.T) {
	least := 0
	for !coding.Worth("text/html", least) {
		least++
	}
	pages := page(20_000)
	var saved [coding.Count]int
	const samples = 20
	for i := range samples {
		src := pages[i*900:][:least]
		for _, c := range codings {
			saved[c] += least - len(mustEncode(t, c, coding.Quick, src))
		}
	}
	for _, c := range codings {
		if mean := saved[c] / samples; !coding.Gain(least-mean, least) || mean > 120 {
			t.Errorf("%s saves %d of %d bytes on average", c, mean, least)
		}
	}
}

func TestGain(t *testing.T) {
	for _, tt := range []struct {
		encoded, identity int
		want              bool
	}{
		{0, 0, false},
		{20, 0, false},    // an encoding of nothing is more than nothing
		{252, 300, false}, // as much as the header fields
		{251, 300, true},
		{9_500, 10_000, false}, // five per cent
		{9_499, 10_000, true},
		{10_001, 10_000, false},
	} {
		if got := coding.Gain(tt.encoded, tt.identity); got != tt.want {
			t.Errorf("Gain(%d, %d) = %t", tt.encoded, tt.identity, got)
		}
	}
}
