package reprint

import (
	"context"
	"errors"
	"iter"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/reprint-go/reprint/internal/coding"
	"github.com/reprint-go/reprint/internal/lane"
)

// FastLane says how [Site.Serve] answers plain hits itself. The zero FastLane does so
// for every page that the site would answer with.
type FastLane struct {
	// Admit reports whether a request would reach the site through the server's
	// Handler as it came: what stands before the site there (middleware, other
	// handlers) is not asked for requests that the fast lane answers. It is called for
	// each of them and must be quick. Nil: all would.
	Admit func(r *FastRequest) bool

	// Served is called after each answer that was given, in place of
	// [Trace.Served]. It must be quick, as Admit must: other connections wait
	// meanwhile. Nil: nobody wants to know.
	Served func(r *FastRequest, s FastServed)

	// WriteTimeout is how long a client may take for 256 KiB of an answer, or for all of
	// one that is smaller, before it is given up. Zero: the server's WriteTimeout, or a minute if that is zero.
	WriteTimeout time.Duration
}

// FastRequest is a request that the fast lane may answer: a GET or HEAD over
// HTTP/1.1 without a body. It is good for the time of the call that it is given to;
// texts of it must be cloned to be kept.
type FastRequest struct {
	lane   *lane.Request
	answer *lane.Answer
}

// Method is GET or HEAD.
func (r *FastRequest) Method() string {
	if r.lane.Head {
		return http.MethodHead
	}
	return http.MethodGet
}

// Host is the Host field as it was sent.
func (r *FastRequest) Host() string { return r.lane.Host }

// Target is the path with the query as it was sent.
func (r *FastRequest) Target() string { return r.lane.Target }

// Has reports whether there is a header field of that name, given in lower case.
func (r *FastRequest) Has(name string) bool { return r.lane.Has(name) }

// Named yields the values of a header field, whose name is given in lower case.
func (r *FastRequest) Named(name string) iter.Seq[string] { return r.lane.Named(name) }

// RemoteAddr is the address of the client, or of the proxy before the server.
func (r *FastRequest) RemoteAddr() net.Addr { return r.answer.RemoteAddr() }

// FastServed says how a request was answered.
type FastServed struct {
	Served

	Status int // 304 where the visitor has the page
	Bytes  int // of the body, as it was sent
	Took   time.Duration
}

// Serve is server.Serve(l) with a fast lane: plain hits are answered on the
// connection, before package net/http has anything to do with them, with the same
// bytes and at less than half the cost. A plain hit is a GET or HEAD over HTTP/1.1
// for a page in memory, fresh or stale, for which no visitor waits, without a header
// field that has to do with ranges, authorization or what the route's policy passes
// through or varies by. Everything else is server's, and its Handler's, on the same
// connections. On Linux, server's ConnState and ConnContext hear of a connection of a
// [net.TCPListener] only while there are requests for server on it, each time anew.
//
// The timeouts of server count for both. Its Handler must be the site, or lead to it
// as fast.Admit says. Serve may be called once for a server, and with TLS not at
// all: such connections are for [http.Server.ServeTLS]. Like server.Serve it returns
// when server.Shutdown is called; [Site.Shutdown], called after that has returned,
// waits for answers of the fast lane that are still being written.
func (s *Site) Serve(server *http.Server, l net.Listener, fast FastLane) error {
	if server.TLSConfig != nil {
		return errors.New("reprint: Serve: the server has a TLSConfig; use its ServeTLS")
	}
	if fast.WriteTimeout == 0 {
		fast.WriteTimeout = server.WriteTimeout
	}
	if fast.WriteTimeout == 0 {
		fast.WriteTimeout = defaultWriteTimeout
	}
	h := &fastLane{site: s, FastLane: fast}
	ln := lane.New(server, fast.WriteTimeout, h.serve)
	if !s.addLane(ln) {
		return http.ErrServerClosed
	}
	return server.Serve(ln.Listener(l))
}

const defaultWriteTimeout = time.Minute

// addLane has Shutdown wait for a lane, or reports false when it is too late.
func (s *Site) addLane(l *lane.Lane) bool {
	s.work.mu.Lock()
	defer s.work.mu.Unlock()
	if s.work.shut {
		return false
	}
	s.lanes = append(s.lanes, l)
	return true
}

// finishLanes waits for the answers that are still being written.
func (s *Site) finishLanes(ctx context.Context) error {
	s.work.mu.Lock()
	lanes := slices.Clone(s.lanes)
	s.work.mu.Unlock()
	var errs []error
	for _, l := range lanes {
		errs = append(errs, l.Finish(ctx))
	}
	return errors.Join(errs...)
}

// fastLane is a FastLane in use.
type fastLane struct {
	site *Site
	FastLane
}

// fastConn is what the fast lane keeps for a connection: room for a request, and
// what its last one accepted. It is most often the same as before.
type fastConn struct {
	r        FastRequest
	field    string // Accept-Encoding
	accepted coding.Accepted
}

// accepts returns what an Accept-Encoding says.
func (c *fastConn) accepts(field string) coding.Accepted {
	if field != c.field {
		c.field, c.accepted = strings.Clone(field), coding.Accept(field)
	}
	return c.accepted
}

