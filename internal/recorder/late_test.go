package recorder_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync"
	"testing"

	"github.com/reprint-go/reprint/internal/recorder"
)

// writeLate does to a sealed recorder what a handler can do that does not stop.
func writeLate(t *testing.T, rec *recorder.Recorder) {
	t.Helper()
	if n, err := rec.Write([]byte("late")); n != 0 || !errors.Is(err, http.ErrHandlerTimeout) {
		t.Errorf("Write = %d, %v, want 0 and ErrHandlerTimeout", n, err)
	}
	if n, err := io.WriteString(rec, "late"); n != 0 || !errors.Is(err, http.ErrHandlerTimeout) {
		t.Errorf("WriteString = %d, %v, want 0 and ErrHandlerTimeout", n, err)
	}
	rec.Header().Set("X-Test", "late")
	rec.Header().Set("Content-Length", "1")
	rec.WriteHeader(500)
	rec.WriteHeader(0)
	rec.Flush()
}

func TestLateWritesChangeNothing(t *testing.T) {
	for _, tt := range []struct {
		name  string
		early func(rec *recorder.Recorder)
		body  string
	}{
		{"after a whole answer", func(rec *recorder.Recorder) {
			rec.Header().Set("X-Test", "in time")
			fmt.Fprint(rec, "in time")
		}, "in time"},
		{"after nothing", func(rec *recorder.Recorder) { rec.Header().Set("X-Test", "in time") }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rec := recorder.New(limit)
			tt.early(rec)
			_, header, body, _ := rec.Result()
			writeLate(t, rec)
			again, _, _, err := rec.Result()
			if again != 200 || err != nil {
				t.Errorf("Result after late writes: status %d, error %v, want 200 and none", again, err)
			}
			if header.Get("X-Test") != "in time" || len(header) != 1 {
				t.Errorf("header %v, want X-Test alone, in time", header)
			}
			if string(body) != tt.body {
				t.Errorf("body %q, want %q", body, tt.body)
			}
		})
	}
}

func TestSealedRecorderTakesNothing(t *testing.T) {
	t.Run("in the middle of an answer", func(t *testing.T) {
		rec := recorder.New(limit)
		fmt.Fprint(rec, "in time")
		rec.Seal()
		writeLate(t, rec)
	})
	t.Run("before an answer", func(t *testing.T) {
		rec := recorder.New(limit)
		rec.Seal()
		writeLate(t, rec)
	})
}

// A handler may leave goroutines behind that still write while its answer is
// taken. The answer has whole writes of theirs, or none, and does not change any
// more. The race detector watches.
func TestAnswerIsTakenWhileOthersWrite(t *testing.T) {
	const writers = 4
	piece := []byte("0123456789")
	rec := recorder.New(1 << 30)
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for {
				rec.WriteHeader(http.StatusOK)
				if _, err := rec.Write(piece); err != nil {
					if !errors.Is(err, http.ErrHandlerTimeout) {
						t.Errorf("Write: %v", err)
					}
					return
				}
				rec.Flush()
				runtime.Gosched()
			}
		})
	}
	_, _ = rec.Write(piece)
	status, _, body, err := rec.Result()
	if status != 200 || err != nil {
		t.Errorf("status %d, error %v, want 200 and none", status, err)
	}
	taken := bytes.Clone(body)
	wg.Wait() // each of them got its error
	if !bytes.Equal(body, taken) {
		t.Error("the body changed after it was taken")
	}
	if len(body) == 0 || !bytes.Equal(body, bytes.Repeat(piece, len(body)/len(piece))) {
		t.Errorf("the body of %d bytes is not made of whole writes", len(body))
	}
}

func TestSealWhileOthersWrite(t *testing.T) {
	rec := recorder.New(1 << 30)
	started := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			if _, err := io.WriteString(rec, "0123456789"); err != nil {
				return
			}
			if i == 0 {
				close(started)
			}
		}
	})
	<-started
	rec.Seal()
	wg.Wait() // it got its error: a sealed recorder stops who checks for errors
}
