package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reprint-go/reprint"
)

// answer is what a call is answered. The zero answer has been written already.
type answer struct {
	status int
	body   any
	header map[string]string
}

// writeTimeout is how long a client may take to read an answer, or a line of one.
const writeTimeout = 30 * time.Second

func (a answer) write(w http.ResponseWriter) {
	if a.status == 0 {
		return
	}
	body, err := json.Marshal(a.body)
	if err != nil { // a defect: all bodies are made of plain values
		a.status, body = http.StatusInternalServerError, []byte(`{"message":"the answer cannot be written as JSON"}`)
	}
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	body = append(body, '\n')
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body))) // package http knows that of short ones only
	// Where the server has no deadlines of its own this is not supported, or no
	// harm. A long call must not have used up the server's.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
	w.WriteHeader(a.status)
	// An error means that the caller has gone, and there is nobody else to tell.
	_, _ = w.Write(body)
}

// problem is an answer that is not a success, as an error.
type problem struct {
	status     int
	told       Error
	retryAfter time.Duration // zero: not said
	header     map[string]string
}

func (p *problem) Error() string { return fmt.Sprintf("%d %s", p.status, p.told.Message) }

func (p *problem) answer() answer {
	header := maps.Clone(p.header)
	if p.retryAfter > 0 {
		if header == nil {
			header = make(map[string]string)
		}
		header["Retry-After"] = seconds(p.retryAfter)
	}
	return answer{p.status, p.told, header}
}

// seconds writes a Retry-After: whole seconds, at least one (RFC 9110, section
// 10.2.3).
func seconds(d time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(d.Seconds()))))
}

func badRequest(message, fix string) *problem {
	return &problem{status: http.StatusBadRequest, told: Error{Message: message, Fix: fix}}
}

// retryLater is what an answer says that the server has no room for now.
const retryLater = 5 * time.Second

// problemOf is the one place that maps errors to answers.
func problemOf(err error) *problem {
	if all := problemsIn(err); len(all) > 0 {
		return joined(all)
	}
	p := &problem{status: http.StatusInternalServerError, told: Error{Message: text(err)}}
	badPath, isBadPath := errors.AsType[*reprint.BadPathError](err)
	noRoute, isNoRoute := errors.AsType[*reprint.NoRouteError](err)
	switch {
	case errors.Is(err, reprint.ErrBusy), errors.Is(err, reprint.ErrClosed):
		p.status, p.retryAfter = http.StatusServiceUnavailable, retryLater
	case errors.Is(err, reprint.ErrNoHistory):
		p.status = http.StatusNotImplemented
		p.told.Fix = "name a file with store.path in the configuration"
	case errors.Is(err, reprint.ErrNoVersion):
		p.status = http.StatusNotFound
		p.told.Fix = listVersions
	case errors.Is(err, reprint.ErrHeld):
		p.status = http.StatusConflict
		p.told.Fix = "release the page first: POST /v1/release, or reprint release"
	case isBadPath:
		p.status = http.StatusBadRequest
		if strings.HasPrefix(badPath.Path, "http://") || strings.HasPrefix(badPath.Path, "https://") {
			p.told.Fix = "write the path alone; name the host in the field host"
		}
	case errors.Is(err, reprint.ErrUnconfirmed):
		p.status = http.StatusConflict
		p.told.Fix = `repeat the call with "confirm": true; "dryRun": true says what it means`
	case errors.Is(err, reprint.ErrNoRefill):
		p.status = http.StatusNotFound
		p.told.Fix = "see GET /v1/refills, or reprint refills, for those that are under way; the receipt of that ID says how it ended"
	case errors.Is(err, reprint.ErrNoPlan):
		p.status = http.StatusNotFound
		p.told.Fix = "see GET /v1/schedule, or reprint schedule, for the plans that there are"
	case errors.Is(err, reprint.ErrUnknownHost):
		p.status = http.StatusBadRequest
		p.told.Fix = "name one of the hosts of the configuration, without port"
	case errors.Is(err, reprint.ErrNoTarget):
		p.status = http.StatusBadRequest
		p.told.Fix = `name at least one of paths, tags, prefixes and patterns, or all: {"paths":["/posts/42"]}`
	case isNoRoute:
		p.status, p.told.Nearest = http.StatusNotFound, noRoute.Nearest
		p.told.Fix = "only pages of a route can be revalidated; see routes in the configuration"
	case errors.Is(err, reprint.ErrNoRoute):
		p.status = http.StatusNotFound
		p.told.Fix = "name a pattern as the configuration has it, like /posts/{id}"
	case errors.Is(err, reprint.ErrUnlisted):
		p.status = http.StatusNotFound
		p.told.Fix = "add the path to what the route lists, or give the route another fallback"
	}
	return p
}

// problemsIn returns the problems that err is made of, none if there is anything
// else in it.
func problemsIn(err error) []*problem {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*problem
		for _, e := range several.Unwrap() {
			inner := problemsIn(e)
			if inner == nil {
				return nil
			}
			all = append(all, inner...)
		}
		return all
	}
	if p, ok := errors.AsType[*problem](err); ok {
		return []*problem{p}
	}
	return nil
}

// joined makes one problem of several. The gravest status is the lowest: what is
// wrong (400) comes before what is not allowed (403) and what is not there (404).
func joined(all []*problem) *problem {
	if len(all) == 1 {
		return all[0]
	}
	slices.SortStableFunc(all, func(a, b *problem) int { return a.status - b.status })
	first := *all[0]
	messages := make([]string, len(all))
	for i, p := range all {
		messages[i] = p.told.Message
	}
	first.told.Message = sentence(messages)
	return &first
}

// sentence joins what is wrong. Of many things the first are enough, and of a long one its
// beginning: all of it comes from the caller, and would fill the answer and the log.
func sentence(messages []string) string {
	const enough, long = 10, 1000
	var b strings.Builder
	for i, m := range messages {
		if i == enough {
			fmt.Fprintf(&b, "; and %d more", len(messages)-enough)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		if len(m) > long {
			m = strings.ToValidUTF8(m[:long], "") + "…"
		}
		b.WriteString(m)
	}
	return b.String()
}

// text is an error for people who know that they are talking to reprint.
func text(err error) string {
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, "reprint: ")
	}
	return sentence(lines)
}
