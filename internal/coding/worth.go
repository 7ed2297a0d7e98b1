package coding

import "strings"

const (
	// headerCost is what an encoded response has more of than the same response as it
	// is: "Content-Encoding: gzip" and "Vary: Accept-Encoding" with their line ends.
	headerCost = 48

	// leastSize is the least of 64, 100, 150, 200, 256 ... bytes of which every coding
	// saves more than headerCost in HTML: gzip 63 of 256 bytes, zstd 64, Brotli 88. Of
	// 200 gzip saves 39.
	leastSize = 256
)

// Worth reports whether a body of n bytes of a media type is worth encoding. Types
// that say nothing of their content are not, nor those that are compressed already:
// an encoder would find nothing, and take longest to do so.
func Worth(contentType string, n int) bool {
	return n >= leastSize && compressible(contentType)
}

// Gain reports whether an encoding is worth having: it saves more than its header
// fields cost, and the twentieth part at least, because it also costs memory here and
// time there.
func Gain(encoded, identity int) bool {
	return identity-encoded > max(headerCost, identity/20)
}

// compressible knows the types that the web is made of. Parameters do not matter.
func compressible(contentType string) bool {
	essence, _, _ := strings.Cut(contentType, ";")
	essence = strings.ToLower(strings.Trim(essence, " \t"))
	top, sub, _ := strings.Cut(essence, "/")
	if top == "text" {
		return sub != ""
	}
	// Structured syntaxes (RFC 6839): feeds, SVG, manifests, linked data, APIs.
	if i := strings.LastIndexByte(sub, '+'); i >= 0 && suffixes[sub[i+1:]] {
		return true
	}
	return types[essence]
}

var suffixes = map[string]bool{"json": true, "json-seq": true, "text": true, "xml": true, "yaml": true}

var types = map[string]bool{
	"application/ecmascript":            true,
	"application/graphql":               true,
	"application/javascript":            true,
	"application/json":                  true,
	"application/json-seq":              true,
	"application/jsonl":                 true,
	"application/ndjson":                true,
	"application/rtf":                   true,
	"application/sql":                   true,
	"application/toml":                  true,
	"application/wasm":                  true,
	"application/x-javascript":          true,
	"application/x-ndjson":              true,
	"application/x-sh":                  true,
	"application/x-www-form-urlencoded": true,
	"application/x-yaml":                true,
	"application/xml":                   true,
	"application/xml-dtd":               true,
	"application/yaml":                  true,

	// Fonts that are not compressed already, as WOFF and WOFF2 are.
	"application/font-sfnt":         true,
	"application/vnd.ms-fontobject": true,
	"application/vnd.ms-opentype":   true,
	"application/x-font-opentype":   true,
	"application/x-font-otf":        true,
	"application/x-font-truetype":   true,
	"application/x-font-ttf":        true,
	"font/collection":               true,
	"font/eot":                      true,
	"font/opentype":                 true,
	"font/otf":                      true,
	"font/sfnt":                     true,
	"font/ttf":                      true,

	// Pictures that are not compressed already.
	"image/bmp":                true,
	"image/vnd.microsoft.icon": true,
	"image/x-icon":             true,
	"image/x-ms-bmp":           true,
}
