package reprint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reprint-go/reprint/internal/coding"
	"github.com/reprint-go/reprint/internal/field"
)

// form is a page's body in a content coding (RFC 9110, section 8.4). Each content
// is coded once for all who ask for it: quickly for the first, who waits, and then
// behind, as small as it gets.
type form struct {
	coding coding.Coding
	strong bool        // it will not get smaller
	body   []byte      // nil: it is not worth having
	sum    [4]byte     // of the body, for the entity tag
	asked  atomic.Bool // since the shelf last looked
}

// formSet is the forms of an entry. A set does not change; another one takes its
// place.
type formSet [coding.Count - 1]*form

// perForm is what a form takes beside its body.
const perForm = 64

func newForm(c coding.Coding, strong bool, body []byte) *form {
	f := &form{coding: c, strong: strong, body: body}
	if body != nil {
		sum := sha256.Sum256(body)
		f.sum = [4]byte(sum[:4])
	}
	f.asked.Store(true)
	return f
}

func (fs *formSet) size() int {
	n := len(fs) * 8
	for _, f := range fs {
		if f != nil {
			n += perForm + roundUp(len(f.body))
		}
	}
	return n
}

// form returns the body in a coding; nil if it was not made yet.
func (e *entry) form(c coding.Coding) *form {
	if fs := e.forms.Load(); fs != nil {
		return fs[c-1]
	}
	return nil
}

// setForm puts f in place of the form of its coding that was there, unless that is
// a better one.
func (e *entry) setForm(f *form) {
	for {
		old := e.forms.Load()
		next := &formSet{}
		if old != nil {
			*next = *old
		}
		if was := next[f.coding-1]; was != nil && was.strong {
			return
		}
		next[f.coding-1] = f
		if e.forms.CompareAndSwap(old, next) {
			return
		}
	}
}

// compressible reports whether a page is offered in content codings: a 200 of a
// type that becomes smaller, unless the handler forbids it.
func compressible(p *Page) bool {
	return p.Status == http.StatusOK && coding.Worth(p.Header.Get("Content-Type"), len(p.Body)) &&
		len(p.Header["Content-Encoding"]) == 0 && !field.Has(p.Header, "no-transform")
}

// offered is the codings in which an entry may be had: those of the site, but for
// those in which it does not become smaller.
func (s *Site) offered(e *entry) coding.Set {
	set := s.codings
	if fs := e.forms.Load(); fs != nil {
		for _, f := range fs {
			if f != nil && f.body == nil {
				set = set.Without(f.coding)
			}
		}
	}
	return set
}

// formFor returns the form in which a page is sent to who accepts the codings of a
// header; nil: as it is.
func (s *Site) formFor(h http.Header, e *entry) *form {
	if !e.compressible || s.codings == 0 {
		return nil
	}
	lines := h["Accept-Encoding"]
	if len(lines) == 0 {
		return nil
	}
	field := lines[0]
	if len(lines) > 1 {
		field = strings.Join(lines, ", ")
	}
	accepted := coding.Accept(field)
	f, known := s.pick(e, accepted)
	if !known {
		f = s.firstForm(e, accepted)
	}
	return f.use()
}

// pick returns the best form that there is of an entry; nil: as it is. It is not
// known when a better one is to be made.
func (s *Site) pick(e *entry, accepted coding.Accepted) (f *form, known bool) {
	c := accepted.Best(s.offered(e))
	if c == coding.Identity {
		return nil, true
	}
	if f = e.form(c); f != nil {
		return f, true
	}
	if c != coding.Brotli || !e.awaited(c) {
		return nil, false
	}
	if c = quicker(accepted, s.offered(e)); c == coding.Identity {
		return nil, true
	}
	f = e.form(c)
	return f, f != nil
}

// quicker is what a visitor gets who likes Brotli best, until it was made behind: a
// quick zstd takes a fifth of the time of a quick Brotli, and is as small.
func quicker(accepted coding.Accepted, offered coding.Set) coding.Coding {
	return accepted.Best(offered.Without(coding.Brotli))
}

// use notes that somebody asked for the form, and returns it if it is worth having.
func (f *form) use() *form {
	if f == nil || f.body == nil {
		return nil
	}
	if !f.asked.Load() {
		f.asked.Store(true)
	}
	return f
}

// maxQuick is the largest body that a visitor waits for to be coded: a few
// milliseconds. A larger one is sent as it is until it has been coded behind.
const maxQuick = 256 << 10

