package reprint_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dunglas/httpsfv"

	"github.com/reprint-go/reprint"
)

// The rules of RFC 9111, 5861, 9211 and 9213 that concern a shared cache, seen
// from outside: a client asks a server that holds a site with one route, whose
// handler is an origin that says what the test wants. docs/rfc.md goes through
// the RFCs section by section and names these tests.
//
// The cases of TestRFC run in fake time, with the real client and the real server
// of net/http on connections in memory. Those of TestRFCOverSockets run on
// loopback; they are the ones where the bytes on the wire matter.
func TestRFC(t *testing.T) {
	for _, c := range rfcInMemory() {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { c.run(newRFCCache(t, newPipes(), reprint.Options{}, nil)) })
		})
	}
}

// rfcCase is one rule; its name begins with the RFC and the section.
type rfcCase struct {
	name string
	run  func(c *rfcCache)
}

// rfcInMemory are the cases of TestRFC.
func rfcInMemory() []rfcCase {
	return slices.Concat(rfcStoring, rfcReuse, rfcFreshness, rfcValidation, rfcInvalidation, rfcRequests, rfcResponses,
		rfcStale, rfcCacheStatus, rfcTargeted)
}

// rfcPolicy is the policy of the one route: the answers decide.
func rfcPolicy() reprint.Policy {
	return reprint.Policy{Freshness: reprint.FromHeaders, Query: []string{"*"}, Conditional: true}
}

// rfcCache is a cache under test, the origin behind it and a client in front.
type rfcCache struct {
	*testing.T
	origin *scripted
	site   *reprint.Site
	client *http.Client
	base   string
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
}

// newRFCCache returns a cache that is served on listener. change may change the
// policy of its route.
func newRFCCache(t *testing.T, listener net.Listener, opts reprint.Options, change func(*reprint.Policy)) *rfcCache {
	t.Helper()
	c := &rfcCache{T: t, origin: &scripted{}, base: "http://cache.test", site: newSite(t, opts)}
	policy := rfcPolicy()
	if change != nil {
		change(&policy)
	}
	if err := c.site.Handle("/", c.origin, policy); err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: c.site, ReadHeaderTimeout: time.Minute, ErrorLog: nil}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	c.dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		if p, ok := listener.(*pipes); ok {
			return p.dial(ctx)
		}
		return new(net.Dialer).DialContext(ctx, "tcp", listener.Addr().String())
	}
	transport := &http.Transport{DialContext: c.dial, DisableCompression: true}
	c.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		serving.Wait()
	})
	return c
}

// again runs rest on a fresh cache of its own, within the same test: for tables of
// answers that must not know of each other.
func (c *rfcCache) again(name string, rest func(c *rfcCache)) {
	c.with(name, reprint.Options{}, nil, rest)
}

// with is again with other options and another policy.
func (c *rfcCache) with(name string, opts reprint.Options, change func(*reprint.Policy), rest func(c *rfcCache)) {
	c.Helper()
	fresh := newRFCCache(c.T, newPipes(), opts, change)
	before := c.Failed()
	rest(fresh)
	fresh.say(http.StatusOK, "over") // whatever it does from now on is quick
	if !before && c.Failed() {
		c.Logf("that was: %s", name)
	}
}

// rfcAnswer is a response with its body read.
type rfcAnswer struct {
	*http.Response
	body string
}

// do sends a request; headers come in pairs.
func (c *rfcCache) do(method, path string, headers ...string) rfcAnswer {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), method, c.base+path, nil)
	if err != nil {
		c.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else {
			r.Header.Add(headers[i], headers[i+1])
		}
	}
	resp, err := c.client.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.Fatalf("%s %s: %v", method, path, err)
	}
	return rfcAnswer{resp, string(body)}
}

// get asks for a page and waits until all that it set off has come to rest.
func (c *rfcCache) get(path string, headers ...string) rfcAnswer {
	c.Helper()
	r := c.do(http.MethodGet, path, headers...)
	synctest.Wait()
	return r
}

// after lets time pass.
func (c *rfcCache) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// say sets what the origin answers from now on. In body "#" becomes the number of
// the call; a field "Name: now" gets the date of the answer.
func (c *rfcCache) say(status int, body string, header ...string) {
	c.origin.answer(func(w http.ResponseWriter, r *http.Request, n int) {
		for _, line := range header {
			name, value, _ := strings.Cut(line, ": ")
			if value == "now" {
				value = inGMT(0)
			}
			w.Header().Add(name, value)
		}
		w.WriteHeader(status)
		if r.Method != http.MethodHead && status != http.StatusNotModified && status != http.StatusNoContent {
			io.WriteString(w, strings.ReplaceAll(body, "#", strconv.Itoa(n)))
		}
	})
}

// warm asks for a path, whose answer may be stored, and checks that it is: the
// first visitor is passed through, and the page is rendered behind. It returns
// the answer from the page.
func (c *rfcCache) warm(path string, headers ...string) rfcAnswer {
	c.Helper()
	first := c.get(path, headers...)
	c.want(first, "fwd=uri-miss")
	second := c.get(path, headers...)
	c.want(second, "hit")
	return second
}

// wantNotStored asks for a path twice and checks that the origin answered both
// times, and was not asked a third time behind.
func (c *rfcCache) wantNotStored(path string, headers ...string) {
	c.Helper()
	for range 2 {
		before := c.origin.calls()
		r := c.get(path, headers...)
		if readStatus(r).hit || c.origin.calls() != before+1 {
			c.Errorf("%s is stored: %d calls for one visit, Cache-Status %s", path, c.origin.calls()-before, r.Header.Get("Cache-Status"))
		}
	}
}

