package due_test

import (
	"sync"
	"testing"
	"time"

	"github.com/reprint-go/reprint/internal/due"
)

// Several go through the same keys side by side, each with another moment.
func TestTheEarliestOfManyAtOnceIsKept(t *testing.T) {
	const setters, keys = 4, 50_000
	earliest := time.Now().Add(time.Hour)
	q := due.New[int](keys)
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range setters {
		wg.Go(func() {
			<-start
			for key := range keys {
				q.SetEarlier(key, earliest.Add(time.Duration(i)*time.Second))
			}
		})
	}
	close(start)
	wg.Wait()
	for key := range keys {
		if at, _ := q.At(key); !at.Equal(earliest) {
			t.Fatalf("key %d is due %v after the earliest moment that was set", key, at.Sub(earliest))
		}
	}
}
