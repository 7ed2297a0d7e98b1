package admin

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/reprint-go/reprint"
)

// APIError is an answer that is not a success.
type APIError struct {
	Status     int           // of HTTP
	Answer     Error         // what the server says
	RetryAfter time.Duration // how long to wait before trying again; zero: not said

	receipt *reprint.Receipt // of a revalidation that is in force
}

func (e *APIError) Error() string {
	msg := e.Answer.Message
	if e.Answer.Fix != "" {
		msg += "; " + e.Answer.Fix
	}
	return msg
}

// apiError reads an answer that is not a success.
func (c *Client) apiError(response *http.Response, body []byte) error {
	if mediaType(response) != "application/json" {
		return c.notTheAPI(response)
	}
	e := &APIError{Status: response.StatusCode, RetryAfter: retryAfter(response.Header.Get("Retry-After"), time.Now())}
	if err := json.Unmarshal(body, &e.Answer); err != nil || e.Answer.Message == "" {
		e.Answer.Message = fmt.Sprintf("the server answered %d %s", response.StatusCode, http.StatusText(response.StatusCode))
	}
	var receipt reprint.Receipt
	if err := json.Unmarshal(body, &receipt); err == nil && receipt.ID != "" {
		e.receipt = &receipt
	}
	return e
}

// notTheAPI is the error for an answer that this API does not give.
func (c *Client) notTheAPI(response *http.Response) error {
	what := mediaType(response)
	if location := response.Header.Get("Location"); response.StatusCode/100 == 3 && location != "" {
		what = "a redirect to " + location + ", which is not followed"
	}
	return fmt.Errorf("%s answered %d with %s: it is not the admin API of reprint; is that the URL of the admin listener, not of the site?",
		c.base.Redacted(), response.StatusCode, cmp.Or(what, "no content type"))
}

// unreachable says of a call that got no answer what may be the matter.
func (c *Client) unreachable(err error) error {
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		return fmt.Errorf("nothing answers at %s: is reprint serve running? its admin listener is what admin.listen says in its configuration: %w", c.base.Redacted(), dial)
	}
	return err
}

func mediaType(response *http.Response) string {
	media, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return media
}

// retryAfter reads the field in either form (RFC 9110, section 10.2.3).
func retryAfter(field string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(field); err == nil && n > 0 {
		return time.Duration(min(n, 24*3600)) * time.Second
	}
	if t, err := http.ParseTime(field); err == nil && t.After(now) {
		return t.Sub(now)
	}
	return 0
}
