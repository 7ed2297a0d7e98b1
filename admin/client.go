package admin

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/reprint-go/reprint"
)

// maxAnswer is the largest answer that a client reads: a list of 1,000 pages
// with many tags is a few MiB.
const maxAnswer = 64 << 20

// Client calls the API of a server. Its methods may be called by any number of
// goroutines. They take as long as the server does; ctx ends them. Each returns
// an *[APIError] for an answer that is not a success.
type Client struct {
	base  *url.URL
	token string
	http  *http.Client
}

// NewClient returns a client of the server whose admin listener is at baseURL,
// like http://127.0.0.1:8081. Token is the secret of a token; empty: none. The
// client follows no redirects, so that nobody else gets the token.
func NewClient(baseURL, token string) (*Client, error) {
	base, err := url.Parse(baseURL)
	switch {
	case err != nil:
		return nil, errors.New("the URL of the admin listener cannot be read; write it like http://127.0.0.1:8081")
	case base.Scheme != "http" && base.Scheme != "https", base.Host == "":
		return nil, fmt.Errorf("the URL of the admin listener must have a scheme and a host, like http://127.0.0.1:8081, not %q", base.Redacted())
	case base.User != nil:
		return nil, errors.New("the URL of the admin listener must hold no user and password; give the token beside it")
	case base.RawQuery != "" || base.Fragment != "":
		return nil, fmt.Errorf("the URL of the admin listener must have no query and no fragment: %q", base.Redacted())
	case strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c == 0x7f }):
		return nil, errors.New("the token holds white space or control characters, which a header cannot carry (a newline from a file?)")
	}
	return &Client{base: base, token: token, http: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Revalidate makes pages current again. When it is in force and not all pages
// could be rendered, it returns the receipt and the error, which is an
// *[APIError] with status 502, or 503 when the queue is full. With Wait false the
// receipt says that it is running: ask [Client.Receipt] for the rest.
func (c *Client) Revalidate(ctx context.Context, r RevalidateRequest) (*reprint.Receipt, error) {
	if r.RevalidateAt != "" || r.Daily != "" {
		return nil, errors.New("RevalidateAt and Daily are for Plan; Revalidate does it now")
	}
	body, err := c.do(ctx, http.MethodPost, "/v1/revalidate", nil, r)
	if failure, ok := errors.AsType[*APIError](err); ok && failure.receipt != nil {
		return failure.receipt, err
	}
	return decoded[reprint.Receipt](body, err)
}

// Receipt returns the receipt with that ID.
func (c *Client) Receipt(ctx context.Context, id string) (*reprint.Receipt, error) {
	if id == "" {
		return nil, errors.New("the ID of the receipt is empty")
	}
	body, err := c.do(ctx, http.MethodGet, "/v1/receipts/"+url.PathEscape(id), nil, nil)
	return decoded[reprint.Receipt](body, err)
}

// Receipts lists receipts, without pages and the newest first, at most limit of them;
// zero: 100. cursor is Next of an earlier list; empty: from the newest.
func (c *Client) Receipts(ctx context.Context, cursor string, limit int) (*ReceiptList, error) {
	query := url.Values{}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	if limit != 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	body, err := c.do(ctx, http.MethodGet, "/v1/receipts", query, nil)
	return decoded[ReceiptList](body, err)
}

// PagesQuery says which pages [Client.Pages] lists; see [reprint.PageQuery].
type PagesQuery struct {
	Prefix string
	Tag    string
	State  string
	Host   string
	Limit  int // zero: 100
	Cursor string
}

// Pages lists stored pages.
func (c *Client) Pages(ctx context.Context, q PagesQuery) (*PageList, error) {
	query := url.Values{}
	for name, value := range map[string]string{
		"prefix": q.Prefix, "tag": q.Tag, "state": q.State, "host": q.Host, "cursor": q.Cursor,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if q.Limit != 0 {
		query.Set("limit", strconv.Itoa(q.Limit))
	}
	body, err := c.do(ctx, http.MethodGet, "/v1/pages", query, nil)
	return decoded[PageList](body, err)
}

// Explain says why the pages of a path are what they are.
func (c *Client) Explain(ctx context.Context, path string) ([]Explanation, error) {
	body, err := c.do(ctx, http.MethodGet, "/v1/pages/explain", url.Values{"path": {path}}, nil)
	all, err := decoded[[]Explanation](body, err)
	if err != nil {
		return nil, err
	}
	return *all, nil
}

// Status returns how the server is doing.
func (c *Client) Status(ctx context.Context) (*Status, error) {
	body, err := c.do(ctx, http.MethodGet, "/v1/status", nil, nil)
	return decoded[Status](body, err)
}

// Prerender renders pages before anybody asks. Progress, if not nil, is called
// for each line of the answer, in order; the last one, which has Finished, is
// also returned. The error says that the run did not end well: an *[APIError],
// with status 200 when the run had begun. The end of ctx ends the run.
func (c *Client) Prerender(ctx context.Context, r PrerenderRequest, progress func(PrerenderProgress)) (PrerenderProgress, error) {
	var last PrerenderProgress
	response, err := c.send(ctx, http.MethodPost, "/v1/prerender", nil, r)
	if err != nil {
		return last, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || mediaType(response) != ndjson {
		_, err := c.read(response)
		if err == nil {
			err = c.notTheAPI(response)
		}
		return last, err
	}
	lines := json.NewDecoder(bufio.NewReader(response.Body))
	for !last.Finished {
		var line PrerenderProgress
		if err := lines.Decode(&line); err != nil {
			return last, fmt.Errorf("the run was not watched to its end: %w", c.reason(ctx, err))
		}
		last = line
		if progress != nil {
			progress(last)
		}
	}
	if last.Error != "" {
		return last, &APIError{Status: response.StatusCode, Answer: Error{Message: last.Error}}
	}
	return last, nil
}

// reason is why a stream ended that should not.
func (c *Client) reason(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	}
	return err
}

// decoded reads the body of a success.
func decoded[T any](body []byte, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		return nil, fmt.Errorf("the answer of the server cannot be read: %w", err)
	}
	return &v, nil
}

// do makes a call and returns the body of a success.
func (c *Client) do(ctx context.Context, method, path string, query url.Values, in any) ([]byte, error) {
	response, err := c.send(ctx, method, path, query, in)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return c.read(response)
}

func (c *Client) send(ctx context.Context, method, path string, query url.Values, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	u := c.base.JoinPath(path)
	u.RawQuery = query.Encode()
	r, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json, "+ndjson+", "+eventStream)
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(r)
	if err != nil {
		return nil, c.unreachable(err)
	}
	return response, nil
}

// read returns the body of a success, or what the answer says went wrong.
func (c *Client) read(response *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the answer of %s: %w", c.base.Redacted(), err)
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("the answer of %s is larger than %d bytes; ask for fewer pages at once", c.base.Redacted(), maxAnswer)
	case response.StatusCode/100 != 2:
		return nil, c.apiError(response, body)
	case mediaType(response) != "application/json" && mediaType(response) != ndjson:
		return nil, c.notTheAPI(response)
	}
	return body, nil
}
