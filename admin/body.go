package admin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/reprint-go/reprint/internal/spell"
)

const (
	maxBody     = 1 << 20
	maxFaults   = 100              // of an object: to look for more of them is work for nobody
	bodyTimeout = 10 * time.Second // for all of it
)

// member is one that an object may have: its name, what it must be, and where it
// goes.
type member struct {
	name string
	want string
	into any
}

// readObject reads the body of a call, one JSON object of the given members. It
// is stricter than encoding/json: names are exact and there once, and nothing
// follows. An empty body is an object without members, if that may be.
func (c *call) readObject(members []member, mayBeEmpty bool) error {
	body, err := c.readBody(mayBeEmpty)
	if err != nil || (mayBeEmpty && len(bytes.TrimSpace(body)) == 0) {
		return err
	}
	return parseObject(body, members, "")
}

// parseObject reads an object of the given members. within is where it stands in
// another one: the name of the member that it is, and a dot.
func parseObject(body []byte, members []member, within string) error {
	d := json.NewDecoder(bytes.NewReader(body))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return notJSON(err, cmp.Or(strings.TrimSuffix(within, "."), "the body")+" must be a JSON object")
	}
	var errs []error
	seen := make(map[string]bool)
	for d.More() {
		if len(errs) >= maxFaults {
			return errors.Join(errs...)
		}
		key, err := d.Token()
		if err != nil {
			return notJSON(err, "")
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return notJSON(err, "")
		}
		name := key.(string) // the name of a member is a string
		if seen[name] {
			errs = append(errs, badRequest("field "+within+shorten(name)+" is there more than once", ""))
		}
		seen[name] = true
		if err := set(members, within, name, value); err != nil {
			errs = append(errs, err)
		}
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return notJSON(err, "")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		errs = append(errs, badRequest("something follows the JSON object", "send one object in one call"))
	}
	return errors.Join(errs...)
}

func set(members []member, within, name string, value json.RawMessage) error {
	var names []string
	for _, m := range members {
		if m.name != name {
			names = append(names, m.name)
			continue
		}
		if err := json.Unmarshal(value, m.into); err != nil {
			return badRequest(fmt.Sprintf("field %s must be %s", within+name, m.want), "")
		}
		return nil
	}
	p := unknown("field", name, names)
	if within != "" {
		p.told.Message += " of " + strings.TrimSuffix(within, ".")
	}
	return p
}

func unknown(what, name string, known []string) *problem {
	p := badRequest(fmt.Sprintf("unknown %s %q", what, shorten(name)), "there are "+list(known))
	switch near := spell.Nearest(name, known); {
	case near != "":
		p.told.Fix = "did you mean " + near + "? " + p.told.Fix
	case len(known) == 0:
		p.told.Fix = "there are none"
	}
	return p
}

func notJSON(err error, message string) *problem {
	switch {
	case err == nil:
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		message = "the JSON of the body ends too early"
	default:
		message = "the body is not JSON: " + err.Error()
	}
	return badRequest(message, `send an object, like {"paths":["/posts/42"]}`)
}

// readBody reads the whole body, which must be declared as JSON: a form, which a
// browser sends for anybody, cannot be.
func (c *call) readBody(mayBeEmpty bool) ([]byte, error) {
	r := c.r
	isBrowser := r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != ""
	declared := r.Header.Get("Content-Type")
	if !isJSON(declared) && (declared != "" || r.ContentLength != 0 || isBrowser || !mayBeEmpty) {
		return nil, &problem{status: http.StatusUnsupportedMediaType, told: Error{
			Message: fmt.Sprintf("the content type must be application/json, not %q", shorten(declared)),
			Fix:     "with curl: -H 'Content-Type: application/json', or --json instead of -d",
		}}
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, &problem{status: http.StatusUnsupportedMediaType, told: Error{
			Message: fmt.Sprintf("the content coding %q is not accepted", shorten(coding)), Fix: "send the body as it is",
		}}
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.w, r.Body, maxBody))
	if err == nil {
		// What follows may take long, and must not look as if the client had gone.
		_ = http.NewResponseController(c.w).SetReadDeadline(time.Time{})
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, &problem{status: http.StatusRequestEntityTooLarge, told: Error{
			Message: fmt.Sprintf("the body is larger than %d bytes", maxBody),
			Fix:     "name a prefix or a tag instead of many paths, or make several calls",
		}}
	}
	if err != nil {
		return nil, badRequest("the body cannot be read: "+err.Error(), "")
	}
	if !utf8.Valid(body) {
		return nil, badRequest("the body is not UTF-8", "")
	}
	return body, nil
}

// awaitBody limits the time that the body of a request may take, also of one that is
// refused before it is read: net/http waits for the rest of it before it sends an answer.
func awaitBody(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		// Not every ResponseWriter has deadlines: then the server's own must do.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	}
}

func isJSON(contentType string) bool {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || media != "application/json" {
		return false
	}
	charset, ok := params["charset"]
	return !ok || strings.EqualFold(charset, "utf-8")
}
