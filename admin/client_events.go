package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	maxEvent = 16 << 20 // of a line; an entry of 1,000 tags is some hundred KiB
	silence  = 3 * heartbeat
)

// EventStream is what a server tells of its site while a client is connected. Only one
// goroutine may use it.
type EventStream struct {
	response *http.Response
	lines    *bufio.Scanner
	stop     context.CancelCauseFunc
	alive    *time.Timer
	reason   func(error) error

	last  uint64
	retry time.Duration
}

// errSilence is why a stream ends whose server, or the way there, is gone.
var errSilence = errors.New("the server has sent nothing for a while")

// Events follows what happens to the site: the entries of the journal above after, or, if
// that is nil, those that come from now on, and the ends of calls. The stream must be
// closed. When it breaks, go on after [EventStream.Last].
func (c *Client) Events(ctx context.Context, after *uint64) (*EventStream, error) {
	query := url.Values{}
	if after != nil {
		query.Set("after", strconv.FormatUint(*after, 10))
	}
	ctx, stop := context.WithCancelCause(ctx)
	response, err := c.send(ctx, http.MethodGet, "/v1/events", query, nil)
	if err != nil {
		stop(nil)
		return nil, err
	}
	if response.StatusCode != http.StatusOK || mediaType(response) != eventStream {
		defer stop(nil)
		defer response.Body.Close()
		if _, err = c.read(response); err == nil {
			err = c.notTheAPI(response)
		}
		return nil, err
	}
	s := &EventStream{
		response: response, lines: bufio.NewScanner(response.Body), stop: stop,
		reason: func(err error) error { return c.reason(ctx, err) },
		retry:  reconnect,
	}
	if after != nil {
		s.last = *after
	}
	s.lines.Buffer(nil, maxEvent)
	s.alive = time.AfterFunc(silence, func() { stop(errSilence) })
	return s, nil
}

// Next waits for the next event. The error says why there is none: that the connection
// is broken, or the end of ctx.
func (s *EventStream) Next() (Event, error) {
	var data []string
	last := s.last // once the event is whole
	for s.lines.Scan() {
		s.alive.Reset(silence)
		field, value, _ := strings.Cut(s.lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		n, err := strconv.ParseUint(value, 10, 64)
		switch {
		case s.lines.Text() == "" && data == nil:
			s.last = last
		case s.lines.Text() == "":
			s.last = last
			var e Event
			if err := json.Unmarshal([]byte(strings.Join(data, "\n")), &e); err != nil {
				return e, fmt.Errorf("the event of the server cannot be read: %w", err)
			}
			return e, nil
		case field == "data":
			data = append(data, value)
		case field == "id" && err == nil:
			last = n
		case field == "retry" && err == nil:
			s.retry = time.Duration(min(n, 60_000)) * time.Millisecond
		}
	}
	err := s.lines.Err()
	if err == nil {
		err = io.EOF
	}
	return Event{}, fmt.Errorf("the events are not followed any more: %w", s.reason(err))
}

// Last is the position up to which all entries were told: where to go on.
func (s *EventStream) Last() uint64 { return s.last }

// Retry is how long the server wants to be left alone after the connection has broken.
func (s *EventStream) Retry() time.Duration { return s.retry }

// Close ends the stream.
func (s *EventStream) Close() error {
	s.alive.Stop()
	s.stop(nil)
	return s.response.Body.Close()
}
