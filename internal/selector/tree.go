package selector

import (
	"bytes"
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// perRead is how much of a page the parser gets between two questions whether to go on.
const perRead = 4 << 10

// Read makes the tree of a page, with few elements more than the page has tags. goOn is
// asked now and then whether to go on, and the error is ErrGivenUp if not. A page with
// more than 512 elements in each other is an error too.
//
// The tree is that of a browser, but for formatting elements (b, i, a ...) that end within
// or behind another element than they began in. A browser opens those anew in each paragraph
// that follows, and so does the parser: 164 kB have become 9.6 million nodes. Here they are
// elements like any other, which end at the latest where what is around them ends.
func Read(page []byte, goOn func() bool) (*html.Node, error) {
	root, err := html.Parse(&reader{plain(page), goOn})
	if err != nil {
		return nil, err
	}
	for n := range root.Descendants() {
		restore(n)
	}
	return root, nil
}

// reader gives a page to the parser bit by bit.
type reader struct {
	left []byte
	goOn func() bool
}

func (r *reader) Read(p []byte) (int, error) {
	if len(r.left) == 0 {
		return 0, io.EOF
	}
	if !r.goOn() {
		return 0, ErrGivenUp
	}
	n := copy(p[:min(len(p), perRead)], r.left)
	r.left = r.left[n:]
	return n, nil
}

// formatting are the elements that are opened anew.
var formatting = map[string]bool{
	"a": true, "b": true, "big": true, "code": true, "em": true, "font": true, "i": true, "nobr": true,
	"s": true, "small": true, "strike": true, "strong": true, "tt": true, "u": true,
}

// longest is the length of the longest of their names.
const longest = len("strike")

// disguise is put before the name of a formatting element, which makes it an element like
// any other to the parser.
const disguise = "reprint-"

// plain disguises all formatting elements of a page. It knows nothing of comments, scripts
// and attributes, because a page could make it and the parser disagree on where they are:
// what looks like such a tag is disguised anywhere.
func plain(page []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(page) + len(page)/8)
	for {
		i := bytes.IndexByte(page, '<') + 1
		if i == 0 {
			out.Write(page)
			return out.Bytes()
		}
		if i < len(page) && page[i] == '/' {
			i++
		}
		out.Write(page[:i])
		if page = page[i:]; isFormatting(page) {
			out.WriteString(disguise)
		}
	}
}

// isFormatting reports whether a text begins with the name of a formatting element.
func isFormatting(text []byte) bool {
	var name [longest]byte
	for i, c := range text[:min(len(text), longest+1)] {
		switch {
		case bytes.IndexByte([]byte(" \t\r\n\f/>"), c) >= 0:
			return formatting[string(name[:i])]
		case i == longest:
			return false
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		name[i] = c
	}
	return len(text) <= longest && formatting[string(name[:len(text)])]
}

var undisguise = strings.NewReplacer("<"+disguise, "<", "</"+disguise, "</")

// restore takes the disguise from a node.
func restore(n *html.Node) {
	name, disguised := strings.CutPrefix(n.Data, disguise)
	switch {
	case n.Type != html.ElementNode:
		n.Data = undisguise.Replace(n.Data)
	case disguised:
		n.Data, n.DataAtom = name, atom.Lookup([]byte(name))
	}
	for i := range n.Attr {
		n.Attr[i].Val = undisguise.Replace(n.Attr[i].Val)
	}
}
