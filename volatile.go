package reprint

import (
	"bytes"
	"regexp"
)

// settle makes p what it is to a visitor when it differs from old in volatile parts only:
// unchanged, with the content that old has. Header fields follow: a nonce in a policy is
// that of the body beside it.
func (p *Page) settle(old *entry, volatile []*regexp.Regexp) {
	if old == nil || len(volatile) == 0 || old.status() != p.Status || old.sum == p.Sum {
		return
	}
	before := old.page()
	if before.Header.Get("Content-Type") != p.Header.Get("Content-Type") ||
		!bytes.Equal(steady(before.Body, volatile), steady(p.Body, volatile)) {
		return
	}
	p.Body, p.Sum = before.Body, before.Sum
	for name, values := range p.Header {
		was := before.Header[name]
		same := len(was) == len(values)
		for i := 0; same && i < len(values); i++ {
			same = bytes.Equal(steady([]byte(was[i]), volatile), steady([]byte(values[i]), volatile))
		}
		if same {
			p.Header[name] = was
		}
	}
}

// steady returns text with a mark, which no text of a page is likely to have, in place of
// each volatile part: that there is one is no volatile part of it.
func steady(text []byte, volatile []*regexp.Regexp) []byte {
	for _, v := range volatile {
		text = v.ReplaceAllLiteral(text, []byte{0})
	}
	return text
}
