package recorder_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"testing"

	"github.com/reprint-go/reprint/internal/recorder"
)

// Names are not case-sensitive on the wire. A handler that writes to the map
// itself says the same with "cache-control" as with "Cache-Control", and who
// reads the result must not miss it.
func TestHeaderHasCanonicalNames(t *testing.T) {
	for range 20 { // a map has no order, the result has
		_, header, _, err := record(func(w http.ResponseWriter, _ *http.Request) {
			h := w.Header()
			h["cache-control"] = []string{"private"}
			h["SET-COOKIE"] = []string{"a=b"}
			h["x-test"], h["X-TEST"], h["X-Test"] = []string{"3"}, []string{"1"}, []string{"2"}
			h["X bad"] = []string{"1"}
		})
		want := http.Header{"Cache-Control": {"private"}, "Set-Cookie": {"a=b"}, "X-Test": {"1", "2", "3"}, "X bad": {"1"}}
		if err != nil || !reflect.DeepEqual(header, want) {
			t.Fatalf("header %q, error %v, want %q", header, err, want)
		}
	}
}

func TestContentLengthUnderAnotherSpelling(t *testing.T) {
	_, _, _, err := record(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["content-length"] = []string{"10"}
		_, _ = io.WriteString(w, "cut")
	})
	if !errors.Is(err, recorder.ErrTruncated) {
		t.Errorf("error %v, want ErrTruncated", err)
	}
}

// Whole or not at all: what was sealed before its end is no answer.
func TestResultOfASealedRecording(t *testing.T) {
	for name, early := range map[string]func(http.ResponseWriter){
		"before an answer":           func(http.ResponseWriter) {},
		"in the middle of an answer": func(w http.ResponseWriter) { fmt.Fprint(w, "half of it") },
	} {
		t.Run(name, func(t *testing.T) {
			rec := recorder.New(limit)
			early(rec)
			rec.Seal()
			status, _, body, err := rec.Result()
			if !errors.Is(err, http.ErrHandlerTimeout) || body != nil {
				t.Errorf("Result = %d, %q, %v, want ErrHandlerTimeout", status, body, err)
			}
		})
	}
	t.Run("after Result", func(t *testing.T) {
		rec := recorder.New(limit)
		fmt.Fprint(rec, "whole")
		_, _, body, _ := rec.Result()
		rec.Seal()
		if _, _, _, err := rec.Result(); err != nil || string(body) != "whole" {
			t.Errorf("body %q, error %v, want whole and none", body, err)
		}
	})
}

// As a server does.
func TestNothingMayBeWrittenToAnAnswerWithoutABody(t *testing.T) {
	rec := recorder.New(limit)
	rec.WriteHeader(http.StatusNotModified)
	if n, err := rec.Write(nil); n != 0 || err != nil {
		t.Errorf("Write of nothing = %d, %v, want 0 and no error", n, err)
	}
}
