package hook

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"
)

// answer is one of the few responses that a hook gives.
type answer struct {
	status     int
	body       []byte
	retryAfter time.Duration // zero: not said
}

var (
	revalidated       = answer{status: http.StatusOK, body: []byte(`{"revalidated":true}`)}
	invalidToken      = message(http.StatusUnauthorized, "Invalid token")
	errorRevalidating = message(http.StatusInternalServerError, "Error revalidating")
	notAllowed        = message(http.StatusMethodNotAllowed, "Method not allowed")
	tooManyAttempts   = message(http.StatusTooManyRequests, "Too many attempts")
	noPrefetch        = message(http.StatusForbidden, "Prefetch not allowed")
)

// message returns the answer {"message":text}, in the bytes that Next.js's
// res.json sends: no newline after it, and no character escaped that JSON
// allows as it is.
func message(status int, text string) answer {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	// A string always encodes, and a buffer takes every write.
	_ = e.Encode(map[string]string{"message": text})
	return answer{status: status, body: bytes.TrimSuffix(b.Bytes(), []byte("\n"))}
}

// after returns a with a Retry-After, in whole seconds.
func (a answer) after(d time.Duration) answer {
	a.retryAfter = d
	return a
}

func (a answer) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	if a.status == http.StatusMethodNotAllowed {
		h.Set("Allow", "GET, POST")
	}
	if a.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(a.retryAfter.Seconds()))))
	}
	w.WriteHeader(a.status)
	// An error means that the caller has gone, and there is nobody else to tell.
	_, _ = w.Write(a.body)
}
