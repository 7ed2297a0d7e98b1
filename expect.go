package reprint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/reprint-go/reprint/internal/gate"
)

// Expect says what a new page must satisfy, for content systems that call before their
// own API serves what has changed. A render whose page does not is not stored: it is
// repeated, with growing pauses, until one does or Timeout is over; until then visitors
// get the page that there was. All of its conditions must hold. Pages of a call are
// waited for each by itself, and a render that fails is repeated too.
//
// Visitors' own renders go on meanwhile, and store what the handler gives them.
type Expect struct {
	// Header are fields that the page must have, with one of their values.
	Header map[string]string
	// Contains are texts that its body must contain.
	Contains []string
	// Changed says that its status or content must be another one than when the call
	// came. There is no such page yet: any will do.
	Changed bool
	// Version is the least number that a tag "version:N" of the page must have. Zero:
	// it needs none.
	Version int64
	// Timeout is for how long renders are repeated. Zero: 10 s; at most 5 min.
	Timeout time.Duration
}

// ErrUnexpected is in the error of a page of which no render was as [Expect] asks for.
var ErrUnexpected = errors.New("the new page is not as expected")

const (
	defaultExpectTimeout = 10 * time.Second
	maxExpectTimeout     = 5 * time.Minute
	firstExpectPause     = 100 * time.Millisecond
	maxExpectPause       = 2 * time.Second
)

// IsZero reports whether x is the zero Expect, which asks for nothing.
func (x Expect) IsZero() bool { return !x.asks() && x.Timeout == 0 }

func (x Expect) asks() bool {
	return len(x.Header) > 0 || len(x.Contains) > 0 || x.Changed || x.Version != 0
}

// Validate returns nil when x can be used in a [Revalidation], and an error that says
// all that is wrong otherwise.
func (x Expect) Validate() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf("reprint: expect: "+format, args...)) }
	for name := range x.Header {
		if !httpguts.ValidHeaderFieldName(name) {
			fault("%q is not a header name", name)
		}
	}
	if slices.Contains(x.Contains, "") {
		fault("every page contains the empty text; leave it out")
	}
	if x.Version < 0 {
		fault("version %d is negative", x.Version)
	}
	switch {
	case x.Timeout < 0:
		fault("the timeout is negative (%v); zero means %v", x.Timeout, defaultExpectTimeout)
	case x.Timeout > maxExpectTimeout:
		fault("the timeout %v is too long; at most %v", x.Timeout, maxExpectTimeout)
	case x.Timeout > 0 && !x.asks():
		fault("it has a timeout and says nothing to wait for")
	}
	return errors.Join(errs...)
}

// check returns an error that says what p lacks. before is the page that there was when
// the call came, or nil.
func (x Expect) check(before *entry, p *Page) error {
	var lacks []string
	lack := func(format string, args ...any) { lacks = append(lacks, fmt.Sprintf(format, args...)) }
	for name, want := range x.Header {
		if got := p.Header.Values(name); !slices.Contains(got, want) {
			lack("header %s is %q, not %q", http.CanonicalHeaderKey(name), excerpt(strings.Join(got, ", ")), excerpt(want))
		}
	}
	for _, text := range x.Contains {
		if !bytes.Contains(p.Body, []byte(text)) {
			lack("the body does not contain %q", excerpt(text))
		}
	}
	if x.Changed && before != nil && sameContent(before, p) {
		lack("the content has not changed")
	}
	if got := versionOf(p.Tags); x.Version > 0 && got < x.Version {
		if got == math.MinInt64 {
			lack("it has no tag version:N")
		} else {
			lack("it is version %d, not %d", got, x.Version)
		}
	}
	if len(lacks) == 0 {
		return nil
	}
	slices.Sort(lacks)
	// The receipt of a call keeps this of every page.
	const enough = 10
	if more := len(lacks) - enough; more > 0 {
		lacks = append(lacks[:enough], fmt.Sprintf("and %d more", more))
	}
	return fmt.Errorf("%w: %s", ErrUnexpected, strings.Join(lacks, "; "))
}

