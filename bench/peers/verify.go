package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// verifiers is how many connections check answers at once.
const verifiers = 64

// errNotCompressed says that a server answered gzip's wish with plain bytes:
// right, but nothing to be compared with those who compress.
var errNotCompressed = errors.New("it does not compress")

// checker says what is wrong with the body of page i. It is called when the
// page is asked for, and what it returns when the body is there.
type checker func(i int) func(body []byte) error

// answers are the sizes of answers, heads included.
type answers struct {
	Count int   `json:"count"`
	Total int64 `json:"total"`
	Min   int   `json:"min"`
	Max   int   `json:"max"`
}

func (a *answers) add(size int) {
	if a.Count == 0 {
		a.Min = size
	}
	a.Count++
	a.Total += int64(size)
	a.Min, a.Max = min(a.Min, size), max(a.Max, size)
}

func (a answers) mean() float64 { return float64(a.Total) / float64(a.Count) }

// verify asks for the pages from first on, n of them, over many connections at
// once, and compares every body byte for byte.
func verify(ctx context.Context, addr string, gzipped bool, first, n int, check checker) (answers, error) {
	var (
		next atomic.Int64
		mu   sync.Mutex
		all  answers
	)
	g, ctx := errgroup.WithContext(ctx)
	for range min(verifiers, n) {
		g.Go(func() error {
			c, err := dial(ctx, addr)
			if err != nil {
				return err
			}
			defer c.Close()
			for k := int(next.Add(1)) - 1; k < n; k = int(next.Add(1)) - 1 {
				i := first + k
				size, err := c.verify(i, gzipped, check(i))
				if err != nil {
					return fmt.Errorf("the answer for %s is wrong: %w", path(i), err)
				}
				mu.Lock()
				all.add(size)
				mu.Unlock()
			}
			return ctx.Err()
		})
	}
	return all, g.Wait()
}

// conn is a client's connection that counts what it reads.
type conn struct {
	net.Conn
	addr   string
	read   int
	buffer *bufio.Reader
	stop   func() bool

	request, body, answer []byte // of a call; room to be used again
}

func dial(ctx context.Context, addr string) (*conn, error) {
	raw, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, addr: addr}
	c.buffer = bufio.NewReaderSize(c, 64<<10)
	c.stop = context.AfterFunc(ctx, func() { _ = raw.Close() })
	return c, nil
}

func (c *conn) Close() error {
	c.stop()
	return c.Conn.Close()
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read += n
	return n, err
}

// verify asks for page i and returns how many bytes the answer had.
func (c *conn) verify(i int, gzipped bool, check func([]byte) error) (int, error) {
	body, coding, size, err := c.get(path(i), gzipped)
	if err != nil {
		return 0, err
	}
	switch {
	case gzipped && coding == "":
		err = check(body)
		return 0, errors.Join(err, errNotCompressed)
	case gzipped && coding == "gzip":
		body, err = gunzip(body)
	case coding != "":
		err = fmt.Errorf("its Content-Encoding is %s", coding)
	}
	if err != nil {
		return 0, err
	}
	return size, check(body)
}

func (c *conn) get(path string, gzipped bool) (body []byte, coding string, size int, err error) {
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return nil, "", 0, err
	}
	request := "GET " + path + " HTTP/1.1\r\nHost: " + c.addr + "\r\n"
	if gzipped {
		request += "Accept-Encoding: gzip\r\n"
	}
	before := c.read
	if _, err := io.WriteString(c, request+"\r\n"); err != nil {
		return nil, "", 0, err
	}
	res, err := http.ReadResponse(c.buffer, nil)
	if err != nil {
		return nil, "", 0, err
	}
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	switch {
	case err != nil:
	case res.StatusCode != http.StatusOK:
		err = fmt.Errorf("its status is %d: %.200s", res.StatusCode, body)
	case res.Close:
		err = errors.New("it ends the connection")
	case c.buffer.Buffered() != 0:
		err = fmt.Errorf("%d bytes come after it", c.buffer.Buffered())
	}
	return body, res.Header.Get("Content-Encoding"), c.read - before, err
}

func gunzip(body []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
