package admin_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint"
)

// deadlines is a ResponseWriter that notes its deadlines, in seconds from now;
// zero: none.
type deadlines struct {
	*httptest.ResponseRecorder
	mu          sync.Mutex
	read, write []float64 // guarded by mu while it is written to
}

func fromNow(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return time.Until(t).Seconds()
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.read = append(d.read, fromNow(t))
	return nil
}

func (d *deadlines) SetWriteDeadline(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.write = append(d.write, fromNow(t))
	return nil
}

// T-071: a body must come in time, and an answer be read in time; the time that
// the work in between takes is not counted.
func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, withTokens(&fakeSite{receipt: receiptOf(reprint.ResultRegenerated)}))
		w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		h.ServeHTTP(w, call{target: "/v1/revalidate", body: `{"all":true}`, secret: newSecret}.request(t))
		wantStatus(t, w.ResponseRecorder, 200)
		if !slices.Equal(w.read, []float64{10, 0}) || !slices.Equal(w.write, []float64{30}) {
			t.Errorf("deadlines for reading %v and writing %v, want 10 and then none, and 30", w.read, w.write)
		}
		// What is left of a body is waited for no longer, whoever sends it and wherever to.
		cut := call{target: "/v1/revalidate", body: `{"all":true}`, secret: newSecret}.request(t)
		cut.Body = io.NopCloser(iotest.ErrReader(os.ErrDeadlineExceeded))
		for _, r := range []*http.Request{
			cut, call{target: "/v1/revalidate", body: `{"all":true}`}.request(t), call{target: "/none", body: `{}`}.request(t),
		} {
			w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
			if h.ServeHTTP(w, r); w.Code < 400 || !slices.Equal(w.read, []float64{10}) {
				t.Errorf("%s: %d, deadlines for reading %v, want 10 and no other", r.URL, w.Code, w.read)
			}
		}
		w = &deadlines{ResponseRecorder: httptest.NewRecorder()}
		h.ServeHTTP(w, call{target: "/v1/prerender", body: `{"paths":["/a","/b"]}`, secret: newSecret}.request(t))
		wantStatus(t, w.ResponseRecorder, 200)
		if !slices.Equal(w.write, []float64{30, 30, 30}) {
			t.Errorf("deadlines for writing %v, want 30 for each line", w.write)
		}
	})
}