// excerpt is a text, or as much of it as tells it from others.
func excerpt(text string) string {
	const enough = 80
	if len(text) > enough {
		return strings.ToValidUTF8(text[:enough], "") + "…"
	}
	return text
}

// versionOf returns the highest number of the tags version:N.
func versionOf(tags []string) int64 {
	highest := int64(math.MinInt64)
	for _, tag := range tags {
		if number, ok := strings.CutPrefix(tag, "version:"); ok {
			if n, err := strconv.ParseInt(number, 10, 64); err == nil {
				highest = max(highest, n)
			}
		}
	}
	return highest
}

// expectPage renders one page for a revalidation until it is as expected. These renders
// are nobody else's: who shares one wants a page, and not this one.
func (s *Site) expectPage(ctx context.Context, key Key, receipt *Receipt, x Expect) (out outcome, tries int, err error) {
	before, err := s.previous(key)
	if err != nil {
		return out, 0, err
	}
	timeout := x.Timeout
	if timeout == 0 {
		timeout = defaultExpectTimeout
	}
	waiting := time.NewTimer(timeout)
	defer waiting.Stop()
	for pause := firstExpectPause; ; pause = min(2*pause, maxExpectPause) {
		tries++
		out = s.try(key, "revalidate "+receipt.ID, tries > 1, func(p *Page) error { return x.check(before, p) })
		if out.err == nil || errors.Is(out.err, ErrClosed) {
			return out, tries, nil
		}
		next := time.NewTimer(pause)
		select {
		case <-next.C:
		case <-waiting.C:
			next.Stop()
			return out, tries, fmt.Errorf("rendered %d times in %v: %w", tries, timeout, out.err)
		case <-ctx.Done():
			next.Stop()
			return out, tries, context.Cause(ctx)
		case <-s.ctx.Done():
			next.Stop()
			return out, tries, ErrClosed
		}
	}
}

// try renders key once, as fly does, and commits what accept accepts. anew: with values
// that are loaded for it; those that there are were loaded for a page that was not
// accepted.
func (s *Site) try(key Key, cause string, anew bool, accept func(*Page) error) outcome {
	if s.work.closed() {
		return outcome{err: newRenderError(key, ErrClosed)}
	}
	if err := s.enter(newJob(gate.Waited, cause)); err != nil {
		return outcome{err: newRenderError(key, err)}
	}
	var expected *Page
	a := attempt{leave: sync.OnceFunc(s.gate.Leave), accept: func(p *Page) error {
		err := accept(p)
		if err == nil {
			expected = p
			s.expected.add(p, s.longestRender(key))
		}
		return err
	}}
	defer a.leave()
	if anew {
		a.since = time.Now()
	}
	out := s.render(key, cause, s.ledger.pos(), a)
	if out.storeErr != nil {
		s.expected.remove(expected)
	}
	return out
}

// longestRender is how long a render of a key may be under way that has begun now.
func (s *Site) longestRender(key Key) time.Duration {
	longest := s.opts.RenderTimeout
	if rt := s.routeOf(key); rt != nil {
		longest = max(longest, rt.policy.Timeout)
	}
	return longest + s.opts.RenderTimeout // for the store
}

// expected are the pages that were as expected, and the moments when they were. A render
// of the same key that began before may have read what there was before, for its
// visitor, and must not take its place: their stamps can be the same.
type expected struct {
	mu    sync.Mutex
	pages map[Key]expectedPage // guarded by mu
}

type expectedPage struct {
	page *Page
	at   time.Time
}

// add notes that a page is as expected, for as long as an older render can come.
func (x *expected) add(p *Page, keep time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.pages == nil {
		x.pages = make(map[Key]expectedPage)
	}
	x.pages[p.Key] = expectedPage{p, time.Now()}
	time.AfterFunc(keep, func() { x.remove(p) })
}

func (x *expected) remove(p *Page) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if p != nil && x.pages[p.Key].page == p {
		delete(x.pages, p.Key)
	}
}

// overtook reports whether a page that was as expected came while p was rendered.
func (x *expected) overtook(p *Page) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	known, ok := x.pages[p.Key]
	return ok && known.page != p && p.RenderedAt.Before(known.at)
}
