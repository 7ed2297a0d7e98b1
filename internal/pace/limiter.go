package pace

import (
	"context"
	"sync"
	"time"
)

// Limiter lets as much work begin as a [Pace] allows, in the order in which it was asked
// for. Its methods are safe for concurrent use.
type Limiter struct {
	mu     sync.Mutex
	pace   Pace        // guarded by mu, as is all below
	inside int         // pieces of work under way
	queue  []chan int  // of those who wait
	resume *time.Timer // ends a pause; nil: there is none
}

// NewLimiter returns a limiter for at most so many pieces of work at once.
func NewLimiter(most int) *Limiter { return &Limiter{pace: New(most)} }

// Begin waits until a piece of work may begin and returns the number to end it with. The
// error is the cause of ctx's end; then nothing has begun.
func (l *Limiter) Begin(ctx context.Context) (window int, err error) {
	turn := make(chan int, 1)
	l.mu.Lock()
	l.queue = append(l.queue, turn)
	l.admit()
	l.mu.Unlock()
	select {
	case window = <-turn:
		return window, nil
	case <-ctx.Done():
	}
	if l.leave(turn) {
		return 0, context.Cause(ctx)
	}
	return <-turn, nil
}

// leave takes one who waits out of the queue, unless it is its turn already.
func (l *Limiter) leave(turn chan int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, c := range l.queue {
		if c == turn {
			l.queue = append(l.queue[:i], l.queue[i+1:]...)
			return true
		}
	}
	return false
}

// Succeeded ends a piece of work; see [Pace.Succeeded].
func (l *Limiter) Succeeded(window int, slowness float64) {
	l.end(func(p *Pace) { p.Succeeded(window, slowness) })
}

// Failed ends a piece of work that failed.
func (l *Limiter) Failed(window int) { l.end(func(p *Pace) { p.Failed(window) }) }

// Left ends a piece of work that says nothing of how well things go.
func (l *Limiter) Left(window int) { l.end(func(p *Pace) { p.Left(window) }) }

func (l *Limiter) end(note func(*Pace)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inside--
	before := l.pace.Pause()
	note(&l.pace)
	if pause := l.pace.Pause(); pause > before || (pause == 0 && l.resume != nil) {
		l.rest(pause)
	}
	l.admit()
}

// rest begins a pause, or ends one. mu is held.
func (l *Limiter) rest(pause time.Duration) {
	if l.resume != nil {
		l.resume.Stop()
		l.resume = nil
	}
	if pause == 0 {
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(pause, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.resume == timer {
			l.resume = nil
			l.admit()
		}
	})
	l.resume = timer
}

// admit lets begin what may. mu is held.
func (l *Limiter) admit() {
	for len(l.queue) > 0 && l.inside < l.pace.Limit() && l.resume == nil {
		l.queue[0] <- l.pace.Begin()
		l.queue = l.queue[1:]
		l.inside++
	}
}

// Limit is how many pieces of work may be under way now.
func (l *Limiter) Limit() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pace.Limit()
}

// Resting reports whether nothing may begin because all of late has failed.
func (l *Limiter) Resting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.resume != nil
}

// Close ends a pause that is still to come to its end.
func (l *Limiter) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest(0)
}