// serve answers a request from a page in memory as ServeHTTP would, or not at all.
func (l *fastLane) serve(r *lane.Request, a *lane.Answer) bool {
	if r.Special || (r.IfModified && r.IfNoneMatch == "") {
		return false
	}
	host := ""
	if hosts := l.site.opts.Hosts; len(hosts) > 0 {
		if host = stripPort(r.Host); !slices.Contains(hosts, host) {
			return false // or it is written in another way
		}
	}
	c, _ := a.State.(*fastConn)
	if c == nil {
		c = &fastConn{r: FastRequest{r, a}}
		a.State = c
	}
	// The page is found first and checked then: what came into force between is known
	// of.
	hot := l.site.memory.hot.find(host, r.Target)
	now := time.Now()
	if hot != nil && r.IfNoneMatch == "" {
		if an := hot.answer(l.site, c, r.AcceptEncoding, now); an != nil {
			return l.again(c, hot, an, now)
		}
	}
	return l.afresh(c, host, hot, now)
}

// again answers as the last visitor was answered.
func (l *fastLane) again(c *fastConn, hot *hotPage, an *hotAnswer, now time.Time) bool {
	r := c.r.lane
	if (r.Head && !an.head) || !l.admits(&c.r, an.rt, hot.e) {
		return false
	}
	hot.used(l.site.memory)
	an.form.use()
	body := an.body
	if r.Head {
		body = nil
	}
	l.send(c, an.rt, reason{hit: true}, an.status, an.text, body, now)
	return true
}

// afresh finds out how a request is answered. hot is where its page was found before,
// or nil.
func (l *fastLane) afresh(c *fastConn, host string, hot *hotPage, now time.Time) bool {
	s, r := l.site, c.r.lane
	hot, e, unread := l.find(c, host, hot)
	if e == nil {
		return false
	}
	rd := s.readied(e)
	if !rd.fast || (r.Head && !rd.head) || (unread && len(rd.route.policy.Query) > 0) {
		return false
	}
	st := s.standing(e)
	plain := st.current && now.UnixMicro() < rd.until
	v := serve
	if !plain {
		v = s.decideFast(now, e, st, rd.route)
	}
	if (v != serve && v != refresh) || !l.admits(&c.r, rd.route, e) {
		return false
	}
	x := rendition{e: e, rt: rd.route, sec: now.Unix(), why: reason{hit: true}, codes: s.codings != 0}
	if e.compressible && x.codes && r.AcceptEncoding != "" {
		f, known := s.pick(e, c.accepts(r.AcceptEncoding))
		if !known {
			return false
		}
		x.form = f.use()
	}
	if v == refresh {
		x.why = s.refreshBehind(e, st, now)
	}
	e.visits.Add(1)
	status, body := e.status(), x.body()
	if status == http.StatusOK && r.IfNoneMatch != "" {
		if x.tag = x.matching(r.IfNoneMatch); x.tag != "" {
			x.notModified, status = true, http.StatusNotModified
		}
	}
	head := x.appendHead(c.r.answer.Buffer(), status)
	if hot != nil && plain && r.IfNoneMatch == "" {
		hot.keep(c, r.AcceptEncoding, rd, &x, head)
	}
	if x.notModified || r.Head {
		body = nil
	}
	l.send(c, rd.route, x.why, status, head, body, now)
	return true
}

// decideFast is decide for a page that may be stale. One that was found where hot pages
// are could have been replaced before the request came, and seem stale for that very
// reason: what the tier says counts.
func (s *Site) decideFast(now time.Time, e *entry, st standing, rt *route) verdict {
	if s.memory.tier.Peek(e.name()) != e {
		return absent
	}
	return decide(now, &e.life, st, &rt.policy)
}

// send sends an answer and tells of it.
func (l *fastLane) send(c *fastConn, rt *route, why reason, status int, head, body []byte, now time.Time) {
	c.r.answer.Send(now, head, body)
	if l.Served != nil {
		l.Served(&c.r, FastServed{Served{rt.pattern, why.verdict(), why.detail}, status, len(body), time.Since(now)})
	}
}

// find returns the entry of a request's page, or nil, and where it is kept as hot, if
// the target is all there is to it. A key is canonical, so a target that is the same
// to the letter is too. unread says that the target has a query that is none of the
// key's.
func (l *fastLane) find(c *fastConn, host string, hot *hotPage) (_ *hotPage, e *entry, unread bool) {
	if hot != nil {
		return hot, hot.e, false
	}
	memory, target, a := l.site.memory, c.r.lane.Target, c.r.answer
	if e = memory.tier.Get(a.Join(host, target)); e != nil {
		return memory.keepHot(host, e, l.site.ledger), e, false
	}
	path, query, ok := strings.Cut(target, "?")
	if !ok {
		return nil, nil, false
	}
	return nil, memory.tier.Get(a.Join(host, path)), query != ""
}

// admits reports whether neither what stands before the site nor the route's policy
// wants the request for itself.
func (l *fastLane) admits(r *FastRequest, rt *route, e *entry) bool {
	p := &rt.policy
	if slices.ContainsFunc(rt.bypassing, r.Has) {
		return false
	}
	if len(p.BypassCookies) > 0 || l.site.opts.DraftSecret != nil {
		for line := range r.lane.Named("cookie") {
			if p.bypassesCookie(line) || (l.site.opts.DraftSecret != nil && strings.Contains(line, draftCookie)) {
				return false
			}
		}
	}
	if p.Fallback == NotFound && !rt.listing.holds(e.key()) {
		return false
	}
	return l.Admit == nil || l.Admit(r)
}