// firstForm returns the form for who accepts what there is not yet: from the store,
// or made quickly while the visitor waits, once for all who want it. It returns nil
// when the visitor is better off without.
func (s *Site) firstForm(e *entry, accepted coding.Accepted) *form {
	lock := s.keys.of(e.key())
	if !lock.TryLock() {
		return nil // somebody makes it, or a new page
	}
	defer lock.Unlock()
	if f, known := s.pick(e, accepted); known {
		return f
	}
	s.loadForms(e)
	if f, known := s.pick(e, accepted); known {
		return f
	}
	c := accepted.Best(s.offered(e))
	if c == coding.Brotli {
		s.strengthen(e, c)
		if q := quicker(accepted, s.offered(e)); q != coding.Identity {
			c = q
		}
	}
	if f := e.form(c); f != nil {
		return f
	}
	if len(e.body) > maxQuick {
		s.strengthen(e, c)
		return nil
	}
	f := encode(e, c, coding.Quick)
	s.keepForm(e, f)
	if f.body != nil {
		s.strengthen(e, c)
	}
	return f
}

// encode makes a form. What cannot be coded is not worth having.
func encode(e *entry, c coding.Coding, strength coding.Strength) *form {
	body, err := coding.Encode(c, strength, e.body)
	if err != nil || !coding.Gain(len(body), len(e.body)) {
		return newForm(c, true, nil)
	}
	return newForm(c, strength == coding.Strong, body)
}

// keepForm gives the entry a form, and the memory tier what it weighs now.
func (s *Site) keepForm(e *entry, f *form) {
	e.setForm(f)
	s.memory.shelve(e)
}

// loadForms gives the entry what the store keeps of its forms.
func (s *Site) loadForms(e *entry) {
	if s.encodings == nil {
		return
	}
	ctx, cancel := context.WithTimeout(s.ctx, time.Second) // a visitor waits; it can be made again
	defer cancel()
	kept, err := s.encodings.Encodings(ctx, e.sum)
	if err != nil {
		s.log.Warn("encodings cannot be read; they are made again", "page", e.name(), "err", err)
		return
	}
	for _, k := range kept {
		if c, ok := coding.Parse(k.Coding); ok && c != coding.Identity {
			s.keepForm(e, newForm(c, true, k.Body))
		}
	}
}

// Strong codings take up to a hundred times as long as quick ones: one goroutine
// makes them, one after the other, of what has lasted for a moment.
const (
	strongDelay   = 2 * time.Second
	maxStrong     = 10_000    // that wait; further ones stay as they are
	maxStrongBody = 256 << 10 // takes a second; a larger one is coded quickly
)

// strongWork is a form that is to be made as small as it gets. It does not hold the
// entry, which may go meanwhile.
type strongWork struct {
	name   string // of the entry
	number uint64 // likewise
	coding coding.Coding
	after  time.Time
}

// strengthen has a strong form made behind, unless it is to be made already or too
// many wait.
func (s *Site) strengthen(e *entry, c coding.Coding) {
	if bit := uint32(1) << c; e.awaits.Or(bit)&bit != 0 {
		return
	}
	select {
	case s.strong <- strongWork{strings.Clone(e.name()), e.number, c, time.Now().Add(strongDelay)}:
	default:
		e.awaits.And(^(uint32(1) << c))
	}
}

// awaited reports whether the strong form of a coding is to be made.
func (e *entry) awaited(c coding.Coding) bool { return e.awaits.Load()&(1<<c) != 0 }

// makeStrong makes strong forms until ctx ends.
func (s *Site) makeStrong(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case w := <-s.strong:
			if !sleep(ctx, time.Until(w.after)) {
				return
			}
			// A page that was replaced or dropped meanwhile is not worth it. One that has
			// the same content took the forms along that there were.
			e := s.memory.tier.Peek(w.name)
			if e == nil || e.number != w.number {
				continue
			}
			s.makeStrongForm(e, w.coding)
			e.awaits.And(^(uint32(1) << w.coding))
		}
	}
}

func (s *Site) makeStrongForm(e *entry, c coding.Coding) {
	strength := coding.Strong
	if len(e.body) > maxStrongBody {
		strength = coding.Quick
	}
	f := encode(e, c, strength)
	if weak := e.form(c); weak != nil && f.body != nil && len(f.body) >= len(weak.body) {
		f = weak
	}
	if f.body != nil {
		f = newForm(c, true, f.body)
	}
	s.keepForm(e, f)
	if f.body == nil || s.encodings == nil {
		return
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.opts.RenderTimeout) // Shutdown waits for it
	defer cancel()
	if err := s.encodings.PutEncoding(ctx, e.sum, Encoding{c.String(), f.body}); err != nil && ctx.Err() == nil && s.complain.due(time.Now()) {
		s.log.Warn("encoding is not stored; it is made again when it is needed", "page", e.name(), "err", err)
	}
}

