package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/reprint-go/reprint"
)

// revalidating is what calls during a measurement have come to.
type revalidating struct {
	Wanted   int     `json:"wantedPerSecond"`
	Achieved float64 `json:"achievedPerSecond"` // pages
	Calls    int     `json:"calls"`
	Failures int     `json:"failures"`
	Late     int     `json:"late"` // due while every connection was still busy
	P50      float64 `json:"p50Ms"`
	P99      float64 `json:"p99Ms"`
	Failure  string  `json:"failure,omitempty"` // the first
}

// callers is how many connections make calls.
const callers = 16

// caller revalidates pages, so many a second, until it is stopped.
type caller struct {
	origin *origin
	job    job
	began  time.Time
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu    sync.Mutex
	took  []float64    // ms; guarded by mu
	count revalidating // guarded by mu
}

func startCaller(ctx context.Context, addr string, o *origin, j job) *caller {
	ctx, cancel := context.WithCancel(ctx)
	c := &caller{origin: o, job: j, began: time.Now(), cancel: cancel, count: revalidating{Wanted: j.Revalidations}}
	due := make(chan int, callers)
	c.done.Go(func() { c.tick(ctx, due) })
	for range callers {
		c.done.Go(func() { c.call(ctx, addr, due) })
	}
	return c
}

// tick says which page is due, the first one of a call, at the rate of the job.
func (c *caller) tick(ctx context.Context, due chan<- int) {
	defer close(due)
	// Not more than 500 times a second, and then several at once.
	every := max(2*time.Millisecond, time.Duration(c.job.Batch)*time.Second/time.Duration(c.job.Revalidations))
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	sent := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for ; sent < int(time.Since(c.began).Seconds()*float64(c.job.Revalidations)); sent += c.job.Batch {
			select {
			case due <- rand.IntN(c.job.Hot - c.job.Batch + 1): //nolint:gosec // G404: any pages will do
			default:
				c.note(func(r *revalidating) { r.Late++ })
			}
		}
	}
}

// call makes the calls that are due over one connection after another.
func (c *caller) call(ctx context.Context, addr string, due <-chan int) {
	var conn *conn
	for i := range due {
		began, before := time.Now(), c.origin.version.Load()
		err := ctx.Err()
		if err == nil && conn == nil {
			conn, err = dial(ctx, addr)
		}
		if err == nil {
			err = revalidate(conn, i, c.job.Batch)
		}
		if ctx.Err() != nil {
			break // whether it was done nobody knows
		}
		if err != nil {
			c.note(func(r *revalidating) { r.fail(err) })
			if conn != nil {
				_ = conn.Close()
				conn = nil
			}
			continue
		}
		for k := range c.job.Batch {
			c.origin.revalidated(i+k, before)
		}
		c.succeeded(time.Since(began))
	}
	if conn != nil {
		_ = conn.Close()
	}
	for range due { // until it is closed
	}
}

// revalidate makes one call of the admin API for n pages from the first one on. Of two
// calls for the same page at once one may find that the other has rendered what it
// would: that the page is new enough is verified on the pages themselves. What the
// caller's core can be spared, which is the load generator's too, it is: of the
// receipt two numbers are read.
func revalidate(c *conn, first, n int) error {
	answer, err := c.revalidate(first, n)
	if err != nil {
		return err
	}
	if number(answer, "regenerated")+number(answer, "unchanged") == n {
		return nil
	}
	var r reprint.Receipt
	if err := json.Unmarshal(answer, &r); err != nil {
		return err
	}
	return notRendered(r)
}

// number reads a number that a JSON object has, 0 where it has none of that name.
func number(object []byte, name string) int {
	_, rest, _ := bytes.Cut(object, []byte(`"`+name+`":`))
	n := 0
	for _, digit := range bytes.TrimLeft(rest, " ") {
		if digit < '0' || digit > '9' {
			break
		}
		n = 10*n + int(digit-'0')
	}
	return n
}

func notRendered(r reprint.Receipt) error {
	return fmt.Errorf("not all was rendered anew: receipt %s has %d regenerated, %d unchanged, %d failed", r.ID, r.Regenerated, r.Unchanged, r.Failed)
}

// revalidateReceipt is that with the receipt.
func revalidateReceipt(c *conn, first, n int) (reprint.Receipt, error) {
	var r reprint.Receipt
	answer, err := c.revalidate(first, n)
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(answer, &r)
}

// revalidate makes one call and returns the body of its answer, which is good until
// the next one.
func (c *conn) revalidate(first, n int) ([]byte, error) {
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return nil, err
	}
	body := append(c.body[:0], `{"paths":["`...)
	for k := range n {
		if k > 0 {
			body = append(body, `","`...)
		}
		body = append(body, path(first+k)...)
	}
	c.body = append(body, `"]}`...)
	request := append(c.request[:0], "POST /v1/revalidate HTTP/1.1\r\nHost: "...)
	request = append(request, c.addr...)
	request = append(request, "\r\nContent-Type: application/json\r\nContent-Length: "...)
	request = strconv.AppendInt(request, int64(len(c.body)), 10)
	request = append(request, "\r\n\r\n"...)
	c.request = append(request, c.body...)
	if _, err := c.Write(c.request); err != nil {
		return nil, err
	}
	return c.success()
}

// success reads an answer that must be one, with a length.
func (c *conn) success() ([]byte, error) {
	status, err := c.buffer.ReadString('\n')
	if err != nil {
		return nil, err
	}
	length := -1
	for {
		line, err := c.buffer.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			break
		}
		if value, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return nil, err
			}
		}
	}
	if length < 0 {
		return nil, fmt.Errorf("an answer without a length: %s", status)
	}
	c.answer = slices.Grow(c.answer[:0], length)[:length]
	if _, err := io.ReadFull(c.buffer, c.answer); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(status, "HTTP/1.1 200 ") {
		return nil, fmt.Errorf("%s: %s", strings.TrimSpace(status), c.answer)
	}
	return c.answer, nil
}

func (c *caller) note(change func(*revalidating)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.count)
}

func (r *revalidating) fail(err error) {
	r.Failures++
	if r.Failure == "" {
		r.Failure = err.Error()
	}
}

func (c *caller) succeeded(took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.took = append(c.took, milliseconds(took))
}

// stop ends the calls and notes in f what they have come to. A failed call is
// a figure here: the curve shows how many there are. A nil caller does nothing.
func (c *caller) stop(f *figures) error {
	if c == nil {
		return nil
	}
	lasted := time.Since(c.began)
	c.cancel()
	c.done.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.count
	r.Calls = len(c.took)
	r.Achieved = float64(r.Calls*c.job.Batch) / lasted.Seconds()
	r.P50, r.P99 = percentile(c.took, 50), percentile(c.took, 99)
	f.Revalidations = &r
	if r.Calls == 0 {
		return errors.New("no revalidation succeeded: " + r.Failure)
	}
	return nil
}
