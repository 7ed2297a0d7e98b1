package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/reprint-go/reprint"
)

const (
	// maxFollowers is how many calls may follow events at once.
	maxFollowers = 100
	// heartbeat is how often a line is written when nothing happens, so that both sides,
	// and whatever stands between them, know that the other is there.
	heartbeat = 15 * time.Second
	// reconnect is what a client that was cut off is told to wait.
	reconnect = 2 * time.Second

	eventStream = "text/event-stream"
)

// newEvent shows an event.
func newEvent(e reprint.Event) Event {
	told := Event{
		Kind: string(e.Kind), Position: uint64(e.Position), ID: e.ID, Time: moment(e.Time), By: e.By, Tags: e.Tags, Receipt: e.Receipt,
	}
	if e.ID != "" {
		told.Mode = e.Mode.String()
	}
	return told
}

func (h *handler) events(c *call) (answer, error) {
	if c.who.limited() || c.who.hosts != nil {
		return answer{}, c.who.forbid("may not follow events, which are those of the whole site", c.who.limits())
	}
	after, err := h.readAfter(c)
	if err != nil {
		return answer{}, err
	}
	if !h.followers.begin() {
		return answer{}, &problem{
			status: http.StatusServiceUnavailable, retryAfter: retryLater,
			told: Error{Message: fmt.Sprintf("%d callers follow events already", maxFollowers), Fix: "try again when one has left"},
		}
	}
	defer h.followers.end()
	s := &eventWriter{w: c.w, control: http.NewResponseController(c.w), ended: h.opts.Ended, last: after}
	if !s.begin() || c.r.Method == http.MethodHead {
		return answer{}, nil
	}
	h.follow(c.ctx(), s)
	return answer{}, nil
}

// readAfter returns the position above which a caller wants to be told: the one that it
// was told last, or the present one.
func (h *handler) readAfter(c *call) (reprint.Position, error) {
	given, from := c.r.Header.Get("Last-Event-ID"), "the field Last-Event-ID"
	if given == "" {
		given, from = c.query.Get("after"), "the parameter after"
	}
	if given == "" {
		return h.site.Status().Position, nil
	}
	n, err := strconv.ParseUint(given, 10, 64)
	if err != nil {
		return 0, badRequest(from+" is "+shorten(given)+", which is no position in the journal", "send the id of the last event, or leave it out to be told what comes from now on")
	}
	return reprint.Position(n), nil
}

// follow writes events until one side has enough.
func (h *handler) follow(ctx context.Context, s *eventWriter) {
	var following sync.WaitGroup
	defer following.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	following.Go(func() { s.cut(ctx) })
	events := make(chan reprint.Event)
	following.Go(func() {
		defer close(events)
		for e, err := range h.site.Events(ctx, s.last) {
			if err != nil {
				h.log.ErrorContext(ctx, "admin: events cannot be followed", "err", err)
				return
			}
			select {
			case events <- e:
			case <-ctx.Done():
				return
			}
		}
	})
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for written := true; written; {
		select {
		case e, more := <-events:
			if !more {
				return
			}
			written = s.event(e)
		case <-beat.C:
			written = s.write([]byte(":\n\n"))
		case <-h.opts.Ended:
			return
		case <-ctx.Done():
			return
		}
	}
}

// eventWriter writes Server-Sent Events (WHATWG HTML, section 9.2).
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	ended   <-chan struct{}
	last    reprint.Position // the caller knows all entries up to here
}

// cut ends a write that is under way when callers are sent away: who does not read must
// not be waited for.
func (s *eventWriter) cut(ctx context.Context) {
	select {
	case <-s.ended:
		_ = s.control.SetWriteDeadline(time.Now())
	case <-ctx.Done():
	}
}

// begin writes the header, and what a caller needs to go on who is told nothing.
func (s *eventWriter) begin() bool {
	s.w.Header().Set("Content-Type", eventStream)
	s.w.Header().Set("X-Accel-Buffering", "no") // nginx would keep lines back
	s.w.WriteHeader(http.StatusOK)
	return s.write(fmt.Appendf(nil, "retry: %d\nid: %d\n\n", reconnect.Milliseconds(), s.last))
}

// event writes one event. Its id is not the position of a call that is done, which may
// be below what was told: who goes on there would be told entries twice.
func (s *eventWriter) event(e reprint.Event) bool {
	if e.Kind != reprint.EventDone {
		s.last = e.Position
	}
	data, err := json.Marshal(newEvent(e))
	if err != nil {
		return false // a defect: it is made of plain values
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "id: %d\nevent: %s\ndata: %s\n\n", s.last, e.Kind, data)
	return s.write(b.Bytes())
}

// write reports whether the caller still reads, or has to be taken to be gone.
func (s *eventWriter) write(text []byte) bool {
	_ = s.control.SetWriteDeadline(time.Now().Add(writeTimeout)) // where it is not supported, the server's own must do
	select {
	case <-s.ended:
		return false
	default: // what comes now is cut
	}
	if _, err := s.w.Write(text); err != nil {
		return false
	}
	err := s.control.Flush()
	return err == nil || errors.Is(err, http.ErrNotSupported)
}

// places are so many that callers may take.
type places struct {
	mu    sync.Mutex
	taken int // guarded by mu
}

func (p *places) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken >= maxFollowers {
		return false
	}
	p.taken++
	return true
}

func (p *places) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
}
