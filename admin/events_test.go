package admin_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
	"github.com/reprint-go/reprint/internal/logtest"
)

// The bytes are those of the standard, and the id never goes back.
func TestEventsHaveTheFormOfTheStandard(t *testing.T) {
	site := &fakeSite{status: reprint.Status{Position: 6}, events: []reprint.Event{
		{Kind: reprint.EventGap, Position: 7},
		{Kind: reprint.EventRevalidated, Position: 8, ID: "A", Time: renderedAt, Mode: reprint.Stale, By: "b\nc", Tags: []string{"post:42"}},
		{Kind: reprint.EventRevalidated, Position: 9, ID: "B", Time: renderedAt, Tags: []string{"a"}},
		{Kind: reprint.EventDone, Position: 8, ID: "A", Time: renderedAt, Mode: reprint.Stale, Receipt: &reprint.Receipt{ID: "A", Position: 8, Mode: reprint.Stale, At: renderedAt}},
	}}
	h := newHandler(t, withTokens(site))
	at := renderedAt.UTC().Format(time.RFC3339Nano)
	all := []string{
		"retry: 2000\nid: 6\n\n",
		"id: 7\nevent: gap\ndata: {\"kind\":\"gap\",\"position\":7}\n\n",
		"id: 8\nevent: revalidated\ndata: {\"kind\":\"revalidated\",\"position\":8,\"id\":\"A\",\"time\":\"" + at + "\",\"mode\":\"stale\",\"by\":\"b\\nc\",\"tags\":[\"post:42\"]}\n\n",
		"id: 9\nevent: revalidated\ndata: {\"kind\":\"revalidated\",\"position\":9,\"id\":\"B\",\"time\":\"" + at + "\",\"mode\":\"regenerate\",\"tags\":[\"a\"]}\n\n",
		"id: 9\nevent: done\ndata: {\"kind\":\"done\",\"position\":8,\"id\":\"A\",\"time\":\"" + at + "\",\"mode\":\"stale\",\"receipt\":{\"id\":\"A\",\"position\":8,\"mode\":\"stale\",\"by\":\"\",\"at\":\"" + at + "\"," +
			"\"matched\":0,\"regenerated\":0,\"unchanged\":0,\"failed\":0,\"skipped\":0,\"pages\":[],\"tookMs\":0}}\n\n",
	}
	for name, test := range map[string]struct {
		call call
		want string
	}{
		"from now on":       {call{target: "/v1/events"}, strings.Join(all, "")},
		"after":             {call{target: "/v1/events?after=8"}, "retry: 2000\nid: 8\n\n" + all[3]},
		"the field is last": {call{target: "/v1/events?after=1", header: []string{"Last-Event-ID: 8"}}, "retry: 2000\nid: 8\n\n" + all[3]},
		"HEAD":              {call{target: "/v1/events", method: http.MethodHead}, all[0]}, // net/http leaves it out
	} {
		t.Run(name, func(t *testing.T) {
			test.call.secret = readerSecret
			w := test.call.do(t, h)
			wantStatus(t, w, http.StatusOK)
			got := strings.ReplaceAll(w.Body.String(), "id: 8\nevent: done", "id: 9\nevent: done") // where 9 was not told
			if w.Header().Get("Content-Type") != "text/event-stream" || (got != test.want && !strings.HasPrefix(got, test.want)) {
				t.Errorf("answer %v\n%s, want\n%s", w.Header(), got, test.want)
			}
		})
	}
	for _, c := range []call{{target: "/v1/events?after=-1"}, {target: "/v1/events?after=x"}, {target: "/v1/events", header: []string{"Last-Event-ID: 1.5"}}} {
		c.secret = readerSecret
		wantTold(t, c.do(t, h), http.StatusBadRequest, "no position")
	}
}

// A heartbeat comes while nothing happens; whoever takes nothing for half a minute is
// given up; and there is an end to it.
func TestEventsWhileNothingHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan struct{})
		opts := withTokens(&fakeSite{hold: true})
		opts.Ended = ended
		h := newHandler(t, opts)
		w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		var serving sync.WaitGroup
		serving.Go(func() { h.ServeHTTP(w, call{target: "/v1/events", secret: newSecret}.request(t)) })
		time.Sleep(46 * time.Second)
		close(ended)
		serving.Wait()
		if got, want := w.Body.String(), "retry: 2000\nid: 0\n\n"+strings.Repeat(":\n\n", 3); got != want {
			t.Errorf("answer %q, want %q", got, want)
		}
		if !slices.Equal(w.write, []float64{30, 30, 30, 30, 0}) {
			t.Errorf("deadlines for writing %v, want 30 for each, and none at the end", w.write)
		}
	})
}

// Who may see a part of the site only is not told of the rest.
func TestALimitedTokenFollowsNoEvents(t *testing.T) {
	for name, token := range map[string]admin.Token{
		"paths": {Paths: []string{"/posts/*"}}, "tags": {Tags: []string{"post:*"}}, "hosts": {Hosts: []string{"example.org"}},
	} {
		opts := withTokens(&fakeSite{})
		token.Name, token.Secrets = "limited", []string{postsSecret}
		opts.Tokens = append(opts.Tokens, token)
		w := call{target: "/v1/events", secret: postsSecret}.do(t, newHandler(t, opts))
		wantTold(t, w, http.StatusForbidden, "may not follow events", "limited to the "+name)
	}
}

// sockets is a real site on a real listener, that can be restarted.
type sockets struct {
	site   *reprint.Site
	server *httptest.Server
	client *admin.Client
	ended  chan struct{}
}

func listen(t *testing.T, store reprint.Store) *sockets {
	t.Helper()
	s := &sockets{ended: make(chan struct{})}
	var err error
	if s.site, err = reprint.New(reprint.Options{Store: store, Log: new(logtest.Buffer).Logger()}); err != nil {
		t.Fatal(err)
	}
	if err := s.site.Handle("/posts/{id}", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "a post") }), reprint.Policy{}); err != nil {
		t.Fatal(err)
	}
	opts := withTokens(s.site)
	opts.Ended = s.ended
	s.server = httptest.NewServer(newHandler(t, opts))
	if s.client, err = admin.NewClient(s.server.URL, newSecret); err != nil {
		t.Fatal(err)
	}
	return s
}

// end stops it as reprint serve does.
func (s *sockets) end(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	close(s.ended)
	if err := s.server.Config.Shutdown(ctx); err != nil {
		t.Errorf("the listener does not end: %v", err)
	}
	if err := s.site.Shutdown(ctx); err != nil {
		t.Errorf("the site does not end: %v", err)
	}
}

func (s *sockets) events(t *testing.T, after *uint64) *admin.EventStream {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	t.Cleanup(cancel)
	stream, err := s.client.Events(ctx, after)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func (s *sockets) revalidate(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		if _, err := s.client.Revalidate(t.Context(), admin.RevalidateRequest{Paths: []string{fmt.Sprintf("/posts/%d", i)}}); err != nil {
			t.Error(err)
		}
	}
}

// Across broken connections and restarts of the server each entry is told once, in
// order, and nothing is left behind.
func TestEventsGoOnAfterABreak(t *testing.T) {
	before := goleak.IgnoreCurrent()
	store := reprint.NewMemoryStore(0)
	var after uint64
	told, ends := uint64(0), make(map[string]int)
	for restart := range 3 {
		s := listen(t, store)
		var calling sync.WaitGroup
		calling.Go(func() { s.revalidate(t, 40) })
		for i := range 4 {
			stream := s.events(t, &after)
			for told < uint64(40*restart+10*(i+1)) {
				e, err := stream.Next()
				if err != nil {
					t.Fatal(err)
				}
				switch {
				case e.Kind == "revalidated" && e.Position == told+1 && ends[e.ID] == 0:
					told++
				case e.Kind == "done" && ends[e.ID] == 0 && e.Receipt != nil && e.Receipt.Regenerated+e.Receipt.Unchanged == 1:
					ends[e.ID]++
				default:
					t.Fatalf("after entry %d: %+v", told, e)
				}
			}
			if after = stream.Last(); after != told {
				t.Errorf("the last id is %d, the last entry %d", after, told)
			}
			if i < 3 {
				_ = stream.Close()
				continue
			}
			calling.Wait()
			s.end(t) // while it is followed
			for {
				if _, err := stream.Next(); err != nil {
					break
				}
			}
			_ = stream.Close()
		}
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	goleak.VerifyNone(t, before)
}

// An event that has not come whole is asked for again.
func TestAnEventThatIsCut(t *testing.T) {
	const whole = "id: 7\nevent: revalidated\ndata: {\"kind\":\"revalidated\",\"position\":7}\n\n"
	for n := range len(whole) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, ":\n\nretry: 10\nid: 6\n\n", whole[:n])
		}))
		c, err := admin.NewClient(server.URL, "")
		if err != nil {
			t.Fatal(err)
		}
		stream, err := c.Events(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if e, err := stream.Next(); err == nil || stream.Last() != 6 || stream.Retry() != 10*time.Millisecond {
			t.Fatalf("of %q: event %+v, %v; last %d, retry %v", whole[:n], e, err, stream.Last(), stream.Retry())
		}
		_ = stream.Close()
		server.Close()
	}
}

// P5: a hundred may follow, more are told to come again, and who leaves makes room.
func TestFollowersAreLimited(t *testing.T) {
	before := goleak.IgnoreCurrent()
	s := listen(t, reprint.NewMemoryStore(0))
	streams := make([]*admin.EventStream, 0, 100)
	refused := 0
	for range 1000 {
		stream, err := s.client.Events(t.Context(), nil)
		failure, ok := errors.AsType[*admin.APIError](err)
		switch {
		case err == nil:
			streams = append(streams, stream)
		case ok && failure.Status == http.StatusServiceUnavailable && failure.RetryAfter > 0:
			refused++
		default:
			t.Fatal(err)
		}
	}
	if len(streams) != 100 || refused != 900 {
		t.Fatalf("%d follow, %d are refused", len(streams), refused)
	}
	s.revalidate(t, 1)
	for _, stream := range streams {
		if e, err := stream.Next(); err != nil || e.Kind != "revalidated" {
			t.Fatalf("event %+v, %v", e, err)
		}
	}
	_ = streams[0].Close()
	for room := false; !room; { // when the server has noticed
		if stream, err := s.client.Events(t.Context(), nil); err == nil {
			streams, room = append(streams, stream), true
		}
	}
	s.end(t)
	for _, stream := range streams[1:] {
		for err := error(nil); err == nil; {
			_, err = stream.Next()
		}
		_ = stream.Close()
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	goleak.VerifyNone(t, before)
}

// T-071: who follows and never reads holds up no call, no other follower and no end.
func TestAFollowerThatNeverReads(t *testing.T) {
	s := listen(t, reprint.NewMemoryStore(0))
	var dialer net.Dialer
	deaf, err := dialer.DialContext(t.Context(), "tcp", s.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	_ = deaf.(*net.TCPConn).SetReadBuffer(4096)
	fmt.Fprintf(deaf, "GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n", newSecret)
	if line, err := bufio.NewReaderSize(deaf, 16).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
		t.Fatalf("answer %s, %v", line, err)
	}
	other := s.events(t, nil)
	defer other.Close()
	many := make([]string, 900)
	for i := range many {
		many[i] = fmt.Sprintf("tag:%d:%s", i, strings.Repeat("x", 200))
	}
	for i := range 100 { // 20 MB of events, more than sockets hold
		begin := time.Now()
		if _, err := s.client.Revalidate(t.Context(), admin.RevalidateRequest{Tags: many, Mode: "stale"}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("call %d took %v", i, took)
		}
		for done := false; !done; {
			e, err := other.Next()
			if err != nil {
				t.Fatal(err)
			}
			done = e.Kind == "done"
		}
	}
	begin := time.Now()
	s.end(t) // although what is being written to the deaf one cannot be
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("the end took %v", took)
	}
}
