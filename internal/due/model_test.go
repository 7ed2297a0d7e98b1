package due_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/reprint-go/reprint/internal/due"
)

// model is the queue as a map that is searched whenever time passes.
type model struct {
	queue *due.Queue[string]
	limit int
	due   map[string]time.Time
	fired map[string]int // how often each key is to have been fired
	got   map[string]int
}

func (m *model) draw(t *rapid.T) (key string, at time.Time) {
	key = rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "key")
	seconds := rapid.IntRange(-2, 20).Draw(t, "seconds")
	return key, time.Now().Add(time.Duration(seconds) * time.Second)
}

func (m *model) set(t *rapid.T) {
	key, at := m.draw(t)
	_, known := m.due[key]
	room := known || len(m.due) < m.limit
	if got := m.queue.Set(key, at); got != room {
		t.Fatalf("Set = %v with %d keys, want %v", got, len(m.due), room)
	}
	if room {
		m.due[key] = at
	}
	m.pass(0)
}

func (m *model) setEarlier(t *rapid.T) {
	key, at := m.draw(t)
	old, known := m.due[key]
	room := known || len(m.due) < m.limit
	if got := m.queue.SetEarlier(key, at); got != room {
		t.Fatalf("SetEarlier = %v with %d keys, want %v", got, len(m.due), room)
	}
	if room && (!known || at.Before(old)) {
		m.due[key] = at
	}
	m.pass(0)
}

func (m *model) remove(t *rapid.T) {
	key, _ := m.draw(t)
	m.queue.Remove(key)
	delete(m.due, key)
}

func (m *model) wait(t *rapid.T) {
	m.pass(time.Duration(rapid.IntRange(0, 10).Draw(t, "seconds")) * time.Second)
}

// pass lets d pass. What is due by then is to be fired.
func (m *model) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
	for key, at := range m.due {
		if !at.After(time.Now()) {
			delete(m.due, key)
			m.fired[key]++
		}
	}
}

func (m *model) check(t *rapid.T) {
	for _, key := range []string{"a", "b", "c", "d"} {
		want, known := m.due[key]
		if at, ok := m.queue.At(key); ok != known || !at.Equal(want) {
			t.Fatalf("At(%s) = %v, %v, want %v, %v", key, at, ok, want, known)
		}
		if m.got[key] != m.fired[key] {
			t.Fatalf("%s fired %d times, want %d", key, m.got[key], m.fired[key])
		}
	}
	if m.queue.Len() != len(m.due) {
		t.Fatalf("Len = %d, want %d", m.queue.Len(), len(m.due))
	}
}

func TestQueueFollowsTheModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var failure any // rapid reports by panic, which must not cross the bubble
		synctest.Test(t, func(t *testing.T) {
			m := &model{limit: rapid.IntRange(1, 4).Draw(rt, "limit"),
				due: map[string]time.Time{}, fired: map[string]int{}, got: map[string]int{}}
			m.queue = due.New[string](m.limit)
			ctx, cancel := context.WithCancel(t.Context())
			defer func() {
				failure = recover()
				cancel()
			}()
			go m.queue.Run(ctx, func(key string) { m.got[key]++ })
			rt.Repeat(map[string]func(*rapid.T){
				"set":         m.set,
				"set earlier": m.setEarlier,
				"remove":      m.remove,
				"wait":        m.wait,
				"":            m.check,
			})
		})
		if failure != nil {
			panic(failure)
		}
	})
}