// want checks the status of an answer in Cache-Status: all parts are to be there.
func (c *rfcCache) want(r rfcAnswer, parts ...string) {
	c.Helper()
	members := r.Header.Values("Cache-Status")
	have := strings.Split(members[len(members)-1], "; ")
	for _, part := range parts {
		if !slices.Contains(have, part) {
			c.Fatalf("Cache-Status is %q, want %q in it (%d %.60q)", have, part, r.StatusCode, r.body)
		}
	}
}

// wantBody checks status and body of an answer.
func (c *rfcCache) wantBody(r rfcAnswer, status int, body string) {
	c.Helper()
	if r.StatusCode != status || r.body != body {
		c.Fatalf("got %d %.100q (Cache-Status: %s), want %d %q", r.StatusCode, r.body, r.Header.Get("Cache-Status"), status, body)
	}
}

// wantNotSame checks that an answer is the origin's, and not the old page.
func (c *rfcCache) wantNotSame(r rfcAnswer, old string) {
	c.Helper()
	if r.StatusCode != 200 || r.body == old || readStatus(r).hit {
		c.Errorf("got %d %.100q (Cache-Status: %s), want a new answer of the origin", r.StatusCode, r.body, r.Header.Get("Cache-Status"))
	}
}

func (c *rfcCache) wantCalls(n int) {
	c.Helper()
	if got := c.origin.calls(); got != n {
		c.Fatalf("the origin was asked %d times, want %d", got, n)
	}
}

// wantHeader checks fields of an answer, in pairs; "" is absent.
func (c *rfcCache) wantHeader(r rfcAnswer, pairs ...string) {
	c.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := strings.Join(r.Header.Values(pairs[i]), " | "); got != pairs[i+1] {
			c.Errorf("%s: %q, want %q", pairs[i], got, pairs[i+1])
		}
	}
}

// cacheStatus is this cache's member of Cache-Status.
type cacheStatus struct {
	hit, stored, collapsed bool
	fwd                    string
	ttl, fwdStatus         int64 // -1000000 when absent
	problem                string
}

// readStatus reads the last member of Cache-Status; what is against RFC 9211 is told
// in problem.
func readStatus(r rfcAnswer) (s cacheStatus) {
	s.ttl, s.fwdStatus = absentNumber, absentNumber
	list, err := httpsfv.UnmarshalList(r.Header["Cache-Status"])
	if err != nil || len(list) == 0 {
		s.problem = fmt.Sprintf("%q is no list: %v", r.Header["Cache-Status"], err)
		return s
	}
	item, ok := list[len(list)-1].(httpsfv.Item)
	if !ok || item.Value != httpsfv.Token("reprint") {
		s.problem = "the last member is not this cache's"
		return s
	}
	for _, name := range item.Params.Names() {
		value, _ := item.Params.Get(name)
		ok := true
		switch name {
		case "hit":
			s.hit, ok = value.(bool)
		case "stored":
			s.stored, ok = value.(bool)
		case "collapsed":
			s.collapsed, ok = value.(bool)
		case "ttl":
			s.ttl, ok = value.(int64)
		case "fwd-status":
			s.fwdStatus, ok = value.(int64)
		case "fwd":
			var token httpsfv.Token
			token, ok = value.(httpsfv.Token)
			s.fwd = string(token)
			ok = ok && slices.Contains([]string{"bypass", "method", "uri-miss", "vary-miss", "miss", "request", "stale", "partial"}, s.fwd)
		case "detail":
			switch value.(type) {
			case httpsfv.Token, string:
			default:
				ok = false
			}
		default:
			s.problem = "there is no parameter " + name
		}
		if !ok {
			s.problem = fmt.Sprintf("%s is %v", name, value)
		}
	}
	switch {
	case s.problem != "":
	case s.hit == (s.fwd != ""):
		s.problem = "exactly one of hit and fwd is to be there"
	case s.hit && (s.stored || s.collapsed || s.fwdStatus != absentNumber):
		s.problem = "a hit was not forwarded, stored or collapsed"
	}
	return s
}

const absentNumber = -1000000

// scripted is an origin that answers what it is told, and remembers who asked.
type scripted struct {
	mu       sync.Mutex
	handler  func(w http.ResponseWriter, r *http.Request, n int) // guarded by mu
	requests []*http.Request                                     // guarded by mu
}

// answer sets what the origin answers; n counts the calls from 1.
func (s *scripted) answer(h func(w http.ResponseWriter, r *http.Request, n int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handler = h
}

func (s *scripted) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

// last returns the latest request.
func (s *scripted) last() *http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[len(s.requests)-1]
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r.Clone(context.Background()))
	n, h := len(s.requests), s.handler
	s.mu.Unlock()
	h(w, r, n)
}

// pipes is a listener whose connections are in memory, so that they wait in fake
// time.
type pipes struct {
	queue chan net.Conn
	done  chan struct{}
	close func()
}

func newPipes() *pipes {
	p := &pipes{queue: make(chan net.Conn), done: make(chan struct{})}
	p.close = sync.OnceFunc(func() { close(p.done) })
	return p
}

func (p *pipes) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.queue <- server:
		return client, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.queue:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { p.close(); return nil }

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }
