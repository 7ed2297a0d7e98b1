package recorder_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint/internal/recorder"
)

const limit = 1 << 10

var (
	_ http.Flusher    = (*recorder.Recorder)(nil)
	_ io.StringWriter = (*recorder.Recorder)(nil)
)

// record returns what h answers.
func record(h http.HandlerFunc) (status int, header http.Header, body []byte, err error) {
	rec := recorder.New(limit)
	h(rec, httptest.NewRequest(http.MethodGet, "/", nil))
	return rec.Result()
}

// answers are handlers whose answer a client gets whole. The header to compare
// is X-Test.
var answers = []struct {
	name   string
	h      http.HandlerFunc
	status int
	test   string
	body   string
}{
	{"nothing at all", func(http.ResponseWriter, *http.Request) {}, 200, "", ""},
	{"a header alone", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Test", "a")
	}, 200, "a", ""},
	{"a status alone", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(404)
	}, 404, "", ""},
	{"a body alone", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "body")
	}, 200, "", "body"},
	{"a body in parts", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "one ")
		_, _ = io.WriteString(w, "two ")
		_, _ = w.Write(nil)
		fmt.Fprint(w, "three")
	}, 200, "", "one two three"},
	{"from one buffer that is used again", func(w http.ResponseWriter, _ *http.Request) {
		b := []byte("x")
		for range 3 {
			_, _ = w.Write(b)
			b[0]++
		}
	}, 200, "", "xyz"},
	{"two statuses: the first counts", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(404)
		w.WriteHeader(200)
		w.WriteHeader(0)
	}, 404, "", ""},
	{"a status after the body", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "body")
		w.WriteHeader(500)
	}, 200, "", "body"},
	{"headers after the status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Test", "before")
		w.WriteHeader(200)
		w.Header().Set("X-Test", "after")
		w.Header().Set("X-Other", "after")
	}, 200, "before", ""},
	{"headers after the body", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "body")
		w.Header().Set("X-Test", "after")
	}, 200, "", "body"},
	{"the header's own value changed after the status", func(w http.ResponseWriter, _ *http.Request) {
		values := []string{"before"}
		w.Header()["X-Test"] = values
		w.WriteHeader(200)
		values[0] = "after"
	}, 200, "before", ""},
	{"headers after a flush", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Test", "before")
		_ = http.NewResponseController(w).Flush()
		w.Header().Set("X-Test", "after")
		fmt.Fprint(w, "body")
	}, 200, "before", "body"},
	{"a status after a flush", func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		w.WriteHeader(404)
	}, 200, "", ""},
	{"informational statuses first", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusProcessing)
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("X-Test", "after")
		w.WriteHeader(410)
		fmt.Fprint(w, "gone")
	}, 410, "after", "gone"},
	{"informational statuses alone", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
	}, 200, "", ""},
	{"204 with a body", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(204)
		if n, err := w.Write([]byte("body")); n != 0 || !errors.Is(err, http.ErrBodyNotAllowed) {
			panic(fmt.Sprint(n, err))
		}
	}, 204, "", ""},
	{"304 with a body", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(304)
		if n, err := w.Write([]byte("body")); n != 0 || !errors.Is(err, http.ErrBodyNotAllowed) {
			panic(fmt.Sprint(n, err))
		}
	}, 304, "", ""},
	{"the right length", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "4")
		fmt.Fprint(w, "body")
	}, 200, "", "body"},
	{"the length zero", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "0")
	}, 200, "", ""},
	{"304 with the length of what it stands for", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "4")
		w.WriteHeader(304)
	}, 304, "", ""},
	{"io.Copy", func(w http.ResponseWriter, _ *http.Request) {
		n, err := io.Copy(w, io.LimitReader(strings.NewReader("body and more"), 4))
		if n != 4 || err != nil {
			panic(fmt.Sprint(n, err))
		}
	}, 200, "", "body"},
	{"http.Error", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "not here", 404)
	}, 404, "", "not here\n"},
	{"http.Redirect", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/new", 301)
	}, 301, "", "<a href=\"/new\">Moved Permanently</a>.\n\n"},
	{"http.ServeContent", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "page.html", time.Time{}, strings.NewReader("<p>page"))
	}, 200, "", "<p>page"},
}

func TestAnswer(t *testing.T) {
	for _, tt := range answers {
		t.Run(tt.name, func(t *testing.T) {
			status, header, body, err := record(tt.h)
			if status != tt.status || err != nil {
				t.Errorf("status %d, error %v, want %d and none", status, err, tt.status)
			}
			if header == nil || header.Get("X-Test") != tt.test || header.Get("X-Other") != "" {
				t.Errorf("header %v, want X-Test: %q", header, tt.test)
			}
			if string(body) != tt.body {
				t.Errorf("body %q, want %q", body, tt.body)
			}
		})
	}
}

// What a page keeps is what a visitor without Reprint would have got.
func TestAnswerIsThatOfAServer(t *testing.T) {
	for _, tt := range answers {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(tt.h)
			server.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of second statuses
			server.Start()
			defer server.Close()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := server.Client().Transport.RoundTrip(req) // a client would follow redirects
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			want, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			status, header, body, err := record(tt.h)
			if err != nil {
				t.Fatal(err)
			}
			if status != resp.StatusCode || string(body) != string(want) {
				t.Errorf("status %d and body %q, a server answers %d and %q", status, body, resp.StatusCode, want)
			}
			for name := range header {
				if got, want := header.Get(name), resp.Header.Get(name); got != want && name != "Content-Length" {
					t.Errorf("%s: %q, a server answers %q", name, got, want)
				}
			}
		})
	}
}

func TestStatusThatHTTPDoesNotHave(t *testing.T) {
	for _, status := range []int{-1, 0, 1, 99, 101, 600, 999, 1000} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			rec := recorder.New(limit)
			rec.Header().Set("X-Test", "a")
			rec.WriteHeader(status)
			rec.WriteHeader(200) // too late
			if n, err := rec.Write([]byte("body")); n != 0 || !errors.Is(err, recorder.ErrStatus) {
				t.Errorf("Write = %d, %v, want 0 and ErrStatus", n, err)
			}
			_, _, body, err := rec.Result()
			if !errors.Is(err, recorder.ErrStatus) || body != nil {
				t.Errorf("Result: body %q, error %v, want none and ErrStatus", body, err)
			}
			if err != nil && !strings.Contains(err.Error(), fmt.Sprint(status)) {
				t.Errorf("error %q does not name the status", err)
			}
		})
	}
}

func TestContentLengthThatIsNotTheBodys(t *testing.T) {
	for _, tt := range []struct{ name, length, body string }{
		{"shorter", "5", "body"},
		{"empty", "1", ""},
		{"longer", "3", "body"},
		{"longer than nothing", "0", "body"},
		{"negative", "-1", "body"},
		{"not a number", "four", "body"},
		{"too large a number", "99999999999999999999", "body"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, body, err := record(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", tt.length)
				_, _ = io.WriteString(w, tt.body)
			})
			if !errors.Is(err, recorder.ErrTruncated) || body != nil {
				t.Errorf("body %q, error %v, want none and ErrTruncated", body, err)
			}
		})
	}
}

func TestLimit(t *testing.T) {
	for _, tt := range []struct {
		name   string
		limit  int64
		writes []int // lengths
		whole  bool
	}{
		{"reached at once", 10, []int{10}, true},
		{"passed at once by one byte", 10, []int{11}, false},
		{"reached in parts", 10, []int{4, 6}, true},
		{"passed in parts by one byte", 10, []int{4, 6, 1}, false},
		{"reached, then nothing", 10, []int{10, 0}, true},
		{"passed, then one that would fit", 10, []int{4, 7, 1}, false},
		{"of zero and an empty body", 0, []int{0}, true},
		{"of zero and one byte", 0, []int{1}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rec := recorder.New(tt.limit)
			written, passed := 0, false
			for _, n := range tt.writes {
				passed = passed || int64(written+n) > tt.limit
				got, err := rec.Write(make([]byte, n))
				switch {
				case passed && (got != 0 || !errors.Is(err, recorder.ErrTooLarge)):
					t.Errorf("Write of %d bytes = %d, %v, want 0 and ErrTooLarge", n, got, err)
				case !passed && (got != n || err != nil):
					t.Errorf("Write of %d bytes = %d, %v, want all", n, got, err)
				}
				written += got
			}
			status, _, body, err := rec.Result()
			switch {
			case tt.whole && (err != nil || len(body) != written):
				t.Errorf("Result: %d bytes, error %v, want all and none", len(body), err)
			case !tt.whole && (!errors.Is(err, recorder.ErrTooLarge) || body != nil || status != 200):
				t.Errorf("Result: status %d, %d bytes, error %v, want 200, none and ErrTooLarge", status, len(body), err)
			}
		})
	}
}

func TestResponseController(t *testing.T) {
	rec := recorder.New(limit)
	rc := http.NewResponseController(rec)
	if err := rc.Flush(); err != nil {
		t.Errorf("Flush: %v", err)
	}
	_, _, hijackErr := rc.Hijack()
	for name, err := range map[string]error{
		"Hijack":           hijackErr,
		"SetReadDeadline":  rc.SetReadDeadline(time.Time{}),
		"SetWriteDeadline": rc.SetWriteDeadline(time.Time{}),
		"EnableFullDuplex": rc.EnableFullDuplex(),
	} {
		if !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("%s: error %v, want ErrNotSupported", name, err)
		}
	}
}

func TestResultTwice(t *testing.T) {
	rec := recorder.New(limit)
	fmt.Fprint(rec, "body")
	for range 2 {
		if status, _, body, err := rec.Result(); status != 200 || string(body) != "body" || err != nil {
			t.Errorf("Result = %d, %q, %v, want 200, body and no error", status, body, err)
		}
	}
}

func TestWriteStringDoesNotCopyFirst(t *testing.T) {
	rec := recorder.New(limit)
	rec.WriteHeader(http.StatusNoContent) // keeps nothing: only a copy made before would count
	long := strings.Repeat("x", 1<<20)
	if n := testing.AllocsPerRun(10, func() { _, _ = rec.WriteString(long) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