// dropUnasked takes from the entry the forms that nobody has asked for since it was
// last called. It reports whether there were any, and whether others are left.
func (e *entry) dropUnasked() (dropped, left bool) {
	for {
		old := e.forms.Load()
		if old == nil {
			return false, false
		}
		next := *old
		dropped, left = false, false
		for i, f := range old {
			switch {
			case f == nil:
			case f.body != nil && !f.asked.Swap(false):
				next[i], dropped = nil, true
			default:
				left = true
			}
		}
		if !dropped || e.forms.CompareAndSwap(old, &next) {
			return dropped, left
		}
	}
}

// body is what is sent of the page.
func (x *rendition) body() []byte {
	if x.form != nil {
		return x.form.body
	}
	return x.e.body
}

// matching returns the entity tag in a list (RFC 9110, section 13.1.2) of which the
// visitor's copy is as good as what we would send; empty: there is none. It need not
// be the tag of the form that we would send: other forms have the same content.
func (x *rendition) matching(list string) string {
	if strings.TrimSpace(list) == "*" {
		return string(x.appendTag(nil))
	}
	for rest := list; ; {
		var tag string
		if tag, rest = nextTag(rest); tag == "" {
			return ""
		}
		if t := x.tagOfContent(tag); t != "" {
			return t
		}
	}
}

// matches reports whether one of the tags of a list, none of them weak, is one of the
// page's content.
func (x *rendition) matches(list string) bool {
	for tag, rest := nextTag(list); tag != ""; tag, rest = nextTag(rest) {
		if t := x.tagOfContent(tag); t == tag && !strings.HasPrefix(tag, "W/") {
			return true
		}
	}
	return false
}

// tagOfContent returns a tag without what makes it weak if it is one of the page's
// content, else "".
func (x *rendition) tagOfContent(tag string) string {
	strong := strings.TrimPrefix(tag, "W/")
	own := string(x.appendTag(make([]byte, 0, 80)))
	if strings.TrimPrefix(own, "W/") == strong {
		return own
	}
	if x.givenTag() != "" {
		return ""
	}
	const digits = 2 * 16
	var hash [digits]byte
	hex.Encode(hash[:], x.e.sum[:16])
	inner, ok := strings.CutPrefix(strong, `"`+string(hash[:]))
	if !ok || !x.e.compressible {
		return ""
	}
	inner = strings.TrimSuffix(inner, `"`)
	name, sum, _ := strings.Cut(strings.TrimPrefix(inner, "-"), "-")
	c, known := coding.Parse(name)
	_, err := hex.DecodeString(sum)
	if inner == "" || (known && c != coding.Identity && len(sum) == 8 && err == nil) {
		return strong
	}
	return ""
}

// nextTag returns the first entity tag of a list and the rest; "" where there is
// none, or what stands there is none.
func nextTag(list string) (tag, rest string) {
	list = strings.TrimLeft(list, " \t,")
	begin := 0
	if strings.HasPrefix(list, "W/") {
		begin = 2
	}
	if len(list) <= begin || list[begin] != '"' {
		return "", ""
	}
	end := strings.IndexByte(list[begin+1:], '"')
	if end < 0 {
		return "", ""
	}
	end += begin + 2
	return list[:end], list[end:]
}

// shelf knows which entries have forms, so that forms can go before pages do when
// there is no room.
type shelf struct {
	mu      sync.Mutex
	entries map[*entry]struct{} // guarded by mu
	n       atomic.Int64        // how many there are
}

func (sh *shelf) add(e *entry) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.entries == nil {
		sh.entries = make(map[*entry]struct{})
	}
	sh.entries[e] = struct{}{}
	sh.n.Store(int64(len(sh.entries)))
}

func (sh *shelf) remove(e *entry) {
	if e.forms.Load() == nil {
		return
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	delete(sh.entries, e)
	sh.n.Store(int64(len(sh.entries)))
}

// shedSteps bounds how many entries are looked at to make room for one.
const shedSteps = 64

// unasked returns entries, picked at random, with forms that nobody has asked for
// since it was last called on them. Those forms are taken from them.
func (sh *shelf) unasked() (shed []*entry) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	steps := 0
	for e := range sh.entries { // in an order that differs each time
		if steps++; steps > shedSteps {
			break
		}
		dropped, left := e.dropUnasked()
		if dropped {
			shed = append(shed, e)
		}
		if !left {
			delete(sh.entries, e)
		}
	}
	sh.n.Store(int64(len(sh.entries)))
	return shed
}
